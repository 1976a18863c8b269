// SPDX-License-Identifier: GPL-2.0-only
/* units: src/placement.c src/topology.c src/topology_node.c src/topology_capacity.c */
/* units: src/util.c tests/unit/tree.c */
/*
 * placement_build(): which CPUs are searched for whom, in which order, on the machines that there
 * are. "0-1 0-3 | 0-7" are two groups, of two tiers and of one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "placement.h"
#include "topology.h"
#include "tree.h"
#include "util.h"

#define ORDINARY	QUMUN_CLASS_ORDINARY
#define BRIEF		QUMUN_CLASS_BRIEF
#define BOOSTED		QUMUN_CLASS_BOOSTED

static const struct placement_wishes no_wishes;

static void put_value(int cpu, const char *name, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	put(text, CPU "/cpu%d/%s", cpu, name);
}

static void put_values(int first, int last, const char *name, unsigned long value)
{
	for (int cpu = first; cpu <= last; cpu++)
		put_value(cpu, name, value);
}

static struct placement_wishes wish_list(const char *list)
{
	struct placement_wishes wishes = { .primary = PRIMARY_LIST };

	assert_true(cpu_mask_parse(&wishes.primary_list, list) > 0);
	return wishes;
}

static void assert_mask(const struct cpu_mask *mask, const char *expected)
{
	char text[256];

	assert_string_equal(cpu_mask_format(text, sizeof(text), mask), expected);
}

static void assert_tiers(const struct placement *pl, unsigned int llc, int class,
			 const char *expected)
{
	char text[512] = "";

	assert_true(llc < pl->nr_llcs);
	for (int i = 0; i < QUMUN_TIER_GROUPS_MAX; i++) {
		const struct qumun_tier_group *group = &pl->tiers[llc].groups[class][i];

		for (__u32 j = 0; j < group->nr; j++) {
			char list[128];

			cpu_mask_format(list, sizeof(list), &pl->masks[group->masks[j]]);
			sprintf(text + strlen(text), "%s%s", j ? " " : i ? " | " : "", list);
		}
	}
	assert_string_equal(text, expected);
}

/* The same for all classes. */
static void assert_all_tiers(const struct placement *pl, unsigned int llc, const char *expected)
{
	for (int class = 0; class < QUMUN_NR_CLASSES; class++)
		assert_tiers(pl, llc, class, expected);
}

static bool is_subset(const struct cpu_mask *part, const struct cpu_mask *whole)
{
	struct cpu_mask both = *part;

	cpu_mask_and(&both, whole);
	return cpu_mask_equal(&both, part);
}

/* One list: each tier adds something, and all of them together are all CPUs. */
static void assert_list_sane(const struct placement *pl, const struct qumun_tier_group *groups)
{
	struct cpu_mask covered = { 0 };
	int i;

	assert_true(groups[0].nr > 0);
	for (i = 0; i < QUMUN_TIER_GROUPS_MAX && groups[i].nr; i++) {
		assert_true(groups[i].nr <= QUMUN_TIERS_MAX);
		for (__u32 j = 0; j < groups[i].nr; j++) {
			const struct cpu_mask *mask;

			assert_true(groups[i].masks[j] < pl->nr_masks);
			mask = &pl->masks[groups[i].masks[j]];
			assert_false(is_subset(mask, &covered));
			for (size_t k = 0; k < ARRAY_SIZE(covered.bits); k++)
				covered.bits[k] |= mask->bits[k];
		}
	}
	for (; i < QUMUN_TIER_GROUPS_MAX; i++)
		assert_int_equal(groups[i].nr, 0);
	assert_true(cpu_mask_equal(&covered, &pl->online));
}

/* What must hold of any placement. */
static void assert_placement_sane(const struct topology *t, const struct placement *pl)
{
	assert_int_equal(cpu_mask_count(&pl->online), t->nr_online);
	assert_true(cpu_mask_count(&pl->primary) > 0);
	assert_true(is_subset(&pl->primary, &pl->online));
	assert_true(cpu_mask_count(&pl->fastest) > 0);
	assert_false(pl->smt && pl->ignore_smt);
	if (!pl->own) {
		assert_false(pl->restricted);
		assert_int_equal(pl->nr_masks, 0);
		return;
	}
	assert_int_equal(pl->nr_llcs, t->nr_llcs);
	for (unsigned int i = 0; i < pl->nr_masks; i++) {
		for (unsigned int j = 0; j < i; j++)
			assert_false(cpu_mask_equal(&pl->masks[i], &pl->masks[j]));
	}
	for (unsigned int llc = 0; llc < pl->nr_llcs; llc++) {
		for (int class = 0; class < QUMUN_NR_CLASSES; class++)
			assert_list_sane(pl, pl->tiers[llc].groups[class]);
	}
}

static void build_ok(const struct topology *t, const struct placement_wishes *wishes,
		     struct placement *pl)
{
	assert_int_equal(placement_build(t, wishes, pl), 0);
	assert_placement_sane(t, pl);
}

/* Reads the tree and places on it. */
static void place_ok(struct topology *t, const struct placement_wishes *wishes,
		     struct placement *pl)
{
	read_ok(t);
	build_ok(t, wishes, pl);
}

static void end(struct topology *t, struct placement *pl)
{
	placement_free(pl);
	assert_null(pl->masks);
	placement_free(pl);
	topology_free(t);
}

static void assert_described(const struct topology *t, const struct placement_wishes *wishes,
			     const struct placement *pl, const char *expected)
{
	char text[160];

	assert_string_equal(placement_describe(t, wishes, pl, text, sizeof(text)), expected);
}

/* One LLC, equal CPUs: the kernel's search does as well, with SMT and without. */
static void test_plain(void **state)
{
	struct placement_wishes wishes = { .disable_llc = true, .disable_numa = true };
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 2, .llc = 8, .die = 8, .node = 8 });
	place_ok(&t, &no_wishes, &pl);
	assert_false(pl.own);
	assert_true(pl.smt && pl.moves);
	assert_described(&t, &no_wishes, &pl, "the kernel's own search");
	end(&t, &pl);
	/* What is not there can be ignored for nothing. */
	place_ok(&t, &wishes, &pl);
	assert_false(pl.own);
	end(&t, &pl);
	/* The kernel cannot be told to. */
	wishes.disable_smt = true;
	place_ok(&t, &wishes, &pl);
	assert_true(pl.own && pl.ignore_smt && !pl.smt && !pl.moves);
	assert_all_tiers(&pl, 0, "0-7");
	assert_described(&t, &wishes, &pl, "anywhere; SMT ignored");
	end(&t, &pl);
	/* Nor of a primary domain; a list of all CPUs is none. */
	wishes = wish_list("0-7");
	place_ok(&t, &wishes, &pl);
	assert_false(pl.own);
	end(&t, &pl);
	wishes = wish_list("2,4");
	place_ok(&t, &wishes, &pl);
	assert_true(pl.own && pl.restricted && pl.moves);
	assert_tiers(&pl, 0, ORDINARY, "2,4 | 0-7");
	assert_tiers(&pl, 0, BRIEF, "2,4 | 0-7");
	assert_tiers(&pl, 0, BOOSTED, "0-7");
	end(&t, &pl);
}

static void test_two_llcs(void **state)
{
	struct placement_wishes wishes = wish_list("0-3");
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 2, .llc = 4, .die = 8, .node = 8 });
	place_ok(&t, &no_wishes, &pl);
	assert_all_tiers(&pl, 0, "0-3 0-7");
	assert_all_tiers(&pl, 1, "4-7 0-7");
	assert_int_equal(pl.nr_masks, 3);
	assert_described(&t, &no_wishes, &pl, "own LLC, then anywhere; whole cores first");
	end(&t, &pl);

	place_ok(&t, &wishes, &pl);
	assert_tiers(&pl, 0, ORDINARY, "0-3 | 0-7");
	/* What the second group would add to its first tier is in the first group already. */
	assert_tiers(&pl, 1, ORDINARY, "0-3 | 4-7");
	assert_tiers(&pl, 1, BRIEF, "0-3 | 4-7");
	assert_tiers(&pl, 1, BOOSTED, "4-7 0-7");
	end(&t, &pl);

	wishes = (struct placement_wishes){ .disable_llc = true };
	place_ok(&t, &wishes, &pl);
	assert_true(pl.own);
	assert_all_tiers(&pl, 0, "0-7");
	assert_all_tiers(&pl, 1, "0-7");
	assert_described(&t, &wishes, &pl, "anywhere; whole cores first");
	end(&t, &pl);
}

static void test_two_nodes(void **state)
{
	struct placement_wishes wishes = wish_list("0,2,4-7");
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 1, .llc = 2, .die = 4, .node = 4 });
	place_ok(&t, &no_wishes, &pl);
	assert_all_tiers(&pl, 0, "0-1 0-3 0-7");
	assert_all_tiers(&pl, 3, "6-7 4-7 0-7");
	assert_false(pl.smt || pl.ignore_smt || pl.moves);
	assert_described(&t, &no_wishes, &pl, "own LLC, then NUMA node, then anywhere");
	end(&t, &pl);

	place_ok(&t, &wishes, &pl);
	assert_tiers(&pl, 0, ORDINARY, "0 0,2 0,2,4-7 | 0-1 0-3");
	/* Nothing is left of its LLC and its node for the second group. */
	assert_tiers(&pl, 3, ORDINARY, "6-7 4-7 0,2,4-7 | 0-7");
	end(&t, &pl);

	wishes = (struct placement_wishes){ .disable_numa = true };
	place_ok(&t, &wishes, &pl);
	assert_all_tiers(&pl, 0, "0-1 0-7");
	end(&t, &pl);
	wishes = (struct placement_wishes){ .disable_llc = true };
	place_ok(&t, &wishes, &pl);
	assert_all_tiers(&pl, 1, "0-3 0-7");
	assert_described(&t, &wishes, &pl, "own NUMA node, then anywhere");
	end(&t, &pl);
}

/* Four P cores with SMT, eight E cores, one LLC. */
static void put_hybrid(void)
{
	put_machine(&(struct shape){ .cpus = 16, .core = 1, .llc = 16, .die = 16, .node = 16 });
	for (int cpu = 0; cpu < 8; cpu++) {
		put(group(cpu, 2), CPU "/cpu%d/topology/core_cpus_list", cpu);
		put(group(cpu, 2), CPU "/cpu%d/topology/thread_siblings_list", cpu);
	}
	put("0-7", "sys/devices/cpu_core/cpus");
	put("8-15", "sys/devices/cpu_atom/cpus");
	put_values(0, 7, "cpufreq/cpuinfo_max_freq", 5500000);
	put_values(8, 15, "cpufreq/cpuinfo_max_freq", 4300000);
}

static void test_hybrid(void **state)
{
	struct placement_wishes wishes = { .primary = PRIMARY_POWERSAVE };
	struct placement pl;
	struct topology t;

	(void)state;
	put_hybrid();
	place_ok(&t, &no_wishes, &pl);
	assert_true(pl.own && !pl.restricted && pl.moves);
	assert_mask(&pl.fastest, "0-7");
	assert_tiers(&pl, 0, ORDINARY, "0-15");
	assert_tiers(&pl, 0, BRIEF, "0-7 | 0-15");
	assert_tiers(&pl, 0, BOOSTED, "0-7 | 0-15");
	end(&t, &pl);

	place_ok(&t, &wishes, &pl);
	assert_mask(&pl.primary, "8-15");
	assert_tiers(&pl, 0, ORDINARY, "8-15 | 0-15");
	/* Who is not boosted does not wake the fast ones up. */
	assert_tiers(&pl, 0, BRIEF, "8-15 | 0-15");
	assert_tiers(&pl, 0, BOOSTED, "0-7 | 0-15");
	end(&t, &pl);

	for (int i = 0; i < 2; i++) {
		wishes.primary = i ? PRIMARY_AUTO : PRIMARY_PERFORMANCE;
		place_ok(&t, &wishes, &pl);
		assert_mask(&pl.primary, "0-7");
		assert_tiers(&pl, 0, ORDINARY, "0-7 | 0-15");
		end(&t, &pl);
	}

	/* Across both kinds: the fast ones of it first. */
	wishes = wish_list("4-11");
	place_ok(&t, &wishes, &pl);
	assert_tiers(&pl, 0, ORDINARY, "4-11 | 0-15");
	assert_tiers(&pl, 0, BRIEF, "4-7 | 4-11 | 0-15");
	end(&t, &pl);
}

/* E cores beside the large cache, with one of their own: the fast kind matters more. */
static void test_hybrid_low_power(void **state)
{
	struct placement pl;
	struct topology t;

	(void)state;
	put_hybrid();
	for (int cpu = 0; cpu < 16; cpu++)
		put_cache(cpu, 3, "3", "Unified", cpu < 14 ? "0-13" : "14-15");
	put_values(14, 15, "cpufreq/cpuinfo_max_freq", 2500000);
	place_ok(&t, &no_wishes, &pl);
	assert_int_equal(t.nr_kinds, 3);
	assert_tiers(&pl, 0, ORDINARY, "0-13 0-15");
	assert_tiers(&pl, 1, ORDINARY, "14-15 0-15");
	assert_tiers(&pl, 0, BRIEF, "0-7 | 0-13 | 0-15");
	assert_tiers(&pl, 1, BRIEF, "0-7 | 0-13 | 14-15");
	assert_tiers(&pl, 1, BOOSTED, "0-7 | 0-13 | 14-15");
	end(&t, &pl);
}

/* Two dies, one with more cache: one kind, whatever the order of preference. */
static void test_x3d(void **state)
{
	struct placement_wishes wishes = { .primary = PRIMARY_PERFORMANCE };
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 16, .core = 1, .llc = 8, .die = 16, .node = 16 });
	for (int cpu = 0; cpu < 16; cpu++) {
		put(cpu < 8 ? "98304K" : "32768K", CPU "/cpu%d/cache/index3/size", cpu);
		put_value(cpu, "cpufreq/cpuinfo_max_freq", cpu < 8 ? 5251000 : 5759000);
		put_value(cpu, "cpufreq/amd_pstate_prefcore_ranking", 236 - (unsigned int)cpu);
	}
	place_ok(&t, &wishes, &pl);
	assert_int_equal(t.nr_kinds, 1);
	assert_false(pl.restricted);
	assert_all_tiers(&pl, 0, "0-7 0-15");
	assert_all_tiers(&pl, 1, "8-15 0-15");
	end(&t, &pl);
}

static void test_big_little(void **state)
{
	struct placement_wishes wishes = { .primary = PRIMARY_AUTO };
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 1, .llc = 8, .die = 8, .node = 8 });
	put_values(0, 3, "cpu_capacity", 124);
	put_values(4, 5, "cpu_capacity", 427);
	put_values(6, 7, "cpu_capacity", 1024);
	place_ok(&t, &wishes, &pl);
	/* All but the slowest. */
	assert_mask(&pl.primary, "4-7");
	assert_tiers(&pl, 0, ORDINARY, "4-7 | 0-7");
	assert_tiers(&pl, 0, BRIEF, "6-7 | 4-7 | 0-7");
	assert_tiers(&pl, 0, BOOSTED, "6-7 | 4-7 | 0-7");
	end(&t, &pl);

	wishes.primary = PRIMARY_POWERSAVE;
	place_ok(&t, &wishes, &pl);
	assert_mask(&pl.primary, "0-3");
	end(&t, &pl);
	wishes.primary = PRIMARY_PERFORMANCE;
	place_ok(&t, &wishes, &pl);
	assert_mask(&pl.primary, "6-7");
	end(&t, &pl);
}

/* Four kinds: the two slowest are told apart by nobody. */
static void test_many_kinds(void **state)
{
	struct placement_wishes wishes = wish_list("0-2");
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 4, .core = 1, .llc = 4, .die = 4, .node = 4 });
	for (int cpu = 0; cpu < 4; cpu++)
		put_value(cpu, "cpu_capacity", 1024U >> cpu);
	place_ok(&t, &no_wishes, &pl);
	assert_tiers(&pl, 0, BRIEF, "0 | 0-1 | 0-3");
	end(&t, &pl);
	/* As many groups as there can be. */
	place_ok(&t, &wishes, &pl);
	assert_tiers(&pl, 0, BRIEF, "0 | 0-1 | 0-2 | 0-3");
	end(&t, &pl);
}

static void test_offline(void **state)
{
	struct placement_wishes wishes = wish_list("1-2,5");
	struct cpu_mask missing;
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 2, .llc = 4, .die = 8, .node = 8 });
	put("0-2,6", CPU "/online");
	place_ok(&t, &no_wishes, &pl);
	assert_all_tiers(&pl, 0, "0-2 0-2,6");
	assert_all_tiers(&pl, 1, "6 0-2,6");
	assert_int_equal(placement_missing(&t, &no_wishes, &missing), 0);
	end(&t, &pl);

	/* A CPU of the list went away: the others remain; all went away: no domain. */
	place_ok(&t, &wishes, &pl);
	assert_mask(&pl.primary, "1-2");
	assert_int_equal(placement_missing(&t, &wishes, &missing), 1);
	assert_mask(&missing, "5");
	end(&t, &pl);
	wishes = wish_list("5,7,4000");
	place_ok(&t, &wishes, &pl);
	assert_false(pl.restricted);
	assert_int_equal(placement_missing(&t, &wishes, &missing), 3);
	end(&t, &pl);
}

/* Without caches LLCs are guessed from dies, and placement goes by them. */
static void test_no_caches(void **state)
{
	struct placement pl;
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 1, .llc = 0, .die = 4, .node = 8 });
	place_ok(&t, &no_wishes, &pl);
	assert_note(&t, TOPOLOGY_NOTE_LLC, "die_cpus_list");
	assert_all_tiers(&pl, 1, "4-7 0-7");
	end(&t, &pl);
}

/* A machine without files: regular, or with its kinds and nodes by chance. */
static void make_topology(struct topology *t, unsigned int cpus, unsigned int core,
			  unsigned int llc, unsigned int node)
{
	*t = (struct topology){
		.nr_cpu_ids = cpus, .nr_possible = cpus, .nr_online = cpus,
		.nr_cores = (cpus + core - 1) / core, .nr_llcs = (cpus + llc - 1) / llc,
		.nr_nodes = (cpus + node - 1) / node, .nr_kinds = 1, .smt = core > 1 && cpus > 1,
	};
	t->cpus = calloc(cpus, sizeof(*t->cpus));
	t->llcs = calloc(t->nr_llcs, sizeof(*t->llcs));
	assert_true(t->cpus && t->llcs);
	for (unsigned int i = 0; i < cpus; i++) {
		t->cpus[i] = (struct topology_cpu){
			.online = true, .core = (int)(i / core), .llc = (int)(i / llc),
			.node = (int)(i / node),
		};
		t->llcs[i / llc].node = (int)(i / llc * llc / node);
	}
}

static void test_sizes(void **state)
{
	struct placement_wishes wishes = wish_list("0");
	struct placement pl;
	struct topology t;

	(void)state;
	for (unsigned int cpus = 1; cpus <= 1024; cpus += 1 + cpus / 16) {
		make_topology(&t, cpus, 2, 16, 128);
		build_ok(&t, &no_wishes, &pl);
		assert_int_equal(pl.own, cpus > 16);
		placement_free(&pl);
		build_ok(&t, &wishes, &pl);
		assert_int_equal(pl.own, cpus > 1);
		end(&t, &pl);
	}
	/* A cache for each CPU, as some servers have it, and all numbers that there can be. */
	make_topology(&t, 1024, 1, 1, 256);
	build_ok(&t, &no_wishes, &pl);
	assert_int_equal(pl.nr_masks, 1024 + 4 + 1);
	end(&t, &pl);
}

/* Kinds and domains by chance; LLCs that reach into two nodes, as guests have them. */
static void test_random(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 300; i++) {
		unsigned int cpus = 1 + (unsigned int)rand() % 40;
		struct placement_wishes wishes = { .primary = (enum primary_kind)(rand() % 5) };
		struct placement pl;
		struct topology t;

		make_topology(&t, cpus, 1 + (unsigned int)rand() % 2, 1 + (unsigned int)rand() % 8,
			      1 + (unsigned int)rand() % 16);
		t.nr_kinds = 1 + (unsigned int)rand() % 5;
		for (unsigned int cpu = 0; cpu < cpus; cpu++) {
			t.cpus[cpu].kind = cpu < t.nr_kinds ? (int)cpu : rand() % (int)t.nr_kinds;
			if (rand() % 2)
				cpu_mask_set(&wishes.primary_list, cpu);
		}
		t.nr_kinds = t.nr_kinds < cpus ? t.nr_kinds : cpus;
		wishes.disable_smt = rand() % 4 == 0;
		wishes.disable_llc = rand() % 4 == 0;
		wishes.disable_numa = rand() % 4 == 0;
		build_ok(&t, &wishes, &pl);
		end(&t, &pl);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOTED(test_plain),
		ROOTED(test_two_llcs),
		ROOTED(test_two_nodes),
		ROOTED(test_hybrid),
		ROOTED(test_hybrid_low_power),
		ROOTED(test_x3d),
		ROOTED(test_big_little),
		ROOTED(test_many_kinds),
		ROOTED(test_offline),
		ROOTED(test_no_caches),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests_name("placement", tests, NULL, NULL);
}
