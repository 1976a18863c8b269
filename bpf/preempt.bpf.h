/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wakeup preemption: the search for a CPU to take over, and the records that
 * it needs. Who has to give way to whom is the policy's business.
 */
#ifndef QUMUN_PREEMPT_BPF_H
#define QUMUN_PREEMPT_BPF_H

/*
 * CPUs that are looked at beyond the task's own and the waker's. A bound on
 * the cost of a wakeup, on machines with more CPUs than that.
 */
#define PREEMPT_TRIES 32

/* @p starts on @cpu. */
static void preempt_note_running(s32 cpu, const struct task_ctx *tctx)
{
	struct cpu_run *run = cpu_run(cpu);

	if (!run)
		return;
	run->vruntime = tctx->vruntime;
	run->awake_ns = tctx->awake_ns;
	run->weight = tctx->weight;
	run->boost = tctx->boost;
	run->start_ns = compat_now();
}

static void preempt_note_stopping(s32 cpu)
{
	struct cpu_run *run = cpu_run(cpu);

	if (run)
		run->start_ns = 0;
}

/*
 * How far the task on @cpu is ahead of one that wakes up with vruntime @v, if
 * it has to give way to it, else 0.
 *
 * A global function, so that the verifier looks at it once and not with each
 * CPU number that the loop below may have; inlined there, it does not get done.
 */
__noinline s64 preempt_lead(s32 cpu, u64 now_ns, u64 v, u32 boost)
{
	struct cpu_run *run = cpu_run(cpu);

	return run ? policy_lead(run, now_ns, v, boost) : 0;
}

/* Of those who think of the same CPU, one gets it. */
__noinline bool preempt_claim(s32 cpu)
{
	struct cpu_run *run = cpu_run(cpu);
	u64 start_ns;

	if (!run)
		return false;
	start_ns = run->start_ns;
	return start_ns && __sync_val_compare_and_swap(&run->start_ns, start_ns, 0) == start_ns;
}

/* Take over @cpu, if the policy allows that. */
static bool preempt_cpu(struct task_struct *p, s32 cpu, u64 now_ns, u64 v, u32 boost)
{
	return bpf_cpumask_test_cpu(cpu, p->cpus_ptr) && preempt_lead(cpu, now_ns, v, boost) > 0 &&
	       preempt_claim(cpu);
}

/* The CPU whose task is furthest ahead, or -1. */
static s32 preempt_furthest(struct task_struct *p, s32 first_cpu, s32 spared_cpu, u64 now_ns,
			    u64 v, u32 boost)
{
	u32 nr_cpu_ids = scx_bpf_nr_cpu_ids();
	s32 best_cpu = -1;
	s64 best_lead = 0;
	int i;

	bpf_for(i, 1, PREEMPT_TRIES + 1) {
		s32 cpu = (u32)(first_cpu + i) % nr_cpu_ids;
		s64 lead;

		if (cpu == first_cpu)
			break;
		lead = preempt_lead(cpu, now_ns, v, boost);
		if (lead > best_lead && cpu != spared_cpu &&
		    bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			best_lead = lead;
			best_cpu = cpu;
		}
	}
	return best_cpu >= 0 && preempt_claim(best_cpu) ? best_cpu : -1;
}

/*
 * A CPU that the waking task @p, with vruntime @v, may take over; -1 if none.
 * First where its cache is warm, then where the waker is, then whoever can
 * spare it most. A waker that says that it is about to sleep is left alone:
 * its CPU will be free in a moment anyway.
 */
static s32 preempt_pick_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags, u64 v, u32 boost)
{
	s32 waker_cpu = bpf_get_smp_processor_id();
	s32 spared_cpu = wake_flags & SCX_WAKE_SYNC ? waker_cpu : -1;
	u64 now_ns = compat_now();

	if (prev_cpu != spared_cpu && preempt_cpu(p, prev_cpu, now_ns, v, boost))
		return prev_cpu;
	if (waker_cpu != spared_cpu && waker_cpu != prev_cpu &&
	    preempt_cpu(p, waker_cpu, now_ns, v, boost))
		return waker_cpu;
	return preempt_furthest(p, prev_cpu, spared_cpu, now_ns, v, boost);
}

#endif /* QUMUN_PREEMPT_BPF_H */
