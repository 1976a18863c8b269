// SPDX-License-Identifier: GPL-2.0-only
/* units: src/rules.c src/boost_map.c src/boost_plan.c src/target.c src/util.c */
/*
 * Rules, what they want together, and the difference that is written into the map; the map is a
 * table of this file, which other tools may write, too.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boost_map.h"
#include "boost_plan.h"
#include "exit_codes.h"
#include "loader_maps.h"
#include "rules.h"

/* --- the map --- */

#define ROOM 4

static struct {
	uint64_t id;
	uint32_t weight;
} table[ROOM];

static int writes;

static int find(uint64_t id)
{
	for (int i = 0; i < ROOM; i++)
		if (table[i].id == id)
			return i;
	return -1;
}

static uint32_t weight_of(uint64_t id)
{
	int i = find(id);

	return i < 0 ? 0 : table[i].weight;
}

int boost_entry_add(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	int i = find(0);

	(void)map_fd;
	if (find(cgroup_id) >= 0)
		return -EEXIST;
	if (i < 0)
		return -E2BIG;
	table[i].id = cgroup_id;
	table[i].weight = weight;
	writes++;
	return 0;
}

int boost_entry_check(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	(void)map_fd;
	return weight_of(cgroup_id) == weight ? 0 : -ESTALE;
}

int boost_entry_change(int map_fd, uint64_t cgroup_id, uint32_t from, uint32_t to)
{
	int err = boost_entry_check(map_fd, cgroup_id, from);

	if (err)
		return err;
	table[find(cgroup_id)].weight = to;
	writes++;
	return 0;
}

int boost_entry_drop(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	int err = boost_entry_check(map_fd, cgroup_id, weight);

	if (err)
		return err;
	table[find(cgroup_id)].id = 0;
	writes++;
	return 0;
}

void matches_free(struct matches *matches)
{
	free(matches->rows);
	*matches = (struct matches){ 0 };
}

/* --- rules --- */

static struct rules rules;
static struct boost_map map;

static int begin(void **state)
{
	(void)state;
	memset(table, 0, sizeof(table));
	map = (struct boost_map){ .fd = 3 };
	writes = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	rules_free(&rules);
	boost_map_free(&map);
	return 0;
}

static struct rule make(const char *text, enum rule_origin origin, uid_t uid, uint32_t weight)
{
	char why[TARGET_WHY_LEN];
	struct rule rule;

	assert_int_equal(rule_init(&rule, text, why), QUMUN_EXIT_OK);
	rule.origin = origin;
	rule.uid = uid;
	rule.weight = weight;
	return rule;
}

static void match(struct rule *rule, uint64_t id)
{
	struct match *rows = realloc(rule->matches.rows, (rule->matches.nr + 1) * sizeof(*rows));

	assert_non_null(rows);
	rows[rule->matches.nr++] = (struct match){ .cgroup_id = id };
	rule->matches.rows = rows;
}

static struct rule *put(struct rule rule)
{
	struct rule old, *placed = rules_put(&rules, &rule, &old);

	assert_non_null(placed);
	assert_null(rule.text);
	rule_free(&old);
	return placed;
}

/* A rule about one cgroup, taken in. */
static struct rule *put_one(const char *text, enum rule_origin origin, uint32_t weight, uint64_t id)
{
	struct rule rule = make(text, origin, origin == RULE_USER ? 1000 : 0, weight);

	match(&rule, id);
	return put(rule);
}

static int sync_map(bool verify, struct boost_changes *changes)
{
	struct wanted *wanted;
	size_t nr;
	int err;

	wanted = rules_wanted(&rules, &nr);
	assert_non_null(wanted);
	err = boost_map_sync(&map, wanted, nr, verify, changes);
	free(wanted);
	return err;
}

static uint32_t weight_after_sync(uint64_t id)
{
	struct boost_changes changes;

	assert_int_equal(sync_map(false, &changes), 0);
	return weight_of(id);
}

static void test_who_wins(void **state)
{
	(void)state;
	put_one("/a", RULE_USER, 100, 7);
	assert_int_equal(weight_after_sync(7), 100);
	put_one("/b", RULE_COMMAND_LINE, 300, 7);
	assert_int_equal(weight_after_sync(7), 300);
	/* Later, but of less weight by where it comes from. */
	put_one("/c", RULE_CONFIG, 200, 7);
	put_one("/d", RULE_USER, 5000, 7);
	assert_int_equal(weight_after_sync(7), 300);
	put_one("/e", RULE_ROOT, 400, 7);
	put_one("/f", RULE_ROOT, 500, 7);
	assert_int_equal(weight_after_sync(7), 500);
	/* Said once more, it is the last word again. */
	put_one("/e", RULE_ROOT, 450, 7);
	assert_int_equal(weight_after_sync(7), 450);
	assert_int_equal(rules.nr, 6);
	/* Without the winner the one before counts again. */
	rules_remove(&rules, &rules.rows[rules.nr - 1]);
	assert_int_equal(weight_after_sync(7), 500);
}

static void test_same_rule(void **state)
{
	struct rule bound = make("/a", RULE_USER, 1000, 100);
	struct rule *placed;

	(void)state;
	put_one("/a", RULE_ROOT, 100, 7);
	placed = put_one("/a/", RULE_ROOT, 200, 8);
	assert_int_equal(rules.nr, 1);
	assert_int_equal(placed->weight, 200);
	assert_int_equal(placed->matches.rows[0].cgroup_id, 8);
	/* Another user, another rule; and rules about one cgroup for good differ by it. */
	put(make("/a", RULE_USER, 1000, 100));
	put(make("/a", RULE_USER, 1001, 100));
	bound.bound = true;
	match(&bound, 9);
	put(bound);
	bound = make("/a", RULE_USER, 1000, 100);
	bound.bound = true;
	match(&bound, 10);
	put(bound);
	assert_int_equal(rules.nr, 5);
	bound = make("/a", RULE_USER, 1000, 300);
	bound.bound = true;
	match(&bound, 10);
	assert_int_equal(put(bound)->weight, 300);
	assert_int_equal(rules.nr, 5);
	assert_int_equal(rules_of_user(&rules, 1000), 3);
	assert_int_equal(rules_of_user(&rules, 0), 0);
}

static void test_ends(void **state)
{
	(void)state;
	assert_int_equal(rules_next_end_ms(&rules), 0);
	put_one("/a", RULE_ROOT, 100, 7);
	assert_int_equal(rules_next_end_ms(&rules), 0);
	put_one("/b", RULE_ROOT, 100, 7)->end_ms = 500;
	put_one("/c", RULE_ROOT, 100, 7)->end_ms = 300;
	assert_int_equal(rules_next_end_ms(&rules), 300);
}

static void test_bad_target(void **state)
{
	char why[TARGET_WHY_LEN] = "";
	struct rule rule;

	(void)state;
	assert_int_equal(rule_init(&rule, "nonsense", why), QUMUN_EXIT_USAGE);
	assert_true(*why);
	rule_free(&rule);
	rule_free(&rule);
}

static void test_too_many(void **state)
{
	struct rule rule, old;
	char text[32];

	(void)state;
	for (int i = 0; i < RULES_MAX; i++) {
		snprintf(text, sizeof(text), "/%d", i);
		put(make(text, RULE_ROOT, 0, 100));
	}
	rule = make("/one-more", RULE_ROOT, 0, 100);
	assert_null(rules_put(&rules, &rule, &old));
	assert_non_null(rule.text);
	rule_free(&rule);
	/* One that is there may still be changed. */
	assert_int_equal(put(make("/7", RULE_ROOT, 0, 200))->weight, 200);
	assert_int_equal(rules.nr, RULES_MAX);
}

/* --- the difference --- */

static void test_few_writes(void **state)
{
	struct boost_changes changes;

	(void)state;
	put_one("/a", RULE_ROOT, 100, 1);
	put_one("/b", RULE_ROOT, 200, 2);
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(changes.added, 2);
	assert_int_equal(writes, 2);
	assert_int_equal(sync_map(true, &changes), 0);
	assert_int_equal(writes, 2);
	put_one("/a", RULE_ROOT, 150, 1);
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(changes.changed, 1);
	assert_int_equal(writes, 3);
	/* A cgroup that was made again: the old entry goes, another one comes. */
	put_one("/b", RULE_ROOT, 200, 3);
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(changes.added + changes.dropped, 2);
	assert_int_equal(weight_of(2), 0);
	assert_int_equal(weight_of(3), 200);
	assert_int_equal(writes, 5);
}

static void test_no_map_yet(void **state)
{
	struct boost_changes changes;

	(void)state;
	map.fd = -1;
	put_one("/a", RULE_ROOT, 100, 1);
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(writes, 0);
	map.fd = 3;
	assert_int_equal(weight_after_sync(1), 100);
}

static void test_other_tools(void **state)
{
	struct boost_changes changes;

	(void)state;
	table[0].id = 1;
	table[0].weight = 77;
	put_one("/a", RULE_ROOT, 100, 1);
	put_one("/b", RULE_ROOT, 200, 2);
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(weight_of(1), 77);
	assert_int_equal(boost_map_find(&map, 1)->state, ENTRY_FOREIGN);
	assert_int_equal(boost_map_find(&map, 2)->state, ENTRY_OURS);
	assert_null(boost_map_find(&map, 3));
	/* Another tool writes over ours: noticed when it is looked at, and left alone. */
	table[find(2)].weight = 88;
	assert_int_equal(sync_map(true, &changes), 0);
	assert_int_equal(boost_map_find(&map, 2)->state, ENTRY_FOREIGN);
	/* Once its entry is gone, ours comes back. */
	table[find(2)].id = 0;
	assert_int_equal(weight_after_sync(2), 200);
	/* Its entry stays when our rule ends, even if that was ours before. */
	table[find(2)].weight = 99;
	rules_free(&rules);
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(weight_of(1), 77);
	assert_int_equal(weight_of(2), 99);
	assert_int_equal(map.nr, 0);
}

static void test_vandal(void **state)
{
	struct boost_changes changes;

	(void)state;
	put_one("/a", RULE_ROOT, 100, 1);
	assert_int_equal(weight_after_sync(1), 100);
	table[0].id = 0;
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(weight_of(1), 0);
	assert_int_equal(sync_map(true, &changes), 0);
	assert_int_equal(weight_of(1), 100);
	/* A change of the weight of what is not there any more, too. */
	table[0].id = 0;
	put_one("/a", RULE_ROOT, 120, 1);
	assert_int_equal(weight_after_sync(1), 120);
}

static void test_full(void **state)
{
	struct boost_changes changes;
	char text[32];

	(void)state;
	for (uint64_t id = 1; id <= ROOM + 2; id++) {
		snprintf(text, sizeof(text), "/%d", (int)id);
		put_one(text, RULE_ROOT, 100, id);
	}
	assert_int_equal(sync_map(false, &changes), -E2BIG);
	assert_int_equal(changes.no_room, 2);
	for (uint64_t id = 1; id <= ROOM; id++)
		assert_int_equal(weight_of(id), 100);
	/* Whoever leaves makes room, in the same go. */
	rules_remove(&rules, &rules.rows[0]);
	rules_remove(&rules, &rules.rows[0]);
	assert_int_equal(sync_map(false, &changes), 0);
	assert_int_equal(weight_of(ROOM + 1), 100);
	assert_int_equal(weight_of(ROOM + 2), 100);
}

/* --- the plan --- */

static void test_plan(void **state)
{
	struct boost_plan plan;

	(void)state;
	plan_init(&plan, true, 1000);
	assert_int_equal(plan_due_ms(&plan), 1000);
	assert_int_equal(plan_take(&plan, 1000), PLAN_RESCAN);
	assert_int_equal(plan_due_ms(&plan), 1000 + PLAN_RESCAN_MS);
	/* Several events, one look, not put off by further ones. */
	plan_event(&plan, 5000);
	plan_event(&plan, 5040);
	assert_int_equal(plan_due_ms(&plan), 5000 + PLAN_DELAY_MS);
	assert_int_equal(plan_take(&plan, 5049), PLAN_NOTHING);
	assert_int_equal(plan_take(&plan, 5050), PLAN_LOOK);
	/* The next one not at once. */
	plan_event(&plan, 5051);
	assert_int_equal(plan_due_ms(&plan), 5050 + PLAN_GAP_MS);
	assert_int_equal(plan_take(&plan, 5300), PLAN_LOOK);
	/* A name that is not there yet: at 0.3 and at 1 s, then no more. */
	plan_retry(&plan, 5300);
	assert_int_equal(plan_due_ms(&plan), 5550);
	assert_int_equal(plan_take(&plan, 5550), PLAN_LOOK);
	plan_retry(&plan, 5550);
	assert_int_equal(plan_due_ms(&plan), 6250);
	assert_int_equal(plan_take(&plan, 6250), PLAN_LOOK);
	plan_retry(&plan, 6250);
	assert_int_equal(plan_due_ms(&plan), 1000 + PLAN_RESCAN_MS);
	plan_rescan(&plan, 9000);
	assert_int_equal(plan_take(&plan, 9000), PLAN_RESCAN);
	assert_int_equal(plan_due_ms(&plan), 9000 + PLAN_RESCAN_MS);
}

static void test_plan_storm(void **state)
{
	struct boost_plan plan;
	int looks = 0;

	(void)state;
	plan_init(&plan, true, 0);
	plan_take(&plan, 0);
	for (uint64_t now_ms = 1; now_ms <= 10000; now_ms++) {
		plan_event(&plan, now_ms);
		looks += plan_take(&plan, now_ms) != PLAN_NOTHING;
	}
	assert_in_range(looks, 30, 10000 / PLAN_GAP_MS);
}

static void test_plan_polling(void **state)
{
	struct boost_plan plan;

	(void)state;
	plan_init(&plan, false, 0);
	assert_int_equal(plan_take(&plan, 0), PLAN_RESCAN);
	assert_int_equal(plan_due_ms(&plan), PLAN_POLL_MS);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_who_wins), TEST(test_same_rule), TEST(test_ends), TEST(test_bad_target),
		TEST(test_too_many), TEST(test_few_writes), TEST(test_no_map_yet),
		TEST(test_other_tools), TEST(test_vandal), TEST(test_full), TEST(test_plan),
		TEST(test_plan_storm), TEST(test_plan_polling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
