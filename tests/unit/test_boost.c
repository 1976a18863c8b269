// SPDX-License-Identifier: GPL-2.0-only
/* units: src/boost.c src/boost_start.c src/boost_say.c src/boost_answer.c src/boost_map.c src/boost_plan.c src/rules.c */
/* units: src/trees.c src/procs.c src/config.c src/options.c src/option_table.c src/option_values.c src/resolve*.c src/cgroup.c */
/* units: src/target.c src/util.c src/log.c */
/*
 * The daemon's boosts on real cgroups, without BPF: the maps are tables of this file, and it says
 * which cgroups come and go. Skipped where no cgroups can be made.
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "boost.h"
#include "boost_answer.h"
#include "exit_codes.h"
#include "loader_maps.h"
#include "util.h"
#include "verb.h"

void verb_print_help(void)
{
}

const char *verb_names(char *text, size_t size)
{
	snprintf(text, size, "run");
	return text;
}

/* --- what BPF would have --- */

#define ROOM QUMUN_BOOST_MAP_MAX

static struct {
	uint64_t id;
	uint32_t weight;
} table[ROOM];

static struct qumun_tree tree_table[QUMUN_TREES_MAX];
static cgroup_event_fn event_fn;
static void *event_arg;
static uint64_t lost;
static int marked;

static int find(uint64_t id)
{
	for (int i = 0; i < ROOM; i++)
		if (table[i].id == id)
			return i;
	return -1;
}

static uint32_t weight_of(uint64_t id)
{
	int i = find(id);

	return i < 0 || !id ? 0 : table[i].weight;
}

int boost_entry_add(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	int i = find(0);

	(void)map_fd;
	if (find(cgroup_id) >= 0)
		return -EEXIST;
	if (i < 0)
		return -E2BIG;
	table[i].id = cgroup_id;
	table[i].weight = weight;
	return 0;
}

int boost_entry_check(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	(void)map_fd;
	return weight_of(cgroup_id) == weight ? 0 : -ESTALE;
}

int boost_entry_change(int map_fd, uint64_t cgroup_id, uint32_t from, uint32_t to)
{
	int err = boost_entry_check(map_fd, cgroup_id, from);

	if (!err)
		table[find(cgroup_id)].weight = to;
	return err;
}

int boost_entry_drop(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	int err = boost_entry_check(map_fd, cgroup_id, weight);

	if (!err)
		table[find(cgroup_id)].id = 0;
	return err;
}

int tree_entry_set(int map_fd, uint32_t place, uint32_t generation, uint32_t weight)
{
	(void)map_fd;
	tree_table[place] = (struct qumun_tree){ .weight = weight, .generation = generation };
	return 0;
}

bool tree_task_is_marked(int map_fd, int pidfd, uint32_t place, uint32_t generation)
{
	(void)map_fd;
	(void)pidfd;
	(void)place;
	(void)generation;
	return false;
}

/* Each task is new at the first look only. */
int tree_task_mark(int map_fd, int pidfd, uint32_t place, uint32_t generation)
{
	(void)map_fd;
	(void)place;
	(void)generation;
	assert_true(pidfd >= 0);
	marked++;
	return 1;
}

struct loader_maps loader_maps(const struct loader *loader)
{
	(void)loader;
	return (struct loader_maps){ .boost = 0, .trees = 0, .tree_tasks = 0 };
}

void loader_use_trees(struct loader *loader)
{
	(void)loader;
}

bool loader_has_cgroup_events(const struct loader *loader)
{
	(void)loader;
	return true;
}

uint64_t loader_events_lost(const struct loader *loader)
{
	(void)loader;
	return lost;
}

int loader_event_fd(const struct loader *loader)
{
	(void)loader;
	return -1;
}

int loader_events_open(struct loader_events **events, int ring_fd, cgroup_event_fn fn, void *arg)
{
	(void)ring_fd;
	/* Anything that is not NULL. */
	*events = arg;
	event_fn = fn;
	event_arg = arg;
	return 0;
}

void loader_events_read(struct loader_events *events)
{
	(void)events;
}

void loader_events_close(struct loader_events *events)
{
	(void)events;
}

/* --- cgroups --- */

static struct cgroup_mount mount = { .fd = -1 };
static char base[PATH_MAX];
static struct qumun_opts opts;
static struct boosts boosts;
static uint64_t now_ms;

/* The path of a cgroup of ours; one of a few buffers. */
static const char *at(const char *name)
{
	static char paths[4][PATH_MAX + 64];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], sizeof(paths[next]), "%s/%s", base, name);
	return paths[next];
}

static uint64_t id_of(const char *name)
{
	struct stat st;

	return stat(at(name), &st) ? 0 : st.st_ino;
}

static void tell(enum qumun_event_type type, uint64_t id, const char *name)
{
	struct qumun_cgroup_event event = { .head.type = type, .id = id };

	snprintf(event.path, sizeof(event.path), "%s", at(name) + strlen(mount.path));
	event_fn(event_arg, &event);
}

static void make(const char *name)
{
	assert_int_equal(mkdir(at(name), 0755), 0);
	if (event_fn)
		tell(QUMUN_EVENT_MKDIR, id_of(name), name);
}

static void drop(const char *name)
{
	uint64_t id = id_of(name);

	assert_int_equal(rmdir(at(name)), 0);
	if (event_fn)
		tell(QUMUN_EVENT_RMDIR, id, name);
}

/* Time passes, and what is due is done. */
static void pass(uint64_t ms)
{
	for (uint64_t end_ms = now_ms + ms; now_ms < end_ms; now_ms += 10)
		boosts_work(&boosts, now_ms);
}

static int begin(void **state)
{
	char why[CGROUP_WHY_LEN];

	(void)state;
	event_fn = NULL;
	memset(table, 0, sizeof(table));
	lost = 0;
	marked = 0;
	opts = (struct qumun_opts)QUMUN_OPTS_DEFAULT;
	opts.config_path = "/nonexistent";
	/* Zero, so that a failed start may be released. */
	memset(&boosts, 0, sizeof(boosts));
	if (cgroup_mount_open(&mount, why))
		return 0;
	snprintf(base, sizeof(base), "%.3900s/qumun-unit-%d", mount.path, getpid());
	mkdir(base, 0755);
	return 0;
}

static int end(void **state)
{
	static const char *const names[] = { "a", "b", "c", "s-1.service", "s-2.service" };

	(void)state;
	if (boosts.opts)
		boosts_free(&boosts);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		rmdir(at(names[i]));
	rmdir(base);
	cgroup_mount_close(&mount);
	options_free(&opts);
	return 0;
}

static void need_cgroups(void)
{
	if (mount.fd < 0 || access(base, W_OK))
		skip();
}

static void give(const char *target, uint32_t weight, bool must_exist)
{
	opts.boosts = reallocarray(opts.boosts, opts.nr_boosts + 1, sizeof(*opts.boosts));
	assert_non_null(opts.boosts);
	opts.boosts[opts.nr_boosts++] = (struct qumun_boost_rule){
		.target = strdup(target), .weight = weight, .must_exist = must_exist,
	};
}

static void start(void)
{
	assert_int_equal(boosts_init(&boosts, &opts), 0);
	assert_int_equal(boosts_publish(&boosts, (struct loader *)&boosts), 0);
	now_ms = monotonic_ms();
	pass(10);
}

/* --- requests --- */

static char message[RESOLVE_WHY_LEN];
static int weight_max;

static int ask(uid_t uid, enum order_kind kind, const char *target, uint32_t weight, int fd)
{
	struct order order = { .kind = kind, .target = (char *)target, .weight = weight };
	json_t *answer = boost_answer(&boosts, &order, uid, fd);
	int code;

	assert_non_null(answer);
	weight_max = (int)json_integer_value(json_object_get(answer, "weight_max"));
	code = (int)json_integer_value(json_object_get(answer, "code"));
	snprintf(message, sizeof(message), "%s",
		 json_string_value(json_object_get(answer, "message")));
	json_decref(answer);
	return code;
}

static int ask_dir(uid_t uid, const char *name, uint32_t weight)
{
	int fd = open(at(name), O_PATH | O_DIRECTORY), code;

	assert_true(fd >= 0);
	code = ask(uid, ORDER_ADD, at(name), weight, fd);
	close(fd);
	return code;
}

static json_t *list(uid_t uid)
{
	struct order order = { .kind = ORDER_LIST };

	return boost_answer(&boosts, &order, uid, -1);
}

static bool lists_all(uid_t uid)
{
	json_t *answer = list(uid);
	bool all = json_is_true(json_object_get(answer, "all"));

	assert_true(json_is_boolean(json_object_get(answer, "all")));
	json_decref(answer);
	return all;
}

static size_t listed(uid_t uid)
{
	json_t *answer = list(uid);
	size_t nr = json_array_size(json_object_get(answer, "rules"));

	json_decref(answer);
	return nr;
}

/* --- tests --- */

static void test_made_again(void **state)
{
	uint64_t old_id;

	(void)state;
	need_cgroups();
	make("a");
	old_id = id_of("a");
	give(at("a"), 2048, true);
	start();
	assert_int_equal(weight_of(old_id), 2048);
	drop("a");
	pass(500);
	assert_int_equal(weight_of(old_id), 0);
	assert_non_null(boosts.rules.rows[0].waits);
	make("a");
	pass(500);
	assert_int_not_equal(id_of("a"), old_id);
	assert_int_equal(weight_of(id_of("a")), 2048);
	assert_null(boosts.rules.rows[0].waits);
	/* Both at once, as a fast restart does. */
	drop("a");
	make("a");
	pass(500);
	assert_int_equal(weight_of(id_of("a")), 2048);
}

static void test_must_exist(void **state)
{
	(void)state;
	need_cgroups();
	give(at("a"), 2048, true);
	assert_int_equal(boosts_init(&boosts, &opts), QUMUN_EXIT_NOT_FOUND);
}

static void test_waits(void **state)
{
	(void)state;
	need_cgroups();
	give(at("a"), 2048, false);
	give("container:qumun-none", 2048, false);
	start();
	assert_int_equal(boosts.map.nr, 0);
	/* Something else happens: nobody looks for the path. */
	make("b");
	pass(2000);
	make("a");
	pass(300);
	assert_int_equal(weight_of(id_of("a")), 2048);
}

static void test_lost_events(void **state)
{
	(void)state;
	need_cgroups();
	give(at("a"), 2048, false);
	start();
	assert_int_equal(mkdir(at("a"), 0755), 0);
	pass(1000);
	assert_int_equal(weight_of(id_of("a")), 0);
	lost = 1;
	pass(300);
	assert_int_equal(weight_of(id_of("a")), 2048);
}

static void test_rescan(void **state)
{
	(void)state;
	need_cgroups();
	give(at("a"), 2048, false);
	start();
	assert_int_equal(mkdir(at("a"), 0755), 0);
	pass(PLAN_RESCAN_MS + 100);
	assert_int_equal(weight_of(id_of("a")), 2048);
	/* Vandals do not last either. */
	table[find(id_of("a"))].id = 0;
	pass(PLAN_RESCAN_MS + 100);
	assert_int_equal(weight_of(id_of("a")), 2048);
}

static void test_root_asks(void **state)
{
	(void)state;
	need_cgroups();
	start();
	make("a");
	assert_int_equal(ask(0, ORDER_ADD, at("a"), 8192, -1), 0);
	assert_int_equal(weight_of(id_of("a")), 8192);
	assert_int_equal(ask(0, ORDER_ADD, at("a"), 100, -1), 0);
	assert_int_equal(weight_of(id_of("a")), 100);
	assert_int_equal(listed(0), 1);
	assert_int_equal(listed(1000), 0);
	assert_int_equal(ask(0, ORDER_ADD, at("none"), 100, -1), QUMUN_EXIT_NOT_FOUND);
	assert_int_equal(ask(0, ORDER_ADD, "nonsense", 100, -1), QUMUN_EXIT_USAGE);
	assert_int_equal(ask(0, ORDER_ADD, "container:qumun-none", 100, -1), QUMUN_EXIT_NOT_FOUND);
	assert_int_equal(ask(0, ORDER_DEL, at("none"), 100, -1), QUMUN_EXIT_NOT_FOUND);
	assert_int_equal(listed(0), 1);
	/* The rule holds for another cgroup of that name; a rule about a directory ends with it. */
	drop("a");
	make("a");
	pass(500);
	assert_int_equal(weight_of(id_of("a")), 100);
	assert_int_equal(ask(0, ORDER_DEL, at("a"), 0, -1), 0);
	assert_int_equal(weight_of(id_of("a")), 0);
	assert_int_equal(ask_dir(0, "a", 300), 0);
	assert_int_equal(weight_of(id_of("a")), 300);
	drop("a");
	make("a");
	pass(500);
	assert_int_equal(weight_of(id_of("a")), 0);
	assert_int_equal(listed(0), 0);
}

static void test_user_asks(void **state)
{
	int fd;

	(void)state;
	need_cgroups();
	if (geteuid())
		skip();
	opts.user_rules_max = 2;
	start();
	make("a");
	make("b");
	make("c");
	assert_int_equal(chown(at("a"), 1000, 1000), 0);
	assert_int_equal(chown(at("b"), 1000, 1000), 0);

	assert_int_equal(ask_dir(1000, "c", 100), QUMUN_EXIT_PRIVILEGE);
	assert_non_null(strstr(message, "belongs to root"));
	assert_int_equal(ask_dir(1001, "a", 100), QUMUN_EXIT_PRIVILEGE);
	assert_int_equal(ask(1000, ORDER_ADD, at("a"), 100, -1), QUMUN_EXIT_USAGE);
	assert_int_equal(ask_dir(1000, "a", 4097), QUMUN_EXIT_PRIVILEGE);
	assert_int_equal(weight_max, 4096);
	/* What is no cgroup at all, and the root of all, whoever owned it. */
	fd = open("/tmp", O_PATH | O_DIRECTORY);
	assert_int_equal(ask(0, ORDER_ADD, at("a"), 100, fd), QUMUN_EXIT_NOT_FOUND);
	close(fd);
	fd = open(mount.path, O_PATH | O_DIRECTORY);
	assert_int_equal(ask(0, ORDER_ADD, at("a"), 100, fd), QUMUN_EXIT_NOT_FOUND);
	close(fd);
	assert_int_equal(listed(0), 0);

	assert_int_equal(ask_dir(1000, "a", 4096), 0);
	assert_int_equal(weight_of(id_of("a")), 4096);
	assert_int_equal(ask_dir(1000, "b", 100), 0);
	/* A third one is too much, a change is not. */
	assert_int_equal(chown(at("c"), 1000, 1000), 0);
	assert_int_equal(ask_dir(1000, "c", 100), QUMUN_EXIT_CAPACITY);
	assert_int_equal(ask_dir(1000, "b", 200), 0);
	assert_int_equal(weight_of(id_of("b")), 200);
	assert_int_equal(listed(1000), 2);
	assert_int_equal(listed(1001), 0);

	/* Root wins; the user's word counts again once root has none. */
	assert_int_equal(ask(0, ORDER_ADD, at("b"), 9000, -1), 0);
	assert_int_equal(weight_of(id_of("b")), 9000);
	assert_int_equal(ask_dir(1000, "b", 300), 0);
	assert_int_equal(weight_of(id_of("b")), 9000);
	assert_int_equal(ask(1001, ORDER_DEL, at("b"), 0, -1), QUMUN_EXIT_NOT_FOUND);
	assert_string_equal(message, "no boost of yours (what root boosts only root removes)");
	assert_true(lists_all(0) && !lists_all(1000));
	assert_int_equal(ask(1000, ORDER_DEL, at("b"), 0, -1), 0);
	assert_int_equal(weight_of(id_of("b")), 9000);
	assert_int_equal(ask(0, ORDER_DEL, at("a"), 0, -1), 0);
	assert_int_equal(weight_of(id_of("a")), 0);

	opts.user_weight_max = 0;
	assert_int_equal(ask_dir(1000, "a", 100), QUMUN_EXIT_PRIVILEGE);
	assert_non_null(strstr(message, "only root"));
	assert_int_equal(weight_max, 0);
}

static void test_gone_while_asked(void **state)
{
	int fd;

	(void)state;
	need_cgroups();
	start();
	make("a");
	fd = open(at("a"), O_PATH | O_DIRECTORY);
	drop("a");
	make("a");
	assert_int_equal(ask(0, ORDER_ADD, at("a"), 100, fd), QUMUN_EXIT_NOT_FOUND);
	assert_int_equal(weight_of(id_of("a")), 0);
	close(fd);
}

static void test_time_is_over(void **state)
{
	struct order order = { .kind = ORDER_ADD, .target = (char *)at("a"), .weight = 100,
			       .for_sec = 2 };
	json_t *answer;

	(void)state;
	need_cgroups();
	start();
	make("a");
	json_decref(boost_answer(&boosts, &order, 0, -1));
	assert_int_equal(weight_of(id_of("a")), 100);
	answer = list(0);
	assert_in_range(json_integer_value(json_object_get(json_array_get(json_object_get(answer,
			"rules"), 0), "left_sec")), 1, 2);
	json_decref(answer);
	assert_true(boosts_due_ms(&boosts) <= now_ms + 2100);
	pass(1500);
	assert_int_equal(weight_of(id_of("a")), 100);
	pass(1000);
	assert_int_equal(weight_of(id_of("a")), 0);
	assert_int_equal(listed(0), 0);
}

static void write_config(const char *path, const char *format, ...)
{
	va_list args;
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	va_start(args, format);
	vfprintf(file, format, args);
	va_end(args);
	fclose(file);
}

static void test_reload(void **state)
{
	char path[] = "/tmp/qumun-boost-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	if (mount.fd < 0 || access(base, W_OK)) {
		close(fd);
		unlink(path);
		skip();
	}
	close(fd);
	make("a");
	make("b");
	opts.config_path = path;
	opts.config_given = true;
	start();
	write_config(path, "[boost x]\ntarget = %s\nweight = 300\n", at("a"));
	boosts_reload(&boosts, now_ms);
	assert_int_equal(weight_of(id_of("a")), 300);
	write_config(path, "[boost x]\ntarget = %s\nweight = 400\n[boost y]\ntarget = %s\n",
		     at("a"), at("b"));
	boosts_reload(&boosts, now_ms);
	assert_int_equal(weight_of(id_of("a")), 400);
	assert_int_equal(weight_of(id_of("b")), 4096);
	/* Wrong in one line, as a whole; and an option that is wrong. */
	write_config(path, "[boost y]\ntarget = %s\nweight = 5\n", at("b"));
	boosts_reload(&boosts, now_ms);
	write_config(path, "[options]\nslice-us = 5\n");
	boosts_reload(&boosts, now_ms);
	unlink(path);
	boosts_reload(&boosts, now_ms);
	assert_int_equal(weight_of(id_of("a")), 400);
	assert_int_equal(weight_of(id_of("b")), 4096);
	/* Of the file only: root's own word stays. */
	assert_int_equal(ask(0, ORDER_ADD, at("b"), 700, -1), 0);
	write_config(path, "\n");
	boosts_reload(&boosts, now_ms);
	unlink(path);
	assert_int_equal(weight_of(id_of("a")), 0);
	assert_int_equal(weight_of(id_of("b")), 700);
}

static void test_full_map(void **state)
{
	(void)state;
	need_cgroups();
	start();
	make("a");
	make("b");
	assert_int_equal(ask(0, ORDER_ADD, at("b"), 100, -1), 0);
	for (int i = 0; i < ROOM; i++)
		if (!table[i].id)
			table[i].id = 1000000 + i;
	assert_int_equal(ask(0, ORDER_ADD, at("a"), 100, -1), QUMUN_EXIT_CAPACITY);
	assert_non_null(strstr(message, "full"));
	assert_int_equal(listed(0), 1);
	assert_int_equal(weight_of(id_of("b")), 100);
	table[ROOM - 1].id = 0;
	assert_int_equal(ask(0, ORDER_ADD, at("a"), 100, -1), 0);
	assert_int_equal(weight_of(id_of("a")), 100);
}

static void test_tree(void **state)
{
	char own[32], cgroup[32], hint[64];

	(void)state;
	start();
	snprintf(own, sizeof(own), "pid:%d/tree", getpid());
	assert_int_equal(ask(0, ORDER_ADD, own, 2048, -1), 0);
	assert_int_equal(marked, 1);
	assert_int_equal(tree_table[0].weight, 2048);
	/* Another weight for the same tasks. */
	assert_int_equal(ask(0, ORDER_ADD, own, 512, -1), 0);
	assert_int_equal(marked, 1);
	assert_int_equal(tree_table[0].weight, 512);
	assert_int_equal(listed(0), 1);
	/* Its cgroup is another matter, as the message says to whom the boost belongs. */
	snprintf(cgroup, sizeof(cgroup), "pid:%d", getpid());
	snprintf(hint, sizeof(hint), "not boosted (%s is)", own);
	assert_int_equal(ask(0, ORDER_DEL, cgroup, 0, -1), QUMUN_EXIT_NOT_FOUND);
	assert_string_equal(message, hint);
	assert_int_equal(ask(1000, ORDER_DEL, cgroup, 0, -1), QUMUN_EXIT_NOT_FOUND);
	assert_string_equal(message, "no boost of yours (what root boosts only root removes)");
	assert_int_equal(ask(0, ORDER_DEL, "pid:1", 0, -1), QUMUN_EXIT_NOT_FOUND);
	assert_string_equal(message, "not boosted");
	assert_int_equal(ask(0, ORDER_DEL, own, 0, -1), 0);
	assert_int_equal(tree_table[0].weight, 0);
	assert_int_equal(ask(0, ORDER_ADD, own, 512, -1), 0);
	assert_int_equal(tree_table[0].generation, 2);
	if (!geteuid()) {
		assert_int_equal(ask(1000, ORDER_ADD, own, 512, -1), QUMUN_EXIT_PRIVILEGE);
		assert_non_null(strstr(message, "of another user"));
	}
	assert_int_equal(ask(0, ORDER_ADD, "pid:4194304/tree", 512, -1), QUMUN_EXIT_NOT_FOUND);
	assert_int_equal(listed(0), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_made_again), TEST(test_must_exist), TEST(test_waits),
		TEST(test_lost_events), TEST(test_rescan), TEST(test_root_asks),
		TEST(test_user_asks), TEST(test_gone_while_asked), TEST(test_time_is_over),
		TEST(test_reload), TEST(test_full_map), TEST(test_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
