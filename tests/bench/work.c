// SPDX-License-Identifier: GPL-2.0-only
/*
 * Throughput without anything that could depend on a tool's version.
 *
 *	work fixed METRIC WORKERS LOOPS ROUNDS
 *		each of WORKERS processes computes LOOPS, and the last one to finish
 *		counts; a round begins when the one before has ended
 *	work spawn METRIC WORKERS COUNT
 *		each of WORKERS starts COUNT programs that do nothing, one after the other
 *
 * Prints ms for a round, or µs for each program, and how busy the CPUs were: what they
 * were idle is all that a scheduler can gain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/load.h"
#include "common.h"

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("work: fork");
		exit(70);
	}
	return pid;
}

static int wait_for(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid ? status : -1;
}

static void compute(long loops)
{
	for (volatile long i = 0; i < loops; i++)
		;
}

static void start_programs(long count)
{
	while (count-- > 0) {
		pid_t pid = fork_or_die();

		if (!pid) {
			execl("/proc/self/exe", "work", "nothing", (char *)NULL);
			_exit(70);
		}
		if (wait_for(pid))
			_exit(70);
	}
}

/* All workers at once; exits if one of them failed. */
static void round_of(long workers, void (*job)(long), long amount)
{
	pid_t pids[1024];
	int failed = 0;

	for (long i = 0; i < workers; i++) {
		pids[i] = fork_or_die();
		if (!pids[i]) {
			job(amount);
			_exit(0);
		}
	}
	for (long i = 0; i < workers; i++)
		failed |= wait_for(pids[i]);
	if (failed) {
		fprintf(stderr, "work: a worker failed\n");
		exit(70);
	}
}

int main(int argc, char **argv)
{
	bool is_spawn = argc == 5 && !strcmp(argv[1], "spawn");
	long workers, amount, rounds;
	struct busy busy;
	char metric[64];
	uint64_t start;
	double ms;

	if (argc == 2 && !strcmp(argv[1], "nothing"))
		return 0;
	if (!is_spawn && !(argc == 6 && !strcmp(argv[1], "fixed"))) {
		fprintf(stderr, "usage: work fixed METRIC WORKERS LOOPS ROUNDS\n"
				"       work spawn METRIC WORKERS COUNT\n");
		return 2;
	}
	workers = bench_number("WORKERS", argv[3], 1, 1024);
	amount = bench_number(is_spawn ? "COUNT" : "LOOPS", argv[4], 1, 2000000000);
	rounds = is_spawn ? 1 : bench_number("ROUNDS", argv[5], 1, 1000);

	busy = busy_now();
	start = now_ns();
	for (long i = 0; i < rounds; i++)
		round_of(workers, is_spawn ? start_programs : compute, amount);
	ms = (now_ns() - start) / 1e6;

	if (is_spawn)
		bench_value("build", argv[2], "us", "less", ms * 1000 / (workers * amount));
	else
		bench_value("build", argv[2], "ms", "less", ms / rounds);
	snprintf(metric, sizeof(metric), "%s: busy", argv[2]);
	bench_value("build", metric, "%", "", busy_percent(busy));
	return 0;
}
