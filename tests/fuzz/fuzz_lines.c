// SPDX-License-Identifier: GPL-2.0-only
/* units: src/resolve.c src/resolve_files.c src/resolve_state.c src/resolve_runtimes.c */
/* units: src/resolve_inventory.c src/resolve_containers.c src/resolve_pods.c src/resolve_units.c */
/* units: src/resolve_pid.c src/target.c src/cgroup.c src/util.c */
/* Lines of /proc/PID/cgroup and /proc/self/mountinfo, whose paths users choose, and such paths. */
#include "fuzz.h"
#include "resolve_parts.h"
#include "util.h"

static void check_path(const char *mount, const char *text)
{
	char canonical[PATH_MAX];

	if (cgroup_path_check(mount, text, canonical))
		return;
	check(!strncmp(canonical, mount, strlen(mount)) && canonical[strlen(mount)] == '/');
	check(is_clean_path(canonical + 1) && text_is_printable(canonical));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size), path[PATH_MAX];

	if (!pid_cgroup_parse(text, path))
		check(is_clean_path(path) && !strchr(path, '\n'));
	if (cgroup_mount_parse(text, path))
		check(*path == '/' && strlen(path) < PATH_MAX);
	check_path("/sys/fs/cgroup", text);
	check_path("/a", text);
	free(text);
	return 0;
}
