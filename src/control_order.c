// SPDX-License-Identifier: GPL-2.0-only
#include "control_order.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "qumun.h"
#include "util.h"

__attribute__((format(printf, 2, 3)))
static int refuse(char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, CONTROL_WHY_LEN, fmt, args);
	va_end(args);
	return QUMUN_EXIT_USAGE;
}

static int take_number(const char *key, const json_t *value, uint32_t min, uint32_t max,
		       uint32_t *number, char *why)
{
	json_int_t given = json_integer_value(value);

	if (!json_is_integer(value) || given < min || given > max)
		return refuse(why, "\"%s\" is not a number in range (%" PRIu32 "..%" PRIu32 ")",
			      key, min, max);
	*number = (uint32_t)given;
	return QUMUN_EXIT_OK;
}

static int take_version(const json_t *value, char *why)
{
	if (json_is_integer(value) && json_integer_value(value) == CONTROL_VERSION)
		return QUMUN_EXIT_OK;
	return refuse(why, "another version of the protocol (\"v\":%d)", CONTROL_VERSION);
}

static int take_kind(const json_t *value, struct order *order, char *why)
{
	static const char *const names[] = {
		[ORDER_ADD] = "add", [ORDER_DEL] = "del", [ORDER_LIST] = "list",
	};
	const char *name = json_string_value(value);

	for (size_t i = 0; name && i < ARRAY_SIZE(names); i++) {
		if (!strcmp(name, names[i])) {
			order->kind = i;
			return QUMUN_EXIT_OK;
		}
	}
	return refuse(why, "\"do\" is something else than \"add\", \"del\" and \"list\"");
}

static int take_target(const json_t *value, struct order *order, char *why)
{
	if (!json_is_string(value))
		return refuse(why, "\"target\" is no text");
	free(order->target);
	order->target = strdup(json_string_value(value));
	if (order->target)
		return QUMUN_EXIT_OK;
	refuse(why, "no memory");
	return QUMUN_EXIT_ENVIRONMENT;
}

static int take_key(const char *key, const json_t *value, struct order *order, char *why)
{
	char shown[64];

	if (!strcmp(key, "v"))
		return take_version(value, why);
	if (!strcmp(key, "do"))
		return take_kind(value, order, why);
	if (!strcmp(key, "target"))
		return take_target(value, order, why);
	if (!strcmp(key, "weight"))
		return take_number(key, value, QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX,
				   &order->weight, why);
	if (!strcmp(key, "for_sec"))
		return take_number(key, value, 1, ORDER_FOR_SEC_MAX, &order->for_sec, why);
	return refuse(why, "\"%s\": unknown (v, do, target, weight, for_sec)",
		      escape_text(shown, sizeof(shown), key));
}

static int take_object(json_t *object, struct order *order, char *why)
{
	const char *key;
	json_t *value;
	int code;

	json_object_foreach(object, key, value) {
		code = take_key(key, value, order, why);
		if (code)
			return code;
	}
	if (!json_object_get(object, "v") || !json_object_get(object, "do"))
		return refuse(why, "\"v\" or \"do\" is missing");
	if (order->kind != ORDER_LIST && !order->target)
		return refuse(why, "\"target\" is missing");
	return QUMUN_EXIT_OK;
}

int order_parse(const char *line, size_t len, struct order *order, char *why)
{
	json_error_t error;
	json_t *object;
	int code;

	*order = (struct order){ .weight = QUMUN_BOOST_WEIGHT_DEFAULT };
	object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		return refuse(why, "not JSON, or the same key twice (one object per line)");
	if (json_is_object(object))
		code = take_object(object, order, why);
	else
		code = refuse(why, "not an object (one object per line)");
	json_decref(object);
	return code;
}

void order_free(struct order *order)
{
	free(order->target);
	*order = (struct order){ 0 };
}
