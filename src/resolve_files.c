// SPDX-License-Identifier: GPL-2.0-only
/*
 * Directories and state files, none of which is believed before it has been looked at: what kind of
 * file it is, whose it is and how large, through the descriptor that is then read.
 */
#ifndef _GNU_SOURCE
/* For O_PATH. */
#define _GNU_SOURCE
#endif
#include "resolve_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util.h"

/* Cgroups that are visited in all, and in the part of one user who may make any number of them. */
#define VISITS_MAX		(1 << 20)
#define VISITS_FOREIGN_MAX	4096

bool is_plain_name(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_.-";

	return *name && *name != '.' && !name[strspn(name, plain)];
}

static int open_beneath(struct resolver *r, int dir, const char *path, uint64_t flags,
			uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };
	long fd;

	/* A rename on the way makes the kernel ask for a retry. */
	do
		fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0)
		resolve_note_failure(r);
	return (int)fd;
}

static bool is_trusted(struct resolver *r, const struct stat *st)
{
	return (!st->st_uid || st->st_uid == r->trusted) && !(st->st_mode & S_IWOTH);
}

/* Takes over @fd. */
static DIR *list(struct resolver *r, int fd)
{
	DIR *dir = NULL;
	struct stat st;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) || !is_trusted(r, &st))
		errno = EPERM;
	else
		dir = fdopendir(fd);
	if (!dir) {
		resolve_note_failure(r);
		close(fd);
	}
	return dir;
}

DIR *place_open(struct resolver *r, const char *path)
{
	return list(r, open_beneath(r, r->root_fd, path, O_RDONLY | O_DIRECTORY, RESOLVE_IN_ROOT));
}

DIR *dir_open(struct resolver *r, DIR *above, const char *path)
{
	return list(r, open_beneath(r, dirfd(above), path, O_RDONLY | O_DIRECTORY,
				    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
}

const char *dir_next(DIR *dir, size_t *nr)
{
	struct dirent *entry;

	while (*nr < ENTRIES_MAX && (entry = readdir(dir))) {
		++*nr;
		if (is_plain_name(entry->d_name))
			return entry->d_name;
	}
	return NULL;
}

/* Reads @size bytes; a file that has grown meanwhile is cut, and then no JSON. */
static ssize_t slurp(int fd, char *text, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t len = read(fd, text + used, size - used);

		if (len < 0 && errno == EINTR)
			continue;
		if (len <= 0)
			return len < 0 ? -1 : (ssize_t)used;
		used += (size_t)len;
	}
	return (ssize_t)used;
}

/* From a file that has been looked at. */
static json_t *parse_fd(int fd, size_t size)
{
	char *text = malloc(size + 1);
	json_t *json = NULL;
	ssize_t len;

	if (!text)
		return NULL;
	len = slurp(fd, text, size);
	if (len > 0)
		json = state_parse(text, (size_t)len);
	free(text);
	return json;
}

json_t *state_read(struct resolver *r, DIR *dir, const char *path)
{
	json_t *json = NULL;
	struct stat st;
	int fd;

	/* Not blocking, or a pipe would hold us up before we see that it is one. */
	fd = open_beneath(r, dirfd(dir), path, O_RDONLY | O_NONBLOCK | O_NOCTTY,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	if (fd < 0)
		return NULL;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && is_trusted(r, &st) &&
	    st.st_size <= STATE_SIZE_MAX)
		json = parse_fd(fd, (size_t)st.st_size);
	close(fd);
	return json;
}

/* Where a walk is. @path has room for PATH_MAX bytes and is changed on the way. */
struct step {
	struct resolver *r;
	const struct walk *walk;
	char *path;
	unsigned int depth;
};

static bool walk_dir(const struct step *step, int fd, size_t *budget, bool foreign);

static bool walk_into(const struct step *step, int above, const char *name, size_t *budget,
		      bool foreign)
{
	struct step below = *step;
	size_t own_budget = VISITS_FOREIGN_MAX;
	struct stat st;
	int fd;

	if (++below.depth > WALK_DEPTH_MAX)
		return true;
	fd = open_beneath(step->r, above, name, O_RDONLY | O_DIRECTORY,
			  RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV);
	if (fd < 0)
		return true;
	if (fstat(fd, &st) || (!is_trusted(step->r, &st) && !step->walk->foreign)) {
		close(fd);
		return true;
	}
	if (foreign || is_trusted(step->r, &st))
		return walk_dir(&below, fd, budget, foreign);
	return walk_dir(&below, fd, &own_budget, true);
}

/* One entry. Returns false to end the walk. */
static bool walk_entry(const struct step *step, int fd, const char *name, size_t *budget,
		       bool foreign)
{
	size_t len = strlen(step->path), name_len = strlen(name);
	bool go_on = true;

	if (len + name_len + 2 > PATH_MAX)
		return true;
	--*budget;
	if (len)
		step->path[len] = '/';
	memcpy(step->path + len + !!len, name, name_len + 1);
	switch (step->walk->visit(step->walk->data, step->path, name)) {
	case WALK_INTO:
		go_on = walk_into(step, fd, name, budget, foreign);
		break;
	case WALK_PAST:
		break;
	case WALK_STOP:
		go_on = false;
		break;
	}
	step->path[len] = '\0';
	return go_on;
}

/* Takes over @fd. Returns false to end the walk. */
static bool walk_dir(const struct step *step, int fd, size_t *budget, bool foreign)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	bool go_on = true;

	if (!dir) {
		resolve_note_failure(step->r);
		close(fd);
		return true;
	}
	while (go_on && *budget && (entry = readdir(dir))) {
		if (entry->d_type == DT_DIR && *entry->d_name != '.')
			go_on = walk_entry(step, fd, entry->d_name, budget, foreign);
	}
	closedir(dir);
	return go_on;
}

int walk_cgroups(struct resolver *r, const struct walk *walk)
{
	char path[PATH_MAX] = "";
	struct step step = { .r = r, .walk = walk, .path = path };
	size_t budget = VISITS_MAX;
	int fd;

	fd = openat(r->mount.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	walk_dir(&step, fd, &budget, false);
	return 0;
}
