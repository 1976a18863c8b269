#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# usage: tests/fuzz/run.sh DIRECTORY
#
# Runs the fuzz targets in DIRECTORY (build/fuzz), two at a time, and prints TAP: one test for
# each. They start from the corpus beside this file; what they find in addition goes to
# DIRECTORY/corpus/NAME, an input that breaks something to DIRECTORY/NAME-crash-….
#
#   FUZZ_SECONDS  how long each one runs (default 60)
#   JOBS          how many at a time (default 2)
set -u

here=$(cd "$(dirname "$0")" && pwd)
seconds=${FUZZ_SECONDS:-60}
jobs=${JOBS:-2}
if [ $# -ne 1 ] || [ ! -d "$1" ]; then
	echo "usage: $0 DIRECTORY" >&2
	exit 2
fi
dir=$1

# fuzz PROGRAM NUMBER: one target; the verdict goes to a file, since several run at a time.
fuzz() {
	local name=${1##*/fuzz_} log status=0
	log=$dir/$name.log
	mkdir -p "$dir/corpus/$name"
	"$1" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=8192 \
		-print_final_stats=1 -artifact_prefix="$dir/$name-" \
		"$dir/corpus/$name" "$here/corpus/$name" >"$log" 2>&1 || status=$?
	if [ $status -eq 0 ] && [ "$(executions "$log")" -gt 0 ]; then
		echo "ok $2 - fuzz $name, $(executions "$log") inputs"
	else
		echo "not ok $2 - fuzz $name: status $status"
		tail -n 40 "$log" | sed 's/^/# /'
	fi >"$dir/$name.tap"
}

executions() {
	awk '/^stat::number_of_executed_units:/ { n = $2 } END { print n + 0 }' "$1"
}

programs=()
for program in "$dir"/fuzz_*; do
	[ -x "$program" ] && programs+=("$program")
done
echo "1..${#programs[@]}"
number=0
for program in "${programs[@]}"; do
	while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do
		wait -n
	done
	number=$((number + 1))
	fuzz "$program" "$number" &
done
wait
failed=0
for program in "${programs[@]}"; do
	tap=$dir/${program##*/fuzz_}.tap
	cat "$tap"
	! grep -q '^not ok' "$tap" || failed=1
done
[ ${#programs[@]} -gt 0 ] && exit "$failed"
exit 1
