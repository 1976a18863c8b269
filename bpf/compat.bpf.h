/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched_ext across kernels 6.12 … 7.3: the kfuncs and the few switches between
 * their generations. Nothing else in bpf/ knows about kernel versions.
 *
 * A kfunc that exists everywhere is declared strong: if the kernel lacks it,
 * the load fails and says so. All others are weak and asked for with
 * bpf_ksym_exists(). A weak one whose prototype is wrong is silently taken for
 * missing; qumun_features() reports what was found, and tests pin the set that
 * each kernel must show.
 *
 * libbpf drops everything from the last "___" on when it looks up a name. A
 * kernel symbol that itself ends in ___v2 therefore carries one more suffix.
 */
#ifndef QUMUN_COMPAT_BPF_H
#define QUMUN_COMPAT_BPF_H

/* In every supported kernel. */
s32 scx_bpf_create_dsq(u64 dsq_id, s32 node) __ksym;
s32 scx_bpf_select_cpu_dfl(struct task_struct *p, s32 prev_cpu, u64 wake_flags,
			   bool *is_idle) __ksym;
s32 scx_bpf_dsq_nr_queued(u64 dsq_id) __ksym;
void scx_bpf_kick_cpu(s32 cpu, u64 flags) __ksym;
s32 scx_bpf_pick_idle_cpu(const struct cpumask *cpus_allowed, u64 flags) __ksym;
bool scx_bpf_test_and_clear_cpu_idle(s32 cpu) __ksym;
s32 scx_bpf_task_cpu(const struct task_struct *p) __ksym;
u32 scx_bpf_nr_cpu_ids(void) __ksym;
void scx_bpf_dump_bstr(char *fmt, unsigned long long *data, u32 data__sz) __ksym;
int bpf_iter_scx_dsq_new(struct bpf_iter_scx_dsq *it, u64 dsq_id, u64 flags) __ksym;
struct task_struct *bpf_iter_scx_dsq_next(struct bpf_iter_scx_dsq *it) __ksym;
void bpf_iter_scx_dsq_destroy(struct bpf_iter_scx_dsq *it) __ksym;
int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end) __ksym;
int *bpf_iter_num_next(struct bpf_iter_num *it) __ksym;
void bpf_iter_num_destroy(struct bpf_iter_num *it) __ksym;
const struct cpumask *scx_bpf_get_idle_cpumask(void) __ksym;
const struct cpumask *scx_bpf_get_idle_smtmask(void) __ksym;
void scx_bpf_put_idle_cpumask(const struct cpumask *idle_mask) __ksym;
struct bpf_cpumask *bpf_cpumask_create(void) __ksym;
void bpf_cpumask_release(struct bpf_cpumask *cpumask) __ksym;
void bpf_cpumask_set_cpu(u32 cpu, struct bpf_cpumask *cpumask) __ksym;
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask) __ksym;
bool bpf_cpumask_and(struct bpf_cpumask *dst, const struct cpumask *src1,
		     const struct cpumask *src2) __ksym;
bool bpf_cpumask_intersects(const struct cpumask *src1, const struct cpumask *src2) __ksym;
u32 bpf_cpumask_any_and_distribute(const struct cpumask *src1, const struct cpumask *src2) __ksym;
void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym;

/* 6.12 only; renamed in 6.13. */
void scx_bpf_dispatch___old(struct task_struct *p, u64 dsq_id, u64 slice,
			    u64 enq_flags) __ksym __weak;
void scx_bpf_dispatch_vtime___old(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
				  u64 enq_flags) __ksym __weak;
bool scx_bpf_consume___old(u64 dsq_id) __ksym __weak;
bool scx_bpf_dispatch_from_dsq___old(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
				     u64 enq_flags) __ksym __weak;

/* A struct for each CPU. */
extern const struct rq runqueues __ksym __weak;

/* As long as there is cpu_release, in which alone this one may be called. */
u32 scx_bpf_reenqueue_local___old(void) __ksym __weak;

/* 6.13 to 7.3 at least; the inserts are announced for removal. */
void scx_bpf_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice, u64 enq_flags) __ksym __weak;
void scx_bpf_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice, u64 vtime,
			      u64 enq_flags) __ksym __weak;
bool scx_bpf_dsq_move_to_local(u64 dsq_id) __ksym __weak;
bool scx_bpf_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p, u64 dsq_id,
		      u64 enq_flags) __ksym __weak;

/* 6.15 and newer: the clock of the run queue, cheaper than a hardware clock. */
u64 scx_bpf_now(void) __ksym __weak;

/* 6.19 and newer. */
bool scx_bpf_dsq_insert___v2___new(struct task_struct *p, u64 dsq_id, u64 slice,
				   u64 enq_flags) __ksym __weak;
bool __scx_bpf_dsq_insert_vtime(struct task_struct *p,
				struct scx_bpf_dsq_insert_vtime_args *args) __ksym __weak;
struct task_struct *scx_bpf_dsq_peek(u64 dsq_id) __ksym __weak;
void scx_bpf_reenqueue_local___v2___new(void) __ksym __weak;

/* 7.1 and newer. */
bool scx_bpf_dsq_move_to_local___v2___new(u64 dsq_id, u64 enq_flags) __ksym __weak;

/* Reads of the peeked task are reliable from 7.1 on only. */
#define compat_has_dsq_peek()							\
	(bpf_ksym_exists(scx_bpf_dsq_peek) &&					\
	 bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))

/* Put @p into a FIFO DSQ. Sets its slice. */
static __always_inline void compat_dsq_insert(struct task_struct *p, u64 dsq_id, u64 slice_ns,
					      u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		scx_bpf_dsq_insert___v2___new(p, dsq_id, slice_ns, enq_flags);
	else if (bpf_ksym_exists(scx_bpf_dsq_insert))
		scx_bpf_dsq_insert(p, dsq_id, slice_ns, enq_flags);
	else if (bpf_ksym_exists(scx_bpf_dispatch___old))
		scx_bpf_dispatch___old(p, dsq_id, slice_ns, enq_flags);
}

/* Put @p into a DSQ that is ordered by vtime. Sets its slice and dsq_vtime. */
static __always_inline void compat_dsq_insert_vtime(struct task_struct *p, u64 dsq_id, u64 slice_ns,
						    u64 vtime, u64 enq_flags)
{
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime)) {
		struct scx_bpf_dsq_insert_vtime_args args = {
			.dsq_id = dsq_id,
			.slice = slice_ns,
			.vtime = vtime,
			.enq_flags = enq_flags,
		};

		__scx_bpf_dsq_insert_vtime(p, &args);
	} else if (bpf_ksym_exists(scx_bpf_dsq_insert_vtime)) {
		scx_bpf_dsq_insert_vtime(p, dsq_id, slice_ns, vtime, enq_flags);
	} else if (bpf_ksym_exists(scx_bpf_dispatch_vtime___old)) {
		scx_bpf_dispatch_vtime___old(p, dsq_id, slice_ns, vtime, enq_flags);
	}
}

/* Move the first task of the DSQ that may run here to this CPU's local DSQ. */
static __always_inline bool compat_move_to_local(u64 dsq_id)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))
		return scx_bpf_dsq_move_to_local___v2___new(dsq_id, 0);
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local))
		return scx_bpf_dsq_move_to_local(dsq_id);
	if (bpf_ksym_exists(scx_bpf_consume___old))
		return scx_bpf_consume___old(dsq_id);
	return false;
}

/* Move the task that @it stands at to the end of another DSQ; false if it is gone. */
static __always_inline bool compat_dsq_move(struct bpf_iter_scx_dsq *it, struct task_struct *p,
					    u64 dsq_id, u64 enq_flags)
{
	if (bpf_ksym_exists(scx_bpf_dsq_move))
		return scx_bpf_dsq_move(it, p, dsq_id, enq_flags);
	if (bpf_ksym_exists(scx_bpf_dispatch_from_dsq___old))
		return scx_bpf_dispatch_from_dsq___old(it, p, dsq_id, enq_flags);
	return false;
}

/* Monotonic time in ns; readings on two CPUs may differ a little. */
static __always_inline u64 compat_now(void)
{
	return bpf_ksym_exists(scx_bpf_now) ? scx_bpf_now() : bpf_ktime_get_ns();
}

/* The CPU of @p. Where the kernel keeps that in the task itself, reading it costs less. */
static __always_inline s32 compat_task_cpu(const struct task_struct *p)
{
	return bpf_core_field_exists(p->thread_info.cpu) ? (s32)p->thread_info.cpu :
							   scx_bpf_task_cpu(p);
}

/* How many tasks are in the local DSQ of @cpu. The same: half of what the kfunc costs. */
static __always_inline u32 compat_nr_local(s32 cpu)
{
	const struct rq *rq;

	if (!bpf_ksym_exists(&runqueues) ||
	    !bpf_core_field_exists(struct rq, scx.local_dsq.nr))
		return scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | cpu);
	rq = bpf_per_cpu_ptr(&runqueues, cpu);
	return rq ? rq->scx.local_dsq.nr : 0;
}

/* In cpu_release: give the tasks of this CPU's local DSQ back to enqueue. */
static __always_inline void compat_reenqueue_released(void)
{
	if (bpf_ksym_exists(scx_bpf_reenqueue_local___old))
		scx_bpf_reenqueue_local___old();
}

/*
 * In stopping: the same once this CPU has switched, if it is a real-time or deadline task that
 * takes it. Not up to 6.18.
 */
static __always_inline void compat_reenqueue_if_taken(void)
{
	const struct rq *rq;

	if (!bpf_ksym_exists(scx_bpf_reenqueue_local___v2___new) || !bpf_ksym_exists(&runqueues))
		return;
	rq = bpf_this_cpu_ptr(&runqueues);
	if (rq->rt.rt_nr_running || rq->dl.dl_nr_running)
		scx_bpf_reenqueue_local___v2___new();
}

/* A bit for each enum qumun_feature that is a kfunc and was found. */
static __always_inline u32 compat_features(void)
{
	u32 found = 0;

	if (bpf_ksym_exists(scx_bpf_dsq_insert))
		found |= 1 << QUMUN_FEATURE_DSQ_INSERT;
	if (bpf_ksym_exists(scx_bpf_dsq_insert___v2___new))
		found |= 1 << QUMUN_FEATURE_DSQ_INSERT_V2;
	if (bpf_ksym_exists(__scx_bpf_dsq_insert_vtime))
		found |= 1 << QUMUN_FEATURE_INSERT_VTIME_ARGS;
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local))
		found |= 1 << QUMUN_FEATURE_MOVE_TO_LOCAL;
	if (bpf_ksym_exists(scx_bpf_dsq_move_to_local___v2___new))
		found |= 1 << QUMUN_FEATURE_MOVE_TO_LOCAL_V2;
	if (bpf_ksym_exists(scx_bpf_dsq_move))
		found |= 1 << QUMUN_FEATURE_DSQ_MOVE;
	if (compat_has_dsq_peek())
		found |= 1 << QUMUN_FEATURE_DSQ_PEEK;
	if (bpf_ksym_exists(scx_bpf_reenqueue_local___v2___new))
		found |= 1 << QUMUN_FEATURE_REENQUEUE_LOCAL_V2;
	if (bpf_ksym_exists(scx_bpf_now))
		found |= 1 << QUMUN_FEATURE_NOW;
	return found;
}

#endif /* QUMUN_COMPAT_BPF_H */
