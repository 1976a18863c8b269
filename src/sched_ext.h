/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel itself says about sched_ext, below /sys/kernel/sched_ext.
 * The only source for "is it enabled": a link that exists proves nothing.
 */
#ifndef QUMUN_SCHED_EXT_H
#define QUMUN_SCHED_EXT_H

#include <stdbool.h>
#include <stdint.h>

#define SCHED_EXT_SYSFS "/sys/kernel/sched_ext"

/** sched_ext_exists - the running kernel has sched_ext, and its sysfs directory is visible */
bool sched_ext_exists(void);

/** sched_ext_enabled - some BPF scheduler is in charge, completely */
bool sched_ext_enabled(void);

/**
 * sched_ext_ops_name - name of the scheduler in charge
 * @name: receives it, escaped; "" when there is none
 */
void sched_ext_ops_name(char name[128]);

/**
 * sched_ext_hotplug_seq - number of CPU hotplug events so far
 *
 * Read it before the topology: the kernel refuses a scheduler that brings an
 * old number, so that it never runs on a topology that has changed since. 0,
 * which switches that check off, when the file cannot be read.
 */
uint64_t sched_ext_hotplug_seq(void);

#endif /* QUMUN_SCHED_EXT_H */
