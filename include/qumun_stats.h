/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The counters, one line each: name, label in --stats, meaning. The BPF enum
 * and the printers expand this list; a counter is added here and nowhere else.
 */
#ifndef QUMUN_STATS_H
#define QUMUN_STATS_H

#define QUMUN_STATS(X)								\
	X(SWITCHES,	"switches", "tasks that were put on a CPU")		\
	X(IDLE,		"idle",     "went straight to an idle CPU")		\
	X(PREEMPT,	"preempt",  "took the CPU from a task that was ahead")	\
	X(NEXT,		"next",     "next on a CPU whose task is about to sleep") \
	X(SHARED,	"shared",   "queued for all CPUs, or those of a last-level cache") \
	X(STOLEN,	"stolen",   "taken from the queue of another last-level cache") \
	X(PINNED,	"pinned",   "queued for the one CPU that they may use")	\
	X(KTHREAD,	"kthread",  "per-CPU kernel threads, run next")		\
	X(KEPT,		"kept",     "ran on at the end of their slice")		\
	X(MOVED,	"moved",    "went on at a better CPU that was idle")	\
	X(RUN_NS,	"run",      "CPU time used, in ns")			\
	X(BOOST_NS,	"boosted",  "of it by boosted cgroups, in ns")		\
	X(RESCUED,	"rescued",  "had waited too long and went first")	\
	X(LATE,		"late",     "waits beyond a quarter of the watchdog")	\
	X(BAD_BOOST,	"badboost", "map entries that are not valid, clamped or ignored") \
	X(TOO_DEEP,	"toodeep",  "tasks so deep in cgroups that a boost may be missed") \
	X(NO_CTX,	"noctx",    "tasks without a context, scheduled without a policy")

#endif /* QUMUN_STATS_H */
