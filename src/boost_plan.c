// SPDX-License-Identifier: GPL-2.0-only
#include "boost_plan.h"

/* After the first look at 50 ms: at 0.3 and at 1 s. */
static const uint64_t retry_ms[] = { 700, 250 };

#define NR_RETRIES (sizeof(retry_ms) / sizeof(retry_ms[0]))

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

void plan_init(struct boost_plan *plan, bool has_events, uint64_t now_ms)
{
	*plan = (struct boost_plan){
		.every_ms = has_events ? PLAN_RESCAN_MS : PLAN_POLL_MS,
		.rescan_ms = now_ms,
	};
}

void plan_event(struct boost_plan *plan, uint64_t now_ms)
{
	uint64_t look_ms = later(now_ms + PLAN_DELAY_MS, plan->looked_ms + PLAN_GAP_MS);

	/* What is planned already stays, or a storm would put it off for ever. */
	if (!plan->look_ms || look_ms < plan->look_ms)
		plan->look_ms = look_ms;
	plan->retries = NR_RETRIES;
}

void plan_rescan(struct boost_plan *plan, uint64_t now_ms)
{
	uint64_t rescan_ms = later(now_ms, plan->looked_ms + PLAN_GAP_MS);

	if (rescan_ms < plan->rescan_ms)
		plan->rescan_ms = rescan_ms;
}

uint64_t plan_due_ms(const struct boost_plan *plan)
{
	return plan->look_ms && plan->look_ms < plan->rescan_ms ? plan->look_ms : plan->rescan_ms;
}

enum plan_step plan_take(struct boost_plan *plan, uint64_t now_ms)
{
	bool rescan = now_ms >= plan->rescan_ms;

	if (!rescan && (!plan->look_ms || now_ms < plan->look_ms))
		return PLAN_NOTHING;
	if (plan->look_ms && now_ms >= plan->look_ms)
		plan->look_ms = 0;
	if (rescan)
		plan->rescan_ms = now_ms + plan->every_ms;
	plan->looked_ms = now_ms;
	return rescan ? PLAN_RESCAN : PLAN_LOOK;
}

void plan_retry(struct boost_plan *plan, uint64_t now_ms)
{
	if (!plan->retries || plan->look_ms)
		return;
	plan->look_ms = now_ms + retry_ms[--plan->retries];
}
