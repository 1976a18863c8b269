#!/bin/bash
# Runs all tests; `make test` calls this.
#
# usage: scripts/test.sh
#
# Installs what is missing and builds. Then: unit tests and the policy on a
# simulated machine, both also with address and undefined-behaviour sanitizers;
# fuzzing of what reads hostile input; command-line tests, the benchmark's test
# of itself, and the VM tests on each kernel. The last line counts what passed,
# failed and was skipped.
#
#   KERNELS  kernels for the VM tests, as for scripts/vm-run.sh (default: 6.18,
#            7.3, and 6.12 if scripts/build-kernel.sh has built it)
#   JOBS     VMs, or fuzz targets, at the same time (default 2)
#   FUZZ_SECONDS
#            how long each fuzz target runs (default 20)
#
# Output is TAP, suite after suite, also kept in build/test/. Exit status: 0 if
# nothing failed, 1 otherwise.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
cd "$here/.."

case ${1:-} in
'') ;;
-h | --help)
	usage
	exit 0
	;;
*) die "$EX_USAGE" "$1: no arguments are accepted; see --help" ;;
esac

# More than there are cores would take each other's CPUs away.
jobs=${JOBS:-2}
is_number "$jobs" 1 || die "$EX_USAGE" "JOBS=$jobs: expected a number, 1 or more"
soak=${SOAK_SEC:-0}
is_number "$soak" 0 || die "$EX_USAGE" "SOAK_SEC=$soak: expected seconds"
out=build/test
vm_timeout=$((2100 + 10#$soak))

"$here/install-deps.sh" build test vm
make -s --no-print-directory -j"$(nproc)" test-programs
rm -rf "$out"
mkdir -p "$out"

# suite NAME COMMAND...: runs a TAP program. A suite that ends with an error, or
# prints fewer results than it has announced, has one more failed test.
suite() {
	local name=$1 status=0
	shift
	"$@" >"$out/$name.tap" 2>"$out/$name.err" || status=$?
	local planned finished
	planned=$(sed -n 's/^1\.\.\([0-9]*\).*/\1/p' "$out/$name.tap" | awk '{ n += $1 } END { print n + 0 }')
	finished=$(grep -cE '^(not )?ok ' "$out/$name.tap" || true)
	if ((planned == 0 || finished < planned)) || { ((status)) && ! grep -q '^not ok' "$out/$name.tap"; }; then
		printf 'not ok - %s: ended with status %s after %s of %s tests\n' \
			"$name" "$status" "$finished" "$planned" >>"$out/$name.tap"
	fi
	report "$name"
}

# A suite's outcome at once; what failed, with what it said.
report() {
	local name=$1
	{
		printf '== %s: %s\n' "$name" "$(count "$out/$name.tap")"
		# With a failure what TAP has around it.
		awk '/^not ok/ { print said $0; said = ""; told = 1; next }
			/^ok/ { told = 0; said = ""; if (/# SKIP/) print; next }
			/^#/ && told { print; next }
			/^#/ { said = said $0 "\n" }' "$out/$name.tap"
		if grep -q '^not ok' "$out/$name.tap"; then
			sed 's/^/#   /' "$out/$name.err" | tail -n 40
		fi
	} >"$out/$name.report"
	cat "$out/$name.report"
}

count() {
	cat "$@" | awk '
		/^ok .*# SKIP/ { skipped++; next }
		/^ok / { passed++ }
		/^not ok/ { failed++ }
		END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }'
}

# unit DIRECTORY: all the test programs in it
unit() {
	local status=0 test
	for test in "$1"/test_*; do
		[[ ! -x $test ]] || CMOCKA_MESSAGE_OUTPUT=TAP "$test" 2>&1 || status=1
	done
	return $status
}

# boot_again CONSOLE COMMAND...: QEMU's multi-threaded emulator may lose a race against
# the kernel's live code patching, and the guest panics with "Oops: int3" (seen once in
# some hundred suites, and two times on one day). No fault of ours: a second boot, a third,
# and no fourth.
boot_again() {
	local console=$1 status try
	shift
	for try in 1 2 3; do
		status=0
		"$@" >"$console.out" || status=$?
		if ((status != 125)) || ! grep -q 'Oops: int3' "$console"; then
			break
		fi
		say "the emulator has lost a race against code patching (Oops: int3, boot $try of 3)"
	done
	cat "$console.out"
	return "$status"
}

# vm NAME KERNEL SMP APPEND GROUP [OPTION...]: a VM of its own in the background,
# as soon as one of the jobs is free; with more options for scripts/vm-run.sh.
vm() {
	while (($(jobs -rp | wc -l) >= jobs)); do
		wait -n || true
	done
	say "booting $1"
	suite "$1" boot_again "$out/$1.console" "$here/vm-run.sh" --smp "$3" --append "$4" --timeout "$vm_timeout" \
		--console "$out/$1.console" \
		--file "$PWD/scx_qumun:/scx_qumun" --file "$PWD/build/vm/vmtest:/vmtest" \
		--file "$PWD/build/vm/other.bpf.o:/other.bpf.o" \
		--file "$PWD/tests/vm/verified_insns.tsv:/verified_insns.tsv" \
		--file "$(PATH=$PATH:/usr/sbin:/sbin command -v bpftool):/bpftool" \
		"${@:6}" "$2" -- env "SOAK_SEC=$soak" /vmtest "$5" &
}

suite unit unit build/unit
suite unit-asan unit build/unit-asan
# Two at a time, so that six targets take a minute.
suite fuzz env FUZZ_SECONDS="${FUZZ_SECONDS:-20}" tests/fuzz/run.sh build/fuzz
suite sim build/sim/sim --percent=500
# Ten times slower.
suite sim-asan build/sim-asan/sim --percent=50
suite cli tests/cli/run.sh ./scx_qumun
suite cli-asan tests/cli/run.sh build/scx_qumun-asan
suite pick tests/cli/pick.sh ./scx_qumun
suite pick-asan tests/cli/pick.sh build/scx_qumun-asan
suite manifests tests/cli/manifests.sh ./scx_qumun
suite install-deps tests/cli/install_deps.sh
suite bench tests/cli/bench.sh
suite bench-vm tests/cli/bench_vm.sh "$PWD/$out/bench-trust"

for kernel in ${KERNELS:-6.18 7.3 6.12}; do
	name=vm-$(basename "$kernel")
	if [[ $kernel == 6.12 ]] && ! "$here/fetch-kernel.sh" 6.12 >/dev/null 2>&1; then
		printf '1..1\nok 1 - %s # SKIP no 6.12 kernel with sched_ext: scripts/build-kernel.sh builds one\n' \
			"$name" >"$out/$name.tap"
		report "$name"
		continue
	fi
	vm "$name" "$kernel" 4 "" default
	((!10#$soak)) || vm "$name-soak" "$kernel" 4 "" soak
done
vm vm-without-sched_ext 6.12-stock 2 "" nosched
vm vm-isolcpus 7.3 4 "isolcpus=domain,1" isolcpus
vm vm-1-cpu 7.3 1 "" odd
vm vm-3-cpus 7.3 3 "" odd
# Without level= QEMU 10 aborts when the guest asks for the topology.
intel=(--cpu 'max,vendor=GenuineIntel,level=0x1e')
vm vm-two-llcs 7.3 8,sockets=1,dies=2,cores=2,threads=2 "" llcs "${intel[@]}"
vm vm-two-nodes 7.3 8,sockets=2,dies=2,cores=2,threads=1 "" nodes "${intel[@]}" \
	--qemu-arg -object --qemu-arg memory-backend-ram,id=m0,size=512M \
	--qemu-arg -object --qemu-arg memory-backend-ram,id=m1,size=512M \
	--qemu-arg -numa --qemu-arg node,nodeid=0,cpus=0-3,memdev=m0 \
	--qemu-arg -numa --qemu-arg node,nodeid=1,cpus=4-7,memdev=m1
wait

count "$out"/*.tap | tee "$out/summary"
! grep -q '^not ok' "$out"/*.tap
