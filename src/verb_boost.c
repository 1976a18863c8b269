// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_qumun boost add|del|list: change the boosts of a running scheduler.
 *
 * For root the daemon finds the target, again and again. Anybody else finds it here, with their own
 * eyes, and shows the daemon the directory.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control.h"
#include "control_order.h"
#include "exit_codes.h"
#include "log.h"
#include "qumun.h"
#include "resolve.h"
#include "target.h"
#include "util.h"
#include "verb.h"

/* Room for what the user wrote, in messages. */
#define SHOWN_LEN 400

/**
 * struct request - the command line
 * @action: "add", "del" or "list"
 * @weight: 0 for "not given"
 * @for_sec: 0 for "without an end"
 */
struct request {
	const char *action;
	const char *target;
	uint64_t weight;
	uint64_t for_sec;
	bool tree;
	bool json;
	bool help;
};

enum { OPTION_HELP = 'h', OPTION_WEIGHT = 256, OPTION_FOR, OPTION_TREE, OPTION_JSON };

static const struct option options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "weight", required_argument, NULL, OPTION_WEIGHT },
	{ "for", required_argument, NULL, OPTION_FOR },
	{ "tree", no_argument, NULL, OPTION_TREE },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ NULL, 0, NULL, 0 },
};

static int bad_usage(const char *text, const char *fault)
{
	char shown[SHOWN_LEN];

	log_error("boost: %s: %s (see scx_qumun boost --help)",
		  escape_text(shown, sizeof(shown), text), fault);
	return QUMUN_EXIT_USAGE;
}

static int print_help(void)
{
	printf("Usage: scx_qumun boost add TARGET [--weight=N] [--for=TIME] [--tree]\n"
	       "       scx_qumun boost del TARGET [--tree]\n"
	       "       scx_qumun boost list [--json]\n"
	       "Change the boosts of the scx_qumun that runs.\n"
	       "\n"
	       "Targets: as for scx_qumun resolve; see scx_qumun resolve --help.\n"
	       "\n"
	       "  sudo scx_qumun boost add container:web\n"
	       "  scx_qumun boost add pid:4711 --tree --weight=2048 --for=10m\n"
	       "  scx_qumun boost del pid:4711 --tree\n"
	       "\n"
	       "Root's boost of a name holds for whatever has that name, also after a restart.\n"
	       "Other users may boost cgroups and processes of their own, up to the weight and\n"
	       "the number that the daemon allows; such a boost ends with the cgroup. They see\n"
	       "and remove their own boosts only; root sees and removes all.\n"
	       "\n"
	       "Options:\n"
	       "      --weight=N    %d..%d, default %d, 1024 = normal\n"
	       "      --for=TIME    as long as that: 90s, 10m, 2h; without an end if not given\n"
	       "      --tree        of pid:N: the process and its later children, by themselves,\n"
	       "                    not its cgroup; the same as pid:N/tree\n"
	       "      --json        one JSON object on one line\n"
	       "  -h, --help        print this text and stop\n"
	       "\n"
	       "Exit status: 0 done, also if it was so before; 2 usage; 4 not allowed;\n"
	       "6 no answer; 7 not running, or no such target; 8 no room\n",
	       QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, QUMUN_BOOST_WEIGHT_DEFAULT);
	return QUMUN_EXIT_OK;
}

static int take_weight(struct request *request, const char *value)
{
	int err = parse_u64(value, QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX,
			    &request->weight);
	char shown[SHOWN_LEN];

	if (!err)
		return QUMUN_EXIT_OK;
	log_error("boost: --weight: '%s' is %s (%d..%d; 1024 = normal)",
		  escape_text(shown, sizeof(shown), value),
		  err == -ERANGE ? "out of range" : "not a number",
		  QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX);
	return QUMUN_EXIT_USAGE;
}

/* "90s", "10m", "2h"; a unit has to be there. */
static int take_time(struct request *request, const char *value)
{
	static const char units[] = "smh";
	static const uint64_t seconds[] = { 1, 60, 3600 };
	size_t len = strlen(value);
	const char *unit = len ? strchr(units, value[len - 1]) : NULL;
	char number[24], shown[SHOWN_LEN];

	if (unit && len - 1 < sizeof(number)) {
		uint64_t factor = seconds[unit - units], count;

		memcpy(number, value, len - 1);
		number[len - 1] = '\0';
		if (!parse_u64(number, 1, ORDER_FOR_SEC_MAX / factor, &count)) {
			request->for_sec = count * factor;
			return QUMUN_EXIT_OK;
		}
	}
	log_error("boost: --for: '%s' is no time (as in 90s, 10m, 2h; 1s..%dh)",
		  escape_text(shown, sizeof(shown), value), ORDER_FOR_SEC_MAX / 3600);
	return QUMUN_EXIT_USAGE;
}

/* A value is that of getopt_long(); @token is for messages. */
static int take_option(struct request *request, int value, const char *token)
{
	switch (value) {
	case OPTION_HELP:
		request->help = true;
		return QUMUN_EXIT_OK;
	case OPTION_WEIGHT:
		return take_weight(request, optarg);
	case OPTION_FOR:
		return take_time(request, optarg);
	case OPTION_TREE:
		request->tree = true;
		return QUMUN_EXIT_OK;
	case OPTION_JSON:
		request->json = true;
		return QUMUN_EXIT_OK;
	case ':':
		return bad_usage(token, "needs a value");
	default:
		return bad_usage(token, "unknown option, or a value that it does not take");
	}
}

static int take_word(struct request *request, const char *word)
{
	if (!request->action)
		request->action = word;
	else if (!request->target)
		request->target = word;
	else
		return bad_usage(word, "unexpected argument, one target is accepted");
	return QUMUN_EXIT_OK;
}

/* Options and words in any order. */
static int take_arguments_in_turn(int argc, char **argv, struct request *request)
{
	int code = QUMUN_EXIT_OK;

	opterr = 0;
	optind = 0;
	while (!code && !request->help) {
		const char *token = argv[optind ? optind : 1];
		int index = -1, value = getopt_long(argc, argv, "+:h", options, &index);

		/* As with the options of the scheduler: no abbreviations. */
		if (index >= 0 && strcspn(token + 2, "=") != strlen(options[index].name))
			value = '?';
		if (value != -1)
			code = take_option(request, value, token);
		else if (optind < argc)
			code = take_word(request, argv[optind++]);
		else
			break;
	}
	return code;
}

static int check_together(const struct request *request)
{
	bool add = !strcmp(request->action, "add"), list = !strcmp(request->action, "list");

	if (!add && strcmp(request->action, "del") && !list)
		return bad_usage(request->action, "unknown action, add, del or list is accepted");
	if (list && request->target)
		return bad_usage(request->target, "unexpected argument");
	if (!list && !request->target)
		return bad_usage("TARGET", "missing, as in container:web");
	if (!add && (request->weight || request->for_sec))
		return bad_usage(request->weight ? "--weight" : "--for", "only for add");
	if (list && request->tree)
		return bad_usage("--tree", "only for add and del");
	if (!list && request->json)
		return bad_usage("--json", "only for list");
	return QUMUN_EXIT_OK;
}

static int take_arguments(int argc, char **argv, struct request *request)
{
	int code = take_arguments_in_turn(argc, argv, request);

	if (code || request->help)
		return code;
	if (!request->action)
		return bad_usage("add, del or list", "missing");
	return check_together(request);
}

/* --- requests --- */

static int fail(const char *what, int code, const char *why)
{
	char shown[SHOWN_LEN];

	log_error("boost: %s%s%s", what ? escape_text(shown, sizeof(shown), what) : "",
		  what ? ": " : "", why);
	return code;
}

static json_t *make_request(const struct request *request, const char *target)
{
	json_t *object = json_pack("{s:s}", "do", request->action);

	if (target)
		json_object_set_new(object, "target", json_string(target));
	if (request->weight)
		json_object_set_new(object, "weight", json_integer((json_int_t)request->weight));
	if (request->for_sec)
		json_object_set_new(object, "for_sec", json_integer((json_int_t)request->for_sec));
	return object;
}

/* Ask, and print what is wrong; what is right is worth a line, too. */
static int ask(const struct request *request, const char *target, int dir_fd)
{
	json_t *object = make_request(request, target), *answer;
	char why[CONTROL_WHY_LEN];
	int code = control_request(object, dir_fd, &answer, why);

	json_decref(object);
	json_decref(answer);
	if (code)
		return fail(target, code, why);
	puts(why);
	return QUMUN_EXIT_OK;
}

static int ask_for_match(const struct request *request, const char *target,
			 const struct resolver *resolver, const struct match *match)
{
	int fd = match_open(resolver, match), code;

	if (fd < 0)
		return fail(target, QUMUN_EXIT_NOT_FOUND, strerror(-fd));
	code = ask(request, target, fd);
	close(fd);
	return code;
}

/* As a normal user: find the cgroups, and show them to the daemon one by one. */
static int add_as_user(const struct request *request, const struct target *target,
		       const char *text)
{
	struct resolver *resolver = NULL;
	struct matches matches = { 0 };
	char why[RESOLVE_WHY_LEN];
	int code;

	/* What is wrong with the target is of no use as long as nobody could boost it. */
	code = control_probe(why);
	if (code)
		return fail(text, code, why);
	code = resolver_open(&resolver, "", why);
	if (!code)
		code = resolve_target(resolver, target, &matches, why);
	if (code)
		fail(text, code, why);
	for (size_t i = 0; !code && i < matches.nr; i++)
		code = ask_for_match(request, text, resolver, &matches.rows[i]);
	matches_free(&matches);
	resolver_close(resolver);
	return code;
}

static int change(const struct request *request)
{
	char text[TARGET_TEXT_LEN], why[TARGET_WHY_LEN];
	struct target target;
	int code = target_parse(request->target, &target, why);

	if (code)
		fail(request->target, code, why);
	else if (request->tree && target.kind != TARGET_PID)
		code = bad_usage("--tree", "only for pid:N");
	if (code) {
		target_free(&target);
		return code;
	}
	target.tree |= request->tree;
	target_format(&target, text, sizeof(text));
	if (geteuid() && !target.tree && !strcmp(request->action, "add"))
		code = add_as_user(request, &target, text);
	else
		code = ask(request, text, -1);
	target_free(&target);
	return code;
}

/* --- list --- */

/* "5s", "12m", "3h": the largest unit that leaves two digits. */
static const char *format_time(char *text, size_t size, json_int_t seconds)
{
	if (seconds < 120)
		snprintf(text, size, "%llds", (long long)seconds);
	else if (seconds < 7200)
		snprintf(text, size, "%lldm", (long long)seconds / 60);
	else
		snprintf(text, size, "%lldh", (long long)seconds / 3600);
	return text;
}

static void print_cgroup(const json_t *cgroup)
{
	const char *path = "", *about = "";
	json_int_t id = 0;
	int counts = 1;

	json_unpack((json_t *)cgroup, "{s:s, s:s, s:I, s:b}", "path", &path, "about", &about,
		    "id", &id, "counts", &counts);
	printf("    %s, id %lld%s%s%s\n", path, (long long)id, *about ? ", " : "", about,
	       counts ? "" : " (another boost of it counts)");
}

static void print_rule(const json_t *rule)
{
	const char *target = "", *origin = "";
	const json_t *left, *waits, *cgroups;
	int weight = 0, uid = 0;
	char text[32], user[32];

	json_unpack((json_t *)rule, "{s:s, s:i, s:s, s:i}", "target", &target, "weight", &weight,
		    "origin", &origin, "uid", &uid);
	left = json_object_get(rule, "left_sec");
	waits = json_object_get(rule, "waits");
	cgroups = json_object_get(rule, "cgroups");
	if (uid)
		snprintf(user, sizeof(user), "user %u", (unsigned int)uid);
	else
		strcpy(user, "root");
	printf("%s  weight %d  %s  %s%s%s\n", target, weight, origin, user,
	       json_is_integer(left) ? "  left " : "",
	       json_is_integer(left) ? format_time(text, sizeof(text), json_integer_value(left)) :
				       "");
	for (size_t i = 0; i < json_array_size(cgroups); i++)
		print_cgroup(json_array_get(cgroups, i));
	if (json_is_string(waits))
		printf("    waits: %.*s\n", (int)strcspn(json_string_value(waits), "\n"),
		       json_string_value(waits));
}

static void print_rules(const json_t *rules)
{
	for (size_t i = 0; i < json_array_size(rules); i++)
		print_rule(json_array_get(rules, i));
}

static int list(const struct request *request)
{
	json_t *object = make_request(request, NULL), *answer;
	char why[CONTROL_WHY_LEN];
	int code = control_request(object, -1, &answer, why);

	json_decref(object);
	if (code) {
		fail(NULL, code, why);
	} else if (request->json) {
		json_dumpf(answer, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (json_array_size(json_object_get(answer, "rules"))) {
		print_rules(json_object_get(answer, "rules"));
	} else if (json_is_false(json_object_get(answer, "all"))) {
		puts("no boost of yours (root sees all: sudo scx_qumun boost list)");
	} else {
		puts("nothing is boosted");
	}
	json_decref(answer);
	return code;
}

int verb_boost(int argc, char **argv)
{
	struct request request = { 0 };
	int code = take_arguments(argc, argv, &request);

	if (code)
		return code;
	if (request.help)
		return print_help();
	return strcmp(request.action, "list") ? change(&request) : list(&request);
}
