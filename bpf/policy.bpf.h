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
 *	slices of 4 ms. v: A 0, B 0. A runs: 1. B runs: 4. A runs: 2, 3, 4.
 *	A has had 16 ms, B 4 ms, and both stand at 4 again: 80 % and 20 %.
 *
 * Sleepers. While a task sleeps, others pay on, and it falls behind. It may
 * keep that as a credit, but no more than a small lag (6 ms of vruntime, a little
 * more than a tick; who is boosted can use it for longer): enough to be served
 * before those who never sleep, too little to keep them waiting for what it did
 * not want before. (Who is woken by a message, while all run for moments only, keeps
 * 1 ms: it would otherwise take the CPU from the senders all the time.) The lag is measured
 * from the clock V, the weighted average of the tasks that run or wait:
 *
 *	on wakeup	v = max(v, V − lag)
 *	nobody waits	v ≤ V + 1 slice, at its own weight, + margin (below)
 *	kept its CPU	v = max(v, V − lag), after 200 ms
 *	others wait	v ≤ V + 100 slices, at its own weight
 *	a new task	v = max(v of its parent, V)
 *
 * The second line forgives what a task used while nobody else wanted it. The
 * third one is for a task that keeps its CPU although it is behind: it deserves
 * more than the one CPU that it can use, and what it cannot use is no credit.
 * The fourth is a backstop, far enough away not to touch the shares of tasks
 * that compete. The last one gives a new task neither a credit, so that forking is
 * no way to get more, nor a clean slate, so that a chain of short-lived children goes
 * back in the queue like the one task that it stands for.
 *
 * Queues. One DSQ ordered by v for all CPUs that share a last-level cache; one
 * for each CPU for the tasks that may run nowhere else. A CPU takes the smaller
 * one of the two heads. A task at the end of its slice is compared with both
 * before another one replaces it: without that, shares are off by half (a task
 * that goes back to the queue loses its turn whatever it is owed).
 *
 * Several last-level caches. Vruntimes mean the same everywhere, and there is
 * one clock V for all; only queues are many. Tasks stay where their cache is
 * warm, but for two cases. A CPU whose queues are empty takes the first task
 * from another one, the nearest first. And once in a short slice a CPU looks at
 * the head of another queue, of each one in turn: if that task is behind its
 * own first one by more than a margin, a longest slice, it runs here next. So a
 * crowded cache is never behind by more than that, and shares hold for the whole
 * machine, while nearly equal queues are left alone, and caches warm.
 *
 * Slices shrink as the queue grows: all who wait get their turn within about
 * one longest slice, as far as ticks allow. A boost makes turns more frequent,
 * never longer.
 *
 * Rescue. Weights are wishes, but no task may wait without end: nice 19 beside
 * nice -20 is owed one slice in half a minute. Each CPU looks through its queues now
 * and then, and whoever has waited for an eighth of the watchdog's time runs
 * next, at the price of somewhat more than its share; those who have waited three
 * times as long come first, and two of three turns go on by vruntime, so that a
 * crowd that all waits too long hides nobody. Twice that wait is worth an alarm
 * (counter "late"). Kernel threads count for nice 0 at least, since others wait
 * for them.
 *
 * Yielding lets the first one in the queue pass: the task's v becomes that one's,
 * but grows by no more than a slice.
 *
 * Preemption. A task that wakes up and finds no idle CPU may take one at once,
 * since slices end at ticks, and a tick is an eternity for a key press. It must
 * have the right to: v ≤ V, whoever has had its share has lost it. And the one
 * that runs there must be able to spare the CPU, for one of two reasons:
 *
 *	it is ahead		v + spare < v_victim, and it has used more than
 *				`spare` since *it* slept last
 *	it takes longer		the rest of its usual burst is longer than the
 *				whole burst of the other one, by 50 µs at least
 *
 * A burst is what a task uses from one sleep to the next, a decayed average;
 * spare is two bursts of the waking task, 0.2 to 1 ms. So a key press does not
 * wait for a millisecond of a frame's worker, whoever takes less time goes first,
 * and a CPU hog gives way to all; but those who run for some ten µs at a time, as
 * ones that exchange messages do, are not disturbed by their like, since the
 * switches would cost more than the wait. New tasks count as ones with long
 * bursts. Who itself wakes others up with messages (sync wakeups) has 2 ms
 * before it can be preempted by its like: else each message would cost two
 * switches. From one that was woken by a message it has a longest slice: who is
 * not thrown out sends more of them at once, and they are taken at once. A task
 * is never preempted by one with a smaller boost.
 *
 * Going next. Where it may not take the CPU, a waking task may at least be the
 * next one there, without a way through a queue, which costs as much as all the
 * rest of a switch: if it may run nowhere else, or if its waker says that it is
 * about to sleep (a sync wakeup) and runs only for a moment. It must not be
 * ahead of the clock by more than 1 ms, or there must be nobody who waits; and
 * only one can be next. Wakers that have kept that promise of late are followed
 * even if some CPU is idle: two that take turns need one CPU. Those that are less
 * boosted are not followed. While somebody is next the kernel does not ask for
 * the first one in the queues; so that is done a number of times in a row at most.
 *
 * Confined crowds. A container with CPUs of its own may be more crowded than the rest
 * of the machine: its tasks all fall behind V, and those elsewhere are ahead. So who
 * joins or is in debt there is not measured from V, but from the level of the CPU: the
 * vruntime at which tasks there begin to run. And far from V a run costs less, or more,
 * than the first line has it, for all who run there alike, until the level goes on as
 * fast as V; see level.bpf.h. While nobody is confined, time has one price.
 *
 * What this handles badly. Where sets of CPUs overlap, a task that uses CPUs of several
 * levels pays different prices, and its share may be wrong by some percent; that of a
 * chain of short-lived ones, which all begin at a lower level, by much more. When such a
 * set is lifted, all but those who were behind wait until these have caught up, for half
 * a second, say; as anybody, no longer than until they are rescued.
 *
 * A real-time task takes a CPU, and who ran there is queued again, for all CPUs. Two
 * wait, up to Linux 6.18 for as long as the real-time task likes (if that is as long as
 * the watchdog, the kernel ends us; 7.x serves such CPUs itself): who may not run
 * elsewhere, and, some µs being enough for that, who was about to run there: on an idle
 * CPU; on 7.x also in somebody's place.
 */
#ifndef QUMUN_POLICY_BPF_H
#define QUMUN_POLICY_BPF_H

/* How long the next run of a task may last, given those who wait for the same CPUs. */
static u64 policy_slice(const struct domain *dom)
{
	return qm_slice(config.slice_min_ns, config.slice_max_ns, dom->nr_cpus, dom->nr_waiting);
}

/* The same on a CPU that some wait for who can go nowhere else. */
static u64 policy_slice_on(const struct domain *dom, const struct cpu_run *run)
{
	u64 slice_ns = qm_slice(config.slice_min_ns, config.slice_max_ns, 1, run->nr_waiting);
	u64 shared_ns = policy_slice(dom);

	return slice_ns < shared_ns ? slice_ns : shared_ns;
}

/*
 * The weight of @p by its nice value alone. A kernel thread counts for nice 0 at least: it
 * works for others, and what they wait for meanwhile, a lock that it holds, say, is worth more
 * than its own nice value. (khugepaged, at nice 19, holds up whoever maps memory in the process
 * that it works on; beside hogs boosted 4 times that took half a minute.)
 */
static u32 policy_nice_weight(const struct task_struct *p)
{
	u32 weight = p->scx.weight;

	if (p->flags & PF_KTHREAD && weight < QM_WEIGHT_NICE0)
		return QM_WEIGHT_NICE0;
	return weight;
}

/*
 * How far ahead of the clock a task may be, given that another LLC is let fall behind. For a
 * light one that had to be rescued it is no further than for a nice-0 task: such ones run more
 * often than they pay for, and would get so far ahead (40 s, for one of weight 1) that they take
 * the clock along, away from all who sleep.
 */
static u64 policy_debt(u32 slices, const struct task_ctx *tctx)
{
	u32 weight = tctx->weight;

	if (tctx->was_rescued && weight < QM_WEIGHT_NICE0)
		weight = QM_WEIGHT_NICE0;
	return qm_debt(slices, config.slice_max_ns, weight) + config.far_margin_ns;
}

/*
 * Debt has an end: where a task with vruntime @v is put that wants the CPU of @run. It is measured
 * from the clock, or, ahead of it, from those who want the same CPU.
 */
static __always_inline u64 policy_limit_debt(const struct domain *dom, const struct cpu_run *run,
					     const struct task_ctx *tctx, u64 v, u32 slices)
{
	u64 top = qm_later(clock_now(dom), level_of(dom, run));

	return qm_before(top, v) ? qm_earlier(v, top + policy_debt(slices, tctx)) : v;
}

/*
 * Bring the weight of @p up to date: it was reniced, moved to another cgroup,
 * or its cgroup gained or lost a boost. The boost is looked up once in a tick
 * at most, so that a change of the map, whoever makes it, counts from the next
 * wakeup or end of a slice on, and tasks that wake up more often than that do
 * not pay for the walk each time.
 */
static void policy_update_weight(struct task_struct *p, struct task_ctx *tctx,
				 const struct cpu_run *run)
{
	u32 weight, weight_before = tctx->weight;
	u64 jiffies = bpf_jiffies64(), v;
	struct domain *dom;

	if (!tctx->boost || tctx->boost_read != jiffies) {
		tctx->boost = boost_of_task(p);
		tctx->boost_read = jiffies;
	}
	weight = qm_weight(policy_nice_weight(p), tctx->boost);
	if (weight == weight_before)
		return;
	tctx->weight = weight;
	dom = domain_of(tctx->llc);
	if (!tctx->joined || !dom)
		return;
	/* A light one that is far ahead and becomes heavy would throw the clock forward. */
	v = policy_limit_debt(dom, run, tctx, tctx->vruntime, QM_DEBT_WAITING);
	bpf_spin_lock(&dom->lock);
	qm_clock_leave(&dom->clock, weight_before, tctx->vruntime);
	qm_clock_join(&dom->clock, weight, v);
	bpf_spin_unlock(&dom->lock);
	tctx->vruntime = v;
}

/* How little a task that slept may have had, given the task it will wait beside. */
static u64 policy_floor(u64 vruntime)
{
	return vruntime - config.lag_ns;
}

/*
 * Credit among those who exchange messages. Who is woken by one is behind most who run, and
 * with a whole credit may take their CPUs; each such preemption costs more than the message.
 * So it keeps MESSAGE_CREDIT_NS only, unless somebody else has computed within the last
 * COMPUTED_LATELY_NS, for COMPUTES_NS without a sleep: beside such a one it takes the whole
 * credit to answer at once.
 */
#define MESSAGE_CREDIT_NS	1000000
#define COMPUTES_NS		2000000
#define COMPUTED_LATELY_NS	100000000

/* @tctx was charged for what it has run: does it compute, and not just answer and send? */
static void policy_note_computes(struct domain *dom, const struct cpu_run *run,
				 const struct task_ctx *tctx)
{
	if (tctx->awake_ns >= COMPUTES_NS && !tctx->called && !tctx->sends && !run->sync_ns)
		dom->computed_ns = compat_now();
}

/* @tctx is woken by a message. */
static void policy_limit_credit(const struct domain *dom, struct task_ctx *tctx, u64 beside,
				u64 now_ns)
{
	if (tctx->joined || tctx->moved ||
	    qm_elapsed(dom->computed_ns, now_ns) < COMPUTED_LATELY_NS)
		return;
	tctx->vruntime = qm_later(tctx->vruntime, beside - MESSAGE_CREDIT_NS);
}

/* @p is now among the tasks of another LLC, and counts in the clock of that one. */
static void policy_move_home(struct domain *dom, struct task_ctx *tctx, u32 llc)
{
	struct domain *from = domain_of(tctx->llc);

	if (tctx->joined && from) {
		bpf_spin_lock(&from->lock);
		qm_clock_leave(&from->clock, tctx->weight, tctx->vruntime);
		bpf_spin_unlock(&from->lock);
		bpf_spin_lock(&dom->lock);
		qm_clock_join(&dom->clock, tctx->weight, tctx->vruntime);
		bpf_spin_unlock(&dom->lock);
	}
	tctx->llc = llc;
}

/* Whatever is done with a task on a CPU begins with this, so that its clock is the one there. */
static __always_inline void policy_be_home(struct domain *dom, struct task_ctx *tctx,
					   const struct cpu_run *run)
{
	if (config.nr_llcs > 1 && tctx->llc != run->llc)
		policy_move_home(dom, tctx, run->llc);
}

/*
 * @p is on a CPU, of others perhaps than those among which it stood before; see level.bpf.h. A heavy
 * task that is raised throws the clock forward, while those who wait stay where they are: the
 * levels, which are distances from it, have to know.
 */
static __always_inline void policy_settle(struct domain *dom, const struct cpu_run *run,
					  const struct task_struct *p, struct task_ctx *tctx,
					  s32 cpu)
{
	u64 v, now;

	if (!tctx->moved && !tctx->lowered_ns)
		return;
	v = level_settle(dom, run, p, tctx, cpu);
	if (tctx->joined) {
		bpf_spin_lock(&dom->lock);
		now = dom->clock.now;
		qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
		dom->jumped += dom->clock.now - now;
		dom->raised += tctx->weight * (s64)(v - tctx->vruntime);
		bpf_spin_unlock(&dom->lock);
	}
	tctx->vruntime = v;
}

/*
 * A task wants to run: let it join the clock, with credit and debt bounded.
 * @floor: where it is put if it slept and is further behind
 * @debt_slices: QM_DEBT_WAITING, or QM_DEBT_ALONE if it gets a CPU that is idle
 */
static void policy_join(struct domain *dom, const struct cpu_run *run, struct task_ctx *tctx,
			u64 floor, u32 debt_slices)
{
	u64 v = tctx->vruntime;

	if (!tctx->joined) {
		v = qm_later(v, floor);
		tctx->awake_ns = 0;
		tctx->yielded = false;
	}
	v = policy_limit_debt(dom, run, tctx, v, debt_slices);

	bpf_spin_lock(&dom->lock);
	if (!tctx->joined)
		qm_clock_join(&dom->clock, tctx->weight, v);
	else if (v != tctx->vruntime)
		qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
	bpf_spin_unlock(&dom->lock);

	tctx->vruntime = v;
	tctx->joined = true;
}

/*
 * A task keeps its CPU. If it is behind all the same after a long time on it, it
 * deserves more than the one CPU that it can use, and never will catch up: what it
 * cannot use is no credit. Without this it would hold the clock back, and all others
 * be ahead of it for ever. Not at once: light tasks go far ahead with each of their
 * turns, and who is behind then is owed what comes between those. Nor in a crowd that is
 * behind as a whole.
 */
#define KEPT_LONG_NS		200000000

static void policy_keep(struct domain *dom, struct cpu_run *run, struct task_ctx *tctx,
			u32 debt_slices)
{
	bool is_long = run->start_ns && qm_elapsed(run->start_ns, compat_now()) > KEPT_LONG_NS;
	u64 v = tctx->vruntime;

	if (!tctx->joined)
		return;
	if (is_long)
		v = qm_later(v, policy_floor(qm_earlier(clock_now(dom), level_of(dom, run))));
	v = policy_limit_debt(dom, run, tctx, v, debt_slices);
	bpf_spin_lock(&dom->lock);
	if (v != tctx->vruntime)
		qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
	bpf_spin_unlock(&dom->lock);
	/* What others see of it. */
	run->vruntime += v - tctx->vruntime;
	run->weight = tctx->weight;
	run->boost = tctx->boost;
	tctx->vruntime = v;
}

/* @p no longer wants to run, or is no longer ours. */
static void policy_leave(struct task_ctx *tctx)
{
	struct domain *dom = domain_of(tctx->llc);

	if (!tctx->joined || !dom)
		return;
	bpf_spin_lock(&dom->lock);
	qm_clock_leave(&dom->clock, tctx->weight, tctx->vruntime);
	bpf_spin_unlock(&dom->lock);
	tctx->joined = false;
}

/*
 * Charge @p for the time that it ran since it was charged last.
 * @leaves: it no longer wants to run
 */
static void policy_charge(struct domain *dom, const struct cpu_run *run, struct task_struct *p,
			  struct task_ctx *tctx, bool leaves)
{
	u64 sum_exec_ns = p->se.sum_exec_runtime;
	u64 ran_ns = qm_elapsed(tctx->exec_start_ns, sum_exec_ns);
	u64 delta = qm_vruntime(ran_ns, tctx->weight);
	u64 v = level_charge(dom, run, tctx->vruntime, delta);

	if (tctx->lowered_ns)
		level_repay(tctx, delta, v - tctx->vruntime);
	tctx->exec_start_ns = sum_exec_ns;
	tctx->awake_ns += ran_ns;
	policy_note_computes(dom, run, tctx);
	if (leaves)
		tctx->burst_ns = qm_burst(tctx->burst_ns, tctx->awake_ns);
	if (tctx->joined) {
		bpf_spin_lock(&dom->lock);
		qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
		if (leaves)
			qm_clock_leave(&dom->clock, tctx->weight, v);
		bpf_spin_unlock(&dom->lock);
		tctx->joined = !leaves;
	}
	tctx->vruntime = v;

	stat_add(QUMUN_STAT_RUN_NS, ran_ns);
	if (tctx->boost > QUMUN_BOOST_WEIGHT_NORMAL)
		stat_add(QUMUN_STAT_BOOST_NS, ran_ns);
}

/*
 * @p, which runs, lets the first one in the queue pass; that one has vruntime @first. It may be
 * a light one far ahead: no more than a slice is given away at a time.
 */
static void policy_yield(struct domain *dom, struct task_ctx *tctx, u64 first)
{
	u64 most = tctx->vruntime + qm_vruntime(config.slice_max_ns, tctx->weight);
	u64 v = qm_later(tctx->vruntime, qm_earlier(first, most));

	bpf_spin_lock(&dom->lock);
	qm_clock_move(&dom->clock, tctx->weight, tctx->vruntime, v);
	bpf_spin_unlock(&dom->lock);
	tctx->vruntime = v;
}

/* Has a task in a queue waited for longer than it is to wait? */
static bool policy_is_overdue(const struct task_ctx *tctx, u64 now_ns, u64 patience_ns)
{
	return tctx->queued_ns && qm_elapsed(tctx->queued_ns, now_ns) > patience_ns;
}

/*
 * See "Preemption" above. A preemption costs two switches, some µs each with what is left in
 * the caches: a wait that is not longer by GAIN_MIN_NS is not worth them.
 */
#define GAIN_MIN_NS		50000
#define SPARE_MIN_NS		200000
#define SPARE_MAX_NS		1000000
#define SENDER_SPARE_NS		2000000

/**
 * struct waking - a task that wakes up, as those see it who may have to give way
 * @now_ns: the time
 * @v: the vruntime that it will have
 * @beside: the clock, or what it was put beside instead
 * @burst_ns: how long it usually runs
 * @spare_ns: who has run for less since it slept, or is less far ahead, is spared
 * @sender_spare_ns: who itself sends messages, and has run for less this time, is spared
 * @boost: its boost, in 1/1024
 */
struct waking {
	u64 now_ns;
	u64 v;
	u64 beside;
	u64 burst_ns;
	u64 spare_ns;
	u64 sender_spare_ns;
	u32 boost;
};

static void policy_wake(struct waking *w, const struct task_ctx *tctx, u64 beside, u64 now_ns)
{
	w->now_ns = now_ns;
	w->v = qm_later(tctx->vruntime, policy_floor(beside));
	w->beside = beside;
	w->burst_ns = tctx->burst_ns;
	w->spare_ns = qm_clamp(2 * tctx->burst_ns, SPARE_MIN_NS, SPARE_MAX_NS);
	w->sender_spare_ns = SENDER_SPARE_NS;
	w->boost = tctx->boost;
}

/*
 * It counts as one with long bursts. For a task that may have been woken by the one
 * whose CPU it would take: the other end of a pipe, thrown out at each message, finds
 * the answer there when it comes back, does not sleep, and so looks like one that runs
 * for long; it would go on like this for ever.
 */
static void policy_wake_patient(struct waking *w)
{
	w->burst_ns = SPARE_MAX_NS;
	w->spare_ns = SPARE_MAX_NS;
}

/* It was woken by a message, a sync wakeup: those that send messages go on sending. */
static void policy_wake_message(struct waking *w)
{
	if (w->sender_spare_ns < config.slice_max_ns)
		w->sender_spare_ns = config.slice_max_ns;
}

/* May a waking task take a CPU from anybody at all? */
static bool policy_may_preempt(const struct waking *w)
{
	return !config.no_preempt && !qm_before(w->beside, w->v);
}

/* CPU time of the task that runs on a CPU since it slept. */
static u64 policy_awake(const struct cpu_run *run, u64 now_ns)
{
	return run->awake_ns + qm_elapsed(run->start_ns, now_ns);
}

/*
 * While somebody is next on a CPU, the kernel does not call dispatch there, and nobody
 * looks into the queues. A single such turn costs those who wait nothing that they are
 * owed, but there must not be so many in a row that, were each of them a longest slice,
 * somebody in a queue would have to be rescued meanwhile.
 */
static bool policy_is_bypassed(const struct domain *dom, const struct cpu_run *run)
{
	return run->bypasses * config.slice_max_ns > config.rescue_ns / 2 &&
	       (dom->nr_waiting || run->nr_waiting);
}

/*
 * Does a kernel thread of one CPU run past the queues? It serves its CPU, and whatever waits
 * there may be waiting for it. But one that does not sleep any more takes turns like all others:
 * past the queues it would have every second slice, and two of them all.
 */
static bool policy_serves_cpu(const struct domain *dom, const struct cpu_run *run,
			      const struct task_ctx *tctx)
{
	bool runs_long = tctx->joined && tctx->awake_ns >= config.slice_max_ns;

	return !runs_long && !policy_is_bypassed(dom, run);
}

/*
 * By how much the task that runs on a CPU has to give way to one that wakes up, in ns;
 * 0 if it is not to. Either it is about to run for longer than the other one will, or it is
 * ahead, and no longer to be spared.
 */
static s64 policy_lead(const struct domain *dom, const struct cpu_run *run,
		       const struct waking *w)
{
	u64 ran_ns = qm_elapsed(run->start_ns, w->now_ns);
	u64 awake_ns = policy_awake(run, w->now_ns);
	s64 lead;

	if (!run->start_ns || run->boost > w->boost || policy_is_bypassed(dom, run))
		return 0;
	if (run->boost == w->boost && (run->sends || run->sync_ns) && ran_ns < w->sender_spare_ns)
		return 0;
	lead = run->burst_ns - awake_ns - w->burst_ns;
	if (lead > GAIN_MIN_NS)
		return lead;
	if (awake_ns < w->spare_ns)
		return 0;
	lead = run->vruntime + qm_vruntime(ran_ns, run->weight) - w->v;
	return lead > (s64)w->spare_ns ? lead : 0;
}

/* Is the task that runs on a CPU one that will soon sleep, as far as can be seen? */
static bool policy_is_brief(const struct cpu_run *run, u64 now_ns)
{
	return run->start_ns && policy_awake(run, now_ns) < SPARE_MAX_NS;
}

/*
 * May a waking task at least be the next one on a CPU, past those who wait? It must
 * not be ahead of the clock, but for a margin: two that exchange messages stand
 * evenly around it. If nobody waits and the one that runs there will soon sleep,
 * there is nobody whose turn it could take.
 */
#define NEXT_MARGIN_NS		1000000

static bool policy_may_go_next(const struct domain *dom, const struct cpu_run *run,
			       const struct waking *w)
{
	if (policy_is_bypassed(dom, run))
		return false;
	if (!qm_before(w->beside + NEXT_MARGIN_NS, w->v))
		return true;
	return !dom->nr_waiting && !run->nr_waiting && policy_is_brief(run, w->now_ns);
}

/*
 * A sync wakeup promises that the waker is about to sleep. Some keep that promise,
 * like the two ends of a pipe; others have only copied the flag, and go on. Only who
 * has kept it a few times of late is believed: the other one cannot run meanwhile, and
 * a server and its client had better run side by side.
 */
#define SYNC_SOON_NS		20000
#define SYNC_TRUST_MAX		7
#define SYNC_TRUST_ENOUGH	4

static u32 policy_sync_trust(u32 trust, bool kept)
{
	if (!kept)
		return trust / 2;
	return trust < SYNC_TRUST_MAX ? trust + 1 : trust;
}

/* A task without a parent of ours begins at the clock. */
static void policy_init_task(struct domain *dom, struct task_ctx *tctx)
{
	tctx->vruntime = clock_now(dom);
	tctx->burst_ns = SPARE_MAX_NS;
}

/*
 * A forked task begins where its parent stands. What that one has used since
 * it was charged last is in @run only, the record of its CPU, and must not be
 * left out: a chain of tasks that compute, fork and end would never pay.
 */
static void policy_init_child(const struct domain *dom, struct task_ctx *tctx,
			      const struct task_ctx *parent, const struct cpu_run *run,
			      u64 beside, u64 now_ns)
{
	u64 v = parent->vruntime;

	if (run->start_ns)
		v = level_charge(dom, run, run->vruntime,
				 qm_vruntime(qm_elapsed(run->start_ns, now_ns), run->weight));
	tctx->vruntime = qm_later(v, beside);
	tctx->lowered_ns = parent->lowered_ns;
	tctx->beside_ahead = parent->beside_ahead;
	tctx->beside_cpu = parent->beside_cpu;
	tctx->beside_ns = parent->beside_ns;
	tctx->burst_ns = SPARE_MAX_NS;
}

#endif /* QUMUN_POLICY_BPF_H */
