/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Wakeup preemption: the search for a CPU to take over, and the records that
 * it needs. Who has to give way to whom is the policy's business.
 */
#ifndef QUMUN_PREEMPT_BPF_H
#define QUMUN_PREEMPT_BPF_H

/*
 * CPUs that are looked at beyond the task's own and the waker's. A bound on the cost of
 * a wakeup, on machines with more CPUs than that.
 */
#define PREEMPT_TRIES 32

/* A task starts on the CPU of @run. */
static void preempt_note_running(struct cpu_run *run, const struct task_ctx *tctx, u64 now_ns)
{
	run->vruntime = tctx->vruntime;
	run->awake_ns = tctx->awake_ns;
	run->burst_ns = tctx->burst_ns;
	run->weight = tctx->weight;
	run->boost = tctx->boost;
	run->sync_trust = tctx->sync_trust;
	run->sends = tctx->sends;
	run->sync_ns = 0;
	run->start_ns = now_ns;
}

/* The task stops; @sleeps: on its own account. */
static void preempt_note_stopping(struct cpu_run *run, struct task_ctx *tctx, bool sleeps)
{
	run->start_ns = 0;
	tctx->sends = run->sync_ns != 0;
	if (run->sync_ns)
		tctx->sync_trust = policy_sync_trust(tctx->sync_trust, sleeps &&
			qm_elapsed(run->sync_ns, compat_now()) < SYNC_SOON_NS);
}

/*
 * How far the task on @cpu is ahead of one that wakes up, if it has to give way to
 * it, else 0.
 *
 * A global function, so that the verifier looks at it once and not with each
 * CPU number that the loop below may have; inlined there, it does not get done.
 */
__noinline s64 preempt_lead(s32 cpu, const struct waking *w)
{
	struct cpu_run *run = cpu_run(cpu);
	struct domain *dom = run ? domain_at(run) : NULL;

	return dom && w ? policy_lead(dom, run, w) : 0;
}

/* Of those who think of the same CPU, one gets it. */
__noinline bool preempt_claim(s32 cpu)
{
	struct cpu_run *run = cpu_run(cpu);
	u64 start_ns;

	if (!run)
		return false;
	start_ns = run->start_ns;
	if (!start_ns || __sync_val_compare_and_swap(&run->start_ns, start_ns, 0) != start_ns)
		return false;
	run->bypasses++;
	return true;
}

/* Take over @cpu, if the policy allows that. */
static bool preempt_cpu(s32 cpu, const struct waking *w)
{
	return preempt_lead(cpu, w) > 0 && preempt_claim(cpu);
}

/* The first CPU of the LLC that is @nth in distance from that of @run; -1 if there is none. */
static s32 first_cpu_of_nth_llc(const struct cpu_run *run, u32 nth)
{
	struct qumun_llc_place *place;
	u32 llc;

	if (nth >= config.nr_llcs)
		return -1;
	llc = nth_llc(run->llc, nth);
	place = bpf_map_lookup_elem(&llc_places, &llc);
	return place ? (s32)place->first_cpu : -1;
}

/*
 * The CPU whose task is furthest ahead, or -1: among those of the previous CPU's LLC, and
 * only if there is none, of the next ones, nearest first.
 */
static s32 preempt_furthest(struct task_struct *p, s32 prev_cpu, s32 spared_cpu,
			    const struct waking *w)
{
	struct cpu_run *prev_run = cpu_run(prev_cpu);
	s32 cpu = prev_cpu, first_cpu = prev_cpu, best_cpu = -1;
	s64 best_lead = 0;
	u32 nth = 0;
	int i;

	if (!prev_run)
		return -1;
	bpf_for(i, 0, PREEMPT_TRIES) {
		struct cpu_run *run = cpu_run(cpu);
		s64 lead = preempt_lead(cpu, w);

		if (!run)
			break;
		if (lead > best_lead && cpu != spared_cpu &&
		    bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			best_lead = lead;
			best_cpu = cpu;
		}
		cpu = run->next_cpu;
		if (cpu != first_cpu)
			continue;
		if (best_cpu >= 0)
			break;
		cpu = first_cpu = first_cpu_of_nth_llc(prev_run, ++nth);
		if (cpu < 0)
			break;
	}
	return best_cpu >= 0 && preempt_claim(best_cpu) ? best_cpu : -1;
}

/*
 * A CPU that the waking task @p may take over; -1 if none. First where its cache is
 * warm, then where the waker is, then whoever can spare it most. A waker that says
 * that it is about to sleep is left alone: its CPU will be free in a moment anyway.
 */
static s32 preempt_pick_cpu(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
			    const struct waking *w)
{
	s32 waker_cpu = bpf_get_smp_processor_id();
	s32 spared_cpu = wake_flags & SCX_WAKE_SYNC ? waker_cpu : -1;

	if (prev_cpu != spared_cpu && bpf_cpumask_test_cpu(prev_cpu, p->cpus_ptr) &&
	    preempt_cpu(prev_cpu, w))
		return prev_cpu;
	if (waker_cpu != spared_cpu && waker_cpu != prev_cpu &&
	    bpf_cpumask_test_cpu(waker_cpu, p->cpus_ptr) && preempt_cpu(waker_cpu, w))
		return waker_cpu;
	return preempt_furthest(p, prev_cpu, spared_cpu, w);
}

/* The waker says that it is about to sleep: from now on it has to keep that promise. */
static void note_promise(struct cpu_run *waker, u64 now_ns)
{
	if (!waker->sync_ns)
		waker->sync_ns = now_ns;
}

/*
 * May the waking task @p be the next one on the CPU of a waker that says that it is
 * about to sleep? Not if the waker is one that usually runs on, whatever it says, or is
 * less boosted, or has promised its CPU to somebody already.
 */
static bool may_follow(const struct domain *dom, const struct cpu_run *waker,
		       struct task_struct *p, const struct waking *w)
{
	s32 cpu = bpf_get_smp_processor_id();

	return waker->sync_trust && waker->boost >= w->boost && waker->burst_ns < SPARE_MAX_NS &&
	       policy_is_brief(waker, w->now_ns) && policy_may_go_next(dom, waker, w) &&
	       bpf_cpumask_test_cpu(cpu, p->cpus_ptr) && !compat_nr_local(cpu);
}

#endif /* QUMUN_PREEMPT_BPF_H */
