// SPDX-License-Identifier: GPL-2.0-only
/* Starting, stopping, being killed, being thrown out. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

static struct daemon daemon1, daemon2;

static bool is_state(const void *state)
{
	return scx_is(state);
}

VM_TEST(enables, .about = "the kernel lists our name, tasks become ext tasks, and fair ones again")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	pid_t hog = hog_start(&spec);
	long enabled = scx_number("enable_seq"), rejected = scx_number("nr_rejected");

	CHECK(scx_is("disabled"), "a scheduler is active before the start");
	CHECK(task_is_ext(hog) != 1, "an ext task without a scheduler");
	daemon_start(&daemon1, NO_ARGS);
	CHECK(scx_number("enable_seq") == enabled + 1, "enable_seq did not grow by 1");
	CHECK(task_is_ext(hog) != 0, "a running task did not become an ext task");
	CHECK(scx_number("nr_rejected") == rejected, "tasks were rejected");
	CHECK(qumun_programs() > 5, "the count of our programs does not work: %d", qumun_programs());
	daemon_stop(&daemon1);
	CHECK(strstr(daemon1.err, "stopped; the kernel's own scheduler has the machine again\n"),
	      "it does not say that it has stopped: %s", daemon1.err);
	CHECK(!strstr(daemon1.err, "Ctrl-C"), "a pipe is told of a key: %s", daemon1.err);
	CHECK(task_is_ext(hog) != 1, "still an ext task after the stop");
	task_stop(hog);
}

/* What each kernel must show: a kfunc with a wrong prototype vanishes silently. */
static const struct {
	int version;
	const char *features;
} expected_features[] = {
	{ 6012, "cpu_release" },
	{ 6018, "dsq_insert move_to_local dsq_move cpu_release now enq_migration_disabled" },
	{ 7003, "dsq_insert dsq_insert_v2 insert_vtime_args move_to_local move_to_local_v2 dsq_move"
		" dsq_peek reenqueue_local_v2 now enq_migration_disabled" },
};

VM_TEST(features, .about = "the optional kernel features found are those that this kernel has")
{
	const char *line;
	char features[256] = "";

	daemon_start(&daemon1, NO_ARGS);
	daemon_stop(&daemon1);
	line = strstr(daemon1.err, "kernel features: ");
	CHECK(line, "no line with the features: %s", daemon1.err);
	snprintf(features, sizeof(features), "%.*s", (int)strcspn(line + 17, "\n"), line + 17);
	note("features: %s", features);
	for (size_t i = 0; i < sizeof(expected_features) / sizeof(expected_features[0]); i++) {
		if (expected_features[i].version != kernel_version())
			continue;
		CHECK(!strcmp(features, expected_features[i].features), "found \"%s\", expected \"%s\"",
		      features, expected_features[i].features);
		return;
	}
	skip("no expectation recorded for kernel %d", kernel_version());
}

VM_TEST(start_report, .about = "the start says what is in force")
{
	char expected[64];

	cg_create(CGROUP_ROOT "/report");
	daemon_start(&daemon1, ARGS("--boost-cgroup=" CGROUP_ROOT "/report:2048", "-s", "5000"));
	daemon_stop(&daemon1);
	snprintf(expected, sizeof(expected), "%d CPUs", nr_cpus());
	CHECK(strstr(daemon1.err, expected), "no \"%s\" in: %s", expected, daemon1.err);
	CHECK(strstr(daemon1.err, "slice 1 to 5 ms"), "no slice in: %s", daemon1.err);
	CHECK(strstr(daemon1.err, "watchdog 10 s"), "no watchdog in: %s", daemon1.err);
	snprintf(expected, sizeof(expected), "/report, id %llu, weight 2048 (2x)",
		 (unsigned long long)cg_id(CGROUP_ROOT "/report"));
	CHECK(strstr(daemon1.err, expected), "no \"%s\" in: %s", expected, daemon1.err);
	CHECK(!daemon1.out[0], "stdout is not empty: %s", daemon1.out);
	cg_remove(CGROUP_ROOT "/report");
}

VM_TEST(stats, .about = "--stats prints one line per interval, with figures that are true")
{
	struct task_spec spec = { .cgroup = CGROUP_ROOT "/stats", .cpu = -1 };
	pid_t hogs[64];
	int nr = 2 * nr_cpus(), lines = 0;
	double share, wait, seconds;
	uint64_t start_ns;
	char *last;

	cg_create(spec.cgroup);
	hogs_start(hogs, nr, &spec);
	start_ns = now_ns();
	daemon_start_beside(&daemon1, hogs, nr,
			    ARGS("--stats", "1", "--boost-cgroup=" CGROUP_ROOT "/stats"));
	sleep_ms(5000);
	daemon_stop(&daemon1);
	/* This process is not boosted, and waits itself: longer than it has asked for. */
	seconds = (now_ns() - start_ns) / 1e9;
	hogs_stop(hogs, nr);
	cg_remove(spec.cgroup);
	for (char *c = daemon1.out; *c; c++)
		lines += *c == '\n';
	CHECK(lines >= 3 && lines <= seconds + 1, "%d lines in %.1f s: %s", lines, seconds,
	      daemon1.out);
	last = strstr(daemon1.out, "boosted_share=");
	last = last ? strstr(last + 1, "boosted_share=") : NULL;
	CHECK(last && sscanf(last, "boosted_share=%lf%% longest_wait=%lfms", &share, &wait) == 2,
	      "no share and wait in: %s", daemon1.out);
	CHECK(share > 80 && share <= 100, "boosted_share is %.1f, all the load is boosted", share);
	CHECK(wait > 0 && wait < 2500, "longest_wait is %.2f ms", wait);
	CHECK(!strstr(daemon1.out, "switches=0 "), "no switches in: %s", daemon1.out);
}

VM_TEST(sigint, .about = "SIGINT ends it with 0, and so do a thousand signals at once")
{
	int code;

	daemon_start(&daemon1, NO_ARGS);
	for (int i = 0; i < 1000; i++)
		kill(daemon1.pid, i % 2 ? SIGINT : SIGTERM);
	code = daemon_wait(&daemon1, 30000);
	CHECK(code == 0, "exit code %d: %s", code, daemon1.err);
}

VM_TEST(sigterm_early, .about = "SIGTERM at any moment of the start leaves nothing behind")
{
	int code, ended_by_us = 0;

	for (int i = 0; i < 12; i++) {
		daemon_spawn(&daemon1, NO_ARGS);
		sleep_ms(i * 120);
		kill(daemon1.pid, SIGTERM);
		code = daemon_wait(&daemon1, 30000);
		/* While options are read the signal itself ends it. */
		CHECK(code == 0 || code == 128 + SIGTERM, "round %d: exit code %d: %s", i, code,
		      daemon1.err);
		ended_by_us += code == 0;
		CHECK(wait_for(is_state, "disabled", 10000), "round %d: still %s", i, scx_ops());
		CHECK(access(PIN_DIR, F_OK), "round %d: the pin is left behind", i);
	}
	CHECK(ended_by_us, "no round got as far as the handlers");
}

VM_TEST(sigkill, .about = "SIGKILL gives the machine back; the next start replaces the stale pin")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	pid_t hog = hog_start(&spec);
	uint64_t used;

	daemon_start(&daemon1, NO_ARGS);
	kill(daemon1.pid, SIGKILL);
	CHECK(daemon_wait(&daemon1, 10000) == 128 + SIGKILL, "SIGKILL did not end it");
	CHECK(wait_for(is_state, "disabled", 10000), "the scheduler outlives its daemon");
	used = task_cpu_ns(hog);
	sleep_ms(500);
	CHECK(task_cpu_ns(hog) > used, "tasks stand still");
	CHECK(task_is_ext(hog) != 1, "still an ext task");
	CHECK(!access(PIN_PATH, F_OK), "no stale pin: this test proves nothing");
	daemon_start(&daemon1, NO_ARGS);
	CHECK(strstr(daemon1.err, "replaced"), "no word about the stale pin: %s", daemon1.err);
	daemon_stop(&daemon1);
	task_stop(hog);
}

VM_TEST(sigstop, .about = "a stopped daemon does not stop scheduling, beyond any watchdog")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	int nr = 2 * nr_cpus();
	pid_t hogs[64];
	uint64_t used[64];
	long enabled;

	setenv("SCX_TIMEOUT_MS", "4000", 1);
	daemon_start(&daemon1, NO_ARGS);
	enabled = scx_number("enable_seq");
	hogs_start(hogs, nr, &spec);
	kill(daemon1.pid, SIGSTOP);
	for (int i = 0; i < nr; i++)
		used[i] = task_cpu_ns(hogs[i]);
	sleep_ms(10000);
	CHECK(scx_is("enabled") && scx_number("enable_seq") == enabled, "ejected while stopped");
	for (int i = 0; i < nr; i++)
		CHECK(task_cpu_ns(hogs[i]) > used[i] + 100000000, "hog %d stands still", i);
	kill(daemon1.pid, SIGCONT);
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
}

VM_TEST(sysrq, .about = "SysRq-S ends it with 9, in the kernel's words, and it stays ended",
	.dmesg_ok = "sysrq")
{
	long enabled;
	int code;

	daemon_start(&daemon1, NO_ARGS);
	enabled = scx_number("enable_seq");
	CHECK(!write_str("/proc/sysrq-trigger", "S"), "no sysrq here");
	code = daemon_wait(&daemon1, 20000);
	CHECK(code == 9, "exit code %d, expected 9: %s", code, daemon1.err);
	CHECK(strstr(daemon1.err, "ended by the kernel: disabled by sysrq-S"),
	      "not the kernel's words: %s", daemon1.err);
	CHECK(scx_is("disabled") && scx_number("enable_seq") == enabled, "it came back");
}

VM_TEST(sysrq_dump, .about = "SysRq-D ends nothing, and its dump knows our queues",
	.dmesg_ok = "sysrq")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	pid_t hogs[64];
	int nr = 2 * nr_cpus();

	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, nr, &spec);
	CHECK(!write_str("/proc/sysrq-trigger", "D"), "no sysrq here");
	sleep_ms(1500);
	CHECK(scx_is("enabled"), "it has ended");
	hogs_stop(hogs, nr);
	daemon_stop(&daemon1);
}

VM_TEST(second_instance, .about = "a second one, and twenty at once, leave the first one alone")
{
	struct stat before, after;
	int busy = 0, code;
	long enabled;
	pid_t pids[20];

	daemon_start(&daemon1, NO_ARGS);
	enabled = scx_number("enable_seq");
	CHECK(!stat(PIN_PATH, &before), "no pin");
	daemon_spawn(&daemon2, NO_ARGS);
	code = daemon_wait(&daemon2, 30000);
	CHECK(code == 5, "exit code %d, expected 5: %s", code, daemon2.err);
	CHECK(strstr(daemon2.err, "another scx_qumun is running, process"), "message: %s",
	      daemon2.err);
	for (int i = 0; i < 20; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			if (!freopen("/dev/null", "w", stderr))
				_exit(99);
			execl(DAEMON, DAEMON, (char *)NULL);
			_exit(127);
		}
	}
	for (int i = 0; i < 20; i++) {
		int status;

		waitpid(pids[i], &status, 0);
		busy += WIFEXITED(status) && WEXITSTATUS(status) == 5;
	}
	CHECK(busy == 20, "only %d of 20 ended with 5", busy);
	CHECK(!stat(PIN_PATH, &after) && before.st_ino == after.st_ino, "the pin was touched");
	CHECK(scx_is("enabled") && scx_number("enable_seq") == enabled, "the first one was touched");
	daemon_stop(&daemon1);
}

static void check_status(int code, const char *part)
{
	char out[1024];
	int got = run_command(out, sizeof(out), ARGS(DAEMON, "status"));

	CHECK(got == code && strstr(out, part), "status: exit code %d, expected %d and \"%s\": %s",
	      got, code, part, out);
}

VM_TEST(other_scheduler, .about = "another scheduler is named and left alone")
{
	char out[4096];
	int code;

	code = run_command(out, sizeof(out), ARGS(BPFTOOL, "struct_ops", "register", OTHER_OBJECT,
						   "/sys/fs/bpf"));
	CHECK(code == 0 && wait_for(is_state, "enabled", 20000), "cannot start the other one: %s",
	      out);
	daemon_spawn(&daemon1, NO_ARGS);
	code = daemon_wait(&daemon1, 30000);
	CHECK(code == 5, "exit code %d, expected 5: %s", code, daemon1.err);
	CHECK(strstr(daemon1.err, "another sched_ext scheduler is active: other (stop it first: "),
	      "message: %s", daemon1.err);
	check_status(5, "another sched_ext scheduler has this machine: other");
	CHECK(scx_is("enabled") && !strcmp(scx_ops(), "other"), "the other one was touched");
	unlink("/sys/fs/bpf/other_ops");
	CHECK(wait_for(is_state, "disabled", 20000), "the other one does not go");
	check_status(7, "scx_qumun does not run");
	daemon_start(&daemon1, ARGS("--boost=container:none"));
	snprintf(out, sizeof(out), "scx_qumun schedules this machine (process %d)\nboosts: 1\n",
		 daemon1.pid);
	check_status(0, out);
	daemon_stop(&daemon1);
	check_status(7, "the kernel's own scheduler has this machine");
}

VM_TEST(unregistered, .about = "thrown out with the link detached from outside: 9, no restart")
{
	char out[65536], *line, id[16] = "";
	int code;

	daemon_start(&daemon1, NO_ARGS);
	/* bpftool prints "ID: struct_ops  map N ..." for a link of this kind. */
	run_command(out, sizeof(out), ARGS(BPFTOOL, "link", "show"));
	line = strstr(out, ": struct_ops");
	CHECK(line, "no struct_ops link in: %s", out);
	while (line > out && line[-1] >= '0' && line[-1] <= '9')
		line--;
	snprintf(id, sizeof(id), "%.*s", (int)strspn(line, "0123456789"), line);
	code = run_command(out, sizeof(out), ARGS(BPFTOOL, "link", "detach", "id", id));
	CHECK(code == 0, "bpftool link detach: %s", out);
	code = daemon_wait(&daemon1, 20000);
	CHECK(code == 9, "exit code %d, expected 9: %s", code, daemon1.err);
}

static void cpu1_online(const char *value)
{
	int err = write_str("/sys/devices/system/cpu/cpu1/online", value);

	if (err == -ENOENT)
		skip("CPU 1 cannot be switched here");
	CHECK(!err, "cpu1/online: %s", strerror(-err));
}

static bool is_back(const void *number)
{
	return scx_is("enabled") && !strcmp(scx_ops(), "scx_qumun") &&
	       scx_number("enable_seq") >= *(const long *)number;
}

static bool has_said(const void *text)
{
	daemon_read(&daemon1);
	return strstr(daemon1.err, text);
}

VM_TEST(hotplug, .about = "CPUs that go and come restart it by itself; boosts survive",
	.dmesg_ok = "unregistered from the main kernel")
{
	long next = scx_number("enable_seq") + 2;
	char out[8192], expected[32];
	int cpus = nr_cpus();

	cg_create(CGROUP_ROOT "/hotplug");
	daemon_start(&daemon1, ARGS("--boost-cgroup=" CGROUP_ROOT "/hotplug"));
	cpu1_online("0");
	CHECK(wait_for(is_back, &next, 60000), "not back after CPU 1 went: %s", daemon1.err);
	snprintf(expected, sizeof(expected), ": %d CPUs", cpus - 1);
	CHECK(wait_for(has_said, expected, 10000), "no \"%s\": %s", expected, daemon1.err);
	next++;
	cpu1_online("1");
	CHECK(wait_for(is_back, &next, 60000), "not back after CPU 1 came: %s", daemon1.err);
	CHECK(!run_command(out, sizeof(out), ARGS(BPFTOOL, "map", "dump", "pinned", PIN_PATH)),
	      "map dump: %s", out);
	CHECK(strstr(out, "4096"), "the boost is lost: %s", out);
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/hotplug");
}

VM_TEST(hotplug_storm, .about = "after twenty changes in a row it runs on the final topology",
	.dmesg_ok = "unregistered from the main kernel")
{
	char expected[32];
	long next;

	daemon_start(&daemon1, NO_ARGS);
	for (int i = 0; i < 20; i++) {
		cpu1_online(i % 2 ? "1" : "0");
		sleep_ms(i * 23 % 100);
	}
	sleep_ms(1000);
	daemon_read(&daemon1);
	next = scx_number("enable_seq");
	CHECK(wait_for(is_back, &next, 60000), "not back: %s", daemon1.err);
	snprintf(expected, sizeof(expected), ": %d CPUs", nr_cpus());
	CHECK(wait_for(has_said, expected, 10000), "no \"%s\": %s", expected, daemon1.err);
	daemon_stop(&daemon1);
}

VM_TEST(restart_loop, .about = "ten starts and stops beside hogs, at once after each other")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	long enabled = scx_number("enable_seq");
	/* More of them only make the starts slow, on an emulated machine by minutes. */
	pid_t hogs[2];

	hogs_start(hogs, 2, &spec);
	for (int i = 0; i < 10; i++) {
		daemon_start(&daemon1, NO_ARGS);
		daemon_stop(&daemon1);
	}
	CHECK(scx_number("enable_seq") == enabled + 10, "enable_seq grew by %ld",
	      scx_number("enable_seq") - enabled);
	hogs_stop(hogs, 2);
}

VM_TEST(lost_output, .about = "losing stdout and stderr does not stop it")
{
	daemon_start(&daemon1, ARGS("--stats", "1", "-v"));
	close(daemon1.out_fd);
	close(daemon1.err_fd);
	sleep_ms(3500);
	CHECK(daemon_wait(&daemon1, 0) == -1, "it ended");
	CHECK(scx_is("enabled"), "it no longer schedules");
	kill(daemon1.pid, SIGHUP);
	sleep_ms(500);
	CHECK(daemon_wait(&daemon1, 0) == -1, "SIGHUP ended it");
	daemon_stop(&daemon1);
}

VM_TEST(stalled_reader, .about = "a reader of --stats that stops reading does not stop it")
{
	char path[64], filler[1024] = "";
	int fd, full = 0;

	daemon_start(&daemon1, ARGS("--stats", "1"));
	snprintf(path, sizeof(path), "/proc/%d/fd/1", daemon1.pid);
	fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	CHECK(fd >= 0, "%s: %s", path, strerror(errno));
	while (write(fd, filler, sizeof(filler)) > 0)
		full++;
	CHECK(full && errno == EAGAIN, "the pipe does not fill up: %s", strerror(errno));
	close(fd);
	sleep_ms(2500);
	kill(daemon1.pid, SIGTERM);
	/* Not daemon_wait(), which would read, and so help it. */
	for (int waited_ms = 0; scx_is("enabled"); waited_ms += 50) {
		CHECK(waited_ms < 10000, "it hangs on its output");
		sleep_ms(50);
	}
	CHECK(daemon_wait(&daemon1, 20000) == 0, "it did not end with 0");
}
