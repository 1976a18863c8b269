// SPDX-License-Identifier: GPL-2.0-only
/*
 * pid:N: the cgroup that a process is in. A number may be given to another process at any time, so
 * the process is held by a descriptor first, and must still be there when all has been read.
 */
#ifndef _GNU_SOURCE
/* For O_PATH. */
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "exit_codes.h"
#include "resolve_parts.h"
#include "util.h"

/* How often a process may move while we look at it. */
#define TRIES	3

/* From linux/pidfd.h of 6.13; older headers lack it, older kernels answer ENOTTY. */
struct pidfd_answer {
	uint64_t mask;
	uint64_t cgroup_id;
	uint32_t ids[12];
};

#define ASK_PIDFD	_IOWR(0xff, 11, struct pidfd_answer)
#define ASK_CGROUP_ID	(UINT64_C(1) << 2)

int pid_cgroup_parse(const char *line, char *path)
{
	static const char start[] = "0::/";
	size_t len;

	if (strncmp(line, start, sizeof(start) - 1))
		return -ENOENT;
	line += sizeof(start) - 1;
	len = strcspn(line, "\n");
	if (len >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(path, line, len);
	path[len] = '\0';
	/* Seen from a cgroup namespace: "/../sibling". */
	return is_clean_path(path) ? 0 : -EXDEV;
}

/* What is known of the process. */
struct process {
	pid_t pid;
	/* Holds the process; -1 in a recorded tree. */
	int fd;
	char path[PATH_MAX];
	/* Version 1 of cgroups has it in some other group. */
	bool hybrid;
};

static int explain_gone(const struct process *p, char *why)
{
	return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "no such process (%d)", p->pid);
}

static int hold(struct resolver *r, struct process *p, char *why)
{
	if (r->mount.recorded)
		return QUMUN_EXIT_OK;
	p->fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	if (p->fd >= 0)
		return QUMUN_EXIT_OK;
	if (errno == ESRCH)
		return explain_gone(p, why);
	/* 6.9 began to say ENOENT for threads. */
	if (errno == EINVAL || errno == ENOENT)
		return resolve_explain(QUMUN_EXIT_USAGE, why,
				       "a thread (the number of its process is accepted)");
	return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "cannot be looked at: %s",
			       strerror(errno));
}

static bool is_gone(const struct process *p)
{
	/* A pidfd becomes readable when its process ends. */
	return p->fd >= 0 && wait_readable(p->fd, 0);
}

static FILE *open_proc(struct resolver *r, const struct process *p, const char *name)
{
	char path[64];
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "proc/%d/%s", p->pid, name);
	fd = openat(r->root_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		resolve_note_failure(r);
		return NULL;
	}
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

/* Returns 0 when the path is known, or an error of pid_cgroup_parse(). */
static int read_lines(FILE *file, struct process *p)
{
	char *line = NULL;
	size_t size = 0;
	int err = -ENOENT;

	p->hybrid = false;
	while (getline(&line, &size, file) >= 0) {
		int one = pid_cgroup_parse(line, p->path);

		if (one == -ENOENT)
			p->hybrid = true;
		else
			err = one;
	}
	free(line);
	return err;
}

static int explain_line(int err, char *why)
{
	if (err == -EXDEV)
		return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why,
				       "its cgroup is outside of this cgroup namespace");
	if (err == -ENAMETOOLONG)
		return resolve_explain(QUMUN_EXIT_USAGE, why, "the path of its cgroup is too long");
	return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why,
			       "it has no cgroup of version 2 on this machine");
}

static int read_path(struct resolver *r, struct process *p, char *why)
{
	FILE *file = open_proc(r, p, "cgroup");
	int err;

	if (!file)
		return explain_gone(p, why);
	err = read_lines(file, p);
	fclose(file);
	/* A process that has ended is shown in the root cgroup until it is waited for. */
	if (is_gone(p))
		return explain_gone(p, why);
	return err ? explain_line(err, why) : QUMUN_EXIT_OK;
}

/* True unless the kernel says that the process is in another cgroup than @match. */
static bool is_confirmed(const struct process *p, const struct match *match)
{
	struct pidfd_answer answer = { .mask = ASK_CGROUP_ID };

	if (p->fd < 0 || ioctl(p->fd, ASK_PIDFD, &answer) || !(answer.mask & ASK_CGROUP_ID))
		return true;
	return answer.cgroup_id == match->cgroup_id;
}

static int refuse_root(const struct process *p, char *why)
{
	if (p->hybrid)
		return resolve_explain(QUMUN_EXIT_USAGE, why, "it is in the root cgroup: version 1 "
				       "of cgroups groups processes here (accepted: pid:%d/tree)",
				       p->pid);
	return resolve_explain(QUMUN_EXIT_USAGE, why, "it is in the root cgroup, a boost of which "
			       "means nothing (accepted: pid:%d/tree)", p->pid);
}

/* "redis-server", safe to print; "?" when unknown. */
static const char *comm_of(struct resolver *r, const struct process *p, char *shown, size_t size)
{
	FILE *file = open_proc(r, p, "comm");
	char comm[64] = "?";

	if (file) {
		if (fgets(comm, sizeof(comm), file))
			comm[strcspn(comm, "\n")] = '\0';
		fclose(file);
	}
	return escape_text(shown, size, comm);
}

/* " (deleted)" is how the kernel marks a cgroup that was removed; it may be part of a name. */
static bool is_deleted(const char *path)
{
	static const char mark[] = " (deleted)";
	size_t len = strlen(path), mark_len = sizeof(mark) - 1;

	return len > mark_len && !strcmp(path + len - mark_len, mark);
}

/* One look. Sets @moved when the process changed its cgroup meanwhile. */
static int look(struct resolver *r, struct process *p, struct matches *matches, bool *moved,
		char *why)
{
	char shown[4 * 64];
	int code = read_path(r, p, why);

	*moved = false;
	if (code)
		return code;
	if (!*p->path)
		return refuse_root(p, why);
	comm_of(r, p, shown, sizeof(shown));
	if (matches_add(r, matches, p->path, "its process", "cgroup of process %d (%s)", p->pid,
			shown))
		return resolve_no_memory(why);
	if (is_gone(p))
		return explain_gone(p, why);
	*moved = matches->nr && !is_confirmed(p, &matches->rows[0]);
	if (matches->nr && !*moved)
		return QUMUN_EXIT_OK;
	matches_free(matches);
	if (is_deleted(p->path))
		return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "its cgroup was removed");
	*moved = true;
	return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "its cgroup is not there, or it keeps "
			       "moving");
}

static int look_again(struct resolver *r, struct process *p, struct matches *matches, char *why)
{
	bool moved = true;
	int code = QUMUN_EXIT_OK;

	for (int i = 0; moved && i < TRIES; i++)
		code = look(r, p, matches, &moved, why);
	return code;
}

int resolve_pid(struct resolver *r, const struct target *target, struct matches *matches,
		char *why)
{
	struct process p = { .pid = target->pid, .fd = -1 };
	int code = hold(r, &p, why);

	if (!code && target->tree)
		code = read_path(r, &p, why);
	else if (!code)
		code = look_again(r, &p, matches, why);
	if (p.fd >= 0)
		close(p.fd);
	return code;
}
