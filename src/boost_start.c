// SPDX-License-Identifier: GPL-2.0-only
/* Rules from the command line and from the config file: at the start, and on SIGHUP. */
#include "boost.h"

#include <stdio.h>
#include <string.h>

#include "config.h"
#include "exit_codes.h"
#include "log.h"
#include "qumun.h"
#include "util.h"

/* Texts of --boost-cgroup are judged as paths, in the words of cgroup.c. */
static int check_path(struct boosts *boosts, const char *path, char *why)
{
	struct cgroup_ref ref;
	int code = boosts_open(boosts, why);

	return code ? code : cgroup_resolve(&boosts->mount, path, &ref, why);
}

static int make_rule(struct boosts *boosts, struct rule *rule, const char *text, uint32_t weight,
		     enum rule_origin origin, char *why)
{
	int code = rule_init(rule, text, why);

	rule->weight = weight;
	rule->origin = origin;
	if (!code)
		code = boosts_find(boosts, rule, why);
	return code;
}

static int start_rule(struct boosts *boosts, const struct qumun_boost_rule *given)
{
	const char *option = given->must_exist ? "--boost-cgroup" : "--boost";
	struct rule rule = { .tree = RULE_NO_TREE };
	char why[RESOLVE_WHY_LEN], text[256];
	int code = 0;

	if (given->must_exist)
		code = check_path(boosts, given->target, why);
	if (!code)
		code = make_rule(boosts, &rule, given->target, given->weight, RULE_COMMAND_LINE,
				 why);
	/* A name may come later; a process that has ended does not come back. */
	if (code == QUMUN_EXIT_NOT_FOUND && !given->must_exist && !rule.bound &&
	    !rule.target.tree)
		code = 0;
	if (code) {
		log_error("%s=%s: %.*s", option, escape_text(text, sizeof(text), given->target),
			  (int)strcspn(why, "\n"), why);
		boosts_discard(boosts, &rule);
		return code;
	}
	code = boosts_put(boosts, &rule);
	if (code)
		log_error("%s: too many rules (at most %d)", option, RULES_MAX);
	return code;
}

/* What is wrong in a config file must not keep the machine from its scheduler. */
static void config_rule(struct boosts *boosts, const struct config_rule *given)
{
	char why[RESOLVE_WHY_LEN], text[256];
	struct rule rule;
	int code;

	code = make_rule(boosts, &rule, given->target, given->weight, RULE_CONFIG, why);
	if (code && (!rule.text || rule.bound || rule.target.tree)) {
		log_warn("config file: [boost %s]: %s: %.*s", given->name,
			 escape_text(text, sizeof(text), given->target),
			 (int)strcspn(why, "\n"), why);
		boosts_discard(boosts, &rule);
		return;
	}
	if (boosts_put(boosts, &rule))
		log_warn("config file: [boost %s]: no room for it", given->name);
}

int boosts_init(struct boosts *boosts, const struct qumun_opts *opts)
{
	int code = 0;

	*boosts = (struct boosts){ .opts = opts, .mount.fd = -1, .map.fd = -1,
				   .maps = LOADER_NO_MAPS };
	trees_init(&boosts->trees);
	plan_init(&boosts->plan, true, 0);
	if (opts->nr_boosts > QUMUN_BOOST_MAP_MAX) {
		log_error("--boost-cgroup: %zu cgroups are more than the map holds (at most %d)",
			  opts->nr_boosts, QUMUN_BOOST_MAP_MAX);
		return QUMUN_EXIT_CAPACITY;
	}
	for (size_t i = 0; i < opts->config.nr_rules; i++)
		config_rule(boosts, &opts->config.rules[i]);
	for (size_t i = 0; !code && i < opts->nr_boosts; i++)
		code = start_rule(boosts, &opts->boosts[i]);
	return code;
}

/* Options are what the scheduler was loaded with: reading them again changes nothing. */
static void say_changed_options(const struct qumun_opts *opts, const struct config *config)
{
	char names[300];

	if (*config_changed_options(&opts->config, config, names, sizeof(names)))
		log_info("options changed: %s; they count after a restart", names);
}

void boosts_reload(struct boosts *boosts, uint64_t now_ms)
{
	uint64_t before = boosts->rules.last_order;
	struct config config;
	char path[300];

	plan_rescan(&boosts->plan, now_ms);
	if (options_check_config(boosts->opts, &config)) {
		log_warn("config file: the boosts before stay");
		config_free(&config);
		return;
	}
	/* The new ones first, so that what stays is boosted all the time. */
	for (size_t i = 0; i < config.nr_rules; i++)
		config_rule(boosts, &config.rules[i]);
	for (size_t i = boosts->rules.nr; i--;) {
		struct rule *rule = &boosts->rules.rows[i];

		if (rule->origin == RULE_CONFIG && rule->order <= before)
			boosts_remove(boosts, rule);
	}
	log_info("%s: read again, %zu boost%s",
		 escape_text(path, sizeof(path), boosts->opts->config_path), config.nr_rules,
		 plural(config.nr_rules));
	say_changed_options(boosts->opts, &config);
	config_free(&config);
	boosts_sync(boosts, false);
}
