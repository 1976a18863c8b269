// SPDX-License-Identifier: GPL-2.0-only
/*
 * The lists of CPUs that the policy searches, made by src/placement.c as the daemon does; and,
 * without any of that, which CPU a task that wakes up should get.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

#include "placement.h"
#include "qumun.h"

static struct placement_wishes wishes;
static bool watching;

/* --- lists --- */

static u32 node_of(const struct machine *m, u32 cpu)
{
	return m->node_cpus ? cpu / m->node_cpus : 0;
}

static u32 kind_of(const struct machine *m, u32 cpu)
{
	return m->fast_cpus && cpu >= m->fast_cpus;
}

static void make_topology(const struct machine *m, struct topology *topo)
{
	*topo = (struct topology){
		.nr_cpu_ids = m->nr_cpus, .nr_possible = m->nr_cpus, .nr_online = m->nr_cpus,
		.nr_cores = (m->nr_cpus + m->smt - 1) / m->smt,
		.nr_llcs = (m->nr_cpus + m->llc_cpus - 1) / m->llc_cpus,
		.nr_nodes = node_of(m, m->nr_cpus - 1) + 1,
		.nr_kinds = kind_of(m, m->nr_cpus - 1) + 1,
		.smt = m->smt > 1,
	};
	topo->cpus = calloc(m->nr_cpus, sizeof(*topo->cpus));
	topo->llcs = calloc(topo->nr_llcs, sizeof(*topo->llcs));
	if (!topo->cpus || !topo->llcs)
		abort();
	for (u32 cpu = 0; cpu < m->nr_cpus; cpu++) {
		struct topology_cpu *row = &topo->cpus[cpu];

		row->online = true;
		row->core = cpu / m->smt;
		row->llc = cpu / m->llc_cpus;
		row->node = node_of(m, cpu);
		row->kind = kind_of(m, cpu);
		topo->llcs[row->llc].node = row->node;
	}
}

/* A fault: whoever is not served by the first groups is forgotten. */
static void cut(struct qumun_tiers *tiers)
{
	for (u32 class = 0; class < QUMUN_NR_CLASSES; class++) {
		u32 last = QUMUN_TIER_GROUPS_MAX - 1;

		while (last && !tiers->groups[class][last].nr)
			last--;
		tiers->groups[class][last].nr = 0;
	}
}

static void fill_maps(const struct machine *m, const struct placement *pl)
{
	u32 words = (m->nr_cpus + 63) / 64;

	for (u32 i = 0; i < pl->nr_masks * words; i++)
		policy_set_tier_bits(i, pl->masks[i / words].bits[i % words]);
	for (u32 llc = 0; llc < pl->nr_llcs; llc++) {
		if (mutation == MUT_TIERS_CUT)
			cut(&pl->tiers[llc]);
		policy_set_llc_tiers(llc, &pl->tiers[llc]);
	}
	for (u32 cpu = 0; cpu < m->nr_cpus; cpu++) {
		u32 llc = cpu / m->llc_cpus;

		if (mutation == MUT_TIERS_MOVED)
			llc = (llc + 1) % pl->nr_llcs;
		policy_set_cpu_tiers(cpu, llc);
	}
}

void placement_set(const struct machine *m, const struct placement_wishes *wanted,
		   struct qumun_config *config)
{
	struct machine seen = *m;
	struct placement pl;
	struct topology topo;

	wishes = *wanted;
	if (mutation == MUT_TIERS_FLAT)
		seen.fast_cpus = 0;
	make_topology(&seen, &topo);
	if (placement_build(&topo, mutation == MUT_TIERS_FLAT ? &(struct placement_wishes){ 0 } :
			    wanted, &pl))
		abort();
	config->nr_possible = m->nr_cpus;
	config->nr_online = m->nr_cpus;
	config->nr_masks = pl.nr_masks;
	config->own_tiers = pl.own;
	config->smt = pl.smt;
	config->moves = pl.moves;
	config->ignore_smt = pl.ignore_smt;
	if (pl.own)
		fill_maps(m, &pl);
	placement_free(&pl);
	topology_free(&topo);
}

/* src/topology.c reads files, which there are none of here. */
void topology_free(struct topology *topo)
{
	free(topo->cpus);
	free(topo->llcs);
	memset(topo, 0, sizeof(*topo));
}

/* --- which CPU is right --- */

static bool is_primary(s32 cpu)
{
	return wishes.primary == PRIMARY_ALL || cpu_mask_test(&wishes.primary_list, cpu);
}

/*
 * How welcome a CPU is to a task of this class, 0 most of all: the primary domain comes first
 * unless it is boosted, then speed if somebody waits for it.
 */
static u32 domain_of(u32 class, s32 cpu)
{
	u32 slow = kind_of(&machine, cpu), outside = !is_primary(cpu);

	if (class == QUMUN_CLASS_BOOSTED)
		return slow;
	/* Outside the domain they take what is nearest. */
	return class == QUMUN_CLASS_BRIEF ? 2 * outside + (outside ? 0 : slow) : outside;
}

/* How far a CPU is: its LLC, its node, another one. */
static u32 distance_of(s32 from, s32 cpu)
{
	if (from / (s32)machine.llc_cpus == cpu / (s32)machine.llc_cpus)
		return 0;
	return node_of(&machine, from) == node_of(&machine, cpu) ? 1 : 2;
}

/* The smaller, the better. The previous CPU comes before its like and all halves of cores. */
static u32 cost_of(const struct policy_view *v, s32 prev_cpu, s32 cpu, bool whole_core)
{
	u32 distance = distance_of(prev_cpu, cpu), cost;

	if (whole_core && (!distance || v->runs_long || machine.smt == 1))
		cost = 2 * distance + (cpu != prev_cpu);
	else if (cpu == prev_cpu)
		cost = 7;
	else
		cost = 8 + 2 * distance + !whole_core;
	return 100 * domain_of(v->class, cpu) + cost;
}

/* Does it share its core with another task? */
static bool is_crowded(s32 cpu)
{
	s32 first = cpu - cpu % (s32)machine.smt;

	for (s32 i = first; i < first + (s32)machine.smt && i < (s32)machine.nr_cpus; i++)
		if (i != cpu && cpus[i].curr)
			return !wishes.disable_smt;
	return false;
}

void placement_settled(void)
{
	struct mask idle, whole_cores;

	idle_look(&idle, &whole_cores);
	for (u32 i = 0; i < nr_tasks; i++) {
		struct task *t = tasks[i];
		u32 class = policy_view_task(t).class, here = domain_of(class, t->cpu);
		s32 cpu = mask_next(&idle, &t->mask, 0);

		for (; t->curr && cpu >= 0; cpu = mask_next(&idle, &t->mask, cpu + 1)) {
			u32 there = domain_of(class, cpu);

			if (there < here || (there == here && is_crowded(t->cpu) &&
					     mask_test(&whole_cores, cpu)))
				fail("task %d (class %u) stays on CPU %d%s, though CPU %d is idle",
				     t->p.pid, class, t->cpu, is_crowded(t->cpu) ? ", crowded" : "",
				     cpu);
		}
	}
}

void placement_watch(void)
{
	watching = true;
}

void placement_seen(struct task *t, s32 prev_cpu, s32 cpu, const struct mask *idle,
		    const struct mask *whole_cores)
{
	struct policy_view v;
	u32 best = ~0U, cost;
	s32 best_cpu = -1;

	if (!watching || !mask_intersects(idle, &t->mask))
		return;
	v = policy_view_task(t);
	for (s32 i = mask_next(idle, &t->mask, 0); i >= 0; i = mask_next(idle, &t->mask, i + 1)) {
		cost = cost_of(&v, prev_cpu, i, mask_test(whole_cores, i));
		if (cost >= best)
			continue;
		best = cost;
		best_cpu = i;
	}
	if (!mask_test(idle, cpu))
		fail("task %d gets CPU %d, which is busy, though CPU %d is idle", t->p.pid, cpu,
		     best_cpu);
	cost = cost_of(&v, prev_cpu, cpu, mask_test(whole_cores, cpu));
	if (cost > best)
		fail("task %d (class %u%s) gets CPU %d (cost %u), though CPU %d (%u) is idle; it was on CPU %d",
		     t->p.pid, v.class, v.runs_long ? ", long" : "", cpu, cost, best_cpu, best,
		     prev_cpu);
}
