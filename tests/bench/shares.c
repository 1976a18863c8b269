// SPDX-License-Identifier: GPL-2.0-only
/*
 * Do CPU hogs get what was asked for?
 *
 *	shares group SECONDS METRIC ASKED FOREGROUND COUNT BACKGROUND COUNT
 *		two cgroups full of hogs: the share of the first, in %, ASKED beside it
 *	shares nice SECONDS METRIC CPU
 *		hogs of nice 0, 5 and -5 on all CPUs (CPU -1), or all on one:
 *		the mean error of the share of each against its weight, in %
 *	shares turns SECONDS
 *		two hogs for each CPU: how long each waits between its turns
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <signal.h>
#include <unistd.h>

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

/* A gap in a hog's time that is longer was spent off the CPU, not in an interrupt. */
#define GAP_NS		1000000
#define MAX_GAPS	16384

struct gaps {
	size_t count;
	uint64_t ns[MAX_GAPS];
};

__attribute__((noreturn))
static void watch_own_turns(struct gaps *gaps)
{
	uint64_t last, now;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (last = now_ns();; last = now) {
		now = now_ns();
		if (now - last > GAP_NS && gaps->count < MAX_GAPS)
			gaps->ns[gaps->count++] = now - last;
	}
}

static void turns(int argc, char **argv)
{
	int nr = 2 * nr_cpus() < MAX_HOGS ? 2 * nr_cpus() : MAX_HOGS;
	struct gaps *gaps = mmap(NULL, (nr + 1) * sizeof(*gaps), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct gaps *all = gaps + nr;
	struct busy busy;
	long seconds;

	if (argc != 3 || gaps == MAP_FAILED) {
		fprintf(stderr, "usage: shares turns SECONDS\n");
		exit(2);
	}
	seconds = bench_number("SECONDS", argv[2], 1, 3600);
	for (nr_hogs = 0; nr_hogs < nr; nr_hogs++) {
		hogs[nr_hogs] = fork();
		if (hogs[nr_hogs] < 0) {
			perror("shares: fork");
			exit(70);
		}
		if (!hogs[nr_hogs])
			watch_own_turns(gaps + nr_hogs);
	}
	sleep_ms(SETTLE_MS);
	busy = busy_now();
	sleep_ms(seconds * 1000);
	bench_value("fair", "busy", "%", "", busy_percent(busy));
	for (int i = 0; i < nr; i++)
		for (size_t k = 0; k < gaps[i].count && all->count < MAX_GAPS; k++)
			all->ns[all->count++] = gaps[i].ns[k];
	bench_delays("fair", "wait of a hog", all->ns, all->count);
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "group"))
		group(argc, argv);
	else if (argc > 2 && !strcmp(argv[1], "nice"))
		nice_levels(argc, argv);
	else if (argc > 2 && !strcmp(argv[1], "turns"))
		turns(argc, argv);
	else {
		fprintf(stderr, "usage: shares group|nice|turns SECONDS ...\n");
		return 2;
	}
	for (int i = 0; i < nr_hogs; i++)
		task_stop(hogs[i]);
	return 0;
}
