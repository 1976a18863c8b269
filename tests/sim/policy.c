// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BPF programs, compiled for the host, and the only place that looks inside.
 *
 * Whoever changes struct task_ctx or struct domain changes the functions below.
 */
#pragma GCC diagnostic push
/* Of no use for programs that only the kernel calls; a build for BPF does without. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#define __bpf__
#include "../../bpf/scx_qumun.bpf.c"
#undef __bpf__
#pragma GCC diagnostic pop

#include "sim.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* It is read-only for the compiler alone: libbpf writes it before the load, too. */
void policy_configure(const struct qumun_config *wanted)
{
	uintptr_t page = sysconf(_SC_PAGESIZE);
	uintptr_t at = (uintptr_t)&config, first;

	/* Or the compiler would know what is written to, and leave it out. */
	__asm__("" : "+r"(at));
	first = at & ~(page - 1);
	if (mprotect((void *)first, at + sizeof(config) - first, PROT_READ | PROT_WRITE))
		fail("cannot write the configuration");
	memcpy((void *)at, wanted, sizeof(config));
}

const struct sched_ext_ops *policy_ops(void)
{
	return &qumun_ops;
}

/* What src/domains.c and src/loader.c do: LLCs of neighbouring CPUs, nearest by number. */
static void place_llc(u32 llc, u32 llc_cpus)
{
	u32 first = llc * llc_cpus;
	u32 last = first + llc_cpus < machine.nr_cpus ? first + llc_cpus : machine.nr_cpus;
	struct qumun_llc_place place = { .first_cpu = first, .nr_cpus = last - first };

	bpf_map_update_elem(&llc_places, &llc, &place, 0);
	for (u32 cpu = first; cpu < last; cpu++) {
		struct qumun_cpu_place at = { .llc = llc };

		at.next_cpu = cpu + 1 < last ? cpu + 1 : first;
		at.next_sibling = (cpu + 1) % machine.smt && cpu + 1 < machine.nr_cpus ? cpu + 1 :
				  cpu - cpu % machine.smt;
		bpf_map_update_elem(&cpu_places, &cpu, &at, 0);
	}
	for (u32 nth = 0; nth < config.nr_llcs; nth++) {
		u32 key = llc * config.nr_llcs + nth, other = (llc + nth) % config.nr_llcs;

		bpf_map_update_elem(&llc_order, &key, &other, 0);
	}
}

void policy_place(void)
{
	for (u32 llc = 0; llc < config.nr_llcs; llc++)
		place_llc(llc, config.nr_llcs > 1 ? machine.llc_cpus : machine.nr_cpus);
}

bool policy_enq_last(void)
{
	return config.moves;
}

struct policy_view policy_view_task(struct task *t)
{
	struct task_ctx *tctx = task_ctx(&t->p);
	struct policy_view view = { 0 };

	if (tctx) {
		view.vruntime = tctx->vruntime;
		view.weight = tctx->weight;
		view.joined = tctx->joined;
		view.domain = tctx->llc;
		view.class = class_of(&t->p, tctx);
		view.runs_long = tctx->burst_ns >= SPARE_MAX_NS;
	}
	return view;
}

u32 policy_nr_domains(void)
{
	return config.nr_llcs;
}

struct clock_view policy_view_clock(u32 nr)
{
	struct domain *dom = domain_of(nr);

	return (struct clock_view){
		.now = dom->clock.now,
		.avg = dom->clock.avg,
		.weight = dom->clock.weight,
	};
}

void policy_set_clock(u64 now)
{
	for (u32 nr = 0; nr < config.nr_llcs; nr++) {
		struct domain *dom = domain_of(nr);

		dom->clock.now = now;
		dom->clock.avg = now;
	}
}

void policy_set_tier_bits(u32 row, u64 bits)
{
	bpf_map_update_elem(&tier_bits, &row, &bits, 0);
}

void policy_set_llc_tiers(u32 llc, const struct qumun_tiers *tiers)
{
	bpf_map_update_elem(&llc_tiers, &llc, tiers, 0);
}

void policy_set_cpu_tiers(u32 cpu, u32 llc)
{
	bpf_map_update_elem(&cpu_tiers, &cpu, &llc, 0);
}

void policy_boost(u64 cgroup_id, u32 weight)
{
	struct qumun_boost boost = { .weight = weight, .version = QUMUN_BOOST_VERSION };

	/* "Normal" instead of a delete: the same for the policy. */
	if (!weight)
		boost.weight = QUMUN_BOOST_WEIGHT_NORMAL;
	bpf_map_update_elem(&high_prio_cgroups, &cgroup_id, &boost, 0);
}

u64 policy_stat(u32 stat)
{
	s32 saved = this_cpu;
	u64 sum = 0;
	u32 zero = 0;

	for (this_cpu = 0; (u32)this_cpu < machine.nr_cpus; this_cpu++) {
		struct qumun_cpu_stats *stats = bpf_map_lookup_elem(&cpu_stats, &zero);

		sum += stats->counters[stat];
	}
	this_cpu = saved;
	return sum;
}

void policy_skew(struct task *t)
{
	struct task_ctx *tctx = task_ctx(&t->p);

	if (tctx && tctx->joined)
		tctx->vruntime += NSEC_PER_USEC;
}
