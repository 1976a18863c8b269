// SPDX-License-Identifier: GPL-2.0-only
#include "boost.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boost_say.h"
#include "exit_codes.h"
#include "log.h"
#include "qumun.h"
#include "util.h"

/* Who has boosted processes is worth a look at all tasks now and then. */
#define TREES_CHECK_MS 60000

int boosts_open(struct boosts *boosts, char *why)
{
	char mount_why[CGROUP_WHY_LEN];
	int code = QUMUN_EXIT_OK;

	if (boosts->mount.fd < 0) {
		code = cgroup_mount_open(&boosts->mount, mount_why);
		if (code)
			snprintf(why, RESOLVE_WHY_LEN, "%s", mount_why);
	}
	if (!code && !boosts->resolver)
		code = resolver_open(&boosts->resolver, "", why);
	return code;
}

static int find_matches(struct boosts *boosts, const struct rule *rule, struct matches *matches,
			char *why)
{
	int code = boosts_open(boosts, why);

	*matches = (struct matches){ 0 };
	return code ? code : resolve_target(boosts->resolver, &rule->target, matches, why);
}

/* Not found is an answer, and so is an ambiguous name; the rest says nothing about the target. */
static bool is_answer(int code)
{
	return code == QUMUN_EXIT_OK || code == QUMUN_EXIT_NOT_FOUND || code == QUMUN_EXIT_USAGE;
}

/* Takes over @matches. @why: why there are none, or NULL. */
static void set_matches(struct rule *rule, struct matches *matches, const char *why)
{
	matches_free(&rule->matches);
	rule->matches = *matches;
	free(rule->waits);
	rule->waits = why ? strdup(why) : NULL;
}

static int find_cgroups(struct boosts *boosts, struct rule *rule, char *why)
{
	struct matches matches;
	int code = find_matches(boosts, rule, &matches, why);

	set_matches(rule, &matches, code ? why : NULL);
	/* The number of a process may come back as another one's: never look again. */
	rule->bound = rule->target.kind == TARGET_PID;
	return code;
}

static int find_tree(struct boosts *boosts, struct rule *rule, char *why)
{
	/* First of all, so that who is forked while tasks are being marked inherits the mark. */
	if (boosts->loader)
		loader_use_trees(boosts->loader);
	return trees_add(&boosts->trees, rule->target.pid, rule->uid, rule->weight, &rule->tree,
			 why);
}

int boosts_find(struct boosts *boosts, struct rule *rule, char *why)
{
	return rule->target.tree ? find_tree(boosts, rule, why) : find_cgroups(boosts, rule, why);
}

int boosts_sync(struct boosts *boosts, bool verify)
{
	struct boost_changes changes;
	struct wanted *wanted;
	size_t nr;
	int err;

	wanted = rules_wanted(&boosts->rules, &nr);
	if (!wanted)
		return -ENOMEM;
	err = boost_map_sync(&boosts->map, wanted, nr, verify, &changes);
	free(wanted);
	if (err == -E2BIG && !boosts->was_full)
		log_warn("boost map: full (%d entries), %zu cgroups are not boosted",
			 QUMUN_BOOST_MAP_MAX, changes.no_room);
	else if (err && err != -E2BIG)
		log_warn("boost map: %s", strerror(-err));
	boosts->was_full = err == -E2BIG;
	return err;
}

void boosts_remove(struct boosts *boosts, struct rule *rule)
{
	if (rule->tree != RULE_NO_TREE)
		trees_drop(&boosts->trees, rule->tree);
	rules_remove(&boosts->rules, rule);
}

void boosts_discard(struct boosts *boosts, struct rule *rule)
{
	if (rule->tree != RULE_NO_TREE)
		trees_drop(&boosts->trees, rule->tree);
	rule_free(rule);
}

static bool lacks_room(const struct boosts *boosts, const struct rule *rule)
{
	for (size_t i = 0; i < rule->matches.nr; i++) {
		const struct boost_entry *entry = boost_map_find(&boosts->map,
								 rule->matches.rows[i].cgroup_id);

		if (entry && entry->state == ENTRY_NO_ROOM)
			return true;
	}
	return false;
}

int boosts_put(struct boosts *boosts, struct rule *rule)
{
	struct rule old, *placed = rules_put(&boosts->rules, rule, &old);

	if (!placed) {
		boosts_discard(boosts, rule);
		return QUMUN_EXIT_CAPACITY;
	}
	boosts_discard(boosts, &old);
	if (boosts_sync(boosts, false) != -E2BIG || !lacks_room(boosts, placed))
		return QUMUN_EXIT_OK;
	boosts_remove(boosts, placed);
	boosts_sync(boosts, false);
	return QUMUN_EXIT_CAPACITY;
}

/* Does a rule look for the cgroup at @path, below the mount? A path may be cut. */
static bool may_match(const struct boosts *boosts, const struct rule *rule, const char *path)
{
	size_t len = strlen(boosts->mount.path);

	if (rule->bound || rule->tree != RULE_NO_TREE)
		return false;
	if (rule->target.kind != TARGET_CGROUP || strlen(path) + 1 >= QUMUN_EVENT_PATH_LEN)
		return true;
	return !strncmp(rule->target.name, boosts->mount.path, len) &&
	       !strcmp(rule->target.name + len, path);
}

static void take_event(void *arg, const struct qumun_cgroup_event *event)
{
	struct boosts *boosts = arg;

	for (size_t i = 0; i < boosts->rules.nr; i++) {
		const struct rule *rule = &boosts->rules.rows[i];
		bool is_new = event->head.type == QUMUN_EVENT_MKDIR;

		if (is_new ? may_match(boosts, rule, event->path) :
			     matches_have(&rule->matches, event->id)) {
			plan_event(&boosts->plan, monotonic_ms());
			return;
		}
	}
}

static void open_events(struct boosts *boosts)
{
	int err = loader_events_open(&boosts->events, loader_event_fd(boosts->loader), take_event,
				     boosts);
	bool have = !err && loader_has_cgroup_events(boosts->loader);

	if (err)
		log_warn("ring buffer of events: %s", strerror(-err));
	if (!have && !boosts->opts->no_cgroup_events)
		log_warn("this kernel does not tell about new cgroups;"
			 " they are looked for every second");
	boosts->events_lost = 0;
	plan_init(&boosts->plan, have, monotonic_ms());
}

static int dup_maps(struct boosts *boosts)
{
	struct loader_maps maps = loader_maps(boosts->loader);

	if (boosts->maps.boost >= 0)
		return 0;
	boosts->maps.boost = fcntl(maps.boost, F_DUPFD_CLOEXEC, 0);
	boosts->maps.trees = fcntl(maps.trees, F_DUPFD_CLOEXEC, 0);
	boosts->maps.tree_tasks = fcntl(maps.tree_tasks, F_DUPFD_CLOEXEC, 0);
	if (boosts->maps.boost < 0 || boosts->maps.trees < 0 || boosts->maps.tree_tasks < 0) {
		log_error("boost map: %s", strerror(errno));
		return QUMUN_EXIT_ENVIRONMENT;
	}
	boosts->map.fd = boosts->maps.boost;
	return 0;
}

static bool has_trees(const struct boosts *boosts)
{
	for (size_t i = 0; i < boosts->rules.nr; i++)
		if (boosts->rules.rows[i].tree != RULE_NO_TREE)
			return true;
	return false;
}

int boosts_publish(struct boosts *boosts, struct loader *loader)
{
	int code;

	boosts->loader = loader;
	code = dup_maps(boosts);
	if (code)
		return code;
	if (has_trees(boosts))
		loader_use_trees(loader);
	trees_publish(&boosts->trees, boosts->maps.trees, boosts->maps.tree_tasks);
	open_events(boosts);
	boosts_sync(boosts, false);
	return 0;
}

void boosts_unload(struct boosts *boosts)
{
	loader_events_close(boosts->events);
	boosts->events = NULL;
	boosts->loader = NULL;
}

/* A rule about one cgroup for good ends with it. Returns true when it has ended. */
static bool has_ended(struct boosts *boosts, const struct rule *rule)
{
	const struct match *match = rule->matches.rows;

	if (!rule->bound || rule->tree != RULE_NO_TREE)
		return false;
	return !rule->matches.nr ||
	       !cgroup_still_is(&boosts->mount, match->path, match->cgroup_id);
}

static void end_rule(struct boosts *boosts, struct rule *rule, const char *why)
{
	char text[300];

	log_info("boost: %s: ended: %s", escape_text(text, sizeof(text), rule->text), why);
	boosts_remove(boosts, rule);
}

/* Backwards, so that a removed rule moves only those that have been visited. */
static void end_rules(struct boosts *boosts, uint64_t now_ms)
{
	for (size_t i = boosts->rules.nr; i--;) {
		struct rule *rule = &boosts->rules.rows[i];

		if (rule->end_ms && rule->end_ms <= now_ms)
			end_rule(boosts, rule, "its time is over");
	}
}

static void check_trees(struct boosts *boosts, uint64_t now_ms)
{
	if (now_ms < boosts->trees_checked_ms + TREES_CHECK_MS)
		return;
	boosts->trees_checked_ms = now_ms;
	for (size_t i = boosts->rules.nr; i--;) {
		struct rule *rule = &boosts->rules.rows[i];

		if (rule->tree != RULE_NO_TREE && !trees_is_alive(&boosts->trees, rule->tree))
			end_rule(boosts, rule, "all its tasks have ended");
	}
}

/* Returns true when a rule waits for a name. */
static bool look_at_rule(struct boosts *boosts, struct rule *rule)
{
	bool waited = rule->waits;
	struct matches matches, old;
	char why[RESOLVE_WHY_LEN];
	int code = find_matches(boosts, rule, &matches, why);

	if (!is_answer(code)) {
		matches_free(&matches);
		return false;
	}
	old = rule->matches;
	rule->matches = (struct matches){ 0 };
	set_matches(rule, &matches, code ? why : NULL);
	rule_say_changes(rule, &old);
	if (rule->waits && !waited && !old.nr)
		rule_say_waits(rule);
	matches_free(&old);
	return rule->waits && rule->target.kind != TARGET_CGROUP;
}

static void look_at_rules(struct boosts *boosts, uint64_t now_ms, bool verify)
{
	bool waits = false;

	for (size_t i = boosts->rules.nr; i--;) {
		struct rule *rule = &boosts->rules.rows[i];

		if (has_ended(boosts, rule))
			end_rule(boosts, rule, "the cgroup is gone");
		else if (!rule->bound && rule->tree == RULE_NO_TREE)
			waits |= look_at_rule(boosts, rule);
	}
	if (waits)
		plan_retry(&boosts->plan, now_ms);
	boosts_sync(boosts, verify);
}

static void read_events(struct boosts *boosts, uint64_t now_ms)
{
	uint64_t lost;

	if (!boosts->events)
		return;
	loader_events_read(boosts->events);
	lost = loader_events_lost(boosts->loader);
	if (lost != boosts->events_lost)
		plan_rescan(&boosts->plan, now_ms);
	boosts->events_lost = lost;
}

uint64_t boosts_due_ms(const struct boosts *boosts)
{
	uint64_t end_ms = rules_next_end_ms(&boosts->rules);
	uint64_t due_ms = boosts->rules.nr ? plan_due_ms(&boosts->plan) : UINT64_MAX;

	return end_ms && end_ms < due_ms ? end_ms : due_ms;
}

void boosts_work(struct boosts *boosts, uint64_t now_ms)
{
	uint64_t end_ms = rules_next_end_ms(&boosts->rules);
	enum plan_step step;

	read_events(boosts, now_ms);
	if (end_ms && end_ms <= now_ms) {
		end_rules(boosts, now_ms);
		boosts_sync(boosts, false);
	}
	step = plan_take(&boosts->plan, now_ms);
	if (step == PLAN_NOTHING || !boosts->rules.nr)
		return;
	check_trees(boosts, now_ms);
	look_at_rules(boosts, now_ms, step == PLAN_RESCAN);
}

static void close_maps(struct loader_maps *maps)
{
	if (maps->boost >= 0)
		close(maps->boost);
	if (maps->trees >= 0)
		close(maps->trees);
	if (maps->tree_tasks >= 0)
		close(maps->tree_tasks);
	*maps = LOADER_NO_MAPS;
}

void boosts_free(struct boosts *boosts)
{
	boosts_unload(boosts);
	rules_free(&boosts->rules);
	boost_map_free(&boosts->map);
	trees_free(&boosts->trees);
	resolver_close(boosts->resolver);
	boosts->resolver = NULL;
	cgroup_mount_close(&boosts->mount);
	close_maps(&boosts->maps);
}
