// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command line, environment, and the options of the config file. Knows nothing of libbpf, and looks
 * at the file system only for that file, to tell PATH:WEIGHT from a path with a colon in its name,
 * and a CPU that is online from one that is not.
 */
#include "options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_codes.h"
#include "log.h"
#include "option_values.h"
#include "util.h"
#include "verb.h"

/* What getopt_long() returns for the long option of the first row; above all letters. */
#define LONG_BASE 256

static int take_config(struct parser *ps, const char *value)
{
	struct qumun_opts *opts = ps->opts;

	if (opts->config_given && strcmp(opts->config_path, value))
		return usage_error("--config: given twice, with different files (once)");
	opts->config_path = value;
	opts->config_given = true;
	return GO_ON;
}

static int print_version(const char *extra)
{
	puts("scx_qumun " QUMUN_VERSION);
	if (extra)
		puts(extra);
	return QUMUN_EXIT_OK;
}

static int take_row(struct parser *ps, const struct option_row *row, const char *value)
{
	switch (row->kind) {
	case ROW_NUMBER:
	case ROW_ENVIRONMENT:
		return option_take_number(ps, row, value);
	case ROW_COUNT:
		++*option_member(ps->opts, row);
		return GO_ON;
	case ROW_FLAG:
		*option_member(ps->opts, row) = 1;
		ps->set[option_index(row)] = true;
		return GO_ON;
	case ROW_CHOICE:
		return option_take_choice(ps, row, value);
	case ROW_PRIMARY:
		return option_take_primary(ps, row, value);
	case ROW_BOOST:
	case ROW_BOOST_CGROUP:
		return option_take_boost(ps, row, value);
	case ROW_CONFIG:
		return take_config(ps, value);
	case ROW_CHECK_CONFIG:
		ps->only_check_config = true;
		return GO_ON;
	case ROW_VERSION:
		return print_version(ps->version_extra);
	case ROW_HELP:
		options_print_help();
		return QUMUN_EXIT_OK;
	}
	return GO_ON;
}

/* The row that a value from getopt_long(), or its optopt, stands for; NULL for unknown options. */
static const struct option_row *find_row(int value)
{
	for_each_option(row) {
		if (value == LONG_BASE + (int)option_index(row) || (value && value == row->letter))
			return row;
	}
	return NULL;
}

/*
 * getopt_long() accepts any unambiguous start of a name. We do not: the next new option would break
 * the scripts that rely on it.
 */
static bool is_abbreviated(const char *token, const struct option_row *row)
{
	return !strncmp(token, "--", 2) && strcspn(token + 2, "=") != strlen(row->name);
}

static int unknown_option(const char *token)
{
	char shown[SHOWN_LEN];

	escape_text(shown, sizeof(shown), token);
	return usage_error("%s: unknown option (see scx_qumun --help)", shown);
}

/* getopt_long() has found fault with @token: @reason is ':' or '?', optopt tells more. */
static int bad_option(const struct parser *ps, const char *token, int reason)
{
	const struct option_row *row = find_row(optopt);
	char letter[] = { '-', (char)optopt, '\0' };
	char shown[SHOWN_LEN];

	if (strncmp(token, "--", 2) && !row)
		return unknown_option(letter);
	if (!row || is_abbreviated(token, row))
		return unknown_option(token);
	if (reason == ':' && row->kind == ROW_CONFIG)
		return usage_error("--%s: needs a value (a file; see scx_qumun --help)", row->name);
	if (reason == ':' && option_is_boost(row))
		return usage_error("--%s: needs a value, as in --%s=%s:8192 (weight %" PRIu64 "..%"
				   PRIu64 "; see scx_qumun --help)", row->name, row->name,
				   row->kind == ROW_BOOST ? "container:web" : "/sys/fs/cgroup/game",
				   row->min, row->max);
	if (reason == ':' && row->words)
		return usage_error("--%s: needs a value (%s; see scx_qumun --help)", row->name,
				   row->words);
	if (reason == ':' && row->kind == ROW_PRIMARY)
		return option_primary_error(ps, row, "needs a value");
	if (reason == ':')
		return usage_error("--%s: needs a value (%" PRIu64 "..%" PRIu64 "%s%s; see "
				   "scx_qumun --help)", row->name, row->min, row->max, row->unit,
				   row->note);
	escape_text(shown, sizeof(shown), token);
	return usage_error("%s: takes no value (see scx_qumun --help)", shown);
}

/* Fills what getopt_long() wants to know, from the table. */
static void build_tables(struct option *longs, char *shorts)
{
	/* '+': stop at the first argument; ':': tell a missing value from an unknown option. */
	shorts = stpcpy(shorts, "+:");
	for (size_t i = 0; i < nr_option_rows; i++) {
		if (option_rows[i].kind == ROW_ENVIRONMENT)
			continue;
		*longs++ = (struct option){
			.name = option_rows[i].name,
			.has_arg = option_rows[i].arg ? required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (option_rows[i].letter)
			*shorts++ = option_rows[i].letter;
		if (option_rows[i].letter && option_rows[i].arg)
			*shorts++ = ':';
	}
	*longs = (struct option){ 0 };
	*shorts = '\0';
}

static int take_arguments(struct parser *ps, int argc, char **argv)
{
	struct option longs[OPTION_ROWS_MAX + 1];
	char shorts[2 * OPTION_ROWS_MAX + sizeof("+:")];
	char shown[SHOWN_LEN], names[128];

	build_tables(longs, shorts);
	opterr = 0;
	/* 0 instead of 1 makes glibc and musl forget an earlier call. */
	optind = 0;
	for (;;) {
		const char *token = argv[optind ? optind : 1];
		int value = getopt_long(argc, argv, shorts, longs, NULL);
		const struct option_row *row = find_row(value);
		int code;

		if (value == -1)
			break;
		if (!row)
			code = bad_option(ps, token, value);
		else if (is_abbreviated(token, row))
			code = unknown_option(token);
		else
			code = take_row(ps, row, optarg);
		if (code != GO_ON)
			return code;
	}
	if (optind == argc)
		return GO_ON;
	escape_text(shown, sizeof(shown), argv[optind]);
	return usage_error("'%s': unexpected argument (options only, or a verb as the first "
			   "argument: %s; see scx_qumun --help)", shown,
			   verb_names(names, sizeof(names)));
}

static int take_environment(struct parser *ps)
{
	for_each_option(row) {
		const char *value = row->kind == ROW_ENVIRONMENT ? getenv(row->name) : NULL;
		int code = value ? take_row(ps, row, value) : GO_ON;

		if (code != GO_ON)
			return code;
	}
	return GO_ON;
}

/* The row that fills the number at @offset of struct qumun_opts; there is one. */
static const struct option_row *row_of_number(size_t offset)
{
	const struct option_row *row = option_rows;

	while (row->kind != ROW_NUMBER || row->offset != offset)
		row++;
	return row;
}

/* Options that are right one by one and contradict each other. */
static int check_together(struct parser *ps)
{
	const struct option_row *longest = row_of_number(offsetof(struct qumun_opts, slice_us));
	const struct option_row *shortest = row_of_number(offsetof(struct qumun_opts, slice_us_min));
	unsigned int longest_line = ps->config_line[option_index(longest)];
	unsigned int shortest_line = ps->config_line[option_index(shortest)];
	struct qumun_opts *opts = ps->opts;
	char shown[SHOWN_LEN / 2], subject[SHOWN_LEN] = "--", object[SHOWN_LEN] = "--slice-us";

	if (opts->slice_us_min <= opts->slice_us)
		return GO_ON;
	/* Nobody asked for this minimum: "-s 500" alone must work. */
	if (!ps->set[option_index(shortest)]) {
		opts->slice_us_min = opts->slice_us;
		return GO_ON;
	}
	escape_text(shown, sizeof(shown), opts->config_path);
	if (shortest_line)
		snprintf(subject, sizeof(subject), "%s:%u: ", shown, shortest_line);
	if (longest_line && shortest_line)
		snprintf(object, sizeof(object), "slice-us in line %u", longest_line);
	else if (longest_line)
		snprintf(object, sizeof(object), "slice-us in %s:%u", shown, longest_line);
	else if (!ps->set[option_index(longest)])
		strcpy(object, "the default slice-us");
	return usage_error("%sslice-us-min: %" PRIu64 " us is longer than %s, %" PRIu64
			   " us (at most slice-us)",
			   subject, opts->slice_us_min, object, opts->slice_us);
}

/* The row of an option that a config file may have, or NULL. */
static const struct option_row *config_row(const char *name)
{
	for_each_option(row) {
		if (row->kind <= ROW_PRIMARY && row->kind != ROW_COUNT &&
		    row->kind != ROW_ENVIRONMENT && !strcmp(row->name, name))
			return row;
	}
	return NULL;
}

static int take_config_flag(struct parser *ps, const struct option_row *row, const char *value)
{
	char shown[SHOWN_LEN];

	if (!strcmp(value, "yes"))
		return take_row(ps, row, value);
	if (!strcmp(value, "no"))
		return GO_ON;
	escape_text(shown, sizeof(shown), value);
	return usage_error("%s%s: '%s' is neither yes nor no", ps->where, row->name, shown);
}

/* What the command line has said stays; all the same the value has to be a good one. */
static int take_config_option(struct parser *ps, const struct config_option *option)
{
	const struct option_row *row = config_row(option->name);
	char where[SHOWN_LEN], shown[SHOWN_LEN / 2];
	struct qumun_opts before = *ps->opts;
	bool keep = row && ps->set[option_index(row)];
	int code;

	escape_text(shown, sizeof(shown), ps->opts->config_path);
	snprintf(where, sizeof(where), "%s:%u: ", shown, option->line);
	if (!row)
		return usage_error("%s%s: not an option for config files (see scx_qumun --help)",
				   where, escape_text(shown, sizeof(shown), option->name));
	ps->where = where;
	ps->seen[option_index(row)] = false;
	ps->primary_text = NULL;
	code = row->kind == ROW_FLAG ? take_config_flag(ps, row, option->value) :
				       take_row(ps, row, option->value);
	ps->where = "";
	if (keep)
		*ps->opts = before;
	else
		ps->config_line[option_index(row)] = option->line;
	return code;
}

static int take_config_file(struct parser *ps, struct config *config)
{
	bool may_be_missing = !ps->opts->config_given;
	char why[CONFIG_WHY_LEN];
	int code;

	code = config_read(ps->opts->config_path, may_be_missing, config, why);
	if (code) {
		log_error("%s", why);
		return code;
	}
	for (size_t i = 0; i < config->nr_options; i++) {
		code = take_config_option(ps, &config->options[i]);
		if (code != GO_ON)
			return code;
	}
	return GO_ON;
}

int options_check_config(const struct qumun_opts *opts, struct config *config)
{
	struct qumun_opts scratch = QUMUN_OPTS_DEFAULT, given = *opts;
	struct parser ps = { .opts = &scratch, .where = "" };
	int code;

	for_each_option(row) {
		ps.set[option_index(row)] = given.given_rows >> option_index(row) & 1;
		if (row->kind == ROW_NUMBER && ps.set[option_index(row)])
			*option_member(&scratch, row) = *option_member(&given, row);
	}
	scratch.config_path = opts->config_path;
	scratch.config_given = opts->config_given;
	code = take_config_file(&ps, config);
	if (code == GO_ON)
		code = check_together(&ps);
	return code == GO_ON ? 0 : code;
}

static int answer_check_config(const struct qumun_opts *opts)
{
	char shown[SHOWN_LEN];

	escape_text(shown, sizeof(shown), opts->config_path);
	/* config_read() has found fault with all that is there and cannot be read. */
	if (access(opts->config_path, F_OK))
		printf("%s: there is none; it is optional, nothing wrong\n", shown);
	else
		printf("%s: nothing wrong, %zu option%s, %zu boost%s\n", shown,
		       opts->config.nr_options, plural(opts->config.nr_options),
		       opts->config.nr_rules, plural(opts->config.nr_rules));
	return QUMUN_EXIT_OK;
}

int options_parse(int argc, char **argv, const char *version_extra, struct qumun_opts *opts,
		  int *exit_code)
{
	struct parser ps = { .opts = opts, .version_extra = version_extra, .where = "" };
	int code = GO_ON;

	*opts = (struct qumun_opts)QUMUN_OPTS_DEFAULT;
	if (argc > 0)
		code = take_arguments(&ps, argc, argv);
	if (code == GO_ON)
		code = take_environment(&ps);
	for (size_t i = 0; i < nr_option_rows; i++)
		opts->given_rows |= (uint32_t)ps.set[i] << i;
	if (code == GO_ON)
		code = take_config_file(&ps, &opts->config);
	if (code == GO_ON)
		code = check_together(&ps);
	if (code == GO_ON && ps.only_check_config)
		code = answer_check_config(opts);
	if (code == GO_ON)
		return 0;
	options_free(opts);
	*exit_code = code;
	return -1;
}

void options_free(struct qumun_opts *opts)
{
	for (size_t i = 0; i < opts->nr_boosts; i++)
		free(opts->boosts[i].target);
	free(opts->boosts);
	config_free(&opts->config);
	opts->boosts = NULL;
	opts->nr_boosts = 0;
}
