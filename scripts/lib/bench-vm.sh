#!/bin/sh
# The first thing in a benchmark's VM: makes its CPUs equal and independent, then
# hands over to bench-guest.sh, with the host's answers as file descriptor 4.  Why each
# step: see scripts/bench.
#
# usage: bench-vm.sh icount|real PIT-TICKS ARG...	(ARGs of bench-guest.sh)

set -eu
time=$1 ticks=$2
shift 2
# Names that keep vm-run.sh from looking for the libraries' libraries on the host.
for lib in /bench/tools/lib/*.SO*; do
	mv "$lib" "${lib%.SO*}.so${lib##*.SO}"
done
# Where libbpf looks for it.
[ ! -f /bench/config ] || {
	mkdir -p /boot
	mv /bench/config "/boot/config-$(uname -r)"
}
if [ "$time" = icount ]; then
	/bench/pit "$ticks"
	# Open before the host may answer: opening a port throws away what came before.
	exec 4</dev/ttyS2
	# The host takes the PAUSE out of the idle loop, and answers.
	sort /proc/kallsyms | awk '$3 ~ /^cpu_idle_poll(\..*)?$/ { print "@patch", $1 }'
	echo @patch-end
	read -r answer <&4
	[ "$answer" = ok ] || {
		echo "idle CPUs would lend their speed to others: $answer"
		exit 1
	}
	# From now on idle CPUs poll.  (With idle=poll they could not halt for suites that
	# are measured so.)
	BENCH_POLL=$(awk '$3 == "cpu_idle_force_poll" { print $1 }' /proc/kallsyms)
	export BENCH_POLL="${BENCH_POLL:-unknown}"
	echo "@poll $BENCH_POLL 1"
	read -r answer <&4
	[ "$answer" = ok ] || {
		echo "idle CPUs cannot be told to poll: $answer"
		exit 1
	}
fi
exec sh /bench/guest.sh /bench "$@"
