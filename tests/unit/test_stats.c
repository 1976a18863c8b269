// SPDX-License-Identifier: GPL-2.0-only
/* units: src/stats.c */
/* Sums, differences and the line of --stats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stats.h"

static void test_sum_and_delta(void **state)
{
	struct qumun_cpu_stats cpus[3] = { 0 };
	struct stats before, now, delta;

	(void)state;
	for (int cpu = 0; cpu < 3; cpu++)
		for (int stat = 0; stat < QUMUN_NR_STATS; stat++)
			cpus[cpu].counters[stat] = 100 * cpu + stat;
	before = stats_sum(cpus, 3);
	for (int stat = 0; stat < QUMUN_NR_STATS; stat++)
		assert_int_equal(before.counters[stat], 300 + 3 * stat);
	cpus[1].counters[QUMUN_STAT_KEPT] += 7;
	now = stats_sum(cpus, 3);
	now.wait_max_ns = 42;
	delta = stats_delta(&before, &now);
	assert_int_equal(delta.counters[QUMUN_STAT_KEPT], 7);
	assert_int_equal(delta.counters[QUMUN_STAT_IDLE], 0);
	assert_int_equal(delta.wait_max_ns, 42);
}

static char *line_of(const struct stats *delta)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	stats_print_line(out, delta);
	fclose(out);
	return text;
}

static void test_line(void **state)
{
	struct stats delta = { .wait_max_ns = 12345678 };
	char *line;

	(void)state;
	delta.counters[QUMUN_STAT_SWITCHES] = 1234;
	delta.counters[QUMUN_STAT_RUN_NS] = 1000000000;
	delta.counters[QUMUN_STAT_BOOST_NS] = 800000000;
	line = line_of(&delta);
	assert_non_null(strstr(line, "switches=1234 "));
	assert_non_null(strstr(line, "boosted_share=80.0% longest_wait=12.35ms\n"));
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	free(line);

	/* An interval in which nothing ran: no division by zero. */
	delta.counters[QUMUN_STAT_RUN_NS] = 0;
	line = line_of(&delta);
	assert_non_null(strstr(line, "boosted_share=0.0%"));
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sum_and_delta),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
