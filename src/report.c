// SPDX-License-Identifier: GPL-2.0-only
#include "report.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "boost_say.h"
#include "exit_codes.h"
#include "loader_pin.h"
#include "log.h"
#include "util.h"

/* enum scx_exit_kind, include/linux/sched/ext.h and kernel/sched/ext.c. */
enum {
	KIND_UNREG	= 64,
	KIND_SYSRQ	= 67,
	KIND_ERROR	= 1024,
};

static const char *const feature_names[QUMUN_NR_FEATURES] = {
#define X(name, label) [QUMUN_FEATURE_##name] = label,
	QUMUN_FEATURES(X)
#undef X
};

static void report_features(uint32_t features)
{
	char text[256] = "";

	for (int i = 0; i < QUMUN_NR_FEATURES; i++) {
		if (!(features & (1U << i)))
			continue;
		strcat(text, " ");
		strcat(text, feature_names[i]);
	}
	log_info("kernel features:%s", text[0] ? text : " none of the optional ones");
}

static void report_boosts(const struct boosts *boosts)
{
	for (size_t i = 0; i < boosts->rules.nr; i++)
		rule_say(&boosts->rules.rows[i]);
	log_info("boost map: %s", PIN_PATH);
}

/* A scheduler on a guessed topology works, and people must know. */
static void report_guesses(const struct topology *topo)
{
	for (size_t i = 0; i < ARRAY_SIZE(topo->notes); i++) {
		if (topo->notes[i][0])
			log_warn("topology: %s", topo->notes[i]);
	}
}

static void report_queues(const struct domains *domains)
{
	if (domains->nr_llcs > 1)
		log_info("queues: %u, one for each last-level cache", domains->nr_llcs);
	else
		log_info("queues: one for all CPUs");
}

static void report_primary(const struct topology *topo, const struct placement_wishes *wishes,
			   const struct placement *pl)
{
	struct cpu_mask missing;
	char list[256];

	if (placement_missing(topo, wishes, &missing))
		log_warn("primary domain: offline by now: %s",
			 cpu_mask_format(list, sizeof(list), &missing));
	if (pl->restricted)
		log_info("primary domain: CPUs %s; the others when those are full, and for boosted "
			 "tasks", cpu_mask_format(list, sizeof(list), &pl->primary));
	else if (wishes->primary != PRIMARY_ALL)
		log_info("primary domain: all CPUs%s", wishes->primary == PRIMARY_LIST ? "" :
			 ", which are equally fast");
}

static void report_placement(const struct qumun_opts *opts, const struct topology *topo,
			     const struct placement_wishes *wishes, const struct placement *pl)
{
	char text[256];

	placement_describe(topo, wishes, pl, text, sizeof(text));
	/* The usual machine needs no word. */
	if (pl->own)
		log_info("idle CPUs: %s", text);
	else
		log_debug("idle CPUs: %s", text);
	report_primary(topo, wishes, pl);
	if (topo->nr_kinds > 1)
		log_info("fast CPUs: %s, first for boosted tasks%s",
			 cpu_mask_format(text, sizeof(text), &pl->fastest),
			 pl->restricted ? "" : " and for those that run briefly");
	if (opts->no_preempt)
		log_info("wakeup preemption: off");
}

void report_start(const struct qumun_opts *opts, const struct placement_wishes *wishes,
		  const struct loader_params *params, const struct boosts *boosts,
		  const struct loader *loader)
{
	struct utsname kernel;
	char machine[256];

	uname(&kernel);
	log_info("running on Linux %s: %s", kernel.release,
		 topology_describe(params->topo, machine, sizeof(machine)));
	report_guesses(params->topo);
	report_queues(params->domains);
	log_info("slice %.4g to %.4g ms, lag %.4g ms, watchdog %.4g s", opts->slice_us_min / 1e3,
		 opts->slice_us / 1e3, opts->slice_us_lag / 1e3, opts->timeout_ms / 1e3);
	report_placement(opts, params->topo, wishes, params->placement);
	report_features(loader_features(loader));
	/* Who reads a journal has no key for it. */
	if (isatty(STDERR_FILENO))
		log_info("Ctrl-C gives the machine back to the kernel's scheduler");
	report_boosts(boosts);
}

void report_stop(void)
{
	log_info("stopped; the kernel's own scheduler has the machine again");
}

/* Names of tasks are in it, which anybody can choose: escape it, line by line. */
static void report_dump(const char *dump)
{
	char line[256], shown[2 * sizeof(line)];

	log_error("debug dump of the kernel:");
	while (*dump) {
		size_t len = strcspn(dump, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, dump);
		log_error("%s", escape_text(shown, sizeof(shown), line));
		dump += len + (dump[len] == '\n');
	}
}

int report_exit(const struct loader *loader)
{
	const struct qumun_exit_info *info = loader_exit_info(loader);
	char reason[2 * QUMUN_REASON_LEN], msg[2 * QUMUN_MSG_LEN];
	const char *dump = loader_exit_dump(loader);

	escape_text(reason, sizeof(reason), info->reason);
	escape_text(msg, sizeof(msg), info->msg);
	log_error("ended by the kernel: %s%s%s%s (kind %d, code %#llx)", reason,
		  msg[0] ? " (" : "", msg, msg[0] ? ")" : "", info->kind,
		  (unsigned long long)info->code);
	if (info->kind >= KIND_ERROR && dump[0])
		report_dump(dump);
	return info->kind == KIND_SYSRQ || info->kind == KIND_UNREG ? QUMUN_EXIT_OPERATOR :
								       QUMUN_EXIT_EJECTED;
}
