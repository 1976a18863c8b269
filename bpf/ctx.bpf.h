/* SPDX-License-Identifier: GPL-2.0-only */
/* What is remembered of a task and of a queue, and how to find it. */
#ifndef QUMUN_CTX_BPF_H
#define QUMUN_CTX_BPF_H

/*
 * Queues: one DSQ for all CPUs, and one for each CPU with the tasks that may
 * run nowhere else. Their ids must have bit 63 clear and not collide.
 */
#define DSQ_SHARED		(1ULL << 32)
#define DSQ_CPU(cpu)		((u64)(cpu))

/* task_ctx.queue: none, the common one, or that of a CPU: QUEUE_CPU + its number. */
#define QUEUE_NONE		0
#define QUEUE_SHARED		1
#define QUEUE_CPU		2

/**
 * struct task_ctx - a task, as the policy sees it
 * @vruntime: what it has had, in ns of a nice-0 task
 * @exec_start_ns: its sum_exec_runtime up to which @vruntime is charged
 * @awake_ns: CPU time that it has used since it slept last
 * @burst_ns: CPU time that it usually uses before it sleeps, see qm_burst()
 * @queued_ns: since when it waits in DSQs, 0 when it does not; putting it into
 *	another one, as a change of its affinity does, is no new wait
 * @queue: in which queue it is counted, see QUEUE_*
 * @sync_trust: how often of late it slept at once after a sync wakeup, 0..SYNC_TRUST_MAX
 * @sends: it woke others up by sync wakeups when it ran last
 * @boost_read: jiffy in which @boost was looked up
 * @boost: factor on its weight, in 1/1024
 * @weight: nice weight × boost, the one it has joined the clock with
 * @joined: it runs or waits, and counts in the clock
 * @yielded: it runs, and would let the first one in the queue pass
 *
 * Written under the lock of the task's run queue only.
 */
struct task_ctx {
	u64 vruntime;
	u64 exec_start_ns;
	u64 awake_ns;
	u64 burst_ns;
	u64 queued_ns;
	u64 boost_read;
	u32 boost;
	u32 weight;
	s32 queue;
	u32 sync_trust;
	bool joined;
	bool yielded;
	bool sends;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_ctx);
} task_ctxs SEC(".maps");

/*
 * The context of @p. Made in init_task, so that no callback on the scheduling
 * path allocates; NULL only when that allocation failed.
 */
static __always_inline struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&task_ctxs, p, 0, 0);
}

/**
 * struct domain - the tasks that share a clock: all of them, for now
 * @lock: held for the few instructions that change @clock
 * @nr_waiting: tasks in the common queue; never less than there are, see queue_count()
 * @clock: see struct qm_clock
 */
struct domain {
	struct bpf_spin_lock lock;
	u32 nr_waiting;
	struct qm_clock clock;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct domain);
} domains SEC(".maps");

static __always_inline struct domain *domain(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&domains, &zero);
}

/**
 * struct cpu_run - who runs on a CPU, for those who think of taking it over
 * @start_ns: when it began; 0 when there is nobody who could be preempted
 * @vruntime: its vruntime at that time
 * @awake_ns: its CPU time since it slept, at that time
 * @burst_ns: how long it usually runs, see struct task_ctx
 * @weight: its weight
 * @boost: its boost, in 1/1024
 * @sync_trust: see struct task_ctx
 * @sends: see struct task_ctx
 * @sync_ns: when it first said, by a sync wakeup, that it is about to sleep; or 0
 * @rescue_check_ns: when its queues are searched next for tasks to rescue
 * @nr_waiting: tasks in the CPU's own queue, as in struct domain
 * @turn: counts dispatches that could not tell which queue comes first
 *
 * Written by the CPU itself and read by others without a lock: whoever reads a
 * mixture preempts a task that it should have spared, or the other way round.
 * A taker clears @start_ns, so that the next one looks elsewhere.
 */
struct cpu_run {
	u64 start_ns;
	u64 vruntime;
	u64 awake_ns;
	u64 burst_ns;
	u32 weight;
	u32 boost;
	u64 sync_ns;
	u32 sync_trust;
	bool sends;
	u64 rescue_check_ns;
	u32 nr_waiting;
	u32 turn;
} __attribute__((aligned(64)));

/* As many rows as there are CPU numbers: src/loader.c sees to that. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_run);
} cpu_runs SEC(".maps");

static __always_inline struct cpu_run *cpu_run(s32 cpu)
{
	u32 key = cpu;

	return bpf_map_lookup_elem(&cpu_runs, &key);
}

/* A kernel thread that serves one CPU: kworker, ksoftirqd and their like. */
static __always_inline bool is_percpu_kthread(const struct task_struct *p)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1;
}

/*
 * May @p run on its CPU only? Either it is bound to it, or it is inside a
 * section that may not migrate. The BPF trampoline of most kernels makes
 * *current* such a task while we run; that one does not count. Where that is
 * wrong the task is queued for all CPUs, and the kernel finds the right one.
 */
static __always_inline bool is_pinned(const struct task_struct *p)
{
	if (p->nr_cpus_allowed == 1)
		return true;
	if (p->migration_disabled == 1)
		return (u64)bpf_get_current_task() != (u64)p;
	return p->migration_disabled;
}

#endif /* QUMUN_CTX_BPF_H */
