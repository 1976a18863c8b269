// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where container runtimes and kubelet keep what they know, by the defaults of their projects.
 * Root looks at the system's places, a normal user at the own ones: what others can write, as the
 * state of rootless containers of a user, must never be believed by root.
 */
#include "resolve_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define TASKS	"io.containerd.runtime.v2.task"

/* Where a user's own places are, by the specification for base directories. */
static const char *own_place(char *path, const char *variable, const char *below_home,
			     const char *below)
{
	const char *base = getenv(variable), *home = getenv("HOME");

	if (base && *base == '/')
		snprintf(path, PATH_MAX, "%s/%s", base, below);
	else if (below_home && home && *home == '/')
		snprintf(path, PATH_MAX, "%s/%s/%s", home, below_home, below);
	else
		return NULL;
	return path;
}

static const char *own_data(char *path, const char *below)
{
	return own_place(path, "XDG_DATA_HOME", ".local/share", below);
}

static const char *own_runtime(char *path, const char *below)
{
	return own_place(path, "XDG_RUNTIME_DIR", NULL, below);
}

static DIR *look(struct resolver *r, struct inventory *inv, const char *place)
{
	DIR *dir = place ? place_open(r, place) : NULL;

	if (dir)
		inventory_looked(inv, place, "");
	else if (place && errno == EACCES)
		inventory_looked(inv, place, " (no permission)");
	else if (place && errno == EPERM)
		inventory_looked(inv, place, " (not believed: others can write there)");
	return dir;
}

static int keep(char **slot, const char *text)
{
	*slot = strdup(text);
	return *slot ? 0 : -ENOMEM;
}

/* --- containerd: TASKS/<namespace>/<id>/config.json ------------------------------------------ */

static int read_task(struct resolver *r, struct inventory *inv, DIR *space_dir,
		     const char *space, const char *id)
{
	struct container *c = inventory_container(inv, id, strcmp(space, "moby") ? "containerd" :
						  "Docker");
	char path[NAME_MAX + sizeof("/config.json")];
	json_t *config;
	int err;

	if (!c)
		return -ENOMEM;
	err = keep(&c->space, space);
	snprintf(path, sizeof(path), "%s/config.json", id);
	/* Some sandboxes of containerd 2 have none. */
	config = state_read(r, space_dir, path);
	if (!err && config)
		err = containerd_read(config, c);
	/* ctr's ids are names. */
	if (!err && !c->name && !is_full_id(id))
		err = keep(&c->name, id);
	json_decref(config);
	return err;
}

static int read_space(struct resolver *r, struct inventory *inv, DIR *tasks,
		      const char *space)
{
	DIR *dir = dir_open(r, tasks, space);
	const char *id;
	size_t nr = 0;
	int err = 0;

	/* What is being removed has a name with a dot before it, and is no entry for dir_next(). */
	while (dir && !err && (id = dir_next(dir, &nr)))
		err = read_task(r, inv, dir, space, id);
	if (dir)
		closedir(dir);
	return err;
}

static int read_containerd(struct resolver *r, struct inventory *inv, const char *place)
{
	DIR *tasks = look(r, inv, place);
	const char *space;
	size_t nr = 0;
	int err = 0;

	while (tasks && !err && (space = dir_next(tasks, &nr)))
		err = read_space(r, inv, tasks, space);
	if (tasks)
		closedir(tasks);
	return err;
}

static int read_all_containerd(struct resolver *r, struct inventory *inv)
{
	static const char *const places[] = {
		"/run/containerd/" TASKS,
		"/run/k3s/containerd/" TASKS,
		"/run/k0s/containerd/" TASKS,
		"/var/snap/microk8s/common/run/containerd/" TASKS,
		/* What dockerd starts when there is no containerd. */
		"/run/docker/containerd/daemon/" TASKS,
	};
	char path[PATH_MAX];
	int err = 0;

	if (r->user)
		return read_containerd(r, inv,
				       own_runtime(path, "docker/containerd/daemon/" TASKS));
	for (size_t i = 0; !err && i < ARRAY_SIZE(places); i++)
		err = read_containerd(r, inv, places[i]);
	return err;
}

/* --- Docker: containers/<id>/config.v2.json --------------------------------------------------- */

static int read_docker_container(struct resolver *r, struct inventory *inv, DIR *dir,
				 const char *id)
{
	char path[ID_LEN + sizeof("/config.v2.json")];
	struct container *c;
	json_t *config;
	int err;

	if (!is_full_id(id))
		return 0;
	c = inventory_container(inv, id, "Docker");
	if (!c)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/config.v2.json", id);
	config = state_read(r, dir, path);
	err = config ? docker_read(config, c) : 0;
	json_decref(config);
	return err;
}

static int read_docker(struct resolver *r, struct inventory *inv, const char *place)
{
	DIR *dir = look(r, inv, place);
	const char *id;
	size_t nr = 0;
	int err = 0;

	while (dir && !err && (id = dir_next(dir, &nr)))
		err = read_docker_container(r, inv, dir, id);
	if (dir)
		closedir(dir);
	return err;
}

/* The directory of all that Docker keeps may be elsewhere, which daemon.json tells. */
static const char *docker_root(struct resolver *r, char *path)
{
	DIR *dir = place_open(r, "/etc/docker");
	json_t *config = dir ? state_read(r, dir, "daemon.json") : NULL;
	const char *root = json_string_value(json_object_get(config, "data-root"));
	bool is_elsewhere = root && *root == '/' && is_clean_path(root + 1);

	snprintf(path, PATH_MAX, "%s/containers", is_elsewhere ? root : "/var/lib/docker");
	json_decref(config);
	if (dir)
		closedir(dir);
	return path;
}

static int read_all_docker(struct resolver *r, struct inventory *inv)
{
	char path[PATH_MAX];
	int err;

	if (r->user)
		return read_docker(r, inv, own_data(path, "docker/containers"));
	err = read_docker(r, inv, docker_root(r, path));
	return err ? err : read_docker(r, inv, "/var/snap/docker/common/var-lib-docker/containers");
}

/* --- Podman and CRI-O: <driver>-containers/<id>/userdata/config.json -------------------------- */

static int read_stored(struct resolver *r, struct inventory *inv, DIR *dir,
		       const json_t *list, const char *id)
{
	char path[ID_LEN + sizeof("/userdata/config.json")];
	const char *name = storage_name(list, id);
	struct container *c;
	json_t *config;
	int err = 0;

	if (!is_full_id(id))
		return 0;
	c = inventory_container(inv, id, "Podman");
	if (!c)
		return -ENOMEM;
	if (name)
		err = keep(&c->name, name);
	snprintf(path, sizeof(path), "%s/userdata/config.json", id);
	config = state_read(r, dir, path);
	if (!err && config)
		err = storage_read(config, c);
	json_decref(config);
	return err;
}

static int read_driver(struct resolver *r, struct inventory *inv, DIR *storage,
		       const char *driver)
{
	DIR *dir = dir_open(r, storage, driver);
	json_t *list;
	const char *id;
	size_t nr = 0;
	int err = 0;

	if (!dir)
		return 0;
	list = state_read(r, dir, "containers.json");
	while (!err && (id = dir_next(dir, &nr)))
		err = read_stored(r, inv, dir, list, id);
	json_decref(list);
	closedir(dir);
	return err;
}

static int read_storage(struct resolver *r, struct inventory *inv, const char *place)
{
	static const char tail[] = "-containers";
	DIR *storage = look(r, inv, place);
	const char *driver;
	size_t nr = 0;
	int err = 0;

	while (storage && !err && (driver = dir_next(storage, &nr))) {
		size_t len = strlen(driver);

		if (len >= sizeof(tail) && !strcmp(driver + len - (sizeof(tail) - 1), tail))
			err = read_driver(r, inv, storage, driver);
	}
	if (storage)
		closedir(storage);
	return err;
}

static int read_all_storage(struct resolver *r, struct inventory *inv)
{
	char path[PATH_MAX];
	int err;

	if (r->user)
		return read_storage(r, inv, own_data(path, "containers/storage"));
	err = read_storage(r, inv, "/var/lib/containers/storage");
	return err ? err : read_storage(r, inv, "/run/containers/storage");
}

/* --- kubelet: /var/log/pods/<namespace>_<pod>_<uid> ------------------------------------------- */

static int read_pod(struct inventory *inv, const char *entry)
{
	const char *name = strchr(entry, '_');
	const char *uid = name ? strchr(name + 1, '_') : NULL;
	struct pod *pod;

	if (!uid || !uid[1] || uid[1 + strspn(uid + 1, "0123456789abcdef-")])
		return 0;
	pod = inventory_pod(inv, uid + 1);
	if (!pod)
		return -ENOMEM;
	pod->space = strndup(entry, (size_t)(name - entry));
	pod->name = strndup(name + 1, (size_t)(uid - name) - 1);
	return pod->space && pod->name ? 0 : -ENOMEM;
}

static int read_pods(struct resolver *r, struct inventory *inv)
{
	DIR *dir = r->user ? NULL : look(r, inv, "/var/log/pods");
	const char *entry;
	size_t nr = 0;
	int err = 0;

	while (dir && !err && (entry = dir_next(dir, &nr)))
		err = read_pod(inv, entry);
	if (dir)
		closedir(dir);
	return err;
}

int runtimes_read(struct resolver *r, struct inventory *inv)
{
	int err = read_all_containerd(r, inv);

	if (!err)
		err = read_all_docker(r, inv);
	if (!err)
		err = read_all_storage(r, inv);
	if (!err)
		err = read_pods(r, inv);
	return err;
}
