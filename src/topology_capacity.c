// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the CPUs are beside each other, from sysfs; the contract is in topology.h.
 *
 * Sources in the order of trust; one is taken for all CPUs, since their scales differ:
 *
 *  1. cpu_capacity: the kernel's own number, on arm64 and on x86 hybrids without SMT. Elsewhere x86
 *     says 1024 for all, so equal numbers are no statement and the next source is asked.
 *  2. Intel hybrids: the lists of the two PMUs say what is a P and what an E core, and frequencies
 *     how fast those are.
 *  3. highest_perf of CPPC, then the same number of amd_pstate. AMD's firmware puts its order of
 *     preferred cores there, from 236 down to 166 on cores of equal speed: where the frequencies
 *     are known and equal it is no performance, and only serves for the rank.
 *  4. cpuinfo_max_freq.
 *
 * Cores of one design differ by a few percent, as the silicon allows: Intel's favoured cores by up
 * to 7 %, the two dies of a Ryzen 7950X3D by 9 %. Cores of different designs are further apart: the
 * closest P and E cores by 17 % of frequency alone. So a CPU that has more than 7/8 of the speed of
 * the next faster one is of its kind, and of the same capacity, unless the kernel itself says else.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "topology_read.h"

/*
 * Work of a P core per clock beside an E core: 5/4. The factors in the kernel's intel_pstate are
 * 1.27 (Alder and Raptor Lake), 1.25 (Meteor Lake) and 1.15 (Lunar Lake).
 */
#define P_CORE_WORK	5
#define E_CORE_WORK	4

/* Speed of an E core beside a P core when no frequency is listed; 39:66 to 43:70 in HWP. */
#define E_CORE_PERCENT	60

#define MAX_FREQ	"cpufreq/cpuinfo_max_freq"
#define BASE_FREQ	"cpufreq/base_frequency"

/**
 * struct speed - one online CPU
 * @cpu: its number
 * @is_e_core: an E core of an Intel hybrid; sorts behind all P cores
 * @value: of the source at hand; no unit
 * @hint: firmware's order among CPUs of equal capacity, larger is better
 */
struct speed {
	int		cpu;
	bool		is_e_core;
	uint64_t	value;
	uint64_t	hint;
};

/**
 * struct speeds - all online CPUs
 * @rows: one for each
 * @nr: how many
 * @exact: the values are the kernel's own, so that they may differ within a kind
 * @broken: first source that was there and could not be used, or NULL
 * @broken_cpu: because of this CPU
 */
struct speeds {
	struct reader	*r;
	struct speed	*rows;
	unsigned int	nr;
	bool		exact;
	const char	*broken;
	int		broken_cpu;
};

static void set_broken(struct speeds *s, const char *source, int cpu)
{
	if (s->broken)
		return;
	s->broken = source;
	s->broken_cpu = cpu;
}

/*
 * Reads the file @name of each CPU. False unless all have it, with a number that makes sense: that
 * some lack it is a fault, that all do is not.
 */
static bool read_values(struct speeds *s, const char *name, bool is_hint)
{
	unsigned int missing = 0;
	int bad = -1;

	for (unsigned int i = 0; i < s->nr; i++) {
		struct speed *row = &s->rows[i];
		uint64_t value = 0;
		char path[128];
		int err;

		snprintf(path, sizeof(path), CPU_DIR "/cpu%d/%s", row->cpu, name);
		err = read_file_u64(s->r->root, path, &value);
		missing += err == -ENOENT;
		if (bad < 0 && (err || !value || value > UINT32_MAX))
			bad = row->cpu;
		*(is_hint ? &row->hint : &row->value) = value;
	}
	/* Hints are read after the note about what is broken. */
	if (bad >= 0 && missing < s->nr)
		set_broken(s, name, bad);
	return bad < 0;
}

/* Fastest first. */
static int compare_speeds(const void *a, const void *b)
{
	const struct speed *x = a, *y = b;

	if (x->is_e_core != y->is_e_core)
		return x->is_e_core ? 1 : -1;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

/* True when @row begins a new kind behind the row before it. */
static bool is_slower_kind(const struct speed *row)
{
	return row->is_e_core != row[-1].is_e_core || row->value * 8 <= row[-1].value * 7;
}

static void sort_speeds(struct speeds *s)
{
	qsort(s->rows, s->nr, sizeof(*s->rows), compare_speeds);
}

static bool has_kinds(const struct speeds *s)
{
	for (unsigned int i = 1; i < s->nr; i++) {
		if (is_slower_kind(&s->rows[i]))
			return true;
	}
	return false;
}

static bool take_guess(struct speeds *s, const char *name)
{
	if (!read_values(s, name, false))
		return false;
	sort_speeds(s);
	return has_kinds(s);
}

static bool take_kernels_capacity(struct speeds *s)
{
	if (!read_values(s, "cpu_capacity", false))
		return false;
	sort_speeds(s);
	s->exact = s->rows[0].value != s->rows[s->nr - 1].value;
	return s->exact;
}

/* Reads which CPUs a PMU of an Intel hybrid counts on; false without that PMU. */
static bool read_pmu(struct speeds *s, const char *name, struct cpu_mask *cpus)
{
	char path[64];
	int ret;

	*cpus = (struct cpu_mask){ 0 };
	snprintf(path, sizeof(path), "sys/devices/%s/cpus", name);
	ret = topology_read_list(s->r, cpus, path);
	if (ret < 0)
		*cpus = (struct cpu_mask){ 0 };
	return ret != -ENOENT;
}

/* Tells P from E cores. False when this is no hybrid, or when its lists are no partition. */
static bool read_e_cores(struct speeds *s)
{
	struct cpu_mask p_cores, e_cores, low_power;
	bool found = read_pmu(s, "cpu_core", &p_cores);
	unsigned int nr_e_cores = 0;

	found = read_pmu(s, "cpu_atom", &e_cores) && found;
	if (!found)
		return false;
	/* E cores without a share in the large cache; kernels before 7.3 list them with the others. */
	read_pmu(s, "cpu_lowpower", &low_power);
	for (unsigned int i = 0; i < s->nr; i++) {
		unsigned int cpu = (unsigned int)s->rows[i].cpu;
		bool is_e_core = cpu_mask_test(&e_cores, cpu) || cpu_mask_test(&low_power, cpu);

		if (is_e_core == cpu_mask_test(&p_cores, cpu)) {
			set_broken(s, "cpu_core/cpus and cpu_atom/cpus", (int)cpu);
			return false;
		}
		s->rows[i].is_e_core = is_e_core;
		nr_e_cores += is_e_core;
	}
	return nr_e_cores && nr_e_cores < s->nr;
}

/* Turns frequencies into work per time, or assumes it. */
static void weigh_cores(struct speeds *s, bool have_freq)
{
	uint64_t top = 0;

	for (unsigned int i = 0; i < s->nr; i++) {
		struct speed *row = &s->rows[i];

		if (!have_freq)
			row->value = row->is_e_core ? E_CORE_PERCENT : 100;
		else
			row->value *= row->is_e_core ? E_CORE_WORK : P_CORE_WORK;
		if (!row->is_e_core && row->value > top)
			top = row->value;
	}
	/* No E core is faster than a P core at its clock, whatever the frequencies say. */
	for (unsigned int i = 0; i < s->nr; i++) {
		struct speed *row = &s->rows[i];

		if (row->is_e_core && row->value > top * E_CORE_WORK / P_CORE_WORK)
			row->value = top * E_CORE_WORK / P_CORE_WORK;
	}
}

static bool take_hybrid(struct speeds *s)
{
	bool have_freq;

	if (!read_e_cores(s)) {
		for (unsigned int i = 0; i < s->nr; i++)
			s->rows[i].is_e_core = false;
		return false;
	}
	have_freq = read_values(s, MAX_FREQ, false) || read_values(s, BASE_FREQ, false);
	weigh_cores(s, have_freq);
	if (!have_freq)
		topology_add_note(s->r, TOPOLOGY_NOTE_CAPACITY, "no frequencies listed for P and E "
				  "cores: an E core taken as %d %% of a P core", E_CORE_PERCENT);
	sort_speeds(s);
	return true;
}

/* Leaves the rows with the values of the best source, and returns its name; NULL without one. */
static const char *take_best(struct speeds *s)
{
	static const char *const performance[] = {
		"acpi_cppc/highest_perf", "cpufreq/amd_pstate_highest_perf",
	};

	if (take_kernels_capacity(s))
		return "cpu_capacity";
	if (take_hybrid(s))
		return "cpu_core and cpu_atom";
	if (read_values(s, MAX_FREQ, false)) {
		sort_speeds(s);
		if (!has_kinds(s))
			return NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(performance); i++) {
		if (take_guess(s, performance[i]))
			return performance[i];
	}
	return take_guess(s, MAX_FREQ) ? MAX_FREQ : NULL;
}

/* Writes kinds and capacities; the rows are sorted. */
static void set_capacities(struct speeds *s)
{
	struct topology *topo = s->r->topo;
	uint64_t top = s->rows[0].value, value = top;
	int kind = 0;

	for (unsigned int i = 0; i < s->nr; i++) {
		struct topology_cpu *cpu = &topo->cpus[s->rows[i].cpu];
		bool is_new = i && is_slower_kind(&s->rows[i]);

		kind += is_new;
		if (is_new || s->exact)
			value = s->rows[i].value;
		cpu->kind = kind;
		cpu->capacity = (unsigned int)(value * TOPOLOGY_CAPACITY_MAX / top);
		/* Slower than a thousandth is still not nothing. */
		if (!cpu->capacity)
			cpu->capacity = 1;
	}
	topo->nr_kinds = (unsigned int)kind + 1;
}

/* Firmware's order of cores: what differs first. */
static void read_hints(struct speeds *s)
{
	static const char *const names[] = {
		"cpufreq/amd_pstate_prefcore_ranking", "acpi_cppc/highest_perf", MAX_FREQ,
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (!read_values(s, names[i], true))
			continue;
		for (unsigned int j = 1; j < s->nr; j++) {
			if (s->rows[j].hint != s->rows[0].hint)
				return;
		}
	}
	for (unsigned int i = 0; i < s->nr; i++)
		s->rows[i].hint = 0;
}

/* Sorts by what is in @value now, the capacity, and then by the hint. */
static int compare_ranks(const void *a, const void *b)
{
	const struct speed *x = a, *y = b;

	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	if (x->hint != y->hint)
		return x->hint < y->hint ? 1 : -1;
	return (x->cpu > y->cpu) - (x->cpu < y->cpu);
}

static void set_ranks(struct speeds *s)
{
	struct topology_cpu *cpus = s->r->topo->cpus;
	int rank = 0;

	read_hints(s);
	for (unsigned int i = 0; i < s->nr; i++)
		s->rows[i].value = cpus[s->rows[i].cpu].capacity;
	qsort(s->rows, s->nr, sizeof(*s->rows), compare_ranks);
	for (unsigned int i = 0; i < s->nr; i++) {
		const struct speed *row = &s->rows[i];

		rank += i && (row->value != row[-1].value || row->hint != row[-1].hint);
		cpus[row->cpu].rank = rank;
	}
}

int topology_read_capacity(struct reader *r)
{
	struct speeds s = { .r = r };
	const char *source;
	int cpu;

	s.rows = calloc(r->topo->nr_online, sizeof(*s.rows));
	if (!s.rows)
		return -ENOMEM;
	for_each_cpu(cpu, &r->online)
		s.rows[s.nr++].cpu = cpu;

	source = take_best(&s);
	if (s.broken)
		topology_add_note(r, TOPOLOGY_NOTE_CAPACITY,
				  "%s cannot be used because of CPU %d: %s%s", s.broken,
				  s.broken_cpu, source ? "speed of CPUs taken from " :
				  "all CPUs taken as equally fast", source ? source : "");
	for (unsigned int i = 0; !source && i < s.nr; i++)
		s.rows[i].value = 1;
	set_capacities(&s);
	set_ranks(&s);
	free(s.rows);
	return 0;
}
