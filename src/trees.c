// SPDX-License-Identifier: GPL-2.0-only
#include "trees.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "exit_codes.h"
#include "loader_maps.h"
#include "procs.h"

/* Somebody may fork while we look; each further look finds fewer. */
#define LOOKS_MAX 8

__attribute__((format(printf, 3, 4)))
static int explain(int code, char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, TREES_WHY_LEN, fmt, args);
	va_end(args);
	return code;
}

void trees_init(struct trees *trees)
{
	*trees = (struct trees){ .map_fd = -1, .tasks_fd = -1 };
}

/* What one look at the threads of a process is about. */
struct look {
	const struct trees *trees;
	int place;
	bool found;
};

static bool mark(void *arg, int pidfd)
{
	struct look *look = arg;

	if (!tree_task_mark(look->trees->tasks_fd, pidfd, look->place,
			    look->trees->rows[look->place].generation))
		look->found = true;
	return true;
}

static bool is_unmarked(void *arg, int pidfd)
{
	struct look *look = arg;

	return !tree_task_is_marked(look->trees->tasks_fd, pidfd, look->place,
				    look->trees->rows[look->place].generation);
}

static bool may_mark(const struct tree *tree, pid_t pid)
{
	uid_t owner;

	return !tree->uid || (proc_owner(pid, &owner) && owner == tree->uid);
}

/* Mark the process and all below it; once more while that finds somebody new. */
static void mark_all(const struct trees *trees, int place)
{
	const struct tree *tree = &trees->rows[place];
	struct look look = { .trees = trees, .place = place, .found = true };

	for (int i = 0; look.found && i < LOOKS_MAX; i++) {
		struct procs procs;

		look.found = false;
		if (!procs_read(&procs) && !proc_has_ended(tree->pidfd))
			procs_choose(&procs, tree->pid);
		for (size_t row = 0; row < procs.nr; row++)
			if (procs.rows[row].chosen && may_mark(tree, procs.rows[row].pid))
				proc_each_thread(procs.rows[row].pid, mark, &look);
		procs_free(&procs);
	}
}

static int find_place(const struct trees *trees)
{
	for (int i = 0; i < QUMUN_TREES_MAX; i++)
		if (!trees->rows[i].used)
			return i;
	return -1;
}

static void write_entry(const struct trees *trees, int place)
{
	const struct tree *tree = &trees->rows[place];

	if (trees->map_fd >= 0)
		tree_entry_set(trees->map_fd, place, tree->generation, tree->weight);
}

/* The pidfd comes first, so that it is the same process that all questions are about. */
static int open_process(pid_t pid, uid_t uid, int *pidfd, char *why)
{
	uid_t owner;

	*pidfd = proc_open(pid);
	if (*pidfd == -ESRCH || *pidfd == -EINVAL)
		return explain(QUMUN_EXIT_NOT_FOUND, why, "no such process");
	if (*pidfd < 0)
		return explain(QUMUN_EXIT_ENVIRONMENT, why, "%s", strerror(-*pidfd));
	if (!proc_owner(pid, &owner) || proc_has_ended(*pidfd))
		return explain(QUMUN_EXIT_NOT_FOUND, why, "the process has ended");
	if (uid && owner != uid)
		return explain(QUMUN_EXIT_PRIVILEGE, why,
			       "a process of another user (only own processes)");
	return QUMUN_EXIT_OK;
}

int trees_add(struct trees *trees, pid_t pid, uid_t uid, uint32_t weight, int *place, char *why)
{
	int free_place = find_place(trees), pidfd, code;
	struct tree *tree;

	if (free_place < 0)
		return explain(QUMUN_EXIT_CAPACITY, why, "too many boosted processes (at most %d)",
			       QUMUN_TREES_MAX);
	code = open_process(pid, uid, &pidfd, why);
	if (code) {
		if (pidfd >= 0)
			close(pidfd);
		return code;
	}
	tree = &trees->rows[free_place];
	*tree = (struct tree){ .used = true, .pidfd = pidfd, .pid = pid, .uid = uid,
			       .weight = weight, .generation = tree->generation + 1 };
	write_entry(trees, free_place);
	if (trees->tasks_fd >= 0)
		mark_all(trees, free_place);
	*place = free_place;
	return QUMUN_EXIT_OK;
}

void trees_set_weight(struct trees *trees, int place, uint32_t weight)
{
	trees->rows[place].weight = weight;
	write_entry(trees, place);
}

void trees_drop(struct trees *trees, int place)
{
	struct tree *tree = &trees->rows[place];

	trees_set_weight(trees, place, 0);
	close(tree->pidfd);
	tree->used = false;
}

void trees_publish(struct trees *trees, int map_fd, int tasks_fd)
{
	trees->map_fd = map_fd;
	trees->tasks_fd = tasks_fd;
	for (int i = 0; i < QUMUN_TREES_MAX; i++) {
		if (!trees->rows[i].used)
			continue;
		write_entry(trees, i);
		mark_all(trees, i);
	}
}

bool trees_is_alive(struct trees *trees, int place)
{
	struct look look = { .trees = trees, .place = place };
	struct procs procs;
	bool alive = false;

	if (trees->tasks_fd < 0 || !proc_has_ended(trees->rows[place].pidfd))
		return true;
	if (procs_read(&procs)) {
		procs_free(&procs);
		return true;
	}
	for (size_t i = 0; !alive && i < procs.nr; i++)
		alive = !proc_each_thread(procs.rows[i].pid, is_unmarked, &look);
	procs_free(&procs);
	return alive;
}

void trees_free(struct trees *trees)
{
	for (int i = 0; i < QUMUN_TREES_MAX; i++)
		if (trees->rows[i].used)
			close(trees->rows[i].pidfd);
	trees_init(trees);
}
