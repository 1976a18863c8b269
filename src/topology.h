/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs exist, which of them share a core, a last-level cache (LLC), a NUMA node, and how fast
 * they are beside each other.
 *
 * A snapshot: after CPU hotplug, read again. To leave no gap, take the kernel's hotplug_seq first.
 */
#ifndef QUMUN_TOPOLOGY_H
#define QUMUN_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>

/* Of the fastest CPU, as in the kernel. */
#define TOPOLOGY_CAPACITY_MAX	1024

#define TOPOLOGY_NOTE_LEN	160

/**
 * enum topology_note - what had to be guessed
 * @TOPOLOGY_NOTE_CORE: which CPUs share a core
 * @TOPOLOGY_NOTE_LLC: which CPUs share a last-level cache
 * @TOPOLOGY_NOTE_NODE: which CPUs belong to a NUMA node
 * @TOPOLOGY_NOTE_DISTANCE: how far apart the nodes are
 * @TOPOLOGY_NOTE_CAPACITY: how fast the CPUs are
 */
enum topology_note {
	TOPOLOGY_NOTE_CORE,
	TOPOLOGY_NOTE_LLC,
	TOPOLOGY_NOTE_NODE,
	TOPOLOGY_NOTE_DISTANCE,
	TOPOLOGY_NOTE_CAPACITY,
	TOPOLOGY_NR_NOTES,
};

/**
 * struct topology_cpu - place and speed of one CPU
 * @online: false leaves the numbers below at -1 or 0; the kernel shows nothing of such a CPU
 * @core: 0..nr_cores-1
 * @sibling: place within the core, 0 for its lowest CPU
 * @llc: 0..nr_llcs-1
 * @node: 0..nr_nodes-1; not the kernel's number, which may have gaps
 * @kind: 0..nr_kinds-1, 0 is the fastest kind
 * @rank: place in the order of preference, 0 first: by kind, then by capacity, then by what the
 *	firmware says of cores that are built alike (AMD's preferred cores, Intel's favoured ones).
 *	CPUs that nothing tells apart share a rank.
 * @capacity: speed relative to the fastest CPU that is online, 1..TOPOLOGY_CAPACITY_MAX
 * @llc_kb: size of the last-level cache in KiB, 0 when it is not known
 *
 * Cores, LLCs and nodes are numbered in the order of the lowest CPU that they contain.
 */
struct topology_cpu {
	bool		online;
	int		core;
	int		sibling;
	int		llc;
	int		node;
	int		kind;
	int		rank;
	unsigned int	capacity;
	unsigned int	llc_kb;
};

/**
 * struct topology_llc - one last-level cache
 * @first_cpu: its lowest CPU
 * @nr_cpus: how many CPUs share it
 * @node: NUMA node of its lowest CPU; guests may spread an LLC over several nodes
 * @size_kb: in KiB, 0 when it is not known
 */
struct topology_llc {
	int		first_cpu;
	unsigned int	nr_cpus;
	int		node;
	unsigned int	size_kb;
};

/**
 * struct topology - the machine
 * @nr_cpu_ids: highest possible CPU number plus 1, rows of @cpus
 * @nr_possible: CPUs that may ever be online
 * @nr_online: CPUs that are
 * @nr_cores: cores with an online CPU; likewise the next two
 * @nr_llcs: last-level caches, rows of @llcs
 * @nr_nodes: NUMA nodes
 * @nr_kinds: kinds of CPU: those of one kind are about equally fast
 * @smt: some core has two online CPUs or more
 * @notes: by enum topology_note: a line for people about the first guess of each sort, "" where
 *	nothing was guessed
 * @cpus: by CPU number
 * @llcs: by LLC number
 * @distances: @nr_nodes rows of @nr_nodes; see topology_distance()
 */
struct topology {
	unsigned int		nr_cpu_ids;
	unsigned int		nr_possible;
	unsigned int		nr_online;
	unsigned int		nr_cores;
	unsigned int		nr_llcs;
	unsigned int		nr_nodes;
	unsigned int		nr_kinds;
	bool			smt;
	char			notes[TOPOLOGY_NR_NOTES][TOPOLOGY_NOTE_LEN];
	struct topology_cpu	*cpus;
	struct topology_llc	*llcs;
	unsigned char		*distances;
};

/**
 * topology_read - read the topology from sysfs
 * @root: directory that stands for "/"; "" or "/" is the real one
 * @topo: filled; release it with topology_free() even after a failure
 *
 * Only the list of online CPUs must be there and right; what else is missing or malformed is
 * replaced by the next coarser fact: a core of its own, the die, the package, the node, one node,
 * equal speed. Where that is a guess, a note says so.
 *
 * Returns 0 or a negative errno: -ENOENT without sysfs, -EINVAL for lists of CPUs that make no
 * sense, -ERANGE for CPU numbers from 8192 on, -ENOMEM.
 */
int topology_read(const char *root, struct topology *topo);

/** topology_free - release; harmless when repeated */
void topology_free(struct topology *topo);

/**
 * topology_distance - how far the memory of one node is from the CPUs of another
 *
 * Returns the firmware's number: 10 within a node, more elsewhere, 255 at most.
 */
unsigned int topology_distance(const struct topology *topo, int from, int to);

/**
 * topology_llc_order - all LLCs, nearest first
 * @llc: where to start, below nr_llcs
 * @order: receives nr_llcs numbers: @llc itself, those of its node, then by distance of their
 *	nodes; those that are equally far by number
 */
void topology_llc_order(const struct topology *topo, unsigned int llc, unsigned int *order);

/**
 * topology_describe - the machine in one line, for people
 * @text: receives something like "8 CPUs, 4 cores, 2 LLCs, 1 NUMA node, SMT on, 2 kinds of CPU:
 *	4 x 1024, 4 x 512"; sizes of LLCs are given where they differ
 * @size: of @text in bytes; 256 hold all that real machines need, more is cut
 *
 * Returns @text, for use in argument lists.
 */
const char *topology_describe(const struct topology *topo, char *text, size_t size);

#endif /* QUMUN_TOPOLOGY_H */
