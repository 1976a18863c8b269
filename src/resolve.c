// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which part of the resolver answers for a target, and the lists that answers are; the contracts
 * are in resolve.h.
 */
#ifndef _GNU_SOURCE
/* For O_PATH. */
#define _GNU_SOURCE
#endif
#include "resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_codes.h"
#include "resolve_parts.h"
#include "util.h"

/* Inode number of the root of cgroup2, and of the first cgroup namespace. */
#define ROOT_CGROUP_ID	1
#define INIT_CGROUP_NS	0xeffffffb

int resolve_explain(int code, char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, RESOLVE_WHY_LEN, fmt, args);
	va_end(args);
	return code;
}

int resolve_no_memory(char *why)
{
	return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "%s", strerror(ENOMEM));
}

void resolve_note_failure(struct resolver *r)
{
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
		r->failure = errno;
}

static int open_root(struct resolver *r, const char *root, char *why)
{
	char shown[256];
	struct stat st;

	r->root_fd = open(*root ? root : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->root_fd < 0 || fstat(r->root_fd, &st))
		return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "%s: %s",
				       escape_text(shown, sizeof(shown), *root ? root : "/"),
				       strerror(errno));
	/* Who has recorded a tree stands for root in it. */
	r->trusted = *root ? st.st_uid : r->user;
	return cgroup_mount_open_below(&r->mount, root, why);
}

int resolver_open_as(struct resolver **resolver, const char *root, uid_t user, char *why)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int code;

	*resolver = NULL;
	if (!r)
		return resolve_no_memory(why);
	*r = (struct resolver){ .mount.fd = -1, .root_fd = -1, .user = user };
	code = open_root(r, root, why);
	if (code)
		resolver_close(r);
	else
		*resolver = r;
	return code;
}

int resolver_open(struct resolver **resolver, const char *root, char *why)
{
	/* A recorded tree is that of a system, whoever looks at it. */
	return resolver_open_as(resolver, root, *root ? 0 : geteuid(), why);
}

void resolver_close(struct resolver *r)
{
	if (!r)
		return;
	cgroup_mount_close(&r->mount);
	if (r->root_fd >= 0)
		close(r->root_fd);
	free(r);
}

int resolve_check_namespace(struct resolver *r, char *why)
{
	struct stat mount, space;

	if (r->mount.recorded)
		return QUMUN_EXIT_OK;
	if (!fstat(r->mount.fd, &mount) && mount.st_ino == ROOT_CGROUP_ID &&
	    (stat("/proc/self/ns/cgroup", &space) || space.st_ino == INIT_CGROUP_NS))
		return QUMUN_EXIT_OK;
	return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "names cannot be looked up inside of a "
			       "cgroup namespace (outside of containers, or by the cgroup's path)");
}

static int resolve_path(struct resolver *r, const struct target *target,
			struct matches *matches, char *why)
{
	struct cgroup_ref ref;
	int code;

	code = cgroup_resolve(&r->mount, target->name, &ref, why);
	if (!code && matches_add(r, matches, ref.path + strlen(r->mount.path) + 1,
				 "its path", "cgroup"))
		code = resolve_no_memory(why);
	return code;
}

static int resolve_kind(struct resolver *r, const struct target *target,
			struct matches *matches, char *why)
{
	switch (target->kind) {
	case TARGET_CGROUP:
		return resolve_path(r, target, matches, why);
	case TARGET_CONTAINER:
		return resolve_container(r, target, matches, why);
	case TARGET_POD:
		return resolve_pod(r, target, matches, why);
	case TARGET_UNIT:
		return resolve_unit(r, target, matches, why);
	case TARGET_PID:
		return resolve_pid(r, target, matches, why);
	}
	return resolve_explain(QUMUN_EXIT_USAGE, why, "not a target");
}

int resolve_target(struct resolver *r, const struct target *target, struct matches *matches,
		   char *why)
{
	int code = QUMUN_EXIT_OK;

	*matches = (struct matches){ 0 };
	*why = '\0';
	if (target->kind != TARGET_CGROUP)
		code = resolve_check_namespace(r, why);
	r->failure = 0;
	if (!code)
		code = resolve_kind(r, target, matches, why);
	/* What was not found for lack of descriptors may well be there. */
	if (r->failure)
		return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "cannot be looked up: %s",
				       strerror(r->failure));
	if (code)
		return code;
	matches_finish(matches);
	if (!matches->nr && !target->tree)
		return resolve_explain(QUMUN_EXIT_NOT_FOUND, why,
				       "its cgroup was removed just now");
	return QUMUN_EXIT_OK;
}

int match_open(const struct resolver *r, const struct match *match)
{
	struct stat st;
	int fd;

	fd = cgroup_open(&r->mount, match->path);
	if (fd < 0)
		return fd;
	if (!fstat(fd, &st) && st.st_ino == match->cgroup_id)
		return fd;
	close(fd);
	return -ESTALE;
}

/* --- lists ------------------------------------------------------------------------------------ */

static void match_free(struct match *match)
{
	free(match->path);
	free(match->about);
	*match = (struct match){ 0 };
}

/* Fills what is known from the directory. Returns 0, or a negative errno. */
static int match_look(struct resolver *r, const char *path, struct match *match)
{
	struct stat st;
	int fd, err = 0;

	if (asprintf(&match->path, "%s/%s", r->mount.path, path) < 0) {
		match->path = NULL;
		return -ENOMEM;
	}
	fd = cgroup_open(&r->mount, match->path);
	if (fd < 0) {
		errno = -fd;
		resolve_note_failure(r);
		return fd;
	}
	if (fstat(fd, &st))
		err = -errno;
	close(fd);
	match->cgroup_id = st.st_ino;
	match->owner = st.st_uid;
	return err;
}

int matches_add(struct resolver *r, struct matches *matches, const char *path,
		const char *reason, const char *about, ...)
{
	struct match match = { .reason = reason }, *rows;
	char text[ABOUT_LEN];
	va_list args;
	int err;

	err = match_look(r, path, &match);
	if (err) {
		match_free(&match);
		return err == -ENOMEM ? err : 0;
	}
	va_start(args, about);
	vsnprintf(text, sizeof(text), about, args);
	va_end(args);
	match.about = strdup(text);
	rows = reallocarray(matches->rows, matches->nr + 1, sizeof(*rows));
	if (rows)
		matches->rows = rows;
	if (!rows || !match.about) {
		match_free(&match);
		return -ENOMEM;
	}
	rows[matches->nr++] = match;
	return 0;
}

static int compare_matches(const void *a, const void *b)
{
	const struct match *one = a, *two = b;

	return strcmp(one->path, two->path);
}

void matches_finish(struct matches *matches)
{
	size_t nr = 0;

	if (matches->nr)
		qsort(matches->rows, matches->nr, sizeof(*matches->rows), compare_matches);
	for (size_t i = 0; i < matches->nr; i++) {
		struct match *match = &matches->rows[i];

		if (nr && matches->rows[nr - 1].cgroup_id == match->cgroup_id)
			match_free(match);
		else
			matches->rows[nr++] = *match;
	}
	matches->nr = nr;
}

void matches_free(struct matches *matches)
{
	for (size_t i = 0; i < matches->nr; i++)
		match_free(&matches->rows[i]);
	free(matches->rows);
	*matches = (struct matches){ 0 };
}

void things_free(struct things *things)
{
	for (size_t i = 0; i < things->nr; i++) {
		free(things->rows[i].target);
		free(things->rows[i].title);
		match_free(&things->rows[i].match);
	}
	free(things->rows);
	*things = (struct things){ 0 };
}
