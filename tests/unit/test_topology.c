// SPDX-License-Identifier: GPL-2.0-only
/* units: src/topology.c src/topology_node.c src/topology_capacity.c src/topology_text.c */
/* units: src/util.c tests/unit/tree.c */
/*
 * topology_read() on sysfs trees that the tests write into a temporary directory.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "topology.h"
#include "tree.h"
#include "util.h"

#define LLC_NOTE(t) ((t).notes[TOPOLOGY_NOTE_LLC])

static void assert_counts(const struct topology *t, unsigned int online, unsigned int cores,
			  unsigned int llcs, unsigned int nodes)
{
	assert_int_equal(t->nr_online, online);
	assert_int_equal(t->nr_cores, cores);
	assert_int_equal(t->nr_llcs, llcs);
	assert_int_equal(t->nr_nodes, nodes);
}

static void test_uniform(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 4, .core = 1, .llc = 4, .die = 4, .node = 4 });
	read_ok(&t);
	assert_counts(&t, 4, 4, 1, 1);
	assert_int_equal(t.nr_cpu_ids, 4);
	assert_int_equal(t.nr_possible, 4);
	assert_false(t.smt);
	assert_string_equal(LLC_NOTE(t), "");
	topology_free(&t);
	assert_null(t.cpus);
	topology_free(&t);
}

static void test_two_llcs_smt(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 2, .llc = 4, .die = 8, .node = 8 });
	read_ok(&t);
	assert_counts(&t, 8, 4, 2, 1);
	assert_true(t.smt);
	for (int cpu = 0; cpu < 8; cpu++) {
		assert_int_equal(t.cpus[cpu].core, cpu / 2);
		assert_int_equal(t.cpus[cpu].llc, cpu / 4);
		assert_int_equal(t.cpus[cpu].sibling, cpu % 2);
	}
	assert_int_equal(t.llcs[1].first_cpu, 4);
	assert_int_equal(t.llcs[1].nr_cpus, 4);
	topology_free(&t);
}

/* Siblings far apart, as most x86 machines number them, and only the older name of the file. */
static void test_split_siblings(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 4, .core = 1, .llc = 4, .die = 4, .node = 4 });
	for (int cpu = 0; cpu < 4; cpu++) {
		drop(CPU "/cpu%d/topology/core_cpus_list", cpu);
		put(cpu % 2 ? "1,3" : "0,2", CPU "/cpu%d/topology/thread_siblings_list", cpu);
	}
	read_ok(&t);
	assert_counts(&t, 4, 2, 1, 1);
	assert_int_equal(t.cpus[2].core, 0);
	assert_int_equal(t.cpus[2].sibling, 1);
	assert_int_equal(t.cpus[3].core, 1);
	assert_int_equal(t.cpus[3].sibling, 1);
	assert_no_note(&t, TOPOLOGY_NOTE_CORE);
	topology_free(&t);
}

static void test_two_nodes(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 1, .llc = 2, .die = 4, .node = 4 });
	/* A node with memory only, and things that are not nodes. */
	put("", NODE "/node7/cpulist");
	put("0-7", NODE "/node/cpulist");
	put("0-7", NODE "/nodex1/cpulist");
	put("0-7", NODE "/has_cpu");
	read_ok(&t);
	assert_counts(&t, 8, 8, 4, 2);
	assert_int_equal(t.cpus[3].node, 0);
	assert_int_equal(t.cpus[4].node, 1);
	assert_int_equal(t.cpus[4].llc, 2);
	assert_no_note(&t, TOPOLOGY_NOTE_NODE);
	topology_free(&t);
	/* A CPU that no node knows is in none of them, and we say so. */
	put("4-6", NODE "/node1/cpulist");
	read_ok(&t);
	assert_int_equal(t.nr_nodes, 3);
	assert_note(&t, TOPOLOGY_NOTE_NODE, "CPU 7");
	topology_free(&t);
}

/* Which LLCs a CPU looks at, and when: "0 1 3 2" for LLC 0. */
static void assert_order(const struct topology *t, unsigned int llc, const char *expected)
{
	unsigned int order[64];
	char text[256] = "";

	topology_llc_order(t, llc, order);
	for (unsigned int i = 0; i < t->nr_llcs; i++)
		sprintf(text + strlen(text), "%s%u", i ? " " : "", order[i]);
	assert_string_equal(text, expected);
}

/* Four nodes in a ring, two LLCs each; node 5 of the kernel has memory only. */
static void test_distances(void **state)
{
	static const char *const rows[] = {
		"10 21 99 31 21", "21 10 99 21 31", "31 21 99 10 21", "21 31 99 21 10",
	};
	static const int ids[] = { 0, 3, 10, 12 };
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 16, .core = 1, .llc = 2, .die = 4, .node = 16 });
	for (int i = 0; i < 4; i++) {
		put(group(i * 4, 4), NODE "/node%d/cpulist", ids[i]);
		put(rows[i], NODE "/node%d/distance", ids[i]);
	}
	put("", NODE "/node5/cpulist");
	put("99 99 10 99 99", NODE "/node5/distance");
	read_ok(&t);
	assert_counts(&t, 16, 16, 8, 4);
	assert_no_note(&t, TOPOLOGY_NOTE_DISTANCE);
	assert_int_equal(topology_distance(&t, 0, 0), 10);
	assert_int_equal(topology_distance(&t, 0, 1), 21);
	assert_int_equal(topology_distance(&t, 0, 2), 31);
	assert_int_equal(topology_distance(&t, 3, 1), 31);
	assert_int_equal(t.llcs[5].node, 2);
	assert_order(&t, 0, "0 1 2 3 6 7 4 5");
	assert_order(&t, 3, "3 2 0 1 4 5 6 7");
	assert_order(&t, 5, "5 4 2 3 6 7 0 1");
	topology_free(&t);
}

static void test_bad_distances(void **state)
{
	static const char *const junk[] = {
		"", "10", "10 20 30", "10 x", "10 0", "10 256", "10,20", "-10 20", "10 20 ,",
		"20\n10", "\xff \xfe",
	};
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 1, .llc = 2, .die = 4, .node = 4 });
	put("10 42", NODE "/node0/distance");
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		put(junk[i], NODE "/node1/distance");
		read_ok(&t);
		assert_int_equal(topology_distance(&t, 0, 1), 20);
		assert_int_equal(topology_distance(&t, 1, 1), 10);
		assert_note(&t, TOPOLOGY_NOTE_DISTANCE, "node 1");
		assert_order(&t, 2, "2 3 0 1");
		topology_free(&t);
	}
	drop(NODE "/node1/distance");
	read_ok(&t);
	assert_note(&t, TOPOLOGY_NOTE_DISTANCE, "node 1");
	topology_free(&t);
	/* With one node there is nothing to know. */
	drop(NODE "/node0/distance");
	put("0-7", NODE "/node0/cpulist");
	drop(NODE "/node1/cpulist");
	read_ok(&t);
	assert_int_equal(t.nr_nodes, 1);
	assert_no_note(&t, TOPOLOGY_NOTE_DISTANCE);
	topology_free(&t);
}

/* Two dies, one of them with more cache on top. */
static void test_x3d(void **state)
{
	struct topology t;
	char text[256];

	(void)state;
	put_machine(&(struct shape){ .cpus = 16, .core = 2, .llc = 8, .die = 16, .node = 16 });
	for (int cpu = 0; cpu < 16; cpu++)
		put(cpu < 8 ? "98304K" : "32768K", CPU "/cpu%d/cache/index3/size", cpu);
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 2);
	assert_int_equal(t.cpus[7].llc_kb, 98304);
	assert_int_equal(t.cpus[8].llc_kb, 32768);
	assert_int_equal(t.llcs[0].size_kb, 98304);
	assert_int_equal(t.llcs[1].size_kb, 32768);
	assert_int_equal(t.nr_kinds, 1);
	assert_string_equal(topology_describe(&t, text, sizeof(text)),
			    "16 CPUs, 8 cores, 2 LLCs (1 x 96 MiB, 1 x 32 MiB), 1 NUMA node, SMT on");
	topology_free(&t);
}

static void test_llc_size(void **state)
{
	static const char *const junk[] = { "", "K", "96M", "-1K", "1.5K", "4294967296K", "32 K" };
	struct topology t;
	char text[256];

	(void)state;
	put_machine(&(struct shape){ .cpus = 4, .core = 1, .llc = 2, .die = 4, .node = 4 });
	for (int cpu = 0; cpu < 4; cpu++)
		put("512K", CPU "/cpu%d/cache/index2/size", cpu);
	read_ok(&t);
	assert_int_equal(t.cpus[0].llc_kb, 0);
	topology_free(&t);
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		put(junk[i], CPU "/cpu0/cache/index3/size");
		read_ok(&t);
		assert_int_equal(t.cpus[0].llc_kb, 0);
		topology_free(&t);
	}
	/* Equal sizes are not worth a word. */
	for (int cpu = 0; cpu < 4; cpu++)
		put("4096K", CPU "/cpu%d/cache/index3/size", cpu);
	read_ok(&t);
	assert_string_equal(topology_describe(&t, text, sizeof(text)),
			    "4 CPUs, 4 cores, 2 LLCs, 1 NUMA node, SMT off");
	assert_string_equal(topology_describe(&t, text, 10), "4 CPUs, 4");
	topology_free(&t);
}

/* Guests can have that; LLC and node are independent numbers. */
static void test_two_nodes_one_llc(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 1, .llc = 8, .die = 8, .node = 4 });
	read_ok(&t);
	assert_counts(&t, 8, 8, 1, 2);
	topology_free(&t);
}

static void test_no_cache(void **state)
{
	const struct shape shape = { .cpus = 8, .core = 2, .llc = 0, .die = 4, .node = 8 };
	struct topology t;

	(void)state;
	put_machine(&shape);
	read_ok(&t);
	assert_counts(&t, 8, 4, 2, 1);
	assert_string_not_equal(LLC_NOTE(t), "");
	assert_string_equal(LLC_NOTE(t),
			    "no shared cache listed for CPU 0: LLC taken from die_cpus_list");
	topology_free(&t);

	for (int cpu = 0; cpu < 8; cpu++) {
		drop(CPU "/cpu%d/topology/die_cpus_list", cpu);
		put("0-7", CPU "/cpu%d/topology/package_cpus_list", cpu);
	}
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 1);
	assert_non_null(strstr(LLC_NOTE(t), "package_cpus_list"));
	topology_free(&t);

	for (int cpu = 0; cpu < 8; cpu++)
		drop(CPU "/cpu%d/topology/package_cpus_list", cpu);
	put("0-3", NODE "/node0/cpulist");
	put("4-7", NODE "/node1/cpulist");
	read_ok(&t);
	assert_counts(&t, 8, 4, 2, 2);
	assert_non_null(strstr(LLC_NOTE(t), "NUMA node"));
	topology_free(&t);
}

/* The least that a kernel can show: one LLC, one node, each CPU its own core. */
static void test_bare(void **state)
{
	struct topology t;

	(void)state;
	put("0-2", CPU "/online");
	read_ok(&t);
	assert_counts(&t, 3, 3, 1, 1);
	assert_int_equal(t.nr_possible, 3);
	assert_string_not_equal(LLC_NOTE(t), "");
	assert_note(&t, TOPOLOGY_NOTE_CORE, "CPU 0");
	assert_no_note(&t, TOPOLOGY_NOTE_NODE);
	topology_free(&t);
}

static void test_private_l2(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 2, .llc = 8, .die = 4, .node = 8 });
	for (int cpu = 0; cpu < 8; cpu++)
		put("Instruction", CPU "/cpu%d/cache/index3/type", cpu);
	read_ok(&t);
	assert_counts(&t, 8, 4, 2, 1);
	assert_string_not_equal(LLC_NOTE(t), "");
	topology_free(&t);

	/* A private L3 is real, and a shared L2 is an LLC. */
	for (int cpu = 0; cpu < 8; cpu++)
		put_cache(cpu, 3, "3", "Unified", group(cpu, 2));
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 4);
	assert_string_equal(LLC_NOTE(t), "");
	topology_free(&t);
	for (int cpu = 0; cpu < 8; cpu++) {
		put("Instruction", CPU "/cpu%d/cache/index3/type", cpu);
		put(group(cpu, 8), CPU "/cpu%d/cache/index2/shared_cpu_list", cpu);
	}
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 1);
	assert_string_equal(LLC_NOTE(t), "");
	topology_free(&t);
}

/* The order of the index directories says nothing: the level decides. */
static void test_cache_order(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 4, .core = 1, .llc = 4, .die = 4, .node = 4 });
	for (int cpu = 0; cpu < 4; cpu++) {
		put_cache(cpu, 0, "3", "Unified", group(cpu, 2));
		put_cache(cpu, 3, "1", "Data", group(cpu, 4));
	}
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 2);
	topology_free(&t);

	/* A malformed index hides no later one. */
	put_machine(&(struct shape){ .cpus = 4, .core = 1, .llc = 4, .die = 4, .node = 4 });
	for (int cpu = 0; cpu < 4; cpu++)
		put("junk", CPU "/cpu%d/cache/index0/level", cpu);
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 1);
	assert_string_equal(LLC_NOTE(t), "");
	topology_free(&t);
}

static void test_offline(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 8, .core = 2, .llc = 4, .die = 8, .node = 8 });
	put("1-2,4-6", CPU "/online");
	read_ok(&t);
	assert_counts(&t, 5, 4, 2, 1);
	assert_int_equal(t.nr_cpu_ids, 8);
	assert_int_equal(t.nr_possible, 8);
	assert_false(t.cpus[0].online);
	assert_true(t.cpus[1].online);
	assert_int_equal(t.cpus[1].core, 0);
	/* Its sibling is away, so that it is the first one of its core. */
	assert_int_equal(t.cpus[1].sibling, 0);
	assert_int_equal(t.cpus[2].core, 1);
	assert_int_equal(t.cpus[5].core, 2);
	assert_int_equal(t.cpus[6].core, 3);
	assert_true(t.smt);
	topology_free(&t);

	put("0,2,4,6", CPU "/online");
	read_ok(&t);
	assert_false(t.smt);
	assert_int_equal(t.nr_cores, 4);
	topology_free(&t);
}

static void test_sparse(void **state)
{
	static const int cpus[] = { 3, 17, 300, 1023 };
	struct topology t;

	(void)state;
	put("3,17,300,1023", CPU "/online");
	put("3,17,300,1023", CPU "/possible");
	for (size_t i = 0; i < ARRAY_SIZE(cpus); i++) {
		char self[16];

		snprintf(self, sizeof(self), "%d", cpus[i]);
		put(self, CPU "/cpu%d/topology/core_cpus_list", cpus[i]);
		put_cache(cpus[i], 0, "3", "Unified", i < 2 ? "3,17" : "300,1023");
	}
	put("3,17,300", NODE "/node2/cpulist");
	put("1023", NODE "/node8/cpulist");
	read_ok(&t);
	assert_counts(&t, 4, 4, 2, 2);
	assert_int_equal(t.nr_cpu_ids, 1024);
	assert_int_equal(t.nr_possible, 4);
	assert_int_equal(t.cpus[1023].core, 3);
	assert_int_equal(t.cpus[1023].llc, 1);
	assert_int_equal(t.cpus[1023].node, 1);
	topology_free(&t);
}

static void test_one_cpu(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 1, .core = 1, .llc = 1, .die = 1, .node = 1 });
	read_ok(&t);
	assert_counts(&t, 1, 1, 1, 1);
	assert_string_equal(LLC_NOTE(t), "");
	topology_free(&t);
	/* Without L3 there is nothing to guess either. */
	put("Instruction", CPU "/cpu0/cache/index3/type");
	read_ok(&t);
	assert_counts(&t, 1, 1, 1, 1);
	assert_string_equal(LLC_NOTE(t), "");
	topology_free(&t);
	/* Nor when the rest of the die is offline. */
	put("0-3", CPU "/cpu0/topology/die_cpus_list");
	read_ok(&t);
	assert_string_equal(LLC_NOTE(t), "");
	topology_free(&t);
}

static void test_1024_cpus(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 1024, .core = 2, .llc = 16, .die = 128, .node = 128 });
	read_ok(&t);
	assert_counts(&t, 1024, 512, 64, 8);
	assert_int_equal(t.cpus[1023].core, 511);
	assert_int_equal(t.cpus[1023].llc, 63);
	assert_int_equal(t.cpus[1023].node, 7);
	topology_free(&t);
}

/* Every second CPU: lists of several kilobytes, and none of them may be cut. */
static void test_long_lists(void **state)
{
	static char list[CPU_MASK_BITS * 3];
	size_t len = 0;
	struct topology t;

	(void)state;
	for (int cpu = 0; cpu < CPU_MASK_BITS; cpu += 2)
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%d", cpu ? "," : "",
					cpu);
	put(list, CPU "/online");
	put("0-8191", CPU "/possible");
	put_cache(8190, 0, "3", "Unified", list);
	read_ok(&t);
	assert_counts(&t, 4096, 4096, 1, 1);
	assert_int_equal(t.nr_cpu_ids, 8192);
	topology_free(&t);
}

static void test_garbage(void **state)
{
	static const char *const junk[] = {
		"", "abc", "0-", "3-0", "0,,1", "99999", "-1", "0x3", "2-3", "\xff\xfe", "0 1",
		"18446744073709551616",
	};
	const struct shape shape = { .cpus = 4, .core = 2, .llc = 4, .die = 4, .node = 4 };
	struct topology t;

	(void)state;
	put_machine(&shape);
	for (size_t i = 0; i < ARRAY_SIZE(junk); i++) {
		/* CPU 0 says nothing about itself; the others still know. */
		put(junk[i], CPU "/cpu0/topology/core_cpus_list");
		put(junk[i], CPU "/cpu0/topology/thread_siblings_list");
		read_ok(&t);
		assert_int_equal(t.cpus[0].core, 0);
		assert_int_equal(t.nr_llcs, 1);
		assert_note(&t, TOPOLOGY_NOTE_CORE, "CPU 0");
		topology_free(&t);

		put(junk[i], CPU "/cpu0/cache/index3/shared_cpu_list");
		put(junk[i], CPU "/cpu1/cache/index3/level");
		put(junk[i], CPU "/cpu2/cache/index3/type");
		put(junk[i], NODE "/node0/cpulist");
		read_ok(&t);
		assert_int_equal(t.nr_online, 4);
		assert_int_equal(t.nr_llcs, 1);
		assert_string_not_equal(LLC_NOTE(t), "");
		topology_free(&t);
		put_machine(&shape);
	}
}

/* Lists that contradict each other still give a partition. */
static void test_contradiction(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 4, .core = 1, .llc = 4, .die = 4, .node = 4 });
	put("0-1", CPU "/cpu1/cache/index3/shared_cpu_list");
	put("1,3", CPU "/cpu3/cache/index3/shared_cpu_list");
	put("2-3", NODE "/node1/cpulist");
	read_ok(&t);
	assert_int_equal(t.cpus[0].llc, t.cpus[1].llc);
	assert_int_equal(t.cpus[0].llc, t.cpus[2].llc);
	assert_int_not_equal(t.cpus[0].llc, t.cpus[3].llc);
	topology_free(&t);
}

/* Directories in the place of files: they open, and cannot be read, not even by root. */
static void test_unreadable(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 4, .core = 2, .llc = 4, .die = 4, .node = 4 });
	drop(CPU "/cpu1/topology/core_cpus_list");
	drop(CPU "/cpu1/topology/thread_siblings_list");
	put("x", CPU "/cpu1/topology/core_cpus_list/x");
	put("x", CPU "/cpu1/topology/thread_siblings_list/x");
	drop(NODE "/node0/cpulist");
	put("x", NODE "/node0/cpulist/x");
	read_ok(&t);
	assert_note(&t, TOPOLOGY_NOTE_CORE, "CPU 1");
	assert_note(&t, TOPOLOGY_NOTE_NODE, "CPU 0");
	topology_free(&t);
	drop(CPU "/online");
	put("x", CPU "/online/x");
	assert_int_equal(topology_read(root, &t), -EISDIR);
	topology_free(&t);
}

static void test_errors(void **state)
{
	struct topology t;

	(void)state;
	assert_int_equal(topology_read(root, &t), -ENOENT);
	assert_null(t.cpus);
	topology_free(&t);
	assert_int_equal(topology_read("/nonexistent", &t), -ENOENT);
	put("", CPU "/online");
	assert_int_equal(topology_read(root, &t), -EINVAL);
	put("0-", CPU "/online");
	assert_int_equal(topology_read(root, &t), -EINVAL);
	put("0-8192", CPU "/online");
	assert_int_equal(topology_read(root, &t), -ERANGE);
	put("0", CPU "/online");
	put("junk", CPU "/possible");
	assert_int_equal(topology_read(root, &t), -EINVAL);
	assert_null(t.cpus);
	put("0", CPU "/possible");
	assert_int_equal(topology_read(root, &t), 0);
	topology_free(&t);
}

static void test_this_machine(void **state)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	struct topology t;

	(void)state;
	if (access("/" CPU "/online", R_OK))
		skip();
	assert_int_equal(topology_read("", &t), 0);
	assert_sane(&t);
	assert_int_equal(t.nr_online, online);
	topology_free(&t);
	assert_int_equal(topology_read("/", &t), 0);
	assert_int_equal(t.nr_online, online);
	topology_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOTED(test_uniform),
		ROOTED(test_two_llcs_smt),
		ROOTED(test_split_siblings),
		ROOTED(test_two_nodes),
		ROOTED(test_two_nodes_one_llc),
		ROOTED(test_distances),
		ROOTED(test_bad_distances),
		ROOTED(test_x3d),
		ROOTED(test_llc_size),
		ROOTED(test_unreadable),
		ROOTED(test_no_cache),
		ROOTED(test_bare),
		ROOTED(test_private_l2),
		ROOTED(test_cache_order),
		ROOTED(test_offline),
		ROOTED(test_sparse),
		ROOTED(test_one_cpu),
		ROOTED(test_1024_cpus),
		ROOTED(test_long_lists),
		ROOTED(test_garbage),
		ROOTED(test_contradiction),
		ROOTED(test_errors),
		cmocka_unit_test(test_this_machine),
	};

	return cmocka_run_group_tests_name("topology", tests, NULL, NULL);
}
