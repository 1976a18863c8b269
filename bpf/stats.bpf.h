/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters, one set for each CPU, so that counting never shares a cache line. */
#ifndef QUMUN_STATS_BPF_H
#define QUMUN_STATS_BPF_H

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct qumun_cpu_stats);
} cpu_stats SEC(".maps");

/*
 * The longest wait in a queue that ended on each CPU, for two periods. BPF
 * writes the one that wait_period names; user space changes that number, and
 * then reads and clears the other one, so that no maximum is lost in between.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u64);
} wait_max_ns SEC(".maps");

volatile __u32 wait_period;

static __always_inline void stat_add(enum qumun_stat stat, u64 amount)
{
	u32 zero = 0;
	struct qumun_cpu_stats *stats = bpf_map_lookup_elem(&cpu_stats, &zero);

	if (stats)
		stats->counters[stat] += amount;
}

static __always_inline void stat_inc(enum qumun_stat stat)
{
	stat_add(stat, 1);
}

static __always_inline void stat_wait(u64 wait_ns)
{
	u32 period = wait_period & 1;
	u64 *longest_ns = bpf_map_lookup_elem(&wait_max_ns, &period);

	if (longest_ns && wait_ns > *longest_ns)
		*longest_ns = wait_ns;
}

#endif /* QUMUN_STATS_BPF_H */
