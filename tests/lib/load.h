/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Load for VM tests and for the demonstration: cgroups, CPU hogs, periodic
 * tasks. Everything exits with the parent, so that no test leaves a hog behind.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

/** cg_create - make the cgroup and those above it; exits with a message if it cannot */
void cg_create(const char *path);

/** cg_move - move a process into a cgroup; 0 or a negative errno */
int cg_move(const char *path, pid_t pid);

/** cg_enable_cpu - hand the cpu controller to the children of @path; 0 or a negative errno */
int cg_enable_cpu(const char *path);

/** cg_remove - kill what is in it and below it, and remove it all; harmless when repeated */
void cg_remove(const char *path);

/** cg_id - inode number of the directory, the id that BPF sees; 0 if there is none */
uint64_t cg_id(const char *path);

/** nr_cpus - number of CPUs that are online */
int nr_cpus(void);

/** sleep_ms - all of it, whatever signals come */
void sleep_ms(unsigned int ms);

/** now_ns - CLOCK_MONOTONIC */
uint64_t now_ns(void);

/** write_str - write @text to a file that exists; 0 or a negative errno */
int write_str(const char *path, const char *text);

/**
 * struct task_spec - how a load task is started
 * @cgroup: path, or NULL for the caller's own
 * @nice: -20..19
 * @cpu: the one CPU that it may use, or -1
 */
struct task_spec {
	const char *cgroup;
	int nice;
	int cpu;
};

#define TASK_SPEC_DEFAULT { .cpu = -1 }

/** hog_start - a process that computes for ever; returns its pid */
pid_t hog_start(const struct task_spec *spec);

/** task_cpu_ns - CPU time that a process has used, 0 if it is gone */
uint64_t task_cpu_ns(pid_t pid);

/** task_stop - kill and reap */
void task_stop(pid_t pid);

/* A second; delays above it are counted in the last cell. */
#define WAIT_CELLS	40000
#define WAIT_CELL_US	25

/**
 * struct periodic - a task that sleeps, computes a little, and measures how late it wakes up
 * @pid: its process
 * @runs: periods so far
 * @max_ns: the longest delay
 * @cells: how many delays fell into each WAIT_CELL_US
 */
struct periodic {
	pid_t pid;
	uint64_t runs;
	uint64_t max_ns;
	uint32_t cells[WAIT_CELLS];
};

/**
 * periodic_start - start one
 * @period_us: time between two wakeups
 * @work_us: CPU time that it needs each time
 *
 * The result lies in shared memory and may be read while it runs.
 */
struct periodic *periodic_start(const struct task_spec *spec, unsigned int period_us,
				unsigned int work_us);

/** periodic_reset - forget what was measured so far */
void periodic_reset(struct periodic *p);

/** periodic_percentile_us - the delay that @percent of all stay below; beyond a second the longest */
double periodic_percentile_us(const struct periodic *p, double percent);

/** periodic_stop - kill, reap, release */
void periodic_stop(struct periodic *p);

#endif /* LOAD_H */
