/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the service manager where a run stands, as sd_notify(3) does: one datagram to the socket
 * that $NOTIFY_SOCKET names. That is no reason to be linked with libsystemd.
 */
#ifndef QUMUN_NOTIFY_H
#define QUMUN_NOTIFY_H

/**
 * notify_send - tell the service manager
 * @state: lines as in sd_notify(3), as "READY=1"
 *
 * $NOTIFY_SOCKET is the path of a socket, or, with '@' in the place of the first character, an
 * abstract name. Returns 0, also when nobody wants to know; or a negative errno. Never waits.
 */
int notify_send(const char *state);

/** notify_ready - the scheduler is in charge, or goes on after a reload */
void notify_ready(void);

/** notify_reloading - the config file is being read again; notify_ready() has to follow */
void notify_reloading(void);

/** notify_stopping - the end has begun, on request */
void notify_stopping(void);

#endif /* QUMUN_NOTIFY_H */
