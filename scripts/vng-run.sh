#!/bin/bash
# Runs one command in a virtual machine that sees this machine's files.
#
# usage: scripts/vng-run.sh [OPTION]... KERNEL -- CMD [ARG]...
#
# Boots KERNEL (as for vm-run.sh) with virtme-ng: the root file system is the
# machine's own, CMD runs as root in the present directory.  What it writes is
# lost: directories are read-only or have a throw-away layer on top; /var/cache,
# /var/tmp and /run are empty.  For a person's try-out; the tests use
# vm-run.sh, which needs less and boots faster.
#
#   --smp N        CPUs, a number or QEMU's -smp string (default 2)
#   --mem SIZE     memory (default 1G)
#   --timeout SEC  give up after SEC seconds (default 300)
#   --append ARGS  more kernel arguments; may be repeated
#   --console FILE keep the kernel's console here
#
# stdout, exit status and QUMUN_ACCEL: as for vm-run.sh.

set -euo pipefail
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
# shellcheck source=lib/apt.sh
. "$here/lib/apt.sh"
# shellcheck source=lib/tools.sh
. "$here/lib/tools.sh"

smp=2 mem=1G timeout=300 console='' append=()

while (($#)); do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--)
		break
		;;
	--smp | --mem | --timeout | --append | --console)
		(($# >= 2)) || die "$EX_USAGE" "$1: needs a value"
		case $1 in
		--smp) smp=$2 ;;
		--mem) mem=$2 ;;
		--timeout) timeout=$2 ;;
		--append) append+=(--append "$2") ;;
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

qemu=$(engine_qemu)
need cpio vm
need file vm
tool_have_virtme || die "$EX_ENVIRONMENT" "virtme-ng not found; run: scripts/install-deps.sh vm"
kernel=$(guest_kernel "$here" "$kernel")
guest_modules "${kernel%/*}"
accel=$(engine_accel "$qemu" "$kernel")

# --- virtme-ng and its file server -----------------------------------------

vng=(vng)
if ! virtme_installed; then
	root=$(tools_root virtme-ng)
	export PATH=$root/usr/bin:$PATH
	export PYTHONPATH=$root/usr/lib/python3/dist-packages
	vng=("$(virtme_python)" "$root/usr/bin/vng")
fi
if virtiofsd_installed; then
	:
elif virtiofsd_unpacked; then
	PATH=$(tools_root virtiofsd)/wrapper:$PATH
fi

args=()
if [[ $accel == tcg ]]; then
	args+=(--disable-kvm)
	[[ $(engine_args "$qemu" tcg) == *thread=multi* ]] ||
		args+=(--qemu-opts='-accel tcg,thread=single')
fi
# Which way the files travel.  All of Debian's cloud kernels have virtiofs built
# in and no 9p at all.  Kernels without modules (scripts/build-kernel.sh) have
# both, and crash in user space on virtiofs under QEMU 8+ emulation: 9p first.
share=virtiofs
if [[ ! -d ${kernel%/*}/lib/modules ]]; then
	share=9p
elif ! tool_have_virtiofsd; then
	say "virtiofsd not found, sharing files by 9p; scripts/install-deps.sh vm gets it"
	share=9p
fi

# --- run it ----------------------------------------------------------------

# In /tmp whatever TMPDIR says: the guest must see it, and hides /var/tmp.
work=$(mktemp -d /tmp/qumun-vng.XXXXXX)
vng_pid=''
# shellcheck disable=SC2317 # called by the traps
cleanup() {
	# `timeout` passes TERM on to QEMU and virtiofsd, its process group.
	[[ -n $vng_pid ]] && kill "$vng_pid" 2>/dev/null
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

guest_vng_script "$@" >"$work/script"
console=${console:-$work/console}
# FIFOs, not files: QEMU opens each several times, and would overwrite a file.
mkfifo "$work/output" "$work/errors"

# boot: one try.  Sets vng_status.
boot() {
	local relay_pid console_pid
	exec 4<>"$work/output" 5<>"$work/errors"
	guest_relay "$work/status" <"$work/output" 4>&- 5>&- &
	relay_pid=$!
	cat <"$work/errors" >"$console" 4>&- 5>&- &
	console_pid=$!
	vng_status=0
	local share_args=()
	[[ $share == virtiofs ]] || share_args=(--force-9p)
	# TMPDIR: what virtme-ng leaves behind when it gets killed goes with $work.
	TMPDIR=$work timeout -s KILL "$timeout" "${vng[@]}" --verbose --run "$kernel" \
		--cpus "$smp" --memory "$mem" "${args[@]}" "${share_args[@]}" \
		--append 'loglevel=5 nokaslr no_timer_check' "${append[@]}" \
		--exec "bash $work/script" \
		</dev/null >"$work/output" 2>"$work/errors" 4>&- 5>&- &
	vng_pid=$!
	wait "$vng_pid" 2>/dev/null || vng_status=$?
	vng_pid=''
	exec 4>&- 5>&-
	wait "$relay_pid" "$console_pid"
}

start=$SECONDS
boot
# virtme-ng waits three seconds for virtiofsd and then silently takes 9p, which
# Debian's kernels do not have.  On a busy machine that is worth a second try;
# with another kernel the other way of sharing may be the one that it has.  Only
# if the command has not begun.
if [[ ! -e $work/status.started ]] && ((vng_status != 137)); then
	if [[ ! -d ${kernel%/*}/lib/modules ]]; then
		case $share in 9p) share=virtiofs ;; *) share=9p ;; esac
	fi
	say "the VM did not come up, trying once more (files by $share)"
	boot
fi

if [[ -s $work/status ]]; then
	exit "$(<"$work/status")"
fi
if ((vng_status == 137 && SECONDS - start >= timeout)); then
	status=124
	say "no end after $timeout s; the last lines of the console:"
else
	status=125
	say "the VM ended before the command did; the last lines of the console:"
fi
tail -n 60 "$console" | tr -d '\r' >&2
exit "$status"
