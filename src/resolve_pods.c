// SPDX-License-Identifier: GPL-2.0-only
/*
 * pod:NAMESPACE/NAME: the cgroup of the pod, which holds all its containers, those too that are
 * restarted. pod:NAMESPACE/NAME/CONTAINER: one of them, as it runs now.
 *
 * Of one name there may be two pods, one that ends and its successor: both are meant.
 */
#include <stdio.h>
#include <string.h>

#include "exit_codes.h"
#include "resolve_parts.h"
#include "util.h"

static bool is_pod(const struct pod *pod, const struct target *target)
{
	return pod->space && pod->name && !strcmp(pod->space, target->space) &&
	       !strcmp(pod->name, target->name);
}

static bool is_in_pod(const struct container *c, const struct target *target)
{
	return c->pod_space && c->pod_name && !strcmp(c->pod_space, target->space) &&
	       !strcmp(c->pod_name, target->name);
}

static int add_pods(struct resolver *r, const struct inventory *inv, const struct target *target,
		    struct matches *matches)
{
	int err = 0;

	for (size_t i = 0; !err && i < inv->nr_pods; i++) {
		const struct pod *pod = &inv->pods[i];

		if (is_pod(pod, target) && pod->path)
			err = matches_add(r, matches, pod->path, "its namespace and name",
					  "pod %s/%s, %s", target->space, target->name, pod->uid);
	}
	return err;
}

/* All of them when the target names none, as for pods that no kubelet has made. */
static int add_containers(struct resolver *r, const struct inventory *inv,
			  const struct target *target, struct matches *matches)
{
	char about[ABOUT_LEN];
	int err = 0;

	for (size_t i = 0; !err && i < inv->nr_containers; i++) {
		const struct container *c = &inv->containers[i];

		if (!c->path || !is_in_pod(c, target))
			continue;
		if (target->container && (c->sandbox || !c->name ||
					  strcmp(c->name, target->container)))
			continue;
		err = matches_add(r, matches, c->path, target->container ?
				  "its pod and its name in there" : "its pod", "%s",
				  container_about(c, about, sizeof(about)));
	}
	return err;
}

static bool is_known(const struct inventory *inv, const struct target *target)
{
	for (size_t i = 0; i < inv->nr_pods; i++) {
		if (is_pod(&inv->pods[i], target))
			return true;
	}
	for (size_t i = 0; i < inv->nr_containers; i++) {
		if (is_in_pod(&inv->containers[i], target))
			return true;
	}
	return false;
}

/* Names of the containers that do run, behind what is in @text. */
static void append_containers(const struct inventory *inv, const struct target *target, char *text,
			      size_t size)
{
	for (size_t i = 0; i < inv->nr_containers; i++) {
		const struct container *c = &inv->containers[i];
		size_t used = strlen(text);
		char shown[80];

		if (c->path && c->name && !c->sandbox && is_in_pod(c, target))
			snprintf(text + used, size - used, "%s%s", *text ? ", " : "",
				 escape_text(shown, sizeof(shown), c->name));
	}
}

static int explain_missing(const struct inventory *inv, const struct target *target, char *why)
{
	char names[1024] = "";

	if (!is_known(inv, target))
		return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "no such pod on this node "
				       "(looked in %s)", inv->looked);
	append_containers(inv, target, names, sizeof(names));
	if (target->container && *names)
		return resolve_explain(QUMUN_EXIT_NOT_FOUND, why,
				       "no such container runs in this pod (there are: %s)", names);
	return resolve_explain(QUMUN_EXIT_NOT_FOUND, why, "the pod does not run (no cgroup of it "
			       "below %s)", "kubepods");
}

static int find(struct resolver *r, const struct inventory *inv, const struct target *target,
		struct matches *matches, char *why)
{
	int err = 0;

	if (!target->container)
		err = add_pods(r, inv, target, matches);
	if (!err && !matches->nr)
		err = add_containers(r, inv, target, matches);
	if (err)
		return resolve_no_memory(why);
	return matches->nr ? QUMUN_EXIT_OK : explain_missing(inv, target, why);
}

int resolve_pod(struct resolver *r, const struct target *target, struct matches *matches,
		char *why)
{
	struct inventory inv;
	int code = inventory_read(r, &inv, why);

	if (!code)
		code = find(r, &inv, target, matches, why);
	inventory_free(&inv);
	return code;
}
