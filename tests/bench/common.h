/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the benchmark programs share: results as JSON lines on stdout, and how busy
 * the CPUs were meanwhile. One line is one value; scripts/lib/bench-report.py reads them.
 */
#ifndef BENCH_COMMON_H
#define BENCH_COMMON_H

#include <stddef.h>
#include <stdint.h>

/** bench_number - the decimal number in @text, or exit with a message that names @what */
long bench_number(const char *what, const char *text, long min, long max);

/** bench_value - print one value; @better is "less", "more" or "" */
void bench_value(const char *suite, const char *metric, const char *unit, const char *better,
		 double value);

/** bench_asked - print one value together with what was asked for */
void bench_asked(const char *suite, const char *metric, const char *unit, double value,
		 double asked);

/**
 * bench_delays - print p50, p99, p99.9 and maximum of @ns (sorted in place), and the
 * distribution for a plot
 */
void bench_delays(const char *suite, const char *name, uint64_t *ns, size_t count);

/** struct busy - CPU time since boot, all CPUs, in ticks */
struct busy {
	uint64_t total;
	uint64_t idle;
};

/** busy_now - as of now */
struct busy busy_now(void);

/** busy_percent - of the CPU time since @start that was not idle */
double busy_percent(struct busy start);

/** own_cpus - the CPUs that this process may use, at most @max; returns their number */
int own_cpus(int *cpus, int max);

#endif /* BENCH_COMMON_H */
