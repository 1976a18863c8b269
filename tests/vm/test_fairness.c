// SPDX-License-Identifier: GPL-2.0-only
/* Everybody makes progress, and shares follow weights. */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "vmtest.h"

static struct daemon daemon1;

/* sched_prio_to_weight[] of nice 0, 5, -5: what a share is expected from. */
#define WEIGHT_NICE_0	1024.0
#define WEIGHT_NICE_5	335.0
#define WEIGHT_NICE_M5	3121.0

static bool progressed(const pid_t *tasks, const uint64_t *before, int nr, uint64_t least_ns)
{
	for (int i = 0; i < nr; i++)
		if (task_cpu_ns(tasks[i]) < before[i] + least_ns)
			return false;
	return true;
}

static void read_cpu_ns(const pid_t *tasks, uint64_t *cpu_ns, int nr)
{
	for (int i = 0; i < nr; i++)
		cpu_ns[i] = task_cpu_ns(tasks[i]);
}

VM_TEST(progress, .about = "two hogs per CPU and short tasks all progress")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	struct periodic *periodic[4];
	int nr = 2 * nr_cpus();
	uint64_t before[64];
	pid_t hogs[64];

	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, nr, &spec);
	for (int i = 0; i < 4; i++)
		periodic[i] = periodic_start(&spec, 20000, 1000);
	sleep_ms(1000);
	for (int i = 0; i < 4; i++)
		periodic_reset(periodic[i]);
	read_cpu_ns(hogs, before, nr);
	sleep_ms(5000);
	/* Half of what is fair: a hog gets about 0.45 of a CPU. */
	CHECK(progressed(hogs, before, nr, 1100000000), "some hog hardly runs");
	for (int i = 0; i < 4; i++) {
		note("short task %d: %llu runs, p50 %.1f ms, longest wait %.1f ms", i,
		     (unsigned long long)periodic[i]->runs,
		     periodic_percentile_us(periodic[i], 50) / 1e3, periodic[i]->max_ns / 1e6);
		CHECK(periodic[i]->runs > 50, "short task %d ran %llu times in 5 s", i,
		      (unsigned long long)periodic[i]->runs);
		CHECK(periodic[i]->max_ns < 2500000000, "short task %d waited %.0f ms", i,
		      periodic[i]->max_ns / 1e6);
	}
	/* Control: a task that stands still is seen. */
	kill(hogs[0], SIGSTOP);
	sleep_ms(100);
	read_cpu_ns(hogs, before, nr);
	sleep_ms(1000);
	CHECK(!progressed(hogs, before, nr, 100000000), "a stopped hog seems to run");
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
	for (int i = 0; i < 4; i++)
		periodic_stop(periodic[i]);
}

/* Shares in % of the first, second and third group of hogs. */
struct shares {
	double of[3];
};

static struct shares measure(const pid_t *hogs, int per_group, unsigned int ms)
{
	uint64_t before[64], sum[3] = { 0 }, all = 0;
	struct shares shares;

	read_cpu_ns(hogs, before, 3 * per_group);
	sleep_ms(ms);
	for (int i = 0; i < 3 * per_group; i++)
		sum[i / per_group] += task_cpu_ns(hogs[i]) - before[i];
	all = sum[0] + sum[1] + sum[2];
	for (int i = 0; i < 3; i++)
		shares.of[i] = 100.0 * sum[i] / all;
	return shares;
}

static bool is_near(const struct shares *shares, const double *expected)
{
	/* Ticks are coarse and hosts are busy; benchmarks judge the decimals. */
	for (int i = 0; i < 3; i++)
		if (fabs(shares->of[i] - expected[i]) >= 3)
			return false;
	return true;
}

/* As in test_boost.c: a disturbed host may take a try away, a wrong policy all of them. */
static void check_shares(const char *what, const pid_t *hogs, int per_group, unsigned int ms,
			 const double *expected)
{
	struct shares shares;

	for (int i = 0; i < 4; i++) {
		shares = measure(hogs, per_group, ms);
		note("%s: %.1f %.1f %.1f %%, expected %.1f %.1f %.1f", what, shares.of[0],
		     shares.of[1], shares.of[2], expected[0], expected[1], expected[2]);
		if (is_near(&shares, expected))
			return;
	}
	fail("%s: %.1f %.1f %.1f %%, expected %.1f %.1f %.1f", what, shares.of[0], shares.of[1],
	     shares.of[2], expected[0], expected[1], expected[2]);
}

static void check_nice(int per_group, int cpu)
{
	static const double equal[] = { 100 / 3.0, 100 / 3.0, 100 / 3.0 };
	const double sum = WEIGHT_NICE_0 + WEIGHT_NICE_5 + WEIGHT_NICE_M5;
	const double by_weight[] = { 100 * WEIGHT_NICE_0 / sum, 100 * WEIGHT_NICE_5 / sum,
				     100 * WEIGHT_NICE_M5 / sum };
	static const int nices[] = { 0, 5, -5 };
	struct task_spec spec = { .cpu = cpu };
	pid_t hogs[64];

	/* Control: equal weights, equal shares, with the same instrument. */
	for (int i = 0; i < 3; i++)
		hogs_start(hogs + i * per_group, per_group, &spec);
	sleep_ms(1000);
	check_shares("nice 0/0/0", hogs, per_group, 4000, equal);
	hogs_stop(hogs, 3 * per_group);

	for (int i = 0; i < 3; i++) {
		spec.nice = nices[i];
		hogs_start(hogs + i * per_group, per_group, &spec);
	}
	sleep_ms(1000);
	check_shares("nice 0/5/-5", hogs, per_group, 8000, by_weight);
	hogs_stop(hogs, 3 * per_group);
}

VM_TEST(nice_all_cpus, .about = "nice 0, 5 and -5 get shares by weight, over all CPUs")
{
	/* So many of each that a task at -5 cannot use more than one CPU. */
	daemon_start(&daemon1, NO_ARGS);
	check_nice(nr_cpus(), -1);
	daemon_stop(&daemon1);
}

VM_TEST(nice_pinned, .about = "nice 0, 5 and -5 get shares by weight, bound to one CPU")
{
	daemon_start(&daemon1, NO_ARGS);
	check_nice(1, 1 % nr_cpus());
	daemon_stop(&daemon1);
}

VM_TEST(pinned_beside_shared, .about = "pinned and free hogs share one CPU fairly")
{
	struct task_spec shared = TASK_SPEC_DEFAULT, pinned = { .cpu = 0 };
	int cpus = nr_cpus(), nr = 2 * cpus;
	double share = 0;
	pid_t hogs[64];

	/* 2N tasks on N CPUs, one of them bound: each is owed half a CPU. */
	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, 1, &pinned);
	hogs_start(hogs + 1, nr - 1, &shared);
	sleep_ms(1000);
	for (int i = 0; i < 3; i++) {
		share = share_of(hogs, 1, nr, 5000);
		note("the pinned one of %d hogs has %.2f %%", nr, share);
		if (fabs(share - 100.0 / nr) < 0.3 * 100 / nr)
			break;
	}
	CHECK(fabs(share - 100.0 / nr) < 0.3 * 100 / nr, "it has %.2f %%, fair are %.2f", share,
	      100.0 / nr);
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
}

/* The longest time that a task gets no CPU, within @ms. */
static uint64_t longest_pause_ns(pid_t task, unsigned int ms)
{
	struct sched_param realtime = { .sched_priority = 1 }, ordinary = { 0 };
	uint64_t used = task_cpu_ns(task), since, longest_ns = 0;

	/* Who looks on must not wait itself: beside such hogs it is a light one, too. */
	CHECK(!sched_setscheduler(0, SCHED_FIFO, &realtime), "no real-time priority");
	since = now_ns();
	for (uint64_t end = now_ns() + ms * 1000000ULL; now_ns() < end; sleep_ms(20)) {
		uint64_t now = now_ns();

		if (now - since > longest_ns)
			longest_ns = now - since;
		if (task_cpu_ns(task) != used) {
			used = task_cpu_ns(task);
			since = now;
		}
	}
	CHECK(!sched_setscheduler(0, SCHED_OTHER, &ordinary), "no ordinary priority");
	return longest_ns;
}

/*
 * @nr hogs at nice -20 and one at nice 19, bound to @cpu or free. The promise:
 * an eighth of the watchdog until it is rescued, and some time to find it.
 */
static void check_extremes(const char *what, int nr, int cpu)
{
	struct task_spec heavy = { .nice = -20, .cpu = cpu }, light = { .nice = 19, .cpu = cpu };
	uint64_t longest_ns;
	pid_t hogs[64], hog;

	hogs_start(hogs, nr, &heavy);
	hog = hog_start(&light);
	sleep_ms(2000);
	longest_ns = longest_pause_ns(hog, 8000);
	note("%s: nice 19 beside %d hogs at nice -20 waits %.0f ms at most", what, nr,
	     longest_ns / 1e6);
	CHECK(longest_ns < 2500000000ULL, "%s: it waited %.1f s", what, longest_ns / 1e9);
	/* Control: it does wait, since its weight asks for hardly any CPU. */
	CHECK(longest_ns > 200000000ULL, "%s: it hardly waits: weights have no effect", what);
	hogs_stop(hogs, nr);
	task_stop(hog);
}

VM_TEST(nice_extremes, .about = "nice 19 beside nice -20 waits, but not long, also on one CPU")
{
	daemon_start(&daemon1, NO_ARGS);
	check_extremes("all CPUs", 2 * nr_cpus(), -1);
	check_extremes("one CPU", 2, 0);
	daemon_stop(&daemon1);
}

#define KHUGEPAGED "/sys/kernel/mm/transparent_hugepage/khugepaged/"

/* Small pages that khugepaged is to make large ones of; it goes on looking for some. */
static char *give_khugepaged_work(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED, "mmap: %s", strerror(errno));
	madvise(memory, size, MADV_NOHUGEPAGE);
	memset(memory, 1, size);
	if (madvise(memory, size, MADV_HUGEPAGE) ||
	    write_str(KHUGEPAGED "pages_to_scan", "100000") ||
	    write_str(KHUGEPAGED "scan_sleep_millisecs", "0"))
		skip("this kernel has no khugepaged");
	return memory;
}

VM_TEST(kernel_threads, .about = "a kernel thread at nice 19 counts for nice 0: others wait for it")
{
	struct task_spec boosted = { .cgroup = CGROUP_ROOT "/boosted", .cpu = -1 };
	struct task_spec light = { .nice = 19, .cpu = -1 };
	size_t size = 64 << 20;
	int nr = 2 * nr_cpus();
	pid_t hogs[64], tasks[2];
	uint64_t used[2];
	char *memory;

	memory = give_khugepaged_work(size);
	tasks[0] = task_named("khugepaged");
	CHECK(tasks[0] > 0, "khugepaged can be told to work, but is not there");
	cg_create(boosted.cgroup);
	daemon_start(&daemon1, ARGS("--boost-cgroup=" CGROUP_ROOT "/boosted"));
	hogs_start(hogs, nr, &boosted);
	tasks[1] = hog_start(&light);
	sleep_ms(1000);
	read_cpu_ns(tasks, used, 2);
	sleep_ms(4000);
	for (int i = 0; i < 2; i++)
		used[i] = task_cpu_ns(tasks[i]) - used[i];
	daemon_stop(&daemon1);
	write_str(KHUGEPAGED "scan_sleep_millisecs", "10000");
	hogs_stop(hogs, nr);
	task_stop(tasks[1]);
	cg_remove(boosted.cgroup);
	munmap(memory, size);
	note("of 4 s, khugepaged had %.0f ms, a task at nice 19 %.0f ms", used[0] / 1e6,
	     used[1] / 1e6);
	/* By weight, 1 of 33 CPU times and 1 of 3300; what rescues add is more than that. */
	CHECK(used[0] > 100000000, "khugepaged had %.0f ms of 4 s", used[0] / 1e6);
	CHECK(used[1] < 100000000, "a task at nice 19 had %.0f ms of 4 s", used[1] / 1e6);
}

VM_TEST(crowded_cpus, .about = "who wakes up on crowded CPUs is not forgotten, busy as others are")
{
	struct task_spec crowd = { .cpu = 0 }, shared = TASK_SPEC_DEFAULT;
	int cpus = nr_cpus(), nr = 0;
	struct periodic *sleeper;
	pid_t hogs[64];

	/* 12 tasks on CPU 0, two on each other one: those get ahead, these behind. */
	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, 12, &crowd);
	nr = 12;
	hogs_start(hogs + nr, 2 * (cpus - 1), &shared);
	nr += 2 * (cpus - 1);
	sleep_ms(3000);
	sleeper = periodic_start(&crowd, 50000, 500);
	sleep_ms(6000);
	note("a sleeper on the crowded CPU: %llu runs, p50 %.1f ms, longest wait %.0f ms",
	     (unsigned long long)sleeper->runs, periodic_percentile_us(sleeper, 50) / 1e3,
	     sleeper->max_ns / 1e6);
	CHECK(sleeper->runs > 10, "it ran %llu times in 6 s", (unsigned long long)sleeper->runs);
	/* It is moved there only now, and would have to be rescued, after 1.3 s, a few times. */
	CHECK(sleeper->max_ns < 1000000000ULL, "it waited %.1f s", sleeper->max_ns / 1e9);
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
	periodic_stop(sleeper);
}

/* This process, and who is started from now on, may use CPUs @first..@last. */
static void confine(int first, int last)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, &set);
	CHECK(!sched_setaffinity(0, sizeof(set), &set), "no affinity to CPUs %d-%d", first, last);
}

VM_TEST(cpusets, .about = "containers with CPUs of their own: weights count, and nobody is forgotten")
{
	struct task_spec spec = TASK_SPEC_DEFAULT, nice5 = { .cpu = -1, .nice = 5 };
	const double expected = WEIGHT_NICE_0 / (double)WEIGHT_NICE_5;
	int last = nr_cpus() - 1;
	struct periodic *sleeper;
	uint64_t used[5];
	pid_t hogs[17];
	double ratio;

	if (last < 3)
		skip("four CPUs are needed");
	/* Twelve hogs on two CPUs, those get behind; four on two others, those get ahead. */
	daemon_start(&daemon1, NO_ARGS);
	confine(0, 1);
	hogs_start(hogs, 12, &spec);
	sleeper = periodic_start(&spec, 50000, 500);
	confine(2, 3);
	hogs_start(hogs + 12, 2, &spec);
	hogs_start(hogs + 14, 2, &nice5);
	confine(0, last);
	sleep_ms(4000);
	periodic_reset(sleeper);
	confine(0, 1);
	hogs[16] = hog_start(&spec);
	confine(0, last);
	read_cpu_ns(hogs + 12, used, 5);
	sleep_ms(8000);
	for (int i = 0; i < 5; i++)
		used[i] = task_cpu_ns(hogs[12 + i]) - used[i];
	daemon_stop(&daemon1);
	ratio = (double)(used[0] + used[1]) / (used[2] + used[3]);
	note("a sleeper in the crowd: %llu runs, p50 %.1f ms, longest wait %.0f ms",
	     (unsigned long long)sleeper->runs, periodic_percentile_us(sleeper, 50) / 1e3,
	     sleeper->max_ns / 1e6);
	note("nice 0 has %.2f times of nice 5 (%.2f); a new hog in the crowd %.0f ms of 8 s (1231)",
	     ratio, expected, used[4] / 1e6);
	/* Without a place beside the others it runs once in a second or so, when it is rescued. */
	CHECK(sleeper->runs > 80, "a sleeper ran %llu times in 8 s",
	      (unsigned long long)sleeper->runs);
	CHECK(ratio > 0.7 * expected && ratio < 1.4 * expected, "nice 0 has %.2f times of nice 5",
	      ratio);
	CHECK(used[4] > 800000000, "a new hog had %.0f ms of 8 s", used[4] / 1e6);
	hogs_stop(hogs, 17);
	periodic_stop(sleeper);
}

/* A chain has no pid to kill: it lives in a cgroup of its own. */
#define CHAIN CGROUP_ROOT "/chain"

/* Computes for 5 ms, forks, and ends; the child does the same, forever. CPU time adds up in @sum. */
static pid_t start_fork_chain(volatile uint64_t *sum_ns)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (cg_move(CHAIN, getpid()))
		_exit(1);
	for (;;) {
		uint64_t start = task_cpu_ns(getpid()), used;

		do {
			used = task_cpu_ns(getpid()) - start;
		} while (used < 5000000);
		__sync_fetch_and_add(sum_ns, used);
		if (fork())
			_exit(0);
	}
}

VM_TEST(fork_chain, .about = "a chain of tasks that compute, fork and end gets the share of one")
{
	struct task_spec pinned = { .cpu = 0 };
	struct periodic *memory;
	cpu_set_t set;
	pid_t hog;
	uint64_t chain_ns, hog_ns;
	double share;

	daemon_start(&daemon1, NO_ARGS);
	/* Shared memory for the sum: a periodic task that has long gone to sleep. */
	memory = periodic_start(&pinned, 3600000000U, 0);
	hog = hog_start(&pinned);
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CHECK(!sched_setaffinity(0, sizeof(set), &set), "cannot bind");
	cg_create(CHAIN);
	start_fork_chain(&memory->runs);
	sleep_ms(1000);
	chain_ns = memory->runs;
	hog_ns = task_cpu_ns(hog);
	sleep_ms(5000);
	chain_ns = memory->runs - chain_ns;
	hog_ns = task_cpu_ns(hog) - hog_ns;
	share = 100.0 * chain_ns / (chain_ns + hog_ns);
	note("the chain has %.1f %%", share);
	/* Forking itself, which is slow in an emulated machine, is not in the sum. */
	CHECK(share > 1 && share < 58, "the chain has %.1f %%, fair is at most 50", share);
	/*
	 * Not with a daemon_stop() in between: while 6.18 removes a scheduler, new
	 * tasks are fair ones already and old ones still wait behind them; such a
	 * chain then starves the thread of RCU that the removal waits for.
	 */
	cg_remove(CHAIN);
	daemon_stop(&daemon1);
	task_stop(hog);
	periodic_stop(memory);
}

VM_TEST(yield, .about = "who yields lets the other one go first")
{
	struct task_spec pinned = { .cpu = 0 };
	pid_t tasks[2];
	double share;

	daemon_start(&daemon1, NO_ARGS);
	tasks[0] = hog_start(&pinned);
	tasks[1] = fork();
	if (!tasks[1]) {
		cpu_set_t set;

		CPU_ZERO(&set);
		CPU_SET(0, &set);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (sched_setaffinity(0, sizeof(set), &set))
			_exit(1);
		for (;;)
			sched_yield();
	}
	sleep_ms(1000);
	share = share_of(tasks, 1, 2, 4000);
	note("the hog beside a yielder has %.1f %%", share);
	CHECK(share > 70, "the hog has %.1f %%", share);
	CHECK(share < 100, "the yielder does not run at all");
	daemon_stop(&daemon1);
	hogs_stop(tasks, 2);
}

/*
 * A real-time task that wakes up on @cpu, while somebody runs there, and computes for ever.
 *
 * It says itself when it does: what it has used until it sleeps may be tens of ms on a full host.
 */
static pid_t realtime_start(int cpu)
{
	struct sched_param param = { .sched_priority = 1 };
	int begun[2];
	cpu_set_t set;
	pid_t pid;
	char byte;

	CHECK(!pipe(begun), "pipe: %m");
	pid = fork();
	if (pid) {
		close(begun[1]);
		CHECK(read(begun[0], &byte, 1) == 1, "no real-time task: %m");
		close(begun[0]);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, SCHED_FIFO, &param))
		_exit(1);
	usleep(200000);
	if (write(begun[1], "", 1) != 1)
		_exit(1);
	for (;;)
		;
}

VM_TEST(realtime, .about = "a real-time task keeps a CPU, not the task that was there")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	int nr = nr_cpus();
	uint64_t before[64];
	pid_t hogs[64];

	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, nr, &spec);
	sleep_ms(1000);
	/* More than once: who is at the end of a slice at that moment waits where others can see it. */
	for (int round = 0; round < 5; round++) {
		uint64_t used, least = UINT64_MAX, most = 0, taken;
		pid_t thief = realtime_start(1);

		for (int i = 0; i < nr; i++)
			before[i] = task_cpu_ns(hogs[i]);
		taken = task_cpu_ns(thief);
		/* Less than a second, after which 7.x comes to help. */
		sleep_ms(700);
		taken = task_cpu_ns(thief) - taken;
		for (int i = 0; i < nr; i++) {
			used = task_cpu_ns(hogs[i]) - before[i];
			least = used < least ? used : least;
			most = used > most ? used : most;
		}
		task_stop(thief);
		note("the real-time task %.0f ms, hogs %.0f to %.0f ms", taken / 1e6, least / 1e6,
		     most / 1e6);
		CHECK(least > most / 2, "a hog had %.0f ms, another one %.0f", least / 1e6,
		      most / 1e6);
		CHECK(taken > most, "the real-time task has not kept its CPU: %.0f ms, a hog %.0f",
		      taken / 1e6, most / 1e6);
	}
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
}
