// SPDX-License-Identifier: GPL-2.0-only
#include "pick_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "qumun.h"
#include "util.h"

bool pick_usage(const char *cpu_stat, uint64_t *usec)
{
	static const char key[] = "usage_usec ";
	char number[24];
	size_t len;

	while (*cpu_stat && strncmp(cpu_stat, key, strlen(key))) {
		cpu_stat += strcspn(cpu_stat, "\n");
		cpu_stat += *cpu_stat == '\n';
	}
	if (!*cpu_stat)
		return false;
	cpu_stat += strlen(key);
	len = strcspn(cpu_stat, "\n");
	if (len >= sizeof(number))
		return false;
	memcpy(number, cpu_stat, len);
	number[len] = '\0';
	return !parse_u64(number, 0, UINT64_MAX, usec);
}

static void free_rows(struct pick_row *rows, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		free(rows[i].target);
		free(rows[i].title);
		free(rows[i].about);
		free(rows[i].path);
	}
	free(rows);
}

void pick_list_free(struct pick_list *list)
{
	free_rows(list->rows, list->nr);
	free(list->shown);
	list->rows = NULL;
	list->shown = NULL;
	list->nr = list->nr_shown = list->cursor = 0;
}

/* --- filter and cursor ------------------------------------------------------- */

/* True when one of the texts of @row contains the @len bytes at @word, whatever the case. */
static bool has_word(const struct pick_row *row, const char *word, size_t len)
{
	const char *texts[] = { row->title, row->sort, row->target, row->about };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		for (const char *at = texts[i]; *at; at++) {
			if (!strncasecmp(at, word, len))
				return true;
		}
	}
	return false;
}

static bool passes(const struct pick_row *row, const char *filter)
{
	while (*filter) {
		size_t len = strcspn(filter, " ");

		if (len && !has_word(row, filter, len))
			return false;
		filter += len;
		filter += strspn(filter, " ");
	}
	return true;
}

/* Rebuilds @shown; the cursor stays with @target where that is still shown. */
static void show(struct pick_list *list, const char *target)
{
	size_t cursor = list->cursor;

	list->nr_shown = 0;
	for (size_t i = 0; i < list->nr; i++) {
		if (!passes(&list->rows[i], list->filter))
			continue;
		if (target && !strcmp(list->rows[i].target, target))
			cursor = list->nr_shown;
		list->shown[list->nr_shown++] = i;
	}
	if (cursor >= list->nr_shown)
		cursor = list->nr_shown ? list->nr_shown - 1 : 0;
	list->cursor = cursor;
}

struct pick_row *pick_list_current(const struct pick_list *list)
{
	return list->nr_shown ? &list->rows[list->shown[list->cursor]] : NULL;
}

void pick_list_move(struct pick_list *list, long rows)
{
	size_t last = list->nr_shown ? list->nr_shown - 1 : 0;

	if (rows < 0)
		list->cursor -= list->cursor < (size_t)-rows ? list->cursor : (size_t)-rows;
	else
		list->cursor += last - list->cursor < (size_t)rows ? last - list->cursor
								   : (size_t)rows;
}

/* What was typed decides, not where the cursor was: it goes to the busiest that is left. */
static void show_from_top(struct pick_list *list)
{
	list->cursor = 0;
	show(list, NULL);
}

bool pick_list_type(struct pick_list *list, const char *text)
{
	if (strlen(list->filter) + strlen(text) >= sizeof(list->filter) || !text_is_printable(text))
		return false;
	strcat(list->filter, text);
	show_from_top(list);
	return true;
}

void pick_list_erase(struct pick_list *list)
{
	size_t len = strlen(list->filter);

	/* The bytes behind the first one of a character in UTF-8 are 10xxxxxx. */
	while (len && ((unsigned char)list->filter[--len] & 0xc0) == 0x80)
		;
	list->filter[len] = '\0';
	show_from_top(list);
}

bool pick_list_clear(struct pick_list *list)
{
	const struct pick_row *row = pick_list_current(list);

	if (!*list->filter)
		return false;
	*list->filter = '\0';
	show(list, row ? row->target : NULL);
	return true;
}

/* --- what runs --------------------------------------------------------------- */

static const struct pick_row *find(const struct pick_list *list, const char *target)
{
	for (size_t i = 0; i < list->nr; i++) {
		if (!strcmp(list->rows[i].target, target))
			return &list->rows[i];
	}
	return NULL;
}

/* Whole percents: what uses about the same must not change places all the time. */
static int compare(const void *a, const void *b)
{
	const struct pick_row *one = a, *two = b;
	int order;

	if (one->cpu / 10 != two->cpu / 10)
		return one->cpu / 10 < two->cpu / 10 ? 1 : -1;
	order = strcmp(one->title, two->title);
	return order ? order : strcmp(one->target, two->target);
}

/* @before: the same row of the last update, or NULL. A cgroup that was made anew starts at 0. */
static void set_cpu(struct pick_row *row, const struct pick_row *before, uint64_t elapsed_usec)
{
	if (!before || !before->counted || !row->counted || before->cgroup_id != row->cgroup_id ||
	    row->usage_usec < before->usage_usec || !elapsed_usec)
		return;
	row->cpu = (unsigned int)((row->usage_usec - before->usage_usec) * 1000 / elapsed_usec);
}

/* Copies the texts. Returns false without memory; what was copied is in @row. */
static bool fill_row(struct pick_row *row, const struct thing *thing)
{
	row->target = strdup(thing->target);
	row->title = strdup(thing->title);
	row->about = strdup(thing->match.about ? thing->match.about : "");
	row->path = strdup(thing->match.path);
	row->sort = thing->sort;
	row->cgroup_id = thing->match.cgroup_id;
	return row->target && row->title && row->about && row->path;
}

int pick_list_update(struct pick_list *list, const struct things *things, uint64_t at_usec,
		     bool (*read_usage)(void *arg, const char *path, uint64_t *usec), void *arg)
{
	struct pick_list fresh = { .nr = things->nr, .cursor = list->cursor, .at_usec = at_usec };
	const struct pick_row *current = pick_list_current(list);
	bool good;

	strcpy(fresh.filter, list->filter);
	fresh.rows = calloc(things->nr + 1, sizeof(*fresh.rows));
	fresh.shown = calloc(things->nr + 1, sizeof(*fresh.shown));
	good = fresh.rows && fresh.shown;
	for (size_t i = 0; good && i < things->nr; i++) {
		struct pick_row *row = &fresh.rows[i];
		const struct pick_row *before = find(list, things->rows[i].target);

		good = fill_row(row, &things->rows[i]);
		if (!good)
			break;
		row->counted = read_usage(arg, row->path, &row->usage_usec);
		row->weight = before ? before->weight : 0;
		row->ruled = before && before->ruled;
		set_cpu(row, before, at_usec - list->at_usec);
	}
	if (!good) {
		if (!fresh.rows)
			fresh.nr = 0;
		pick_list_free(&fresh);
		return -ENOMEM;
	}
	qsort(fresh.rows, fresh.nr, sizeof(*fresh.rows), compare);
	show(&fresh, current ? current->target : NULL);
	pick_list_free(list);
	*list = fresh;
	return 0;
}

/* --- what is boosted --------------------------------------------------------- */

/* True when @rule decides on the cgroup @id. */
static bool decides(const json_t *rule, uint64_t id)
{
	const json_t *cgroup;
	size_t i;

	json_array_foreach(json_object_get(rule, "cgroups"), i, cgroup) {
		if ((uint64_t)json_integer_value(json_object_get(cgroup, "id")) == id &&
		    !json_is_false(json_object_get(cgroup, "counts")))
			return true;
	}
	return false;
}

void pick_list_boosts(struct pick_list *list, const json_t *rules)
{
	for (size_t i = 0; i < list->nr; i++) {
		struct pick_row *row = &list->rows[i];
		const json_t *rule;
		size_t k;

		row->weight = 0;
		row->ruled = false;
		json_array_foreach(rules, k, rule) {
			const char *target = json_string_value(json_object_get(rule, "target"));
			json_int_t weight = json_integer_value(json_object_get(rule, "weight"));
			bool named = target && !strcmp(target, row->target);

			if (!named && !decides(rule, row->cgroup_id))
				continue;
			row->ruled = row->ruled || named;
			row->weight = (uint32_t)weight;
		}
	}
}

uint32_t pick_weight_step(uint32_t weight, bool up)
{
	uint32_t step = QUMUN_BOOST_WEIGHT_MIN;

	while (step < QUMUN_BOOST_WEIGHT_MAX && (up ? step <= weight : 2 * step < weight))
		step *= 2;
	return step;
}
