/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files that read the topology share: topology.c (cores, LLCs), topology_node.c and
 * topology_capacity.c. Nobody else includes this.
 */
#ifndef QUMUN_TOPOLOGY_READ_H
#define QUMUN_TOPOLOGY_READ_H

#include "topology.h"
#include "util.h"

#define CPU_DIR		"sys/devices/system/cpu"
#define NODE_DIR	"sys/devices/system/node"

/* The largest CONFIG_NODES_SHIFT, 10. */
#define MAX_NODES	1024

/**
 * struct reader - state of one topology_read()
 * @root: as given
 * @topo: the result; until the groups are numbered, core, llc and node of a CPU are leaders
 * @online: CPUs that are online
 * @node_ids: the kernel's numbers of the nodes, rising
 * @nr_node_ids: how many
 * @node_id: the kernel's number of each online CPU's node, -1 without one
 * @text: scratch for the file being read
 */
struct reader {
	const char	*root;
	struct topology	*topo;
	struct cpu_mask	online;
	int		node_ids[MAX_NODES];
	int		nr_node_ids;
	int		node_id[CPU_MASK_BITS];
	char		text[CPU_LIST_LEN];
};

/** topology_add_note - say what had to be guessed; only the first note of each sort is kept */
__attribute__((format(printf, 3, 4)))
void topology_add_note(struct reader *r, enum topology_note which, const char *fmt, ...);

/** topology_read_list - read a file with a list of CPUs; their number or a negative errno */
int topology_read_list(struct reader *r, struct cpu_mask *mask, const char *path);

/** topology_read_nodes - give each online CPU the leader of its node */
void topology_read_nodes(struct reader *r);

/** topology_read_distances - fill the distances; the nodes are numbered. 0 or -ENOMEM */
int topology_read_distances(struct reader *r);

/** topology_read_capacity - fill kind, rank and capacity of all CPUs; 0 or -ENOMEM */
int topology_read_capacity(struct reader *r);

#endif /* QUMUN_TOPOLOGY_READ_H */
