// SPDX-License-Identifier: GPL-2.0-only
/* units: */
/* The arithmetic of the policy: weights, vruntimes, slices, and the clock across the wrap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "qumun.h"
#include "qumun_math.h"

#define MS 1000000ULL

static void test_before(void **state)
{
	(void)state;
	assert_true(qm_before(1, 2));
	assert_false(qm_before(2, 1));
	assert_false(qm_before(7, 7));
	/* Across the wrap: UINT64_MAX is just before 0. */
	assert_true(qm_before(UINT64_MAX, 0));
	assert_true(qm_before(UINT64_MAX - 5, 5));
	assert_false(qm_before(5, UINT64_MAX - 5));
	assert_int_equal(qm_later(UINT64_MAX, 3), 3);
	assert_true(qm_earlier(UINT64_MAX, 3) == UINT64_MAX);
}

static void test_weight(void **state)
{
	(void)state;
	assert_int_equal(qm_weight(100, QUMUN_BOOST_WEIGHT_NORMAL), 100);
	assert_int_equal(qm_weight(100, 4096), 400);
	assert_int_equal(qm_weight(100, 512), 50);
	/* Never 0, never beyond the kernel's own range. */
	assert_int_equal(qm_weight(1, 64), 1);
	assert_int_equal(qm_weight(0, 4096), 1);
	assert_int_equal(qm_weight(10000, 16384), 10000);
	assert_int_equal(qm_weight(UINT32_MAX, UINT32_MAX), 10000);
}

static void test_vruntime(void **state)
{
	(void)state;
	assert_int_equal(qm_vruntime(8 * MS, 100), 8 * MS);
	assert_int_equal(qm_vruntime(8 * MS, 400), 2 * MS);
	assert_int_equal(qm_vruntime(8 * MS, 1), 800 * MS);
	assert_int_equal(qm_vruntime(8 * MS, 10000), 80000);
	/* Not a division by zero. */
	assert_int_equal(qm_vruntime(8 * MS, 0), 800 * MS);
	/* A day of CPU time in one go. */
	assert_true(qm_vruntime(86400000 * MS, 1) == 86400000 * MS * 100);
}

static void test_elapsed(void **state)
{
	(void)state;
	assert_int_equal(qm_elapsed(10, 25), 15);
	assert_int_equal(qm_elapsed(25, 10), 0);
	assert_int_equal(qm_elapsed(UINT64_MAX - 4, 5), 10);
}

static void test_slice(void **state)
{
	(void)state;
	/* Nobody waits: the longest one. As many as CPUs: about half of the rest. */
	assert_int_equal(qm_slice(1 * MS, 8 * MS, 4, 0), 8 * MS);
	assert_int_equal(qm_slice(1 * MS, 8 * MS, 4, 3), 8 * MS);
	assert_int_equal(qm_slice(1 * MS, 8 * MS, 4, 7), 4 * MS);
	assert_int_equal(qm_slice(1 * MS, 8 * MS, 4, 1000), 1 * MS);
	assert_int_equal(qm_slice(1 * MS, 8 * MS, 1, UINT32_MAX), 1 * MS);
	/* Never 0, and no overflow with the largest machine and slice. */
	for (uint32_t nr = 0; nr < 100; nr++)
		assert_in_range(qm_slice(100000, 100 * MS, 8192, nr), 100000, 100 * MS);
}

static void test_burst(void **state)
{
	uint64_t burst_ns = MS;

	(void)state;
	assert_int_equal(qm_burst(400, 800), 500);
	assert_int_equal(qm_burst(0, 0), 0);
	/* Eight short runs make a long one forgotten, one long run does not do the opposite. */
	for (int i = 0; i < 8; i++)
		burst_ns = qm_burst(burst_ns, 20000);
	assert_in_range(burst_ns, 20000, 130000);
	assert_in_range(qm_burst(20000, MS), 200000, 300000);
}

static void test_debt(void **state)
{
	(void)state;
	assert_int_equal(qm_debt(QM_DEBT_ALONE, 8 * MS, 100), 8 * MS);
	assert_int_equal(qm_debt(QM_DEBT_WAITING, 8 * MS, 400), 200 * MS);
	/* The lightest task with the longest slice stays within what clocks can hold. */
	assert_true(qm_debt(QM_DEBT_WAITING, 100 * MS, 1) < (uint64_t)QM_DISTANCE_MAX);
}

static void test_price(void **state)
{
	uint64_t before = MS;

	(void)state;
	/* Near the clock there is none. */
	assert_int_equal(qm_price(MS, 0, 100 * MS), MS);
	assert_int_equal(qm_price(MS, 100 * MS, 100 * MS), MS);
	assert_int_equal(qm_price(MS, -(int64_t)(100 * MS), 100 * MS), MS);
	/* A quarter of that further it is half, or double. */
	assert_in_range(qm_price(MS, 125 * MS, 100 * MS), MS / 2, MS / 2 + MS / 1000);
	assert_in_range(qm_price(MS, -(int64_t)(125 * MS), 100 * MS), 2 * MS - MS / 1000, 2 * MS);
	/* It never jumps, and never goes the other way. */
	for (uint64_t ahead = 0; ahead < 400 * MS; ahead += MS / 10) {
		uint64_t now = qm_price(MS, ahead, 100 * MS);

		assert_true(now <= before && now > before - before / 100);
		before = now;
	}
	/* However far, it has an end, and does not overflow. */
	assert_int_equal(qm_price(1024, INT64_MAX, 1), 1);
	assert_int_equal(qm_price(1ULL << 42, INT64_MIN, 1), 1ULL << 52);
	assert_int_equal(qm_price(0, -(int64_t)MS, 0), 0);
}

/* --- the clock, compared with a plain sum over all tasks --- */

#define NR_TASKS 64

struct task {
	uint32_t weight;
	uint64_t v;
	int joined;
};

/* Distances from @base, in 128 bits: what the clock ought to be. */
static void check_average(const struct qm_clock *c, const struct task *tasks, uint64_t base)
{
	__int128 sum = 0, ours;
	uint64_t weight = 0;

	for (int i = 0; i < NR_TASKS; i++) {
		if (!tasks[i].joined)
			continue;
		sum += (__int128)tasks[i].weight * (int64_t)(tasks[i].v - base);
		weight += tasks[i].weight;
	}
	assert_true(c->weight == weight);
	if (!weight)
		return;
	/* Exactly: Σ w·(v − base) = Σw·(avg − base) + rest. */
	ours = (__int128)weight * (int64_t)(c->avg - base) + c->rest;
	assert_true(ours == sum);
	assert_true(c->rest >= 0 && (uint64_t)c->rest < weight);
}

static void join(struct qm_clock *c, struct task *t, uint64_t v)
{
	t->v = v;
	t->joined = 1;
	qm_clock_join(c, t->weight, v);
}

static void test_clock_single(void **state)
{
	struct task tasks[NR_TASKS] = { { .weight = 100 }, { .weight = 300 } };
	struct qm_clock c;

	(void)state;
	qm_clock_init(&c);
	join(&c, &tasks[0], QM_CLOCK_START);
	assert_true(c.avg == QM_CLOCK_START && c.now == QM_CLOCK_START);
	/* 100 × 0 and 300 × 8 ms: the average is at 6 ms. */
	join(&c, &tasks[1], QM_CLOCK_START + 8 * MS);
	assert_true(c.avg == QM_CLOCK_START + 6 * MS);
	check_average(&c, tasks, QM_CLOCK_START);
	/* The one in front leaves: the average falls back, what is read does not. */
	qm_clock_leave(&c, 300, tasks[1].v);
	assert_true(c.avg == QM_CLOCK_START && c.now == QM_CLOCK_START + 6 * MS);
	/* Empty, and then somebody far behind: the clock does not go there. */
	qm_clock_leave(&c, 100, tasks[0].v);
	assert_true(c.weight == 0 && c.rest == 0);
	qm_clock_join(&c, 1, QM_CLOCK_START - 1000 * MS);
	assert_true(c.now == QM_CLOCK_START + 6 * MS);
}

/* Millions of random joins, leaves and moves: exact all the time, also across the wrap. */
static void test_clock_random(void **state)
{
	struct task tasks[NR_TASKS] = { 0 };
	unsigned int seed = 20260101;
	struct qm_clock c;
	uint64_t last;

	(void)state;
	qm_clock_init(&c);
	for (int i = 0; i < NR_TASKS; i++)
		tasks[i].weight = i ? 1 + rand_r(&seed) % 300 : 10000;
	last = c.now;
	for (int step = 0; step < 1000000; step++) {
		struct task *t = &tasks[rand_r(&seed) % NR_TASKS];
		uint64_t delta = qm_vruntime(rand_r(&seed) % (20 * MS), t->weight);

		if (!t->joined) {
			join(&c, t, c.now - 6 * MS + rand_r(&seed) % (12 * MS));
		} else if (rand_r(&seed) % 4) {
			qm_clock_move(&c, t->weight, t->v, t->v + delta);
			t->v += delta;
			/* As the policy has it: nobody gets far ahead. */
			if (qm_before(c.now + 1600 * MS, t->v)) {
				qm_clock_move(&c, t->weight, t->v, c.now + 1600 * MS);
				t->v = c.now + 1600 * MS;
			}
		} else {
			qm_clock_leave(&c, t->weight, t->v);
			t->joined = 0;
		}
		check_average(&c, tasks, c.avg);
		assert_false(qm_before(c.now, last));
		last = c.now;
	}
	/* It started 10 s before the wrap, and has long passed it. */
	assert_true(c.now < QM_CLOCK_START);
}

/* Extreme distances are clamped, not overflown: the clock stays usable. */
static void test_clock_extremes(void **state)
{
	struct qm_clock c;

	(void)state;
	qm_clock_init(&c);
	for (int i = 0; i < 500; i++)
		qm_clock_join(&c, QM_WEIGHT_MAX, QM_CLOCK_START + (1ULL << 62));
	assert_true(c.weight == 500ULL * QM_WEIGHT_MAX);
	qm_clock_join(&c, QM_WEIGHT_MAX, c.avg - (1ULL << 62));
	assert_true(c.rest >= 0 && (uint64_t)c.rest < c.weight);
	/* More leave than have joined: a bug elsewhere, but no wrapped weight. */
	for (int i = 0; i < 600; i++)
		qm_clock_leave(&c, QM_WEIGHT_MAX, c.avg);
	assert_int_equal(c.weight, 0);
	assert_int_equal(c.rest, 0);
}

/* Several clocks together show what one for all their tasks would. */
static void test_merge(void **state)
{
	struct qm_clock c[4], all;
	struct qm_merge merge = { .ref = QM_CLOCK_START };
	int64_t error;

	(void)state;
	qm_clock_init(&all);
	for (uint32_t i = 0; i < 4; i++) {
		qm_clock_init(&c[i]);
		c[i].is_part = 1;
		for (uint32_t j = 0; j < 5 * i; j++) {
			uint64_t v = QM_CLOCK_START + 1000000ULL * (37 * i + 11 * j % 64);
			uint32_t weight = 64 + 640 * (j % 3);

			qm_clock_join(&c[i], weight, v);
			qm_clock_join(&all, weight, v);
		}
		qm_merge_add(&merge, c[i].avg, c[i].weight);
		/* That is for whoever merges them to write. */
		assert_true(c[i].now == QM_CLOCK_START);
	}
	/* Each average is rounded down to a nanosecond. */
	error = (int64_t)(qm_merge_avg(&merge) - all.avg);
	assert_true(error >= -2 && error <= 0);
}

static void test_merge_extremes(void **state)
{
	struct qm_merge merge = { .ref = QM_CLOCK_START };

	(void)state;
	assert_true(qm_merge_avg(&merge) == QM_CLOCK_START);
	qm_merge_add(&merge, QM_CLOCK_START + 1000, 0);
	assert_true(qm_merge_avg(&merge) == QM_CLOCK_START);
	/* As heavy and as far apart as can be: clamped, not overflown. */
	for (int i = 0; i < 10; i++)
		qm_merge_add(&merge, QM_CLOCK_START + (1ULL << 60), 10000ULL * QM_WEIGHT_MAX);
	assert_true(qm_merge_avg(&merge) == QM_CLOCK_START + QM_MERGE_MAX);
	for (int i = 0; i < 10; i++)
		qm_merge_add(&merge, QM_CLOCK_START - (1ULL << 60), 10000ULL * QM_WEIGHT_MAX);
	assert_true(qm_merge_avg(&merge) == QM_CLOCK_START);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_before),
		cmocka_unit_test(test_weight),
		cmocka_unit_test(test_vruntime),
		cmocka_unit_test(test_elapsed),
		cmocka_unit_test(test_slice),
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_debt),
		cmocka_unit_test(test_price),
		cmocka_unit_test(test_clock_single),
		cmocka_unit_test(test_clock_random),
		cmocka_unit_test(test_clock_extremes),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_merge_extremes),
	};

	return cmocka_run_group_tests_name("math", tests, NULL, NULL);
}
