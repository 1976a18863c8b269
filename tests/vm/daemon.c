// SPDX-License-Identifier: GPL-2.0-only
/* Starting and stopping the daemon, and other programs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

#define MAX_ARGS 64

/* Emulated machines are slow, and several run at once. */
#define START_MS 120000
#define STOP_MS 30000

void daemon_spawn(struct daemon *d, const char *const *args)
{
	const char *argv[MAX_ARGS + 2] = { DAEMON };
	int out[2], err[2];

	memset(d, 0, sizeof(*d));
	for (int i = 0; i < MAX_ARGS && args[i]; i++)
		argv[i + 1] = args[i];
	CHECK(!pipe2(out, O_CLOEXEC) && !pipe2(err, O_CLOEXEC), "pipe: %s", strerror(errno));
	d->pid = fork();
	CHECK(d->pid >= 0, "fork: %s", strerror(errno));
	if (!d->pid) {
		dup2(out[1], 1);
		dup2(err[1], 2);
		execv(DAEMON, (char **)argv);
		_exit(127);
	}
	close(out[1]);
	close(err[1]);
	d->out_fd = out[0];
	d->err_fd = err[0];
	fcntl(d->out_fd, F_SETFL, O_NONBLOCK);
	fcntl(d->err_fd, F_SETFL, O_NONBLOCK);
}

static void read_into(int fd, char *text, size_t size)
{
	size_t len = strlen(text);
	ssize_t got;

	while (len < size - 1 && (got = read(fd, text + len, size - 1 - len)) > 0)
		len += got;
	text[len] = '\0';
}

void daemon_read(struct daemon *d)
{
	read_into(d->out_fd, d->out, sizeof(d->out));
	read_into(d->err_fd, d->err, sizeof(d->err));
}

/* "boost map:" is the last line of the start report. */
void daemon_start(struct daemon *d, const char *const *args)
{
	uint64_t end = now_ns() + START_MS * 1000000ULL;
	int code;

	daemon_spawn(d, args);
	do {
		code = daemon_wait(d, 20);
		CHECK(code < 0, "the daemon ended with %d: %s", code, d->err);
		CHECK(now_ns() < end, "the daemon does not get ready: %s", d->err);
	} while (!strstr(d->err, "boost map:"));
	CHECK(scx_is("enabled"), "the daemon says it runs, the kernel does not");
	CHECK(!strcmp(scx_ops(), "scx_qumun"), "root/ops is \"%s\"", scx_ops());
}

int daemon_wait(struct daemon *d, unsigned int ms)
{
	uint64_t end = now_ns() + ms * 1000000ULL;
	int status = 0;

	for (;;) {
		pid_t pid = waitpid(d->pid, &status, WNOHANG);

		daemon_read(d);
		if (pid == d->pid)
			break;
		CHECK(pid == 0, "waitpid: %s", strerror(errno));
		if (now_ns() >= end)
			return -1;
		sleep_ms(10);
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

void daemon_stop(struct daemon *d)
{
	int code;

	kill(d->pid, SIGTERM);
	code = daemon_wait(d, STOP_MS);
	CHECK(code == 0, "after SIGTERM: exit code %d, expected 0: %s", code, d->err);
	CHECK(scx_is("disabled"), "the daemon has ended, the scheduler has not");
	CHECK(access(PIN_DIR, F_OK), PIN_DIR " is left behind");
}

int run_command(char *out, size_t size, const char *const *argv)
{
	int fds[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	CHECK(!pipe2(fds, O_CLOEXEC), "pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execv(argv[0], (char **)argv);
		_exit(127);
	}
	close(fds[1]);
	while (len < size - 1 && (got = read(fds[0], out + len, size - 1 - len)) > 0)
		len += got;
	out[len] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
