/* SPDX-License-Identifier: GPL-2.0-only */
/* What is remembered of a task and of a queue, and how to find it. */
#ifndef QUMUN_CTX_BPF_H
#define QUMUN_CTX_BPF_H

/*
 * Queues: one DSQ for the CPUs of each last-level cache, and one for each CPU with the tasks
 * that may run nowhere else. Their ids must have bit 63 clear and not collide.
 */
#define DSQ_LLC(llc)		((1ULL << 32) | (u32)(llc))
#define DSQ_CPU(cpu)		((u64)(u32)(cpu))

/* task_ctx.queue: none, that of an LLC, or that of a CPU. */
#define QUEUE_NONE		0
#define QUEUE_LLC(llc)		(-1 - (s32)(llc))
#define QUEUE_CPU(cpu)		(1 + (s32)(cpu))

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
 * @called: it was woken up by a message last
 * @sends: it woke others up by sync wakeups when it ran last
 * @was_rescued: when it waited last, it was for so long that it must have been rescued
 * @was_shared: somebody else ran on its core at the end of its last slice
 * @moved: it may use other CPUs than before, see level_settle()
 * @confined: there are CPUs that it may not use
 * @beside_ahead: if @moved, how far that beside which it stood was ahead of the clock; else,
 *	that beside which it was put when that happened last
 * @beside_cpu: the CPU of that time
 * @beside_ns: when that was
 * @lowered_ns: how much of its @vruntime it owes to CPUs that are behind, see level_return()
 * @boost_read: jiffy in which @boost was looked up
 * @boost: factor on its weight, in 1/1024
 * @weight: nice weight × boost, the one it has joined the clock with
 * @llc: whose clock it counts in, if it has joined
 * @joined: it runs or waits, and counts in a clock
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
	u64 beside_ahead;
	u64 beside_ns;
	u64 lowered_ns;
	u32 boost;
	u32 weight;
	s32 queue;
	s32 beside_cpu;
	u32 sync_trust;
	u32 llc;
	bool joined;
	bool yielded;
	bool called;
	bool sends;
	bool was_shared;
	bool was_rescued;
	bool moved;
	bool confined;
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
 * struct domain - the CPUs that share a last-level cache, and their tasks
 * @lock: held for the few instructions that change @clock
 * @nr_cpus: CPUs that are online
 * @clock: see struct qm_clock. All clocks count on the same scale: a vruntime means the same
 *	everywhere, and a task that moves takes it along. That there are several is for
 *	speed only, so that CPUs far apart do not wait for one lock.
 * @jumped: by how much the clock was thrown forward so far, see policy_settle()
 * @raised: with several clocks: what threw it forward since they were merged, Σ w·v
 * @computed_ns: when somebody last ran here who had not slept for long, see policy_limit_credit()
 * @nr_waiting: tasks in the common queue; never less than there are, see queue_count().
 *	CPUs of other domains read it: it shares no cache line with what changes at each
 *	switch. (A map keeps 8 bytes of alignment, no more: so twice the distance.)
 */
struct domain {
	struct bpf_spin_lock lock;
	u32 nr_cpus;
	struct qm_clock clock;
	u64 jumped;
	s64 raised;
	u64 computed_ns;
	u32 nr_waiting __attribute__((aligned(128)));
};

/* As many rows as there are LLCs: src/loader.c sees to that, here and below. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct domain);
} domains SEC(".maps");

static __always_inline struct domain *domain_of(u32 llc)
{
	return bpf_map_lookup_elem(&domains, &llc);
}

/* When what all clocks are together was computed last, if there are several. */
static u64 clock_updated_ns;

/*
 * How often, at most; more LLCs are more work, and so looked at less often. In this time a
 * nice-0 task runs for less than anything that is decided by the clock, a slice or the
 * credit of a sleeper.
 */
#define CLOCK_UPDATE_NS		(250000ULL * (1 + config.nr_llcs / 16))

/*
 * Now and then: compute what all domains are together. One CPU does it, whoever comes
 * first. If that one is held up for long, the next one is not, and the clock may go back by what
 * it has gone on since; it is right again a moment later.
 */
__noinline int clock_merge(u64 now_ns)
{
	u64 updated_ns = clock_updated_ns;
	struct domain *dom = domain_of(0);
	struct qm_merge merge = {};
	u64 avg, weight, now, jump;
	s64 raised = 0;
	u32 llc;

	if (!dom || qm_elapsed(updated_ns, now_ns) < CLOCK_UPDATE_NS ||
	    __sync_val_compare_and_swap(&clock_updated_ns, updated_ns, now_ns) != updated_ns)
		return 0;
	merge.ref = dom->clock.now;
	bpf_for(llc, 0, config.nr_llcs) {
		dom = domain_of(llc);
		if (!dom)
			break;
		/* Both at one time: a heavy task that joins changes one before the other. */
		bpf_spin_lock(&dom->lock);
		avg = dom->clock.avg;
		weight = dom->clock.weight;
		raised += dom->raised;
		dom->raised = 0;
		bpf_spin_unlock(&dom->lock);
		qm_merge_add(&merge, avg, weight);
	}
	now = qm_later(merge.ref, qm_merge_avg(&merge));
	merge.sum -= raised;
	jump = qm_elapsed(qm_later(merge.ref, qm_merge_avg(&merge)), now);
	bpf_for(llc, 0, config.nr_llcs) {
		dom = domain_of(llc);
		if (!dom)
			break;
		dom->clock.now = now;
		dom->jumped += jump;
	}
	return 0;
}

static __always_inline void clock_update(u64 now_ns)
{
	if (config.nr_llcs > 1)
		clock_merge(now_ns);
}

/* The clock V: the weighted average of all tasks that run or wait; it does not go back. */
static __always_inline u64 clock_now(const struct domain *dom)
{
	return dom->clock.now;
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
 * @level_ahead: how far those who want this CPU are ahead of the clock, see level.bpf.h;
 *	negative: behind
 * @level_jumped: how far the clock had been thrown forward by then
 * @level_is_far: by more than may be chance
 * @level_ns: when that was seen last; 0: nobody waits
 * @level_weight: how heavy those are, the heaviest one of late
 * @rescue_check_ns: when its queues are searched next for tasks to rescue
 * @nr_waiting: tasks in the CPU's own queue, as in struct domain
 * @bypasses: tasks that were put past the queues since the last dispatch
 * @turn: counts dispatches that could not tell which queue comes first
 * @llc: whose queue it serves
 * @next_cpu: see struct qumun_cpu_place
 * @next_sibling: likewise
 * @better_cpu: number, plus one, of a CPU that was claimed for the task that runs here
 * @is_released: cpu_release is giving its tasks back to enqueue
 * @far_check_ns: when it looks next into the queue of another LLC
 * @far_turn: into which one
 * @far_empty: how many looks in a row have found nobody there who could run here
 *
 * Written by the CPU itself and read by others without a lock: whoever reads a
 * mixture preempts a task that it should have spared, or the other way round.
 * A taker clears @start_ns, so that the next one looks elsewhere. @nr_waiting is changed
 * by all, atomically; @bypasses by all, and it does not matter if one gets lost.
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
	bool level_is_far;
	u64 level_ahead;
	u64 level_jumped;
	u64 level_ns;
	u32 level_weight;
	u64 rescue_check_ns;
	u32 nr_waiting;
	u32 bypasses;
	u32 turn;
	u32 llc;
	u32 next_cpu;
	u32 next_sibling;
	u32 better_cpu;
	bool is_released;
	u64 far_check_ns;
	u32 far_turn;
	u32 far_empty;
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

/* The domain of a CPU. With one LLC, and that is most machines, there is nothing to look up. */
static __always_inline struct domain *domain_at(const struct cpu_run *run)
{
	return domain_of(config.nr_llcs > 1 ? run->llc : 0);
}

/* The shape of the machine, see include/qumun.h; src/loader.c fills these in before we start. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct qumun_cpu_place);
} cpu_places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct qumun_llc_place);
} llc_places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_RDONLY_PROG);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} llc_order SEC(".maps");

/* The LLC that is @nth in distance from @llc; itself for 0. */
static u32 nth_llc(u32 llc, u32 nth)
{
	u32 key = llc * config.nr_llcs + nth;
	u32 *found = bpf_map_lookup_elem(&llc_order, &key);

	return found ? *found : llc;
}

/* A kernel thread that serves one CPU: kworker, ksoftirqd and their like. */
static __always_inline bool is_percpu_kthread(const struct task_struct *p)
{
	return (p->flags & PF_KTHREAD) && p->nr_cpus_allowed == 1;
}

/*
 * May @p run on its CPU only? Either it is bound to it, or it is inside a
 * section that may not migrate. The BPF trampoline of most kernels makes
 * *current* such a task while we run, twice in an enqueue within cpu_release;
 * that does not count. Where it is wrong the task is queued for all CPUs, and
 * the kernel finds the right one.
 */
static __always_inline bool is_pinned(const struct cpu_run *run, const struct task_struct *p)
{
	bool is_current = (u64)bpf_get_current_task() == (u64)p;

	return p->nr_cpus_allowed == 1 ||
	       p->migration_disabled > (is_current ? 1 + run->is_released : 0);
}

#endif /* QUMUN_CTX_BPF_H */
