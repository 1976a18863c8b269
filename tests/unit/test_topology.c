// SPDX-License-Identifier: GPL-2.0-only
/* units: src/topology.c src/util.c */
/*
 * topology_read() on sysfs trees that the tests write into a temporary directory.
 */
#ifndef _GNU_SOURCE
/* For nftw(). */
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <ftw.h>
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

#include "topology.h"
#include "util.h"

#define CPU "sys/devices/system/cpu"
#define NODE "sys/devices/system/node"

/* Thousands of small files: in memory where that is possible. */
static const char *const bases[] = { "/dev/shm", "/tmp" };

static char root[64];

static FILE *create(const char *path)
{
	FILE *file = fopen(path, "w");
	char dir[512];

	if (file)
		return file;
	strcpy(dir, path);
	for (char *slash = dir + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(dir, 0755);
		*slash = '/';
	}
	return fopen(path, "w");
}

/* Writes a file below the root, with a newline as sysfs has it, and the directories above it. */
__attribute__((format(printf, 2, 3)))
static void put(const char *text, const char *fmt, ...)
{
	char path[512];
	va_list args;
	FILE *file;
	int len;

	len = snprintf(path, sizeof(path), "%s/", root);
	va_start(args, fmt);
	vsnprintf(path + len, sizeof(path) - (size_t)len, fmt, args);
	va_end(args);
	file = create(path);
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	assert_int_equal(fclose(file), 0);
}

__attribute__((format(printf, 1, 2)))
static void drop(const char *fmt, ...)
{
	char path[512];
	va_list args;
	int len;

	len = snprintf(path, sizeof(path), "%s/", root);
	va_start(args, fmt);
	vsnprintf(path + len, sizeof(path) - (size_t)len, fmt, args);
	va_end(args);
	assert_int_equal(unlink(path), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int make_root(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		snprintf(root, sizeof(root), "%s/qumun-topo-XXXXXX", bases[i]);
		if (mkdtemp(root))
			return 0;
	}
	return -1;
}

static int drop_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The text "first-last" of the group of @size CPUs that @cpu belongs to. */
static const char *group(int cpu, int size)
{
	static char text[32];
	int first = cpu / size * size;

	if (size == 1)
		snprintf(text, sizeof(text), "%d", first);
	else
		snprintf(text, sizeof(text), "%d-%d", first, first + size - 1);
	return text;
}

static void put_cache(int cpu, int index, const char *level, const char *type, const char *shared)
{
	put(level, CPU "/cpu%d/cache/index%d/level", cpu, index);
	put(type, CPU "/cpu%d/cache/index%d/type", cpu, index);
	put(shared, CPU "/cpu%d/cache/index%d/shared_cpu_list", cpu, index);
}

/* Sizes of the groups of a regular machine, in CPUs. */
struct shape {
	int	cpus;
	int	core;
	int	llc;
	int	die;
	int	node;
};

static void put_cpu(const struct shape *s, int cpu)
{
	put(group(cpu, s->core), CPU "/cpu%d/topology/core_cpus_list", cpu);
	put(group(cpu, s->core), CPU "/cpu%d/topology/thread_siblings_list", cpu);
	put(group(cpu, s->die), CPU "/cpu%d/topology/die_cpus_list", cpu);
	put(group(cpu, s->die), CPU "/cpu%d/topology/package_cpus_list", cpu);
	if (!s->llc)
		return;
	put_cache(cpu, 0, "1", "Data", group(cpu, s->core));
	put_cache(cpu, 1, "1", "Instruction", group(cpu, s->core));
	put_cache(cpu, 2, "2", "Unified", group(cpu, s->core));
	put_cache(cpu, 3, "3", "Unified", group(cpu, s->llc));
}

static void put_machine(const struct shape *s)
{
	put(group(0, s->cpus), CPU "/online");
	put(group(0, s->cpus), CPU "/possible");
	for (int cpu = 0; cpu < s->cpus; cpu++)
		put_cpu(s, cpu);
	for (int node = 0; node < s->cpus / s->node; node++)
		put(group(node * s->node, s->node), NODE "/node%d/cpulist", node);
}

/* Numbers that any topology must have: dense, in order, -1 exactly for CPUs that are offline. */
static void assert_sane(const struct topology *t)
{
	int core = 0, llc = 0, node = 0;
	unsigned int online = 0;

	assert_true(t->nr_online <= t->nr_possible && t->nr_possible <= t->nr_cpu_ids);
	for (unsigned int i = 0; i < t->nr_cpu_ids; i++) {
		const struct topology_cpu *cpu = &t->cpus[i];

		if (!cpu->online) {
			assert_true(cpu->core == -1 && cpu->llc == -1 && cpu->node == -1);
			continue;
		}
		online++;
		assert_in_range(cpu->core, 0, core);
		assert_in_range(cpu->llc, 0, llc);
		assert_in_range(cpu->node, 0, node);
		core += cpu->core == core;
		llc += cpu->llc == llc;
		node += cpu->node == node;
	}
	assert_int_equal(online, t->nr_online);
	assert_int_equal(core, t->nr_cores);
	assert_int_equal(llc, t->nr_llcs);
	assert_int_equal(node, t->nr_nodes);
	assert_int_equal(t->smt, t->nr_cores < t->nr_online);
	assert_int_equal(t->llc_guessed, t->llc_note[0] != '\0');
}

static void read_ok(struct topology *t)
{
	assert_int_equal(topology_read(root, t), 0);
	assert_sane(t);
}

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
	assert_false(t.llc_guessed);
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
	}
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
	assert_int_equal(t.cpus[3].core, 1);
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
	assert_true(t.llc_guessed);
	assert_string_equal(t.llc_note,
			    "no shared cache listed for CPU 0: LLC taken from die_cpus_list");
	topology_free(&t);

	for (int cpu = 0; cpu < 8; cpu++) {
		drop(CPU "/cpu%d/topology/die_cpus_list", cpu);
		put("0-7", CPU "/cpu%d/topology/package_cpus_list", cpu);
	}
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 1);
	assert_non_null(strstr(t.llc_note, "package_cpus_list"));
	topology_free(&t);

	for (int cpu = 0; cpu < 8; cpu++)
		drop(CPU "/cpu%d/topology/package_cpus_list", cpu);
	put("0-3", NODE "/node0/cpulist");
	put("4-7", NODE "/node1/cpulist");
	read_ok(&t);
	assert_counts(&t, 8, 4, 2, 2);
	assert_non_null(strstr(t.llc_note, "NUMA node"));
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
	assert_true(t.llc_guessed);
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
	assert_true(t.llc_guessed);
	topology_free(&t);

	/* A private L3 is real, and a shared L2 is an LLC. */
	for (int cpu = 0; cpu < 8; cpu++)
		put_cache(cpu, 3, "3", "Unified", group(cpu, 2));
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 4);
	assert_false(t.llc_guessed);
	topology_free(&t);
	for (int cpu = 0; cpu < 8; cpu++) {
		put("Instruction", CPU "/cpu%d/cache/index3/type", cpu);
		put(group(cpu, 8), CPU "/cpu%d/cache/index2/shared_cpu_list", cpu);
	}
	read_ok(&t);
	assert_int_equal(t.nr_llcs, 1);
	assert_false(t.llc_guessed);
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
	assert_false(t.llc_guessed);
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
	assert_false(t.llc_guessed);
	topology_free(&t);
	/* Without L3 there is nothing to guess either. */
	put("Instruction", CPU "/cpu0/cache/index3/type");
	read_ok(&t);
	assert_counts(&t, 1, 1, 1, 1);
	assert_false(t.llc_guessed);
	topology_free(&t);
	/* Nor when the rest of the die is offline. */
	put("0-3", CPU "/cpu0/topology/die_cpus_list");
	read_ok(&t);
	assert_false(t.llc_guessed);
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
		topology_free(&t);

		put(junk[i], CPU "/cpu0/cache/index3/shared_cpu_list");
		put(junk[i], CPU "/cpu1/cache/index3/level");
		put(junk[i], CPU "/cpu2/cache/index3/type");
		put(junk[i], NODE "/node0/cpulist");
		read_ok(&t);
		assert_int_equal(t.nr_online, 4);
		assert_int_equal(t.nr_llcs, 1);
		assert_true(t.llc_guessed);
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
#define ROOTED(test) cmocka_unit_test_setup_teardown(test, make_root, drop_root)
	const struct CMUnitTest tests[] = {
		ROOTED(test_uniform),
		ROOTED(test_two_llcs_smt),
		ROOTED(test_split_siblings),
		ROOTED(test_two_nodes),
		ROOTED(test_two_nodes_one_llc),
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
