// SPDX-License-Identifier: GPL-2.0-only
/* A minute each of what schedulers get ejected for. */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

#define MINUTE 60

static struct daemon daemon1;

VM_TEST(pinned_minute, .about = "a minute of tasks bound to each CPU, beside free ones")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	int cpus = nr_cpus(), nr = 0;
	long enabled = stress_start(&daemon1, NO_ARGS);
	pid_t hogs[128];

	for (int cpu = 0; cpu < cpus && nr < 60; cpu++) {
		spec.cpu = cpu;
		/* CPU 0 is crowded, the others are not. */
		for (int i = 0; i < (cpu ? 2 : 10); i++)
			hogs[nr++] = hog_start(&spec);
	}
	spec.cpu = -1;
	for (int i = 0; i < cpus; i++)
		hogs[nr++] = hog_start(&spec);
	stress_watch(&daemon1, enabled, MINUTE, hogs, nr);
	hogs_stop(hogs, nr);
	stress_stop(&daemon1);
}

/* Changes the affinity of the tasks at random, forever; counts in @changes. */
static pid_t start_churn(const pid_t *tasks, int nr, volatile uint64_t *changes)
{
	pid_t pid = fork();
	unsigned int seed = 1;

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int bits = rand_r(&seed) % ((1 << nr_cpus()) - 1) + 1;
		cpu_set_t set;

		CPU_ZERO(&set);
		for (int cpu = 0; cpu < nr_cpus(); cpu++)
			if (bits & (1 << cpu))
				CPU_SET(cpu, &set);
		if (!sched_setaffinity(tasks[rand_r(&seed) % nr], sizeof(set), &set))
			++*changes;
		usleep(500);
	}
}

VM_TEST(affinity_minute, .about = "a minute of changing affinities, of running and queued tasks")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	struct periodic *counter, *sleepers[4];
	long enabled = stress_start(&daemon1, NO_ARGS);
	int nr = 3 * nr_cpus();
	pid_t hogs[64], churn;

	/* Shared memory for the count: a periodic task that is never looked at. */
	counter = periodic_start(&spec, 1000000, 0);
	hogs_start(hogs, nr, &spec);
	for (int i = 0; i < 4; i++) {
		sleepers[i] = periodic_start(&spec, 2000, 200);
		hogs[nr + i] = sleepers[i]->pid;
	}
	kill(counter->pid, SIGSTOP);
	periodic_reset(counter);
	churn = start_churn(hogs, nr + 4, &counter->runs);
	stress_watch(&daemon1, enabled, MINUTE, hogs, nr + 4);
	note("%llu changes of affinity", (unsigned long long)counter->runs);
	CHECK(counter->runs > 100, "only %llu changes", (unsigned long long)counter->runs);
	task_stop(churn);
	hogs_stop(hogs, nr);
	for (int i = 0; i < 4; i++)
		periodic_stop(sleepers[i]);
	periodic_stop(counter);
	stress_stop(&daemon1);
}

/* Forks children that compute for a moment and fork one level deeper, forever. */
__attribute__((noreturn)) static void fork_storm(volatile uint64_t *forks)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		pid_t pid = fork();

		if (!pid) {
			if (!fork()) {
				for (volatile int i = 0; i < 20000; i++)
					;
				_exit(0);
			}
			wait(NULL);
			_exit(0);
		}
		if (pid > 0)
			++*forks;
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

VM_TEST(fork_minute, .about = "a minute of fork storms; hogs beside them still run")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	struct rlimit limit = { .rlim_cur = 500, .rlim_max = 500 };
	long enabled = stress_start(&daemon1, NO_ARGS);
	struct periodic *counters[8];
	int nr = nr_cpus();
	pid_t hogs[64];
	uint64_t forks = 0;

	hogs_start(hogs, nr, &spec);
	setrlimit(RLIMIT_NPROC, &limit);
	for (int i = 0; i < 8; i++) {
		counters[i] = periodic_start(&spec, 1000000, 0);
		kill(counters[i]->pid, SIGSTOP);
		periodic_reset(counters[i]);
		hogs[nr + i] = fork();
		if (!hogs[nr + i])
			fork_storm(&counters[i]->runs);
	}
	stress_watch(&daemon1, enabled, MINUTE, hogs, nr);
	for (int i = 0; i < 8; i++)
		forks += counters[i]->runs;
	note("%llu forks", (unsigned long long)forks);
	CHECK(forks > 100, "only %llu forks", (unsigned long long)forks);
	hogs_stop(hogs, nr + 8);
	for (int i = 0; i < 8; i++)
		periodic_stop(counters[i]);
	stress_stop(&daemon1);
}
