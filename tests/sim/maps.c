// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF maps. Arrays have ARRAY_ROWS rows at least, those of numbers one for each pair of LLCs,
 * whatever the definition says: the loader resizes those that need it. Hashes are searched from the
 * first row on; tests put a few entries into them.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

/* A row for each CPU is not enough: there may be several sets of CPUs for each LLC. */
#define ARRAY_ROWS (4 * NR_CPUS_MAX)
#define NUMBERS_MAX 65536

struct rows {
	u32 nr;
	u32 row_size;
	u32 storage;
	char *data;
};

static u32 nr_storages;

/* The definition's first member is a pointer that nothing else uses. */
static struct rows *rows_of(void *map, u32 type, u32 row_size, u32 nr)
{
	struct rows **handle = map;
	struct rows *rows = *handle;
	size_t size, sets = 1;

	if (rows)
		return rows;
	rows = calloc(1, sizeof(*rows));
	if (!rows)
		abort();
	rows->row_size = row_size;
	rows->nr = nr;
	if (type == BPF_MAP_TYPE_TASK_STORAGE) {
		rows->storage = nr_storages++;
		if (nr_storages > NR_STORAGES)
			fail("more than %d task storages", NR_STORAGES);
		*handle = rows;
		return rows;
	}
	if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
		sets = NR_CPUS_MAX;
	else if (row_size <= sizeof(u32))
		rows->nr = NUMBERS_MAX;
	else if (nr < ARRAY_ROWS)
		rows->nr = ARRAY_ROWS;
	/* Rows that are aligned to cache lines are so in the kernel, too. */
	size = ((size_t)sets * rows->nr * row_size + 63) & ~63UL;
	rows->data = aligned_alloc(64, size);
	if (!rows->data)
		abort();
	memset(rows->data, 0, size);
	*handle = rows;
	return rows;
}

/* A row of a hash: whether it is in use, the key, the value; each at a multiple of 8. */
static u32 up8(u32 size)
{
	return (size + 7) & ~7U;
}

static char *hash_find(struct rows *rows, u32 key_size, const void *key)
{
	for (u32 i = 0; i < rows->nr; i++) {
		char *row = rows->data + (size_t)i * rows->row_size;

		if (!*(u64 *)row)
			return NULL;
		if (!memcmp(row + 8, key, key_size))
			return row;
	}
	return NULL;
}

void *sim_map_lookup(void *map, u32 type, u32 key_size, u32 value_size, u32 max_entries,
		     const void *key);
void *sim_map_lookup(void *map, u32 type, u32 key_size, u32 value_size, u32 max_entries,
		     const void *key)
{
	struct rows *rows;
	char *row;
	u32 i;

	if (type == BPF_MAP_TYPE_HASH) {
		rows = rows_of(map, type, 8 + up8(key_size) + up8(value_size), max_entries);
		row = hash_find(rows, key_size, key);
		return row ? row + 8 + up8(key_size) : NULL;
	}
	rows = rows_of(map, type, value_size, max_entries);
	i = *(const u32 *)key;
	if (i >= rows->nr)
		return NULL;
	if (type == BPF_MAP_TYPE_PERCPU_ARRAY)
		i += (u32)this_cpu * rows->nr;
	return rows->data + (size_t)i * rows->row_size;
}

int sim_map_update(void *map, u32 type, u32 key_size, u32 value_size, u32 max_entries,
		   const void *key, const void *value);
int sim_map_update(void *map, u32 type, u32 key_size, u32 value_size, u32 max_entries,
		   const void *key, const void *value)
{
	void *row = sim_map_lookup(map, type, key_size, value_size, max_entries, key);
	struct rows *rows = *(struct rows **)map;

	for (u32 i = 0; !row && i < rows->nr; i++) {
		char *free_row = rows->data + (size_t)i * rows->row_size;

		if (*(u64 *)free_row)
			continue;
		*(u64 *)free_row = 1;
		memcpy(free_row + 8, key, key_size);
		row = free_row + 8 + up8(key_size);
	}
	if (!row)
		return -7;
	memcpy(row, value, value_size);
	return 0;
}

void *sim_task_storage_get(void *map, u32 value_size, struct task_struct *p, u64 flags);
void *sim_task_storage_get(void *map, u32 value_size, struct task_struct *p, u64 flags)
{
	struct rows *rows = rows_of(map, BPF_MAP_TYPE_TASK_STORAGE, value_size, 1);
	void **storage = &task_of(p)->storage[rows->storage];

	if (!*storage && (flags & BPF_LOCAL_STORAGE_GET_F_CREATE))
		*storage = calloc(1, value_size);
	return *storage;
}
