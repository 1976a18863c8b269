/* SPDX-License-Identifier: GPL-2.0-only */
/* Restarts that the kernel asks for, after CPU hotplug, and their limit. */
#ifndef QUMUN_RESTART_H
#define QUMUN_RESTART_H

#include <stdbool.h>
#include <stdint.h>

struct qumun_exit_info;

/* At most so many restarts in a window, so that a fault cannot become an endless loop. */
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
 * restart_allowed - may there be one more restart?
 * @now_ms: monotonic, not 0; counted as a restart if it is allowed
 */
bool restart_allowed(struct restart_budget *budget, uint64_t now_ms);

/**
 * restart_wait - wait until hotplug has come to rest, then allow a restart
 *
 * Returns 0, or QUMUN_EXIT_EJECTED after a message when the restarts are spent.
 */
int restart_wait(struct restart_budget *budget);

#endif /* QUMUN_RESTART_H */
