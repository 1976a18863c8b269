/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which CPUs share a queue, and how far the queues are apart: from the topology to the tables that
 * BPF reads. Pure; loader.c hands them over.
 */
#ifndef QUMUN_DOMAINS_H
#define QUMUN_DOMAINS_H

#include <stdint.h>

#include "options.h"
#include "qumun.h"
#include "topology.h"

/**
 * struct domains - the shape of the machine, as far as queues go
 * @nr_cpu_ids: rows of @cpus
 * @nr_llcs: queues, rows of @llcs
 * @cpus: see struct qumun_cpu_place; those that are offline lead to LLC 0, for
 *	tasks that were on them last
 * @llcs: see struct qumun_llc_place
 * @order: @nr_llcs rows of @nr_llcs: for each LLC all of them, nearest first
 */
struct domains {
	uint32_t		nr_cpu_ids;
	uint32_t		nr_llcs;
	struct qumun_cpu_place	*cpus;
	struct qumun_llc_place	*llcs;
	uint32_t		*order;
};

/**
 * domains_make - decide who shares a queue
 * @dsq: QUMUN_DSQ_AUTO: one queue for each last-level cache, where there are several, with two
 *	cores each at least, on average. Guests often see a cache of its own for each CPU; there it
 *	says nothing, and queues of one CPU only make shares less exact.
 * @domains: filled; release it with domains_free() even after a failure
 *
 * Returns 0 or -ENOMEM.
 */
int domains_make(const struct topology *topo, enum qumun_dsq dsq, struct domains *domains);

/** domains_free - release; harmless when repeated */
void domains_free(struct domains *domains);

#endif /* QUMUN_DOMAINS_H */
