// SPDX-License-Identifier: GPL-2.0-only
#include "option_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "qumun.h"
#include "util.h"
#include "verb.h"

#define SLICE_US_MAX	100000
#define TIMEOUT_MS_MIN	1000

/*
 * A slice beyond a quarter of the watchdog timeout would let a few tasks on one CPU look like a
 * stall. The ranges alone ensure it; if they no longer do, check_together() has to.
 */
_Static_assert(SLICE_US_MAX <= TIMEOUT_MS_MIN * 1000 / 4,
	       "the longest slice must stay within a quarter of the shortest watchdog timeout");

#define AT(member) .offset = offsetof(struct qumun_opts, member)

const struct option_row option_rows[] = {
	{ ROW_NUMBER, "slice-us", 's', "N", AT(slice_us), 500, SLICE_US_MAX, " us",
	  "; at most a quarter of the watchdog timeout", "longest slice" },
	{ ROW_NUMBER, "slice-us-min", 'S', "N", AT(slice_us_min), 100, SLICE_US_MAX, " us",
	  "; at most --slice-us, and lowered to it by default",
	  "shortest slice, when many tasks wait" },
	{ ROW_NUMBER, "slice-us-lag", 'l', "N", AT(slice_us_lag), 0, 1000000, " us",
	  "", "credit that a waking task may keep" },
	{ ROW_CHOICE, "dsq", 0, "WHICH", AT(dsq), .note = "", .unit = "",
	  .help = "queues: one for all CPUs, or one for each last-level cache",
	  .words = "auto|global|llc" },
	{ ROW_PRIMARY, "primary-domain", 'm', "CPUS", 0, 0, 0, "", "",
	  "CPUs for ordinary tasks, until they are full", NULL },
	{ ROW_FLAG, "no-preempt", 0, NULL, AT(no_preempt), 0, 0, "", "",
	  "a task that wakes up takes nobody's CPU", NULL },
	{ ROW_FLAG, "disable-smt", 0, NULL, AT(disable_smt), 0, 0, "", "",
	  "idle cores are no better than idle siblings of busy ones", NULL },
	{ ROW_FLAG, "disable-llc", 0, NULL, AT(disable_llc), 0, 0, "", "",
	  "CPUs that share a last-level cache are no better than others", NULL },
	{ ROW_FLAG, "disable-numa", 0, NULL, AT(disable_numa), 0, 0, "", "",
	  "nor are those of the same NUMA node", NULL },
	{ ROW_BOOST, "boost", 0, "TARGET[:WEIGHT]", 0,
	  QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, "", "; 1024 = normal",
	  "more CPU for container:NAME, pod:NAMESPACE/NAME, unit:NAME, pid:N or the path of a\n"
	  "          cgroup, whenever it is there; repeatable", NULL },
	{ ROW_BOOST_CGROUP, "boost-cgroup", 0, "PATH[:WEIGHT]", 0,
	  QUMUN_BOOST_WEIGHT_MIN, QUMUN_BOOST_WEIGHT_MAX, "", "; 1024 = normal",
	  "the same for a cgroup, which must exist at the start; repeatable", NULL },
	{ ROW_NUMBER, "user-weight-max", 0, "N", AT(user_weight_max), 0, QUMUN_BOOST_WEIGHT_MAX, "",
	  "; 0 = they may not boost", "largest weight that users may give to what is theirs" },
	{ ROW_NUMBER, "user-rules-max", 0, "N", AT(user_rules_max), 1, 1024, "",
	  "", "how many boosts each user may have" },
	{ ROW_FLAG, "no-cgroup-events", 0, NULL, AT(no_cgroup_events), 0, 0, "", "",
	  "look for new cgroups every second, instead of having the kernel tell", NULL },
	{ ROW_CONFIG, "config", 0, "FILE", 0, 0, 0, "", "",
	  "options and boosts; default " CONFIG_PATH ", if there is one", NULL },
	{ ROW_CHECK_CONFIG, "check-config", 0, NULL, 0, 0, 0, "", "",
	  "say what is wrong in the config file and stop; no file is fine, unless --config\n"
	  "          names it", NULL },
	{ ROW_NUMBER, "stats", 0, "SEC", AT(stats_sec), 0, 86400, " s",
	  "; 0 = off", "print statistics every SEC seconds" },
	{ ROW_NUMBER, "exit-dump-len", 0, "N", AT(exit_dump_len), 0, 16 << 20, " bytes",
	  "; 0 = the kernel's 32768", "size of the kernel's dump after an error" },
	{ ROW_COUNT, "verbose", 'v', NULL, AT(verbose), 0, 0, "", "", "more messages; repeatable",
	  NULL },
	{ ROW_VERSION, "version", 'V', NULL, 0, 0, 0, "", "", "print the version and stop", NULL },
	{ ROW_HELP, "help", 'h', NULL, 0, 0, 0, "", "", "print this text and stop", NULL },
	{ ROW_ENVIRONMENT, "SCX_TIMEOUT_MS", 0, "N", AT(timeout_ms), TIMEOUT_MS_MIN, 30000, " ms",
	  "; the kernel's limit is 30 s", "watchdog: longest wait before the kernel ends us" },
};

const size_t nr_option_rows = ARRAY_SIZE(option_rows);

_Static_assert(ARRAY_SIZE(option_rows) <= OPTION_ROWS_MAX, "raise OPTION_ROWS_MAX");

static void print_range(const struct option_row *row, const struct qumun_opts *defaults)
{
	uint64_t standard = QUMUN_BOOST_WEIGHT_DEFAULT;

	if (row->kind == ROW_PRIMARY) {
		printf("\n          a list as in 0-3,8, or by speed: performance (fastest kind of CPU),\n"
		       "          powersave (slowest), auto (all but the slowest); default all");
		return;
	}
	if (!option_is_boost(row))
		standard = *(const uint64_t *)((const char *)defaults + row->offset);
	printf("\n          %s %" PRIu64 "..%" PRIu64 "%s, default %" PRIu64 "%s%s",
	       option_is_boost(row) ? "WEIGHT" : row->arg, row->min, row->max, row->unit,
	       standard, row->unit, row->note);
}

static void print_row(const struct option_row *row)
{
	static const struct qumun_opts defaults = QUMUN_OPTS_DEFAULT;

	if (row->letter)
		printf("  -%c, ", row->letter);
	else
		printf("  %s", row->kind == ROW_ENVIRONMENT ? "" : "    ");
	printf("%s%s%s%s\n          %s", option_dashes(row), row->name, row->arg ? "=" : "",
	       row->arg ? row->arg : "", row->help);
	if (row->words)
		printf("\n          %s %s, default %.*s", row->arg, row->words,
		       (int)strcspn(row->words, "|"), row->words);
	else if (row->arg && row->kind != ROW_CONFIG)
		print_range(row, &defaults);
	putchar('\n');
}

void options_print_help(void)
{
	bool in_environment = false;

	puts("Usage: scx_qumun [options] [--boost=TARGET[:WEIGHT]]...\n"
	     "       scx_qumun VERB ...\n"
	     "Schedule this machine's tasks until SIGINT or SIGTERM; then the kernel's own\n"
	     "scheduler has them back.\n"
	     "\n"
	     "Verbs; scx_qumun VERB --help tells more:");
	verb_print_help();
	puts("\nOptions:");
	for_each_option(row) {
		if (row->kind == ROW_ENVIRONMENT && !in_environment) {
			puts("\nEnvironment:");
			in_environment = true;
		}
		print_row(row);
	}
	puts("\n"
	     "Exit status:\n"
	     "  0 stopped on request or answered    5 another scheduler is active\n"
	     "  1 ejected by the kernel             6 cgroup2, bpffs or memory in the way\n"
	     "  2 usage                             7 target not found\n"
	     "  3 this kernel cannot run it         8 a table is full\n"
	     "  4 privilege                         9 thrown out by an operator");
}
