/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of libbpf's header: a BPF program is a function that the simulated kernel calls. */
#ifndef SIM_BPF_TRACING_H
#define SIM_BPF_TRACING_H

#define BPF_PROG(name, args...)	name(args)

#endif /* SIM_BPF_TRACING_H */
