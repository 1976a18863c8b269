#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Turns the raw.jsonl of a benchmark into table.txt, results.csv and report.html.

usage: bench-report.py [--trust] DIR

A suite of a run counts only if it ended, its scheduler was in charge until then, and,
where the suite fills the machine, no CPU was left idle. All of a run counts only if its
CPUs were equally fast, at its start and at its end. What does not count is listed as
failed and is in no median. Ratios are to the median of EEVDF.

With --trust: checks what scripts/bench --trust has measured, and ends with 1 if the
benchmark is not to be trusted.
"""
import csv
import html
import json
import math
import os
import re
import statistics
import sys

import bench_speed

REFERENCE = 'eevdf'
SUITES = ('engine', 'wakeup', 'share', 'fair', 'switch', 'stress', 'build', 'redis', 'callbacks')
# In these all CPUs have something to do all the time.
SATURATING = ('wakeup', 'share', 'fair', 'stress', 'redis')
# The loads' own start and end are in the measured time of some.
BUSY_MIN = 95.0
# Smaller differences are not called better or worse, whatever the spread: of several
# runs, and of single ones, which have no spread that could be seen. The latter are
# what EEVDF differed by from itself, and a little more.
NOISE = {False: 0.03, True: 0.10}
# The few longest delays of a run are chance.
TAIL, NOISE_TAIL = ('p99.9', 'max'), {False: 0.10, True: 0.45}
# What sched_ext calls, for names that the kernel has cut off.
OPS = ('select_cpu', 'enqueue', 'dequeue', 'dispatch', 'tick', 'runnable', 'running', 'stopping',
       'quiescent', 'yield', 'set_weight', 'set_cpumask', 'update_idle', 'init_task', 'exit_task',
       'enable', 'disable')
OP_NAME_MAX = 15
# Errors and shares of a percent: what matters is the difference, not its ratio.
POINTS = {False: 1.0, True: 2.0}
COLOURS = ('#4269d0', '#efb118', '#d8423b', '#3ca951', '#9b5de5', '#6b7280', '#00a6a6')
PERCENTILES_SHOWN = (50, 90, 99, 99.9)


def topology(guest):
    """As the machine that measured has seen itself."""
    def some(key, one, many):
        return f'{guest[key]} {one if guest[key] == 1 else many}'
    return ', '.join((some('cpus', 'CPU', 'CPUs'), some('cores', 'core', 'cores'),
                      some('llcs', 'last-level cache', 'last-level caches'),
                      some('nodes', 'NUMA node', 'NUMA nodes')))


class Suite:
    """One suite of one run."""

    def __init__(self):
        self.ended = False
        self.failed = ''
        self.values = {}
        self.distributions = {}

    def share_errors(self, metrics):
        """(distance in points, what was asked) of those of @metrics that were measured"""
        return [(abs(statistics.fmean(self.values[m]) - self.values['asked ' + m][0]),
                 self.values['asked ' + m][0]) for m in metrics if 'asked ' + m in self.values]


class Results:
    """All runs: self.runs[scheduler][run][suite]."""

    def __init__(self, lines):
        self.meta = {}
        self.finished = False
        self.wall = 0.0
        self.runs = {}
        self.vm_failures = []
        self.again = []
        self.metrics = {}
        self.damaged = 0
        self.topologies = set()
        self.commands = {}
        self.loads = {}
        for line in lines:
            try:
                self.add(json.loads(line))
            except (ValueError, KeyError, TypeError):
                # The last line of an interrupted run may be half a line.
                self.damaged += 1
        self.meta['topology'] = '; '.join(sorted(self.topologies)) or 'unknown'
        if self.commands:
            self.meta['commands'] = '; '.join(self.commands)
        self.judge()

    def add(self, r):
        if 'meta' in r:
            self.meta = r['meta']
        elif 'guest' in r:
            self.topologies.add(topology(r['guest']))
        elif 'finished' in r:
            self.finished, self.wall = r['finished'], r['wall_seconds']
        elif r.get('vm') == 'failed':
            self.vm_failures.append((r['sched'], r['run'], r['why']))
        elif r.get('vm') == 'again':
            self.forget(r['sched'], r['run'])
            self.again.append((r['sched'], r['run'], r['why']))
        elif 'command' in r:
            self.commands[f"{r['suite']}: {r['command']}"] = True
        elif 'load' in r:
            self.loads.setdefault(r['sched'], {}).setdefault(r['load'], []).append(r)
        elif 'suite' in r:
            suite = self.runs.setdefault(r['sched'], {}).setdefault(r['run'], {}) \
                .setdefault(r['suite'], Suite())
            if 'end' in r:
                suite.ended, suite.failed = True, r['failed']
            elif 'distribution' in r:
                suite.distributions[r['distribution']] = r['points']
            else:
                suite.values.setdefault(r['metric'], []).append(float(r['value']))
                self.metrics.setdefault((r['suite'], r['metric']), r)
                if 'asked' in r:
                    suite.values.setdefault('asked ' + r['metric'], []).append(r['asked'])

    def forget(self, sched, run):
        """The machine is booted again: nothing that came from it until now counts."""
        self.runs.get(sched, {}).pop(run, None)
        loads = self.loads.get(sched, {})
        for load in loads:
            loads[load] = [r for r in loads[load] if r['run'] != run]

    def engine_fault(self, suites):
        """What makes all of a run worthless, or ''. Real CPUs may be as unequal as they
        are; emulated ones are so by a fault."""
        engine = suites.get('engine', Suite()).values
        expected = [when for step, when in (('engine', ''), ('engine_end', ' at the end'))
                    if step in self.meta.get('suites', '').split() and
                    # A machine that died before that is reported as such.
                    (step == 'engine' or suites.get(step, Suite()).ended)]
        if self.meta.get('time', 'icount') != 'icount':
            return ''
        for when in ('', ' at the end'):
            if 'slowest CPU' + when not in engine:
                if when in expected:
                    return f'whether the CPUs were equal{when} was not measured'
                continue
            slow = min(engine['slowest CPU' + when])
            fast = max(engine.get('fastest CPU' + when, [100.0]))
            if bench_speed.unequal(slow, fast):
                return f'the CPUs were not equal{when}: {bench_speed.unequal(slow, fast)}'
        return ''

    def judge(self):
        """Says of each suite of each run why it does not count."""
        for runs in self.runs.values():
            for suites in runs.values():
                fault = self.engine_fault(suites)
                for name, suite in suites.items():
                    busy = min(suite.values.get('busy', [math.nan]))
                    if not suite.ended:
                        suite.failed = 'did not end'
                    elif suite.failed:
                        pass
                    elif fault:
                        suite.failed = fault
                    elif name in SATURATING and math.isnan(busy):
                        suite.failed = 'how busy the CPUs were was not measured'
                    elif name in SATURATING and busy < BUSY_MIN:
                        suite.failed = f'left CPUs idle: {busy:.1f} % busy'

    def schedulers(self):
        named = list(self.meta.get('schedulers', {}))
        return named + [s for s in self.runs if s not in named]

    def good(self, sched, suite):
        for suites in self.runs.get(sched, {}).values():
            if suite in suites and not suites[suite].failed:
                yield suites[suite]

    def samples(self, sched, suite, metric):
        """One number per run that counts."""
        return [statistics.fmean(s.values[metric]) for s in self.good(sched, suite)
                if metric in s.values]

    def failures(self):
        found = [(s, r, 'VM', why) for s, r, why in self.vm_failures]
        for sched, runs in self.runs.items():
            for run, suites in sorted(runs.items()):
                found += [(sched, run, n, s.failed) for n, s in suites.items() if s.failed]
        return found

    def partial(self):
        return not self.finished or bool(self.vm_failures)


def spread(samples):
    """Half the distance of the extremes, as part of the median; 0 for a single run."""
    middle = statistics.median(samples)
    return (max(samples) - min(samples)) / 2 / abs(middle) if middle else 0.0


def compare(samples, reference, better, unit, metric):
    """(ratio of medians, 'better' | 'worse' | 'same' | '')."""
    if not samples or not reference:
        return None, ''
    single = min(len(samples), len(reference)) == 1
    points = statistics.median(samples) - statistics.median(reference)
    if not statistics.median(reference):
        # No ratio to nothing, but a loss is a loss.
        if better not in ('less', 'more') or unit not in ('%', 'points'):
            return None, ''
        if abs(points) < POINTS[single]:
            return None, 'same'
        return None, 'better' if (points < 0) == (better == 'less') else 'worse'
    ratio = statistics.median(samples) / statistics.median(reference)
    if better not in ('less', 'more'):
        return ratio, ''
    least = NOISE_TAIL if metric.endswith(TAIL) else NOISE
    noise = max(least[single], spread(samples) + spread(reference))
    if abs(ratio - 1) <= noise or (unit in ('%', 'points') and abs(points) < POINTS[single]):
        return ratio, 'same'
    return ratio, 'better' if (ratio < 1) == (better == 'less') else 'worse'


def place(suite, metric):
    """Where a metric's row is: schedulers measure different shares, and end at
    different times. Within a suite as measured, but shares by weight."""
    weight = re.fullmatch(r'share at (\d+)', metric)
    return (SUITES.index(suite) if suite in SUITES else len(SUITES),
            int(weight[1]) if weight else math.inf)


def rows(results):
    """One per metric: dict of suite, metric, unit, better, cells by scheduler."""
    metrics = [(s, m, r['unit'], r['better']) for (s, m), r in results.metrics.items()
               if m != 'busy']
    metrics.sort(key=lambda m: place(m[0], m[1]))
    shares = [m[1] for m in metrics if m[0] == 'share']
    table = []
    for suite, metric, unit, better in metrics:
        table.append(row(results, suite, metric, unit, better,
                         lambda sched, s=suite, m=metric: results.samples(sched, s, m)))
    if shares:
        # Who is asked for more kinds of shares is not to be compared by all of them.
        measured = [{m for m in shares if results.samples(s, 'share', m)}
                    for s in results.schedulers()]
        common = set.intersection(*(m for m in measured if m)) if any(measured) else set()
        at = 1 + max(i for i, r in enumerate(table) if r['suite'] == 'share')
        table[at:at] = [
            row(results, 'share', 'share error, mean of rows that all have', 'points', 'less',
                lambda sched: [statistics.fmean(e for e, _ in s.share_errors(common))
                               for s in results.good(sched, 'share') if s.share_errors(common)]),
            row(results, 'share', 'share error, largest', '% of asked', '',
                lambda sched: [max(100 * e / asked for e, asked in s.share_errors(shares))
                               for s in results.good(sched, 'share') if s.share_errors(shares)]),
        ]
    return table


def row(results, suite, metric, unit, better, samples_of):
    """One row; @samples_of(scheduler): one number per run that counts"""
    reference = samples_of(REFERENCE)
    cells = {}
    for sched in results.schedulers():
        samples = samples_of(sched)
        if not samples:
            continue
        ratio, mark = compare(samples, reference, better, unit, metric)
        asked = results.samples(sched, suite, 'asked ' + metric)
        cells[sched] = {
            'median': statistics.median(samples), 'spread': spread(samples),
            'runs': len(samples), 'mark': '' if sched == REFERENCE else mark,
            # What is asked of each is another question to each.
            'ratio': None if unit == '% of asked' else ratio,
            'asked': asked[0] if asked else None,
        }
    return {'suite': suite, 'metric': metric, 'unit': unit, 'better': better, 'cells': cells}


# --- callbacks ---------------------------------------------------------------

def op_name(program):
    """qumun_select_cp: select_cpu"""
    op = program.split('_', 1)[-1]
    if len(program) == OP_NAME_MAX:
        op = next((o for o in OPS if o.startswith(op)), op)
    return op


class Load:
    """What the callbacks of a scheduler cost under one load, all runs together.

    In ns for each context switch. Where time is a count of instructions, all CPUs share
    it: while another one has its turn in the middle of a callback, time goes on. So what
    was measured is divided by the number of CPUs that had something to do.
    """

    def __init__(self, records, is_icount):
        self.switches = sum(r['uncounted']['switches'] for r in records)
        counted = sum(r['counted']['switches'] for r in records)
        self.ops = {}

        def cpus(r, run):
            return max(1.0, r['cpus'] * r[run]['busy'] / 100)

        def time(run):
            return sum(r[run]['ns'] * (1 if is_icount else cpus(r, run)) for r in records)
        self.switch_ns = time('uncounted') / max(1, self.switches)
        self.counted_ns = time('counted') / max(1, counted)
        for r in records:
            for program in r['programs']:
                op = self.ops.setdefault(op_name(program['name']), [0.0, 0.0, 0])
                op[0] += program['calls'] / max(1, counted)
                op[1] += program['ns'] / (cpus(r, 'counted') if is_icount else 1) / max(1, counted)
                op[2] = program['verified']
        self.ops_ns = sum(ns for _, ns, _ in self.ops.values())


def loads(results):
    """scheduler -> load -> Load"""
    is_icount = results.meta.get('time', 'icount') == 'icount'
    return {sched: {name: Load(records, is_icount) for name, records in by_name.items()}
            for sched, by_name in results.loads.items()}


def callbacks_text(results):
    lines = []
    every = loads(results)
    for sched, by_name in every.items():
        for name, load in by_name.items():
            reference = every.get(REFERENCE, {}).get(name)
            lines += ['', f'{sched}, {name}: {load.switch_ns:.0f} ns per switch '
                      f'({load.counted_ns:.0f} while callbacks are counted)' +
                      (f', {load.switch_ns / reference.switch_ns:.2f} x EEVDF'
                       if reference and sched != REFERENCE else '')]
            if not load.ops:
                continue
            lines.append(f"  {'callback':<12}{'calls/switch':>14}{'ns/call':>10}"
                         f"{'ns/switch':>11}{'share':>8}{'verified':>10}")

            def line(op, calls, ns, verified='', total=load.switch_ns):
                per_call = f'{ns / calls:.0f}' if calls else ''
                calls = f'{calls:.3f}' if calls else ''
                lines.append(f'  {op:<12}{calls:>14}{per_call:>10}{ns:>11.0f}'
                             f'{100 * ns / total:>6.1f} %{verified:>10}')
            for op, (calls, ns, verified) in sorted(load.ops.items(), key=lambda o: -o[1][1]):
                if calls:
                    line(op, calls, ns, verified)
            line('all of them', 0, load.ops_ns)
            line('the rest', 0, load.switch_ns - load.ops_ns)
    if lines:
        lines += ['', 'verified: instructions that the verifier went through. The rest: the load itself,',
                  'the kernel, and what it does before and after a callback.']
    return lines


def number(x):
    if x is None:
        return ''
    if abs(x) >= 1000:
        return f'{x:.0f}'
    return f'{x:.3g}'


SIGNS = {'better': '+', 'worse': '-', 'same': '=', '': ' '}


def cell_text(cell, is_reference, runs):
    if cell is None:
        return 'failed' if runs else ''
    text = number(cell['median'])
    if cell['spread']:
        text += f" ±{100 * cell['spread']:.0f}%"
    if cell['asked'] is not None:
        return f"{cell['median']:.1f} of {cell['asked']:.1f}" + (
            f" ±{cell['spread'] * cell['median']:.1f}" if cell['runs'] > 1 else '')
    if not is_reference and cell['ratio'] is not None:
        text += f" {cell['ratio']:.2f}x{SIGNS[cell['mark']]}"
    elif not is_reference and cell['mark'] in ('better', 'worse'):
        text += ' ' + SIGNS[cell['mark']]
    return text


def text_table(results, table):
    scheds = results.schedulers()
    lines = []
    if results.partial():
        lines += ['PARTIAL RESULTS: the benchmark did not run to its end.', '']
    body, suite = [], None
    for row in table:
        if row['suite'] != suite:
            suite = row['suite']
            body.append([suite.upper()] + [''] * len(scheds))
        ran = {s: any(row['suite'] in x for x in results.runs.get(s, {}).values()) for s in scheds}
        body.append([f"  {row['metric']}, {row['unit']}"] +
                    [cell_text(row['cells'].get(s), s == REFERENCE,
                               ran[s] and row['suite'] != 'share') for s in scheds])
    header = [''] + scheds
    widths = [max(len(r[i]) for r in [header] + body) for i in range(len(header))]
    for r in [header] + body:
        lines.append('  '.join([r[0].ljust(widths[0])] +
                               [c.rjust(w) for c, w in zip(r[1:], widths[1:])]).rstrip())
    lines += ['', 'Median over the runs, ± half their range, ratio to EEVDF. + better, - worse,',
              '= no difference beyond the spread; at least 3 % (p99.9, max: 10 %), of single runs 10 % (45 %);',
              '  for percents 1 point (2). "x of y": share, and what was asked for.']
    lines += callbacks_text(results)
    failures = results.failures()
    if failures:
        lines += ['', 'FAILED, and in no figure above:']
        lines += [f'  {s}, run {r}, {n}: {why}' for s, r, n, why in failures]
    if results.again:
        lines += ['', 'Booted again, since their CPUs were not equal: ' +
                  '; '.join(f'{s}, run {r}: {why}' for s, r, why in results.again)]
    meta = results.meta
    lines += ['', f"Kernel {meta.get('kernel')}, {meta.get('topology')}; {meta.get('engine')}.",
              f"{meta.get('version')}; {meta.get('tools')}."]
    lines += [f'{name}: {command}' for name, command in meta.get('schedulers', {}).items() if command]
    lines += [
              f"Seed {meta.get('seed')}, {meta.get('runs')} runs, {results.wall / 60:.1f} min: "
              f"{meta.get('command')}"]
    lines += [f'  {command}' for command in results.commands]
    return '\n'.join(lines) + '\n'


def write_csv(path, results, table):
    with open(path, 'w', newline='', encoding='utf-8') as f:
        for key, value in results.meta.items():
            f.write(f'# {key}: {value}\n')
        if results.partial():
            f.write('# partial: true\n')
        out = csv.writer(f)
        out.writerow(('suite', 'metric', 'unit', 'better', 'scheduler', 'median', 'spread',
                      'runs', 'ratio', 'mark', 'asked'))
        for row in table:
            for sched, c in row['cells'].items():
                out.writerow((row['suite'], row['metric'], row['unit'], row['better'], sched,
                              f"{c['median']:.6g}", f"{c['spread']:.4f}", c['runs'],
                              '' if c['ratio'] is None else f"{c['ratio']:.4f}", c['mark'],
                              '' if c['asked'] is None else c['asked']))
        for sched, by_name in loads(results).items():
            for name, load in by_name.items():
                for op, ns in (('a switch', load.switch_ns),
                               *((o, values[1]) for o, values in load.ops.items())):
                    out.writerow(('callbacks', f'{name}: {op}', 'ns/switch', '', sched,
                                  f'{ns:.6g}', '', len(results.loads[sched][name]), '', '', ''))
        for sched, run, name, why in results.failures():
            out.writerow((name, 'FAILED: ' + why, '', '', sched, '', '', run, '', '', ''))


# --- pictures ------------------------------------------------------------------

class Plot:
    """An SVG with a frame, a logarithmic x axis and a y axis by hand."""

    def __init__(self, width, height, low, high, left=70):
        self.width, self.height, self.left, self.bottom = width, height, left, 40
        self.right = 30
        self.low, self.high = math.log10(low), math.log10(high)
        self.parts = []

    def x(self, value):
        part = (math.log10(max(value, 1e-9)) - self.low) / (self.high - self.low)
        return self.left + min(max(part, 0), 1) * (self.width - self.left - self.right)

    def text(self, x, y, text, anchor='middle', colour='#374151', size=12):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" '
                          f'font-size="{size}" fill="{colour}">{html.escape(str(text))}</text>')

    def line(self, x1, y1, x2, y2, colour='#e5e7eb', width=1):
        self.parts.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                          f'stroke="{colour}" stroke-width="{width}"/>')

    def path(self, points, colour):
        d = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
        self.parts.append(f'<polyline points="{d}" fill="none" stroke="{colour}" '
                          'stroke-width="2"/>')

    def dot(self, x, y, colour, label):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}">'
                          f'<title>{html.escape(label)}</title></circle>')

    def grid(self, ticks, unit):
        for t in ticks:
            x = self.x(t)
            self.line(x, 10, x, self.height - self.bottom)
            self.text(x, self.height - self.bottom + 18, f'{t:g}')
        self.text(self.width - self.right, self.height - 4, unit, 'end')

    def svg(self):
        return (f'<svg viewBox="0 0 {self.width} {self.height}" role="img" '
                f'style="max-width:{self.width}px;width:100%">{"".join(self.parts)}</svg>')


def merged_distribution(results, sched, suite, name):
    """The median over the runs at each percentile."""
    by_percent = {}
    for s in results.good(sched, suite):
        for percent, value in s.distributions.get(name, []):
            by_percent.setdefault(percent, []).append(value)
    return [(p, statistics.median(v)) for p, v in sorted(by_percent.items())]


def plot_delays(results, name, colours):
    curves = {s: merged_distribution(results, s, 'wakeup', name) for s in colours}
    curves = {s: c for s, c in curves.items() if c}
    if not curves:
        return ''
    plot = Plot(760, 320, 10, max(100000, *(c[-1][1] for c in curves.values())))

    def y(percent):
        # 1, 10, 50 ... 99.9: the tail is what it is about.
        depth = -math.log10(max(1 - percent / 100, 5e-4))
        return plot.height - plot.bottom - depth / 3.31 * (plot.height - plot.bottom - 10)
    plot.grid((10, 100, 1000, 10000, 100000), 'µs')
    for p in PERCENTILES_SHOWN:
        plot.line(plot.left, y(p), plot.width - plot.right, y(p))
        plot.text(plot.left - 6, y(p) + 4, f'{p:g} %', 'end')
    for sched, curve in curves.items():
        plot.path([(plot.x(max(v, 10)), y(p)) for p, v in curve], colours[sched])
    return plot.svg()


def plot_ratios(results, table, colours):
    shown = [r for r in table if r['better'] and r['suite'] != 'engine'
             and any(c['ratio'] and s != REFERENCE for s, c in r['cells'].items())]
    if not shown:
        return ''
    plot = Plot(900, 24 * len(shown) + 60, 0.05, 20, left=270)
    plot.grid((0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20), 'times as good as EEVDF')
    plot.line(plot.x(1), 10, plot.x(1), plot.height - plot.bottom, '#111827', 2)
    for i, row in enumerate(shown):
        y = 24 * i + 24
        plot.text(plot.left - 8, y + 4, f"{row['suite']}: {row['metric']}", 'end')
        for sched, cell in row['cells'].items():
            if sched == REFERENCE or not cell['ratio']:
                continue
            good = 1 / cell['ratio'] if row['better'] == 'less' else cell['ratio']
            plot.dot(plot.x(good), y, colours[sched], f'{sched}: {good:.2f} times as good')
    return plot.svg()


def plot_shares(results, table, colours):
    plot = Plot(480, 420, 1, 10)
    size = plot.height - plot.bottom - 10

    def at(share):
        return plot.left + share / 100 * size, plot.height - plot.bottom - share / 100 * size
    for share in (0, 25, 50, 75, 100):
        x, y = at(share)
        plot.line(plot.left, y, plot.left + size, y)
        plot.line(x, 10, x, plot.height - plot.bottom)
        plot.text(plot.left - 6, y + 4, f'{share} %', 'end')
        plot.text(x, plot.height - plot.bottom + 18, f'{share} %')
    plot.line(*at(0), *at(100), '#9ca3af', 2)
    any_dot = False
    for row in table:
        for sched, cell in row['cells'].items():
            if cell['asked'] is not None:
                any_dot = True
                plot.dot(at(cell['asked'])[0], at(cell['median'])[1], colours[sched],
                         f"{sched}, {row['metric']}: asked {cell['asked']:.1f} %, "
                         f"measured {cell['median']:.1f} %")
    return plot.svg() if any_dot else ''


def html_page(results, table):
    scheds = results.schedulers()
    colours = {s: COLOURS[i % len(COLOURS)] for i, s in enumerate(scheds)}
    legend = ' '.join(f'<span><b style="background:{colours[s]}"></b>{html.escape(s)}</span>'
                      for s in scheds)
    body = []
    if results.partial():
        body.append('<p class="worse">Partial results: the benchmark did not run to its end.</p>')
    for title, picture in (
            ('Better or worse than EEVDF', plot_ratios(results, table, colours)),
            ('Delay of wakeups: the further left, the better', plot_delays(results, 'wakeup', colours)),
            ('Time of a frame: the further left, the better', plot_delays(results, 'frame', colours)),
            ('Share: asked (across) and measured (up)', plot_shares(results, table, colours))):
        if picture:
            body.append(f'<h2>{title}</h2><p class="legend">{legend}</p>{picture}')
    body.append('<h2>Figures</h2><table><tr><th></th>' +
                ''.join(f'<th>{html.escape(s)}</th>' for s in scheds) + '</tr>')
    for row in table:
        body.append(f"<tr><td>{html.escape(row['suite'])}: {html.escape(row['metric'])}, "
                    f"{html.escape(row['unit'])}</td>")
        for s in scheds:
            cell = row['cells'].get(s)
            mark = cell['mark'] if cell else ''
            body.append(f'<td class="{mark}">{html.escape(cell_text(cell, s == REFERENCE, False))}</td>')
        body.append('</tr>')
    body.append('</table>')
    callbacks = '\n'.join(callbacks_text(results)[1:])
    if callbacks:
        body.append(f'<h2>Callbacks</h2><pre>{html.escape(callbacks)}</pre>')
    if results.failures():
        body.append('<h2 class="worse">Failed, and in no figure</h2><ul>')
        body += [f'<li>{html.escape(s)}, run {r}, {html.escape(n)}: {html.escape(w)}</li>'
                 for s, r, n, w in results.failures()]
        body.append('</ul>')
    body.append('<h2>How</h2><table>')
    body += [f'<tr><td>{html.escape(k)}</td><td>{html.escape(str(v))}</td></tr>'
             for k, v in results.meta.items()]
    body.append('</table>')
    return f'''<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>scx_qumun: benchmark</title>
<style>
body {{ font: 15px/1.5 sans-serif; max-width: 1000px; margin: 2em auto; padding: 0 1em; color: #111827 }}
table {{ border-collapse: collapse; font-size: 13px }}
td, th {{ padding: 2px 8px; border-bottom: 1px solid #e5e7eb; text-align: right }}
td:first-child {{ text-align: left }}
.better {{ color: #15803d }} .worse {{ color: #b91c1c }}
.legend span {{ margin-right: 1em }}
.legend b {{ display: inline-block; width: 12px; height: 12px; border-radius: 6px; margin-right: 4px }}
</style></head><body><h1>scx_qumun: benchmark</h1>
{''.join(body)}
</body></html>
'''


# --- trust -----------------------------------------------------------------------

# EEVDF against EEVDF: how far a ratio may be from 1, by row or else by kind of row, in
# single runs; with percents the distance in points.
SAME = {('switch', 'pipe, pinned'): 0.05, ('build', 'fixed work'): 0.05,
        ('switch', 'pipe, free'): 0.20, ('wakeup', 'wakeup p99'): 0.20,
        # 11.9 and 13.8 us in two short runs: whether a receiver finds one message or several
        # depends on moments
        ('switch', 'messages'): 0.30,
        # A slice ends at a tick, after 4 or 8 ms, and the 99 % lie where the one turns into
        # the other: 6.5 and 8.1 ms in two short runs
        ('fair', 'wait of a hog p99'): 1.0,
        # of 4000 samples: 1166 and 1694 us in two runs
        ('wakeup', 'cyclictest p99'): 1.0, ('wakeup', 'cyclictest max'): 2.0}
SAME_OTHERS, SAME_TAIL, SAME_POINTS = 0.15, 1.0, 4.0
# What slices of 20 ms must make worse, and by how much at least. Not wakeups: who
# wakes up takes the CPU at once, however long the slice of the one that has it.
HANDICAP = {('fair', 'wait of a hog p50'): 1.5, ('fair', 'wait of a hog p99'): 1.5}


def trust(results, table):
    """Prints TAP; returns whether all is well."""
    checks = []
    cells = {(r['suite'], r['metric']): r['cells'] for r in table}

    def median(sched, key):
        cell = cells.get(key, {}).get(sched)
        return cell['median'] if cell else None

    def check(text, key, a, b, is_good, expected):
        known = a is not None and b is not None
        checks.append((known and is_good(a, b), f'{text}, {key[1]}: ' +
                       (f'{number(b)} to {number(a)}, {expected}' if known else 'not measured')))
    for r in table:
        key = (r['suite'], r['metric'])
        is_asked = any(c['asked'] is not None for c in r['cells'].values())
        if r['suite'] == 'engine' or (not r['better'] and not is_asked):
            continue
        a, b = median(REFERENCE, key), median('eevdf-again', key)
        if a is None and b is None:
            continue
        if r['unit'] in ('%', 'points'):
            check('EEVDF against EEVDF', key, a, b, lambda a, b: abs(a - b) <= SAME_POINTS,
                  f'within {SAME_POINTS:g} points expected')
            continue
        bound = SAME.get(key, SAME_TAIL if key[1].endswith(TAIL) else SAME_OTHERS)
        check('EEVDF against EEVDF', key, a, b,
              lambda a, b, bound=bound: 1 / (1 + bound) <= b / a <= 1 + bound if a else not b,
              f'a factor of at most {1 + bound:g} expected')
    for key, least in HANDICAP.items():
        if key[0] in results.meta.get('suites', '').split():
            check('slices of 20 ms', key, median('scx_qumun', key), median('handicapped', key),
                  lambda a, b, least=least: a > 0 and b / a >= least,
                  f'{least:g} times or more expected')
    print(f'1..{len(checks)}')
    for i, (ok, text) in enumerate(checks, 1):
        print(f"{'ok' if ok else 'not ok'} {i} - {text}")
    return bool(checks) and all(ok for ok, _ in checks)


def main():
    args = sys.argv[1:]
    check = args[:1] == ['--trust']
    if check:
        args = args[1:]
    if len(args) != 1:
        print('usage: bench-report.py [--trust] DIR', file=sys.stderr)
        return 2
    path = os.path.join(args[0], 'raw.jsonl')
    try:
        with open(path, encoding='utf-8') as f:
            results = Results(f)
    except OSError as error:
        print(f'bench-report: {path}: {error.strerror}', file=sys.stderr)
        return 7
    if 'schedulers' not in results.meta:
        print(f'bench-report: {path}: no results of a benchmark', file=sys.stderr)
        return 7
    table = rows(results)
    text = text_table(results, table)
    with open(os.path.join(args[0], 'table.txt'), 'w', encoding='utf-8') as f:
        f.write(text)
    write_csv(os.path.join(args[0], 'results.csv'), results, table)
    with open(os.path.join(args[0], 'report.html'), 'w', encoding='utf-8') as f:
        f.write(html_page(results, table))
    sys.stdout.write(text)
    if check and not trust(results, table):
        return 1
    return 0 if not results.failures() and not results.partial() else 1


if __name__ == '__main__':
    sys.stdout.reconfigure(encoding='utf-8')
    sys.exit(main())
