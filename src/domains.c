// SPDX-License-Identifier: GPL-2.0-only
#include "domains.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#define CORES_PER_LLC_MIN 2

static bool one_for_each_llc(const struct topology *topo, enum qumun_dsq dsq)
{
	if (dsq == QUMUN_DSQ_AUTO)
		return topo->nr_llcs > 1 && topo->nr_cores >= CORES_PER_LLC_MIN * topo->nr_llcs;
	return dsq == QUMUN_DSQ_LLC && topo->nr_llcs > 1;
}

/* The next CPU of the LLC after @cpu, or -1. */
static int next_in_llc(const struct topology *topo, int llc, int cpu)
{
	while (++cpu < (int)topo->nr_cpu_ids) {
		if (topo->cpus[cpu].online && topo->cpus[cpu].llc == llc)
			return cpu;
	}
	return -1;
}

/* The next CPU of the same core; itself, if it has none but this one. */
static uint32_t next_sibling(const struct topology *topo, uint32_t cpu)
{
	uint32_t next = cpu;

	do
		next = next + 1 < topo->nr_cpu_ids ? next + 1 : 0;
	while (next != cpu &&
	       (!topo->cpus[next].online || topo->cpus[next].core != topo->cpus[cpu].core));
	return next;
}

/* Puts the CPUs of a last-level cache into a queue, behind @last; returns the last one. */
static int add_llc(struct domains *domains, const struct topology *topo, int llc, uint32_t queue,
		   int last)
{
	struct qumun_llc_place *place = &domains->llcs[queue];

	for (int cpu = next_in_llc(topo, llc, -1); cpu >= 0; cpu = next_in_llc(topo, llc, cpu)) {
		if (last < 0)
			place->first_cpu = cpu;
		else
			domains->cpus[last].next_cpu = cpu;
		domains->cpus[cpu] = (struct qumun_cpu_place){
			.llc = queue,
			.next_cpu = place->first_cpu,
			.next_sibling = next_sibling(topo, (uint32_t)cpu),
		};
		place->nr_cpus++;
		last = cpu;
	}
	return last;
}

/* One queue for all; its CPUs still in the order of their caches. */
static void make_one(struct domains *domains, const struct topology *topo)
{
	int last = -1;

	for (unsigned int llc = 0; llc < topo->nr_llcs; llc++)
		last = add_llc(domains, topo, llc, 0, last);
	domains->order[0] = 0;
}

static void make_many(struct domains *domains, const struct topology *topo)
{
	for (unsigned int llc = 0; llc < topo->nr_llcs; llc++) {
		add_llc(domains, topo, llc, llc, -1);
		topology_llc_order(topo, llc, &domains->order[(size_t)llc * topo->nr_llcs]);
	}
}

int domains_make(const struct topology *topo, enum qumun_dsq dsq, struct domains *domains)
{
	bool many = one_for_each_llc(topo, dsq);

	*domains = (struct domains){
		.nr_cpu_ids = topo->nr_cpu_ids,
		.nr_llcs = many ? topo->nr_llcs : 1,
	};
	domains->cpus = calloc(domains->nr_cpu_ids, sizeof(*domains->cpus));
	domains->llcs = calloc(domains->nr_llcs, sizeof(*domains->llcs));
	domains->order = calloc((size_t)domains->nr_llcs * domains->nr_llcs,
				sizeof(*domains->order));
	if (!domains->cpus || !domains->llcs || !domains->order)
		return -ENOMEM;
	if (many)
		make_many(domains, topo);
	else
		make_one(domains, topo);
	for (uint32_t cpu = 0; cpu < domains->nr_cpu_ids; cpu++) {
		if (topo->cpus[cpu].online)
			continue;
		domains->cpus[cpu].next_cpu = domains->llcs[0].first_cpu;
		domains->cpus[cpu].next_sibling = cpu;
	}
	return 0;
}

void domains_free(struct domains *domains)
{
	free(domains->cpus);
	free(domains->llcs);
	free(domains->order);
	*domains = (struct domains){ .nr_llcs = 0 };
}
