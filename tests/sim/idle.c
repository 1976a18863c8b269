// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's built-in tracking of idle CPUs, and the kfuncs that search it.
 *
 * Two masks: idle CPUs, and CPUs of cores that are idle as a whole. A CPU is
 * claimed by clearing it in the first one.
 */
#include "sim.h"

#include <stdlib.h>

static struct mask idle_cpus;
static struct mask idle_cores;
static struct mask all_cpus;
static struct mask *llcs;
static struct mask llc_masks[NR_CPUS_MAX];

static s32 core_first(s32 cpu)
{
	return cpu - cpu % (s32)machine.smt;
}

void idle_init(void)
{
	mask_fill(&all_cpus, machine.nr_cpus);
	llcs = llc_masks;
	for (u32 cpu = 0; cpu < machine.nr_cpus; cpu++)
		mask_set(&llcs[cpu / machine.llc_cpus], cpu);
}

bool idle_test(s32 cpu)
{
	return mask_test(&idle_cpus, cpu);
}

void idle_look(struct mask *idle, struct mask *whole_cores)
{
	*idle = idle_cpus;
	*whole_cores = machine.smt > 1 ? idle_cores : idle_cpus;
}

static bool core_is_idle(s32 cpu)
{
	s32 first = core_first(cpu);

	for (u32 i = 0; i < machine.smt && first + i < machine.nr_cpus; i++)
		if (!mask_test(&idle_cpus, first + i))
			return false;
	return true;
}

static void mark_core(s32 cpu, bool idle)
{
	s32 first = core_first(cpu);

	for (u32 i = 0; i < machine.smt && first + i < machine.nr_cpus; i++) {
		if (idle)
			mask_set(&idle_cores, first + i);
		else
			mask_clear(&idle_cores, first + i);
	}
}

void idle_set(s32 cpu, bool idle)
{
	if (idle)
		mask_set(&idle_cpus, cpu);
	else
		mask_clear(&idle_cpus, cpu);
	mark_core(cpu, idle && core_is_idle(cpu));
}

static bool claim(s32 cpu)
{
	mark_core(cpu, false);
	if (!mask_test(&idle_cpus, cpu))
		return false;
	mask_clear(&idle_cpus, cpu);
	return true;
}

static s32 pick(const struct mask *allowed, const struct mask *within, bool core)
{
	struct mask both;
	s32 cpu;

	for (u32 i = 0; i < NR_CPUS_MAX / 64; i++)
		both.bits[i] = allowed->bits[i] & within->bits[i];
	cpu = mask_next(core ? &idle_cores : &idle_cpus, &both, 0);
	return cpu >= 0 && claim(cpu) ? cpu : -1;
}

s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags);
s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags)
{
	const struct mask *allowed = (const struct mask *)cpus_allowed;
	s32 cpu = machine.smt > 1 ? pick(allowed, &all_cpus, true) : -1;

	if (cpu >= 0 || (flags & SCX_PICK_IDLE_CORE))
		return cpu;
	return pick(allowed, &all_cpus, false);
}

bool scx_bpf_test_and_clear_cpu_idle(s32 cpu);
bool scx_bpf_test_and_clear_cpu_idle(s32 cpu)
{
	return claim(cpu);
}

/* The order of the kernel: a whole core, then any CPU; the previous one, its LLC, all. */
static s32 select_idle(const struct task *t, s32 prev_cpu)
{
	const struct mask *llc = &llcs[prev_cpu / machine.llc_cpus];
	bool prev_ok = mask_test(&t->mask, prev_cpu);
	s32 cpu = -1;

	if (machine.smt > 1) {
		if (prev_ok && mask_test(&idle_cores, prev_cpu) && claim(prev_cpu))
			return prev_cpu;
		cpu = pick(&t->mask, llc, true);
		if (cpu < 0)
			cpu = pick(&t->mask, &all_cpus, true);
		if (cpu >= 0)
			return cpu;
	}
	if (prev_ok && claim(prev_cpu))
		return prev_cpu;
	cpu = pick(&t->mask, llc, false);
	return cpu >= 0 ? cpu : pick(&t->mask, &all_cpus, false);
}

s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle);
s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags, bool *is_idle)
{
	s32 cpu = select_idle(task_of(p), prev_cpu);

	if (wake_flags & SCX_WAKE_SYNC)
		fail("select_cpu_dfl with a sync wakeup is not simulated");
	*is_idle = cpu >= 0;
	return cpu >= 0 ? cpu : prev_cpu;
}

/* Masks of the BPF side: longer than what it knows of them. */

struct bpf_cpumask *bpf_cpumask_create(void);
struct bpf_cpumask *bpf_cpumask_create(void)
{
	struct mask *mask = calloc(1, sizeof(*mask));

	if (!mask)
		abort();
	return (struct bpf_cpumask *)mask;
}

void bpf_cpumask_release(struct bpf_cpumask *cpumask);
void bpf_cpumask_release(struct bpf_cpumask *cpumask)
{
	free(cpumask);
}

void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask);
void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask)
{
	if (cpu < machine.nr_cpus)
		mask_set((struct mask *)cpumask, cpu);
}

bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1,
		     const struct cpumask *src2);
bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1,
		     const struct cpumask *src2)
{
	const struct mask *a = (const struct mask *)src1, *b = (const struct mask *)src2;
	struct mask *both = (struct mask *)dst;

	for (u32 i = 0; i < NR_CPUS_MAX / 64; i++)
		both->bits[i] = a->bits[i] & b->bits[i];
	return mask_weight(both);
}

bool bpf_cpumask_intersects(const struct cpumask *src1, const struct cpumask *src2);
bool bpf_cpumask_intersects(const struct cpumask *src1, const struct cpumask *src2)
{
	return mask_intersects((const struct mask *)src1, (const struct mask *)src2);
}

u32 bpf_cpumask_any_and_distribute(const struct cpumask *src1, const struct cpumask *src2);
u32 bpf_cpumask_any_and_distribute(const struct cpumask *src1, const struct cpumask *src2)
{
	s32 cpu = mask_next((const struct mask *)src1, (const struct mask *)src2, 0);

	return cpu >= 0 ? (u32)cpu : machine.nr_cpus;
}

const struct cpumask *scx_bpf_get_idle_cpumask(void);
const struct cpumask *scx_bpf_get_idle_cpumask(void)
{
	return (const struct cpumask *)&idle_cpus;
}

const struct cpumask *scx_bpf_get_idle_smtmask(void);
const struct cpumask *scx_bpf_get_idle_smtmask(void)
{
	return (const struct cpumask *)(machine.smt > 1 ? &idle_cores : &idle_cpus);
}

void scx_bpf_put_idle_cpumask(const struct cpumask *idle_mask);
void scx_bpf_put_idle_cpumask(const struct cpumask *idle_mask)
{
	(void)idle_mask;
}
