/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A simulated machine under the real BPF programs.
 *
 * bpf/scx_qumun.bpf.c is compiled for the host (policy.c), and what it calls is
 * sched_ext as Linux 6.18 has it, written anew in a few hundred lines: the same
 * callbacks in the same order. Time is virtual; one event is handled at a time,
 * so that a seed always gives the same run.
 *
 *	engine.c	the queue of events
 *	dsq.c		dispatch queues and their kfuncs
 *	idle.c		idle CPUs and their kfuncs, and those of masks
 *	placement.c	the lists of CPUs, from src/placement.c; and which CPU is right
 *	maps.c		BPF maps
 *	kernel.c	what the kernel does with tasks and CPUs
 *	policy.c	the BPF programs, and the one look at their inside
 *	workload.c	what tasks do: compute, sleep, yield, fork, end
 *	fair.c		what each task would get from a perfect scheduler
 *	check.c		what must be true at any time
 *	cases.c		scenarios, and what each of them must show
 *	main.c		options, one process for each run, TAP
 */
#ifndef SIM_H
#define SIM_H

/* First: it declares bool and the kernel's integers, and would clash with stdbool.h before it. */
#include "vmlinux.h"

#include <stdint.h>
#include <stddef.h>
#include <sys/queue.h>

/* tree.h expects it from a BSD <sys/cdefs.h>. */
#define __unused __attribute__((unused))
#include <bsd/sys/tree.h>

#define NSEC_PER_USEC	1000ULL
#define NSEC_PER_MSEC	1000000ULL
#define NSEC_PER_SEC	1000000000ULL

#define NR_CPUS_MAX	1024
#define TICK_NS		(4 * NSEC_PER_MSEC)
#define NR_STORAGES	4

/* Kernel constants that the BPF side does not use. */
#define TASK_INTERRUPTIBLE	1
#define TASK_DEAD		0x80
#define TASK_WAKING		0x200
#define PF_EXITING		0x4
#define SCX_ENQ_WAKEUP		1ULL
#define SCX_ENQ_CPU_SELECTED	(1ULL << 20)
#define SCX_ENQ_HEAD		(1ULL << 16)
#define SCX_WAKE_FORK		4
#define SCX_SLICE_DFL		(20 * NSEC_PER_MSEC)
#define SCX_DSQ_INVALID		(1ULL << 63)
#define SCX_KICK_PREEMPT	2ULL
#define SCX_PICK_IDLE_CORE	1ULL

/* --- failing and chance (main.c) --- */

/** fail - a property does not hold: say which, with the virtual time, and end this run */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *fmt, ...);

/** note - a line of diagnosis in the TAP output, with --verbose only */
__attribute__((format(printf, 1, 2))) void note(const char *fmt, ...);

/** tracing - every step of every task is to be printed; --verbose twice */
extern bool tracing;

/* With the virtual time; costs next to nothing unless it is asked for. */
#define trace(fmt, ...)								\
do {										\
	if (__builtin_expect(tracing, 0))					\
		note("%.6f " fmt, (sim_now() - NSEC_PER_SEC) / 1e9, ##__VA_ARGS__); \
} while (0)

u64 rnd(void);
/** rnd_in - uniform in @lo..@hi */
u64 rnd_in(u64 lo, u64 hi);
/** rnd_log - in @lo..@hi, each order of magnitude as likely as another */
u64 rnd_log(u64 lo, u64 hi);
/** rnd_percent - true in @percent of all calls */
bool rnd_percent(u32 percent);

/* --- events (engine.c) --- */

/**
 * struct event - something that will happen; embedded in a CPU or a task
 * @time: when
 * @seq: order among those at the same time
 * @pos: place in the heap, 0 if it is not queued
 * @fn: what happens; finds its object with container_of()
 */
struct event {
	u64 time;
	u64 seq;
	u32 pos;
	void (*fn)(struct event *ev);
};

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/** event_at - queue it, or move it, to @time */
void event_at(struct event *ev, u64 time);
void event_cancel(struct event *ev);
/** engine_run - let things happen until virtual time @until */
void engine_run(u64 until);

/** sim_now - virtual time in ns; does not start at 0 */
u64 sim_now(void);

/* --- tasks and CPUs (kernel.c) --- */

/** struct mask - a cpumask long enough for the largest machine; the BPF side sees its start */
struct mask {
	u64 bits[NR_CPUS_MAX / 64];
};

static inline bool mask_test(const struct mask *m, s32 cpu)
{
	return m->bits[cpu / 64] >> (cpu % 64) & 1;
}

static inline void mask_set(struct mask *m, s32 cpu)
{
	m->bits[cpu / 64] |= 1ULL << (cpu % 64);
}

static inline void mask_clear(struct mask *m, s32 cpu)
{
	m->bits[cpu / 64] &= ~(1ULL << (cpu % 64));
}

u32 mask_weight(const struct mask *m);
/** mask_next - the first CPU of both masks from @cpu on, or -1 */
s32 mask_next(const struct mask *a, const struct mask *b, s32 cpu);
bool mask_intersects(const struct mask *a, const struct mask *b);
void mask_fill(struct mask *m, u32 nr_cpus);

struct task;
TAILQ_HEAD(task_list, task);
RB_HEAD(task_tree, task);

/**
 * struct dsq - a dispatch queue
 * @list: its tasks in order, for FIFO and vtime queues alike, as the kernel has it
 * @tree: those inserted by vtime
 */
struct dsq {
	u64 id;
	u32 nr;
	struct task_list list;
	struct task_tree tree;
};

struct group;

/**
 * struct task - a task
 * @p: what the BPF side sees of it
 * @cpu: whose run queue it is on
 * @curr: it is the one that runs there
 * @dsq: where it waits, NULL if it does not
 * @ddsp_dsq_id: where select_cpu or enqueue has inserted it; moved there afterwards
 * @wait_since: since when it wants to run and does not, 0 if that is not so
 * @ddsp_slice: likewise its slice; and so on
 * @inserted_at: when it came into the queue that it waits in
 * @mask: what @p.cpus_ptr points to; @here, while it may not migrate
 * @wakeup: second half of its wakeup, which @waker_cpu does
 * @ran_ns: CPU time that it has had
 * @burst_left: CPU time to its next act
 * @end_of_burst: what it does then, in the context of its CPU
 * @wait_max: the longest wait in this run
 */
struct task {
	struct task_struct p;
	s32 cpu;
	bool curr;
	bool alive;
	bool rt;
	struct dsq *dsq;
	bool on_tree;
	u64 dsq_seq;
	TAILQ_ENTRY(task) dsq_link;
	RB_ENTRY(task) tree_link;
	u64 ddsp_dsq_id;
	u64 ddsp_slice;
	u64 ddsp_vtime;
	u64 ddsp_flags;
	bool ddsp_by_vtime;
	u64 wait_since;
	u64 inserted_at;
	void *storage[NR_STORAGES];
	struct mask mask;
	struct mask here;
	struct event timer;
	struct event wakeup;
	s32 waker_cpu;
	u64 ran_ns;
	u64 uncharged_ns;
	u64 burst_left;
	void (*end_of_burst)(struct task *t);

	/* The workload's. */
	const struct program *prog;
	struct group *group;
	u32 index;
	u64 counted_ns;
	u64 wait_max;
	double fair;
};

/**
 * struct cpu - a CPU
 * @curr: who runs, NULL if it is idle
 * @rt_busy: a real-time task has it
 * @exec_start: up to when @curr has been charged
 */
struct cpu {
	s32 id;
	struct task *curr;
	struct dsq local;
	bool rt_busy;
	bool reenqueue;
	bool going_idle;
	u64 exec_start;
	u64 idle_since;
	struct event tick;
	struct event burst;
	struct event resched;
	struct event idle;
	struct event rt;
};

/**
 * struct machine - what is simulated
 * @smt: CPUs in a core, 1 or 2
 * @llc_cpus: CPUs that share a last-level cache
 * @global_queue: one queue for all of them, with --dsq=global
 * @node_cpus: CPUs in a NUMA node, a multiple of it; 0: there is one node
 * @fast_cpus: the first so many are of a faster kind; 0: all are equal
 * @old_kernel: as 6.12 and 6.18: no dsq_peek and their like
 * @ipi_ns: until another CPU follows a request to reschedule, at most
 * @idle_race_ns: how long a CPU that found nothing takes to be seen as idle, at most
 * @wake_race_ns: how long a wakeup takes from select_cpu to enqueue, at most
 * @switch_ns: CPU time that a switch takes away from everybody
 * @ticks_aligned: do all CPUs tick at the same time?
 */
struct machine {
	u32 nr_cpus;
	u32 smt;
	u32 llc_cpus;
	bool global_queue;
	u32 node_cpus;
	u32 fast_cpus;
	bool old_kernel;
	u64 ipi_ns;
	u64 idle_race_ns;
	u64 wake_race_ns;
	u64 switch_ns;
	bool ticks_aligned;
	u64 watchdog_ns;
};

/* Faults that a test switches on, to prove that a property would notice. */
enum mutation {
	MUT_NONE,
	/* dispatch does not see that prev is still runnable */
	MUT_PREV_IGNORED,
	/* vtime queues compare without regard to the wrap */
	MUT_VTIME_NO_WRAP,
	/* kicks get lost */
	MUT_KICKS_LOST,
	/* configuration: nobody is rescued */
	MUT_NO_RESCUE,
	/* configuration: sleepers keep all they have not used */
	MUT_LONG_LAG,
	/* a task that slept is as good as new */
	MUT_SLEEP_FORGIVES,
	/* a forked task is nobody's child */
	MUT_FORK_UNSEEN,
	/* a run is charged at ticks only; what it had since the last one is free */
	MUT_CHARGE_LOST,
	/* what tasks have had changes, and their clock does not see it */
	MUT_CLOCK_SKEWED,
	/* configuration: nobody is fetched from another LLC, unless a CPU has nothing to do */
	MUT_FAR_IGNORED,
	/* a cgroup has a boost that the scenario does not know of */
	MUT_BOOST_UNSEEN,
	/* lists of CPUs: the last group is missing */
	MUT_TIERS_CUT,
	/* lists of CPUs: there is no primary domain, and all are equally fast */
	MUT_TIERS_FLAT,
	/* lists of CPUs: each CPU has those of another LLC */
	MUT_TIERS_MOVED,
	/* the kernel keeps the only task of a CPU there, whatever dispatch says */
	MUT_LAST_KEPT,
	/* what is in the local queue of a CPU that a real-time task takes stays there */
	MUT_LOCAL_KEPT,
	MUT_NR,
};

extern struct machine machine;
extern struct cpu cpus[NR_CPUS_MAX];
extern struct task **tasks;
extern u32 nr_tasks;
extern enum mutation mutation;

/** kernel_start - boot @m and load the scheduler */
void kernel_start(const struct machine *m);

/** task_new - a task that sleeps; @parent is the one that forks it, running, or NULL */
struct task *task_new(struct task *parent, u32 nice_weight, const struct mask *mask,
		      struct css_set *css);

/* --- placement (placement.c) --- */

struct placement_wishes;
struct qumun_config;
/** placement_set - give the policy its lists of CPUs for @m; before kernel_start() */
void placement_set(const struct machine *m, const struct placement_wishes *wishes,
		   struct qumun_config *config);
/** placement_watch - from now on fail if a task that wakes up gets another CPU than it should */
void placement_watch(void);
/** placement_settled - fail if a task that runs could run at a better CPU, which is idle */
void placement_settled(void);
/** placement_seen - select_cpu has chosen @cpu; what was idle before is given */
void placement_seen(struct task *t, s32 prev_cpu, s32 cpu, const struct mask *idle,
		    const struct mask *whole_cores);

/* What happens to tasks. The waker is whoever runs on @waker_cpu. */
void task_wake(struct task *t, s32 waker_cpu, bool sync);
void task_wake_new(struct task *t, s32 waker_cpu);

/* What a running task does; only from its end_of_burst. */
void task_sleep(struct task *t);
void task_exit(struct task *t);
void task_yield(struct task *t);
/** task_disable_migration - stay on this CPU, also while asleep, or no longer */
void task_disable_migration(struct task *t, bool disable);

/* What others do to it, whatever it does. */
void task_set_mask(struct task *t, const struct mask *mask);
void task_set_weight(struct task *t, u32 nice_weight);
/** task_set_rt - it becomes a real-time task or comes back; only while it sleeps */
void task_set_rt(struct task *t, bool rt);
/** cpu_steal - a real-time task takes @cpu for @duration_ns */
void cpu_steal(s32 cpu, u64 duration_ns);

/** task_ran_ns - CPU time that it has had up to now */
u64 task_ran_ns(const struct task *t);

/* Between the two halves of a wakeup; nobody else can change it. */
static inline bool task_is_waking(const struct task *t)
{
	return t->wakeup.pos;
}

static inline bool task_is_runnable(const struct task *t)
{
	return t->p.scx.flags & SCX_TASK_QUEUED;
}

static inline struct task *task_of(const struct task_struct *p)
{
	return (struct task *)p;
}

/* For the kfuncs: whose turn it is, and in which callback we are. */
enum op {
	OP_NONE,
	OP_SELECT_CPU,
	OP_ENQUEUE,
	OP_DISPATCH,
	OP_OTHER,
};

extern enum op current_op;
extern struct task *current_op_task;
extern s32 this_cpu;

void resched_cpu(s32 cpu);
/** local_move - take @t from the queue it waits in to the end of @cpu's local one */
void local_move(struct task *t, s32 cpu);
bool task_can_run_on(const struct task *t, s32 cpu);

/* --- queues (dsq.c) --- */

void dsq_init(struct dsq *dsq, u64 id);
void dsq_insert(struct dsq *dsq, struct task *t, bool by_vtime, bool head);
void dsq_remove(struct task *t);
/** dsq_find - a queue that the BPF side has made; fails if there is none */
struct dsq *dsq_find(u64 id);
struct dsq *dsq_global(void);
/** dsq_nth - all queues that the BPF side has made, and the global one; NULL after the last */
struct dsq *dsq_nth(u32 n);

/* --- idle CPUs (idle.c) --- */

void idle_init(void);
void idle_set(s32 cpu, bool idle);
bool idle_test(s32 cpu);
/** idle_look - the CPUs that are idle, and those of cores that are so as a whole */
void idle_look(struct mask *idle, struct mask *whole_cores);

/* --- the inside of the policy (policy.c) --- */

/**
 * struct policy_view - what the policy knows of a task; all zero if it knows nothing
 * @domain: the clock that it counts in
 * @class: enum qumun_class
 * @runs_long: a whole core is worth more to it than a warm cache
 */
struct policy_view {
	u64 vruntime;
	u32 weight;
	bool joined;
	u32 domain;
	u32 class;
	bool runs_long;
};

struct clock_view {
	u64 now;
	u64 avg;
	u64 weight;
};

struct qumun_tiers;
void policy_configure(const struct qumun_config *config);
/** policy_place - tell it which CPUs share a queue */
void policy_place(void);
const struct sched_ext_ops *policy_ops(void);
/** policy_enq_last - SCX_OPS_ENQ_LAST is set, as src/loader.c would */
bool policy_enq_last(void);
struct policy_view policy_view_task(struct task *t);
u32 policy_nr_domains(void);
struct clock_view policy_view_clock(u32 domain);
/* Rows of the maps that the loader fills. */
void policy_set_tier_bits(u32 row, u64 bits);
void policy_set_llc_tiers(u32 llc, const struct qumun_tiers *tiers);
void policy_set_cpu_tiers(u32 cpu, u32 llc);
/** policy_set_clock - let all clocks start at @now; before there are tasks */
void policy_set_clock(u64 now);
/** policy_boost - give a cgroup a weight, 1024 for normal; 0 takes it away */
void policy_boost(u64 cgroup_id, u32 weight);
u64 policy_stat(u32 stat);
/** policy_skew - change what a task has had, unseen by its clock */
void policy_skew(struct task *t);

#endif /* SIM_H */
