# shellcheck shell=bash
# Which engine runs a VM: the CPU's own virtualization if it *works*, else
# QEMU's emulation (TCG).  Sourced; needs common.sh and initramfs.sh.
#
# That /dev/kvm exists proves little: in a nested or restricted machine it may
# open, and then not run a stock kernel.  So the chosen kernel is really booted
# once with a tiny initramfs; the verdict is kept for this boot of the host and
# this kernel.
#
# QUMUN_ACCEL=kvm|tcg decides without a probe.

readonly ENGINE_PROBE_SECONDS=15

# Debian's name first; some distributions only ship the generic one.
engine_qemu() {
	local q
	for q in qemu-system-x86_64 qemu-kvm /usr/libexec/qemu-kvm; do
		if have "$q"; then
			command -v "$q"
			return
		fi
	done
	die "$EX_ENVIRONMENT" "qemu-system-x86_64 not found; run: scripts/install-deps.sh vm"
}

engine_qemu_version() { "$1" --version | sed -nE '1s/.*version ([0-9.]+).*/\1/p'; }

# engine_probe QEMU KERNEL: does this kernel reach user space under KVM?
engine_probe() {
	local qemu=$1 kernel=$2 dir ok=1
	dir=$(mktemp -d "${TMPDIR:-/tmp}/qumun-probe.XXXXXX")
	initramfs_begin "$dir/root"
	cat >"$dir/root/init" <<-'INIT'
		#!/bin/busybox sh
		/bin/busybox mount -t devtmpfs dev /dev
		echo qumun-engine-works >/dev/ttyS0
		/bin/busybox reboot -f
	INIT
	chmod +x "$dir/root/init"
	initramfs_pack "$dir/root" "$dir/initrd"
	: >"$dir/console"
	# A broken KVM hangs, stops or exits; only the marker counts.
	timeout -s KILL "$ENGINE_PROBE_SECONDS" "$qemu" -accel kvm -cpu max -smp 2 -m 512M \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "file:$dir/console" -kernel "$kernel" -initrd "$dir/initrd" \
		-append 'console=ttyS0,115200 quiet panic=-1' \
		</dev/null >/dev/null 2>&1 &
	local pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		grep -q qumun-engine-works "$dir/console" && break
		sleep 0.2
	done
	grep -q qumun-engine-works "$dir/console" && ok=0
	kill "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	rm -rf "$dir"
	return "$ok"
}

# engine_accel QEMU KERNEL: prints kvm or tcg.
engine_accel() {
	local qemu=$1 kernel=$2 cache key verdict
	case ${QUMUN_ACCEL:-} in
	kvm | tcg)
		printf '%s\n' "$QUMUN_ACCEL"
		return
		;;
	'') ;;
	*) die "$EX_USAGE" "QUMUN_ACCEL=$QUMUN_ACCEL: expected kvm or tcg" ;;
	esac
	if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
		printf 'tcg\n'
		return
	fi
	cache=$(cache_subdir engine)
	key=$({
		cat /proc/sys/kernel/random/boot_id
		"$qemu" --version
		stat -L -c '%n %s %Y' "$kernel"
	} | sha256sum | cut -c1-32)
	if [[ -s $cache/$key ]]; then
		cat "$cache/$key"
		return
	fi
	say "trying hardware virtualization with this kernel (once, at most $ENGINE_PROBE_SECONDS s)"
	if engine_probe "$qemu" "$kernel"; then verdict=kvm; else verdict=tcg; fi
	say "engine: $verdict"
	# Renamed into place: several VMs may be starting at the same time.
	printf '%s\n' "$verdict" >"$cache/$key.$$"
	mv "$cache/$key.$$" "$cache/$key"
	printf '%s\n' "$verdict"
}

# engine_args QEMU ACCEL: prints the QEMU arguments, one per line.
engine_args() {
	local qemu=$1 accel=$2
	if [[ $accel == kvm ]]; then
		printf '%s\n' -accel kvm
	# Before QEMU 8 the multi-threaded emulator loses races against the
	# kernel's live code patching ("Oops: int3" when a scheduler is enabled).
	elif version_ge "$(engine_qemu_version "$qemu")" 8; then
		printf '%s\n' -accel tcg,thread=multi
	else
		printf '%s\n' -accel tcg,thread=single
	fi
}
