/* SPDX-License-Identifier: GPL-2.0-only */
/* A line from the control socket → one checked struct; the protocol is in control.h. Text only. */
#ifndef QUMUN_CONTROL_ORDER_H
#define QUMUN_CONTROL_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "control.h"

/* A month: who wants more wants no end. */
#define ORDER_FOR_SEC_MAX	(31 * 86400)

enum order_kind {
	ORDER_ADD,
	ORDER_DEL,
	ORDER_LIST,
};

/**
 * struct order - what is asked for
 * @target: text, not parsed yet; "" for a list
 * @weight: 64..16384
 * @for_sec: 0 for "without an end"
 */
struct order {
	enum order_kind kind;
	char *target;
	uint32_t weight;
	uint32_t for_sec;
};

/**
 * order_parse - read a line
 * @line: without the newline; anything may be in it
 * @order: filled; release it with order_free() even after a failure
 * @why: on errors, what is wrong and what is accepted; safe to print; CONTROL_WHY_LEN bytes
 *
 * Returns QUMUN_EXIT_OK, _USAGE, or _ENVIRONMENT without memory.
 */
int order_parse(const char *line, size_t len, struct order *order, char *why);

/** order_free - release; harmless when repeated */
void order_free(struct order *order);

#endif /* QUMUN_CONTROL_ORDER_H */
