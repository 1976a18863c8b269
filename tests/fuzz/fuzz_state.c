// SPDX-License-Identifier: GPL-2.0-only
/* units: src/resolve_state.c src/util.c */
/* State files of runtimes: config.json, config.v2.json, containers.json. */
#include "fuzz.h"
#include "resolve_parts.h"

#define ID	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void read_with(int (*reader)(const json_t *, struct container *), const json_t *json,
		      const char *space)
{
	struct container c = { .id = strdup(ID), .space = strdup(space), .runtime = "?" };
	char path[PATH_MAX];

	check(!reader(json, &c));
	check(!c.path && !strcmp(c.id, ID) && !strcmp(c.space, space));
	check(!c.pod_uid || reader != containerd_read || !strcmp(space, "k8s.io"));
	if (c.cgroups_path && cgroups_path_expand(c.cgroups_path, path))
		check(*path && is_clean_path(path));
	container_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = state_parse((const char *)data, size);

	if (!json)
		return 0;
	read_with(containerd_read, json, "k8s.io");
	read_with(containerd_read, json, "default");
	read_with(containerd_read, json, "moby");
	read_with(docker_read, json, "");
	read_with(storage_read, json, "");
	storage_name(json, ID);
	json_decref(json);
	return 0;
}
