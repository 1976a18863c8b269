/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The life of the BPF object: probe the kernel, load, attach, watch, detach.
 * loader*.c are the only users of libbpf.
 *
 * Functions that return int give 0 or an enum qumun_exit, after they have said
 * on stderr what is wrong.
 */
#ifndef QUMUN_LOADER_H
#define QUMUN_LOADER_H

#include <stdbool.h>
#include <stdint.h>

#include "placement.h"
#include "qumun.h"
#include "stats.h"
#include "topology.h"

struct domains;
struct loader;

/**
 * struct loader_maps - maps that outlive a restart; descriptors, or -1
 * @boost: boosts of cgroups
 * @trees: boosts of processes with their children
 * @tree_tasks: what the tasks remember of those
 */
struct loader_maps {
	int boost;
	int trees;
	int tree_tasks;
};

#define LOADER_NO_MAPS ((struct loader_maps){ .boost = -1, .trees = -1, .tree_tasks = -1 })

/**
 * struct loader_params - what one run of the scheduler is started with
 * @config: read-only configuration of the policy
 * @domains: who shares a queue
 * @topo: the machine
 * @placement: where tasks go that wake up
 * @hotplug_seq: number of hotplug events, read before the topology was
 * @timeout_ms: the kernel's watchdog, 1..30000
 * @exit_dump_len: bytes of debug dump to ask the kernel for, 0 for its default
 * @maps: of the run before, to go on with
 * @cgroup_events: have cgroups that come and go reported, where the kernel can
 */
struct loader_params {
	struct qumun_config config;
	const struct domains *domains;
	const struct topology *topo;
	const struct placement *placement;
	uint64_t hotplug_seq;
	uint32_t timeout_ms;
	uint32_t exit_dump_len;
	struct loader_maps maps;
	bool cgroup_events;
};

/** loader_init - route libbpf's messages through our log */
void loader_init(void);

/** loader_exit - release what loader_probe() found out; last of all */
void loader_exit(void);

/** loader_libbpf_version - of the libbpf that runs, like "1.4" */
const char *loader_libbpf_version(void);

/**
 * loader_probe - can this kernel run the scheduler, and may we? Before any load.
 *
 * QUMUN_EXIT_KERNEL without sched_ext or BTF, or when a constant has another
 * value than the object was built with; QUMUN_EXIT_PRIVILEGE without the
 * capabilities.
 */
int loader_probe(void);

/** loader_check_free - no other scheduler is active; else QUMUN_EXIT_BUSY, naming it */
int loader_check_free(void);

/**
 * loader_load - load the object into the kernel; nothing is scheduled yet
 * @loader: receives the object, also when an error is returned
 */
int loader_load(struct loader **loader, const struct loader_params *params);

/** loader_maps - the maps of loader_maps.h, owned by @loader */
struct loader_maps loader_maps(const struct loader *loader);

/** loader_use_trees - from now on forks look whether the parent is boosted as a process */
void loader_use_trees(struct loader *loader);

/** loader_has_cgroup_events - cgroups that come and go are reported, see loader_events.h */
bool loader_has_cgroup_events(const struct loader *loader);

/** loader_events_lost - events that found the ring buffer full, since the load */
uint64_t loader_events_lost(const struct loader *loader);

/**
 * loader_attach - take over scheduling, and prove it
 * @stop_fd: when it becomes readable, waiting ends early, with 0
 *
 * Success means: state "enabled", our name in root/ops, no exit recorded. An
 * ejection while attaching is no error here; loader_exited() tells.
 */
int loader_attach(struct loader *loader, int stop_fd);

/** loader_exited - the kernel has ended the scheduler; loader_exit_info() is complete */
bool loader_exited(const struct loader *loader);

const struct qumun_exit_info *loader_exit_info(const struct loader *loader);

/** loader_exit_dump - the kernel's debug dump, "" if there is none */
const char *loader_exit_dump(const struct loader *loader);

/** loader_features - 1 << enum qumun_feature for all that the kernel has */
uint32_t loader_features(const struct loader *loader);

/** loader_event_fd - ring buffer; becomes readable with events, and when the scheduler ended */
int loader_event_fd(const struct loader *loader);

/** loader_read_stats - counters since the load; ends the period of the longest wait */
int loader_read_stats(struct loader *loader, struct stats *stats);

/** loader_destroy - detach, if attached, and unload; NULL is fine */
void loader_destroy(struct loader *loader);

#endif /* QUMUN_LOADER_H */
