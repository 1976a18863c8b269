// SPDX-License-Identifier: GPL-2.0-only
#include "procs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

/* The kernel's PIDFD_THREAD, from 6.9 on: also of a thread that leads no process. */
#define PIDFD_OF_THREAD O_EXCL

static bool is_number(const char *name, pid_t *number)
{
	uint64_t value;

	if (parse_u64(name, 1, INT32_MAX, &value))
		return false;
	*number = (pid_t)value;
	return true;
}

/* "1234 (name) S 1 ...": the name may hold anything, so that its end is the last ')'. */
static bool read_parent(pid_t pid, pid_t *parent)
{
	char path[64], text[1024];
	const char *end;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file_str("", path, text, sizeof(text)) <= 0)
		return false;
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %d", parent) == 1;
}

static int compare(const void *left, const void *right)
{
	const struct proc *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

int procs_read(struct procs *procs)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	size_t room = 0;

	*procs = (struct procs){ 0 };
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		struct proc row = { 0 };

		if (!is_number(entry->d_name, &row.pid) || !read_parent(row.pid, &row.parent))
			continue;
		if (procs->nr == room) {
			struct proc *rows = reallocarray(procs->rows, room += 256, sizeof(*rows));

			if (!rows) {
				closedir(dir);
				return -ENOMEM;
			}
			procs->rows = rows;
		}
		procs->rows[procs->nr++] = row;
	}
	closedir(dir);
	if (procs->nr)
		qsort(procs->rows, procs->nr, sizeof(*procs->rows), compare);
	return 0;
}

static struct proc *find(const struct procs *procs, pid_t pid)
{
	struct proc key = { .pid = pid };

	return procs->nr ? bsearch(&key, procs->rows, procs->nr, sizeof(key), compare) : NULL;
}

/* Numbers of children may be smaller than their parent's: once more while that finds another. */
void procs_choose(struct procs *procs, pid_t pid)
{
	struct proc *row = find(procs, pid);
	bool found = row;

	if (row)
		row->chosen = true;
	while (found) {
		found = false;
		for (size_t i = 0; i < procs->nr; i++) {
			struct proc *child = &procs->rows[i];
			const struct proc *parent = find(procs, child->parent);

			if (!child->chosen && parent && parent->chosen)
				child->chosen = found = true;
		}
	}
}

void procs_free(struct procs *procs)
{
	free(procs->rows);
	*procs = (struct procs){ 0 };
}

bool proc_owner(pid_t pid, uid_t *owner)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", pid);
	if (stat(path, &st))
		return false;
	*owner = st.st_uid;
	return true;
}

bool proc_each_thread(pid_t pid, bool (*visit)(void *arg, int pidfd), void *arg)
{
	struct dirent *entry;
	char path[64];
	bool go_on = true;
	pid_t tid;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	if (!dir)
		return true;
	while (go_on && (entry = readdir(dir))) {
		int pidfd;

		if (!is_number(entry->d_name, &tid))
			continue;
		pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_OF_THREAD);
		if (pidfd < 0)
			continue;
		go_on = visit(arg, pidfd);
		close(pidfd);
	}
	closedir(dir);
	return go_on;
}

int proc_open(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	return pidfd < 0 ? -errno : pidfd;
}

bool proc_has_ended(int pidfd)
{
	return wait_readable(pidfd, 0);
}
