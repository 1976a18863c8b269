// SPDX-License-Identifier: GPL-2.0-only
#include "boost_say.h"

#include <string.h>

#include "log.h"
#include "qumun.h"
#include "util.h"

/* Lines about one rule: a pattern may stand for a thousand cgroups. */
#define SAID_MAX 8

static const char *shown(char *buf, size_t size, const char *text)
{
	return escape_text(buf, size, text);
}

static void say_match(const struct rule *rule, const struct match *match)
{
	bool by_path = rule->target.kind == TARGET_CGROUP;
	char text[300], path[512];

	log_info("boost: %s%s%s, id %llu, weight %u (%.4gx)",
		 by_path ? "" : shown(text, sizeof(text), rule->text), by_path ? "" : ": ",
		 shown(path, sizeof(path), match->path), (unsigned long long)match->cgroup_id,
		 rule->weight, rule->weight / (double)QUMUN_BOOST_WEIGHT_NORMAL);
}

void rule_say_waits(const struct rule *rule)
{
	char text[300];

	/* The rest of a reason is where was looked. */
	log_info("boost: %s: waits for it: %.*s", shown(text, sizeof(text), rule->text),
		 (int)strcspn(rule->waits, "\n"), rule->waits);
}

void rule_say(const struct rule *rule)
{
	char text[300];

	if (rule->tree != RULE_NO_TREE)
		log_info("boost: %s: with its children, weight %u (%.4gx)",
			 shown(text, sizeof(text), rule->text), rule->weight,
			 rule->weight / (double)QUMUN_BOOST_WEIGHT_NORMAL);
	else if (rule->waits)
		rule_say_waits(rule);
	for (size_t i = 0; i < rule->matches.nr && i < SAID_MAX; i++)
		say_match(rule, &rule->matches.rows[i]);
	if (rule->matches.nr > SAID_MAX)
		log_info("boost: %s: and %zu more", shown(text, sizeof(text), rule->text),
			 rule->matches.nr - SAID_MAX);
}

void rule_say_changes(const struct rule *rule, const struct matches *old)
{
	bool by_path = rule->target.kind == TARGET_CGROUP;
	char text[300], path[512];
	size_t said = 0;

	for (size_t i = 0; i < old->nr; i++) {
		const struct match *match = &old->rows[i];

		if (matches_have(&rule->matches, match->cgroup_id) || said++ >= SAID_MAX)
			continue;
		log_info("boost: %s%s%s, id %llu, is gone%s",
			 by_path ? "" : shown(text, sizeof(text), rule->text), by_path ? "" : ": ",
			 shown(path, sizeof(path), match->path),
			 (unsigned long long)match->cgroup_id,
			 rule->waits ? "; waiting for it to come back" : "");
	}
	for (size_t i = 0; i < rule->matches.nr; i++) {
		const struct match *match = &rule->matches.rows[i];

		if (!matches_have(old, match->cgroup_id) && said++ < SAID_MAX)
			say_match(rule, match);
	}
}
