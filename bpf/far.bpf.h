/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues of other last-level caches: which ones there are, and when a task is taken from
 * one of them. Not used, and not even loaded, where there is one only.
 */
#ifndef QUMUN_FAR_BPF_H
#define QUMUN_FAR_BPF_H

/* Is it time to look at another LLC? Once in a short slice. */
static bool far_is_due(const struct cpu_run *run)
{
	return config.nr_llcs > 1 && !qm_before(compat_now(), run->far_check_ns);
}

/* LLCs that are looked at in one go, until one of them has somebody who waits. */
#define FAR_LOOKS		8

/* The first task of one of the next LLCs that have any. */
static void look_at_next(struct cpu_run *run, struct waiting *w, s32 cpu)
{
	u32 i;

	bpf_for(i, 0, FAR_LOOKS) {
		struct domain *dom;
		u32 llc;

		if (i >= config.nr_llcs - 1)
			return;
		llc = nth_llc(run->llc, 1 + run->far_turn++ % (config.nr_llcs - 1));
		dom = domain_of(llc);
		if (dom && dom->nr_waiting)
			w->far = head_vruntime(DSQ_LLC(llc), cpu, &w->far_v);
		if (w->far != HEAD_NONE) {
			w->far_llc = llc;
			run->far_empty = 0;
			return;
		}
		if (run->far_empty < config.nr_llcs)
			run->far_empty++;
	}
}

/* Now and then: look at those who wait for other LLCs, at each one in turn. */
static void look_far(struct cpu_run *run, struct waiting *w, s32 cpu)
{
	if (!far_is_due(run))
		return;
	run->far_check_ns = compat_now() + config.slice_min_ns;
	look_at_next(run, w, cpu);
	w->far_v += config.far_margin_ns;
}

/* Does anybody wait elsewhere who could run here, as far as was seen in the last round? */
static bool somebody_waits_far(const struct cpu_run *run)
{
	return config.nr_llcs > 1 && run->far_empty < config.nr_llcs - 1;
}

/* Is that task so far behind that it goes before those who wait here? */
static bool far_first(const struct waiting *w, bool pinned)
{
	if (w->far != HEAD_FOUND || w->shared == HEAD_UNKNOWN)
		return false;
	return nobody_waits_here(w) ||
	       qm_before(w->far_v, pinned ? w->pinned_v : w->shared_v);
}

static bool fetch_from(u32 llc)
{
	if (!compat_move_to_local(DSQ_LLC(llc)))
		return false;
	stat_inc(QUMUN_STAT_STOLEN);
	return true;
}

/* Nobody waits here: take the first task of the nearest LLC that has one. */
static bool fetch_nearest(const struct cpu_run *run)
{
	u32 nth;

	bpf_for(nth, 1, config.nr_llcs) {
		u32 llc = nth_llc(run->llc, nth);
		struct domain *dom = domain_of(llc);

		if (dom && dom->nr_waiting && fetch_from(llc))
			return true;
	}
	return false;
}

#endif /* QUMUN_FAR_BPF_H */
