// SPDX-License-Identifier: GPL-2.0-only
/* The pinned boost map, as other tools see it, and scx_qumun boost. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

/* struct qumun_boost of include/qumun.h. */
struct entry {
	__u32 weight;
	__u16 version;
	__u16 reserved;
};

static int map_call(enum bpf_cmd cmd, void *key, void *value, __u64 flags)
{
	union bpf_attr get = { .pathname = (__u64)(unsigned long)PIN_PATH }, attr = { 0 };
	int fd = (int)syscall(SYS_bpf, BPF_OBJ_GET, &get, sizeof(get)), err = 0;

	if (fd < 0)
		return -errno;
	attr.map_fd = fd;
	attr.key = (__u64)(unsigned long)key;
	attr.value = (__u64)(unsigned long)value;
	attr.flags = flags;
	if (syscall(SYS_bpf, cmd, &attr, sizeof(attr)) < 0)
		err = -errno;
	close(fd);
	return err;
}

uint32_t map_weight(uint64_t cgroup_id)
{
	struct entry entry;

	return map_call(BPF_MAP_LOOKUP_ELEM, &cgroup_id, &entry, 0) ? 0 : entry.weight;
}

int map_count(void)
{
	uint64_t key = 0, next;
	int count = 0;

	while (!map_call(BPF_MAP_GET_NEXT_KEY, count ? &key : NULL, &next, 0)) {
		key = next;
		count++;
	}
	return count;
}

int map_write(uint64_t cgroup_id, uint32_t weight)
{
	struct entry entry = { .weight = weight, .version = 1 };

	if (!weight)
		return map_call(BPF_MAP_DELETE_ELEM, &cgroup_id, NULL, 0);
	return map_call(BPF_MAP_UPDATE_ELEM, &cgroup_id, &entry, BPF_ANY);
}

bool map_waits_for(const char *path, uint32_t weight, unsigned int ms)
{
	uint64_t id = cg_id(path), start = now_ns();

	while (map_weight(id) != weight) {
		if (now_ns() - start > ms * 1000000ULL)
			return false;
		sleep_ms(5);
	}
	note("%s has weight %u after %.0f ms", path, weight, (now_ns() - start) / 1e6);
	return true;
}

static void become_user(uid_t uid)
{
	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		_exit(126);
}

int boost(uid_t uid, char *out, size_t size, const char *const *args)
{
	const char *argv[16] = { DAEMON, "boost" };
	int fds[2], status;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	for (int i = 0; i < 13 && args[i]; i++)
		argv[i + 2] = args[i];
	CHECK(!pipe2(fds, O_CLOEXEC), "pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		become_user(uid);
		execv(DAEMON, (char **)argv);
		_exit(127);
	}
	close(fds[1]);
	while (len < size - 1 && (got = read(fds[0], out + len, size - 1 - len)) > 0)
		len += got;
	out[len] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void check_boost(int code, const char *part, const char *const *args)
{
	static char out[262144];
	int got = boost(0, out, sizeof(out), args);

	CHECK(got == code && strstr(out, part), "boost %s %s: exit code %d, expected %d: %.500s",
	      args[0], args[1] ? args[1] : "", got, code, out);
}
