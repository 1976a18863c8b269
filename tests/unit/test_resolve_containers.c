// SPDX-License-Identifier: GPL-2.0-only
/* units: src/resolve*.c src/target.c src/cgroup.c src/util.c */
/* units: tests/unit/recorded.c tests/unit/tree.c src/topology*.c */
/*
 * container:NAME and container:ID in recorded trees: the layout of each runtime, what is ambiguous,
 * and what somebody could have put there to be boosted in another's place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "recorded.h"
#include "resolve_parts.h"
#include "tree.h"
#include "util.h"

#define POD_SLICE "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1f_2e.slice"

/* "container:<the first @len digits of @id>", in a buffer that the next call reuses */
static const char *by_id(const char *id, int len)
{
	static char text[sizeof("container:") + ID_LEN];

	snprintf(text, sizeof(text), "container:%.*s", len, id);
	return text;
}

/* "<prefix><id><suffix>", likewise */
static const char *around(const char *prefix, const char *id, const char *suffix)
{
	static char text[4][PATH_MAX];
	static unsigned int next;
	char *one = text[next++ % 4];

	snprintf(one, PATH_MAX, "%s%s%s", prefix, id, suffix);
	return one;
}

static void assert_about(const char *part)
{
	assert_int_equal(got.nr, 1);
	if (!strstr(got.rows[0].about, part))
		fail_msg("'%s' lacks '%s'", got.rows[0].about, part);
}

/* --- layouts ---------------------------------------------------------------------------------- */

static void test_docker_systemd(void **state)
{
	const char *id = hex_id(1), *path;

	(void)state;
	put_docker(id, "/web");
	put_task("moby", id, around("system.slice:docker:", id, ""), NULL);
	put_cgroup("system.slice/docker-%s.scope", id);
	put_cgroup("system.slice/docker.service");
	path = around("system.slice/docker-", id, ".scope");
	expect("container:web", path);
	assert_about("container web, Docker (moby), ");
	expect(by_id(id, 64), path);
	expect(by_id(id, 12), path);
	expect(by_id(id, 4), path);
	assert_string_equal(got.rows[0].reason, "its id");
	expect_error(by_id(id, 3), QUMUN_EXIT_NOT_FOUND, "4 digits");
}

static void test_docker_cgroupfs(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_docker(id, "/web");
	put_cgroup("docker/%s", id);
	expect("container:web", around("docker/", id, ""));
	assert_about("container web, Docker, ");
}

static void test_docker_elsewhere(void **state)
{
	const char *id = hex_id(1);
	char text[200];

	(void)state;
	snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/web\"}", id);
	put(text, "data/docker/containers/%s/config.v2.json", id);
	put_cgroup("docker/%s", id);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
	put("{\"data-root\":\"/data/docker\"}", "etc/docker/daemon.json");
	expect("container:web", around("docker/", id, ""));
	put("{\"data-root\":\"/data/../data/docker\"}", "etc/docker/daemon.json");
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
	put("{\"data-root\":[]}", "etc/docker/daemon.json");
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
}

/* dockerd without a containerd of the system has its own below /var/run/docker. */
static void test_docker_own_containerd(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_docker(id, "/web");
	put("{}", "run/docker/containerd/daemon/" TASKS "/moby/%s/config.json", id);
	put_cgroup("system.slice/docker-%s.scope", id);
	expect("container:web", around("system.slice/docker-", id, ".scope"));
	assert_about("Docker (moby)");
}

static void put_pod_container(const char *tasks, const char *id, const char *name,
			      const char *cgroups_path)
{
	const struct cri cri = {
		.id = id, .space = "default", .pod = "web-0", .uid = "1f-2e", .name = name,
		.type = name ? "container" : "sandbox", .cgroups_path = cgroups_path,
	};

	put_cri(tasks, &cri);
}

static void test_containerd_cri(void **state)
{
	const char *sandbox = hex_id(1), *id = hex_id(2), *path;

	(void)state;
	put_pod_container(CONTAINERD, sandbox, NULL, NULL);
	put_pod_container(CONTAINERD, id, "nginx", NULL);
	put_cgroup(POD_SLICE "/cri-containerd-%s.scope", sandbox);
	put_cgroup(POD_SLICE "/cri-containerd-%s.scope", id);
	path = around(POD_SLICE "/cri-containerd-", id, ".scope");
	expect("container:nginx", path);
	assert_about("container nginx of pod default/web-0, containerd (k8s.io), ");
	/* The one that holds the namespaces can be meant by its id only. */
	expect(by_id(sandbox, 12), around(POD_SLICE "/cri-containerd-", sandbox, ".scope"));
	assert_about("sandbox of pod default/web-0");
}

static void test_containerd_roots(void **state)
{
	static const char *const roots[] = {
		"run/k3s/containerd/" TASKS, "run/k0s/containerd/" TASKS,
		"var/snap/microk8s/common/run/containerd/" TASKS,
	};
	static const char *const names[] = { "container:a", "container:b", "container:c" };

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(roots); i++) {
		const char *id = hex_id(i);

		put_pod_container(roots[i], id, names[i] + strlen("container:"), NULL);
		put_cgroup("kubepods/burstable/pod1f-2e/%s", id);
		expect(names[i], around("kubepods/burstable/pod1f-2e/", id, ""));
	}
}

/* ctr's ids are names, and its cgroups have no more than that. */
static void test_ctr(void **state)
{
	(void)state;
	put_task("default", "web", "/default/web", NULL);
	put_task("test", "web2", "/elsewhere/x", NULL);
	put_cgroup("default/web");
	put_cgroup("elsewhere/x");
	put_cgroup("other/web2");
	expect("container:web", "default/web");
	assert_about("container web, containerd (default), web");
	expect("container:web2", "elsewhere/x");
	/* That is no beginning of an id. */
	expect_error("container:we", QUMUN_EXIT_NOT_FOUND, "no container");
}

/* Ids of ctr are unique in their namespace only. */
static void test_ctr_namespaces(void **state)
{
	(void)state;
	put_task("default", "web", "/default/web", NULL);
	put_task("test", "web", "/test/web", NULL);
	put_cgroup("default/web");
	expect("container:web", "default/web");
	put_cgroup("test/web");
	expect_error("container:web", QUMUN_EXIT_USAGE, "ambiguous, 2 containers");
	assert_non_null(strstr(got_why, "containerd (default), web"));
	assert_non_null(strstr(got_why, "containerd (test), web"));
}

static void test_nerdctl(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_task("default", id, around("/default/", id, ""), "{\"nerdctl/name\":\"web\"}");
	put_cgroup("default/%s", id);
	expect("container:web", around("default/", id, ""));
}

static void put_names(const char *id, const char *name)
{
	char text[400];

	snprintf(text, sizeof(text), "[{\"id\":\"%s\",\"names\":[\"%s\"],\"layer\":\"x\"}]", id,
		 name);
	put(text, STORAGE "/containers.json");
}

static void test_podman(void **state)
{
	const char *id = hex_id(1), *path;

	(void)state;
	put_names(id, "web");
	put_stored(id, "libpod", around("machine.slice:libpod:", id, ""), NULL);
	put_cgroup("machine.slice/libpod-conmon-%s.scope", id);
	/* crun puts the processes into a child; runc does not. The scope covers both. */
	put_cgroup("machine.slice/libpod-%s.scope/container", id);
	path = around("machine.slice/libpod-", id, ".scope");
	expect("container:web", path);
	assert_about("container web, Podman, ");
	expect(by_id(id, 12), path);
}

static void test_podman_cgroupfs(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_names(id, "web");
	put_stored(id, "libpod", around("/libpod_parent/libpod-", id, ""), NULL);
	put_cgroup("libpod_parent/conmon");
	put_cgroup("libpod_parent/libpod-%s", id);
	expect("container:web", around("libpod_parent/libpod-", id, ""));
}

/* Quadlet: Podman in a service of systemd, which has the container below itself. */
static void test_podman_split(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_names(id, "web");
	put_stored(id, "libpod", NULL, NULL);
	put_cgroup("system.slice/web.service/supervisor");
	put_cgroup("system.slice/web.service/libpod-payload-%s", id);
	expect("container:web", around("system.slice/web.service/libpod-payload-", id, ""));
}

#define CRIO_NOTES						\
	"{\"io.kubernetes.cri-o.ContainerType\":\"container\","	\
	"\"io.kubernetes.cri-o.Namespace\":\"default\","	\
	"\"io.kubernetes.cri-o.KubeName\":\"web-0\","		\
	"\"io.kubernetes.cri-o.ContainerName\":\"nginx\","	\
	"\"io.kubernetes.cri-o.Labels\":\"{\\\"io.kubernetes.pod.uid\\\":\\\"1f-2e\\\"}\"}"

static void test_crio(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_names(id, "k8s_nginx_web-0_default_1f-2e_0");
	put_stored(id, "cri-o", NULL, CRIO_NOTES);
	put_cgroup(POD_SLICE "/crio-conmon-%s.scope", id);
	put_cgroup(POD_SLICE "/crio-%s.scope", id);
	expect("container:nginx", around(POD_SLICE "/crio-", id, ".scope"));
	assert_about("container nginx of pod default/web-0, CRI-O, ");
}

/* Without any state there are still the names of cgroups. */
static void test_crio_sandbox(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_stored(id, "cri-o", NULL, "{\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
		   "\"io.kubernetes.cri-o.Namespace\":\"default\","
		   "\"io.kubernetes.cri-o.KubeName\":\"web-0\","
		   "\"io.kubernetes.cri-o.ContainerName\":\"POD\"}");
	put_cgroup(POD_SLICE "/crio-%s.scope", id);
	expect_error("container:POD", QUMUN_EXIT_NOT_FOUND, "no container");
	expect(by_id(id, 12), around(POD_SLICE "/crio-", id, ".scope"));
	assert_about("sandbox POD of pod default/web-0, CRI-O");
}

static void test_no_state(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_cgroup("system.slice/docker-%s.scope", id);
	put_cgroup("a/b/c/%s", hex_id(2));
	expect(by_id(id, 12), around("system.slice/docker-", id, ".scope"));
	assert_about("container, Docker, ");
	expect(by_id(hex_id(2), 12), around("a/b/c/", hex_id(2), ""));
	assert_about("container, unknown runtime, ");
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "looked in /sys/fs/cgroup)");
}

/* On hybrid hosts cgroup2 is somewhere else. */
static void test_hybrid(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put("31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n"
	    "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
	    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
	    "proc/self/mountinfo");
	put_cgroup("cpu/docker/%s", id);
	put_cgroup("unified/docker/%s", hex_id(2));
	expect_error(by_id(id, 12), QUMUN_EXIT_NOT_FOUND, "/sys/fs/cgroup/unified");
	expect(by_id(hex_id(2), 12), around("unified/docker/", hex_id(2), ""));
}

/* --- names ------------------------------------------------------------------------------------ */

static void test_stopped(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_docker(id, "/web");
	put_cgroup("docker");
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "does not run (container web, Docker");
	expect_error(by_id(id, 12), QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("container:other", QUMUN_EXIT_NOT_FOUND, "/var/lib/docker/containers");
}

/* A stopped one does not stand in the way of its namesake. */
static void test_stopped_namesake(void **state)
{
	(void)state;
	put_docker(hex_id(1), "/web");
	put_task("default", "web", "/default/web", NULL);
	put_cgroup("default/web");
	expect("container:web", "default/web");
}

static void test_ambiguous_name(void **state)
{
	const char *one = hex_id(1), *two = hex_id(2);

	(void)state;
	put_pod_container(CONTAINERD, one, "web", NULL);
	put_docker(two, "/web");
	put_cgroup("kubepods/pod1f-2e/%s", one);
	put_cgroup("docker/%s", two);
	expect_error("container:web", QUMUN_EXIT_USAGE, "ambiguous, 2 containers");
	assert_non_null(strstr(got_why, "\n  container web, Docker, "));
	assert_non_null(strstr(got_why, "\n  container web of pod default/web-0, containerd"));
	assert_int_equal(got.nr, 0);
	expect(by_id(two, 12), around("docker/", two, ""));
}

static void test_ambiguous_id(void **state)
{
	char one[ID_LEN + 1], two[ID_LEN + 1];

	(void)state;
	memset(one, 'a', ID_LEN);
	memset(two, 'a', ID_LEN);
	one[ID_LEN] = two[ID_LEN] = '\0';
	two[20] = 'b';
	put_cgroup("docker/%s", one);
	put_cgroup("docker/%s", two);
	expect_error(by_id(one, 12), QUMUN_EXIT_USAGE, "beginning of an id");
	expect_error(by_id(one, 20), QUMUN_EXIT_USAGE, "ambiguous");
	expect(by_id(one, 21), around("docker/", one, ""));
	expect(by_id(two, 21), around("docker/", two, ""));
}

/* Somebody's container is called like the beginning, or the whole, of another one's id. */
static void test_name_like_an_id(void **state)
{
	const char *id = hex_id(1);
	char name[16];

	(void)state;
	snprintf(name, sizeof(name), "/%.12s", id);
	put_docker(hex_id(2), name);
	put_docker(hex_id(3), around("/", id, ""));
	put_cgroup("docker/%s", id);
	put_cgroup("docker/%s", hex_id(2));
	put_cgroup("docker/%s", hex_id(3));
	expect(by_id(id, 12), around("docker/", hex_id(2), ""));
	assert_string_equal(got.rows[0].reason, "its name");
	expect(by_id(id, 13), around("docker/", id, ""));
	expect(by_id(id, 64), around("docker/", id, ""));
	/* Even when it does not run at present: the other one is hardly meant. */
	snprintf(name, sizeof(name), "/%.8s", id);
	put_docker(hex_id(4), name);
	expect_error(by_id(id, 8), QUMUN_EXIT_NOT_FOUND, "does not run");
}

/* A cgroup that has the id in its name is the container's, whatever its state says. */
static void test_id_before_path(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	put_docker(id, "/web");
	put_task("moby", id, "/other", NULL);
	put_cgroup("other");
	expect("container:web", "other");
	put_cgroup("docker/%s", id);
	expect("container:web", around("docker/", id, ""));
}

static void test_many_candidates(void **state)
{
	char long_name[64];

	(void)state;
	memset(long_name, 'p', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	for (unsigned int i = 0; i < 40; i++) {
		const struct cri cri = {
			.id = hex_id(i), .space = long_name, .pod = long_name, .uid = "1f",
			.name = "web",
		};

		put_cri(CONTAINERD, &cri);
		put_cgroup("kubepods/pod1f/%s", hex_id(i));
	}
	expect_error("container:web", QUMUN_EXIT_USAGE, "ambiguous, 40 containers");
	assert_non_null(strstr(got_why, "\n  and 24 more"));
}

/* --- hostile ---------------------------------------------------------------------------------- */

static void test_odd_state(void **state)
{
	const char *id = hex_id(1), *path = around("docker/", hex_id(1), "");
	char *big = malloc(2 << 20);
	int len;

	(void)state;
	assert_non_null(big);
	put_cgroup("docker/%s", id);
	put_dir(CONTAINERD "/k8s.io/%s", hex_id(2));
	put_dir(CONTAINERD "/k8s.io/.%s", id);
	put("x", CONTAINERD "/k8s.io/file");
	put("x", CONTAINERD "/file");
	put_dir("var/lib/docker/containers/%s/config.v2.json", hex_id(3));
	put_dir("var/lib/docker/containers/%s", hex_id(4));
	put_docker("short", "/short");
	expect_error("container:short", QUMUN_EXIT_NOT_FOUND, "no container");
	put_dir(STORAGE "/%s/userdata", hex_id(5));
	put("[", STORAGE "/containers.json");
	expect(by_id(id, 12), path);

	/* A valid file that is too large. */
	memset(big, 'x', 2 << 20);
	len = snprintf(big, 200, "{\"ID\":\"%s\",\"Name\":\"/web\",\"x\":\"", id);
	big[len] = 'x';
	strcpy(big + (2 << 20) - 10, "\"}");
	put(big, "var/lib/docker/containers/%s/config.v2.json", id);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
	expect(by_id(id, 12), path);
	/* The same file, small enough. */
	strcpy(big + (1 << 20) - 10, "\"}");
	put(big, "var/lib/docker/containers/%s/config.v2.json", id);
	expect("container:web", path);
	free(big);
}

static void put_bytes(const char *bytes, size_t len, const char *path)
{
	char full[PATH_MAX];
	FILE *file;

	put("", "%s", path);
	snprintf(full, sizeof(full), "%s/%s", root, path);
	file = fopen(full, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static void test_nul_bytes(void **state)
{
	char path[PATH_MAX], text[200];
	const char *id = hex_id(1);
	int len;

	(void)state;
	put_cgroup("docker/%s", id);
	snprintf(path, sizeof(path), "var/lib/docker/containers/%s/config.v2.json", id);
	len = snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/web\"}", id);
	put_bytes(text, (size_t)len, path);
	expect("container:web", around("docker/", id, ""));
	put_bytes(text, (size_t)len + 1, path);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
	text[len - 3] = '\0';
	put_bytes(text, (size_t)len, path);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
}

static void test_links(void **state)
{
	const char *id = hex_id(1), *other = hex_id(2);
	char text[200];

	(void)state;
	put_cgroup("docker/%s", id);
	put_cgroup("docker/%s", other);
	snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/web\"}", id);
	put(text, "tmp/forged.json");
	put_dir("var/lib/docker/containers/%s", id);
	/* The file is a link; then its directory is. */
	put_link("../../../../../tmp/forged.json", "var/lib/docker/containers/%s/config.v2.json",
		 id);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
	put(text, "tmp/%s/config.v2.json", id);
	snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/api\"}", other);
	put(text, "tmp/%s/config.v2.json", other);
	put_link(around("../../../../tmp/", other, ""), "var/lib/docker/containers/%s", other);
	expect_error("container:api", QUMUN_EXIT_NOT_FOUND, "no container");
	/* Not even to a file that would be fine where it is. */
	put_task("default", "real", "/docker/real", NULL);
	put_cgroup("docker/real");
	put_dir(CONTAINERD "/default/copy");
	put_link("../real/config.json", CONTAINERD "/default/copy/config.json");
	expect("container:real", "docker/real");
	expect_error("container:copy", QUMUN_EXIT_NOT_FOUND, "does not run");
	/* A cgroup that is a link, which the real file system cannot have. */
	put_dir("tmp/x");
	put_link("../../../tmp/x", CGROUP "/%s", hex_id(3));
	expect_error(by_id(hex_id(3), 12), QUMUN_EXIT_NOT_FOUND, "no container");
}

/* The administrator may have moved a whole place elsewhere. */
static void test_link_to_place(void **state)
{
	const char *id = hex_id(1);
	char text[200];

	(void)state;
	put_cgroup("docker/%s", id);
	snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/web\"}", id);
	put(text, "data/docker/containers/%s/config.v2.json", id);
	put_dir("var/lib");
	/* Absolute, and still below the root that was given. */
	put_link("/data/docker", "var/lib/docker");
	expect("container:web", around("docker/", id, ""));
}

static void test_pipe(void **state)
{
	const char *id = hex_id(1);
	char path[PATH_MAX];

	(void)state;
	put_cgroup("docker/%s", id);
	put_dir("var/lib/docker/containers/%s", id);
	snprintf(path, sizeof(path), "%s/var/lib/docker/containers/%s/config.v2.json", root, id);
	assert_int_equal(mkfifo(path, 0600), 0);
	/* Does not wait for a writer. */
	alarm(20);
	expect(by_id(id, 12), around("docker/", id, ""));
	alarm(0);
}

static void own(uid_t owner, const char *path)
{
	char full[2 * PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	assert_int_equal(lchown(full, owner, (gid_t)-1), 0);
}

static void test_foreign_owner(void **state)
{
	const char *id = hex_id(1), *path = around("docker/", hex_id(1), "");
	char file[PATH_MAX];

	(void)state;
	if (geteuid()) {
		print_message("only root can give files away\n");
		skip();
	}
	put_docker(id, "/web");
	put_cgroup("docker/%s", id);
	snprintf(file, sizeof(file), "var/lib/docker/containers/%s/config.v2.json", id);
	expect("container:web", path);
	own(12345, file);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
	own(0, file);
	own(12345, around("var/lib/docker/containers/", id, ""));
	expect("container:web", path);
	own(12345, "var/lib/docker/containers");
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "not believed");
	/* Unless it was that user who has recorded the tree. */
	own(12345, "");
	expect("container:web", path);
}

/* Who owns a cgroup may make what they like below it. */
static void test_foreign_cgroups(void **state)
{
	const char *id = hex_id(1);

	(void)state;
	if (geteuid()) {
		print_message("only root can give directories away\n");
		skip();
	}
	put_docker(id, "/web");
	put_cgroup("user.slice/mine/docker-%s.scope", id);
	expect("container:web", around("user.slice/mine/docker-", id, ".scope"));
	own(12345, CGROUP "/user.slice/mine");
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "does not run");
	/* The container itself may belong to whom its root is mapped to. */
	own(0, CGROUP "/user.slice/mine");
	own(12345, around(CGROUP "/user.slice/mine/docker-", id, ".scope"));
	expect("container:web", around("user.slice/mine/docker-", id, ".scope"));
	assert_int_equal(got.rows[0].owner, 12345);
}

static void test_writable_by_all(void **state)
{
	const char *id = hex_id(1);
	char path[PATH_MAX];

	(void)state;
	put_docker(id, "/web");
	put_cgroup("docker/%s", id);
	snprintf(path, sizeof(path), "%s/var/lib/docker/containers/%s/config.v2.json", root, id);
	assert_int_equal(chmod(path, 0666), 0);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");
	assert_int_equal(chmod(path, 0664), 0);
	expect("container:web", around("docker/", id, ""));
}

/* A container makes cgroups with another one's id, or name, below its own. */
static void test_nested(void **state)
{
	const char *outer = hex_id(1), *victim = hex_id(2);

	(void)state;
	put_docker(victim, "/web");
	put_cgroup("docker/%s/docker/%s", outer, victim);
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error(by_id(victim, 12), QUMUN_EXIT_NOT_FOUND, "does not run");
	put_cgroup("docker/%s", victim);
	expect("container:web", around("docker/", victim, ""));
}

static void test_cgroups_path(void **state)
{
	(void)state;
	put_task("default", "up", "/default/../../etc", NULL);
	put_task("default", "slices", "../x.slice:a:b", NULL);
	put_task("default", "root", "/", NULL);
	put_task("default", "none", NULL, NULL);
	put_task("default", "gone", "/default/gone", NULL);
	put_task("default", "file", "/default/file", NULL);
	put_task("default", "link", "/link/x", NULL);
	put_dir("etc");
	put_cgroup("default");
	put("x", CGROUP "/default/file");
	put_dir("tmp/x");
	put_link("../../../tmp", CGROUP "/link");
	expect_error("container:up", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("container:slices", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("container:root", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("container:none", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("container:gone", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("container:file", QUMUN_EXIT_NOT_FOUND, "does not run");
	expect_error("container:link", QUMUN_EXIT_NOT_FOUND, "does not run");
}

/* Names that would change the terminal; in JSON the escape character is \u001b. */
static void test_names_with_escapes(void **state)
{
	const char *one = hex_id(1), *two = hex_id(2);

	(void)state;
	put_docker(one, "/\x1b[2Jweb\xe2\x80\xae");
	put_cgroup("docker/%s", one);
	expect(by_id(one, 12), around("docker/", one, ""));
	assert_about("container \\x1b[2Jweb\\xe2\\x80\\xae, Docker");
	assert_true(text_is_printable(got.rows[0].about));

	/* The beginning of an id is ambiguous on purpose: here it is the list that must be safe. */
	put_pod_container(CONTAINERD, two, "x", NULL);
	put("[{}]", "var/lib/\x1b[31m/x");
	expect_error("container:y", QUMUN_EXIT_NOT_FOUND, "no container");
	assert_true(text_is_printable(got_why));
}

static void test_many_entries(void **state)
{
	char text[64];

	(void)state;
	for (unsigned int i = 0; i < 10000; i++) {
		snprintf(text, sizeof(text), "{\"linux\":{\"cgroupsPath\":\"/x/%u\"}}", i);
		put(text, CONTAINERD "/default/c%u/config.json", i);
	}
	put_cgroup("x/9999");
	alarm(60);
	expect("container:c9999", "x/9999");
	alarm(0);
}

static void test_deep_cgroups(void **state)
{
	char path[PATH_MAX] = "d";

	(void)state;
	for (int i = 1; i < WALK_DEPTH_MAX; i++)
		strcat(path, "/d");
	put_cgroup("%s/%s", path, hex_id(1));
	put_cgroup("%s/d/%s", path, hex_id(2));
	expect(by_id(hex_id(1), 12), around(path, "/", hex_id(1)));
	expect_error(by_id(hex_id(2), 12), QUMUN_EXIT_NOT_FOUND, "no container");
}

/* --- users ------------------------------------------------------------------------------------ */

/* A user's own Podman: root does not believe it, the user does. */
static void test_rootless(void **state)
{
	static const char manager[] = "user.slice/user-1000.slice/user@1000.service";
	const char *id = hex_id(1);
	char text[400];

	(void)state;
	snprintf(text, sizeof(text), "[{\"id\":\"%s\",\"names\":[\"web\"]}]", id);
	put(text, "home/u/.local/share/containers/storage/overlay-containers/containers.json");
	put_dir("home/u/.local/share/containers/storage/overlay-containers/%s/userdata", id);
	put_cgroup("%s/user.slice/libpod-%s.scope/container", manager, id);
	setenv("HOME", "/home/u", 1);
	unsetenv("XDG_DATA_HOME");
	resolve_as(1000, "container:web", QUMUN_EXIT_OK);
	assert_about("container web, Podman");
	expect_error("container:web", QUMUN_EXIT_NOT_FOUND, "no container");

	put_docker(hex_id(2), "/system");
	put_cgroup("docker/%s", hex_id(2));
	resolve_as(1000, "container:system", QUMUN_EXIT_NOT_FOUND);
	assert_non_null(strstr(got_why, "/home/u/.local/share/containers/storage"));
	assert_non_null(strstr(got_why, "root sees more"));
	expect("container:system", around("docker/", hex_id(2), ""));
}

/* --- what is missing -------------------------------------------------------------------------- */

/* With @spare descriptors more than are open now. */
static int resolve_short_of_descriptors(struct resolver *resolver, const struct target *target,
					rlim_t spare)
{
	struct rlimit old, few;
	int code, next = dup(0);

	close(next);
	matches_free(&got);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = (rlim_t)next + spare;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	code = resolve_target(resolver, target, &got, got_why);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	return code;
}

/* What could not be looked at may well run: a rule must not lose its boost for that. */
static void test_no_descriptors(void **state)
{
	struct resolver *resolver;
	struct target target;

	(void)state;
	put_docker(hex_id(1), "/web");
	put_cgroup("docker/%s", hex_id(1));
	assert_int_equal(target_parse("container:web", &target, got_why), 0);
	assert_int_equal(resolver_open(&resolver, root, got_why), 0);
	for (rlim_t spare = 0; spare < 2; spare++) {
		assert_int_equal(resolve_short_of_descriptors(resolver, &target, spare),
				 QUMUN_EXIT_ENVIRONMENT);
		assert_non_null(strstr(got_why, "Too many open files"));
	}
	/* And it is no verdict for ever. */
	assert_int_equal(resolve_short_of_descriptors(resolver, &target, 8), QUMUN_EXIT_OK);
	resolver_close(resolver);
	target_free(&target);
}

static void test_no_descriptors_left(void **state)
{
	int before = dup(0), after;

	(void)state;
	close(before);
	put_docker(hex_id(1), "/web");
	put_pod_container(CONTAINERD, hex_id(2), "x", NULL);
	put_names(hex_id(3), "y");
	put_stored(hex_id(3), "libpod", NULL, NULL);
	put("[", "var/lib/docker/containers/%s/config.v2.json", hex_id(4));
	put_cgroup("docker/%s", hex_id(1));
	for (int i = 0; i < 20; i++) {
		expect("container:web", around("docker/", hex_id(1), ""));
		expect_error("container:x", QUMUN_EXIT_NOT_FOUND, "does not run");
	}
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

static void test_no_root(void **state)
{
	struct resolver *resolver;
	char why[RESOLVE_WHY_LEN];

	(void)state;
	assert_int_equal(resolver_open(&resolver, "/no/such", why), QUMUN_EXIT_ENVIRONMENT);
	assert_null(resolver);
	resolver_close(resolver);
	assert_int_equal(resolver_open(&resolver, root, why), QUMUN_EXIT_ENVIRONMENT);
	assert_non_null(strstr(why, "no cgroup2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDED(test_docker_systemd),
		RECORDED(test_docker_cgroupfs),
		RECORDED(test_docker_elsewhere),
		RECORDED(test_docker_own_containerd),
		RECORDED(test_containerd_cri),
		RECORDED(test_containerd_roots),
		RECORDED(test_ctr),
		RECORDED(test_ctr_namespaces),
		RECORDED(test_nerdctl),
		RECORDED(test_podman),
		RECORDED(test_podman_cgroupfs),
		RECORDED(test_podman_split),
		RECORDED(test_crio),
		RECORDED(test_crio_sandbox),
		RECORDED(test_no_state),
		RECORDED(test_hybrid),
		RECORDED(test_stopped),
		RECORDED(test_stopped_namesake),
		RECORDED(test_ambiguous_name),
		RECORDED(test_ambiguous_id),
		RECORDED(test_name_like_an_id),
		RECORDED(test_id_before_path),
		RECORDED(test_many_candidates),
		RECORDED(test_odd_state),
		RECORDED(test_nul_bytes),
		RECORDED(test_links),
		RECORDED(test_link_to_place),
		RECORDED(test_pipe),
		RECORDED(test_foreign_owner),
		RECORDED(test_foreign_cgroups),
		RECORDED(test_writable_by_all),
		RECORDED(test_nested),
		RECORDED(test_cgroups_path),
		RECORDED(test_names_with_escapes),
		RECORDED(test_many_entries),
		RECORDED(test_deep_cgroups),
		RECORDED(test_rootless),
		RECORDED(test_no_descriptors),
		RECORDED(test_no_descriptors_left),
		RECORDED(test_no_root),
	};

	return cmocka_run_group_tests_name("resolve_containers", tests, NULL, NULL);
}
