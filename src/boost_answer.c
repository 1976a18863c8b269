// SPDX-License-Identifier: GPL-2.0-only
/*
 * Root may do all. Anybody else may boost what is theirs: a cgroup whose directory belongs to them,
 * shown by a descriptor of it, and their own processes; up to a weight and a number of rules.
 */
#include "boost_answer.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boost.h"
#include "boost_say.h"
#include "exit_codes.h"
#include "util.h"

/**
 * struct ask - a request on its way to an answer
 * @weight_max: what would have been allowed, or 0
 * @why: becomes the message
 */
struct ask {
	struct boosts *boosts;
	const struct order *order;
	uid_t uid;
	int dir_fd;
	uint64_t weight_max;
	char why[RESOLVE_WHY_LEN];
};

__attribute__((format(printf, 3, 4)))
static int explain(int code, struct ask *ask, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(ask->why, sizeof(ask->why), fmt, args);
	va_end(args);
	return code;
}

/* What is safe to print may have been cut within a character, which JSON does not take. */
static json_t *json_text(const char *text)
{
	char safe[RESOLVE_WHY_LEN];
	json_t *value = json_string(text);

	return value ? value : json_string(escape_text(safe, sizeof(safe), text));
}

/* --- lists --- */

static json_t *list_matches(const struct boosts *boosts, const struct rule *rule)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rule->matches.nr; i++) {
		const struct match *match = &rule->matches.rows[i];
		const struct boost_entry *entry = boost_map_find(&boosts->map, match->cgroup_id);
		bool counts = entry && entry->state == ENTRY_OURS &&
			      entry->wanted.order == rule->order;
		char path[PATH_MAX];

		json_array_append_new(list, json_pack("{s:I, s:o, s:o, s:b}",
			"id", (json_int_t)match->cgroup_id,
			"path", json_text(escape_text(path, sizeof(path), match->path)),
			"about", json_text(match->about ? match->about : ""), "counts", counts));
	}
	return list;
}

static json_t *list_rule(const struct boosts *boosts, const struct rule *rule)
{
	uint64_t now_ms = monotonic_ms();
	json_t *left = json_null(), *waits = json_null();

	if (rule->end_ms > now_ms)
		left = json_integer((json_int_t)(rule->end_ms - now_ms + 999) / 1000);
	else if (rule->end_ms)
		left = json_integer(0);
	if (rule->waits)
		waits = json_text(rule->waits);
	return json_pack("{s:o, s:i, s:s, s:i, s:o, s:o, s:o}", "target", json_text(rule->text),
			 "weight", (int)rule->weight, "origin", rule_origin_name(rule->origin),
			 "uid", (int)rule->uid, "left_sec", left, "waits", waits,
			 "cgroups", list_matches(boosts, rule));
}

/* Users other than root see and remove their own rules. */
static bool may_touch(const struct ask *ask, const struct rule *rule)
{
	return !ask->uid || (rule->origin == RULE_USER && rule->uid == ask->uid);
}

static json_t *list_rules(const struct ask *ask)
{
	const struct rules *rules = &ask->boosts->rules;
	json_t *list = json_array();

	for (size_t i = 0; i < rules->nr; i++) {
		const struct rule *rule = &rules->rows[i];

		if (may_touch(ask, rule))
			json_array_append_new(list, list_rule(ask->boosts, rule));
	}
	return list;
}

/* --- add --- */

static int check_user(struct ask *ask)
{
	const struct qumun_opts *opts = ask->boosts->opts;

	if (!ask->uid)
		return QUMUN_EXIT_OK;
	if (!opts->user_weight_max)
		return explain(QUMUN_EXIT_PRIVILEGE, ask,
			       "only root may boost (--user-weight-max is 0)");
	if (ask->order->weight > opts->user_weight_max) {
		ask->weight_max = opts->user_weight_max;
		return explain(QUMUN_EXIT_PRIVILEGE, ask,
			       "weight %" PRIu32 " is too much for users (at most %" PRIu64 ")",
			       ask->order->weight, opts->user_weight_max);
	}
	return QUMUN_EXIT_OK;
}

/* A rule of this user with these words is replaced, and needs no further place. */
static int check_number(struct ask *ask, const struct rule *rule)
{
	const struct rules *rules = &ask->boosts->rules;
	uint64_t max = ask->boosts->opts->user_rules_max;

	if (!ask->uid || rules_of_user(rules, ask->uid) < max)
		return QUMUN_EXIT_OK;
	for (size_t i = 0; i < rules->nr; i++)
		if (rule_is_same(&rules->rows[i], rule))
			return QUMUN_EXIT_OK;
	return explain(QUMUN_EXIT_CAPACITY, ask,
		       "too many boosts of one user (at most %" PRIu64 ")", max);
}

/* Path and inode number of what a descriptor is of, as the kernel knows them. */
static int read_descriptor(struct ask *ask, char *path, uint64_t *inode)
{
	char name[64], text[1024];
	const char *line;
	ssize_t len;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", ask->dir_fd);
	len = readlink(name, path, PATH_MAX - 1);
	if (len < 0)
		return explain(QUMUN_EXIT_ENVIRONMENT, ask, "%s: %s", name, strerror(errno));
	path[len] = '\0';
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", ask->dir_fd);
	if (read_file_str("", name, text, sizeof(text)) <= 0)
		return explain(QUMUN_EXIT_ENVIRONMENT, ask, "%s: %s", name, strerror(errno));
	line = strstr(text, "\nino:");
	if (!line || sscanf(line, "\nino: %" SCNu64, inode) != 1)
		return explain(QUMUN_EXIT_ENVIRONMENT, ask, "%s: no inode number", name);
	return QUMUN_EXIT_OK;
}

/* The same cgroup, opened by ourselves, with its owner; or an exit code. */
static int open_same(struct ask *ask, const char *path, uint64_t inode, struct cgroup_ref *ref,
		     struct stat *st)
{
	const struct cgroup_mount *mount = &ask->boosts->mount;
	int fd = -1, err = -1;

	if (!cgroup_path_check(mount->path, path, ref->path))
		fd = cgroup_open(mount, ref->path);
	if (fd >= 0) {
		err = fstat(fd, st);
		close(fd);
	}
	if (err || st->st_ino != inode)
		return explain(QUMUN_EXIT_NOT_FOUND, ask, "not a cgroup below %.200s, or gone, or "
			       "the root of all", mount->path);
	ref->id = st->st_ino;
	return QUMUN_EXIT_OK;
}

/*
 * Nothing is asked of the descriptor itself: it may be of a file system that is its owner's
 * program, and that never answers. The kernel tells which path it is of; what is there is opened
 * again, as a cgroup, and that one's owner counts.
 */
static int check_dir(struct ask *ask, struct cgroup_ref *ref, uid_t *owner)
{
	char path[PATH_MAX];
	uint64_t inode;
	struct stat st;
	int code;

	code = boosts_open(ask->boosts, ask->why);
	if (!code)
		code = read_descriptor(ask, path, &inode);
	if (!code)
		code = open_same(ask, path, inode, ref, &st);
	if (code)
		return code;
	*owner = st.st_uid;
	if (!ask->uid || st.st_uid == ask->uid)
		return QUMUN_EXIT_OK;
	if (!st.st_uid)
		return explain(QUMUN_EXIT_PRIVILEGE, ask,
			       "the cgroup belongs to root (only own cgroups)");
	return explain(QUMUN_EXIT_PRIVILEGE, ask,
		       "the cgroup belongs to user %u (only own cgroups)", st.st_uid);
}

static int bind_to_dir(struct ask *ask, struct rule *rule)
{
	struct cgroup_ref ref;
	struct match *match;
	uid_t owner;
	int code = check_dir(ask, &ref, &owner);

	if (code)
		return code;
	match = calloc(1, sizeof(*match));
	if (!match)
		return explain(QUMUN_EXIT_ENVIRONMENT, ask, "no memory");
	*match = (struct match){ .cgroup_id = ref.id, .path = strdup(ref.path),
				 .owner = owner, .about = strdup("cgroup") };
	rule->matches = (struct matches){ .rows = match, .nr = 1 };
	rule->bound = true;
	return match->path && match->about ? QUMUN_EXIT_OK :
	       explain(QUMUN_EXIT_ENVIRONMENT, ask, "no memory");
}

static int find_target(struct ask *ask, struct rule *rule)
{
	if (ask->dir_fd >= 0 && !rule->target.tree)
		return bind_to_dir(ask, rule);
	if (ask->uid && !rule->target.tree)
		return explain(QUMUN_EXIT_USAGE, ask,
			       "a descriptor of the cgroup has to come with it");
	return boosts_find(ask->boosts, rule, ask->why);
}

/* The same process once more: its tasks know their place, which only gets another weight. */
static bool change_tree(struct ask *ask, const struct rule *rule)
{
	struct rules *rules = &ask->boosts->rules;

	for (size_t i = 0; rule->target.tree && i < rules->nr; i++) {
		struct rule *old = &rules->rows[i];

		if (!rule_is_same(old, rule))
			continue;
		/* All has ended, which is only looked at now and then: what is asked for is new. */
		if (!trees_is_alive(&ask->boosts->trees, old->tree)) {
			boosts_remove(ask->boosts, old);
			return false;
		}
		trees_set_weight(&ask->boosts->trees, old->tree, rule->weight);
		old->weight = rule->weight;
		old->end_ms = rule->end_ms;
		return true;
	}
	return false;
}

static void say_added(struct ask *ask, const struct rule *rule)
{
	char text[300], path[PATH_MAX / 2];

	escape_text(text, sizeof(text), rule->text);
	if (rule->matches.nr == 1)
		explain(0, ask, "%s: %s, weight %" PRIu32, text,
			escape_text(path, sizeof(path), rule->matches.rows[0].path), rule->weight);
	else if (rule->matches.nr)
		explain(0, ask, "%s: %zu cgroups, weight %" PRIu32, text, rule->matches.nr,
			rule->weight);
	else
		explain(0, ask, "%s: weight %" PRIu32, text, rule->weight);
}

static int add_rule(struct ask *ask, struct rule *rule)
{
	int code = QUMUN_EXIT_OK;

	if (change_tree(ask, rule)) {
		say_added(ask, rule);
		rule_free(rule);
		return QUMUN_EXIT_OK;
	}
	/* Tasks are marked at once; a cgroup tells only when it is found which rule it is. */
	if (rule->target.tree)
		code = check_number(ask, rule);
	if (!code)
		code = find_target(ask, rule);
	if (!code && !rule->target.tree)
		code = check_number(ask, rule);
	if (code) {
		rule_free(rule);
		return code;
	}
	say_added(ask, rule);
	/* What anybody can make us say is not for the log. */
	if (!ask->uid)
		rule_say(rule);
	code = boosts_put(ask->boosts, rule);
	return code == QUMUN_EXIT_CAPACITY ?
	       explain(code, ask, "boost map: full (%d entries)", QUMUN_BOOST_MAP_MAX) : code;
}

static int add(struct ask *ask)
{
	struct rule rule;
	int code = check_user(ask);

	if (code)
		return code;
	code = rule_init(&rule, ask->order->target, ask->why);
	if (code) {
		rule_free(&rule);
		return code;
	}
	rule.weight = ask->order->weight;
	rule.origin = ask->uid ? RULE_USER : RULE_ROOT;
	rule.uid = ask->uid;
	if (ask->order->for_sec)
		rule.end_ms = monotonic_ms() + ask->order->for_sec * 1000ULL;
	return add_rule(ask, &rule);
}

/* --- del --- */

/* One is about a process by itself, the other one about its cgroup: easily taken for each other. */
static const struct rule *find_twin(const struct ask *ask, const struct target *target)
{
	const struct rules *rules = &ask->boosts->rules;

	for (size_t i = 0; target->kind == TARGET_PID && i < rules->nr; i++) {
		const struct rule *rule = &rules->rows[i];

		if (rule->target.kind == TARGET_PID && rule->target.pid == target->pid &&
		    may_touch(ask, rule))
			return rule;
	}
	return NULL;
}

static int not_boosted(struct ask *ask, const struct target *target)
{
	const struct rule *twin = find_twin(ask, target);
	const char *what = ask->uid ? "no boost of yours" : "not boosted";

	/* Whether others have boosted it is not for everybody. */
	if (twin)
		return explain(QUMUN_EXIT_NOT_FOUND, ask, "%s (%s is)", what, twin->text);
	return explain(QUMUN_EXIT_NOT_FOUND, ask, "%s%s", what,
		       ask->uid ? " (what root boosts only root removes)" : "");
}

static int del(struct ask *ask)
{
	struct rules *rules = &ask->boosts->rules;
	struct rule wanted;
	size_t found = 0;
	int code = rule_init(&wanted, ask->order->target, ask->why);

	for (size_t i = rules->nr; !code && i--;) {
		struct rule *rule = &rules->rows[i];

		if (strcmp(rule->text, wanted.text) || !may_touch(ask, rule))
			continue;
		boosts_remove(ask->boosts, rule);
		found++;
	}
	if (!code && found) {
		boosts_sync(ask->boosts, false);
		explain(QUMUN_EXIT_OK, ask, "no longer boosted");
	} else if (!code) {
		code = not_boosted(ask, &wanted.target);
	}
	rule_free(&wanted);
	return code;
}

json_t *boost_answer(void *arg, const struct order *order, uid_t uid, int dir_fd)
{
	struct ask ask = { .boosts = arg, .order = order, .uid = uid, .dir_fd = dir_fd };
	json_t *answer;
	int code;

	if (order->kind == ORDER_LIST)
		return json_pack("{s:i, s:s, s:b, s:o}", "code", 0, "message", "", "all", !uid,
				 "rules", list_rules(&ask));
	code = order->kind == ORDER_ADD ? add(&ask) : del(&ask);
	answer = json_pack("{s:i, s:o}", "code", code, "message", json_text(ask.why));
	if (answer && ask.weight_max)
		json_object_set_new(answer, "weight_max", json_integer((json_int_t)ask.weight_max));
	return answer;
}
