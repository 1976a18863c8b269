// SPDX-License-Identifier: GPL-2.0-only
/* units: src/resolve_state.c src/util.c */
/*
 * What runtimes write down and how they name cgroups, as text: good, odd and hostile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolve_parts.h"
#include "util.h"

#define ID	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_paths(void **state)
{
	static const struct { const char *text, *path; } rows[] = {
		{ "/default/web", "default/web" },
		{ "/kubepods/burstable/pod1f-2e/" ID, "kubepods/burstable/pod1f-2e/" ID },
		{ "/a..b/..c/d..", "a..b/..c/d.." },
		{ "machine.slice:libpod:" ID, "machine.slice/libpod-" ID ".scope" },
		{ ":docker:" ID, "system.slice/docker-" ID ".scope" },
		{ "system.slice:docker:" ID, "system.slice/docker-" ID ".scope" },
		{ "kubepods-burstable-pod1f_2e.slice:cri-containerd:" ID,
		  "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f_2e.slice/"
		  "cri-containerd-" ID ".scope" },
		{ "-.slice:a:b", "a-b.scope" },
		{ "a.slice::b", "a.slice/b.scope" },
		{ "a.slice:x:b-c.slice", "b.slice/b-c.slice" },
	};
	char path[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (!cgroups_path_expand(rows[i].text, path) || strcmp(path, rows[i].path))
			fail_msg("%s: '%s', not '%s'", rows[i].text, path, rows[i].path);
	}
}

static void test_paths_refused(void **state)
{
	static const char *const rows[] = {
		"", "/", "//", "relative", "a/b", "libpod_parent/x",
		"/../x", "/x/..", "/x/../y", "/x/./y", "/x//y", "/x/", "/.", "/..",
		"a:b", "a:b:c", "a:b:c:d", "a.slice:b:", "::", "a.slice:b:c:d",
		"a.slice:b:../c", "../a.slice:b:c", "a.slice:../b:c", "a.slice/b.slice:c:d",
		".slice:b:c", "a.slice:x:-.slice", "a.service:b:c",
	};
	char path[PATH_MAX], text[2 * PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (cgroups_path_expand(rows[i], path))
			fail_msg("'%s' became '%s'", rows[i], path);
	}
	memset(text, 'x', sizeof(text));
	text[0] = '/';
	text[PATH_MAX + 1] = '\0';
	assert_false(cgroups_path_expand(text, path));
	text[PATH_MAX] = '\0';
	assert_true(cgroups_path_expand(text, path));
	/* Many small steps up to a long path. */
	strcpy(text, "a");
	for (int i = 0; i < 120; i++)
		strcat(text, "-a");
	strcat(text, ".slice:b:c");
	assert_false(cgroups_path_expand(text, path));
	memset(text, 'x', 1000);
	strcpy(text + 1000, ".slice:b:c");
	assert_false(cgroups_path_expand(text, path));
	strcpy(text, "a.slice:b:");
	memset(text + strlen("a.slice:b:"), 'c', 300);
	text[strlen("a.slice:b:") + 300] = '\0';
	assert_false(cgroups_path_expand(text, path));
}

static void test_names_of_containers(void **state)
{
	static const char *const with[] = {
		ID, ID ".scope", "docker-" ID ".scope", "cri-containerd-" ID ".scope",
		"libpod-" ID, "crio-" ID ".scope", "libpod-payload-" ID, "system.slice:docker:" ID,
	};
	static const char *const without[] = {
		"", "a", ".scope", "docker-.scope", "docker" ID ".scope", ID "0", "x" ID,
		"crio-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", "docker-" ID ".service",
		"docker-0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef.scope",
		"docker-0123456789abcdef.scope", "docker-" ID ".scope.d", "docker-" ID ".mount",
	};
	char id[ID_LEN + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
		assert_non_null(cgroup_name_id(with[i], id));
		assert_string_equal(id, ID);
	}
	for (size_t i = 0; i < ARRAY_SIZE(without); i++) {
		if (cgroup_name_id(without[i], id))
			fail_msg("'%s' has id %s", without[i], id);
	}
}

static void test_names_of_pods(void **state)
{
	static const struct { const char *name, *uid; } rows[] = {
		{ "pod1f-2e", "1f-2e" },
		{ "kubepods-pod1f_2e.slice", "1f-2e" },
		{ "kubepods-burstable-pod1f_2e.slice", "1f-2e" },
		{ "kubelet-kubepods-besteffort-pod0123456789abcdef.slice", "0123456789abcdef" },
		{ "pod", NULL }, { "pod.slice", NULL }, { "kubepods.slice", NULL },
		{ "kubepods-burstable.slice", NULL }, { "podium", NULL }, { "podx1", NULL },
		{ "xpod1f", NULL }, { "pod1f.scope", NULL }, { "", NULL },
	};
	char uid[NAME_MAX + 1], name[2 * NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool is_pod = cgroup_name_pod(rows[i].name, uid);

		if (is_pod != !!rows[i].uid || (is_pod && strcmp(uid, rows[i].uid)))
			fail_msg("'%s': %s", rows[i].name, is_pod ? uid : "no pod");
	}
	memset(name, 'a', sizeof(name));
	memcpy(name, "pod", 3);
	name[sizeof(name) - 1] = '\0';
	assert_false(cgroup_name_pod(name, uid));
}

static json_t *parse(const char *text)
{
	return state_parse(text, strlen(text));
}

static void test_json_refused(void **state)
{
	static const char *const rows[] = {
		"", " ", "{", "{\"a\":1}x", "{\"a\":1,\"a\":2}", "{'a':1}", "nonsense",
		"{\"a\":\"\xff\"}", "{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud800\"}", "{\"a\":NaN}",
		"null", "true", "17", "\"text\"",
	};
	char deep[3 * 4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_null(parse(rows[i]));
	assert_null(state_parse("{\"a\":\"b\0c\"}", 11));
	memset(deep, '[', sizeof(deep) / 2);
	memset(deep + sizeof(deep) / 2, ']', sizeof(deep) / 2);
	assert_null(state_parse(deep, sizeof(deep)));
}

/* Reads @text with a reader into @c, whatever may come of it. */
static void read_with(int (*reader)(const json_t *, struct container *), const char *text,
		      struct container *c)
{
	json_t *json = parse(text);

	assert_non_null(json);
	assert_int_equal(reader(json, c), 0);
	json_decref(json);
}

static struct container in_space(const char *space)
{
	return (struct container){
		.id = strdup(ID), .space = space ? strdup(space) : NULL, .runtime = "x",
	};
}

#define CRI_NOTES							\
	"{\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\","	\
	"\"io.kubernetes.cri.sandbox-namespace\":\"default\","		\
	"\"io.kubernetes.cri.sandbox-name\":\"web-0\","			\
	"\"io.kubernetes.cri.sandbox-uid\":\"1f-2e\","			\
	"\"io.kubernetes.cri.container-name\":\"nginx\",\"nginx\":\"x\","	\
	"\"nerdctl/name\":\"own\"},\"linux\":{\"cgroupsPath\":\"/a/b\"}}"

static void test_containerd(void **state)
{
	struct container c = in_space("k8s.io");

	(void)state;
	read_with(containerd_read, CRI_NOTES, &c);
	assert_string_equal(c.name, "nginx");
	assert_string_equal(c.pod_space, "default");
	assert_string_equal(c.pod_name, "web-0");
	assert_string_equal(c.pod_uid, "1f-2e");
	assert_string_equal(c.cgroups_path, "/a/b");
	assert_false(c.sandbox);
	container_free(&c);

	c = in_space("k8s.io");
	read_with(containerd_read, "{\"annotations\":{\"io.kubernetes.cri.container-type\":"
		  "\"sandbox\"}}", &c);
	assert_true(c.sandbox);
	assert_null(c.name);
	container_free(&c);
}

/* Elsewhere these annotations are labels, and anybody's text. */
static void test_labels_are_no_annotations(void **state)
{
	struct container c = in_space("default");

	(void)state;
	read_with(containerd_read, CRI_NOTES, &c);
	assert_null(c.pod_space);
	assert_null(c.pod_name);
	assert_null(c.pod_uid);
	assert_string_equal(c.name, "own");
	container_free(&c);

	c = in_space("moby");
	read_with(containerd_read, CRI_NOTES, &c);
	assert_null(c.name);
	assert_string_equal(c.cgroups_path, "/a/b");
	container_free(&c);
}

static void test_docker(void **state)
{
	struct container c = in_space(NULL);

	(void)state;
	read_with(docker_read, "{\"ID\":\"" ID "\",\"Name\":\"/web\"}", &c);
	assert_string_equal(c.name, "web");
	container_free(&c);

	/* The state of another container in this one's directory. */
	c = in_space(NULL);
	read_with(docker_read, "{\"ID\":\"" ID "0\",\"Name\":\"/web\"}", &c);
	assert_null(c.name);
	container_free(&c);
}

#define CRIO_NOTES(manager)							\
	"{\"annotations\":{\"io.container.manager\":\"" manager "\","		\
	"\"io.kubernetes.cri-o.ContainerType\":\"container\","			\
	"\"io.kubernetes.cri-o.Namespace\":\"default\","			\
	"\"io.kubernetes.cri-o.KubeName\":\"web-0\","				\
	"\"io.kubernetes.cri-o.ContainerName\":\"nginx\","			\
	"\"io.kubernetes.cri-o.Labels\":\"{\\\"io.kubernetes.pod.uid\\\":\\\"1f-2e\\\"}\"},"	\
	"\"linux\":{\"cgroupsPath\":\"machine.slice:libpod:x\"}}"

static void test_storage(void **state)
{
	struct container c = in_space(NULL);

	(void)state;
	read_with(storage_read, CRIO_NOTES("cri-o"), &c);
	assert_string_equal(c.runtime, "CRI-O");
	assert_string_equal(c.name, "nginx");
	assert_string_equal(c.pod_space, "default");
	assert_string_equal(c.pod_name, "web-0");
	assert_string_equal(c.pod_uid, "1f-2e");
	container_free(&c);

	/* Podman writes some of CRI-O's annotations, too, and has other pods. */
	c = in_space(NULL);
	read_with(storage_read, CRIO_NOTES("libpod"), &c);
	assert_string_equal(c.runtime, "x");
	assert_null(c.pod_space);
	assert_null(c.pod_uid);
	assert_string_equal(c.cgroups_path, "machine.slice:libpod:x");
	container_free(&c);
}

static void test_storage_names(void **state)
{
	json_t *list = parse("[{\"id\":\"x\"},{\"id\":\"y\",\"names\":[]},17,"
			     "{\"id\":\"z\",\"names\":[\"web\",\"old\"]},{\"names\":[\"n\"]},"
			     "{\"id\":\"v\",\"names\":\"text\"},{\"id\":\"u\",\"names\":[3]}]");

	(void)state;
	assert_string_equal(storage_name(list, "z"), "web");
	assert_null(storage_name(list, "x"));
	assert_null(storage_name(list, "y"));
	assert_null(storage_name(list, "u"));
	assert_null(storage_name(list, "v"));
	assert_null(storage_name(list, "w"));
	assert_null(storage_name(NULL, "z"));
	json_decref(list);
}

/* Other kinds of values where texts are due, for each of the readers. */
static void test_odd_values(void **state)
{
	static const char *const rows[] = {
		"[]", "{}", "[[[]]]", "[null,true,17,\"text\"]",
		"{\"annotations\":[],\"linux\":[],\"ID\":[],\"Name\":{}}",
		"{\"annotations\":{\"io.kubernetes.cri.container-name\":17,"
		"\"io.container.manager\":[\"cri-o\"]},\"linux\":{\"cgroupsPath\":{}}}",
		"{\"annotations\":{\"io.container.manager\":\"cri-o\","
		"\"io.kubernetes.cri-o.Labels\":\"{]\"}}",
		"{\"annotations\":{\"io.container.manager\":\"cri-o\","
		"\"io.kubernetes.cri-o.Labels\":{}}}",
		"{\"annotations\":{\"io.kubernetes.cri.container-name\":\"\"}}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct container c = in_space("k8s.io");

		read_with(containerd_read, rows[i], &c);
		read_with(docker_read, rows[i], &c);
		read_with(storage_read, rows[i], &c);
		assert_null(c.name);
		assert_null(c.pod_uid);
		assert_null(c.cgroups_path);
		container_free(&c);
	}
}

static void test_long_values(void **state)
{
	char text[4096] = "{\"linux\":{\"cgroupsPath\":\"/";
	struct container c = in_space("x");

	(void)state;
	memset(text + strlen(text), 'x', 2000);
	strcat(text, "\"}}");
	read_with(containerd_read, text, &c);
	assert_null(c.cgroups_path);
	container_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_paths_refused),
		cmocka_unit_test(test_names_of_containers),
		cmocka_unit_test(test_names_of_pods),
		cmocka_unit_test(test_json_refused),
		cmocka_unit_test(test_containerd),
		cmocka_unit_test(test_labels_are_no_annotations),
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_storage),
		cmocka_unit_test(test_storage_names),
		cmocka_unit_test(test_odd_values),
		cmocka_unit_test(test_long_values),
	};

	return cmocka_run_group_tests_name("resolve_state", tests, NULL, NULL);
}
