/* SPDX-License-Identifier: GPL-2.0-only */
/* What BPF tells: cgroups that come and go. The end of the scheduler only wakes us up. */
#ifndef QUMUN_LOADER_EVENTS_H
#define QUMUN_LOADER_EVENTS_H

#include "qumun.h"

struct loader_events;

typedef void (*cgroup_event_fn)(void *arg, const struct qumun_cgroup_event *event);

/**
 * loader_events_open - begin to read the ring buffer @ring_fd
 * @events: NULL after a failure
 *
 * Returns 0 or a negative errno.
 */
int loader_events_open(struct loader_events **events, int ring_fd, cgroup_event_fn fn, void *arg);

/** loader_events_read - hand on all that has come; never waits */
void loader_events_read(struct loader_events *events);

/** loader_events_close - release; NULL is fine */
void loader_events_close(struct loader_events *events);

#endif /* QUMUN_LOADER_EVENTS_H */
