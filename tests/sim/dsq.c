// SPDX-License-Identifier: GPL-2.0-only
/* Dispatch queues, and the kfuncs that make them and look into them. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* Ids below this are found by number; there may be one above, the rest is searched. */
#define NR_LOW_IDS	(4 * NR_CPUS_MAX)
#define NR_HIGH_IDS	256

static struct dsq *low[NR_LOW_IDS];
static struct dsq *high[NR_HIGH_IDS];
static struct dsq *all[NR_LOW_IDS + NR_HIGH_IDS + 1];
static u32 nr_high, nr_all;
static struct dsq global;
static u64 last_seq;

static int vtime_order(const struct task *a, const struct task *b)
{
	u64 va = a->p.scx.dsq_vtime, vb = b->p.scx.dsq_vtime;

	if (va != vb) {
		if (mutation == MUT_VTIME_NO_WRAP)
			return va < vb ? -1 : 1;
		return (s64)(va - vb) < 0 ? -1 : 1;
	}
	return a->dsq_seq < b->dsq_seq ? -1 : a->dsq_seq > b->dsq_seq;
}

RB_GENERATE_STATIC(task_tree, task, tree_link, vtime_order)

void dsq_init(struct dsq *dsq, u64 id)
{
	dsq->id = id;
	dsq->nr = 0;
	TAILQ_INIT(&dsq->list);
	RB_INIT(&dsq->tree);
}

void dsq_insert(struct dsq *dsq, struct task *t, bool by_vtime, bool head)
{
	struct task *before;

	if (t->dsq)
		fail("task %d is inserted into DSQ %llx while it waits in %llx", t->p.pid, dsq->id,
		     t->dsq->id);
	if (dsq->nr && (by_vtime == RB_EMPTY(&dsq->tree)))
		fail("DSQ %llx: inserts by vtime and FIFO ones are mixed", dsq->id);
	t->dsq = dsq;
	t->inserted_at = sim_now();
	t->dsq_seq = ++last_seq;
	t->on_tree = by_vtime;
	dsq->nr++;
	if (by_vtime) {
		RB_INSERT(task_tree, &dsq->tree, t);
		before = RB_PREV(task_tree, &dsq->tree, t);
		if (before)
			TAILQ_INSERT_AFTER(&dsq->list, before, t, dsq_link);
		else
			TAILQ_INSERT_HEAD(&dsq->list, t, dsq_link);
	} else if (head) {
		TAILQ_INSERT_HEAD(&dsq->list, t, dsq_link);
	} else {
		TAILQ_INSERT_TAIL(&dsq->list, t, dsq_link);
	}
}

void dsq_remove(struct task *t)
{
	struct dsq *dsq = t->dsq;

	if (!dsq)
		return;
	if (t->on_tree)
		RB_REMOVE(task_tree, &dsq->tree, t);
	TAILQ_REMOVE(&dsq->list, t, dsq_link);
	dsq->nr--;
	t->dsq = NULL;
}

static struct dsq *look_up(u64 id)
{
	if (id < NR_LOW_IDS)
		return low[id];
	for (u32 i = 0; i < nr_high; i++)
		if (high[i]->id == id)
			return high[i];
	return NULL;
}

struct dsq *dsq_global(void)
{
	if (!global.id) {
		dsq_init(&global, SCX_DSQ_GLOBAL);
		all[nr_all++] = &global;
	}
	return &global;
}

struct dsq *dsq_find(u64 id)
{
	struct dsq *dsq = id == SCX_DSQ_GLOBAL ? dsq_global() : look_up(id);

	if (!dsq)
		fail("there is no DSQ %llx", id);
	return dsq;
}

struct dsq *dsq_nth(u32 n)
{
	return n < nr_all ? all[n] : NULL;
}

/* --- kfuncs --- */

s32 scx_bpf_create_dsq(u64 dsq_id, s32 node);
s32 scx_bpf_create_dsq(u64 dsq_id, s32 node)
{
	struct dsq *dsq;

	(void)node;
	if (dsq_id >> 63)
		return -22;
	if (look_up(dsq_id))
		return -17;
	dsq = calloc(1, sizeof(*dsq));
	if (!dsq || nr_high == NR_HIGH_IDS)
		return -12;
	dsq_init(dsq, dsq_id);
	if (dsq_id < NR_LOW_IDS)
		low[dsq_id] = dsq;
	else
		high[nr_high++] = dsq;
	all[nr_all++] = dsq;
	return 0;
}

s32 scx_bpf_dsq_nr_queued(u64 dsq_id);
s32 scx_bpf_dsq_nr_queued(u64 dsq_id)
{
	if (dsq_id == SCX_DSQ_LOCAL)
		return cpus[this_cpu].local.nr;
	if ((dsq_id & SCX_DSQ_LOCAL_ON) == SCX_DSQ_LOCAL_ON)
		return cpus[(u32)dsq_id].local.nr;
	return dsq_find(dsq_id)->nr;
}

struct task_struct *scx_bpf_dsq_peek(u64 dsq_id);
struct task_struct *scx_bpf_dsq_peek(u64 dsq_id)
{
	struct task *first = TAILQ_FIRST(&dsq_find(dsq_id)->list);

	return first ? &first->p : NULL;
}

/* Where an iterator stands; has to fit into the kernel's opaque one. */
struct iter {
	struct dsq *dsq;
	struct task *next;
	u64 last_seq;
};

_Static_assert(sizeof(struct iter) <= sizeof(struct bpf_iter_scx_dsq), "iterator too large");

int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags);
int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags)
{
	struct iter *iter = (struct iter *)it;

	if (flags)
		fail("DSQ iterators from the end are not simulated");
	iter->dsq = dsq_find(dsq_id);
	iter->next = TAILQ_FIRST(&iter->dsq->list);
	iter->last_seq = last_seq;
	return 0;
}

/* Tasks that were queued after the iterator had been made are left out. */
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it);
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it)
{
	struct iter *iter = (struct iter *)it;
	struct task *t = iter->next;

	while (t && t->dsq_seq > iter->last_seq)
		t = TAILQ_NEXT(t, dsq_link);
	iter->next = t ? TAILQ_NEXT(t, dsq_link) : NULL;
	return t ? &t->p : NULL;
}

void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it);
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it)
{
	memset(it, 0, sizeof(*it));
}

static bool move_to_local(u64 dsq_id)
{
	struct task *t;

	if (current_op != OP_DISPATCH)
		fail("a queue is moved to local outside dispatch");
	TAILQ_FOREACH(t, &dsq_find(dsq_id)->list, dsq_link) {
		if (!task_can_run_on(t, this_cpu))
			continue;
		local_move(t, this_cpu);
		return true;
	}
	return false;
}

bool scx_bpf_dsq_move_to_local(u64 dsq_id);
bool scx_bpf_dsq_move_to_local(u64 dsq_id)
{
	return move_to_local(dsq_id);
}

bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags);
bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags)
{
	(void)enq_flags;
	return move_to_local(dsq_id);
}

bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
		      u64 enq_flags);
bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
		      u64 enq_flags)
{
	struct task *t = task_of(p);

	(void)enq_flags;
	if (current_op != OP_DISPATCH || dsq_id != SCX_DSQ_LOCAL)
		fail("only moves to local, from dispatch, are simulated");
	if (t->dsq != ((struct iter *)it)->dsq)
		return false;
	if (!task_can_run_on(t, this_cpu))
		fail("task %d is moved to CPU %d, where it may not run", p->pid, this_cpu);
	local_move(t, this_cpu);
	return true;
}

/*
 * Inserts from select_cpu and enqueue are remembered, and done by the kernel
 * when the callback is over.
 */
static void insert(struct task_struct *p, u64 dsq_id, u64 slice, bool by_vtime, u64 vtime,
		   u64 enq_flags)
{
	struct task *t = task_of(p);

	if (current_op != OP_SELECT_CPU && current_op != OP_ENQUEUE)
		fail("an insert outside select_cpu and enqueue");
	if (t != current_op_task)
		fail("task %d is inserted while task %d is enqueued", p->pid,
		     current_op_task->p.pid);
	if (t->ddsp_dsq_id != SCX_DSQ_INVALID)
		fail("task %d is inserted twice", p->pid);
	if (by_vtime && dsq_id >> 63)
		fail("an insert by vtime into a built-in DSQ");
	t->ddsp_dsq_id = dsq_id;
	t->ddsp_slice = slice;
	t->ddsp_by_vtime = by_vtime;
	t->ddsp_vtime = vtime;
	t->ddsp_flags = enq_flags;
}

void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags);
void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	insert(p, dsq_id, slice, false, 0, enq_flags);
}

bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags);
bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags)
{
	insert(p, dsq_id, slice, false, 0, enq_flags);
	return true;
}

void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
			      u64 enq_flags);
void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
			      u64 enq_flags)
{
	insert(p, dsq_id, slice, true, vtime, enq_flags);
}

bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args);
bool __scx_bpf_dsq_insert_vtime(struct task_struct *p, struct scx_bpf_dsq_insert_vtime_args *args)
{
	insert(p, args->dsq_id, args->slice, true, args->vtime, args->enq_flags);
	return true;
}

void scx_bpf_reenqueue_local___v2___new(void);
bool sim_has_kfunc(const void *kfunc);
bool sim_has_kfunc(const void *kfunc)
{
	if (!machine.old_kernel)
		return kfunc;
	return kfunc && kfunc != scx_bpf_dsq_peek && kfunc != __scx_bpf_dsq_insert_vtime &&
	       kfunc != scx_bpf_reenqueue_local___v2___new &&
	       kfunc != scx_bpf_dsq_insert___v2___new &&
	       kfunc != scx_bpf_dsq_move_to_local___v2___new;
}
