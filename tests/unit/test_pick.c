// SPDX-License-Identifier: GPL-2.0-only
/* units: src/pick_list.c src/pick_text.c src/util.c */
/*
 * The list behind `scx_qumun pick`: CPU use from two looks, order, filter, cursor, boosts, weights;
 * and texts of exactly so many columns.
 */
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pick_list.h"
#include "pick_text.h"
#include "util.h"

#define MAX_THINGS 8

/* What runs, and what it has used: the world that the list looks at. */
struct world {
	struct thing	rows[MAX_THINGS];
	uint64_t	usage[MAX_THINGS];
	size_t		nr;
};

static void add(struct world *world, const char *target, const char *title, uint64_t usage)
{
	struct thing *thing = &world->rows[world->nr];

	*thing = (struct thing){
		.target = (char *)target,
		.title = (char *)title,
		.sort = "unit",
		.match = { .cgroup_id = 100 + world->nr, .path = (char *)target, .about = NULL },
	};
	world->usage[world->nr++] = usage;
}

static bool read_usage(void *arg, const char *path, uint64_t *usec)
{
	struct world *world = arg;

	for (size_t i = 0; i < world->nr; i++) {
		if (strcmp(world->rows[i].match.path, path) || world->usage[i] == UINT64_MAX)
			continue;
		*usec = world->usage[i];
		return true;
	}
	return false;
}

static void look(struct pick_list *list, struct world *world, uint64_t at_usec)
{
	struct things things = { .rows = world->rows, .nr = world->nr };

	assert_int_equal(pick_list_update(list, &things, at_usec, read_usage, world), 0);
}

static const struct pick_row *shown(const struct pick_list *list, size_t i)
{
	assert_true(i < list->nr_shown);
	return &list->rows[list->shown[i]];
}

static void test_usage(void **state)
{
	static const struct { const char *text; bool good; uint64_t usec; } rows[] = {
		{ "usage_usec 12\nuser_usec 10\nsystem_usec 2\n", true, 12 },
		{ "user_usec 10\nusage_usec 18446744073709551615", true, UINT64_MAX },
		{ "user_usec 10\n", false, 0 },
		{ "usage_usec \n", false, 0 },
		{ "usage_usec 12x\n", false, 0 },
		{ "usage_usec -1\n", false, 0 },
		{ "usage_usec 1844674407370955161500000\n", false, 0 },
		{ "", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t usec = 0;

		assert_int_equal(pick_usage(rows[i].text, &usec), rows[i].good);
		if (rows[i].good)
			assert_int_equal(usec, rows[i].usec);
	}
}

static void test_cpu_and_order(void **state)
{
	struct pick_list list = { 0 };
	struct world world = { 0 };

	(void)state;
	add(&world, "unit:a", "a", 1000);
	add(&world, "unit:b", "b", 5000000);
	add(&world, "unit:c", "c", 0);
	look(&list, &world, 1000000);
	assert_string_equal(shown(&list, 0)->title, "a");
	assert_int_equal(shown(&list, 1)->cpu, 0);

	world.usage[1] += 500000;
	world.usage[2] += 4000000;
	look(&list, &world, 3000000);
	assert_string_equal(shown(&list, 0)->title, "c");
	assert_int_equal(shown(&list, 0)->cpu, 2000);
	assert_string_equal(shown(&list, 1)->title, "b");
	assert_int_equal(shown(&list, 1)->cpu, 250);
	assert_int_equal(shown(&list, 2)->cpu, 0);
	pick_list_free(&list);
	pick_list_free(&list);
}

static void test_cpu_of_what_is_new(void **state)
{
	struct pick_list list = { 0 };
	struct world world = { 0 };

	(void)state;
	add(&world, "unit:same", "same", 1000);
	add(&world, "unit:anew", "anew", 1000);
	add(&world, "unit:back", "back", 1000);
	add(&world, "unit:gone", "gone", 1000);
	look(&list, &world, 1000000);
	/* A new cgroup of that name; a clock that went back; a file that cannot be read. */
	for (int i = 0; i < 4; i++)
		world.usage[i] += 900000;
	world.rows[1].match.cgroup_id = 999;
	world.usage[2] = 10;
	world.usage[3] = UINT64_MAX;
	add(&world, "unit:later", "later", 900000);
	look(&list, &world, 2000000);
	assert_string_equal(shown(&list, 0)->title, "same");
	assert_int_equal(shown(&list, 0)->cpu, 900);
	for (size_t i = 1; i < list.nr_shown; i++) {
		assert_int_equal(shown(&list, i)->cpu, 0);
		assert_int_equal(shown(&list, i)->counted,
				 !!strcmp(shown(&list, i)->title, "gone"));
	}
	/* The same moment twice: no division by nothing. */
	look(&list, &world, 2000000);
	pick_list_free(&list);
}

static void test_filter(void **state)
{
	struct pick_list list = { 0 };
	struct world world = { 0 };

	(void)state;
	add(&world, "unit:nginx.service", "nginx", 0);
	add(&world, "unit:Redis.service", "Redis", 0);
	add(&world, "unit:gr\xc3\xb6\xc3\x9f""e.service", "gr\xc3\xb6\xc3\x9f""e", 0);
	look(&list, &world, 0);
	assert_true(pick_list_type(&list, "R"));
	assert_true(pick_list_type(&list, "eD"));
	assert_int_equal(list.nr_shown, 1);
	assert_string_equal(pick_list_current(&list)->title, "Redis");
	/* Words in any order, in any of the texts. */
	assert_true(pick_list_type(&list, " unit"));
	assert_int_equal(list.nr_shown, 1);
	assert_true(pick_list_type(&list, "x"));
	assert_int_equal(list.nr_shown, 0);
	assert_null(pick_list_current(&list));
	pick_list_move(&list, 1);
	pick_list_move(&list, -1);
	assert_true(pick_list_clear(&list));
	assert_false(pick_list_clear(&list));
	assert_int_equal(list.nr_shown, 3);
	assert_true(pick_list_type(&list, "\xc3\xb6\xc3\x9f"));
	assert_int_equal(list.nr_shown, 1);
	pick_list_erase(&list);
	assert_string_equal(list.filter, "\xc3\xb6");
	pick_list_erase(&list);
	pick_list_erase(&list);
	assert_string_equal(list.filter, "");
	pick_list_free(&list);
}

static void test_filter_refuses(void **state)
{
	struct pick_list list = { 0 };
	char text[PICK_FILTER_LEN + 1];

	(void)state;
	assert_false(pick_list_type(&list, "\x1b[2J"));
	assert_false(pick_list_type(&list, "\n"));
	assert_false(pick_list_type(&list, "\xff"));
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(pick_list_type(&list, text));
	assert_true(pick_list_type(&list, text + 1));
	assert_false(pick_list_type(&list, "x"));
}

static void test_cursor_stays_with_its_row(void **state)
{
	struct pick_list list = { 0 };
	struct world world = { 0 };

	(void)state;
	add(&world, "unit:a", "a", 0);
	add(&world, "unit:b", "b", 0);
	add(&world, "unit:c", "c", 0);
	look(&list, &world, 0);
	pick_list_move(&list, 1);
	world.usage[2] = 1000000;
	look(&list, &world, 1000000);
	assert_string_equal(shown(&list, 0)->title, "c");
	assert_string_equal(pick_list_current(&list)->title, "b");
	pick_list_move(&list, 100);
	assert_int_equal(list.cursor, 2);
	pick_list_move(&list, -100);
	assert_int_equal(list.cursor, 0);
	/* What it was on is gone: it stays within the list. */
	pick_list_move(&list, 2);
	world.nr = 1;
	look(&list, &world, 2000000);
	assert_string_equal(pick_list_current(&list)->title, "a");
	world.nr = 0;
	look(&list, &world, 3000000);
	assert_null(pick_list_current(&list));
	pick_list_free(&list);
}

static void test_boosts(void **state)
{
	static const char text[] =
		"[{\"target\":\"unit:a\",\"weight\":4096,\"cgroups\":[]},"
		" {\"target\":\"pod:x/y\",\"weight\":512,\"cgroups\":[{\"id\":101,\"counts\":true},"
		"   {\"id\":102,\"counts\":false}]},"
		" {\"target\":7,\"weight\":\"?\",\"cgroups\":{}}, 3]";
	json_t *rules = json_loads(text, 0, NULL);
	struct pick_list list = { 0 };
	struct world world = { 0 };

	(void)state;
	add(&world, "unit:a", "a", 0);
	add(&world, "unit:b", "b", 0);
	add(&world, "unit:c", "c", 0);
	look(&list, &world, 0);
	pick_list_boosts(&list, rules);
	assert_int_equal(shown(&list, 0)->weight, 4096);
	assert_true(shown(&list, 0)->ruled);
	assert_int_equal(shown(&list, 1)->weight, 512);
	assert_false(shown(&list, 1)->ruled);
	assert_int_equal(shown(&list, 2)->weight, 0);
	/* An update does not forget, a daemon that is gone does. */
	look(&list, &world, 1000000);
	assert_int_equal(shown(&list, 0)->weight, 4096);
	pick_list_boosts(&list, NULL);
	assert_int_equal(shown(&list, 0)->weight, 0);
	assert_false(shown(&list, 0)->ruled);
	pick_list_free(&list);
	json_decref(rules);
}

static void test_weights(void **state)
{
	static const struct { uint32_t weight, up, down; } rows[] = {
		{ 4096, 8192, 2048 }, { 16384, 16384, 8192 }, { 64, 128, 64 }, { 5000, 8192, 4096 },
		{ 65, 128, 64 }, { 16383, 16384, 8192 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(pick_weight_step(rows[i].weight, true), rows[i].up);
		assert_int_equal(pick_weight_step(rows[i].weight, false), rows[i].down);
	}
}

/* Two columns each: U+6F22 and U+5B57; an accent without a width: U+0301. */
#define HAN "\xe6\xbc\xa2"
#define JI "\xe5\xad\x97"
#define ACCENT "\xcc\x81"

static void test_columns(void **state)
{
	static const struct { const char *text; int columns; const char *fits; } rows[] = {
		{ "abc", 5, "abc  " }, { "abc", 3, "abc" }, { "abc", 2, "ab" }, { "abc", 0, "" },
		{ HAN JI, 4, HAN JI }, { HAN JI, 3, HAN " " }, { HAN JI, 1, " " },
		{ "e" ACCENT "x", 2, "e" ACCENT "x" }, { "e" ACCENT "x", 1, "e" ACCENT },
		{ "a\x1b[2Jb\x7f\n", 9, "a?[2Jb?? " }, { "\xff" "a\xc3", 4, "?a? " },
		{ "\xc2\x9b" "2J", 4, "?2J " },
	};
	char dst[64];

	(void)state;
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		pick_text_fit(dst, sizeof(dst), rows[i].text, rows[i].columns);
		assert_string_equal(dst, rows[i].fits);
	}
	assert_int_equal(pick_text_width("a" HAN "e" ACCENT), 4);
	setlocale(LC_CTYPE, "C");
	assert_string_equal(pick_text_fit(dst, sizeof(dst), "a" HAN "\xc3\xb6" "b", 6), "a??b  ");
	assert_int_equal(pick_text_width("a" HAN), 2);
}

static void test_columns_of_little_room(void **state)
{
	char dst[8], text[300];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int columns = 0; columns < 300; columns++) {
		pick_text_fit(dst, sizeof(dst), text, columns);
		assert_true(strlen(dst) < sizeof(dst));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_usage),
		cmocka_unit_test(test_cpu_and_order),
		cmocka_unit_test(test_cpu_of_what_is_new),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_filter_refuses),
		cmocka_unit_test(test_cursor_stays_with_its_row),
		cmocka_unit_test(test_boosts),
		cmocka_unit_test(test_weights),
		cmocka_unit_test(test_columns),
		cmocka_unit_test(test_columns_of_little_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
