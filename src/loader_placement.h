/* SPDX-License-Identifier: GPL-2.0-only */
/* The lists of CPUs on their way into the maps of bpf/idle.bpf.h. Only loader.c includes this. */
#ifndef QUMUN_LOADER_PLACEMENT_H
#define QUMUN_LOADER_PLACEMENT_H

#include "placement.h"
#include "topology.h"

struct scx_qumun;

/** placement_size_maps - give the maps as many rows as they need, before the load; 0 or -1, errno */
int placement_size_maps(const struct scx_qumun *skel, const struct topology *topo,
			const struct placement *pl);

/** placement_fill_maps - write the rows, after the load and before init; 0 or a negative errno */
int placement_fill_maps(const struct scx_qumun *skel, const struct topology *topo,
			const struct placement *pl);

#endif /* QUMUN_LOADER_PLACEMENT_H */
