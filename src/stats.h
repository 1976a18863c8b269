/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters: sums over the CPUs, differences over time, one line of text. Pure. */
#ifndef QUMUN_STATS_USER_H
#define QUMUN_STATS_USER_H

#include <stdint.h>
#include <stdio.h>

#include "qumun.h"

/**
 * struct stats - a snapshot, or the difference of two
 * @counters: by enum qumun_stat
 * @wait_max_ns: longest wait that ended in the period
 */
struct stats {
	uint64_t counters[QUMUN_NR_STATS];
	uint64_t wait_max_ns;
};

/**
 * stats_sum - add up what the CPUs counted
 * @cpus: @nr of them
 *
 * The longest wait is not part of it and stays 0.
 */
struct stats stats_sum(const struct qumun_cpu_stats *cpus, unsigned int nr);

/** stats_delta - what happened between two snapshots; the longest wait is that of @now */
struct stats stats_delta(const struct stats *before, const struct stats *now);

/** stats_print_line - @delta as one line of "name=value" on @out */
void stats_print_line(FILE *out, const struct stats *delta);

#endif /* QUMUN_STATS_USER_H */
