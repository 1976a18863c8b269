/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arithmetic of the policy: pure integer functions, no kernel, no libc.
 *
 * Compiled into the BPF programs, into the unit tests and into whatever
 * simulates the policy, so that there is one source of truth. What the
 * functions are *for* stands in bpf/policy.bpf.h.
 *
 * Units. Times are nanoseconds. A weight is in 1..10000 with 100 for nice 0,
 * as sched_ext has it. A vruntime is time run × 100 / weight, in nanoseconds
 * of a nice-0 task; vruntimes wrap around and may only be compared with
 * qm_before().
 */
#ifndef QUMUN_MATH_H
#define QUMUN_MATH_H

#ifndef __bpf__
#include <linux/types.h>
#include <stdbool.h>
#endif

#define QM_WEIGHT_MIN	1U
#define QM_WEIGHT_NICE0	100U
#define QM_WEIGHT_MAX	10000U

/* A boost is a factor in 1/1024: 1024 leaves a weight as it is. */
#define QM_BOOST_ONE	1024U

/*
 * No two vruntimes in use lie further apart than this, 2^40 ns or 18 minutes
 * of a nice-0 task. qm_clock_*() clamp to it, so that weight × distance stays
 * below 2^54 and the sum over 500 tasks below 2^63, whatever they are given.
 */
#define QM_DISTANCE_MAX	(1LL << 40)

/* Is vruntime @a before @b? Right across the wrap, for distances < 2^63. */
static inline bool qm_before(__u64 a, __u64 b)
{
	return (__s64)(a - b) < 0;
}

static inline __u64 qm_later(__u64 a, __u64 b)
{
	return qm_before(a, b) ? b : a;
}

static inline __u64 qm_earlier(__u64 a, __u64 b)
{
	return qm_before(a, b) ? a : b;
}

static inline __u64 qm_clamp(__u64 x, __u64 lo, __u64 hi)
{
	if (x < lo)
		return lo;
	return x > hi ? hi : x;
}

/*
 * The weight of a task: nice weight × boost / 1024, kept in 1..10000.
 * @nice_weight: p->scx.weight. @boost: in 1/1024, see qumun.h.
 */
static inline __u32 qm_weight(__u32 nice_weight, __u32 boost)
{
	return qm_clamp((__u64)nice_weight * boost / QM_BOOST_ONE, QM_WEIGHT_MIN, QM_WEIGHT_MAX);
}

/*
 * What running for @delta_ns costs a task of @weight, in vruntime.
 * Overflows beyond 2^64 / 100 ns, about 5.8 years. @weight 0 counts as 1.
 */
static inline __u64 qm_vruntime(__u64 delta_ns, __u32 weight)
{
	return delta_ns * QM_WEIGHT_NICE0 / (weight ? weight : QM_WEIGHT_MIN);
}

/*
 * Time between two readings of a clock, 0 if the second one is earlier:
 * clocks of two CPUs may differ, and a negative run time would be a gift.
 */
static inline __u64 qm_elapsed(__u64 since, __u64 now)
{
	return (__s64)(now - since) > 0 ? now - since : 0;
}

/*
 * How long a task usually runs before it sleeps: a decayed average, the latest @ran_ns
 * counts for a quarter.
 */
static inline __u64 qm_burst(__u64 burst_ns, __u64 ran_ns)
{
	return burst_ns - burst_ns / 4 + ran_ns / 4;
}

/*
 * The slice when @nr_queued tasks wait for @nr_cpus CPUs: each of them should
 * get its turn within one longest slice, so
 *
 *	slice = max × CPUs / (queued + 1), within min..max
 *
 * Never 0, which the kernel would replace by its own 20 ms.
 */
static inline __u64 qm_slice(__u64 min_ns, __u64 max_ns, __u32 nr_cpus, __u32 nr_queued)
{
	/* The same, without the division. */
	if (nr_queued < nr_cpus)
		return max_ns;
	return qm_clamp(max_ns * nr_cpus / ((__u64)nr_queued + 1), min_ns, max_ns);
}

/*
 * The clock of a queue: the weighted average of its joined tasks' vruntimes.
 *
 *	avg = Σ w·v / Σ w		over the tasks that run or wait
 *	now = the highest avg so far	what others are placed against
 *
 * A task that joins, leaves or runs changes Σ w·v and Σ w exactly; the sum is
 * kept as a difference to avg, Σ w·(v − avg) = rest, and settled after each
 * change so that 0 ≤ rest < Σ w. Nothing is lost to rounding, so the clock
 * does not drift in long runs, and no term grows with uptime.
 *
 * @now never goes back. The average does, when a task leaves that was ahead,
 * or one joins with a credit; without @now, sleepers that come and go could
 * walk the clock backwards and leave everybody else in debt.
 *
 * If the clock @is_part, one of several, @now is what all of them would show together, see
 * struct qm_merge, and written by whoever computes that.
 */
struct qm_clock {
	__u64 now;
	__u64 avg;
	__s64 rest;
	__u64 weight;
	__u32 is_part;
};

/* Where a clock starts: it wraps after ten seconds of a busy CPU, so that a
 * wrong comparison shows up in every test, not after 584 years. */
#define QM_CLOCK_START	(0ULL - 10 * 1000 * 1000 * 1000ULL)

static inline void qm_clock_init(struct qm_clock *c)
{
	c->now = QM_CLOCK_START;
	c->avg = QM_CLOCK_START;
	c->rest = 0;
	c->weight = 0;
	c->is_part = 0;
}

/* Distance from the average, clamped so that the products cannot overflow. */
static inline __s64 qm_clock_distance(const struct qm_clock *c, __u64 v)
{
	__s64 d = (__s64)(v - c->avg);

	if (d > QM_DISTANCE_MAX)
		return QM_DISTANCE_MAX;
	if (d < -QM_DISTANCE_MAX)
		return -QM_DISTANCE_MAX;
	return d;
}

/* Move whole units of rest / weight into avg (BPF has no signed division). */
static inline void qm_clock_settle(struct qm_clock *c)
{
	__u64 steps;

	if (!c->weight) {
		c->rest = 0;
	} else if (c->rest >= 0) {
		steps = (__u64)c->rest / c->weight;
		c->avg += steps;
		c->rest -= steps * c->weight;
	} else {
		steps = ((__u64)-c->rest + c->weight - 1) / c->weight;
		c->avg -= steps;
		c->rest += steps * c->weight;
	}
	if (!c->is_part)
		c->now = qm_later(c->now, c->avg);
}

/* A task of @weight joins with vruntime @v: it runs or waits from now on. */
static inline void qm_clock_join(struct qm_clock *c, __u32 weight, __u64 v)
{
	/* An empty clock is wherever its first task is. */
	if (!c->weight)
		c->avg = v;
	c->rest += (__s64)weight * qm_clock_distance(c, v);
	c->weight += weight;
	qm_clock_settle(c);
}

/* It leaves with vruntime @v: it sleeps, ends, or changes its class or weight. */
static inline void qm_clock_leave(struct qm_clock *c, __u32 weight, __u64 v)
{
	c->rest -= (__s64)weight * qm_clock_distance(c, v);
	c->weight = c->weight > weight ? c->weight - weight : 0;
	qm_clock_settle(c);
}

/* A joined task moves from @from to @to: it ran, or was forgiven a debt. */
static inline void qm_clock_move(struct qm_clock *c, __u32 weight, __u64 from, __u64 to)
{
	c->rest += (__s64)weight * (qm_clock_distance(c, to) - qm_clock_distance(c, from));
	qm_clock_settle(c);
}

/*
 * The average of several clocks, weighted as their tasks are: what one clock for all
 * those tasks would show.
 *
 *	avg = Σ Wi·avgi / Σ Wi = ref + Σ Wi·(avgi − ref) / Σ Wi
 *
 * Distances are kept within 2^33 ns, nine seconds of a nice-0 task, so that the sum stays
 * below 2^63 up to 100 000 tasks of the largest weight.
 */
#define QM_MERGE_MAX	(1LL << 33)

/* Begin with only @ref set: any vruntime near the clocks, say the last average. */
struct qm_merge {
	__u64 ref;
	__s64 sum;
	__u64 weight;
};

/* Add a clock with this average and weight. */
static inline void qm_merge_add(struct qm_merge *m, __u64 avg, __u64 weight)
{
	__s64 d = (__s64)(avg - m->ref);

	if (d > QM_MERGE_MAX)
		d = QM_MERGE_MAX;
	if (d < -QM_MERGE_MAX)
		d = -QM_MERGE_MAX;
	m->sum += (__s64)weight * d;
	m->weight += weight;
}

/* The average; @ref where there is no task at all. */
static inline __u64 qm_merge_avg(const struct qm_merge *m)
{
	if (!m->weight)
		return m->ref;
	if (m->sum >= 0)
		return m->ref + (__u64)m->sum / m->weight;
	return m->ref - (__u64)-m->sum / m->weight;
}

/*
 * The price of CPU time where all who want it are far from the clock, see bpf/level.bpf.h:
 * @delta, in vruntime, times 2^-x if they are @ahead of it, 2^x if they are behind, in straight
 * lines between whole x.
 *
 *	x = (|ahead| − free) / (free / 4)	0 ≤ x ≤ 10
 *
 * An exponent, since it must do for any ratio of speeds: at 2 × free it is 16.
 * Exact for @delta below 2^43, 2.4 hours of a nice-0 task.
 */
#define QM_PRICE_MAX	10

static inline __u64 qm_price(__u64 delta, __s64 ahead, __u64 free_ns)
{
	__u64 beyond = ahead < 0 ? -(__u64)ahead : (__u64)ahead;
	__u64 step = free_ns / 4 + 1, power, scale;

	if (beyond <= free_ns)
		return delta;
	beyond -= free_ns;
	power = beyond / step;
	if (power >= QM_PRICE_MAX)
		scale = 1024 << QM_PRICE_MAX;
	else
		scale = (1024 + beyond % step * 1024 / step) << power;
	return ahead > 0 ? delta * 1024 / scale : delta * scale / 1024;
}

/* How far from the clock it ends: beyond, it no longer grows. */
static inline __u64 qm_price_end(__u64 free_ns)
{
	return free_ns + QM_PRICE_MAX * (free_ns / 4 + 1);
}

/*
 * How far ahead of the clock a task of @weight may be: @slices of the longest
 * ones, in vruntime.
 *
 * While others wait, nothing that a task has used may be forgotten, or shares
 * are no longer exact: a run may well be longer than its slice, since slices
 * end at ticks, and hypervisors take CPUs away for many of them. The bound
 * QM_DEBT_WAITING is there for what should not happen. Where nobody waits, a
 * task owes nothing but its present slice.
 */
#define QM_DEBT_WAITING	100
#define QM_DEBT_ALONE	1

static inline __u64 qm_debt(__u32 slices, __u64 slice_max_ns, __u32 weight)
{
	return qm_vruntime(slices * slice_max_ns, weight);
}

#endif /* QUMUN_MATH_H */
