// SPDX-License-Identifier: GPL-2.0-only
/* units: src/resolve*.c src/target.c src/cgroup.c src/util.c */
/* units: tests/unit/recorded.c tests/unit/tree.c src/topology*.c */
/*
 * pod:NAMESPACE/NAME[/CONTAINER] in recorded trees: kubelet with both cgroup drivers, containerd
 * and CRI-O below it, and pods that only a runtime knows of.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "recorded.h"
#include "tree.h"
#include "util.h"

#define UID	"0f6a1b2c-3d4e-4f50-8a6b-7c8d9e0f1a2b"
#define UID_	"0f6a1b2c_3d4e_4f50_8a6b_7c8d9e0f1a2b"
#define OLD	"11111111-2222-3333-4444-555555555555"
#define OLD_	"11111111_2222_3333_4444_555555555555"

#define SLICES	"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod"
#define GROUPS	"kubepods/burstable/pod"

static void put_logs(const char *uid)
{
	put_dir("var/log/pods/default_web-0_%s/nginx", uid);
}

static void put_container(const char *id, const char *name)
{
	const struct cri cri = {
		.id = id, .space = "default", .pod = "web-0", .uid = UID, .name = name,
		.type = name ? "container" : "sandbox",
	};

	put_cri(CONTAINERD, &cri);
}

static const char *scope(const char *id)
{
	static char text[2][PATH_MAX];
	static unsigned int next;
	char *one = text[next++ % 2];

	snprintf(one, PATH_MAX, SLICES UID_ ".slice/cri-containerd-%s.scope", id);
	return one;
}

static void test_systemd(void **state)
{
	const char *sandbox = hex_id(1), *nginx = hex_id(2), *sidecar = hex_id(3);

	(void)state;
	put_logs(UID);
	put_container(sandbox, NULL);
	put_container(nginx, "nginx");
	put_container(sidecar, "sidecar");
	put_cgroup("%s", scope(sandbox));
	put_cgroup("%s", scope(nginx));
	put_cgroup("%s", scope(sidecar));
	expect("pod:default/web-0", SLICES UID_ ".slice");
	assert_string_equal(got.rows[0].about, "pod default/web-0, " UID);
	expect("pod:default/web-0/nginx", scope(nginx));
	expect_error("pod:default/web-0/none", QUMUN_EXIT_NOT_FOUND, "no such container runs in");
	assert_non_null(strstr(got_why, "nginx"));
	assert_non_null(strstr(got_why, "sidecar"));
	expect_error("pod:default/web-1", QUMUN_EXIT_NOT_FOUND, "/var/log/pods");
	expect_error("pod:other/web-0", QUMUN_EXIT_NOT_FOUND, "no such pod");
}

static void test_cgroupfs(void **state)
{
	(void)state;
	put_logs(UID);
	put_container(hex_id(1), "nginx");
	put_cgroup(GROUPS UID "/%s", hex_id(1));
	expect("pod:default/web-0", GROUPS UID);
	expect_error("pod:default/web-0/x", QUMUN_EXIT_NOT_FOUND, "there are: nginx");
}

/* Guaranteed pods have no level of their class; kubelet may be below a cgroup of its own. */
static void test_classes(void **state)
{
	static const struct { const char *uid, *path; } rows[] = {
		{ "1f-0", "kubepods.slice/kubepods-pod1f_0.slice" },
		{ "1f-1", "kubepods/pod1f-1" },
		{ "1f-2", "kubepods.slice/kubepods-besteffort.slice/"
			  "kubepods-besteffort-pod1f_2.slice" },
		{ "1f-3", "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod1f_3.slice" },
		{ "1f-4", "k8s/kubepods/besteffort/pod1f-4" },
		/* Static pods: a hash. */
		{ "0123456789abcdef0123456789abcdef",
		  "kubepods/burstable/pod0123456789abcdef0123456789abcdef" },
	};
	char target[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		put_dir("var/log/pods/ns_p%zu_%s", i, rows[i].uid);
		put_cgroup("%s", rows[i].path);
		snprintf(target, sizeof(target), "pod:ns/p%zu", i);
		expect(target, rows[i].path);
	}
}

/* Only the log directory is there, as before the pod starts or after it has ended. */
static void test_not_running(void **state)
{
	(void)state;
	put_logs(UID);
	put_cgroup("kubepods");
	expect_error("pod:default/web-0", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("pod:default/web-0/nginx", QUMUN_EXIT_NOT_FOUND, "does not run");
}

/* The pod was deleted and made again: the old logs may stay, the old cgroup does not. */
static void test_successor(void **state)
{
	(void)state;
	put_logs(OLD);
	put_logs(UID);
	put_cgroup(SLICES UID_ ".slice");
	expect("pod:default/web-0", SLICES UID_ ".slice");
	put_cgroup(SLICES OLD_ ".slice");
	expect("pod:default/web-0", SLICES UID_ ".slice", SLICES OLD_ ".slice");
}

/* The container was restarted: the state of the old one is still there. */
static void test_restarted_container(void **state)
{
	(void)state;
	put_logs(UID);
	put_container(hex_id(1), "nginx");
	put_container(hex_id(2), "nginx");
	put_cgroup("%s", scope(hex_id(2)));
	expect("pod:default/web-0/nginx", scope(hex_id(2)));
}

/* No kubelet: pods that somebody made with a runtime alone. */
static void test_without_kubelet(void **state)
{
	char path[2][PATH_MAX];

	(void)state;
	put_container(hex_id(1), "nginx");
	put_container(hex_id(2), "sidecar");
	snprintf(path[0], PATH_MAX, "k8s.io/%s", hex_id(1));
	snprintf(path[1], PATH_MAX, "k8s.io/%s", hex_id(2));
	put_cgroup("%s", path[0]);
	put_cgroup("%s", path[1]);
	if (strcmp(path[0], path[1]) < 0)
		expect("pod:default/web-0", path[0], path[1]);
	else
		expect("pod:default/web-0", path[1], path[0]);
	expect("pod:default/web-0/nginx", path[0]);
}

/* Several that share one cgroup: it is there once. */
static void test_one_cgroup(void **state)
{
	struct cri cri = { .space = "default", .pod = "web-0", .name = "a", .cgroups_path = "/x" };

	(void)state;
	cri.id = hex_id(1);
	put_cri(CONTAINERD, &cri);
	cri.id = hex_id(2);
	put_cri(CONTAINERD, &cri);
	put_cgroup("x");
	expect("pod:default/web-0", "x");
}

/* The sandbox has a name with CRI-O, which no container is meant by. */
static void test_named_sandbox(void **state)
{
	struct cri cri = {
		.id = hex_id(1), .space = "default", .pod = "web-0", .uid = UID, .name = "nginx",
		.type = "sandbox",
	};

	(void)state;
	put_cri(CONTAINERD, &cri);
	put_cgroup("%s", scope(cri.id));
	expect_error("pod:default/web-0/nginx", QUMUN_EXIT_NOT_FOUND, "does not run");
}

/* Without logs the annotations of containers tell the uid. */
static void test_without_logs(void **state)
{
	(void)state;
	put_container(hex_id(1), "nginx");
	put_cgroup("%s", scope(hex_id(1)));
	expect("pod:default/web-0", SLICES UID_ ".slice");
}

static void test_odd_logs(void **state)
{
	(void)state;
	put_dir("var/log/pods/default_web-0");
	put_dir("var/log/pods/default_web-0_");
	put_dir("var/log/pods/default_web-0_../../etc");
	put_dir("var/log/pods/default_web-0_a_b");
	put_dir("var/log/pods/_");
	put_dir("var/log/pods/__");
	put_dir("var/log/pods/default_web-0_UPPER");
	put_cgroup("kubepods/podab");
	expect_error("pod:default/web-0", QUMUN_EXIT_NOT_FOUND, "no such pod");
}

/* A cgroup of that name elsewhere is not kubelet's. */
static void test_not_kubepods(void **state)
{
	(void)state;
	put_logs(UID);
	put_cgroup("other/pod" UID);
	put_cgroup("kubepods");
	expect_error("pod:default/web-0", QUMUN_EXIT_NOT_FOUND, "does not run");
}

/* A container that makes a pod's cgroup below its own. */
static void test_nested(void **state)
{
	(void)state;
	put_logs(UID);
	put_cgroup("docker/%s/kubepods/pod" UID, hex_id(1));
	expect_error("pod:default/web-0", QUMUN_EXIT_NOT_FOUND, "does not run");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDED(test_systemd),
		RECORDED(test_cgroupfs),
		RECORDED(test_classes),
		RECORDED(test_not_running),
		RECORDED(test_successor),
		RECORDED(test_restarted_container),
		RECORDED(test_without_kubelet),
		RECORDED(test_one_cgroup),
		RECORDED(test_named_sandbox),
		RECORDED(test_without_logs),
		RECORDED(test_odd_logs),
		RECORDED(test_not_kubepods),
		RECORDED(test_nested),
	};

	return cmocka_run_group_tests_name("resolve_pods", tests, NULL, NULL);
}
