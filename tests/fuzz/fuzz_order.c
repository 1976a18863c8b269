// SPDX-License-Identifier: GPL-2.0-only
/* units: src/control_order.c src/util.c */
/* Lines on the daemon's socket, where anybody may write. */
#include "control_order.h"
#include "exit_codes.h"
#include "fuzz.h"
#include "qumun.h"
#include "util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[CONTROL_WHY_LEN] = "";
	struct order order;
	int code = order_parse((const char *)data, size, &order, why);

	check(code == QUMUN_EXIT_OK || code == QUMUN_EXIT_USAGE);
	if (code) {
		check(*why && text_is_printable(why));
	} else {
		check(order.kind == ORDER_LIST || order.target);
		check(order.weight >= QUMUN_BOOST_WEIGHT_MIN);
		check(order.weight <= QUMUN_BOOST_WEIGHT_MAX);
		check(order.for_sec <= ORDER_FOR_SEC_MAX);
	}
	order_free(&order);
	return 0;
}
