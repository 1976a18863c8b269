/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pin of the boost map, /sys/fs/bpf/scx_qumun/high_prio_cgroups.
 *
 * It is made at the start and removed by the process that made it. What a
 * killed daemon left behind is replaced; what is not ours is never touched.
 * Call with the instance lock held.
 */
#ifndef QUMUN_LOADER_PIN_H
#define QUMUN_LOADER_PIN_H

#define PIN_BPFFS	"/sys/fs/bpf"
#define PIN_DIR		PIN_BPFFS "/scx_qumun"
#define PIN_PATH	PIN_DIR "/high_prio_cgroups"

/**
 * pin_check - see whether pin_create() could work, without changing anything
 *
 * Returns 0, or an exit code after an error message: QUMUN_EXIT_ENVIRONMENT
 * when there is no bpffs, or the path is taken by something that is not ours.
 */
int pin_check(void);

/**
 * pin_create - pin the boost map
 * @map_fd: the map
 *
 * Replaces a stale pin of ours. Returns 0 or an exit code after an error message.
 */
int pin_create(int map_fd);

/** pin_remove - unpin @map_fd, if it is still what is pinned; and the directory, if empty */
void pin_remove(int map_fd);

#endif /* QUMUN_LOADER_PIN_H */
