// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a person waits for, on a full machine: three tasks that wake up periodically and
 * compute a little, and a frame loop at 60 Hz whose helper threads share each frame's
 * work; beside them two CPU hogs for each CPU.
 *
 *	wakeup SECONDS SEED FOREGROUND BACKGROUND
 *
 * FOREGROUND and BACKGROUND are the cgroups of the former and of the hogs. SEED moves
 * the phases. Prints how late the tasks began, how long frames took from the moment
 * they were due, and how many came too late for their slot.
 *
 * Delays are those against a timetable that does not wait: who comes late for one period
 * is late for the next ones too, and each of them counts. Else one long delay would be
 * one sample, and hide all that it spoiled.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../lib/load.h"
#include "common.h"

#define FRAME_US	16667
/* Periods are no multiples of a tick: each task wakes up at all phases between two. */
static const struct {
	unsigned int period_us;
	unsigned int work_us;
} tasks[] = { { 4300, 100 }, { 10700, 300 }, { 26300, 1000 } };

#define NR_TASKS (sizeof(tasks) / sizeof(*tasks))

/* Work in each frame: by the loop itself, and by each of its helpers. */
#define FRAME_WORK_US	1000
#define HELPER_WORK_US	1000
#define MAX_HELPERS	64
#define SETTLE_MS	500

/* In shared memory: one for each measuring process. */
struct log {
	size_t count;
	size_t size;
	uint64_t ns[];
};

static struct log *log_new(size_t size)
{
	struct log *log = mmap(NULL, sizeof(*log) + size * sizeof(uint64_t),
			       PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (log == MAP_FAILED) {
		perror("wakeup: mmap");
		exit(70);
	}
	log->size = size;
	return log;
}

static void log_add(struct log *log, uint64_t due_ns)
{
	uint64_t now = now_ns();

	if (log->count < log->size)
		log->ns[log->count++] = now > due_ns ? now - due_ns : 0;
}

static void burn_us(unsigned int us)
{
	struct timespec t;
	uint64_t end = 0, now;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		now = t.tv_sec * 1000000000ULL + t.tv_nsec;
		if (!end)
			end = now + us * 1000ULL;
	} while (now < end);
}

static void sleep_until(uint64_t due_ns)
{
	struct timespec due = { .tv_sec = due_ns / 1000000000, .tv_nsec = due_ns % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
		;
}

/* In the child. */
static void enter(const char *cgroup)
{
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Timers may be up to 50 us late by default. */
	prctl(PR_SET_TIMERSLACK, 1);
	err = cg_move(cgroup, getpid());
	if (err) {
		fprintf(stderr, "wakeup: %s: %s\n", cgroup, strerror(-err));
		exit(70);
	}
}

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0) {
		perror("wakeup: fork");
		exit(70);
	}
	return pid;
}

static pid_t start_task(const char *cgroup, int i, uint64_t start_ns, uint64_t end_ns,
			struct log *log)
{
	pid_t pid = fork_or_die();

	if (pid)
		return pid;
	enter(cgroup);
	for (uint64_t due = start_ns; due < end_ns; due += tasks[i].period_us * 1000ULL) {
		sleep_until(due);
		log_add(log, due);
		burn_us(tasks[i].work_us);
	}
	_exit(0);
}

static sem_t work_ready, work_done;

static void *helper(void *unused)
{
	(void)unused;
	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		while (sem_wait(&work_ready))
			;
		burn_us(HELPER_WORK_US);
		sem_post(&work_done);
	}
	return NULL;
}

static void one_frame(int helpers)
{
	for (int i = 0; i < helpers; i++)
		sem_post(&work_ready);
	burn_us(FRAME_WORK_US);
	for (int i = 0; i < helpers; i++)
		while (sem_wait(&work_done))
			;
}

static pid_t start_frames(const char *cgroup, int helpers, uint64_t start_ns, uint64_t end_ns,
			  struct log *log)
{
	uint64_t due = start_ns, unseen = start_ns;
	pthread_t thread;
	pid_t pid = fork_or_die();

	if (pid)
		return pid;
	enter(cgroup);
	sem_init(&work_ready, 0, 0);
	sem_init(&work_done, 0, 0);
	for (int i = 0; i < helpers; i++)
		if (pthread_create(&thread, NULL, helper, NULL))
			_exit(70);
	while (unseen < end_ns) {
		sleep_until(due);
		one_frame(helpers);
		/* Who waited for the pictures of missed slots gets this one instead. */
		for (; unseen <= due; unseen += FRAME_US * 1000ULL)
			log_add(log, unseen);
		/* Slots that are over by now are missed. */
		do {
			due += FRAME_US * 1000ULL;
		} while (due < now_ns());
	}
	_exit(0);
}

static void report_frames(struct log *log)
{
	size_t in_time = 0;

	for (size_t i = 0; i < log->count; i++)
		in_time += log->ns[i] <= FRAME_US * 1000ULL;
	bench_value("wakeup", "missed frames", "%", "less",
		    log->count ? 100.0 * (log->count - in_time) / log->count : 100);
	bench_delays("wakeup", "frame", log->ns, log->count);
}

static void report_tasks(struct log **logs, size_t max)
{
	uint64_t *all = malloc(max * NR_TASKS * sizeof(*all));
	size_t count = 0;

	if (!all)
		exit(70);
	for (size_t i = 0; i < NR_TASKS; i++) {
		memcpy(all + count, logs[i]->ns, logs[i]->count * sizeof(*all));
		count += logs[i]->count;
	}
	bench_delays("wakeup", "wakeup", all, count);
	free(all);
}

int main(int argc, char **argv)
{
	struct task_spec hog = TASK_SPEC_DEFAULT;
	struct log *logs[NR_TASKS], *frames;
	uint64_t start, end, length;
	pid_t waiters[NR_TASKS + 1], hogs[512];
	int nr_hogs, helpers, status = 0, one;
	struct busy busy;

	if (argc != 5) {
		fprintf(stderr, "usage: wakeup SECONDS SEED FOREGROUND BACKGROUND\n");
		return 2;
	}
	length = bench_number("SECONDS", argv[1], 1, 3600) * 1000000000ULL;
	srand(bench_number("SEED", argv[2], 0, 1000000));
	helpers = nr_cpus() < MAX_HELPERS ? nr_cpus() : MAX_HELPERS;
	nr_hogs = 2 * nr_cpus() < 512 ? 2 * nr_cpus() : 512;
	hog.cgroup = argv[4];

	for (int i = 0; i < nr_hogs; i++)
		hogs[i] = hog_start(&hog);
	sleep_ms(SETTLE_MS);
	start = now_ns() + 100000000ULL;
	end = start + length;
	busy = busy_now();
	for (size_t i = 0; i < NR_TASKS; i++) {
		logs[i] = log_new(length / (tasks[i].period_us * 1000ULL) + 16);
		waiters[i] = start_task(argv[3], i, start + rand() % 4000000, end, logs[i]);
	}
	frames = log_new(length / (FRAME_US * 1000ULL) + 16);
	waiters[NR_TASKS] = start_frames(argv[3], helpers, start + rand() % 16000000, end, frames);
	for (size_t i = 0; i <= NR_TASKS; i++)
		if (waitpid(waiters[i], &one, 0) != waiters[i] || one)
			status = 70;
	bench_value("wakeup", "busy", "%", "", busy_percent(busy));
	for (int i = 0; i < nr_hogs; i++)
		task_stop(hogs[i]);
	report_tasks(logs, length / (tasks[0].period_us * 1000ULL) + 16);
	report_frames(frames);
	return status;
}
