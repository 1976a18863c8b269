/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of options: one row for each, from which parsing, --help and the config file follow.
 */
#ifndef QUMUN_OPTION_TABLE_H
#define QUMUN_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"

enum row_kind {
	ROW_NUMBER,
	ROW_ENVIRONMENT,
	ROW_COUNT,
	ROW_FLAG,
	ROW_CHOICE,
	ROW_PRIMARY,
	ROW_BOOST,
	ROW_BOOST_CGROUP,
	ROW_CONFIG,
	ROW_CHECK_CONFIG,
	ROW_VERSION,
	ROW_HELP,
};

/**
 * struct option_row - all that is known of one option
 * @name: long option, or environment variable
 * @letter: short option, or 0
 * @arg: placeholder of the value in --help, NULL when the option takes none
 * @offset: of the uint64_t in struct qumun_opts, for numbers and counts
 * @min: smallest accepted value
 * @max: largest accepted value
 * @unit: printed behind numbers, with its space
 * @note: more about the range, printed behind it; begins with "; "
 * @help: what the option does
 * @words: of a choice, separated by "|"; the value is the place in this list, the first one 0
 */
struct option_row {
	enum row_kind	kind;
	const char	*name;
	char		letter;
	const char	*arg;
	size_t		offset;
	uint64_t	min;
	uint64_t	max;
	const char	*unit;
	const char	*note;
	const char	*help;
	const char	*words;
};

/* Room for one flag per row; more rows than this do not compile. */
#define OPTION_ROWS_MAX 32

extern const struct option_row option_rows[];
extern const size_t nr_option_rows;

/** for_each_option - visit all rows */
#define for_each_option(row) \
	for (const struct option_row *row = option_rows; row < option_rows + nr_option_rows; row++)

/** option_index - place of a row in the table */
static inline size_t option_index(const struct option_row *row)
{
	return (size_t)(row - option_rows);
}

/** option_member - the number in @opts that a row is about */
static inline uint64_t *option_member(struct qumun_opts *opts, const struct option_row *row)
{
	return (uint64_t *)((char *)opts + row->offset);
}

/** option_dashes - what stands before the name: "--" or, for the environment, nothing */
static inline const char *option_dashes(const struct option_row *row)
{
	return row->kind == ROW_ENVIRONMENT ? "" : "--";
}

/** option_is_boost - its value is a target with a weight */
static inline bool option_is_boost(const struct option_row *row)
{
	return row->kind == ROW_BOOST || row->kind == ROW_BOOST_CGROUP;
}

/** options_print_help - the text of --help, on stdout */
void options_print_help(void);

#endif /* QUMUN_OPTION_TABLE_H */
