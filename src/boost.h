/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boosts of a running daemon: rules from the command line, the config file and the control
 * socket; the cgroups that they stand for at present; and the maps that BPF reads.
 *
 * Nothing here may stop the scheduler once it runs: what cannot be done is said, and tried again.
 */
#ifndef QUMUN_BOOST_H
#define QUMUN_BOOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boost_map.h"
#include "boost_plan.h"
#include "cgroup.h"
#include "loader.h"
#include "loader_events.h"
#include "options.h"
#include "resolve.h"
#include "rules.h"
#include "trees.h"

/**
 * struct boosts - all that is known of boosts
 * @opts: what the user chose at the start
 * @resolver: NULL as long as there was no rule
 * @mount: the cgroup2 file system, with the fd -1 as long as there was no rule
 * @maps: those of the first load, which later loads go on with
 * @loader: the scheduler's present life, or NULL
 * @events: cgroups that come and go in it, or NULL
 * @events_lost: as far as they have been noticed
 * @trees_checked_ms: when it was looked whether boosted processes are still there
 * @was_full: it has been said that the map is full
 */
struct boosts {
	const struct qumun_opts *opts;
	struct resolver *resolver;
	struct cgroup_mount mount;
	struct rules rules;
	struct boost_map map;
	struct trees trees;
	struct boost_plan plan;
	struct loader_maps maps;
	struct loader *loader;
	struct loader_events *events;
	uint64_t events_lost;
	uint64_t trees_checked_ms;
	bool was_full;
};

/**
 * boosts_init - find the cgroups of the rules of the command line and of the config file
 * @boosts: filled; release it with boosts_free() even after a failure
 *
 * A rule whose target does not exist waits for it, except those of --boost-cgroup. Returns 0, or an
 * exit code after an error message.
 */
int boosts_init(struct boosts *boosts, const struct qumun_opts *opts);

/**
 * boosts_publish - a scheduler is loaded: write into its maps, and listen to its events
 *
 * Returns 0, or an exit code after an error message.
 */
int boosts_publish(struct boosts *boosts, struct loader *loader);

/** boosts_unload - the scheduler is about to be unloaded */
void boosts_unload(struct boosts *boosts);

/** boosts_due_ms - when boosts_work() has something to do, by CLOCK_MONOTONIC */
uint64_t boosts_due_ms(const struct boosts *boosts);

/** boosts_work - read events, do what is due */
void boosts_work(struct boosts *boosts, uint64_t now_ms);

/** boosts_reload - read the config file again; when it is wrong, its old rules stay */
void boosts_reload(struct boosts *boosts, uint64_t now_ms);

/** boosts_open - have resolver and mount ready; exit code, reason in @why (RESOLVE_WHY_LEN) */
int boosts_open(struct boosts *boosts, char *why);

/**
 * boosts_find - find out what a new rule stands for at present
 * @rule: gets its cgroups, or its place in the table of boosted processes; a rule about a process
 *	is bound to what was found
 * @why: on errors, what is wrong; RESOLVE_WHY_LEN bytes
 *
 * Returns an exit code as resolve_target() and trees_add() do.
 */
int boosts_find(struct boosts *boosts, struct rule *rule, char *why);

/**
 * boosts_put - take in a rule whose cgroups have been found
 * @rule: taken over, also on errors
 *
 * Returns 0, QUMUN_EXIT_CAPACITY when there is no room for it (then it is not there), or another
 * exit code.
 */
int boosts_put(struct boosts *boosts, struct rule *rule);

/** boosts_discard - release a rule that is not taken in, or no longer */
void boosts_discard(struct boosts *boosts, struct rule *rule);

/** boosts_remove - end a rule; call boosts_sync() after the last one */
void boosts_remove(struct boosts *boosts, struct rule *rule);

/** boosts_sync - write what rules want into the map, where it differs; 0 or a negative errno */
int boosts_sync(struct boosts *boosts, bool verify);

/** boosts_free - release; harmless when repeated */
void boosts_free(struct boosts *boosts);

#endif /* QUMUN_BOOST_H */
