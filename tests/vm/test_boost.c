// SPDX-License-Identifier: GPL-2.0-only
/* Boosted cgroups: shares, subtrees, the pinned map. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmtest.h"

#define NESTED	BOOSTED "/a/b"

static struct daemon daemon1;

VM_TEST(boost_share, .about = "two saturated cgroups get 80 and 20 % at weights 4096 and 1024")
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, BOOSTED);

	/* Controls: the kernel's scheduler, and ours without a boost, give 50 %. */
	check_share("kernel's scheduler", hogs, nr, 4000, SHARE_EQUAL);
	daemon_start_beside(&daemon1, hogs, 2 * nr, NO_ARGS);
	check_share("without boost", hogs, nr, 4000, SHARE_EQUAL);
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--boost-cgroup=" BOOSTED));
	check_share("with boost", hogs, nr, 8000, SHARE_BOOSTED);
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

VM_TEST(boost_weights, .about = "weights 16384 and 512 give their shares, too")
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, BOOSTED);

	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--boost-cgroup=" BOOSTED ":16384"));
	check_share("16384", hogs, nr, 6000, 100 * 16 / 17.0);
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--boost-cgroup=" BOOSTED ":512"));
	check_share("512", hogs, nr, 6000, 100 / 3.0);
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

VM_TEST(boost_nested, .about = "a boost holds for the whole subtree; the nearest one wins")
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, NESTED);

	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--boost-cgroup=" BOOSTED));
	check_share("two levels down", hogs, nr, 5000, SHARE_BOOSTED);
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--boost-cgroup=" BOOSTED, "--boost-cgroup=" NESTED ":1024"));
	check_share("set to normal below", hogs, nr, 5000, SHARE_EQUAL);
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

VM_TEST(boost_late, .about = "tasks that move in, and cgroups made later, are boosted")
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, CGROUP_ROOT "/vmtest/first");

	cg_create(BOOSTED);
	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--boost-cgroup=" BOOSTED));
	check_share("before the move", hogs, nr, 4000, SHARE_EQUAL);
	cg_create(NESTED);
	for (int i = 0; i < nr; i++)
		CHECK(!cg_move(i % 2 ? NESTED : BOOSTED, hogs[i]), "cannot move a task");
	sleep_ms(500);
	check_share("after the move", hogs, nr, 5000, SHARE_BOOSTED);
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

static bool cpu_controller_is_on(const char *path)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/cpu.weight", path);
	return !access(name, F_OK);
}

VM_TEST(boost_controller, .about = "the same with the cpu controller off and on")
{
	pid_t hogs[64];
	int nr = start_two_groups(hogs, NESTED);

	CHECK(!cpu_controller_is_on(NESTED), "the cpu controller is on from the start");
	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--boost-cgroup=" BOOSTED));
	check_share("controller off", hogs, nr, 4000, SHARE_BOOSTED);
	if (!cg_enable_cpu(CGROUP_ROOT) && !cg_enable_cpu(CGROUP_ROOT "/vmtest")) {
		CHECK(cpu_controller_is_on(BOOSTED), "the cpu controller is not on");
		sleep_ms(500);
		check_share("controller on", hogs, nr, 4000, SHARE_BOOSTED);
	} else {
		note("this kernel has no cpu controller");
	}
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
	write_str(CGROUP_ROOT "/cgroup.subtree_control", "-cpu");
}

/* The bytes of an integer as bpftool wants them: "hex", then two digits each. */
static const char *const *bpftool_update(const char *const *value, uint64_t id)
{
	static const char *argv[40];
	static char key[8][4];
	int n = 0;

	argv[n++] = BPFTOOL;
	argv[n++] = "map";
	argv[n++] = "update";
	argv[n++] = "pinned";
	argv[n++] = PIN_PATH;
	argv[n++] = "key";
	argv[n++] = "hex";
	for (int i = 0; i < 8; i++) {
		snprintf(key[i], sizeof(key[i]), "%02x", (unsigned int)(id >> (8 * i)) & 0xff);
		argv[n++] = key[i];
	}
	argv[n++] = "value";
	argv[n++] = "hex";
	for (int i = 0; i < 8; i++)
		argv[n++] = value[i];
	argv[n] = NULL;
	return argv;
}

VM_TEST(boost_foreign_write, .about = "what another root tool writes into the pinned map counts")
{
	/* weight 4096, version 1, reserved 0 */
	static const char *const boost[] = { "00", "10", "00", "00", "01", "00", "00", "00" };
	static const char *const garbage[] = { "ff", "ff", "ff", "ff", "ff", "ff", "ff", "ff" };
	static const char *const huge[] = { "ff", "ff", "ff", "7f", "01", "00", "00", "00" };
	char out[8192], id[32];
	pid_t hogs[64];
	int nr = start_two_groups(hogs, BOOSTED);

	daemon_start_beside(&daemon1, hogs, 2 * nr, ARGS("--stats", "1"));
	check_share("before", hogs, nr, 3000, SHARE_EQUAL);
	CHECK(!run_command(out, sizeof(out), bpftool_update(boost, cg_id(BOOSTED))), "%s", out);
	CHECK(!run_command(out, sizeof(out), ARGS(BPFTOOL, "map", "dump", "pinned", PIN_PATH)),
	      "map dump: %s", out);
	snprintf(id, sizeof(id), "%llu", (unsigned long long)cg_id(BOOSTED));
	CHECK(strstr(out, id) && strstr(out, "\"weight\": 4096"), "map dump: %s", out);
	sleep_ms(200);
	check_share("after", hogs, nr, 4000, SHARE_BOOSTED);
	daemon_read(&daemon1);
	CHECK(!strstr(daemon1.out, "badboost=") || strstr(daemon1.out, "badboost=0 "),
	      "a good entry counts as bad: %s", daemon1.out);

	CHECK(!run_command(out, sizeof(out), bpftool_update(garbage, cg_id(BOOSTED))), "%s", out);
	sleep_ms(200);
	check_share("garbage", hogs, nr, 4000, SHARE_EQUAL);
	CHECK(!run_command(out, sizeof(out), bpftool_update(huge, cg_id(BOOSTED))), "%s", out);
	sleep_ms(200);
	check_share("huge, clamped to 16384", hogs, nr, 4000, 100 * 16 / 17.0);
	CHECK(scx_is("enabled"), "garbage in the map ended the scheduler");
	daemon_stop_beside(&daemon1, hogs, 2 * nr);
	stop_two_groups(hogs, nr);
}

VM_TEST(boost_pin, .about = "the pin is private, survives nothing, and is removed by its owner only")
{
	struct stat dir, pin;
	char out[4096];
	int code;

	daemon_start(&daemon1, NO_ARGS);
	CHECK(!stat(PIN_DIR, &dir) && !stat(PIN_PATH, &pin), "no pin");
	CHECK((dir.st_mode & 07777) == 0700 && dir.st_uid == 0, "the directory is %o", dir.st_mode);
	CHECK((pin.st_mode & 07777) == 0600, "the pin is %o", pin.st_mode);
	/* Somebody removes it and pins another map there: not ours to remove. */
	CHECK(!unlink(PIN_PATH), "unlink: %s", strerror(errno));
	CHECK(!run_command(out, sizeof(out),
			   ARGS(BPFTOOL, "map", "create", PIN_PATH, "type", "hash", "key", "8",
				"value", "8", "entries", "8", "name", "high_prio_cgrou")), "%s", out);
	kill(daemon1.pid, SIGTERM);
	code = daemon_wait(&daemon1, 30000);
	CHECK(code == 0, "exit code %d: %s", code, daemon1.err);
	CHECK(!access(PIN_PATH, F_OK), "a map that another tool pinned was removed");
	CHECK(!unlink(PIN_PATH) && !rmdir(PIN_DIR), "cannot clean up");
}

static void check_refused(const char *what, const char *message)
{
	struct stat before, after;
	int code;

	CHECK(!lstat(PIN_PATH, &before), "%s: it is not there", what);
	daemon_spawn(&daemon1, NO_ARGS);
	code = daemon_wait(&daemon1, 30000);
	CHECK(code == 6, "%s: exit code %d, expected 6: %s", what, code, daemon1.err);
	CHECK(strstr(daemon1.err, PIN_PATH) && strstr(daemon1.err, message), "%s: message: %s",
	      what, daemon1.err);
	CHECK(!lstat(PIN_PATH, &after) && before.st_ino == after.st_ino, "%s: it was touched", what);
	CHECK(scx_is("disabled"), "%s: a scheduler runs", what);
}

VM_TEST(boost_pin_foreign, .about = "foreign objects in the place of the pin are named and untouched")
{
	char out[4096];

	CHECK(!mkdir(PIN_DIR, 0700), "mkdir: %s", strerror(errno));
	CHECK(!run_command(out, sizeof(out),
			   ARGS(BPFTOOL, "map", "create", PIN_PATH, "type", "array", "key", "4",
				"value", "16", "entries", "4", "name", "somebody")), "%s", out);
	check_refused("a map of another kind", "foreign map");
	CHECK(!unlink(PIN_PATH) && !mkdir(PIN_PATH, 0700), "mkdir: %s", strerror(errno));
	check_refused("a directory", "untouched");
	CHECK(!rmdir(PIN_PATH) && !symlink("/nowhere", PIN_PATH), "symlink: %s", strerror(errno));
	check_refused("a dangling link", "untouched");
	CHECK(!unlink(PIN_PATH) && !rmdir(PIN_DIR), "cannot clean up");
}
