/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the text of one option's value to struct qumun_opts, with a message where it is not a good
 * one. Internal to the options: see options.h.
 */
#ifndef QUMUN_OPTION_VALUES_H
#define QUMUN_OPTION_VALUES_H

#include "option_table.h"

/* From the functions below: neither an answer nor an error, so look at the next option. */
#define GO_ON (-1)

/* Room for a value in a message; what is longer ends in dots. */
#define SHOWN_LEN 400

/**
 * struct parser - what is being read
 * @primary_text: --primary-domain as it was given there, or NULL
 * @where: "" for the command line, or "FILE:LINE: "
 * @seen: rows that were given there
 * @set: rows that were given anywhere
 * @config_line: line of the config file that gave the value in force, or 0
 */
struct parser {
	struct qumun_opts	*opts;
	const char		*primary_text;
	const char		*version_extra;
	const char		*where;
	bool			seen[OPTION_ROWS_MAX];
	bool			set[OPTION_ROWS_MAX];
	unsigned int		config_line[OPTION_ROWS_MAX];
	bool			only_check_config;
};

/** usage_error - say what is wrong; returns QUMUN_EXIT_USAGE */
__attribute__((format(printf, 1, 2)))
int usage_error(const char *fmt, ...);

/** option_prefix - what stands before a name in messages: dashes, or the place in the file */
const char *option_prefix(const struct parser *ps, const struct option_row *row);

/*
 * option_take_*() - take the value of a row of that kind
 *
 * Return GO_ON, or an exit code after an error message.
 */
int option_take_number(struct parser *ps, const struct option_row *row, const char *value);
int option_take_choice(struct parser *ps, const struct option_row *row, const char *value);
int option_take_boost(struct parser *ps, const struct option_row *row, const char *value);
int option_take_primary(struct parser *ps, const struct option_row *row, const char *value);

/** option_primary_error - what is wrong with a primary domain, and which CPUs there are */
__attribute__((format(printf, 3, 4)))
int option_primary_error(const struct parser *ps, const struct option_row *row, const char *fmt,
			 ...);

#endif /* QUMUN_OPTION_VALUES_H */
