/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In place of libbpf's header when the BPF programs are compiled for the host:
 * the same names, with the simulated kernel behind them.
 *
 * Only what bpf/ uses is here. A helper or kfunc that is missing fails the
 * build (here) or the link (tests/sim/kfuncs.c), and is to be added there with
 * what the kernel does.
 */
#ifndef SIM_BPF_HELPERS_H
#define SIM_BPF_HELPERS_H

#define NULL ((void *)0)

#define SEC(name)
#define __ksym
#define __weak			__attribute__((weak))
#ifndef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#endif
#define __noinline		__attribute__((noinline))
#define __kptr

/* A map definition keeps its meaning: a struct of pointers whose types say it all. */
#define __uint(name, val)	int (*name)[val]
#define __type(name, val)	__typeof__(val) *name
#define __array(name, val)	__typeof__(val) *name[]

#define sim_uint(m, name)	(sizeof(*(m)->name) / sizeof(int))

/* Newer kfuncs are left out when an older kernel is simulated. */
bool sim_has_kfunc(const void *kfunc);
#define bpf_ksym_exists(sym)	sim_has_kfunc((const void *)(sym))

/* The rows of a map; the first member of its definition remembers where they are. */
void *sim_map_lookup(void *map, u32 type, u32 key_size, u32 value_size, u32 max_entries,
		     const void *key);
int sim_map_update(void *map, u32 type, u32 key_size, u32 value_size, u32 max_entries,
		   const void *key, const void *value);
void *sim_task_storage_get(void *map, u32 value_size, struct task_struct *p, u64 flags);

#define bpf_map_lookup_elem(m, k)						\
	((__typeof__((m)->value))sim_map_lookup(m, sim_uint(m, type), sizeof(*(m)->key), \
						sizeof(*(m)->value), sim_uint(m, max_entries), k))
#define bpf_map_update_elem(m, k, v, flags)					\
	sim_map_update(m, sim_uint(m, type), sizeof(*(m)->key), sizeof(*(m)->value),	\
		       sim_uint(m, max_entries), k, v)
#define bpf_task_storage_get(m, p, init, flags)					\
	((__typeof__((m)->value))sim_task_storage_get(m, sizeof(*(m)->value), p, flags))

/* One event is simulated at a time: nobody else holds a lock. */
#define bpf_spin_lock(lock)	((void)(lock))
#define bpf_spin_unlock(lock)	((void)(lock))

/* The one per-CPU variable of the kernel that is read. */
const struct rq *sim_this_rq(void);
#define bpf_this_cpu_ptr(var)	sim_this_rq()
#define bpf_per_cpu_ptr(var, cpu)	(var)

u64 bpf_ktime_get_ns(void);
u64 bpf_jiffies64(void);
u32 bpf_get_smp_processor_id(void);
u64 bpf_get_current_task(void);
struct task_struct *bpf_get_current_task_btf(void);

static inline long bpf_probe_read_kernel_str(void *dst, u32 size, const void *src)
{
	(void)src;
	if (size)
		*(char *)dst = '\0';
	return 1;
}

/* Puts a pointer into a map, and gives back what was there. */
#define bpf_kptr_xchg(place, ptr)						\
({										\
	__typeof__(*(place)) ___old = *(place);					\
										\
	*(place) = (ptr);							\
	___old;									\
})

#define bpf_ringbuf_output(map, data, size, flags)	((void)(data))
/* Cgroups neither come nor go here. */
#define bpf_ringbuf_reserve(map, size, flags)		NULL
#define bpf_ringbuf_submit(data, flags)			((void)(data))

#define bpf_for(i, start, end)							\
	for (__typeof__(i) ___end = ((i) = (start), (end)); (i) < ___end; (i)++)

#endif /* SIM_BPF_HELPERS_H */
