// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_qumun resolve TARGET: which cgroups a boost would be for, and why. Changes nothing, asks no
 * daemon, and needs no more privileges than it takes to look.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "exit_codes.h"
#include "log.h"
#include "resolve.h"
#include "target.h"
#include "util.h"
#include "verb.h"

/* Room for what the user wrote, in messages. */
#define SHOWN_LEN	400

struct request {
	const char *text;
	const char *root;
	bool json;
	bool help;
};

enum { OPTION_HELP = 'h', OPTION_JSON = 256, OPTION_ROOT };

/* --root is for tests, and in no help text. */
static const struct option options[] = {
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "root", required_argument, NULL, OPTION_ROOT },
	{ NULL, 0, NULL, 0 },
};

static int bad_usage(const char *text, const char *fault)
{
	char shown[SHOWN_LEN];

	log_error("resolve: %s: %s (see scx_qumun resolve --help)",
		  escape_text(shown, sizeof(shown), text), fault);
	return QUMUN_EXIT_USAGE;
}

static int print_help(void)
{
	puts("Usage: scx_qumun resolve [--json] TARGET\n"
	     "Say which cgroups a target stands for at present, and why. Changes nothing.\n"
	     "\n"
	     "Targets:\n"
	     "  /sys/fs/cgroup/PATH            a cgroup\n"
	     "  container:NAME, container:ID   containerd, Docker, Podman, CRI-O; 4 digits of an\n"
	     "                                 id will do if that is clear\n"
	     "  pod:NAMESPACE/NAME             a pod of Kubernetes with all its containers\n"
	     "  pod:NAMESPACE/NAME/CONTAINER   one of them\n"
	     "  unit:NAME, unit:PATTERN        services, scopes, slices of systemd; *, ?, [...]\n"
	     "  pid:N                          the cgroup that a process is in\n"
	     "  pid:N/tree                     the process and its later children, by themselves\n"
	     "\n"
	     "Options:\n"
	     "      --json    one JSON object on one line\n"
	     "  -h, --help    print this text and stop\n"
	     "\n"
	     "Exit status:\n"
	     "  0 found    2 ambiguous or refused    4 privilege    6 no cgroup2    7 not found");
	return QUMUN_EXIT_OK;
}

/* A value is that of getopt_long(); @token is for messages. */
static int take_option(struct request *request, int value, const char *token)
{
	switch (value) {
	case OPTION_HELP:
		request->help = true;
		return QUMUN_EXIT_OK;
	case OPTION_JSON:
		request->json = true;
		return QUMUN_EXIT_OK;
	case OPTION_ROOT:
		request->root = optarg;
		return QUMUN_EXIT_OK;
	case ':':
		return bad_usage(token, "needs a value");
	default:
		if (!strcmp(token, "--tree"))
			return bad_usage(token, "unknown option, pid:N/tree is accepted");
		return bad_usage(token, "unknown option");
	}
}

static int take_word(struct request *request, const char *word)
{
	if (request->text)
		return bad_usage(word, "unexpected argument, one target is accepted");
	request->text = word;
	return QUMUN_EXIT_OK;
}

/* Options and words in any order; "+" keeps them in it, so that @token is what is judged. */
static int take_arguments(int argc, char **argv, struct request *request)
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
	if (!code && !request->help && !request->text)
		code = bad_usage("TARGET", "missing, as in container:web");
	return code;
}

/* "root (0)"; without a name only the number. */
static const char *owner_name(uid_t owner, char *text, size_t size)
{
	const struct passwd *user = getpwuid(owner);
	char shown[64];

	if (user)
		snprintf(text, size, "%s (%u)", escape_text(shown, sizeof(shown), user->pw_name),
			 owner);
	else
		snprintf(text, size, "%u", owner);
	return text;
}

static void print_text(const struct target *target, const struct matches *matches)
{
	char owner[96], path[PATH_MAX];

	if (target->tree)
		printf("process %d and its later children, by themselves, whatever their cgroup\n",
		       target->pid);
	for (size_t i = 0; i < matches->nr; i++) {
		const struct match *match = &matches->rows[i];

		printf("%s\n"
		       "    %s\n"
		       "    matched by %s; cgroup id %" PRIu64 ", owner %s\n",
		       escape_text(path, sizeof(path), match->path), match->about, match->reason,
		       match->cgroup_id, owner_name(match->owner, owner, sizeof(owner)));
	}
}

/* A path need not be UTF-8, JSON has to be. */
static json_t *match_to_json(const struct match *match)
{
	char path[PATH_MAX];

	return json_pack("{s:s, s:I, s:I, s:s, s:s}",
			 "path", escape_text(path, sizeof(path), match->path),
			 "id", (json_int_t)match->cgroup_id, "owner", (json_int_t)match->owner,
			 "about", match->about, "matched_by", match->reason);
}

static int print_json(const struct target *target, const struct matches *matches)
{
	char text[TARGET_TEXT_LEN];
	json_t *rows = json_array(), *answer;
	int err = 0;

	for (size_t i = 0; !err && i < matches->nr; i++)
		err = json_array_append_new(rows, match_to_json(&matches->rows[i]));
	answer = json_pack("{s:i, s:s, s:b, s:o}", "v", 1, "target",
			   target_format(target, text, sizeof(text)), "tree", target->tree,
			   "matches", rows);
	if (err || !answer) {
		json_decref(answer);
		log_error("resolve: %s", strerror(ENOMEM));
		return QUMUN_EXIT_ENVIRONMENT;
	}
	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(answer);
	return QUMUN_EXIT_OK;
}

static int report(const struct request *request, const struct target *target,
		  const struct matches *matches)
{
	if (request->json)
		return print_json(target, matches);
	print_text(target, matches);
	return QUMUN_EXIT_OK;
}

/* Both in one: a reason may be longer than the other buffer. */
_Static_assert(RESOLVE_WHY_LEN >= TARGET_WHY_LEN, "one buffer for both reasons");

static int resolve(const struct request *request, struct target *target, char *why)
{
	struct resolver *resolver = NULL;
	struct matches matches = { 0 };
	int code = target_parse(request->text, target, why);

	if (!code)
		code = resolver_open(&resolver, request->root, why);
	if (!code)
		code = resolve_target(resolver, target, &matches, why);
	if (!code)
		code = report(request, target, &matches);
	matches_free(&matches);
	resolver_close(resolver);
	return code;
}

int verb_resolve(int argc, char **argv)
{
	struct request request = { .root = "" };
	char why[RESOLVE_WHY_LEN] = "", shown[SHOWN_LEN];
	struct target target = { 0 };
	int code = take_arguments(argc, argv, &request);

	if (code)
		return code;
	if (request.help)
		return print_help();
	code = resolve(&request, &target, why);
	if (*why)
		log_error("%s: %s", escape_text(shown, sizeof(shown), request.text), why);
	target_free(&target);
	return code;
}
