/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Targets → cgroups, by what lies on disk: state directories of container runtimes, logs of pods,
 * names of cgroups. No network, no daemon is asked. What is read is hostile: names, sizes and
 * owners are checked, and nothing that a normal user can write is believed.
 *
 * Nothing here prints or keeps state between two calls: whoever has rules asks again.
 */
#ifndef QUMUN_RESOLVE_H
#define QUMUN_RESOLVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target.h"

/* Room for a reason; lists of candidates have several lines. */
#define RESOLVE_WHY_LEN 4096

struct resolver;

/**
 * struct match - one cgroup that a target stands for
 * @cgroup_id: inode number of its directory
 * @path: its absolute path
 * @owner: who owns the directory
 * @about: what it is, for people: "container web, containerd (k8s.io), 0123456789ab"; safe to print
 * @reason: why it matches: "its name"; static text
 */
struct match {
	uint64_t cgroup_id;
	char *path;
	uid_t owner;
	char *about;
	const char *reason;
};

/** struct matches - all of them, in the order of their paths, no cgroup twice */
struct matches {
	struct match *rows;
	size_t nr;
};

/**
 * resolver_open - find the cgroup2 file system
 * @root: directory that stands for "/", with recorded trees in tests; "" is the real one
 * @why: on errors, what is wrong; RESOLVE_WHY_LEN bytes
 *
 * Returns QUMUN_EXIT_OK or QUMUN_EXIT_ENVIRONMENT.
 */
int resolver_open(struct resolver **resolver, const char *root, char *why);

/** resolver_close - release; NULL is fine */
void resolver_close(struct resolver *resolver);

/**
 * resolve_target - the cgroups that a target stands for at present
 * @matches: filled; release it with matches_free() even after a failure
 * @why: on errors, what is wrong, where was looked, or which candidates there are, a line each;
 *	safe to print; RESOLVE_WHY_LEN bytes
 *
 * A process by itself (pid:N/tree) has no cgroup: when it is there, that is no match and no error.
 *
 * Returns QUMUN_EXIT_OK; _NOT_FOUND when there is no such thing (now: a rule may wait for it);
 * _USAGE when the name is ambiguous or refused; _PRIVILEGE; _ENVIRONMENT.
 */
int resolve_target(struct resolver *resolver, const struct target *target,
		   struct matches *matches, char *why);

/**
 * match_open - open the directory of a match, if that is still the same cgroup
 *
 * Returns a descriptor (O_PATH), -ESTALE when another cgroup has the path now, or another negative
 * errno.
 */
int match_open(const struct resolver *resolver, const struct match *match);

/** matches_free - release; harmless when repeated */
void matches_free(struct matches *matches);

/**
 * struct thing - something that runs and can be boosted, for lists that people choose from
 * @target: text of the target that names it
 * @title: for people: "web", "default/nginx", "firefox"; safe to print
 * @sort: "container", "pod", "unit" or "app"; static text
 * @match: its cgroup
 */
struct thing {
	char *target;
	char *title;
	const char *sort;
	struct match match;
};

struct things {
	struct thing *rows;
	size_t nr;
};

/** resolve_list - all containers, pods, service units and user applications that run now */
int resolve_list(struct resolver *resolver, struct things *things, char *why);

/** things_free - release; harmless when repeated */
void things_free(struct things *things);

#endif /* QUMUN_RESOLVE_H */
