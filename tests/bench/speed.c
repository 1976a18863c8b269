// SPDX-License-Identifier: GPL-2.0-only
/*
 * Are the CPUs of this machine equally fast, and does an idle one give its speed to
 * the others? The same fixed work by one worker, then by one on each CPU: in a machine
 * whose CPUs are independent each worker needs the same time in both cases. Repeated,
 * and each one's best time counts: what the kernel has to do after the boot is no fault
 * of the machine.
 *
 *	speed LOOPS [WHEN]
 *
 * Prints the slowest and the fastest CPU in % of the one that was alone; WHEN is added
 * to the names of these figures.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/load.h"
#include "common.h"

#define MAX_CPUS	256
#define ROUNDS		4

static uint64_t work_ns(int cpu, long loops)
{
	uint64_t start;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	start = now_ns();
	for (volatile long i = 0; i < loops; i++)
		;
	return now_ns() - start;
}

/* @took: the best time of each worker so far, 0 before the first one */
static void run(const int *cpus, int nr, long loops, uint64_t *took)
{
	for (int i = 0; i < nr; i++) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("speed: fork");
			exit(70);
		}
		if (!pid) {
			uint64_t ns = work_ns(cpus[i], loops);

			took[i] = took[i] && took[i] < ns ? took[i] : ns;
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	int cpus[MAX_CPUS], nr = own_cpus(cpus, MAX_CPUS);
	uint64_t *took, *alone, least = UINT64_MAX, most = 0;
	const char *when = argc == 3 ? argv[2] : "";
	char metric[64];
	long loops;

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: speed LOOPS [WHEN]\n");
		return 2;
	}
	loops = bench_number("LOOPS", argv[1], 1000, 2000000000);
	took = mmap(NULL, sizeof(*took) * (MAX_CPUS + 1), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (took == MAP_FAILED) {
		perror("speed: mmap");
		return 70;
	}
	alone = took + MAX_CPUS;
	for (int i = 0; i < ROUNDS; i++) {
		run(cpus, 1, loops / ROUNDS, alone);
		run(cpus, nr, loops / ROUNDS, took);
	}
	for (int i = 0; i < nr; i++) {
		least = took[i] < least ? took[i] : least;
		most = took[i] > most ? took[i] : most;
	}
	snprintf(metric, sizeof(metric), "slowest CPU%s", when);
	bench_value("engine", metric, "%", "", 100.0 * *alone / most);
	snprintf(metric, sizeof(metric), "fastest CPU%s", when);
	bench_value("engine", metric, "%", "", 100.0 * *alone / least);
	return 0;
}
