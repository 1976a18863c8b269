// SPDX-License-Identifier: GPL-2.0-only
#include "verb.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

static const struct verb verbs[] = {
	{ "run", "[--weight=W] [--] CMD...", "start CMD boosted; CMD always starts", verb_run },
	{ "pick", "[--plain]", "choose what to boost from a list of what runs", verb_pick },
	{ "boost", "add TARGET | del TARGET | list", "change the boosts of the scx_qumun that runs",
	  verb_boost },
	{ "resolve", "[--json] TARGET", "say which cgroups a target stands for, change nothing",
	  verb_resolve },
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
		printf("  %s %s\n          %s\n", verbs[i].name, verbs[i].usage, verbs[i].help);
}
