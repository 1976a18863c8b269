// SPDX-License-Identifier: GPL-2.0-only
#include "boost_map.h"

#include <errno.h>
#include <stdlib.h>

#include "loader_maps.h"

static int compare(const void *key, const void *element)
{
	const uint64_t *id = key;
	const struct boost_entry *row = element;

	return *id < row->wanted.id ? -1 : *id > row->wanted.id;
}

const struct boost_entry *boost_map_find(const struct boost_map *map, uint64_t id)
{
	return map->nr ? bsearch(&id, map->rows, map->nr, sizeof(*map->rows), compare) : NULL;
}

static bool is_wanted(const struct wanted *wanted, size_t nr, uint64_t id)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (wanted[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nr && wanted[low].id == id;
}

/* First of all, since it makes room. An entry that another tool has changed is no longer ours. */
static void drop_unwanted(struct boost_map *map, const struct wanted *wanted, size_t nr,
			  struct boost_changes *changes)
{
	for (size_t i = 0; i < map->nr; i++) {
		const struct boost_entry *row = &map->rows[i];

		if (row->state != ENTRY_OURS || is_wanted(wanted, nr, row->wanted.id))
			continue;
		boost_entry_drop(map->fd, row->wanted.id, row->wanted.weight);
		changes->dropped++;
	}
}

static int add_entry(int fd, struct boost_entry *row, struct boost_changes *changes)
{
	int err = boost_entry_add(fd, row->wanted.id, row->wanted.weight);

	row->state = ENTRY_OURS;
	if (err == -EEXIST) {
		row->state = ENTRY_FOREIGN;
		return 0;
	}
	if (err) {
		row->state = ENTRY_NO_ROOM;
		changes->no_room++;
		return err;
	}
	changes->added++;
	return 0;
}

/* @old: what there was for this cgroup, or NULL. */
static int bring_up_to_date(int fd, struct boost_entry *row, const struct boost_entry *old,
			    bool verify, struct boost_changes *changes)
{
	uint32_t weight = row->wanted.weight;
	int err = 0;

	if (!old || old->state != ENTRY_OURS)
		return add_entry(fd, row, changes);
	row->state = ENTRY_OURS;
	if (old->wanted.weight != weight)
		err = boost_entry_change(fd, row->wanted.id, old->wanted.weight, weight);
	else if (verify)
		err = boost_entry_check(fd, row->wanted.id, weight);
	/* It may have been removed, not changed. */
	if (err == -ESTALE)
		return add_entry(fd, row, changes);
	if (!err && old->wanted.weight != weight)
		changes->changed++;
	return err;
}

int boost_map_sync(struct boost_map *map, const struct wanted *wanted, size_t nr, bool verify,
		   struct boost_changes *changes)
{
	struct boost_entry *rows;
	int err = 0;

	*changes = (struct boost_changes){ 0 };
	if (map->fd < 0)
		return 0;
	rows = calloc(nr + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	drop_unwanted(map, wanted, nr, changes);
	for (size_t i = 0; i < nr; i++) {
		int failed;

		rows[i].wanted = wanted[i];
		failed = bring_up_to_date(map->fd, &rows[i], boost_map_find(map, wanted[i].id),
					  verify, changes);
		if (failed)
			err = failed;
	}
	free(map->rows);
	map->rows = rows;
	map->nr = nr;
	return err;
}

void boost_map_free(struct boost_map *map)
{
	free(map->rows);
	*map = (struct boost_map){ .fd = -1 };
}
