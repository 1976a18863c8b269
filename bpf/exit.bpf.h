/* SPDX-License-Identifier: GPL-2.0-only */
/* Why the scheduler ended, recorded for user space. */
#ifndef QUMUN_EXIT_BPF_H
#define QUMUN_EXIT_BPF_H

struct qumun_exit_info exit_info;

/* User space makes it as long as the dump that it asks the kernel for. */
char exit_dump[1] SEC(".data.exit_dump");
const volatile __u32 exit_dump_len = sizeof(exit_dump);

/* Rare ones; 200 cgroups that come or go within the moment that user space needs. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} events SEC(".maps");

/* Everything first, then the kind: a kind other than 0 means "complete". */
static void exit_record(const struct scx_exit_info *info)
{
	struct qumun_event event = { .type = QUMUN_EVENT_EXIT };

	bpf_probe_read_kernel_str(exit_info.reason, sizeof(exit_info.reason), info->reason);
	bpf_probe_read_kernel_str(exit_info.msg, sizeof(exit_info.msg), info->msg);
	bpf_probe_read_kernel_str(exit_dump, exit_dump_len, info->dump);
	exit_info.code = info->exit_code;
	__sync_lock_test_and_set(&exit_info.kind, info->kind);
	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
}

#endif /* QUMUN_EXIT_BPF_H */
