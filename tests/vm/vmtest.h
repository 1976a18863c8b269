/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VM tests: they start the real daemon on a real kernel. One static program,
 * which runs as root in a machine of its own and prints TAP.
 *
 * Each test proves that its instrument works (a positive control) before it
 * judges the scheduler. After each test the runner itself checks that the
 * kernel is back to normal: see check_left_behind() in main.c.
 */
#ifndef VMTEST_H
#define VMTEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "../lib/load.h"

#define DAEMON		"/scx_qumun"
#define BPFTOOL		"/bpftool"
#define OTHER_OBJECT	"/other.bpf.o"
#define SCX		"/sys/kernel/sched_ext"
#define PIN_DIR		"/sys/fs/bpf/scx_qumun"
#define PIN_PATH	PIN_DIR "/high_prio_cgroups"

/**
 * struct vm_test - one behaviour
 * @name: short, for the command line
 * @about: what it proves, for people
 * @run: the test
 * @dmesg_ok: a kernel message that this test provokes, or NULL
 * @group: which boot it belongs to, see main.c; NULL is "default"
 */
struct vm_test {
	const char *name;
	const char *about;
	void (*run)(void);
	const char *dmesg_ok;
	const char *group;
};

void vm_test_register(const struct vm_test *test);

#define VM_TEST(id, ...)							\
	static void run_##id(void);						\
	__attribute__((constructor)) static void register_##id(void)		\
	{									\
		static const struct vm_test test = {				\
			.name = #id, .run = run_##id, __VA_ARGS__ \
		};								\
		vm_test_register(&test);					\
	}									\
	static void run_##id(void)

/** fail - the test has failed; does not return */
__attribute__((noreturn, format(printf, 1, 2))) void fail(const char *fmt, ...);

/** skip - the test cannot be run here; does not return */
__attribute__((noreturn, format(printf, 1, 2))) void skip(const char *fmt, ...);

/** note - a line of diagnostics */
__attribute__((format(printf, 1, 2))) void note(const char *fmt, ...);

#define CHECK(condition, ...) do { if (!(condition)) fail(__VA_ARGS__); } while (0)

/* --- the daemon, tests/vm/daemon.c --- */

/**
 * struct daemon - a process of scx_qumun
 * @out: what it wrote to stdout so far; read with daemon_read()
 * @err: the same for stderr
 */
struct daemon {
	pid_t pid;
	int out_fd;
	int err_fd;
	char out[65536];
	char err[262144];
};

/** daemon_spawn - start it with @args (NULL-terminated, without argv[0]); does not wait */
void daemon_spawn(struct daemon *d, const char *const *args);

/** daemon_start - start it and wait until it is in charge; fails the test otherwise */
void daemon_start(struct daemon *d, const char *const *args);

#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NO_ARGS ((const char *const[]){ NULL })

/** daemon_wait - reap it within @ms; its exit code, 128 + signal, or -1 when it still runs */
int daemon_wait(struct daemon *d, unsigned int ms);

/** daemon_stop - SIGTERM, and expect exit code 0 */
void daemon_stop(struct daemon *d);

/** daemon_read - bring out and err up to date */
void daemon_read(struct daemon *d);

/** run_command - run a program to its end; output (both streams) into @out; exit code */
int run_command(char *out, size_t size, const char *const *argv);

/* --- the kernel, tests/vm/kernel.c --- */

/** scx_is - state of sched_ext is @state */
bool scx_is(const char *state);

/** scx_ops - name of the scheduler in charge, "" if none */
const char *scx_ops(void);

/** scx_number - a number from a file below /sys/kernel/sched_ext, or -1 */
long scx_number(const char *file);

/** wait_for - poll @condition(@arg) for up to @ms */
bool wait_for(bool (*condition)(const void *arg), const void *arg, unsigned int ms);

/** task_is_ext - /proc/PID/sched says that sched_ext runs it; -1 when it does not say */
int task_is_ext(pid_t pid);

/** task_named - pid of the task whose comm is @name, or -1 */
pid_t task_named(const char *name);

/** kernel_version - 6012 for 6.12 */
int kernel_version(void);

/** qumun_programs - BPF programs of ours that are loaded */
int qumun_programs(void);

/** qumun_each_program - each of them, with the instructions that the verifier looked at */
void qumun_each_program(void (*fn)(const char *name, unsigned int verified_insns));

/** dmesg_mark - forget kernel messages so far */
void dmesg_mark(void);

/** dmesg_find - the first message since the mark that contains @text, or NULL */
const char *dmesg_find(const char *text);

/** dmesg_trouble - the first message since the mark that tells of trouble, or NULL */
const char *dmesg_trouble(const char *except);

/* --- the daemon under stress, tests/vm/stress.c --- */

/** stress_start - start it with a short watchdog and statistics; returns the kernel's enable_seq */
long stress_start(struct daemon *d, const char *const *args);

/**
 * stress_watch - for @seconds: still the same scheduler, and each of @tasks gets some CPU time in
 *	any ten seconds
 */
void stress_watch(struct daemon *d, long enabled, unsigned int seconds, const pid_t *tasks, int nr);

/** stress_stop - stop it, and show the last line of its statistics */
void stress_stop(struct daemon *d);

/* --- shares of CPU time, tests/vm/share.c --- */

/** share_of - CPU time of the first @nr_a tasks, in % of all, while @ms pass */
double share_of(const pid_t *tasks, int nr_a, int nr, unsigned int ms);

/** hogs_start - @nr equal hogs; fills @pids */
void hogs_start(pid_t *pids, int nr, const struct task_spec *spec);

/**
 * daemon_start_beside - daemon_start() with the hogs stopped meanwhile, then half a second more
 *
 * For tests about shares: on an emulated machine a start between hogs takes long, and other tests
 * do just that.
 */
void daemon_start_beside(struct daemon *d, const pid_t *hogs, int nr, const char *const *args);

/** daemon_stop_beside - daemon_stop() in the same way */
void daemon_stop_beside(struct daemon *d, const pid_t *hogs, int nr);

/** hogs_stop - all of them */
void hogs_stop(const pid_t *pids, int nr);

/* Cgroups of tests about boosts. */
#define BOOSTED	CGROUP_ROOT "/vmtest/boosted"
#define OTHER	CGROUP_ROOT "/vmtest/other"

/* The share of four times the weight: 4096 : 1024. */
#define SHARE_BOOSTED	80.0
#define SHARE_EQUAL	50.0

/**
 * check_share - the first half of the hogs must get @expected % within @ms
 *
 * An emulated machine loses its CPUs to others for longer than any debt is remembered, and then
 * shares are off for a while: so it may try again. What is wrong by itself stays wrong.
 */
void check_share(const char *what, const pid_t *hogs, int nr, unsigned int ms, double expected);

/** start_two_groups - hogs in @boosted and in OTHER, as many as there are CPUs in each */
int start_two_groups(pid_t *hogs, const char *boosted);

/** stop_two_groups - stop them, and remove the cgroups */
void stop_two_groups(pid_t *hogs, int nr);

/* --- the boost map and the verb, tests/vm/boost.c --- */

/** map_weight - weight of a cgroup's entry in the pinned map, 0 if there is none */
uint32_t map_weight(uint64_t cgroup_id);

/** map_count - entries in the pinned map */
int map_count(void);

/** map_write - write an entry as another tool would; a weight of 0 removes it; 0 or -errno */
int map_write(uint64_t cgroup_id, uint32_t weight);

/** map_waits_for - the cgroup at @path has an entry with @weight within @ms; notes how long */
bool map_waits_for(const char *path, uint32_t weight, unsigned int ms);

/** boost - run scx_qumun boost with @args as user @uid; exit code; both streams into @out */
int boost(uid_t uid, char *out, size_t size, const char *const *args);

/** check_boost - boost() as root must end with @code, and print @part */
void check_boost(int code, const char *part, const char *const *args);

#endif /* VMTEST_H */
