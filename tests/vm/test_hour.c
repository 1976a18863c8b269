// SPDX-License-Identifier: GPL-2.0-only
/*
 * An hour of the same load: what drifts a little each time would show. In a group of its own, for
 * a machine whose time is a count of instructions (scripts/hour.sh); HOUR_SEC makes it shorter.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmtest.h"

#define NR_PERIODS	10
#define NR_SLEEPERS	4

static struct daemon daemon1;

static unsigned int hour_seconds(void)
{
	const char *text = getenv("HOUR_SEC");

	return text && *text ? strtoul(text, NULL, 10) : 3600;
}

/**
 * struct period - what was measured in a tenth of the hour
 * @share: of the boosted hogs, in %
 * @heavy: of the hogs at nice -3 among those that are not boosted, in %
 * @wait_us: the wait of short tasks that 99 % do not exceed
 */
struct period {
	double share;
	double heavy;
	double wait_us;
};

static double share_in(const uint64_t *ran, int first, int nr, int from, int to)
{
	uint64_t part = 0, all = 0;

	for (int i = from; i < to; i++) {
		all += ran[i];
		if (i >= first && i < first + nr)
			part += ran[i];
	}
	return 100.0 * part / all;
}

/* @hogs: @nr boosted ones, then twice as many others, the last @nr of them at nice -3. */
static struct period measure(const pid_t *hogs, int nr, struct periodic **sleepers, unsigned int ms)
{
	struct period period = { .wait_us = 0 };
	uint64_t ran[192];

	for (int i = 0; i < 3 * nr; i++)
		ran[i] = task_cpu_ns(hogs[i]);
	for (int i = 0; i < NR_SLEEPERS; i++)
		periodic_reset(sleepers[i]);
	sleep_ms(ms);
	for (int i = 0; i < 3 * nr; i++)
		ran[i] = task_cpu_ns(hogs[i]) - ran[i];
	period.share = share_in(ran, 0, nr, 0, 3 * nr);
	period.heavy = share_in(ran, 2 * nr, nr, nr, 3 * nr);
	for (int i = 0; i < NR_SLEEPERS; i++)
		period.wait_us = fmax(period.wait_us, periodic_percentile_us(sleepers[i], 99));
	return period;
}

VM_TEST(hour, .about = "an hour of the same load: shares and waits stay what they were",
	.group = "hour")
{
	/* A boost of four, and the weights of nice 0 and -3: 1024 and 1991. */
	struct task_spec boosted = { .cgroup = BOOSTED, .cpu = -1 }, other = TASK_SPEC_DEFAULT;
	struct task_spec heavy = { .nice = -3, .cpu = -1 };
	const double share = 100 * 4 / (4 + 1 + 1.944), nice = 100 * 1.944 / (1 + 1.944);
	unsigned int seconds = hour_seconds();
	struct periodic *sleepers[NR_SLEEPERS];
	struct period periods[NR_PERIODS];
	int nr = 2 * nr_cpus();
	pid_t hogs[192];
	long enabled;

	alarm(seconds + 300);
	cg_create(BOOSTED);
	daemon_start(&daemon1, ARGS("--boost-cgroup=" BOOSTED));
	enabled = scx_number("enable_seq");
	hogs_start(hogs, nr, &boosted);
	hogs_start(hogs + nr, nr, &other);
	hogs_start(hogs + 2 * nr, nr, &heavy);
	for (int i = 0; i < NR_SLEEPERS; i++)
		sleepers[i] = periodic_start(&other, 20000, 300);
	sleep_ms(2000);
	for (int i = 0; i < NR_PERIODS; i++) {
		periods[i] = measure(hogs, nr, sleepers, seconds * 1000 / NR_PERIODS);
		note("after %u s: boosted %.2f %% (%.2f), nice -3 beside 0 %.2f %% (%.2f), waits %.0f us",
		     (i + 1) * seconds / NR_PERIODS, periods[i].share, share, periods[i].heavy, nice,
		     periods[i].wait_us);
	}
	CHECK(scx_is("enabled") && scx_number("enable_seq") == enabled, "ejected: %s", daemon1.err);
	daemon_stop(&daemon1);
	for (int i = 0; i < NR_SLEEPERS; i++)
		periodic_stop(sleepers[i]);
	hogs_stop(hogs, 3 * nr);
	cg_remove(CGROUP_ROOT "/vmtest");
	for (int i = 0; i < NR_PERIODS; i++) {
		CHECK(fabs(periods[i].share - share) < 0.5, "the boosted ones have %.2f %%",
		      periods[i].share);
		CHECK(fabs(periods[i].heavy - nice) < 0.5, "those at nice -3 have %.2f %%",
		      periods[i].heavy);
	}
	CHECK(periods[NR_PERIODS - 1].wait_us < 2 * periods[0].wait_us, "waits grow");
}
