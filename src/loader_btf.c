// SPDX-License-Identifier: GPL-2.0-only
#include "loader_btf.h"

#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>

#include "exit_codes.h"
#include "log.h"
#include "util.h"

/* What vmlinux/vmlinux.h defines as fixed. */
static const struct {
	const char *enum_name;
	const char *name;
	uint64_t value;
} constants[] = {
	{ "scx_dsq_id_flags", "SCX_DSQ_GLOBAL",	(1ULL << 63) | 1 },
	{ "scx_dsq_id_flags", "SCX_DSQ_LOCAL",	(1ULL << 63) | 2 },
	{ "scx_ent_flags",    "SCX_TASK_QUEUED", 1 },
	{ "scx_kick_flags",   "SCX_KICK_IDLE",	1 },
	{ "scx_pick_idle_cpu_flags", "SCX_PICK_IDLE_CORE", 1 },
	{ "scx_enq_flags",    "SCX_ENQ_PREEMPT", 1ULL << 32 },
	{ "scx_enq_flags",    "SCX_ENQ_LAST",	1ULL << 41 },
	{ "scx_wake_flags",   "SCX_WAKE_TTWU",	8 },
	{ "scx_wake_flags",   "SCX_WAKE_SYNC",	16 },
};

bool btf_has_struct(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) > 0;
}

bool btf_has_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

bool btf_has_tracepoint(const struct btf *btf, const char *name)
{
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

static bool enum32_value(const struct btf *btf, const struct btf_type *type, const char *name,
			 uint64_t *value)
{
	const struct btf_enum *e = btf_enum(type);

	for (int i = 0; i < btf_vlen(type); i++) {
		if (!strcmp(btf__name_by_offset(btf, e[i].name_off), name)) {
			*value = (uint32_t)e[i].val;
			return true;
		}
	}
	return false;
}

static bool enum64_value(const struct btf *btf, const struct btf_type *type, const char *name,
			 uint64_t *value)
{
	const struct btf_enum64 *e = btf_enum64(type);

	for (int i = 0; i < btf_vlen(type); i++) {
		if (!strcmp(btf__name_by_offset(btf, e[i].name_off), name)) {
			*value = btf_enum64_value(&e[i]);
			return true;
		}
	}
	return false;
}

bool btf_enum_value(const struct btf *btf, const char *enum_name, const char *name,
		    uint64_t *value)
{
	int id = btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM64);

	if (id > 0)
		return enum64_value(btf, btf__type_by_id(btf, id), name, value);
	id = btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM);
	if (id > 0)
		return enum32_value(btf, btf__type_by_id(btf, id), name, value);
	return false;
}

/* BTF made by an old pahole cuts 64-bit enumerators; their lower half is right. */
static bool same_constant(uint64_t kernel, uint64_t ours)
{
	return kernel == ours || kernel == (uint32_t)ours;
}

int btf_check_constants(const struct btf *btf)
{
	uint64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(constants); i++) {
		if (!btf_enum_value(btf, constants[i].enum_name, constants[i].name, &value)) {
			log_error("this kernel has no %s, which the scheduler needs",
				  constants[i].name);
			return QUMUN_EXIT_KERNEL;
		}
		if (!same_constant(value, constants[i].value)) {
			log_error("this kernel has %s = %#llx, the scheduler was built for %#llx",
				  constants[i].name, (unsigned long long)value,
				  (unsigned long long)constants[i].value);
			return QUMUN_EXIT_KERNEL;
		}
	}
	return 0;
}
