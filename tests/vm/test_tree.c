// SPDX-License-Identifier: GPL-2.0-only
/* Boosted processes: with the children that they have and will have, whatever their cgroup. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmtest.h"

static struct daemon daemon1;

/**
 * struct family - a process that forks hogs when it is told to, and the hogs
 * @wanted: how many there should be
 * @cgroup: where the next ones go, "" for the parent's
 */
struct family {
	pid_t pid;
	volatile int wanted;
	volatile int nr;
	char cgroup[128];
	pid_t hogs[64];
};

/* A child between it and each hog, which stays: two forks away. */
static void fork_hog(struct family *family)
{
	struct task_spec spec = { .cgroup = family->cgroup[0] ? family->cgroup : NULL, .cpu = -1 };
	pid_t *hog = &family->hogs[family->nr];

	*hog = 0;
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		*hog = hog_start(&spec);
		pause();
	}
	while (!*(volatile pid_t *)hog)
		usleep(1000);
	family->nr++;
}

static struct family *start_family(void)
{
	struct family *family = mmap(NULL, sizeof(*family), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	CHECK(family != MAP_FAILED, "mmap");
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			while (family->nr < family->wanted)
				fork_hog(family);
			usleep(2000);
		}
	}
	family->pid = pid;
	return family;
}

static bool has_all(const void *arg)
{
	const struct family *family = arg;

	return family->nr == family->wanted;
}

static void grow(struct family *family, int nr, const char *cgroup)
{
	strcpy(family->cgroup, cgroup);
	family->wanted += nr;
	CHECK(wait_for(has_all, family, 20000), "the hogs are not there");
}

VM_TEST(tree_follows, .about = "pid:N --tree: children there and to come, in any cgroup")
{
	struct task_spec spec = { .cgroup = OTHER, .cpu = -1 };
	struct family *family = start_family();
	int nr = nr_cpus();
	pid_t hogs[64];
	char pid[32];

	cg_create(OTHER);
	cg_create(BOOSTED "/elsewhere");
	daemon_start(&daemon1, NO_ARGS);
	/* Half of the hogs are there before the boost, the others are forked later, elsewhere. */
	grow(family, nr / 2, OTHER);
	snprintf(pid, sizeof(pid), "pid:%d", family->pid);
	hogs_start(hogs + nr, nr, &spec);
	check_boost(0, "/tree", ARGS("add", pid, "--tree"));
	grow(family, nr - nr / 2, BOOSTED "/elsewhere");
	memcpy(hogs, family->hogs, nr * sizeof(*hogs));
	CHECK(map_count() == 0, "it is boosted by its cgroup");
	sleep_ms(500);
	check_share("with the tree boosted", hogs, nr, 4000, SHARE_BOOSTED);
	check_boost(0, "/tree", ARGS("add", pid, "--tree", "--weight=2048"));
	sleep_ms(200);
	check_share("at half the weight", hogs, nr, 4000, 100 * 2 / 3.0);
	check_boost(0, "no longer", ARGS("del", pid, "--tree"));
	sleep_ms(200);
	check_share("afterwards", hogs, nr, 4000, SHARE_EQUAL);
	check_boost(7, "not boosted", ARGS("del", pid, "--tree"));
	kill(family->pid, SIGKILL);
	hogs_stop(hogs + nr, nr);
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(tree_of_nobody, .about = "a process that is not there, and one that has ended")
{
	struct family *family = start_family();
	char pid[32];

	daemon_start(&daemon1, NO_ARGS);
	check_boost(7, "no such process", ARGS("add", "pid:4000000", "--tree"));
	check_boost(2, "--tree", ARGS("add", "container:web", "--tree"));
	snprintf(pid, sizeof(pid), "pid:%d", family->pid);
	check_boost(0, pid, ARGS("add", pid, "--tree"));
	check_boost(0, "\"origin\":\"boost add\"", ARGS("list", "--json"));
	kill(family->pid, SIGKILL);
	waitpid(family->pid, NULL, 0);
	check_boost(7, "no such process", ARGS("add", pid, "--tree", "--for=1s"));
	daemon_stop(&daemon1);
}
