// SPDX-License-Identifier: GPL-2.0-only
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "boost.h"
#include "exit_codes.h"
#include "loader.h"
#include "log.h"
#include "stats.h"

/*
 * Now and then look after removed cgroups, and after an end of the scheduler
 * whose event was lost. An entry of a removed cgroup does no harm, since ids
 * are not reused; it only takes a place in the map.
 */
#define HOUSEKEEPING_MS 5000

/* When the next line of statistics and the next housekeeping are due. */
struct schedule {
	uint64_t stats_due_ms;
	uint64_t housekeeping_due_ms;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ULL + now.tv_nsec / 1000000;
}

int watch_init(struct watch *watch, uint64_t stats_sec)
{
	sigset_t signals;

	/* A terminal that is closed is no reason to change the scheduler. */
	signal(SIGHUP, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	watch->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (watch->signal_fd < 0) {
		log_error("signalfd: %s", strerror(errno));
		return QUMUN_EXIT_ENVIRONMENT;
	}
	watch->stats_ms = stats_sec * 1000;
	watch->stopped = false;
	return 0;
}

bool watch_stopped(struct watch *watch)
{
	struct signalfd_siginfo info;

	while (read(watch->signal_fd, &info, sizeof(info)) == sizeof(info))
		watch->stopped = true;
	return watch->stopped;
}

static int time_left_ms(uint64_t due_ms, uint64_t now)
{
	return due_ms > now ? (int)(due_ms - now) : 0;
}

static int next_timeout(const struct watch *watch, const struct schedule *next)
{
	uint64_t now = now_ms();
	int housekeeping = time_left_ms(next->housekeeping_due_ms, now);
	int stats = time_left_ms(next->stats_due_ms, now);

	return watch->stats_ms && stats < housekeeping ? stats : housekeeping;
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

/* At even distances; after a pause of ours, not one line for each that was missed. */
static uint64_t next_line_due_ms(const struct watch *watch, uint64_t due_ms)
{
	uint64_t next_ms = due_ms + watch->stats_ms, now = now_ms();

	return next_ms > now ? next_ms : now + watch->stats_ms;
}

void watch_run(struct watch *watch, struct loader *loader, struct boosts *boosts,
	       int boost_map_fd)
{
	struct pollfd fds[] = {
		{ .fd = watch->signal_fd, .events = POLLIN },
		{ .fd = loader_event_fd(loader), .events = POLLIN },
	};
	uint64_t start_ms = now_ms();
	struct schedule next = {
		.stats_due_ms = start_ms + watch->stats_ms,
		.housekeeping_due_ms = start_ms + HOUSEKEEPING_MS,
	};
	struct stats before = { .wait_max_ns = 0 };

	while (!watch_stopped(watch) && !loader_exited(loader)) {
		poll(fds, 2, next_timeout(watch, &next));
		if (watch->stats_ms && now_ms() >= next.stats_due_ms) {
			print_stats(loader, &before);
			next.stats_due_ms = next_line_due_ms(watch, next.stats_due_ms);
		}
		if (now_ms() >= next.housekeeping_due_ms) {
			boosts_prune(boosts, boost_map_fd);
			next.housekeeping_due_ms = now_ms() + HOUSEKEEPING_MS;
		}
	}
}

void watch_close(struct watch *watch)
{
	close(watch->signal_fd);
}
