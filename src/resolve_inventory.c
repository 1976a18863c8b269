// SPDX-License-Identifier: GPL-2.0-only
/*
 * All containers and pods: what state files tell, and what the names of cgroups tell, put together
 * by id. A container's full id is at the end of its cgroup's name with every runtime but ctr; for
 * that one, and for others with a cgroup of their choice, linux.cgroupsPath says it.
 */
#include "resolve_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exit_codes.h"
#include "util.h"

/* Rows are added by powers of two: no capacity needs to be remembered. */
static void *grow(void *rows, size_t nr, size_t size)
{
	if (nr & (nr - 1) || (nr && nr < 8))
		return rows;
	return reallocarray(rows, nr ? nr * 2 : 8, size);
}

struct container *inventory_container(struct inventory *inv, const char *id, const char *runtime)
{
	struct container *rows, *c;

	/* Each container counts twice, once with its state and once with its cgroup. */
	if (inv->nr_containers >= 2 * ENTRIES_MAX)
		return NULL;
	rows = grow(inv->containers, inv->nr_containers, sizeof(*rows));
	if (!rows)
		return NULL;
	inv->containers = rows;
	c = &rows[inv->nr_containers];
	*c = (struct container){ .id = strdup(id), .runtime = runtime };
	if (!c->id)
		return NULL;
	inv->nr_containers++;
	return c;
}

struct pod *inventory_pod(struct inventory *inv, const char *uid)
{
	struct pod *rows, *pod;

	if (inv->nr_pods >= 2 * ENTRIES_MAX)
		return NULL;
	rows = grow(inv->pods, inv->nr_pods, sizeof(*rows));
	if (!rows)
		return NULL;
	inv->pods = rows;
	pod = &rows[inv->nr_pods];
	*pod = (struct pod){ .uid = strdup(uid) };
	if (!pod->uid)
		return NULL;
	inv->nr_pods++;
	return pod;
}

static void pod_free(struct pod *pod)
{
	free(pod->uid);
	free(pod->space);
	free(pod->name);
	free(pod->path);
}

void inventory_free(struct inventory *inv)
{
	for (size_t i = 0; i < inv->nr_containers; i++)
		container_free(&inv->containers[i]);
	for (size_t i = 0; i < inv->nr_pods; i++)
		pod_free(&inv->pods[i]);
	free(inv->containers);
	free(inv->pods);
	*inv = (struct inventory){ 0 };
}

void inventory_looked(struct inventory *inv, const char *place, const char *outcome)
{
	size_t used = strlen(inv->looked), size = sizeof(inv->looked) - used;
	char shown[256];

	escape_text(shown, sizeof(shown), place);
	if (strlen(shown) + strlen(outcome) + sizeof(", ") < size)
		snprintf(inv->looked + used, size, "%s%s%s", used ? ", " : "", shown, outcome);
}

/* --- what the cgroups tell ------------------------------------------------------------------- */

/* By the names that runtimes give to cgroups, where nothing else tells. */
static const char *guess_runtime(const char *path, const char *name)
{
	static const struct { const char *prefix, *runtime; } rows[] = {
		{ "cri-containerd-", "containerd" }, { "docker-", "Docker" },
		{ "crio-", "CRI-O" }, { "libpod-", "Podman" }, { "nerdctl-", "containerd" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!strncmp(name, rows[i].prefix, strlen(rows[i].prefix)))
			return rows[i].runtime;
	}
	return strncmp(path, "docker/", strlen("docker/")) ? "unknown runtime" : "Docker";
}

struct cgroups_seen {
	struct inventory *inv;
	int err;
};

static enum walk_on keep_path(struct cgroups_seen *seen, char **slot, const char *path,
			      enum walk_on next)
{
	*slot = strdup(path);
	if (*slot)
		return next;
	seen->err = -ENOMEM;
	return WALK_STOP;
}

static enum walk_on see_container(struct cgroups_seen *seen, const char *path, const char *name,
				  const char *id)
{
	struct container *c = inventory_container(seen->inv, id, guess_runtime(path, name));

	if (!c) {
		seen->err = -ENOMEM;
		return WALK_STOP;
	}
	c->guessed = true;
	/* What is below a container, its own processes made. */
	return keep_path(seen, &c->path, path, WALK_PAST);
}

static enum walk_on see_pod(struct cgroups_seen *seen, const char *path, const char *uid)
{
	struct pod *pod = inventory_pod(seen->inv, uid);

	if (!pod) {
		seen->err = -ENOMEM;
		return WALK_STOP;
	}
	return keep_path(seen, &pod->path, path, WALK_INTO);
}

static enum walk_on see_cgroup(void *data, const char *path, const char *name)
{
	char id[ID_LEN + 1], uid[NAME_MAX + 1];

	if (cgroup_name_id(name, id))
		return see_container(data, path, name, id);
	if (strstr(path, "kubepods") && cgroup_name_pod(name, uid))
		return see_pod(data, path, uid);
	return WALK_INTO;
}

static int read_cgroups(struct resolver *r, struct inventory *inv)
{
	struct cgroups_seen seen = { .inv = inv };
	const struct walk walk = { .visit = see_cgroup, .data = &seen };
	int err = walk_cgroups(r, &walk);

	return err ? err : seen.err;
}

/* --- putting together ------------------------------------------------------------------------ */

static int compare_text(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

/* Full ids are unique in the world; other ids are so in a namespace. */
static int compare_identity(const struct container *a, const struct container *b)
{
	int order = strcmp(a->id, b->id);

	if (order || is_full_id(a->id))
		return order;
	order = compare_text(a->space, b->space);
	return order ? order : strcmp(a->runtime, b->runtime);
}

/* Of one container, what a state file tells first; then by paths, to be repeatable. */
static int compare_containers(const void *a, const void *b)
{
	const struct container *one = a, *two = b;
	int order = compare_identity(one, two);

	if (!order)
		order = one->guessed - two->guessed;
	return order ? order : compare_text(one->path, two->path);
}

static void take(char **to, char **from)
{
	if (*to || !*from)
		return;
	*to = *from;
	*from = NULL;
}

static void merge_container(struct container *to, struct container *from)
{
	take(&to->space, &from->space);
	take(&to->name, &from->name);
	take(&to->pod_space, &from->pod_space);
	take(&to->pod_name, &from->pod_name);
	take(&to->pod_uid, &from->pod_uid);
	take(&to->cgroups_path, &from->cgroups_path);
	take(&to->path, &from->path);
	to->sandbox |= from->sandbox;
	/* Podman is what we call all that is in containers/storage until an annotation tells. */
	if (!strcmp(to->runtime, "Podman") && !from->guessed)
		to->runtime = from->runtime;
	container_free(from);
}

static void merge_containers(struct inventory *inv)
{
	size_t last = 0;

	if (!inv->nr_containers)
		return;
	qsort(inv->containers, inv->nr_containers, sizeof(*inv->containers), compare_containers);
	for (size_t i = 1; i < inv->nr_containers; i++) {
		struct container *c = &inv->containers[i];

		if (!compare_identity(&inv->containers[last], c))
			merge_container(&inv->containers[last], c);
		else
			inv->containers[++last] = *c;
	}
	inv->nr_containers = last + 1;
}

static int compare_pods(const void *a, const void *b)
{
	const struct pod *one = a, *two = b;
	int order = strcmp(one->uid, two->uid);

	return order ? order : compare_text(one->path, two->path);
}

static void merge_pods(struct inventory *inv)
{
	size_t last = 0;

	if (!inv->nr_pods)
		return;
	qsort(inv->pods, inv->nr_pods, sizeof(*inv->pods), compare_pods);
	for (size_t i = 1; i < inv->nr_pods; i++) {
		struct pod *to = &inv->pods[last], *pod = &inv->pods[i];

		if (strcmp(to->uid, pod->uid)) {
			inv->pods[++last] = *pod;
			continue;
		}
		take(&to->space, &pod->space);
		take(&to->name, &pod->name);
		take(&to->path, &pod->path);
		pod_free(pod);
	}
	inv->nr_pods = last + 1;
}

/* Pods that only a runtime knows of. */
static int add_pods_of_containers(struct inventory *inv)
{
	for (size_t i = 0; i < inv->nr_containers; i++) {
		const struct container *c = &inv->containers[i];
		struct pod *pod;

		if (!c->pod_uid || !c->pod_space || !c->pod_name)
			continue;
		pod = inventory_pod(inv, c->pod_uid);
		if (!pod)
			return -ENOMEM;
		pod->space = strdup(c->pod_space);
		pod->name = strdup(c->pod_name);
		if (!pod->space || !pod->name)
			return -ENOMEM;
	}
	return 0;
}

/* The cgroup of a container that is not named by its full id, if it is there. */
static int find_cgroup(struct resolver *r, struct container *c)
{
	char full[2 * PATH_MAX], path[PATH_MAX];
	int fd;

	if (c->path || !c->cgroups_path || !cgroups_path_expand(c->cgroups_path, path))
		return 0;
	if (snprintf(full, sizeof(full), "%s/%s", r->mount.path, path) >= PATH_MAX)
		return 0;
	fd = cgroup_open(&r->mount, full);
	if (fd < 0)
		return 0;
	close(fd);
	c->path = strdup(path);
	return c->path ? 0 : -ENOMEM;
}

int inventory_read(struct resolver *r, struct inventory *inv, char *why)
{
	int err;

	*inv = (struct inventory){ 0 };
	inventory_looked(inv, r->mount.path, "");
	err = runtimes_read(r, inv);
	if (r->user)
		inventory_looked(inv, "and nowhere else", " for a normal user; root sees more");
	if (!err)
		err = read_cgroups(r, inv);
	if (!err) {
		merge_containers(inv);
		err = add_pods_of_containers(inv);
	}
	if (!err)
		merge_pods(inv);
	for (size_t i = 0; !err && i < inv->nr_containers; i++)
		err = find_cgroup(r, &inv->containers[i]);
	if (!err)
		return QUMUN_EXIT_OK;
	return resolve_explain(QUMUN_EXIT_ENVIRONMENT, why, "containers cannot be listed: %s",
			       strerror(-err));
}

const char *container_about(const struct container *c, char *text, size_t size)
{
	char pod[600] = "", space[160] = "", name[300] = "", raw[2 * ABOUT_LEN];
	bool is_full = is_full_id(c->id);

	if (c->pod_space && c->pod_name)
		snprintf(pod, sizeof(pod), " of pod %.128s/%.256s", c->pod_space, c->pod_name);
	if (c->space)
		snprintf(space, sizeof(space), " (%.128s)", c->space);
	if (c->name)
		snprintf(name, sizeof(name), " %.256s", c->name);
	snprintf(raw, sizeof(raw), "%s%s%s, %s%s, %.*s", c->sandbox ? "sandbox" : "container", name,
		 pod, c->runtime, space, is_full ? ID_SHOWN_LEN : 255, c->id);
	return escape_text(text, size, raw);
}
