#!/bin/bash
# The benchmark with its VMs: whether it can be trusted (EEVDF against EEVDF differs by
# nothing, a planted handicap shows), and what it makes of VMs and schedulers that do
# not live to the end. And a minute of scripts/hour.sh. Prints TAP.
#
# usage: tests/cli/bench_vm.sh [OUT]	(OUT keeps the results of the trust tests)

set -uo pipefail
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
command -v apt-get >/dev/null || {
	printf '1..1\nok 1 - benchmark # SKIP its tools are Debian packages, and there is no apt-get\n'
	exit 0
}
work=$(mktemp -d "${TMPDIR:-/tmp}/qumun-bench-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
out=${1:-$work/trust}
tests=0

# result NAME STATUS: 0 is a pass
result() {
	tests=$((tests + 1))
	if (($2 == 0)); then
		printf 'ok %d - %s\n' "$tests" "$1"
	else
		printf 'not ok %d - %s\n' "$tests" "$1"
		sed 's/^/# /' "$work/stdout" "$work/stderr" | tail -n 40
	fi
}

# bench OUT [VAR=VALUE]... [ARG]: status in $status
bench() {
	local out=$1
	shift
	status=0
	env OUT="$out" RUNS=1 KERNEL=7.3 "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
}

# --- not to the end ------------------------------------------------------------

bench "$work/hung" SUITE=switch SCHED=eevdf VM_TIMEOUT=12 scripts/bench
((status == 1)) && grep -q '^PARTIAL RESULTS' "$work/hung/table.txt" &&
	grep -q 'eevdf, run 1, VM: no end after 12 s' "$work/stdout" && grep -q 'FAILED: no end after 12 s' "$work/stderr"
result 'a VM that does not end: said, partial results kept' $?

# A scheduler that ends in the middle of the suite: a script that brings the daemon
# along, with its libraries.
mapfile -t libs < <(ldd scx_qumun | grep -o '/[^ ]*')
mkdir "$work/parts"
cp -L scx_qumun "${libs[@]}" "$work/parts/"
{
	cat <<-'SCRIPT'
		#!/bin/sh
		mkdir /tmp/parts
		sed '1,/^__END__$/d' "$0" | base64 -d | tar -xC /tmp/parts
		/tmp/parts/ld-*so* --library-path /tmp/parts /tmp/parts/scx_qumun "$@" &
		while [ "$(cat /sys/kernel/sched_ext/state)" != enabled ]; do sleep 0.1; done
		sleep 2
		kill -9 $!
		exit 1
		__END__
	SCRIPT
	tar -cC "$work/parts" . | base64
} >"$work/mayfly"
chmod 755 "$work/mayfly"
bench "$work/ejected" SUITE=fair SCHED="eevdf; mayfly=$work/mayfly" scripts/bench --quick
((status == 1)) && grep -q 'mayfly, run 1, fair: the scheduler was not in charge at the end' "$work/stdout" &&
	grep -q '^fair,FAILED: the scheduler was not in charge' "$work/ejected/results.csv" &&
	! grep -qE '^fair,[^F].*,mayfly,' "$work/ejected/results.csv" && grep -qE '^fair,[^F].*,eevdf,' "$work/ejected/results.csv"
result 'a scheduler that ends too early: named, and in no figure' $?

# --- the hour --------------------------------------------------------------------

status=0
KERNEL=7.3 scripts/hour.sh 60 >"$work/stdout" 2>"$work/stderr" </dev/null || status=$?
((status == 0)) && grep -q '^ok 1 - hour' "$work/stdout" && (($(grep -c '^# after [0-9]* s: boosted' "$work/stdout") == 10))
result 'the first minute of an hour: shares and waits are what they should be' $?

# --- trust ---------------------------------------------------------------------

bench "$out" SUITE='wakeup fair switch' scripts/bench --trust
cp "$work/stdout" "$work/trust.txt"
while IFS= read -r line; do
	[[ $line == ok* ]]
	result "${line#* - }" $?
done < <(grep -E '^(not )?ok ' "$work/trust.txt")
grep -q '^ok' "$work/trust.txt" && ((status == 0))
result 'the benchmark can be trusted' $?

printf '1..%d\n' "$tests"
