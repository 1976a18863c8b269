// SPDX-License-Identifier: GPL-2.0-only
/* Hogs, and who got how much CPU time. */
#include <math.h>
#include <signal.h>

#include "vmtest.h"

#define SHARE_ERROR	3.0
#define SHARE_TRIES	4

double share_of(const pid_t *tasks, int nr_a, int nr, unsigned int ms)
{
	uint64_t before[256], a = 0, all = 0;

	CHECK(nr <= 256, "too many tasks");
	for (int i = 0; i < nr; i++)
		before[i] = task_cpu_ns(tasks[i]);
	sleep_ms(ms);
	for (int i = 0; i < nr; i++) {
		uint64_t used = task_cpu_ns(tasks[i]) - before[i];

		all += used;
		if (i < nr_a)
			a += used;
	}
	CHECK(all, "no task got any CPU time");
	return 100.0 * a / all;
}

void hogs_start(pid_t *pids, int nr, const struct task_spec *spec)
{
	for (int i = 0; i < nr; i++)
		pids[i] = hog_start(spec);
}

static void hogs_signal(const pid_t *pids, int nr, int signal_nr)
{
	for (int i = 0; i < nr; i++)
		kill(pids[i], signal_nr);
}

void daemon_start_beside(struct daemon *d, const pid_t *hogs, int nr, const char *const *args)
{
	hogs_signal(hogs, nr, SIGSTOP);
	daemon_start(d, args);
	hogs_signal(hogs, nr, SIGCONT);
	sleep_ms(500);
}

void daemon_stop_beside(struct daemon *d, const pid_t *hogs, int nr)
{
	hogs_signal(hogs, nr, SIGSTOP);
	daemon_stop(d);
	hogs_signal(hogs, nr, SIGCONT);
}

void hogs_stop(const pid_t *pids, int nr)
{
	for (int i = 0; i < nr; i++)
		task_stop(pids[i]);
}

void check_share(const char *what, const pid_t *hogs, int nr, unsigned int ms, double expected)
{
	double share = 0;

	for (int i = 0; i < SHARE_TRIES; i++) {
		share = share_of(hogs, nr, 2 * nr, ms);
		note("%s: %.1f %%, expected %.0f", what, share, expected);
		if (fabs(share - expected) < SHARE_ERROR)
			return;
	}
	fail("%s: %.1f %%, expected %.0f", what, share, expected);
}

int start_two_groups(pid_t *hogs, const char *boosted)
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	int nr = nr_cpus();

	cg_create(boosted);
	cg_create(OTHER);
	spec.cgroup = boosted;
	hogs_start(hogs, nr, &spec);
	spec.cgroup = OTHER;
	hogs_start(hogs + nr, nr, &spec);
	sleep_ms(1000);
	return nr;
}

void stop_two_groups(pid_t *hogs, int nr)
{
	hogs_stop(hogs, 2 * nr);
	cg_remove(CGROUP_ROOT "/vmtest");
}
