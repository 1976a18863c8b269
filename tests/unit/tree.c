// SPDX-License-Identifier: GPL-2.0-only
/*
 * Trees of sysfs files in a temporary directory, for tests; the contract is in tree.h.
 */
#ifndef _GNU_SOURCE
/* For nftw(). */
#define _GNU_SOURCE
#endif
#include "tree.h"

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

#include "util.h"

/* Thousands of small files: in memory where that is possible. */
static const char *const bases[] = { "/dev/shm", "/tmp" };

char root[64];

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

void put(const char *text, const char *fmt, ...)
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

void drop(const char *fmt, ...)
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

int make_root(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
		snprintf(root, sizeof(root), "%s/qumun-topo-XXXXXX", bases[i]);
		if (mkdtemp(root))
			return 0;
	}
	return -1;
}

int drop_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *group(int cpu, int size)
{
	static char text[32];
	int first = cpu / size * size;

	if (size == 1)
		snprintf(text, sizeof(text), "%d", first);
	else
		snprintf(text, sizeof(text), "%d-%d", first, first + size - 1);
	return text;
}

void put_cache(int cpu, int index, const char *level, const char *type, const char *shared)
{
	put(level, CPU "/cpu%d/cache/index%d/level", cpu, index);
	put(type, CPU "/cpu%d/cache/index%d/type", cpu, index);
	put(shared, CPU "/cpu%d/cache/index%d/shared_cpu_list", cpu, index);
}

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

void put_machine(const struct shape *s)
{
	put(group(0, s->cpus), CPU "/online");
	put(group(0, s->cpus), CPU "/possible");
	for (int cpu = 0; cpu < s->cpus; cpu++)
		put_cpu(s, cpu);
	for (int node = 0; node < s->cpus / s->node; node++)
		put(group(node * s->node, s->node), NODE "/node%d/cpulist", node);
}

static void assert_order_is_complete(const struct topology *t, unsigned int llc)
{
	unsigned int *order = calloc(t->nr_llcs, sizeof(*order));
	bool *seen = calloc(t->nr_llcs, sizeof(*seen));

	assert_true(order && seen);
	topology_llc_order(t, llc, order);
	assert_int_equal(order[0], llc);
	for (unsigned int i = 0; i < t->nr_llcs; i++) {
		assert_true(order[i] < t->nr_llcs && !seen[order[i]]);
		seen[order[i]] = true;
	}
	free(order);
	free(seen);
}

static void assert_groups_sane(const struct topology *t)
{
	unsigned int nr_cpus = 0;

	for (unsigned int i = 0; i < t->nr_llcs; i++) {
		nr_cpus += t->llcs[i].nr_cpus;
		assert_int_equal(t->cpus[t->llcs[i].first_cpu].llc, i);
		assert_in_range(t->llcs[i].node, 0, t->nr_nodes - 1);
		assert_order_is_complete(t, i);
	}
	assert_int_equal(nr_cpus, t->nr_online);
	for (unsigned int i = 0; i < t->nr_nodes; i++)
		assert_in_range(topology_distance(t, (int)i, 0), 1, 255);
}

/* Speeds that any topology must have: kinds and ranks without gaps, and a fastest CPU. */
static void assert_speeds_sane(const struct topology *t)
{
	bool *kinds = calloc(t->nr_kinds, sizeof(*kinds));
	bool fastest = false, first = false;

	assert_non_null(kinds);
	for (unsigned int i = 0; i < t->nr_cpu_ids; i++) {
		const struct topology_cpu *cpu = &t->cpus[i];

		if (!cpu->online) {
			assert_true(cpu->kind == -1 && cpu->rank == -1 && !cpu->capacity);
			continue;
		}
		assert_in_range(cpu->capacity, 1, TOPOLOGY_CAPACITY_MAX);
		assert_in_range(cpu->kind, 0, t->nr_kinds - 1);
		assert_in_range(cpu->rank, 0, t->nr_online - 1);
		kinds[cpu->kind] = true;
		fastest |= cpu->capacity == TOPOLOGY_CAPACITY_MAX && cpu->kind == 0;
		first |= cpu->rank == 0 && cpu->capacity == TOPOLOGY_CAPACITY_MAX;
	}
	assert_true(fastest && first);
	for (unsigned int i = 0; i < t->nr_kinds; i++)
		assert_true(kinds[i]);
	free(kinds);
}

/* Numbers that any topology must have: dense, in order, -1 exactly for CPUs that are offline. */
void assert_sane(const struct topology *t)
{
	int core = 0, llc = 0, node = 0;
	unsigned int online = 0;

	assert_true(t->nr_online <= t->nr_possible && t->nr_possible <= t->nr_cpu_ids);
	for (unsigned int i = 0; i < t->nr_cpu_ids; i++) {
		const struct topology_cpu *cpu = &t->cpus[i];

		if (!cpu->online) {
			assert_true(cpu->core == -1 && cpu->llc == -1 && cpu->node == -1);
			assert_true(cpu->sibling == -1 && !cpu->llc_kb);
			continue;
		}
		online++;
		assert_in_range(cpu->core, 0, core);
		assert_in_range(cpu->llc, 0, llc);
		assert_in_range(cpu->node, 0, node);
		/* The first CPU of a core is its sibling 0, and no other is. */
		assert_int_equal(cpu->core == core, cpu->sibling == 0);
		core += cpu->core == core;
		llc += cpu->llc == llc;
		node += cpu->node == node;
	}
	assert_int_equal(online, t->nr_online);
	assert_int_equal(core, t->nr_cores);
	assert_int_equal(llc, t->nr_llcs);
	assert_int_equal(node, t->nr_nodes);
	assert_int_equal(t->smt, t->nr_cores < t->nr_online);
	assert_groups_sane(t);
	assert_speeds_sane(t);
}

void read_ok(struct topology *t)
{
	assert_int_equal(topology_read(root, t), 0);
	assert_sane(t);
}

void assert_note(const struct topology *t, enum topology_note which, const char *part)
{
	if (!strstr(t->notes[which], part) || !t->notes[which][0])
		fail_msg("note %d should hold '%s': %s", which, part, t->notes[which]);
}

void assert_no_note(const struct topology *t, enum topology_note which)
{
	assert_string_equal(t->notes[which], "");
}
