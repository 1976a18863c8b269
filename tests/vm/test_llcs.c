// SPDX-License-Identifier: GPL-2.0-only
/* Two last-level caches with a queue each: shares hold across them, and nobody is forgotten. */
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "vmtest.h"

static struct daemon daemon1;

/* On these machines the first half of the CPUs has one cache, the second half the other. */
static void confine(const pid_t *tasks, int nr, int first_cpu, int last_cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = first_cpu; cpu <= last_cpu; cpu++)
		CPU_SET(cpu, &set);
	for (int i = 0; i < nr; i++)
		CHECK(!sched_setaffinity(tasks[i], sizeof(set), &set), "sched_setaffinity: %m");
}

/* What --stats has counted in all its lines under this label. */
static unsigned long counted(struct daemon *d, const char *label)
{
	unsigned long sum = 0;

	daemon_read(d);
	for (const char *at = strstr(d->out, label); at; at = strstr(at + 1, label))
		sum += strtoul(at + strlen(label), NULL, 10);
	return sum;
}

VM_TEST(llcs_share, .about = "80 and 20 % across two caches, wherever the tasks began",
	.group = "llcs")
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, BOOSTED), half = nr / 2;

	/* Control: where tasks cannot move, shares cannot follow weights. */
	confine(hogs, nr, 0, half - 1);
	confine(hogs + nr, nr, half, nr - 1);
	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--stats=1", "--boost-cgroup=" BOOSTED));
	CHECK(strstr(daemon1.err, "queues: 2"), "no queue for each cache: %s", daemon1.err);
	check_share("confined", hogs, nr, 5000, 50);
	confine(hogs, 2 * nr, 0, nr - 1);
	check_share("free", hogs, nr, 8000, 80);
	CHECK(counted(&daemon1, "stolen="), "nobody has come from the other queue");
	daemon_stop_beside(&daemon1, hogs, 2 * nr);

	daemon_start_beside(&daemon1, hogs, 2 * nr,
			    ARGS("--dsq=global", "--stats=1", "--boost-cgroup=" BOOSTED));
	CHECK(strstr(daemon1.err, "queues: one"), "more than one queue: %s", daemon1.err);
	check_share("one queue", hogs, nr, 6000, 80);
	CHECK(!counted(&daemon1, "stolen="), "there is another queue");
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

VM_TEST(llcs_crowd, .about = "what waits in a crowded cache runs on idle CPUs of the other one",
	.group = "llcs")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	int nr = nr_cpus(), half = nr / 2;
	double share;
	pid_t hogs[64];

	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, nr, &spec);
	/* Control: as long as they may not, they do not. */
	confine(hogs, nr, 0, half - 1);
	share = share_of(hogs, half, nr, 3000);
	note("first half, confined to half the CPUs: %.1f %%", share);
	confine(hogs, half, half, half);
	confine(hogs + half, half, 0, nr - 1);
	/* @half hogs on one CPU, @half on all the others: each of these has one. */
	share = share_of(hogs, half, nr, 4000);
	note("first half, on one CPU: %.1f %%", share);
	CHECK(share > 8 && share < 33, "a CPU of %d gives %.1f %%", half + 1, share);
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
}

VM_TEST(llcs_narrow, .about = "a task that may use one CPU of each cache runs beside hogs",
	.group = "llcs")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	int nr = nr_cpus(), half = nr / 2;
	pid_t hogs[64], narrow;
	uint64_t before;
	cpu_set_t set;

	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, 2 * nr, &spec);
	narrow = hog_start(&spec);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(half, &set);
	CHECK(!sched_setaffinity(narrow, sizeof(set), &set), "sched_setaffinity: %m");
	sleep_ms(1000);
	before = task_cpu_ns(narrow);
	sleep_ms(5000);
	before = task_cpu_ns(narrow) - before;
	note("it ran for %.2f s of 5, fair is %.2f", before / 1e9, 5.0 * nr / (2 * nr + 1));
	CHECK(before > 5000000000ULL * nr / (2 * nr + 1) / 3, "it hardly runs");
	daemon_stop(&daemon1);
	task_stop(narrow);
	hogs_stop(hogs, 2 * nr);
}
