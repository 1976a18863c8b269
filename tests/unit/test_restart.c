// SPDX-License-Identifier: GPL-2.0-only
/* units: src/restart.c src/sched_ext.c src/util.c src/log.c */
/* Which exits ask for a restart, and when there have been too many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "qumun.h"
#include "restart.h"

static void test_asked_for(void **state)
{
	struct qumun_exit_info info = { .kind = 66 };

	(void)state;
	assert_false(restart_is_asked_for(&info));
	/* SCX_ECODE_RSN_HOTPLUG without and with SCX_ECODE_ACT_RESTART. */
	info.code = 1LL << 32;
	assert_false(restart_is_asked_for(&info));
	info.code |= 1LL << 48;
	assert_true(restart_is_asked_for(&info));
}

static void test_budget(void **state)
{
	struct restart_budget budget = { 0 };
	uint64_t now_ms = 1;

	(void)state;
	for (int i = 0; i < RESTART_MAX; i++) {
		assert_int_equal(restart_delay_ms(&budget, now_ms), 0);
		restart_count(&budget, now_ms++);
	}
	/* Spent, until the first one, at 1 ms, has left the window. */
	assert_int_equal(restart_delay_ms(&budget, now_ms), RESTART_WINDOW_MS + 1 - now_ms);
	assert_int_equal(restart_delay_ms(&budget, RESTART_WINDOW_MS), 1);
	assert_int_equal(restart_delay_ms(&budget, RESTART_WINDOW_MS + 1), 0);
	restart_count(&budget, RESTART_WINDOW_MS + 1);
	assert_int_equal(restart_delay_ms(&budget, RESTART_WINDOW_MS + 1), 1);
	/* One now and then, for ever. */
	for (now_ms = 10 * RESTART_WINDOW_MS; now_ms < 1000 * RESTART_WINDOW_MS;
	     now_ms += RESTART_WINDOW_MS / RESTART_MAX) {
		assert_int_equal(restart_delay_ms(&budget, now_ms), 0);
		restart_count(&budget, now_ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_asked_for),
		cmocka_unit_test(test_budget),
	};

	return cmocka_run_group_tests_name("restart", tests, NULL, NULL);
}
