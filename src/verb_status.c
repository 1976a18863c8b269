// SPDX-License-Identifier: GPL-2.0-only
/* scx_qumun status: who schedules this machine. For people, and by its exit status for scripts. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "control.h"
#include "exit_codes.h"
#include "instance.h"
#include "log.h"
#include "qumun.h"
#include "sched_ext.h"
#include "util.h"
#include "verb.h"

static int print_help(void)
{
	puts("Usage: scx_qumun status\n"
	     "Say which scheduler has this machine, and how many boosts there are. Anybody may ask.\n"
	     "\n"
	     "  -h, --help  print this text and stop\n"
	     "\n"
	     "Exit status:\n"
	     "  0 scx_qumun schedules                5 another sched_ext scheduler does\n"
	     "  2 usage                              7 the kernel's own does\n"
	     "  3 the same, and it has no sched_ext");
	return QUMUN_EXIT_OK;
}

/* " (process 4711)"; nothing where that is not known. */
static const char *process_text(char *text, size_t size)
{
	pid_t pid = instance_pid();

	*text = '\0';
	if (pid)
		snprintf(text, size, " (process %d)", (int)pid);
	return text;
}

static void print_boosts(void)
{
	json_t *order = json_pack("{s:s}", "do", "list"), *answer = NULL;
	char why[CONTROL_WHY_LEN];
	int code = control_request(order, -1, &answer, why);
	size_t nr = json_array_size(json_object_get(answer, "rules"));

	if (code)
		printf("boosts: unknown: %s\n", why);
	else
		printf("boosts: %zu%s\n", nr,
		       json_is_false(json_object_get(answer, "all")) ? " of yours" : "");
	json_decref(answer);
	json_decref(order);
}

static int print_ours(void)
{
	char process[32];

	printf("scx_qumun schedules this machine%s\n", process_text(process, sizeof(process)));
	print_boosts();
	return QUMUN_EXIT_OK;
}

static int print_kernels(void)
{
	char why[CONTROL_WHY_LEN], process[32];

	puts("the kernel's own scheduler has this machine");
	if (control_probe(why))
		puts("scx_qumun does not run (sudo scx_qumun starts it)");
	else
		printf("scx_qumun runs%s and does not schedule yet, or no longer\n",
		       process_text(process, sizeof(process)));
	return QUMUN_EXIT_NOT_FOUND;
}

static int print_status(void)
{
	char name[128];

	if (!sched_ext_exists()) {
		puts("the kernel's own scheduler has this machine: there is no sched_ext here\n"
		     "(it needs Linux 6.12 or newer with CONFIG_SCHED_CLASS_EXT=y)");
		return QUMUN_EXIT_KERNEL;
	}
	if (!sched_ext_enabled())
		return print_kernels();
	sched_ext_ops_name(name);
	if (!strcmp(name, QUMUN_OPS_NAME))
		return print_ours();
	printf("another sched_ext scheduler has this machine: %s\n",
	       name[0] ? name : "(it gives no name)");
	return QUMUN_EXIT_BUSY;
}

int verb_status(int argc, char **argv)
{
	char shown[256];

	if (argc == 1)
		return print_status();
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help();
	log_error("status: %s: unexpected argument (none is accepted; see scx_qumun status --help)",
		  escape_text(shown, sizeof(shown), argv[1]));
	return QUMUN_EXIT_USAGE;
}
