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
 *    for that: behind a crowd it would wait for ever, before those ahead it would have a credit
 *  - the distance must have an end. The day the cpuset goes, whoever is an hour ahead would
 *    wait for an hour
 *
 * So each CPU remembers at which vruntime tasks begin to run there that had to wait. Who joins
 * is put beside that. And where it is far from V, time has another price: cheaper ahead, dearer
 * behind, for all who run there alike, so that shares among them stay as they are; the farther,
 * the more, until both get on at the same speed.
 */
#ifndef QUMUN_LEVEL_BPF_H
#define QUMUN_LEVEL_BPF_H

/* Of each task that begins to run, an eighth counts: sleepers with their credit change little. */
#define LEVEL_SHIFT	3

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

/* So long after the last note a level is not known any more: nobody has had to wait. */
#define LEVEL_VALID_NS	500000000

/* The level of a CPU; if nobody has to wait there, V. */
static u64 level_of(const struct domain *dom, const struct cpu_run *run)
{
	u64 now = clock_now(dom), level = run->level;

	if (!run->level_ns)
		return now;
	/* Near V, how old it is hardly matters. */
	if (qm_before(level, now - LEVEL_NEAR_SLICES * config.slice_max_ns) ||
	    qm_before(now + LEVEL_NEAR_SLICES * config.slice_max_ns, level))
		return qm_elapsed(run->level_ns, compat_now()) < LEVEL_VALID_NS ? level : now;
	return level;
}

/* A task with vruntime @v is, of those who want this CPU, the first one. */
static void level_note(const struct domain *dom, struct cpu_run *run, u64 v, u64 now_ns)
{
	if (!run->level_ns || qm_elapsed(run->level_ns, now_ns) >= LEVEL_VALID_NS)
		run->level = clock_now(dom);
	run->level_ns = now_ns;
	run->level += (s64)(v - run->level) >> LEVEL_SHIFT;
}

/*
 * The same for one with vruntime @v that keeps its CPU before another one with @next_v. If only
 * itself is behind the clock, nobody confines it: it deserves more than a CPU.
 */
static void level_note_kept(const struct domain *dom, struct cpu_run *run, u64 v, u64 next_v)
{
	level_note(dom, run, qm_later(v, qm_earlier(next_v, clock_now(dom))), compat_now());
}

/* Nobody wants this CPU. */
static void level_forget(struct cpu_run *run)
{
	run->level_ns = 0;
}

/* Is there a CPU that @p may not use? */
static bool level_confines(const struct task_struct *p)
{
	return p->nr_cpus_allowed < (s32)config.nr_online;
}

/* @p has waited for this CPU, with vruntime @v, and begins to run. */
static void level_note_first(const struct domain *dom, struct cpu_run *run,
			     const struct task_struct *p, u64 v, u64 now_ns)
{
	level_note(dom, run, v, now_ns);
	if (level_confines(p) && qm_elapsed(confined_ns, now_ns) > CONFINED_UPDATE_NS)
		confined_ns = now_ns;
}

/*
 * What a run on this CPU costs that would cost @delta elsewhere. If all tasks are light,
 * vruntimes grow fast, and stand further apart.
 */
static u64 level_price(const struct domain *dom, const struct cpu_run *run, u64 delta)
{
	u64 free_ns = LEVEL_FREE_SLICES * config.slice_max_ns;
	s64 ahead = level_of(dom, run) - clock_now(dom);

	if ((ahead <= (s64)free_ns && ahead >= -(s64)free_ns) ||
	    qm_elapsed(confined_ns, compat_now()) > CONFINED_LATELY_NS)
		return delta;
	return qm_price(delta, ahead, qm_later(free_ns, qm_vruntime(free_ns * dom->nr_cpus,
								    dom->clock.weight)));
}

/* Beside which vruntime is @p put when it joins those who want the CPU of @run? */
static u64 level_beside(const struct domain *dom, const struct cpu_run *run,
			const struct task_struct *p)
{
	u64 now = clock_now(dom), level = level_of(dom, run);

	if (qm_before(now + LEVEL_NEAR_SLICES * config.slice_max_ns, level))
		return level;
	return level_confines(p) ? qm_earlier(now, level) : now;
}

#endif /* QUMUN_LEVEL_BPF_H */
