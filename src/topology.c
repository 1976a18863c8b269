// SPDX-License-Identifier: GPL-2.0-only
/*
 * Topology from sysfs; the contract is in topology.h.
 *
 * Every group of CPUs (core, LLC, node) is known by its *leader*, the lowest online CPU in it.
 * Lists that contradict each other still give each CPU one leader per kind, so the result is always
 * a partition, whatever a hypervisor invents.
 */
#include "topology.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define CPU_DIR		"sys/devices/system/cpu"
#define NODE_DIR	"sys/devices/system/node"

/* Caches listed for a CPU: four on today's machines. */
#define MAX_CACHES	16

/* Every second of 8192 CPUs makes a list of 20 KiB. */
#define LIST_LEN	(64 << 10)

/**
 * struct reader - state of one topology_read()
 * @root: as given
 * @topo: the result; while reading, its numbers are leaders
 * @online: CPUs that are online
 * @text: scratch for the file being read
 */
struct reader {
	const char	*root;
	struct topology	*topo;
	struct cpu_mask	online;
	char		text[LIST_LEN];
};

/* Reads a file with a list of CPUs. Returns their number or a negative errno. */
static int read_list(struct reader *r, struct cpu_mask *mask, const char *path)
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
	if (read_list(r, mask, path) < 0 || !cpu_mask_test(mask, (unsigned int)cpu))
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

/* Finds the CPUs that share the highest cache of @cpu. Returns its level, 0 without one. */
static int read_cache(struct reader *r, struct cpu_mask *shared, int cpu)
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
		}
	}
	return best;
}

__attribute__((format(printf, 2, 3)))
static void note_guess(struct topology *topo, const char *fmt, ...)
{
	va_list args;

	if (topo->llc_guessed)
		return;
	topo->llc_guessed = true;
	va_start(args, fmt);
	vsnprintf(topo->llc_note, sizeof(topo->llc_note), fmt, args);
	va_end(args);
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
			note_guess(r->topo, "no shared cache listed for CPU %d: LLC taken from %s",
				   cpu, names[i]);
		return leader_of(&mask);
	}
	note_guess(r->topo, "no shared cache listed for CPU %d: LLC taken from its NUMA node", cpu);
	return r->topo->cpus[cpu].node;
}

/*
 * Guests and some ARM servers list caches up to a private L2 only. One queue per core would follow
 * from that, so it does not count as a last-level cache; a private L3 (some EPYCs) does.
 */
static void read_llc(struct reader *r, const struct cpu_mask *core, int cpu)
{
	struct cpu_mask shared;
	int level = read_cache(r, &shared, cpu);

	if (!level || (level < 3 && cpu_mask_equal(&shared, core)))
		r->topo->cpus[cpu].llc = guess_llc(r, core, cpu);
	else
		r->topo->cpus[cpu].llc = leader_of(&shared);
}

static void join_node(struct reader *r, struct cpu_mask *mask)
{
	int cpu;

	cpu_mask_and(mask, &r->online);
	for_each_cpu(cpu, mask)
		r->topo->cpus[cpu].node = leader_of(mask);
}

/* CPUs that no node lists, all of them on kernels without NUMA, form one of their own. */
static void join_leftovers(struct reader *r)
{
	struct cpu_mask rest = { 0 };
	int cpu;

	for_each_cpu(cpu, &r->online) {
		if (r->topo->cpus[cpu].node < 0)
			cpu_mask_set(&rest, (unsigned int)cpu);
	}
	join_node(r, &rest);
}

static void read_nodes(struct reader *r)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = NULL;

	if (snprintf(path, sizeof(path), "%s/" NODE_DIR, r->root) < (int)sizeof(path))
		dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		struct cpu_mask mask;
		uint64_t node;

		if (strncmp(entry->d_name, "node", 4) ||
		    parse_u64(entry->d_name + 4, 0, INT_MAX, &node))
			continue;
		snprintf(path, sizeof(path), NODE_DIR "/%s/cpulist", entry->d_name);
		if (read_list(r, &mask, path) > 0)
			join_node(r, &mask);
	}
	if (dir)
		closedir(dir);
	join_leftovers(r);
}

/* Reads the masks and makes room for all CPUs, none of them placed yet. */
static int read_cpus(struct reader *r)
{
	struct topology *topo = r->topo;
	struct cpu_mask possible;
	int cpu, last = 0, ret;

	ret = read_list(r, &r->online, CPU_DIR "/online");
	if (ret <= 0)
		return ret ? ret : -EINVAL;
	topo->nr_online = (unsigned int)ret;

	ret = read_list(r, &possible, CPU_DIR "/possible");
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
			.core = -1, .llc = -1, .node = -1,
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

int topology_read(const char *root, struct topology *topo)
{
	struct reader *r;
	int cpu, err;

	*topo = (struct topology){ 0 };
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->root = root;
	r->topo = topo;

	err = read_cpus(r);
	if (err)
		goto out;
	/* Nodes first: they are the last resort of read_llc(). */
	read_nodes(r);
	for_each_cpu(cpu, &r->online) {
		struct cpu_mask core;

		read_core(r, &core, cpu);
		read_llc(r, &core, cpu);
	}
	err = number_all(topo);
out:
	free(r);
	return err;
}

void topology_free(struct topology *topo)
{
	free(topo->cpus);
	*topo = (struct topology){ 0 };
}
