/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A task that runs moves to a better CPU.
 *
 * Who never sleeps was put where there was room then, beside somebody on a core, outside the
 * primary domain, and would stay there. So at the end of a slice, if nobody waits for its CPU,
 *
 *	from a core that it shares	to one that is idle as a whole
 *	from any CPU			to one of a better group, see idle.bpf.h: in the
 *					primary domain, or of a faster kind
 *
 * Within its group, with a core of its own, it stays: its cache is warm. A core counts as
 * shared if at two ends of slices somebody runs there who is not about to sleep.
 *
 * Only where some CPUs are better than others (config.moves).
 *
 * The way: dispatch claims the idle CPU, and does not keep the task. The kernel decides to be
 * idle, and hands it to enqueue as the last one (SCX_OPS_ENQ_LAST), from where it goes into the
 * queue of the LLC of that CPU, which is kicked. (An insert into its local queue would be
 * shorter. But if the task's affinity changed before the kernel gets to that, it would end us,
 * and if a real-time task came there, it would be stuck.)
 *
 * What this handles badly. Real-time tasks on the other half of a core are not seen.
 */
#ifndef QUMUN_MOVE_BPF_H
#define QUMUN_MOVE_BPF_H

/*
 * How often the trampoline forbids *current* to migrate while we run, 0 or 1: kernels and
 * their configurations differ. Only an idle task, which never asks for that itself, shows it;
 * until one has been seen, nobody is moved. (Not static: clang would make a byte of it, and
 * leave the old size in BTF.)
 */
__u32 trampoline_pins;

static void learn_trampoline(void)
{
	const struct task_struct *curr = bpf_get_current_task_btf();

	if (!trampoline_pins && (curr->flags & PF_IDLE) && curr->migration_disabled)
		trampoline_pins = 1;
}

/* May @p leave its CPU? With a wrong yes it would wait where it cannot run. */
static bool may_migrate(const struct task_struct *p)
{
	bool is_current = (u64)bpf_get_current_task() == (u64)p;

	return p->nr_cpus_allowed > 1 &&
	       p->migration_disabled <= (is_current ? trampoline_pins : 0);
}

/* CPUs of a core that are looked at: as many as any machine has. */
#define SIBLINGS_MAX 8

/* Does somebody else run on the core, and not only for a moment? */
static bool core_is_shared(const struct cpu_run *run, s32 cpu)
{
	u64 now_ns = compat_now();
	s32 other = run->next_sibling;
	int i;

	bpf_for(i, 0, SIBLINGS_MAX) {
		struct cpu_run *other_run = cpu_run(other);

		if (other == cpu || !other_run)
			break;
		if (other_run->start_ns && !policy_is_brief(other_run, now_ns))
			return true;
		other = other_run->next_sibling;
	}
	return false;
}

/* Claim a better CPU for @p by tiers; see pick_better(). */
static s32 pick_better_by_tiers(struct task_struct *p, const struct task_ctx *tctx, s32 cpu,
				bool is_crowded)
{
	const struct qumun_tiers *tiers = tiers_of(cpu);
	const struct qumun_tier_group *groups;
	s32 found;
	int i;

	if (!tiers)
		return -1;
	groups = tiers->groups[class_of(p, tctx)];
	bpf_for(i, 0, QUMUN_TIER_GROUPS_MAX) {
		const struct cpumask *home;
		bool at_home;

		if (!groups[i].nr)
			break;
		home = allowed_in(p, groups[i].masks[0]);
		at_home = home && bpf_cpumask_test_cpu(cpu, home);
		if ((at_home && !is_crowded) || !some_cpu_is_idle(p))
			break;
		found = config.smt ? pick_in_tiers(p, &groups[i], QUMUN_TIERS_MAX,
						   SCX_PICK_IDLE_CORE) : -1;
		if (found < 0 && !at_home)
			found = pick_in_tiers(p, &groups[i], QUMUN_TIERS_MAX, 0);
		if (found >= 0 || at_home)
			return found;
	}
	return -1;
}

/* Claim a better CPU for @p, which runs on @cpu; negative if there is none. */
static s32 pick_better(struct task_struct *p, struct task_ctx *tctx, const struct cpu_run *run,
		       s32 cpu)
{
	bool is_shared = config.smt && core_is_shared(run, cpu);
	bool is_crowded = is_shared && tctx->was_shared;

	tctx->was_shared = is_shared;
	if (config.own_tiers)
		return pick_better_by_tiers(p, tctx, cpu, is_crowded);
	return is_crowded ? scx_bpf_pick_idle_cpu(p->cpus_ptr, SCX_PICK_IDLE_CORE) : -1;
}

/* In dispatch: shall @prev, the only one who wants this CPU, not be kept here? */
static bool leave_for_better(struct cpu_run *run, s32 cpu, struct task_struct *prev,
			     struct task_ctx *tctx, const struct waiting *w)
{
	s32 better_cpu;

	if (!config.moves || !nobody_waits_here(w) || somebody_waits_far(run) ||
	    !may_migrate(prev))
		return false;
	better_cpu = pick_better(prev, tctx, run, cpu);
	run->better_cpu = better_cpu >= 0 ? better_cpu + 1 : 0;
	return better_cpu >= 0;
}

/*
 * In enqueue, with ENQ_LAST: @p goes to the CPU that was claimed for it, if it still may. If
 * others wait there, too, somebody has to look after them: this CPU will be idle.
 */
static bool move_to_better(struct cpu_run *run, struct task_struct *p, struct task_ctx *tctx,
			   s32 cpu, u64 enq_flags)
{
	s32 better_cpu = (s32)run->better_cpu - 1;
	struct cpu_run *better = cpu_run(better_cpu);
	struct domain *dom = better ? domain_at(better) : NULL;

	if (!dom || !may_migrate(p) || !bpf_cpumask_test_cpu(better_cpu, p->cpus_ptr))
		return false;
	run->better_cpu = 0;
	tctx->was_shared = false;
	enqueue_waiting(p, tctx, QUEUE_LLC(better->llc), DSQ_LLC(better->llc), policy_slice(dom),
			enq_flags);
	stat_inc(QUMUN_STAT_MOVED);
	scx_bpf_kick_cpu(better_cpu, SCX_KICK_IDLE);
	if (dom->nr_waiting > 1)
		scx_bpf_kick_cpu(cpu, 0);
	return true;
}

/* Nothing came of it, a real-time task came first, say: the claimed CPU looks for itself. */
static void give_back_better(struct cpu_run *run)
{
	s32 better_cpu = (s32)run->better_cpu - 1;

	if (better_cpu < 0)
		return;
	run->better_cpu = 0;
	scx_bpf_kick_cpu(better_cpu, SCX_KICK_IDLE);
}

#endif /* QUMUN_MOVE_BPF_H */
