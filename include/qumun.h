/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What crosses the border between the BPF programs and user space: the
 * configuration, the boost map, counters, events. Fixed-size types only.
 */
#ifndef QUMUN_H
#define QUMUN_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#include "qumun_stats.h"

/* Name in /sys/kernel/sched_ext/root/ops. */
#define QUMUN_OPS_NAME		"scx_qumun"

/*
 * The boost map, pinned as /sys/fs/bpf/scx_qumun/high_prio_cgroups:
 * cgroup id (u64, the inode number of its directory) → struct qumun_boost.
 * The entry of the nearest ancestor counts, the task's own cgroup first.
 */
#define QUMUN_BOOST_MAP_NAME	"high_prio_cgroups"
#define QUMUN_BOOST_MAP_MAX	4096
#define QUMUN_BOOST_VERSION	1
#define QUMUN_BOOST_WEIGHT_MIN	64
#define QUMUN_BOOST_WEIGHT_NORMAL 1024
#define QUMUN_BOOST_WEIGHT_DEFAULT 4096
#define QUMUN_BOOST_WEIGHT_MAX	16384

/**
 * struct qumun_boost - value of the boost map
 * @weight: factor on the weight of every task below the cgroup, in 1/1024;
 *	64..16384. BPF clamps what lies outside; 0 makes the entry invalid.
 * @version: QUMUN_BOOST_VERSION; an entry with another one is ignored.
 * @reserved: 0; an entry with anything else is ignored.
 */
struct qumun_boost {
	__u32 weight;
	__u16 version;
	__u16 reserved;
};

/* Boosted processes with their children, at the same time. */
#define QUMUN_TREES_MAX		64

/**
 * struct qumun_tree - one of them; its place in the table is what its tasks remember
 * @weight: as in struct qumun_boost; 0 when there is none
 * @generation: of this place; changes when another process gets it
 */
struct qumun_tree {
	__u32 weight;
	__u32 generation;
};

/* What a task remembers of its boosted ancestor. */
struct qumun_tree_task {
	__u32 tree;
	__u32 generation;
};

/* Levels of cgroups above a task that are looked at, itself included. */
#define QUMUN_CGROUP_DEPTH_MAX	64

/**
 * struct qumun_config - read-only configuration, set before the load
 * @slice_max_ns: longest slice
 * @slice_min_ns: shortest slice
 * @lag_ns: how far behind the clock a task may be when it wakes up
 * @far_margin_ns: how far the first task of another LLC must be behind to be fetched, in
 *	vruntime; 0 where there is one LLC only
 * @rescue_ns: who has waited longer runs next, whatever it is owed
 * @wait_alarm_ns: waits beyond this are counted as late
 * @nr_llcs: queues for tasks that may run on several CPUs, one for each last-level cache
 * @nr_possible: CPUs that may ever be online; a task that may use so many may use all
 * @nr_online: CPUs that are; a task that may use fewer is confined, see bpf/level.bpf.h
 * @nr_masks: rows of the map tier_masks
 * @own_tiers: idle CPUs are searched by tiers, see bpf/idle.bpf.h; else the kernel does it
 * @smt: whole cores come first
 * @ignore_smt: there is SMT, and it shall not matter
 * @moves: some CPUs are better than others, so that a task may move while it runs
 * @no_preempt: a task that wakes up takes nobody's CPU
 */
struct qumun_config {
	__u64 slice_max_ns;
	__u64 slice_min_ns;
	__u64 lag_ns;
	__u64 far_margin_ns;
	__u64 rescue_ns;
	__u64 wait_alarm_ns;
	__u32 nr_llcs;
	__u32 nr_possible;
	__u32 nr_online;
	__u32 nr_masks;
	__u8 own_tiers;
	__u8 smt;
	__u8 ignore_smt;
	__u8 moves;
	__u8 no_preempt;
};

/**
 * enum qumun_class - for whom an idle CPU is searched
 * @QUMUN_CLASS_ORDINARY: who runs for long and is not boosted
 * @QUMUN_CLASS_BRIEF: who usually runs for a moment only, and whom somebody waits for
 * @QUMUN_CLASS_BOOSTED: who is boosted
 */
enum qumun_class {
	QUMUN_CLASS_ORDINARY,
	QUMUN_CLASS_BRIEF,
	QUMUN_CLASS_BOOSTED,
	QUMUN_NR_CLASSES,
};

/* The LLC, its node, all. */
#define QUMUN_TIERS_MAX		3
/* The primary domain by two steps of speed, the rest of it, the rest of the machine. */
#define QUMUN_TIER_GROUPS_MAX	4

/**
 * struct qumun_tier_group - CPUs that are equally welcome, nearest first
 * @nr: rows of @masks; 0 behind the last group
 * @masks: rows of the map tier_masks
 */
struct qumun_tier_group {
	__u32 nr;
	__u32 masks[QUMUN_TIERS_MAX];
};

/**
 * struct qumun_tiers - where tasks go that ran in one LLC last
 * @groups: by enum qumun_class, best first; all together they cover all CPUs
 */
struct qumun_tiers {
	struct qumun_tier_group groups[QUMUN_NR_CLASSES][QUMUN_TIER_GROUPS_MAX];
};

/*
 * The shape of the machine, as far as queues go; in maps that are filled before the
 * scheduler starts. "LLC" is a set of CPUs that share a queue: those of a last-level
 * cache, or all.
 */

/**
 * struct qumun_cpu_place - row of "cpu_places", by CPU number
 * @llc: whose queue it serves, 0..nr_llcs-1
 * @next_cpu: the next CPU of the same LLC; after the last one, the first
 * @next_sibling: the next CPU of the same core, likewise; itself where there is no SMT
 */
struct qumun_cpu_place {
	__u32 llc;
	__u32 next_cpu;
	__u32 next_sibling;
};

/**
 * struct qumun_llc_place - row of "llc_places", by number of the LLC
 * @first_cpu: one of its CPUs
 * @nr_cpus: how many of them are online
 */
struct qumun_llc_place {
	__u32 first_cpu;
	__u32 nr_cpus;
};

/*
 * "llc_order": for each LLC all of them, nearest first, itself at the very beginning; LLC i
 * of @llc is row @llc * nr_llcs + i, an __u32.
 */

enum qumun_stat {
#define X(name, label, help) QUMUN_STAT_##name,
	QUMUN_STATS(X)
#undef X
	QUMUN_NR_STATS,
};

/* What one CPU has counted since the load, by enum qumun_stat. */
struct qumun_cpu_stats {
	__u64 counters[QUMUN_NR_STATS];
};

/* Optional kernel features that the loaded object found, a bit each. */
#define QUMUN_FEATURES(X)							\
	X(DSQ_INSERT,		"dsq_insert")					\
	X(DSQ_INSERT_V2,	"dsq_insert_v2")				\
	X(INSERT_VTIME_ARGS,	"insert_vtime_args")				\
	X(MOVE_TO_LOCAL,	"move_to_local")				\
	X(MOVE_TO_LOCAL_V2,	"move_to_local_v2")				\
	X(DSQ_MOVE,		"dsq_move")					\
	X(DSQ_PEEK,		"dsq_peek")					\
	X(REENQUEUE_LOCAL_V2,	"reenqueue_local_v2")				\
	X(CPU_RELEASE,		"cpu_release")					\
	X(NOW,			"now")						\
	X(ENQ_MIGRATION_DISABLED, "enq_migration_disabled")

enum qumun_feature {
#define X(name, label) QUMUN_FEATURE_##name,
	QUMUN_FEATURES(X)
#undef X
	QUMUN_NR_FEATURES,
};

/* What the kernel said when the scheduler ended; kind 0 while it runs. */
#define QUMUN_REASON_LEN	128
#define QUMUN_MSG_LEN		1024

struct qumun_exit_info {
	__s32 kind;
	__u32 reserved;
	__s64 code;
	char reason[QUMUN_REASON_LEN];
	char msg[QUMUN_MSG_LEN];
};

/* Rare events, in the ring buffer "events". */
enum qumun_event_type {
	QUMUN_EVENT_EXIT = 1,
	QUMUN_EVENT_MKDIR = 2,
	QUMUN_EVENT_RMDIR = 3,
};

struct qumun_event {
	__u32 type;
	__u32 reserved;
};

/* Longer paths of cgroups are cut in events. */
#define QUMUN_EVENT_PATH_LEN	256

/**
 * struct qumun_cgroup_event - a cgroup was made or removed
 * @head: QUMUN_EVENT_MKDIR or _RMDIR
 * @id: its id
 * @level: 1 for those below the root
 * @path: below the root of the hierarchy, with a slash in front
 */
struct qumun_cgroup_event {
	struct qumun_event head;
	__u64 id;
	__u32 level;
	__u32 reserved;
	char path[QUMUN_EVENT_PATH_LEN];
};

#endif /* QUMUN_H */
