// SPDX-License-Identifier: GPL-2.0-only
/* Another scheduler, the smallest there is: for the tests that need one in the way. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "GPL";

SEC(".struct_ops.link")
struct sched_ext_ops other_ops = {
	.name = "other",
};
