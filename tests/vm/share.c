// SPDX-License-Identifier: GPL-2.0-only
/* Who got how much CPU time. */
#include "vmtest.h"

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

void hogs_stop(const pid_t *pids, int nr)
{
	for (int i = 0; i < nr; i++)
		task_stop(pids[i]);
}
