// SPDX-License-Identifier: GPL-2.0-only
/*
 * inih splits the lines; it would cut long ones in two, cut names of sections, and take indented
 * lines for the rest of the line before. So the lines are looked at on their way to it.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exit_codes.h"
#include "qumun.h"
#include "target.h"
#include "util.h"

#define SECTION_OPTIONS	"options"
#define SECTION_BOOST	"boost "

/* inih keeps 49 characters of a section's name. */
#define NAME_LEN_MAX	40

enum section {
	SECTION_NONE,
	SECTION_IS_OPTIONS,
	SECTION_IS_BOOST,
};

/**
 * struct reader - a file that is being parsed
 * @shown: its path, safe to print
 * @at: rest of the text
 * @line: number of the line that was read last
 * @section_line: where the present section began
 * @code: QUMUN_EXIT_OK until the first error
 */
struct reader {
	struct config *config;
	char shown[300];
	const char *at;
	const char *end;
	unsigned int line;
	enum section section;
	unsigned int section_line;
	bool seen_options;
	int code;
	char *why;
};

__attribute__((format(printf, 3, 4)))
static void wrong_at(struct reader *rd, unsigned int line, const char *fmt, ...)
{
	char what[CONFIG_WHY_LEN / 2];
	va_list args;

	if (rd->code)
		return;
	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	rd->code = QUMUN_EXIT_USAGE;
	snprintf(rd->why, CONFIG_WHY_LEN, "%s:%u: %s", rd->shown, line, what);
}

static void no_memory(struct reader *rd)
{
	if (rd->code)
		return;
	rd->code = QUMUN_EXIT_ENVIRONMENT;
	snprintf(rd->why, CONFIG_WHY_LEN, "%s: %s", rd->shown, strerror(ENOMEM));
}

/* --- sections --- */

static struct config_rule *present_rule(const struct reader *rd)
{
	return &rd->config->rules[rd->config->nr_rules - 1];
}

/* A section of a rule without a target would be a rule about nothing. */
static void end_section(struct reader *rd)
{
	if (rd->section == SECTION_IS_BOOST && !present_rule(rd)->target)
		wrong_at(rd, rd->section_line,
			 "[boost %s]: no target (as in target = container:web)",
			 present_rule(rd)->name);
}

static void begin_rule(struct reader *rd, const char *name)
{
	struct config *config = rd->config;
	struct config_rule *rules;

	for (size_t i = 0; i < config->nr_rules; i++)
		if (!strcmp(config->rules[i].name, name))
			return wrong_at(rd, rd->line, "[boost %s]: there is one already", name);
	rules = reallocarray(config->rules, config->nr_rules + 1, sizeof(*rules));
	if (!rules)
		return no_memory(rd);
	config->rules = rules;
	rules[config->nr_rules] = (struct config_rule){
		.name = strdup(name), .weight = 0,
	};
	if (!rules[config->nr_rules].name)
		return no_memory(rd);
	config->nr_rules++;
	rd->section = SECTION_IS_BOOST;
}

/* @line begins with '['. */
static void begin_section(struct reader *rd, const char *line)
{
	size_t len = strcspn(++line, "]");
	char name[NAME_LEN_MAX + sizeof(SECTION_BOOST)];

	end_section(rd);
	rd->section = SECTION_NONE;
	rd->section_line = rd->line;
	if (!line[len])
		return wrong_at(rd, rd->line, "']' is missing");
	if (len >= sizeof(name))
		return wrong_at(rd, rd->line, "name of a section too long (at most %d characters)",
				NAME_LEN_MAX);
	memcpy(name, line, len);
	name[len] = '\0';
	if (!text_is_printable(name))
		return wrong_at(rd, rd->line, "a tab in the name of a section");
	if (!strcmp(name, SECTION_OPTIONS)) {
		if (rd->seen_options)
			wrong_at(rd, rd->line, "[" SECTION_OPTIONS "]: there is one already");
		rd->seen_options = true;
		rd->section = SECTION_IS_OPTIONS;
	} else if (!strncmp(name, SECTION_BOOST, strlen(SECTION_BOOST)) &&
		   name[strlen(SECTION_BOOST)]) {
		begin_rule(rd, name + strlen(SECTION_BOOST));
	} else {
		wrong_at(rd, rd->line, "[%s]: unknown section ([" SECTION_OPTIONS
			 "] or [" SECTION_BOOST "NAME])", name);
	}
}

/* --- keys --- */

static void take_target(struct reader *rd, struct config_rule *rule, const char *value)
{
	char why[TARGET_WHY_LEN], shown[200], text[TARGET_TEXT_LEN];
	struct target target;
	int code;

	if (rule->target)
		return wrong_at(rd, rd->line, "target: given twice (once for each [boost NAME])");
	code = target_parse(value, &target, why);
	if (!code)
		target_format(&target, text, sizeof(text));
	target_free(&target);
	if (code)
		return wrong_at(rd, rd->line, "target: '%s': %s",
				escape_text(shown, sizeof(shown), value), why);
	for (const struct config_rule *other = rd->config->rules; other < rule; other++)
		if (other->target && !strcmp(other->target, text))
			return wrong_at(rd, rd->line, "target: '%s' is that of line %u, too (once)",
					escape_text(shown, sizeof(shown), value), other->line);
	rule->target = strdup(text);
	rule->line = rd->line;
	if (!rule->target)
		no_memory(rd);
}

static void take_weight(struct reader *rd, struct config_rule *rule, const char *value)
{
	char shown[200];
	uint64_t weight;
	int err;

	if (rule->weight)
		return wrong_at(rd, rd->line, "weight: given twice (once for each [boost NAME])");
	err = parse_u64(value, QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, &weight);
	if (err)
		return wrong_at(rd, rd->line, "weight: '%s' is %s (%d..%d; 1024 = normal)",
				escape_text(shown, sizeof(shown), value),
				err == -ERANGE ? "out of range" : "not a number",
				QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX);
	rule->weight = (uint32_t)weight;
}

static void take_option(struct reader *rd, const char *name, const char *value)
{
	struct config *config = rd->config;
	struct config_option *options, *option;
	char shown[100];

	for (size_t i = 0; i < config->nr_options; i++)
		if (!strcmp(config->options[i].name, name))
			return wrong_at(rd, rd->line, "%s: given twice, here and in line %u (once)",
					escape_text(shown, sizeof(shown), name),
					config->options[i].line);
	options = reallocarray(config->options, config->nr_options + 1, sizeof(*options));
	if (!options)
		return no_memory(rd);
	config->options = options;
	option = &options[config->nr_options++];
	*option = (struct config_option){ strdup(name), strdup(value), rd->line };
	if (!option->name || !option->value)
		no_memory(rd);
}

/* inih calls it for each line with a key. 0 means that something is wrong. */
static int take_key(void *user, const char *section, const char *name, const char *value)
{
	struct reader *rd = user;
	char shown[100];

	(void)section;
	if (rd->code)
		return 0;
	if (rd->section == SECTION_NONE)
		wrong_at(rd, rd->line, "a key before any section ([" SECTION_OPTIONS "] or ["
			 SECTION_BOOST "NAME])");
	else if (rd->section == SECTION_IS_OPTIONS)
		take_option(rd, name, value);
	else if (!strcmp(name, "target"))
		take_target(rd, present_rule(rd), value);
	else if (!strcmp(name, "weight"))
		take_weight(rd, present_rule(rd), value);
	else
		wrong_at(rd, rd->line, "%s: unknown key (target, weight)",
			 escape_text(shown, sizeof(shown), name));
	return !rd->code;
}

/* --- lines --- */

static void check_line(struct reader *rd, const char *line)
{
	char text[4096];
	char *tab;

	snprintf(text, sizeof(text), "%s", line);
	text[strcspn(text, "\n")] = '\0';
	while ((tab = strchr(text, '\t')))
		*tab = ' ';
	if (strchr(text, '\r'))
		return wrong_at(rd, rd->line, "carriage return (lines end with a newline only)");
	if (!text_is_printable(text))
		return wrong_at(rd, rd->line,
				"control or invisible characters, or invalid UTF-8");
	if (*line == '[')
		begin_section(rd, line);
}

/* As fgets(): hands the next line to inih, without indentation; NULL at the end or after errors. */
static char *read_line(char *buf, int size, void *stream)
{
	struct reader *rd = stream;
	const char *newline;
	size_t len;

	if (rd->code || rd->at == rd->end)
		return NULL;
	rd->line++;
	newline = memchr(rd->at, '\n', rd->end - rd->at);
	len = (newline ? newline + 1 : rd->end) - rd->at;
	if (memchr(rd->at, '\0', len))
		wrong_at(rd, rd->line, "a NUL byte");
	else if (!newline)
		wrong_at(rd, rd->line, "the last line has no newline (has the file been cut?)");
	else if (len >= (size_t)size)
		wrong_at(rd, rd->line, "line too long (at most %d bytes)", size - 2);
	if (rd->code)
		return NULL;
	for (; *rd->at == ' ' || *rd->at == '\t'; len--)
		rd->at++;
	memcpy(buf, rd->at, len);
	buf[len] = '\0';
	rd->at += len;
	check_line(rd, buf);
	return rd->code ? NULL : buf;
}

int config_parse(const char *path, const char *text, size_t len, struct config *config, char *why)
{
	struct reader rd = { .config = config, .at = text, .end = text + len, .why = why };
	int bad_line;

	*config = (struct config){ 0 };
	escape_text(rd.shown, sizeof(rd.shown), path);
	bad_line = ini_parse_stream(read_line, &rd, take_key, &rd);
	if (!rd.code)
		end_section(&rd);
	/* It counts lines as they were handed over: the first one that it did not understand. */
	if (!rd.code && bad_line > 0)
		wrong_at(&rd, bad_line, "neither 'key = value' nor [section]");
	else if (!rd.code && bad_line)
		no_memory(&rd);
	for (size_t i = 0; i < config->nr_rules; i++)
		if (!config->rules[i].weight)
			config->rules[i].weight = QUMUN_BOOST_WEIGHT_DEFAULT;
	return rd.code;
}

/* --- files --- */

__attribute__((format(printf, 3, 4)))
static int refuse(const char *path, char *why, const char *fmt, ...)
{
	char shown[300], what[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	snprintf(why, CONFIG_WHY_LEN, "%s: %s", escape_text(shown, sizeof(shown), path), what);
	return QUMUN_EXIT_USAGE;
}

static int open_file(const char *path, char *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0) {
		refuse(path, why, "%s (a file that can be read)", strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		refuse(path, why, "not a regular file");
		close(fd);
		return -1;
	}
	return fd;
}

int config_read(const char *path, bool may_be_missing, struct config *config, char *why)
{
	static char text[CONFIG_SIZE_MAX + 1];
	size_t len = 0;
	ssize_t got;
	int fd;

	*config = (struct config){ 0 };
	if (may_be_missing && access(path, F_OK) && errno == ENOENT)
		return QUMUN_EXIT_OK;
	fd = open_file(path, why);
	if (fd < 0)
		return QUMUN_EXIT_USAGE;
	while (len < sizeof(text) && (got = read(fd, text + len, sizeof(text) - len)) > 0)
		len += got;
	close(fd);
	if (len > CONFIG_SIZE_MAX)
		return refuse(path, why, "too large (at most %d bytes)", CONFIG_SIZE_MAX);
	return config_parse(path, text, len, config, why);
}

/* The value that @config gives, or NULL. */
static const char *option_value(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->nr_options; i++)
		if (!strcmp(config->options[i].name, name))
			return config->options[i].value;
	return NULL;
}

static void add_name(char *text, size_t size, const char *name)
{
	size_t len = strlen(text);

	snprintf(text + len, size - len, "%s%s", len ? ", " : "", name);
}

const char *config_changed_options(const struct config *a, const struct config *b, char *text,
				   size_t size)
{
	*text = '\0';
	for (size_t i = 0; i < b->nr_options; i++) {
		const char *value = option_value(a, b->options[i].name);

		if (!value || strcmp(value, b->options[i].value))
			add_name(text, size, b->options[i].name);
	}
	for (size_t i = 0; i < a->nr_options; i++)
		if (!option_value(b, a->options[i].name))
			add_name(text, size, a->options[i].name);
	return text;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < config->nr_options; i++) {
		free(config->options[i].name);
		free(config->options[i].value);
	}
	for (size_t i = 0; i < config->nr_rules; i++) {
		free(config->rules[i].name);
		free(config->rules[i].target);
	}
	free(config->options);
	free(config->rules);
	*config = (struct config){ 0 };
}
