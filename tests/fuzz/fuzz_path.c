// SPDX-License-Identifier: GPL-2.0-only
/* units: src/resolve_state.c src/util.c */
/* linux.cgroupsPath, and names of cgroups, which containers choose for those below their own. */
#include "fuzz.h"
#include "resolve_parts.h"

static void check_expanded(const char *text)
{
	char path[PATH_MAX], again[PATH_MAX];

	if (!cgroups_path_expand(text, path))
		return;
	check(*path && *path != '/' && is_clean_path(path));
	/* As an absolute path it is the same one. */
	if (strlen(path) < PATH_MAX - 1) {
		char absolute[PATH_MAX + 1] = "/";

		strcat(absolute, path);
		check(cgroups_path_expand(absolute, again) && !strcmp(again, path));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	char id[ID_LEN + 1], uid[NAME_MAX + 1];

	check_expanded(text);
	if (cgroup_name_id(text, id))
		check(is_full_id(id) && strstr(text, id));
	if (cgroup_name_pod(text, uid))
		check(*uid && !uid[strspn(uid, "0123456789abcdef-")]);
	free(text);
	return 0;
}
