// SPDX-License-Identifier: GPL-2.0-only
#include "restart.h"

#include <time.h>

#include "log.h"
#include "qumun.h"
#include "sched_ext.h"
#include "util.h"

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

uint64_t restart_delay_ms(const struct restart_budget *budget, uint64_t now_ms)
{
	uint64_t oldest_ms = budget->at_ms[budget->next];

	if (!oldest_ms || now_ms - oldest_ms >= RESTART_WINDOW_MS)
		return 0;
	return RESTART_WINDOW_MS - (now_ms - oldest_ms);
}

void restart_count(struct restart_budget *budget, uint64_t now_ms)
{
	budget->at_ms[budget->next] = now_ms;
	budget->next = (budget->next + 1) % RESTART_MAX;
}

static uint64_t never_zero_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000 + 1;
}

static void wait_for_quiet(int stop_fd)
{
	uint64_t seq = sched_ext_hotplug_seq(), now_seq;

	for (int waited_ms = 0; waited_ms < QUIET_WAIT_MS; waited_ms += QUIET_MS) {
		if (wait_readable(stop_fd, QUIET_MS))
			return;
		now_seq = sched_ext_hotplug_seq();
		if (now_seq == seq)
			return;
		seq = now_seq;
	}
}

void restart_wait(struct restart_budget *budget, int stop_fd)
{
	uint64_t delay_ms = restart_delay_ms(budget, never_zero_ms());

	log_info("CPUs went online or offline: starting again");
	if (delay_ms) {
		log_warn("%d restarts within %d s: the kernel's scheduler goes on for %.1f s",
			 RESTART_MAX, RESTART_WINDOW_MS / 1000, delay_ms / 1e3);
		wait_readable(stop_fd, (int)delay_ms);
	}
	wait_for_quiet(stop_fd);
	restart_count(budget, never_zero_ms());
}
