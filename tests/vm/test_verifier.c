// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the verifier has to look at to accept our programs: so many instructions that a program
 * that grows without notice would one day be refused by some kernel.
 *
 * verified_insns.tsv has the counts: kernel, variant, program, instructions. Whoever changes a
 * program on purpose runs scripts/verified-insns.sh, which takes the counts from the notes below.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"
#include "vmtest.h"

#define TABLE		"/verified_insns.tsv"
#define MAX_ROWS	64

/* More than the recorded count and a fifth is a failure. */
#define MAY_GROW_PERCENT 20

struct row {
	char program[32];
	unsigned long insns;
};

static struct daemon daemon1;
static struct row loaded[MAX_ROWS], recorded[MAX_ROWS];
static int nr_loaded, nr_recorded;

static void add_loaded(const char *name, unsigned int insns)
{
	CHECK(nr_loaded < MAX_ROWS, "more than %d programs", MAX_ROWS);
	snprintf(loaded[nr_loaded].program, sizeof(loaded[0].program), "%s", name);
	loaded[nr_loaded++].insns = insns;
}

/* The rows of this kernel and @variant. */
static void read_table(const char *variant)
{
	char kernel[16], wanted[16], kind[16];
	FILE *table = fopen(TABLE, "re");
	char line[128];

	CHECK(table, "no " TABLE);
	snprintf(wanted, sizeof(wanted), "%d.%d", kernel_version() / 1000, kernel_version() % 1000);
	nr_recorded = 0;
	while (fgets(line, sizeof(line), table) && nr_recorded < MAX_ROWS) {
		struct row *row = &recorded[nr_recorded];

		if (sscanf(line, "%15s %15s %31s %lu", kernel, kind, row->program, &row->insns) == 4)
			nr_recorded += !strcmp(kernel, wanted) && !strcmp(kind, variant);
	}
	fclose(table);
}

static bool has_grown(unsigned long insns, unsigned long before)
{
	return 100 * insns > (100 + MAY_GROW_PERCENT) * before;
}

static const struct row *find_recorded(const char *program)
{
	for (int i = 0; i < nr_recorded; i++)
		if (!strcmp(recorded[i].program, program))
			return &recorded[i];
	return NULL;
}

/* What is wrong, of all variants: their notes are to come out at once, whatever it is. */
static char trouble[1024];

__attribute__((format(printf, 1, 2)))
static void add_trouble(const char *fmt, ...)
{
	size_t len = strlen(trouble);
	va_list args;

	va_start(args, fmt);
	vsnprintf(trouble + len, sizeof(trouble) - len, fmt, args);
	va_end(args);
}

/* False when nothing is recorded. */
static bool check_variant(const char *variant, const char *const *args)
{
	int version = kernel_version();

	daemon_start(&daemon1, args);
	nr_loaded = 0;
	qumun_each_program(add_loaded);
	daemon_stop(&daemon1);
	CHECK(nr_loaded > 5, "%d programs only", nr_loaded);
	read_table(variant);
	for (int i = 0; i < nr_loaded; i++) {
		const struct row *now = &loaded[i], *before = find_recorded(now->program);

		note("verified_insns\t%d.%d\t%s\t%s\t%lu", version / 1000, version % 1000, variant,
		     now->program, now->insns);
		CHECK(now->insns && has_grown(now->insns, now->insns / 2),
		      "%s: the count is %lu: this proves nothing", now->program, now->insns);
		if (nr_recorded && (!before || has_grown(now->insns, before->insns)))
			add_trouble(" %s %.20s %lu (%lu)", variant, now->program, now->insns,
				    before ? before->insns : 0);
	}
	if (nr_recorded && nr_loaded < nr_recorded)
		add_trouble(" %s: %d programs, %d are recorded", variant, nr_loaded, nr_recorded);
	return nr_recorded;
}

static void check_recorded(bool is_recorded)
{
	CHECK(!trouble[0], "grown by more than %d %% (before), or new:%s; scripts/verified-insns.sh records it",
	      MAY_GROW_PERCENT, trouble);
	if (!is_recorded)
		skip("not recorded for this kernel; scripts/verified-insns.sh does that");
}

VM_TEST(verified_insns, .about = "the verifier's work is within a fifth of what is recorded")
{
	bool is_recorded = check_variant("plain", NO_ARGS);

	/* With lists of CPUs; a machine of one CPU has none. */
	if (nr_cpus() > 1)
		is_recorded &= check_variant("tiers", ARGS("--primary-domain=0"));
	check_recorded(is_recorded);
}

/* What the verifier does not see on a simpler machine: cores of two CPUs, queues of others. */
VM_TEST(verified_insns_llcs, .about = "the same with SMT and two last-level caches", .group = "llcs")
{
	bool is_recorded = check_variant("llcs", NO_ARGS);

	is_recorded &= check_variant("llcs-tiers", ARGS("--primary-domain=0"));
	check_recorded(is_recorded);
}
