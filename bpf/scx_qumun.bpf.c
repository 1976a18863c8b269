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
	.slice_max_ns = 4000000,
	.slice_min_ns = 1000000,
	.lag_ns = 6000000,
	.far_margin_ns = 4000000,
	.rescue_ns = 1250000000,
	.wait_alarm_ns = 2500000000,
	/* More than one, so that nothing is left out of what they look at. */
	.nr_llcs = 2,
	.nr_possible = 4,
	.nr_online = 4,
	.moves = 1,
};

/* Optional kfuncs that were found: 1 << enum qumun_feature. */
__u32 features;

#include "compat.bpf.h"
#include "stats.bpf.h"
#include "tree.bpf.h"
#include "boost.bpf.h"
#include "ctx.bpf.h"
#include "level.bpf.h"
#include "policy.bpf.h"
#include "preempt.bpf.h"
#include "queue.bpf.h"
#include "far.bpf.h"
#include "idle.bpf.h"
#include "move.bpf.h"
#include "dump.bpf.h"
#include "exit.bpf.h"
#include "cgroup_events.bpf.h"

/* Insert @p where it runs at once, or next; select_cpu returns that CPU. */
static __always_inline s32 run_on(struct domain *dom, struct task_struct *p, struct task_ctx *tctx,
				  s32 cpu, u64 now_ns, u64 enq_flags, enum qumun_stat why)
{
	tctx->queued_ns = now_ns;
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
	struct cpu_run *waker = cpu_run(waker_cpu), *home = cpu_run(prev_cpu);
	struct domain *dom = waker ? domain_at(waker) : NULL;
	struct domain *home_dom = home ? domain_at(home) : NULL;
	struct task_ctx *tctx = task_ctx(p);
	u64 now_ns = compat_now();
	struct waking w = {};

	if (!dom || !home_dom || !tctx)
		return prev_cpu;
	if (is_woken) {
		u64 beside;

		clock_update(now_ns);
		policy_update_weight(p, tctx, home);
		beside = level_beside(home_dom, home, p);
		tctx->called = wake_flags & SCX_WAKE_SYNC;
		if (tctx->called)
			policy_limit_credit(home_dom, tctx, beside, now_ns);
		policy_wake(&w, tctx, beside, now_ns);
		if (tctx->called) {
			policy_wake_message(&w);
			note_promise(waker, now_ns);
			follows = may_follow(dom, waker, p, &w);
		}
	}
	if (follows && waker->sync_trust >= SYNC_TRUST_ENOUGH) {
		waker->bypasses++;
		return run_on(dom, p, tctx, waker_cpu, now_ns, 0, QUMUN_STAT_NEXT);
	}
	cpu = idle_select_cpu(p, tctx, prev_cpu, wake_flags, &is_idle);
	if (is_idle)
		return run_on(dom, p, tctx, cpu, now_ns, 0, QUMUN_STAT_IDLE);
	if (is_woken && policy_may_preempt(&w)) {
		s32 taken_cpu = preempt_pick_cpu(p, prev_cpu, wake_flags, &w);

		if (taken_cpu >= 0)
			return run_on(dom, p, tctx, taken_cpu, now_ns, SCX_ENQ_PREEMPT,
				      QUMUN_STAT_PREEMPT);
	}
	if (follows) {
		waker->bypasses++;
		return run_on(dom, p, tctx, waker_cpu, now_ns, 0, QUMUN_STAT_NEXT);
	}
	return cpu;
}

/*
 * A CPU may have gone idle after select_cpu looked for one and before the task
 * was in the queue: it has seen an empty queue, and nobody else would wake it.
 */
static bool wake_idle_cpu(struct task_struct *p, const struct task_ctx *tctx)
{
	s32 cpu = idle_pick_near(p, tctx);

	if (cpu < 0)
		return false;
	scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	return true;
}

/*
 * For a task that may run on @cpu only. The kernel did not ask select_cpu for
 * it, so that whether the CPU is idle is looked at here.
 */
static void enqueue_pinned(struct domain *dom, struct cpu_run *run, struct task_struct *p,
			   struct task_ctx *tctx, s32 cpu, u64 enq_flags)
{
	u64 beside = level_beside(dom, run, p);
	bool woken = !tctx->joined;
	struct waking w;

	if (!run->start_ns && scx_bpf_test_and_clear_cpu_idle(cpu)) {
		/* Runs now: the insert wakes the CPU, nothing below ext is on it. */
		compat_dsq_insert(p, SCX_DSQ_LOCAL, policy_slice(dom), enq_flags);
		stat_inc(QUMUN_STAT_IDLE);
		return;
	}
	policy_join(dom, run, tctx, policy_floor(beside), QM_DEBT_WAITING);
	if (woken) {
		policy_wake(&w, tctx, beside, compat_now());
		/* Woken by the one that runs here, perhaps, which then looks busy for ever. */
		if (cpu == (s32)bpf_get_smp_processor_id())
			policy_wake_patient(&w);
		if (policy_may_preempt(&w) && preempt_cpu(cpu, &w)) {
			tctx->queued_ns = w.now_ns;
			compat_dsq_insert(p, SCX_DSQ_LOCAL, policy_slice_on(dom, run),
					  enq_flags | SCX_ENQ_PREEMPT);
			stat_inc(QUMUN_STAT_PREEMPT);
			return;
		}
		if (policy_may_go_next(dom, run, &w) && !compat_nr_local(cpu)) {
			tctx->queued_ns = w.now_ns;
			run->bypasses++;
			compat_dsq_insert(p, SCX_DSQ_LOCAL, policy_slice_on(dom, run), enq_flags);
			stat_inc(QUMUN_STAT_NEXT);
			return;
		}
	}
	enqueue_waiting(p, tctx, QUEUE_CPU(cpu), DSQ_CPU(cpu), policy_slice_on(dom, run),
			enq_flags);
	stat_inc(QUMUN_STAT_PINNED);
	/* The CPU may be about to be idle, and have looked here before. */
	if (!run->start_ns)
		scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
}

static void enqueue_shared(struct domain *dom, const struct cpu_run *run, struct task_struct *p,
			   struct task_ctx *tctx, u64 enq_flags)
{
	policy_join(dom, run, tctx, policy_floor(level_beside(dom, run, p)), QM_DEBT_WAITING);
	enqueue_waiting(p, tctx, QUEUE_LLC(run->llc), DSQ_LLC(run->llc), policy_slice(dom),
			enq_flags);
	stat_inc(QUMUN_STAT_SHARED);
	wake_idle_cpu(p, tctx);
}

static void enqueue_ordinary(struct domain *dom, struct cpu_run *run, struct task_struct *p,
			     struct task_ctx *tctx, s32 cpu, u64 enq_flags)
{
	policy_be_home(dom, tctx, run);
	policy_settle(dom, run, p, tctx, cpu);
	policy_update_weight(p, tctx, run);
	if (is_pinned(run, p))
		enqueue_pinned(dom, run, p, tctx, cpu, enq_flags);
	else
		enqueue_shared(dom, run, p, tctx, enq_flags);
	/* After the insert: the CPU that is given back will look for work. */
	if (config.moves)
		give_back_better(run);
}

void SEC("struct_ops/qumun_enqueue")
BPF_PROG(qumun_enqueue, struct task_struct *p, u64 enq_flags)
{
	s32 cpu = compat_task_cpu(p);
	struct cpu_run *run = cpu_run(cpu);
	struct domain *dom = run ? domain_at(run) : NULL;
	struct task_ctx *tctx = task_ctx(p);
	bool is_last = config.moves && (enq_flags & SCX_ENQ_LAST);

	if (is_percpu_kthread(p) && (!tctx || !run || !dom || policy_serves_cpu(dom, run, tctx))) {
		if (run)
			run->bypasses++;
		compat_dsq_insert(p, SCX_DSQ_LOCAL, config.slice_max_ns, enq_flags);
		stat_inc(QUMUN_STAT_KTHREAD);
	} else if (!tctx || !run || !dom) {
		compat_dsq_insert(p, SCX_DSQ_GLOBAL, config.slice_min_ns, enq_flags);
		stat_inc(QUMUN_STAT_NO_CTX);
	} else {
		if (is_last && move_to_better(run, p, tctx, cpu, enq_flags))
			return;
		enqueue_ordinary(dom, run, p, tctx, cpu, enq_flags);
	}
	/* The kernel has already decided that this CPU will be idle. */
	if (is_last)
		scx_bpf_kick_cpu(cpu, 0);
}

/* @prev is still runnable and nothing else comes first: it gets a new slice. */
static void keep_running(const struct domain *dom, const struct cpu_run *run,
			 struct task_struct *prev)
{
	prev->scx.slice = policy_slice_on(dom, run);
	stat_inc(QUMUN_STAT_KEPT);
}

/*
 * Does @prev, whose slice has ended, come before all who wait? @first_v: the vruntime of the
 * first one of them, if there is one.
 */
static bool prev_is_first(struct domain *dom, struct cpu_run *run, struct task_struct *prev,
			  struct task_ctx *tctx, const struct waiting *w, u64 first_v)
{
	policy_charge(dom, run, prev, tctx, false);
	policy_update_weight(prev, tctx, run);
	if (nobody_waits_here(w) && w->far != HEAD_FOUND) {
		level_forget(run);
		policy_keep(dom, run, tctx,
			    somebody_waits_far(run) ? QM_DEBT_WAITING : QM_DEBT_ALONE);
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
	level_note_kept(dom, run, tctx, first_v);
	policy_keep(dom, run, tctx, QM_DEBT_WAITING);
	return true;
}

/*
 * Who goes on here? The first task of one of the queues, or @prev, if it is still runnable
 * and comes before them. Returns false if there is nobody.
 */
static bool run_first_or_keep(struct domain *dom, struct cpu_run *run, s32 cpu,
			      struct task_struct *prev)
{
	struct waiting w = { .shared = HEAD_NONE, .pinned = HEAD_NONE, .far = HEAD_NONE };
	struct task_ctx *tctx = NULL;
	bool pinned, far;
	u64 first_v;

	look_at_queues(dom, run, &w, cpu);
	if (config.nr_llcs > 1) {
		clock_update(compat_now());
		look_far(run, &w, cpu);
	}
	pinned = pinned_first(&w, run);
	far = far_first(&w, pinned);
	first_v = far ? w.far_v : pinned ? w.pinned_v : w.shared_v;

	if (prev) {
		tctx = task_ctx(prev);
		if (tctx && prev_is_first(dom, run, prev, tctx, &w, first_v)) {
			if (leave_for_better(run, cpu, prev, tctx, &w))
				return false;
			keep_running(dom, run, prev);
			return true;
		}
	}
	if ((far && fetch_from(w.far_llc)) || run_first(dom, run, cpu, pinned))
		return true;
	/* Nobody that may run here, then; in front of the queue were too many to see that at once. */
	level_forget(run);
	if (tctx)
		policy_keep(dom, run, tctx, QM_DEBT_ALONE);
	if (prev)
		keep_running(dom, run, prev);
	return prev;
}

/* The task that was here no longer wants to run: the first one that does. */
static bool run_any(struct domain *dom, struct cpu_run *run, s32 cpu)
{
	/* Who comes first is not known only if there is more than one to choose from. */
	if ((dom->nr_waiting && run->nr_waiting) ||
	    ((dom->nr_waiting || run->nr_waiting) && far_is_due(run))) {
		if (run_first_or_keep(dom, run, cpu, NULL))
			return true;
	} else if ((dom->nr_waiting || run->nr_waiting) &&
		   run_first(dom, run, cpu, run->nr_waiting)) {
		return true;
	}
	return config.nr_llcs > 1 && fetch_nearest(run);
}

/* Wake up an idle CPU for the first task of a queue; false if there is none, of either. */
static bool wake_for_first(u32 llc)
{
	bool woken = false;
	struct bpf_iter_scx_dsq it;
	struct task_struct *p;
	struct task_ctx *tctx;

	bpf_iter_scx_dsq_new(&it, DSQ_LLC(llc), 0);
	p = bpf_iter_scx_dsq_next(&it);
	tctx = p ? task_ctx(p) : NULL;
	if (tctx)
		woken = wake_idle_cpu(p, tctx);
	bpf_iter_scx_dsq_destroy(&it);
	return woken;
}

/*
 * This CPU was idle until now, and has taken a task; it may have been woken for another one,
 * which waits still, in whatever queue, while the CPU that was woken for the first one may not
 * run that. One is enough, which does the same.
 */
static void wake_another(const struct cpu_run *run)
{
	u32 nth;

	bpf_for(nth, 0, config.nr_llcs) {
		u32 llc = nth_llc(run->llc, nth);
		struct domain *dom = domain_of(llc);

		if (dom && dom->nr_waiting && wake_for_first(llc))
			return;
	}
}

void SEC("struct_ops/qumun_dispatch")
BPF_PROG(qumun_dispatch, s32 cpu, struct task_struct *prev)
{
	bool prev_wants = prev && (prev->scx.flags & SCX_TASK_QUEUED);
	struct cpu_run *run = cpu_run(cpu);
	struct domain *dom = run ? domain_at(run) : NULL;

	if (!run || !dom)
		return;
	run->bypasses = 0;
	if (config.moves)
		give_back_better(run);
	if ((dom->nr_waiting || run->nr_waiting) && rescue(run, cpu))
		return;
	if (prev_wants) {
		run_first_or_keep(dom, run, cpu, prev);
		return;
	}
	if (!run_any(dom, run, cpu))
		level_forget(run);
	else if (!prev)
		wake_another(run);
}

/* Count how long @p had waited in a queue. */
static void count_wait(struct task_ctx *tctx, u64 now_ns)
{
	u64 wait_ns;

	if (!tctx->queued_ns)
		return;
	wait_ns = qm_elapsed(tctx->queued_ns, now_ns);
	tctx->queued_ns = 0;
	tctx->was_rescued = wait_ns > config.rescue_ns;
	stat_wait(wait_ns);
	if (wait_ns > config.wait_alarm_ns)
		stat_inc(QUMUN_STAT_LATE);
}

void SEC("struct_ops/qumun_running")
BPF_PROG(qumun_running, struct task_struct *p)
{
	s32 cpu = compat_task_cpu(p);
	struct cpu_run *run = cpu_run(cpu);
	struct domain *dom = run ? domain_at(run) : NULL;
	struct task_ctx *tctx = task_ctx(p);
	u64 now_ns = compat_now();
	bool waited;

	if (!tctx || !run || !dom)
		return;
	stat_inc(QUMUN_STAT_SWITCHES);
	if (config.moves)
		learn_trampoline();
	waited = tctx->queue != QUEUE_NONE;
	queue_count(tctx, QUEUE_NONE);
	count_wait(tctx, now_ns);
	clock_update(now_ns);
	policy_be_home(dom, tctx, run);
	policy_settle(dom, run, p, tctx, cpu);
	/* While somebody was next, dispatch did not see it. */
	tctx->yielded = false;
	/* It came past the queues: to an idle CPU, as a kthread, on its way out. */
	if (!tctx->joined) {
		policy_update_weight(p, tctx, run);
		policy_join(dom, run, tctx, policy_floor(level_beside(dom, run, p)), QM_DEBT_ALONE);
	}
	level_note_weight(run, tctx->weight, now_ns);
	if (waited)
		level_note_first(dom, run, p, tctx, now_ns);
	tctx->exec_start_ns = p->se.sum_exec_runtime;
	preempt_note_running(run, tctx, now_ns);
}

void SEC("struct_ops/qumun_stopping")
BPF_PROG(qumun_stopping, struct task_struct *p, bool runnable)
{
	struct cpu_run *run = cpu_run(compat_task_cpu(p));
	struct domain *dom = run ? domain_at(run) : NULL;
	struct task_ctx *tctx = task_ctx(p);
	bool sleeps;

	if (!tctx || !run || !dom)
		return;
	/*
	 * A change of the running task's affinity, nice value or cgroup also
	 * comes here with !runnable. That is no sleep: it keeps its place.
	 */
	sleeps = !runnable && p->__state != TASK_RUNNING;
	preempt_note_stopping(run, tctx, sleeps);
	policy_be_home(dom, tctx, run);
	policy_charge(dom, run, p, tctx, sleeps);
	/*
	 * Who makes way for another scheduling class still has a slice. The kernel puts it in
	 * front of the local DSQ, where nobody can take it: it would wait for as long as a
	 * real-time task wants to run. Up to 6.18: cpu_release.
	 */
	if (runnable && p->scx.slice)
		compat_reenqueue_if_taken();
}

/*
 * A real-time or deadline task, or the kernel's stopper, takes this CPU. Up to 6.18; later
 * ones are noticed in stopping.
 */
void SEC("struct_ops/qumun_cpu_release")
BPF_PROG(qumun_cpu_release, s32 cpu, struct scx_cpu_release_args *args)
{
	struct cpu_run *run = cpu_run(cpu);

	if (!run)
		return;
	run->is_released = true;
	compat_reenqueue_released();
	run->is_released = false;
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
 * The CPUs that @p may use have changed; or it comes from another class, or is switched out, or
 * goes on, in a section that may not migrate. Who ran or waited is queued again, or goes on
 * where it is, and that is where its vruntime is seen to.
 */
void SEC("struct_ops/qumun_set_cpumask")
BPF_PROG(qumun_set_cpumask, struct task_struct *p, const struct cpumask *cpumask)
{
	struct cpu_run *run = cpu_run(compat_task_cpu(p));
	struct domain *dom = run ? domain_at(run) : NULL;
	struct task_ctx *tctx = task_ctx(p);

	if (tctx && dom)
		level_note_move(dom, run, p, tctx);
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
	struct domain *dom = run ? domain_at(run) : NULL;

	if (args->fork)
		tree_inherit(p);
	if (!tctx || !run || !dom)
		return 0;
	tctx->confined = level_confines(p);
	if (parent)
		policy_init_child(dom, tctx, parent, run, level_beside(dom, run, p),
				  compat_now());
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

	if (!tctx)
		return;
	policy_leave(tctx);
	queue_count(tctx, QUEUE_NONE);
	tctx->queued_ns = 0;
}

void SEC("struct_ops/qumun_dump")
BPF_PROG(qumun_dump, struct scx_dump_ctx *dctx)
{
	dump_domains();
	dump_cpus();
}

/* The queue and the clock of an LLC. */
static s32 init_llc(u32 llc)
{
	struct qumun_llc_place *place = bpf_map_lookup_elem(&llc_places, &llc);
	struct domain *dom = domain_of(llc);

	if (!place || !dom)
		return -1;
	dom->nr_cpus = place->nr_cpus;
	qm_clock_init(&dom->clock);
	dom->clock.is_part = config.nr_llcs > 1;
	return scx_bpf_create_dsq(DSQ_LLC(llc), -1);
}

static s32 init_cpu(u32 cpu)
{
	struct qumun_cpu_place *place = bpf_map_lookup_elem(&cpu_places, &cpu);
	struct cpu_run *run = cpu_run(cpu);

	if (!place || !run)
		return -1;
	run->llc = place->llc;
	run->next_cpu = place->next_cpu;
	run->next_sibling = place->next_sibling;
	return scx_bpf_create_dsq(DSQ_CPU(cpu), -1);
}

s32 SEC("struct_ops.s/qumun_init")
BPF_PROG(qumun_init)
{
	u32 i, nr_cpu_ids = scx_bpf_nr_cpu_ids();
	s32 err = 0;

	features |= compat_features();
	bpf_for(i, 0, config.nr_llcs) {
		if (err)
			break;
		err = init_llc(i);
	}
	bpf_for(i, 0, nr_cpu_ids) {
		if (err)
			break;
		err = init_cpu(i);
	}
	return err ? err : idle_init_masks();
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
	.cpu_release	= (void *)qumun_cpu_release,
	.yield		= (void *)qumun_yield,
	.set_cpumask	= (void *)qumun_set_cpumask,
	.init_task	= (void *)qumun_init_task,
	.enable		= (void *)qumun_enable,
	.disable	= (void *)qumun_disable,
	.dump		= (void *)qumun_dump,
	.init		= (void *)qumun_init,
	.exit		= (void *)qumun_exit,
	.name		= QUMUN_OPS_NAME,
};
