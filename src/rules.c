// SPDX-License-Identifier: GPL-2.0-only
#include "rules.h"

#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "qumun.h"

const char *rule_origin_name(enum rule_origin origin)
{
	switch (origin) {
	case RULE_CONFIG:
		return "config file";
	case RULE_COMMAND_LINE:
		return "command line";
	case RULE_USER:
	case RULE_ROOT:
		break;
	}
	return "boost add";
}

int rule_init(struct rule *rule, const char *text, char *why)
{
	char canonical[TARGET_TEXT_LEN];
	int code;

	*rule = (struct rule){ .weight = QUMUN_BOOST_WEIGHT_DEFAULT, .tree = RULE_NO_TREE };
	code = target_parse(text, &rule->target, why);
	if (code)
		return code;
	rule->text = strdup(target_format(&rule->target, canonical, sizeof(canonical)));
	if (rule->text)
		return QUMUN_EXIT_OK;
	strcpy(why, "no memory");
	return QUMUN_EXIT_ENVIRONMENT;
}

void rule_free(struct rule *rule)
{
	matches_free(&rule->matches);
	target_free(&rule->target);
	free(rule->text);
	free(rule->waits);
	*rule = (struct rule){ .tree = RULE_NO_TREE };
}

bool matches_have(const struct matches *matches, uint64_t id)
{
	for (size_t i = 0; i < matches->nr; i++)
		if (matches->rows[i].cgroup_id == id)
			return true;
	return false;
}

bool rule_is_same(const struct rule *a, const struct rule *b)
{
	if (a->origin != b->origin || a->uid != b->uid || a->bound != b->bound ||
	    strcmp(a->text, b->text))
		return false;
	return !a->bound || !a->matches.nr || !b->matches.nr ||
	       a->matches.rows[0].cgroup_id == b->matches.rows[0].cgroup_id;
}

static bool comes_before(const struct rule *a, const struct rule *b)
{
	return a->origin < b->origin || (a->origin == b->origin && a->order < b->order);
}

static void take_out(struct rules *rules, size_t i, struct rule *rule)
{
	*rule = rules->rows[i];
	memmove(&rules->rows[i], &rules->rows[i + 1], (--rules->nr - i) * sizeof(*rules->rows));
}

struct rule *rules_put(struct rules *rules, struct rule *rule, struct rule *old)
{
	struct rule *rows;
	size_t i;

	*old = (struct rule){ .tree = RULE_NO_TREE };
	rows = reallocarray(rules->rows, rules->nr + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	rules->rows = rows;
	for (i = 0; i < rules->nr && !rule_is_same(&rows[i], rule); i++)
		;
	if (i == RULES_MAX)
		return NULL;
	if (i < rules->nr)
		take_out(rules, i, old);

	rule->order = ++rules->last_order;
	for (i = rules->nr; i && comes_before(rule, &rows[i - 1]); i--)
		;
	memmove(&rows[i + 1], &rows[i], (rules->nr++ - i) * sizeof(*rows));
	rows[i] = *rule;
	*rule = (struct rule){ .tree = RULE_NO_TREE };
	return &rows[i];
}

void rules_remove(struct rules *rules, struct rule *rule)
{
	struct rule gone;

	take_out(rules, rule - rules->rows, &gone);
	rule_free(&gone);
}

size_t rules_of_user(const struct rules *rules, uid_t uid)
{
	size_t count = 0;

	for (size_t i = 0; i < rules->nr; i++)
		count += rules->rows[i].origin == RULE_USER && rules->rows[i].uid == uid;
	return count;
}

uint64_t rules_next_end_ms(const struct rules *rules)
{
	uint64_t next_ms = 0;

	for (size_t i = 0; i < rules->nr; i++) {
		uint64_t end_ms = rules->rows[i].end_ms;

		if (end_ms && (!next_ms || end_ms < next_ms))
			next_ms = end_ms;
	}
	return next_ms;
}

/* By id; for one id, in the order in which the rules were visited. */
static int compare(const void *left, const void *right)
{
	const struct wanted *a = left, *b = right;

	if (a->id != b->id)
		return a->id < b->id ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

/* Numbers the wishes by who wins, sorts them by id, and keeps the last one for each. */
struct wanted *rules_wanted(const struct rules *rules, size_t *nr)
{
	size_t all = 0, n = 0, kept = 0;
	struct wanted *rows;

	for (size_t i = 0; i < rules->nr; i++)
		all += rules->rows[i].matches.nr;
	rows = calloc(all + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	for (size_t i = 0; i < rules->nr; i++) {
		const struct rule *rule = &rules->rows[i];

		for (size_t m = 0; m < rule->matches.nr; m++)
			rows[n++] = (struct wanted){
				.id = rule->matches.rows[m].cgroup_id,
				.order = i,
				.weight = rule->weight,
			};
	}
	qsort(rows, n, sizeof(*rows), compare);
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && rows[i + 1].id == rows[i].id)
			continue;
		rows[kept] = rows[i];
		rows[kept++].order = rules->rows[rows[i].order].order;
	}
	*nr = kept;
	return rows;
}

void rules_free(struct rules *rules)
{
	for (size_t i = 0; i < rules->nr; i++)
		rule_free(&rules->rows[i]);
	free(rules->rows);
	*rules = (struct rules){ 0 };
}
