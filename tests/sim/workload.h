/* SPDX-License-Identifier: GPL-2.0-only */
/* What tasks do, and what happens to them. */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include "sim.h"

/**
 * struct program - how a kind of tasks behaves
 *
 * A task computes for a random time of @burst_lo..@burst_hi; then it does one
 * of these, with the chance given in percent, or else goes to sleep for
 * @sleep_lo..@sleep_hi.
 *
 * @compute_pct: just compute on
 * @yield_pct: sched_yield()
 * @fork_pct: make a child that runs @child, or the same program
 * @exit_pct: end; if @heir, a child takes its place first
 * @message_pct: wake up another task of the same group, sync, and then sleep
 * @wake_far_pct: so many of the wakeups come from a CPU that is not the task's own
 * @no_migration_pct: for the next burst and sleep it may not migrate, besides
 * @grid_ns: all times are multiples of it, so that much happens at the same moment
 */
struct program {
	const char *name;
	u64 burst_lo, burst_hi;
	u64 sleep_lo, sleep_hi;
	u32 compute_pct;
	u32 yield_pct;
	u32 fork_pct;
	u32 exit_pct;
	u32 message_pct;
	u32 wake_far_pct;
	u32 no_migration_pct;
	bool heir;
	u64 grid_ns;
	const struct program *child;
};

extern const struct program prog_hog;

/**
 * struct group - a cgroup and its tasks
 * @boost: its weight in the boost map, 0 if it has no entry
 * @dead_ran_ns: what tasks that ended have run
 */
struct group {
	struct css_set css;
	struct cgroup cgroup;
	struct kernfs_node kn;
	u32 boost;
	u32 nr_tasks;
	u64 dead_ran_ns;
	struct task *last;
};

struct group *group_new(struct group *parent, u32 boost);
/** group_ran_ns - CPU time of all its tasks so far, of those that ended too */
u64 group_ran_ns(const struct group *g);

/** nice_weight - p->scx.weight of a nice value, as the kernel computes it */
u32 nice_weight(int nice);
u32 random_nice_weight(int lo, int hi);

/** random_mask - one CPU, a few neighbours, or any; never empty */
struct mask random_mask(void);
struct mask full_mask(void);
struct mask cpu_mask(s32 cpu);

/** spawn - a task that wakes up for the first time within @delay_ns */
struct task *spawn(const struct program *prog, struct group *g, u32 weight,
		   const struct mask *mask, u64 delay_ns);

/**
 * struct chaos - what happens to random tasks and CPUs, in events per second
 * @stop_at: no more from then on
 */
struct chaos {
	u32 renice;
	u32 affinity;
	u32 boost;
	u32 steal;
	u32 rt;
	u64 steal_max_ns;
	struct group **groups;
	u32 nr_groups;
};

void chaos_start(const struct chaos *chaos);
/** workload_stop - all tasks go to sleep at the end of their burst, and stay there */
void workload_stop(void);
/** workload_limit - no forks while there are so many tasks */
void workload_limit(u32 nr);

u32 nr_alive(void);

#endif /* WORKLOAD_H */
