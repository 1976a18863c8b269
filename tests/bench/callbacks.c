// SPDX-License-Identifier: GPL-2.0-only
/*
 * What each callback of the scheduler in charge costs under a load.
 *
 *	callbacks LOAD CMD ARG...
 *
 * Runs CMD twice, and lets the kernel count in the second run, since counting costs
 * something. One JSON line: of each run its time, context switches and CPU time, of each
 * struct_ops program its calls, its time and the instructions that the verifier went
 * through. What CMD writes goes to stderr. (bpftool shows all but the last.)
 */
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/load.h"
#include "common.h"

#define MAX_PROGRAMS 64

struct programs {
	int count;
	struct bpf_prog_info info[MAX_PROGRAMS];
};

struct moment {
	uint64_t ns;
	uint64_t switches;
	struct busy busy;
};

static int bpf(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* Does nothing, to be timed by whoever has opened it; -1 where the kernel cannot. */
static int start_counting(void)
{
	union bpf_attr attr = { .enable_stats.type = BPF_STATS_RUN_TIME };

	return bpf(BPF_ENABLE_STATS, &attr);
}

static bool read_program(uint32_t id, struct bpf_prog_info *info)
{
	union bpf_attr attr = { .prog_id = id };
	int fd = bpf(BPF_PROG_GET_FD_BY_ID, &attr), err;

	if (fd < 0)
		return false;
	memset(info, 0, sizeof(*info));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = fd;
	attr.info.info_len = sizeof(*info);
	attr.info.info = (uintptr_t)info;
	err = bpf(BPF_OBJ_GET_INFO_BY_FD, &attr);
	close(fd);
	return !err && info->type == BPF_PROG_TYPE_STRUCT_OPS;
}

static void read_programs(struct programs *programs)
{
	union bpf_attr attr = { 0 };

	programs->count = 0;
	while (programs->count < MAX_PROGRAMS && !bpf(BPF_PROG_GET_NEXT_ID, &attr)) {
		uint32_t id = attr.next_id;

		programs->count += read_program(id, &programs->info[programs->count]);
		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
	}
}

static uint64_t context_switches(void)
{
	FILE *f = fopen("/proc/stat", "re");
	uint64_t count = 0;
	char line[4096];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "ctxt %" SCNu64, &count) == 1)
			break;
	if (f)
		fclose(f);
	return count;
}

static struct moment moment_now(void)
{
	return (struct moment) {
		.ns = now_ns(), .switches = context_switches(), .busy = busy_now(),
	};
}

/* Prints what passed since @start. */
static void print_since(const char *name, struct moment start)
{
	struct moment now = moment_now();

	printf("\"%s\":{\"ns\":%" PRIu64 ",\"switches\":%" PRIu64 ",\"busy\":%.3f},", name,
	       now.ns - start.ns, now.switches - start.switches, busy_percent(start.busy));
}

static void run(char **command)
{
	pid_t pid = fork();
	int status;

	if (pid < 0) {
		perror("callbacks: fork");
		exit(70);
	}
	if (!pid) {
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(command[0], command);
		perror(command[0]);
		_exit(70);
	}
	if (waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "callbacks: %s: status %x\n", command[0], status);
		exit(70);
	}
}

int main(int argc, char **argv)
{
	static struct programs before, after;
	const char *separator = "";
	struct moment start;
	int counting;

	if (argc < 3) {
		fprintf(stderr, "usage: callbacks LOAD CMD ARG...\n");
		return 2;
	}
	printf("{\"suite\":\"callbacks\",\"load\":\"%s\",\"cpus\":%d,", argv[1], nr_cpus());
	fflush(stdout);
	start = moment_now();
	run(argv + 2);
	print_since("uncounted", start);
	fflush(stdout);

	counting = start_counting();
	if (counting < 0) {
		perror("callbacks: BPF_ENABLE_STATS");
		return 70;
	}
	read_programs(&before);
	start = moment_now();
	run(argv + 2);
	print_since("counted", start);
	read_programs(&after);
	close(counting);

	printf("\"programs\":[");
	for (int i = 0; i < after.count; i++) {
		const struct bpf_prog_info *now = &after.info[i];
		uint64_t calls = now->run_cnt, ns = now->run_time_ns;

		for (int k = 0; k < before.count; k++)
			if (before.info[k].id == now->id) {
				calls -= before.info[k].run_cnt;
				ns -= before.info[k].run_time_ns;
			}
		printf("%s{\"name\":\"%s\",\"calls\":%" PRIu64 ",\"ns\":%" PRIu64
		       ",\"verified\":%u}", separator, now->name, calls, ns,
		       now->verified_insns);
		separator = ",";
	}
	printf("]}\n");
	return 0;
}
