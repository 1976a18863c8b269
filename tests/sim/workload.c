// SPDX-License-Identifier: GPL-2.0-only
/* What tasks do: compute, sleep, yield, send messages, fork, end; and what happens to them. */
#include "workload.h"

#include <stdlib.h>

#define LONG_BURST_NS	NSEC_PER_SEC

const struct program prog_hog = {
	.name = "hog",
	.burst_lo = LONG_BURST_NS,
	.burst_hi = LONG_BURST_NS,
	.compute_pct = 100,
};

/* How far from the grid things happen at most. */
#define GRID_NOISE_NS	3000

static bool stopped;
static u32 limit = 200000;
static u32 alive;
static u64 last_cgroup_id;

static struct cgroup root_cgroup;
static struct kernfs_node root_kn = { .id = 1 };

struct group *group_new(struct group *parent, u32 boost)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		abort();
	root_cgroup.kn = &root_kn;
	g->kn.id = ++last_cgroup_id + 100;
	g->cgroup.kn = &g->kn;
	g->cgroup.self.parent = parent ? &parent->cgroup.self : &root_cgroup.self;
	g->css.dfl_cgrp = &g->cgroup;
	g->boost = boost;
	if (boost)
		policy_boost(g->kn.id, boost);
	return g;
}

u64 group_ran_ns(const struct group *g)
{
	u64 sum = g->dead_ran_ns;

	for (u32 i = 0; i < nr_tasks; i++)
		if (tasks[i]->alive && tasks[i]->group == g)
			sum += task_ran_ns(tasks[i]);
	return sum;
}

u32 nr_alive(void)
{
	return alive;
}

void workload_limit(u32 nr)
{
	limit = nr;
}

void workload_stop(void)
{
	stopped = true;
}

/* sched_prio_to_weight[] × 100 / 1024: each step of nice is a factor of about 1.25. */
u32 nice_weight(int nice)
{
	static const u32 weights[] = {
		8668, 7008, 5530, 4557, 3535, 2850, 2317, 1817, 1468, 1187,
		932, 744, 597, 487, 382, 305, 245, 190, 154, 125,
		100, 80, 64, 51, 41, 33, 27, 21, 17, 13,
		11, 8, 7, 5, 4, 4, 3, 2, 2, 1,
	};

	return weights[nice + 20];
}

u32 random_nice_weight(int lo, int hi)
{
	return nice_weight(lo + (int)rnd_in(0, hi - lo));
}

struct mask full_mask(void)
{
	struct mask m;

	mask_fill(&m, machine.nr_cpus);
	return m;
}

struct mask cpu_mask(s32 cpu)
{
	struct mask m = { 0 };

	mask_set(&m, cpu);
	return m;
}

struct mask random_mask(void)
{
	struct mask m = { 0 };
	u32 first = rnd_in(0, machine.nr_cpus - 1), nr;

	switch (rnd_in(0, 3)) {
	case 0:
		return full_mask();
	case 1:
		return cpu_mask(first);
	case 2:
		nr = rnd_in(1, machine.nr_cpus);
		for (u32 i = 0; i < nr; i++)
			mask_set(&m, (first + i) % machine.nr_cpus);
		return m;
	default:
		mask_set(&m, first);
		for (u32 i = 0; i < machine.nr_cpus; i++)
			if (rnd_percent(30))
				mask_set(&m, i);
		return m;
	}
}

/* --- a task's life --- */

static u64 burst_of(const struct program *prog)
{
	u64 ns = rnd_log(prog->burst_lo, prog->burst_hi);

	return prog->grid_ns ? ns / prog->grid_ns * prog->grid_ns + prog->grid_ns : ns;
}

/* When a task that falls asleep now wakes up. */
static u64 wakeup_of(const struct program *prog)
{
	u64 ns = sim_now() + rnd_log(prog->sleep_lo, prog->sleep_hi);

	if (!prog->grid_ns)
		return ns;
	return ns / prog->grid_ns * prog->grid_ns + prog->grid_ns + rnd_in(0, GRID_NOISE_NS);
}

static void on_timer(struct event *ev)
{
	struct task *t = container_of(ev, struct task, timer);
	s32 waker_cpu = t->cpu;

	if (stopped)
		return;
	if (rnd_percent(t->prog->wake_far_pct))
		waker_cpu = rnd_in(0, machine.nr_cpus - 1);
	task_wake(t, waker_cpu, false);
}

static void on_first_timer(struct event *ev)
{
	struct task *t = container_of(ev, struct task, timer);

	ev->fn = on_timer;
	on_timer(&t->timer);
}

static void end_of_burst(struct task *t);

static void set_up(struct task *t, const struct program *prog, struct group *g)
{
	t->prog = prog;
	t->group = g;
	t->end_of_burst = end_of_burst;
	t->burst_left = burst_of(prog);
	t->timer.fn = on_timer;
	g->nr_tasks++;
	g->last = t;
	alive++;
}

struct task *spawn(const struct program *prog, struct group *g, u32 weight,
		   const struct mask *mask, u64 delay_ns)
{
	struct task *t = task_new(NULL, weight, mask, &g->css);

	set_up(t, prog, g);
	t->timer.fn = on_first_timer;
	event_at(&t->timer, sim_now() + rnd_in(0, delay_ns));
	return t;
}

static void fork_child(struct task *parent, const struct program *prog)
{
	struct task *child;

	if (alive >= limit)
		return;
	task_disable_migration(parent, false);
	child = task_new(parent, parent->p.scx.weight, &parent->mask, &parent->group->css);
	set_up(child, prog, parent->group);
	task_wake_new(child, parent->cpu);
}

static void end(struct task *t)
{
	struct group *g = t->group;

	g->dead_ran_ns += task_ran_ns(t);
	g->nr_tasks--;
	if (g->last == t)
		g->last = NULL;
	alive--;
	task_exit(t);
}

/* The partner is the one that got a message last; sync, since the sender is about to sleep. */
static void send_message(struct task *t)
{
	struct task *to = t->group->last;

	t->group->last = t;
	if (to && to != t && to->alive && !stopped) {
		event_cancel(&to->timer);
		task_wake(to, t->cpu, true);
	}
}

static void end_of_burst(struct task *t)
{
	const struct program *prog = t->prog;
	u32 dice = rnd_in(0, 99);

	t->burst_left = burst_of(prog);
	if (stopped) {
		task_sleep(t);
		return;
	}
	if (t->p.migration_disabled)
		task_disable_migration(t, false);
	else if (rnd_percent(prog->no_migration_pct))
		task_disable_migration(t, true);
	if (dice < prog->compute_pct)
		return;
	dice -= prog->compute_pct;
	if (dice < prog->yield_pct) {
		task_yield(t);
		return;
	}
	dice -= prog->yield_pct;
	if (dice < prog->fork_pct) {
		fork_child(t, prog->child ? prog->child : prog);
		return;
	}
	dice -= prog->fork_pct;
	if (dice < prog->exit_pct) {
		if (prog->heir)
			fork_child(t, prog);
		end(t);
		return;
	}
	dice -= prog->exit_pct;
	if (dice < prog->message_pct)
		send_message(t);
	event_at(&t->timer, wakeup_of(prog));
	task_sleep(t);
}

/* --- chaos --- */

static struct chaos chaos;
static struct event ev_renice, ev_affinity, ev_boost, ev_steal, ev_rt;

static struct task *random_task(void)
{
	for (u32 tries = 0; tries < 20; tries++) {
		struct task *t = tasks[rnd_in(0, nr_tasks - 1)];

		if (t->alive)
			return t;
	}
	return NULL;
}

/* At random moments, @per_second on average. */
static void again(struct event *ev, u32 per_second)
{
	if (per_second && !stopped)
		event_at(ev, sim_now() + rnd_in(1, 2 * NSEC_PER_SEC / per_second));
}

static void on_renice(struct event *ev)
{
	struct task *t = random_task();

	if (t)
		task_set_weight(t, random_nice_weight(-20, 19));
	again(ev, chaos.renice);
}

static void on_affinity(struct event *ev)
{
	struct task *t = random_task();
	struct mask m = random_mask();

	if (t)
		task_set_mask(t, &m);
	again(ev, chaos.affinity);
}

static void on_boost(struct event *ev)
{
	struct group *g = chaos.groups[rnd_in(0, chaos.nr_groups - 1)];

	g->boost = rnd_percent(30) ? 0 : rnd_log(64, 16384);
	policy_boost(g->kn.id, g->boost);
	again(ev, chaos.boost);
}

static void on_steal(struct event *ev)
{
	cpu_steal(rnd_in(0, machine.nr_cpus - 1), rnd_log(10 * NSEC_PER_USEC, chaos.steal_max_ns));
	again(ev, chaos.steal);
}

static void on_rt(struct event *ev)
{
	struct task *t = stopped ? NULL : random_task();

	if (t && t->rt) {
		task_set_rt(t, false);
		task_wake(t, t->cpu, false);
	} else if (t) {
		task_set_rt(t, true);
	}
	again(ev, chaos.rt);
}

void chaos_start(const struct chaos *wanted)
{
	chaos = *wanted;
	ev_renice.fn = on_renice;
	ev_affinity.fn = on_affinity;
	ev_boost.fn = on_boost;
	ev_steal.fn = on_steal;
	ev_rt.fn = on_rt;
	again(&ev_renice, chaos.renice);
	again(&ev_affinity, chaos.affinity);
	again(&ev_boost, chaos.boost);
	again(&ev_steal, chaos.steal);
	again(&ev_rt, chaos.rt);
}
