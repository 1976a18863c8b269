// SPDX-License-Identifier: GPL-2.0-only
/*
 * The cost of sched_ext itself, to be compared with: a scheduler for the benchmark that
 * does next to nothing, until it is told to stop.
 *
 *	floor none	no callbacks: what the kernel does by itself
 *	floor calls	the same, done by the callbacks that every scheduler has
 *	floor vtime	one queue in the order of vtime, the least that a fair one needs
 *
 *	SUITE=switch SCHED="floor=$PWD/build/floor none; scx_qumun" scripts/bench
 */
#include <bpf/libbpf.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "floor.skel.h"

/* The programs of a level; those of the others are not loaded. */
static const struct level {
	const char *name;
	const char *programs;
} levels[] = {
	{ "none", "" },
	{ "calls", "floor_select_cpu floor_enqueue floor_dispatch floor_running floor_stopping" },
	{ "vtime", "floor_select_cpu vtime_enqueue vtime_dispatch vtime_running vtime_stopping "
		   "vtime_init" },
};

#define NR_LEVELS (sizeof(levels) / sizeof(*levels))

static struct bpf_map *choose(struct floor *skel, size_t chosen)
{
	struct bpf_map *ops[NR_LEVELS] = {
		skel->maps.none_ops, skel->maps.calls_ops, skel->maps.vtime_ops,
	};
	struct bpf_program *program;

	for (size_t i = 0; i < NR_LEVELS; i++)
		bpf_map__set_autocreate(ops[i], i == chosen);
	bpf_object__for_each_program(program, skel->obj)
		bpf_program__set_autoload(program, strstr(levels[chosen].programs,
							  bpf_program__name(program)));
	return ops[chosen];
}

int main(int argc, char **argv)
{
	struct floor *skel = NULL;
	struct bpf_map *ops;
	struct bpf_link *link;
	size_t level = 0;
	sigset_t stop;
	int signal;

	while (argc == 2 && level < NR_LEVELS && strcmp(argv[1], levels[level].name))
		level++;
	if (argc != 2 || level == NR_LEVELS) {
		fprintf(stderr, "usage: floor none|calls|vtime\n");
		return 2;
	}
	sigemptyset(&stop);
	sigaddset(&stop, SIGINT);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);

	skel = floor__open();
	if (!skel) {
		perror("floor: open");
		return 5;
	}
	ops = choose(skel, level);
	link = floor__load(skel) ? NULL : bpf_map__attach_struct_ops(ops);
	if (link)
		sigwait(&stop, &signal);
	else
		perror("floor: load and attach");
	bpf_link__destroy(link);
	floor__destroy(skel);
	return link ? 0 : 5;
}
