/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Entries of the maps that user space writes: boosts of cgroups, and boosts of processes with their
 * children. All functions return 0 or a negative errno.
 *
 * The boost map has other writers, too: an entry is changed or removed only while it holds what we
 * wrote into it.
 */
#ifndef QUMUN_LOADER_MAPS_H
#define QUMUN_LOADER_MAPS_H

#include <stdbool.h>
#include <stdint.h>

/** boost_entry_add - new entry; -EEXIST when there is one, whoever made it, -E2BIG without room */
int boost_entry_add(int map_fd, uint64_t cgroup_id, uint32_t weight);

/** boost_entry_check - -ESTALE when the entry is not, or no longer, what we wrote */
int boost_entry_check(int map_fd, uint64_t cgroup_id, uint32_t weight);

/** boost_entry_change - from one weight to another; -ESTALE as above */
int boost_entry_change(int map_fd, uint64_t cgroup_id, uint32_t from, uint32_t to);

/** boost_entry_drop - remove it; -ESTALE as above */
int boost_entry_drop(int map_fd, uint64_t cgroup_id, uint32_t weight);

/** tree_entry_set - fill a place of the table of boosted processes; @weight 0 ends their boost */
int tree_entry_set(int map_fd, uint32_t place, uint32_t generation, uint32_t weight);

/**
 * tree_task_mark - let a task remember the place that its boost is in
 * @pidfd: of the task, a thread's own one
 *
 * Returns 1 when it did already.
 */
int tree_task_mark(int map_fd, int pidfd, uint32_t place, uint32_t generation);

/** tree_task_is_marked - the task remembers that place, in that generation */
bool tree_task_is_marked(int map_fd, int pidfd, uint32_t place, uint32_t generation);

#endif /* QUMUN_LOADER_MAPS_H */
