/* SPDX-License-Identifier: GPL-2.0-only */
/* Questions about the running kernel that its BTF answers. */
#ifndef QUMUN_LOADER_BTF_H
#define QUMUN_LOADER_BTF_H

#include <stdbool.h>
#include <stdint.h>

struct btf;

/** btf_has_struct - the kernel knows this struct */
bool btf_has_struct(const struct btf *btf, const char *name);

/** btf_has_function - the kernel has this function, a kfunc, say */
bool btf_has_function(const struct btf *btf, const char *name);

/** btf_has_tracepoint - a program of type tp_btf can be attached to the tracepoint @name */
bool btf_has_tracepoint(const struct btf *btf, const char *name);

/**
 * btf_enum_value - value of an enumerator
 * @enum_name: name of the enum, as in scx_ops_flags
 * @name: name of the enumerator
 * @value: set when it is there
 *
 * Returns false when the kernel does not have it.
 */
bool btf_enum_value(const struct btf *btf, const char *enum_name, const char *name,
		    uint64_t *value);

/**
 * btf_check_constants - compare the constants of vmlinux.h with the kernel's
 *
 * Returns 0, or QUMUN_EXIT_KERNEL after naming the one that differs.
 */
int btf_check_constants(const struct btf *btf);

#endif /* QUMUN_LOADER_BTF_H */
