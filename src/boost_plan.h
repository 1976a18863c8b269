/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When to look for the cgroups of rules again: soon after something has happened to cgroups, but
 * not for each event of a storm; again a little later, if what tells the name of a container may
 * not have been written yet; and now and then in any case. Times are those of CLOCK_MONOTONIC, in
 * ms.
 */
#ifndef QUMUN_BOOST_PLAN_H
#define QUMUN_BOOST_PLAN_H

#include <stdbool.h>
#include <stdint.h>

/* A cgroup is not complete at the moment of its event; and several come at once. */
#define PLAN_DELAY_MS		50
/* Between two looks, however much happens. */
#define PLAN_GAP_MS		250
/* In any case: with events, and where the kernel does not tell about cgroups. */
#define PLAN_RESCAN_MS		60000
#define PLAN_POLL_MS		1000

/**
 * struct boost_plan - what is planned
 * @look_ms: next look after an event, or 0
 * @looked_ms: the last one, whatever for
 * @retries: how often more after this event, while rules wait
 * @rescan_ms: next look without an event
 * @every_ms: distance of those
 */
struct boost_plan {
	uint64_t look_ms;
	uint64_t looked_ms;
	unsigned int retries;
	uint64_t rescan_ms;
	uint64_t every_ms;
};

/** plan_init - @has_events: the kernel tells about cgroups; the first look is due at once */
void plan_init(struct boost_plan *plan, bool has_events, uint64_t now_ms);

/** plan_event - something has happened that may concern rules */
void plan_event(struct boost_plan *plan, uint64_t now_ms);

/** plan_rescan - look at once: events were lost, or somebody asks for it */
void plan_rescan(struct boost_plan *plan, uint64_t now_ms);

/** plan_due_ms - when plan_take() has something to do */
uint64_t plan_due_ms(const struct boost_plan *plan);

/**
 * enum plan_step - what is to be done now
 * @PLAN_LOOK: find the cgroups of the rules
 * @PLAN_RESCAN: the same, and see whether the map still is what we wrote
 */
enum plan_step {
	PLAN_NOTHING,
	PLAN_LOOK,
	PLAN_RESCAN,
};

/** plan_take - what is due; it counts as done */
enum plan_step plan_take(struct boost_plan *plan, uint64_t now_ms);

/** plan_retry - after a look: rules wait for names, which may come a moment later than cgroups */
void plan_retry(struct boost_plan *plan, uint64_t now_ms);

#endif /* QUMUN_BOOST_PLAN_H */
