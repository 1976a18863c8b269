// SPDX-License-Identifier: GPL-2.0-only
/*
 * The weighted max-min fair allocation, by progressive filling.
 *
 * All shares rise together, r = level × weight, until something is full: a task
 * has a whole CPU, or the tasks confined to some CPUs have all of them. Those
 * are done; the others rise on.
 *
 * Which shares are feasible at all? Those with r ≤ 1 for each task and, for
 * each set of masks, no more in total for the tasks that have one of them than
 * there are CPUs in any of them. (The condition is Hall's; that a task cannot
 * run on two CPUs at a time costs nothing beyond r ≤ 1, as for an open shop
 * with preemption.)
 */
#include "fair.h"

#include <stdlib.h>
#include <string.h>

struct class {
	struct mask mask;
};

static struct class classes[FAIR_MASKS_MAX];
static u32 nr_classes;

static u32 class_of(const struct mask *m)
{
	for (u32 i = 0; i < nr_classes; i++)
		if (!memcmp(&classes[i].mask, m, sizeof(*m)))
			return i;
	if (nr_classes == FAIR_MASKS_MAX)
		fail("more than %d different masks", FAIR_MASKS_MAX);
	classes[nr_classes].mask = *m;
	return nr_classes++;
}

/* CPUs in any of the classes of a set. */
static u32 capacity(u32 set)
{
	struct mask m = { 0 };

	for (u32 i = 0; i < nr_classes; i++)
		if (set >> i & 1)
			for (u32 word = 0; word < NR_CPUS_MAX / 64; word++)
				m.bits[word] |= classes[i].mask.bits[word];
	return mask_weight(&m);
}

void fair_shares(struct task **list, u32 nr, u32 (*weight_of)(const struct task *t))
{
	u32 *class = calloc(nr, sizeof(*class));
	bool *done = calloc(nr, sizeof(*done));
	u32 nr_done = 0;

	if (!class || !done)
		abort();
	nr_classes = 0;
	for (u32 i = 0; i < nr; i++)
		class[i] = class_of(&list[i]->mask);

	while (nr_done < nr) {
		double fixed[FAIR_MASKS_MAX] = { 0 }, weight[FAIR_MASKS_MAX] = { 0 };
		double level = 1e18, heaviest = 0;
		u32 full_set = 0;

		for (u32 i = 0; i < nr; i++) {
			if (done[i]) {
				fixed[class[i]] += list[i]->fair;
				continue;
			}
			weight[class[i]] += weight_of(list[i]);
			if (weight_of(list[i]) > heaviest)
				heaviest = weight_of(list[i]);
		}
		level = 1 / heaviest;
		for (u32 set = 1; set < 1U << nr_classes; set++) {
			double left = capacity(set), w = 0;

			for (u32 i = 0; i < nr_classes; i++) {
				left -= set >> i & 1 ? fixed[i] : 0;
				w += set >> i & 1 ? weight[i] : 0;
			}
			if (w > 0 && left / w < level - 1e-12) {
				level = left / w;
				full_set = set;
			}
		}
		for (u32 i = 0; i < nr; i++) {
			bool full = full_set ? full_set >> class[i] & 1 :
					       weight_of(list[i]) >= heaviest;

			if (done[i] || !full)
				continue;
			list[i]->fair = level * weight_of(list[i]);
			done[i] = true;
			nr_done++;
		}
	}
	free(class);
	free(done);
}
