// SPDX-License-Identifier: GPL-2.0-only
/*
 * scx_qumun pick: choose from what runs. Full screen on a terminal that can do it, a numbered list
 * elsewhere.
 */
#include <limits.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "exit_codes.h"
#include "log.h"
#include "pick.h"
#include "qumun.h"
#include "util.h"
#include "verb.h"

/* Long enough for a CPU use that means something, short enough not to be waited for. */
#define FIRST_SAMPLE_MS 300

static int print_help(void)
{
	puts("Usage: scx_qumun pick [--plain]\n"
	     "Shows the containers, pods, units and applications that run, with their CPU use,\n"
	     "the busiest first, and boosts what is chosen.\n"
	     "\n"
	     "  Up, Down, PgUp, PgDn, Home, End   move\n"
	     "  letters       show only what contains them; several words: all of them\n"
	     "  Enter         boost, or drop the boost\n"
	     "  Left, Right   halve or double the weight of the boost, or of the next one\n"
	     "  Esc           show everything again; once more: leave\n"
	     "\n"
	     "  (4096)    boosted by a rule about something else, such as its pod\n"
	     "\n"
	     "Without a terminal it prints the list and stops; --plain, or a terminal that cannot\n"
	     "move its cursor: a numbered list and a question. NO_COLOR is respected.");
	return QUMUN_EXIT_OK;
}

struct pick_opts {
	const char	*root;
	bool		plain;
	bool		help;
};

/* --root is for tests: a recorded tree instead of this machine. */
static int take_options(int argc, char **argv, struct pick_opts *opts)
{
	char shown[256];

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
			opts->help = true;
		} else if (!strcmp(argv[i], "--plain")) {
			opts->plain = true;
		} else if (!strncmp(argv[i], "--root=", strlen("--root="))) {
			opts->root = argv[i] + strlen("--root=");
		} else {
			escape_text(shown, sizeof(shown), argv[i]);
			log_error("pick: %s: unexpected (--plain; see scx_qumun pick --help)",
				  shown);
			return QUMUN_EXIT_USAGE;
		}
	}
	return QUMUN_EXIT_OK;
}

/* Two looks, since CPU use is the difference of two. */
static int look_twice(struct pick *pick, char *why)
{
	const struct timespec pause = { .tv_nsec = FIRST_SAMPLE_MS * 1000000L };
	int code = pick_refresh(pick, why);

	if (code)
		return code;
	nanosleep(&pause, NULL);
	code = pick_refresh(pick, why);
	/* It has stayed with the row that was the first one before there was any CPU use. */
	pick_list_move(&pick->list, -LONG_MAX);
	return code;
}

static int pick_with(struct pick *pick, bool plain)
{
	char why[RESOLVE_WHY_LEN];
	bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int code;

	code = resolver_open(&pick->resolver, pick->root, why);
	if (!code)
		code = look_twice(pick, why);
	if (code) {
		log_error("pick: %s", why);
		return code;
	}
#ifdef HAVE_NCURSESW
	if (terminal && !plain && pick_screen_run(pick))
		return QUMUN_EXIT_OK;
#else
	(void)plain;
#endif
	return pick_plain_run(pick, terminal);
}

int verb_pick(int argc, char **argv)
{
	struct pick pick = { .weight = QUMUN_BOOST_WEIGHT_DEFAULT };
	struct pick_opts opts = { .root = "" };
	int code = take_options(argc, argv, &opts);

	if (code)
		return code;
	if (opts.help)
		return print_help();
	/* Widths of characters only; numbers and messages stay as they are. */
	setlocale(LC_CTYPE, "");
	pick.root = opts.root;
	code = pick_with(&pick, opts.plain);
	pick_list_free(&pick.list);
	resolver_close(pick.resolver);
	return code;
}
