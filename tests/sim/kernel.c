// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel does with tasks and CPUs, as far as a scheduler can see it.
 *
 * Follows kernel/sched/core.c and kernel/sched/ext.c of Linux 6.18: which
 * callback comes when, with which flags, and what happens between them. In
 * short:
 *
 *	wakeup		select_cpu, then enqueue unless that inserted the task
 *	schedule	prev with a slice left is kept; then the local queue, the
 *			global one, dispatch; a prev that is kept gets no callback
 *	switch		stopping(prev), enqueue(prev) if it is still runnable and
 *			its slice is spent, with ENQ_LAST if there is no next one;
 *			running(next)
 *	real-time	takes a CPU: cpu_release up to 6.18; the local queue's tasks
 *			are enqueued once more if that or stopping has asked for it
 *	nice, affinity	of a running task: stopping(!runnable), running; of a
 *			waiting one: enqueue; before that, of any, set_cpumask
 *	end, RT		disable
 *
 * Callbacks that scx_qumun does not have are not called: tick, runnable,
 * quiescent, dequeue, update_idle, set_weight, exit_task. Who adds one to struct
 * sched_ext_ops has to add the call here.
 *
 * Not simulated: CPU hotplug, bypass mode, core scheduling, tasks that change
 * their class while they run.
 */
#include "sim.h"

#include <stdlib.h>
#include <string.h>

struct machine machine;
struct cpu cpus[NR_CPUS_MAX];
struct task **tasks;
u32 nr_tasks;
enum mutation mutation;

enum op current_op;
struct task *current_op_task;
s32 this_cpu;

static const struct sched_ext_ops *ops;
/* The flag SCX_OPS_ENQ_LAST is set, see src/loader.c. */
static bool enq_last;
static u64 tick_phase[NR_CPUS_MAX];
static struct task *free_tasks;
static s32 last_pid;

/*
 * Who is "current": the task that a CPU switches away from, until that is done;
 * or somebody else, if it is idle or in a real-time task.
 */
static struct task *switching_from;
static struct task other_task = { .p = { .comm = "other", .flags = PF_IDLE } };

/* --- masks --- */

u32 mask_weight(const struct mask *m)
{
	u32 n = 0;

	for (u32 i = 0; i < NR_CPUS_MAX / 64; i++)
		n += __builtin_popcountll(m->bits[i]);
	return n;
}

s32 mask_next(const struct mask *a, const struct mask *b, s32 cpu)
{
	for (u32 i = cpu / 64; i < NR_CPUS_MAX / 64; i++) {
		u64 both = a->bits[i] & b->bits[i];

		if ((s32)i == cpu / 64)
			both &= ~0ULL << (cpu % 64);
		if (both)
			return i * 64 + __builtin_ctzll(both);
	}
	return -1;
}

bool mask_intersects(const struct mask *a, const struct mask *b)
{
	return mask_next(a, b, 0) >= 0;
}

void mask_fill(struct mask *m, u32 nr_cpus)
{
	memset(m, 0, sizeof(*m));
	for (u32 cpu = 0; cpu < nr_cpus; cpu++)
		mask_set(m, cpu);
}

static s32 mask_any(const struct mask *m)
{
	s32 from = rnd_in(0, machine.nr_cpus - 1);
	s32 cpu = mask_next(m, m, from);

	return cpu >= 0 ? cpu : mask_next(m, m, 0);
}

/* --- small helpers for the BPF side --- */

u64 bpf_ktime_get_ns(void);
u64 bpf_ktime_get_ns(void)
{
	return sim_now();
}

u64 scx_bpf_now(void);
u64 scx_bpf_now(void)
{
	return sim_now();
}

const struct rq runqueues;

const struct rq *sim_this_rq(void);
const struct rq *sim_this_rq(void)
{
	static struct rq rq;

	rq.rt.rt_nr_running = cpus[this_cpu].rt_busy;
	return &rq;
}

u64 bpf_jiffies64(void);
u64 bpf_jiffies64(void)
{
	return sim_now() / TICK_NS;
}

u32 bpf_get_smp_processor_id(void);
u32 bpf_get_smp_processor_id(void)
{
	return this_cpu;
}

struct task_struct *bpf_get_current_task_btf(void);
struct task_struct *bpf_get_current_task_btf(void)
{
	struct task *curr = switching_from ? switching_from : cpus[this_cpu].curr;

	return curr ? &curr->p : &other_task.p;
}

u64 bpf_get_current_task(void);
u64 bpf_get_current_task(void)
{
	return (u64)bpf_get_current_task_btf();
}

s32 scx_bpf_task_cpu(const struct task_struct *p);
s32 scx_bpf_task_cpu(const struct task_struct *p)
{
	return task_of(p)->cpu;
}

bool scx_bpf_task_running(const struct task_struct *p);
bool scx_bpf_task_running(const struct task_struct *p)
{
	return task_of(p)->curr;
}

u32 scx_bpf_nr_cpu_ids(void);
u32 scx_bpf_nr_cpu_ids(void)
{
	return machine.nr_cpus;
}

bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask);
bool bpf_cpumask_test_cpu(u32 cpu, const struct cpumask *cpumask)
{
	return cpu < machine.nr_cpus && mask_test((const struct mask *)cpumask, cpu);
}

void scx_bpf_dump_bstr(char *fmt, unsigned long long *data, u32 data__sz);
void scx_bpf_dump_bstr(char *fmt, unsigned long long *data, u32 data__sz)
{
	(void)fmt;
	(void)data;
	(void)data__sz;
}

void scx_bpf_kick_cpu(s32 cpu, u64 flags);
void scx_bpf_kick_cpu(s32 cpu, u64 flags)
{
	struct cpu *c = &cpus[cpu];

	if (cpu < 0 || (u32)cpu >= machine.nr_cpus)
		fail("CPU %d is kicked", cpu);
	if ((flags & SCX_KICK_IDLE) && (flags & SCX_KICK_PREEMPT))
		fail("a kick with IDLE and PREEMPT");
	trace("CPU %d kicks CPU %d", this_cpu, cpu);
	if (mutation == MUT_KICKS_LOST || c->rt_busy)
		return;
	if ((flags & SCX_KICK_IDLE) && c->curr)
		return;
	if ((flags & SCX_KICK_PREEMPT) && c->curr)
		c->curr->p.scx.slice = 0;
	resched_cpu(cpu);
}

/* --- callbacks --- */

/* While a BPF program runs, its trampoline keeps the current task on its CPU. */
static enum op op_begin(enum op op, struct task *t, struct task **saved,
			struct task_struct **current)
{
	enum op before = current_op;

	*current = bpf_get_current_task_btf();
	(*current)->migration_disabled++;
	*saved = current_op_task;
	current_op = op;
	current_op_task = t;
	return before;
}

static void op_end(enum op before, struct task *saved, struct task_struct *current)
{
	current->migration_disabled--;
	current_op = before;
	current_op_task = saved;
}

#define CALL(which, t, call)							\
do {										\
	struct task_struct *___current;						\
	struct task *___saved;							\
	enum op ___before = op_begin(which, t, &___saved, &___current);		\
	call;									\
	op_end(___before, ___saved, ___current);				\
} while (0)

/* --- time --- */

static u64 next_tick(const struct cpu *c)
{
	u64 phase = tick_phase[c->id], now = sim_now();

	return (now - phase) / TICK_NS * TICK_NS + TICK_NS + phase;
}

/* Account what the CPU's task has run until now. */
static void update_curr(struct cpu *c)
{
	struct task *t = c->curr;
	u64 now = sim_now(), ran;

	if (!t || now <= c->exec_start)
		return;
	ran = now - c->exec_start;
	c->exec_start = now;
	t->ran_ns += ran;
	if (mutation == MUT_CHARGE_LOST)
		t->uncharged_ns += ran;
	else
		t->p.se.sum_exec_runtime += ran;
	t->p.scx.slice -= ran < t->p.scx.slice ? ran : t->p.scx.slice;
	t->burst_left -= ran < t->burst_left ? ran : t->burst_left;
}

u64 task_ran_ns(const struct task *t)
{
	const struct cpu *c = &cpus[t->cpu];
	u64 ran = t->ran_ns;

	if (t->curr && sim_now() > c->exec_start)
		ran += sim_now() - c->exec_start;
	return ran;
}

void resched_cpu(s32 cpu)
{
	struct cpu *c = &cpus[cpu];
	u64 when = sim_now();

	if (cpu != this_cpu && machine.ipi_ns)
		when += rnd_in(0, machine.ipi_ns);
	if (!c->resched.pos || c->resched.time > when)
		event_at(&c->resched, when);
}

/* --- into queues --- */

bool task_can_run_on(const struct task *t, s32 cpu)
{
	if (t->cpu == cpu)
		return true;
	return !t->p.migration_disabled && mask_test(&t->mask, cpu);
}

/* A task came into a local queue: does its CPU have to know? */
static void local_post_enqueue(struct cpu *c, u64 enq_flags)
{
	if (c->rt_busy)
		return;
	if (!c->curr) {
		resched_cpu(c->id);
	} else if (enq_flags & SCX_ENQ_PREEMPT) {
		update_curr(c);
		c->curr->p.scx.slice = 0;
		resched_cpu(c->id);
	}
}

static void local_enqueue(struct task *t, u64 enq_flags)
{
	struct cpu *c = &cpus[t->cpu];

	dsq_insert(&c->local, t, false, enq_flags & (SCX_ENQ_HEAD | SCX_ENQ_PREEMPT));
	local_post_enqueue(c, enq_flags);
}

void local_move(struct task *t, s32 cpu)
{
	dsq_remove(t);
	t->cpu = cpu;
	dsq_insert(&cpus[cpu].local, t, false, false);
}

/* What select_cpu or enqueue has asked for. */
static void direct_dispatch(struct task *t)
{
	u64 dsq_id = t->ddsp_dsq_id;

	trace("CPU %d inserts task %d of CPU %d into %llx", this_cpu, t->p.pid, t->cpu, dsq_id);
	t->ddsp_dsq_id = SCX_DSQ_INVALID;
	t->p.scx.slice = t->ddsp_slice ? t->ddsp_slice : t->p.scx.slice ? t->p.scx.slice : 1;
	if (dsq_id == SCX_DSQ_LOCAL) {
		local_enqueue(t, t->ddsp_flags);
		return;
	}
	if (dsq_id != SCX_DSQ_GLOBAL && dsq_id >> 63)
		fail("DSQ %llx: inserts into the local queue of a CPU are not simulated", dsq_id);
	if (t->ddsp_by_vtime)
		t->p.scx.dsq_vtime = t->ddsp_vtime;
	dsq_insert(dsq_find(dsq_id), t, t->ddsp_by_vtime, false);
}

static void do_enqueue_task(struct task *t, u64 enq_flags)
{
	if (t->ddsp_dsq_id == SCX_DSQ_INVALID) {
		if (t->p.flags & PF_EXITING) {
			t->p.scx.slice = SCX_SLICE_DFL;
			local_enqueue(t, enq_flags);
			return;
		}
		CALL(OP_ENQUEUE, t, ops->enqueue(&t->p, enq_flags));
		if (t->ddsp_dsq_id == SCX_DSQ_INVALID)
			fail("enqueue has lost task %d", t->p.pid);
	}
	direct_dispatch(t);
}

/*
 * A CPU that is about to be idle holds the lock of its run queue until that can
 * be seen: whoever enqueues there comes after it.
 */
static void lock_run_queue(struct cpu *c)
{
	if (!c->idle.pos)
		return;
	event_cancel(&c->idle);
	idle_set(c->id, true);
}

static void enqueue_task(struct task *t, u64 enq_flags)
{
	lock_run_queue(&cpus[t->cpu]);
	t->p.scx.flags |= SCX_TASK_QUEUED;
	if (!t->wait_since)
		t->wait_since = sim_now();
	do_enqueue_task(t, enq_flags);
}

static void dequeue_task(struct task *t)
{
	if (t->curr) {
		update_curr(&cpus[t->cpu]);
		CALL(OP_OTHER, t, ops->stopping(&t->p, false));
	}
	t->p.scx.flags &= ~SCX_TASK_QUEUED;
	dsq_remove(t);
}

/* --- schedule() --- */

static void end_wait(struct task *t)
{
	u64 wait = sim_now() - t->wait_since;

	if (t->wait_since && wait > t->wait_max)
		t->wait_max = wait;
	t->wait_since = 0;
}

static void set_next(struct cpu *c, struct task *t)
{
	t->uncharged_ns = 0;
	trace("CPU %d runs task %d", c->id, t->p.pid);
	dsq_remove(t);
	end_wait(t);
	c->curr = t;
	t->curr = true;
	c->exec_start = sim_now() + machine.switch_ns;
	CALL(OP_OTHER, t, ops->running(&t->p));
	event_at(&c->burst, c->exec_start + t->burst_left);
	event_at(&c->tick, next_tick(c));
}

/* A run that is charged, and then taken back behind the clock's back. */
static void skew_clock(struct task *t)
{
	if (mutation == MUT_CLOCK_SKEWED && rnd_percent(1))
		policy_skew(t);
}

static void put_prev(struct cpu *c, struct task *t, u64 enq_flags)
{
	skew_clock(t);
	update_curr(c);
	event_cancel(&c->burst);
	event_cancel(&c->tick);
	if (task_is_runnable(t))
		CALL(OP_OTHER, t, ops->stopping(&t->p, true));
	c->curr = NULL;
	t->curr = false;
	if (!task_is_runnable(t))
		return;
	t->wait_since = sim_now();
	/* A real-time task has come between, or it would have been kept. */
	if (t->p.scx.slice)
		local_enqueue(t, SCX_ENQ_HEAD);
	else
		do_enqueue_task(t, enq_flags);
}

static bool consume_global(struct cpu *c)
{
	struct task *t;

	TAILQ_FOREACH(t, &dsq_global()->list, dsq_link) {
		if (!task_can_run_on(t, c->id))
			continue;
		local_move(t, c->id);
		return true;
	}
	return false;
}

/* Is there something to run, in the local queue or in @prev? */
static bool balance(struct cpu *c, struct task *prev, bool *keep_prev)
{
	bool prev_wants = prev && task_is_runnable(prev);

	*keep_prev = prev_wants && prev->p.scx.slice;
	if (*keep_prev || c->local.nr || consume_global(c))
		return true;
	if (prev_wants && mutation == MUT_PREV_IGNORED)
		CALL(OP_DISPATCH, NULL, ops->dispatch(c->id, NULL));
	else
		CALL(OP_DISPATCH, NULL, ops->dispatch(c->id, prev ? &prev->p : NULL));
	*keep_prev = prev_wants && prev->p.scx.slice;
	if (*keep_prev || c->local.nr || consume_global(c))
		return true;
	*keep_prev = prev_wants && (!enq_last || mutation == MUT_LAST_KEPT);
	return *keep_prev;
}

static void become_idle(struct cpu *c)
{
	trace("CPU %d finds nothing", c->id);
	if (!c->idle_since)
		c->idle_since = sim_now();
	if (machine.idle_race_ns && !idle_test(c->id))
		event_at(&c->idle, sim_now() + rnd_in(0, machine.idle_race_ns));
	else
		idle_set(c->id, true);
}

static void leave_idle(struct cpu *c)
{
	event_cancel(&c->idle);
	c->idle_since = 0;
	idle_set(c->id, false);
}

static void switch_from(struct cpu *c, struct task *prev, u64 enq_flags)
{
	switching_from = prev;
	if (prev)
		put_prev(c, prev, enq_flags);
	switching_from = NULL;
}

/* The tasks of the local queue go through enqueue once more. */
static u32 reenqueue_local(struct cpu *c)
{
	u32 nr = mutation == MUT_LOCAL_KEPT ? 0 : c->local.nr;

	for (u32 i = 0; i < nr; i++) {
		struct task *t = TAILQ_FIRST(&c->local.list);

		dsq_remove(t);
		do_enqueue_task(t, 0);
	}
	return nr;
}

u32 scx_bpf_reenqueue_local___old(void);
u32 scx_bpf_reenqueue_local___old(void)
{
	return reenqueue_local(&cpus[this_cpu]);
}

/* Once the CPU is done with what it does. */
void scx_bpf_reenqueue_local___v2___new(void);
void scx_bpf_reenqueue_local___v2___new(void)
{
	cpus[this_cpu].reenqueue = true;
}

/* A task of another class takes the CPU. */
static void switch_class(struct cpu *c, struct task *prev)
{
	leave_idle(c);
	switch_from(c, prev, 0);
	switching_from = prev;
	/* Only from ext to another class. */
	if (prev && machine.old_kernel)
		CALL(OP_OTHER, NULL, ops->cpu_release(c->id, NULL));
	switching_from = NULL;
	if (c->reenqueue)
		reenqueue_local(c);
	c->reenqueue = false;
}

static void schedule(struct cpu *c)
{
	struct task *prev = c->curr, *next;
	bool keep_prev;

	this_cpu = c->id;
	event_cancel(&c->resched);
	update_curr(c);
	if (c->rt_busy) {
		/* Up to 6.18 dispatch is called before it is known who comes first. */
		if (prev && machine.old_kernel)
			balance(c, prev, &keep_prev);
		switch_class(c, prev);
		return;
	}
	if (!balance(c, prev, &keep_prev)) {
		switch_from(c, prev, SCX_ENQ_LAST);
		become_idle(c);
		return;
	}
	if (keep_prev) {
		if (!prev->p.scx.slice)
			prev->p.scx.slice = SCX_SLICE_DFL;
		event_at(&c->burst, c->exec_start + prev->burst_left);
		event_at(&c->tick, next_tick(c));
		return;
	}
	next = TAILQ_FIRST(&c->local.list);
	dsq_remove(next);
	if (!next->p.scx.slice)
		next->p.scx.slice = SCX_SLICE_DFL;
	leave_idle(c);
	switch_from(c, prev, 0);
	switching_from = prev ? prev : &other_task;
	set_next(c, next);
	switching_from = NULL;
}

/* --- events of a CPU --- */

static void on_resched(struct event *ev)
{
	schedule(container_of(ev, struct cpu, resched));
}

static void on_tick(struct event *ev)
{
	struct cpu *c = container_of(ev, struct cpu, tick);

	this_cpu = c->id;
	update_curr(c);
	if (c->curr) {
		c->curr->p.se.sum_exec_runtime += c->curr->uncharged_ns;
		c->curr->uncharged_ns = 0;
	}
	if (c->curr && c->curr->p.scx.slice)
		event_at(&c->tick, next_tick(c));
	else
		schedule(c);
}

static void on_burst(struct event *ev)
{
	struct cpu *c = container_of(ev, struct cpu, burst);
	struct task *t = c->curr;

	this_cpu = c->id;
	update_curr(c);
	if (!t->burst_left)
		t->end_of_burst(t);
	if (c->curr != t)
		return;
	if (!t->burst_left)
		fail("the workload gave task %d nothing to do", t->p.pid);
	event_at(&c->burst, c->exec_start + t->burst_left);
}

static void on_idle(struct event *ev)
{
	struct cpu *c = container_of(ev, struct cpu, idle);

	if (c->curr || c->rt_busy)
		return;
	trace("CPU %d is seen as idle", c->id);
	idle_set(c->id, true);
}

static void on_rt_end(struct event *ev)
{
	struct cpu *c = container_of(ev, struct cpu, rt);

	c->rt_busy = false;
	schedule(c);
}

void cpu_steal(s32 cpu, u64 duration_ns)
{
	struct cpu *c = &cpus[cpu];

	if (c->rt_busy)
		return;
	c->rt_busy = true;
	/* Its timer comes in the same interrupt as the tick that ends a slice. */
	if (c->curr && rnd_percent(20)) {
		update_curr(c);
		c->curr->p.scx.slice = 0;
	}
	event_at(&c->rt, sim_now() + duration_ns);
	schedule(c);
}

/* --- what happens to tasks --- */

static void free_storages(struct task *t)
{
	for (u32 i = 0; i < NR_STORAGES; i++) {
		free(t->storage[i]);
		t->storage[i] = NULL;
	}
}

static s32 select_cpu(struct task *t, u64 wake_flags)
{
	struct mask idle, whole_cores;
	s32 cpu;

	if (t->p.nr_cpus_allowed == 1 || t->p.migration_disabled)
		return t->p.migration_disabled ? t->cpu : mask_any(&t->mask);
	idle_look(&idle, &whole_cores);
	CALL(OP_SELECT_CPU, t, cpu = ops->select_cpu(&t->p, t->cpu, wake_flags));
	if (cpu < 0 || (u32)cpu >= machine.nr_cpus)
		fail("select_cpu returned CPU %d", cpu);
	placement_seen(t, t->cpu, cpu, &idle, &whole_cores);
	return mask_test(&t->mask, cpu) ? cpu : mask_any(&t->mask);
}

static void forget(struct task *t)
{
	struct scx_init_task_args args = { .fork = false };

	free_storages(t);
	CALL(OP_OTHER, t, ops->init_task(&t->p, &args));
}

/* The run queue's lock has been got: the second half of a wakeup. */
static void on_wakeup(struct event *ev)
{
	struct task *t = container_of(ev, struct task, wakeup);

	this_cpu = t->waker_cpu;
	enqueue_task(t, SCX_ENQ_WAKEUP | SCX_ENQ_CPU_SELECTED);
	t->p.__state = TASK_RUNNING;
}

void task_wake(struct task *t, s32 waker_cpu, bool sync)
{
	if (task_is_runnable(t) || task_is_waking(t) || !t->alive || t->rt)
		return;
	this_cpu = waker_cpu;
	update_curr(&cpus[waker_cpu]);
	trace("CPU %d wakes task %d", waker_cpu, t->p.pid);
	t->p.__state = TASK_WAKING;
	if (mutation == MUT_SLEEP_FORGIVES)
		forget(t);
	t->cpu = select_cpu(t, SCX_WAKE_TTWU | (sync ? SCX_WAKE_SYNC : 0));
	t->waker_cpu = waker_cpu;
	t->wakeup.fn = on_wakeup;
	if (machine.wake_race_ns && !sync)
		event_at(&t->wakeup, sim_now() + rnd_in(0, machine.wake_race_ns));
	else
		on_wakeup(&t->wakeup);
}

void task_wake_new(struct task *t, s32 waker_cpu)
{
	this_cpu = waker_cpu;
	t->p.__state = TASK_RUNNING;
	CALL(OP_OTHER, t, ops->enable(&t->p));
	t->cpu = select_cpu(t, SCX_WAKE_FORK);
	enqueue_task(t, SCX_ENQ_CPU_SELECTED);
}

void task_sleep(struct task *t)
{
	struct cpu *c = &cpus[t->cpu];

	t->p.__state = TASK_INTERRUPTIBLE;
	dequeue_task(t);
	schedule(c);
}

void task_yield(struct task *t)
{
	struct cpu *c = &cpus[t->cpu];

	CALL(OP_OTHER, t, ops->yield(&t->p, NULL));
	schedule(c);
}

static void task_free(struct task *t)
{
	free_storages(t);
	t->alive = false;
	event_cancel(&t->timer);
	TAILQ_NEXT(t, dsq_link) = free_tasks;
	free_tasks = t;
}

void task_exit(struct task *t)
{
	struct cpu *c = &cpus[t->cpu];

	t->p.flags |= PF_EXITING;
	t->p.__state = TASK_DEAD;
	dequeue_task(t);
	schedule(c);
	CALL(OP_OTHER, t, ops->disable(&t->p));
	task_free(t);
}

static struct task *task_alloc(void)
{
	static u32 size;
	struct task *t = free_tasks;

	if (t) {
		u32 index = t->index;

		free_tasks = TAILQ_NEXT(t, dsq_link);
		memset(t, 0, sizeof(*t));
		t->index = index;
		return t;
	}
	if (nr_tasks == size) {
		size = size ? 2 * size : 256;
		tasks = realloc(tasks, size * sizeof(*tasks));
		if (!tasks)
			abort();
	}
	t = calloc(1, sizeof(*t));
	if (!t)
		abort();
	t->index = nr_tasks;
	tasks[nr_tasks++] = t;
	return t;
}

/* It is there when the scheduler starts, or comes from another class. */
static void enter_class(struct task *t)
{
	CALL(OP_OTHER, t, ops->enable(&t->p));
	CALL(OP_OTHER, t, ops->set_cpumask(&t->p, t->p.cpus_ptr));
}

struct task *task_new(struct task *parent, u32 nice_weight, const struct mask *mask,
		      struct css_set *css)
{
	struct scx_init_task_args args = { .fork = parent && mutation != MUT_FORK_UNSEEN };
	struct task *t = task_alloc();

	t->p.pid = ++last_pid;
	t->p.__state = TASK_INTERRUPTIBLE;
	t->p.cgroups = css;
	t->p.scx.weight = nice_weight;
	t->mask = *mask;
	t->p.cpus_ptr = (struct cpumask *)&t->mask;
	t->p.nr_cpus_allowed = mask_weight(mask);
	t->cpu = parent ? parent->cpu : mask_any(mask);
	if (!mask_test(mask, t->cpu))
		t->cpu = mask_any(mask);
	t->ddsp_dsq_id = SCX_DSQ_INVALID;
	t->alive = true;
	if (parent) {
		this_cpu = parent->cpu;
		update_curr(&cpus[this_cpu]);
	}
	CALL(OP_OTHER, t, ops->init_task(&t->p, &args));
	if (!parent)
		enter_class(t);
	return t;
}

/* A running task moves to another CPU by way of the stopper thread. */
static void migrate_running(struct task *t)
{
	struct cpu *c = &cpus[t->cpu];

	this_cpu = c->id;
	put_prev(c, t, 0);
	dequeue_task(t);
	t->cpu = mask_any(&t->mask);
	enqueue_task(t, 0);
	schedule(c);
}

static void migrate_waiting(struct task *t)
{
	dequeue_task(t);
	t->cpu = mask_any(&t->mask);
	enqueue_task(t, 0);
}

/* Changes of a task take it off its queue and put it back; a running one keeps its CPU. */
static void change_begin(struct task *t, bool *queued)
{
	*queued = task_is_runnable(t);
	if (*queued)
		dequeue_task(t);
}

static void change_end(struct task *t, bool queued)
{
	if (!queued)
		return;
	if (!t->curr) {
		enqueue_task(t, 0);
		return;
	}
	t->p.scx.flags |= SCX_TASK_QUEUED;
	CALL(OP_OTHER, t, ops->running(&t->p));
}

void task_set_mask(struct task *t, const struct mask *mask)
{
	bool queued;

	trace("task %d may run on %u CPUs", t->p.pid, mask_weight(mask));
	if (task_is_waking(t) || t->p.migration_disabled)
		return;
	change_begin(t, &queued);
	t->mask = *mask;
	t->p.nr_cpus_allowed = mask_weight(mask);
	if (!t->rt)
		CALL(OP_OTHER, t, ops->set_cpumask(&t->p, t->p.cpus_ptr));
	change_end(t, queued);
	if (mask_test(&t->mask, t->cpu))
		return;
	if (t->curr)
		migrate_running(t);
	else if (queued)
		migrate_waiting(t);
}

void task_disable_migration(struct task *t, bool disable)
{
	bool queued;

	if (t->p.migration_disabled == disable)
		return;
	change_begin(t, &queued);
	t->p.migration_disabled = disable;
	t->here = (struct mask){ 0 };
	mask_set(&t->here, t->cpu);
	t->p.cpus_ptr = (struct cpumask *)(disable ? &t->here : &t->mask);
	CALL(OP_OTHER, t, ops->set_cpumask(&t->p, t->p.cpus_ptr));
	change_end(t, queued);
}

void task_set_weight(struct task *t, u32 nice_weight)
{
	bool queued;

	if (task_is_waking(t))
		return;
	change_begin(t, &queued);
	t->p.scx.weight = nice_weight;
	change_end(t, queued);
}

void task_set_rt(struct task *t, bool rt)
{
	if (task_is_runnable(t) || task_is_waking(t) || t->rt == rt)
		return;
	t->rt = rt;
	if (rt)
		CALL(OP_OTHER, t, ops->disable(&t->p));
	else
		enter_class(t);
}

/* --- start --- */

void kernel_start(const struct machine *m)
{
	machine = *m;
	ops = policy_ops();
	enq_last = policy_enq_last();
	idle_init();
	dsq_global();
	for (u32 i = 0; i < machine.nr_cpus; i++) {
		struct cpu *c = &cpus[i];

		c->id = i;
		dsq_init(&c->local, SCX_DSQ_LOCAL);
		c->tick.fn = on_tick;
		c->burst.fn = on_burst;
		c->resched.fn = on_resched;
		c->idle.fn = on_idle;
		c->rt.fn = on_rt_end;
		c->idle_since = sim_now();
		idle_set(i, true);
		if (!machine.ticks_aligned)
			tick_phase[i] = rnd_in(0, TICK_NS - 1);
	}
	policy_place();
	if (ops->init())
		fail("init failed");
}
