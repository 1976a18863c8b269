// SPDX-License-Identifier: GPL-2.0-only
#include "common.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

long bench_number(const char *what, const char *text, long min, long max)
{
	char *end;
	long value;

	errno = 0;
	value = strtol(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max) {
		fprintf(stderr, "%s %s: expected a number, %ld..%ld\n", what, text, min, max);
		exit(2);
	}
	return value;
}

void bench_value(const char *suite, const char *metric, const char *unit, const char *better,
		 double value)
{
	printf("{\"suite\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\",\"better\":\"%s\","
	       "\"value\":%.6g}\n", suite, metric, unit, better, value);
	fflush(stdout);
}

void bench_asked(const char *suite, const char *metric, const char *unit, double value,
		 double asked)
{
	printf("{\"suite\":\"%s\",\"metric\":\"%s\",\"unit\":\"%s\",\"better\":\"\","
	       "\"value\":%.6g,\"asked\":%.6g}\n", suite, metric, unit, value, asked);
	fflush(stdout);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The smallest delay that @percent of all do not exceed, in µs. */
static double percentile_us(const uint64_t *ns, size_t count, double percent)
{
	size_t rank = (size_t)(percent / 100 * count);

	if (rank >= count)
		rank = count - 1;
	return ns[rank] / 1e3;
}

void bench_delays(const char *suite, const char *name, uint64_t *ns, size_t count)
{
	static const struct {
		const char *label;
		double percent;
	} shown[] = {
		{ "p50", 50 }, { "p99", 99 }, { "p99.9", 99.9 }, { "max", 100 },
	};
	static const double plot[] = {
		1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 85, 90, 93, 95, 97, 98, 99, 99.5, 99.9, 100,
	};
	char metric[64];

	if (!count)
		return;
	qsort(ns, count, sizeof(*ns), compare);
	for (size_t i = 0; i < sizeof(shown) / sizeof(*shown); i++) {
		snprintf(metric, sizeof(metric), "%s %s", name, shown[i].label);
		bench_value(suite, metric, "us", "less", percentile_us(ns, count, shown[i].percent));
	}
	printf("{\"suite\":\"%s\",\"distribution\":\"%s\",\"unit\":\"us\",\"samples\":%zu,\"points\":[",
	       suite, name, count);
	for (size_t i = 0; i < sizeof(plot) / sizeof(*plot); i++)
		printf("%s[%g,%.6g]", i ? "," : "", plot[i], percentile_us(ns, count, plot[i]));
	printf("]}\n");
	fflush(stdout);
}

struct busy busy_now(void)
{
	/* user nice system idle iowait irq softirq steal */
	uint64_t t[8] = { 0 };
	struct busy busy = { 0 };
	FILE *f = fopen("/proc/stat", "re");

	if (!f)
		return busy;
	if (fscanf(f, "cpu %" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64 "%" SCNu64
		   "%" SCNu64 "%" SCNu64, t, t + 1, t + 2, t + 3, t + 4, t + 5, t + 6, t + 7) == 8) {
		for (int i = 0; i < 8; i++)
			busy.total += t[i];
		busy.idle = t[3] + t[4];
	}
	fclose(f);
	return busy;
}

double busy_percent(struct busy start)
{
	struct busy now = busy_now();
	uint64_t total = now.total - start.total;

	return total ? 100.0 - 100.0 * (now.idle - start.idle) / total : 0;
}

int own_cpus(int *cpus, int max)
{
	cpu_set_t set;
	int nr = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (int cpu = 0; cpu < CPU_SETSIZE && nr < max; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[nr++] = cpu;
	return nr;
}
