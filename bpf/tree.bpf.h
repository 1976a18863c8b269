/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boosted processes: a process and the children that it will have, whatever
 * cgroup they are in.
 *
 * Such a boost is a row of the table "trees"; a task remembers which row, and
 * a child inherits that from its parent. So one write changes the boost of all
 * of them, or ends it; and what tasks remember of a row that has been given to
 * another boost since is told by its generation.
 */
#ifndef QUMUN_TREE_BPF_H
#define QUMUN_TREE_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, QUMUN_TREES_MAX);
	__type(key, u32);
	__type(value, struct qumun_tree);
} trees SEC(".maps");

/* User space writes the rows of tasks that are there when a boost begins. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct qumun_tree_task);
} tree_tasks SEC(".maps");

/* Set by user space with the first such boost: until then forks do not pay for it. */
volatile __u32 trees_used;

/* The boost that @p has by itself or from a parent, in 1/1024; 0 if there is none. */
static __always_inline u32 tree_boost(struct task_struct *p)
{
	struct qumun_tree_task *row;
	struct qumun_tree *tree;
	u32 key;

	if (!trees_used)
		return 0;
	row = bpf_task_storage_get(&tree_tasks, p, 0, 0);
	if (!row)
		return 0;
	key = row->tree;
	tree = bpf_map_lookup_elem(&trees, &key);
	if (!tree || tree->generation != row->generation || !tree->weight)
		return 0;
	return qm_clamp(tree->weight, QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX);
}

/* The task that runs forks @child. Without memory for it the child is not boosted. */
static __always_inline void tree_inherit(struct task_struct *child)
{
	struct qumun_tree_task *from, *to;

	if (!trees_used)
		return;
	from = bpf_task_storage_get(&tree_tasks, bpf_get_current_task_btf(), 0, 0);
	if (!from)
		return;
	to = bpf_task_storage_get(&tree_tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (to)
		*to = *from;
}

#endif /* QUMUN_TREE_BPF_H */
