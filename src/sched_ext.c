// SPDX-License-Identifier: GPL-2.0-only
#include "sched_ext.h"

#include <string.h>
#include <unistd.h>

#include "util.h"

bool sched_ext_exists(void)
{
	return !access(SCHED_EXT_SYSFS "/state", R_OK);
}

bool sched_ext_enabled(void)
{
	char state[32];

	return read_file_str("", SCHED_EXT_SYSFS "/state", state, sizeof(state)) > 0 &&
	       !strcmp(state, "enabled");
}

void sched_ext_ops_name(char name[128])
{
	char raw[128];

	if (read_file_str("", SCHED_EXT_SYSFS "/root/ops", raw, sizeof(raw)) < 0)
		raw[0] = '\0';
	escape_text(name, 128, raw);
}

uint64_t sched_ext_hotplug_seq(void)
{
	uint64_t seq = 0;

	read_file_u64("", SCHED_EXT_SYSFS "/hotplug_seq", &seq);
	return seq;
}
