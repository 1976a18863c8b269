// SPDX-License-Identifier: GPL-2.0-only
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <dirent.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what, const char *object)
{
	fprintf(stderr, "load: %s %s: %s\n", what, object, strerror(errno));
	exit(70);
}

int write_str(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

void cg_create(const char *path)
{
	char part[PATH_MAX];

	for (size_t i = strlen(CGROUP_ROOT) + 1; i <= strlen(path); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0755) && errno != EEXIST)
			die("mkdir", part);
	}
}

static int cg_write(const char *path, const char *file, const char *text)
{
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s/%s", path, file);
	return write_str(name, text);
}

int cg_move(const char *path, pid_t pid)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	return cg_write(path, "cgroup.procs", text);
}

int cg_enable_cpu(const char *path)
{
	return cg_write(path, "cgroup.subtree_control", "+cpu");
}

static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char child[PATH_MAX];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		remove_tree(child);
	}
	closedir(dir);
	/* Killed tasks need a moment to leave. */
	for (int i = 0; i < 500 && rmdir(path) && errno == EBUSY; i++)
		sleep_ms(20);
}

void cg_remove(const char *path)
{
	cg_write(path, "cgroup.kill", "1");
	remove_tree(path);
}

uint64_t cg_id(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

int nr_cpus(void)
{
	return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

void sleep_ms(unsigned int ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("sched_setaffinity", "task");
}

/* In the child: become what @spec asks for. It ends with its parent. */
static void become(const struct task_spec *spec)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (spec->cgroup && cg_move(spec->cgroup, getpid()))
		die("move into", spec->cgroup);
	if (spec->nice && setpriority(PRIO_PROCESS, 0, spec->nice))
		die("setpriority", "task");
	if (spec->cpu >= 0)
		pin_to(spec->cpu);
}

static pid_t fork_or_die(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork", "task");
	return pid;
}

pid_t hog_start(const struct task_spec *spec)
{
	pid_t pid = fork_or_die();

	if (pid)
		return pid;
	become(spec);
	for (volatile unsigned long i = 0;; i++)
		;
}

uint64_t task_cpu_ns(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return used.tv_sec * 1000000000ULL + used.tv_nsec;
}

void task_stop(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void burn_us(unsigned int us)
{
	struct timespec t;
	uint64_t end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	end = t.tv_sec * 1000000000ULL + t.tv_nsec + us * 1000ULL;
	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	} while (t.tv_sec * 1000000000ULL + t.tv_nsec < end);
}

static void measure(struct periodic *p, uint64_t due_ns)
{
	uint64_t now = now_ns(), delay_ns = now > due_ns ? now - due_ns : 0;
	uint64_t cell = delay_ns / (WAIT_CELL_US * 1000);

	p->cells[cell < WAIT_CELLS ? cell : WAIT_CELLS - 1]++;
	if (delay_ns > p->max_ns)
		p->max_ns = delay_ns;
	p->runs++;
}

/* The next wakeup is counted from the end of the work: a late one delays no other one. */
__attribute__((noreturn))
static void run_periodic(struct periodic *p, unsigned int period_us, unsigned int work_us)
{
	/* Timers may be early by up to 50 us of "slack", that is, late. */
	prctl(PR_SET_TIMERSLACK, 1);
	for (;;) {
		uint64_t due_ns = now_ns() + period_us * 1000ULL;
		struct timespec due = { .tv_sec = due_ns / 1000000000,
					.tv_nsec = due_ns % 1000000000 };

		while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) == EINTR)
			;
		measure(p, due_ns);
		burn_us(work_us);
	}
}

struct periodic *periodic_start(const struct task_spec *spec, unsigned int period_us,
				unsigned int work_us)
{
	struct periodic *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (p == MAP_FAILED)
		die("mmap", "periodic task");
	pid = fork_or_die();
	if (!pid) {
		become(spec);
		run_periodic(p, period_us, work_us);
	}
	p->pid = pid;
	return p;
}

void periodic_reset(struct periodic *p)
{
	p->runs = 0;
	p->max_ns = 0;
	memset(p->cells, 0, sizeof(p->cells));
}

double periodic_percentile_us(const struct periodic *p, double percent)
{
	uint64_t total = 0, seen = 0;

	for (int i = 0; i < WAIT_CELLS; i++)
		total += p->cells[i];
	for (int i = 0; i < WAIT_CELLS - 1; i++) {
		seen += p->cells[i];
		if (seen * 100.0 >= percent * total && seen)
			return (i + 1) * (double)WAIT_CELL_US;
	}
	return p->max_ns / 1e3;
}

void periodic_stop(struct periodic *p)
{
	task_stop(p->pid);
	munmap(p, sizeof(*p));
}
