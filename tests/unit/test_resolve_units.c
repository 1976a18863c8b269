// SPDX-License-Identifier: GPL-2.0-only
/* units: src/resolve*.c src/target.c src/cgroup.c src/util.c */
/* units: tests/unit/recorded.c tests/unit/tree.c src/topology*.c */
/*
 * unit:NAME, pid:N and the list of all that runs, in recorded trees; processes also for real.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorded.h"
#include "resolve_parts.h"
#include "tree.h"
#include "util.h"

#define MANAGER(uid)	"user.slice/user-" uid ".slice/user@" uid ".service"
#define APPS(uid)	MANAGER(uid) "/app.slice"

static void own(uid_t owner, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/" CGROUP "/%s", root, path);
	assert_int_equal(lchown(full, owner, (gid_t)-1), 0);
}

/* --- units ------------------------------------------------------------------------------------ */

static void test_services(void **state)
{
	(void)state;
	put_cgroup("init.scope");
	put_cgroup("system.slice/nginx.service");
	put_cgroup("system.slice/system-getty.slice/getty@tty1.service");
	put_cgroup("system.slice/not-a-unit");
	put_cgroup("machine.slice/machine-qemu\\x2d1\\x2dvm.scope");
	expect("unit:nginx", "system.slice/nginx.service");
	assert_string_equal(got.rows[0].about, "unit nginx.service");
	expect("unit:getty@*.service", "system.slice/system-getty.slice/getty@tty1.service");
	expect("unit:system-getty.slice", "system.slice/system-getty.slice");
	expect("unit:init.scope", "init.scope");
	expect("unit:*.slice", "machine.slice", "system.slice", "system.slice/system-getty.slice");
	/* A backslash is a backslash. */
	expect("unit:machine-qemu\\x2d1*", "machine.slice/machine-qemu\\x2d1\\x2dvm.scope");
	expect("unit:[mn]*.service", "system.slice/nginx.service");
	expect_error("unit:apache", QUMUN_EXIT_NOT_FOUND, "no such unit runs (looked for services");
	expect_error("unit:not-a-unit*", QUMUN_EXIT_NOT_FOUND, "no such unit");
	expect_error("unit:NGINX", QUMUN_EXIT_NOT_FOUND, "no such unit");
}

static void test_user_units(void **state)
{
	(void)state;
	put_cgroup(APPS("1000") "/app-gnome-firefox-4711.scope");
	put_cgroup(APPS("1000") "/app-flatpak.slice/app-flatpak-org.x.Y-1.scope");
	put_cgroup(APPS("1001") "/app-gnome-firefox-12.scope");
	put_cgroup(MANAGER("1000") "/init.scope");
	expect("unit:app-gnome-firefox-*.scope", APPS("1000") "/app-gnome-firefox-4711.scope",
	       APPS("1001") "/app-gnome-firefox-12.scope");
	assert_string_equal(got.rows[0].about,
			    "unit app-gnome-firefox-4711.scope of user 1000");
	expect("unit:app-flatpak-org.x.Y-*", APPS("1000") "/app-flatpak.slice/"
	       "app-flatpak-org.x.Y-1.scope");
	expect("unit:user@1000", MANAGER("1000"));
	assert_string_equal(got.rows[0].about, "unit user@1000.service");
}

/* A user has called a unit of their own like one of the system's. */
static void test_namesake(void **state)
{
	(void)state;
	put_cgroup(APPS("1000") "/nginx.service");
	put_cgroup(APPS("1001") "/nginx.service");
	expect("unit:nginx", APPS("1000") "/nginx.service", APPS("1001") "/nginx.service");
	put_cgroup("system.slice/nginx.service");
	expect("unit:nginx", "system.slice/nginx.service");
	/* The user means the own one, and never that of another user. */
	resolve_as(1000, "unit:nginx", QUMUN_EXIT_OK);
	assert_int_equal(got.nr, 1);
	assert_non_null(strstr(got.rows[0].path, APPS("1000")));
	resolve_as(1002, "unit:nginx", QUMUN_EXIT_OK);
	assert_int_equal(got.nr, 1);
	assert_non_null(strstr(got.rows[0].path, "/system.slice/"));
}

static void test_other_users(void **state)
{
	(void)state;
	put_cgroup(APPS("1000") "/app-x-1.scope");
	resolve_as(1002, "unit:app-x-1.scope", QUMUN_EXIT_NOT_FOUND);
}

/* systemd in a container, and a service that makes cgroups of its own. */
static void test_below_services(void **state)
{
	(void)state;
	put_cgroup("machine.slice/libpod-%s.scope/system.slice/sshd.service", hex_id(1));
	put_cgroup("system.slice/docker.service/sshd.service");
	put_cgroup("user.slice/user-1000.slice/session-2.scope/sshd.service");
	put_cgroup("docker/%s/system.slice/sshd.service", hex_id(1));
	put_cgroup("system.slice/user@x.service/sshd.service");
	put_cgroup(APPS("1000") "/user@1001.service/sshd.service");
	expect_error("unit:sshd", QUMUN_EXIT_NOT_FOUND, "no such unit");
}

/* A user makes more cgroups than anybody needs: the other ones are still found. */
static void test_flood(void **state)
{
	(void)state;
	if (geteuid()) {
		print_message("only root can give directories away\n");
		skip();
	}
	put_cgroup("user.slice/user-1000.slice/user@1000.service");
	for (int i = 0; i < 5000; i++)
		put_cgroup(MANAGER("1000") "/x%d.slice", i);
	own(1000, MANAGER("1000"));
	put_cgroup(APPS("1001") "/app-x-1.scope");
	own(1001, MANAGER("1001"));
	expect("unit:app-x-1.scope", APPS("1001") "/app-x-1.scope");
	resolve_as(0, "unit:x*.slice", QUMUN_EXIT_OK);
	assert_in_range(got.nr, 1, 4096);
}

static void test_names_with_escapes(void **state)
{
	(void)state;
	put_cgroup("system.slice/a\x1b[2J.service");
	expect("unit:a*.service", "system.slice/a\x1b[2J.service");
	assert_string_equal(got.rows[0].about, "unit a\\x1b[2J.service");
}

/* --- processes -------------------------------------------------------------------------------- */

static void test_lines(void **state)
{
	static const struct { const char *line; int err; const char *path; } rows[] = {
		{ "0::/", 0, "" },
		{ "0::/a/b.slice\n", 0, "a/b.slice" },
		{ "0::/a b:c\\x2d\n", 0, "a b:c\\x2d" },
		{ "0::/x (deleted)\n", 0, "x (deleted)" },
		{ "0::/..\n", -EXDEV, NULL },
		{ "0::/../a\n", -EXDEV, NULL },
		{ "0::/..a\n", 0, "..a" },
		{ "0::/a/../b\n", -EXDEV, NULL },
		{ "", -ENOENT, NULL }, { "\n", -ENOENT, NULL }, { "0::", -ENOENT, NULL },
		{ "0::a\n", -ENOENT, NULL }, { "1:cpu:/a\n", -ENOENT, NULL },
		{ "9:name=systemd:/a\n", -ENOENT, NULL }, { "00::/a\n", -ENOENT, NULL },
		{ " 0::/a\n", -ENOENT, NULL },
	};
	char path[PATH_MAX], line[2 * PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		int err = pid_cgroup_parse(rows[i].line, path);

		if (err != rows[i].err || (!err && strcmp(path, rows[i].path)))
			fail_msg("'%s': %d, '%s'", rows[i].line, err, path);
	}
	memset(line, 'x', sizeof(line));
	memcpy(line, "0::/", 4);
	line[4 + PATH_MAX] = '\0';
	assert_int_equal(pid_cgroup_parse(line, path), -ENAMETOOLONG);
	line[4 + PATH_MAX - 1] = '\0';
	assert_int_equal(pid_cgroup_parse(line, path), 0);
}

static void put_process(int pid, const char *lines, const char *comm)
{
	put(lines, "proc/%d/cgroup", pid);
	put(comm, "proc/%d/comm", pid);
}

static void test_process(void **state)
{
	(void)state;
	put_cgroup("a/b");
	put_process(42, "0::/a/b", "redis");
	expect("pid:42", "a/b");
	assert_string_equal(got.rows[0].about, "cgroup of process 42 (redis)");
	put_process(42, "2:cpu:/x\n1:name=systemd:/y\n0::/a/b", "a\x1b[2J)\xff");
	expect("pid:42", "a/b");
	assert_string_equal(got.rows[0].about, "cgroup of process 42 (a\\x1b[2J)\\xff)");
	expect_error("pid:43", QUMUN_EXIT_NOT_FOUND, "no such process");
}

static void test_process_refused(void **state)
{
	(void)state;
	put_cgroup("x");
	put_process(1, "0::/", "init");
	put_process(2, "4:cpu:/docker/x\n0::/", "hybrid");
	put_process(3, "0::/gone (deleted)", "x");
	put_process(4, "0::/../x", "x");
	put_process(5, "4:cpu:/docker/x", "v1");
	put_process(6, "0::/x/../x", "x");
	put_process(7, "", "x");
	expect_error("pid:1", QUMUN_EXIT_USAGE, "root cgroup, a boost of which means nothing");
	expect_error("pid:2", QUMUN_EXIT_USAGE, "version 1 of cgroups");
	assert_non_null(strstr(got_why, "pid:2/tree"));
	expect_error("pid:3", QUMUN_EXIT_NOT_FOUND, "removed");
	expect_error("pid:4", QUMUN_EXIT_ENVIRONMENT, "cgroup namespace");
	expect_error("pid:5", QUMUN_EXIT_ENVIRONMENT, "no cgroup of version 2");
	expect_error("pid:6", QUMUN_EXIT_ENVIRONMENT, "cgroup namespace");
	expect_error("pid:7", QUMUN_EXIT_ENVIRONMENT, "no cgroup");
	/* That may be a name, too. */
	put_cgroup("gone (deleted)");
	expect("pid:3", "gone (deleted)");
}

static void test_tree_of_process(void **state)
{
	(void)state;
	put_cgroup("x");
	put_process(1, "0::/", "init");
	expect("pid:1/tree", NULL);
	expect_error("pid:9/tree", QUMUN_EXIT_NOT_FOUND, "no such process");
}

/* The exit code for a process of this machine; -1 where there is no cgroup2. */
static int resolve_here(pid_t pid, bool tree)
{
	struct target target = { .kind = TARGET_PID, .pid = pid, .tree = tree };
	struct resolver *resolver;
	int code;

	matches_free(&got);
	if (resolver_open(&resolver, "", got_why))
		return -1;
	code = resolve_target(resolver, &target, &got, got_why);
	resolver_close(resolver);
	return code;
}

static void test_real_process(void **state)
{
	pid_t child;

	(void)state;
	if (resolve_here(getpid(), true)) {
		print_message("no cgroup2, or another cgroup namespace: %s\n", got_why);
		skip();
	}
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	assert_int_equal(resolve_here(child, true), QUMUN_EXIT_OK);
	kill(child, SIGKILL);
	/* Ended, and not waited for. */
	assert_int_equal(waitid(P_PID, (id_t)child, NULL, WEXITED | WNOWAIT), 0);
	assert_int_equal(resolve_here(child, false), QUMUN_EXIT_NOT_FOUND);
	waitpid(child, NULL, 0);
	assert_int_equal(resolve_here(child, true), QUMUN_EXIT_NOT_FOUND);
}

static void move_to(pid_t pid, const char *dir)
{
	char path[2 * PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%d\n", pid);
	assert_int_equal(fclose(file), 0);
}

/* In a cgroup that we make, if we may: the id is that of its directory. */
static void test_real_cgroup(void **state)
{
	struct cgroup_mount mount;
	char dir[PATH_MAX + 64];
	struct stat st;
	pid_t child;
	int code;

	(void)state;
	if (cgroup_mount_open(&mount, got_why))
		skip();
	snprintf(dir, sizeof(dir), "%s/qumun-unit-pid-%d", mount.path, (int)getpid());
	cgroup_mount_close(&mount);
	if (mkdir(dir, 0755)) {
		print_message("cannot make a cgroup here\n");
		skip();
	}
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	move_to(child, dir);
	assert_int_equal(stat(dir, &st), 0);
	code = resolve_here(child, false);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(code, QUMUN_EXIT_OK);
	assert_int_equal(got.nr, 1);
	assert_string_equal(got.rows[0].path, dir);
	assert_true(got.rows[0].cgroup_id == st.st_ino);
}

/* --- paths, and what is handed out ------------------------------------------------------------ */

static void test_paths(void **state)
{
	(void)state;
	put_cgroup("a/b");
	put("x", CGROUP "/file");
	put_dir("tmp/x");
	put_link("../../../tmp", CGROUP "/link");
	expect("/sys/fs/cgroup/a//b/", "a/b");
	expect_error("/sys/fs/cgroup/none", QUMUN_EXIT_NOT_FOUND, "no such cgroup");
	expect_error("/sys/fs/cgroup/file", QUMUN_EXIT_USAGE, "a file");
	expect_error("/sys/fs/cgroup/link/x", QUMUN_EXIT_USAGE, "symbolic link");
	expect_error("/sys/fs/cgroup", QUMUN_EXIT_USAGE, "root cgroup");
	expect_error("/tmp/x", QUMUN_EXIT_USAGE, "outside cgroup2");
}

static void test_match_open(void **state)
{
	struct resolver *resolver;
	char path[PATH_MAX];
	struct stat st;
	int fd;

	(void)state;
	put_cgroup("a");
	put_cgroup("b");
	expect("/sys/fs/cgroup/a", "a");
	assert_int_equal(resolver_open(&resolver, root, got_why), 0);
	fd = match_open(resolver, &got.rows[0]);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_ino == got.rows[0].cgroup_id);
	close(fd);
	/* Another one of that name. */
	got.rows[0].cgroup_id++;
	assert_int_equal(match_open(resolver, &got.rows[0]), -ESTALE);
	snprintf(path, sizeof(path), "%s/" CGROUP "/a", root);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(match_open(resolver, &got.rows[0]), -ENOENT);
	resolver_close(resolver);
}

/* --- the list --------------------------------------------------------------------------------- */

/* Each row as "sort|title|target", in the order of the list. */
static void expect_list(uid_t user, const char *const *rows, size_t nr)
{
	struct resolver *resolver;
	struct things things;
	char text[2048];

	assert_int_equal(resolver_open_as(&resolver, root, user, got_why), 0);
	assert_int_equal(resolve_list(resolver, &things, got_why), QUMUN_EXIT_OK);
	for (size_t i = 0; i < nr || i < things.nr; i++) {
		if (i < things.nr)
			snprintf(text, sizeof(text), "%s|%s|%s", things.rows[i].sort,
				 things.rows[i].title, things.rows[i].target);
		if (i >= nr || i >= things.nr || strcmp(text, rows[i]))
			fail_msg("row %zu of %zu: %s, not %s", i, things.nr,
				 i < things.nr ? text : "none", i < nr ? rows[i] : "none");
		/* What names it must find it. */
		resolve_as(user, things.rows[i].target, QUMUN_EXIT_OK);
		assert_string_equal(got.rows[0].path, things.rows[i].match.path);
	}
	things_free(&things);
	things_free(&things);
	resolver_close(resolver);
}

static const char *row_of(const char *id)
{
	static char text[64 + 2 * ID_LEN];

	snprintf(text, sizeof(text), "container|same|container:%s", id);
	return text;
}

static void put_node(void)
{
	const struct cri cri = {
		.id = hex_id(3), .space = "default", .pod = "web-0", .uid = "1f", .name = "nginx",
	};
	const struct cri sandbox = { .id = hex_id(4), .space = "default", .pod = "web-0",
				     .uid = "1f", .type = "sandbox" };

	put_cri(CONTAINERD, &cri);
	put_cri(CONTAINERD, &sandbox);
	put_dir("var/log/pods/default_web-0_1f");
	put_dir("var/log/pods/default_gone_2f");
	put_cgroup("kubepods/pod1f/%s", hex_id(3));
	put_cgroup("kubepods/pod1f/%s", hex_id(4));
	put_docker(hex_id(1), "/shop");
	put_docker(hex_id(2), "/stopped");
	put_cgroup("docker/%s", hex_id(1));
	put_cgroup("system.slice/nginx.service");
	put_cgroup("system.slice/odd*.service");
	put_cgroup("system.slice/x.scope");
	put_cgroup(APPS("1000") "/app-gnome-org.mozilla.firefox-4711.scope");
	put_cgroup(APPS("1000") "/app-flatpak-org.x\\x2dy.Z-1.scope");
	put_cgroup(APPS("1000") "/app-steam-99.scope");
	put_cgroup(APPS("1000") "/app-gnome-org.gnome.Terminal@ab\\x2dc.service");
	put_cgroup(APPS("1000") "/dconf.service");
	put_cgroup(MANAGER("1000") "/session.slice/app-x-1.scope");
}

static void test_list(void **state)
{
	static const char *const rows[] = {
		"app|firefox|unit:app-gnome-firefox-1.scope",
		"app|org.gnome.Terminal|unit:app-gnome-org.gnome.Terminal@ab\\x2dc.service",
		"app|org.mozilla.firefox|unit:app-gnome-org.mozilla.firefox-4711.scope",
		"app|org.x-y.Z|unit:app-flatpak-org.x\\x2dy.Z-1.scope",
		"app|steam|unit:app-steam-99.scope",
		"container|default/web-0/nginx|pod:default/web-0/nginx",
		"container|shop|container:shop",
		"pod|default/web-0|pod:default/web-0",
		"unit|nginx|unit:nginx.service",
		"unit|user@1000|unit:user@1000.service",
		"unit|user@1001|unit:user@1001.service",
	};

	(void)state;
	put_node();
	put_cgroup(APPS("1001") "/app-gnome-firefox-1.scope");
	expect_list(0, rows, ARRAY_SIZE(rows));
}

static void test_list_of_user(void **state)
{
	static const char *const rows[] = {
		"app|steam|unit:app-steam-99.scope",
		"unit|nginx|unit:nginx.service",
		"unit|user@1000|unit:user@1000.service",
		"unit|user@1001|unit:user@1001.service",
	};

	(void)state;
	put_cgroup("system.slice/nginx.service");
	put_cgroup(APPS("1000") "/app-steam-99.scope");
	put_cgroup(APPS("1001") "/app-steam-98.scope");
	expect_list(1000, rows, ARRAY_SIZE(rows));
}

/* Two of one name, and one that only its cgroup tells of. */
static void test_list_by_id(void **state)
{
	char one[256], two[256];
	const char *rows[2];

	(void)state;
	put_docker(hex_id(1), "/same");
	put_docker(hex_id(2), "/same");
	put_cgroup("docker/%s", hex_id(1));
	put_cgroup("docker/%s", hex_id(2));
	strcpy(one, row_of(hex_id(1)));
	strcpy(two, row_of(hex_id(2)));
	rows[0] = strcmp(one, two) < 0 ? one : two;
	rows[1] = strcmp(one, two) < 0 ? two : one;
	expect_list(0, rows, 2);
}

static void test_empty_list(void **state)
{
	static const char *const none[] = { NULL };

	(void)state;
	put_cgroup("x");
	expect_list(0, none, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDED(test_services),
		RECORDED(test_user_units),
		RECORDED(test_namesake),
		RECORDED(test_other_users),
		RECORDED(test_below_services),
		RECORDED(test_flood),
		RECORDED(test_names_with_escapes),
		cmocka_unit_test(test_lines),
		RECORDED(test_process),
		RECORDED(test_process_refused),
		RECORDED(test_tree_of_process),
		cmocka_unit_test(test_real_process),
		cmocka_unit_test(test_real_cgroup),
		RECORDED(test_paths),
		RECORDED(test_match_open),
		RECORDED(test_list),
		RECORDED(test_list_of_user),
		RECORDED(test_list_by_id),
		RECORDED(test_empty_list),
	};

	return cmocka_run_group_tests_name("resolve_units", tests, NULL, NULL);
}
