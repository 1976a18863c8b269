/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes and their threads, as /proc shows them. They come and go while we look. */
#ifndef QUMUN_PROCS_H
#define QUMUN_PROCS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct proc - a process
 * @parent: process that it is a child of
 * @chosen: see procs_choose()
 */
struct proc {
	pid_t pid;
	pid_t parent;
	bool chosen;
};

/** struct procs - all of them, in the order of their numbers */
struct procs {
	struct proc *rows;
	size_t nr;
};

/** procs_read - those that there are; 0 or a negative errno. Release with procs_free() */
int procs_read(struct procs *procs);

/** procs_choose - choose @pid and all below it */
void procs_choose(struct procs *procs, pid_t pid);

/** procs_free - release; harmless when repeated */
void procs_free(struct procs *procs);

/** proc_owner - the user whose process it is; false when it is gone */
bool proc_owner(pid_t pid, uid_t *owner);

/**
 * proc_each_thread - visit the threads of a process, each with a descriptor of its own (a pidfd)
 * @visit: the descriptor is closed afterwards; false ends it
 *
 * Returns false when @visit did.
 */
bool proc_each_thread(pid_t pid, bool (*visit)(void *arg, int pidfd), void *arg);

/** proc_open - a pidfd of a process, or a negative errno */
int proc_open(pid_t pid);

/** proc_has_ended - its pidfd says so */
bool proc_has_ended(int pidfd);

#endif /* QUMUN_PROCS_H */
