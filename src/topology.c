// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topology from sysfs; the contract is in topology.h.
 *
 * Every group of CPUs (core, LLC, node) is known by its *leader*, the lowest online CPU in it.
 * Lists that contradict each other still give each CPU one leader per kind, so the result is always
 * a partition, whatever a hypervisor invents.
 */
#include "topology.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topology_read.h"

/* Caches listed for a CPU: four on today's machines. */
#define MAX_CACHES	16

void topology_add_note(struct reader *r, enum topology_note which, const char *fmt, ...)
{
	char *text = r->topo->notes[which];
	va_list args;

	if (*text)
		return;
	va_start(args, fmt);
	vsnprintf(text, TOPOLOGY_NOTE_LEN, fmt, args);
	va_end(args);
}

int topology_read_list(struct reader *r, struct cpu_mask *mask, const char *path)
{
	int ret = read_file_str(r->root, path, r->text, sizeof(r->text));

	return ret < 0 ? ret : cpu_mask_parse(mask, r->text);
}

/*
 * Reads the online CPUs that the file @name lists for @cpu. False when the file is missing, is
 * malformed or leaves out @cpu itself.
 */
static bool read_siblings(struct reader *r, struct cpu_mask *mask, int cpu, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), CPU_DIR "/cpu%d/%s", cpu, name);
	if (topology_read_list(r, mask, path) < 0 || !cpu_mask_test(mask, (unsigned int)cpu))
		return false;
	cpu_mask_and(mask, &r->online);
	return true;
}

static int leader_of(const struct cpu_mask *mask)
{
	return cpu_mask_next(mask, 0);
}

static void read_core(struct reader *r, struct cpu_mask *core, int cpu)
{
	/* The second name is the older one. */
	if (!read_siblings(r, core, cpu, "topology/core_cpus_list") &&
	    !read_siblings(r, core, cpu, "topology/thread_siblings_list")) {
		topology_add_note(r, TOPOLOGY_NOTE_CORE,
		     "no siblings listed for CPU %d: taken as a core of its own", cpu);
		memset(core, 0, sizeof(*core));
		cpu_mask_set(core, (unsigned int)cpu);
	}
	r->topo->cpus[cpu].core = leader_of(core);
}

/* Level of a cache that holds data, 0 for one that does not, or a negative errno. */
static int read_cache_level(struct reader *r, int cpu, int index)
{
	char path[128], type[32];
	uint64_t level;
	int ret;

	snprintf(path, sizeof(path), CPU_DIR "/cpu%d/cache/index%d/type", cpu, index);
	ret = read_file_str(r->root, path, type, sizeof(type));
	if (ret < 0)
		return ret;
	if (!strcmp(type, "Instruction"))
		return 0;
	snprintf(path, sizeof(path), CPU_DIR "/cpu%d/cache/index%d/level", cpu, index);
	ret = read_file_u64(r->root, path, &level);
	if (ret)
		return ret;
	return level <= MAX_CACHES ? (int)level : -EINVAL;
}

/* Size of a cache in KiB; the kernel writes "512K". 0 when it is not known. */
static unsigned int read_cache_size(struct reader *r, int cpu, int index)
{
	char path[128], text[32];
	uint64_t size;
	int len;

	snprintf(path, sizeof(path), CPU_DIR "/cpu%d/cache/index%d/size", cpu, index);
	len = read_file_str(r->root, path, text, sizeof(text));
	if (len < 1 || text[len - 1] != 'K')
		return 0;
	text[len - 1] = '\0';
	return parse_u64(text, 0, UINT_MAX, &size) ? 0 : (unsigned int)size;
}

/*
 * Finds the CPUs that share the highest cache of @cpu, and its size. Returns its level, 0 without
 * one.
 */
static int read_cache(struct reader *r, struct cpu_mask *shared, unsigned int *size_kb, int cpu)
{
	int best = 0;

	for (int i = 0; i < MAX_CACHES; i++) {
		int level = read_cache_level(r, cpu, i);
		struct cpu_mask mask;
		char name[64];

		if (level == -ENOENT)
			break;
		snprintf(name, sizeof(name), "cache/index%d/shared_cpu_list", i);
		if (level > best && read_siblings(r, &mask, cpu, name)) {
			best = level;
			*shared = mask;
			*size_kb = read_cache_size(r, cpu, i);
		}
	}
	return best;
}

/* Without a shared cache: the leader of the next larger group that the kernel knows. */
static int guess_llc(struct reader *r, const struct cpu_mask *core, int cpu)
{
	static const char *const names[] = { "die_cpus_list", "package_cpus_list" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct cpu_mask mask;
		char name[64];

		snprintf(name, sizeof(name), "topology/%s", names[i]);
		if (!read_siblings(r, &mask, cpu, name))
			continue;
		/* The whole die is this core: whatever its caches, there is nothing to guess. */
		if (!cpu_mask_equal(&mask, core))
			topology_add_note(r, TOPOLOGY_NOTE_LLC,
			     "no shared cache listed for CPU %d: LLC taken from %s", cpu, names[i]);
		return leader_of(&mask);
	}
	topology_add_note(r, TOPOLOGY_NOTE_LLC,
	     "no shared cache listed for CPU %d: LLC taken from its NUMA node", cpu);
	return r->topo->cpus[cpu].node;
}

/*
 * Guests and some ARM servers list caches up to a private L2 only. One queue per core would follow
 * from that, so it does not count as a last-level cache; a private L3 (some EPYCs) does.
 */
static void read_llc(struct reader *r, const struct cpu_mask *core, int cpu)
{
	struct topology_cpu *row = &r->topo->cpus[cpu];
	struct cpu_mask shared;
	unsigned int size_kb = 0;
	int level = read_cache(r, &shared, &size_kb, cpu);

	if (!level || (level < 3 && cpu_mask_equal(&shared, core))) {
		row->llc = guess_llc(r, core, cpu);
		return;
	}
	row->llc = leader_of(&shared);
	row->llc_kb = size_kb;
}

/* Reads the masks and makes room for all CPUs, none of them placed yet. */
static int read_cpus(struct reader *r)
{
	struct topology *topo = r->topo;
	struct cpu_mask possible;
	int cpu, last = 0, ret;

	ret = topology_read_list(r, &r->online, CPU_DIR "/online");
	if (ret <= 0)
		return ret ? ret : -EINVAL;
	topo->nr_online = (unsigned int)ret;

	ret = topology_read_list(r, &possible, CPU_DIR "/possible");
	if (ret == -ENOENT)
		possible = r->online;
	else if (ret < 0)
		return ret;
	/* What is online is possible, also when the file has not heard of it. */
	for_each_cpu(cpu, &r->online)
		cpu_mask_set(&possible, (unsigned int)cpu);
	topo->nr_possible = cpu_mask_count(&possible);
	for_each_cpu(cpu, &possible)
		last = cpu;
	topo->nr_cpu_ids = (unsigned int)last + 1;

	topo->cpus = calloc(topo->nr_cpu_ids, sizeof(*topo->cpus));
	if (!topo->cpus)
		return -ENOMEM;
	for (cpu = 0; cpu <= last; cpu++)
		topo->cpus[cpu] = (struct topology_cpu){
			.online = cpu_mask_test(&r->online, (unsigned int)cpu),
			.core = -1, .sibling = -1, .llc = -1, .node = -1, .kind = -1, .rank = -1,
		};
	return 0;
}

/*
 * Replaces leaders by numbers from 0 on. A leader need not be in its own group, when lists
 * contradict each other, so the numbers are kept apart from the CPUs.
 */
static void number_groups(const struct topology *topo, size_t offset, int *numbers,
			  unsigned int *count)
{
	*count = 0;
	for (unsigned int cpu = 0; cpu < topo->nr_cpu_ids; cpu++)
		numbers[cpu] = -1;
	for (unsigned int cpu = 0; cpu < topo->nr_cpu_ids; cpu++) {
		int *group = (int *)((char *)&topo->cpus[cpu] + offset);

		if (*group < 0)
			continue;
		if (numbers[*group] < 0)
			numbers[*group] = (int)(*count)++;
		*group = numbers[*group];
	}
}

static int number_all(struct topology *topo)
{
	int *numbers = calloc(topo->nr_cpu_ids, sizeof(*numbers));

	if (!numbers)
		return -ENOMEM;
	number_groups(topo, offsetof(struct topology_cpu, core), numbers, &topo->nr_cores);
	number_groups(topo, offsetof(struct topology_cpu, llc), numbers, &topo->nr_llcs);
	number_groups(topo, offsetof(struct topology_cpu, node), numbers, &topo->nr_nodes);
	topo->smt = topo->nr_cores < topo->nr_online;
	free(numbers);
	return 0;
}

/* Fills the table of LLCs and the places within cores, from the numbers of the CPUs. */
static int build_groups(struct topology *topo)
{
	unsigned int *siblings = calloc(topo->nr_cores, sizeof(*siblings));

	topo->llcs = calloc(topo->nr_llcs, sizeof(*topo->llcs));
	if (!siblings || !topo->llcs) {
		free(siblings);
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < topo->nr_cpu_ids; i++) {
		struct topology_cpu *cpu = &topo->cpus[i];
		struct topology_llc *llc;

		if (!cpu->online)
			continue;
		cpu->sibling = (int)siblings[cpu->core]++;
		llc = &topo->llcs[cpu->llc];
		if (!llc->nr_cpus++) {
			llc->first_cpu = (int)i;
			llc->node = cpu->node;
			llc->size_kb = cpu->llc_kb;
		}
	}
	free(siblings);
	return 0;
}

static int read_all(struct reader *r)
{
	int cpu, err;

	err = read_cpus(r);
	if (err)
		return err;
	/* Nodes first: they are the last resort of read_llc(). */
	topology_read_nodes(r);
	for_each_cpu(cpu, &r->online) {
		struct cpu_mask core;

		read_core(r, &core, cpu);
		read_llc(r, &core, cpu);
	}
	err = number_all(r->topo);
	if (!err)
		err = build_groups(r->topo);
	if (!err)
		err = topology_read_distances(r);
	if (!err)
		err = topology_read_capacity(r);
	return err;
}

int topology_read(const char *root, struct topology *topo)
{
	struct reader *r;
	int err;

	*topo = (struct topology){ 0 };
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->root = root;
	r->topo = topo;
	err = read_all(r);
	free(r);
	return err;
}

void topology_free(struct topology *topo)
{
	free(topo->cpus);
	free(topo->llcs);
	free(topo->distances);
	*topo = (struct topology){ 0 };
}
