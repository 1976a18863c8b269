// SPDX-License-Identifier: GPL-2.0-only
/*
 * Without systemd, or where it refuses, the new cgroup is a child of the present one, not a cgroup
 * beside it or below a directory of our own: a child stays within the limits and the boosts of
 * whatever this process was started in, and cgroup2 always allows it, since a cgroup with processes
 * in it has no controllers for its children.
 *
 * Nobody is left to remove such a child: this process becomes the command. So the next run in the
 * same cgroup removes those that are empty; systemd removes its scopes by itself.
 */
#include "run_place.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "exit_codes.h"
#include "run_scope.h"
#include "util.h"

/* How long systemd may take to move us after it has agreed. */
#define MOVE_MS 5000

/* Of the directories that we make ourselves; what is older and empty gets removed. */
#define CHILD_PREFIX "scx_qumun-run-"

/* How many levels of runs in runs are looked through. */
#define NESTED_MAX 4

#define DIR_FLAGS (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

/* A command's name beyond this adds nothing to a unit's. */
#define COMMAND_MAX 40

void run_place_name(char *name, const char *prefix, const char *command, unsigned int random)
{
	const char *base = strrchr(command, '/');
	size_t len = (size_t)snprintf(name, RUN_NAME_LEN, "%.32s", prefix);

	base = base ? base + 1 : command;
	for (size_t i = 0; i < COMMAND_MAX && base[i]; i++) {
		unsigned char c = (unsigned char)base[i];
		bool plain = c < 0x80 && (isalnum(c) || strchr("_.:", c));

		len += (size_t)snprintf(name + len, RUN_NAME_LEN - len,
					plain ? "%c" : "\\x%02x", c);
	}
	snprintf(name + len, RUN_NAME_LEN - len, "-%08x", random);
}

bool run_place_parse(const char *text, char *path)
{
	size_t len;

	/* Lines of version 1 have a number other than 0, or names of controllers. */
	while (*text && strncmp(text, "0::/", 4)) {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	if (!*text)
		return false;
	text += strlen("0::");
	len = strcspn(text, "\n");
	if (len >= PATH_MAX || !strncmp(text, "/..", 3))
		return false;
	memcpy(path, text, len);
	path[len] = '\0';
	if (len == 1)
		*path = '\0';
	return !(len > 10 && !strcmp(path + len - 10, " (deleted)"));
}

/* The path of the cgroup that this process is in. */
static bool present_path(const struct cgroup_mount *mount, char *path)
{
	char text[2 * PATH_MAX], below[PATH_MAX];

	if (read_file_str("", "/proc/self/cgroup", text, sizeof(text)) < 0 ||
	    !run_place_parse(text, below))
		return false;
	return snprintf(path, PATH_MAX, "%s%s", mount->path, below) < PATH_MAX;
}

/* Waits until this process is in a cgroup whose path ends in /@name. */
static bool wait_for_move(const struct cgroup_mount *mount, const char *name, char *path)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int ms = 0; ms < MOVE_MS; ms++) {
		const char *last = present_path(mount, path) ? strrchr(path, '/') : NULL;

		if (last && !strcmp(last + 1, name))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static bool enter_scope(const struct cgroup_mount *mount, const char *command, unsigned int random,
			char *path, char *why)
{
	/* Desktops expect "app-LAUNCHER-APPLICATION-RANDOM.scope" of applications. */
	const char *prefix = geteuid() ? "app-scx_qumun-" : "scx_qumun-run-";
	char unit[RUN_NAME_LEN + sizeof(".scope")], about[256], reason[384];

	run_place_name(unit, prefix, command, random);
	strcat(unit, ".scope");
	escape_text(about, sizeof(about), command);
	if (!run_scope_request(unit, about, reason, sizeof(reason))) {
		snprintf(why, RUN_WHY_LEN, "systemd gives no scope: %s", reason);
		return false;
	}
	if (wait_for_move(mount, unit, path))
		return true;
	snprintf(why, RUN_WHY_LEN, "systemd has not moved this process into the scope %s", unit);
	return false;
}

/*
 * Removes what runs of the past have left below @parent, a descriptor that is closed here. rmdir()
 * refuses what has processes: no need to look first. A run inside of a run leaves two.
 */
static void remove_empty(int parent, int depth)
{
	DIR *dir = parent >= 0 ? fdopendir(parent) : NULL;
	const struct dirent *entry;

	if (!dir) {
		if (parent >= 0)
			close(parent);
		return;
	}
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, CHILD_PREFIX, strlen(CHILD_PREFIX)))
			continue;
		if (unlinkat(parent, entry->d_name, AT_REMOVEDIR) && depth > 0) {
			remove_empty(openat(parent, entry->d_name, DIR_FLAGS), depth - 1);
			unlinkat(parent, entry->d_name, AT_REMOVEDIR);
		}
	}
	closedir(dir);
}

/* Moves this process into the cgroup @path. Returns 0 or a negative errno. */
static int move_to(const char *path)
{
	char file[PATH_MAX];
	int fd, err = 0;

	if (snprintf(file, sizeof(file), "%s/cgroup.procs", path) >= (int)sizeof(file))
		return -ENAMETOOLONG;
	fd = open(file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* "0" is who writes. */
	if (write(fd, "0", 1) != 1)
		err = -errno;
	close(fd);
	return err;
}

static int enter_child(const char *parent, const char *command, unsigned int random, char *path)
{
	char name[RUN_NAME_LEN];
	int err;

	remove_empty(open(parent, DIR_FLAGS), NESTED_MAX);
	run_place_name(name, CHILD_PREFIX, command, random);
	if (snprintf(path, PATH_MAX, "%s/%s", parent, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	/* Another run may take it for an empty one of the past before we are in it: once more. */
	for (int tries = 0; tries < 3; tries++) {
		if (mkdir(path, 0755))
			return -errno;
		err = move_to(path);
		if (err != -ENOENT && err != -ENODEV)
			break;
	}
	if (err)
		rmdir(path);
	return err;
}

static int enter(const struct cgroup_mount *mount, const char *command, struct run_place *place,
		 char *why)
{
	char parent[PATH_MAX];
	unsigned int random;
	int err;

	*why = '\0';
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (unsigned int)getpid();
	if (run_scope_possible() && enter_scope(mount, command, random, place->path, why))
		return QUMUN_EXIT_OK;
	if (!present_path(mount, parent))
		err = -ENOENT;
	else
		err = enter_child(parent, command, random, place->path);
	if (!err)
		return QUMUN_EXIT_OK;
	if (!*why)
		snprintf(why, RUN_WHY_LEN, "no cgroup below the present one: %s", strerror(-err));
	return QUMUN_EXIT_ENVIRONMENT;
}

int run_place_enter(const char *command, struct run_place *place, char *why)
{
	struct cgroup_mount mount;
	int code;

	place->dir_fd = -1;
	code = cgroup_mount_open(&mount, why);
	if (!code)
		code = enter(&mount, command, place, why);
	cgroup_mount_close(&mount);
	if (code)
		return code;
	place->dir_fd = open(place->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (place->dir_fd >= 0)
		return QUMUN_EXIT_OK;
	snprintf(why, RUN_WHY_LEN, "its cgroup: %s", strerror(errno));
	return QUMUN_EXIT_ENVIRONMENT;
}

void run_place_close(struct run_place *place)
{
	if (place->dir_fd >= 0)
		close(place->dir_fd);
	place->dir_fd = -1;
}
