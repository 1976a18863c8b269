// SPDX-License-Identifier: GPL-2.0-only
#include "option_values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "exit_codes.h"
#include "log.h"
#include "qumun.h"
#include "util.h"

int usage_error(const char *fmt, ...)
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

const char *option_prefix(const struct parser *ps, const struct option_row *row)
{
	return *ps->where ? ps->where : option_dashes(row);
}

/* Turns the result of parse_u64() into a message; @what is "" or the part of the value meant. */
static int number_error(const struct parser *ps, const struct option_row *row, const char *what,
			const char *value, int err)
{
	char shown[SHOWN_LEN];

	escape_text(shown, sizeof(shown), value);
	return usage_error("%s%s: %s'%s' is %s (%" PRIu64 "..%" PRIu64 "%s%s)", option_prefix(ps, row),
			   row->name, what, shown,
			   err == -ERANGE ? "out of range" : "not a number",
			   row->min, row->max, row->unit, row->note);
}

int option_take_number(struct parser *ps, const struct option_row *row, const char *value)
{
	uint64_t *number = option_member(ps->opts, row);
	bool *seen = &ps->seen[option_index(row)];
	uint64_t old = *number;
	int err;

	err = parse_u64(value, row->min, row->max, number);
	if (err)
		return number_error(ps, row, "", value, err);
	ps->set[option_index(row)] = true;
	if (*seen && *number != old)
		return usage_error("%s%s: given twice, as %" PRIu64 " and %" PRIu64 " (once)",
				   option_prefix(ps, row), row->name, old, *number);
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

int option_take_choice(struct parser *ps, const struct option_row *row, const char *value)
{
	uint64_t *choice = option_member(ps->opts, row);
	bool *seen = &ps->seen[option_index(row)];
	int place = *value ? find_word(row->words, value) : -1;
	char shown[SHOWN_LEN];

	if (place < 0)
		return usage_error("%s%s: '%s' is not one of its values (%s)", option_prefix(ps, row),
				   row->name, escape_text(shown, sizeof(shown), value), row->words);
	if (*seen && *choice != (uint64_t)place)
		return usage_error("%s%s: given twice, with different values (once)",
				   option_prefix(ps, row), row->name);
	*choice = place;
	*seen = ps->set[option_index(row)] = true;
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

int option_take_boost(struct parser *ps, const struct option_row *row, const char *value)
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

int option_primary_error(const struct parser *ps, const struct option_row *row,
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
			   "performance, powersave)", option_prefix(ps, row), row->name, what, online);
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
			return option_primary_error(ps, row, "CPU %d is not online", cpu);
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
		return option_primary_error(ps, row, "'%s': no kernel has so many CPUs", shown);
	if (ret < 0)
		return option_primary_error(ps, row, "'%s' is not a list of CPUs", shown);
	if (!ret)
		return option_primary_error(ps, row, "no CPU is given");
	opts->primary = PRIMARY_LIST;
	return check_online(ps, row, &opts->primary_list);
}

int option_take_primary(struct parser *ps, const struct option_row *row, const char *value)
{
	char before[SHOWN_LEN], shown[SHOWN_LEN];

	if (ps->primary_text && strcmp(ps->primary_text, value))
		return usage_error("%s%s: given twice, as %s and %s (once)", option_prefix(ps, row),
				   row->name, escape_text(before, sizeof(before), ps->primary_text),
				   escape_text(shown, sizeof(shown), value));
	ps->primary_text = value;
	ps->set[option_index(row)] = true;
	return take_primary_word(ps->opts, value) ? GO_ON : take_primary_list(ps, row, value);
}
