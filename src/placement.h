/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs a task that wakes up is given, in which order: from the topology and what the user
 * wants to the lists of CPUs that bpf/idle.bpf.h searches. Pure: nothing is read or printed here.
 */
#ifndef QUMUN_PLACEMENT_H
#define QUMUN_PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "qumun.h"
#include "topology.h"
#include "util.h"

/**
 * enum primary_kind - how the primary domain is chosen
 * @PRIMARY_ALL: all CPUs, which is as good as none
 * @PRIMARY_AUTO: where CPUs are of several kinds, all but the slowest kind; else all
 * @PRIMARY_PERFORMANCE: the fastest kind of CPU
 * @PRIMARY_POWERSAVE: the slowest kind
 * @PRIMARY_LIST: the CPUs that the user names
 *
 * The words are those of other sched_ext schedulers (scx_bpfland, scx_flash, scx_cosmos).
 */
enum primary_kind {
	PRIMARY_ALL,
	PRIMARY_AUTO,
	PRIMARY_PERFORMANCE,
	PRIMARY_POWERSAVE,
	PRIMARY_LIST,
};

/**
 * struct placement_wishes - what the user wants
 * @primary: the CPUs that ordinary tasks stay on until those are full
 * @primary_list: for PRIMARY_LIST; not empty
 * @disable_smt: whole cores are not preferred
 * @disable_llc: CPUs that share a last-level cache are not preferred
 * @disable_numa: nor those of the same NUMA node
 */
struct placement_wishes {
	enum primary_kind	primary;
	struct cpu_mask		primary_list;
	bool			disable_smt;
	bool			disable_llc;
	bool			disable_numa;
};

/**
 * struct placement - what comes of it
 * @own: the lists are used; else the kernel's own search is as good, and cheaper
 * @smt: whole cores come first
 * @ignore_smt: there is SMT, and it does not matter
 * @restricted: the primary domain leaves CPUs out
 * @moves: a task that never sleeps may find a better CPU than its own: a whole core, one in the
 *	primary domain, one of a faster kind
 * @online: all CPUs
 * @primary: the primary domain
 * @fastest: the CPUs of the fastest kind; all when there is one kind
 * @masks: the sets of CPUs that @tiers refers to, each of them once
 * @nr_masks: how many; 0 without @own
 * @tiers: by LLC
 * @nr_llcs: rows of @tiers; 0 without @own
 */
struct placement {
	bool			own;
	bool			smt;
	bool			ignore_smt;
	bool			restricted;
	bool			moves;
	struct cpu_mask		online;
	struct cpu_mask		primary;
	struct cpu_mask		fastest;
	struct cpu_mask		*masks;
	unsigned int		nr_masks;
	struct qumun_tiers	*tiers;
	unsigned int		nr_llcs;
};

/**
 * placement_missing - the CPUs of the user's list that are not online
 * @missing: receives them
 *
 * Returns their number; 0 when no list was given.
 */
unsigned int placement_missing(const struct topology *topo, const struct placement_wishes *wishes,
			       struct cpu_mask *missing);

/**
 * placement_build - make the lists
 * @pl: filled; release it with placement_free() even after a failure
 *
 * CPUs of the user's list that are not online are left out; when none is left, the primary domain
 * is all CPUs. Returns 0 or -ENOMEM.
 */
int placement_build(const struct topology *topo, const struct placement_wishes *wishes,
		    struct placement *pl);

/** placement_free - release; harmless when repeated */
void placement_free(struct placement *pl);

/**
 * placement_describe - the order of search in one line, for people
 * @text: receives something like "own LLC, then NUMA node, then anywhere; whole cores first"
 * @size: of @text in bytes; 160 hold all
 *
 * Returns @text, for use in argument lists.
 */
const char *placement_describe(const struct topology *topo, const struct placement_wishes *wishes,
			       const struct placement *pl, char *text, size_t size);

#endif /* QUMUN_PLACEMENT_H */
