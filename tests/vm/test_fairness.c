// SPDX-License-Identifier: GPL-2.0-only
/* Everybody makes progress, and shares follow weights. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "vmtest.h"

static struct daemon daemon1;

/* sched_prio_to_weight[] of nice 0, 5, -5: what a share is expected from. */
#define WEIGHT_NICE_0	1024.0
#define WEIGHT_NICE_5	335.0
#define WEIGHT_NICE_M5	3121.0

static bool progressed(const pid_t *tasks, const uint64_t *before, int nr, uint64_t least_ns)
{
	for (int i = 0; i < nr; i++)
		if (task_cpu_ns(tasks[i]) < before[i] + least_ns)
			return false;
	return true;
}

static void read_cpu_ns(const pid_t *tasks, uint64_t *cpu_ns, int nr)
{
	for (int i = 0; i < nr; i++)
		cpu_ns[i] = task_cpu_ns(tasks[i]);
}

VM_TEST(progress, .about = "two hogs per CPU and short tasks all progress")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	struct periodic *periodic[4];
	int nr = 2 * nr_cpus();
	uint64_t before[64];
	pid_t hogs[64];

	daemon_start(&daemon1, ARGS());
	hogs_start(hogs, nr, &spec);
	for (int i = 0; i < 4; i++)
		periodic[i] = periodic_start(&spec, 20000, 1000);
	sleep_ms(1000);
	for (int i = 0; i < 4; i++)
		periodic_reset(periodic[i]);
	read_cpu_ns(hogs, before, nr);
	sleep_ms(5000);
	/* Half of what is fair: a hog gets about 0.45 of a CPU. */
	CHECK(progressed(hogs, before, nr, 1100000000), "some hog hardly runs");
	for (int i = 0; i < 4; i++) {
		note("short task %d: %llu runs, p50 %.1f ms, longest wait %.1f ms", i,
		     (unsigned long long)periodic[i]->runs,
		     periodic_percentile_us(periodic[i], 50) / 1e3, periodic[i]->max_ns / 1e6);
		CHECK(periodic[i]->runs > 50, "short task %d ran %llu times in 5 s", i,
		      (unsigned long long)periodic[i]->runs);
		CHECK(periodic[i]->max_ns < 2500000000, "short task %d waited %.0f ms", i,
		      periodic[i]->max_ns / 1e6);
	}
	/* Control: a task that stands still is seen. */
	kill(hogs[0], SIGSTOP);
	sleep_ms(100);
	read_cpu_ns(hogs, before, nr);
	sleep_ms(1000);
	CHECK(!progressed(hogs, before, nr, 100000000), "a stopped hog seems to run");
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
	for (int i = 0; i < 4; i++)
		periodic_stop(periodic[i]);
}

/* Shares in % of the first, second and third group of hogs. */
struct shares {
	double of[3];
};

static struct shares measure(const pid_t *hogs, int per_group, unsigned int ms)
{
	uint64_t before[64], sum[3] = { 0 }, all = 0;
	struct shares shares;

	read_cpu_ns(hogs, before, 3 * per_group);
	sleep_ms(ms);
	for (int i = 0; i < 3 * per_group; i++)
		sum[i / per_group] += task_cpu_ns(hogs[i]) - before[i];
	all = sum[0] + sum[1] + sum[2];
	for (int i = 0; i < 3; i++)
		shares.of[i] = 100.0 * sum[i] / all;
	return shares;
}

static void check_shares(const char *what, struct shares shares, double a, double b, double c)
{
	double expected[3] = { a, b, c };

	note("%s: %.1f %.1f %.1f %%, expected %.1f %.1f %.1f", what, shares.of[0], shares.of[1],
	     shares.of[2], a, b, c);
	/* Ticks are coarse and hosts are busy; benchmarks judge the decimals. */
	for (int i = 0; i < 3; i++)
		CHECK(fabs(shares.of[i] - expected[i]) < 3, "%s: share %d is %.1f %%, expected %.1f",
		      what, i, shares.of[i], expected[i]);
}

static void check_nice(int per_group, int cpu)
{
	const double sum = WEIGHT_NICE_0 + WEIGHT_NICE_5 + WEIGHT_NICE_M5;
	static const int nices[] = { 0, 5, -5 };
	struct task_spec spec = { .cpu = cpu };
	pid_t hogs[64];

	/* Control: equal weights, equal shares, with the same instrument. */
	for (int i = 0; i < 3; i++)
		hogs_start(hogs + i * per_group, per_group, &spec);
	sleep_ms(1000);
	check_shares("nice 0/0/0", measure(hogs, per_group, 4000), 33.3, 33.3, 33.3);
	hogs_stop(hogs, 3 * per_group);

	for (int i = 0; i < 3; i++) {
		spec.nice = nices[i];
		hogs_start(hogs + i * per_group, per_group, &spec);
	}
	sleep_ms(1000);
	check_shares("nice 0/5/-5", measure(hogs, per_group, 8000), 100 * WEIGHT_NICE_0 / sum,
		     100 * WEIGHT_NICE_5 / sum, 100 * WEIGHT_NICE_M5 / sum);
	hogs_stop(hogs, 3 * per_group);
}

VM_TEST(nice_all_cpus, .about = "nice 0, 5 and -5 get shares by weight, over all CPUs")
{
	/* So many of each that a task at -5 cannot use more than one CPU. */
	daemon_start(&daemon1, ARGS());
	check_nice(nr_cpus(), -1);
	daemon_stop(&daemon1);
}

VM_TEST(nice_pinned, .about = "nice 0, 5 and -5 get shares by weight, bound to one CPU")
{
	daemon_start(&daemon1, ARGS());
	check_nice(1, 1 % nr_cpus());
	daemon_stop(&daemon1);
}

VM_TEST(pinned_beside_shared, .about = "pinned and free hogs share one CPU fairly")
{
	struct task_spec shared = TASK_SPEC_DEFAULT, pinned = { .cpu = 0 };
	int cpus = nr_cpus(), nr = 2 * cpus;
	pid_t hogs[64];
	double share;

	/* 2N tasks on N CPUs, one of them bound: each is owed half a CPU. */
	daemon_start(&daemon1, ARGS());
	hogs_start(hogs, 1, &pinned);
	hogs_start(hogs + 1, nr - 1, &shared);
	sleep_ms(1000);
	share = share_of(hogs, 1, nr, 6000);
	note("the pinned one of %d hogs has %.2f %%", nr, share);
	CHECK(fabs(share - 100.0 / nr) < 0.3 * 100 / nr, "it has %.2f %%, fair are %.2f", share,
	      100.0 / nr);
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
}

VM_TEST(nice_extremes, .about = "nice 19 beside nice -20 waits, but not long")
{
	struct task_spec heavy = { .nice = -20, .cpu = -1 }, light = { .nice = 19, .cpu = -1 };
	int nr = 2 * nr_cpus();
	uint64_t used, longest_ns = 0, since;
	pid_t hogs[64], hog;

	daemon_start(&daemon1, ARGS());
	hogs_start(hogs, nr, &heavy);
	hog = hog_start(&light);
	sleep_ms(2000);
	used = task_cpu_ns(hog);
	since = now_ns();
	for (uint64_t end = now_ns() + 12000000000ULL; now_ns() < end; sleep_ms(20)) {
		if (task_cpu_ns(hog) != used) {
			used = task_cpu_ns(hog);
			since = now_ns();
		}
		if (now_ns() - since > longest_ns)
			longest_ns = now_ns() - since;
	}
	note("longest wait of nice 19 beside %d hogs at nice -20: %.0f ms", nr, longest_ns / 1e6);
	CHECK(longest_ns < 5000000000ULL, "it waited %.1f s", longest_ns / 1e9);
	/* Control: it does wait, since its weight asks for a share of 1 in 70000. */
	CHECK(longest_ns > 200000000ULL, "it hardly waits: weights have no effect");
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
	task_stop(hog);
}
