/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files src/resolve*.c share; for others there is resolve.h.
 *
 *	resolve.c             which part answers for a target; matches and things
 *	resolve_files.c       directories and JSON files that may be believed; the walk over cgroups
 *	resolve_state.c       JSON of runtimes → struct container; no files
 *	resolve_runtimes.c    what containerd, Docker, Podman, CRI-O and kubelet keep where
 *	resolve_inventory.c   all of these and the cgroups, put together
 *	resolve_containers.c  container:NAME, container:ID
 *	resolve_pods.c        pod:NAMESPACE/NAME[/CONTAINER]
 *	resolve_units.c       unit:GLOB, and the applications of users
 *	resolve_pid.c         pid:N
 *	resolve_list.c        all that could be named
 *
 * Inside these, paths of cgroups are relative to the mount: "system.slice/nginx.service".
 */
#ifndef QUMUN_RESOLVE_PARTS_H
#define QUMUN_RESOLVE_PARTS_H

#include <dirent.h>
#include <jansson.h>
#include <limits.h>

#include "cgroup.h"
#include "resolve.h"

/* What is larger is no state file of a container; the ones seen have 3 to 20 KB. */
#define STATE_SIZE_MAX	(1 << 20)

/* Entries of one directory, and containers in all: more would be an attack on our memory. */
#define ENTRIES_MAX	65536

/* Levels of cgroups that are looked at; systemd and kubelet need 6. */
#define WALK_DEPTH_MAX	32

/* Hexadecimal digits of the ids of all runtimes but ctr, and as many as people want to see. */
#define ID_LEN		64
#define ID_SHOWN_LEN	12

/**
 * struct resolver - where to look, and whom to believe
 * @mount: the cgroup2 file system
 * @root_fd: directory that stands for "/"
 * @user: acts for this user: 0 looks in the system's places, others in their own only
 * @trusted: files of this user are believed, as are those of root
 * @failure: what has kept this call from looking somewhere, an errno such as EMFILE; without it a
 *	thing that was not found is not there
 */
struct resolver {
	struct cgroup_mount mount;
	int root_fd;
	uid_t user;
	uid_t trusted;
	int failure;
};

/** resolver_open_as - resolver_open() on behalf of a user */
int resolver_open_as(struct resolver **resolver, const char *root, uid_t user, char *why);

/** resolve_explain - write @why (RESOLVE_WHY_LEN bytes). Returns @code. */
__attribute__((format(printf, 3, 4)))
int resolve_explain(int code, char *why, const char *fmt, ...);

/** resolve_no_memory - the same for ENOMEM */
int resolve_no_memory(char *why);

/** resolve_note_failure - keep errno in @r->failure if it means that we lack something */
void resolve_note_failure(struct resolver *r);

/**
 * resolve_check_namespace - refuse to look up names where they would lead to wrong cgroups
 *
 * In another cgroup namespace /proc/PID/cgroup is relative to somewhere else, and a mount made
 * there shows a part only. Returns an exit code.
 */
int resolve_check_namespace(struct resolver *r, char *why);

/* --- resolve.c ------------------------------------------------------------------------------ */

/**
 * matches_add - add a cgroup that is there; one that is gone by now is passed over
 * @path: relative
 * @reason: static text, see struct match
 *
 * Returns 0 or -ENOMEM.
 */
__attribute__((format(printf, 5, 6)))
int matches_add(struct resolver *r, struct matches *matches, const char *path,
		const char *reason, const char *about, ...);

/** matches_finish - sort by path, drop what is in it twice */
void matches_finish(struct matches *matches);

/* --- resolve_files.c ------------------------------------------------------------------------ */

/** is_plain_name - fit for a directory of a runtime: letters, digits, "_.-", no dot first */
bool is_plain_name(const char *name);

/**
 * place_open - open a directory that is named by the program, or by root in a configuration
 * @path: absolute; links in it are followed
 *
 * Returns NULL with errno: EPERM when somebody else could have written there.
 */
DIR *place_open(struct resolver *r, const char *path);

/** dir_open - open a directory below another one; no link is followed; NULL with errno */
DIR *dir_open(struct resolver *r, DIR *above, const char *path);

/** dir_next - the next entry with a plain name, or NULL. Ends after ENTRIES_MAX. */
const char *dir_next(DIR *dir, size_t *nr);

/**
 * state_read - read a JSON file below @dir
 *
 * Returns NULL when there is none that may be believed: a link, a pipe, a foreign owner, too large,
 * not JSON.
 */
json_t *state_read(struct resolver *r, DIR *dir, const char *path);

enum walk_on {
	WALK_INTO,
	WALK_PAST,
	WALK_STOP,
};

/**
 * struct walk - how to visit cgroups
 * @visit: sees each relative path and its last part; tells whether to look below
 * @data: handed to @visit
 * @foreign: look also below directories that belong neither to root nor to the trusted user;
 *	without it, what is found was made by one of these two
 */
struct walk {
	enum walk_on (*visit)(void *data, const char *path, const char *name);
	void *data;
	bool foreign;
};

/** walk_cgroups - visit all cgroups, parents first. Returns 0 or the errno of opening the root. */
int walk_cgroups(struct resolver *r, const struct walk *walk);

/* --- resolve_state.c ------------------------------------------------------------------------ */

/** state_parse - JSON as strictly as jansson can; NULL for anything else */
json_t *state_parse(const char *text, size_t len);

/** is_full_id - 64 lower-case hexadecimal digits and no more */
bool is_full_id(const char *id);

/**
 * struct container - what is known of one; texts are NULL when unknown
 * @id: from the name of its directory
 * @runtime: for people, static text
 * @space: namespace of containerd
 * @name: what people call it
 * @pod_space: namespace of its pod
 * @pod_name: its pod
 * @pod_uid: uid of its pod, with '-'
 * @cgroups_path: linux.cgroupsPath as in the OCI specification
 * @path: its cgroup, relative; NULL when it does not run
 * @sandbox: holds the pod's namespaces and does nothing
 * @guessed: no state file tells of it, only its cgroup does
 */
struct container {
	char *id;
	const char *runtime;
	char *space;
	char *name;
	char *pod_space;
	char *pod_name;
	char *pod_uid;
	char *cgroups_path;
	char *path;
	bool sandbox;
	bool guessed;
};

void container_free(struct container *c);

/* Readers of one state file each. They return 0 or -ENOMEM, and leave alone what is not there. */
int containerd_read(const json_t *config, struct container *c);
int docker_read(const json_t *config, struct container *c);
int storage_read(const json_t *config, struct container *c);

/** storage_name - the name of container @id in containers.json of containers/storage, or NULL */
const char *storage_name(const json_t *list, const char *id);

/**
 * cgroups_path_expand - linux.cgroupsPath → relative path
 * @text: "parent.slice:prefix:name" or "/absolute/path"
 * @path: PATH_MAX bytes
 *
 * Returns false when @text is neither, or leads to the root or out of cgroup2.
 */
bool cgroups_path_expand(const char *text, char *path);

/** is_clean_path - each part between slashes is there, and neither "." nor ".." */
bool is_clean_path(const char *path);

/** cgroup_name_id - the full id at the end of a cgroup's name, or NULL; monitors have none */
const char *cgroup_name_id(const char *name, char *id);

/** cgroup_name_pod - the uid at the end of the name of a pod's cgroup; false for others */
bool cgroup_name_pod(const char *name, char *uid);

/* --- resolve_inventory.c, resolve_runtimes.c ------------------------------------------------ */

/**
 * struct pod - one that kubelet or a runtime knows of
 * @uid: with '-', also where the cgroup has '_'
 * @path: its cgroup, relative, or NULL when it has none
 */
struct pod {
	char *uid;
	char *space;
	char *name;
	char *path;
};

/**
 * struct inventory - all containers and pods
 * @looked: places that were there to be looked at, for people
 */
struct inventory {
	struct container *containers;
	size_t nr_containers;
	struct pod *pods;
	size_t nr_pods;
	char looked[1024];
};

/** inventory_read - look everywhere. Returns an exit code; free it even after a failure. */
int inventory_read(struct resolver *r, struct inventory *inv, char *why);
void inventory_free(struct inventory *inv);

/** inventory_container - room for one more, with this id; NULL without memory or at the limit */
struct container *inventory_container(struct inventory *inv, const char *id, const char *runtime);
struct pod *inventory_pod(struct inventory *inv, const char *uid);

/** inventory_looked - note that a place is there, and what came of it: "" or " (no permission)" */
void inventory_looked(struct inventory *inv, const char *place, const char *outcome);

/** runtimes_read - containers of all runtimes, pods of kubelet. Returns 0 or -ENOMEM. */
int runtimes_read(struct resolver *r, struct inventory *inv);

/** container_about - what it is, for people and safe to print; returns @text */
const char *container_about(const struct container *c, char *text, size_t size);

/* Room for what the previous one writes. */
#define ABOUT_LEN 1024

/* --- the kinds of targets ------------------------------------------------------------------- */

int resolve_container(struct resolver *r, const struct target *target,
		      struct matches *matches, char *why);
int resolve_pod(struct resolver *r, const struct target *target,
		struct matches *matches, char *why);
int resolve_unit(struct resolver *r, const struct target *target,
		 struct matches *matches, char *why);
int resolve_pid(struct resolver *r, const struct target *target,
		struct matches *matches, char *why);

/**
 * struct unit - one of systemd's units, by its cgroup
 * @name: last part of @path
 * @user: whose manager it belongs to, -1 for the system's
 */
struct unit {
	const char *path;
	const char *name;
	int64_t user;
};

/**
 * units_visit - see all services, scopes and slices
 * @visit: returns 0 to go on, or an error that ends it
 *
 * What a service has made below itself is none of systemd's; below user@UID.service it is.
 */
int units_visit(struct resolver *r, int (*visit)(void *data, const struct unit *unit), void *data);

/**
 * pid_cgroup_parse - take the cgroup2 path from a line of /proc/PID/cgroup
 * @line: with or without its newline
 * @path: relative path, "" for the root; PATH_MAX bytes
 *
 * Returns 0; -ENOENT for lines of version 1 and what is no line at all; -EXDEV for a path outside
 * of our cgroup namespace; -ENAMETOOLONG.
 */
int pid_cgroup_parse(const char *line, char *path);

#endif /* QUMUN_RESOLVE_PARTS_H */
