// SPDX-License-Identifier: GPL-2.0-only
/*
 * What runtimes write down, and how they name cgroups. Text and JSON only, no files: this is what
 * the fuzzers feed. Of all keys these are read and no others.
 */
#include "resolve_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define CRI	"io.kubernetes.cri."
#define CRIO	"io.kubernetes.cri-o."

/* Names are shorter; what is longer is not worth its memory. */
#define VALUE_LEN_MAX	1024

json_t *state_parse(const char *text, size_t len)
{
	/* Strict UTF-8, no NUL, at most 2048 levels: that is how jansson is. */
	return json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
}

bool is_full_id(const char *id)
{
	return strspn(id, "0123456789abcdef") == ID_LEN && !id[ID_LEN];
}

void container_free(struct container *c)
{
	free(c->id);
	free(c->space);
	free(c->name);
	free(c->pod_space);
	free(c->pod_name);
	free(c->pod_uid);
	free(c->cgroups_path);
	free(c->path);
	*c = (struct container){ 0 };
}

/* The text at a key, or NULL for anything else there. */
static const char *text_at(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value) || !json_string_length(value) ||
	    json_string_length(value) > VALUE_LEN_MAX)
		return NULL;
	return json_string_value(value);
}

static int keep(char **slot, const char *text)
{
	char *copy;

	if (!text)
		return 0;
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	free(*slot);
	*slot = copy;
	return 0;
}

/* One row for each text that is copied. */
struct copy {
	char		**slot;
	const json_t	*from;
	const char	*key;
};

static int keep_all(const struct copy *copies, size_t nr)
{
	int err = 0;

	for (size_t i = 0; !err && i < nr; i++)
		err = keep(copies[i].slot, text_at(copies[i].from, copies[i].key));
	return err;
}

static bool says(const json_t *object, const char *key, const char *value)
{
	const char *text = text_at(object, key);

	return text && !strcmp(text, value);
}

/*
 * containerd writes the OCI specification as config.json. Labels of any caller become annotations,
 * so that those of Kubernetes mean something in its own namespace only.
 */
int containerd_read(const json_t *config, struct container *c)
{
	const json_t *notes = json_object_get(config, "annotations");
	const json_t *linux_part = json_object_get(config, "linux");
	const struct copy cri[] = {
		{ &c->cgroups_path,	linux_part,	"cgroupsPath" },
		{ &c->name,		notes,		CRI "container-name" },
		{ &c->pod_space,	notes,		CRI "sandbox-namespace" },
		{ &c->pod_name,		notes,		CRI "sandbox-name" },
		{ &c->pod_uid,		notes,		CRI "sandbox-uid" },
	};
	const struct copy other[] = {
		{ &c->cgroups_path,	linux_part,	"cgroupsPath" },
		{ &c->name,		notes,		"nerdctl/name" },
	};

	if (c->space && !strcmp(c->space, "k8s.io")) {
		c->sandbox = says(notes, CRI "container-type", "sandbox");
		return keep_all(cri, ARRAY_SIZE(cri));
	}
	/* Docker's names are in its own files. */
	return keep_all(other, c->space && !strcmp(c->space, "moby") ? 1 : ARRAY_SIZE(other));
}

int docker_read(const json_t *config, struct container *c)
{
	const char *name = text_at(config, "Name");

	if (!says(config, "ID", c->id))
		return 0;
	return keep(&c->name, name && *name == '/' ? name + 1 : name);
}

/* The uid of a pod is only among the labels, which CRI-O keeps as JSON in a string. */
static int crio_read_labels(const json_t *notes, struct container *c)
{
	const json_t *value = json_object_get(notes, CRIO "Labels");
	json_t *labels;
	int err;

	if (!json_is_string(value))
		return 0;
	labels = state_parse(json_string_value(value), json_string_length(value));
	err = keep(&c->pod_uid, text_at(labels, "io.kubernetes.pod.uid"));
	json_decref(labels);
	return err;
}

static int crio_read(const json_t *notes, struct container *c)
{
	const struct copy copies[] = {
		{ &c->name,		notes,	CRIO "ContainerName" },
		{ &c->pod_space,	notes,	CRIO "Namespace" },
		{ &c->pod_name,		notes,	CRIO "KubeName" },
	};
	int err;

	c->runtime = "CRI-O";
	c->sandbox = says(notes, CRIO "ContainerType", "sandbox");
	err = keep_all(copies, ARRAY_SIZE(copies));
	return err ? err : crio_read_labels(notes, c);
}

/*
 * Podman and CRI-O share containers/storage and some annotations: Podman's pods, too, have a
 * "cri-o.SandboxID". Who manages the container tells them apart.
 */
int storage_read(const json_t *config, struct container *c)
{
	const json_t *notes = json_object_get(config, "annotations");
	int err;

	err = keep(&c->cgroups_path, text_at(json_object_get(config, "linux"), "cgroupsPath"));
	if (!err && says(notes, "io.container.manager", "cri-o"))
		err = crio_read(notes, c);
	return err;
}

const char *storage_name(const json_t *list, const char *id)
{
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row) {
		const json_t *name = json_array_get(json_object_get(row, "names"), 0);

		if (says(row, "id", id))
			return json_is_string(name) ? json_string_value(name) : NULL;
	}
	return NULL;
}

static bool append(char *path, size_t *used, const char *text, size_t len)
{
	if (*used + len + 2 > PATH_MAX)
		return false;
	if (*used)
		path[(*used)++] = '/';
	memcpy(path + *used, text, len);
	*used += len;
	path[*used] = '\0';
	return true;
}

static size_t strip_type(const char *name, const char *type)
{
	size_t len = strlen(name), type_len = strlen(type);

	return len > type_len && !strcmp(name + len - type_len, type) ? len - type_len : len;
}

/* "a-b-c.slice" → "a.slice/a-b.slice/a-b-c.slice" */
static bool expand_slice(const char *slice, char *path, size_t *used)
{
	size_t len = strip_type(slice, ".slice");
	char part[NAME_MAX + 1];

	if (!slice[len] || strlen(slice) > NAME_MAX)
		return false;
	/* The root slice has no directory of its own. */
	if (!strcmp(slice, "-.slice"))
		return true;
	for (size_t at = 1; at <= len; at++) {
		if (at < len && slice[at] != '-')
			continue;
		snprintf(part, sizeof(part), "%.*s.slice", (int)at, slice);
		if (!append(path, used, part, strlen(part)))
			return false;
	}
	return true;
}

bool is_clean_path(const char *path)
{
	while (*path) {
		size_t len = strcspn(path, "/");

		if (!len || (len == 1 && *path == '.') || (len == 2 && !strncmp(path, "..", 2)))
			return false;
		path += len;
		if (*path && !*++path)
			return false;
	}
	return true;
}

/* "parent.slice:prefix:name", the way of the systemd driver; changes @text. */
static bool expand_systemd(char *text, char *path)
{
	char *prefix = strchr(text, ':'), *name = prefix ? strchr(prefix + 1, ':') : NULL;
	char scope[NAME_MAX + 1];
	size_t used = 0;
	int len;

	if (!name || strchr(name + 1, ':') || strchr(text, '/') || !name[1])
		return false;
	*prefix++ = '\0';
	*name++ = '\0';
	/* A container may be a slice of its own. */
	if (name[strip_type(name, ".slice")])
		return expand_slice(name, path, &used) && used;
	if (!expand_slice(*text ? text : "system.slice", path, &used))
		return false;
	len = snprintf(scope, sizeof(scope), "%s%s%s.scope", prefix, *prefix ? "-" : "", name);
	return len < (int)sizeof(scope) && append(path, &used, scope, (size_t)len);
}

bool cgroups_path_expand(const char *text, char *path)
{
	char copy[3 * (NAME_MAX + 1)];

	*path = '\0';
	if (*text != '/') {
		if (strlen(text) >= sizeof(copy))
			return false;
		strcpy(copy, text);
		return expand_systemd(copy, path) && is_clean_path(path);
	}
	text += strspn(text, "/");
	if (!*text || strlen(text) >= PATH_MAX || !is_clean_path(text))
		return false;
	strcpy(path, text);
	return true;
}

const char *cgroup_name_id(const char *name, char *id)
{
	size_t len = strip_type(name, ".scope"), prefix_len;

	if (len < ID_LEN)
		return NULL;
	prefix_len = len - ID_LEN;
	memcpy(id, name + prefix_len, ID_LEN);
	id[ID_LEN] = '\0';
	if (!is_full_id(id))
		return NULL;
	if (prefix_len && name[prefix_len - 1] != '-' && name[prefix_len - 1] != ':')
		return NULL;
	/* "crio-conmon-ID", "libpod-conmon-ID": those watch the container with this id. */
	if (memmem(name, prefix_len, "conmon", strlen("conmon")))
		return NULL;
	return id;
}

bool cgroup_name_pod(const char *name, char *uid)
{
	size_t len = strip_type(name, ".slice");
	const char *at = name, *pod = NULL;

	/* "pod" at the start, or behind a '-': "kubepods-burstable-pod1f_2e.slice". */
	while ((at = strstr(at, "pod"))) {
		if (at == name || at[-1] == '-')
			pod = at + 3;
		at += 3;
	}
	if (!pod || pod >= name + len || (size_t)(name + len - pod) >= NAME_MAX)
		return false;
	if (strspn(pod, "0123456789abcdef-_") < (size_t)(name + len - pod))
		return false;
	for (; pod < name + len; pod++)
		*uid++ = *pod == '_' ? '-' : *pod;
	*uid = '\0';
	return true;
}
