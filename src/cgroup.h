/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths of cgroups → ids. Version 2 of cgroups only: ids of version 1 are another number space.
 * Nothing here prints; reasons come back as text that is safe to print.
 */
#ifndef QUMUN_CGROUP_H
#define QUMUN_CGROUP_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for a reason, with the path of the mount in it. */
#define CGROUP_WHY_LEN 512

/**
 * struct cgroup_mount - an open cgroup2 file system
 * @fd: its root directory, O_PATH, or -1
 * @path: where it is mounted
 * @recorded: a tree of plain directories that stands for one, in tests
 */
struct cgroup_mount {
	int	fd;
	char	path[PATH_MAX];
	bool	recorded;
};

/**
 * struct cgroup_ref - one cgroup
 * @id: inode number of the directory, which is the id that BPF sees; the kernel does not reuse it
 * @owner: user whom the directory belongs to
 * @path: absolute and canonical: below the mount, no doubled or trailing slash
 */
struct cgroup_ref {
	uint64_t	id;
	uid_t		owner;
	char		path[PATH_MAX];
};

/**
 * cgroup_mount_open - find and open the cgroup2 file system
 * @mount: filled; close it with cgroup_mount_close() even after a failure
 * @why: on errors, what is wrong; CGROUP_WHY_LEN bytes
 *
 * Returns QUMUN_EXIT_OK or QUMUN_EXIT_ENVIRONMENT.
 */
int cgroup_mount_open(struct cgroup_mount *mount, char *why);

/**
 * cgroup_mount_open_below - the same in a recorded tree
 * @root: directory that stands for "/"; paths are without it; "" is the real file system
 *
 * Only in a recorded tree any file system will do, and a missing list of mounts means the usual
 * place, /sys/fs/cgroup.
 */
int cgroup_mount_open_below(struct cgroup_mount *mount, const char *root, char *why);

/** cgroup_mount_close - release; harmless when repeated or after a failed open */
void cgroup_mount_close(struct cgroup_mount *mount);

/**
 * cgroup_mount_parse - take the mount point from a line of /proc/self/mountinfo
 * @line: one line
 * @path: the mount point, octal escapes resolved; PATH_MAX bytes
 *
 * Returns true when the line describes a cgroup2 file system.
 */
bool cgroup_mount_parse(const char *line, char *path);

/**
 * cgroup_path_check - judge a path by its text alone
 * @mount: path of the cgroup2 mount
 * @path: what the user wrote
 * @canonical: on success the canonical path; PATH_MAX bytes
 *
 * Returns NULL, or why the path is refused: relative, too long, "..", not printable UTF-8, outside
 * @mount, or @mount itself (a boost of everything is none).
 */
const char *cgroup_path_check(const char *mount, const char *path, char *canonical);

/**
 * cgroup_resolve - find the cgroup that a path names
 * @mount: from cgroup_mount_open()
 * @path: what the user wrote; doubled and trailing slashes are fine
 * @ref: filled on success
 * @why: on errors, what is wrong and what is accepted; without the path; CGROUP_WHY_LEN bytes
 *
 * The id and all checks come from one descriptor, and no link is followed: nothing can be exchanged
 * in between. Returns QUMUN_EXIT_OK, _NOT_FOUND when there is no such cgroup, _USAGE when the path
 * is refused, _PRIVILEGE when it must not be looked at, _ENVIRONMENT for failures of the system.
 */
int cgroup_resolve(const struct cgroup_mount *mount, const char *path, struct cgroup_ref *ref,
		   char *why);

/**
 * cgroup_open - open the directory of a cgroup
 * @mount: from cgroup_mount_open()
 * @path: canonical path, as in struct cgroup_ref
 *
 * No link is followed, and nothing but cgroup2 is opened. Returns a descriptor (O_PATH) or a
 * negative errno.
 */
int cgroup_open(const struct cgroup_mount *mount, const char *path);

/**
 * cgroup_still_is - tell whether a path still names the cgroup that it did
 * @mount: from cgroup_mount_open()
 * @path: canonical path from cgroup_resolve()
 * @id: id from the same call
 *
 * Returns 1 when it does, 0 when the cgroup is gone or another one has its path, or a negative
 * errno when that cannot be told now; keep the entry then.
 */
int cgroup_still_is(const struct cgroup_mount *mount, const char *path, uint64_t id);

#endif /* QUMUN_CGROUP_H */
