/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scx_qumun VERB …: what can be asked of a running scheduler, or without one. Each has a file of
 * its own, src/verb_NAME.c, and a row in src/verb.c. No verb: schedule.
 */
#ifndef QUMUN_VERB_H
#define QUMUN_VERB_H

#include <stddef.h>

/**
 * struct verb - one of them
 * @name: as typed
 * @usage: its arguments, for --help
 * @help: what it does, one line
 * @run: @argv[0] is the verb. Returns an exit code, after it has printed what is wrong.
 */
struct verb {
	const char *name;
	const char *usage;
	const char *help;
	int (*run)(int argc, char **argv);
};

/** verb_find - the verb that is named, or NULL */
const struct verb *verb_find(const char *name);

/** verb_print_help - a line for each, for --help */
void verb_print_help(void);

/** verb_names - "run, pick, boost": what is accepted, for messages. Returns @text. */
const char *verb_names(char *text, size_t size);

int verb_boost(int argc, char **argv);
int verb_pick(int argc, char **argv);
int verb_resolve(int argc, char **argv);
int verb_run(int argc, char **argv);
int verb_status(int argc, char **argv);

#endif /* QUMUN_VERB_H */
