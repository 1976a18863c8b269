// SPDX-License-Identifier: GPL-2.0-only
#include "boost.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "exit_codes.h"
#include "loader.h"
#include "log.h"
#include "qumun.h"
#include "util.h"

static int resolve_rule(struct boosts *boosts, const struct qumun_boost_rule *rule)
{
	struct boost *row = &boosts->rows[boosts->nr];
	char why[CGROUP_WHY_LEN], shown[256];
	int err = cgroup_resolve(&boosts->mount, rule->path, &row->cgroup, why);

	if (err) {
		log_error("--boost-cgroup=%s: %s", escape_text(shown, sizeof(shown), rule->path),
			  why);
		return err;
	}
	row->weight = rule->weight;
	row->gone = false;
	boosts->nr++;
	return 0;
}

int boosts_resolve(struct boosts *boosts, const struct qumun_opts *opts)
{
	char why[CGROUP_WHY_LEN];
	int err;

	*boosts = (struct boosts){ .mount.fd = -1 };
	if (!opts->nr_boosts)
		return 0;
	if (opts->nr_boosts > QUMUN_BOOST_MAP_MAX) {
		log_error("--boost-cgroup: %zu cgroups are more than the map holds (at most %d)",
			  opts->nr_boosts, QUMUN_BOOST_MAP_MAX);
		return QUMUN_EXIT_CAPACITY;
	}
	err = cgroup_mount_open(&boosts->mount, why);
	if (err) {
		log_error("--boost-cgroup: %s", why);
		return err;
	}
	boosts->rows = calloc(opts->nr_boosts, sizeof(*boosts->rows));
	if (!boosts->rows) {
		log_error("--boost-cgroup: %s", strerror(ENOMEM));
		return QUMUN_EXIT_ENVIRONMENT;
	}
	for (size_t i = 0; !err && i < opts->nr_boosts; i++)
		err = resolve_rule(boosts, &opts->boosts[i]);
	return err;
}

int boosts_apply(const struct boosts *boosts, int map_fd)
{
	for (size_t i = 0; i < boosts->nr; i++) {
		const struct boost *row = &boosts->rows[i];
		int err = row->gone ? 0 :
			  loader_boost_set(map_fd, row->cgroup.id, row->weight);

		if (err == -E2BIG) {
			log_error("boost map: full (%d entries)", QUMUN_BOOST_MAP_MAX);
			return QUMUN_EXIT_CAPACITY;
		}
		if (err) {
			log_error("boost map: %s", strerror(-err));
			return QUMUN_EXIT_ENVIRONMENT;
		}
	}
	return 0;
}

void boosts_prune(struct boosts *boosts, int map_fd)
{
	for (size_t i = 0; i < boosts->nr; i++) {
		struct boost *row = &boosts->rows[i];
		char shown[256];

		if (row->gone || cgroup_still_is(&boosts->mount, row->cgroup.path, row->cgroup.id))
			continue;
		row->gone = true;
		loader_boost_drop(map_fd, row->cgroup.id);
		log_warn("boosted cgroup %s, id %llu, is gone; one of the same name is not boosted",
			 escape_text(shown, sizeof(shown), row->cgroup.path),
			 (unsigned long long)row->cgroup.id);
	}
}

void boosts_free(struct boosts *boosts)
{
	cgroup_mount_close(&boosts->mount);
	free(boosts->rows);
	*boosts = (struct boosts){ .mount.fd = -1 };
}
