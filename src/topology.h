/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs exist, and which of them share a core, a last-level cache (LLC), a NUMA node.
 *
 * A snapshot: after CPU hotplug, read again. To leave no gap, take the kernel's hotplug_seq first.
 */
#ifndef QUMUN_TOPOLOGY_H
#define QUMUN_TOPOLOGY_H

#include <stdbool.h>

/**
 * struct topology_cpu - place of one CPU
 * @online: false leaves the numbers below at -1; the kernel shows no topology of such a CPU
 * @core: 0..nr_cores-1
 * @llc: 0..nr_llcs-1
 * @node: 0..nr_nodes-1; not the kernel's number, which may have gaps
 *
 * Numbers are given in the order of the lowest CPU that they contain.
 */
struct topology_cpu {
	bool	online;
	int	core;
	int	llc;
	int	node;
};

/**
 * struct topology - the machine
 * @nr_cpu_ids: highest possible CPU number plus 1, rows of @cpus
 * @nr_possible: CPUs that may ever be online
 * @nr_online: CPUs that are
 * @nr_cores: cores with an online CPU; likewise the next two
 * @nr_llcs: last-level caches
 * @nr_nodes: NUMA nodes
 * @smt: some core has two online CPUs or more
 * @llc_guessed: for some CPU no shared cache is listed, and its LLC is what llc_note says
 * @llc_note: one line for people about the first such CPU, else empty
 * @cpus: by CPU number
 */
struct topology {
	unsigned int		nr_cpu_ids;
	unsigned int		nr_possible;
	unsigned int		nr_online;
	unsigned int		nr_cores;
	unsigned int		nr_llcs;
	unsigned int		nr_nodes;
	bool			smt;
	bool			llc_guessed;
	char			llc_note[128];
	struct topology_cpu	*cpus;
};

/**
 * topology_read - read the topology from sysfs
 * @root: directory that stands for "/"; "" or "/" is the real one
 * @topo: filled; release it with topology_free() even after a failure
 *
 * Only the list of online CPUs must be there and right; what else is missing or malformed is
 * replaced by the next coarser fact: a core of its own, the die, the package, the node, one node.
 *
 * Returns 0 or a negative errno: -ENOENT without sysfs, -EINVAL for lists of CPUs that make no
 * sense, -ERANGE for CPU numbers from 8192 on, -ENOMEM.
 */
int topology_read(const char *root, struct topology *topo);

/** topology_free - release; harmless when repeated */
void topology_free(struct topology *topo);

#endif /* QUMUN_TOPOLOGY_H */
