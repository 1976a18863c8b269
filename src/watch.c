// SPDX-License-Identifier: GPL-2.0-only
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "boost.h"
#include "control_server.h"
#include "exit_codes.h"
#include "loader.h"
#include "log.h"
#include "notify.h"
#include "stats.h"
#include "util.h"

/* Look now and then after an end of the scheduler whose event was lost. */
#define HOUSEKEEPING_MS 5000

/* The descriptors of our own in front of those of the control socket. */
enum { POLL_SIGNAL, POLL_RELOAD, POLL_EVENTS, NR_POLL };

static int block_signals(const int *signals, int nr)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (int i = 0; i < nr; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		log_error("signalfd: %s", strerror(errno));
	return fd;
}

int watch_init(struct watch *watch, uint64_t stats_sec)
{
	static const int stop[] = { SIGINT, SIGTERM }, reload[] = { SIGHUP };

	watch->stats_ms = stats_sec * 1000;
	watch->stopped = false;
	watch->signal_fd = block_signals(stop, ARRAY_SIZE(stop));
	watch->reload_fd = block_signals(reload, ARRAY_SIZE(reload));
	return watch->signal_fd < 0 || watch->reload_fd < 0 ? QUMUN_EXIT_ENVIRONMENT : 0;
}

static bool take_signals(int fd)
{
	struct signalfd_siginfo info;
	bool any = false;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		any = true;
	return any;
}

bool watch_stopped(struct watch *watch)
{
	watch->stopped |= take_signals(watch->signal_fd);
	return watch->stopped;
}

/* Whoever reads our lines may have stopped to: then we must not wait for it. */
static bool stdout_takes_a_line(void)
{
	struct pollfd pollfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return poll(&pollfd, 1, 0) > 0;
}

static void print_stats(struct loader *loader, struct stats *before)
{
	struct stats now, delta;

	if (!stdout_takes_a_line() || loader_read_stats(loader, &now))
		return;
	delta = stats_delta(before, &now);
	stats_print_line(stdout, &delta);
	*before = now;
}

static void reload(struct boosts *boosts, uint64_t now_ms)
{
	notify_reloading();
	boosts_reload(boosts, now_ms);
	notify_ready();
}

/* At even distances; after a pause of ours, not one line for each that was missed. */
static uint64_t next_line_due_ms(const struct watch *watch, uint64_t due_ms)
{
	uint64_t next_ms = due_ms + watch->stats_ms, now = monotonic_ms();

	return next_ms > now ? next_ms : now + watch->stats_ms;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Sleep until something happens, but not beyond @due_ms. */
static void wait_for_work(const struct watch *watch, const struct loader *loader,
			  const struct control_server *server, uint64_t due_ms)
{
	struct pollfd fds[NR_POLL + CONTROL_POLL_MAX] = {
		[POLL_SIGNAL] = { .fd = watch->signal_fd, .events = POLLIN },
		[POLL_RELOAD] = { .fd = watch->reload_fd, .events = POLLIN },
		[POLL_EVENTS] = { .fd = loader_event_fd(loader), .events = POLLIN },
	};
	uint64_t now_ms = monotonic_ms();
	int nr = NR_POLL + control_server_poll(server, fds + NR_POLL, now_ms);

	due_ms = earlier(due_ms, control_server_due_ms(server, now_ms));
	poll(fds, nr, due_ms > now_ms ? (int)(due_ms - now_ms) : 0);
}

void watch_run(struct watch *watch, struct loader *loader, struct boosts *boosts,
	       struct control_server *server)
{
	uint64_t now_ms = monotonic_ms(), stats_due_ms = now_ms + watch->stats_ms;
	struct stats before = { .wait_max_ns = 0 };

	while (!watch_stopped(watch) && !loader_exited(loader)) {
		uint64_t due_ms = earlier(now_ms + HOUSEKEEPING_MS, boosts_due_ms(boosts));

		wait_for_work(watch, loader, server,
			      watch->stats_ms ? earlier(due_ms, stats_due_ms) : due_ms);
		now_ms = monotonic_ms();
		if (watch->stats_ms && now_ms >= stats_due_ms) {
			print_stats(loader, &before);
			stats_due_ms = next_line_due_ms(watch, stats_due_ms);
		}
		if (take_signals(watch->reload_fd))
			reload(boosts, now_ms);
		boosts_work(boosts, now_ms);
		control_server_work(server, now_ms);
	}
}

void watch_close(struct watch *watch)
{
	if (watch->signal_fd >= 0)
		close(watch->signal_fd);
	if (watch->reload_fd >= 0)
		close(watch->reload_fd);
}
