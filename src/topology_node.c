// SPDX-License-Identifier: GPL-2.0-only
/*
 * NUMA nodes and the distances between them, from sysfs; the contract is in topology.h.
 */
#include "topology_read.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What firmware says of a node and itself, and the kernel of any other when firmware is silent. */
#define DISTANCE_LOCAL	10
#define DISTANCE_REMOTE	20
#define DISTANCE_MAX	255

static void join_node(struct reader *r, struct cpu_mask *mask, int id)
{
	int cpu;

	cpu_mask_and(mask, &r->online);
	for_each_cpu(cpu, mask) {
		r->topo->cpus[cpu].node = cpu_mask_next(mask, 0);
		r->node_id[cpu] = id;
	}
}

/*
 * CPUs that no node lists form one of their own. That is no guess when there are no nodes at all:
 * such is a kernel without NUMA.
 */
static void join_leftovers(struct reader *r)
{
	struct cpu_mask rest = { 0 };
	int cpu;

	for_each_cpu(cpu, &r->online) {
		if (r->topo->cpus[cpu].node < 0)
			cpu_mask_set(&rest, (unsigned int)cpu);
	}
	cpu = cpu_mask_next(&rest, 0);
	if (cpu >= 0 && r->nr_node_ids)
		topology_add_note(r, TOPOLOGY_NOTE_NODE,
		     "no NUMA node lists CPU %d: such CPUs taken as one more node", cpu);
	join_node(r, &rest, -1);
}

static int compare_ints(const void *a, const void *b)
{
	const int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Finds the numbers of the nodes that are online: only those have a directory. */
static void list_nodes(struct reader *r)
{
	char path[PATH_MAX];
	struct dirent *entry;
	uint64_t id;
	DIR *dir;

	if (snprintf(path, sizeof(path), "%s/" NODE_DIR, r->root) >= (int)sizeof(path))
		return;
	dir = opendir(path);
	if (!dir && errno != ENOENT)
		topology_add_note(r, TOPOLOGY_NOTE_NODE, "/" NODE_DIR ": %s: all CPUs taken as one node",
		     strerror(errno));
	while (dir && r->nr_node_ids < MAX_NODES && (entry = readdir(dir))) {
		if (!strncmp(entry->d_name, "node", 4) &&
		    !parse_u64(entry->d_name + 4, 0, INT_MAX, &id))
			r->node_ids[r->nr_node_ids++] = (int)id;
	}
	if (dir)
		closedir(dir);
	qsort(r->node_ids, (size_t)r->nr_node_ids, sizeof(*r->node_ids), compare_ints);
}

void topology_read_nodes(struct reader *r)
{
	list_nodes(r);
	for (int i = 0; i < r->nr_node_ids; i++) {
		struct cpu_mask mask;
		char path[128];

		snprintf(path, sizeof(path), NODE_DIR "/node%d/cpulist", r->node_ids[i]);
		if (topology_read_list(r, &mask, path) > 0)
			join_node(r, &mask, r->node_ids[i]);
	}
	join_leftovers(r);
}

/* Takes the next number of "10 21 31", and steps over it and the blanks behind it. */
static bool take_distance(char **text, unsigned char *distance)
{
	size_t len = strcspn(*text, " ");
	char end = (*text)[len];
	uint64_t value;
	int err;

	(*text)[len] = '\0';
	err = parse_u64(*text, 1, DISTANCE_MAX, &value);
	*text += len + (end == ' ');
	*text += strspn(*text, " ");
	if (!err)
		*distance = (unsigned char)value;
	return !err;
}

/*
 * Reads the distances of the @which-th of the kernel's nodes. A column belongs to each of those,
 * also to nodes without CPUs, which have no number of ours: @numbers gives -1 for them.
 */
static bool read_distance_row(struct reader *r, int which, const int *numbers)
{
	unsigned char *row = r->topo->distances + (size_t)numbers[which] * r->topo->nr_nodes;
	char path[128], *text = r->text;

	snprintf(path, sizeof(path), NODE_DIR "/node%d/distance", r->node_ids[which]);
	if (read_file_str(r->root, path, r->text, sizeof(r->text)) < 0)
		return false;
	for (int i = 0; i < r->nr_node_ids; i++) {
		unsigned char distance;

		if (!take_distance(&text, &distance))
			return false;
		if (numbers[i] >= 0)
			row[numbers[i]] = distance;
	}
	return !*text;
}

/* Our number of the @i-th of the kernel's nodes, -1 when it has none. */
static int node_number(const struct reader *r, int i)
{
	int cpu;

	for_each_cpu(cpu, &r->online) {
		if (r->node_id[cpu] == r->node_ids[i])
			return r->topo->cpus[cpu].node;
	}
	return -1;
}

static void assume_distances(struct topology *topo)
{
	for (unsigned int i = 0; i < topo->nr_nodes * topo->nr_nodes; i++)
		topo->distances[i] = i % (topo->nr_nodes + 1) ? DISTANCE_REMOTE : DISTANCE_LOCAL;
}

/* All of them or none: numbers of two sources cannot be compared. */
int topology_read_distances(struct reader *r)
{
	struct topology *topo = r->topo;
	int *numbers = calloc((size_t)r->nr_node_ids + 1, sizeof(*numbers));

	topo->distances = calloc((size_t)topo->nr_nodes * topo->nr_nodes, 1);
	if (!numbers || !topo->distances) {
		free(numbers);
		return -ENOMEM;
	}
	assume_distances(topo);
	for (int i = 0; i < r->nr_node_ids; i++)
		numbers[i] = node_number(r, i);
	for (int i = 0; topo->nr_nodes > 1 && i < r->nr_node_ids; i++) {
		if (numbers[i] < 0 || read_distance_row(r, i, numbers))
			continue;
		topology_add_note(r, TOPOLOGY_NOTE_DISTANCE,
		     "no distances listed for NUMA node %d: all nodes taken as equally far",
		     r->node_ids[i]);
		assume_distances(topo);
		break;
	}
	free(numbers);
	return 0;
}

unsigned int topology_distance(const struct topology *topo, int from, int to)
{
	return topo->distances[(size_t)from * topo->nr_nodes + (size_t)to];
}

/* How far an LLC is, as a number to sort by: the node itself is nearer than any distance. */
static unsigned int llc_distance(const struct topology *topo, unsigned int from, unsigned int to)
{
	int here = topo->llcs[from].node, there = topo->llcs[to].node;

	if (from == to)
		return 0;
	return here == there ? 1 : 1 + topology_distance(topo, here, there);
}

void topology_llc_order(const struct topology *topo, unsigned int llc, unsigned int *order)
{
	/* Insertion keeps the order of numbers among equals, and most rows are sorted already. */
	for (unsigned int i = 0; i < topo->nr_llcs; i++) {
		unsigned int distance = llc_distance(topo, llc, i), at = i;

		for (; at && llc_distance(topo, llc, order[at - 1]) > distance; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
}
