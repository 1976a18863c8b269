// SPDX-License-Identifier: GPL-2.0-only
/* units: src/util.c src/log.c */
/*
 * Numbers, small files, CPU lists, escaping, path text; and the log lines that carry them.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "log.h"
#include "util.h"

static void test_parse_accepts(void **state)
{
	static const struct { const char *text; uint64_t value; } rows[] = {
		{ "0", 0 }, { "7", 7 }, { "0010", 10 }, { "4294967296", UINT64_C(1) << 32 },
		{ "18446744073709551615", UINT64_MAX },
		{ "00000000000000000000000000000000000000001", 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		uint64_t value = 99;

		assert_int_equal(parse_u64(rows[i].text, 0, UINT64_MAX, &value), 0);
		assert_int_equal(value, rows[i].value);
	}
}

static void test_parse_not_a_number(void **state)
{
	static const char *const rows[] = {
		"", " ", "abc", "5x", "0x", "0x10", "1e3", "5.5", "+1", "+-1", "-", "--1", "-x",
		" 5", "5 ", "5\n", "\t5", "1_000", "1,000", "\xd9\xa3", "NaN", "inf", "1-",
	};
	uint64_t value = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(parse_u64(rows[i], 0, UINT64_MAX, &value), -EINVAL);
	assert_int_equal(value, 99);
}

static void test_parse_out_of_range(void **state)
{
	static const char *const rows[] = {
		"-1", "-0", "0", "9", "101", "2147483648", "4294967296", "4294967306",
		"9223372036854775808", "18446744073709551616", "18446744073709551626",
		"1000000000000000000000000000000000000000",
		"-1000000000000000000000000000000000000000",
	};
	uint64_t value = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(parse_u64(rows[i], 10, 100, &value), -ERANGE);
	assert_int_equal(parse_u64("18446744073709551616", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(parse_u64("99999999999999999999", 0, UINT64_MAX, &value), -ERANGE);
	assert_int_equal(value, 99);
	assert_int_equal(parse_u64("10", 10, 100, &value), 0);
	assert_int_equal(parse_u64("100", 10, 100, &value), 0);
}

/* A temporary directory as the root, one file "f" in it. */
struct sandbox {
	char	root[32];
	char	file[40];
};

static int make_sandbox(void **state)
{
	static struct sandbox box;

	strcpy(box.root, "/tmp/qumun-util-XXXXXX");
	if (!mkdtemp(box.root))
		return -1;
	snprintf(box.file, sizeof(box.file), "%s/f", box.root);
	*state = &box;
	return 0;
}

static int drop_sandbox(void **state)
{
	struct sandbox *box = *state;

	unlink(box->file);
	return rmdir(box->root);
}

static void fill(const struct sandbox *box, const char *text, size_t len)
{
	FILE *file = fopen(box->file, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void test_read_str(void **state)
{
	struct sandbox *box = *state;
	char buf[8];

	fill(box, "abc \n\n", 6);
	assert_int_equal(read_file_str(box->root, "f", buf, sizeof(buf)), 3);
	assert_string_equal(buf, "abc");
	assert_int_equal(read_file_str(box->root, "/f", buf, sizeof(buf)), 3);
	assert_int_equal(read_file_str("", box->file, buf, sizeof(buf)), 3);
	assert_int_equal(read_file_str("/", box->file, buf, sizeof(buf)), 3);

	fill(box, "", 0);
	assert_int_equal(read_file_str(box->root, "f", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "");
	fill(box, "1234567", 7);
	assert_int_equal(read_file_str(box->root, "f", buf, sizeof(buf)), 7);
}

static void test_read_str_errors(void **state)
{
	struct sandbox *box = *state;
	char buf[8] = "old";
	char *path;

	assert_int_equal(read_file_str(box->root, "f", buf, sizeof(buf)), -ENOENT);
	assert_string_equal(buf, "");
	assert_int_equal(read_file_str(box->root, "", buf, sizeof(buf)), -EISDIR);
	fill(box, "12345678", 8);
	assert_int_equal(read_file_str(box->root, "f", buf, sizeof(buf)), -EFBIG);
	assert_string_equal(buf, "");
	fill(box, "a\0b", 3);
	assert_int_equal(read_file_str(box->root, "f", buf, sizeof(buf)), -EINVAL);
	assert_string_equal(buf, "");
	assert_int_equal(read_file_str(box->root, "f", buf, 0), -EINVAL);

	path = test_malloc(10000);
	memset(path, 'a', 9999);
	path[9999] = '\0';
	assert_int_equal(read_file_str(box->root, path, buf, sizeof(buf)), -ENAMETOOLONG);
	test_free(path);
}

static void test_read_u64(void **state)
{
	struct sandbox *box = *state;
	uint64_t value = 0;

	fill(box, "18446744073709551615\n", 21);
	assert_int_equal(read_file_u64(box->root, "f", &value), 0);
	assert_true(value == UINT64_MAX);
	fill(box, "12 monkeys\n", 11);
	assert_int_equal(read_file_u64(box->root, "f", &value), -EINVAL);
	fill(box, "\n", 1);
	assert_int_equal(read_file_u64(box->root, "f", &value), -EINVAL);
	assert_int_equal(read_file_u64(box->root, "g", &value), -ENOENT);
}

static void test_mask_parse(void **state)
{
	struct cpu_mask mask, other;
	int cpu, sum = 0;

	(void)state;
	assert_int_equal(cpu_mask_parse(&mask, "0-3,8"), 5);
	for_each_cpu(cpu, &mask)
		sum += cpu;
	assert_int_equal(sum, 0 + 1 + 2 + 3 + 8);
	assert_true(cpu_mask_test(&mask, 8));
	assert_false(cpu_mask_test(&mask, 4));
	assert_false(cpu_mask_test(&mask, CPU_MASK_BITS));

	assert_int_equal(cpu_mask_parse(&other, "8,0,1-2,3"), 5);
	assert_true(cpu_mask_equal(&mask, &other));
	assert_int_equal(cpu_mask_parse(&other, "3-64"), 62);
	assert_false(cpu_mask_equal(&mask, &other));
	cpu_mask_and(&other, &mask);
	assert_int_equal(cpu_mask_count(&other), 2);
	assert_int_equal(cpu_mask_next(&other, 0), 3);
	assert_int_equal(cpu_mask_next(&other, 4), 8);
	assert_int_equal(cpu_mask_next(&other, 9), -1);

	assert_int_equal(cpu_mask_parse(&mask, ""), 0);
	assert_int_equal(cpu_mask_next(&mask, 0), -1);
	assert_int_equal(cpu_mask_parse(&mask, "8191"), 1);
	assert_int_equal(cpu_mask_next(&mask, 0), 8191);
	assert_int_equal(cpu_mask_next(&mask, 8192), -1);
	assert_int_equal(cpu_mask_parse(&mask, "0-8191"), 8192);
}

static void test_mask_rejects(void **state)
{
	static const char *const malformed[] = {
		"0-", "-3", "5-2", "0,,1", ",", "0,", ",0", "0-1-2", "a", "0-b", "0 1", " 0", "0 ",
		"0\n", "0x1", "0-3:1/2", "\xff",
	};
	static const char *const large[] = { "8192", "0-8192", "9999999", "18446744073709551616" };
	struct cpu_mask mask;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(malformed); i++)
		assert_int_equal(cpu_mask_parse(&mask, malformed[i]), -EINVAL);
	for (size_t i = 0; i < ARRAY_SIZE(large); i++)
		assert_int_equal(cpu_mask_parse(&mask, large[i]), -ERANGE);
}

static void test_mask_format(void **state)
{
	static const char *const lists[] = { "", "0", "0-1", "0-3,8", "1,3,5-8191", "8191" };
	struct cpu_mask mask;
	char text[64], tight[12];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		assert_true(cpu_mask_parse(&mask, lists[i]) >= 0);
		assert_string_equal(cpu_mask_format(text, sizeof(text), &mask), lists[i]);
	}
	assert_int_equal(cpu_mask_parse(&mask, "0,2,4,6,8"), 5);
	assert_string_equal(cpu_mask_format(tight, sizeof(tight), &mask), "0,2,4,6...");
	assert_string_equal(cpu_mask_format(tight, 4, &mask), "...");
}

static void test_escape(void **state)
{
	static const struct { const char *from, *to; } rows[] = {
		{ "", "" },
		{ "/sys/fs/cgroup/a b", "/sys/fs/cgroup/a b" },
		{ "dev-disk\\x2d1.swap", "dev-disk\\x2d1.swap" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xf0\x9f\x8e\xae", "\xf0\x9f\x8e\xae" },
		{ "a\nb\tc\x1b[31m\x7f", "a\\x0ab\\x09c\\x1b[31m\\x7f" },
		/* C1 controls, direction overrides, zero width, line separator */
		{ "\xc2\x9b", "\\xc2\\x9b" },
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
		{ "\xe2\x80\x8b", "\\xe2\\x80\\x8b" },
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" },
		{ "\xd8\x9c", "\\xd8\\x9c" },
		/* neighbours of those that are fine */
		{ "\xe2\x80\x90\xe2\x80\xaf\xc2\xa0", "\xe2\x80\x90\xe2\x80\xaf\xc2\xa0" },
		/* lone, missing and overlong bytes, a surrogate, beyond Unicode */
		{ "\x80", "\\x80" },
		{ "\xc3", "\\xc3" },
		{ "\xc3(", "\\xc3(" },
		{ "\xe2\x80", "\\xe2\\x80" },
		{ "\xf0\x9f\x8e", "\\xf0\\x9f\\x8e" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xfe\xff", "\\xfe\\xff" },
	};
	char dst[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool same = !strcmp(rows[i].from, rows[i].to);

		assert_ptr_equal(escape_text(dst, sizeof(dst), rows[i].from), dst);
		assert_string_equal(dst, rows[i].to);
		assert_int_equal(text_is_printable(rows[i].from), same);
	}
}

static void test_escape_cuts(void **state)
{
	char dst[16];

	(void)state;
	assert_string_equal(escape_text(dst, 8, "1234567"), "1234567");
	assert_string_equal(escape_text(dst, 8, "12345678"), "1234...");
	/* Never half an escape, never half a character. */
	assert_string_equal(escape_text(dst, 8, "123\n\n"), "123...");
	assert_string_equal(escape_text(dst, 8, "123\xc3\xbc\xc3\xbc\xc3\xbc"), "123...");
	assert_string_equal(escape_text(dst, 9, "123\xc3\xbc\xc3\xbc\xc3\xbc"), "123\xc3\xbc...");
	assert_string_equal(escape_text(dst, 4, "12345"), "...");
	assert_string_equal(escape_text(dst, 3, "12345"), "");
	assert_string_equal(escape_text(dst, 1, "12345"), "");
	dst[0] = 'x';
	escape_text(dst, 0, "12345");
	assert_int_equal(dst[0], 'x');
}

/* Every size and every byte, for the sanitizers; the result is always printable and ends inside. */
static void test_escape_all(void **state)
{
	(void)state;
	for (unsigned int byte = 1; byte < 256 * 256; byte++) {
		char src[] = { (char)(byte >> 8 ? byte >> 8 : byte), (char)byte, 'x', '\0' };
		size_t size = 1 + byte % 12;
		char *dst = test_malloc(size);

		escape_text(dst, size, src);
		assert_true(strlen(dst) < size);
		assert_true(text_is_printable(dst));
		test_free(dst);
	}
}

static void test_normalise(void **state)
{
	static const struct { const char *from, *to; } rows[] = {
		{ "/a/b", "/a/b" }, { "/a/b/", "/a/b" }, { "//a///b//", "/a/b" }, { "/", "/" },
		{ "///", "/" }, { "/./a/./b/.", "/a/b" }, { "/.", "/" }, { "", "" }, { ".", "." },
		{ "./", "." }, { "./a", "a" }, { "a//b/", "a/b" }, { "/a/../b", "/a/../b" },
		{ "/.a/b.", "/.a/b." }, { "/...", "/..." },
	};
	char path[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		strcpy(path, rows[i].from);
		path_normalise(path);
		assert_string_equal(path, rows[i].to);
	}
}

/* Sends stderr to the sandbox file; returns what to give to stderr_back(). */
static int stderr_away(const struct sandbox *box)
{
	int saved = dup(STDERR_FILENO);
	int fd = open(box->file, O_RDWR | O_CREAT | O_TRUNC, 0600);

	assert_true(saved >= 0 && fd >= 0);
	assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
	return saved;
}

static void stderr_back(int saved)
{
	dup2(saved, STDERR_FILENO);
	close(saved);
}

static void test_log_lines(void **state)
{
	struct sandbox *box = *state;
	char text[256];
	int saved = stderr_away(box);

	log_set_verbosity(0);
	errno = ENOENT;
	log_error("%s: %m", "object");
	log_warn("careful\n");
	log_info("one\ntwo\n");
	log_debug("not shown");
	log_set_verbosity(1);
	log_debug("shown");
	log_set_verbosity(0);
	log_info("%s", "");
	stderr_back(saved);

	assert_int_equal(errno, ENOENT);
	assert_true(read_file_str(box->root, "f", text, sizeof(text)) > 0);
	assert_string_equal(text,
			    "scx_qumun: object: No such file or directory\n"
			    "scx_qumun: warning: careful\n"
			    "scx_qumun: one\n"
			    "scx_qumun: two\n"
			    "scx_qumun: shown\n"
			    "scx_qumun:");
}

static void test_log_levels(void **state)
{
	(void)state;
	log_set_verbosity(0);
	assert_true(log_enabled(LOG_LEVEL_ERROR));
	assert_true(log_enabled(LOG_LEVEL_INFO));
	assert_false(log_enabled(LOG_LEVEL_DEBUG));
	log_set_verbosity(3);
	assert_true(log_enabled(LOG_LEVEL_DEBUG));
	log_set_verbosity(0);
}

static void test_log_long(void **state)
{
	struct sandbox *box = *state;
	size_t len = 100000;
	char *text = test_malloc(len + 1);
	char *seen = test_malloc(len + 100);
	int saved;

	memset(text, 'v', len);
	text[len] = '\0';
	saved = stderr_away(box);
	log_info("%s", text);
	stderr_back(saved);
	assert_int_equal(read_file_str(box->root, "f", seen, len + 100),
			 strlen("scx_qumun: ") + len);
	assert_string_equal(seen + strlen("scx_qumun: "), text);
	test_free(text);
	test_free(seen);
}

static void test_log_nobody_listens(void **state)
{
	int pipes[2], saved = dup(STDERR_FILENO), full;

	(void)state;
	assert_true(saved >= 0);
	log_init();
	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	close(pipes[0]);
	log_error("into a broken pipe");
	full = open("/dev/full", O_WRONLY);
	if (full >= 0) {
		dup2(full, STDERR_FILENO);
		close(full);
		log_error("onto a full disk");
	}
	close(STDERR_FILENO);
	errno = ENOENT;
	log_error("into nothing");
	assert_int_equal(errno, ENOENT);
	/* The next file must not become the log. */
	log_init();
	full = open("/dev/null", O_RDONLY);
	stderr_back(saved);
	assert_true(full > STDERR_FILENO);
	close(full);
}

int main(void)
{
#define BOXED(test) cmocka_unit_test_setup_teardown(test, make_sandbox, drop_sandbox)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_accepts),
		cmocka_unit_test(test_parse_not_a_number),
		cmocka_unit_test(test_parse_out_of_range),
		BOXED(test_read_str),
		BOXED(test_read_str_errors),
		BOXED(test_read_u64),
		cmocka_unit_test(test_mask_parse),
		cmocka_unit_test(test_mask_rejects),
		cmocka_unit_test(test_mask_format),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_escape_cuts),
		cmocka_unit_test(test_escape_all),
		cmocka_unit_test(test_normalise),
		BOXED(test_log_lines),
		cmocka_unit_test(test_log_levels),
		BOXED(test_log_long),
		cmocka_unit_test(test_log_nobody_listens),
	};

	return cmocka_run_group_tests_name("util", tests, NULL, NULL);
}
