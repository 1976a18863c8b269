// SPDX-License-Identifier: GPL-2.0-only
#include "control_server.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "exit_codes.h"
#include "log.h"
#include "util.h"

/* New connections in one go: whoever makes them faster waits, not the rest of the daemon. */
#define ACCEPT_MAX		8
#define ACCEPT_PAUSE_MS		20

/* When there are no descriptors left, say. */
#define ACCEPT_ERROR_PAUSE_MS	500

/* Users whose requests are counted at the same time. */
#define RATES_MAX 32

/* Room for descriptors in a message; the kernel drops those beyond. */
#define FDS_MAX 4

/* Descriptors of users that are not fit to be closed, see bury(): of each user, and in all. */
#define BURIED_PER_USER_MAX	4
#define BURIED_MAX		64

/**
 * struct client - a connection
 * @fd: or -1
 * @dir_fd: descriptor that came with the request that is being read, or -1
 * @bad_fd: what is wrong with the descriptors that came, or NULL
 * @in: what has come of a request
 * @out: what is left to send of the answer, from @out_at on; NULL when there is none
 * @closing: no more requests are read
 * @end_ms: when we lose patience
 */
struct client {
	int fd;
	uid_t uid;
	int dir_fd;
	const char *bad_fd;
	char *in;
	size_t in_len;
	char *out;
	size_t out_at;
	size_t out_len;
	bool closing;
	uint64_t end_ms;
};

/* Requests of a user in the second that began at @start_ms. */
struct rate {
	uid_t uid;
	uint64_t start_ms;
	unsigned int count;
};

/**
 * struct control_server - the socket and its clients
 * @accept_ms: no connection is accepted before
 * @buried: whose descriptors stay open for good
 */
struct control_server {
	int fd;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	control_handler handler;
	void *arg;
	uint64_t accept_ms;
	struct client clients[CONTROL_CLIENTS_MAX];
	struct rate rates[RATES_MAX];
	uid_t buried[BURIED_MAX];
	size_t nr_buried;
};

static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	unlink(path);
	/* Everybody may connect: who it is decides what is answered. */
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || chmod(path, 0666) ||
	    listen(fd, 64)) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

struct control_server *control_server_open(const char *path, control_handler handler, void *arg)
{
	struct control_server *server = calloc(1, sizeof(*server));
	int fd = server ? listen_at(path) : -ENOMEM;

	if (fd < 0) {
		log_warn("%s: %s; boosts cannot be changed while it runs", path, strerror(-fd));
		free(server);
		return NULL;
	}
	server->fd = fd;
	snprintf(server->path, sizeof(server->path), "%s", path);
	server->handler = handler;
	server->arg = arg;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		server->clients[i] = (struct client){ .fd = -1, .dir_fd = -1 };
	return server;
}

static void drop_request(struct client *client)
{
	if (client->dir_fd >= 0)
		close(client->dir_fd);
	client->dir_fd = -1;
	client->bad_fd = NULL;
}

static void drop_client(struct client *client)
{
	if (client->fd < 0)
		return;
	close(client->fd);
	drop_request(client);
	free(client->in);
	free(client->out);
	*client = (struct client){ .fd = -1, .dir_fd = -1 };
}

/* --- answers --- */

/* Takes over @answer, which may be NULL. */
static void give_answer(struct client *client, json_t *answer, uint64_t now_ms)
{
	char *text = NULL;

	if (answer && !json_object_set_new(answer, "v", json_integer(CONTROL_VERSION)))
		text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	client->out_len = text ? strlen(text) + 1 : 0;
	if (!text || client->out_len > CONTROL_ANSWER_MAX) {
		free(text);
		client->closing = true;
		return;
	}
	/* In the place of the NUL, which nobody needs any more. */
	text[client->out_len - 1] = '\n';
	client->out = text;
	client->out_at = 0;
	client->end_ms = now_ms + CONTROL_PATIENCE_MS;
}

static json_t *make_answer(int code, const char *message)
{
	return json_pack("{s:i, s:s}", "code", code, "message", message);
}

static void write_answer(struct client *client)
{
	ssize_t sent = send(client->fd, client->out + client->out_at,
			    client->out_len - client->out_at, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent < 0 && errno != EAGAIN && errno != EINTR) {
		client->closing = true;
		sent = client->out_len - client->out_at;
	}
	client->out_at += sent > 0 ? sent : 0;
	if (client->out_at < client->out_len)
		return;
	free(client->out);
	client->out = NULL;
}

/* --- requests --- */

static struct rate *find_rate(struct control_server *server, uid_t uid, uint64_t now_ms)
{
	struct rate *oldest = server->rates;

	for (struct rate *rate = server->rates; rate < server->rates + RATES_MAX; rate++) {
		if (rate->uid == uid && rate->count)
			return rate;
		if (rate->start_ms < oldest->start_ms)
			oldest = rate;
	}
	*oldest = (struct rate){ .uid = uid, .start_ms = now_ms };
	return oldest;
}

static bool is_too_fast(struct control_server *server, uid_t uid, uint64_t now_ms)
{
	struct rate *rate;

	if (!uid)
		return false;
	rate = find_rate(server, uid, now_ms);
	if (now_ms - rate->start_ms >= 1000)
		*rate = (struct rate){ .uid = uid, .start_ms = now_ms };
	return ++rate->count > CONTROL_PER_SECOND_MAX;
}

/* @order is the caller's, to be released. */
static json_t *answer_line(struct control_server *server, const struct client *client,
			   struct order *order, size_t len, uint64_t now_ms)
{
	char why[CONTROL_WHY_LEN];
	int code;

	if (is_too_fast(server, client->uid, now_ms))
		return make_answer(QUMUN_EXIT_CAPACITY, "too many requests (at most 20 a second)");
	if (client->bad_fd)
		return make_answer(QUMUN_EXIT_USAGE, client->bad_fd);
	code = order_parse(client->in, len, order, why);
	if (code)
		return make_answer(code, why);
	return server->handler(server->arg, order, client->uid, client->dir_fd);
}

/* A line is complete: answer it, and keep what has come of the next one. */
static void take_line(struct control_server *server, struct client *client, uint64_t now_ms)
{
	char *newline = client->in_len ? memchr(client->in, '\n', client->in_len) : NULL;
	struct order order = { 0 };
	size_t used;

	if (!newline) {
		if (client->in_len < CONTROL_REQUEST_MAX)
			return;
		client->closing = true;
		give_answer(client, make_answer(QUMUN_EXIT_USAGE, "request too long"), now_ms);
		return;
	}
	used = newline + 1 - client->in;
	give_answer(client, answer_line(server, client, &order, used - 1, now_ms), now_ms);
	order_free(&order);
	drop_request(client);
	client->in_len -= used;
	memmove(client->in, client->in + used, client->in_len);
}

/*
 * A file may be one of a file system in user space, whose owner lets close() wait for ever; only
 * where it was opened with O_PATH is the file system not asked. Others stay open, and whoever sends
 * several of them can send none any more.
 */
static void bury(struct control_server *server, uid_t uid)
{
	if (server->nr_buried < BURIED_MAX)
		server->buried[server->nr_buried++] = uid;
}

static bool may_send_fds(const struct control_server *server, uid_t uid)
{
	int count = 0;

	for (size_t i = 0; i < server->nr_buried; i++)
		count += server->buried[i] == uid;
	return !uid || (count < BURIED_PER_USER_MAX &&
			server->nr_buried + FDS_MAX <= BURIED_MAX);
}

static void take_fd(struct control_server *server, struct client *client, int fd)
{
	if (client->dir_fd >= 0)
		client->bad_fd = "more than one descriptor";
	if (!(fcntl(fd, F_GETFL) & O_PATH)) {
		client->bad_fd = "a descriptor that was not opened with O_PATH";
		if (client->uid) {
			bury(server, client->uid);
			return;
		}
	}
	if (client->bad_fd)
		close(fd);
	else
		client->dir_fd = fd;
}

static void take_fds(struct control_server *server, struct client *client,
		     struct msghdr *message)
{
	for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		size_t nr = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		int fds[FDS_MAX];

		if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(fds, CMSG_DATA(header), nr * sizeof(int));
		for (size_t i = 0; i < nr; i++)
			take_fd(server, client, fds[i]);
	}
}

static void read_request(struct control_server *server, struct client *client)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control;
	struct iovec data;
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t got;

	if (!client->in)
		client->in = malloc(CONTROL_REQUEST_MAX);
	if (!client->in) {
		client->closing = true;
		return;
	}
	if (may_send_fds(server, client->uid)) {
		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
	}
	data.iov_base = client->in + client->in_len;
	data.iov_len = CONTROL_REQUEST_MAX - client->in_len;
	got = recvmsg(client->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got > 0)
		take_fds(server, client, &message);
	if (got <= 0)
		client->closing = true;
	else
		client->in_len += got;
}

/* One step for one client; there may be more to do at once, or once its socket is ready. */
static void serve(struct control_server *server, struct client *client, uint64_t now_ms)
{
	if (!client->out && !client->closing)
		take_line(server, client, now_ms);
	if (!client->out && !client->closing) {
		read_request(server, client);
		take_line(server, client, now_ms);
	}
	if (client->out)
		write_answer(client);
	if ((!client->out && client->closing) || now_ms >= client->end_ms)
		drop_client(client);
}

/* --- connections --- */

static bool peer_uid(int fd, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return false;
	*uid = peer.uid;
	return true;
}

/* A place for one more client of this user, or NULL. */
static struct client *find_place(struct control_server *server, uid_t uid)
{
	int of_users = 0, of_this = 0;
	struct client *place = NULL;

	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct client *client = &server->clients[i];

		if (client->fd < 0) {
			place = client;
			continue;
		}
		of_users += client->uid != 0;
		of_this += client->uid == uid;
	}
	if (uid && (of_users >= CONTROL_USERS_MAX || of_this >= CONTROL_PER_USER_MAX))
		return NULL;
	return place;
}

static void refuse_connection(int fd)
{
	static const char text[] = "{\"v\":1,\"code\":8,\"message\":\"too many connections\"}\n";

	send(fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void welcome(struct control_server *server, int fd, uint64_t now_ms)
{
	struct client *client;
	uid_t uid;

	if (!peer_uid(fd, &uid)) {
		close(fd);
		return;
	}
	client = find_place(server, uid);
	if (!client) {
		refuse_connection(fd);
		return;
	}
	client->fd = fd;
	client->uid = uid;
	client->end_ms = now_ms + CONTROL_PATIENCE_MS;
}

static void accept_clients(struct control_server *server, uint64_t now_ms)
{
	if (now_ms < server->accept_ms)
		return;
	for (int i = 0; i < ACCEPT_MAX; i++) {
		int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				server->accept_ms = now_ms + ACCEPT_ERROR_PAUSE_MS;
			return;
		}
		welcome(server, fd, now_ms);
	}
	server->accept_ms = now_ms + ACCEPT_PAUSE_MS;
}

/* --- the daemon's loop --- */

int control_server_poll(const struct control_server *server, struct pollfd *fds, uint64_t now_ms)
{
	int nr = 0;

	if (!server)
		return 0;
	if (now_ms >= server->accept_ms)
		fds[nr++] = (struct pollfd){ .fd = server->fd, .events = POLLIN };
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		const struct client *client = &server->clients[i];

		if (client->fd >= 0)
			fds[nr++] = (struct pollfd){
				.fd = client->fd, .events = client->out ? POLLOUT : POLLIN,
			};
	}
	return nr;
}

uint64_t control_server_due_ms(const struct control_server *server, uint64_t now_ms)
{
	uint64_t due_ms = UINT64_MAX;

	if (server && server->accept_ms > now_ms)
		due_ms = server->accept_ms;
	for (int i = 0; server && i < CONTROL_CLIENTS_MAX; i++) {
		const struct client *client = &server->clients[i];

		if (client->fd < 0)
			continue;
		/* A line that came together with the one before. */
		if (!client->out && client->in_len && memchr(client->in, '\n', client->in_len))
			return 0;
		if (client->end_ms < due_ms)
			due_ms = client->end_ms;
	}
	return due_ms;
}

void control_server_work(struct control_server *server, uint64_t now_ms)
{
	if (!server)
		return;
	accept_clients(server, now_ms);
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (server->clients[i].fd >= 0)
			serve(server, &server->clients[i], now_ms);
}

void control_server_close(struct control_server *server)
{
	if (!server)
		return;
	for (int i = 0; i < CONTROL_CLIENTS_MAX; i++)
		drop_client(&server->clients[i]);
	unlink(server->path);
	close(server->fd);
	free(server);
}
