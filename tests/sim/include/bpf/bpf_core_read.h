/* SPDX-License-Identifier: GPL-2.0-only */
/* In place of libbpf's header: our own structs need no relocation. */
#ifndef SIM_BPF_CORE_READ_H
#define SIM_BPF_CORE_READ_H

#define bpf_core_cast(ptr, type)	((type *)(ptr))
/* What is read where it is there, and asked for where not, is asked for. */
#define bpf_core_field_exists(...)	0
#define bpf_core_enum_value_exists(type, value)	1
#define bpf_core_enum_value(type, value)	(value)
#define BPF_CORE_READ(src, field)	((src)->field)

#endif /* SIM_BPF_CORE_READ_H */
