// SPDX-License-Identifier: GPL-2.0-only
#include "loader.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "domains.h"
#include "exit_codes.h"
#include "loader_btf.h"
#include "loader_placement.h"
#include "log.h"
#include "sched_ext.h"
#include "scx_qumun.skel.h"
#include "util.h"

/* The kernel's own choice, include/linux/sched/ext.h: SCX_EXIT_DUMP_DFL_LEN. */
#define EXIT_DUMP_LEN_DEFAULT 32768

/* Longest wait for another scheduler that is on its way out, and for ours to be in charge. */
#define BUSY_WAIT_MS	5000
#define ENABLE_WAIT_MS	30000
#define WAIT_STEP_MS	20

/* The types of the running kernel: read once, since parsing them takes a while. */
static struct btf *kernel_btf;

struct loader {
	struct scx_qumun *skel;
	struct bpf_link *link;
	struct bpf_link *mkdir_link;
	struct bpf_link *rmdir_link;
	struct qumun_cpu_stats *cpu_stats;
	__u64 *wait_max_ns;
	unsigned int nr_cpus;
};

/* libbpf's messages come one level lower than ours: -v is about us, -vv about libbpf. */
__attribute__((format(printf, 2, 0)))
static int print_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN)
		log_vprintf(LOG_LEVEL_WARN, format, args);
	else if (level == LIBBPF_INFO)
		log_vprintf(LOG_LEVEL_DEBUG, format, args);
	return 0;
}

void loader_init(void)
{
	libbpf_set_print(print_libbpf);
}

void loader_exit(void)
{
	btf__free(kernel_btf);
	kernel_btf = NULL;
}

const char *loader_libbpf_version(void)
{
	return libbpf_version_string();
}

/* Capabilities by bit number, include/uapi/linux/capability.h. */
enum { CAP_SYS_ADMIN_BIT = 21, CAP_PERFMON_BIT = 38, CAP_BPF_BIT = 39 };

static uint64_t effective_capabilities(void)
{
	unsigned long long caps = 0;
	FILE *status = fopen("/proc/self/status", "re");
	char line[128];

	if (!status)
		return ~0ULL;
	while (fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	fclose(status);
	return caps;
}

static int check_capabilities(void)
{
	uint64_t caps = effective_capabilities();
	bool bpf = caps & (1ULL << CAP_BPF_BIT), perfmon = caps & (1ULL << CAP_PERFMON_BIT);

	if (caps & (1ULL << CAP_SYS_ADMIN_BIT) || (bpf && perfmon))
		return 0;
	log_error("missing %s%s%s (run it as root)", bpf ? "" : "CAP_BPF",
		  bpf || perfmon ? "" : " and ", perfmon ? "" : "CAP_PERFMON");
	return QUMUN_EXIT_PRIVILEGE;
}

static int check_btf(void)
{
	kernel_btf = btf__load_vmlinux_btf();
	if (!kernel_btf) {
		log_error("this kernel does not describe its types in /sys/kernel/btf/vmlinux"
			  " (it needs CONFIG_DEBUG_INFO_BTF=y)");
		return QUMUN_EXIT_KERNEL;
	}
	if (!btf_has_struct(kernel_btf, "sched_ext_ops")) {
		log_error("this kernel has no sched_ext"
			  " (it needs Linux 6.12 or newer with CONFIG_SCHED_CLASS_EXT=y)");
		return QUMUN_EXIT_KERNEL;
	}
	if (!sched_ext_exists()) {
		log_error("%s is not visible here, though the kernel has sched_ext",
			  SCHED_EXT_SYSFS);
		return QUMUN_EXIT_KERNEL;
	}
	return btf_check_constants(kernel_btf);
}

int loader_probe(void)
{
	int err = check_btf();

	return err ? err : check_capabilities();
}

/*
 * Flags of sched_ext_ops, each only where the kernel knows it: it refuses all
 * others. Without them it gives tasks that must not migrate, and tasks that are
 * about to end, the CPU for 20 ms, past the policy.
 */
static uint64_t ops_flags(const struct qumun_config *config, uint32_t *features)
{
	uint64_t flags = 0, flag;

	if (btf_enum_value(kernel_btf, "scx_ops_flags", "SCX_OPS_ENQ_EXITING", &flag))
		flags |= flag;
	if (btf_enum_value(kernel_btf, "scx_ops_flags", "SCX_OPS_ENQ_MIGRATION_DISABLED", &flag)) {
		flags |= flag;
		*features |= 1U << QUMUN_FEATURE_ENQ_MIGRATION_DISABLED;
	}
	/* Only where the policy may have another place for a CPU's only task: bpf/move.bpf.h. */
	if (config->moves &&
	    btf_enum_value(kernel_btf, "scx_ops_flags", "SCX_OPS_ENQ_LAST", &flag))
		flags |= flag;
	return flags;
}

/* Maps have as many rows as this machine needs. */
static int size_maps(struct scx_qumun *skel, const struct domains *domains)
{
	const struct {
		struct bpf_map *map;
		uint32_t rows;
	} sizes[] = {
		{ skel->maps.cpu_runs, domains->nr_cpu_ids },
		{ skel->maps.cpu_places, domains->nr_cpu_ids },
		{ skel->maps.domains, domains->nr_llcs },
		{ skel->maps.llc_places, domains->nr_llcs },
		{ skel->maps.llc_order, domains->nr_llcs * domains->nr_llcs },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (bpf_map__set_max_entries(sizes[i].map, sizes[i].rows))
			return -errno;
	}
	return 0;
}

/* @rows: of @row_size bytes each, as many as the map has. */
static int fill_map(const struct bpf_map *map, const void *rows, size_t row_size)
{
	for (__u32 key = 0; key < bpf_map__max_entries(map); key++) {
		if (bpf_map_update_elem(bpf_map__fd(map), &key,
					(const char *)rows + key * row_size, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_maps(const struct scx_qumun *skel, const struct domains *domains)
{
	int err = fill_map(skel->maps.cpu_places, domains->cpus, sizeof(*domains->cpus));

	if (!err)
		err = fill_map(skel->maps.llc_places, domains->llcs, sizeof(*domains->llcs));
	if (!err)
		err = fill_map(skel->maps.llc_order, domains->order, sizeof(*domains->order));
	return err;
}

/* Maps of the run before take the place of new ones. */
static int reuse_maps(struct scx_qumun *skel, const struct loader_maps *maps)
{
	if (maps->boost >= 0 && bpf_map__reuse_fd(skel->maps.high_prio_cgroups, maps->boost))
		return -errno;
	if (maps->trees >= 0 && bpf_map__reuse_fd(skel->maps.trees, maps->trees))
		return -errno;
	if (maps->tree_tasks >= 0 && bpf_map__reuse_fd(skel->maps.tree_tasks, maps->tree_tasks))
		return -errno;
	return 0;
}

/*
 * A kernel that does not describe these tracepoints would refuse the whole object.
 * Without them everything works, only that user space has to look for itself.
 */
static void choose_cgroup_events(struct scx_qumun *skel, bool wanted)
{
	bool found = btf_has_tracepoint(kernel_btf, "cgroup_mkdir") &&
		     btf_has_tracepoint(kernel_btf, "cgroup_rmdir");

	bpf_program__set_autoload(skel->progs.qumun_cgroup_mkdir, wanted && found);
	bpf_program__set_autoload(skel->progs.qumun_cgroup_rmdir, wanted && found);
}

/* From 6.19 on stopping does what it is for, and kernels call it deprecated or have none. */
static void choose_cpu_release(struct scx_qumun *skel)
{
	bool wanted = !btf_has_function(kernel_btf, "scx_bpf_reenqueue_local___v2");

	bpf_program__set_autoload(skel->progs.qumun_cpu_release, wanted);
	if (wanted)
		skel->bss->features |= 1U << QUMUN_FEATURE_CPU_RELEASE;
	else
		skel->struct_ops.qumun_ops->cpu_release = NULL;
}

/* Everything that is decided before the load; nothing else writes rodata or ops. */
static int configure(struct loader *loader, const struct loader_params *params)
{
	struct scx_qumun *skel = loader->skel;
	uint32_t dump_len = params->exit_dump_len ? params->exit_dump_len : EXIT_DUMP_LEN_DEFAULT;
	int err;

	skel->rodata->config = params->config;
	skel->rodata->exit_dump_len = dump_len;
	skel->struct_ops.qumun_ops->flags = ops_flags(&params->config, &skel->bss->features);
	skel->struct_ops.qumun_ops->timeout_ms = params->timeout_ms;
	skel->struct_ops.qumun_ops->exit_dump_len = dump_len;
	skel->struct_ops.qumun_ops->hotplug_seq = params->hotplug_seq;

	err = size_maps(skel, params->domains);
	if (err)
		return err;
	if (placement_size_maps(skel, params->topo, params->placement))
		return -errno;
	if (reuse_maps(skel, &params->maps))
		return -errno;
	choose_cgroup_events(skel, params->cgroup_events);
	choose_cpu_release(skel);
	return bpf_map__set_value_size(skel->maps.data_exit_dump, dump_len);
}

static int load_error(int err)
{
	if (err == -EPERM || err == -EACCES) {
		log_error("the kernel does not let us load BPF programs: %s", strerror(-err));
		return QUMUN_EXIT_PRIVILEGE;
	}
	if (err == -ENOMEM || err == -EMFILE || err == -ENFILE) {
		log_error("loading the BPF programs: %s", strerror(-err));
		return QUMUN_EXIT_ENVIRONMENT;
	}
	log_error("this kernel does not accept the BPF programs: %s (see the messages above)",
		  strerror(-err));
	return QUMUN_EXIT_KERNEL;
}

static int set_up_reading(struct loader *loader)
{
	int nr_cpus = libbpf_num_possible_cpus();

	if (nr_cpus < 0)
		return nr_cpus;
	loader->nr_cpus = nr_cpus;
	loader->cpu_stats = calloc(loader->nr_cpus, sizeof(*loader->cpu_stats));
	loader->wait_max_ns = calloc(loader->nr_cpus, sizeof(*loader->wait_max_ns));
	return loader->cpu_stats && loader->wait_max_ns ? 0 : -ENOMEM;
}

/* Before the scheduler: what happens to cgroups from now on is not missed. */
static void attach_cgroup_events(struct loader *loader)
{
	struct scx_qumun *skel = loader->skel;

	if (bpf_program__fd(skel->progs.qumun_cgroup_mkdir) < 0)
		return;
	loader->mkdir_link = bpf_program__attach(skel->progs.qumun_cgroup_mkdir);
	loader->rmdir_link = bpf_program__attach(skel->progs.qumun_cgroup_rmdir);
}

int loader_load(struct loader **result, const struct loader_params *params)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	int err;

	*result = loader;
	if (!loader)
		return load_error(-ENOMEM);
	loader->skel = scx_qumun__open();
	if (!loader->skel)
		return load_error(-errno);
	err = configure(loader, params);
	if (!err)
		err = scx_qumun__load(loader->skel);
	if (!err)
		err = fill_maps(loader->skel, params->domains);
	if (!err)
		err = placement_fill_maps(loader->skel, params->topo, params->placement);
	if (!err)
		err = set_up_reading(loader);
	if (!err)
		attach_cgroup_events(loader);
	return err ? load_error(err) : 0;
}

struct loader_maps loader_maps(const struct loader *loader)
{
	return (struct loader_maps){
		.boost = bpf_map__fd(loader->skel->maps.high_prio_cgroups),
		.trees = bpf_map__fd(loader->skel->maps.trees),
		.tree_tasks = bpf_map__fd(loader->skel->maps.tree_tasks),
	};
}

void loader_use_trees(struct loader *loader)
{
	loader->skel->bss->trees_used = 1;
}

bool loader_has_cgroup_events(const struct loader *loader)
{
	return loader->mkdir_link && loader->rmdir_link;
}

uint64_t loader_events_lost(const struct loader *loader)
{
	return __atomic_load_n(&loader->skel->bss->events_lost, __ATOMIC_RELAXED);
}

static int report_busy(void)
{
	char name[128];

	sched_ext_ops_name(name);
	log_error("another sched_ext scheduler is active: %s (stop it first: "
		  "scxctl stop, or systemctl stop scx_loader scx; or end its process)",
		  name[0] ? name : "(it gives no name)");
	return QUMUN_EXIT_BUSY;
}

static bool booted_with_isolcpus(void)
{
	char cmdline[4096];

	return read_file_str("", "/proc/cmdline", cmdline, sizeof(cmdline)) > 0 &&
	       strstr(cmdline, "isolcpus=");
}

static int attach_error(int err)
{
	switch (err) {
	case -EBUSY:
		return report_busy();
	case -EPERM:
	case -EACCES:
		log_error("the kernel does not let us attach a scheduler: %s", strerror(-err));
		return QUMUN_EXIT_PRIVILEGE;
	case -ENOMEM:
		log_error("attaching the scheduler: %s", strerror(-err));
		return QUMUN_EXIT_ENVIRONMENT;
	case -EOPNOTSUPP:
		log_error("this kernel refuses BPF schedulers (PREEMPT_RT kernels do): %s",
			  strerror(-err));
		return QUMUN_EXIT_KERNEL;
	case -EINVAL:
		if (booted_with_isolcpus()) {
			log_error("this kernel was booted with isolcpus=, which sched_ext does not"
				  " support (boot without it)");
			return QUMUN_EXIT_KERNEL;
		}
		break;
	}
	log_error("attaching the scheduler: %s", strerror(-err));
	return QUMUN_EXIT_KERNEL;
}

/*
 * One attempt after the other while a scheduler is being removed; none that
 * runs is waited for. Returns a negative errno, or -EINTR for @stop_fd.
 */
static int attach_when_free(struct loader *loader, int stop_fd)
{
	for (int waited_ms = 0;; waited_ms += WAIT_STEP_MS) {
		int err;

		loader->link = bpf_map__attach_struct_ops(loader->skel->maps.qumun_ops);
		if (loader->link)
			return 0;
		err = -errno;
		if (err != -EBUSY || waited_ms >= BUSY_WAIT_MS || sched_ext_enabled())
			return err;
		if (wait_readable(stop_fd, WAIT_STEP_MS))
			return -EINTR;
	}
}

/* The link says "accepted"; what the kernel made of it, only sysfs and our exit record say. */
static int wait_enabled(struct loader *loader, int stop_fd)
{
	char name[128];

	for (int waited_ms = 0; waited_ms < ENABLE_WAIT_MS; waited_ms += WAIT_STEP_MS) {
		sched_ext_ops_name(name);
		if (loader_exited(loader) ||
		    (sched_ext_enabled() && !strcmp(name, QUMUN_OPS_NAME)))
			return 0;
		if (wait_readable(stop_fd, WAIT_STEP_MS))
			return 0;
	}
	log_error("%s/state does not become \"enabled\", though the scheduler was accepted",
		  SCHED_EXT_SYSFS);
	return QUMUN_EXIT_KERNEL;
}

int loader_check_free(void)
{
	return sched_ext_enabled() ? report_busy() : 0;
}

int loader_attach(struct loader *loader, int stop_fd)
{
	int err = attach_when_free(loader, stop_fd);

	if (err)
		return err == -EINTR ? 0 : attach_error(err);
	return wait_enabled(loader, stop_fd);
}

bool loader_exited(const struct loader *loader)
{
	return __atomic_load_n(&loader->skel->bss->exit_info.kind, __ATOMIC_ACQUIRE);
}

const struct qumun_exit_info *loader_exit_info(const struct loader *loader)
{
	return &loader->skel->bss->exit_info;
}

const char *loader_exit_dump(const struct loader *loader)
{
	return loader->skel->data_exit_dump->exit_dump;
}

uint32_t loader_features(const struct loader *loader)
{
	return loader->skel->bss->features;
}

int loader_event_fd(const struct loader *loader)
{
	return bpf_map__fd(loader->skel->maps.events);
}

/*
 * Longest wait of the period that ends now: BPF goes on with the other one, and
 * this one is cleared for the turn after that.
 */
static uint64_t end_wait_period(struct loader *loader)
{
	int map_fd = bpf_map__fd(loader->skel->maps.wait_max_ns);
	__u32 period = loader->skel->bss->wait_period & 1;
	uint64_t longest_ns = 0;

	__atomic_store_n(&loader->skel->bss->wait_period, !period, __ATOMIC_RELEASE);
	if (bpf_map_lookup_elem(map_fd, &period, loader->wait_max_ns))
		return 0;
	for (unsigned int cpu = 0; cpu < loader->nr_cpus; cpu++)
		if (loader->wait_max_ns[cpu] > longest_ns)
			longest_ns = loader->wait_max_ns[cpu];
	memset(loader->wait_max_ns, 0, loader->nr_cpus * sizeof(*loader->wait_max_ns));
	bpf_map_update_elem(map_fd, &period, loader->wait_max_ns, BPF_ANY);
	return longest_ns;
}

int loader_read_stats(struct loader *loader, struct stats *stats)
{
	__u32 zero = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(loader->skel->maps.cpu_stats), &zero,
				loader->cpu_stats))
		return -errno;
	*stats = stats_sum(loader->cpu_stats, loader->nr_cpus);
	stats->wait_max_ns = end_wait_period(loader);
	return 0;
}

void loader_destroy(struct loader *loader)
{
	if (!loader)
		return;
	bpf_link__destroy(loader->link);
	bpf_link__destroy(loader->mkdir_link);
	bpf_link__destroy(loader->rmdir_link);
	scx_qumun__destroy(loader->skel);
	free(loader->cpu_stats);
	free(loader->wait_max_ns);
	free(loader);
}
