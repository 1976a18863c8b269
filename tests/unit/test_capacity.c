// SPDX-License-Identifier: GPL-2.0-only
/* units: src/topology.c src/topology_node.c src/topology_capacity.c src/topology_text.c */
/* units: src/util.c tests/unit/tree.c */
/*
 * Kinds, ranks and capacities of CPUs, on sysfs trees of machines with unequal ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "topology.h"
#include "tree.h"
#include "util.h"

#define CAPACITY	"cpu_capacity"
#define CPPC		"acpi_cppc/highest_perf"
#define AMD_PERF	"cpufreq/amd_pstate_highest_perf"
#define AMD_RANK	"cpufreq/amd_pstate_prefcore_ranking"
#define MAX_FREQ	"cpufreq/cpuinfo_max_freq"
#define BASE_FREQ	"cpufreq/base_frequency"

static void put_value(int cpu, const char *name, unsigned long value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lu", value);
	put(text, CPU "/cpu%d/%s", cpu, name);
}

/* Gives the CPUs first..last the same value. */
static void put_values(int first, int last, const char *name, unsigned long value)
{
	for (int cpu = first; cpu <= last; cpu++)
		put_value(cpu, name, value);
}

static void put_plain(int cpus)
{
	put_machine(&(struct shape){ .cpus = cpus, .core = 1, .llc = cpus, .die = cpus,
				     .node = cpus });
}

/* All of the CPUs first..last are of this kind and have this capacity. */
static void assert_speed(const struct topology *t, int first, int last, int kind,
			 unsigned int capacity)
{
	for (int cpu = first; cpu <= last; cpu++) {
		assert_int_equal(t->cpus[cpu].kind, kind);
		assert_int_equal(t->cpus[cpu].capacity, capacity);
	}
}

static void assert_ranks(const struct topology *t, const char *expected)
{
	char text[256] = "";

	for (unsigned int cpu = 0; cpu < t->nr_cpu_ids; cpu++)
		sprintf(text + strlen(text), "%s%d", cpu ? " " : "", t->cpus[cpu].rank);
	assert_string_equal(text, expected);
}

static void assert_described(const struct topology *t, const char *end)
{
	char text[256];

	topology_describe(t, text, sizeof(text));
	if (strlen(text) < strlen(end) || strcmp(text + strlen(text) - strlen(end), end))
		fail_msg("expected the end '%s': %s", end, text);
}

/* The tree has equal CPUs, and nothing about them had to be guessed. */
static void expect_equal(void)
{
	struct topology t;

	read_ok(&t);
	assert_int_equal(t.nr_kinds, 1);
	assert_speed(&t, 0, (int)t.nr_cpu_ids - 1, 0, 1024);
	assert_no_note(&t, TOPOLOGY_NOTE_CAPACITY);
	topology_free(&t);
}

static void test_equal(void **state)
{
	(void)state;
	put_plain(4);
	expect_equal();
	/* x86 says 1024 for all; with the little ones alone online arm64 says less for all. */
	put_values(0, 3, CAPACITY, 1024);
	expect_equal();
	put_values(0, 3, CAPACITY, 446);
	expect_equal();
	put_values(0, 3, MAX_FREQ, 3000000);
	put_values(0, 3, CPPC, 255);
	expect_equal();
}

static void test_big_little(void **state)
{
	struct topology t;

	(void)state;
	put_plain(8);
	put_values(0, 3, CAPACITY, 446);
	put_values(4, 7, CAPACITY, 1024);
	/* What is below in trust is not asked: here it says the contrary. */
	put_values(0, 3, MAX_FREQ, 2000000);
	put_values(4, 7, MAX_FREQ, 1000000);
	read_ok(&t);
	assert_int_equal(t.nr_kinds, 2);
	assert_speed(&t, 0, 3, 1, 446);
	assert_speed(&t, 4, 7, 0, 1024);
	assert_ranks(&t, "1 1 1 1 0 0 0 0");
	assert_described(&t, "SMT off, 2 kinds of CPU: 4 x 1024, 4 x 446");
	assert_no_note(&t, TOPOLOGY_NOTE_CAPACITY);
	topology_free(&t);

	/* The fastest CPU online counts as 1024. */
	put("0-4", CPU "/online");
	put_value(4, CAPACITY, 892);
	read_ok(&t);
	assert_speed(&t, 0, 3, 1, 512);
	assert_speed(&t, 4, 4, 0, 1024);
	topology_free(&t);
}

static void test_three_clusters(void **state)
{
	struct topology t;

	(void)state;
	put_plain(8);
	put_values(0, 3, CAPACITY, 124);
	put_values(4, 5, CAPACITY, 427);
	put_values(6, 7, CAPACITY, 1024);
	read_ok(&t);
	assert_speed(&t, 0, 3, 2, 124);
	assert_speed(&t, 4, 5, 1, 427);
	assert_speed(&t, 6, 7, 0, 1024);
	assert_ranks(&t, "2 2 2 2 1 1 0 0");
	assert_described(&t, ", 3 kinds of CPU: 2 x 1024, 2 x 427, 4 x 124");
	topology_free(&t);
}

/* The kernel may tell CPUs of one design apart: its numbers stay, their kind is one. */
static void test_exact_within_a_kind(void **state)
{
	struct topology t;

	(void)state;
	put_plain(8);
	put_values(0, 1, CAPACITY, 1024);
	put_values(2, 3, CAPACITY, 983);
	put_values(4, 7, CAPACITY, 640);
	read_ok(&t);
	assert_speed(&t, 0, 1, 0, 1024);
	assert_speed(&t, 2, 3, 0, 983);
	assert_speed(&t, 4, 7, 1, 640);
	assert_ranks(&t, "0 0 1 1 2 2 2 2");
	assert_described(&t, "2 kinds of CPU: 4 x 983..1024, 4 x 640");
	topology_free(&t);
}

/* Four P cores with two CPUs each, eight E cores; the kernel has no capacities with SMT on. */
static void put_hybrid(void)
{
	put_plain(16);
	for (int cpu = 0; cpu < 8; cpu++) {
		put(group(cpu, 2), CPU "/cpu%d/topology/core_cpus_list", cpu);
		put(group(cpu, 2), CPU "/cpu%d/topology/thread_siblings_list", cpu);
	}
	put_values(0, 15, CAPACITY, 1024);
	put("0-7", "sys/devices/cpu_core/cpus");
	put("8-15", "sys/devices/cpu_atom/cpus");
}

static void test_hybrid(void **state)
{
	struct topology t;

	(void)state;
	put_hybrid();
	put_values(0, 7, MAX_FREQ, 5500000);
	/* Two favoured cores: of the same kind and capacity, but first in rank. */
	put_values(4, 7, MAX_FREQ, 5800000);
	put_values(8, 15, MAX_FREQ, 4300000);
	/* Some firmware says the same for all cores. */
	put_values(0, 15, CPPC, 255);
	read_ok(&t);
	assert_int_equal(t.nr_cores, 12);
	assert_true(t.smt);
	assert_speed(&t, 0, 7, 0, 1024);
	/* 1024 * 4.3 / 5.8 * 4/5 */
	assert_speed(&t, 8, 15, 1, 607);
	assert_ranks(&t, "1 1 1 1 0 0 0 0 2 2 2 2 2 2 2 2");
	assert_described(&t, "SMT on, 2 kinds of CPU: 8 x 1024, 8 x 607");
	assert_no_note(&t, TOPOLOGY_NOTE_CAPACITY);
	topology_free(&t);

	/* Without turbo the frequencies are close together, or even the same. */
	put_values(0, 15, MAX_FREQ, 2600000);
	read_ok(&t);
	assert_speed(&t, 0, 7, 0, 1024);
	assert_speed(&t, 8, 15, 1, 819);
	topology_free(&t);
	put_values(8, 15, MAX_FREQ, 9900000);
	read_ok(&t);
	assert_speed(&t, 8, 15, 1, 819);
	topology_free(&t);

	/* A slow P core is closer to the E cores than to its like, and still a P core. */
	put_values(0, 1, MAX_FREQ, 5000000);
	put_values(2, 7, MAX_FREQ, 4400000);
	put_values(8, 15, MAX_FREQ, 4950000);
	read_ok(&t);
	assert_speed(&t, 0, 7, 0, 1024);
	assert_speed(&t, 8, 15, 1, 811);
	topology_free(&t);

	/* On a kernel with capacities those count. */
	put_values(8, 15, CAPACITY, 600);
	read_ok(&t);
	assert_speed(&t, 8, 15, 1, 600);
	topology_free(&t);
}

static void test_hybrid_base_frequency(void **state)
{
	struct topology t;

	(void)state;
	put_hybrid();
	put_values(0, 7, BASE_FREQ, 3000000);
	put_values(8, 15, BASE_FREQ, 2200000);
	read_ok(&t);
	assert_speed(&t, 0, 7, 0, 1024);
	assert_speed(&t, 8, 15, 1, 600);
	assert_no_note(&t, TOPOLOGY_NOTE_CAPACITY);
	topology_free(&t);
}

static void test_hybrid_without_frequencies(void **state)
{
	struct topology t;

	(void)state;
	put_hybrid();
	read_ok(&t);
	assert_speed(&t, 0, 7, 0, 1024);
	assert_speed(&t, 8, 15, 1, 614);
	assert_note(&t, TOPOLOGY_NOTE_CAPACITY, "60 % of a P core");
	topology_free(&t);
}

/* E cores outside the large cache: with a list of their own, or among the others. */
static void test_hybrid_low_power(void **state)
{
	struct topology t;

	(void)state;
	put_hybrid();
	put_values(0, 7, MAX_FREQ, 5000000);
	put_values(8, 13, MAX_FREQ, 4000000);
	put_values(14, 15, MAX_FREQ, 2500000);
	for (int i = 0; i < 2; i++) {
		read_ok(&t);
		assert_speed(&t, 0, 7, 0, 1024);
		assert_speed(&t, 8, 13, 1, 655);
		assert_speed(&t, 14, 15, 2, 409);
		assert_no_note(&t, TOPOLOGY_NOTE_CAPACITY);
		topology_free(&t);
		put("8-13", "sys/devices/cpu_atom/cpus");
		put("14-15", "sys/devices/cpu_lowpower/cpus");
	}
}

static void test_hybrid_offline(void **state)
{
	struct topology t;

	(void)state;
	put_hybrid();
	put_values(0, 15, MAX_FREQ, 4000000);
	put("0-7", CPU "/online");
	put("", "sys/devices/cpu_atom/cpus");
	read_ok(&t);
	assert_int_equal(t.nr_kinds, 1);
	assert_speed(&t, 0, 7, 0, 1024);
	topology_free(&t);
	put("8-15", CPU "/online");
	put("", "sys/devices/cpu_core/cpus");
	put("8-15", "sys/devices/cpu_atom/cpus");
	read_ok(&t);
	assert_int_equal(t.nr_kinds, 1);
	assert_speed(&t, 8, 15, 0, 1024);
	assert_no_note(&t, TOPOLOGY_NOTE_CAPACITY);
	topology_free(&t);
}

static void test_hybrid_contradiction(void **state)
{
	static const char *const lists[] = { "7-15", "9-15", "8-14", "0-", "x", "8-15,99999" };
	struct topology t;

	(void)state;
	put_hybrid();
	put_values(0, 7, MAX_FREQ, 5000000);
	put_values(8, 15, MAX_FREQ, 2500000);
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		put(lists[i], "sys/devices/cpu_atom/cpus");
		read_ok(&t);
		/* By frequency alone. */
		assert_speed(&t, 0, 7, 0, 1024);
		assert_speed(&t, 8, 15, 1, 512);
		assert_note(&t, TOPOLOGY_NOTE_CAPACITY, "cpu_atom/cpus cannot be used because of CPU");
		assert_note(&t, TOPOLOGY_NOTE_CAPACITY, "taken from " MAX_FREQ);
		topology_free(&t);
	}
	/* One of two PMUs alone is no hybrid. */
	drop("sys/devices/cpu_atom/cpus");
	put_values(0, 15, MAX_FREQ, 5000000);
	expect_equal();
}

/* An order of cores of equal speed, as AMD's firmware gives it. */
static void test_preferred_cores(void **state)
{
	struct topology t;

	(void)state;
	put_plain(16);
	put_values(0, 15, MAX_FREQ, 5759000);
	put_values(0, 15, AMD_PERF, 166);
	for (int cpu = 0; cpu < 16; cpu++) {
		/* Best in the middle of the first die; the second die far behind. */
		unsigned long rank = cpu < 8 ? 236 - 5UL * (unsigned int)((cpu + 4) % 8) :
					       181 - 5UL * (unsigned int)(cpu - 8);

		put_value(cpu, CPPC, rank);
		put_value(cpu, AMD_RANK, rank);
	}
	expect_equal();
	read_ok(&t);
	assert_ranks(&t, "4 5 6 7 0 1 2 3 8 9 10 11 12 13 14 15");
	topology_free(&t);

	/* What the driver ranks at present counts more than the firmware's table. */
	put_value(15, AMD_RANK, 255);
	read_ok(&t);
	assert_int_equal(t.cpus[15].rank, 0);
	assert_int_equal(t.cpus[4].rank, 1);
	topology_free(&t);

	/* A hint that cannot be read is no hint, and not worth a warning. */
	put("x", CPU "/cpu3/%s", AMD_RANK);
	drop(CPU "/cpu3/%s", CPPC);
	expect_equal();
	read_ok(&t);
	assert_ranks(&t, "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0");
	topology_free(&t);
}

/* Full and dense cores of one vendor: both the frequencies and the firmware tell them apart. */
static void test_dense_cores(void **state)
{
	struct topology t;

	(void)state;
	put_plain(12);
	for (int cpu = 0; cpu < 12; cpu++) {
		put_value(cpu, MAX_FREQ, cpu < 4 ? 5100000 : 3300000);
		put_value(cpu, CPPC, cpu < 4 ? 208 - 5UL * (unsigned int)cpu : 130);
	}
	read_ok(&t);
	assert_int_equal(t.nr_kinds, 2);
	assert_speed(&t, 0, 3, 0, 1024);
	/* 1024 * 130 / 208 */
	assert_speed(&t, 4, 11, 1, 640);
	assert_ranks(&t, "0 1 2 3 4 4 4 4 4 4 4 4");
	topology_free(&t);

	/* Where CPPC says nothing the frequencies do. */
	for (int cpu = 0; cpu < 12; cpu++)
		drop(CPU "/cpu%d/%s", cpu, CPPC);
	read_ok(&t);
	assert_speed(&t, 4, 11, 1, 662);
	topology_free(&t);
	put_values(0, 3, AMD_PERF, 196);
	put_values(4, 11, AMD_PERF, 98);
	read_ok(&t);
	assert_speed(&t, 4, 11, 1, 512);
	topology_free(&t);
}

/* Speeds that differ by less than an eighth from one to the next make one kind. */
static void test_tolerance(void **state)
{
	struct topology t;

	(void)state;
	put_plain(4);
	/* The two dies of an X3D. */
	put_values(0, 1, MAX_FREQ, 5251000);
	put_values(2, 3, MAX_FREQ, 5759000);
	expect_equal();
	read_ok(&t);
	assert_ranks(&t, "1 1 0 0");
	topology_free(&t);
	put_values(0, 1, MAX_FREQ, 700001);
	put_values(2, 3, MAX_FREQ, 800000);
	expect_equal();
	put_values(0, 1, MAX_FREQ, 700000);
	read_ok(&t);
	assert_int_equal(t.nr_kinds, 2);
	assert_speed(&t, 0, 1, 1, 896);
	topology_free(&t);
}

static void test_extremes(void **state)
{
	struct topology t;

	(void)state;
	put_plain(2);
	put_value(0, MAX_FREQ, UINT32_MAX);
	put_value(1, MAX_FREQ, 1);
	read_ok(&t);
	assert_speed(&t, 0, 0, 0, 1024);
	assert_speed(&t, 1, 1, 1, 1);
	topology_free(&t);
}

static void test_garbage(void **state)
{
	static const char *const junk[] = {
		"", "x", "0", "-1", "1.5", "1024 1024", "4294967296", "18446744073709551616",
		"0x400", "\xff",
	};
	static const char *const sources[] = { CAPACITY, MAX_FREQ, CPPC, AMD_PERF };
	struct topology t;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		put_plain(4);
		for (size_t j = 0; j < ARRAY_SIZE(junk); j++) {
			put_values(0, 3, sources[i], 1024);
			put_value(1, sources[i], 100);
			put(junk[j], CPU "/cpu3/%s", sources[i]);
			read_ok(&t);
			assert_speed(&t, 0, 3, 0, 1024);
			assert_note(&t, TOPOLOGY_NOTE_CAPACITY, sources[i]);
			assert_note(&t, TOPOLOGY_NOTE_CAPACITY,
				    "because of CPU 3: all CPUs taken as equally fast");
			topology_free(&t);
		}
		/* Not there for one CPU of several, and there, but no file. */
		drop(CPU "/cpu3/%s", sources[i]);
		read_ok(&t);
		assert_note(&t, TOPOLOGY_NOTE_CAPACITY, "because of CPU 3");
		topology_free(&t);
		put("x", CPU "/cpu3/%s/x", sources[i]);
		read_ok(&t);
		assert_note(&t, TOPOLOGY_NOTE_CAPACITY, "because of CPU 3");
		topology_free(&t);
		drop(CPU "/cpu3/%s/x", sources[i]);
		for (int cpu = 0; cpu < 3; cpu++)
			drop(CPU "/cpu%d/%s", cpu, sources[i]);
		/* An empty directory stays in the place of the last file. */
		if (i + 1 < ARRAY_SIZE(sources)) {
			drop_root(NULL);
			make_root(NULL);
		}
	}
}

/* The next source helps out, and the note says which. */
static void test_garbage_falls_back(void **state)
{
	struct topology t;

	(void)state;
	put_plain(4);
	put_values(0, 3, CAPACITY, 1024);
	put("junk", CPU "/cpu2/" CAPACITY);
	put_values(0, 1, MAX_FREQ, 2000000);
	put_values(2, 3, MAX_FREQ, 1000000);
	read_ok(&t);
	assert_speed(&t, 0, 1, 0, 1024);
	assert_speed(&t, 2, 3, 1, 512);
	assert_note(&t, TOPOLOGY_NOTE_CAPACITY,
		    CAPACITY " cannot be used because of CPU 2: speed of CPUs taken from " MAX_FREQ);
	topology_free(&t);
}

static void test_one_cpu(void **state)
{
	(void)state;
	put_plain(1);
	expect_equal();
	put_value(0, CAPACITY, 1);
	put_value(0, MAX_FREQ, 1);
	put("0", "sys/devices/cpu_core/cpus");
	put("", "sys/devices/cpu_atom/cpus");
	expect_equal();
}

static void test_1024_cpus(void **state)
{
	struct topology t;

	(void)state;
	put_machine(&(struct shape){ .cpus = 1024, .core = 2, .llc = 16, .die = 128, .node = 128 });
	for (int cpu = 0; cpu < 1024; cpu++)
		put_value(cpu, CAPACITY, (unsigned int)cpu / 256 ? 512 : 1024);
	read_ok(&t);
	assert_speed(&t, 0, 255, 0, 1024);
	assert_speed(&t, 256, 1023, 1, 512);
	assert_described(&t, "2 kinds of CPU: 256 x 1024, 768 x 512");
	topology_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ROOTED(test_equal),
		ROOTED(test_big_little),
		ROOTED(test_three_clusters),
		ROOTED(test_exact_within_a_kind),
		ROOTED(test_hybrid),
		ROOTED(test_hybrid_base_frequency),
		ROOTED(test_hybrid_without_frequencies),
		ROOTED(test_hybrid_low_power),
		ROOTED(test_hybrid_offline),
		ROOTED(test_hybrid_contradiction),
		ROOTED(test_preferred_cores),
		ROOTED(test_dense_cores),
		ROOTED(test_tolerance),
		ROOTED(test_extremes),
		ROOTED(test_garbage),
		ROOTED(test_garbage_falls_back),
		ROOTED(test_one_cpu),
		ROOTED(test_1024_cpus),
	};

	return cmocka_run_group_tests_name("capacity", tests, NULL, NULL);
}
