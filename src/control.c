// SPDX-License-Identifier: GPL-2.0-only
#include "control.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "exit_codes.h"
#include "sched_ext.h"
#include "util.h"

/* The daemon answers within milliseconds; on a machine that is full, it takes its turn. */
#define ANSWER_MS 10000

__attribute__((format(printf, 3, 4)))
static int explain(int code, char *why, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(why, CONTROL_WHY_LEN, fmt, args);
	va_end(args);
	return code;
}

static int explain_errno(char *why, const char *what)
{
	return explain(QUMUN_EXIT_ENVIRONMENT, why, "control socket: %s: %s", what,
		       strerror(errno));
}

/* Where nobody listens. */
static const char *what_helps(void)
{
	if (!sched_ext_exists())
		return "no sched_ext is to be seen here";
	if (sched_ext_enabled())
		return "scx_qumun status says who schedules";
	return "sudo scx_qumun starts it";
}

/* Returns an exit code; @fd is the connection. */
static int connect_to(const char *path, int *fd, char *why)
{
	struct timeval patience = { .tv_sec = ANSWER_MS / 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return explain(QUMUN_EXIT_ENVIRONMENT, why, "control socket: path too long");
	strcpy(address.sun_path, path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return explain_errno(why, "socket");
	/* Also for connect(): a daemon that is stopped lets its queue run full. */
	setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (!connect(*fd, (struct sockaddr *)&address, sizeof(address)))
		return 0;
	if (errno == ENOENT || errno == ECONNREFUSED)
		return explain(QUMUN_EXIT_NOT_FOUND, why,
			       "scx_qumun is not running (nothing listens at %s; %s)", path,
			       what_helps());
	if (errno == EACCES || errno == EPERM)
		return explain(QUMUN_EXIT_PRIVILEGE, why, "%s: %s", path, strerror(errno));
	if (errno == EAGAIN)
		return explain(QUMUN_EXIT_ENVIRONMENT, why, "scx_qumun does not answer");
	return explain_errno(why, "connect");
}

/* The descriptor travels with the first byte. */
static ssize_t send_first(int fd, const char *line, size_t len, int dir_fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct iovec data = { .iov_base = (char *)line, .iov_len = len };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	struct cmsghdr *header;

	if (dir_fd >= 0) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &dir_fd, sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int send_line(int fd, const char *line, int dir_fd, char *why)
{
	size_t len = strlen(line);

	while (len) {
		ssize_t sent = send_first(fd, line, len, dir_fd);

		if (sent < 0 && errno == EINTR)
			continue;
		/* It may have said why before it closed the connection: read on. */
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (sent < 0)
			return explain_errno(why, "send");
		line += sent;
		len -= sent;
		dir_fd = -1;
	}
	return 0;
}

/* Reads up to a newline. @line is to be freed, also after errors. */
static int read_line(int fd, char **line, char *why)
{
	uint64_t end_ms = monotonic_ms() + ANSWER_MS;
	size_t used = 0, size = 0;

	for (;;) {
		struct pollfd pollfd = { .fd = fd, .events = POLLIN };
		uint64_t now = monotonic_ms();
		ssize_t got;

		if (used == size) {
			char *larger = realloc(*line, size = size ? 2 * size : 4096);

			if (!larger)
				return explain_errno(why, "memory");
			*line = larger;
		}
		if (now >= end_ms || poll(&pollfd, 1, (int)(end_ms - now)) == 0)
			return explain(QUMUN_EXIT_ENVIRONMENT, why, "scx_qumun does not answer");
		got = recv(fd, *line + used, size - used, MSG_DONTWAIT);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return explain_errno(why, "receive");
		if (got && memchr(*line + used, '\n', got)) {
			*(char *)memchr(*line + used, '\n', got) = '\0';
			return 0;
		}
		used += got;
		if (!got || used > CONTROL_ANSWER_MAX)
			return explain(QUMUN_EXIT_ENVIRONMENT, why,
				       "scx_qumun has ended the connection without an answer");
	}
}

/* Returns the code of the answer, with its message in @why. */
static int judge(const char *line, json_t **answer, char *why)
{
	const char *message = NULL;
	json_error_t error;
	int code = -1;

	*answer = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	if (*answer)
		json_unpack(*answer, "{s:i, s?s}", "code", &code, "message", &message);
	if (code < 0 || code > 255) {
		json_decref(*answer);
		*answer = NULL;
		return explain(QUMUN_EXIT_ENVIRONMENT, why, "scx_qumun answers in a way that "
			       "this one does not understand (is it of another version?)");
	}
	escape_text(why, CONTROL_WHY_LEN, message ? message : "");
	return code;
}

int control_request_at(const char *path, json_t *request, int dir_fd, json_t **answer, char *why)
{
	char *line = NULL, *text = NULL;
	int fd = -1, code;

	*answer = NULL;
	*why = '\0';
	json_object_set_new(request, "v", json_integer(CONTROL_VERSION));
	text = json_dumps(request, JSON_COMPACT);
	if (!text || strlen(text) + 1 >= CONTROL_REQUEST_MAX) {
		free(text);
		return explain(QUMUN_EXIT_USAGE, why, "request too long, or not UTF-8");
	}
	code = connect_to(path, &fd, why);
	if (!code)
		code = send_line(fd, text, dir_fd, why);
	if (!code)
		code = send_line(fd, "\n", -1, why);
	if (!code)
		code = read_line(fd, &line, why);
	if (!code)
		code = judge(line, answer, why);
	if (fd >= 0)
		close(fd);
	free(line);
	free(text);
	return code;
}

int control_request(json_t *request, int dir_fd, json_t **answer, char *why)
{
	return control_request_at(CONTROL_SOCKET, request, dir_fd, answer, why);
}

int control_probe(char *why)
{
	int fd = -1;
	int code = connect_to(CONTROL_SOCKET, &fd, why);

	if (fd >= 0)
		close(fd);
	return code;
}
