/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The level of a CPU: where those stand, in vruntime, who compete for it.
 *
 * If all tasks may run everywhere, that is the clock V. But a crowd that is confined to a few
 * CPUs, by a cpuset say, gets on slowly and falls behind V, while those with more room are ahead
 * of it. Within each such group all is well: vruntimes are compared with each other. Two things
 * are not:
 *
 *  - who wakes up, or is new, must be put beside those that it will compete with. V is no measure
 *    for that: beside it, it would wait for those who are behind until it is rescued, and have a
 *    credit against those who are ahead
 *  - the distance must have an end. The day the cpuset goes, whoever is an hour ahead would
 *    wait for an hour
 *
 * So each CPU remembers at which vruntime tasks begin to run there that had to wait, as a
 * distance from V. Who joins is put beside that. And where it is far from V, time has another
 * price: cheaper ahead, dearer behind, for all who run there alike, so that shares among them
 * stay as they are; the farther, the more, until both get on at the same speed.
 *
 * Who may use other CPUs from some moment on, as every process that is started in a cpuset,
 * stands beside those there as it stood beside those that it has left.
 *
 * What this handles badly. Where one crowd would get on more than 1000 times as fast as the
 * clock, its tasks meet the limit of their debt again.
 */
#ifndef QUMUN_LEVEL_BPF_H
#define QUMUN_LEVEL_BPF_H

/*
 * Of each task that begins to run, an eighth counts, so that sleepers with their credit change
 * little; of lighter ones, which are far ahead after each of their turns, in proportion to the
 * heaviest one of late. That one is forgotten after some hundred others.
 */
#define LEVEL_SHIFT		3
#define LEVEL_WEIGHT_SHIFT	6

/*
 * Up to this distance from V, in longest slices, time costs what it costs: tasks that may run
 * everywhere are never as far apart.
 */
#define LEVEL_FREE_SLICES	25

/* A level no further from V, in longest slices, may be chance. */
#define LEVEL_NEAR_SLICES	2

/* When a task that may not run everywhere last got a CPU that it had to wait for. */
static u64 confined_ns;

/* For so long after that, time has its price: while nobody is confined, shares are exact. */
#define CONFINED_LATELY_NS	1000000000

/* All CPUs read it at each such price: it is written no more often than needed. */
#define CONFINED_UPDATE_NS	100000000

/* What a task owes for a move is forgotten so long after it. */
#define LEVEL_OWED_NS		10000000000

/* So long after the last note a level is not known any more: nobody has had to wait. */
#define LEVEL_VALID_NS	500000000

/*
 * The distance from V up to which time costs what it costs. If all tasks are light, vruntimes
 * grow fast, and stand further apart.
 */
static u64 level_free(const struct domain *dom)
{
	u64 free_ns = LEVEL_FREE_SLICES * config.slice_max_ns;

	return qm_later(free_ns, qm_vruntime(free_ns * dom->nr_cpus, dom->clock.weight));
}

static bool level_is_near(u64 ahead)
{
	u64 near_ns = LEVEL_NEAR_SLICES * config.slice_max_ns;

	return ahead + near_ns <= 2 * near_ns;
}

/* How far those who want a CPU are ahead of V, which may have been thrown forward meanwhile. */
static u64 level_ahead(const struct domain *dom, const struct cpu_run *run)
{
	return run->level_ahead - (dom->jumped - run->level_jumped);
}

/*
 * The level of a CPU that may be far from V. No further than where prices end; and it may
 * be that nobody has had to wait for long.
 */
static __noinline u64 level_far(const struct domain *dom, const struct cpu_run *run, u64 now)
{
	u64 most = qm_price_end(level_free(dom)), ahead = level_ahead(dom, run);

	if (level_is_near(ahead) || qm_elapsed(run->level_ns, compat_now()) >= LEVEL_VALID_NS)
		return now;
	return qm_later(now - most, qm_earlier(now + ahead, now + most));
}

/*
 * The level of a CPU; V where it is close to that, or nobody has to wait: so it is on nearly
 * all machines nearly always.
 */
static __always_inline u64 level_of(const struct domain *dom, const struct cpu_run *run)
{
	u64 now = clock_now(dom);

	if (!run->level_ns || (!run->level_is_far && run->level_jumped == dom->jumped))
		return now;
	return level_far(dom, run, now);
}

/* Nobody wants this CPU. */
static void level_forget(struct cpu_run *run)
{
	run->level_ns = 0;
	run->level_ahead = 0;
	run->level_is_far = false;
}

/* The heaviest one of late. */
static void level_add_weight(struct cpu_run *run, u32 weight)
{
	if (run->level_weight < weight)
		run->level_weight = weight;
}

/* The part of the way from @from to @to that one of @weight counts for. */
static u64 level_step(const struct cpu_run *run, u64 from, u64 to, u32 weight)
{
	bool is_up = qm_before(from, to);
	u64 way = is_up ? to - from : from - to;

	way = qm_clamp(way, 0, QM_DISTANCE_MAX) * weight / (run->level_weight + 1) >> LEVEL_SHIFT;
	return is_up ? from + way : from - way;
}

/* A task with vruntime @v is, of those who want this CPU, the first one. */
static void level_note(const struct domain *dom, struct cpu_run *run, u64 v, u32 weight,
		       u64 now_ns)
{
	u64 ahead = level_ahead(dom, run);

	if (!run->level_ns || qm_elapsed(run->level_ns, now_ns) >= LEVEL_VALID_NS) {
		ahead = 0;
		run->level_weight = weight;
	}
	level_add_weight(run, weight);
	run->level_ns = now_ns;
	run->level_jumped = dom->jumped;
	run->level_ahead = level_step(run, ahead, v - clock_now(dom), weight);
	run->level_is_far = !level_is_near(run->level_ahead);
}

/*
 * The same for one that keeps its CPU before another one with @next_v. If only itself is behind
 * the clock, nobody confines it: it deserves more than a CPU.
 */
static void level_note_kept(const struct domain *dom, struct cpu_run *run,
			    const struct task_ctx *tctx, u64 next_v)
{
	u64 now = clock_now(dom), v = tctx->vruntime;

	if (qm_before(v, now))
		v = qm_earlier(next_v, now);
	if (v == now)
		run->level_ahead = 0;
	level_note(dom, run, v, tctx->weight, compat_now());
}

/* Is there a CPU that @p may not use? */
static bool level_confines(const struct task_struct *p)
{
	return p->nr_cpus_allowed < (s32)config.nr_online;
}

/* A task of @weight begins to run: how heavy are those who do here, while a level is known? */
static void level_note_weight(struct cpu_run *run, u32 weight, u64 now_ns)
{
	if (!run->level_ns)
		return;
	if (qm_elapsed(run->level_ns, now_ns) >= LEVEL_VALID_NS)
		level_forget(run);
	/* Rounded up, so that it gets down to the lightest. */
	run->level_weight -= (run->level_weight + (1 << LEVEL_WEIGHT_SHIFT) - 1) >>
			     LEVEL_WEIGHT_SHIFT;
	level_add_weight(run, weight);
}

/* @p begins to run; it has waited in a queue. */
static void level_note_first(const struct domain *dom, struct cpu_run *run,
			     const struct task_struct *p, const struct task_ctx *tctx, u64 now_ns)
{
	if (level_confines(p) && qm_elapsed(confined_ns, now_ns) > CONFINED_UPDATE_NS)
		confined_ns = now_ns;
	/* Who was rescued was not the first one. */
	if (!tctx->was_rescued)
		level_note(dom, run, tctx->vruntime, tctx->weight, now_ns);
}

/*
 * The vruntime @v after a run on this CPU that would cost @delta elsewhere. However dear, it
 * does not lead past V: the level follows slowly, and what is beyond would be for nothing.
 */
static __noinline u64 level_price(const struct domain *dom, u64 level, u64 v, u64 delta)
{
	u64 now = clock_now(dom), priced;

	if (qm_elapsed(confined_ns, compat_now()) > CONFINED_LATELY_NS)
		return v + delta;
	priced = v + qm_price(delta, level - now, level_free(dom));
	if (qm_before(v + delta, priced))
		return qm_later(v + delta, qm_earlier(priced, now));
	return priced;
}

static __always_inline u64 level_charge(const struct domain *dom, const struct cpu_run *run,
					u64 v, u64 delta)
{
	u64 level = level_of(dom, run);

	return level == clock_now(dom) ? v + delta : level_price(dom, level, v, delta);
}

/*
 * Beside which vruntime is @p put when it joins those who want the CPU of @run? Who may go
 * anywhere, not behind V.
 */
static __always_inline u64 level_beside(const struct domain *dom, const struct cpu_run *run,
					const struct task_struct *p)
{
	u64 now = clock_now(dom), level = level_of(dom, run);

	return level == now || level_confines(p) ? level : qm_later(now, level);
}

/*
 * @p may use other CPUs from now on, and is, or was last, on that of @run. Where it goes is
 * not known yet.
 */
static void level_note_move(const struct domain *dom, const struct cpu_run *run,
			    const struct task_struct *p, struct task_ctx *tctx)
{
	u64 now = clock_now(dom), beside = level_of(dom, run);
	s64 ahead;

	if (!tctx->confined)
		beside = qm_later(now, beside);
	ahead = beside - now;
	/* What is owed since the last move is so until it is paid: that place counts. */
	if (!tctx->moved && (!tctx->lowered_ns || ahead < (s64)tctx->beside_ahead))
		tctx->beside_ahead = ahead;
	tctx->moved = true;
	tctx->confined = level_confines(p);
}

/* It counts as one of those at @beside now, on @cpu. */
static u64 level_arrive(const struct domain *dom, struct task_ctx *tctx, u64 beside, s32 cpu)
{
	s64 ahead = beside - clock_now(dom), up = ahead - tctx->beside_ahead;
	s64 lowered_ns = tctx->lowered_ns - up;

	/* Behind V, what it is behind counts here only, also if it has always been here. */
	if (lowered_ns < -ahead)
		lowered_ns = -ahead;
	tctx->lowered_ns = lowered_ns > 0 ? lowered_ns : 0;
	tctx->moved = false;
	tctx->beside_ahead = ahead;
	tctx->beside_cpu = cpu;
	tctx->beside_ns = compat_now();
	return tctx->vruntime + up;
}

/*
 * Who was put beside those that are behind may come to CPUs of others before it has had its
 * turn: because its set is changed once more, or has such CPUs, too. By what it was lowered it
 * is raised there, no further than beside those; the rest is raised with the next move. Else who
 * changes its set all the time would get ahead of all. On its old CPU, it is the others
 * that have come up meanwhile, as itself has.
 */
static u64 level_return(const struct domain *dom, struct task_ctx *tctx, u64 beside, s32 cpu)
{
	s64 higher = beside - clock_now(dom) - tctx->beside_ahead;
	u64 v = tctx->vruntime, up = 0;

	if (qm_elapsed(tctx->beside_ns, compat_now()) > LEVEL_OWED_NS)
		tctx->lowered_ns = 0;
	if (higher <= 0)
		return v;
	higher = qm_clamp(higher, 0, tctx->lowered_ns);
	if (qm_before(v, beside))
		up = qm_clamp(beside - v, 0, higher);
	if (cpu != tctx->beside_cpu)
		higher = up;
	tctx->beside_ahead += higher;
	tctx->lowered_ns -= higher;
	return v + up;
}

/* A run has cost @cost instead of @delta: where time is dear, that is paid back. */
static void level_repay(struct task_ctx *tctx, u64 delta, u64 cost)
{
	if (cost > delta)
		tctx->lowered_ns -= qm_clamp(cost - delta, 0, tctx->lowered_ns);
}

/* The vruntime of @p on the CPU of @run, if its set of CPUs has changed. */
static __noinline u64 level_settle(const struct domain *dom, const struct cpu_run *run,
				   const struct task_struct *p, struct task_ctx *tctx, s32 cpu)
{
	u64 beside = level_beside(dom, run, p);

	/* While it is brought to one of its CPUs, the kernel does this and that with it here. */
	if (!bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
		return tctx->vruntime;
	return tctx->moved ? level_arrive(dom, tctx, beside, cpu) :
			     level_return(dom, tctx, beside, cpu);
}

#endif /* QUMUN_LEVEL_BPF_H */
