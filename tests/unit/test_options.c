// SPDX-License-Identifier: GPL-2.0-only
/* units: src/options.c src/option_table.c src/option_values.c src/config.c src/target.c src/util.c src/log.c */
/*
 * options_parse() in this process, with stdout and stderr captured: values, messages, exit codes.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "exit_codes.h"
#include "options.h"
#include "util.h"
#include "verb.h"

/* Verbs need the whole program; that --help calls this is what the command-line tests see. */
void verb_print_help(void)
{
}

const char *verb_names(char *text, size_t size)
{
	snprintf(text, size, "run");
	return text;
}

#define MAX_ARGS 16

/* What one call of options_parse() gave; @code is -1 when it said "go on". */
struct outcome {
	int			code;
	struct qumun_opts	opts;
	char			out[8192];
	char			err[8192];
};

/* Two descriptors for temporary files, in the place of stdout and stderr. */
struct capture {
	int	saved[2];
	FILE	*file[2];
};

static void capture_start(struct capture *cap)
{
	fflush(NULL);
	for (int i = 0; i < 2; i++) {
		cap->saved[i] = dup(STDOUT_FILENO + i);
		cap->file[i] = tmpfile();
		assert_non_null(cap->file[i]);
		dup2(fileno(cap->file[i]), STDOUT_FILENO + i);
	}
}

static void capture_stop(struct capture *cap, int i, char *text, size_t size)
{
	size_t len;

	fflush(NULL);
	dup2(cap->saved[i], STDOUT_FILENO + i);
	close(cap->saved[i]);
	rewind(cap->file[i]);
	len = fread(text, 1, size - 1, cap->file[i]);
	text[len] = '\0';
	fclose(cap->file[i]);
}

static void run_argv(struct outcome *o, int argc, char **argv)
{
	struct capture cap;
	int ret, code = -7;

	capture_start(&cap);
	ret = options_parse(argc, argv, "extra line", &o->opts, &code);
	capture_stop(&cap, 0, o->out, sizeof(o->out));
	capture_stop(&cap, 1, o->err, sizeof(o->err));
	assert_int_equal(ret, code == -7 ? 0 : -1);
	o->code = ret ? code : -1;
}

/* Parses the arguments up to NULL. */
static void run(struct outcome *o, const char *arg, ...)
{
	char *argv[MAX_ARGS + 2] = { strdup("scx_qumun") };
	int argc = 1;
	va_list args;

	va_start(args, arg);
	for (; arg; arg = va_arg(args, const char *)) {
		assert_true(argc <= MAX_ARGS);
		argv[argc++] = strdup(arg);
	}
	va_end(args);
	run_argv(o, argc, argv);
	while (argc)
		free(argv[--argc]);
}

#define RUN(o, ...) run(o, ##__VA_ARGS__, (const char *)NULL)

static void assert_accepted(struct outcome *o)
{
	assert_string_equal(o->err, "");
	assert_string_equal(o->out, "");
	assert_int_equal(o->code, -1);
}

/* The outcome is a usage error in one line on stderr that starts so and holds that. */
static void assert_refused(struct outcome *o, const char *start, const char *part)
{
	assert_int_equal(o->code, QUMUN_EXIT_USAGE);
	assert_string_equal(o->out, "");
	if (strncmp(o->err, "scx_qumun: ", 11) || strncmp(o->err + 11, start, strlen(start)) ||
	    !strstr(o->err, part) || strchr(o->err, '\n') != o->err + strlen(o->err) - 1)
		fail_msg("expected one line '%s' … '%s', got: %s", start, part, o->err);
}

static void test_defaults(void **state)
{
	const struct qumun_opts defaults = QUMUN_OPTS_DEFAULT;
	struct outcome o;

	(void)state;
	RUN(&o, NULL);
	assert_accepted(&o);
	/* The same text at two places. */
	assert_string_equal(o.opts.config_path, CONFIG_PATH);
	o.opts.config_path = defaults.config_path;
	assert_memory_equal(&o.opts, &defaults, sizeof(defaults));
	assert_int_equal(o.opts.slice_us, 4000);
	assert_int_equal(o.opts.slice_us_min, 1000);
	assert_int_equal(o.opts.slice_us_lag, 6000);
	assert_int_equal(o.opts.timeout_ms, 10000);
	assert_int_equal(o.opts.stats_sec, 0);
	assert_int_equal(o.opts.exit_dump_len, 0);
}

static void test_no_arguments_at_all(void **state)
{
	char *argv[] = { NULL };
	struct outcome o;

	(void)state;
	run_argv(&o, 0, argv);
	assert_accepted(&o);
	assert_int_equal(o.opts.slice_us, 4000);
	run_argv(&o, 0, NULL);
	assert_accepted(&o);
}

static void test_values(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "-s", "5000", "-S", "500", "-l", "0", "--stats", "60", "--exit-dump-len=65536",
	    "-vv", "-v");
	assert_accepted(&o);
	assert_int_equal(o.opts.slice_us, 5000);
	assert_int_equal(o.opts.slice_us_min, 500);
	assert_int_equal(o.opts.slice_us_lag, 0);
	assert_int_equal(o.opts.stats_sec, 60);
	assert_int_equal(o.opts.exit_dump_len, 65536);
	assert_int_equal(o.opts.verbose, 3);

	RUN(&o, "--slice-us=7000", "--slice-us-min", "7000", "--slice-us-lag=1", "--verbose", "--");
	assert_accepted(&o);
	assert_int_equal(o.opts.slice_us, 7000);
	assert_int_equal(o.opts.slice_us_min, 7000);
	assert_int_equal(o.opts.slice_us_lag, 1);
	assert_int_equal(o.opts.verbose, 1);
}

static const struct {
	const char *name;
	const char *min, *max, *below, *above;
	const char *range;
} numbers[] = {
	{ "--slice-us", "500", "100000", "499", "100001", "(500..100000 us" },
	{ "--slice-us-min", "100", "4000", "99", "100001", "(100..100000 us" },
	{ "--slice-us-lag", "0", "1000000", "-1", "1000001", "(0..1000000 us" },
	{ "--stats", "0", "86400", "-1", "86401", "(0..86400 s" },
	{ "--exit-dump-len", "0", "16777216", "-1", "16777217", "(0..16777216 bytes" },
};

static void test_range_ends(void **state)
{
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		RUN(&o, numbers[i].name, numbers[i].min);
		assert_accepted(&o);
		RUN(&o, numbers[i].name, numbers[i].max);
		assert_accepted(&o);
		RUN(&o, numbers[i].name, numbers[i].below);
		assert_refused(&o, numbers[i].name, "out of range");
		assert_non_null(strstr(o.err, numbers[i].range));
		RUN(&o, numbers[i].name, numbers[i].above);
		assert_refused(&o, numbers[i].name, "out of range");
	}
}

static void test_bad_numbers(void **state)
{
	static const char *const words[] = {
		"", " ", "abc", "5x", "0x", "1e3", "5.5", "+-1", "+1000", "\xd9\xa3", "1000 ",
	};
	static const char *const large[] = {
		"-1", "2147483648", "4294967296", "4294968296", "9223372036854775808",
		"18446744073709551616", "18446744073709552616",
		"1000000000000000000000000000000000000000",
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(words); j++) {
			RUN(&o, numbers[i].name, words[j]);
			assert_refused(&o, numbers[i].name, "not a number");
			assert_non_null(strstr(o.err, numbers[i].range));
		}
		for (size_t j = 0; j < ARRAY_SIZE(large); j++) {
			RUN(&o, numbers[i].name, large[j]);
			assert_refused(&o, numbers[i].name, "out of range");
		}
	}
	RUN(&o, "-s", "a\nb\x1b");
	assert_refused(&o, "--slice-us: 'a\\x0ab\\x1b' ", "not a number");
	RUN(&o, "--slice-us=");
	assert_refused(&o, "--slice-us: '' ", "not a number");
}

static void test_slice_order(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "-s", "2000", "-S", "2001");
	assert_refused(&o, "--slice-us-min: 2001 us", "--slice-us, 2000 us");
	RUN(&o, "-S", "4001");
	assert_refused(&o, "--slice-us-min: 4001 us", "the default slice-us, 4000 us");
	RUN(&o, "-s", "500", "-S", "1000");
	assert_refused(&o, "--slice-us-min: 1000 us", "--slice-us, 500 us");
	/* Only the default is in the way: it gives way. */
	RUN(&o, "-s", "500");
	assert_accepted(&o);
	assert_int_equal(o.opts.slice_us_min, 500);
}

static void test_given_twice(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "-s", "2000", "--slice-us=2000");
	assert_accepted(&o);
	RUN(&o, "-s", "2000", "--slice-us=3000");
	assert_refused(&o, "--slice-us: given twice", "2000 and 3000");
	RUN(&o, "-s", "8000", "-s", "7000");
	assert_refused(&o, "--slice-us: given twice", "8000 and 7000");
	RUN(&o, "--stats=5", "--stats=0");
	assert_refused(&o, "--stats: given twice", "5 and 0");
}

/* The CPUs that are online here, as the kernel writes them. */
static void read_online(char *text, size_t size, struct cpu_mask *mask)
{
	assert_true(read_file_str("", "sys/devices/system/cpu/online", text, size) > 0);
	assert_true(cpu_mask_parse(mask, text) > 0);
}

static void test_primary_domain(void **state)
{
	static const struct {
		const char *word;
		enum primary_kind kind;
	} words[] = {
		{ "all", PRIMARY_ALL }, { "auto", PRIMARY_AUTO },
		{ "performance", PRIMARY_PERFORMANCE }, { "powersave", PRIMARY_POWERSAVE },
	};
	static const char *const bad[] = {
		"", "x", "0-", "5-2", "0,,0", "-1", "0 ", "0x0", "All", "autox", "99999", "\xff",
	};
	char online[4096];
	struct cpu_mask mask;
	struct outcome o;

	(void)state;
	read_online(online, sizeof(online), &mask);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		RUN(&o, "-m", words[i].word);
		assert_accepted(&o);
		assert_int_equal(o.opts.primary, words[i].kind);
	}
	RUN(&o, "--primary-domain", online);
	assert_accepted(&o);
	assert_int_equal(o.opts.primary, PRIMARY_LIST);
	assert_true(cpu_mask_equal(&o.opts.primary_list, &mask));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		RUN(&o, "-m", bad[i]);
		assert_refused(&o, "--primary-domain: ", online);
		assert_non_null(strstr(o.err, "powersave"));
	}
	/* The largest number that a list may hold is not online anywhere. */
	RUN(&o, "-m", "8191");
	assert_refused(&o, "--primary-domain: CPU 8191 is not online", online);
	RUN(&o, "-m", "auto", "-m", "auto");
	assert_accepted(&o);
	RUN(&o, "-m", "auto", "-m", "all");
	assert_refused(&o, "--primary-domain: given twice", "auto and all");
	RUN(&o, "-m");
	assert_refused(&o, "--primary-domain: needs a value", online);
}

static void test_awareness(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "--no-preempt");
	assert_accepted(&o);
	assert_true(o.opts.no_preempt && !o.opts.disable_smt && !o.opts.disable_llc);
	RUN(&o, "--disable-smt", "--disable-llc", "--disable-numa");
	assert_accepted(&o);
	assert_true(o.opts.disable_smt && o.opts.disable_llc && o.opts.disable_numa);
	assert_false(o.opts.no_preempt);
	RUN(&o, "--disable-smt=1");
	assert_refused(&o, "--disable-smt=1: takes no value", "--help");
}

static void test_unknown(void **state)
{
	static const struct { const char *arg, *start, *part; } rows[] = {
		{ "--bogus", "--bogus: unknown option", "--help" },
		{ "--bogus=5\n", "--bogus=5\\x0a: unknown option", "--help" },
		{ "-x", "-x: unknown option", "--help" },
		{ "-vx", "-x: unknown option", "--help" },
		{ "-\xc3\xbc", "-\\xc3: unknown option", "--help" },
		/* Starts of names, whether they are unique or not. */
		{ "--slice", "--slice: unknown option", "--help" },
		{ "--slice-us-m=5000", "--slice-us-m=5000: unknown option", "--help" },
		{ "--stat=5", "--stat=5: unknown option", "--help" },
		{ "--stat", "--stat: unknown option", "--help" },
		{ "--verb", "--verb: unknown option", "--help" },
		{ "--slice-us", "--slice-us: needs a value", "500..100000 us" },
		{ "-s", "--slice-us: needs a value", "--help" },
		{ "-vs", "--slice-us: needs a value", "--help" },
		{ "--boost-cgroup", "--boost-cgroup: needs a value", "64..16384" },
		{ "--verbose=3", "--verbose=3: takes no value", "--help" },
		{ "--help=x", "--help=x: takes no value", "--help" },
		{ "start", "'start': unexpected argument", "a verb as the first argument" },
		{ "a\nb", "'a\\x0ab': unexpected argument", "--help" },
		{ "", "'': unexpected argument", "--help" },
		{ "-", "'-': unexpected argument", "--help" },
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		RUN(&o, rows[i].arg);
		assert_refused(&o, rows[i].start, rows[i].part);
	}
	RUN(&o, "--", "-s");
	assert_refused(&o, "'-s': unexpected argument", "--help");
	RUN(&o, "boost", "--help");
	assert_refused(&o, "'boost': unexpected argument", "--help");
}

/* A call that ended inside a word must not make the next one go on there. */
static void test_calls_are_independent(void **state)
{
	static char name[] = "scx_qumun", word[] = "-xv";
	char *argv[] = { name, word, NULL };
	struct outcome o;

	(void)state;
	run_argv(&o, 2, argv);
	assert_refused(&o, "-x: unknown option", "--help");
	argv[1] = NULL;
	run_argv(&o, 1, argv);
	assert_accepted(&o);
	assert_int_equal(o.opts.verbose, 0);
}

static void test_long_value(void **state)
{
	char value[20000];
	struct outcome o;

	(void)state;
	memset(value, 'x', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	RUN(&o, "-s", value);
	assert_refused(&o, "--slice-us: 'xxx", "...' is not a number");
	RUN(&o, value);
	assert_refused(&o, "'xxx", "...': unexpected argument");
	assert_true(strlen(o.err) < 600);
}

static void test_help(void **state)
{
	static const char *const parts[] = {
		"Usage: scx_qumun", "-s, --slice-us=N", "500..100000 us, default 4000 us",
		"-S, --slice-us-min=N", "100..100000 us, default 1000 us", "-l, --slice-us-lag=N",
		"0..1000000 us, default 6000 us", "--boost-cgroup=PATH[:WEIGHT]",
		"WEIGHT 64..16384, default 4096; 1024 = normal", "--stats=SEC", "0..86400 s",
		"--exit-dump-len=N", "16777216 bytes", "-v, --verbose", "-V, --version",
		"-h, --help", "-m, --primary-domain=CPUS", "default all", "--no-preempt",
		"--disable-smt", "--disable-llc", "--disable-numa", "SCX_TIMEOUT_MS=N", "1000..30000 ms, default 10000 ms",
	};
	struct outcome o;

	(void)state;
	RUN(&o, "--help");
	assert_int_equal(o.code, QUMUN_EXIT_OK);
	assert_string_equal(o.err, "");
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (!strstr(o.out, parts[i]))
			fail_msg("--help lacks '%s'", parts[i]);
	}
	for (const char *line = o.out; *line; line += strcspn(line, "\n") + 1)
		assert_true(strcspn(line, "\n") <= 100);
	RUN(&o, "-s", "5000", "-h", "--bogus");
	assert_int_equal(o.code, QUMUN_EXIT_OK);
	RUN(&o, "--bogus", "-h");
	assert_refused(&o, "--bogus: unknown option", "--help");
}

static void test_version(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "--version");
	assert_int_equal(o.code, QUMUN_EXIT_OK);
	assert_string_equal(o.err, "");
	assert_string_equal(o.out, "scx_qumun " QUMUN_VERSION "\nextra line\n");
	/* Answered whatever else is wrong behind it. */
	setenv("SCX_TIMEOUT_MS", "abc", 1);
	RUN(&o, "--boost-cgroup=/a", "-V");
	unsetenv("SCX_TIMEOUT_MS");
	assert_int_equal(o.code, QUMUN_EXIT_OK);
}

static void with_timeout(struct outcome *o, const char *value)
{
	setenv("SCX_TIMEOUT_MS", value, 1);
	RUN(o, NULL);
	unsetenv("SCX_TIMEOUT_MS");
}

static void test_environment(void **state)
{
	static const char *const words[] = { "", "abc", "5s", " 5000", "1e4" };
	static const char *const numbers_out[] = {
		"0", "-1", "999", "30001", "4294968296", "18446744073709551616",
	};
	struct outcome o;

	(void)state;
	with_timeout(&o, "1000");
	assert_accepted(&o);
	assert_int_equal(o.opts.timeout_ms, 1000);
	with_timeout(&o, "30000");
	assert_accepted(&o);
	assert_int_equal(o.opts.timeout_ms, 30000);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		with_timeout(&o, words[i]);
		assert_refused(&o, "SCX_TIMEOUT_MS: ", "not a number (1000..30000 ms");
	}
	for (size_t i = 0; i < ARRAY_SIZE(numbers_out); i++) {
		with_timeout(&o, numbers_out[i]);
		assert_refused(&o, "SCX_TIMEOUT_MS: ", "out of range (1000..30000 ms");
		assert_non_null(strstr(o.err, "kernel's limit is 30 s"));
	}
	/* Not an option, though it has a row in the table. */
	RUN(&o, "--SCX_TIMEOUT_MS=5000");
	assert_refused(&o, "--SCX_TIMEOUT_MS=5000: unknown option", "--help");
	RUN(&o, "-s", "100001");
	assert_refused(&o, "--slice-us: ", "a quarter of the watchdog timeout");
}

static void assert_rule(const struct outcome *o, size_t i, const char *path, uint32_t weight)
{
	assert_true(i < o->opts.nr_boosts);
	assert_string_equal(o->opts.boosts[i].target, path);
	assert_int_equal(o->opts.boosts[i].weight, weight);
}

static void test_boost(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "--boost-cgroup=/none/a", "--boost-cgroup", "/none/b:64",
	    "--boost-cgroup=/none/c:16384", "--boost-cgroup=/none/d:x:1024",
	    "--boost-cgroup=/none//e/:0100", "--boost-cgroup=:200");
	assert_accepted(&o);
	assert_int_equal(o.opts.nr_boosts, 6);
	assert_rule(&o, 0, "/none/a", 4096);
	assert_rule(&o, 1, "/none/b", 64);
	assert_rule(&o, 2, "/none/c", 16384);
	assert_rule(&o, 3, "/none/d:x", 1024);
	assert_rule(&o, 4, "/none/e", 100);
	assert_rule(&o, 5, "", 200);
	options_free(&o.opts);
	assert_int_equal(o.opts.nr_boosts, 0);
	options_free(&o.opts);

	/* No such directory with or without it: part of the name, for the resolver to judge. */
	RUN(&o, "--boost-cgroup=/none/system.slice:docker:1f2e", "--boost-cgroup=/none/z:");
	assert_accepted(&o);
	assert_rule(&o, 0, "/none/system.slice:docker:1f2e", 4096);
	assert_rule(&o, 1, "/none/z:", 4096);
	options_free(&o.opts);
}

static void test_boost_weight(void **state)
{
	static const char *const out_of_range[] = {
		"0", "63", "16385", "-1", "4294968320", "18446744073709552640",
	};
	static const char *const words[] = { "", "abc", "5x", "1e3", "NaN", "+100", "100.5" };
	char arg[128];
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(out_of_range); i++) {
		snprintf(arg, sizeof(arg), "--boost-cgroup=/none:%s", out_of_range[i]);
		RUN(&o, arg);
		assert_refused(&o, "--boost-cgroup: weight ", "out of range (64..16384");
		assert_non_null(strstr(o.err, out_of_range[i]));
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		snprintf(arg, sizeof(arg), "--boost-cgroup=/tmp:%s", words[i]);
		RUN(&o, arg);
		assert_refused(&o, "--boost-cgroup: weight ", "not a number (64..16384");
	}
}

static void test_boost_colon_directory(void **state)
{
	char dir[] = "/tmp/qumun-opts-XXXXXX", colon[64], arg[128];
	struct outcome o;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(colon, sizeof(colon), "%s:abc", dir);
	snprintf(arg, sizeof(arg), "--boost-cgroup=%s", colon);
	RUN(&o, arg);
	assert_refused(&o, "--boost-cgroup: weight 'abc'", "not a number");

	assert_int_equal(mkdir(colon, 0700), 0);
	RUN(&o, arg);
	assert_accepted(&o);
	assert_rule(&o, 0, colon, 4096);
	options_free(&o.opts);

	strcat(arg, ":2048");
	RUN(&o, arg);
	rmdir(colon);
	rmdir(dir);
	assert_accepted(&o);
	assert_rule(&o, 0, colon, 2048);
	options_free(&o.opts);
}

static void test_boost_twice(void **state)
{
	struct outcome o;

	(void)state;
	RUN(&o, "--boost-cgroup=/none/a", "--boost-cgroup=/none/a:4096",
	    "--boost-cgroup=/none/./a//");
	assert_accepted(&o);
	assert_int_equal(o.opts.nr_boosts, 1);
	options_free(&o.opts);
	RUN(&o, "--boost-cgroup=/none/a\n:100", "--boost-cgroup=/none/b",
	    "--boost-cgroup=/none/a\n/:200");
	assert_refused(&o, "--boost-cgroup: /none/a\\x0a: given twice", "100 and 200");
}

static void test_boost_long(void **state)
{
	char arg[20000] = "--boost-cgroup=/";
	struct outcome o;

	(void)state;
	memset(arg + strlen(arg), 'x', sizeof(arg) - 1 - strlen(arg));
	arg[sizeof(arg) - 1] = '\0';
	RUN(&o, arg);
	assert_accepted(&o);
	assert_string_equal(o.opts.boosts[0].target, strchr(arg, '/'));
	options_free(&o.opts);
}

/* Digits behind the last colon are the weight, but for the colon of the kind. */
static void test_boost_by_name(void **state)
{
	static const struct {
		const char *option;
		const char *target;
		uint32_t weight;
	} rows[] = {
		{ "--boost=container:web", "container:web", 4096 },
		{ "--boost=container:web:8192", "container:web", 8192 },
		{ "--boost=container:0123456789", "container:0123456789", 4096 },
		{ "--boost=container:0123456789:100", "container:0123456789", 100 },
		{ "--boost=pid:1234", "pid:1234", 4096 },
		{ "--boost=pid:1234:64", "pid:1234", 64 },
		{ "--boost=pid:1234/tree:16384", "pid:1234/tree", 16384 },
		{ "--boost=pod:default/web/app:2048", "pod:default/web/app", 2048 },
		{ "--boost=unit:a:b.service", "unit:a:b.service", 4096 },
		{ "--boost=/sys/fs/cgroup//game/:8192", "/sys/fs/cgroup/game", 8192 },
	};
	struct outcome o;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		RUN(&o, rows[i].option);
		assert_accepted(&o);
		assert_int_equal(o.opts.nr_boosts, 1);
		assert_string_equal(o.opts.boosts[0].target, rows[i].target);
		assert_int_equal(o.opts.boosts[0].weight, rows[i].weight);
		assert_false(o.opts.boosts[0].must_exist);
		options_free(&o.opts);
	}
	RUN(&o, "--boost=container:web:0");
	assert_refused(&o, "--boost: weight '0' is out of range", "64..16384");
	RUN(&o, "--boost=pid:1", "--boost=pid:1:200");
	assert_refused(&o, "--boost: pid:1: given twice", "4096 and 200");
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

/* As at SIGHUP: @text is in the file now. Returns what options_check_config() does. */
static int check_again(const struct outcome *o, const char *text, char *err, size_t size)
{
	struct capture cap;
	struct config config;
	char out[64];
	int code;

	write_file(o->opts.config_path, text);
	capture_start(&cap);
	code = options_check_config(&o->opts, &config);
	capture_stop(&cap, 0, out, sizeof(out));
	capture_stop(&cap, 1, err, size);
	config_free(&config);
	return code;
}

/* A file that was good at the start is good later on, beside the same command line. */
static void test_check_again(void **state)
{
	char path[] = "/tmp/qumun-options-XXXXXX", option[64], err[512];
	int fd = mkstemp(path);
	struct outcome o;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	write_file(path, "[options]\nslice-us-min = 6000\n");
	snprintf(option, sizeof(option), "--config=%s", path);
	RUN(&o, "-s", "8000", option);
	assert_accepted(&o);
	o.opts.config_path = path;
	assert_int_equal(check_again(&o, "[options]\nslice-us-min = 6000\n", err, sizeof(err)), 0);
	assert_string_equal(err, "");
	/* The command line's counts, not the file's. */
	assert_int_equal(check_again(&o, "[options]\nslice-us = 2000\nslice-us-min = 6000\n", err,
				     sizeof(err)), 0);
	assert_int_equal(check_again(&o, "[options]\nslice-us-min = 9000\n", err, sizeof(err)),
			 QUMUN_EXIT_USAGE);
	assert_non_null(strstr(err, ":2: slice-us-min: 9000 us is longer than --slice-us, 8000 us"));
	/* Nor does the value count that was in the file at the start. */
	assert_int_equal(check_again(&o, "[options]\nstats = 1\n", err, sizeof(err)), 0);
	assert_int_equal(o.opts.slice_us_min, 6000);
	options_free(&o.opts);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_no_arguments_at_all),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_range_ends),
		cmocka_unit_test(test_bad_numbers),
		cmocka_unit_test(test_slice_order),
		cmocka_unit_test(test_given_twice),
		cmocka_unit_test(test_primary_domain),
		cmocka_unit_test(test_awareness),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_calls_are_independent),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_boost),
		cmocka_unit_test(test_boost_by_name),
		cmocka_unit_test(test_boost_weight),
		cmocka_unit_test(test_boost_colon_directory),
		cmocka_unit_test(test_boost_twice),
		cmocka_unit_test(test_boost_long),
		cmocka_unit_test(test_check_again),
	};

	unsetenv("SCX_TIMEOUT_MS");
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
