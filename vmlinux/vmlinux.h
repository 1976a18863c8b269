/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel types that scx_qumun's BPF programs use, and nothing else.
 *
 * This takes the place of a generated vmlinux.h. A generated one describes the
 * one kernel it was made on; this one names only the fields that we read, and
 * CO-RE finds their offsets in the kernel that loads the object. So the object
 * can be built on any machine, and loads on every kernel from 6.12 on.
 *
 * Rules for additions:
 *  - Only fields that exist under this name in every supported kernel.
 *  - A struct behind a pointer in a kfunc prototype needs a body, even an
 *    empty-looking one: libbpf compares prototypes by kind, and a forward
 *    declaration is another kind than a struct. A *weak* kfunc that does not
 *    match counts as missing, without any message.
 *  - Structs that we build ourselves and hand to the kernel go below the
 *    preserve_access_index region, with exactly the kernel's layout.
 */
#ifndef __VMLINUX_H__
#define __VMLINUX_H__

typedef signed char __s8;
typedef unsigned char __u8;
typedef short __s16;
typedef unsigned short __u16;
typedef int __s32;
typedef unsigned int __u32;
typedef long long __s64;
typedef unsigned long long __u64;

typedef __s8 s8;
typedef __u8 u8;
typedef __s16 s16;
typedef __u16 u16;
typedef __s32 s32;
typedef __u32 u32;
typedef __s64 s64;
typedef __u64 u64;

typedef _Bool bool;
enum { false = 0, true = 1 };

/* bpf_helper_defs.h mentions these in prototypes of helpers. */
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;

/* Kernel ABI (include/uapi/linux/bpf.h): fixed values. */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH		= 1,
	BPF_MAP_TYPE_ARRAY		= 2,
	BPF_MAP_TYPE_PERCPU_ARRAY	= 6,
	BPF_MAP_TYPE_RINGBUF		= 27,
	BPF_MAP_TYPE_TASK_STORAGE	= 29,
};

enum {
	BPF_F_NO_PREALLOC		= 1,
	BPF_F_RDONLY_PROG		= 128,
	BPF_LOCAL_STORAGE_GET_F_CREATE	= 1,
};

/* include/uapi/asm-generic/errno-base.h: fixed values, as macros since libc has them, too. */
#define ENOENT				2
#define ENOMEM				12

/* include/linux/sched.h: in place since long before sched_ext. */
enum {
	TASK_RUNNING			= 0,
	PF_IDLE				= 0x00000002,
	PF_KTHREAD			= 0x00200000,
};

/*
 * sched_ext constants with the same value in every kernel from 6.12 to 7.3.
 * src/loader_btf.c compares each of them with the running kernel's BTF before
 * anything is loaded. Constants that have moved (SCX_ENQ_HEAD and others) must
 * not be added here: read those with bpf_core_enum_value().
 */
#define SCX_DSQ_GLOBAL		((1ULL << 63) | 1)
#define SCX_DSQ_LOCAL		((1ULL << 63) | 2)
#define SCX_DSQ_LOCAL_ON	((1ULL << 63) | (1ULL << 62))
#define SCX_TASK_QUEUED		1
#define SCX_KICK_IDLE		1ULL
#define SCX_PICK_IDLE_CORE	1ULL
#define SCX_ENQ_PREEMPT		(1ULL << 32)
#define SCX_ENQ_LAST		(1ULL << 41)
#define SCX_WAKE_TTWU		8
#define SCX_WAKE_SYNC		16

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct cpumask {
	unsigned long bits[1];
};

struct bpf_cpumask {
	struct cpumask cpumask;
};

struct kernfs_node {
	u64 id;
};

struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct sched_entity {
	u64 sum_exec_runtime;
};

struct sched_ext_entity {
	u32 flags;
	u32 weight;
	u64 slice;
	u64 dsq_vtime;
};

/* Not on all architectures, or without the CPU. */
struct thread_info {
	u32 cpu;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int __state;
	unsigned int flags;
	int nr_cpus_allowed;
	const struct cpumask *cpus_ptr;
	unsigned short migration_disabled;
	struct sched_entity se;
	struct sched_ext_entity scx;
	int pid;
	char comm[16];
	struct css_set *cgroups;
};

struct rt_rq {
	unsigned int rt_nr_running;
};

struct dl_rq {
	unsigned int dl_nr_running;
};

struct scx_dispatch_q {
	u32 nr;
};

struct scx_rq {
	struct scx_dispatch_q local_dsq;
};

struct rq {
	struct rt_rq rt;
	struct dl_rq dl;
	struct scx_rq scx;
};

enum scx_exit_kind {
	SCX_EXIT_NONE = 0,
};

struct scx_exit_info {
	enum scx_exit_kind kind;
	s64 exit_code;
	const char *reason;
	char *msg;
	char *dump;
};

struct scx_init_task_args {
	bool fork;
};

struct scx_exit_task_args {
	bool cancelled;
};

struct scx_cpu_release_args;

struct scx_dump_ctx {
	bool idle;
};

/*
 * The members that scx_qumun fills in; libbpf maps them by name. What a kernel does not have must
 * be NULL there: src/loader.c.
 */
struct sched_ext_ops {
	s32 (*select_cpu)(struct task_struct *p, s32 prev_cpu, u64 wake_flags);
	void (*enqueue)(struct task_struct *p, u64 enq_flags);
	void (*dispatch)(s32 cpu, struct task_struct *prev);
	void (*running)(struct task_struct *p);
	void (*stopping)(struct task_struct *p, bool runnable);
	/* Not in 7.3. */
	void (*cpu_release)(s32 cpu, struct scx_cpu_release_args *args);
	bool (*yield)(struct task_struct *from, struct task_struct *to);
	void (*set_cpumask)(struct task_struct *p, const struct cpumask *cpumask);
	s32 (*init_task)(struct task_struct *p, struct scx_init_task_args *args);
	void (*enable)(struct task_struct *p);
	void (*disable)(struct task_struct *p);
	void (*dump)(struct scx_dump_ctx *ctx);
	s32 (*init)(void);
	void (*exit)(struct scx_exit_info *info);
	u64 flags;
	u32 timeout_ms;
	u32 exit_dump_len;
	u64 hotplug_seq;
	char name[128];
};

#pragma clang attribute pop

/* Built on the BPF stack or in maps: the kernel's own layout. */

struct bpf_spin_lock {
	__u32 val;
};

struct bpf_iter_num {
	__u64 __opaque[1];
} __attribute__((aligned(8)));

struct bpf_iter_scx_dsq {
	__u64 __opaque[6];
} __attribute__((aligned(8)));

struct scx_bpf_dsq_insert_vtime_args {
	__u64 dsq_id;
	__u64 slice;
	__u64 vtime;
	__u64 enq_flags;
};

#endif /* __VMLINUX_H__ */
