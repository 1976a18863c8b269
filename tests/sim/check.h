/* SPDX-License-Identifier: GPL-2.0-only */
/* What must be true at any time, whatever the tasks do. */
#ifndef CHECK_H
#define CHECK_H

#include "sim.h"

/**
 * struct limits - what a scenario promises
 * @wait_ns: no task wants to run for longer without doing so, 0 for the watchdog only
 * @idle_ns: no CPU is idle for longer while a task waits that it may run
 */
struct limits {
	u64 wait_ns;
	u64 idle_ns;
};

/** check_start - look at everything once in a tick from now on */
void check_start(const struct limits *limits);
/** check_asleep - nobody wants to run: clocks are empty, CPUs idle */
void check_asleep(void);
/** check_clocks - each clock is what its joined tasks make it */
void check_clocks(void);

#endif /* CHECK_H */
