// SPDX-License-Identifier: GPL-2.0-only
/*
 * What scx_qumun is for, in half a minute: two cgroups full of CPU hogs, and in
 * one of them a task that must answer often. First under the kernel's own
 * scheduler, then under scx_qumun with that cgroup boosted; side by side.
 *
 *	demo DAEMON SECONDS [OPTION]...
 *
 * Needs root, and a kernel with sched_ext. Ends with 0 when the comparison was
 * made, with 1 when the daemon did not do its part.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/load.h"
#include "util.h"

#define TOP	CGROUP_ROOT "/scx_qumun-demo"
#define BOOSTED	TOP "/boosted"
#define OTHER	TOP "/other"

/* A frame of a game at 60 Hz, of which it computes 2 ms on this CPU. */
#define PERIOD_US	16667
#define WORK_US		2000

/*
 * A virtual CPU that the host does not run stands still without the guest's knowledge: the time
 * counts for the task that was on it. A hog that looks at its own CPU time all the time, and finds
 * such a step in it, has stood still. Interrupts are shorter.
 */
#define STANDSTILL_NS	2000000

/*
 * Below that many percent of the CPUs for the load, waits are those of somebody else. Left alone,
 * an emulated machine gives its load 96 to 99.8 %.
 */
#define UNDISTURBED	95

#define MAX_CPUS	64
#define SETTLE_MS	1000
#define START_MS	60000

static const char scx_state[] = "/sys/kernel/sched_ext/state";

/*
 * What one scheduler achieved. Waits in µs; @used: what the load had of the CPUs, in percent;
 * @still_max: longest time that one of them stood still, in µs.
 */
struct result {
	double used;
	double still_max;
	double share_boosted;
	double wait_p50;
	double wait_p99;
	double wait_max;
	uint64_t runs;
};

/* How long the CPU of a hog has stood still: in all, and the longest time since a reset. */
struct still {
	uint64_t sum_ns;
	uint64_t max_ns;
};

/* @still: of each hog, in shared memory, the boosted ones first. */
struct load {
	pid_t boosted[MAX_CPUS];
	pid_t other[MAX_CPUS];
	int nr;
	volatile struct still *still;
	struct periodic *periodic;
};

static uint64_t own_cpu_ns(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return used.tv_sec * 1000000000ULL + used.tv_nsec;
}

/* As hog_start(), but it tells @still. */
static pid_t start_hog(const char *cgroup, volatile struct still *still)
{
	pid_t pid = fork();
	uint64_t before, now;

	if (pid < 0) {
		perror("demo: fork");
		exit(6);
	}
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cg_move(cgroup, getpid()))
		_exit(1);
	for (before = own_cpu_ns();; before = now) {
		for (volatile int i = 0; i < 5000; i++)
			;
		now = own_cpu_ns();
		if (now - before < STANDSTILL_NS)
			continue;
		still->sum_ns += now - before;
		if (now - before > still->max_ns)
			still->max_ns = now - before;
	}
}

static void start_load(struct load *load)
{
	struct task_spec spec = { .cgroup = BOOSTED, .cpu = -1 };

	load->nr = nr_cpus() < MAX_CPUS ? nr_cpus() : MAX_CPUS;
	load->still = mmap(NULL, 2 * MAX_CPUS * sizeof(*load->still), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (load->still == MAP_FAILED) {
		perror("demo");
		exit(6);
	}
	cg_create(BOOSTED);
	cg_create(OTHER);
	load->periodic = periodic_start(&spec, PERIOD_US, WORK_US);
	for (int i = 0; i < load->nr; i++)
		load->boosted[i] = start_hog(BOOSTED, &load->still[i]);
	for (int i = 0; i < load->nr; i++)
		load->other[i] = start_hog(OTHER, &load->still[load->nr + i]);
}

static void stop_load(struct load *load)
{
	for (int i = 0; i < load->nr; i++) {
		task_stop(load->boosted[i]);
		task_stop(load->other[i]);
	}
	periodic_stop(load->periodic);
	cg_remove(TOP);
}

static uint64_t group_cpu_ns(const pid_t *tasks, int nr)
{
	uint64_t sum = 0;

	for (int i = 0; i < nr; i++)
		sum += task_cpu_ns(tasks[i]);
	return sum;
}

static struct still read_still(const struct load *load)
{
	struct still all = { 0 };

	for (int i = 0; i < 2 * load->nr; i++) {
		all.sum_ns += load->still[i].sum_ns;
		if (load->still[i].max_ns > all.max_ns)
			all.max_ns = load->still[i].max_ns;
	}
	return all;
}

static void reset_still(const struct load *load)
{
	for (int i = 0; i < 2 * load->nr; i++)
		load->still[i].sum_ns = load->still[i].max_ns = 0;
}

/* What the load has really had of @ns on each CPU, in percent. */
static double used_percent(const struct load *load, uint64_t cpu_ns, uint64_t still_ns, uint64_t ns)
{
	/* A standstill that began before the measurement is told within it. */
	return still_ns < cpu_ns ? 100.0 * (cpu_ns - still_ns) / ((double)ns * load->nr) : 0;
}

static struct result measure(const struct load *load, unsigned int seconds)
{
	uint64_t boosted, other, task, start_ns;
	struct still still;
	struct result result;

	sleep_ms(SETTLE_MS);
	periodic_reset(load->periodic);
	boosted = group_cpu_ns(load->boosted, load->nr);
	other = group_cpu_ns(load->other, load->nr);
	task = task_cpu_ns(load->periodic->pid);
	reset_still(load);
	start_ns = now_ns();
	sleep_ms(seconds * 1000);
	boosted = group_cpu_ns(load->boosted, load->nr) - boosted;
	other = group_cpu_ns(load->other, load->nr) - other;
	task = task_cpu_ns(load->periodic->pid) - task;
	still = read_still(load);
	result.used = used_percent(load, boosted + other + task, still.sum_ns,
				   now_ns() - start_ns);
	result.still_max = still.max_ns / 1e3;
	result.share_boosted = 100.0 * boosted / (boosted + other);
	result.wait_p50 = periodic_percentile_us(load->periodic, 50);
	result.wait_p99 = periodic_percentile_us(load->periodic, 99);
	result.wait_max = load->periodic->max_ns / 1e3;
	result.runs = load->periodic->runs;
	return result;
}

static bool is_enabled(void)
{
	char state[32];

	return read_file_str("", scx_state, state, sizeof(state)) > 0 && !strcmp(state, "enabled");
}

/* The daemon's messages go where ours go. Returns its pid once it is in charge, else 0. */
static pid_t start_daemon(char **argv)
{
	pid_t pid = fork();

	if (!pid) {
		execv(argv[0], argv);
		perror(argv[0]);
		_exit(127);
	}
	for (int waited = 0; waited < START_MS; waited += 50) {
		if (is_enabled())
			return pid;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return 0;
		sleep_ms(50);
	}
	task_stop(pid);
	return 0;
}

static int stop_daemon(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "demo: the daemon did not end well\n");
		return 1;
	}
	return 0;
}

static void print_row(const char *what, double before, double after, const char *unit,
		      const char *note)
{
	printf("  %-34s %9.1f %-3s %12.1f %s%s\n", what, before, unit, after, unit, note);
}

/* A guest whose CPUs are taken away measures the scheduler of its host. */
static bool is_disturbed(const struct result *before, const struct result *after)
{
	return before->used < UNDISTURBED || after->used < UNDISTURBED;
}

static void print_disturbance(const struct result *before, const struct result *after,
			      uint64_t seconds)
{
	printf("\nDISTURBED: other work on this machine, or on its host, has taken CPU time away. The\n"
	       "load could use %.0f %% of the CPUs under the kernel's own scheduler and %.0f %% under\n"
	       "scx_qumun, of about %llu wakeups %llu and %llu took place: the waits say little.\n",
	       before->used, after->used, (unsigned long long)(seconds * 1000000 / PERIOD_US),
	       (unsigned long long)before->runs, (unsigned long long)after->runs);
}

static void print_results(const struct load *load, const struct result *before,
			  const struct result *after)
{
	const char *note = is_disturbed(before, after) ? "  (disturbed)" : "";

	printf("\n%d CPUs, %d CPU hogs in each of two cgroups; in the first one also a task that\n"
	       "wakes up 60 times a second and computes %.0f ms. That cgroup is boosted (4x).\n\n",
	       nr_cpus(), load->nr, WORK_US / 1e3);
	printf("  %-34s %13s %14s\n", "", "kernel's own", "scx_qumun");
	print_row("CPU share of the boosted hogs", before->share_boosted, after->share_boosted,
		  "%", "");
	print_row("CPU share of the other hogs", 100 - before->share_boosted,
		  100 - after->share_boosted, "%", "");
	print_row("wait of the task, median", before->wait_p50 / 1e3, after->wait_p50 / 1e3, "ms",
		  note);
	print_row("wait of the task, 99th percentile", before->wait_p99 / 1e3,
		  after->wait_p99 / 1e3, "ms", note);
	print_row("wait of the task, longest", before->wait_max / 1e3, after->wait_max / 1e3,
		  "ms", note);
	print_row("CPUs that the load could use", before->used, after->used, "%", "");
	print_row("longest standstill of a CPU", before->still_max / 1e3, after->still_max / 1e3,
		  "ms", "");
	printf("  %-34s %9llu     %12llu\n\n", "wakeups measured", (unsigned long long)before->runs,
	       (unsigned long long)after->runs);
}

int main(int argc, char **argv)
{
	struct result before, after;
	struct load load;
	uint64_t seconds;
	char **args;
	pid_t pid;

	if (argc < 3 || parse_u64(argv[2], 1, 3600, &seconds)) {
		fprintf(stderr, "usage: demo DAEMON SECONDS [OPTION]... (SECONDS 1..3600)\n");
		return 2;
	}
	if (is_enabled()) {
		fprintf(stderr, "demo: a sched_ext scheduler is active; stop it first\n");
		return 5;
	}
	args = calloc(argc + 1, sizeof(*args));
	if (!args)
		return 6;
	args[0] = argv[1];
	args[1] = (char *)"--boost-cgroup=" BOOSTED;
	for (int i = 3; i < argc; i++)
		args[i - 1] = argv[i];

	start_load(&load);
	printf("measuring the kernel's own scheduler for %llu s\n", (unsigned long long)seconds);
	fflush(stdout);
	before = measure(&load, seconds);
	printf("measuring scx_qumun for %llu s\n", (unsigned long long)seconds);
	fflush(stdout);
	pid = start_daemon(args);
	if (pid)
		after = measure(&load, seconds);
	stop_load(&load);
	free(args);
	if (!pid || stop_daemon(pid))
		return 1;
	if (is_disturbed(&before, &after))
		print_disturbance(&before, &after, seconds);
	print_results(&load, &before, &after);
	return 0;
}
