// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sequence of a run: options, cgroups, kernel, lock, and then load, pin,
 * attach, watch, detach, once more after each CPU hotplug. The policy is in
 * BPF; scheduling does not depend on anything here.
 */
#include <stdio.h>
#include <string.h>

#include "boost.h"
#include "boost_answer.h"
#include "control_server.h"
#include "domains.h"
#include "exit_codes.h"
#include "instance.h"
#include "loader.h"
#include "loader_pin.h"
#include "log.h"
#include "notify.h"
#include "options.h"
#include "placement.h"
#include "report.h"
#include "restart.h"
#include "sched_ext.h"
#include "topology.h"
#include "verb.h"
#include "watch.h"

/* What was left out of this binary, or not, for --version. */
#ifdef HAVE_NCURSESW
#define FEATURES " screen"
#else
#define FEATURES " -screen"
#endif

/* What outlives a restart. */
struct run {
	struct qumun_opts opts;
	struct boosts boosts;
	struct watch watch;
	struct restart_budget restarts;
	struct control_server *server;
	bool is_pinned;
};

/* What there is, and what follows from it for queues and for idle CPUs. */
struct machine {
	struct topology topo;
	struct domains domains;
	struct placement placement;
};

static struct placement_wishes make_wishes(const struct qumun_opts *opts)
{
	return (struct placement_wishes){
		.primary = opts->primary,
		.primary_list = opts->primary_list,
		.disable_smt = opts->disable_smt,
		.disable_llc = opts->disable_llc,
		.disable_numa = opts->disable_numa,
	};
}

static struct loader_params make_params(const struct run *run, const struct machine *machine,
					uint64_t hotplug_seq)
{
	const struct qumun_opts *opts = &run->opts;
	const struct placement *pl = &machine->placement;
	bool is_divided = machine->domains.nr_llcs > 1;

	return (struct loader_params){
		.config = {
			.slice_max_ns = opts->slice_us * 1000,
			.slice_min_ns = opts->slice_us_min * 1000,
			.lag_ns = opts->slice_us_lag * 1000,
			.far_margin_ns = is_divided ? opts->slice_us * 1000 : 0,
			.rescue_ns = opts->timeout_ms * 1000000 / 8,
			.wait_alarm_ns = opts->timeout_ms * 1000000 / 4,
			.nr_llcs = machine->domains.nr_llcs,
			.nr_possible = machine->topo.nr_possible,
			.nr_online = machine->topo.nr_online,
			.nr_masks = pl->nr_masks,
			.own_tiers = pl->own,
			.smt = pl->smt,
			.ignore_smt = pl->ignore_smt,
			.moves = pl->moves,
			.no_preempt = opts->no_preempt > 0,
		},
		.domains = &machine->domains,
		.topo = &machine->topo,
		.placement = pl,
		.hotplug_seq = hotplug_seq,
		.timeout_ms = opts->timeout_ms,
		.exit_dump_len = opts->exit_dump_len,
		.maps = run->boosts.maps,
		.cgroup_events = !opts->no_cgroup_events,
	};
}

/* The map is made by the first load, and pinned; later loads go on with it. */
static int publish_boosts(struct run *run, struct loader *loader)
{
	int err = boosts_publish(&run->boosts, loader);

	if (!err && !run->is_pinned) {
		err = pin_create(run->boosts.maps.boost);
		run->is_pinned = !err;
	}
	return err;
}

static int machine_read(const struct run *run, const struct placement_wishes *wishes,
			struct machine *machine)
{
	int err = topology_read("", &machine->topo);

	if (!err)
		err = domains_make(&machine->topo, run->opts.dsq, &machine->domains);
	if (!err)
		err = placement_build(&machine->topo, wishes, &machine->placement);
	if (err)
		log_error("CPU topology below /sys: %s", strerror(-err));
	return err ? QUMUN_EXIT_ENVIRONMENT : 0;
}

static void machine_free(struct machine *machine)
{
	placement_free(&machine->placement);
	domains_free(&machine->domains);
	topology_free(&machine->topo);
}

/* One life of the scheduler on a machine as it is. Sets @restart, see schedule_once(). */
static int schedule_on(struct run *run, const struct placement_wishes *wishes,
		       const struct loader_params *params, bool *restart)
{
	struct loader *loader = NULL;
	int err = loader_load(&loader, params);

	if (!err)
		err = publish_boosts(run, loader);
	if (!err)
		err = loader_attach(loader, run->watch.signal_fd);
	if (!err && !loader_exited(loader) && !watch_stopped(&run->watch)) {
		report_start(&run->opts, wishes, params, &run->boosts, loader);
		notify_ready();
		watch_run(&run->watch, loader, &run->boosts, run->server);
	}
	if (!err && loader_exited(loader)) {
		*restart = restart_is_asked_for(loader_exit_info(loader));
		err = *restart ? 0 : report_exit(loader);
	}
	if (run->watch.stopped)
		notify_stopping();
	boosts_unload(&run->boosts);
	loader_destroy(loader);
	return err;
}

/* One life of the scheduler. Sets @restart when the kernel asks for another one. */
static int schedule_once(struct run *run, bool *restart)
{
	uint64_t hotplug_seq = sched_ext_hotplug_seq();
	struct placement_wishes wishes = make_wishes(&run->opts);
	struct machine machine = { .domains.nr_llcs = 0 };
	struct loader_params params;
	int err;

	*restart = false;
	err = machine_read(run, &wishes, &machine);
	if (!err) {
		params = make_params(run, &machine, hotplug_seq);
		err = schedule_on(run, &wishes, &params, restart);
	}
	machine_free(&machine);
	return err;
}

static int schedule(struct run *run)
{
	bool restart;
	int err;

	run->server = control_server_open(CONTROL_SOCKET, boost_answer, &run->boosts);
	while (!(err = schedule_once(run, &restart)) && restart) {
		restart_wait(&run->restarts, run->watch.signal_fd);
		if (watch_stopped(&run->watch))
			break;
	}
	if (run->is_pinned)
		pin_remove(run->boosts.maps.boost);
	control_server_close(run->server);
	if (!err && run->watch.stopped)
		report_stop();
	return err;
}

/* Everything that can be refused is, before anything is changed. */
static int prepare(struct run *run)
{
	int err = boosts_init(&run->boosts, &run->opts);

	if (!err)
		err = loader_probe();
	if (!err)
		err = instance_lock();
	if (!err)
		err = loader_check_free();
	if (!err)
		err = pin_check();
	return err;
}

static int schedule_as_asked(int argc, char **argv)
{
	struct run run = {
		.boosts = { .mount.fd = -1, .map.fd = -1, .maps = LOADER_NO_MAPS },
		.watch = { .signal_fd = -1, .reload_fd = -1 },
	};
	char version[96];
	int err;

	snprintf(version, sizeof(version), "libbpf %s\nfeatures:%s", loader_libbpf_version(),
		 FEATURES);
	if (options_parse(argc, argv, version, &run.opts, &err))
		return err;
	log_set_verbosity(run.opts.verbose);
	loader_init();

	err = watch_init(&run.watch, run.opts.stats_sec);
	if (!err)
		err = prepare(&run);
	if (!err && !watch_stopped(&run.watch))
		err = schedule(&run);

	loader_exit();
	boosts_free(&run.boosts);
	watch_close(&run.watch);
	options_free(&run.opts);
	return err;
}

int main(int argc, char **argv)
{
	const struct verb *verb = argc > 1 ? verb_find(argv[1]) : NULL;

	log_init();
	return verb ? verb->run(argc - 1, argv + 1) : schedule_as_asked(argc, argv);
}
