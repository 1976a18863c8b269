/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a user wants to boost: from its text to one struct. Nothing is looked up: see resolve.h.
 */
#ifndef QUMUN_TARGET_H
#define QUMUN_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define TARGET_WHY_LEN 256

/* Room for the text of any target. */
#define TARGET_TEXT_LEN PATH_MAX

/**
 * enum target_kind - sorts of targets, and how they are written
 * @TARGET_CGROUP: /sys/fs/cgroup/PATH, the absolute path of a cgroup
 * @TARGET_CONTAINER: container:NAME or container:ID-PREFIX
 * @TARGET_POD: pod:NAMESPACE/NAME or pod:NAMESPACE/NAME/CONTAINER
 * @TARGET_UNIT: unit:GLOB, a systemd unit of the system or of a user
 * @TARGET_PID: pid:N, the cgroup of a process; pid:N/tree, the process and its later children
 */
enum target_kind {
	TARGET_CGROUP,
	TARGET_CONTAINER,
	TARGET_POD,
	TARGET_UNIT,
	TARGET_PID,
};

/**
 * struct target - what is to be boosted
 * @name: path, container, pod or pattern; NULL for TARGET_PID
 * @space: namespace of a pod, else NULL
 * @container: container of a pod, or NULL for all of it
 * @pid: of TARGET_PID, else 0
 * @tree: TARGET_PID by task, with the children it will have, instead of by cgroup
 */
struct target {
	enum target_kind kind;
	char *name;
	char *space;
	char *container;
	pid_t pid;
	bool tree;
};

/**
 * target_parse - read the text of a target
 * @target: filled; release it with target_free() even after a failure
 * @why: on errors, what is wrong and what is accepted; safe to print; TARGET_WHY_LEN bytes
 *
 * unit:NAME without a type is a service, as with systemctl; unit:PATTERN is taken as it is.
 *
 * Returns QUMUN_EXIT_OK, _USAGE, or _ENVIRONMENT without memory.
 */
int target_parse(const char *text, struct target *target, char *why);

/** target_format - the canonical text; equal targets have equal texts. Returns @text. */
const char *target_format(const struct target *target, char *text, size_t size);

/** target_free - release; harmless when repeated */
void target_free(struct target *target);

#endif /* QUMUN_TARGET_H */
