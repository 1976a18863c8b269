/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's end of the control socket: connections, lines, limits. What a request means is for
 * its handler; the protocol is in control.h.
 *
 * Anybody may connect. So nobody is waited for: sockets do not block, a client that is silent or
 * does not read loses its connection, and each user has few connections and few requests a second.
 */
#ifndef QUMUN_CONTROL_SERVER_H
#define QUMUN_CONTROL_SERVER_H

#include <jansson.h>
#include <poll.h>
#include <stdint.h>
#include <sys/types.h>

#include "control_order.h"

/* Connections at the same time, in all; and of each user but root. Root always has some left. */
#define CONTROL_CLIENTS_MAX	16
#define CONTROL_USERS_MAX	12
#define CONTROL_PER_USER_MAX	4

/* How long a client may take for its request, and to read the answer. */
#define CONTROL_PATIENCE_MS	5000

/* Requests of each user but root. */
#define CONTROL_PER_SECOND_MAX	20

/**
 * control_handler - answer a request
 * @uid: who asks, as the kernel says
 * @dir_fd: descriptor that came with it, or -1; closed afterwards
 *
 * Returns the answer, a new reference, without "v"; NULL without memory.
 */
typedef json_t *(*control_handler)(void *arg, const struct order *order, uid_t uid, int dir_fd);

struct control_server;

/**
 * control_server_open - listen
 * @path: what is there is replaced: call with the instance lock held
 *
 * Returns NULL after a warning: the scheduler does without.
 */
struct control_server *control_server_open(const char *path, control_handler handler, void *arg);

/* Descriptors for poll(). */
#define CONTROL_POLL_MAX (1 + CONTROL_CLIENTS_MAX)

/** control_server_poll - what to wait for; returns how many of @fds; NULL as server is fine */
int control_server_poll(const struct control_server *server, struct pollfd *fds, uint64_t now_ms);

/** control_server_due_ms - when control_server_work() has something to do in any case */
uint64_t control_server_due_ms(const struct control_server *server, uint64_t now_ms);

/** control_server_work - accept, read, answer, write, give up on; never blocks */
void control_server_work(struct control_server *server, uint64_t now_ms);

/** control_server_close - stop listening and remove the socket; NULL is fine */
void control_server_close(struct control_server *server);

#endif /* QUMUN_CONTROL_SERVER_H */
