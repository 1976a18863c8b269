// SPDX-License-Identifier: GPL-2.0-only
#include "verb.h"

#include <stdio.h>
#include <string.h>

#include "exit_codes.h"
#include "log.h"
#include "option_table.h"
#include "util.h"

static int verb_help(int argc, char **argv);

static const struct verb verbs[] = {
	{ "run", "[--weight=W] [--] CMD...", "start CMD boosted; CMD always starts", verb_run },
	{ "pick", "[--plain]", "choose what to boost from a list of what runs", verb_pick },
	{ "boost", "add TARGET | del TARGET | list", "change the boosts of the scx_qumun that runs",
	  verb_boost },
	{ "resolve", "[--json] TARGET", "say which cgroups a target stands for, change nothing",
	  verb_resolve },
	{ "status", "", "say which scheduler has this machine", verb_status },
	{ "help", "[VERB]", "print this text, or that of a verb", verb_help },
};

const struct verb *verb_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	}
	return NULL;
}

void verb_print_help(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %s%s%s\n          %s\n", verbs[i].name, *verbs[i].usage ? " " : "",
		       verbs[i].usage, verbs[i].help);
}

const char *verb_names(char *text, size_t size)
{
	size_t len = 0;

	*text = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(verbs) && len < size; i++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", i ? ", " : "",
					verbs[i].name);
	return text;
}

static int verb_help(int argc, char **argv)
{
	const struct verb *verb = argc == 2 ? verb_find(argv[1]) : NULL;
	char *args[] = { argv[argc - 1], (char *)"--help", NULL };
	char shown[256], names[128];

	if (argc == 1 || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
	    (verb && verb->run == verb_help)) {
		options_print_help();
		return QUMUN_EXIT_OK;
	}
	if (verb)
		return verb->run(2, args);
	log_error("help: %s: unexpected argument (a verb: %s)",
		  escape_text(shown, sizeof(shown), argv[argc - 1]),
		  verb_names(names, sizeof(names)));
	return QUMUN_EXIT_USAGE;
}
