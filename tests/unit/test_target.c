// SPDX-License-Identifier: GPL-2.0-only
/* units: src/target.c src/util.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "exit_codes.h"
#include "target.h"
#include "util.h"

/* What is accepted, and how its canonical text reads; NULL for the same. */
static const struct {
	const char *text, *canonical;
	enum target_kind kind;
	const char *name, *space, *container;
	pid_t pid;
	bool tree;
} accepted[] = {
	{ "/sys/fs/cgroup/game", NULL, TARGET_CGROUP, .name = "/sys/fs/cgroup/game" },
	{ "//a//b/./c/", "/a/b/c", TARGET_CGROUP, .name = "/a/b/c" },
	{ "/a/..b/c..", NULL, TARGET_CGROUP, .name = "/a/..b/c.." },
	{ "/", NULL, TARGET_CGROUP, .name = "/" },
	{ "/app\\x2dx.scope", NULL, TARGET_CGROUP, .name = "/app\\x2dx.scope" },
	{ "container:web", NULL, TARGET_CONTAINER, .name = "web" },
	{ "container:Web_1.x-y", NULL, TARGET_CONTAINER, .name = "Web_1.x-y" },
	{ "container:0123abcd", NULL, TARGET_CONTAINER, .name = "0123abcd" },
	{ "pod:default/web", NULL, TARGET_POD, .name = "web", .space = "default" },
	{ "pod:kube-system/web-0.x/app", NULL, TARGET_POD,
	  .name = "web-0.x", .space = "kube-system", .container = "app" },
	{ "unit:nginx.service", NULL, TARGET_UNIT, .name = "nginx.service" },
	{ "unit:nginx", "unit:nginx.service", TARGET_UNIT, .name = "nginx.service" },
	{ "unit:a.b", "unit:a.b.service", TARGET_UNIT, .name = "a.b.service" },
	{ "unit:.service", "unit:.service.service", TARGET_UNIT, .name = ".service.service" },
	{ "unit:init.scope", NULL, TARGET_UNIT, .name = "init.scope" },
	{ "unit:user.slice", NULL, TARGET_UNIT, .name = "user.slice" },
	{ "unit:app-*", NULL, TARGET_UNIT, .name = "app-*" },
	{ "unit:app-org.x.Y\\x2dZ-[0-9]?.scope", NULL, TARGET_UNIT,
	  .name = "app-org.x.Y\\x2dZ-[0-9]?.scope" },
	{ "pid:1", NULL, TARGET_PID, .pid = 1 },
	{ "pid:0042", "pid:42", TARGET_PID, .pid = 42 },
	{ "pid:4194304/tree", NULL, TARGET_PID, .pid = 4194304, .tree = true },
};

static void assert_text(const char *a, const char *b)
{
	if (!a || !b)
		assert_ptr_equal(a, b);
	else
		assert_string_equal(a, b);
}

static void test_accepts(void **state)
{
	char why[TARGET_WHY_LEN], text[TARGET_TEXT_LEN];
	struct target target;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		if (target_parse(accepted[i].text, &target, why))
			fail_msg("%s: %s", accepted[i].text, why);
		assert_int_equal(target.kind, accepted[i].kind);
		assert_text(target.name, accepted[i].name);
		assert_text(target.space, accepted[i].space);
		assert_text(target.container, accepted[i].container);
		assert_int_equal(target.pid, accepted[i].pid);
		assert_int_equal(target.tree, accepted[i].tree);
		assert_string_equal(target_format(&target, text, sizeof(text)),
				    accepted[i].canonical ? accepted[i].canonical :
				    accepted[i].text);
		target_free(&target);
		target_free(&target);
		assert_null(target.name);
	}
}

/* The canonical text of the canonical text is itself. */
static void test_canonical(void **state)
{
	char why[TARGET_WHY_LEN], once[TARGET_TEXT_LEN], twice[TARGET_TEXT_LEN];
	struct target target;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(accepted); i++) {
		assert_int_equal(target_parse(accepted[i].text, &target, why), 0);
		target_format(&target, once, sizeof(once));
		target_free(&target);
		assert_int_equal(target_parse(once, &target, why), 0);
		assert_string_equal(target_format(&target, twice, sizeof(twice)), once);
		target_free(&target);
	}
}

static void refused(const char *text, const char *part)
{
	char why[TARGET_WHY_LEN] = "";
	struct target target;

	if (target_parse(text, &target, why) != QUMUN_EXIT_USAGE || !strstr(why, part))
		fail_msg("'%s': '%s' lacks '%s'", text, why, part);
	/* All of it fits, and ends with what would be right. */
	assert_int_equal(why[strlen(why) - 1], ')');
	assert_true(text_is_printable(why));
	target_free(&target);
}

static void test_refuses(void **state)
{
	static const struct { const char *text, *part; } rows[] = {
		{ "", "not a target" },
		{ "web", "container:NAME" },
		{ "Container:web", "not a target" },
		{ "container", "not a target" },
		{ " container:web", "not a target" },
		{ "sys/fs/cgroup/x", "an absolute path" },
		{ "/a/../b", "'..'" },
		{ "/..", "'..'" },
		{ "/a\nb", "control" },
		{ "/\xff", "UTF-8" },
		{ "container:", "container:NAME" },
		{ "container:a/b", "container:NAME" },
		{ "container:a b", "container:NAME" },
		{ "container:-rf", "container:NAME" },
		{ "container:.hidden", "container:NAME" },
		{ "container:..", "container:NAME" },
		{ "container:a*", "container:NAME" },
		{ "container:a\x1b[2J", "container:NAME" },
		{ "container:gr\xc3\xbcn", "container:NAME" },
		{ "container:web:8192", "looks like a weight" },
		/* Too long for one, and for a message. */
		{ "container:web:0123456789", "container:NAME" },
		{ "pod:", "pod:NAMESPACE/NAME" },
		{ "pod:web", "pod:NAMESPACE/NAME" },
		{ "pod:/web", "pod:NAMESPACE/NAME" },
		{ "pod:default/", "pod:NAMESPACE/NAME" },
		{ "pod:default/web/", "pod:NAMESPACE/NAME" },
		{ "pod:default/web/a/b", "pod:NAMESPACE/NAME" },
		{ "pod:default//a", "pod:NAMESPACE/NAME" },
		{ "pod:Default/web", "lower case" },
		{ "pod:../web", "pod:NAMESPACE/NAME" },
		{ "pod:default/..", "pod:NAMESPACE/NAME" },
		{ "pod:a_b/c", "pod:NAMESPACE/NAME" },
		{ "pod:a/b/c.d", "pod:NAMESPACE/NAME" },
		{ "unit:", "unit:NAME" },
		{ "unit:a/b", "unit:NAME" },
		{ "unit:a b", "unit:NAME" },
		{ "unit:a\x7f", "unit:NAME" },
		{ "pid:", "pid:N" },
		{ "pid:0", "1..4194304" },
		{ "pid:-1", "pid:N" },
		{ "pid:+1", "pid:N" },
		{ "pid: 1", "pid:N" },
		{ "pid:1x", "pid:N" },
		{ "pid:4194305", "1..4194304" },
		{ "pid:18446744073709551617", "1..4194304" },
		{ "pid:1/tre", "pid:N/tree" },
		{ "pid:1/tree/", "pid:N/tree" },
		{ "pid:/tree", "pid:N/tree" },
		{ "pid:self", "pid:N" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		refused(rows[i].text, rows[i].part);
}

/* "<prefix>xxx…", in a buffer that the next call reuses */
static const char *long_text(const char *prefix, size_t len)
{
	static char text[2 * PATH_MAX];

	strcpy(text, prefix);
	memset(text + strlen(prefix), 'x', len);
	text[strlen(prefix) + len] = '\0';
	return text;
}

static void accept(const char *text)
{
	char why[TARGET_WHY_LEN], back[TARGET_TEXT_LEN];
	struct target target;

	assert_int_equal(target_parse(text, &target, why), QUMUN_EXIT_OK);
	target_format(&target, back, sizeof(back));
	assert_int_equal(strncmp(back, text, strlen(text)), 0);
	target_free(&target);
}

static void test_lengths(void **state)
{
	(void)state;
	accept(long_text("/", PATH_MAX - 2));
	refused(long_text("/", PATH_MAX - 1), "too long");
	accept(long_text("container:", 255));
	refused(long_text("container:", 256), "container:NAME");
	accept(long_text("pod:a/", 253));
	refused(long_text("pod:a/", 254), "pod:");
	accept(long_text("pod:a/b/", 63));
	refused(long_text("pod:a/b/", 64), "pod:");
	accept(long_text("unit:", 255 - strlen(".service")));
	refused(long_text("unit:", 256 - strlen(".service")), "too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_lengths),
	};

	return cmocka_run_group_tests_name("target", tests, NULL, NULL);
}
