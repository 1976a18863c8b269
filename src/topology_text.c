// SPDX-License-Identifier: GPL-2.0-only
/*
 * The topology in one line for people. Pure: it reads the struct and nothing else.
 */
#include "topology.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/* Where the next piece goes. What does not fit is cut. */
struct line {
	char	*text;
	size_t	size;
	size_t	used;
};

__attribute__((format(printf, 2, 3)))
static void add(struct line *line, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(line->text + line->used, line->size - line->used, fmt, args);
	va_end(args);
	if (len > 0)
		line->used += (size_t)len;
	if (line->used >= line->size)
		line->used = line->size - 1;
}

static void add_count(struct line *line, unsigned int count, const char *what)
{
	add(line, "%u %s%s, ", count, what, count == 1 ? "" : "s");
}

/* Sizes are worth a word where they differ: " (1 x 96 MiB, 1 x 32 MiB)". Largest first. */
static void add_llc_sizes(struct line *line, const struct topology *topo)
{
	unsigned int below = UINT32_MAX, nr_sizes = 0;

	for (;;) {
		unsigned int size = 0, count = 0;

		for (unsigned int i = 0; i < topo->nr_llcs; i++) {
			unsigned int kb = topo->llcs[i].size_kb;

			if (kb < below && kb > size) {
				size = kb;
				count = 0;
			}
			count += kb == size;
		}
		if (!size || count == topo->nr_llcs)
			break;
		add(line, "%s%u x %.4g MiB", nr_sizes++ ? ", " : " (", count, size / 1024.0);
		below = size;
	}
	if (nr_sizes)
		add(line, ")");
}

/* "4 x 1024", or "4 x 983..1024" when the kernel tells CPUs of a kind apart. */
static void add_kind(struct line *line, const struct topology *topo, int kind)
{
	unsigned int count = 0, min = TOPOLOGY_CAPACITY_MAX, max = 0;

	for (unsigned int i = 0; i < topo->nr_cpu_ids; i++) {
		const struct topology_cpu *cpu = &topo->cpus[i];

		if (cpu->kind != kind)
			continue;
		count++;
		min = cpu->capacity < min ? cpu->capacity : min;
		max = cpu->capacity > max ? cpu->capacity : max;
	}
	if (min < max)
		add(line, "%s%u x %u..%u", kind ? ", " : ": ", count, min, max);
	else
		add(line, "%s%u x %u", kind ? ", " : ": ", count, max);
}

const char *topology_describe(const struct topology *topo, char *text, size_t size)
{
	struct line line = { .text = text, .size = size };

	add_count(&line, topo->nr_online, "CPU");
	add_count(&line, topo->nr_cores, "core");
	add(&line, "%u LLC%s", topo->nr_llcs, topo->nr_llcs == 1 ? "" : "s");
	add_llc_sizes(&line, topo);
	add(&line, ", ");
	add_count(&line, topo->nr_nodes, "NUMA node");
	add(&line, "SMT %s", topo->smt ? "on" : "off");
	if (topo->nr_kinds > 1) {
		add(&line, ", %u kinds of CPU", topo->nr_kinds);
		for (unsigned int kind = 0; kind < topo->nr_kinds; kind++)
			add_kind(&line, topo, (int)kind);
	}
	return text;
}
