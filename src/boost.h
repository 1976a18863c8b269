/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Boosted cgroups, as the user named them and as the map holds them. A rule
 * says a path; the map is a cache of cgroup ids that follow from the rules.
 */
#ifndef QUMUN_BOOST_H
#define QUMUN_BOOST_H

#include <stddef.h>
#include <stdint.h>

#include "cgroup.h"
#include "options.h"

/**
 * struct boost - one boosted cgroup
 * @cgroup: the cgroup, resolved
 * @weight: 64..16384, 1024 = normal
 * @gone: it has been removed; its entry is out of the map
 */
struct boost {
	struct cgroup_ref cgroup;
	uint32_t weight;
	bool gone;
};

/**
 * struct boosts - all of them
 * @mount: the cgroup2 file system, open as long as there are rows
 */
struct boosts {
	struct cgroup_mount mount;
	struct boost *rows;
	size_t nr;
};

/**
 * boosts_resolve - find the cgroups of all rules
 * @boosts: filled; release it with boosts_free() even after a failure
 *
 * Returns 0, or an exit code after an error message.
 */
int boosts_resolve(struct boosts *boosts, const struct qumun_opts *opts);

/**
 * boosts_apply - write the entries of all cgroups into a boost map
 *
 * Returns 0, or an exit code after an error message.
 */
int boosts_apply(const struct boosts *boosts, int map_fd);

/** boosts_prune - drop the entries of cgroups that are gone, and say so once */
void boosts_prune(struct boosts *boosts, int map_fd);

/** boosts_free - release; harmless when repeated */
void boosts_free(struct boosts *boosts);

#endif /* QUMUN_BOOST_H */
