// SPDX-License-Identifier: GPL-2.0-only
/* units: src/control.c src/sched_ext.c src/control_server.c src/control_order.c src/util.c src/log.c */
/*
 * Both ends of the control socket in one program: the server is a child process, its handler says
 * what it has been asked.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control.h"
#include "control_order.h"
#include "control_server.h"
#include "exit_codes.h"
#include "log.h"
#include "util.h"

static char dir[] = "/tmp/qumun-control-XXXXXX";
static char path[64];
static pid_t server_pid;

/* --- lines --- */

static int parse(const char *line, struct order *order, char *why)
{
	int code = order_parse(line, strlen(line), order, why);

	if (code)
		order_free(order);
	return code;
}

static void test_orders(void **state)
{
	char why[CONTROL_WHY_LEN];
	struct order order;

	(void)state;
	assert_int_equal(parse("{\"v\":1,\"do\":\"add\",\"target\":\"container:web\"}", &order,
			       why), 0);
	assert_int_equal(order.kind, ORDER_ADD);
	assert_string_equal(order.target, "container:web");
	assert_int_equal(order.weight, 4096);
	assert_int_equal(order.for_sec, 0);
	order_free(&order);
	order_free(&order);
	assert_int_equal(parse(" {\"target\":\"x\",\"for_sec\":600,\"weight\":64,\"do\":\"del\","
			       "\"v\":1}", &order, why), 0);
	assert_int_equal(order.kind, ORDER_DEL);
	assert_int_equal(order.weight, 64);
	assert_int_equal(order.for_sec, 600);
	order_free(&order);
	assert_int_equal(parse("{\"v\":1,\"do\":\"list\"}", &order, why), 0);
	assert_int_equal(order.kind, ORDER_LIST);
	order_free(&order);
}

static void test_bad_orders(void **state)
{
	static const struct {
		const char *line;
		const char *message;
	} rows[] = {
		{ "", "not JSON" },
		{ "x", "not JSON" },
		{ "{", "not JSON" },
		{ "{\"v\":1,\"do\":\"list\"}{", "not JSON" },
		{ "{\"v\":1,\"v\":1,\"do\":\"list\"}", "the same key twice" },
		{ "[1]", "not an object" },
		{ "{}", "missing" },
		{ "{\"do\":\"list\"}", "missing" },
		{ "{\"v\":1}", "missing" },
		{ "{\"v\":2,\"do\":\"list\"}", "another version" },
		{ "{\"v\":\"1\",\"do\":\"list\"}", "another version" },
		{ "{\"v\":1,\"do\":\"drop\"}", "\"do\" is" },
		{ "{\"v\":1,\"do\":7}", "\"do\" is" },
		{ "{\"v\":1,\"do\":\"add\"}", "\"target\" is missing" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":7}", "no text" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\\u0000b\"}", "not JSON" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\",\"weight\":63}", "(64..16384)" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\",\"weight\":16385}", "(64..16384)" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\",\"weight\":4294971392}",
		  "(64..16384)" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\",\"weight\":100.5}", "(64..16384)" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\",\"weight\":\"100\"}", "(64..16384)" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\",\"for_sec\":0}", "(1..2678400)" },
		{ "{\"v\":1,\"do\":\"add\",\"target\":\"a\",\"x\\u001b\":0}", "unknown" },
	};
	char why[CONTROL_WHY_LEN];
	struct order order;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		assert_int_equal(parse(rows[i].line, &order, why), QUMUN_EXIT_USAGE);
		if (!strstr(why, rows[i].message))
			fail_msg("%s: expected %s, got %s", rows[i].line, rows[i].message, why);
		assert_true(text_is_printable(why));
	}
}

/* --- both ends --- */

/* "blob" asks for more than a socket holds. */
static json_t *handle(void *arg, const struct order *order, uid_t uid, int dir_fd)
{
	static char blob[3 << 20];
	struct stat st = { 0 };
	const char *text = order->target ? order->target : "";

	if (dir_fd >= 0 && fstat(dir_fd, &st))
		return NULL;
	if (!strcmp(text, "blob")) {
		memset(blob, 'b', sizeof(blob) - 1);
		text = blob;
	}
	return json_pack("{s:i, s:s, s:i, s:I, s:s}", "code", order->kind == ORDER_DEL ? 7 : 0,
			 "message", text, "uid", (int)uid, "inode", (json_int_t)st.st_ino,
			 "arg", (const char *)arg);
}

__attribute__((noreturn)) static void serve(void)
{
	struct control_server *server = control_server_open(path, handle, (char *)"arg");
	struct pollfd fds[CONTROL_POLL_MAX];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!server)
		_exit(1);
	for (;;) {
		uint64_t now_ms = monotonic_ms();
		uint64_t due_ms = control_server_due_ms(server, now_ms);
		int nr = control_server_poll(server, fds, now_ms);

		poll(fds, nr, due_ms <= now_ms ? 0 : due_ms - now_ms > 1000 ? 1000 :
		     (int)(due_ms - now_ms));
		control_server_work(server, monotonic_ms());
	}
}

static int start_server(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	server_pid = fork();
	if (!server_pid)
		serve();
	for (int i = 0; i < 1000 && access(path, F_OK); i++)
		usleep(5000);
	/* It is there a moment before it listens. */
	usleep(50000);
	return 0;
}

static int stop_server(void **state)
{
	(void)state;
	kill(server_pid, SIGKILL);
	waitpid(server_pid, NULL, 0);
	unlink(path);
	rmdir(dir);
	return 0;
}

static int ask(const char *kind, const char *target, int dir_fd, json_t **answer, char *why)
{
	json_t *request = json_pack("{s:s, s:s}", "do", kind, "target", target);
	int code = control_request_at(path, request, dir_fd, answer, why);

	json_decref(request);
	return code;
}

static void test_round_trip(void **state)
{
	char why[CONTROL_WHY_LEN];
	json_t *answer;
	struct stat st;
	int fd;

	(void)state;
	assert_int_equal(ask("add", "container:web", -1, &answer, why), 0);
	assert_string_equal(why, "container:web");
	assert_int_equal(json_integer_value(json_object_get(answer, "uid")), getuid());
	assert_int_equal(json_integer_value(json_object_get(answer, "inode")), 0);
	json_decref(answer);
	assert_int_equal(ask("del", "a\x1b[2Jb", -1, &answer, why), 7);
	assert_string_equal(why, "a\\x1b[2Jb");
	json_decref(answer);

	fd = open("/", O_PATH | O_DIRECTORY);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(ask("add", "x", fd, &answer, why), 0);
	assert_int_equal(json_integer_value(json_object_get(answer, "inode")), st.st_ino);
	json_decref(answer);
	close(fd);
}

/* Only what was opened with O_PATH can be closed without asking its file system. */
static void test_descriptors(void **state)
{
	char why[CONTROL_WHY_LEN];
	json_t *answer;
	int fd = open("/", O_RDONLY | O_DIRECTORY);

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(ask("add", "x", fd, &answer, why), QUMUN_EXIT_USAGE);
		assert_non_null(strstr(why, "O_PATH"));
		json_decref(answer);
		if (getuid() && i == 3)
			break;
	}
	close(fd);
	assert_int_equal(ask("add", "x", -1, &answer, why), 0);
	json_decref(answer);
}

static void test_large_answer(void **state)
{
	char why[CONTROL_WHY_LEN];
	json_t *answer;

	(void)state;
	assert_int_equal(ask("add", "blob", -1, &answer, why), 0);
	assert_int_equal(json_string_length(json_object_get(answer, "message")), (3 << 20) - 1);
	json_decref(answer);
}

static void test_large_request(void **state)
{
	static char text[CONTROL_REQUEST_MAX + 10];
	char why[CONTROL_WHY_LEN];
	json_t *answer;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	assert_int_equal(ask("add", text, -1, &answer, why), QUMUN_EXIT_USAGE);
	assert_null(answer);
}

static void test_nobody_listens(void **state)
{
	json_t *request = json_object(), *answer;
	char why[CONTROL_WHY_LEN];

	(void)state;
	assert_int_equal(control_request_at("/nowhere/sock", request, -1, &answer, why),
			 QUMUN_EXIT_NOT_FOUND);
	assert_non_null(strstr(why, "not running"));
	assert_null(answer);
	json_decref(request);
}

static int connect_raw(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* What comes back for @text within a second or so. */
static void exchange(int fd, const char *text, char *answer, size_t size)
{
	ssize_t got;

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	assert_true(wait_readable(fd, 2000));
	got = recv(fd, answer, size - 1, 0);
	answer[got > 0 ? got : 0] = '\0';
}

static void test_lines(void **state)
{
	char answer[4096];
	int fd = connect_raw(), lines = 0;

	(void)state;
	exchange(fd, "nonsense\n", answer, sizeof(answer));
	assert_non_null(strstr(answer, "\"code\":2"));
	/* Two lines at once, and the rest of one later. */
	exchange(fd, "{\"v\":1,\"do\":\"list\"}\n{\"v\":1,\"do\":\"list\"}\n{\"v\":1,", answer,
		 sizeof(answer));
	usleep(100000);
	for (const char *at = answer; (at = strchr(at, '\n')); at++)
		lines++;
	if (lines < 2)
		assert_true(recv(fd, answer, sizeof(answer), 0) > 0);
	exchange(fd, "\"do\":\"list\"}\n", answer, sizeof(answer));
	assert_non_null(strstr(answer, "\"code\":0"));
	close(fd);
}

static void test_too_long(void **state)
{
	static char text[CONTROL_REQUEST_MAX + 2];
	char answer[4096];
	int fd = connect_raw();

	(void)state;
	memset(text, ' ', sizeof(text) - 1);
	exchange(fd, text, answer, sizeof(answer));
	assert_non_null(strstr(answer, "too long"));
	close(fd);
}

/* Who says nothing is thrown out; who asks meanwhile gets an answer; the last places are full. */
static void test_silent(void **state)
{
	char why[CONTROL_WHY_LEN], byte;
	uint64_t start_ms = monotonic_ms();
	json_t *answer;
	int silent[4];

	(void)state;
	for (int i = 0; i < 3; i++) {
		silent[i] = connect_raw();
		assert_int_equal(send(silent[i], "{", 1, MSG_NOSIGNAL), 1);
	}
	assert_int_equal(ask("add", "x", -1, &answer, why), 0);
	json_decref(answer);
	assert_true(monotonic_ms() - start_ms < 2000);
	for (int i = 0; i < 3; i++) {
		assert_true(wait_readable(silent[i], 2 * CONTROL_PATIENCE_MS));
		assert_int_equal(recv(silent[i], &byte, 1, 0), 0);
		close(silent[i]);
	}
	assert_in_range(monotonic_ms() - start_ms, CONTROL_PATIENCE_MS - 100,
			2 * CONTROL_PATIENCE_MS);
}

static void test_crowd(void **state)
{
	int fds[CONTROL_CLIENTS_MAX + 8], refused = 0;
	char why[CONTROL_WHY_LEN], answer[256];
	json_t *reply;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = connect_raw();
	usleep(300000);
	for (size_t i = 0; i < ARRAY_SIZE(fds); i++) {
		if (recv(fds[i], answer, sizeof(answer), MSG_DONTWAIT) > 0)
			refused++;
		close(fds[i]);
	}
	/* Root has all places, others four each. */
	assert_int_equal(refused, ARRAY_SIZE(fds) - (getuid() ? CONTROL_PER_USER_MAX :
						     CONTROL_CLIENTS_MAX));
	usleep(100000);
	assert_int_equal(ask("add", "x", -1, &reply, why), 0);
	json_decref(reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_orders), cmocka_unit_test(test_bad_orders),
		cmocka_unit_test(test_nobody_listens), cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_large_answer), cmocka_unit_test(test_large_request),
		cmocka_unit_test(test_lines), cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_silent), cmocka_unit_test(test_crowd),
	};

	log_init();
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
