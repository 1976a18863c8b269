// SPDX-License-Identifier: GPL-2.0-only
/*
 * All sorts of tasks at once, for minutes: what tasks of one sort cannot show. In a group of its
 * own, since it takes long; SOAK_SEC says how long.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

static struct daemon daemon1;
static unsigned int seed = 1;

static void spin(unsigned int rounds)
{
	for (volatile unsigned int i = 0; i < rounds; i++)
		;
}

/* A child that does @act for ever. */
static pid_t child(void (*act)(void))
{
	pid_t pid = fork();

	CHECK(pid >= 0, "fork: %m");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		act();
}

static void act_yield(void)
{
	spin(1000);
	sched_yield();
}

static void act_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		spin(20000);
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* Two that send each other a byte. */
static void act_message(void)
{
	int there[2], back[2];
	char byte = 0;

	if (pipe(there) || pipe(back))
		_exit(1);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (read(there[0], &byte, 1) == 1 && write(back[1], &byte, 1) == 1)
			;
		_exit(0);
	}
	while (write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1)
		spin(200);
}

/* Two milliseconds in twenty as a real-time task, which takes the CPU from all others. */
static void act_realtime(void)
{
	struct sched_param param = { .sched_priority = 1 };
	uint64_t until = now_ns() + 2000000;

	sched_setscheduler(0, SCHED_FIFO, &param);
	while (now_ns() < until)
		;
	usleep(18000);
}

static const int classes[] = { SCHED_OTHER, SCHED_BATCH, SCHED_IDLE };

/* Something that others do to a task: its class, its nice value, its CPUs, its cgroup. */
static void disturb(pid_t task)
{
	struct sched_param param = { 0 };
	cpu_set_t set;

	switch (rand_r(&seed) % 4) {
	case 0:
		sched_setscheduler(task, classes[rand_r(&seed) % 3], &param);
		break;
	case 1:
		setpriority(PRIO_PROCESS, task, rand_r(&seed) % 40 - 20);
		break;
	case 2:
		CPU_ZERO(&set);
		for (int cpu = 0; cpu < nr_cpus(); cpu++)
			if (rand_r(&seed) % 2 || cpu == task % nr_cpus())
				CPU_SET(cpu, &set);
		sched_setaffinity(task, sizeof(set), &set);
		break;
	case 3:
		cg_move(rand_r(&seed) % 2 ? BOOSTED : OTHER, task);
		break;
	}
}

static pid_t start_disturber(const pid_t *tasks, int nr)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		disturb(tasks[rand_r(&seed) % nr]);
		usleep(20000);
	}
}

static unsigned int soak_seconds(void)
{
	const char *text = getenv("SOAK_SEC");

	return text && *text ? strtoul(text, NULL, 10) : 300;
}

/* The largest of the figures that --stats gave under this label. */
static double largest(struct daemon *d, const char *label)
{
	double found, max = 0;

	for (const char *at = strstr(d->out, label); at; at = strstr(at + 1, label)) {
		found = strtod(at + strlen(label), NULL);
		if (found > max)
			max = found;
	}
	return max;
}

VM_TEST(soak, .about = "all sorts of tasks, changed at random: no ejection, no long wait",
	.group = "soak")
{
	static void (*const acts[])(void) = {
		act_yield, act_fork, act_message, act_message, act_yield, act_fork,
	};
	struct task_spec spec = TASK_SPEC_DEFAULT;
	int nr = 3 * nr_cpus(), nr_acts = sizeof(acts) / sizeof(acts[0]);
	struct periodic *sleepers[4];
	pid_t hogs[64], others[16], realtime, disturber;
	double wait_ms;
	long enabled;

	/* The runner's limit is for tests that take a minute. */
	alarm(soak_seconds() + 300);
	cg_create(BOOSTED);
	cg_create(OTHER);
	enabled = stress_start(&daemon1, ARGS("--boost-cgroup=" BOOSTED));
	hogs_start(hogs, nr, &spec);
	for (int i = 0; i < nr_acts; i++)
		others[i] = child(acts[i]);
	for (int i = 0; i < 4; i++)
		sleepers[i] = periodic_start(&spec, 5000, 300);
	realtime = child(act_realtime);
	disturber = start_disturber(hogs, nr);

	stress_watch(&daemon1, enabled, soak_seconds(), hogs, nr);
	for (int i = 0; i < 4; i++) {
		note("task with 0.3 ms in 5: %llu runs, median wait %.2f ms, 99 %% %.2f, longest %.0f",
		     (unsigned long long)sleepers[i]->runs,
		     periodic_percentile_us(sleepers[i], 50) / 1e3,
		     periodic_percentile_us(sleepers[i], 99) / 1e3, sleepers[i]->max_ns / 1e6);
		CHECK(sleepers[i]->runs > 100, "it hardly runs");
	}
	task_stop(disturber);
	task_stop(realtime);
	for (int i = 0; i < nr_acts; i++)
		task_stop(others[i]);
	for (int i = 0; i < 4; i++)
		periodic_stop(sleepers[i]);
	hogs_stop(hogs, nr);
	stress_stop(&daemon1);
	wait_ms = largest(&daemon1, "longest_wait=");
	note("longest wait in a queue: %.0f ms, rescued: at most %.0f in 5 s", wait_ms,
	     largest(&daemon1, "rescued="));
	/*
	 * Half of the watchdog's time. A rescue begins at an eighth; beside other machines on
	 * the same host an emulated one may need as long again to get so far.
	 */
	CHECK(wait_ms > 0 && wait_ms < 4000, "somebody has waited for %.0f ms", wait_ms);
	cg_remove(CGROUP_ROOT "/vmtest");
}
