// SPDX-License-Identifier: GPL-2.0-only
/* Where tasks go that wake up: they take a CPU, or are the next one on it. */
#include "vmtest.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static struct daemon daemon1;

/* Two processes that pass one byte to and fro; the turns of the first are counted. */
struct ping_pong {
	pid_t pids[2];
	volatile uint64_t *turns;
};

static void pass_on(const struct task_spec *spec, int in, int out, volatile uint64_t *turns)
{
	cpu_set_t set;
	char byte = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(spec->cpu, &set);
	if (spec->cpu >= 0 && sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
	while (write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1)
		if (turns)
			(*turns)++;
	_exit(1);
}

static void ping_pong_start(struct ping_pong *pair, const struct task_spec *spec)
{
	int there[2], back[2];

	pair->turns = mmap(NULL, sizeof(*pair->turns), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(pair->turns != MAP_FAILED && !pipe(there) && !pipe(back), "no memory or no pipes");
	pair->pids[0] = fork();
	if (!pair->pids[0])
		pass_on(spec, back[0], there[1], pair->turns);
	pair->pids[1] = fork();
	if (!pair->pids[1])
		pass_on(spec, there[0], back[1], NULL);
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
}

static void ping_pong_stop(struct ping_pong *pair)
{
	hogs_stop(pair->pids, 2);
	munmap((void *)pair->turns, sizeof(*pair->turns));
}

/* Of the daemon's last complete line of statistics: the counter @name. */
static uint64_t last_counter(const char *name)
{
	char *line = daemon1.out, *next, *at;
	char key[32];

	while ((next = strstr(line + 1, "switches=")) && strchr(next, '\n'))
		line = next;
	snprintf(key, sizeof(key), "%s=", name);
	at = strstr(line, key);
	CHECK(at, "no %s in: %s", name, daemon1.out);
	return strtoull(at + strlen(key), NULL, 10);
}

VM_TEST(next_pinned, .about = "two bound tasks that take turns need no queue, and a hog beside them loses nothing")
{
	struct task_spec pinned = { .cpu = 0 };
	struct ping_pong pair;
	uint64_t turns;
	pid_t tasks[3];
	double share;

	/* Control: hogs wake nobody up. */
	daemon_start(&daemon1, ARGS("--stats", "1"));
	hogs_start(tasks, 2, &pinned);
	sleep_ms(3500);
	daemon_read(&daemon1);
	hogs_stop(tasks, 2);
	CHECK(last_counter("next") < 20, "%llu of hogs are next",
	      (unsigned long long)last_counter("next"));

	ping_pong_start(&pair, &pinned);
	sleep_ms(1000);
	turns = *pair.turns;
	sleep_ms(2500);
	turns = *pair.turns - turns;
	daemon_read(&daemon1);
	note("%llu turns; of the last second's switches %llu of %llu past the queue",
	     (unsigned long long)turns, (unsigned long long)last_counter("next"),
	     (unsigned long long)last_counter("switches"));
	CHECK(turns > 100, "%llu turns only", (unsigned long long)turns);
	/*
	 * Not all: one of the two may have had so much more that the other one takes the
	 * CPU from it, and then it goes back through the queue.
	 */
	CHECK(last_counter("next") > 100, "all went through the queue: %s", daemon1.out);

	tasks[0] = hog_start(&pinned);
	tasks[1] = pair.pids[0];
	tasks[2] = pair.pids[1];
	sleep_ms(1000);
	share = share_of(tasks, 1, 3, 5000);
	note("a hog beside the two has %.1f %%", share);
	CHECK(share > 28, "a hog beside the two has %.1f %%, a third is fair", share);
	daemon_stop(&daemon1);
	task_stop(tasks[0]);
	ping_pong_stop(&pair);
}

VM_TEST(turns_free, .about = "two free tasks that take turns get on, and hogs beside them lose nothing")
{
	struct task_spec free_task = { .cpu = -1 };
	struct ping_pong pair;
	pid_t tasks[66];
	int nr = nr_cpus() < 32 ? nr_cpus() : 32;
	uint64_t turns;
	double share;

	daemon_start(&daemon1, NO_ARGS);
	ping_pong_start(&pair, &free_task);
	sleep_ms(1000);
	/* Whose CPU they use is not asked: in an emulated machine no promise is kept in time. */
	turns = *pair.turns;
	note("%llu turns in the first second", (unsigned long long)turns);
	CHECK(turns > 50, "%llu turns in a second", (unsigned long long)turns);

	/* One more hog than CPUs, so that all is taken. */
	hogs_start(tasks, nr + 1, &free_task);
	tasks[nr + 1] = pair.pids[0];
	tasks[nr + 2] = pair.pids[1];
	sleep_ms(1000);
	share = share_of(tasks, nr + 1, nr + 3, 5000);
	note("%d hogs beside the two have %.1f %%", nr + 1, share);
	CHECK(share > 100.0 * (nr + 1) / (nr + 3) - 8, "%d hogs beside the two have %.1f %%", nr + 1,
	      share);
	CHECK(share < 100, "the two stand still");
	daemon_stop(&daemon1);
	hogs_stop(tasks, nr + 1);
	ping_pong_stop(&pair);
}

VM_TEST(preempts, .about = "on a full machine a short task that wakes up takes a CPU from a hog")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	struct periodic *short_task;
	int nr = 2 * nr_cpus();
	uint64_t preempts;
	pid_t hogs[64];

	daemon_start(&daemon1, ARGS("--stats", "1"));
	hogs_start(hogs, nr, &spec);
	sleep_ms(3500);
	daemon_read(&daemon1);
	preempts = last_counter("preempt");
	/* 50 times a second, 1 ms each. */
	short_task = periodic_start(&spec, 20000, 1000);
	sleep_ms(3500);
	daemon_read(&daemon1);
	note("%llu preemptions in a second, %llu without the short task",
	     (unsigned long long)last_counter("preempt"), (unsigned long long)preempts);
	CHECK(last_counter("preempt") > preempts + 10, "no preemptions: %s", daemon1.out);
	daemon_stop(&daemon1);
	periodic_stop(short_task);
	hogs_stop(hogs, nr);
}

VM_TEST(no_preempt, .about = "with --no-preempt nobody's CPU is taken (control: preempts)")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	struct periodic *short_task;
	int nr = 2 * nr_cpus();
	pid_t hogs[64];

	daemon_start(&daemon1, ARGS("--no-preempt", "--stats", "1"));
	CHECK(strstr(daemon1.err, "wakeup preemption: off"), "it does not say so: %s", daemon1.err);
	hogs_start(hogs, nr, &spec);
	short_task = periodic_start(&spec, 20000, 1000);
	sleep_ms(3500);
	daemon_read(&daemon1);
	CHECK(short_task->runs > 10, "the short task ran %llu times",
	      (unsigned long long)short_task->runs);
	for (const char *line = daemon1.out; (line = strstr(line, "preempt=")); line++)
		CHECK(!strncmp(line, "preempt=0 ", 10), "preemptions: %s", daemon1.out);
	daemon_stop(&daemon1);
	periodic_stop(short_task);
	hogs_stop(hogs, nr);
}
