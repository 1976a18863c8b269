/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups that come and go, told to user space, which keeps the boost map right.
 *
 * Nothing here is needed for scheduling: a kernel without these tracepoints loads
 * the object without them (src/loader.c), and user space looks for itself.
 */
#ifndef QUMUN_CGROUP_EVENTS_BPF_H
#define QUMUN_CGROUP_EVENTS_BPF_H

/* Events that found the ring full: user space then looks at everything. */
__u64 events_lost;

static __always_inline int tell_cgroup(struct cgroup *cgrp, const char *path, u32 type)
{
	struct qumun_cgroup_event *event;

	/* Ids of the other hierarchies, those of cgroup v1, are another number space. */
	if (cgrp->root->hierarchy_id)
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		__sync_fetch_and_add(&events_lost, 1);
		return 0;
	}
	event->head.type = type;
	event->head.reserved = 0;
	event->id = cgrp->kn->id;
	event->level = cgrp->level;
	event->reserved = 0;
	if (bpf_probe_read_kernel_str(event->path, sizeof(event->path), path) < 0)
		event->path[0] = '\0';
	bpf_ringbuf_submit(event, 0);
	return 0;
}

int SEC("tp_btf/cgroup_mkdir")
BPF_PROG(qumun_cgroup_mkdir, struct cgroup *cgrp, const char *path)
{
	return tell_cgroup(cgrp, path, QUMUN_EVENT_MKDIR);
}

int SEC("tp_btf/cgroup_rmdir")
BPF_PROG(qumun_cgroup_rmdir, struct cgroup *cgrp, const char *path)
{
	return tell_cgroup(cgrp, path, QUMUN_EVENT_RMDIR);
}

#endif /* QUMUN_CGROUP_EVENTS_BPF_H */
