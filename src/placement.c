// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the topology to lists of CPUs; the contract is in placement.h, how they are searched in
 * bpf/idle.bpf.h.
 *
 * Each class of task has a row of *domains*, sets of CPUs that grow up to all of them:
 *
 *	ordinary	the primary domain, all
 *	brief		of the primary domain the fastest kind, the two fastest, all of it; all
 *	boosted		the fastest kind, the two fastest; all
 *
 * so that the primary domain keeps everybody but the boosted, and speed is for those whom somebody
 * waits for. For a task that ran in LLC l of node n, each domain d becomes a group of three tiers:
 * l ∩ d, n ∩ d, d. What earlier tiers have covered already is left out: on equal CPUs without a
 * primary domain there is one group, and on a machine with one LLC one tier in it.
 */
#include "placement.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Domains of a class: the fastest kind and the two fastest in the primary one, that, all. */
#define MAX_DOMAINS QUMUN_TIER_GROUPS_MAX

struct domains {
	struct cpu_mask		masks[MAX_DOMAINS];
	unsigned int		nr;
};

/* What is the same for all LLCs, and where the lists grow. */
struct builder {
	const struct topology	*topo;
	struct placement	*pl;
	bool			use_llc;
	bool			use_numa;
	struct domains		domains[QUMUN_NR_CLASSES];
	unsigned int		max_masks;
};

static bool is_subset(const struct cpu_mask *part, const struct cpu_mask *whole)
{
	struct cpu_mask both = *part;

	cpu_mask_and(&both, whole);
	return cpu_mask_equal(&both, part);
}

static void add_mask(struct cpu_mask *mask, const struct cpu_mask *more)
{
	for (size_t i = 0; i < ARRAY_SIZE(mask->bits); i++)
		mask->bits[i] |= more->bits[i];
}

/* The online CPUs of the kinds @first..@last. */
static struct cpu_mask kinds(const struct topology *topo, unsigned int first, unsigned int last)
{
	struct cpu_mask mask = { 0 };

	for (unsigned int cpu = 0; cpu < topo->nr_cpu_ids; cpu++) {
		int kind = topo->cpus[cpu].kind;

		if (kind >= (int)first && kind <= (int)last)
			cpu_mask_set(&mask, cpu);
	}
	return mask;
}

static struct cpu_mask primary_cpus(const struct topology *topo,
				    const struct placement_wishes *wishes,
				    const struct cpu_mask *online)
{
	unsigned int last = topo->nr_kinds - 1;
	struct cpu_mask mask;

	switch (wishes->primary) {
	case PRIMARY_AUTO:
		return kinds(topo, 0, last ? last - 1 : 0);
	case PRIMARY_PERFORMANCE:
		return kinds(topo, 0, 0);
	case PRIMARY_POWERSAVE:
		return kinds(topo, last, last);
	case PRIMARY_LIST:
		mask = wishes->primary_list;
		cpu_mask_and(&mask, online);
		return cpu_mask_count(&mask) ? mask : *online;
	case PRIMARY_ALL:
		break;
	}
	return *online;
}

unsigned int placement_missing(const struct topology *topo, const struct placement_wishes *wishes,
			       struct cpu_mask *missing)
{
	int cpu;

	*missing = (struct cpu_mask){ 0 };
	if (wishes->primary != PRIMARY_LIST)
		return 0;
	for_each_cpu(cpu, &wishes->primary_list) {
		if ((unsigned int)cpu >= topo->nr_cpu_ids || !topo->cpus[cpu].online)
			cpu_mask_set(missing, (unsigned int)cpu);
	}
	return cpu_mask_count(missing);
}

/* Adds a domain, unless it has no CPU or none that the ones before it have not. */
static void add_domain(struct domains *d, const struct cpu_mask *mask)
{
	if (!cpu_mask_count(mask) || (d->nr && is_subset(mask, &d->masks[d->nr - 1])))
		return;
	d->masks[d->nr++] = *mask;
}

/* The fastest kind, and the two fastest, within @within. */
static void add_fast_domains(struct domains *d, const struct topology *topo,
			     const struct cpu_mask *within)
{
	for (unsigned int last = 0; last < 2 && last < topo->nr_kinds; last++) {
		struct cpu_mask mask = kinds(topo, 0, last);

		cpu_mask_and(&mask, within);
		add_domain(d, &mask);
	}
}

static void build_domains(struct builder *b)
{
	const struct placement *pl = b->pl;

	add_domain(&b->domains[QUMUN_CLASS_ORDINARY], &pl->primary);
	add_domain(&b->domains[QUMUN_CLASS_ORDINARY], &pl->online);

	add_fast_domains(&b->domains[QUMUN_CLASS_BRIEF], b->topo, &pl->primary);
	add_domain(&b->domains[QUMUN_CLASS_BRIEF], &pl->primary);
	add_domain(&b->domains[QUMUN_CLASS_BRIEF], &pl->online);

	add_fast_domains(&b->domains[QUMUN_CLASS_BOOSTED], b->topo, &pl->online);
	add_domain(&b->domains[QUMUN_CLASS_BOOSTED], &pl->online);
}

/* The number of a set of CPUs, which is added if it is new; -1 without memory. */
static int mask_id(struct builder *b, const struct cpu_mask *mask)
{
	struct placement *pl = b->pl;
	struct cpu_mask *masks;

	for (unsigned int i = 0; i < pl->nr_masks; i++) {
		if (cpu_mask_equal(&pl->masks[i], mask))
			return (int)i;
	}
	if (pl->nr_masks == b->max_masks) {
		b->max_masks = b->max_masks ? 2 * b->max_masks : 16;
		masks = reallocarray(pl->masks, b->max_masks, sizeof(*masks));
		if (!masks)
			return -1;
		pl->masks = masks;
	}
	pl->masks[pl->nr_masks] = *mask;
	return (int)pl->nr_masks++;
}

static int add_tier(struct builder *b, struct qumun_tier_group *group, const struct cpu_mask *near,
		    const struct cpu_mask *domain, struct cpu_mask *covered)
{
	struct cpu_mask mask = *domain;
	int id;

	cpu_mask_and(&mask, near);
	if (is_subset(&mask, covered))
		return 0;
	id = mask_id(b, &mask);
	if (id < 0)
		return -ENOMEM;
	group->masks[group->nr++] = (__u32)id;
	add_mask(covered, &mask);
	return 0;
}

static struct cpu_mask llc_cpus(const struct topology *topo, unsigned int llc)
{
	struct cpu_mask mask = { 0 };

	for (unsigned int cpu = 0; cpu < topo->nr_cpu_ids; cpu++) {
		if (topo->cpus[cpu].llc == (int)llc)
			cpu_mask_set(&mask, cpu);
	}
	return mask;
}

static struct cpu_mask node_cpus(const struct topology *topo, int node)
{
	struct cpu_mask mask = { 0 };

	for (unsigned int cpu = 0; cpu < topo->nr_cpu_ids; cpu++) {
		if (topo->cpus[cpu].node == node)
			cpu_mask_set(&mask, cpu);
	}
	return mask;
}

/* The lists of one class for tasks of an LLC: @near[0] are its CPUs, @near[1] those of its node. */
static int build_groups(struct builder *b, struct qumun_tier_group *groups,
			const struct domains *domains, const struct cpu_mask near[2])
{
	struct cpu_mask covered = { 0 };
	unsigned int nr = 0;
	int err = 0;

	for (unsigned int i = 0; !err && i < domains->nr; i++) {
		const struct cpu_mask *domain = &domains->masks[i];

		if (b->use_llc)
			err = add_tier(b, &groups[nr], &near[0], domain, &covered);
		if (!err && b->use_numa)
			err = add_tier(b, &groups[nr], &near[1], domain, &covered);
		if (!err)
			err = add_tier(b, &groups[nr], domain, domain, &covered);
		nr += groups[nr].nr > 0;
	}
	return err;
}

static int build_tiers(struct builder *b)
{
	const struct topology *topo = b->topo;
	struct placement *pl = b->pl;
	int err = 0;

	pl->tiers = calloc(topo->nr_llcs, sizeof(*pl->tiers));
	if (!pl->tiers)
		return -ENOMEM;
	pl->nr_llcs = topo->nr_llcs;
	for (unsigned int llc = 0; llc < topo->nr_llcs; llc++) {
		const struct cpu_mask near[2] = {
			llc_cpus(topo, llc), node_cpus(topo, topo->llcs[llc].node),
		};

		for (int class = 0; !err && class < QUMUN_NR_CLASSES; class++)
			err = build_groups(b, pl->tiers[llc].groups[class], &b->domains[class],
					   near);
	}
	return err;
}

int placement_build(const struct topology *topo, const struct placement_wishes *wishes,
		    struct placement *pl)
{
	struct builder *b;
	int err;

	*pl = (struct placement){ .online = kinds(topo, 0, topo->nr_kinds - 1) };
	pl->primary = primary_cpus(topo, wishes, &pl->online);
	pl->fastest = kinds(topo, 0, 0);
	pl->restricted = !cpu_mask_equal(&pl->primary, &pl->online);
	pl->smt = topo->smt && !wishes->disable_smt;
	pl->ignore_smt = topo->smt && wishes->disable_smt;
	pl->moves = pl->smt || topo->nr_kinds > 1 || pl->restricted;
	pl->own = topo->nr_llcs > 1 || topo->nr_nodes > 1 || topo->nr_kinds > 1 ||
		  pl->restricted || pl->ignore_smt;
	if (!pl->own)
		return 0;

	b = calloc(1, sizeof(*b));
	if (!b)
		return -ENOMEM;
	b->topo = topo;
	b->pl = pl;
	b->use_llc = !wishes->disable_llc;
	b->use_numa = !wishes->disable_numa;
	build_domains(b);
	err = build_tiers(b);
	free(b);
	return err;
}

void placement_free(struct placement *pl)
{
	free(pl->masks);
	free(pl->tiers);
	*pl = (struct placement){ 0 };
}

const char *placement_describe(const struct topology *topo, const struct placement_wishes *wishes,
			       const struct placement *pl, char *text, size_t size)
{
	bool use_llc = topo->nr_llcs > 1 && !wishes->disable_llc;
	bool use_numa = topo->nr_nodes > 1 && !wishes->disable_numa;

	if (!pl->own)
		snprintf(text, size, "the kernel's own search");
	else
		snprintf(text, size, "%s%s%s%s", use_llc ? "own LLC, then " : "",
			 use_numa ? use_llc ? "NUMA node, then " : "own NUMA node, then " : "",
			 "anywhere", pl->smt ? "; whole cores first" :
			 pl->ignore_smt ? "; SMT ignored" : "");
	return text;
}
