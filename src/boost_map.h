/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boost map as a cache of what rules want: it is compared with what we wrote, and only the
 * difference is written. Entries of other tools stay as they are, while they are there.
 */
#ifndef QUMUN_BOOST_MAP_H
#define QUMUN_BOOST_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "rules.h"

/**
 * enum entry_state - what became of an entry that is wanted
 * @ENTRY_OURS: it is in the map
 * @ENTRY_FOREIGN: another tool has an entry there, which counts instead
 * @ENTRY_NO_ROOM: the map is full
 */
enum entry_state {
	ENTRY_OURS,
	ENTRY_FOREIGN,
	ENTRY_NO_ROOM,
};

struct boost_entry {
	struct wanted wanted;
	enum entry_state state;
};

/**
 * struct boost_map - the map, and what is in it for rules
 * @fd: or -1: then nothing is written, and all is written once there is one
 * @rows: in the order of ids
 */
struct boost_map {
	int fd;
	struct boost_entry *rows;
	size_t nr;
};

/** struct boost_changes - what boost_map_sync() has done */
struct boost_changes {
	size_t added;
	size_t changed;
	size_t dropped;
	size_t no_room;
};

/**
 * boost_map_sync - make the map what is wanted, with as few writes as possible
 * @wanted: from rules_wanted(); not kept
 * @verify: look whether other tools have changed what we wrote
 *
 * Returns 0, -E2BIG when not all of it has room (the rest is there), or another negative errno.
 */
int boost_map_sync(struct boost_map *map, const struct wanted *wanted, size_t nr, bool verify,
		   struct boost_changes *changes);

/** boost_map_find - the entry of a cgroup that is wanted, or NULL */
const struct boost_entry *boost_map_find(const struct boost_map *map, uint64_t id);

/** boost_map_free - forget; nothing is written */
void boost_map_free(struct boost_map *map);

#endif /* QUMUN_BOOST_MAP_H */
