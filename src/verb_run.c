// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_qumun run [--weight=W] [--] CMD...: boosts itself, then becomes CMD. It stays one process, so
 * that signals, exit status, terminal and whoever watches the process id see nothing of us. Only a
 * wrong command line keeps CMD from starting: everything else costs the boost, or a part of it, not
 * the game.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "control.h"
#include "exit_codes.h"
#include "log.h"
#include "options.h"
#include "qumun.h"
#include "run_place.h"
#include "util.h"
#include "verb.h"

/* What shells say of commands that they cannot start. */
#define EXIT_CANNOT_EXECUTE	126
#define EXIT_NO_COMMAND		127

static int print_help(void)
{
	static const struct qumun_opts defaults = QUMUN_OPTS_DEFAULT;

	printf("Usage: scx_qumun run [--weight=W] [--] CMD [ARG]...\n"
	       "Starts CMD in a cgroup of its own and boosts it, for as long as it runs. Where no\n"
	       "cgroup can be made, CMD and its later children are boosted by themselves. If it\n"
	       "cannot be boosted, a warning says why, and CMD runs all the same. Anybody may do\n"
	       "this.\n"
	       "\n"
	       "  --weight=W  %d..%d, default %d; 1024 = normal. Users other than root\n"
	       "              get at most what scx_qumun --user-weight-max allows, %" PRIu64 "\n"
	       "              unless that was given; a warning says so\n"
	       "\n"
	       "As a launch option in Steam: scx_qumun run -- %%command%%\n"
	       "Exit status: that of CMD; 127 no such command; 126 cannot be executed; 2 usage.\n",
	       QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, QUMUN_BOOST_WEIGHT_DEFAULT,
	       defaults.user_weight_max);
	return QUMUN_EXIT_OK;
}

static int usage_error(const char *object, const char *what)
{
	char shown[256];

	escape_text(shown, sizeof(shown), object);
	log_error("run: %s: %s (scx_qumun run [--weight=W] [--] CMD...; see scx_qumun run --help)",
		  shown, what);
	return QUMUN_EXIT_USAGE;
}

static int take_weight(const char *text, uint64_t *weight)
{
	char shown[256];
	int err = parse_u64(text, QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, weight);

	if (!err)
		return 0;
	escape_text(shown, sizeof(shown), text);
	log_error("run: --weight: '%s' is %s (%d..%d; 1024 = normal)", shown,
		  err == -ERANGE ? "out of range" : "not a number",
		  QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX);
	return QUMUN_EXIT_USAGE;
}

/**
 * struct run_opts - what stands before CMD
 * @first: index of CMD
 * @weighted: --weight was there
 */
struct run_opts {
	uint64_t	weight;
	int		first;
	bool		weighted;
	bool		help;
};

static int set_weight(struct run_opts *opts, const char *text)
{
	uint64_t before = opts->weight;
	int code = take_weight(text, &opts->weight);

	if (!code && opts->weighted && opts->weight != before)
		code = usage_error("--weight", "given twice");
	opts->weighted = true;
	return code;
}

/* Not getopt_long(), which would take --w for --weight; what follows CMD is CMD's. */
static int take_options(int argc, char **argv, struct run_opts *opts)
{
	static const char weight[] = "--weight=";
	int code = 0, i;

	for (i = 1; !code && i < argc && argv[i][0] == '-' && argv[i][1]; i++) {
		if (!strcmp(argv[i], "--")) {
			i++;
			break;
		}
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			opts->help = true;
		else if (!strncmp(argv[i], weight, strlen(weight)))
			code = set_weight(opts, argv[i] + strlen(weight));
		else if (!strcmp(argv[i], "--weight") && i + 1 < argc)
			code = set_weight(opts, argv[++i]);
		else if (!strcmp(argv[i], "--weight"))
			code = usage_error(argv[i], "needs a value");
		else
			code = usage_error(argv[i], "unknown option");
	}
	opts->first = i;
	if (!code && !opts->help && i == argc)
		code = usage_error("CMD", "nothing to run");
	return code;
}

/**
 * struct wish - what the daemon is asked for
 * @target: path of our cgroup, or pid:N/tree
 * @dir_fd: the cgroup's directory, or -1
 * @weight_max: set to the weight that would have been allowed, or 0
 */
struct wish {
	const char	*target;
	int		dir_fd;
	uint64_t	weight;
	uint64_t	weight_max;
};

static int request(struct wish *wish, char *why)
{
	json_t *order = json_pack("{s:s, s:s, s:I}", "do", "add", "target", wish->target,
				  "weight", (json_int_t)wish->weight);
	json_t *answer = NULL;
	json_int_t max;
	int code;

	if (!order) {
		snprintf(why, CONTROL_WHY_LEN, "%s", strerror(ENOMEM));
		return QUMUN_EXIT_ENVIRONMENT;
	}
	code = control_request(order, wish->dir_fd, &answer, why);
	max = json_integer_value(json_object_get(answer, "weight_max"));
	wish->weight_max = max > 0 ? (uint64_t)max : 0;
	json_decref(answer);
	json_decref(order);
	return code;
}

/* Too large a weight costs what is too much of it, not the boost. */
static int request_allowed(struct wish *wish, char *why)
{
	uint64_t weight = wish->weight;
	int code = request(wish, why);

	if (code != QUMUN_EXIT_PRIVILEGE || wish->weight_max < QUMUN_BOOST_WEIGHT_MIN ||
	    wish->weight_max >= weight)
		return code;
	wish->weight = wish->weight_max;
	code = request(wish, why);
	if (!code)
		log_warn("run: weight %" PRIu64 " is too much for users; boosted with %" PRIu64,
			 weight, wish->weight);
	return code;
}

/* By its cgroup: the rule is about the directory, and ends with it. */
static void boost_place(const struct run_place *place, uint64_t weight)
{
	struct wish wish = { .target = place->path, .dir_fd = place->dir_fd, .weight = weight };
	char why[CONTROL_WHY_LEN];

	if (request_allowed(&wish, why))
		log_warn("run: not boosted: %s", why);
}

/* By itself: this process becomes the command, and its children inherit the boost. */
static void boost_process(const char *no_place, uint64_t weight)
{
	struct wish wish = { .dir_fd = -1, .weight = weight };
	char target[32], why[CONTROL_WHY_LEN];

	snprintf(target, sizeof(target), "pid:%d/tree", (int)getpid());
	wish.target = target;
	if (request_allowed(&wish, why))
		log_warn("run: not boosted: %s; nor as a process: %s", no_place, why);
	else
		log_warn("run: no cgroup of its own (%s); the process and its children are boosted",
			 no_place);
}

static void boost_myself(const char *command, uint64_t weight)
{
	char place_why[RUN_WHY_LEN], why[CONTROL_WHY_LEN];
	struct run_place place;

	/* Without a daemon a scope or a cgroup would be made for nothing. */
	if (control_probe(why)) {
		log_warn("run: not boosted: %s", why);
		return;
	}
	if (run_place_enter(command, &place, place_why))
		boost_process(place_why, weight);
	else
		boost_place(&place, weight);
	run_place_close(&place);
}

/* Returns only when it fails. */
static int become(char **argv)
{
	char shown[256];
	int err;

	log_before_exec();
	execvp(argv[0], argv);
	err = errno;
	escape_text(shown, sizeof(shown), argv[0]);
	log_error("run: %s: %s", shown, strerror(err));
	return err == ENOENT ? EXIT_NO_COMMAND : EXIT_CANNOT_EXECUTE;
}

int verb_run(int argc, char **argv)
{
	struct run_opts opts = { .weight = QUMUN_BOOST_WEIGHT_DEFAULT };
	int code = take_options(argc, argv, &opts);

	if (code)
		return code;
	if (opts.help)
		return print_help();
	boost_myself(argv[opts.first], opts.weight);
	return become(argv + opts.first);
}
