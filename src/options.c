// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command line, environment, and the options of the config file. Knows nothing of libbpf, and looks
 * at the file system only for that file, to tell PATH:WEIGHT from a path with a colon in its name,
 * and a CPU that is online from one that is not.
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exit_codes.h"
#include "log.h"
#include "qumun.h"
#include "util.h"
#include "verb.h"

#define SLICE_US_MAX	100000
#define TIMEOUT_MS_MIN	1000

/*
 * A slice beyond a quarter of the watchdog timeout would let a few tasks on one CPU look like a
 * stall. The ranges alone ensure it; if they no longer do, check_together() has to.
 */
_Static_assert(SLICE_US_MAX <= TIMEOUT_MS_MIN * 1000 / 4,
	       "the longest slice must stay within a quarter of the shortest watchdog timeout");

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
 * @words: of a choice, separated by "|"; the value is the place in this list, the first one 0
 * @help: what the option does
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

#define AT(member) .offset = offsetof(struct qumun_opts, member)

static const struct option_row rows[] = {
	{ ROW_NUMBER, "slice-us", 's', "N", AT(slice_us), 500, SLICE_US_MAX, " us",
	  "; at most a quarter of the watchdog timeout", "longest slice" },
	{ ROW_NUMBER, "slice-us-min", 'S', "N", AT(slice_us_min), 100, SLICE_US_MAX, " us",
	  "; at most --slice-us, and lowered to it by default",
	  "shortest slice, when many tasks wait" },
	{ ROW_NUMBER, "slice-us-lag", 'l', "N", AT(slice_us_lag), 0, 1000000, " us",
	  "", "credit that a waking task may keep" },
	{ ROW_CHOICE, "dsq", 0, "WHICH", AT(dsq), .note = "", .unit = "",
	  .help = "queues: one for all CPUs, or one for each last-level cache",
	  .words = "auto|global|llc" },
	{ ROW_PRIMARY, "primary-domain", 'm', "CPUS", 0, 0, 0, "", "",
	  "CPUs for ordinary tasks, until they are full", NULL },
	{ ROW_FLAG, "no-preempt", 0, NULL, AT(no_preempt), 0, 0, "", "",
	  "a task that wakes up takes nobody's CPU", NULL },
	{ ROW_FLAG, "disable-smt", 0, NULL, AT(disable_smt), 0, 0, "", "",
	  "idle cores are no better than idle siblings of busy ones", NULL },
	{ ROW_FLAG, "disable-llc", 0, NULL, AT(disable_llc), 0, 0, "", "",
	  "CPUs that share a last-level cache are no better than others", NULL },
	{ ROW_FLAG, "disable-numa", 0, NULL, AT(disable_numa), 0, 0, "", "",
	  "nor are those of the same NUMA node", NULL },
	{ ROW_BOOST, "boost", 0, "TARGET[:WEIGHT]", 0,
	  QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, "", "; 1024 = normal",
	  "more CPU for container:NAME, pod:NAMESPACE/NAME, unit:NAME, pid:N or the path of a\n"
	  "          cgroup, whenever it is there; repeatable", NULL },
	{ ROW_BOOST_CGROUP, "boost-cgroup", 0, "PATH[:WEIGHT]", 0,
	  QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, "", "; 1024 = normal",
	  "the same for a cgroup, which must exist at the start; repeatable", NULL },
	{ ROW_NUMBER, "user-weight-max", 0, "N", AT(user_weight_max), 0, QUMUN_BOOST_WEIGHT_MAX, "",
	  "; 0 = they may not boost", "largest weight that users may give to what is theirs" },
	{ ROW_NUMBER, "user-rules-max", 0, "N", AT(user_rules_max), 1, 1024, "",
	  "", "how many boosts each user may have" },
	{ ROW_FLAG, "no-cgroup-events", 0, NULL, AT(no_cgroup_events), 0, 0, "", "",
	  "look for new cgroups every second, instead of having the kernel tell", NULL },
	{ ROW_CONFIG, "config", 0, "FILE", 0, 0, 0, "", "",
	  "options and boosts; default " CONFIG_PATH ", if there is one", NULL },
	{ ROW_CHECK_CONFIG, "check-config", 0, NULL, 0, 0, 0, "", "",
	  "say what is wrong in the config file and stop", NULL },
	{ ROW_NUMBER, "stats", 0, "SEC", AT(stats_sec), 0, 86400, " s",
	  "; 0 = off", "print statistics every SEC seconds" },
	{ ROW_NUMBER, "exit-dump-len", 0, "N", AT(exit_dump_len), 0, 16 << 20, " bytes",
	  "; 0 = the kernel's 32768", "size of the kernel's dump after an error" },
	{ ROW_COUNT, "verbose", 'v', NULL, AT(verbose), 0, 0, "", "", "more messages; repeatable",
	  NULL },
	{ ROW_VERSION, "version", 'V', NULL, 0, 0, 0, "", "", "print the version and stop", NULL },
	{ ROW_HELP, "help", 'h', NULL, 0, 0, 0, "", "", "print this text and stop", NULL },
	{ ROW_ENVIRONMENT, "SCX_TIMEOUT_MS", 0, "N", AT(timeout_ms), TIMEOUT_MS_MIN, 30000, " ms",
	  "; the kernel's limit is 30 s", "watchdog: longest wait before the kernel ends us" },
};

#define NR_ROWS ARRAY_SIZE(rows)

/* What getopt_long() returns for the long option of rows[0]; above all letters. */
#define LONG_BASE 256

/* From the handlers of rows: neither an answer nor an error, so look at the next one. */
#define GO_ON (-1)

/* Room for a value in a message; what is longer ends in dots. */
#define SHOWN_LEN 400

/**
 * struct parser - what is being read
 * @primary_text: --primary-domain as it was given there, or NULL
 * @where: "" for the command line, or "FILE:LINE: "
 * @seen: rows that were given there
 * @set: rows that were given anywhere
 */
struct parser {
	struct qumun_opts	*opts;
	const char		*primary_text;
	const char		*version_extra;
	const char		*where;
	bool			seen[NR_ROWS];
	bool			set[NR_ROWS];
	bool			only_check_config;
};

__attribute__((format(printf, 1, 2)))
static int usage_error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	log_vprintf(LOG_LEVEL_ERROR, fmt, args);
	va_end(args);
	return QUMUN_EXIT_USAGE;
}

static int no_memory(void)
{
	log_error("command line: %s", strerror(ENOMEM));
	return QUMUN_EXIT_ENVIRONMENT;
}

/* "--slice-us" or "SCX_TIMEOUT_MS", for messages. */
static const char *dashes(const struct option_row *row)
{
	return row->kind == ROW_ENVIRONMENT ? "" : "--";
}

/* What stands before an option's name in messages: its dashes, or the place in the config file. */
static const char *prefix(const struct parser *ps, const struct option_row *row)
{
	return *ps->where ? ps->where : dashes(row);
}

static bool is_boost(const struct option_row *row)
{
	return row->kind == ROW_BOOST || row->kind == ROW_BOOST_CGROUP;
}

static uint64_t *member(struct qumun_opts *opts, const struct option_row *row)
{
	return (uint64_t *)((char *)opts + row->offset);
}

/* Turns the result of parse_u64() into a message; @what is "" or the part of the value meant. */
static int number_error(const struct parser *ps, const struct option_row *row, const char *what,
			const char *value, int err)
{
	char shown[SHOWN_LEN];

	escape_text(shown, sizeof(shown), value);
	return usage_error("%s%s: %s'%s' is %s (%" PRIu64 "..%" PRIu64 "%s%s)", prefix(ps, row),
			   row->name, what, shown,
			   err == -ERANGE ? "out of range" : "not a number",
			   row->min, row->max, row->unit, row->note);
}

static int take_number(struct parser *ps, const struct option_row *row, const char *value)
{
	uint64_t *number = member(ps->opts, row);
	bool *seen = &ps->seen[row - rows];
	uint64_t old = *number;
	int err;

	err = parse_u64(value, row->min, row->max, number);
	if (err)
		return number_error(ps, row, "", value, err);
	ps->set[row - rows] = true;
	if (*seen && *number != old)
		return usage_error("%s%s: given twice, as %" PRIu64 " and %" PRIu64 " (once)",
				   prefix(ps, row), row->name, old, *number);
	*seen = true;
	return GO_ON;
}

/* The place of @value in a list of words, -1 if it is not there. */
static int find_word(const char *words, const char *value)
{
	size_t len = strlen(value);

	for (int place = 0; words; place++) {
		if (!strncmp(words, value, len) && (words[len] == '|' || !words[len]))
			return place;
		words = strchr(words, '|');
		words += !!words;
	}
	return -1;
}

static int take_choice(struct parser *ps, const struct option_row *row, const char *value)
{
	uint64_t *choice = member(ps->opts, row);
	bool *seen = &ps->seen[row - rows];
	int place = *value ? find_word(row->words, value) : -1;
	char shown[SHOWN_LEN];

	if (place < 0)
		return usage_error("%s%s: '%s' is not one of its values (%s)", prefix(ps, row),
				   row->name, escape_text(shown, sizeof(shown), value), row->words);
	if (*seen && *choice != (uint64_t)place)
		return usage_error("%s%s: given twice, with different values (once)",
				   prefix(ps, row), row->name);
	*choice = place;
	*seen = ps->set[row - rows] = true;
	return GO_ON;
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The last colon that may stand before a weight: the one in "pid:1234" does not. */
static char *weight_colon(const struct option_row *row, char *value)
{
	char *kind_end = row->kind == ROW_BOOST && *value != '/' ? strchr(value, ':') : NULL;
	char *colon = strrchr(value, ':');

	return colon == kind_end ? NULL : colon;
}

/*
 * Splits TARGET[:WEIGHT] in place. Names of cgroups may have colons ("system.slice:docker:1f2e"),
 * so: digits behind the last colon are always the weight; other text there is part of the name,
 * unless a directory tells that the name ended before the colon.
 */
static int split_weight(const struct parser *ps, const struct option_row *row, char *value,
			uint32_t *weight)
{
	char *colon = weight_colon(row, value);
	uint64_t number;
	int err;

	*weight = QUMUN_BOOST_WEIGHT_DEFAULT;
	if (!colon)
		return GO_ON;
	err = parse_u64(colon + 1, row->min, row->max, &number);
	if (err == -EINVAL && is_directory(value))
		return GO_ON;

	*colon = '\0';
	if (!err) {
		*weight = (uint32_t)number;
		return GO_ON;
	}
	if (err == -EINVAL && !is_directory(value)) {
		*colon = ':';
		return GO_ON;
	}
	return number_error(ps, row, "weight ", colon + 1, err);
}

/* Takes over @target. The same rule again changes nothing, another weight is a contradiction. */
static int add_boost(struct qumun_opts *opts, const struct option_row *row, char *target,
		     uint32_t weight)
{
	struct qumun_boost_rule *boosts;
	char shown[SHOWN_LEN];

	for (size_t i = 0; i < opts->nr_boosts; i++) {
		const struct qumun_boost_rule *rule = &opts->boosts[i];

		if (strcmp(rule->target, target))
			continue;
		escape_text(shown, sizeof(shown), target);
		free(target);
		if (rule->weight == weight)
			return GO_ON;
		return usage_error("--%s: %s: given twice, with weight %" PRIu32 " and %" PRIu32
				   " (one weight)", row->name, shown, rule->weight, weight);
	}

	boosts = reallocarray(opts->boosts, opts->nr_boosts + 1, sizeof(*boosts));
	if (!boosts) {
		free(target);
		return no_memory();
	}
	boosts[opts->nr_boosts++] = (struct qumun_boost_rule){
		.target = target, .weight = weight, .must_exist = row->kind == ROW_BOOST_CGROUP,
	};
	opts->boosts = boosts;
	return GO_ON;
}

static int take_boost(struct parser *ps, const struct option_row *row, const char *value)
{
	char *target = strdup(value);
	uint32_t weight;
	int code;

	if (!target)
		return no_memory();
	code = split_weight(ps, row, target, &weight);
	if (code != GO_ON) {
		free(target);
		return code;
	}
	if (*target == '/' || row->kind == ROW_BOOST_CGROUP)
		path_normalise(target);
	return add_boost(ps->opts, row, target, weight);
}

static int take_config(struct parser *ps, const char *value)
{
	struct qumun_opts *opts = ps->opts;

	if (opts->config_given && strcmp(opts->config_path, value))
		return usage_error("--config: given twice, with different files (once)");
	opts->config_path = value;
	opts->config_given = true;
	return GO_ON;
}

/* What --primary-domain accepts beside a list. */
static const char *const primary_words[] = {
	[PRIMARY_ALL] = "all",
	[PRIMARY_AUTO] = "auto",
	[PRIMARY_PERFORMANCE] = "performance",
	[PRIMARY_POWERSAVE] = "powersave",
};

static bool take_primary_word(struct qumun_opts *opts, const char *value)
{
	for (size_t i = 0; i < ARRAY_SIZE(primary_words); i++) {
		if (strcmp(primary_words[i], value))
			continue;
		opts->primary = (enum primary_kind)i;
		return true;
	}
	return false;
}

#define ONLINE_LIST "sys/devices/system/cpu/online"

__attribute__((format(printf, 3, 4)))
static int primary_error(const struct parser *ps, const struct option_row *row,
			 const char *fmt, ...)
{
	char what[SHOWN_LEN + 64], online[SHOWN_LEN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	if (read_file_str("", ONLINE_LIST, online, sizeof(online)) <= 0)
		strcpy(online, "?");
	return usage_error("%s%s: %s (a list of CPUs as in 0-3,8, of those online: %s; or auto, all, "
			   "performance, powersave)", prefix(ps, row), row->name, what, online);
}

/* Where the kernel does not say what is online the topology cannot be read either. */
static int check_online(const struct parser *ps, const struct option_row *row,
			const struct cpu_mask *list)
{
	char text[CPU_LIST_LEN];
	struct cpu_mask online;
	int cpu;

	if (read_file_str("", ONLINE_LIST, text, sizeof(text)) < 0 ||
	    cpu_mask_parse(&online, text) <= 0)
		return GO_ON;
	for_each_cpu(cpu, list) {
		if (!cpu_mask_test(&online, (unsigned int)cpu))
			return primary_error(ps, row, "CPU %d is not online", cpu);
	}
	return GO_ON;
}

static int take_primary_list(struct parser *ps, const struct option_row *row, const char *value)
{
	struct qumun_opts *opts = ps->opts;
	int ret = cpu_mask_parse(&opts->primary_list, value);
	char shown[SHOWN_LEN];

	escape_text(shown, sizeof(shown), value);
	if (ret == -ERANGE)
		return primary_error(ps, row, "'%s': no kernel has so many CPUs", shown);
	if (ret < 0)
		return primary_error(ps, row, "'%s' is not a list of CPUs", shown);
	if (!ret)
		return primary_error(ps, row, "no CPU is given");
	opts->primary = PRIMARY_LIST;
	return check_online(ps, row, &opts->primary_list);
}

static int take_primary(struct parser *ps, const struct option_row *row, const char *value)
{
	char before[SHOWN_LEN], shown[SHOWN_LEN];

	if (ps->primary_text && strcmp(ps->primary_text, value))
		return usage_error("%s%s: given twice, as %s and %s (once)", prefix(ps, row),
				   row->name, escape_text(before, sizeof(before), ps->primary_text),
				   escape_text(shown, sizeof(shown), value));
	ps->primary_text = value;
	ps->set[row - rows] = true;
	return take_primary_word(ps->opts, value) ? GO_ON : take_primary_list(ps, row, value);
}

static void print_range(const struct option_row *row, const struct qumun_opts *defaults)
{
	uint64_t standard = QUMUN_BOOST_WEIGHT_DEFAULT;

	if (row->kind == ROW_PRIMARY) {
		printf("\n          a list as in 0-3,8, or by speed: performance (fastest kind of CPU),\n"
		       "          powersave (slowest), auto (all but the slowest); default all");
		return;
	}
	if (!is_boost(row))
		standard = *(const uint64_t *)((const char *)defaults + row->offset);
	printf("\n          %s %" PRIu64 "..%" PRIu64 "%s, default %" PRIu64 "%s%s",
	       is_boost(row) ? "WEIGHT" : row->arg, row->min, row->max, row->unit,
	       standard, row->unit, row->note);
}

static void print_row(const struct option_row *row)
{
	static const struct qumun_opts defaults = QUMUN_OPTS_DEFAULT;

	if (row->letter)
		printf("  -%c, ", row->letter);
	else
		printf("  %s", row->kind == ROW_ENVIRONMENT ? "" : "    ");
	printf("%s%s%s%s\n          %s", dashes(row), row->name, row->arg ? "=" : "",
	       row->arg ? row->arg : "", row->help);
	if (row->words)
		printf("\n          %s %s, default %.*s", row->arg, row->words,
		       (int)strcspn(row->words, "|"), row->words);
	else if (row->arg && row->kind != ROW_CONFIG)
		print_range(row, &defaults);
	putchar('\n');
}

static int print_help(void)
{
	bool in_environment = false;

	puts("Usage: scx_qumun [options] [--boost=TARGET[:WEIGHT]]...\n"
	     "       scx_qumun VERB ...\n"
	     "Schedule this machine's tasks until SIGINT or SIGTERM; then the kernel's own\n"
	     "scheduler has them back.\n"
	     "\n"
	     "Verbs; scx_qumun VERB --help tells more:");
	verb_print_help();
	puts("\nOptions:");
	for (const struct option_row *row = rows; row < rows + NR_ROWS; row++) {
		if (row->kind == ROW_ENVIRONMENT && !in_environment) {
			puts("\nEnvironment:");
			in_environment = true;
		}
		print_row(row);
	}
	puts("\n"
	     "Exit status:\n"
	     "  0 stopped on request or answered    5 another scheduler is active\n"
	     "  1 ejected by the kernel             6 cgroup2, bpffs or memory in the way\n"
	     "  2 usage                             7 target not found\n"
	     "  3 this kernel cannot run it         8 a table is full\n"
	     "  4 privilege                         9 thrown out by an operator");
	return QUMUN_EXIT_OK;
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
		return take_number(ps, row, value);
	case ROW_COUNT:
		++*member(ps->opts, row);
		return GO_ON;
	case ROW_FLAG:
		*member(ps->opts, row) = 1;
		ps->set[row - rows] = true;
		return GO_ON;
	case ROW_CHOICE:
		return take_choice(ps, row, value);
	case ROW_PRIMARY:
		return take_primary(ps, row, value);
	case ROW_BOOST:
	case ROW_BOOST_CGROUP:
		return take_boost(ps, row, value);
	case ROW_CONFIG:
		return take_config(ps, value);
	case ROW_CHECK_CONFIG:
		ps->only_check_config = true;
		return GO_ON;
	case ROW_VERSION:
		return print_version(ps->version_extra);
	case ROW_HELP:
		return print_help();
	}
	return GO_ON;
}

/* The row that a value from getopt_long(), or its optopt, stands for; NULL for unknown options. */
static const struct option_row *find_row(int value)
{
	for (const struct option_row *row = rows; row < rows + NR_ROWS; row++) {
		if (value == LONG_BASE + (int)(row - rows) || (value && value == row->letter))
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
	if (reason == ':' && is_boost(row))
		return usage_error("--%s: needs a value, as in --%s=%s:8192 (weight %" PRIu64 "..%"
				   PRIu64 "; see scx_qumun --help)", row->name, row->name,
				   row->kind == ROW_BOOST ? "container:web" : "/sys/fs/cgroup/game",
				   row->min, row->max);
	if (reason == ':' && row->words)
		return usage_error("--%s: needs a value (%s; see scx_qumun --help)", row->name,
				   row->words);
	if (reason == ':' && row->kind == ROW_PRIMARY)
		return primary_error(ps, row, "needs a value");
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
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (rows[i].kind == ROW_ENVIRONMENT)
			continue;
		*longs++ = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].arg ? required_argument : no_argument,
			.val = LONG_BASE + (int)i,
		};
		if (rows[i].letter)
			*shorts++ = rows[i].letter;
		if (rows[i].letter && rows[i].arg)
			*shorts++ = ':';
	}
	*longs = (struct option){ 0 };
	*shorts = '\0';
}

static int take_arguments(struct parser *ps, int argc, char **argv)
{
	struct option longs[NR_ROWS + 1];
	char shorts[2 * NR_ROWS + sizeof("+:")];
	char shown[SHOWN_LEN];

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
			   "argument; see scx_qumun --help)", shown);
}

static int take_environment(struct parser *ps)
{
	for (const struct option_row *row = rows; row < rows + NR_ROWS; row++) {
		const char *value = row->kind == ROW_ENVIRONMENT ? getenv(row->name) : NULL;
		int code = value ? take_row(ps, row, value) : GO_ON;

		if (code != GO_ON)
			return code;
	}
	return GO_ON;
}

/* True when the number at @offset of struct qumun_opts is not just the default. */
static bool is_given(const struct parser *ps, size_t offset)
{
	for (size_t i = 0; i < NR_ROWS; i++) {
		if (ps->set[i] && rows[i].offset == offset)
			return true;
	}
	return false;
}

/* Options that are right one by one and contradict each other. */
static int check_together(struct parser *ps)
{
	struct qumun_opts *opts = ps->opts;

	if (opts->slice_us_min <= opts->slice_us)
		return GO_ON;
	/* Nobody asked for this minimum: "-s 500" alone must work. */
	if (!is_given(ps, offsetof(struct qumun_opts, slice_us_min))) {
		opts->slice_us_min = opts->slice_us;
		return GO_ON;
	}
	return usage_error("--slice-us-min: %" PRIu64 " us is longer than --slice-us, %" PRIu64
			   " us (at most --slice-us)", opts->slice_us_min, opts->slice_us);
}

/* The row of an option that a config file may have, or NULL. */
static const struct option_row *config_row(const char *name)
{
	for (const struct option_row *row = rows; row < rows + NR_ROWS; row++) {
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
	bool keep = row && ps->set[row - rows];
	int code;

	escape_text(shown, sizeof(shown), ps->opts->config_path);
	snprintf(where, sizeof(where), "%s:%u: ", shown, option->line);
	if (!row)
		return usage_error("%s%s: not an option for config files (see scx_qumun --help)",
				   where, escape_text(shown, sizeof(shown), option->name));
	ps->where = where;
	ps->seen[row - rows] = false;
	ps->primary_text = NULL;
	code = row->kind == ROW_FLAG ? take_config_flag(ps, row, option->value) :
				       take_row(ps, row, option->value);
	ps->where = "";
	if (keep)
		*ps->opts = before;
	return code;
}

static int take_config_file(struct parser *ps, struct config *config)
{
	bool may_be_missing = !ps->opts->config_given && !ps->only_check_config;
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
	struct qumun_opts scratch = QUMUN_OPTS_DEFAULT;
	struct parser ps = { .opts = &scratch, .where = "" };
	int code;

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

	printf("%s: nothing wrong, %zu options, %zu boosts\n",
	       escape_text(shown, sizeof(shown), opts->config_path), opts->config.nr_options,
	       opts->config.nr_rules);
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
