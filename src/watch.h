/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the daemon does while the scheduler runs: it sleeps until a signal, the end of the
 * scheduler, something about cgroups, a request, or the next line of statistics.
 */
#ifndef QUMUN_WATCH_H
#define QUMUN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct boosts;
struct control_server;
struct loader;

/**
 * struct watch - signals and timers of the daemon
 * @signal_fd: SIGINT and SIGTERM arrive here, not as signals
 * @reload_fd: the same for SIGHUP; apart, since attaching waits for the other one
 * @stats_ms: interval of the statistics, 0 = none
 * @stopped: SIGINT or SIGTERM has come
 */
struct watch {
	int signal_fd;
	int reload_fd;
	uint64_t stats_ms;
	bool stopped;
};

/**
 * watch_init - block SIGINT, SIGTERM and SIGHUP from now on
 *
 * Returns 0, or an exit code after an error message.
 */
int watch_init(struct watch *watch, uint64_t stats_sec);

/**
 * watch_run - return when a signal asks to stop, or the kernel has ended the scheduler
 * @server: or NULL
 */
void watch_run(struct watch *watch, struct loader *loader, struct boosts *boosts,
	       struct control_server *server);

/** watch_stopped - a signal has asked to stop, even if nobody has waited since */
bool watch_stopped(struct watch *watch);

void watch_close(struct watch *watch);

#endif /* QUMUN_WATCH_H */
