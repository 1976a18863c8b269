// SPDX-License-Identifier: GPL-2.0-only
/* The scenarios: a machine and a load by chance, and what must come of them. */
#include "cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fair.h"
#include "placement.h"
#include "qumun.h"
#include "qumun_math.h"
#include "workload.h"

#define LAG_NS		(6 * NSEC_PER_MSEC)
#define RESCUE_NS	(1250 * NSEC_PER_MSEC)

/* What src/options.c has as defaults. */
static struct qumun_config config = {
	.slice_max_ns = 4 * NSEC_PER_MSEC,
	.slice_min_ns = 1 * NSEC_PER_MSEC,
	.lag_ns = LAG_NS,
	.rescue_ns = RESCUE_NS,
	.wait_alarm_ns = 2500 * NSEC_PER_MSEC,
};

/* What the user wants of the placement; set before start(). */
static struct placement_wishes wishes;

/* No run is longer than the longest slice, and the tick that ends it. */
#define RUN_MAX_NS	(config.slice_max_ns + TICK_NS)

/* --- building --- */

static void start(const struct machine *wanted)
{
	struct machine m = *wanted;

	m.watchdog_ns = 10 * NSEC_PER_SEC;
	config.nr_llcs = m.global_queue ? 1 : (m.nr_cpus + m.llc_cpus - 1) / m.llc_cpus;
	config.far_margin_ns = config.nr_llcs > 1 ? config.slice_max_ns : 0;
	if (mutation == MUT_NO_RESCUE)
		config.rescue_ns = 1000 * NSEC_PER_SEC;
	if (mutation == MUT_FAR_IGNORED)
		config.far_margin_ns *= 1000000;
	if (mutation == MUT_LONG_LAG)
		config.lag_ns = 500 * NSEC_PER_MSEC;
	placement_set(&m, &wishes, &config);
	policy_configure(&config);
	kernel_start(&m);
	note("%u CPUs, %u in a core, %u in an LLC, %u in a node, %u fast ones, %u queues, %s kernel",
	     m.nr_cpus, m.smt, m.llc_cpus, m.node_cpus, m.fast_cpus, config.nr_llcs,
	     m.old_kernel ? "old" : "new");
}

static struct machine random_machine(u32 max_cpus)
{
	struct machine m = {
		.nr_cpus = rnd_log(1, max_cpus),
		.smt = rnd_percent(50) ? 1 : 2,
		.old_kernel = rnd_percent(50),
		.ticks_aligned = rnd_percent(30),
		.ipi_ns = rnd_log(1, 5 * NSEC_PER_USEC),
	};

	m.llc_cpus = rnd_percent(60) ? m.nr_cpus : rnd_in(1, m.nr_cpus);
	if (m.llc_cpus % m.smt)
		m.llc_cpus = m.nr_cpus;
	/* As src/domains.c has it: an LLC of one core has nobody to share it with. */
	m.global_queue = m.llc_cpus <= m.smt || rnd_percent(30);
	if (rnd_percent(30))
		m.wake_race_ns = rnd_log(100, 5 * NSEC_PER_USEC);
	return m;
}

/* Cores of several LLCs, LLCs of several nodes, CPUs of two kinds; the last core may lack one. */
static struct machine random_topology(u32 max_cpus)
{
	struct machine m = random_machine(max_cpus);
	u32 llcs = rnd_in(1, 4), nodes = rnd_in(1, 3);

	m.llc_cpus = m.smt * rnd_log(1, 8);
	m.node_cpus = m.llc_cpus * llcs;
	m.nr_cpus = m.node_cpus * nodes;
	if (m.nr_cpus > max_cpus)
		m.nr_cpus = max_cpus;
	if (m.nr_cpus > 1 && rnd_percent(20))
		m.nr_cpus--;
	if (rnd_percent(40))
		m.fast_cpus = rnd_in(1, m.nr_cpus);
	return m;
}

/* Ordinary tasks are to stay on some CPUs of @m. */
static void random_primary(const struct machine *m)
{
	wishes.primary = PRIMARY_LIST;
	for (u32 cpu = 0; cpu < m->nr_cpus; cpu++)
		if (rnd_percent(50))
			cpu_mask_set(&wishes.primary_list, cpu);
	cpu_mask_set(&wishes.primary_list, rnd_in(0, m->nr_cpus - 1));
}

static void random_wishes(const struct machine *m)
{
	if (rnd_percent(50))
		random_primary(m);
	wishes.disable_smt = rnd_percent(20);
	wishes.disable_llc = rnd_percent(20);
	wishes.disable_numa = rnd_percent(20);
}

static u32 weight_of(const struct task *t)
{
	return qm_weight(t->p.scx.weight, t->group->boost ? t->group->boost :
						QUMUN_BOOST_WEIGHT_NORMAL);
}

static u64 run_for(u64 ns)
{
	u64 rescued = policy_stat(QUMUN_STAT_RESCUED);

	engine_run(sim_now() + ns);
	return policy_stat(QUMUN_STAT_RESCUED) - rescued;
}

/* --- shares of tasks that always want to run --- */

/* What the price of time may differ by between the CPUs that a task uses, see bpf/level.bpf.h. */
static double price_error;

static void count_from_here(void)
{
	for (u32 i = 0; i < nr_tasks; i++)
		tasks[i]->counted_ns = task_ran_ns(tasks[i]);
}

/*
 * All tasks are hogs: each one gets what is fair, within what theory allows.
 *
 * A queue in the order of vruntime that runs each task for at most L at a time
 * gives each one at most L too much. What the others have too much is missing
 * elsewhere, in proportion to the weights: n × L × share / CPUs. Both at the
 * start and at the end of the count: twice that, and once more for the order in
 * which CPUs look into their queues. Who is rescued gets a run more in each
 * period of rescue. Between LLCs tasks may be even but for the margin, and what one of them
 * adds while it is seen to be ahead.
 */
static void check_shares(u64 duration_ns, u64 rescued)
{
	double length = RUN_MAX_NS, worst = 0;
	const struct task *unlucky = NULL;

	fair_shares(tasks, nr_tasks, weight_of);
	for (u32 i = 0; i < nr_tasks; i++) {
		struct task *t = tasks[i];
		double ran = task_ran_ns(t) - t->counted_ns;
		double want = t->fair * duration_ns;
		double others = length * nr_tasks * t->fair / machine.nr_cpus;
		double far = config.nr_llcs > 1 ?
			2.0 * config.slice_max_ns * weight_of(t) / QM_WEIGHT_NICE0 : 0;
		double may = 3 * (length + others) + far + rescued * length * t->fair / machine.nr_cpus;

		may += price_error * want;
		if (rescued)
			may += length * (1 + duration_ns / RESCUE_NS);
		if (fabs(ran - want) / may <= worst)
			continue;
		worst = fabs(ran - want) / may;
		unlucky = t;
	}
	for (u32 i = 0; i < nr_tasks; i++)
		note("weight %u: %.3f CPUs, its share is %.3f, longest wait %.0f ms",
		     weight_of(tasks[i]), (double)(task_ran_ns(tasks[i]) - tasks[i]->counted_ns) /
		     duration_ns, tasks[i]->fair, tasks[i]->wait_max / 1e6);
	note("worst error: %.0f %% of what is allowed, %llu rescued, %.1f fetched per second",
	     100 * worst, rescued, policy_stat(QUMUN_STAT_STOLEN) * 1e9 / duration_ns);
	if (worst > 1)
		fail("task %d (weight %u, %d of %u CPUs, %u tasks, %llu rescued) ran for %.1f ms in %.1f s, and its share is %.1f ms",
		     unlucky->p.pid, weight_of(unlucky), unlucky->p.nr_cpus_allowed,
		     machine.nr_cpus, nr_tasks, rescued,
		     (task_ran_ns(unlucky) - unlucky->counted_ns) / 1e6, duration_ns / 1e9,
		     unlucky->fair * duration_ns / 1e6);
}

static void measure_shares(u64 duration_ns)
{
	run_for(NSEC_PER_SEC);
	count_from_here();
	check_shares(duration_ns, run_for(duration_ns));
}

/* Hogs in up to four cgroups; no share is more than a CPU. */
static void spawn_hogs(u32 nr, int nice_lo, int nice_hi, const struct mask *mask)
{
	struct group *groups[4];
	u32 nr_groups = rnd_in(1, 4);

	for (u32 i = 0; i < nr_groups; i++)
		groups[i] = group_new(NULL, i && rnd_percent(70) ? rnd_log(256, 8192) : 0);
	for (u32 i = 0; i < nr; i++)
		spawn(&prog_hog, groups[rnd_in(0, nr_groups - 1)],
		      random_nice_weight(nice_lo, nice_hi), mask, 20 * NSEC_PER_MSEC);
}

/* Does somebody deserve more than a CPU? */
static bool somebody_is_capped(void)
{
	fair_shares(tasks, nr_tasks, weight_of);
	for (u32 i = 0; i < nr_tasks; i++)
		if (tasks[i]->fair > 0.95)
			return true;
	return false;
}

/* The heaviest ones are made lighter until nobody deserves more than a CPU. */
static void avoid_caps(void)
{
	for (u32 tries = 0; tries < 20 && somebody_is_capped(); tries++)
		for (u32 i = 0; i < nr_tasks; i++)
			if (tasks[i]->fair > 0.95)
				task_set_weight(tasks[i], (tasks[i]->p.scx.weight + 1) / 2);
}

static void share_free(void)
{
	struct machine m = random_machine(64);
	struct limits limits = { .idle_ns = TICK_NS };
	struct mask mask;

	start(&m);
	mask = full_mask();
	spawn_hogs(rnd_in(m.nr_cpus * 4 / 3 + 1, 5 * m.nr_cpus), -8, 8, &mask);
	avoid_caps();
	check_start(&limits);
	measure_shares(20 * NSEC_PER_SEC);
}

static void share_capped(void)
{
	struct machine m = random_machine(64);
	struct limits limits = { .idle_ns = TICK_NS };
	struct mask mask;

	if (m.nr_cpus == 1)
		m.nr_cpus = m.llc_cpus = 2;
	start(&m);
	mask = full_mask();
	spawn_hogs(rnd_in(m.nr_cpus + 1, 4 * m.nr_cpus), -8, 8, &mask);
	check_start(&limits);
	measure_shares(20 * NSEC_PER_SEC);
}

/*
 * On all CPUs but one a boosted hog, alone there; on the last one a crowd. After
 * a while somebody comes to that crowd: it gets what each of them has, no more.
 */
static void share_late(void)
{
	struct machine m = random_machine(16);
	struct limits limits = { .idle_ns = TICK_NS };
	struct group *boosted, *others;
	u64 duration = 10 * NSEC_PER_SEC;
	struct mask mask;
	u32 nr;

	price_error = 0.05;
	if (m.nr_cpus == 1)
		m.nr_cpus = m.llc_cpus = 2;
	start(&m);
	mask = full_mask();
	boosted = group_new(NULL, rnd_log(2048, 16384));
	others = group_new(NULL, 0);
	for (u32 i = 1; i < m.nr_cpus; i++)
		spawn(&prog_hog, boosted, 100, &mask, 20 * NSEC_PER_MSEC);
	nr = rnd_in(4, 20);
	for (u32 i = 0; i < nr; i++)
		spawn(&prog_hog, others, 100, &mask, 20 * NSEC_PER_MSEC);
	check_start(&limits);
	run_for(rnd_in(1, 30) * NSEC_PER_SEC);
	spawn(&prog_hog, others, 100, &mask, 20 * NSEC_PER_MSEC);
	count_from_here();
	check_shares(duration, run_for(duration));
}

/*
 * The same at its smallest, with the boost that is the default: on four CPUs one
 * boosted hog, which has a CPU and would deserve 1.6, beside six of nice 0 and
 * one of nice 5.
 */
static void share_boosted(void)
{
	struct machine m = { .nr_cpus = 4, .smt = 1, .llc_cpus = 4 };
	struct limits limits = { .idle_ns = TICK_NS };
	struct group *boosted, *others;
	struct mask mask;

	start(&m);
	mask = full_mask();
	boosted = group_new(NULL, QUMUN_BOOST_WEIGHT_DEFAULT);
	others = group_new(NULL, 0);
	spawn(&prog_hog, boosted, 100, &mask, 20 * NSEC_PER_MSEC);
	for (u32 i = 0; i < 6; i++)
		spawn(&prog_hog, others, nice_weight(0), &mask, 20 * NSEC_PER_MSEC);
	spawn(&prog_hog, others, nice_weight(5), &mask, 20 * NSEC_PER_MSEC);
	check_start(&limits);
	measure_shares(20 * NSEC_PER_SEC);
}

static void share_wrap(void)
{
	struct machine m = random_machine(16);
	struct limits limits = { .idle_ns = TICK_NS };
	struct mask mask;

	start(&m);
	policy_set_clock(0 - rnd_log(1, 4 * NSEC_PER_SEC));
	mask = full_mask();
	spawn_hogs(rnd_in(2 * m.nr_cpus, 5 * m.nr_cpus), -5, 5, &mask);
	avoid_caps();
	check_start(&limits);
	measure_shares(6 * NSEC_PER_SEC);
}

/* Some on one CPU only, some on a few, the others anywhere. */
static void share_pinned(void)
{
	struct machine m = random_machine(16);
	struct limits limits = { .idle_ns = TICK_NS };
	struct group *g;
	struct mask any;
	u32 nr;

	if (m.nr_cpus == 1)
		m.nr_cpus = m.llc_cpus = 2;
	start(&m);
	any = full_mask();
	g = group_new(NULL, 0);
	nr = rnd_in(m.nr_cpus, 4 * m.nr_cpus);
	for (u32 i = 0; i < nr; i++)
		spawn(&prog_hog, g, random_nice_weight(-3, 3), &any, 20 * NSEC_PER_MSEC);
	nr = rnd_in(1, m.nr_cpus < 8 ? m.nr_cpus : 8);
	for (u32 i = 0; i < nr; i++) {
		struct mask one = cpu_mask(i);

		spawn(&prog_hog, g, random_nice_weight(-3, 3), &one, 20 * NSEC_PER_MSEC);
	}
	avoid_caps();
	check_start(&limits);
	measure_shares(20 * NSEC_PER_SEC);
}

/* Some sets of CPUs, as cpusets make them, and tasks that may use one of them each. */
static void share_masks(void)
{
	struct machine m = random_machine(16);
	struct limits limits = { .idle_ns = TICK_NS };
	struct mask masks[4];
	u32 nr, nr_masks = rnd_in(1, 3);
	struct group *g;

	price_error = 0.2;
	if (m.nr_cpus < 4)
		m.nr_cpus = m.llc_cpus = 4;
	start(&m);
	g = group_new(NULL, 0);
	masks[0] = full_mask();
	for (u32 i = 1; i <= nr_masks; i++)
		masks[i] = random_mask();
	nr = rnd_in(2 * m.nr_cpus, 5 * m.nr_cpus);
	for (u32 i = 0; i < nr; i++)
		spawn(&prog_hog, g, random_nice_weight(-3, 3), &masks[rnd_in(0, nr_masks)],
		      20 * NSEC_PER_MSEC);
	avoid_caps();
	check_start(&limits);
	measure_shares(20 * NSEC_PER_SEC);
}

/* CPUs @first..@last. */
static struct mask cpu_range(s32 first, s32 last)
{
	struct mask m = { 0 };

	for (s32 cpu = first; cpu <= last; cpu++)
		mask_set(&m, cpu);
	return m;
}

/*
 * Containers with CPUs of their own, some crowded and some not: within each, share follows
 * weight. After a while the sets are lifted, and some time later all are alike.
 */
static void share_cpusets(void)
{
	u32 nr_sets = rnd_in(2, 4), set_cpus = rnd_in(1, 4);
	struct machine m = { .smt = 1, .nr_cpus = nr_sets * set_cpus, .old_kernel = rnd_percent(50) };
	struct limits limits = { .idle_ns = TICK_NS };
	struct mask all, masks[4];

	price_error = 0.05;
	/* Sets that are a part of a cache, a cache, or several. */
	m.llc_cpus = rnd_percent(60) ? m.nr_cpus : rnd_in(2, m.nr_cpus);
	m.ipi_ns = rnd_log(1, 5 * NSEC_PER_USEC);
	start(&m);
	all = full_mask();
	for (u32 i = 0; i < nr_sets; i++) {
		masks[i] = cpu_range(i * set_cpus, (i + 1) * set_cpus - 1);
		spawn_hogs(set_cpus * rnd_log(2, 20), -8, 8, &masks[i]);
	}
	avoid_caps();
	check_start(&limits);
	run_for(rnd_log(1, 30) * NSEC_PER_SEC);
	for (u32 i = rnd_in(0, 2); i < 3; i++)
		measure_shares(10 * NSEC_PER_SEC);
	for (u32 i = 0; i < nr_tasks; i++)
		task_set_mask(tasks[i], &all);
	avoid_caps();
	run_for(20 * NSEC_PER_SEC);
	measure_shares(20 * NSEC_PER_SEC);
}

/* Several LLCs of equal size, and hogs that all begin in the first one. */
static void share_llcs(void)
{
	struct machine m = { .smt = 1, .ticks_aligned = rnd_percent(30) };
	struct limits limits = { .idle_ns = TICK_NS };
	u32 nr_llcs = rnd_in(2, 8), nr;
	struct mask first = { 0 }, all;

	m.llc_cpus = rnd_in(2, 8);
	m.nr_cpus = m.llc_cpus * nr_llcs;
	m.ipi_ns = rnd_log(1, 5 * NSEC_PER_USEC);
	start(&m);
	all = full_mask();
	for (u32 cpu = 0; cpu < m.llc_cpus; cpu++)
		mask_set(&first, cpu);
	nr = rnd_in(m.nr_cpus * 4 / 3 + 1, 3 * m.nr_cpus);
	spawn_hogs(nr, -5, 5, &first);
	run_for(100 * NSEC_PER_MSEC);
	for (u32 i = 0; i < nr; i++)
		task_set_mask(tasks[i], &all);
	avoid_caps();
	check_start(&limits);
	measure_shares(20 * NSEC_PER_SEC);
}

/* Cgroups with the same boost and the same number of hogs get the same. */
static void share_groups(void)
{
	struct machine m = random_machine(64);
	struct limits limits = { .idle_ns = TICK_NS };
	u32 nr_groups = rnd_in(2, 6), each;
	u32 boost = rnd_percent(50) ? 0 : rnd_log(64, 16384);
	struct mask mask;

	start(&m);
	mask = full_mask();
	each = rnd_in(1, 4) * m.nr_cpus;
	for (u32 i = 0; i < nr_groups; i++) {
		struct group *g = group_new(NULL, boost);

		for (u32 j = 0; j < each; j++)
			spawn(&prog_hog, g, 100, &mask, 20 * NSEC_PER_MSEC);
	}
	if (mutation == MUT_BOOST_UNSEEN)
		policy_boost(tasks[0]->group->kn.id, 2 * QUMUN_BOOST_WEIGHT_NORMAL);
	check_start(&limits);
	measure_shares(10 * NSEC_PER_SEC);
}

/* --- those who want more than their share --- */

/*
 * A task that behaves as @cheat does, beside hogs of the same weight: it may
 * get its share, and the sleepers' credit once, and no more.
 */
static void check_no_gain(const struct program *cheat, bool whole_group)
{
	struct machine m = random_machine(16);
	struct limits limits = { .idle_ns = TICK_NS };
	u64 duration = 10 * NSEC_PER_SEC, ran;
	struct group *hogs, *cheats;
	double share, allowed;
	struct mask mask;
	u32 nr;

	start(&m);
	mask = full_mask();
	hogs = group_new(NULL, 0);
	cheats = group_new(NULL, 0);
	nr = rnd_in(2 * m.nr_cpus, 5 * m.nr_cpus);
	for (u32 i = 0; i < nr; i++)
		spawn(&prog_hog, hogs, 100, &mask, 20 * NSEC_PER_MSEC);
	spawn(cheat, cheats, 100, &mask, 20 * NSEC_PER_MSEC);
	check_start(&limits);
	run_for(NSEC_PER_SEC);
	ran = group_ran_ns(cheats);
	run_for(duration);
	ran = group_ran_ns(cheats) - ran;
	share = (double)m.nr_cpus / (nr + 1);
	/* Its own run, and that of the hogs' beside whom it stands. */
	allowed = share * duration + 2 * RUN_MAX_NS + LAG_NS;
	note("%s: ran for %.1f ms, its share is %.1f ms", cheat->name, ran / 1e6,
	     share * duration / 1e6);
	if (ran > allowed)
		fail("%s beside %u hogs on %u CPUs: ran for %.1f ms, its share is %.1f ms%s",
		     cheat->name, nr, m.nr_cpus, ran / 1e6, share * duration / 1e6,
		     whole_group ? " for all its tasks" : "");
}

/* Computes, and sleeps for a moment in order to look like a sleeper. */
static void cheat_moments(void)
{
	struct program blinker = {
		.name = "blinker",
		.burst_lo = rnd_log(100 * NSEC_PER_USEC, 8 * NSEC_PER_MSEC),
		.sleep_lo = rnd_log(1 * NSEC_PER_USEC, 1 * NSEC_PER_MSEC),
		.wake_far_pct = 20,
	};

	blinker.burst_hi = blinker.burst_lo * rnd_in(1, 3);
	blinker.sleep_hi = blinker.sleep_lo * rnd_in(1, 3);
	check_no_gain(&blinker, false);
}

/* Sleeps long, and wants to be paid for it when it wakes up: it gets its lag, and no more. */
static void cheat_sleeps(void)
{
	struct machine m = random_machine(16);
	u64 sleep = rnd_log(10 * NSEC_PER_MSEC, 4 * NSEC_PER_SEC), ran;
	u64 window = rnd_log(100 * NSEC_PER_MSEC, 400 * NSEC_PER_MSEC);
	u32 weight = random_nice_weight(-5, 5);
	double share, allowed;
	struct group *g;
	struct mask mask;
	struct task *t;
	u32 nr;

	start(&m);
	mask = full_mask();
	g = group_new(NULL, 0);
	nr = rnd_in(4 * m.nr_cpus, 6 * m.nr_cpus);
	for (u32 i = 0; i < nr; i++)
		spawn(&prog_hog, g, 100, &mask, 20 * NSEC_PER_MSEC);
	t = spawn(&prog_hog, g, weight, &mask, 0);
	event_cancel(&t->timer);
	run_for(sleep);
	task_wake(t, 0, false);
	ran = task_ran_ns(t);
	run_for(window);
	ran = task_ran_ns(t) - ran;
	share = (double)m.nr_cpus * weight / (100.0 * nr + weight);
	/* In v it begins one lag behind, and the others are up to a run behind it. */
	allowed = share * window + LAG_NS * weight / 100.0 + 2 * RUN_MAX_NS;
	note("ran for %.1f of %.1f ms, its share is %.1f ms", ran / 1e6, window / 1e6,
	     share * window / 1e6);
	if (ran > allowed)
		fail("a task of weight %u beside %u hogs on %u CPUs that slept for %.1f ms ran for %.1f of the next %.1f ms, its share is %.1f ms",
		     weight, nr, m.nr_cpus, sleep / 1e6, ran / 1e6, window / 1e6,
		     share * window / 1e6);
}

/* A chain: computes, makes an heir, ends. */
static void cheat_chain(void)
{
	struct program chain = {
		.name = "chain",
		.burst_lo = rnd_log(50 * NSEC_PER_USEC, 10 * NSEC_PER_MSEC),
		.exit_pct = 100,
		.heir = true,
	};

	chain.burst_hi = chain.burst_lo * rnd_in(1, 4);
	check_no_gain(&chain, true);
}

static void cheat_yields(void)
{
	struct program yielder = {
		.name = "yielder",
		.burst_lo = rnd_log(10 * NSEC_PER_USEC, 5 * NSEC_PER_MSEC),
		.yield_pct = 100,
	};

	yielder.burst_hi = yielder.burst_lo * rnd_in(1, 3);
	check_no_gain(&yielder, false);
}

/* --- everything at once --- */

static const struct program prog_short = {
	.name = "short",
	.burst_lo = 5 * NSEC_PER_USEC, .burst_hi = 1 * NSEC_PER_MSEC,
	.sleep_lo = 50 * NSEC_PER_USEC, .sleep_hi = 50 * NSEC_PER_MSEC,
	.wake_far_pct = 50,
};

static const struct program prog_mixed = {
	.name = "mixed",
	.burst_lo = 10 * NSEC_PER_USEC, .burst_hi = 50 * NSEC_PER_MSEC,
	.sleep_lo = 1 * NSEC_PER_USEC, .sleep_hi = 2000 * NSEC_PER_MSEC,
	.compute_pct = 20, .yield_pct = 10, .message_pct = 30, .wake_far_pct = 30,
	.no_migration_pct = 10,
};

static const struct program prog_child = {
	.name = "child",
	.burst_lo = 10 * NSEC_PER_USEC, .burst_hi = 20 * NSEC_PER_MSEC,
	.sleep_lo = 10 * NSEC_PER_USEC, .sleep_hi = 20 * NSEC_PER_MSEC,
	.exit_pct = 30, .message_pct = 20, .wake_far_pct = 30,
};

static const struct program prog_forker = {
	.name = "forker",
	.burst_lo = 10 * NSEC_PER_USEC, .burst_hi = 5 * NSEC_PER_MSEC,
	.sleep_lo = 10 * NSEC_PER_USEC, .sleep_hi = 100 * NSEC_PER_MSEC,
	.fork_pct = 20, .yield_pct = 3, .wake_far_pct = 30, .child = &prog_child,
};

static const struct program *const programs[] = {
	&prog_hog, &prog_short, &prog_mixed, &prog_forker,
};

#define NR_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static struct group *groups[8];
static u32 nr_groups;

static void make_groups(void)
{
	nr_groups = rnd_in(1, 8);
	for (u32 i = 0; i < nr_groups; i++)
		groups[i] = group_new(i && rnd_percent(40) ? groups[rnd_in(0, i - 1)] : NULL,
				      rnd_percent(50) ? rnd_log(64, 16384) : 0);
}

static void spawn_anything(u32 nr, bool with_masks, int nice_lo, int nice_hi)
{
	for (u32 i = 0; i < nr; i++) {
		struct mask mask = with_masks ? random_mask() : full_mask();

		spawn(programs[rnd_in(0, NR_PROGRAMS - 1)], groups[rnd_in(0, nr_groups - 1)],
		      random_nice_weight(nice_lo, nice_hi), &mask, 100 * NSEC_PER_MSEC);
	}
}

/*
 * The longest wait that the policy allows: it looks for those who have waited
 * for rescue_ns once in an eighth of that, and serves them in turn, one for
 * each slice, at ticks. So many of @nr tasks may have to be rescued by the same
 * CPU: their part of all, and a few more, since masks spread them unevenly.
 */
static u64 wait_bound(u32 nr)
{
	return RESCUE_NS + RESCUE_NS / 8 + (nr / machine.nr_cpus + 16) * RUN_MAX_NS;
}

static u64 longest_wait(void)
{
	u64 longest = 0;

	for (u32 i = 0; i < nr_tasks; i++)
		if (tasks[i]->wait_max > longest)
			longest = tasks[i]->wait_max;
	return longest;
}

/* Whoever is still awake falls asleep; and nothing is left of anybody. */
static void end_of_chaos(void)
{
	workload_stop();
	for (u32 i = 0; i < 600; i++) {
		bool awake = false;

		run_for(100 * NSEC_PER_MSEC);
		for (u32 j = 0; j < nr_tasks; j++)
			if (tasks[j]->alive && task_is_runnable(tasks[j]))
				awake = true;
		if (!awake)
			break;
	}
	run_for(NSEC_PER_MSEC);
	check_asleep();
}

static void chaos_on(struct machine m)
{
	struct limits limits = { .idle_ns = 2 * TICK_NS };
	struct chaos storm = {
		.renice = rnd_log(1, 300),
		.affinity = rnd_log(1, 300),
		.boost = rnd_log(1, 100),
		.rt = rnd_log(1, 50),
		.groups = groups,
	};
	u32 nr;

	start(&m);
	policy_set_clock(0 - rnd_log(NSEC_PER_MSEC, 20 * NSEC_PER_SEC));
	make_groups();
	storm.nr_groups = nr_groups;
	workload_limit(8 * m.nr_cpus + 50);
	nr = rnd_in(1, 6 * m.nr_cpus);
	spawn_anything(nr, rnd_percent(70), -20, 19);
	/* Fork bombs grow to the limit; all of them may be pinned to one CPU. */
	limits.wait_ns = wait_bound(8 * m.nr_cpus + 50);
	chaos_start(&storm);
	check_start(&limits);
	run_for(6 * NSEC_PER_SEC);
	note("%u tasks, %llu rescued, %llu switches, %llu late, longest wait %.0f of %.0f ms",
	     nr_alive(), policy_stat(QUMUN_STAT_RESCUED), policy_stat(QUMUN_STAT_SWITCHES),
	     policy_stat(QUMUN_STAT_LATE), longest_wait() / 1e6, limits.wait_ns / 1e6);
	end_of_chaos();
}

static void chaos(void)
{
	chaos_on(random_machine(32));
}

/* The same on machines of several LLCs, nodes and kinds of CPU, with all that can be asked for. */
static void chaos_topology(void)
{
	struct machine m = random_topology(48);

	random_wishes(&m);
	config.no_preempt = rnd_percent(20);
	chaos_on(m);
}

/* The same, with real-time tasks that take CPUs away. */
static void chaos_rt(void)
{
	struct machine m = random_machine(16);
	/* Nobody takes a task from the local queue of a CPU that real-time tasks have. */
	struct limits limits = { .idle_ns = 40 * NSEC_PER_MSEC };
	struct chaos storm = {
		.renice = rnd_log(1, 100),
		.affinity = rnd_log(1, 100),
		.steal = rnd_log(1, 1000),
		.steal_max_ns = 20 * NSEC_PER_MSEC,
		.groups = groups,
	};

	start(&m);
	make_groups();
	storm.nr_groups = nr_groups;
	workload_limit(4 * m.nr_cpus + 50);
	spawn_anything(rnd_in(1, 4 * m.nr_cpus), rnd_percent(70), -20, 19);
	chaos_start(&storm);
	check_start(&limits);
	run_for(6 * NSEC_PER_SEC);
	end_of_chaos();
}

/* The heaviest beside the lightest: weights are wishes, but nobody waits without end. */
static void wait_extremes(void)
{
	struct machine m = random_machine(8);
	struct limits limits = { .idle_ns = TICK_NS };
	struct group *high, *low;
	u32 heavy, light;
	struct mask mask;

	start(&m);
	mask = full_mask();
	high = group_new(NULL, 16384);
	low = group_new(NULL, 64);
	heavy = rnd_in(2 * m.nr_cpus, 10 * m.nr_cpus);
	light = rnd_in(1, 3 * m.nr_cpus);
	for (u32 i = 0; i < heavy; i++)
		spawn(&prog_hog, high, random_nice_weight(-20, -10), &mask, 20 * NSEC_PER_MSEC);
	for (u32 i = 0; i < light; i++)
		spawn(&prog_hog, low, random_nice_weight(10, 19), &mask, 20 * NSEC_PER_MSEC);
	limits.wait_ns = wait_bound(heavy + light);
	check_start(&limits);
	run_for(10 * NSEC_PER_SEC);
}

/* On one CPU: who is heavy, and far behind after each turn of a light one. */
static void share_light(void)
{
	struct machine m = { .nr_cpus = 1, .smt = 1, .llc_cpus = 1, .ipi_ns = NSEC_PER_USEC };
	struct limits limits = { .idle_ns = TICK_NS };
	bool lightest = rnd_percent(50);
	struct group *group;
	struct mask mask;

	start(&m);
	mask = full_mask();
	group = group_new(NULL, 0);
	spawn(&prog_hog, group, 100, &mask, NSEC_PER_MSEC);
	for (u32 i = 0; i < (lightest ? 10 : 6); i++)
		spawn(&prog_hog, group, nice_weight(lightest ? 19 : 10), &mask,
		      20 * NSEC_PER_MSEC);
	check_start(&limits);
	measure_shares(20 * NSEC_PER_SEC);
}

static const struct program prog_sleeper = {
	.name = "sleeper", .burst_lo = 2 * NSEC_PER_MSEC, .burst_hi = 3 * NSEC_PER_MSEC,
	.sleep_lo = 500 * NSEC_PER_USEC, .sleep_hi = 1500 * NSEC_PER_USEC, .wake_far_pct = 100,
};

/* Heavy sleepers that fill a CPU between them, each one next when another one sleeps. */
static void wait_crowd(void)
{
	struct machine m = { .nr_cpus = 4, .smt = 1, .llc_cpus = 4, .ipi_ns = NSEC_PER_USEC };
	struct limits limits = { .idle_ns = 100 * NSEC_PER_SEC, .wait_ns = 2 * NSEC_PER_SEC };
	bool boosted = rnd_percent(50);
	struct group *group, *sleepers;
	struct mask first;

	start(&m);
	first = cpu_mask(0);
	group = group_new(NULL, 0);
	sleepers = group_new(NULL, boosted ? 4096 : 0);
	for (u32 cpu = 1; cpu < 4; cpu++) {
		struct mask mask = cpu_mask(cpu);

		spawn(&prog_hog, group, 100, &mask, NSEC_PER_MSEC);
	}
	spawn(&prog_hog, group, nice_weight(rnd_percent(50) ? 19 : 0), &first, NSEC_PER_MSEC);
	for (u32 i = 0; i < 4; i++)
		spawn(&prog_sleeper, sleepers, boosted ? 100 : nice_weight(-20), &first,
		      20 * NSEC_PER_MSEC);
	check_start(&limits);
	run_for(15 * NSEC_PER_SEC);
}

/*
 * A kernel thread at nice 19 that holds a lock, as khugepaged does, beside boosted hogs: it is
 * done soon, a task of the same nice value is not.
 */
static void wait_kernel_thread(void)
{
	struct machine m = { .nr_cpus = 4, .smt = 1, .llc_cpus = 4, .ipi_ns = NSEC_PER_USEC };
	struct limits limits = { .idle_ns = TICK_NS };
	struct task *thread, *other;
	struct group *boosted, *root;
	struct mask mask;

	start(&m);
	mask = full_mask();
	root = group_new(NULL, 0);
	boosted = group_new(NULL, 4096);
	for (u32 i = 0; i < 8; i++)
		spawn(&prog_hog, boosted, 100, &mask, NSEC_PER_MSEC);
	check_start(&limits);
	thread = spawn(&prog_hog, root, nice_weight(19), &mask, NSEC_PER_MSEC);
	thread->p.flags |= PF_KTHREAD;
	other = spawn(&prog_hog, root, nice_weight(19), &mask, NSEC_PER_MSEC);
	run_for(10 * NSEC_PER_SEC);
	note("in 10 s the thread ran for %.0f ms, the task for %.0f",
	     task_ran_ns(thread) / 1e6, task_ran_ns(other) / 1e6);
	/* A share of 1 in 34, and that of 1 in 3400 and what being rescued adds. */
	if (task_ran_ns(thread) < 900 * NSEC_PER_MSEC || task_ran_ns(other) > 100 * NSEC_PER_MSEC)
		fail("in 10 s the thread ran for %.0f ms, the task for %.0f",
		     task_ran_ns(thread) / 1e6, task_ran_ns(other) / 1e6);
}

/* A real-time task keeps a CPU for as long as the watchdog waits, beside those that want it. */
static void wait_realtime(void)
{
	struct machine m = { .nr_cpus = 4, .smt = 1, .llc_cpus = 4, .ipi_ns = NSEC_PER_USEC };
	struct limits limits = { .idle_ns = TICK_NS };
	struct task *hogs[8];
	struct group *g;
	struct mask mask;
	u32 nr;

	m.old_kernel = rnd_percent(50);
	start(&m);
	mask = full_mask();
	g = group_new(NULL, 0);
	nr = rnd_in(4, 8);
	check_start(&limits);
	for (u32 i = 0; i < nr; i++)
		hogs[i] = spawn(&prog_hog, g, 100, &mask, NSEC_PER_MSEC);
	run_for(NSEC_PER_SEC + rnd_in(0, 10 * NSEC_PER_MSEC));
	cpu_steal(0, machine.watchdog_ns + NSEC_PER_SEC);
	run_for(machine.watchdog_ns + NSEC_PER_SEC / 2);
	for (u32 i = 0; i < nr; i++)
		if (hogs[i]->wait_max > NSEC_PER_SEC / 2)
			fail("a hog has waited for %.0f ms", hogs[i]->wait_max / 1e6);
}

/* An hour: what drifts a little each time would show. */
static void share_hour(void)
{
	struct machine m = { .nr_cpus = 4, .smt = 1, .llc_cpus = 2, .ipi_ns = NSEC_PER_USEC };
	struct limits limits = { .idle_ns = TICK_NS };
	struct program sleeper = prog_short;
	struct mask mask;

	m.global_queue = rnd_percent(50);
	start(&m);
	mask = full_mask();
	spawn_hogs(8, -3, 3, &mask);
	avoid_caps();
	check_start(&limits);
	measure_shares(3600 * NSEC_PER_SEC);
	/* After an hour those who sleep still wait for no more than a slice. */
	sleeper.burst_hi = NSEC_PER_MSEC;
	limits.wait_ns = 200 * NSEC_PER_MSEC;
	check_start(&limits);
	for (u32 i = 0; i < 4; i++)
		spawn(&sleeper, group_new(NULL, 0), 100, &mask, 20 * NSEC_PER_MSEC);
	run_for(10 * NSEC_PER_SEC);
}

/*
 * A crowd confined to one of many LLCs falls behind the clock, all the more since light
 * tasks elsewhere are far ahead of it. Who sleeps among that crowd gets its share all the same.
 */
static void wait_confined(void)
{
	struct machine m = { .nr_cpus = 64, .smt = 1, .llc_cpus = 4, .ipi_ns = NSEC_PER_USEC };
	struct limits limits = { .idle_ns = 100 * NSEC_PER_SEC, .wait_ns = 2 * NSEC_PER_SEC };
	struct program sleeper = prog_short;
	struct mask first = cpu_range(0, 3);
	struct group *g;
	struct task *t;
	u64 ran;

	sleeper.burst_lo = sleeper.burst_hi = 5 * NSEC_PER_MSEC;
	sleeper.sleep_lo = sleeper.sleep_hi = 20 * NSEC_PER_MSEC;
	start(&m);
	g = group_new(NULL, 0);
	for (s32 cpu = 4; cpu < 64; cpu++) {
		struct mask one = cpu_mask(cpu);

		spawn(&prog_hog, g, nice_weight(19), &one, NSEC_PER_MSEC);
	}
	for (u32 i = 0; i < 8; i++)
		spawn(&prog_hog, g, 100, &first, NSEC_PER_MSEC);
	t = spawn(&sleeper, g, 100, &first, NSEC_PER_MSEC);
	check_start(&limits);
	run_for(2 * NSEC_PER_SEC);
	ran = task_ran_ns(t);
	run_for(5 * NSEC_PER_SEC);
	ran = task_ran_ns(t) - ran;
	note("the sleeper ran for %.0f ms of 5 s; without others it would for 1000", ran / 1e6);
	if (ran < 500 * NSEC_PER_MSEC)
		fail("a sleeper in a confined crowd ran for %.0f ms in 5 s", ran / 1e6);
}

/* How far @t is behind the clock just after it was woken up by whoever runs on CPU 0. */
static s64 credit_on_wakeup(struct task *t, bool sync)
{
	run_for(500 * NSEC_PER_MSEC);
	while (!cpus[0].curr)
		run_for(10 * NSEC_PER_USEC);
	task_wake(t, 0, sync);
	run_for(20 * NSEC_PER_USEC);
	return policy_view_clock(0).now - policy_view_task(t).vruntime;
}

/*
 * A small credit for who is woken by a message, among tasks that all run for moments only; as
 * soon as somebody computes, and for other wakeups, the whole one.
 */
static void message_credit(void)
{
	struct machine m = { .nr_cpus = 2, .smt = 1, .llc_cpus = 2, .ipi_ns = NSEC_PER_USEC };
	struct program worker = prog_short, receiver = prog_short;
	s64 message, timer, beside_hog;
	struct mask mask;
	struct group *g;
	struct task *t;

	worker.burst_lo = 500 * NSEC_PER_USEC;
	worker.burst_hi = 1 * NSEC_PER_MSEC;
	worker.sleep_lo = worker.sleep_hi = 200 * NSEC_PER_USEC;
	receiver.sleep_lo = receiver.sleep_hi = 1000 * NSEC_PER_SEC;
	start(&m);
	mask = full_mask();
	g = group_new(NULL, 0);
	for (u32 i = 0; i < 8; i++)
		spawn(&worker, g, 100, &mask, NSEC_PER_MSEC);
	t = spawn(&receiver, g, 100, &mask, NSEC_PER_MSEC);
	message = credit_on_wakeup(t, true);
	timer = credit_on_wakeup(t, false);
	spawn(&prog_hog, g, 100, &mask, NSEC_PER_MSEC);
	beside_hog = credit_on_wakeup(t, true);
	note("a message %.2f ms, a timer %.2f ms, a message beside a hog %.2f ms", message / 1e6,
	     timer / 1e6, beside_hog / 1e6);
	/* The clock goes on by what others are charged for at the ends of their runs. */
	if (message > 2 * (s64)NSEC_PER_MSEC)
		fail("a message left a credit of %.2f ms", message / 1e6);
	if (timer < (s64)LAG_NS / 2 || beside_hog < (s64)LAG_NS / 2)
		fail("a timer left a credit of %.2f ms, a message beside a hog %.2f ms",
		     timer / 1e6, beside_hog / 1e6);
}

/* --- what drags the clock away from those who sleep --- */

/* Wants 1 % of a CPU, and never waits for long, whatever goes on. */
static const struct program prog_rare = {
	.name = "rare", .burst_lo = 200 * NSEC_PER_USEC, .burst_hi = 300 * NSEC_PER_USEC,
	.sleep_lo = 20 * NSEC_PER_MSEC, .sleep_hi = 30 * NSEC_PER_MSEC, .wake_far_pct = 50,
};

static const struct machine four_cpus = {
	.nr_cpus = 4, .smt = 1, .llc_cpus = 4, .ipi_ns = NSEC_PER_USEC,
};

/* Four CPUs; returns a group of ordinary tasks, and sets @all to all CPUs. */
static struct group *start_four(u64 idle_ns, struct mask *all)
{
	struct limits limits = { .idle_ns = idle_ns };
	struct group *g;

	start(&four_cpus);
	*all = full_mask();
	g = group_new(NULL, 0);
	check_start(&limits);
	return g;
}

static struct task *spawn_crowd(u32 nr, struct group *g, int nice, const struct mask *mask)
{
	struct task *last = NULL;

	for (u32 i = 0; i < nr; i++)
		last = spawn(&prog_hog, g, nice_weight(nice), mask, 20 * NSEC_PER_MSEC);
	return last;
}

static struct task *spawn_kthread(const struct program *prog, struct group *g, s32 cpu)
{
	struct mask mask = cpu_mask(cpu);
	struct task *t = spawn(prog, g, 100, &mask, NSEC_PER_MSEC);

	t->p.flags |= PF_KTHREAD;
	return t;
}

/* How much of a CPU a task gets in the next seconds, in %. */
static double percent_of(struct task *t, u32 seconds)
{
	u64 ran_ns = task_ran_ns(t);

	t->wait_max = 0;
	run_for(seconds * NSEC_PER_SEC);
	return 100.0 * (task_ran_ns(t) - ran_ns) / (seconds * NSEC_PER_SEC);
}

/* In the next seconds it gets what it wants, or at least this much, and waits so long at most. */
static void check_served(const char *what, struct task *t, u32 seconds, double percent, u32 wait_ms)
{
	double got = percent_of(t, seconds);

	note("%s has %.2f %% of a CPU, and waits %.0f ms at most", what, got, t->wait_max / 1e6);
	if (got < percent)
		fail("%s has %.2f %% of a CPU in %u s, expected %.2f", what, got, seconds, percent);
	if (t->wait_max > wait_ms * NSEC_PER_MSEC)
		fail("%s waits %.0f ms, expected %u at most", what, t->wait_max / 1e6, wait_ms);
}

/* Kernel threads of one CPU that do not end: others on that CPU run, too. */
static void clock_kthreads(void)
{
	static const struct program sleeping = {
		.name = "kthread", .burst_lo = 2 * NSEC_PER_MSEC, .burst_hi = 3 * NSEC_PER_MSEC,
		.sleep_lo = 500 * NSEC_PER_USEC, .sleep_hi = NSEC_PER_MSEC,
	};
	const struct program *prog = rnd_percent(50) ? &prog_hog : &sleeping;
	struct mask all, first = cpu_mask(0);
	struct group *g;
	struct task *t;

	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_kthread(prog, g, 0);
	spawn_kthread(prog, g, 0);
	t = spawn_crowd(1, g, -20, &first);
	run_for(NSEC_PER_SEC);
	check_served("nice -20 beside two kernel threads", t, 12, 40, 700);
}

/* One that computes on, beside hogs: who sleeps does not notice. */
static void clock_kthread(void)
{
	struct mask all;
	struct group *g;
	struct task *t;

	g = start_four(TICK_NS, &all);
	spawn_crowd(16, g, 0, &all);
	spawn_kthread(&prog_hog, g, 0);
	t = spawn(&prog_rare, g, 100, &all, NSEC_PER_MSEC);
	run_for(40 * NSEC_PER_SEC);
	check_served("a sleeper", t, 20, 0.8, 100);
}

/* So light that they are rescued: who sleeps does not notice. */
static void clock_lights(void)
{
	struct mask all;
	struct group *g;
	struct task *t;

	g = start_four(TICK_NS, &all);
	spawn_crowd(8, group_new(NULL, 4096), 0, &all);
	spawn_crowd(32, g, 19, &all);
	t = spawn(&prog_rare, g, 100, &all, NSEC_PER_MSEC);
	run_for(240 * NSEC_PER_SEC);
	check_served("a sleeper", t, 20, 0.8, 200);
}

/* More than are looked at in front of a queue may not run on a CPU; its task keeps it. */
static void clock_unseen(void)
{
	struct mask all, low = { 0 }, high = { 0 };
	u32 nr = rnd_percent(50) ? 40 : 200;
	struct group *g;
	struct task *t;

	mask_set(&low, 0);
	mask_set(&low, 1);
	mask_set(&high, 2);
	mask_set(&high, 3);
	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(nr, g, 0, &low);
	spawn_crowd(2, g, 0, &high);
	run_for(60 * NSEC_PER_SEC);
	t = spawn_crowd(1, g, 0, &low);
	check_served("who comes late to a crowd", t, 20, 100.0 / nr, 2000);
}

/* A light task that is far ahead becomes a heavy one: who sleeps does not notice. */
static void clock_heavier(void)
{
	struct group *g, *light;
	struct task *t, *l;
	struct mask all;

	g = start_four(TICK_NS, &all);
	light = group_new(NULL, 0);
	spawn_crowd(8, group_new(NULL, 4096), 0, &all);
	l = spawn_crowd(1, light, 19, &all);
	t = spawn(&prog_rare, g, 100, &all, NSEC_PER_MSEC);
	run_for(100 * NSEC_PER_SEC);
	task_set_weight(l, 100);
	if (rnd_percent(50)) {
		light->boost = 16384;
		policy_boost(light->kn.id, light->boost);
	}
	check_served("a sleeper", t, 4, 0.8, 150);
	check_served("who has become heavier", l, 4, 5, 300);
}

/* Who yields beside a light task far ahead does not go as far behind. */
static void clock_yield(void)
{
	static const struct program yielder = {
		.name = "yielder", .burst_lo = 10 * NSEC_PER_USEC, .burst_hi = 20 * NSEC_PER_USEC,
		.yield_pct = 100,
	};
	struct program sleeper = prog_rare;
	struct mask all;
	struct group *g;
	struct task *t;

	sleeper.burst_lo = sleeper.burst_hi = 4 * NSEC_PER_MSEC;
	sleeper.sleep_lo = sleeper.sleep_hi = 10 * NSEC_PER_MSEC;
	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(3, g, 0, &all);
	spawn_crowd(1, g, 19, &all);
	t = spawn(&yielder, g, 100, &all, NSEC_PER_MSEC);
	for (u32 i = 0; i < 6; i++)
		spawn(&sleeper, g, 100, &all, NSEC_PER_MSEC);
	run_for(5 * NSEC_PER_SEC);
	check_served("who yields", t, 20, 0.2, 200);
}

/* Heavy tasks confined to a CPU hold the clock back: the lighter ones elsewhere run all the same. */
static void clock_held(void)
{
	struct mask all, first = cpu_mask(0);
	struct group *g;
	struct task *t;

	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(2, group_new(NULL, 16384), 0, &first);
	spawn_crowd(6, g, 0, &all);
	t = spawn_crowd(1, g, rnd_percent(50) ? 1 : 5, &all);
	run_for(10 * NSEC_PER_SEC);
	check_served("the lighter one", t, 20, 10, 1000);
}

/*
 * Two containers with two CPUs each, a crowd in one of them, a few in the other: who sleeps, in
 * either, is served at once, and who comes late gets what the others there have.
 */
static void wait_cpuset(void)
{
	struct mask all, crowded = cpu_range(0, 1), roomy = cpu_range(2, 3);
	struct task *in_crowd, *in_room, *anywhere, *late;
	struct group *g;

	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(12, g, 0, &crowded);
	spawn_crowd(3, g, 0, &roomy);
	in_crowd = spawn(&prog_rare, g, 100, &crowded, NSEC_PER_MSEC);
	in_room = spawn(&prog_rare, g, 100, &roomy, NSEC_PER_MSEC);
	anywhere = spawn(&prog_rare, g, 100, &all, NSEC_PER_MSEC);
	run_for(rnd_log(1, 60) * NSEC_PER_SEC);
	check_served("a sleeper in the crowded set", in_crowd, 10, 0.8, 50);
	check_served("a sleeper in the other one", in_room, 10, 0.8, 50);
	check_served("a sleeper that may go anywhere", anywhere, 10, 0.8, 50);
	late = spawn_crowd(1, g, 0, &crowded);
	check_served("who comes late to the crowd", late, 10, 0.9 * 200 / 13, 500);
	late = spawn_crowd(1, g, 0, &roomy);
	check_served("who comes late to the other set", late, 10, 0.9 * 50, 50);
}

/* The longest wait of all tasks in the next seconds. */
static void check_waits(const char *when, u32 seconds, u32 wait_ms)
{
	const struct task *unlucky = tasks[0];

	for (u32 i = 0; i < nr_tasks; i++)
		tasks[i]->wait_max = 0;
	run_for(seconds * NSEC_PER_SEC);
	for (u32 i = 0; i < nr_tasks; i++)
		if (tasks[i]->wait_max > unlucky->wait_max)
			unlucky = tasks[i];
	note("%s task %d waits %.0f ms at most", when, unlucky->p.pid, unlucky->wait_max / 1e6);
	if (unlucky->wait_max > wait_ms * NSEC_PER_MSEC)
		fail("%s task %d waits %.0f ms, expected %u at most", when, unlucky->p.pid,
		     unlucky->wait_max / 1e6, wait_ms);
}

/* Tasks are put into containers with CPUs of their own, and taken out again. */
static void wait_moved(void)
{
	struct mask all, crowded = cpu_range(0, 1), roomy = cpu_range(2, 3);
	struct task *hog, *sleeper;
	struct group *g;

	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(12, g, 0, &crowded);
	spawn_crowd(3, g, 0, &roomy);
	hog = spawn_crowd(1, g, 0, &all);
	sleeper = spawn(&prog_rare, g, 100, &all, NSEC_PER_MSEC);
	run_for(rnd_log(1, 30) * NSEC_PER_SEC);
	task_set_mask(hog, &crowded);
	task_set_mask(sleeper, &crowded);
	check_served("a sleeper that is put into the crowd", sleeper, 5, 0.8, 50);
	check_served("a hog that was put into the crowd", hog, 10, 0.9 * 200 / 13, 150);
	task_set_mask(hog, &roomy);
	task_set_mask(sleeper, &roomy);
	check_waits("when a hog comes to where there is more room", 5, 150);
	check_served("that hog", hog, 10, 0.9 * 50, 150);
	for (u32 i = 0; i < 12; i++)
		task_set_mask(tasks[i], &all);
	check_waits("when the crowd is let out", 5, 1500);
	for (u32 i = 0; i < nr_tasks; i++)
		task_set_mask(tasks[i], &all);
	check_waits("when all may go anywhere", 20, 1500);
}

/* A task that changes its CPUs all the time, between two sets. */
static struct toggler {
	struct event ev;
	struct task *task;
	struct mask sets[2];
	u64 each_ns;
	u32 turn;
} toggler;

static void on_toggle(struct event *ev)
{
	task_set_mask(toggler.task, &toggler.sets[toggler.turn++ % 2]);
	event_at(ev, sim_now() + rnd_in(toggler.each_ns / 2, 2 * toggler.each_ns));
}

/* Into one of them and out again, whenever it has to wait. */
static void on_flip(struct event *ev)
{
	if (!toggler.task->curr && task_is_runnable(toggler.task)) {
		task_set_mask(toggler.task, &toggler.sets[0]);
		task_set_mask(toggler.task, &toggler.sets[1]);
	}
	event_at(ev, sim_now() + toggler.each_ns);
}

/* CPU time in the next seconds, in percent of a CPU, of two tasks. */
static void percents_of(struct task *const both[2], u32 seconds, double percents[2])
{
	u64 ran_ns[2] = { task_ran_ns(both[0]), task_ran_ns(both[1]) };

	run_for(seconds * NSEC_PER_SEC);
	for (u32 i = 0; i < 2; i++)
		percents[i] = (task_ran_ns(both[i]) - ran_ns[i]) / 1e7 / seconds;
}

/*
 * Who goes into a crowded set and out of it whenever it has to wait has hardly more for that than
 * a twin that stays outside; though the crowd may be its own, and the CPUs two caches.
 */
static void share_flipper(void)
{
	struct mask all, one = cpu_mask(0), outside = cpu_range(2, 3);
	struct machine m = four_cpus;
	struct limits limits = { .idle_ns = 100 * NSEC_PER_SEC };
	struct task *both[2];
	double before[2], after[2];
	struct group *g;

	if (rnd_percent(30))
		m.llc_cpus = 2;
	start(&m);
	check_start(&limits);
	all = full_mask();
	mask_set(&outside, 0);
	g = group_new(NULL, 0);
	spawn_crowd(rnd_log(8, 40), g, 0, &one);
	spawn_crowd(rnd_log(3, 12), g, 0, &all);
	toggler.sets[0] = one;
	toggler.sets[1] = rnd_percent(50) ? all : outside;
	toggler.each_ns = 500 * NSEC_PER_USEC;
	toggler.ev.fn = on_flip;
	both[0] = toggler.task = spawn_crowd(1, g, 0, &toggler.sets[1]);
	both[1] = spawn_crowd(1, g, 0, &toggler.sets[1]);
	run_for(5 * NSEC_PER_SEC);
	percents_of(both, 10, before);
	event_at(&toggler.ev, sim_now() + 1);
	run_for(2 * NSEC_PER_SEC);
	percents_of(both, 20, after);
	event_cancel(&toggler.ev);
	note("before: %.1f %% and %.1f %%; then it has %.1f %%, its twin %.1f %%", before[0],
	     before[1], after[0], after[1]);
	if (after[0] > 1.25 * after[1] || after[0] < 0.8 * after[1])
		fail("who changes its CPUs all the time has %.1f %% of one, its twin %.1f",
		     after[0], after[1]);
}

/*
 * Who changes its set of CPUs all the time, between a crowded one and others, has no more of them
 * than one that may go anywhere.
 */
static void share_toggler(void)
{
	struct mask all, crowded = cpu_range(0, 1), roomy = cpu_range(2, 3), one = cpu_mask(0);
	const struct mask *sets[4] = { &crowded, &one, &all, &roomy };
	struct task *both[2];
	u32 first = rnd_in(0, 1);
	struct group *g;
	double got[2];

	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(12, g, 0, &crowded);
	spawn_crowd(3, g, 0, &roomy);
	both[1] = spawn_crowd(1, g, 0, &all);
	both[0] = toggler.task = spawn_crowd(1, g, 0, &all);
	toggler.sets[0] = *sets[first];
	toggler.sets[1] = *sets[first + rnd_in(1, 3 - first)];
	toggler.each_ns = rnd_log(500, 500000) * NSEC_PER_USEC;
	toggler.ev.fn = on_toggle;
	run_for(5 * NSEC_PER_SEC);
	event_at(&toggler.ev, sim_now() + 1);
	run_for(2 * NSEC_PER_SEC);
	percents_of(both, 20, got);
	event_cancel(&toggler.ev);
	note("between %u and %u CPUs, each %.1f ms: %.1f %%; who may go anywhere: %.1f %%",
	     mask_weight(&toggler.sets[0]), mask_weight(&toggler.sets[1]), toggler.each_ns / 1e6,
	     got[0], got[1]);
	if (got[0] > 1.1 * got[1] || got[0] < 8)
		fail("who changes its CPUs all the time has %.1f %% of one, another one %.1f",
		     got[0], got[1]);
}

/* A heavy task is put into another set: that is nothing to those who sleep, wherever they are. */
static void wait_bystander(void)
{
	struct mask all, crowded = cpu_range(0, 1), roomy = cpu_range(2, 3);
	struct task *sleepers[3], *heavy;
	struct group *g;

	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(12, g, 0, &crowded);
	spawn_crowd(6, g, 0, &roomy);
	heavy = spawn_crowd(1, group_new(NULL, 16384), 0, &crowded);
	sleepers[0] = spawn(&prog_rare, g, 100, &crowded, NSEC_PER_MSEC);
	sleepers[1] = spawn(&prog_rare, g, 100, &roomy, NSEC_PER_MSEC);
	sleepers[2] = spawn(&prog_rare, g, 100, &all, NSEC_PER_MSEC);
	run_for(rnd_log(1, 20) * NSEC_PER_SEC);
	for (u32 i = 0; i < 3; i++)
		sleepers[i]->wait_max = 0;
	for (u32 i = 0; i < 4; i++) {
		task_set_mask(heavy, i % 2 ? &crowded : &roomy);
		run_for(rnd_in(200, 2000) * NSEC_PER_MSEC);
	}
	for (u32 i = 0; i < 3; i++)
		if (sleepers[i]->wait_max > 50 * NSEC_PER_MSEC)
			fail("a sleeper that may use %u CPUs waits %.0f ms",
			     sleepers[i]->p.nr_cpus_allowed, sleepers[i]->wait_max / 1e6);
}

/* By how much one of two hogs gets more than the other in the next seconds. */
static double ratio_of(const struct task *one, const struct task *other, u32 seconds)
{
	u64 one_ns = task_ran_ns(one), other_ns = task_ran_ns(other);

	run_for(seconds * NSEC_PER_SEC);
	return (task_ran_ns(one) - one_ns) / (double)(task_ran_ns(other) - other_ns);
}

static void check_ratio(const char *what, double ratio, double want)
{
	note("%s has %.2f times of the other one (%.2f)", what, ratio, want);
	if (ratio < 0.85 * want || ratio > 1.15 * want)
		fail("%s has %.2f times of the other one, expected %.2f", what, ratio, want);
}

/*
 * A real-time task takes the CPU of a confined crowd for a while. Afterwards all is as before: the
 * clock goes as fast as tasks get on, and weights count.
 */
static void clock_realtime(void)
{
	u64 steal_ns = rnd_log(10, 6000) * NSEC_PER_MSEC, v;
	struct mask all, first = cpu_mask(0);
	struct task *heavy, *light, *other;
	struct group *g;
	double ratio;

	g = start_four(100 * NSEC_PER_SEC, &all);
	other = spawn_crowd(6, g, 0, &all);
	heavy = spawn_crowd(2, g, 0, &first);
	light = spawn_crowd(1, g, 5, &first);
	run_for(3 * NSEC_PER_SEC);
	cpu_steal(0, steal_ns);
	run_for(steal_ns + 5 * NSEC_PER_SEC);
	v = policy_view_clock(0).now;
	ratio = ratio_of(heavy, light, 20);
	v = policy_view_clock(0).now - v;
	note("in 20 s the clock goes %.1f s", v / 1e9);
	if (v > 20 * NSEC_PER_SEC)
		fail("in 20 s the clock goes %.1f s, with more than one task for each CPU", v / 1e9);
	check_ratio("nice 0 on that CPU", ratio, nice_weight(0) / (double)nice_weight(5));
	check_served("who may go anywhere", other, 5, 45, 50);
}

/* So many confined to one CPU that nearly all are rescued: those elsewhere do not notice. */
static void clock_swarm(void)
{
	struct mask all, first = cpu_mask(0);
	struct task *heavy, *light;
	struct group *g;

	g = start_four(100 * NSEC_PER_SEC, &all);
	spawn_crowd(508, g, 0, &first);
	heavy = spawn_crowd(8, g, 0, &all);
	light = spawn_crowd(2, g, 5, &all);
	run_for(rnd_in(60, 120) * NSEC_PER_SEC);
	check_served("who may go anywhere", heavy, 10, 30, 100);
	check_ratio("nice 0 anywhere", ratio_of(heavy, light, 20),
		    nice_weight(0) / (double)nice_weight(5));
}

/*
 * Light tasks fill gaps, and are far ahead after each. Who sleeps now and then, and where they
 * run, is not put beside them: no more is left to them than the others leave.
 */
static void clock_gaps(void)
{
	static const struct program worker = {
		.name = "worker", .burst_lo = 5 * NSEC_PER_MSEC, .burst_hi = 20 * NSEC_PER_MSEC,
		.sleep_lo = 5 * NSEC_PER_MSEC, .sleep_hi = 20 * NSEC_PER_MSEC,
	};
	struct mask all;
	struct group *g;
	struct task *t;

	g = start_four(TICK_NS, &all);
	spawn_crowd(3, g, 0, &all);
	for (u32 i = 0; i < 3; i++)
		t = spawn(&worker, g, 100, &all, NSEC_PER_MSEC);
	spawn_crowd(4, g, 19, &all);
	run_for(3 * NSEC_PER_SEC);
	check_served("who sleeps now and then", t, 20, 33.5, 60);
}

/*
 * A chain of tasks that compute, fork and end, confined with hogs to a CPU that is more crowded
 * than the others, or less: it gets about what one of them has. (Where there is more room, who
 * is new begins beside the level, and those who have waited are behind it.)
 */
static void chain_confined(void)
{
	struct program chain = {
		.name = "chain", .burst_lo = rnd_log(300 * NSEC_PER_USEC, 3 * NSEC_PER_MSEC),
		.exit_pct = 100, .heir = true,
	};
	bool crowded = rnd_percent(50);
	struct mask all, first = cpu_mask(0), others = cpu_range(1, 3);
	struct group *g, *own;
	u64 chain_ns, hog_ns;
	struct task *hog;

	chain.burst_hi = chain.burst_lo;
	g = start_four(100 * NSEC_PER_SEC, &all);
	own = group_new(NULL, 0);
	hog = spawn_crowd(crowded ? 9 : 3, g, 0, &first);
	spawn_crowd(crowded ? 4 : 60, g, 0, &others);
	spawn(&chain, own, 100, &first, NSEC_PER_MSEC);
	run_for(5 * NSEC_PER_SEC);
	chain_ns = group_ran_ns(own);
	hog_ns = task_ran_ns(hog);
	run_for(20 * NSEC_PER_SEC);
	chain_ns = group_ran_ns(own) - chain_ns;
	hog_ns = task_ran_ns(hog) - hog_ns;
	note("%s, runs of %.1f ms: the chain %.0f ms, a hog %.0f ms", crowded ? "crowded" : "roomy",
	     chain.burst_lo / 1e6, chain_ns / 1e6, hog_ns / 1e6);
	if (chain_ns < hog_ns * 0.5 || chain_ns > hog_ns * 1.3)
		fail("a chain of tasks ran for %.0f ms, a hog beside it for %.0f", chain_ns / 1e6,
		     hog_ns / 1e6);
}

/* More tasks than can be rescued: nobody is forgotten, and weights still count. */
static void wait_swarm(void)
{
	struct task *boosted;
	struct mask all;
	struct group *g;

	g = start_four(TICK_NS, &all);
	spawn_crowd(1, g, 19, &all);
	spawn_crowd(2000, g, 0, &all);
	boosted = spawn_crowd(1, group_new(NULL, 16384), 0, &all);
	run_for(5 * NSEC_PER_SEC);
	/* Its share is 3.2 %, and it would have a third of a percent if all took turns. */
	check_served("a boosted one among 2000", boosted, 20, 1.5, 5000);
}

/* --- work conservation --- */

/* Few tasks that come and go; between select_cpu and enqueue, CPUs become idle. */
static void idle_races(void)
{
	struct machine m = random_machine(16);
	struct limits limits = { .idle_ns = 2 * TICK_NS };
	struct program prog = prog_short;
	u32 nr;

	m.wake_race_ns = rnd_log(100, 5 * NSEC_PER_USEC);
	prog.grid_ns = rnd_percent(70) ? 50 * NSEC_PER_USEC : 0;
	prog.sleep_hi = rnd_log(NSEC_PER_MSEC, 100 * NSEC_PER_MSEC);
	start(&m);
	make_groups();
	/* Hogs leave a CPU free at least, and do not look for work for a slice. */
	nr = rnd_percent(50) ? rnd_in(0, m.nr_cpus - 1) : 0;
	for (u32 i = 0; i < nr; i++) {
		struct mask mask = full_mask();

		spawn(&prog_hog, groups[0], 100, &mask, NSEC_PER_MSEC);
	}
	nr = rnd_in(1, 3 * m.nr_cpus);
	for (u32 i = 0; i < nr; i++) {
		struct mask mask = rnd_percent(70) ? full_mask() : random_mask();

		spawn(&prog, groups[rnd_in(0, nr_groups - 1)], 100, &mask, NSEC_PER_MSEC);
	}
	check_start(&limits);
	run_for(10 * NSEC_PER_SEC);
	end_of_chaos();
}

/*
 * A CPU looks into the queue, finds nothing, and is seen as idle only a moment
 * later. Who is enqueued in between, after the search for idle CPUs, waits for
 * one that is busy. (That moment is less than a microsecond, unless a
 * hypervisor makes it longer; here it is long, so that it is met often.)
 */
static void idle_unseen(void)
{
	struct machine m = random_machine(16);
	struct limits limits = { .idle_ns = TICK_NS };
	struct program prog = prog_short;
	struct group *g;
	struct mask mask;

	m.idle_race_ns = 100 * NSEC_PER_USEC;
	prog.burst_hi = 20 * NSEC_PER_MSEC;
	prog.grid_ns = 50 * NSEC_PER_USEC;
	start(&m);
	mask = full_mask();
	g = group_new(NULL, 0);
	for (u32 i = 1; i < m.nr_cpus; i++)
		spawn(&prog_hog, g, 100, &mask, NSEC_PER_MSEC);
	for (u32 i = 0; i < 3; i++)
		spawn(&prog, g, 100, &mask, NSEC_PER_MSEC);
	check_start(&limits);
	run_for(10 * NSEC_PER_SEC);
}

/* --- placement --- */

/* Tasks that come and go, so few that CPUs are idle; each one gets the best of those. */
static void place_on(struct machine m, bool restricted)
{
	struct limits limits = { .idle_ns = 2 * TICK_NS };
	struct program prog = prog_short;
	u32 nr;

	m.wake_race_ns = 0;
	if (restricted)
		random_primary(&m);
	/* Some of them run for long, and are placed as such. */
	prog.burst_hi = rnd_log(NSEC_PER_MSEC, 20 * NSEC_PER_MSEC);
	start(&m);
	make_groups();
	nr = rnd_in(1, 2 * m.nr_cpus);
	for (u32 i = 0; i < nr; i++) {
		struct mask mask = rnd_percent(70) ? full_mask() : random_mask();

		spawn(&prog, groups[rnd_in(0, nr_groups - 1)], 100, &mask, NSEC_PER_MSEC);
	}
	placement_watch();
	check_start(&limits);
	run_for(2 * NSEC_PER_SEC);
	end_of_chaos();
}

static void place_best(void)
{
	place_on(random_topology(48), rnd_percent(50));
}

static void place_domains(void)
{
	struct machine m = random_topology(48);

	m.fast_cpus = rnd_in(1, m.nr_cpus);
	place_on(m, true);
}

/*
 * Hogs that were crowded together, until they may run anywhere: they are not more than CPUs, and
 * never sleep, so that nobody but the policy can move them to better ones.
 */
static void place_moves(void)
{
	struct machine m = random_topology(48);
	struct limits limits = { .idle_ns = 2 * TICK_NS };
	struct mask all;
	u64 moved;
	u32 nr;

	random_wishes(&m);
	start(&m);
	make_groups();
	nr = rnd_in(1, m.nr_cpus);
	for (u32 i = 0; i < nr; i++) {
		struct mask mask = random_mask();

		spawn(&prog_hog, groups[rnd_in(0, nr_groups - 1)], 100, &mask, NSEC_PER_MSEC);
	}
	run_for(NSEC_PER_SEC);
	all = full_mask();
	for (u32 i = 0; i < nr; i++)
		task_set_mask(tasks[i], &all);
	check_start(&limits);
	run_for(NSEC_PER_SEC);
	placement_settled();
	/* And not to and fro. */
	moved = policy_stat(QUMUN_STAT_MOVED);
	run_for(NSEC_PER_SEC);
	if (policy_stat(QUMUN_STAT_MOVED) != moved)
		fail("%llu moves more in a second", policy_stat(QUMUN_STAT_MOVED) - moved);
	end_of_chaos();
}

/* More than the primary domain holds: the other CPUs are used as soon as it is full. */
static void primary_full(void)
{
	struct machine m = random_topology(32);
	struct limits limits = { .idle_ns = 2 * TICK_NS };
	u32 nr;

	random_primary(&m);
	start(&m);
	make_groups();
	nr = rnd_in(m.nr_cpus, 2 * m.nr_cpus);
	for (u32 i = 0; i < nr; i++) {
		struct mask mask = rnd_percent(70) ? full_mask() : random_mask();

		spawn(rnd_percent(30) ? &prog_hog : &prog_short, groups[rnd_in(0, nr_groups - 1)],
		      100, &mask, NSEC_PER_MSEC);
	}
	check_start(&limits);
	run_for(5 * NSEC_PER_SEC);
	end_of_chaos();
}

/* --- size --- */

static void large(void)
{
	struct machine m = {
		.nr_cpus = 1024, .smt = 2, .llc_cpus = 16, .node_cpus = 256, .ipi_ns = 2 * NSEC_PER_USEC,
	};
	struct limits limits = { .idle_ns = 2 * TICK_NS };
	struct program crowd = prog_mixed;

	/* So seldom awake that a few thousand of them want to run at a time. */
	crowd.sleep_lo = 1000 * NSEC_PER_MSEC;
	crowd.sleep_hi = 4000 * NSEC_PER_MSEC;
	crowd.burst_hi = 20 * NSEC_PER_MSEC;
	start(&m);
	make_groups();
	for (u32 i = 0; i < 90000; i++) {
		struct mask mask = rnd_percent(90) ? full_mask() : random_mask();

		spawn(&crowd, groups[rnd_in(0, nr_groups - 1)], random_nice_weight(-10, 10), &mask,
		      1500 * NSEC_PER_MSEC);
	}
	for (u32 i = 0; i < 10000; i++) {
		struct mask mask = full_mask();

		spawn(&prog_hog, groups[rnd_in(0, nr_groups - 1)], 100, &mask, NSEC_PER_MSEC);
	}
	check_start(&limits);
	run_for(1 * NSEC_PER_SEC);
	note("%llu switches, %llu rescued", policy_stat(QUMUN_STAT_SWITCHES),
	     policy_stat(QUMUN_STAT_RESCUED));
}

#define KNOWN_IDLE "a CPU that goes idle during an enqueue leaves the task to a busy one"

#define CASE(id, what, ...) { .name = #id, .about = what, .run = id, __VA_ARGS__ }
#define NOTICES(mut, within) .control = MUT_##mut, .control_seeds = within

const struct sim_case sim_cases[] = {
	CASE(share_free, "hogs of any weight: share follows weight", .seeds = 20,
	     NOTICES(PREV_IGNORED, 20)),
	CASE(share_capped, "hogs, some of which deserve more than a CPU", .seeds = 20,
	     NOTICES(PREV_IGNORED, 20)),
	CASE(share_boosted, "a boosted hog with a whole CPU, beside others of two weights",
	     .seeds = 1, NOTICES(PREV_IGNORED, 1)),
	CASE(share_late, "who comes late to a crowd gets what the others have", .seeds = 20,
	     NOTICES(PREV_IGNORED, 20)),
	CASE(share_light, "one beside many light ones", .seeds = 4, NOTICES(PREV_IGNORED, 4)),
	CASE(share_wrap, "shares while vruntimes wrap around", .seeds = 20,
	     NOTICES(VTIME_NO_WRAP, 5)),
	CASE(share_pinned, "shares of hogs that may not run everywhere", .seeds = 20,
	     NOTICES(PREV_IGNORED, 5)),
	CASE(share_toggler, "a hog that changes its set of CPUs all the time", .seeds = 20),
	CASE(share_flipper, "a hog that does so when it has to wait", .seeds = 20),
	CASE(share_llcs, "shares across last-level caches", .seeds = 10,
	     NOTICES(FAR_IGNORED, 10)),
	CASE(share_hour, "shares of an hour", .seeds = 2, NOTICES(PREV_IGNORED, 2)),
	CASE(share_masks, "shares of hogs in overlapping sets of CPUs", .seeds = 20,
	     NOTICES(PREV_IGNORED, 20)),
	CASE(share_cpusets, "shares in containers with CPUs of their own", .seeds = 20,
	     NOTICES(PREV_IGNORED, 20)),
	CASE(share_groups, "equal cgroups get equal shares", .seeds = 10,
	     NOTICES(BOOST_UNSEEN, 10)),
	CASE(cheat_moments, "sleeping for moments gains nothing", .seeds = 20,
	     NOTICES(SLEEP_FORGIVES, 10)),
	CASE(cheat_sleeps, "sleeping long gains a small credit only", .seeds = 20,
	     NOTICES(LONG_LAG, 10)),
	CASE(cheat_chain, "a chain of tasks counts as one", .seeds = 20,
	     NOTICES(FORK_UNSEEN, 10)),
	CASE(cheat_yields, "yielding gains nothing", .seeds = 10, NOTICES(CHARGE_LOST, 10)),
	CASE(wait_extremes, "the lightest beside the heaviest", .seeds = 20,
	     NOTICES(NO_RESCUE, 5)),
	CASE(wait_crowd, "heavy sleepers that fill a CPU", .seeds = 10, NOTICES(NO_RESCUE, 10)),
	CASE(wait_kernel_thread, "a kernel thread at nice 19 beside boosted hogs", .seeds = 4),
	CASE(wait_realtime, "real-time tasks keep a CPU, not those that were there",
	     .seeds = 20, NOTICES(LOCAL_KEPT, 20)),
	CASE(wait_swarm, "nobody is forgotten among 2000", .seeds = 1),
	CASE(clock_kthreads, "kernel threads of one CPU that do not end", .seeds = 4),
	CASE(clock_kthread, "who sleeps, beside a kernel thread that does not end", .seeds = 2),
	CASE(clock_lights, "who sleeps, beside those that are rescued", .seeds = 2),
	CASE(clock_unseen, "who comes late to a crowd that hides in front of the queue", .seeds = 4),
	CASE(clock_heavier, "who sleeps, when a light task becomes heavy", .seeds = 4),
	CASE(clock_yield, "who yields beside a light task", .seeds = 2),
	CASE(clock_realtime, "a real-time task on the CPU of a confined crowd", .seeds = 10),
	CASE(clock_swarm, "a crowd on one CPU that has to be rescued", .seeds = 2),
	CASE(clock_gaps, "who sleeps where light tasks fill the gaps", .seeds = 4),
	CASE(chain_confined, "a chain of tasks in a confined crowd counts as one", .seeds = 10),
	CASE(clock_held, "the lighter ones, when the clock is held back", .seeds = 4),
	CASE(wait_confined, "who sleeps in a crowd that is confined to one cache", .seeds = 4),
	CASE(wait_cpuset, "who sleeps in containers with CPUs of their own", .seeds = 4),
	CASE(wait_bystander, "who sleeps while a heavy task changes its CPUs", .seeds = 4),
	CASE(wait_moved, "who is put into a container with CPUs of its own, and out", .seeds = 4),
	CASE(message_credit, "credit of a message, with and without somebody who computes",
	     .seeds = 4),
	CASE(idle_races, "no CPU idles beside a task that waits", .seeds = 20,
	     NOTICES(KICKS_LOST, 5)),
	CASE(idle_unseen, "the same while CPUs take time to be seen as idle", .seeds = 20,
	     .known = KNOWN_IDLE),
	CASE(chaos, "weights, boosts, sleeps, forks, affinities", .seeds = 60,
	     NOTICES(NO_RESCUE, 20)),
	CASE(chaos_rt, "the same under real-time tasks", .seeds = 20, NOTICES(CLOCK_SKEWED, 1)),
	CASE(chaos_topology, "the same on all kinds of machines, with all placement options",
	     .seeds = 40, NOTICES(KICKS_LOST, 10)),
	CASE(place_best, "a task that wakes up gets the best CPU that is idle", .seeds = 40,
	     NOTICES(TIERS_MOVED, 10)),
	CASE(place_domains, "the primary domain and fast CPUs come first", .seeds = 10,
	     NOTICES(TIERS_FLAT, 10)),
	CASE(place_moves, "a task that never sleeps moves to a better CPU as soon as one is idle",
	     .seeds = 40, NOTICES(LAST_KEPT, 10)),
	CASE(primary_full, "nobody waits for the primary domain while other CPUs are idle",
	     .seeds = 20, NOTICES(TIERS_CUT, 10)),
	CASE(large, "1024 CPUs, 100 000 tasks", .seeds = 1),
	{ .name = NULL },
};
