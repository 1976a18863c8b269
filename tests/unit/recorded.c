// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recorded trees of container runtimes; the contract is in recorded.h.
 */
#include "recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolve_parts.h"
#include "tree.h"

struct matches got;
char got_why[RESOLVE_WHY_LEN];

const char *hex_id(unsigned int number)
{
	static char texts[8][ID_LEN + 1];
	static unsigned int next;
	char *text = texts[next++ % 8];

	/* Beginnings differ, too. */
	for (int i = 0; i < ID_LEN / 8; i++)
		snprintf(text + 8 * i, 9, "%08x", (number + 1) * 2654435761U);
	return text;
}

static void make_dirs(const char *path)
{
	char part[PATH_MAX];

	strcpy(part, path);
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
	mkdir(part, 0755);
}

void put_dir(const char *fmt, ...)
{
	char path[PATH_MAX], below[PATH_MAX / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(below, sizeof(below), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", root, below);
	make_dirs(path);
}

void put_cgroup(const char *fmt, ...)
{
	char below[PATH_MAX / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(below, sizeof(below), fmt, args);
	va_end(args);
	put_dir(CGROUP "/%s", below);
}

void put_link(const char *to, const char *fmt, ...)
{
	char path[PATH_MAX], below[PATH_MAX / 2];
	va_list args;

	va_start(args, fmt);
	vsnprintf(below, sizeof(below), fmt, args);
	va_end(args);
	snprintf(path, sizeof(path), "%s/%s", root, below);
	assert_int_equal(symlink(to, path), 0);
}

static void set_note(json_t *notes, const char *key, const char *value)
{
	if (value)
		assert_int_equal(json_object_set_new(notes, key, json_string(value)), 0);
}

/* An OCI specification with what else is in a real one, too. Takes over @notes. */
static char *oci_config(const char *cgroups_path, json_t *notes)
{
	json_t *config = json_pack("{s:s, s:{s:b, s:[s]}, s:s, s:o, s:{s:{s:i}}}",
				   "ociVersion", "1.0.2-dev", "process", "terminal", 0, "args",
				   "/bin/true", "hostname", "h", "annotations", notes, "linux",
				   "resources", "cpu", 1024);
	char *text;

	assert_non_null(config);
	if (cgroups_path)
		json_object_set_new(json_object_get(config, "linux"), "cgroupsPath",
				    json_string(cgroups_path));
	text = json_dumps(config, JSON_INDENT(1));
	json_decref(config);
	return text;
}

void put_cri(const char *tasks, const struct cri *cri)
{
	json_t *notes = json_object();
	char *text;

	set_note(notes, "io.kubernetes.cri.container-type", cri->type ? cri->type : "container");
	set_note(notes, "io.kubernetes.cri.sandbox-namespace", cri->space);
	set_note(notes, "io.kubernetes.cri.sandbox-name", cri->pod);
	set_note(notes, "io.kubernetes.cri.sandbox-uid", cri->uid);
	set_note(notes, "io.kubernetes.cri.container-name", cri->name);
	text = oci_config(cri->cgroups_path, notes);
	put(text, "%s/k8s.io/%s/config.json", tasks, cri->id);
	free(text);
}

void put_task(const char *space, const char *id, const char *cgroups_path, const char *annotations)
{
	json_t *notes = json_loads(annotations ? annotations : "{}", 0, NULL);
	char *text;

	assert_non_null(notes);
	text = oci_config(cgroups_path, notes);
	put(text, CONTAINERD "/%s/%s/config.json", space, id);
	free(text);
}

void put_docker(const char *id, const char *name)
{
	json_t *config = json_pack("{s:s, s:s, s:{s:b, s:i}, s:{s:{s:s}}}", "ID", id, "Name", name,
				   "State", "Running", 1, "Pid", 4711, "Config", "Labels",
				   "com.docker.compose.project", "shop");
	char *text = json_dumps(config, 0);

	assert_non_null(text);
	put(text, "var/lib/docker/containers/%s/config.v2.json", id);
	json_decref(config);
	free(text);
}

void put_stored(const char *id, const char *manager, const char *cgroups_path,
		const char *annotations)
{
	json_t *notes = json_loads(annotations ? annotations : "{}", 0, NULL);
	char *text;

	assert_non_null(notes);
	set_note(notes, "io.container.manager", manager);
	text = oci_config(cgroups_path, notes);
	put(text, STORAGE "/%s/userdata/config.json", id);
	free(text);
}

void resolve_as(uid_t user, const char *text, int want)
{
	char why[TARGET_WHY_LEN];
	struct resolver *resolver;
	struct target target;
	int code;

	matches_free(&got);
	if (target_parse(text, &target, why))
		fail_msg("%s: %s", text, why);
	if (resolver_open_as(&resolver, root, user, got_why))
		fail_msg("resolver: %s", got_why);
	code = resolve_target(resolver, &target, &got, got_why);
	resolver_close(resolver);
	target_free(&target);
	if (code != want)
		fail_msg("%s: %d, not %d: %s", text, code, want, got_why);
	/* Lines are ours, all else in there has been escaped. */
	for (char *c = got_why; *c; c++)
		assert_true(*c == '\n' || (unsigned char)*c >= ' ');
}

void expect_error(const char *target, int code, const char *part)
{
	resolve_as(0, target, code);
	if (!strstr(got_why, part))
		fail_msg("%s: '%s' lacks '%s'", target, got_why, part);
}

void expect_paths(const char *target, const char *const *paths)
{
	size_t nr = 0;

	resolve_as(0, target, QUMUN_EXIT_OK);
	for (; paths[nr]; nr++) {
		if (nr >= got.nr || strcmp(got.rows[nr].path + strlen("/" CGROUP "/"), paths[nr]))
			fail_msg("%s: match %zu of %zu is %s, not %s", target, nr, got.nr,
				 nr < got.nr ? got.rows[nr].path : "none", paths[nr]);
	}
	if (nr != got.nr)
		fail_msg("%s: %zu matches, not %zu; %s", target, got.nr, nr, got.rows[nr].path);
}

int make_recorded(void **state)
{
	/* What all may write is not believed. */
	umask(022);
	return make_root(state);
}

int drop_recorded(void **state)
{
	matches_free(&got);
	return drop_root(state);
}
