/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The search for an idle CPU, for a task that wakes up and for one that was queued.
 *
 * On a machine with one last-level cache and equal CPUs the kernel's own search does it:
 * the previous CPU if its whole core is idle, a core that is idle as a whole, the previous
 * CPU, any. Everywhere else (config.own_tiers) this file does, since the kernel's search
 * knows caches and nodes from 6.13 on only, and speeds and a primary domain never.
 *
 * Tiers. For each LLC and class of task src/placement.c makes a list of masks, nearest
 * first, in groups that are equally welcome; here for a task that ran in LLC 0 last, on a
 * machine with two LLCs in each node and a primary domain:
 *
 *	group 0		LLC 0 ∩ primary		node 0 ∩ primary	primary
 *	group 1		LLC 0			node 0			all
 *
 * Within a group the order is
 *
 *	the previous CPU, if its whole core is idle	what it left in the caches
 *	a core that is idle as a whole, in the LLC	all of a core's speed
 *	the previous CPU, if it is idle
 *	an idle CPU, tier by tier			the nearer the warmer
 *
 * so that a task leaves the primary domain only if that has no idle CPU at all. A task
 * that runs for long (or is new, which is the time to spread) has more of a whole core than
 * of a warm cache: it gets one in any tier before it shares one with somebody.
 *
 * Where CPUs are of several kinds, those whom somebody waits for have groups of their own
 * for the fastest ones; see src/placement.c.
 *
 * A task that never sleeps was put where there was room then; for that see move.bpf.h.
 *
 * What this handles badly. Which CPU within a tier is the kernel's choice, not the fastest of
 * a kind.
 */
#ifndef QUMUN_IDLE_BPF_H
#define QUMUN_IDLE_BPF_H

/* The CPUs of each mask, 64 in a row, (nr_cpu_ids + 63) / 64 rows for each; for init only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} tier_bits SEC(".maps");

struct mask_row {
	struct bpf_cpumask __kptr *mask;
};

/* The masks themselves. Made by init, and never changed then. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct mask_row);
} tier_masks SEC(".maps");

/* By CPU: a mask to compute with. Used with interrupts off only. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct mask_row);
} scratch_masks SEC(".maps");

/* By LLC. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct qumun_tiers);
} llc_tiers SEC(".maps");

/* By CPU: the row of llc_tiers. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cpu_tiers SEC(".maps");

static __always_inline const struct cpumask *as_cpumask(const struct bpf_cpumask *mask)
{
	return (const struct cpumask *)mask;
}

static s32 keep_mask(struct mask_row *row, struct bpf_cpumask *mask)
{
	struct bpf_cpumask *old = bpf_kptr_xchg(&row->mask, mask);

	if (old)
		bpf_cpumask_release(old);
	return 0;
}

/* The kernel's stock of masks is small, and refilled by an interrupt after each one taken. */
#define CREATE_TRIES 16

static struct bpf_cpumask *new_mask(void)
{
	struct bpf_cpumask *mask = NULL;
	int i;

	bpf_for(i, 0, CREATE_TRIES) {
		mask = bpf_cpumask_create();
		if (mask)
			break;
	}
	return mask;
}

static s32 make_tier_mask(u32 id, u32 nr_cpu_ids)
{
	struct mask_row *row = bpf_map_lookup_elem(&tier_masks, &id);
	u32 first = id * ((nr_cpu_ids + 63) / 64);
	struct bpf_cpumask *mask;
	u32 cpu;

	if (!row)
		return -ENOENT;
	mask = new_mask();
	if (!mask)
		return -ENOMEM;
	bpf_for(cpu, 0, nr_cpu_ids) {
		u32 key = first + cpu / 64;
		const u64 *bits = bpf_map_lookup_elem(&tier_bits, &key);

		if (bits && *bits >> (cpu % 64) & 1)
			bpf_cpumask_set_cpu(cpu, mask);
	}
	return keep_mask(row, mask);
}

static s32 make_scratch_mask(u32 cpu)
{
	struct mask_row *row = bpf_map_lookup_elem(&scratch_masks, &cpu);
	struct bpf_cpumask *mask;

	if (!row)
		return -ENOENT;
	mask = new_mask();
	return mask ? keep_mask(row, mask) : -ENOMEM;
}

/* From what user space has written into the maps. */
static s32 idle_init_masks(void)
{
	u32 i, nr_cpu_ids = scx_bpf_nr_cpu_ids();
	s32 err;

	if (!config.own_tiers)
		return 0;
	bpf_for(i, 0, config.nr_masks) {
		err = make_tier_mask(i, nr_cpu_ids);
		if (err)
			return err;
	}
	bpf_for(i, 0, nr_cpu_ids) {
		err = make_scratch_mask(i);
		if (err)
			return err;
	}
	return 0;
}

/* The CPUs of a mask that @p may use; NULL if there are none. Good until the next call. */
static const struct cpumask *allowed_in(struct task_struct *p, u32 id)
{
	const struct mask_row *row = bpf_map_lookup_elem(&tier_masks, &id);
	u32 this_cpu = bpf_get_smp_processor_id();
	const struct mask_row *scratch_row;
	struct bpf_cpumask *mask, *scratch;

	if (!row)
		return NULL;
	mask = row->mask;
	if (!mask || p->nr_cpus_allowed >= (s32)config.nr_possible)
		return as_cpumask(mask);
	scratch_row = bpf_map_lookup_elem(&scratch_masks, &this_cpu);
	if (!scratch_row)
		return NULL;
	scratch = scratch_row->mask;
	if (!scratch || !bpf_cpumask_and(scratch, as_cpumask(mask), p->cpus_ptr))
		return NULL;
	return as_cpumask(scratch);
}

/* Where SMT shall not matter: the kernel's search would go for whole cores. */
#define PICK_TRIES 4

static s32 pick_any_idle(const struct cpumask *mask)
{
	const struct cpumask *idle = scx_bpf_get_idle_cpumask();
	u32 cpu, nr_cpu_ids = scx_bpf_nr_cpu_ids();
	s32 found = -1;
	int i;

	bpf_for(i, 0, PICK_TRIES) {
		cpu = bpf_cpumask_any_and_distribute(idle, mask);
		if (cpu >= nr_cpu_ids)
			break;
		if (scx_bpf_test_and_clear_cpu_idle(cpu)) {
			found = cpu;
			break;
		}
	}
	scx_bpf_put_idle_cpumask(idle);
	return found;
}

/* Claim an idle CPU of a mask that @p may use; -1 if there is none. */
static s32 pick_in(struct task_struct *p, u32 id, u64 flags)
{
	const struct cpumask *mask = allowed_in(p, id);

	if (!mask)
		return -1;
	if (config.ignore_smt)
		return pick_any_idle(mask);
	return scx_bpf_pick_idle_cpu(mask, flags);
}

static bool core_is_idle(s32 cpu)
{
	const struct cpumask *cores = scx_bpf_get_idle_smtmask();
	bool is_idle = bpf_cpumask_test_cpu(cpu, cores);

	scx_bpf_put_idle_cpumask(cores);
	return is_idle;
}

/* Is it worth a search? On a full machine it is not, and that is where time is short. */
static bool some_cpu_is_idle(struct task_struct *p)
{
	const struct cpumask *idle = scx_bpf_get_idle_cpumask();
	bool is_idle = bpf_cpumask_intersects(idle, p->cpus_ptr);

	scx_bpf_put_idle_cpumask(idle);
	return is_idle;
}

/* The first @nr tiers of a group, one after the other. */
static s32 pick_in_tiers(struct task_struct *p, const struct qumun_tier_group *group, u32 nr,
			 u64 flags)
{
	s32 cpu;
	u32 i;

	bpf_for(i, 0, QUMUN_TIERS_MAX) {
		if (i >= nr || i >= group->nr)
			break;
		cpu = pick_in(p, group->masks[i], flags);
		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

static s32 pick_in_group(struct task_struct *p, const struct qumun_tier_group *group, s32 prev_cpu,
			 bool is_long)
{
	const struct cpumask *home = allowed_in(p, group->masks[0]);
	bool at_home = home && bpf_cpumask_test_cpu(prev_cpu, home);
	s32 cpu;

	if (config.smt) {
		if (at_home && core_is_idle(prev_cpu) && scx_bpf_test_and_clear_cpu_idle(prev_cpu))
			return prev_cpu;
		cpu = pick_in_tiers(p, group, is_long ? QUMUN_TIERS_MAX : 1, SCX_PICK_IDLE_CORE);
		if (cpu >= 0)
			return cpu;
	}
	if (at_home && scx_bpf_test_and_clear_cpu_idle(prev_cpu))
		return prev_cpu;
	return pick_in_tiers(p, group, QUMUN_TIERS_MAX, 0);
}

/* Has it, as a rule, more of a whole core than of a warm cache? */
static bool runs_long(const struct task_ctx *tctx)
{
	return tctx->burst_ns >= SPARE_MAX_NS;
}

/* Of a new task the boost is not known yet. */
static enum qumun_class class_of(struct task_struct *p, const struct task_ctx *tctx)
{
	u32 boost = tctx->boost ? tctx->boost : boost_of_task(p);

	if (boost > QUMUN_BOOST_WEIGHT_NORMAL)
		return QUMUN_CLASS_BOOSTED;
	return runs_long(tctx) ? QUMUN_CLASS_ORDINARY : QUMUN_CLASS_BRIEF;
}

static const struct qumun_tiers *tiers_of(s32 cpu)
{
	u32 key = cpu;
	u32 *llc = bpf_map_lookup_elem(&cpu_tiers, &key);

	return llc ? bpf_map_lookup_elem(&llc_tiers, llc) : NULL;
}

/* Claim the best idle CPU for @p, whose last one was @prev_cpu; -1 if there is none. */
static s32 pick_by_tiers(struct task_struct *p, const struct task_ctx *tctx, s32 prev_cpu)
{
	const struct qumun_tiers *tiers = tiers_of(prev_cpu);
	const struct qumun_tier_group *groups;
	s32 cpu;
	int i;

	if (!tiers || !some_cpu_is_idle(p))
		return -1;
	groups = tiers->groups[class_of(p, tctx)];
	bpf_for(i, 0, QUMUN_TIER_GROUPS_MAX) {
		if (!groups[i].nr)
			break;
		cpu = pick_in_group(p, &groups[i], prev_cpu, runs_long(tctx));
		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

/*
 * The CPU where @p, which wakes up, should run. With @is_idle it is idle, and claimed:
 * nobody else gets it, and an insert must follow.
 *
 * For a sync wakeup the kernel calls the waker's own CPU idle, hoping that it soon will
 * be. Whether to believe that is decided elsewhere: see may_follow().
 */
static s32 idle_select_cpu(struct task_struct *p, const struct task_ctx *tctx, s32 prev_cpu,
			   u64 wake_flags, bool *is_idle)
{
	s32 cpu;

	if (!config.own_tiers)
		return scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags & ~SCX_WAKE_SYNC, is_idle);
	cpu = pick_by_tiers(p, tctx, prev_cpu);
	*is_idle = cpu >= 0;
	return *is_idle ? cpu : prev_cpu;
}

/* Claim an idle CPU for @p, which waits in a queue; -1 if there is none. A kick must follow. */
static s32 idle_pick_near(struct task_struct *p, const struct task_ctx *tctx)
{
	if (!config.own_tiers)
		return scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);
	return pick_by_tiers(p, tctx, compat_task_cpu(p));
}

#endif /* QUMUN_IDLE_BPF_H */
