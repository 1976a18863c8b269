// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options, chance, and a process of its own for each run: the BPF programs keep
 * their state in variables, and start with fresh ones that way.
 */
#include "cases.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Real time; a run takes less than a second, the largest one ten with sanitizers. */
#define RUN_TIMEOUT_S	120

static struct {
	const char *only;
	u64 first;
	u64 seeds;
	bool one;
	bool verbose;
	enum mutation mutation;
	u32 factor_percent;
} options = { .first = 1, .factor_percent = 100 };

static const char *const mutation_names[MUT_NR] = {
	[MUT_NONE] = "none",
	[MUT_PREV_IGNORED] = "prev-ignored",
	[MUT_VTIME_NO_WRAP] = "vtime-no-wrap",
	[MUT_KICKS_LOST] = "kicks-lost",
	[MUT_NO_RESCUE] = "no-rescue",
	[MUT_LONG_LAG] = "long-lag",
	[MUT_SLEEP_FORGIVES] = "sleep-forgives",
	[MUT_FORK_UNSEEN] = "fork-unseen",
	[MUT_CHARGE_LOST] = "charge-lost",
	[MUT_CLOCK_SKEWED] = "clock-skewed",
	[MUT_FAR_IGNORED] = "far-ignored",
	[MUT_BOOST_UNSEEN] = "boost-unseen",
	[MUT_TIERS_CUT] = "tiers-cut",
	[MUT_TIERS_FLAT] = "tiers-flat",
	[MUT_TIERS_MOVED] = "tiers-moved",
	[MUT_LAST_KEPT] = "last-kept",
	[MUT_LOCAL_KEPT] = "local-kept",
};

bool tracing;

/* --- chance: splitmix64 --- */

static u64 rnd_state;

u64 rnd(void)
{
	u64 z = rnd_state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

u64 rnd_in(u64 lo, u64 hi)
{
	return hi > lo ? lo + rnd() % (hi - lo + 1) : lo;
}

u64 rnd_log(u64 lo, u64 hi)
{
	u64 top = lo ? lo : 1;

	if (hi <= lo)
		return lo;
	/* So many doublings fit; one of them, and a place in it. */
	for (u64 steps = rnd_in(0, 63 - __builtin_clzll(hi / top)); steps; steps--)
		top *= 2;
	return rnd_in(top, 2 * top < hi ? 2 * top : hi);
}

bool rnd_percent(u32 percent)
{
	return rnd() % 100 < percent;
}

/* --- one run --- */

void fail(const char *fmt, ...)
{
	va_list args;

	printf("# at %.6f s: ", (sim_now() - NSEC_PER_SEC) / 1e9);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void note(const char *fmt, ...)
{
	va_list args;

	if (!options.verbose)
		return;
	printf("# ");
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	printf("\n");
}

/* True if it passes. What a control prints when it fails, as it must, is not shown. */
static bool run(const struct sim_case *c, u64 seed, enum mutation mut, bool quiet)
{
	int status = 0;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		perror("fork");
		exit(EXIT_FAILURE);
	}
	if (!pid) {
		if (quiet && !freopen("/dev/null", "w", stdout))
			_exit(2);
		alarm(RUN_TIMEOUT_S);
		rnd_state = seed * 1000003;
		mutation = mut;
		c->run();
		fflush(stdout);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status) && !quiet)
		printf("# ended by signal %d\n", WTERMSIG(status));
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

static u64 nr_seeds(const struct sim_case *c)
{
	u64 n = options.seeds ? options.seeds : (u64)c->seeds * options.factor_percent / 100;

	return n ? n : 1;
}

/* All its seeds; with --seeds, the first failure does not end it. */
static bool run_seeds(const struct sim_case *c, bool quiet)
{
	u64 last = options.one ? options.first : options.first + nr_seeds(c) - 1;
	u32 failed = 0;

	for (u64 seed = options.first; seed <= last; seed++) {
		if (run(c, seed, options.mutation, quiet))
			continue;
		if (!quiet)
			printf("#   build/sim/sim --seed=%llu --case=%s\n", seed, c->name);
		if (++failed >= (options.seeds ? 1000 : 3))
			break;
	}
	if (failed && options.seeds)
		printf("# %s: %u of %llu seeds failed\n", c->name, failed,
		       last - options.first + 1);
	return !failed;
}

/* Does the property notice the fault that it is there for? */
static bool run_control(const struct sim_case *c)
{
	for (u64 seed = 1; seed <= c->control_seeds; seed++)
		if (!run(c, seed, c->control, true))
			return true;
	return false;
}

static bool wanted(const struct sim_case *c)
{
	return !options.only || !strcmp(options.only, c->name);
}

static bool wants_control(const struct sim_case *c)
{
	return wanted(c) && c->control && !options.one && !options.seeds;
}

/* One result of TAP; true if it is a failure. */
static bool report_case(const struct sim_case *c, int nr)
{
	bool known = c->known && !options.one && !options.seeds;
	bool ok = run_seeds(c, known);

	/* Of a part of the seeds, all may pass. */
	if (known && ok && options.factor_percent >= 100) {
		printf("not ok %d - %s: passes; is \"%s\" mended?\n", nr, c->name, c->known);
		return true;
	}
	if (known) {
		printf("ok %d - %s # SKIP known: %s\n", nr, c->name, c->known);
		return false;
	}
	printf("%sok %d - %s: %s\n", ok ? "" : "not ", nr, c->name, c->about);
	return !ok;
}

static int run_all(void)
{
	const struct sim_case *c;
	int nr = 0, failed = 0;
	bool ok;

	for (c = sim_cases; c->name; c++)
		nr += wanted(c) + wants_control(c);
	printf("1..%d\n", nr);
	nr = 0;
	for (c = sim_cases; c->name; c++) {
		if (!wanted(c))
			continue;
		failed += report_case(c, ++nr);
		if (!wants_control(c))
			continue;
		ok = run_control(c);
		failed += !ok;
		printf("%sok %d - %s notices \"%s\"\n", ok ? "" : "not ", ++nr, c->name,
		       mutation_names[c->control]);
	}
	return failed;
}

/* --- options --- */

static void usage(FILE *to)
{
	fprintf(to, "usage: sim [--case=NAME] [--seed=N | --first=K --seeds=N] [--percent=P]\n"
		    "           [--mutation=NAME] [--verbose] [--list]\n\n"
		    "Runs the BPF programs on a simulated machine; prints TAP.\n\n"
		    "  --case=NAME      only this one\n"
		    "  --seed=N         one run with this seed\n"
		    "  --seeds=N        so many runs of each case, and no controls\n"
		    "  --first=K        seeds begin here\n"
		    "  --percent=P      that part of the usual number of runs\n"
		    "  --mutation=NAME  with a fault in the kernel or the configuration\n"
		    "  --verbose        say what was built and measured; twice: all that happens\n"
		    "  --list           names and meanings\n");
}

static bool parse_mutation(const char *name)
{
	for (u32 i = 0; i < MUT_NR; i++) {
		if (strcmp(mutation_names[i], name))
			continue;
		options.mutation = i;
		return true;
	}
	return false;
}

static bool is_case(const char *name)
{
	const struct sim_case *c;

	for (c = sim_cases; c->name; c++)
		if (!strcmp(c->name, name))
			return true;
	return false;
}

static void list(void)
{
	const struct sim_case *c;

	for (c = sim_cases; c->name; c++)
		printf("%-16s %s\n", c->name, c->about);
}

/* A number of 1 or more; exits if it is none. */
static u64 number(const char *text)
{
	char *end;
	u64 n = strtoull(text, &end, 10);

	if (*end || !n) {
		fprintf(stderr, "sim: %s: expected a number, 1 or more\n", text);
		exit(2);
	}
	return n;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "case", required_argument, NULL, 'c' },
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'n' },
		{ "first", required_argument, NULL, 'f' },
		{ "percent", required_argument, NULL, 'p' },
		{ "mutation", required_argument, NULL, 'm' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "list", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long(argc, argv, "vh", longs, NULL)) != -1) {
		switch (opt) {
		case 'c':
			options.only = optarg;
			break;
		case 's':
			options.first = number(optarg);
			options.one = true;
			break;
		case 'n':
			options.seeds = number(optarg);
			break;
		case 'f':
			options.first = number(optarg);
			break;
		case 'p':
			options.factor_percent = number(optarg);
			break;
		case 'm':
			if (parse_mutation(optarg))
				break;
			fprintf(stderr, "sim: --mutation=%s: there is no such one\n", optarg);
			return 2;
		case 'v':
			tracing = options.verbose;
			options.verbose = true;
			break;
		case 'l':
			list();
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (options.only && !is_case(options.only)) {
		fprintf(stderr, "sim: --case=%s: there is no such one; see --list\n", options.only);
		return 2;
	}
	return run_all() ? EXIT_FAILURE : EXIT_SUCCESS;
}
