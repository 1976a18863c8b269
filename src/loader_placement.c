// SPDX-License-Identifier: GPL-2.0-only
#include "loader_placement.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include "scx_qumun.skel.h"

/* Rows of the map tier_bits for each mask. */
static unsigned int words(const struct topology *topo)
{
	return (topo->nr_cpu_ids + 63) / 64;
}

int placement_size_maps(const struct scx_qumun *skel, const struct topology *topo,
			const struct placement *pl)
{
	const struct {
		struct bpf_map *map;
		unsigned int rows;
	} sizes[] = {
		{ skel->maps.tier_bits, pl->nr_masks * words(topo) },
		{ skel->maps.tier_masks, pl->nr_masks },
		{ skel->maps.scratch_masks, topo->nr_cpu_ids },
		{ skel->maps.llc_tiers, pl->nr_llcs },
		{ skel->maps.cpu_tiers, topo->nr_cpu_ids },
	};

	for (size_t i = 0; pl->own && i < ARRAY_SIZE(sizes); i++) {
		if (bpf_map__set_max_entries(sizes[i].map, sizes[i].rows))
			return -1;
	}
	return 0;
}

static int set_row(const struct bpf_map *map, __u32 key, const void *value)
{
	return bpf_map_update_elem(bpf_map__fd(map), &key, value, BPF_ANY) ? -errno : 0;
}

static int fill_bits(const struct bpf_map *map, const struct topology *topo,
		     const struct placement *pl)
{
	unsigned int per_mask = words(topo);
	int err = 0;

	for (unsigned int i = 0; !err && i < pl->nr_masks * per_mask; i++)
		err = set_row(map, i, &pl->masks[i / per_mask].bits[i % per_mask]);
	return err;
}

/* A CPU that is offline is nobody's previous one: the kernel starts us anew when it comes. */
static int fill_cpus(const struct bpf_map *map, const struct topology *topo)
{
	int err = 0;

	for (unsigned int cpu = 0; !err && cpu < topo->nr_cpu_ids; cpu++) {
		__u32 llc = topo->cpus[cpu].online ? (__u32)topo->cpus[cpu].llc : 0;

		err = set_row(map, cpu, &llc);
	}
	return err;
}

int placement_fill_maps(const struct scx_qumun *skel, const struct topology *topo,
			const struct placement *pl)
{
	int err;

	if (!pl->own)
		return 0;
	err = fill_bits(skel->maps.tier_bits, topo, pl);
	for (unsigned int i = 0; !err && i < pl->nr_llcs; i++)
		err = set_row(skel->maps.llc_tiers, i, &pl->tiers[i]);
	return err ? err : fill_cpus(skel->maps.cpu_tiers, topo);
}
