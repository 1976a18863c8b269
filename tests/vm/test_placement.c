// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who wakes up where: on machines with two LLCs and SMT (group "llcs": cores 0-1, 2-3 in one LLC,
 * 4-5, 6-7 in the other) and with two nodes (group "nodes": LLCs 0-1, 2-3 in node 0, 4-5, 6-7 in
 * node 1). scripts/test.sh boots them.
 *
 * A probe goes to a given CPU, may then use others as well, sleeps for a moment, and counts where
 * it wakes up. Kernel threads take a CPU now and then, so that some of the wakeups may go
 * elsewhere; the control, with the rule switched off, shows what that would be otherwise.
 */
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util.h"
#include "vmtest.h"

#define NR_CPUS		8
#define ALL_CPUS	0xffU
#define ROUNDS		80
/*
 * In so many of 100 wakeups somebody else may have been in the way, or the CPU that the probe came
 * from, which the host does not run, has not noticed yet that it is idle. Seen on a host with ten
 * other things to do: up to 17, with sleeps of 3 ms. That there are no exceptions, the simulation
 * shows.
 */
#define NOISE		25
#define SLEEP_MS	15

static struct daemon daemon1;

static void use_cpus(unsigned int cpus)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < NR_CPUS; cpu++)
		if (cpus >> cpu & 1)
			CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
}

/*
 * How often this process has slept. On an emulated CPU that its host does not run, the timer may
 * come before that, and then nobody wakes up.
 */
static long nr_sleeps(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_nvcsw;
}

static void run_probe(int from, unsigned int cpus, volatile unsigned int *seen)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int rounds = 0, tries = 0; rounds < ROUNDS && tries < 5 * ROUNDS; tries++) {
		long slept;

		use_cpus(1U << from);
		use_cpus(cpus);
		slept = nr_sleeps();
		sleep_ms(SLEEP_MS);
		if (nr_sleeps() == slept)
			continue;
		seen[sched_getcpu() % NR_CPUS]++;
		rounds++;
	}
	_exit(0);
}

/*
 * From CPU @from, allowed on @cpus: how many of 100 wakeups end on one of @good. In cgroup @cgroup,
 * or where we are.
 */
static unsigned int probe(const char *what, const char *cgroup, int from, unsigned int cpus,
			  unsigned int good)
{
	volatile unsigned int *seen = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned int hits = 0, all = 0;
	char text[128] = "";
	int status;
	pid_t pid;

	CHECK(seen != MAP_FAILED, "no memory");
	pid = fork();
	if (!pid) {
		if (cgroup && cg_move(cgroup, getpid()))
			_exit(1);
		run_probe(from, cpus, seen);
	}
	CHECK(waitpid(pid, &status, 0) == pid && !status, "%s: the probe failed", what);
	for (int cpu = 0; cpu < NR_CPUS; cpu++) {
		sprintf(text + strlen(text), " %u", seen[cpu]);
		all += seen[cpu];
		if (good >> cpu & 1)
			hits += seen[cpu];
	}
	munmap((void *)seen, 4096);
	note("%s: from CPU %d, wakeups on CPU 0 to 7:%s", what, from, text);
	CHECK(all > ROUNDS / 2, "%s: the probe has slept %u times only", what, all);
	return 100 * hits / all;
}

static void start_pinned_hogs(pid_t *hogs, int nr)
{
	for (int i = 0; i < nr; i++) {
		struct task_spec spec = { .cpu = i };

		hogs[i] = hog_start(&spec);
	}
}

/* The probe under the scheduler as it is, and with @off, which switches the rule off. */
struct rule {
	const char *what;
	const char *on;
	const char *off;
	int nr_hogs;
	int from;
	unsigned int cpus;
	unsigned int good;
	unsigned int off_max;
};

static void check_rule(const struct rule *rule)
{
	unsigned int percent;
	pid_t hogs[NR_CPUS];

	if (rule->on)
		daemon_start(&daemon1, ARGS(rule->on));
	else
		daemon_start(&daemon1, NO_ARGS);
	start_pinned_hogs(hogs, rule->nr_hogs);
	percent = probe(rule->what, NULL, rule->from, rule->cpus, rule->good);
	hogs_stop(hogs, rule->nr_hogs);
	daemon_stop(&daemon1);
	CHECK(percent >= 100 - NOISE, "%s: %u %%", rule->what, percent);

	if (rule->off)
		daemon_start(&daemon1, ARGS(rule->off));
	else
		daemon_start(&daemon1, NO_ARGS);
	start_pinned_hogs(hogs, rule->nr_hogs);
	percent = probe(rule->off ? rule->off : "without", NULL, rule->from, rule->cpus,
			rule->good);
	hogs_stop(hogs, rule->nr_hogs);
	daemon_stop(&daemon1);
	CHECK(percent <= rule->off_max, "%s: %u %% without the rule: this proves nothing",
	      rule->what, percent);
}

VM_TEST(place_core, .about = "beside an idle core nobody wakes up on the sibling of a busy CPU",
	.group = "llcs")
{
	/* CPU 0 is busy, CPU 1 its sibling and where the probe was. */
	check_rule(&(struct rule){ .what = "idle core", .off = "--disable-smt", .nr_hogs = 1,
				   .from = 1, .cpus = 0x0e, .good = 0x0c, .off_max = 50 });
}

VM_TEST(place_llc, .about = "a task whose LLC has an idle CPU wakes up there", .group = "llcs")
{
	check_rule(&(struct rule){ .what = "own LLC", .off = "--disable-llc", .nr_hogs = 2,
				   .from = 0, .cpus = ALL_CPUS, .good = 0x0c, .off_max = 60 });
}

VM_TEST(place_node, .about = "a task whose LLC is full wakes up in its node, if that has a CPU",
	.group = "nodes")
{
	check_rule(&(struct rule){ .what = "own node", .off = "--disable-numa", .nr_hogs = 2,
				   .from = 0, .cpus = ALL_CPUS, .good = 0x0c, .off_max = 60 });
}

VM_TEST(place_llc_in_node, .about = "the idle CPU of a task's LLC comes before others of its node",
	.group = "nodes")
{
	check_rule(&(struct rule){ .what = "own LLC", .off = "--disable-llc", .nr_hogs = 1,
				   .from = 0, .cpus = ALL_CPUS, .good = 0x02, .off_max = 60 });
}

VM_TEST(place_primary, .about = "few tasks stay in the primary domain", .group = "llcs")
{
	check_rule(&(struct rule){ .what = "primary domain", .on = "--primary-domain=0-3",
				   .nr_hogs = 2, .from = 5, .cpus = ALL_CPUS, .good = 0x0f,
				   .off_max = 50 });
}

VM_TEST(place_boosted, .about = "a boosted task may wake up outside the primary domain",
	.group = "llcs")
{
	unsigned int percent;

	cg_create(BOOSTED);
	daemon_start(&daemon1, ARGS("--primary-domain=0-3", "--boost-cgroup=" BOOSTED));
	/* The core of CPU 5 is idle: where it was is best. */
	percent = probe("boosted", BOOSTED, 5, ALL_CPUS, 0x30);
	CHECK(percent >= 100 - NOISE, "a boosted task is kept off its CPU: %u %%", percent);
	percent = probe("not boosted", NULL, 5, ALL_CPUS, 0x30);
	CHECK(percent <= 50, "one without a boost is not: %u %%", percent);
	daemon_stop(&daemon1);
	cg_remove(BOOSTED);
}

/* The CPU that a task is on, from /proc. */
static int cpu_of(pid_t pid)
{
	char path[64], text[1024], *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	CHECK(read_file_str("", path, text, sizeof(text)) > 0, "task %d is gone", pid);
	/* Field 39; the second one, the name, ends in the last ")". */
	at = strrchr(text, ')');
	for (int field = 2; at && field < 39; field++)
		at = strchr(at + 1, ' ');
	CHECK(at, "no field 39 in %s", text);
	return atoi(at);
}

/* In how many of 100 looks somebody was on one of @cpus. */
static int seen_on(const pid_t *tasks, int nr, unsigned int cpus)
{
	int seen = 0;

	for (int look = 0; look < 100; look++) {
		for (int i = 0; i < nr; i++)
			seen += cpus >> cpu_of(tasks[i]) & 1;
		sleep_ms(10);
	}
	return seen / nr;
}

static int compare_uint(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void allow_all(pid_t pid)
{
	cpu_set_t all;

	CPU_ZERO(&all);
	for (int cpu = 0; cpu < NR_CPUS; cpu++)
		CPU_SET(cpu, &all);
	CHECK(!sched_setaffinity(pid, sizeof(all), &all), "sched_setaffinity: %m");
}

#define PATIENCE_MS	1500U
#define MOVES		5

static bool shares_core(const pid_t *hogs)
{
	return cpu_of(hogs[0]) / 2 == cpu_of(hogs[1]) / 2;
}

static bool is_outside(const pid_t *hogs)
{
	return cpu_of(hogs[0]) >= 4;
}

/*
 * Hogs begin on CPU @first and the next ones, and may then run anywhere: for how long they are
 * misplaced still, in ms, the median. They move in the end also without the rule, since kernel
 * threads get in their way.
 */
static unsigned int misplaced_for(const char *arg, int first, int nr,
				  bool (*is_misplaced)(const pid_t *hogs))
{
	unsigned int times[MOVES];
	char text[128] = "";

	if (arg)
		daemon_start(&daemon1, ARGS(arg));
	else
		daemon_start(&daemon1, NO_ARGS);
	for (int i = 0; i < MOVES; i++) {
		uint64_t start;
		pid_t hogs[2];

		for (int hog = 0; hog < nr; hog++)
			hogs[hog] = hog_start(&(struct task_spec){ .cpu = first + hog });
		sleep_ms(200);
		for (int hog = 0; hog < nr; hog++)
			allow_all(hogs[hog]);
		start = now_ns();
		while (is_misplaced(hogs) && now_ns() - start < PATIENCE_MS * 1000000ULL)
			sleep_ms(2);
		times[i] = (now_ns() - start) / 1000000;
		hogs_stop(hogs, nr);
		sprintf(text + strlen(text), " %u", times[i]);
	}
	daemon_stop(&daemon1);
	note("%s: hogs move after%s ms", arg ? arg : "default", text);
	qsort(times, MOVES, sizeof(*times), compare_uint);
	return times[MOVES / 2];
}

VM_TEST(place_moves, .about = "who never sleeps moves to an idle core, and to the primary domain",
	.group = "llcs")
{
	unsigned int with, without;

	without = misplaced_for("--disable-smt", 0, 2, shares_core);
	with = misplaced_for(NULL, 0, 2, shares_core);
	CHECK(3 * with < without, "two hogs share a core for %u ms; without the rule for %u", with,
	      without);
	/* It begins outside. */
	with = misplaced_for("--primary-domain=0-3", 6, 1, is_outside);
	CHECK(3 * with < PATIENCE_MS, "a hog is outside the primary domain for %u ms", with);
}

VM_TEST(place_full, .about = "few tasks stay in the primary domain, and many use all CPUs",
	.group = "llcs")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	struct periodic *sleepers[2];
	pid_t hogs[2 * NR_CPUS], pids[2];
	unsigned int used = 0;
	double busy;
	uint64_t cpu_ns = 0, start;
	int outside;

	daemon_start(&daemon1, ARGS("--primary-domain=0-3"));
	/* 2 ms of 12. */
	for (int i = 0; i < 2; i++) {
		sleepers[i] = periodic_start(&spec, 10000, 2000);
		pids[i] = sleepers[i]->pid;
	}
	sleep_ms(500);
	outside = seen_on(pids, 2, 0xf0);
	note("two tasks: %d %% of the time outside", outside);
	CHECK(outside <= NOISE, "two tasks are outside the primary domain for %d %% of the time",
	      outside);

	hogs_start(hogs, 2 * NR_CPUS, &spec);
	sleep_ms(1500);
	for (int i = 0; i < 2 * NR_CPUS; i++) {
		used |= 1U << cpu_of(hogs[i]);
		cpu_ns -= task_cpu_ns(hogs[i]);
	}
	start = now_ns();
	sleep_ms(2000);
	for (int i = 0; i < 2 * NR_CPUS; i++) {
		used |= 1U << cpu_of(hogs[i]);
		cpu_ns += task_cpu_ns(hogs[i]);
	}
	busy = 100.0 * cpu_ns / (now_ns() - start) / NR_CPUS;
	note("%d hogs: CPUs %#x, busy for %.0f %%", 2 * NR_CPUS, used, busy);
	CHECK(used == ALL_CPUS, "16 hogs use CPUs %#x only", used);
	CHECK(busy > 80, "with 16 hogs the CPUs are busy for %.0f %%", busy);
	daemon_stop(&daemon1);
	hogs_stop(hogs, 2 * NR_CPUS);
	for (int i = 0; i < 2; i++)
		periodic_stop(sleepers[i]);
}

/* Let this process and its children see CPUs 0-3 at half the speed of the others. */
static void fake_slow_cpus(void)
{
	char path[64];

	CHECK(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL),
	      "no mount namespace");
	CHECK(!system("echo 512 > /tmp/slow"), "no file");
	for (int cpu = 0; cpu < 4; cpu++) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/cpu_capacity", cpu);
		if (access(path, F_OK))
			skip("this kernel has no %s", path);
		CHECK(!mount("/tmp/slow", path, NULL, MS_BIND, NULL), "mount over %s", path);
	}
}

VM_TEST(place_fast, .about = "boosted tasks wake up on fast CPUs; --primary-domain goes by speed",
	.group = "llcs")
{
	unsigned int percent;

	fake_slow_cpus();
	cg_create(BOOSTED);
	daemon_start(&daemon1, ARGS("--primary-domain=powersave", "--boost-cgroup=" BOOSTED));
	CHECK(strstr(daemon1.err, "primary domain: CPUs 0-3;"), "%s", daemon1.err);
	CHECK(strstr(daemon1.err, "fast CPUs: 4-7,"), "%s", daemon1.err);
	percent = probe("boosted", BOOSTED, 1, ALL_CPUS, 0xf0);
	CHECK(percent >= 100 - NOISE, "a boosted task is on fast CPUs for %u %%", percent);
	percent = probe("not boosted", NULL, 5, ALL_CPUS, 0x0f);
	CHECK(percent >= 100 - NOISE, "one without a boost is on slow CPUs for %u %%", percent);
	daemon_stop(&daemon1);

	daemon_start(&daemon1, ARGS("--primary-domain=auto"));
	CHECK(strstr(daemon1.err, "primary domain: CPUs 4-7;"), "%s", daemon1.err);
	daemon_stop(&daemon1);
	cg_remove(BOOSTED);
}

static bool has_said(const void *text)
{
	daemon_read(&daemon1);
	return strstr(daemon1.err, text);
}

VM_TEST(place_hotplug, .about = "the primary domain loses a CPU that goes offline and gets it back",
	.group = "llcs", .dmesg_ok = "unregistered from the main kernel")
{
	unsigned int percent;

	daemon_start(&daemon1, ARGS("--primary-domain=2-3"));
	CHECK(!write_str("/sys/devices/system/cpu/cpu3/online", "0"), "CPU 3 cannot be switched");
	CHECK(wait_for(has_said, "primary domain: CPUs 2;", 60000), "not restarted: %s",
	      daemon1.err);
	CHECK(has_said("primary domain: offline by now: 3"), "it says nothing: %s", daemon1.err);
	percent = probe("a CPU less", NULL, 5, ALL_CPUS & ~8U, 0x04);
	CHECK(percent >= 100 - NOISE, "CPU 2 is left, and used for %u %%", percent);
	memset(daemon1.err, 0, sizeof(daemon1.err));
	CHECK(!write_str("/sys/devices/system/cpu/cpu3/online", "1"), "CPU 3 does not come back");
	CHECK(wait_for(has_said, "primary domain: CPUs 2-3;", 60000), "not restarted: %s",
	      daemon1.err);
	daemon_stop(&daemon1);
}
