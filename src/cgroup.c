// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths of cgroups → ids; the contracts are in cgroup.h.
 */
#ifndef _GNU_SOURCE
/* For O_PATH. */
#define _GNU_SOURCE
#endif
#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "exit_codes.h"
#include "util.h"

#define MOUNTINFO	"/proc/self/mountinfo"
#define USUAL_MOUNT	"/sys/fs/cgroup"

/* A 32-bit st_ino would hold half of an id; name_to_handle_at() would be the way then. */
_Static_assert(sizeof(((struct stat *)NULL)->st_ino) == sizeof(uint64_t),
	       "cgroup ids need a 64-bit st_ino");

__attribute__((format(printf, 3, 4)))
static int explain(int code, char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, CGROUP_WHY_LEN, fmt, args);
	va_end(args);
	return code;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Copies the field at @from, up to a blank; the kernel writes blanks inside as \040. */
static bool copy_field(char *to, size_t size, const char *from)
{
	while (*from && *from != ' ') {
		if (size-- <= 1)
			return false;
		if (*from == '\\' && is_octal(from[1]) && is_octal(from[2]) && is_octal(from[3])) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 |
				       (from[3] - '0'));
			from += 4;
		} else {
			*to++ = *from++;
		}
	}
	*to = '\0';
	return true;
}

bool cgroup_mount_parse(const char *line, char *path)
{
	/* "31 23 0:28 / /sys/fs/cgroup rw,relatime shared:9 - cgroup2 cgroup2 rw" */
	const char *type = strstr(line, " - ");
	const char *field = line;

	if (!type || strncmp(type, " - cgroup2 ", strlen(" - cgroup2 ")))
		return false;
	for (int i = 0; i < 4; i++) {
		field = strchr(field, ' ');
		if (!field || field >= type)
			return false;
		field++;
	}
	return *field == '/' && copy_field(path, PATH_MAX, field);
}

static bool is_cgroup2(const struct cgroup_mount *mount, int fd)
{
	struct statfs fs;

	if (mount->recorded)
		return true;
	return !fstatfs(fd, &fs) && fs.f_type == CGROUP2_SUPER_MAGIC;
}

/* A mount that another one covers, or that we may not enter, is as good as none. */
static bool try_mount(struct cgroup_mount *mount, const char *root)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, mount->path);
	mount->fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount->fd < 0)
		return false;
	if (is_cgroup2(mount, mount->fd))
		return true;
	cgroup_mount_close(mount);
	return false;
}

/* Returns NULL, with errno, where there is no list. */
static FILE *open_mountinfo(const char *root)
{
	char full[PATH_MAX + sizeof(MOUNTINFO)];

	snprintf(full, sizeof(full), "%s%s", root, MOUNTINFO);
	return fopen(full, "re");
}

int cgroup_mount_open_below(struct cgroup_mount *mount, const char *root, char *why)
{
	bool found = false;
	char *line = NULL;
	size_t size = 0;
	FILE *file;

	*mount = (struct cgroup_mount){ .fd = -1, .recorded = *root, .path = USUAL_MOUNT };
	file = open_mountinfo(root);
	if (!file && !mount->recorded)
		return explain(QUMUN_EXIT_ENVIRONMENT, why, "%s: %s (needed to find cgroup2)",
			       MOUNTINFO, strerror(errno));
	if (!file)
		found = try_mount(mount, root);
	while (file && !found && getline(&line, &size, file) >= 0)
		found = cgroup_mount_parse(line, mount->path) && try_mount(mount, root);
	free(line);
	if (file)
		fclose(file);
	if (!found)
		return explain(QUMUN_EXIT_ENVIRONMENT, why,
			       "no cgroup2 file system is mounted (usually at %s)", USUAL_MOUNT);
	return QUMUN_EXIT_OK;
}

int cgroup_mount_open(struct cgroup_mount *mount, char *why)
{
	return cgroup_mount_open_below(mount, "", why);
}

void cgroup_mount_close(struct cgroup_mount *mount)
{
	if (mount->fd >= 0)
		close(mount->fd);
	mount->fd = -1;
}

static bool has_dot_dot(const char *path)
{
	size_t len;

	for (; *path; path += len) {
		path += strspn(path, "/");
		len = strcspn(path, "/");
		if (len == 2 && !strncmp(path, "..", 2))
			return true;
	}
	return false;
}

const char *cgroup_path_check(const char *mount, const char *path, char *canonical)
{
	size_t len = strlen(mount);

	if (!*path)
		return "empty path";
	if (strlen(path) >= PATH_MAX)
		return "path too long";
	if (!text_is_printable(path))
		return "control or invisible characters, or invalid UTF-8";
	if (*path != '/')
		return "relative path";
	if (has_dot_dot(path))
		return "'..' in the path";

	strcpy(canonical, path);
	path_normalise(canonical);
	if (!strcmp(canonical, mount))
		return "the root cgroup holds everything, a boost of it means nothing";
	if (strncmp(canonical, mount, len) || canonical[len] != '/')
		return "outside cgroup2";
	return NULL;
}

int cgroup_open(const struct cgroup_mount *mount, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	size_t len = strlen(mount->path);
	long fd;

	if (strncmp(path, mount->path, len) || path[len] != '/')
		return -EXDEV;
	/* RESOLVE_BENEATH asks for a retry when something was renamed meanwhile. */
	do
		fd = syscall(SYS_openat2, mount->fd, path + len + 1, &how, sizeof(how));
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	if (fd < 0)
		return -errno;
	if (is_cgroup2(mount, (int)fd))
		return (int)fd;
	close((int)fd);
	return -EXDEV;
}

/* What is known of the cgroup at the canonical @path; 0 or a negative errno. */
static int look_at(const struct cgroup_mount *mount, const char *path, struct stat *st)
{
	int fd, err;

	fd = cgroup_open(mount, path);
	if (fd < 0)
		return fd;
	err = fstat(fd, st) ? -errno : 0;
	close(fd);
	return err;
}

/* One row for each errno of openat2() that the user can cause. */
static const struct {
	int		err;
	int		code;
	const char	*why;
} faults[] = {
	{ -ENOENT,	 QUMUN_EXIT_NOT_FOUND,	"no such cgroup" },
	{ -ENOTDIR,	 QUMUN_EXIT_USAGE,	"a file, not a cgroup" },
	{ -ELOOP,	 QUMUN_EXIT_USAGE,	"a symbolic link in the path" },
	{ -EXDEV,	 QUMUN_EXIT_USAGE,	"leads out of cgroup2" },
	{ -ENAMETOOLONG, QUMUN_EXIT_USAGE,	"a name in the path is too long" },
	{ -EACCES,	 QUMUN_EXIT_PRIVILEGE,	"permission denied" },
};

static int explain_errno(int err, const char *mount, char *why)
{
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
		if (faults[i].err == err)
			return explain(faults[i].code, why, "%s (a directory below %s)",
				       faults[i].why, mount);
	}
	return explain(QUMUN_EXIT_ENVIRONMENT, why, "cannot be opened: %s", strerror(-err));
}

int cgroup_resolve(const struct cgroup_mount *mount, const char *path, struct cgroup_ref *ref,
		   char *why)
{
	char shown[CGROUP_WHY_LEN / 2];
	const char *fault;
	struct stat st;
	int err;

	escape_text(shown, sizeof(shown), mount->path);
	fault = cgroup_path_check(mount->path, path, ref->path);
	if (fault)
		return explain(QUMUN_EXIT_USAGE, why, "%s (an absolute path below %s)", fault,
			       shown);
	err = look_at(mount, ref->path, &st);
	if (err)
		return explain_errno(err, shown, why);
	ref->id = st.st_ino;
	ref->owner = st.st_uid;
	return QUMUN_EXIT_OK;
}

int cgroup_still_is(const struct cgroup_mount *mount, const char *path, uint64_t id)
{
	struct stat st;
	int err;

	err = look_at(mount, path, &st);
	if (err == -ENOENT || err == -ENOTDIR)
		return 0;
	return err ? err : st.st_ino == id;
}
