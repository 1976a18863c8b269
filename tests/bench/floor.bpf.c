// SPDX-License-Identifier: GPL-2.0-only
/*
 * Schedulers that do next to nothing: what sched_ext itself costs, below which no
 * scheduler of its kind gets. See floor.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "qumun.h"
#include "compat.bpf.h"

char _license[] SEC("license") = "GPL";

#define DSQ		0
#define SLICE_NS	8000000
#define WEIGHT		100

/* The largest vtime of all that have run; a race costs a turn at most. */
static u64 vtime_now;

/* --- calls: what the kernel does by itself, done by callbacks ----------------- */

s32 SEC("struct_ops/floor_select_cpu")
BPF_PROG(floor_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	bool is_idle = false;
	s32 cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &is_idle);

	if (is_idle)
		compat_dsq_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
	return cpu;
}

void SEC("struct_ops/floor_enqueue")
BPF_PROG(floor_enqueue, struct task_struct *p, u64 enq_flags)
{
	compat_dsq_insert(p, SCX_DSQ_GLOBAL, SLICE_NS, enq_flags);
}

void SEC("struct_ops/floor_dispatch")
BPF_PROG(floor_dispatch, s32 cpu, struct task_struct *prev)
{
}

void SEC("struct_ops/floor_running")
BPF_PROG(floor_running, struct task_struct *p)
{
}

void SEC("struct_ops/floor_stopping")
BPF_PROG(floor_stopping, struct task_struct *p, bool runnable)
{
}

/* --- vtime: the least that a fair one needs ----------------------------------- */

void SEC("struct_ops/vtime_enqueue")
BPF_PROG(vtime_enqueue, struct task_struct *p, u64 enq_flags)
{
	u64 vtime = p->scx.dsq_vtime;

	if ((s64)(vtime_now - SLICE_NS - vtime) > 0)
		vtime = vtime_now - SLICE_NS;
	compat_dsq_insert_vtime(p, DSQ, SLICE_NS, vtime, enq_flags);
}

void SEC("struct_ops/vtime_dispatch")
BPF_PROG(vtime_dispatch, s32 cpu, struct task_struct *prev)
{
	compat_move_to_local(DSQ);
}

void SEC("struct_ops/vtime_running")
BPF_PROG(vtime_running, struct task_struct *p)
{
	if ((s64)(p->scx.dsq_vtime - vtime_now) > 0)
		vtime_now = p->scx.dsq_vtime;
}

void SEC("struct_ops/vtime_stopping")
BPF_PROG(vtime_stopping, struct task_struct *p, bool runnable)
{
	p->scx.dsq_vtime += (SLICE_NS - p->scx.slice) * WEIGHT / p->scx.weight;
}

s32 SEC("struct_ops.s/vtime_init")
BPF_PROG(vtime_init)
{
	return scx_bpf_create_dsq(DSQ, -1);
}

SEC(".struct_ops.link")
struct sched_ext_ops none_ops = {
	.name		= "floor_none",
};

SEC(".struct_ops.link")
struct sched_ext_ops calls_ops = {
	.select_cpu	= (void *)floor_select_cpu,
	.enqueue	= (void *)floor_enqueue,
	.dispatch	= (void *)floor_dispatch,
	.running	= (void *)floor_running,
	.stopping	= (void *)floor_stopping,
	.name		= "floor_calls",
};

SEC(".struct_ops.link")
struct sched_ext_ops vtime_ops = {
	.select_cpu	= (void *)floor_select_cpu,
	.enqueue	= (void *)vtime_enqueue,
	.dispatch	= (void *)vtime_dispatch,
	.running	= (void *)vtime_running,
	.stopping	= (void *)vtime_stopping,
	.init		= (void *)vtime_init,
	.name		= "floor_vtime",
};
