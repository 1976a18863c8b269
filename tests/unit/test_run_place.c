// SPDX-License-Identifier: GPL-2.0-only
/* units: src/run_place.c src/run_scope.c src/cgroup.c src/util.c */
/*
 * Names of the cgroups that `scx_qumun run` makes, and the text of /proc/PID/cgroup.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "run_place.h"
#include "util.h"

static void test_names(void **state)
{
	static const struct { const char *command, *name; } rows[] = {
		{ "firefox", "p-firefox-0000002a" },
		{ "/usr/games/super-tux.bin", "p-super\\x2dtux.bin-0000002a" },
		{ "./a b@c\n", "p-a\\x20b\\x40c\\x0a-0000002a" },
		{ "dir/", "p--0000002a" },
		{ "", "p--0000002a" },
		{ "gr\xc3\xb6\xc3\x9f""er", "p-gr\\xc3\\xb6\\xc3\\x9f""er-0000002a" },
	};
	char name[RUN_NAME_LEN];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		run_place_name(name, "p-", rows[i].command, 42);
		assert_string_equal(name, rows[i].name);
	}
}

static void test_name_of_any_length(void **state)
{
	char command[1000], name[RUN_NAME_LEN];

	(void)state;
	memset(command, '\1', sizeof(command) - 1);
	command[sizeof(command) - 1] = '\0';
	run_place_name(name, "app-scx_qumun-", command, 0xffffffff);
	assert_true(strlen(name) < RUN_NAME_LEN - sizeof(".scope"));
	assert_string_equal(name + strlen(name) - 9, "-ffffffff");
}

static void test_present_cgroup(void **state)
{
	static const struct { const char *text, *path; } rows[] = {
		{ "0::/user.slice/a b.scope\n", "/user.slice/a b.scope" },
		{ "0::/\n", "" },
		{ "0::/x", "/x" },
		{ "12:cpu:/v1\n1:name=systemd:/v1\n0::/v2\n", "/v2" },
		{ "10::/no\n0::/yes\n", "/yes" },
		{ "0::/gone (deleted)\n", NULL },
		{ "0::/../outside\n", NULL },
		{ "1:name=systemd:/v1\n", NULL },
		{ "", NULL },
		{ "\n\n", NULL },
		{ "0::", NULL },
	};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(run_place_parse(rows[i].text, path), rows[i].path != NULL);
		if (rows[i].path)
			assert_string_equal(path, rows[i].path);
	}
}

static void test_present_cgroup_too_long(void **state)
{
	static char text[2 * PATH_MAX];
	char path[PATH_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	memcpy(text, "0::/", 4);
	assert_false(run_place_parse(text, path));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_name_of_any_length),
		cmocka_unit_test(test_present_cgroup),
		cmocka_unit_test(test_present_cgroup_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
