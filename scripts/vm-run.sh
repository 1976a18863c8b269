#!/bin/bash
# Runs one command in a small virtual machine with a given kernel.
#
# usage: scripts/vm-run.sh [OPTION]... KERNEL -- CMD [ARG]...
#
# KERNEL is a bzImage/vmlinuz, a directory that holds one, or a name that
# scripts/fetch-kernel.sh knows (6.12, 6.18, 7.3, latest ...).  The guest has
# busybox and the files named with --file (with their shared libraries), no
# modules, no disk and no network beyond lo.  CMD is not found unless it is a
# busybox applet or was brought in by --file.
#
#   --file HOST[:GUEST]  copy a file or directory in (GUEST: same path as HOST)
#   --smp SMP            CPUs, a number or QEMU's -smp string (default 2)
#   --cpu MODEL          QEMU's -cpu (default max)
#   --mem SIZE           memory (default 1G)
#   --timeout SEC        give up after SEC seconds (default 120)
#   --append 'ARGS'      more kernel arguments; may be repeated
#   --qemu-arg ARG       one more argument for QEMU; may be repeated
#   --console FILE       keep the kernel's console here
#
# Two last-level caches with SMT: --smp 8,sockets=1,dies=2,cores=2,threads=2
# --cpu max,vendor=GenuineIntel,level=0x1e  (without level= QEMU 10 aborts when
# the guest reads CPUID leaf 0x1f).
#
# A guest that does not come up in two minutes is booted again, twice at most, if --timeout
# leaves time for that.
#
# stdout: what CMD wrote to its stdout and stderr.  Exit status: that of CMD;
# 124 after the timeout; 125 when the VM died before CMD ended (a panic, QEMU
# refused to start ...); 2 usage; 6 a tool is missing.  After 124 and 125 the
# end of the console is on stderr.  QUMUN_ACCEL=kvm|tcg chooses the engine.

set -euo pipefail
# The output is bytes, not characters of whatever locale this runs in.
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=lib/initramfs.sh
. "$here/lib/initramfs.sh"
# shellcheck source=lib/vm-engine.sh
. "$here/lib/vm-engine.sh"
# shellcheck source=lib/vm-guest.sh
. "$here/lib/vm-guest.sh"

smp=2 cpu=max mem=1G timeout=120 console='' append=''
# How long a guest may need until its first program runs: 5 s, or some 20 on a
# busy host.
boot_seconds=120
files=() qemu_extra=()

while (($#)); do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--)
		break
		;;
	--smp | --cpu | --mem | --timeout | --append | --qemu-arg | --file | --console)
		(($# >= 2)) || die "$EX_USAGE" "$1: needs a value"
		case $1 in
		--smp) smp=$2 ;;
		--cpu) cpu=$2 ;;
		--mem) mem=$2 ;;
		--timeout) timeout=$2 ;;
		--append) append+=" $2" ;;
		--qemu-arg) qemu_extra+=("$2") ;;
		--file) files+=("$2") ;;
		--console) console=$2 ;;
		esac
		shift 2
		;;
	-*) die "$EX_USAGE" "$1: unknown option; see --help" ;;
	*)
		[[ -z ${kernel:-} ]] || die "$EX_USAGE" "$1: one kernel only, and -- before the command"
		kernel=$1
		shift
		;;
	esac
done
[[ -n ${kernel:-} ]] || die "$EX_USAGE" "no kernel given; see --help"
[[ ${1:-} == -- ]] && shift
(($#)) || die "$EX_USAGE" "no command given; see --help"
is_number "$timeout" 1 || die "$EX_USAGE" "--timeout $timeout: expected seconds, 1 or more"

need cpio vm
need timeout vm
qemu=$(engine_qemu)
kernel=$(guest_kernel "$here" "$kernel")
accel=$(engine_accel "$qemu" "$kernel")
mapfile -t accel_args < <(engine_args "$qemu" "$accel")

work=$(mktemp -d "${TMPDIR:-/tmp}/qumun-vm.XXXXXX")
qemu_pid=''
# shellcheck disable=SC2317 # called by the traps
cleanup() {
	# `timeout` passes TERM on to QEMU.
	[[ -n $qemu_pid ]] && kill "$qemu_pid" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# --- the guest -------------------------------------------------------------

root=$work/root
initramfs_begin "$root"
for f in "${files[@]}"; do
	host=${f%%:*}
	guest=${f#"$host"}
	guest=${guest#:}
	initramfs_add "$root" "$host" "${guest:-$(realpath -s "$host")}"
done
mkdir -p "$root/etc/vm-run"
guest_quote "$@" >"$root/etc/vm-run/command"
guest_init >"$root/init"
chmod +x "$root/init"
initramfs_pack "$root" "$work/initrd"
rm -rf "$root"

# --- run it ----------------------------------------------------------------

console=${console:-$work/console}
: >"$console"
# Two serial ports: kernel messages must not land in the middle of CMD's
# output.  The second is a FIFO, so that the output is seen while it comes.
# This shell holds it open too: whoever opens it next then never blocks, also
# not when QEMU refuses to start, and the relay ends when fd 4 is closed.
mkfifo "$work/output"
exec 4<>"$work/output"
guest_relay "$work/status" <"$work/output" 4>&- &
relay_pid=$!

args=(
	"${accel_args[@]}" -machine q35 -cpu "$cpu" -smp "$smp" -m "$mem"
	-nodefaults -no-user-config -display none -no-reboot
	-serial "file:$console" -serial "file:$work/output"
	-kernel "$kernel" -initrd "$work/initrd"
	# nokaslr: addresses in a trace match the vmlinux.  loglevel 5: warnings
	# and worse; the rest is in dmesg and would only delay the boot.
	# no_timer_check: on a busy host an emulated timer comes too late for the
	# kernel's self-test at boot, which then panics (seen, not theory). And an emulated
	# CPU may be away for longer than the 21 s after which RCU calls that a stall, which
	# makes newer kernels end a sched_ext scheduler.
	-append "console=ttyS0,115200 loglevel=5 panic=-1 nokaslr no_timer_check rcupdate.rcu_cpu_stall_timeout=90$append"
	"${qemu_extra[@]}"
)
# boot: one try.  Sets qemu_status; fails if the guest's first program did not
# begin in time.
boot() {
	local begin=$SECONDS
	qemu_status=0
	timeout -s KILL "$timeout" "$qemu" "${args[@]}" </dev/null >"$work/qemu.log" 2>&1 4>&- &
	qemu_pid=$!
	while [[ ! -e $work/status.started ]] && kill -0 "$qemu_pid" 2>/dev/null; do
		if ((SECONDS - begin >= boot_seconds)); then
			# `timeout` leads a process group of its own.
			kill -KILL -- "-$qemu_pid" 2>/dev/null || true
			wait "$qemu_pid" 2>/dev/null || true
			qemu_pid=''
			return 1
		fi
		sleep 0.2
	done
	wait "$qemu_pid" 2>/dev/null || qemu_status=$?
	qemu_pid=''
}

start=$SECONDS
# An emulated machine may stand still on its way up, without a word on the
# console (seen once in some hundreds of boots).  Nothing of CMD has run then.
for try in 1 2 3; do
	boot && break
	say "the VM has not come up in $boot_seconds s (try $try of 3)"
	start=$SECONDS
done
exec 4>&-
wait "$relay_pid"

if [[ -s $work/status ]]; then
	exit "$(<"$work/status")"
fi
if ((qemu_status == 137 && SECONDS - start >= timeout)); then
	status=124
	began=''
	[[ -e $work/status.started ]] || began=', nor a beginning'
	say "no end after $timeout s$began; the last lines of the console:"
elif [[ ! -e $work/status.started ]]; then
	status=125
	say "the VM did not come up; the last lines of the console:"
else
	status=125
	say "the VM ended before the command did; the last lines of the console:"
fi
{
	tail -n 60 "$console" | tr -d '\r'
	cat "$work/qemu.log"
} >&2
exit "$status"
