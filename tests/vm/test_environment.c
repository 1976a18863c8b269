// SPDX-License-Identifier: GPL-2.0-only
/* Machines and environments that cannot run it: a clear word, and nothing left behind. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <linux/capability.h>
#include <unistd.h>

#include "vmtest.h"

static struct daemon daemon1;

static void check_ends(const char *what, int expected, const char *message)
{
	int code;

	daemon_spawn(&daemon1, NO_ARGS);
	code = daemon_wait(&daemon1, 120000);
	CHECK(code == expected, "%s: exit code %d, expected %d: %s", what, code, expected,
	      daemon1.err);
	CHECK(strstr(daemon1.err, message), "%s: no \"%s\" in: %s", what, message, daemon1.err);
	CHECK(!daemon1.out[0], "%s: stdout: %s", what, daemon1.out);
	CHECK(access(PIN_DIR, F_OK), "%s: a pin was made", what);
}

VM_TEST(no_sched_ext, .about = "a kernel without sched_ext: 3, and it says so", .group = "nosched")
{
	CHECK(access(SCX, F_OK), "this kernel has sched_ext: this test proves nothing");
	check_ends("no sched_ext", 3, "this kernel has no sched_ext");
}

VM_TEST(isolcpus, .about = "a kernel booted with isolcpus=: 3, and it names the option",
	.group = "isolcpus")
{
	check_ends("isolcpus", 3, "isolcpus=");
}

static void hide(const char *path)
{
	CHECK(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL),
	      "unshare: %s", strerror(errno));
	CHECK(!mount("tmpfs", path, "tmpfs", 0, NULL), "mount over %s: %s", path, strerror(errno));
}

VM_TEST(sysfs_hidden, .about = "/sys/kernel/sched_ext is hidden: 3, with the path")
{
	hide(SCX);
	check_ends("hidden", 3, SCX);
}

VM_TEST(no_btf, .about = "a kernel that does not describe its types: 3, with the option it needs")
{
	hide("/sys/kernel/btf");
	check_ends("hidden", 3, "CONFIG_DEBUG_INFO_BTF");
}

VM_TEST(no_bpffs, .about = "no bpf file system, or a read-only one: 6, before anything is attached")
{
	long enabled = scx_number("enable_seq");

	CHECK(!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL),
	      "unshare: %s", strerror(errno));
	CHECK(!mount(NULL, "/sys/fs/bpf", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL) ||
	      !mount(NULL, "/sys/fs/bpf", NULL, MS_REMOUNT | MS_RDONLY, NULL),
	      "remount: %s", strerror(errno));
	check_ends("read-only", 6, "/sys/fs/bpf");
	CHECK(!umount2("/sys/fs/bpf", MNT_DETACH), "umount: %s", strerror(errno));
	check_ends("absent", 6, "/sys/fs/bpf");
	CHECK(scx_number("enable_seq") == enabled, "a scheduler was enabled");
}

VM_TEST(not_root, .about = "a user without privileges: 4, and what is missing")
{
	CHECK(!setgid(65534) && !setuid(65534), "setuid: %s", strerror(errno));
	check_ends("nobody", 4, "CAP_BPF");
}

VM_TEST(no_capabilities, .about = "root without the capabilities: 4, and which one")
{
	static const int drop[] = { CAP_BPF, CAP_SYS_ADMIN };
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	CHECK(!syscall(SYS_capget, &header, data), "capget: %s", strerror(errno));
	for (int i = 0; i < 2; i++) {
		prctl(PR_CAPBSET_DROP, drop[i], 0, 0, 0);
		data[drop[i] / 32].permitted &= ~(1U << (drop[i] % 32));
		data[drop[i] / 32].effective &= ~(1U << (drop[i] % 32));
		data[drop[i] / 32].inheritable &= ~(1U << (drop[i] % 32));
	}
	CHECK(!syscall(SYS_capset, &header, data), "capset: %s", strerror(errno));
	check_ends("without CAP_BPF", 4, "missing CAP_BPF");
}

VM_TEST(odd_topology, .about = "one CPU, or an odd number of them: it runs", .group = "odd")
{
	struct task_spec spec = TASK_SPEC_DEFAULT;
	pid_t hogs[64];
	int nr = 2 * nr_cpus();
	double share;

	daemon_start(&daemon1, NO_ARGS);
	hogs_start(hogs, nr, &spec);
	sleep_ms(500);
	share = share_of(hogs, 1, nr, 3000);
	note("%d CPUs: the first of %d hogs has %.1f %%", nr_cpus(), nr, share);
	CHECK(share > 50.0 / nr && share < 200.0 / nr, "the first of %d hogs has %.1f %%", nr, share);
	CHECK(scx_is("enabled"), "ejected");
	daemon_stop(&daemon1);
	hogs_stop(hogs, nr);
}
