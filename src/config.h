/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The config file: options, and rules that are there from the start.
 *
 *	[options]
 *	slice-us = 4000
 *
 *	[boost web]
 *	target = container:web
 *	weight = 8192
 *
 * Text only: nothing is looked up. Whatever is not understood is an error, with its line.
 */
#ifndef QUMUN_CONFIG_H
#define QUMUN_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_PATH	"/etc/scx_qumun.conf"

/* Longer files and lines are refused; that of lines is the parser's own, inih's. */
#define CONFIG_SIZE_MAX	(256 << 10)
#define CONFIG_LINE_MAX	198

#define CONFIG_WHY_LEN	1024

/** struct config_option - a line of [options]: name of a long option, its value */
struct config_option {
	char *name;
	char *value;
	unsigned int line;
};

/**
 * struct config_rule - a section [boost NAME]
 * @target: as target_format() has it; no two alike
 * @line: that of the target
 */
struct config_rule {
	char *name;
	char *target;
	uint32_t weight;
	unsigned int line;
};

/** struct config - all of it, in the order of the file */
struct config {
	struct config_option *options;
	size_t nr_options;
	struct config_rule *rules;
	size_t nr_rules;
};

/**
 * config_read - read a config file
 * @path: regular file
 * @may_be_missing: then a file that does not exist is an empty one
 * @config: filled; release it with config_free() even after a failure
 * @why: on errors "PATH:LINE: what is wrong"; safe to print; CONFIG_WHY_LEN bytes
 *
 * Values of options are not judged here: options.c does that. Returns QUMUN_EXIT_OK, _USAGE, or
 * _ENVIRONMENT without memory.
 */
int config_read(const char *path, bool may_be_missing, struct config *config, char *why);

/** config_parse - the same for text; @path is for messages */
int config_parse(const char *path, const char *text, size_t len, struct config *config, char *why);

/**
 * config_changed_options - names of the options that two files do not give the same value
 * @text: receives them, "slice-us, stats", "" when there are none; cut where it is full
 *
 * Returns @text. Both files have been judged, so that names are safe to print.
 */
const char *config_changed_options(const struct config *a, const struct config *b, char *text,
				   size_t size);

/** config_free - release; harmless when repeated */
void config_free(struct config *config);

#endif /* QUMUN_CONFIG_H */
