/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boosted cgroups: from a task to the factor on its weight.
 *
 * The walk starts at the task's cgroup in the default hierarchy, not at what
 * scx_bpf_task_cgroup() returns: that one knows only cgroups with the cpu
 * controller, and most containers have none of their own.
 */
#ifndef QUMUN_BOOST_BPF_H
#define QUMUN_BOOST_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, QUMUN_BOOST_MAP_MAX);
	__type(key, u64);
	__type(value, struct qumun_boost);
} high_prio_cgroups SEC(".maps");

/*
 * What an entry means, 0 if nothing. Root's other tools write this map too, so
 * that nothing in it may be believed; what is wrong is counted, never fatal.
 */
static __always_inline u32 boost_of_entry(const struct qumun_boost *entry)
{
	if (entry->version != QUMUN_BOOST_VERSION || entry->reserved || !entry->weight) {
		stat_inc(QUMUN_STAT_BAD_BOOST);
		return 0;
	}
	if (entry->weight < QUMUN_BOOST_WEIGHT_MIN || entry->weight > QUMUN_BOOST_WEIGHT_MAX)
		stat_inc(QUMUN_STAT_BAD_BOOST);
	return qm_clamp(entry->weight, QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX);
}

/*
 * The boost of @p: its own, see tree.bpf.h, or that of its nearest boosted
 * cgroup, or "normal".
 *
 * cgroup.self is the first member, so a css pointer up the tree is a pointer
 * to the parent cgroup. The chain is stable while we look: ops callbacks run
 * with interrupts off, and a cgroup outlives its children by an RCU period.
 */
static u32 boost_of_task(struct task_struct *p)
{
	struct cgroup *cgrp = bpf_core_cast(p->cgroups->dfl_cgrp, struct cgroup);
	u32 own = tree_boost(p);
	int i;

	if (own)
		return own;
	bpf_for(i, 0, QUMUN_CGROUP_DEPTH_MAX) {
		u64 id = cgrp->kn->id;
		struct qumun_boost *entry = bpf_map_lookup_elem(&high_prio_cgroups, &id);
		u32 boost = entry ? boost_of_entry(entry) : 0;
		struct cgroup_subsys_state *parent;

		if (boost)
			return boost;
		parent = cgrp->self.parent;
		if (!parent)
			return QUMUN_BOOST_WEIGHT_NORMAL;
		cgrp = bpf_core_cast(parent, struct cgroup);
	}
	stat_inc(QUMUN_STAT_TOO_DEEP);
	return QUMUN_BOOST_WEIGHT_NORMAL;
}

#endif /* QUMUN_BOOST_BPF_H */
