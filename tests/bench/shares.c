// SPDX-License-Identifier: GPL-2.0-only
/*
 * Do CPU hogs get what was asked for?
 *
 *	shares group SECONDS METRIC ASKED FOREGROUND COUNT BACKGROUND COUNT
 *		two cgroups full of hogs: the share of the first, in %, ASKED beside it
 *	shares nice SECONDS METRIC CPU
 *		hogs of nice 0, 5 and -5 on all CPUs (CPU -1), or all on one:
 *		the mean error of the share of each against its weight, in %
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/load.h"
#include "common.h"

#define MAX_HOGS	1024
#define SETTLE_MS	300

static pid_t hogs[MAX_HOGS];
static uint64_t used[MAX_HOGS];
static int nr_hogs;

static void add_hogs(const struct task_spec *spec, int count)
{
	while (count-- > 0 && nr_hogs < MAX_HOGS)
		hogs[nr_hogs++] = hog_start(spec);
}

/* Fills used[]; returns how busy the CPUs were. */
static double measure(long seconds)
{
	struct busy busy;

	sleep_ms(SETTLE_MS);
	busy = busy_now();
	for (int i = 0; i < nr_hogs; i++)
		used[i] = task_cpu_ns(hogs[i]);
	sleep_ms(seconds * 1000);
	for (int i = 0; i < nr_hogs; i++)
		used[i] = task_cpu_ns(hogs[i]) - used[i];
	return busy_percent(busy);
}

static double sum(int from, int to)
{
	double total = 0;

	for (int i = from; i < to; i++)
		total += used[i];
	return total;
}

static void group(int argc, char **argv)
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	double busy;
	int first;

	if (argc != 9) {
		fprintf(stderr, "usage: shares group SECONDS METRIC ASKED FG COUNT BG COUNT\n");
		exit(2);
	}
	spec.cgroup = argv[5];
	add_hogs(&spec, bench_number("COUNT", argv[6], 1, 512));
	first = nr_hogs;
	spec.cgroup = argv[7];
	add_hogs(&spec, bench_number("COUNT", argv[8], 1, 512));
	busy = measure(bench_number("SECONDS", argv[2], 1, 3600));
	bench_value("share", "busy", "%", "", busy);
	bench_asked("share", argv[3], "%", 100 * sum(0, first) / sum(0, nr_hogs), atof(argv[4]));
}

static void nice_levels(int argc, char **argv)
{
	/* The kernel's weights of nice 0, 5 and -5 (sched_prio_to_weight[]). */
	static const struct {
		int nice;
		double weight;
	} level[] = { { 0, 1024 }, { 5, 335 }, { -5, 3121 } };
	struct task_spec spec = TASK_SPEC_DEFAULT;
	double total, weights = 0, error = 0, busy;
	int rounds;

	if (argc != 5) {
		fprintf(stderr, "usage: shares nice SECONDS METRIC CPU\n");
		exit(2);
	}
	spec.cpu = bench_number("CPU", argv[4], -1, 4095);
	rounds = spec.cpu < 0 ? 2 * nr_cpus() : 1;
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < 3; i++) {
			spec.nice = level[i].nice;
			weights += level[i].weight;
			add_hogs(&spec, 1);
		}
	busy = measure(bench_number("SECONDS", argv[2], 1, 3600));
	total = sum(0, nr_hogs);
	for (int i = 0; i < nr_hogs; i++) {
		double asked = total * level[i % 3].weight / weights;

		error += fabs(used[i] - asked) / asked;
	}
	if (spec.cpu < 0)
		bench_value("fair", "busy", "%", "", busy);
	bench_value("fair", argv[3], "%", "less", 100 * error / nr_hogs);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "group"))
		group(argc, argv);
	else if (argc > 2 && !strcmp(argv[1], "nice"))
		nice_levels(argc, argv);
	else {
		fprintf(stderr, "usage: shares group|nice SECONDS ...\n");
		return 2;
	}
	for (int i = 0; i < nr_hogs; i++)
		task_stop(hogs[i]);
	return 0;
}
