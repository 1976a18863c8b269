/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The queues: who stands at the head, which queue is served first, and the
 * search for tasks that have waited too long.
 */
#ifndef QUMUN_QUEUE_BPF_H
#define QUMUN_QUEUE_BPF_H

/* How many tasks in front of a queue are tried that may not run on a CPU. */
#define HEAD_TRIES 128

enum head {
	HEAD_NONE,
	HEAD_FOUND,
	HEAD_UNKNOWN,
};

/*
 * The vruntime of the first task in a DSQ that may run on @cpu. Unknown if
 * there are too many in front of it that may not.
 */
static enum head head_vruntime(u64 dsq_id, s32 cpu, u64 *v)
{
	enum head head = HEAD_UNKNOWN;
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	int i;

	if (compat_has_dsq_peek()) {
		p = scx_bpf_dsq_peek(dsq_id);
		if (!p)
			return HEAD_NONE;
		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			*v = p->scx.dsq_vtime;
			return HEAD_FOUND;
		}
	}
	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	bpf_for(i, 0, HEAD_TRIES) {
		p = bpf_iter_scx_dsq_next(&it);
		if (!p) {
			head = HEAD_NONE;
			break;
		}
		if (bpf_cpumask_test_cpu(cpu, p->cpus_ptr)) {
			*v = p->scx.dsq_vtime;
			head = HEAD_FOUND;
			break;
		}
	}
	bpf_iter_scx_dsq_destroy(&it);
	return head;
}

/* Change the number of tasks in a queue. */
static void queue_add(s32 queue, s32 amount)
{
	struct cpu_run *run;
	struct domain *dom;

	if (queue < QUEUE_NONE) {
		dom = domain_of(-1 - queue);
		if (dom)
			__sync_fetch_and_add(&dom->nr_waiting, amount);
	} else if (queue > QUEUE_NONE) {
		run = cpu_run(queue - 1);
		if (run)
			__sync_fetch_and_add(&run->nr_waiting, amount);
	}
}

/*
 * The task is about to wait in @queue, or, with QUEUE_NONE, waits no longer.
 *
 * The kernel can count what is in a DSQ, but it looks up the DSQ each time,
 * which costs more than all the rest of the policy. It is the task that knows
 * where it is counted, so that nothing gets lost when the kernel takes it out
 * of a queue on its own, to change its affinity, say. It is counted before it is
 * inserted and until it runs: who sees a 0 has nothing to look for.
 */
static void queue_count(struct task_ctx *tctx, s32 queue)
{
	if (tctx->queue == queue)
		return;
	queue_add(tctx->queue, -1);
	queue_add(queue, 1);
	tctx->queue = queue;
}

/* Insert into a queue in the order of vruntime. */
static __always_inline void enqueue_waiting(struct task_struct *p, struct task_ctx *tctx,
					    s32 queue, u64 dsq_id, u64 slice_ns, u64 enq_flags)
{
	queue_count(tctx, queue);
	if (!tctx->queued_ns)
		tctx->queued_ns = compat_now();
	compat_dsq_insert_vtime(p, dsq_id, slice_ns, tctx->vruntime, enq_flags);
}

/**
 * struct waiting - what waits for a CPU
 * @shared: what is known of the first task in its LLC's queue that may run there
 * @pinned: the same of the CPU's own queue
 * @far: the same of another LLC's queue
 * @shared_v: its vruntime, if it was found
 * @pinned_v: likewise
 * @far_v: likewise, and the margin by which it must be behind
 * @far_llc: which one that is
 */
struct waiting {
	enum head shared;
	enum head pinned;
	enum head far;
	u64 shared_v;
	u64 pinned_v;
	u64 far_v;
	u32 far_llc;
};

static void look_at_queues(const struct domain *dom, const struct cpu_run *run,
			   struct waiting *w, s32 cpu)
{
	if (dom->nr_waiting)
		w->shared = head_vruntime(DSQ_LLC(run->llc), cpu, &w->shared_v);
	if (run->nr_waiting)
		w->pinned = head_vruntime(DSQ_CPU(cpu), cpu, &w->pinned_v);
}

static bool nobody_waits_here(const struct waiting *w)
{
	return w->shared == HEAD_NONE && w->pinned == HEAD_NONE;
}

/*
 * Do the pinned ones come first, of those who wait here? If the order is unknown, both get
 * every second turn.
 */
static bool pinned_first(const struct waiting *w, struct cpu_run *run)
{
	if (w->pinned != HEAD_FOUND || w->shared == HEAD_NONE)
		return w->pinned != HEAD_NONE;
	if (w->shared == HEAD_FOUND)
		return qm_before(w->pinned_v, w->shared_v);
	return run->turn++ & 1;
}

/*
 * Take the first task of the queue that comes first; if that one is empty by now, of the
 * other. To take a task over from another CPU the kernel lets go of this one's run queue
 * for a moment: who was bound to this CPU and woke up just then is looked for at last.
 */
static bool run_first(const struct domain *dom, const struct cpu_run *run, s32 cpu, bool pinned)
{
	if (pinned && compat_move_to_local(DSQ_CPU(cpu)))
		return true;
	if (dom->nr_waiting && compat_move_to_local(DSQ_LLC(run->llc)))
		return true;
	return run->nr_waiting && compat_move_to_local(DSQ_CPU(cpu));
}

/* How far a queue is searched for tasks that have waited too long. */
#define RESCUE_TRIES 4096

/*
 * Let a task run next that has waited in a DSQ for longer than @patience_ns, if it may run on
 * this @cpu. The search is long, but rare. (A global function: verified once.)
 */
__noinline bool rescue_from(u64 dsq_id, s32 cpu, u64 now_ns, u64 patience_ns)
{
	struct bpf_iter_scx_dsq it;
	bool rescued = false;
	int i;

	bpf_iter_scx_dsq_new(&it, dsq_id, 0);
	bpf_for(i, 0, RESCUE_TRIES) {
		struct task_struct *p = bpf_iter_scx_dsq_next(&it);
		struct task_ctx *tctx;

		if (!p)
			break;
		tctx = task_ctx(p);
		if (!tctx || !policy_is_overdue(tctx, now_ns, patience_ns) ||
		    !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
			continue;
		rescued = compat_dsq_move(&it, p, SCX_DSQ_LOCAL, 0);
		break;
	}
	bpf_iter_scx_dsq_destroy(&it);
	return rescued;
}

/* In both queues of a CPU. */
static bool rescue_older(const struct cpu_run *run, s32 cpu, u64 now_ns, u64 patience_ns)
{
	return (run->nr_waiting && rescue_from(DSQ_CPU(cpu), cpu, now_ns, patience_ns)) ||
	       rescue_from(DSQ_LLC(run->llc), cpu, now_ns, patience_ns);
}

/* Once in an eighth of the time that anybody may wait; more often while there is somebody. */
static bool rescue(struct cpu_run *run, s32 cpu)
{
	u64 now_ns = compat_now();

	if (qm_before(now_ns, run->rescue_check_ns))
		return false;
	if (rescue_older(run, cpu, now_ns, 3 * config.rescue_ns) ||
	    rescue_older(run, cpu, now_ns, config.rescue_ns)) {
		run->rescue_check_ns = now_ns + 3 * config.slice_max_ns;
		stat_inc(QUMUN_STAT_RESCUED);
		return true;
	}
	run->rescue_check_ns = now_ns + config.rescue_ns / 8;
	return false;
}

#endif /* QUMUN_QUEUE_BPF_H */
