/* SPDX-License-Identifier: GPL-2.0-only */
/* Restarts that the kernel asks for, after CPU hotplug, and their limit. */
#ifndef QUMUN_RESTART_H
#define QUMUN_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct qumun_exit_info;

/* At most so many restarts in a window, so that a fault cannot become a flood of them. */
#define RESTART_MAX		30
#define RESTART_WINDOW_MS	60000

/**
 * struct restart_budget - the times of the last restarts, a ring
 * @next: the oldest of them, to be overwritten
 */
struct restart_budget {
	uint64_t at_ms[RESTART_MAX];
	unsigned int next;
};

/** restart_is_asked_for - the exit code of the kernel says "restart" */
bool restart_is_asked_for(const struct qumun_exit_info *info);

/**
 * restart_delay_ms - how long to wait before the next restart
 * @now_ms: monotonic, not 0
 *
 * 0 as long as there were fewer than RESTART_MAX in the window.
 */
uint64_t restart_delay_ms(const struct restart_budget *budget, uint64_t now_ms);

/** restart_count - a restart takes place at @now_ms */
void restart_count(struct restart_budget *budget, uint64_t now_ms);

/**
 * restart_wait - wait until hotplug has come to rest and a restart is allowed; count it
 * @stop_fd: when it becomes readable, waiting ends early
 */
void restart_wait(struct restart_budget *budget, int stop_fd);

#endif /* QUMUN_RESTART_H */
