/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * THE policy: who runs next, for how long, and what it costs.
 *
 * Theory of operation
 * -------------------
 * Every task has a vruntime v: the CPU time it has had, divided by its weight.
 *
 *	v += time run × 100 / w		w = nice weight × boost / 1024
 *
 * The task with the smallest v runs next. Whoever has had less than its share
 * is behind, so it is chosen until it has caught up; in the long run the time
 * that each task gets is in proportion to its weight. A task at weight 400
 * pays a quarter for each millisecond, and so runs four times as often.
 *
 *	Example: two CPU hogs on one CPU, A boosted to w = 400, B with w = 100,
 *	slices of 8 ms. v: A 0, B 0. A runs: 2. B runs: 8. A runs: 4, 6, 8.
 *	A has had 32 ms, B 8 ms, and both stand at 8 again: 80 % and 20 %.
 *
 * Sleepers. While a task sleeps, others pay on, and it falls behind. It may
 * keep that as a credit, but no more than a small lag (6 ms, a little more
 * than a tick): enough to be served before those who never sleep, too little
 * to keep them waiting for what it did not want before. The lag is measured
 * from the clock V, the weighted average of the tasks that run or wait:
 *
 *	on wakeup	v = max(v, V − lag)
 *	nobody waits	v ≤ V + 1 slice, at its own weight
 *	others wait	v ≤ V + 16 slices
 *	a new task	v = max(v of its parent, V)
 *
 * The second line forgives what a task used while nobody else wanted it; the
 * third one is a backstop, far enough away not to touch the shares of tasks
 * that compete. The last one gives a new task neither a credit, so that
 * forking is no way to get more, nor a clean slate, so that a chain of
 * short-lived children goes back in the queue like the one task that it
 * stands for.
 *
 * Queues. One DSQ ordered by v for all CPUs; one for each CPU for the tasks
 * that may run nowhere else. A CPU takes the smaller one of the two heads. A
 * task at the end of its slice is compared with both before another one
 * replaces it: without that, shares are off by half (a task that goes back to
 * the queue loses its turn whatever it is owed).
 *
 * Slices shrink as the queue grows: all who wait get their turn within about
 * one longest slice, as far as ticks allow. A boost makes turns more frequent,
 * never longer.
 *
 * Rescue. Weights are wishes, but no task may wait without end: nice 19 beside
 * nice -20 is owed one slice in 70 seconds, and tasks confined to crowded CPUs
 * fall behind for other reasons (below). Each CPU looks through its queues now
 * and then, and whoever has waited for an eighth of the watchdog's time runs
 * next, at the price of somewhat more than its share. Twice that wait is worth
 * an alarm (counter "late").
 *
 * Yielding lets the first one in the queue pass: the task's v becomes at least
 * that one's.
 *
 * Preemption. A task that wakes up and finds no idle CPU may take one from a
 * task that is ahead of it: at once, since slices end at ticks, and a tick is
 * an eternity for a key press. Three conditions keep that honest:
 *
 *	v ≤ V			whoever has had its share has lost the right
 *	v + margin < v_victim	the other one can spare it
 *	awake_victim ≥ 1 ms	CPU time of the victim since *it* slept last:
 *				tasks that only run for a moment are spared, or
 *				those who exchange messages would throw each
 *				other out; and a victim has done some work
 *
 * and a task is never preempted by one with a smaller boost.
 *
 * What this handles badly. Tasks confined to a few overcrowded CPUs (by a
 * cpuset, say), while the other CPUs are not crowded, fall behind V; among
 * them, one that sleeps wakes up behind the ones that do not, and waits, in
 * the worst case until it is rescued. For tasks confined to *one* CPU that is
 * mended: they wake up beside the first one in their own queue, if that one is
 * behind V.
 */
#ifndef QUMUN_POLICY_BPF_H
#define QUMUN_POLICY_BPF_H

/* How long the next run of a task may last, given those who wait for all CPUs. */
static u64 policy_slice(void)
{
	u32 nr_queued = scx_bpf_dsq_nr_queued(DSQ_SHARED);

	return qm_slice(config.slice_min_ns, config.slice_max_ns, config.nr_cpus, nr_queued);
}

/* The same on a CPU that some wait for who can go nowhere else. */
static u64 policy_slice_on(s32 cpu)
{
	u32 nr_queued = scx_bpf_dsq_nr_queued(DSQ_CPU(cpu));
	u64 slice_ns = qm_slice(config.slice_min_ns, config.slice_max_ns, 1, nr_queued);
	u64 shared_ns = policy_slice();

	return slice_ns < shared_ns ? slice_ns : shared_ns;
}

/*
 * Bring the weight of @p up to date: it was reniced, moved to another cgroup,
 * or its cgroup gained or lost a boost. The boost is looked up once in a tick
 * at most, so that a change of the map, whoever makes it, counts from the next
 * wakeup or end of a slice on, and tasks that wake up more often than that do
 * not pay for the walk each time.
 */
static void policy_update_weight(struct domain *dom, struct task_struct *p, struct task_ctx *tctx)
{
	u64 jiffies = bpf_jiffies64();
	u32 weight;

	if (!tctx->boost || tctx->boost_read != jiffies) {
		tctx->boost = boost_of_task(p);
		tctx->boost_read = jiffies;
	}
	weight = qm_weight(p->scx.weight, tctx->boost);
	if (weight == tctx->weight)
		return;
	if (tctx->joined) {
		bpf_spin_lock(&dom->lock);
		qm_clock_leave(&dom->clock, tctx->weight, tctx->vruntime);
		qm_clock_join(&dom->clock, weight, tctx->vruntime);
		bpf_spin_unlock(&dom->lock);
	}
	tctx->weight = weight;
}

/* How little a task that slept may have had, given the task it will wait beside. */
static u64 policy_floor(u64 vruntime)
{
	return vruntime - config.lag_ns;
}

/*
 * A task wants to run: let it join the clock, with credit and debt bounded.
 * @floor: where it is put if it slept and is further behind
 * @debt_slices: QM_DEBT_WAITING, or QM_DEBT_ALONE if it gets a CPU that is idle
 */
static void policy_join(struct domain *dom, struct task_ctx *tctx, u64 floor, u32 debt_slices)
{
	u64 debt = qm_debt(debt_slices, config.slice_max_ns, tctx->weight);
	u64 v = tctx->vruntime;

	if (!tctx->joined) {
		v = qm_later(v, floor);
		tctx->awake_ns = 0;
		tctx->yielded = false;
	}

	bpf_spin_lock(&dom->lock);
	v = qm_earlier(v, dom->clock.now + debt);
	if (!tctx->joined)
		qm_clock_join(&dom->clock, tctx->weight, v);
	else if (v != tctx->vruntime)
		qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
	bpf_spin_unlock(&dom->lock);

	tctx->vruntime = v;
	tctx->joined = true;
}

/* @p no longer wants to run, or is no longer ours. */
static void policy_leave(struct domain *dom, struct task_ctx *tctx)
{
	if (!tctx->joined)
		return;
	bpf_spin_lock(&dom->lock);
	qm_clock_leave(&dom->clock, tctx->weight, tctx->vruntime);
	bpf_spin_unlock(&dom->lock);
	tctx->joined = false;
}

/* Charge @p for the time that it ran since it was charged last. */
static void policy_charge(struct domain *dom, struct task_struct *p, struct task_ctx *tctx)
{
	u64 sum_exec_ns = p->se.sum_exec_runtime;
	u64 ran_ns = qm_elapsed(tctx->exec_start_ns, sum_exec_ns);
	u64 v = tctx->vruntime + qm_vruntime(ran_ns, tctx->weight);

	tctx->exec_start_ns = sum_exec_ns;
	tctx->awake_ns += ran_ns;
	if (tctx->joined) {
		bpf_spin_lock(&dom->lock);
		qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
		bpf_spin_unlock(&dom->lock);
	}
	tctx->vruntime = v;

	stat_add(QUMUN_STAT_RUN_NS, ran_ns);
	if (tctx->boost > QUMUN_BOOST_WEIGHT_NORMAL)
		stat_add(QUMUN_STAT_BOOST_NS, ran_ns);
}

/* @p, which runs, lets the first one in the queue pass; that one has vruntime @first. */
static void policy_yield(struct domain *dom, struct task_ctx *tctx, u64 first)
{
	u64 v = qm_later(tctx->vruntime, first);

	bpf_spin_lock(&dom->lock);
	qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
	bpf_spin_unlock(&dom->lock);
	tctx->vruntime = v;
}

/* Has a task in a queue waited so long that it must run next? */
static bool policy_is_overdue(const struct task_ctx *tctx, u64 now_ns)
{
	return tctx->queued_ns && qm_elapsed(tctx->queued_ns, now_ns) > config.rescue_ns;
}

/* See "Preemption" above. Measured: a margin of 0 to 2 ms makes no difference
 * that can be seen; sparing tasks up to 1 ms does, for those who send messages. */
#define PREEMPT_MARGIN_NS	1000000
#define PREEMPT_AWAKE_NS	1000000

/* May a waking task with vruntime @v take a CPU from anybody at all? */
static bool policy_may_preempt(struct domain *dom, u64 v)
{
	return !qm_before(dom->clock.now, v);
}

/*
 * How far the task that runs on a CPU is ahead of one that wakes up with
 * vruntime @v, if it has to give way to it; 0 if not.
 */
static s64 policy_lead(const struct cpu_run *run, u64 now_ns, u64 v, u32 boost)
{
	u64 ran_ns = qm_elapsed(run->start_ns, now_ns);
	s64 lead;

	if (!run->start_ns || run->boost > boost || run->awake_ns + ran_ns < PREEMPT_AWAKE_NS)
		return 0;
	lead = run->vruntime + qm_vruntime(ran_ns, run->weight) - v;
	return lead > PREEMPT_MARGIN_NS ? lead : 0;
}

/* A task without a parent of ours begins at the clock. */
static void policy_init_task(struct domain *dom, struct task_ctx *tctx)
{
	tctx->vruntime = dom->clock.now;
}

/*
 * A forked task begins where its parent stands. What that one has used since
 * it was charged last is in @run only, the record of its CPU, and must not be
 * left out: a chain of tasks that compute, fork and end would never pay.
 */
static void policy_init_child(struct domain *dom, struct task_ctx *tctx,
			      const struct task_ctx *parent, const struct cpu_run *run, u64 now_ns)
{
	u64 v = parent->vruntime;

	if (run->start_ns)
		v = run->vruntime + qm_vruntime(qm_elapsed(run->start_ns, now_ns), run->weight);
	tctx->vruntime = qm_later(v, dom->clock.now);
}

#endif /* QUMUN_POLICY_BPF_H */
