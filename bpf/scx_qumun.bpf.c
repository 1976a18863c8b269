// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sched_ext callbacks. They stay thin: they find the context, ask the
 * policy (policy.bpf.h), and do the inserting, kicking and counting.
 *
 * Read policy.bpf.h first.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "qumun.h"
#include "qumun_math.h"

char _license[] SEC("license") = "GPL";

/* Set before the load; the defaults are for tools that only verify. */
const volatile struct qumun_config config = {
	.slice_max_ns = 8000000,
	.slice_min_ns = 1000000,
	.lag_ns = 6000000,
	.rescue_ns = 1250000000,
	.wait_alarm_ns = 2500000000,
	.nr_cpus = 4,
};

/* Optional kfuncs that were found: 1 << enum qumun_feature. */
__u32 features;

#include "compat.bpf.h"
#include "stats.bpf.h"
#include "boost.bpf.h"
#include "ctx.bpf.h"
#include "policy.bpf.h"
#include "preempt.bpf.h"
#include "queue.bpf.h"
#include "dump.bpf.h"
#include "exit.bpf.h"

/* Insert @p where it runs at once, or next; select_cpu returns that CPU. */
static __always_inline s32 run_on(struct domain *dom, struct task_struct *p, struct task_ctx *tctx,
				  s32 cpu, u64 enq_flags, enum qumun_stat why)
{
	tctx->queued_ns = compat_now();
	compat_dsq_insert(p, SCX_DSQ_LOCAL, policy_slice(dom), enq_flags);
	stat_inc(why);
	return cpu;
}

/*
 * The task runs at once, on an idle CPU or in somebody's place, or next, where its
 * waker is; or it gets queued, and enqueue is next.
 */
s32 SEC("struct_ops/qumun_select_cpu")
BPF_PROG(qumun_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_woken = wake_flags & SCX_WAKE_TTWU, is_idle = false, follows = false;
	s32 cpu, waker_cpu = bpf_get_smp_processor_id();
	struct cpu_run *waker = cpu_run(waker_cpu);
	struct task_ctx *tctx = task_ctx(p);
	struct domain *dom = domain();
	struct waking w = {};

	if (!dom || !tctx || !waker)
		return prev_cpu;
	if (is_woken) {
		policy_update_weight(dom, p, tctx);
		policy_wake(&w, tctx, qm_later(tctx->vruntime, policy_floor(dom->clock.now)));
		if (wake_flags & SCX_WAKE_SYNC) {
			policy_wake_message(&w);
			note_promise(waker, w.now_ns);
			follows = may_follow(dom, waker, p, &w);
		}
	}
	if (follows && waker->sync_trust >= SYNC_TRUST_ENOUGH)
		return run_on(dom, p, tctx, waker_cpu, 0, QUMUN_STAT_NEXT);
	/*
	 * For a sync wakeup the kernel calls the waker's own CPU idle, hoping
	 * that it soon will be; whether to believe that was decided above.
	 */
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags & ~SCX_WAKE_SYNC, &is_idle);
	if (is_idle)
		return run_on(dom, p, tctx, cpu, 0, QUMUN_STAT_IDLE);
	if (is_woken && policy_may_preempt(dom, &w)) {
		s32 taken_cpu = preempt_pick_cpu(p, prev_cpu, wake_flags, &w);

		if (taken_cpu >= 0)
			return run_on(dom, p, tctx, taken_cpu, SCX_ENQ_PREEMPT, QUMUN_STAT_PREEMPT);
	}
	if (follows)
		return run_on(dom, p, tctx, waker_cpu, 0, QUMUN_STAT_NEXT);
	return cpu;
}

/*
 * A CPU may have gone idle after select_cpu looked for one and before the task
 * was in the queue: it has seen an empty queue, and nobody else would wake it.
 */
static void wake_idle_cpu(struct task_struct *p)
{
	s32 cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);

	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

/*
 * For a task that may run on @cpu only. The kernel did not ask select_cpu for
 * it, so that whether the CPU is idle is looked at here.
 */
static void enqueue_pinned(struct domain *dom, struct task_struct *p, struct task_ctx *tctx,
			   s32 cpu, u64 enq_flags)
{
	u64 beside = dom->clock.now, first;
	struct cpu_run *run = cpu_run(cpu);
	struct waking w;
	bool woken;

	if (!run)
		return;
	if (!run->start_ns && scx_bpf_test_and_clear_cpu_idle(cpu)) {
		/* Runs now: the insert wakes the CPU, nothing below ext is on it. */
		compat_dsq_insert(p, SCX_DSQ_LOCAL, policy_slice(dom), enq_flags);
		stat_inc(QUMUN_STAT_IDLE);
		return;
	}
	woken = !tctx->joined;
	if (woken && run->nr_waiting && head_vruntime(DSQ_CPU(cpu), cpu, &first) == HEAD_FOUND)
		beside = qm_earlier(beside, first);
	policy_join(dom, tctx, policy_floor(beside), QM_DEBT_WAITING);
	if (woken) {
		policy_wake(&w, tctx, tctx->vruntime);
		/* Woken by the one that runs here, perhaps, which then looks busy for ever. */
		if (cpu == (s32)bpf_get_smp_processor_id())
			policy_wake_patient(&w);
		if (policy_may_preempt(dom, &w) && preempt_cpu(cpu, &w)) {
			tctx->queued_ns = w.now_ns;
			compat_dsq_insert(p, SCX_DSQ_LOCAL, policy_slice_on(dom, run),
					  enq_flags | SCX_ENQ_PREEMPT);
			stat_inc(QUMUN_STAT_PREEMPT);
			return;
		}
		if (policy_may_go_next(dom, run, &w) &&
		    !scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | cpu)) {
			tctx->queued_ns = w.now_ns;
			compat_dsq_insert(p, SCX_DSQ_LOCAL, policy_slice_on(dom, run), enq_flags);
			stat_inc(QUMUN_STAT_NEXT);
			return;
		}
	}
	enqueue_waiting(dom, p, tctx, QUEUE_CPU + cpu, policy_slice_on(dom, run), enq_flags);
	stat_inc(QUMUN_STAT_PINNED);
}

static void enqueue_shared(struct domain *dom, struct task_struct *p, struct task_ctx *tctx,
			   u64 enq_flags)
{
	policy_join(dom, tctx, policy_floor(dom->clock.now), QM_DEBT_WAITING);
	enqueue_waiting(dom, p, tctx, QUEUE_SHARED, policy_slice(dom), enq_flags);
	stat_inc(QUMUN_STAT_SHARED);
	wake_idle_cpu(p);
}

void SEC("struct_ops/qumun_enqueue")
BPF_PROG(qumun_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct task_ctx *tctx = task_ctx(p);
	struct domain *dom = domain();

	/* It serves its CPU; whatever waits there may be waiting for it. */
	if (is_percpu_kthread(p)) {
		compat_dsq_insert(p, SCX_DSQ_LOCAL, config.slice_max_ns, enq_flags);
		stat_inc(QUMUN_STAT_KTHREAD);
		return;
	}
	if (!tctx || !dom) {
		compat_dsq_insert(p, SCX_DSQ_GLOBAL, config.slice_min_ns, enq_flags);
		stat_inc(QUMUN_STAT_NO_CTX);
		return;
	}
	policy_update_weight(dom, p, tctx);
	if (is_pinned(p))
		enqueue_pinned(dom, p, tctx, scx_bpf_task_cpu(p), enq_flags);
	else
		enqueue_shared(dom, p, tctx, enq_flags);
}

/* @prev is still runnable and nothing else comes first: it gets a new slice. */
static void keep_running(const struct domain *dom, const struct cpu_run *run,
			 struct task_struct *prev)
{
	prev->scx.slice = policy_slice_on(dom, run);
	stat_inc(QUMUN_STAT_KEPT);
}

/* Does @prev, whose slice has ended, come before all who wait? */
static bool prev_is_first(struct domain *dom, const struct cpu_run *run, struct task_struct *prev,
			  struct task_ctx *tctx, const struct waiting *w, bool pinned)
{
	u64 first_v = pinned ? w->pinned_v : w->shared_v;

	policy_charge(dom, prev, tctx, false);
	policy_update_weight(dom, prev, tctx);
	if (nobody_waits(w)) {
		policy_keep(dom, run, tctx, QM_DEBT_ALONE);
		tctx->yielded = false;
		return true;
	}
	if (w->shared == HEAD_UNKNOWN || w->pinned == HEAD_UNKNOWN)
		return false;
	if (tctx->yielded) {
		tctx->yielded = false;
		policy_yield(dom, tctx, first_v);
		return false;
	}
	if (qm_before(first_v, tctx->vruntime))
		return false;
	policy_keep(dom, run, tctx, QM_DEBT_WAITING);
	return true;
}

void SEC("struct_ops/qumun_dispatch")
BPF_PROG(qumun_dispatch, s32 cpu, struct task_struct *prev)
{
	bool prev_wants = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	struct waiting w = { .shared = HEAD_NONE, .pinned = HEAD_NONE };
	struct cpu_run *run = cpu_run(cpu);
	struct domain *dom = domain();
	struct task_ctx *tctx;
	bool pinned;

	if (!run || !dom)
		return;
	if (!dom->nr_waiting && !run->nr_waiting && !prev_wants)
		return;
	if ((dom->nr_waiting || run->nr_waiting) && rescue(run, cpu))
		return;
	/* Who goes on is not known only if there is more than one to choose from. */
	if (!prev_wants && !(dom->nr_waiting && run->nr_waiting)) {
		run_first(dom, run, cpu, run->nr_waiting);
		return;
	}
	look_at_queues(dom, run, &w, cpu);
	pinned = pinned_first(&w, run);

	if (prev_wants) {
		tctx = task_ctx(prev);
		if (tctx && prev_is_first(dom, run, prev, tctx, &w, pinned)) {
			keep_running(dom, run, prev);
			return;
		}
	}

	if (!run_first(dom, run, cpu, pinned) && prev_wants)
		keep_running(dom, run, prev);
}

/* Count how long @p had waited in a queue. */
static void count_wait(struct task_ctx *tctx, u64 now_ns)
{
	u64 wait_ns;

	if (!tctx->queued_ns)
		return;
	wait_ns = qm_elapsed(tctx->queued_ns, now_ns);
	tctx->queued_ns = 0;
	stat_wait(wait_ns);
	if (wait_ns > config.wait_alarm_ns)
		stat_inc(QUMUN_STAT_LATE);
}

void SEC("struct_ops/qumun_running")
BPF_PROG(qumun_running, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx(p);
	struct domain *dom = domain();
	u64 now_ns = compat_now();

	if (!tctx || !dom)
		return;
	stat_inc(QUMUN_STAT_SWITCHES);
	queue_count(dom, tctx, QUEUE_NONE);
	count_wait(tctx, now_ns);
	/* While somebody was next, dispatch did not see it. */
	tctx->yielded = false;
	/* It came past the queues: to an idle CPU, as a kthread, on its way out. */
	if (!tctx->joined) {
		policy_update_weight(dom, p, tctx);
		policy_join(dom, tctx, policy_floor(dom->clock.now), QM_DEBT_ALONE);
	}
	tctx->exec_start_ns = p->se.sum_exec_runtime;
	preempt_note_running(scx_bpf_task_cpu(p), tctx, now_ns);
}

void SEC("struct_ops/qumun_stopping")
BPF_PROG(qumun_stopping, struct task_struct *p, bool runnable)
{
	struct task_ctx *tctx = task_ctx(p);
	struct domain *dom = domain();
	bool sleeps;

	if (!tctx || !dom)
		return;
	/*
	 * A change of the running task's affinity, nice value or cgroup also
	 * comes here with !runnable. That is no sleep: it keeps its place.
	 */
	sleeps = !runnable && p->__state != TASK_RUNNING;
	preempt_note_stopping(scx_bpf_task_cpu(p), tctx, sleeps);
	policy_charge(dom, p, tctx, sleeps);
}

/* sched_yield(): the end of the slice; dispatch does the rest. */
bool SEC("struct_ops/qumun_yield")
BPF_PROG(qumun_yield, struct task_struct *from, struct task_struct *to)
{
	struct task_ctx *tctx = task_ctx(from);

	if (tctx)
		tctx->yielded = true;
	from->scx.slice = 0;
	return false;
}

/*
 * A new task, or one that was there before us. An error would fail the fork,
 * or the whole start: where there is no memory, the task does without.
 */
s32 SEC("struct_ops.s/qumun_init_task")
BPF_PROG(qumun_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	struct task_ctx *tctx = bpf_task_storage_get(&task_ctxs, p, 0,
						     BPF_LOCAL_STORAGE_GET_F_CREATE);
	struct task_ctx *parent = args->fork ? task_ctx(bpf_get_current_task_btf()) : NULL;
	struct cpu_run *run = cpu_run(bpf_get_smp_processor_id());
	struct domain *dom = domain();

	if (!tctx || !dom)
		return 0;
	if (parent && run)
		policy_init_child(dom, tctx, parent, run, compat_now());
	else
		policy_init_task(dom, tctx);
	return 0;
}

/* @p joins sched_ext: after its fork, or from another scheduling class. */
void SEC("struct_ops/qumun_enable")
BPF_PROG(qumun_enable, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx(p);

	if (tctx)
		tctx->exec_start_ns = p->se.sum_exec_runtime;
}

/* @p leaves sched_ext: it ends, or becomes a real-time task. */
void SEC("struct_ops/qumun_disable")
BPF_PROG(qumun_disable, struct task_struct *p)
{
	struct task_ctx *tctx = task_ctx(p);
	struct domain *dom = domain();

	if (!tctx || !dom)
		return;
	policy_leave(dom, tctx);
	queue_count(dom, tctx, QUEUE_NONE);
	tctx->queued_ns = 0;
}

void SEC("struct_ops/qumun_dump")
BPF_PROG(qumun_dump, struct scx_dump_ctx *dctx)
{
	dump_domain();
	dump_cpus();
}

s32 SEC("struct_ops.s/qumun_init")
BPF_PROG(qumun_init)
{
	s32 nr_cpu_ids = scx_bpf_nr_cpu_ids();
	struct domain *dom = domain();
	s32 err, cpu;

	if (!dom)
		return -1;
	qm_clock_init(&dom->clock);
	features |= compat_features();

	err = scx_bpf_create_dsq(DSQ_SHARED, -1);
	bpf_for(cpu, 0, nr_cpu_ids) {
		if (err)
			break;
		err = scx_bpf_create_dsq(DSQ_CPU(cpu), -1);
	}
	return err;
}

void SEC("struct_ops.s/qumun_exit")
BPF_PROG(qumun_exit, struct scx_exit_info *info)
{
	exit_record(info);
}

/* Flags, timeout and hotplug_seq are set by src/loader.c before the load. */
SEC(".struct_ops.link")
struct sched_ext_ops qumun_ops = {
	.select_cpu	= (void *)qumun_select_cpu,
	.enqueue	= (void *)qumun_enqueue,
	.dispatch	= (void *)qumun_dispatch,
	.running	= (void *)qumun_running,
	.stopping	= (void *)qumun_stopping,
	.yield		= (void *)qumun_yield,
	.init_task	= (void *)qumun_init_task,
	.enable		= (void *)qumun_enable,
	.disable	= (void *)qumun_disable,
	.dump		= (void *)qumun_dump,
	.init		= (void *)qumun_init,
	.exit		= (void *)qumun_exit,
	.name		= QUMUN_OPS_NAME,
};
