/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boosts of processes with the children that they have and will have, whatever their cgroups. Who
 * is there at the start is marked from here; whoever is forked later, by BPF (bpf/tree.bpf.h).
 */
#ifndef QUMUN_TREES_H
#define QUMUN_TREES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "qumun.h"

#define TREES_WHY_LEN 256

/**
 * struct tree - a place in the table
 * @used: there is one
 * @pidfd: of the process that it began with
 * @uid: processes of other users are not marked; root marks all
 */
struct tree {
	bool used;
	int pidfd;
	pid_t pid;
	uid_t uid;
	uint32_t weight;
	uint32_t generation;
};

/** struct trees - all of them; the maps are -1 until they are loaded */
struct trees {
	int map_fd;
	int tasks_fd;
	struct tree rows[QUMUN_TREES_MAX];
};

void trees_init(struct trees *trees);

/**
 * trees_add - boost a process
 * @uid: who asks; anybody but root may name an own process only
 * @place: receives its place
 * @why: on errors, what is wrong; TREES_WHY_LEN bytes
 *
 * Returns QUMUN_EXIT_OK, _NOT_FOUND without such a process, _PRIVILEGE, _CAPACITY, or _ENVIRONMENT.
 */
int trees_add(struct trees *trees, pid_t pid, uid_t uid, uint32_t weight, int *place, char *why);

/** trees_set_weight - another weight for all of them at once */
void trees_set_weight(struct trees *trees, int place, uint32_t weight);

/** trees_drop - end a boost */
void trees_drop(struct trees *trees, int place);

/** trees_publish - from now on in these maps; all boosts are written into them */
void trees_publish(struct trees *trees, int map_fd, int tasks_fd);

/** trees_is_alive - the process or a task that it has left behind is there; looks at all tasks */
bool trees_is_alive(struct trees *trees, int place);

/** trees_free - release; nothing is written */
void trees_free(struct trees *trees);

#endif /* QUMUN_TREES_H */
