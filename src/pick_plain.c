// SPDX-License-Identifier: GPL-2.0-only
/*
 * `scx_qumun pick` without a screen: a numbered list, and on a terminal a question.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "log.h"
#include "pick.h"
#include "qumun.h"
#include "util.h"

static void print_list(const struct pick_list *list)
{
	char cell[16];

	printf("%4s %8s %8s  %-10s %s\n", "NR", "CPU %", "BOOST", "SORT", "NAME");
	for (size_t i = 0; i < list->nr; i++) {
		const struct pick_row *row = &list->rows[i];

		printf("%4zu %6u.%u %8s  %-10s %s  [%s]\n", i + 1, row->cpu / 10, row->cpu % 10,
		       pick_weight_cell(row, cell), row->sort, row->title, row->target);
	}
	fflush(stdout);
}

static int bad_number(const char *what, const char *text, uint64_t min, uint64_t max)
{
	char shown[64];

	escape_text(shown, sizeof(shown), text);
	log_error("pick: %s '%s' is not a number in the range (%llu..%llu)", what, shown,
		  (unsigned long long)min, (unsigned long long)max);
	return QUMUN_EXIT_USAGE;
}

/* "3" or "3 8192". An empty line is an answer, too. */
static int take_answer(struct pick *pick, char *line)
{
	char *rest = NULL;
	const char *number = strtok_r(line, " \t\r\n", &rest);
	const char *weight = strtok_r(NULL, " \t\r\n", &rest);
	uint64_t index, value;
	int code;

	if (!number)
		return QUMUN_EXIT_OK;
	if (parse_u64(number, 1, pick->list.nr, &index))
		return bad_number("NR", number, 1, pick->list.nr);
	if (weight && parse_u64(weight, QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, &value))
		return bad_number("weight", weight, QUMUN_BOOST_WEIGHT_MIN,
				  QUMUN_BOOST_WEIGHT_MAX);
	if (weight)
		pick->weight = (uint32_t)value;
	code = pick_toggle(pick, &pick->list.rows[index - 1]);
	if (code)
		log_error("pick: %s", pick->message);
	else
		printf("%s\n", pick->message);
	return code;
}

static int ask_number(struct pick *pick)
{
	char *line = NULL;
	size_t size = 0;
	int code = QUMUN_EXIT_OK;

	if (!pick->list.nr)
		return code;
	printf("NR to boost or to drop, a weight behind it if not %u (empty: nothing): ",
	       pick->weight);
	fflush(stdout);
	if (getline(&line, &size, stdin) >= 0)
		code = take_answer(pick, line);
	free(line);
	return code;
}

int pick_plain_run(struct pick *pick, bool ask)
{
	if (*pick->daemon)
		log_warn("pick: %s", pick->daemon);
	print_list(&pick->list);
	return ask ? ask_number(pick) : QUMUN_EXIT_OK;
}
