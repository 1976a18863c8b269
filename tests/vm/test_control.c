// SPDX-License-Identifier: GPL-2.0-only
/* The control socket: who may do what, and what nobody can do to the scheduler with it. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

#define SOCKET	"/run/scx_qumun/control.sock"
#define USER	1000
#define OWN	CGROUP_ROOT "/vmtest/own"

#define ADD(target) "{\"v\":1,\"do\":\"add\",\"target\":\"" target "\"}\n"

static struct daemon daemon1;

static void check_user(int code, const char *part, const char *const *args)
{
	static char out[262144];
	int got = boost(USER, out, sizeof(out), args);

	CHECK(got == code && strstr(out, part),
	      "as user: boost %s %s: exit code %d, expected %d: %.500s", args[0],
	      args[1] ? args[1] : "", got, code, out);
}

static int connect_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -errno;
	}
	return fd;
}

static void send_with_fd(int fd, const char *text, int dir_fd)
{
	char space[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec data = { .iov_base = (char *)text, .iov_len = strlen(text) };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (dir_fd >= 0) {
		message.msg_control = space;
		message.msg_controllen = sizeof(space);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &dir_fd, sizeof(int));
	}
	sendmsg(fd, &message, MSG_NOSIGNAL);
}

/* How check_raw() opens the directory that it sends. */
static int raw_flags = O_PATH;

/* What a client that does not keep to the rules is told, as user @uid. Root opens @path for it. */
static void check_raw(uid_t uid, const char *request, const char *path, const char *part)
{
	int fds[2], dir_fd = path ? open(path, raw_flags | O_DIRECTORY) : -1;
	char answer[4096];
	ssize_t got;

	CHECK(!pipe(fds), "pipe");
	if (!fork()) {
		int fd;

		if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) ||
			    setresuid(uid, uid, uid)))
			_exit(1);
		fd = connect_socket();
		send_with_fd(fd, request, dir_fd);
		got = recv(fd, answer, sizeof(answer), 0);
		if (got > 0 && write(fds[1], answer, got) != got)
			_exit(1);
		_exit(0);
	}
	close(fds[1]);
	got = read(fds[0], answer, sizeof(answer) - 1);
	answer[got > 0 ? got : 0] = '\0';
	CHECK(strstr(answer, part), "%.200s: answer %s, expected %s", request, answer, part);
	close(fds[0]);
	if (dir_fd >= 0)
		close(dir_fd);
	wait(NULL);
}

VM_TEST(control_user, .about = "a user may boost own cgroups, and no others, up to the caps")
{
	char path[128];

	cg_create(OWN "/a/b");
	cg_create(BOOSTED);
	CHECK(!chown(OWN, USER, USER) && !chown(OWN "/a", USER, USER), "chown");
	daemon_start(&daemon1, ARGS("--user-rules-max=3"));

	/* The client says it, and so does the daemon to a client that does not care. */
	check_user(4, "belongs to root", ARGS("add", BOOSTED));
	check_user(4, "belongs to root", ARGS("add", OWN "/a/b"));
	check_raw(USER, ADD(OWN), BOOSTED, "\"code\":4");
	check_raw(USER, ADD(OWN), CGROUP_ROOT, "\"code\":7");
	check_raw(USER, ADD(BOOSTED), NULL, "\"code\":2");
	check_raw(USER, ADD(OWN), "/tmp", "\"code\":7");
	/* Such a descriptor may be one that cannot be closed. After four nobody looks at them. */
	raw_flags = O_RDONLY;
	for (int i = 0; i < 4; i++)
		check_raw(USER + 1, ADD(OWN), OWN, "O_PATH");
	raw_flags = O_PATH;
	check_raw(USER + 1, ADD(OWN), OWN, "a descriptor of the cgroup has to come with it");
	CHECK(map_count() == 0, "something is boosted");

	check_user(4, "at most 4096", ARGS("add", OWN, "--weight=4097"));
	check_user(0, OWN, ARGS("add", OWN, "--weight=4096"));
	CHECK(map_weight(cg_id(OWN)) == 4096, "the own one is not boosted");
	check_user(0, OWN, ARGS("add", OWN, "--weight=2048"));
	CHECK(map_weight(cg_id(OWN)) == 2048, "its weight has not changed");

	/* Three rules, and no fourth one; but the third may change. */
	check_user(0, "", ARGS("add", OWN "/a"));
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), OWN "/n%d", i);
		cg_create(path);
		CHECK(!chown(path, USER, USER), "chown");
		check_user(i ? 8 : 0, i ? "at most 3" : "", ARGS("add", path));
	}
	check_user(0, "", ARGS("add", OWN "/a", "--weight=100"));
	CHECK(map_count() == 3, "%d entries", map_count());

	/* Root's rules: neither seen nor removed by users; and they win. */
	check_boost(0, "", ARGS("add", OWN "/a", "--weight=9000"));
	CHECK(map_weight(cg_id(OWN "/a")) == 9000, "root's rule does not win");
	check_boost(0, "", ARGS("add", BOOSTED));
	check_user(7, "no boost of yours (what root boosts only root removes)", ARGS("del", BOOSTED));
	check_user(0, "", ARGS("del", OWN "/a"));
	CHECK(map_weight(cg_id(OWN "/a")) == 9000, "a user has removed root's rule");
	check_user(0, "\"rules\":[{", ARGS("list", "--json"));
	CHECK(map_weight(cg_id(BOOSTED)) == 4096, "a user has removed root's boost");

	/* The rule ends with the cgroup. */
	cg_remove(OWN "/n0");
	sleep_ms(1500);
	check_user(0, "", ARGS("list"));
	CHECK(map_count() == 3, "%d entries in the end, not 3", map_count());
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(control_user_off, .about = "--user-weight-max=0: only root may boost")
{
	cg_create(OWN);
	CHECK(!chown(OWN, USER, USER), "chown");
	daemon_start(&daemon1, ARGS("--user-weight-max=0"));
	check_user(4, "only root", ARGS("add", OWN));
	check_user(0, "", ARGS("list"));
	check_boost(0, "", ARGS("add", OWN));
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(control_user_tree, .about = "a user may boost own processes, and no others")
{
	pid_t own = fork(), others;
	char pid[32];

	if (!own) {
		if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
			_exit(1);
		execl("/bin/sleep", "sleep", "1000", NULL);
		pause();
	}
	others = fork();
	if (!others)
		pause();
	daemon_start(&daemon1, NO_ARGS);
	snprintf(pid, sizeof(pid), "pid:%d", others);
	check_user(4, "of another user", ARGS("add", pid, "--tree"));
	snprintf(pid, sizeof(pid), "pid:%d", own);
	check_user(0, pid, ARGS("add", pid, "--tree"));
	check_user(4, "at most 4096", ARGS("add", pid, "--tree", "--weight=8192"));
	check_user(0, "no longer", ARGS("del", pid, "--tree"));
	kill(own, SIGKILL);
	kill(others, SIGKILL);
	daemon_stop(&daemon1);
}

VM_TEST(control_restart, .about = "kill -9 leaves a socket behind; the next start replaces it")
{
	int code;

	cg_create(BOOSTED);
	check_boost(7, "not running", ARGS("list"));
	daemon_start(&daemon1, NO_ARGS);
	check_boost(0, "", ARGS("add", BOOSTED));
	kill(daemon1.pid, SIGKILL);
	code = daemon_wait(&daemon1, 30000);
	CHECK(code == 137, "exit code %d", code);
	CHECK(!access(SOCKET, F_OK), "no socket is left behind: nothing to test");
	check_boost(7, "not running", ARGS("list"));
	daemon_start(&daemon1, NO_ARGS);
	check_boost(0, "\"rules\":[]", ARGS("list", "--json"));
	check_boost(0, "", ARGS("add", BOOSTED));
	daemon_stop(&daemon1);
	CHECK(access(SOCKET, F_OK), "the socket is left behind");
	check_boost(7, "sudo scx_qumun starts it", ARGS("add", BOOSTED));
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(control_rude, .about = "silent, greedy and mad clients hold up nobody")
{
	static char noise[70000];
	int fds[64], nr = 0, open_fds = 0;
	uint64_t start;

	cg_create(BOOSTED);
	daemon_start(&daemon1, ARGS("--stats", "1"));
	/* As a user: 12 connections at most, 4 of each; root still gets through. */
	if (!fork()) {
		if (setresgid(USER, USER, USER) || setresuid(USER, USER, USER))
			_exit(1);
		for (nr = 0; nr < 64; nr++)
			fds[nr] = connect_socket();
		for (int i = 0; i < nr; i++)
			send(fds[i], "{\"v\":1,", 7, MSG_NOSIGNAL | MSG_DONTWAIT);
		sleep_ms(60000);
		_exit(0);
	}
	sleep_ms(1000);
	start = now_ns();
	check_boost(0, BOOSTED, ARGS("add", BOOSTED));
	note("root's request took %.0f ms beside silent ones", (now_ns() - start) / 1e6);

	/* Too long, no JSON, nothing at all, and never read. */
	memset(noise, 'x', sizeof(noise));
	for (int i = 0; i < 8; i++) {
		fds[i] = connect_socket();
		open_fds += fds[i] >= 0;
		send(fds[i], noise, sizeof(noise), MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	check_raw(0, "{\"v\":1,\"do\":\"list\"}{\n", NULL, "\"code\":2");
	check_raw(0, "{\"v\":2,\"do\":\"list\"}\n", NULL, "\"code\":2");
	check_raw(0, "[[[[[[\n", NULL, "\"code\":2");
	check_raw(0, ADD("container:\\u001b[2J"), NULL, "\"code\":2");
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	CHECK(open_fds, "no connection was made");
	for (int i = 0; i < 30; i++)
		check_boost(0, "", ARGS("list"));
	CHECK(scx_is("enabled"), "the scheduler has ended: %s", daemon1.err);
	daemon_read(&daemon1);
	CHECK(strstr(daemon1.out, "switches="), "no statistics: %s", daemon1.out);
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}
