/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Command line and environment → one validated struct. One table in options.c drives parsing and
 * --help; a new option is one row there, one member and one default here.
 */
#ifndef QUMUN_OPTIONS_H
#define QUMUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "placement.h"

#ifndef QUMUN_VERSION
#define QUMUN_VERSION "0.0.0-dev"
#endif

/**
 * struct qumun_boost_rule - one --boost or --boost-cgroup
 * @target: as the user wrote it, slashes normalised; not looked up yet
 * @weight: 64..16384, 1024 = normal
 * @must_exist: it is a --boost-cgroup, whose path has to be there at the start
 */
struct qumun_boost_rule {
	char		*target;
	uint32_t	weight;
	bool		must_exist;
};

/**
 * enum qumun_dsq - which CPUs share a queue
 * @QUMUN_DSQ_AUTO: decided by the topology, see domains_make()
 * @QUMUN_DSQ_GLOBAL: all of them
 * @QUMUN_DSQ_LLC: those of a last-level cache
 */
enum qumun_dsq {
	QUMUN_DSQ_AUTO,
	QUMUN_DSQ_GLOBAL,
	QUMUN_DSQ_LLC,
};

/**
 * struct qumun_opts - everything the user can choose
 * @slice_us: longest slice
 * @slice_us_min: shortest slice, never above @slice_us
 * @slice_us_lag: credit that a waking task may keep
 * @dsq: enum qumun_dsq
 * @stats_sec: seconds between two lines of statistics, 0 = none
 * @exit_dump_len: bytes of the kernel's dump on an error exit, 0 = the kernel's own default
 * @timeout_ms: watchdog, from the environment variable SCX_TIMEOUT_MS
 * @verbose: how often -v was given
 * @no_preempt: not 0: a task that wakes up takes nobody's CPU; likewise the next three
 * @disable_smt: see struct placement_wishes
 * @disable_llc: likewise
 * @disable_numa: likewise
 * @primary: how the primary domain is chosen
 * @primary_list: for PRIMARY_LIST; all of them were online when the command line was read
 * @user_weight_max: largest weight that users other than root may ask for, 0 = they may not ask
 * @user_rules_max: how many rules each of them may have
 * @no_cgroup_events: look for new cgroups instead of having the kernel tell
 * @boosts: the rules in the order given, no target twice
 * @nr_boosts: rows of @boosts
 * @config_path: the config file
 * @config_given: it was named, and must exist
 * @config: what is in it; its options have been taken into account
 * @given_rows: rows of the option table that the command line or the environment gave, a bit each
 */
struct qumun_opts {
	uint64_t		slice_us;
	uint64_t		slice_us_min;
	uint64_t		slice_us_lag;
	uint64_t		dsq;
	uint64_t		stats_sec;
	uint64_t		exit_dump_len;
	uint64_t		timeout_ms;
	uint64_t		verbose;
	uint64_t		no_preempt;
	uint64_t		disable_smt;
	uint64_t		disable_llc;
	uint64_t		disable_numa;
	enum primary_kind	primary;
	struct cpu_mask		primary_list;
	uint64_t		user_weight_max;
	uint64_t		user_rules_max;
	uint64_t		no_cgroup_events;
	struct qumun_boost_rule	*boosts;
	size_t			nr_boosts;
	const char		*config_path;
	bool			config_given;
	struct config		config;
	uint32_t		given_rows;
};

#define QUMUN_OPTS_DEFAULT {		\
	.slice_us	= 4000,		\
	.slice_us_min	= 1000,		\
	.slice_us_lag	= 6000,		\
	.timeout_ms	= 10000,	\
	.user_weight_max = 4096,	\
	.user_rules_max	= 16,		\
	.config_path	= CONFIG_PATH,	\
}

/**
 * options_parse - read the command line, the environment and the config file
 * @argc: as main() got it; 0 is fine
 * @argv: as main() got it; not changed; the name of the config file is kept
 * @version_extra: further lines of --version (libbpf, kernel), or NULL
 * @opts: replaced; free it with options_free() after a return of 0
 * @exit_code: set when -1 is returned
 *
 * What the command line says counts more than the config file. Returns 0 to go on, or -1 when the
 * run ends here: --help, --version and --check-config are answered on stdout (@exit_code 0), or one
 * line on stderr has named what is wrong (2, or 6 without memory).
 */
int options_parse(int argc, char **argv, const char *version_extra, struct qumun_opts *opts,
		  int *exit_code);

/**
 * options_check_config - read the config file once more, and judge its options without taking them
 * @opts: of this run; what its command line gave counts for more than the file; not changed
 * @config: filled; release it with config_free() even after a failure
 *
 * Returns 0, or an exit code after an error message.
 */
int options_check_config(const struct qumun_opts *opts, struct config *config);

/** options_free - release what options_parse() allocated; harmless when repeated */
void options_free(struct qumun_opts *opts);

#endif /* QUMUN_OPTIONS_H */
