/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is to be boosted, as it was said, and the cgroups that follow from it. Nothing here looks at
 * the system or writes a map: boost.c finds the cgroups, boost_map.c writes what rules want.
 *
 * Two rules about one cgroup: root's last word on the running daemon wins over the command line,
 * that one over the config file, and all of them over rules of other users. Among rules of one
 * origin the one that was given last wins.
 */
#ifndef QUMUN_RULES_H
#define QUMUN_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "resolve.h"
#include "target.h"

/* Rules, whoever gave them; a rule may stand for many cgroups. */
#define RULES_MAX 4096

/** enum rule_origin - who gave a rule, the ones that win last */
enum rule_origin {
	RULE_USER,
	RULE_CONFIG,
	RULE_COMMAND_LINE,
	RULE_ROOT,
};

/* rule.tree of a rule that is about cgroups */
#define RULE_NO_TREE (-1)

/**
 * struct rule - one of them
 * @text: canonical text of @target
 * @uid: who gave it
 * @end_ms: when it ends, by CLOCK_MONOTONIC, or 0
 * @order: higher is later
 * @bound: it is about the cgroup in @matches, and ends with it; it is not looked up again
 * @must_exist: it may not wait when the daemon starts
 * @tree: place in the table of boosted processes, see trees.h, or RULE_NO_TREE
 * @matches: its cgroups at present
 * @waits: why it has none, or NULL
 */
struct rule {
	char *text;
	struct target target;
	enum rule_origin origin;
	uid_t uid;
	uint32_t weight;
	uint64_t end_ms;
	uint64_t order;
	bool bound;
	bool must_exist;
	int tree;
	struct matches matches;
	char *waits;
};

/** struct rules - all of them, in the order of who wins last */
struct rules {
	struct rule *rows;
	size_t nr;
	uint64_t last_order;
};

/** rule_origin_name - for people and for lists: "config file" */
const char *rule_origin_name(enum rule_origin origin);

/**
 * rule_init - begin a rule with its target
 * @text: as the user wrote it
 * @why: on errors, what is wrong; TARGET_WHY_LEN bytes
 *
 * Returns an exit code. Release it with rule_free(), also after errors, or give it to rules_put().
 */
int rule_init(struct rule *rule, const char *text, char *why);

/** rule_free - release; harmless when repeated */
void rule_free(struct rule *rule);

/**
 * rule_is_same - one takes the place of the other
 *
 * The same words by the same user; and about the same cgroup, if they are about one for good.
 */
bool rule_is_same(const struct rule *a, const struct rule *b);

/** matches_have - one of them is the cgroup @id */
bool matches_have(const struct matches *matches, uint64_t id);

/**
 * rules_put - add @rule, or let it replace the same rule of the same origin and user
 * @rule: taken over on success; the caller's copy is then empty
 * @old: receives the rule that it replaces, to be released, or an empty one
 *
 * Returns the rule in its place, valid until the next change; NULL when there is no room.
 */
struct rule *rules_put(struct rules *rules, struct rule *rule, struct rule *old);

/** rules_remove - release one and close the gap */
void rules_remove(struct rules *rules, struct rule *rule);

/** rules_of_user - how many a user has given over the control socket */
size_t rules_of_user(const struct rules *rules, uid_t uid);

/** rules_next_end_ms - when the next rule ends, or 0 */
uint64_t rules_next_end_ms(const struct rules *rules);

/**
 * struct wanted - an entry that the boost map should have
 * @order: of the rule that wins
 */
struct wanted {
	uint64_t id;
	uint64_t order;
	uint32_t weight;
};

/**
 * rules_wanted - what all rules together want, in the order of ids
 * @nr: how many
 *
 * Returns an array to be released with free(), or NULL without memory.
 */
struct wanted *rules_wanted(const struct rules *rules, size_t *nr);

/** rules_free - release all; harmless when repeated */
void rules_free(struct rules *rules);

#endif /* QUMUN_RULES_H */
