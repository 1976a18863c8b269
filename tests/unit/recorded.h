/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recorded trees of container runtimes: what a test hands out as the machine's "/", and what the
 * resolver makes of it. Layouts as the projects have them; see resolve_runtimes.c.
 */
#ifndef QUMUN_TESTS_RECORDED_H
#define QUMUN_TESTS_RECORDED_H

#include "exit_codes.h"
#include "resolve.h"

#define CGROUP		"sys/fs/cgroup"
#define TASKS		"io.containerd.runtime.v2.task"
#define CONTAINERD	"run/containerd/" TASKS
#define STORAGE		"var/lib/containers/storage/overlay-containers"

/** hex_id - a full id, another one for each number; text that stays until 8 further calls */
const char *hex_id(unsigned int number);

/** put_cgroup - a cgroup, below CGROUP */
__attribute__((format(printf, 1, 2)))
void put_cgroup(const char *fmt, ...);

/** put_dir - any directory */
__attribute__((format(printf, 1, 2)))
void put_dir(const char *fmt, ...);

/** put_link - a symbolic link at the path */
__attribute__((format(printf, 2, 3)))
void put_link(const char *to, const char *fmt, ...);

/* What containerd writes for the CRI plugin; NULL for what is missing. */
struct cri {
	const char *id;
	const char *type;
	const char *space;
	const char *pod;
	const char *uid;
	const char *name;
	const char *cgroups_path;
};

/** put_cri - config.json of a CRI container below the tasks of @root */
void put_cri(const char *root, const struct cri *cri);

/** put_task - config.json of another container of containerd */
void put_task(const char *space, const char *id, const char *cgroups_path, const char *annotations);

/** put_docker - config.v2.json of a container that is named "/name" */
void put_docker(const char *id, const char *name);

/** put_stored - userdata/config.json in containers/storage */
void put_stored(const char *id, const char *manager, const char *cgroups_path,
		const char *annotations);

/* What the last expect…() got. */
extern struct matches got;
extern char got_why[RESOLVE_WHY_LEN];

/** expect_paths - resolve @target in the tree; it must be the paths (below CGROUP) up to a NULL */
void expect_paths(const char *target, const char *const *paths);

/** expect - the same with the paths one by one */
#define expect(target, ...) expect_paths(target, (const char *const[]){ __VA_ARGS__, NULL })

/** expect_error - resolving must end with @code, and the reason hold @part */
void expect_error(const char *target, int code, const char *part);

/** resolve_as - the same on behalf of a user; the outcome is in @got and @got_why */
void resolve_as(uid_t user, const char *target, int code);

/* setup and teardown of a test with an empty tree of its own */
int make_recorded(void **state);
int drop_recorded(void **state);

#define RECORDED(test) cmocka_unit_test_setup_teardown(test, make_recorded, drop_recorded)

#endif /* QUMUN_TESTS_RECORDED_H */
