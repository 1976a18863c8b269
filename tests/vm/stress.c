// SPDX-License-Identifier: GPL-2.0-only
/* The daemon under stress: started to be seen through, watched, and asked what it saw. */
#include <stdlib.h>
#include <string.h>

#include "vmtest.h"

#define ARGS_MAX 8

long stress_start(struct daemon *d, const char *const *args)
{
	const char *all[ARGS_MAX + 3] = { "--stats", "5" };
	int nr = 2;

	for (; *args && nr < ARGS_MAX + 2; args++)
		all[nr++] = *args;
	/* The kernel's watchdog acts after 1 to 1.5 times its limit: a short one, to see more. */
	setenv("SCX_TIMEOUT_MS", "8000", 1);
	daemon_start(d, all);
	return scx_number("enable_seq");
}

void stress_watch(struct daemon *d, long enabled, unsigned int seconds, const pid_t *tasks, int nr)
{
	uint64_t before[128];

	CHECK(nr <= 128, "too many tasks");
	for (unsigned int second = 0; second < seconds; second += 10) {
		for (int i = 0; i < nr; i++)
			before[i] = task_cpu_ns(tasks[i]);
		sleep_ms(10000);
		daemon_read(d);
		CHECK(scx_is("enabled") && scx_number("enable_seq") == enabled, "ejected: %s",
		      d->err);
		for (int i = 0; i < nr; i++)
			CHECK(task_cpu_ns(tasks[i]) > before[i], "task %d got no CPU for 10 s", i);
	}
}

void stress_stop(struct daemon *d)
{
	char *last = NULL;

	daemon_stop(d);
	for (char *line = d->out; (line = strstr(line, "switches=")); line++)
		last = line;
	CHECK(last, "no statistics");
	note("%.*s", (int)strcspn(last, "\n"), last);
	CHECK(strstr(last, "noctx=0 "), "tasks without a context: %s", last);
}
