// SPDX-License-Identifier: GPL-2.0-only
#include "restart.h"

#include <time.h>

#include "exit_codes.h"
#include "log.h"
#include "qumun.h"
#include "sched_ext.h"

/* enum scx_exit_code: an action in bits 48 to 63. */
#define CODE_ACT_RESTART (1LL << 48)

/*
 * A script that switches several CPUs does so in one go. Waiting for a quiet
 * moment costs little (the kernel's scheduler works meanwhile) and saves a
 * restart for each of them.
 */
#define QUIET_MS	300
#define QUIET_WAIT_MS	5000

bool restart_is_asked_for(const struct qumun_exit_info *info)
{
	return info->code & CODE_ACT_RESTART;
}

bool restart_allowed(struct restart_budget *budget, uint64_t now_ms)
{
	uint64_t *oldest = &budget->at_ms[budget->next];

	if (*oldest && now_ms - *oldest < RESTART_WINDOW_MS)
		return false;
	*oldest = now_ms;
	budget->next = (budget->next + 1) % RESTART_MAX;
	return true;
}

static void wait_for_quiet(void)
{
	struct timespec pause = { .tv_nsec = QUIET_MS * 1000000L };
	uint64_t seq = sched_ext_hotplug_seq(), now_seq;

	for (int waited_ms = 0; waited_ms < QUIET_WAIT_MS; waited_ms += QUIET_MS) {
		nanosleep(&pause, NULL);
		now_seq = sched_ext_hotplug_seq();
		if (now_seq == seq)
			return;
		seq = now_seq;
	}
}

int restart_wait(struct restart_budget *budget)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!restart_allowed(budget, now.tv_sec * 1000ULL + now.tv_nsec / 1000000 + 1)) {
		log_error("the kernel asked for %d restarts within %d s; giving up", RESTART_MAX,
			  RESTART_WINDOW_MS / 1000);
		return QUMUN_EXIT_EJECTED;
	}
	log_info("CPUs went online or offline: starting again");
	wait_for_quiet();
	return 0;
}
