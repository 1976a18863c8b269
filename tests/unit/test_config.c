// SPDX-License-Identifier: GPL-2.0-only
/* units: src/config.c src/target.c src/util.c */
/* The config file: what is in it, and the line of what is wrong with it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"
#include "exit_codes.h"
#include "util.h"

#define PATH "/etc/x.conf"

static struct config config;
static char why[CONFIG_WHY_LEN];

static int parse_len(const char *text, size_t len)
{
	config_free(&config);
	*why = '\0';
	return config_parse(PATH, text, len, &config, why);
}

static int parse(const char *text)
{
	return parse_len(text, strlen(text));
}

static int end(void **state)
{
	(void)state;
	config_free(&config);
	config_free(&config);
	return 0;
}

static void test_good(void **state)
{
	(void)state;
	assert_int_equal(parse("# a comment\n"
			       "\n"
			       "[options]\n"
			       "slice-us = 4000\n"
			       "  stats=5 ; another comment\n"
			       "; one more\n"
			       "[boost web]\n"
			       "\ttarget = container:web\n"
			       "\tweight = 8192\n"
			       "[boost the batch]\n"
			       "target: unit:batch-*.service\n"
			       "[boost tree]\n"
			       "target=/sys/fs/cgroup/a b\n"), QUMUN_EXIT_OK);
	assert_int_equal(config.nr_options, 2);
	assert_string_equal(config.options[0].name, "slice-us");
	assert_string_equal(config.options[0].value, "4000");
	assert_int_equal(config.options[1].line, 5);
	assert_string_equal(config.options[1].value, "5");
	assert_int_equal(config.nr_rules, 3);
	assert_string_equal(config.rules[0].name, "web");
	assert_string_equal(config.rules[0].target, "container:web");
	assert_int_equal(config.rules[0].weight, 8192);
	assert_int_equal(config.rules[0].line, 8);
	assert_string_equal(config.rules[1].target, "unit:batch-*.service");
	assert_int_equal(config.rules[1].weight, 4096);
	assert_string_equal(config.rules[2].target, "/sys/fs/cgroup/a b");
}

static void test_empty(void **state)
{
	(void)state;
	assert_int_equal(parse(""), QUMUN_EXIT_OK);
	assert_int_equal(parse("\n\n"), QUMUN_EXIT_OK);
	assert_int_equal(parse("[options]\n"), QUMUN_EXIT_OK);
	assert_int_equal(config.nr_options + config.nr_rules, 0);
}

/* Each is wrong in its own way, in this line. */
static void test_bad(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} rows[] = {
		{ "a = 1\n", ":1: a key before any section" },
		{ "[options]\nslice-us\n", ":2: neither 'key = value' nor [section]" },
		{ "[options\n", ":1: ']' is missing" },
		{ "[nonsense]\na = 1\n", ":1: [nonsense]: unknown section" },
		{ "[boost]\ntarget = pid:1\n", ":1: [boost]: unknown section" },
		{ "[boost ]\ntarget = pid:1\n", ":1: [boost ]: unknown section" },
		{ "[]\n", ":1: []: unknown section" },
		{ "[options]\n[options]\n", ":2: [options]: there is one already" },
		{ "[boost a]\ntarget = pid:1\n[boost a]\n", ":3: [boost a]: there is one already" },
		{ "[boost a]\n[boost b]\ntarget = pid:1\n", ":1: [boost a]: no target" },
		{ "[boost a]\nweight = 100\n", ":1: [boost a]: no target" },
		{ "[boost a]\nweihgt = 100\n", ":2: weihgt: unknown key (target, weight)" },
		{ "[boost a]\n\nweight = 63\n", ":3: weight: '63' is out of range (64..16384" },
		{ "[boost a]\nweight = x\n", ":2: weight: 'x' is not a number (64..16384" },
		{ "[boost a]\nweight = 100\nweight = 100\n", ":3: weight: given twice" },
		{ "[boost a]\ntarget = pid:1\ntarget = pid:1\n", ":3: target: given twice" },
		{ "[boost a]\ntarget = web\n", ":2: target: 'web': not a target" },
		{ "[boost a]\ntarget =\n", ":2: target: '': not a target" },
		{ "[boost a]\ntarget = pid:1\n[boost b]\ntarget = pid:1\n",
		  ":4: target: 'pid:1' is that of line 2, too" },
		{ "[boost a]\ntarget = unit:ssh\n[boost b]\ntarget = unit:ssh.service\n",
		  ":4: target: 'unit:ssh.service' is that of line 2, too" },
		{ "[boost a]\ntarget = /sys/fs/cgroup/a/\n[boost b]\ntarget = /sys/fs/cgroup//a\n",
		  ":4: target: '/sys/fs/cgroup//a' is that of line 2, too" },
		{ "[options]\na = 1\na = 2\n", ":3: a: given twice, here and in line 2" },
		{ "[options]\r\na = 1\r\n", ":1: carriage return" },
		{ "[options]\na = 1\x1b[2J\n", ":2: control or invisible characters" },
		{ "[options]\na = \xff\n", ":2: control or invisible characters" },
		{ "[options]\na = 1", ":2: the last line has no newline" },
		{ "[boost 0123456789012345678901234567890123456789x_______]\n",
		  ":1: name of a section too long (at most 40" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(rows[i].text), QUMUN_EXIT_USAGE);
		if (strncmp(why, PATH, strlen(PATH)) || !strstr(why, rows[i].message))
			fail_msg("%s: expected %s, got %s", rows[i].text, rows[i].message, why);
		if (!text_is_printable(why))
			fail_msg("%s: not printable: %s", rows[i].text, why);
	}
}

static void test_nul(void **state)
{
	(void)state;
	assert_int_equal(parse_len("[options]\na = \0b\n", 17), QUMUN_EXIT_USAGE);
	assert_non_null(strstr(why, ":2: a NUL byte"));
	assert_int_equal(parse_len("\0", 1), QUMUN_EXIT_USAGE);
	assert_non_null(strstr(why, ":1: a NUL byte"));
}

/* inih would cut it in two, and take the rest for a line. */
static void test_long_line(void **state)
{
	char text[400];
	int longest = 0;

	(void)state;
	for (int len = 150; len < 250; len++) {
		int used = snprintf(text, sizeof(text), "[options]\na = ");

		memset(text + used, 'x', len - 4);
		strcpy(text + used + len - 4, "\n");
		if (parse(text)) {
			assert_non_null(strstr(why, ":2: line too long (at most "));
			continue;
		}
		assert_int_equal(strlen(config.options[0].value), len - 4);
		longest = len;
	}
	assert_int_equal(longest, CONFIG_LINE_MAX);
}

static void test_files(void **state)
{
	char path[] = "/tmp/qumun-config-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "[options]\na = 1\n", 16), 16);
	assert_int_equal(config_read(path, false, &config, why), QUMUN_EXIT_OK);
	assert_int_equal(config.nr_options, 1);
	config_free(&config);
	/* Sparse: a gigabyte costs nothing here, nor may it there. */
	assert_int_equal(ftruncate(fd, 1 << 30), 0);
	assert_int_equal(config_read(path, false, &config, why), QUMUN_EXIT_USAGE);
	assert_non_null(strstr(why, "too large"));
	close(fd);
	unlink(path);
	assert_int_equal(config_read(path, true, &config, why), QUMUN_EXIT_OK);
	assert_int_equal(config_read(path, false, &config, why), QUMUN_EXIT_USAGE);
	assert_non_null(strstr(why, "No such file"));
	assert_int_equal(config_read("/tmp", true, &config, why), QUMUN_EXIT_USAGE);
	assert_non_null(strstr(why, "/tmp: not a regular file"));
	assert_int_equal(config_read("/dev/zero", true, &config, why), QUMUN_EXIT_USAGE);
}

/* @a against @b: which names are told. */
static void check_changed(const char *a, const char *b, const char *expected)
{
	struct config before;
	char text[64];

	assert_int_equal(config_parse(PATH, a, strlen(a), &before, why), 0);
	assert_int_equal(parse(b), 0);
	assert_string_equal(config_changed_options(&before, &config, text, sizeof(text)), expected);
	config_free(&before);
}

static void test_changed_options(void **state)
{
	struct config before = { 0 };
	char text[8];

	(void)state;
	check_changed("", "", "");
	check_changed("[options]\na = 1\nb = 2\n", "[options]\nb = 2\na = 1\n", "");
	check_changed("[options]\na = 1\n", "[options]\na = 2\n", "a");
	check_changed("[options]\na = 1\nb = 2\n", "[options]\nb = 3\nc = 1\n", "b, c, a");
	check_changed("[boost a]\ntarget = pid:1\n", "[boost a]\ntarget = pid:2\n", "");
	/* No room for all of them. */
	assert_int_equal(parse("[options]\nlonger = 1\nlong = 1\n"), 0);
	assert_string_equal(config_changed_options(&before, &config, text, sizeof(text)),
			    "longer,");
}

#define TEST(f) cmocka_unit_test_teardown(f, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_good), TEST(test_empty), TEST(test_bad), TEST(test_nul),
		TEST(test_long_line), TEST(test_files), TEST(test_changed_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
