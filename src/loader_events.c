// SPDX-License-Identifier: GPL-2.0-only
#include "loader_events.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct loader_events {
	struct ring_buffer *ring;
	cgroup_event_fn fn;
	void *arg;
};

static int take_event(void *context, void *data, size_t size)
{
	const struct loader_events *events = context;
	const struct qumun_event *head = data;

	if (size == sizeof(struct qumun_cgroup_event) &&
	    (head->type == QUMUN_EVENT_MKDIR || head->type == QUMUN_EVENT_RMDIR))
		events->fn(events->arg, data);
	return 0;
}

int loader_events_open(struct loader_events **result, int ring_fd, cgroup_event_fn fn, void *arg)
{
	struct loader_events *events = calloc(1, sizeof(*events));
	int err;

	*result = NULL;
	if (!events)
		return -ENOMEM;
	events->fn = fn;
	events->arg = arg;
	events->ring = ring_buffer__new(ring_fd, take_event, events, NULL);
	if (!events->ring) {
		err = -errno;
		free(events);
		return err;
	}
	*result = events;
	return 0;
}

void loader_events_read(struct loader_events *events)
{
	ring_buffer__consume(events->ring);
}

void loader_events_close(struct loader_events *events)
{
	if (!events)
		return;
	ring_buffer__free(events->ring);
	free(events);
}
