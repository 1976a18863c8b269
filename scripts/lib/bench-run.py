#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Runs the VMs of `make bench` and collects what they print; scripts/bench calls this.

One VM per scheduler and run.  Every JSON line of a VM is written to raw.jsonl at once,
with the scheduler and the run added, so that whatever happens later is not lost.  A VM
whose CPUs are not equally fast is booted again, twice at most.
"""
import argparse
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import bench_speed

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOOTS_MAX = 3
# The body of the idle loop is far shorter than this.
IDLE_LOOP_BYTES = 256
# Where the kernel is linked to, less where it is loaded to, without KASLR.
KERNEL_MAP = 0xffffffff80000000
PAUSE, NOP2 = b'\xf3\x90', b'\x66\x90'


class Gdb:
    """As much of the protocol of QEMU's debug stub as it takes to change two bytes."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(path)

    def receive(self):
        data = b''
        while (byte := self.sock.recv(1)) != b'$':
            if not byte:
                raise OSError('the debug stub has closed the connection')
        while (byte := self.sock.recv(1)) != b'#':
            if not byte:
                raise OSError('the debug stub has closed the connection')
            data += byte
        self.sock.recv(2)
        self.sock.send(b'+')
        return data.decode()

    def send(self, text):
        self.sock.send(f'${text}#{sum(text.encode()) % 256:02x}'.encode())

    def ask(self, text):
        self.send(text)
        return self.receive()

    def stop(self):
        self.sock.send(b'\x03')
        self.receive()

    def resume(self):
        self.send('D')
        self.sock.close()


def unpause(path, address):
    """Takes the PAUSE out of the guest's idle loop; says whether it was there.

    The emulator ends a virtual CPU's turn at a PAUSE: an idle CPU would give its share
    of the instructions to the others, and a scheduler that leaves CPUs idle look fast.
    """
    gdb = Gdb(path)
    try:
        gdb.stop()
        # By physical address: while the CPU is in user mode, the kernel is not mapped.
        if gdb.ask('Qqemu.PhyMemMode:1') != 'OK':
            return False
        address -= KERNEL_MAP
        code = gdb.ask(f'm{address:x},{IDLE_LOOP_BYTES:x}')
        at = bytes.fromhex(code).find(PAUSE) if not code.startswith('E') else -1
        if at < 0 or gdb.ask(f'M{address + at:x},2:{NOP2.hex()}') != 'OK':
            return False
        return gdb.ask(f'm{address + at:x},2') == NOP2.hex()
    finally:
        gdb.resume()


def poke(path, address, value):
    """Writes a 32-bit variable of the guest's kernel; says whether that worked."""
    gdb = Gdb(path)
    try:
        gdb.stop()
        at, data = f'{address - KERNEL_MAP:x},4', value.to_bytes(4, 'little').hex()
        return (gdb.ask('Qqemu.PhyMemMode:1') == 'OK' and gdb.ask(f'M{at}:{data}') == 'OK' and
                gdb.ask(f'm{at}') == data)
    finally:
        gdb.resume()


class Bench:
    def __init__(self, args):
        self.args = args
        self.lock = threading.Lock()
        self.raw = open(os.path.join(args.out, 'raw.jsonl'), 'a', encoding='utf-8')
        self.jobs = queue.Queue()
        self.total = self.done = 0
        self.failed = 0
        self.began = time.monotonic()
        self.stopping = False
        self.running = set()
        for run in range(1, args.runs + 1):
            for sched in args.sched:
                self.jobs.put((sched, run))
                self.total += 1
        # For the time that is left: steps ended, of all; how long each kind took, and
        # how many of it are still to come. A boot is a step as well.
        self.steps = self.total * len(args.suites)
        self.steps_done = 0
        self.took = {name: [] for name in ['boot', *args.suites]}
        self.ahead = {name: self.total for name in self.took}

    def write(self, record):
        with self.lock:
            self.raw.write(json.dumps(record) + '\n')
            self.raw.flush()

    def step_ended(self, name, seconds):
        """seconds: None if it never ran"""
        with self.lock:
            self.ahead[name] -= 1
            if seconds is not None:
                self.took[name].append(seconds)

    def step_again(self, names, ended):
        """These were for nothing, and are still to come; @ended: of how many it was said"""
        with self.lock:
            self.steps_done -= ended
            for name in names:
                self.ahead[name] += 1

    def minutes_left(self):
        """None until there is anything to go by."""
        known = [seconds for took in self.took.values() for seconds in took]
        if len(known) < 2:
            return None
        usual = sum(known) / len(known)
        left = sum(ahead * (sum(took) / len(took) if took else usual)
                   for took, ahead in ((self.took[n], self.ahead[n]) for n in self.took))
        return left / min(self.args.jobs, self.total) / 60

    def progress(self, text):
        left = self.minutes_left()
        left = '' if left is None else f', about {left:.0f} min left'
        print(f'bench: [{self.steps_done} of {self.steps} steps{left}] {text}',
              file=sys.stderr, flush=True)

    def command(self, sched, run, work):
        """What to start, and its environment, for one scheduler and one run."""
        args = self.args
        name, kind, cmd = sched
        guest = [kind, str(args.seed + run), str(int(args.quick)), *args.suites]
        program, *options = cmd.split() or ['']
        # Not at its own path in a VM: below /tmp, say, it would be out of sight.
        inside = program if args.time == 'here' else f'/bench/sched/{os.path.basename(program)}'
        if cmd:
            guest += ['--', inside, *options]
        env = dict(os.environ)
        if args.time == 'here':
            return ['sh', f'{HERE}/lib/bench-guest.sh', args.stage, *guest], env
        vm = [f'{HERE}/vm-run.sh', '--smp', str(args.cpus), '--mem', '2G',
              '--timeout', str(args.timeout),
              '--console', f'{args.out}/logs/{name}-{run}.console',
              '--file', f'{args.stage}:/bench']
        if cmd:
            vm += ['--file', f'{program}:{inside}']
        if args.time == 'icount':
            os.mkfifo(f'{work}/ctl.in')
            os.mkfifo(f'{work}/ctl.out')
            env['PATH'] = f"{args.qemu}:{env['PATH']}"
            env['QUMUN_ACCEL'] = 'tcg'
            vm += ['--append', ' iomem=relaxed']
            for arg in ('-icount', 'shift=1,align=off,sleep=off', '-machine', 'hpet=off',
                        '-serial', f'pipe:{work}/ctl',
                        '-gdb', f'unix:{work}/gdb,server=on,wait=off'):
                vm += ['--qemu-arg', arg]
        return [*vm, args.kernel, '--', 'sh', '/bench/vm.sh', args.time, str(args.pit_ticks),
                *guest], env

    @staticmethod
    def answer(work, text):
        """To a VM that waits for it."""
        with open(f'{work}/ctl.in', 'w', encoding='ascii') as control:
            control.write(text + '\n')

    def take(self, line, tag, work, addresses):
        """One line of a VM's output; returns its record, if it is one."""
        if line.startswith('@patch '):
            addresses.append(int(line.split()[1], 16))
        elif line == '@patch-end':
            # list(): each of them, also after the first success
            ok = any(list(unpause(f'{work}/gdb', a) for a in addresses))
            self.answer(work, 'ok' if ok else 'no PAUSE found')
        elif line.startswith('@poll '):
            _, address, value = line.split()
            if address == 'unknown':
                self.answer(work, 'the kernel does not show cpu_idle_force_poll')
            else:
                ok = poke(f'{work}/gdb', int(address, 16), int(value))
                self.answer(work, 'ok' if ok else 'the debug stub did not write')
        elif line.startswith('{'):
            record = json.loads(line)
            if 'step' in record:
                self.progress(f"{tag['sched']}, run {tag['run']}: {record['step']}")
                return record
            if 'end' in record:
                self.steps_done += 1
            self.write({**tag, **record})
            return record
        return None

    def one(self, sched, run):
        """One VM, booted until its CPUs are equal; returns why it failed, or ''."""
        for boot in range(1, BOOTS_MAX + 1):
            why, unequal = self.boot(sched, run, boot == BOOTS_MAX)
            if not unequal or self.stopping:
                return why
            self.progress(f'{sched[0]}, run {run}: the CPUs were not equal: {unequal}: once more')
            self.write({'sched': sched[0], 'run': run, 'vm': 'again', 'why': unequal})
        return why

    def boot(self, sched, run, is_last):
        """One boot; returns why it failed, or '', and how unequal its CPUs were, or '': then it
        ends early, and counts for nothing, unless it @is_last."""
        tag = {'sched': sched[0], 'run': run}
        work = tempfile.mkdtemp(prefix='qumun-bench.')
        ended, failed, why, unequal, speeds = 0, 0, '', '', {}
        began = time.monotonic()
        # Of this VM: what it is doing, since when, what comes after that.
        step, since, to_come = 'boot', began, list(self.args.suites)
        command, env = self.command(sched, run, work)
        errors = open(f'{self.args.out}/logs/{sched[0]}-{run}.err', 'w+', encoding='utf-8')
        process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=errors,
                                   stdin=subprocess.DEVNULL, text=True, errors='replace')
        self.running.add(process)
        addresses = []
        try:
            for line in process.stdout:
                line = line.rstrip('\n')
                try:
                    record = self.take(line, tag, work, addresses)
                    if record and 'step' in record:
                        if step == 'boot':
                            self.step_ended(step, time.monotonic() - since)
                        step, since = record['step'], time.monotonic()
                        to_come.remove(step)
                    elif record and 'end' in record:
                        ended += 1
                        self.step_ended(step, time.monotonic() - since)
                        step = ''
                        if record['suite'] in ('engine', 'engine_end') and not is_last:
                            unequal = self.unequal(speeds)
                            if unequal:
                                process.terminate()
                                break
                        if record['failed']:
                            failed += 1
                            self.progress(f"{sched[0]}, run {run}: {record['suite']} "
                                          f"FAILED: {record['failed']}")
                    elif record and record.get('suite') == 'engine' and 'value' in record:
                        speeds[record['metric'].split()[0]] = float(record['value'])
                    elif not line.startswith(('{', '@')):
                        print(line, file=errors, flush=True)
                except (ValueError, OSError) as error:
                    # Without an answer from here the VM would wait for ever.
                    why = why or f'{type(error).__name__}: {error}'
                    process.terminate()
            status = process.wait()
        finally:
            self.running.discard(process)
            shutil.rmtree(work, ignore_errors=True)
        if unequal:
            self.step_again(['boot', *(s for s in self.args.suites if s not in to_come)], ended)
            errors.close()
            return '', unequal
        self.failed += failed
        if ended < len(self.args.suites) or status:
            reason = {124: f'no end after {self.args.timeout} s', 125: 'the VM died'}.get(
                status, f'ended with status {status}')
            why = why or f'{reason} after {ended} of {len(self.args.suites)} suites'
        for name in ([step] if step else []) + to_come:
            self.step_ended(name, None)
        self.steps_done += len(self.args.suites) - ended
        self.write({**tag, 'vm': 'failed' if why else 'ended', 'why': why,
                    'wall_seconds': round(time.monotonic() - began, 1)})
        errors.close()
        return why, ''

    def unequal(self, speeds):
        """How unequal the CPUs of an emulated machine are, or ''."""
        if self.args.time != 'icount' or 'slowest' not in speeds:
            return ''
        return bench_speed.unequal(speeds['slowest'], speeds.get('fastest', 100.0))

    def worker(self):
        while not self.stopping:
            try:
                sched, run = self.jobs.get_nowait()
            except queue.Empty:
                return
            why = self.one(sched, run)
            self.done += 1
            if why and not self.stopping:
                self.failed += 1
                self.progress(f'{sched[0]}, run {run}: FAILED: {why}; '
                              f'see logs/{sched[0]}-{run}.err')

    def stop(self, *_):
        self.stopping = True
        for process in list(self.running):
            process.terminate()

    def run(self):
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        threads = [threading.Thread(target=self.worker) for _ in range(self.args.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.5)
        took = round(time.monotonic() - self.began, 1)
        self.write({'finished': self.done == self.total and not self.stopping,
                    'wall_seconds': took})
        return 1 if self.failed or self.stopping or self.done < self.total else 0


def main():
    parser = argparse.ArgumentParser()
    for name in ('out', 'stage', 'kernel', 'qemu', 'time'):
        parser.add_argument(f'--{name}', default='')
    for name in ('jobs', 'runs', 'seed', 'timeout', 'cpus', 'pit-ticks'):
        parser.add_argument(f'--{name}', type=int, required=True)
    parser.add_argument('--quick', action='store_true')
    parser.add_argument('--meta', type=json.loads, required=True)
    # NAME|KIND|COMMAND
    parser.add_argument('--sched', action='append', type=lambda s: s.split('|', 2), required=True)
    parser.add_argument('suites', nargs='+')
    args = parser.parse_args()
    os.makedirs(f'{args.out}/logs', exist_ok=True)
    bench = Bench(args)
    bench.write({'meta': args.meta})
    return bench.run()


sys.exit(main())
