/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A cgroup of its own for the command of `scx_qumun run`: this process moves there, and becomes the
 * command later. Where systemd runs, a transient scope; elsewhere a child of the present cgroup.
 * Nothing here prints.
 */
#ifndef QUMUN_RUN_PLACE_H
#define QUMUN_RUN_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define RUN_WHY_LEN	768
#define RUN_NAME_LEN	256

/**
 * struct run_place - the cgroup that this process is in now
 * @path: absolute path of its directory
 * @dir_fd: descriptor of the directory, O_PATH, close-on-exec; or -1
 */
struct run_place {
	char	path[PATH_MAX];
	int	dir_fd;
};

/**
 * run_place_enter - move this process into a new cgroup
 * @command: what it is for; its last component becomes part of the name
 * @place: filled; close it with run_place_close() even after a failure
 * @why: on errors, what is wrong; safe to print; RUN_WHY_LEN bytes
 *
 * Returns QUMUN_EXIT_OK, or _ENVIRONMENT: then this process is where it was.
 */
int run_place_enter(const char *command, struct run_place *place, char *why);

/** run_place_close - release; the process stays where it is */
void run_place_close(struct run_place *place);

/**
 * run_place_name - "PREFIXfirefox-1f2e3d4c", fit for a unit and for a directory
 * @name: RUN_NAME_LEN bytes
 * @prefix: short, and valid as it is
 * @command: its last component is taken, what systemd does not allow in names is written as \xNN
 * @random: tells two runs of one command apart
 */
void run_place_name(char *name, const char *prefix, const char *command, unsigned int random);

/**
 * run_place_parse - the path below the cgroup2 mount, from the text of /proc/PID/cgroup
 * @text: the whole file
 * @path: PATH_MAX bytes, "" for the root
 *
 * Returns false when there is none, or when it was removed or lies outside of our namespace.
 */
bool run_place_parse(const char *text, char *path);

#endif /* QUMUN_RUN_PLACE_H */
