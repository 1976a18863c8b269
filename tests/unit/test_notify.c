// SPDX-License-Identifier: GPL-2.0-only
/* units: src/notify.c src/log.c */
/* What the service manager is told, and over which sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"

static char text[256];

/* A manager that listens at @name. */
static int listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	size_t len = strlen(name);

	memcpy(address.sun_path, name, len);
	if (*name == '@')
		address.sun_path[0] = '\0';
	else
		len++;
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
			      offsetof(struct sockaddr_un, sun_path) + len), 0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

static const char *heard(int fd)
{
	ssize_t got = recv(fd, text, sizeof(text) - 1, 0);

	text[got > 0 ? got : 0] = '\0';
	return text;
}

static void check_states(int fd)
{
	notify_ready();
	assert_memory_equal(heard(fd), "READY=1\n", 8);
	notify_reloading();
	assert_memory_equal(heard(fd), "RELOADING=1\nMONOTONIC_USEC=", 27);
	assert_true(strtoull(text + 27, NULL, 10) > 0);
	notify_stopping();
	assert_memory_equal(heard(fd), "STOPPING=1\n", 11);
	assert_int_equal(notify_send("X=1"), 0);
	assert_string_equal(heard(fd), "X=1");
	assert_string_equal(heard(fd), "");
}

static void test_path(void **state)
{
	char dir[] = "/tmp/qumun-notify-XXXXXX", path[64];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/notify", dir);
	fd = listen_at(path);
	check_states(fd);
	close(fd);
	assert_int_equal(notify_send("X=1"), -ECONNREFUSED);
	unlink(path);
	assert_int_equal(notify_send("X=1"), -ENOENT);
	rmdir(dir);
}

static void test_abstract(void **state)
{
	char name[64];
	int fd;

	(void)state;
	snprintf(name, sizeof(name), "@qumun-notify-%d", getpid());
	fd = listen_at(name);
	check_states(fd);
	close(fd);
}

/* Nobody reads: a stopped manager must not stop the scheduler. */
static void test_full(void **state)
{
	char name[64];
	int fd, err = 0;

	(void)state;
	snprintf(name, sizeof(name), "@qumun-notify-full-%d", getpid());
	fd = listen_at(name);
	for (int i = 0; !err && i < 100000; i++)
		err = notify_send("X=1");
	assert_int_equal(err, -EAGAIN);
	close(fd);
}

static void test_names(void **state)
{
	char name[200];

	(void)state;
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(notify_send("X=1"), 0);
	setenv("NOTIFY_SOCKET", "", 1);
	assert_int_equal(notify_send("X=1"), 0);
	setenv("NOTIFY_SOCKET", "@", 1);
	assert_int_equal(notify_send("X=1"), -EINVAL);
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_int_equal(notify_send("X=1"), -EINVAL);
	setenv("NOTIFY_SOCKET", "vsock:2:1234", 1);
	assert_int_equal(notify_send("X=1"), -EINVAL);
	memset(name, 'x', sizeof(name) - 1);
	name[0] = '/';
	name[sizeof(name) - 1] = '\0';
	setenv("NOTIFY_SOCKET", name, 1);
	assert_int_equal(notify_send("X=1"), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_abstract),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
