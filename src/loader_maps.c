// SPDX-License-Identifier: GPL-2.0-only
#include "loader_maps.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "qumun.h"

static struct qumun_boost boost_of(uint32_t weight)
{
	return (struct qumun_boost){ .weight = weight, .version = QUMUN_BOOST_VERSION };
}

int boost_entry_add(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	struct qumun_boost entry = boost_of(weight);

	return bpf_map_update_elem(map_fd, &cgroup_id, &entry, BPF_NOEXIST) ? -errno : 0;
}

/* Another writer may come between this look and what follows it: then the later one has won. */
int boost_entry_check(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	struct qumun_boost ours = boost_of(weight), found;

	if (bpf_map_lookup_elem(map_fd, &cgroup_id, &found))
		return errno == ENOENT ? -ESTALE : -errno;
	return memcmp(&ours, &found, sizeof(ours)) ? -ESTALE : 0;
}

int boost_entry_change(int map_fd, uint64_t cgroup_id, uint32_t from, uint32_t to)
{
	struct qumun_boost entry = boost_of(to);
	int err = boost_entry_check(map_fd, cgroup_id, from);

	if (err)
		return err;
	return bpf_map_update_elem(map_fd, &cgroup_id, &entry, BPF_EXIST) ? -errno : 0;
}

int boost_entry_drop(int map_fd, uint64_t cgroup_id, uint32_t weight)
{
	int err = boost_entry_check(map_fd, cgroup_id, weight);

	if (err)
		return err;
	return bpf_map_delete_elem(map_fd, &cgroup_id) ? -errno : 0;
}

int tree_entry_set(int map_fd, uint32_t place, uint32_t generation, uint32_t weight)
{
	struct qumun_tree tree = { .weight = weight, .generation = generation };

	return bpf_map_update_elem(map_fd, &place, &tree, BPF_ANY) ? -errno : 0;
}

bool tree_task_is_marked(int map_fd, int pidfd, uint32_t place, uint32_t generation)
{
	struct qumun_tree_task row;

	return !bpf_map_lookup_elem(map_fd, &pidfd, &row) && row.tree == place &&
	       row.generation == generation;
}

int tree_task_mark(int map_fd, int pidfd, uint32_t place, uint32_t generation)
{
	struct qumun_tree_task row = { .tree = place, .generation = generation };

	if (tree_task_is_marked(map_fd, pidfd, place, generation))
		return 1;
	return bpf_map_update_elem(map_fd, &pidfd, &row, BPF_ANY) ? -errno : 0;
}
