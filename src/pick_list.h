/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list behind `scx_qumun pick`: what runs, how much CPU it uses, what is boosted; filtered,
 * sorted, with a cursor that stays with its row. No terminal, no daemon, no files.
 */
#ifndef QUMUN_PICK_LIST_H
#define QUMUN_PICK_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "resolve.h"

#define PICK_FILTER_LEN 64

/**
 * struct pick_row - one thing that can be boosted
 * @target: text of the target; names the row from one update to the next
 * @title: for people, safe to print
 * @about: more of it
 * @sort: "container", "pod", "unit" or "app"
 * @path: absolute path of the cgroup
 * @usage_usec: CPU time of the cgroup until now
 * @counted: @usage_usec could be read
 * @cpu: share of one CPU since the last update, in tenths of a percent
 * @weight: of the boost in effect, 0 without one
 * @ruled: the boost is by a rule about this very target, which can be dropped
 */
struct pick_row {
	char		*target;
	char		*title;
	char		*about;
	const char	*sort;
	char		*path;
	uint64_t	cgroup_id;
	uint64_t	usage_usec;
	uint32_t	weight;
	unsigned int	cpu;
	bool		counted;
	bool		ruled;
};

/**
 * struct pick_list - all rows, and those that the filter lets through
 * @rows: the busiest first
 * @shown: indices into @rows
 * @cursor: index into @shown; 0 when there are none
 * @filter: words, all of which a row must contain
 * @at_usec: time of the last update
 */
struct pick_list {
	struct pick_row	*rows;
	size_t		nr;
	size_t		*shown;
	size_t		nr_shown;
	size_t		cursor;
	char		filter[PICK_FILTER_LEN];
	uint64_t	at_usec;
};

/** pick_usage - CPU time from the text of cpu.stat; false when it is not there */
bool pick_usage(const char *cpu_stat, uint64_t *usec);

/**
 * pick_list_update - take in what runs now
 * @things: from resolve_list(); copied
 * @at_usec: monotonic time
 * @read_usage: CPU time of the cgroup at a path; false when it cannot be told
 * @arg: for @read_usage
 *
 * Returns 0 or -ENOMEM, which leaves the list as it was.
 */
int pick_list_update(struct pick_list *list, const struct things *things, uint64_t at_usec,
		     bool (*read_usage)(void *arg, const char *path, uint64_t *usec), void *arg);

/**
 * pick_list_boosts - take in what is boosted
 * @rules: "rules" of the daemon's answer to a list request; NULL when there is none
 */
void pick_list_boosts(struct pick_list *list, const json_t *rules);

/** pick_list_type - add text to the filter; false when it does not fit or cannot be printed */
bool pick_list_type(struct pick_list *list, const char *text);

/** pick_list_erase - take the last character from the filter */
void pick_list_erase(struct pick_list *list);

/** pick_list_clear - empty the filter; false when it was empty */
bool pick_list_clear(struct pick_list *list);

/** pick_list_move - move the cursor by @rows, as far as there are rows */
void pick_list_move(struct pick_list *list, long rows);

/** pick_list_current - the row under the cursor, or NULL */
struct pick_row *pick_list_current(const struct pick_list *list);

/** pick_list_free - release; harmless when repeated */
void pick_list_free(struct pick_list *list);

/** pick_weight_step - the next power of two above or below @weight, within the range */
uint32_t pick_weight_step(uint32_t weight, bool up);

#endif /* QUMUN_PICK_LIST_H */
