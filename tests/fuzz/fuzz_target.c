// SPDX-License-Identifier: GPL-2.0-only
/* units: src/target.c src/util.c */
/* What users write as a target, on the command line and on the daemon's socket. */
#include "exit_codes.h"
#include "fuzz.h"
#include "target.h"
#include "util.h"

static void check_canonical(const struct target *target)
{
	/* A byte more, to see what did not fit. */
	char once[TARGET_TEXT_LEN + 1], twice[TARGET_TEXT_LEN + 1], why[TARGET_WHY_LEN];
	struct target again;

	target_format(target, once, sizeof(once));
	check(strlen(once) < TARGET_TEXT_LEN);
	check(text_is_printable(once));
	check(target_parse(once, &again, why) == QUMUN_EXIT_OK);
	check(again.kind == target->kind && again.pid == target->pid &&
	      again.tree == target->tree);
	check(!strcmp(target_format(&again, twice, sizeof(twice)), once));
	target_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), why[TARGET_WHY_LEN] = "";
	struct target target;
	int code = target_parse(text, &target, why);

	check(code == QUMUN_EXIT_OK || code == QUMUN_EXIT_USAGE);
	if (code) {
		check(*why && text_is_printable(why) && strlen(why) < sizeof(why) - 1);
	} else {
		check_canonical(&target);
		/* No path may be made of these. */
		check(target.kind == TARGET_CGROUP || !target.name || !strchr(target.name, '/'));
	}
	target_free(&target);
	free(text);
	return 0;
}
