// SPDX-License-Identifier: GPL-2.0-only
/* units: src/domains.c src/topology.c src/topology_node.c src/topology_capacity.c */
/* units: src/topology_text.c src/util.c */
/* Which CPUs share a queue, on machines that topologies are made up for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "domains.h"

/* @nr_llcs caches of @per_llc CPUs, one CPU a core; CPU numbers alternate between the caches. */
static struct topology machine(unsigned int nr_llcs, unsigned int per_llc)
{
	struct topology topo = {
		.nr_cpu_ids = nr_llcs * per_llc,
		.nr_possible = nr_llcs * per_llc,
		.nr_online = nr_llcs * per_llc,
		.nr_cores = nr_llcs * per_llc,
		.nr_llcs = nr_llcs,
		.nr_nodes = 1,
		.nr_kinds = 1,
	};

	topo.cpus = calloc(topo.nr_cpu_ids, sizeof(*topo.cpus));
	topo.llcs = calloc(nr_llcs, sizeof(*topo.llcs));
	topo.distances = calloc(1, 1);
	assert_non_null(topo.cpus);
	assert_non_null(topo.llcs);
	assert_non_null(topo.distances);
	for (unsigned int cpu = 0; cpu < topo.nr_cpu_ids; cpu++) {
		topo.cpus[cpu].online = true;
		topo.cpus[cpu].core = (int)cpu;
		topo.cpus[cpu].llc = (int)(cpu % nr_llcs);
	}
	topo.distances[0] = 10;
	return topo;
}

/* Each online CPU of a queue is met once on the way round; returns how many. */
static unsigned int ring_length(const struct domains *domains, uint32_t queue)
{
	uint32_t first = domains->llcs[queue].first_cpu, cpu = first;
	unsigned int n = 0;

	do {
		assert_true(cpu < domains->nr_cpu_ids);
		assert_int_equal(domains->cpus[cpu].llc, queue);
		cpu = domains->cpus[cpu].next_cpu;
		n++;
		assert_true(n <= domains->nr_cpu_ids);
	} while (cpu != first);
	return n;
}

static void check(struct topology *topo, enum qumun_dsq dsq, unsigned int queues,
		  unsigned int per_queue)
{
	struct domains domains;

	assert_int_equal(domains_make(topo, dsq, &domains), 0);
	assert_int_equal(domains.nr_llcs, queues);
	for (unsigned int i = 0; i < queues; i++) {
		assert_int_equal(domains.llcs[i].nr_cpus, per_queue);
		assert_int_equal(ring_length(&domains, i), per_queue);
		assert_int_equal(domains.order[i * queues], i);
	}
	domains_free(&domains);
	domains_free(&domains);
}

static void test_one_llc(void **state)
{
	struct topology topo = machine(1, 8);

	(void)state;
	check(&topo, QUMUN_DSQ_AUTO, 1, 8);
	check(&topo, QUMUN_DSQ_LLC, 1, 8);
	check(&topo, QUMUN_DSQ_GLOBAL, 1, 8);
	topology_free(&topo);
}

static void test_several_llcs(void **state)
{
	struct topology topo = machine(4, 8);

	(void)state;
	check(&topo, QUMUN_DSQ_AUTO, 4, 8);
	check(&topo, QUMUN_DSQ_LLC, 4, 8);
	check(&topo, QUMUN_DSQ_GLOBAL, 1, 32);
	topology_free(&topo);
}

/* As guests often see it: each CPU with a cache of its own. */
static void test_llcs_of_one_core(void **state)
{
	struct topology topo = machine(8, 1);

	(void)state;
	check(&topo, QUMUN_DSQ_AUTO, 1, 8);
	check(&topo, QUMUN_DSQ_LLC, 8, 1);
	topology_free(&topo);
}

/* In one queue for all, those that share a cache still follow each other. */
static void test_global_keeps_neighbours(void **state)
{
	struct topology topo = machine(2, 3);
	struct domains domains;
	int changes = 0;

	(void)state;
	assert_int_equal(domains_make(&topo, QUMUN_DSQ_GLOBAL, &domains), 0);
	for (uint32_t cpu = 0; cpu < 6; cpu++)
		changes += topo.cpus[cpu].llc != topo.cpus[domains.cpus[cpu].next_cpu].llc;
	assert_int_equal(changes, 2);
	domains_free(&domains);
	topology_free(&topo);
}

static void test_offline(void **state)
{
	struct topology topo = machine(2, 4);
	struct domains domains;

	(void)state;
	topo.cpus[0].online = false;
	topo.cpus[0].llc = -1;
	topo.cpus[5].online = false;
	topo.cpus[5].llc = -1;
	topo.nr_cores = topo.nr_online = 6;
	assert_int_equal(domains_make(&topo, QUMUN_DSQ_AUTO, &domains), 0);
	assert_int_equal(domains.nr_llcs, 2);
	assert_int_equal(domains.llcs[0].nr_cpus, 3);
	assert_int_equal(domains.llcs[1].nr_cpus, 3);
	assert_int_equal(ring_length(&domains, 0), 3);
	assert_int_equal(ring_length(&domains, 1), 3);
	assert_int_equal(domains.cpus[0].next_cpu, domains.llcs[0].first_cpu);
	assert_int_equal(domains.cpus[5].next_cpu, domains.llcs[0].first_cpu);
	domains_free(&domains);
	topology_free(&topo);
}

/* Around each core, past CPUs that are offline; numbers need not be neighbours. */
static void test_siblings(void **state)
{
	static const int cores[] = { 0, 1, 2, 0, 1, 2, 2, 1 };
	static const uint32_t next[] = { 3, 7, 5, 0, 4, 6, 2, 1 };
	struct topology topo = machine(2, 4);
	struct domains domains;

	(void)state;
	for (int cpu = 0; cpu < 8; cpu++)
		topo.cpus[cpu].core = cores[cpu];
	topo.cpus[4].online = false;
	topo.cpus[4].llc = -1;
	assert_int_equal(domains_make(&topo, QUMUN_DSQ_GLOBAL, &domains), 0);
	for (int cpu = 0; cpu < 8; cpu++)
		assert_int_equal(domains.cpus[cpu].next_sibling, next[cpu]);
	domains_free(&domains);
	topology_free(&topo);
}

/* Two nodes, two caches each: the other one of the node comes before those of the other node. */
static void test_nearest_first(void **state)
{
	struct topology topo = machine(4, 2);
	struct domains domains;

	(void)state;
	free(topo.distances);
	topo.nr_nodes = 2;
	topo.distances = malloc(4);
	assert_non_null(topo.distances);
	for (int i = 0; i < 4; i++) {
		topo.distances[i] = i == 0 || i == 3 ? 10 : 20;
		topo.llcs[i].node = i % 2;
	}
	assert_int_equal(domains_make(&topo, QUMUN_DSQ_AUTO, &domains), 0);
	assert_int_equal(domains.order[1 * 4 + 0], 1);
	assert_int_equal(domains.order[1 * 4 + 1], 3);
	assert_int_equal(domains.order[2 * 4 + 1], 0);
	domains_free(&domains);
	topology_free(&topo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_llc),
		cmocka_unit_test(test_several_llcs),
		cmocka_unit_test(test_llcs_of_one_core),
		cmocka_unit_test(test_global_keeps_neighbours),
		cmocka_unit_test(test_offline),
		cmocka_unit_test(test_siblings),
		cmocka_unit_test(test_nearest_first),
	};

	return cmocka_run_group_tests_name("domains", tests, NULL, NULL);
}
