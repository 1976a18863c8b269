// SPDX-License-Identifier: GPL-2.0-only
#include "stats.h"

static const char *const labels[QUMUN_NR_STATS] = {
#define X(name, label, help) [QUMUN_STAT_##name] = label,
	QUMUN_STATS(X)
#undef X
};

struct stats stats_sum(const struct qumun_cpu_stats *cpus, unsigned int nr)
{
	struct stats sum = { .wait_max_ns = 0 };

	for (unsigned int cpu = 0; cpu < nr; cpu++)
		for (int stat = 0; stat < QUMUN_NR_STATS; stat++)
			sum.counters[stat] += cpus[cpu].counters[stat];
	return sum;
}

struct stats stats_delta(const struct stats *before, const struct stats *now)
{
	struct stats delta = { .wait_max_ns = now->wait_max_ns };

	for (int stat = 0; stat < QUMUN_NR_STATS; stat++)
		delta.counters[stat] = now->counters[stat] - before->counters[stat];
	return delta;
}

void stats_print_line(FILE *out, const struct stats *delta)
{
	uint64_t run_ns = delta->counters[QUMUN_STAT_RUN_NS];
	uint64_t boost_ns = delta->counters[QUMUN_STAT_BOOST_NS];

	for (int stat = 0; stat < QUMUN_NR_STATS; stat++)
		if (stat != QUMUN_STAT_RUN_NS && stat != QUMUN_STAT_BOOST_NS)
			fprintf(out, "%s=%llu ", labels[stat],
				(unsigned long long)delta->counters[stat]);
	fprintf(out, "boosted_share=%.1f%% longest_wait=%.2fms\n",
		run_ns ? 100.0 * boost_ns / run_ns : 0.0, delta->wait_max_ns / 1e6);
	fflush(out);
}
