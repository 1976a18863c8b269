// SPDX-License-Identifier: GPL-2.0-only
/* Questions to the kernel: sched_ext, BPF programs, messages. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "util.h"
#include "vmtest.h"

bool scx_is(const char *state)
{
	char text[64];

	return read_file_str("", SCX "/state", text, sizeof(text)) > 0 && !strcmp(text, state);
}

const char *scx_ops(void)
{
	static char name[128];

	if (read_file_str("", SCX "/root/ops", name, sizeof(name)) < 0)
		name[0] = '\0';
	return name;
}

long scx_number(const char *file)
{
	char path[128];
	uint64_t value;

	snprintf(path, sizeof(path), SCX "/%s", file);
	return read_file_u64("", path, &value) ? -1 : (long)value;
}

bool wait_for(bool (*condition)(const void *arg), const void *arg, unsigned int ms)
{
	uint64_t end = now_ns() + ms * 1000000ULL;

	while (!condition(arg)) {
		if (now_ns() > end)
			return false;
		sleep_ms(20);
	}
	return true;
}

int task_is_ext(pid_t pid)
{
	char path[64], line[256];
	FILE *file;
	int value = -1;

	snprintf(path, sizeof(path), "/proc/%d/sched", pid);
	file = fopen(path, "r");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "ext.enabled", 11) && strchr(line, ':'))
			value = atoi(strchr(line, ':') + 1);
	fclose(file);
	return value;
}

pid_t task_named(const char *name)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc");
	char path[64], comm[32];
	pid_t found = -1;

	while (dir && found < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%.16s/comm", entry->d_name);
		if (read_file_str("", path, comm, sizeof(comm)) > 0 && !strcmp(comm, name))
			found = atoi(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

int kernel_version(void)
{
	struct utsname uts;
	int major = 0, minor = 0;

	uname(&uts);
	sscanf(uts.release, "%d.%d", &major, &minor);
	return major * 1000 + minor;
}

static long bpf_call(enum bpf_cmd cmd, union bpf_attr *attr)
{
	return syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

/* The program of this id, if it is one of ours. */
static bool read_qumun_program(__u32 id, struct bpf_prog_info *info)
{
	union bpf_attr by_id = { .prog_id = id }, get = { 0 };
	int fd = (int)bpf_call(BPF_PROG_GET_FD_BY_ID, &by_id);
	bool ours;

	memset(info, 0, sizeof(*info));
	if (fd < 0)
		return false;
	get.info.bpf_fd = fd;
	get.info.info_len = sizeof(*info);
	get.info.info = (__u64)(unsigned long)info;
	ours = !bpf_call(BPF_OBJ_GET_INFO_BY_FD, &get) && !strncmp(info->name, "qumun_", 6);
	close(fd);
	return ours;
}

void qumun_each_program(void (*fn)(const char *name, unsigned int verified_insns))
{
	union bpf_attr attr = { 0 };
	struct bpf_prog_info info;

	while (!bpf_call(BPF_PROG_GET_NEXT_ID, &attr)) {
		if (read_qumun_program(attr.next_id, &info))
			fn(info.name, info.verified_insns);
		attr.start_id = attr.next_id;
	}
}

static int nr_programs;

static void count_program(const char *name, unsigned int verified_insns)
{
	(void)name;
	(void)verified_insns;
	nr_programs++;
}

int qumun_programs(void)
{
	nr_programs = 0;
	qumun_each_program(count_program);
	return nr_programs;
}

#define DMESG_LINES 4096
static char *dmesg[DMESG_LINES];
static int nr_dmesg;
static int kmsg_fd = -1;

/* A record of /dev/kmsg: "priority,number,time,flags;text\n continuation lines". */
static void dmesg_read(void)
{
	char record[8192], *text;
	ssize_t len;

	while ((len = read(kmsg_fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE) {
		if (len <= 0)
			continue;
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text || nr_dmesg == DMESG_LINES)
			continue;
		text[strcspn(text, "\n")] = '\0';
		dmesg[nr_dmesg++] = strdup(text + 1);
	}
}

void dmesg_mark(void)
{
	if (kmsg_fd < 0)
		kmsg_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (kmsg_fd < 0) {
		perror("/dev/kmsg");
		exit(1);
	}
	lseek(kmsg_fd, 0, SEEK_END);
	while (nr_dmesg)
		free(dmesg[--nr_dmesg]);
}

const char *dmesg_find(const char *text)
{
	dmesg_read();
	for (int i = 0; i < nr_dmesg; i++)
		if (strstr(dmesg[i], text))
			return dmesg[i];
	return NULL;
}

/*
 * 6.12 warns once in a while when a CPU goes offline at the moment at which a
 * BPF scheduler is removed: its own server for fair tasks counts its bandwidth
 * wrongly then (dl_server_stop in sched_cpu_dying), and the sum falls below zero
 * where it is taken away, at once or by a timer. Not ours, and harmless.
 */
static bool is_known_fault(const char *line)
{
	return kernel_version() == 6012 && strstr(line, "WARNING") &&
	       strstr(line, "kernel/sched/deadline.c") &&
	       (strstr(line, "task_non_contending") || strstr(line, "inactive_task_timer"));
}

const char *dmesg_trouble(const char *except)
{
	static const char *const signs[] = {
		"BUG", "WARNING", "Oops", "rcu:", "stall", "lockup", "Call Trace", "hung task",
		"blocked for more", "(runtime error", "(runnable task", "(scx_bpf_error", "disabled (",
	};

	dmesg_read();
	for (int i = 0; i < nr_dmesg; i++) {
		if (is_known_fault(dmesg[i])) {
			while (i + 1 < nr_dmesg && !strstr(dmesg[i], "end trace"))
				i++;
			continue;
		}
		/* The one way of ending that is no trouble. */
		if (strstr(dmesg[i], "(unregistered from user space)"))
			continue;
		if (except && strstr(dmesg[i], except))
			continue;
		for (size_t sign = 0; sign < ARRAY_SIZE(signs); sign++)
			if (strstr(dmesg[i], signs[sign]))
				return dmesg[i];
	}
	return NULL;
}
