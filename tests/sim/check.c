// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must be true at any time, whatever the tasks do: nobody is forgotten,
 * nobody waits without end, no CPU idles beside a task that waits for it, and
 * the clocks agree with the tasks that are in them.
 */
#include "check.h"

#include "qumun.h"
#include "qumun_math.h"

#define CLOCKS_MAX	128

static struct limits limits;
static struct event ev_check;
static u64 last_now[CLOCKS_MAX];
static bool seen[CLOCKS_MAX];

/* CPUs that have been idle since before @since. */
static u32 idle_since(struct mask *m, u64 since)
{
	u32 nr = 0;

	*m = (struct mask){ 0 };
	for (u32 i = 0; i < machine.nr_cpus; i++) {
		const struct cpu *c = &cpus[i];

		if (c->curr || c->rt_busy || !c->idle_since || c->idle_since > since)
			continue;
		mask_set(m, i);
		nr++;
	}
	return nr;
}

static void check_waits(void)
{
	u64 now = sim_now(), since = now - limits.idle_ns;
	struct mask idle;
	u32 nr_idle = idle_since(&idle, since);

	for (u32 i = 0; i < nr_tasks; i++) {
		const struct task *t = tasks[i];
		u64 wait;

		if (!t->alive || !task_is_runnable(t) || t->curr)
			continue;
		if (!t->dsq)
			fail("task %d is runnable and nowhere", t->p.pid);
		if (!t->wait_since)
			fail("task %d waits since nobody knows when", t->p.pid);
		wait = now - t->wait_since;
		if (wait > machine.watchdog_ns)
			fail("task %d (weight %u) has waited for %.3f s: the watchdog ends us",
			     t->p.pid, t->p.scx.weight, wait / 1e9);
		if (limits.wait_ns && wait > limits.wait_ns)
			fail("task %d (weight %u, policy weight %u, %d CPUs) has waited for %.3f s in DSQ %llx",
			     t->p.pid, t->p.scx.weight, policy_view_task((struct task *)t).weight,
			     t->p.nr_cpus_allowed, wait / 1e9, t->dsq->id);
		/* It may not have been allowed there before it came into this queue. */
		if (limits.idle_ns && nr_idle && t->inserted_at < since &&
		    mask_intersects(&idle, (const struct mask *)t->p.cpus_ptr))
			fail("task %d waits for %.3f ms in DSQ %llx while CPU %d is idle",
			     t->p.pid, wait / 1e6, t->dsq->id, mask_next(&idle, (const struct mask *)t->p.cpus_ptr, 0));
	}
}

void check_clocks(void)
{
	u64 weight[CLOCKS_MAX] = { 0 };
	__int128 sum[CLOCKS_MAX] = { 0 };
	s64 lowest[CLOCKS_MAX], highest[CLOCKS_MAX];
	struct clock_view clock[CLOCKS_MAX];
	u32 nr = policy_nr_domains();

	for (u32 i = 0; i < nr; i++) {
		clock[i] = policy_view_clock(i);
		if (seen[i] && qm_before(clock[i].now, last_now[i]))
			fail("clock %u went back by %lld ns", i, last_now[i] - clock[i].now);
		seen[i] = true;
		last_now[i] = clock[i].now;
		lowest[i] = INT64_MAX;
		highest[i] = INT64_MIN;
	}
	for (u32 i = 0; i < nr_tasks; i++) {
		struct policy_view v;
		s64 d;

		if (!tasks[i]->alive)
			continue;
		v = policy_view_task(tasks[i]);
		if (v.joined && !task_is_runnable(tasks[i]))
			fail("task %d sleeps and counts in the clock", tasks[i]->p.pid);
		if (!v.joined)
			continue;
		d = v.vruntime - clock[v.domain].avg;
		weight[v.domain] += v.weight;
		sum[v.domain] += (__int128)d * v.weight;
		if (d < lowest[v.domain])
			lowest[v.domain] = d;
		if (d > highest[v.domain])
			highest[v.domain] = d;
	}
	for (u32 i = 0; i < nr; i++) {
		if (clock[i].weight != weight[i])
			fail("clock %u has weight %llu, its tasks %llu", i, clock[i].weight,
			     weight[i]);
		if (!weight[i])
			continue;
		if (lowest[i] > 0 || highest[i] < 0)
			fail("clock %u: average outside its tasks', %.3f .. %.3f ms from it", i,
			     lowest[i] / 1e6, highest[i] / 1e6);
		/* Within a nanosecond for each unit of weight, that is of the average. */
		if (sum[i] < 0 || sum[i] >= (__int128)weight[i])
			fail("clock %u: average is off by %.1f ns", i,
			     (double)sum[i] / weight[i]);
	}
}

static void on_check(struct event *ev)
{
	check_waits();
	/* All tasks are looked at: less often where there are many. */
	if (nr_tasks < 2000 || rnd_percent(5))
		check_clocks();
	event_at(ev, sim_now() + TICK_NS);
}

void check_start(const struct limits *wanted)
{
	limits = *wanted;
	ev_check.fn = on_check;
	event_at(&ev_check, sim_now() + TICK_NS);
}

void check_asleep(void)
{
	for (u32 i = 0; i < nr_tasks; i++)
		if (tasks[i]->alive && task_is_runnable(tasks[i]))
			fail("task %d still wants to run", tasks[i]->p.pid);
	check_clocks();
	for (u32 i = 0; i < policy_nr_domains(); i++)
		if (policy_view_clock(i).weight)
			fail("clock %u has weight %llu, and all sleep", i,
			     policy_view_clock(i).weight);
	for (u32 i = 0; i < machine.nr_cpus; i++)
		if (!cpus[i].rt_busy && (cpus[i].curr || !idle_test(i)))
			fail("CPU %u is not idle, and all sleep", i);
}
