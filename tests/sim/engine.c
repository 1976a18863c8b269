// SPDX-License-Identifier: GPL-2.0-only
/* The queue of events: a binary heap, ordered by time and then by who came first. */
#include "sim.h"

#include <stdlib.h>

static struct event **heap;
static u32 heap_len;
static u32 heap_size;
static u64 last_seq;
/* Not 0, which means "never" in places; far from the wrap of policy clocks. */
static u64 now_ns = NSEC_PER_SEC;

u64 sim_now(void)
{
	return now_ns;
}

static bool is_before(const struct event *a, const struct event *b)
{
	return a->time != b->time ? a->time < b->time : a->seq < b->seq;
}

static void put(struct event *ev, u32 pos)
{
	heap[pos] = ev;
	ev->pos = pos;
}

static void sift_up(struct event *ev, u32 pos)
{
	for (; pos > 1 && is_before(ev, heap[pos / 2]); pos /= 2)
		put(heap[pos / 2], pos);
	put(ev, pos);
}

static void sift_down(struct event *ev, u32 pos)
{
	for (;;) {
		u32 child = 2 * pos;

		if (child < heap_len && is_before(heap[child + 1], heap[child]))
			child++;
		if (child > heap_len || !is_before(heap[child], ev))
			break;
		put(heap[child], pos);
		pos = child;
	}
	put(ev, pos);
}

/* Room for one more; row 0 stays empty, so that position 0 can mean "not queued". */
static void grow(void)
{
	if (heap_len + 2 <= heap_size)
		return;
	heap_size = heap_size ? 2 * heap_size : 1024;
	heap = realloc(heap, heap_size * sizeof(*heap));
	if (!heap)
		abort();
}

void event_at(struct event *ev, u64 time)
{
	if (time < now_ns)
		time = now_ns;
	event_cancel(ev);
	ev->time = time;
	ev->seq = ++last_seq;
	grow();
	sift_up(ev, ++heap_len);
}

void event_cancel(struct event *ev)
{
	struct event *last;
	u32 pos = ev->pos;

	if (!pos)
		return;
	ev->pos = 0;
	last = heap[heap_len--];
	if (last == ev)
		return;
	if (pos > 1 && is_before(last, heap[pos / 2]))
		sift_up(last, pos);
	else
		sift_down(last, pos);
}

void engine_run(u64 until)
{
	while (heap_len && heap[1]->time <= until) {
		struct event *ev = heap[1];

		now_ns = ev->time;
		event_cancel(ev);
		ev->fn(ev);
	}
	now_ns = until;
}
