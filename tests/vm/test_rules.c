// SPDX-License-Identifier: GPL-2.0-only
/* Rules: what was said stays true while cgroups come and go, and while it is said differently. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmtest.h"

#define CONFIG	"/vmtest.conf"
#define UNITS	CGROUP_ROOT "/vmtest.slice"

static struct daemon daemon1;

/* An emulated machine that is full, beside others: a second is meant, this is proof enough. */
#define SOON_MS 3000

static void write_config(const char *text)
{
	int fd = open(CONFIG, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), CONFIG ": %s",
	      strerror(errno));
	close(fd);
}

/* Wait until the daemon has said @text. */
static void wait_said(const char *text)
{
	uint64_t end = now_ns() + 10000000000ULL;

	do {
		sleep_ms(20);
		daemon_read(&daemon1);
	} while (!strstr(daemon1.err, text) && now_ns() < end);
	CHECK(strstr(daemon1.err, text), "it does not say \"%s\": %s", text, daemon1.err);
}

/* The cgroup ends with what is in it, and is made again, with new hogs. */
static void recreate_boosted(pid_t *hogs, int nr)
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	uint64_t old_id = cg_id(BOOSTED);

	hogs_stop(hogs, nr);
	cg_remove(BOOSTED);
	CHECK(!cg_id(BOOSTED), "it is still there");
	cg_create(BOOSTED);
	CHECK(cg_id(BOOSTED) != old_id, "it has the same id");
	spec.cgroup = BOOSTED;
	hogs_start(hogs, nr, &spec);
}

static void check_again(const char *what, const char *const *args)
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, BOOSTED);
	uint64_t old_id = cg_id(BOOSTED);
	long enabled;

	daemon_start_beside(&daemon1, hogs, 2 * nr, args);
	enabled = scx_number("enable_seq");
	CHECK(map_weight(old_id) == 4096, "not boosted at first");
	check_share("before", hogs, nr, 4000, SHARE_BOOSTED);
	recreate_boosted(hogs, nr);
	CHECK(map_waits_for(BOOSTED, 4096, SOON_MS), "%s: not boosted again: %s", what,
	      daemon1.err);
	CHECK(!map_weight(old_id), "the entry of the old cgroup is still there");
	sleep_ms(500);
	check_share("after", hogs, nr, 4000, SHARE_BOOSTED);
	CHECK(scx_number("enable_seq") == enabled, "the scheduler was restarted");
	wait_said("is gone");
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

VM_TEST(rule_again, .about = "a cgroup that is made again is boosted again, under load")
{
	check_again("with events", ARGS("--boost-cgroup=" BOOSTED));
	CHECK(!strstr(daemon1.err, "does not tell"), "no events: %s", daemon1.err);
}

VM_TEST(rule_again_polling, .about = "the same where the kernel does not tell about cgroups")
{
	check_again("without events", ARGS("--boost-cgroup=" BOOSTED, "--no-cgroup-events"));
}

VM_TEST(rule_waits, .about = "a rule waits for what is not there; a --boost-cgroup must be there")
{
	int code;

	daemon_spawn(&daemon1, ARGS("--boost-cgroup=" BOOSTED));
	code = daemon_wait(&daemon1, 30000);
	CHECK(code == 7, "exit code %d, expected 7: %s", code, daemon1.err);
	daemon_start(&daemon1, ARGS("--boost=" BOOSTED ":2048", "--boost=container:web"));
	CHECK(map_count() == 0, "something is boosted");
	CHECK(strstr(daemon1.err, "container:web: waits for it"), "no word: %s", daemon1.err);
	cg_create(BOOSTED);
	CHECK(map_waits_for(BOOSTED, 2048, SOON_MS), "not boosted: %s", daemon1.err);
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}

/* CPU time since their start of hogs in a cgroup that did not exist before, in % of all. */
static double first_share(const char *path, pid_t *hogs, int nr)
{
	struct task_spec spec = { .cgroup = path, .cpu = -1 };
	uint64_t before = 0, others = 0, mine = 0;

	for (int i = 0; i < nr; i++)
		before += task_cpu_ns(hogs[nr + i]);
	cg_create(path);
	hogs_start(hogs, nr, &spec);
	sleep_ms(1000);
	for (int i = 0; i < nr; i++) {
		mine += task_cpu_ns(hogs[i]);
		others += task_cpu_ns(hogs[nr + i]);
	}
	hogs_stop(hogs, nr);
	return 100.0 * mine / (mine + others - before);
}

VM_TEST(rule_child, .about = "a child of a boosted cgroup is boosted from its first wakeup on")
{
	struct task_spec spec = { .cgroup = OTHER, .cpu = -1 };
	double plain = 100, boosted = 0;
	pid_t hogs[64];
	int nr = nr_cpus();

	cg_create(BOOSTED);
	cg_create(OTHER);
	daemon_start(&daemon1, ARGS("--boost-cgroup=" BOOSTED));
	/* Nobody tells the daemon anything: it is stopped while the child is made. */
	kill(daemon1.pid, SIGSTOP);
	hogs_start(hogs + nr, nr, &spec);
	sleep_ms(1000);
	for (int i = 0; i < 3 && (plain > 62 || boosted < 68); i++) {
		plain = first_share(OTHER "/child", hogs, nr);
		boosted = first_share(BOOSTED "/child", hogs, nr);
		note("first second: %.1f %%, boosted %.1f %%", plain, boosted);
	}
	CHECK(plain <= 62 && boosted >= 68, "first second: %.1f %%, boosted %.1f %%", plain,
	      boosted);
	hogs_stop(hogs + nr, nr);
	kill(daemon1.pid, SIGCONT);
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}

#define STORM 1000
#define STORM_KEPT 100

static void unit_path(char *path, size_t size, int i)
{
	snprintf(path, size, UNITS "/storm-%d.service", i);
}

/* Each cgroup is made, and removed again but for every tenth. Returns ms. */
static double make_storm(void)
{
	uint64_t start = now_ns();
	char path[128];

	for (int i = 0; i < STORM; i++) {
		unit_path(path, sizeof(path), i);
		CHECK(!mkdir(path, 0755), "%s: %s", path, strerror(errno));
		if (i % (STORM / STORM_KEPT))
			CHECK(!rmdir(path), "%s: %s", path, strerror(errno));
	}
	return (now_ns() - start) / 1e6;
}

static int count_boosted(void)
{
	char path[128];
	int count = 0;

	for (int i = 0; i < STORM; i += STORM / STORM_KEPT) {
		unit_path(path, sizeof(path), i);
		count += map_weight(cg_id(path)) == 2048;
	}
	return count;
}

static bool storm_is_over(const void *arg)
{
	(void)arg;
	return count_boosted() == STORM_KEPT && map_count() == STORM_KEPT + 1;
}

VM_TEST(rule_storm, .about = "1000 cgroups made and removed under load: what stays is boosted")
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, BOOSTED);
	uint64_t start, cpu_before;
	long enabled;

	cg_create(UNITS);
	daemon_start_beside(&daemon1, hogs, 2 * nr,
			    ARGS("--boost-cgroup=" BOOSTED, "--boost=unit:storm-*.service:2048"));
	enabled = scx_number("enable_seq");
	CHECK(map_count() == 1, "%d entries at first", map_count());
	cpu_before = task_cpu_ns(daemon1.pid);
	note("the storm took %.0f ms", make_storm());
	start = now_ns();
	CHECK(scx_is("enabled"), "ejected in the storm: %s", daemon1.err);
	CHECK(wait_for(storm_is_over, NULL, 2 * SOON_MS), "%d of %d are boosted, %d entries: %s",
	      count_boosted(), STORM_KEPT, map_count(), daemon1.err);
	note("all are boosted %.0f ms after it; the daemon has used %.0f ms of CPU time",
	     (now_ns() - start) / 1e6, (task_cpu_ns(daemon1.pid) - cpu_before) / 1e6);
	CHECK(scx_is("enabled") && scx_number("enable_seq") == enabled, "ejected: %s", daemon1.err);
	check_share("after the storm", hogs, nr, 4000, SHARE_BOOSTED);
	cg_remove(UNITS);
	sleep_ms(1500);
	CHECK(map_count() == 1, "%d entries in the end", map_count());
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

VM_TEST(rule_reload, .about = "SIGHUP reads rules, the scheduler stays; a bad file changes nothing")
{
	long enabled;

	cg_create(BOOSTED);
	cg_create(OTHER);
	write_config("[boost a]\ntarget = " BOOSTED "\n");
	daemon_start(&daemon1, ARGS("--config=" CONFIG));
	enabled = scx_number("enable_seq");
	CHECK(map_weight(cg_id(BOOSTED)) == 4096 && map_count() == 1, "not boosted: %s",
	      daemon1.err);
	write_config("[boost b]\ntarget = " OTHER "\nweight = 512\n");
	kill(daemon1.pid, SIGHUP);
	CHECK(map_waits_for(OTHER, 512, SOON_MS), "not read again: %s", daemon1.err);
	CHECK(map_count() == 1, "the old rule is still there");
	write_config("[boost b]\ntarget = " OTHER "\nweihgt = 512\n");
	kill(daemon1.pid, SIGHUP);
	wait_said(CONFIG ":3: weihgt: unknown key");
	CHECK(map_weight(cg_id(OTHER)) == 512, "a bad file has changed the rules");
	write_config("[options]\nslice-us = 5000\n[boost b]\ntarget = " OTHER "\n");
	kill(daemon1.pid, SIGHUP);
	wait_said("options changed: slice-us; they count after a restart");
	CHECK(scx_is("enabled") && scx_number("enable_seq") == enabled, "it was restarted");
	daemon_stop(&daemon1);
	unlink(CONFIG);
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(rule_map_full, .about = "a full map: exit code 8, all entries stay, the scheduler runs on")
{
	int count = 0;

	cg_create(BOOSTED);
	daemon_start(&daemon1, NO_ARGS);
	while (!map_write(1000000 + count, 4096))
		count++;
	CHECK(count == 4096 && map_count() == count, "the map has %d entries", count);
	check_boost(8, "full (4096 entries)", ARGS("add", BOOSTED));
	CHECK(map_count() == count, "entries are missing: %d", map_count());
	check_boost(0, "", ARGS("list"));
	CHECK(!map_write(1000000, 0), "cannot remove an entry");
	check_boost(0, BOOSTED, ARGS("add", BOOSTED));
	CHECK(map_weight(cg_id(BOOSTED)) == 4096, "not boosted once there is room");
	CHECK(scx_is("enabled"), "a full map has ended the scheduler");
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(rule_other_tools, .about = "entries of other tools are neither changed nor removed")
{
	uint64_t id;

	cg_create(BOOSTED);
	cg_create(OTHER);
	daemon_start(&daemon1, NO_ARGS);
	id = cg_id(BOOSTED);
	CHECK(!map_write(id, 300) && !map_write(12345678, 300), "cannot write");
	check_boost(0, BOOSTED, ARGS("add", BOOSTED));
	CHECK(map_weight(id) == 300, "another tool's entry was changed");
	check_boost(0, "counts\":false", ARGS("list", "--json"));
	check_boost(0, "", ARGS("del", BOOSTED));
	CHECK(map_weight(id) == 300 && map_weight(12345678) == 300,
	      "another tool's entry was removed");
	/* Ours, until another tool writes it. */
	check_boost(0, OTHER, ARGS("add", OTHER));
	CHECK(map_weight(cg_id(OTHER)) == 4096, "not boosted");
	CHECK(!map_write(cg_id(OTHER), 77), "cannot write");
	check_boost(0, "", ARGS("del", OTHER));
	CHECK(map_weight(cg_id(OTHER)) == 77, "what another tool wrote was removed");
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(rule_precedence, .about = "the last word wins; without it, the one before")
{
	uint64_t id;

	cg_create(BOOSTED);
	id = cg_id(BOOSTED);
	write_config("[boost a]\ntarget = " BOOSTED "\nweight = 512\n");
	daemon_start(&daemon1, ARGS("--config=" CONFIG, "--boost-cgroup=" BOOSTED ":2048"));
	CHECK(map_weight(id) == 2048, "weight %u, not that of the command line", map_weight(id));
	check_boost(0, BOOSTED, ARGS("add", BOOSTED, "--weight=8192"));
	CHECK(map_weight(id) == 8192, "weight %u, not that of the socket", map_weight(id));
	check_boost(0, BOOSTED, ARGS("add", BOOSTED, "--weight=8192"));
	check_boost(0, "", ARGS("add", BOOSTED, "--weight=1500"));
	CHECK(map_weight(id) == 1500 && map_count() == 1, "weight %u", map_weight(id));
	check_boost(0, "no longer", ARGS("del", BOOSTED));
	CHECK(!map_weight(id), "root's del leaves weight %u", map_weight(id));
	check_boost(7, "not boosted", ARGS("del", BOOSTED));
	check_boost(7, "no such cgroup", ARGS("add", BOOSTED "/none"));
	check_boost(2, "..", ARGS("add", BOOSTED "/../x"));
	/* What is in the file comes back with it. */
	kill(daemon1.pid, SIGHUP);
	CHECK(map_waits_for(BOOSTED, 512, SOON_MS), "not read again: %s", daemon1.err);
	daemon_stop(&daemon1);
	unlink(CONFIG);
	cg_remove(CGROUP_ROOT "/vmtest");
}

VM_TEST(rule_for, .about = "a boost with --for ends by itself")
{
	uint64_t id, start;
	double took_ms;

	cg_create(BOOSTED);
	id = cg_id(BOOSTED);
	daemon_start(&daemon1, NO_ARGS);
	check_boost(0, BOOSTED, ARGS("add", BOOSTED, "--for=3s"));
	start = now_ns();
	CHECK(map_weight(id) == 4096, "not boosted");
	check_boost(0, "\"left_sec\":", ARGS("list", "--json"));
	while (map_weight(id) && now_ns() - start < 10000000000ULL)
		sleep_ms(10);
	took_ms = (now_ns() - start) / 1e6;
	CHECK(took_ms > 2500 && took_ms < 3000 + SOON_MS, "it took %.0f ms", took_ms);
	check_boost(0, "\"rules\":[]", ARGS("list", "--json"));
	daemon_stop(&daemon1);
	cg_remove(CGROUP_ROOT "/vmtest");
}
