// SPDX-License-Identifier: GPL-2.0-only
/* units: src/cgroup.c src/util.c */
/*
 * The text checks run anywhere; what needs a real cgroup2 file system is skipped without one, and
 * what creates cgroups is skipped where we may not.
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cgroup.h"
#include "exit_codes.h"
#include "util.h"

#define MOUNT "/sys/fs/cgroup"

static void test_mount_lines(void **state)
{
	char path[PATH_MAX];

	(void)state;
	assert_true(cgroup_mount_parse("31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 "
				       "cgroup2 rw,nsdelegate\n", path));
	assert_string_equal(path, "/sys/fs/cgroup");
	assert_true(cgroup_mount_parse("41 31 0:38 / /a\\040b\\134c rw - cgroup2 none rw\n", path));
	assert_string_equal(path, "/a b\\c");
	/* Several optional fields, or none. */
	assert_true(cgroup_mount_parse("1 2 0:3 /sub /mnt rw master:1 propagate_from:2 - cgroup2 "
				       "x y", path));
	assert_string_equal(path, "/mnt");
}

static void test_mount_lines_refused(void **state)
{
	static const char *const rows[] = {
		"", "\n", "garbage", " - cgroup2 ", "1 2 3 - cgroup2 x y",
		"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n",
		"32 31 0:29 / /cgroup2 rw - tmpfs cgroup2 rw\n",
		"32 31 0:29 / /x rw - cgroup2x none rw\n",
		"32 31 0:29 / relative rw - cgroup2 none rw\n",
	};
	char path[PATH_MAX], line[PATH_MAX + 128];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_false(cgroup_mount_parse(rows[i], path));
	strcpy(line, "32 31 0:29 / /");
	memset(line + strlen(line), 'x', PATH_MAX);
	strcpy(line + strlen("32 31 0:29 / /") + PATH_MAX, " rw - cgroup2 none rw\n");
	assert_false(cgroup_mount_parse(line, path));
}

static void test_text_accepts(void **state)
{
	static const struct { const char *from, *to; } rows[] = {
		{ MOUNT "/a", MOUNT "/a" },
		{ MOUNT "/a/b.slice/", MOUNT "/a/b.slice" },
		{ "//sys/fs//cgroup///a/.//b//", MOUNT "/a/b" },
		{ MOUNT "/a:b \\x2d", MOUNT "/a:b \\x2d" },
		{ MOUNT "/..a/b../...", MOUNT "/..a/b../..." },
		{ MOUNT "/gr\xc3\xbcn", MOUNT "/gr\xc3\xbcn" },
	};
	char canonical[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_null(cgroup_path_check(MOUNT, rows[i].from, canonical));
		assert_string_equal(canonical, rows[i].to);
	}
}

static void test_text_refuses(void **state)
{
	static const struct { const char *path, *why; } rows[] = {
		{ "", "empty" },
		{ "a/b", "relative" },
		{ ".", "relative" },
		{ "sys/fs/cgroup/a", "relative" },
		{ MOUNT "/../cgroup/a", "'..'" },
		{ MOUNT "/a/..", "'..'" },
		{ "/..", "'..'" },
		{ MOUNT, "root cgroup" },
		{ MOUNT "//./", "root cgroup" },
		{ "/", "outside" },
		{ "/etc", "outside" },
		{ "/sys/fs/cgroup2/a", "outside" },
		{ "/sys/fs", "outside" },
		{ MOUNT "/a\nb", "control" },
		{ MOUNT "/a\x1b[2J", "control" },
		{ MOUNT "/\xff\xfe", "UTF-8" },
		{ MOUNT "/\xe2\x80\xae", "invisible" },
	};
	char canonical[PATH_MAX], path[PATH_MAX + 1];
	const char *why;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		why = cgroup_path_check(MOUNT, rows[i].path, canonical);
		if (!why || !strstr(why, rows[i].why))
			fail_msg("%zu: '%s', not '%s'", i, why ? why : "accepted", rows[i].why);
	}

	memset(path, 'x', sizeof(path));
	memcpy(path, MOUNT "/", strlen(MOUNT "/"));
	path[PATH_MAX] = '\0';
	assert_string_equal(cgroup_path_check(MOUNT, path, canonical), "path too long");
	path[PATH_MAX - 1] = '\0';
	assert_null(cgroup_path_check(MOUNT, path, canonical));
}

/* The real file system, and one cgroup of ours in it. */
struct real {
	struct cgroup_mount	mount;
	char			path[PATH_MAX];
	bool			made;
};

static struct real real;

static int open_real(void **state)
{
	char why[CGROUP_WHY_LEN];

	*state = NULL;
	if (cgroup_mount_open(&real.mount, why))
		return 0;
	if (snprintf(real.path, sizeof(real.path), "%s/qumun-unit-%d", real.mount.path,
		     (int)getpid()) >= (int)sizeof(real.path))
		return -1;
	real.made = !mkdir(real.path, 0755);
	*state = &real;
	return 0;
}

static int close_real(void **state)
{
	(void)state;
	rmdir(real.path);
	cgroup_mount_close(&real.mount);
	cgroup_mount_close(&real.mount);
	return 0;
}

/* The exit code of resolving a path; when it is not 0 the reason must hold @part. */
static int resolve(const char *path, const char *part)
{
	char why[CGROUP_WHY_LEN] = "";
	struct cgroup_ref ref;
	int code;

	code = cgroup_resolve(&real.mount, path, &ref, why);
	if (code && !strstr(why, part))
		fail_msg("%s: '%s' lacks '%s'", path, why, part);
	return code;
}

/* "<mount>/<name>", in a buffer that the next call reuses. */
static const char *below(const char *name)
{
	static char path[2 * PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", real.mount.path, name);
	return path;
}

static void test_real_refused(void **state)
{
	char link[] = "/tmp/qumun-cgroup-XXXXXX", name[PATH_MAX];

	if (!*state)
		skip();
	assert_int_equal(resolve(below("qumun-no-such"), "no such cgroup"), QUMUN_EXIT_NOT_FOUND);
	assert_int_equal(resolve(below("qumun-no-such/child"), real.mount.path),
			 QUMUN_EXIT_NOT_FOUND);
	assert_int_equal(resolve(below("cgroup.procs"), "a file"), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve(below("cgroup.procs/x"), "a file"), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve(below(""), "root cgroup"), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve(real.mount.path, "root cgroup"), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve("/etc", "outside cgroup2"), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve("/etc", real.mount.path), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve(below("../../.."), "'..'"), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve("relative", "relative"), QUMUN_EXIT_USAGE);
	assert_int_equal(resolve(below("a\nb"), "control"), QUMUN_EXIT_USAGE);

	assert_non_null(mkdtemp(link));
	rmdir(link);
	assert_int_equal(symlink(real.mount.path, link), 0);
	snprintf(name, sizeof(name), "%s/%s", link, "x");
	assert_int_equal(resolve(name, "outside cgroup2"), QUMUN_EXIT_USAGE);
	unlink(link);
}

static void test_real_resolves(void **state)
{
	char why[CGROUP_WHY_LEN], sloppy[2 * PATH_MAX];
	struct cgroup_ref ref;
	struct stat st;

	if (!*state || !real.made)
		skip();
	assert_int_equal(stat(real.path, &st), 0);
	snprintf(sloppy, sizeof(sloppy), "/%s//./", real.path);
	assert_int_equal(cgroup_resolve(&real.mount, sloppy, &ref, why), QUMUN_EXIT_OK);
	assert_string_equal(ref.path, real.path);
	assert_true(ref.id > 1);
	assert_true(ref.id == st.st_ino);
}

static void test_real_still_is(void **state)
{
	char why[CGROUP_WHY_LEN];
	struct cgroup_ref ref;

	if (!*state || !real.made)
		skip();
	assert_int_equal(cgroup_resolve(&real.mount, real.path, &ref, why), QUMUN_EXIT_OK);
	assert_int_equal(cgroup_still_is(&real.mount, ref.path, ref.id), 1);
	assert_int_equal(cgroup_still_is(&real.mount, ref.path, ref.id + 1), 0);
	assert_int_equal(cgroup_still_is(&real.mount, "/etc", ref.id), -EXDEV);

	assert_int_equal(rmdir(real.path), 0);
	assert_int_equal(cgroup_still_is(&real.mount, ref.path, ref.id), 0);
	assert_int_equal(resolve(real.path, "no such cgroup"), QUMUN_EXIT_NOT_FOUND);
	/* The same path again is another cgroup. */
	assert_int_equal(mkdir(real.path, 0755), 0);
	assert_int_equal(cgroup_still_is(&real.mount, ref.path, ref.id), 0);
}

static void test_no_descriptors_left(void **state)
{
	char why[CGROUP_WHY_LEN];
	struct cgroup_mount mount;
	int before, after;

	if (!*state)
		skip();
	before = open("/dev/null", O_RDONLY);
	close(before);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(cgroup_mount_open(&mount, why), QUMUN_EXIT_OK);
		assert_int_equal(resolve(below("qumun-no-such"), ""), QUMUN_EXIT_NOT_FOUND);
		cgroup_still_is(&mount, real.path, 1);
		cgroup_mount_close(&mount);
		assert_int_equal(mount.fd, -1);
	}
	after = open("/dev/null", O_RDONLY);
	close(after);
	assert_int_equal(before, after);
}

/* What exhausts this process is not the user's mistake, and no reason to forget a cgroup. */
static void test_real_no_descriptors(void **state)
{
	struct rlimit old, none = { 0 };
	int code, still;

	if (!*state || !real.made)
		skip();
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	code = resolve(real.path, "cannot be opened");
	still = cgroup_still_is(&real.mount, real.path, 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(code, QUMUN_EXIT_ENVIRONMENT);
	assert_int_equal(still, -EMFILE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mount_lines),
		cmocka_unit_test(test_mount_lines_refused),
		cmocka_unit_test(test_text_accepts),
		cmocka_unit_test(test_text_refuses),
		cmocka_unit_test(test_real_refused),
		cmocka_unit_test(test_real_resolves),
		cmocka_unit_test(test_real_still_is),
		cmocka_unit_test(test_no_descriptors_left),
		cmocka_unit_test(test_real_no_descriptors),
	};

	return cmocka_run_group_tests_name("cgroup", tests, open_real, close_real);
}
