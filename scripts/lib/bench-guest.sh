#!/bin/sh
# Runs suites under one scheduler and prints JSON lines: the part of `make bench`
# that is inside the VM (or, with scripts/bench --here, on the machine itself).
# Plain sh: the VM has busybox.
#
# usage: bench-guest.sh DIR KIND SEED QUICK SUITE... [-- CMD ARG...]
#
#   DIR    where the programs are (wakeup, shares, speed, work, callbacks, tools/bin)
#   KIND   own: the kernel's scheduler; weight: the same, with cpu.weight for the
#          foreground cgroup; scx: CMD is started; boost: CMD is started and boosts
#          the foreground cgroup
#   QUICK  1: short measurements, to see whether everything works
#
# Lines: values, distributions (see tests/bench/common.h), and
#   {"step":SUITE}                      begins
#   {"suite":SUITE,"command":CMD}       what is run; without the way to the tools
#   {"suite":SUITE,"end":1,"failed":R}  ended; R is "" or why it does not count
#   @poll ADDRESS 0|1                   asks the host, who answers on file descriptor 4

set -u
dir=$1 kind=$2 seed=$3 quick=$4
shift 4
suites=
while [ $# -gt 0 ] && [ "$1" != -- ]; do
	suites="$suites $1"
	shift
done
[ $# -eq 0 ] || shift

top=/sys/fs/cgroup/qumun-bench
fg=$top/boosted
bg=$top/other
# For `share`: one cgroup for each weight, so that nothing need be restarted.
weights='512 1024 2048 4096 8192 16384'
state=/sys/kernel/sched_ext/state
cpus=$(grep -c '^processor' /proc/cpuinfo)
cpu0=$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' /proc/self/status)
tools=$dir/tools/bin
tmp=$(mktemp -d "${TMPDIR:-/tmp}/qumun-bench.XXXXXX")
daemon=
seconds() { if [ "$quick" = 1 ]; then echo 1; else echo "$1"; fi; }
scaled() { if [ "$quick" = 1 ]; then echo $(($1 / 10)); else echo "$1"; fi; }

# --- output ------------------------------------------------------------------

# value SUITE METRIC UNIT BETTER NUMBER: nothing is not a number, and fails the suite.
value() {
	case $5 in
	'' | *[!0-9.e+-]*)
		failed="no figure for $2"
		return
		;;
	esac
	printf '{"suite":"%s","metric":"%s","unit":"%s","better":"%s","value":%s}\n' "$@"
}

# Text that may stand in a JSON string.
plain() { tr -cd '[:alnum:] .,:;()=/_+-'; }

# run CMD...: what the report shall name
run() {
	printf '{"suite":"%s","command":"%s"}\n' "$suite" "$(echo "$*" | sed "s|$tools/||g; s|$dir/||g; s|$tmp|TMP|g" | plain)" >&3
	"$@" 3>&-
}

# in_cgroup CGROUP CMD...
in_cgroup() {
	cg=$1
	shift
	sh -c 'echo $$ >"$0/cgroup.procs" && exec "$@"' "$cg" "$@"
}

idle_ticks() { awk '$1 == "cpu" { print $5 + $6, $2 + $3 + $4 + $5 + $6 + $7 + $8 + $9 }' /proc/stat; }

# busy SUITE "IDLE TOTAL" [METRIC]: since then
busy() {
	value "$1" "${3:-busy}" % "" "$(echo "$2 $(idle_ticks)" | awk '{ printf "%.2f", 100 - 100 * ($3 - $1) / ($4 - $2) }')"
}

uptime_s() { cut -d' ' -f1 /proc/uptime; }

# --- the scheduler -----------------------------------------------------------

last_words() { grep . "$tmp/daemon" | tail -n 1 | plain; }

# start_scheduler CMD...: nothing to do for the kernel's own
start_scheduler() {
	case $kind in
	own | weight) return 0 ;;
	boost)
		set -- "$@" "--boost-cgroup=$fg"
		for w in $weights; do
			set -- "$@" "--boost-cgroup=$top/w$w:$w"
		done
		;;
	esac
	"$@" >"$tmp/daemon" 2>&1 &
	daemon=$!
	tries=0
	while [ "$(cat $state 2>/dev/null)" != enabled ]; do
		tries=$((tries + 1))
		if ! kill -0 $daemon 2>/dev/null; then
			failed="the scheduler did not start: $(last_words)"
			return 1
		fi
		# The verifier needs two minutes of these slow CPUs for scx_lavd 1.1.4.
		if [ $tries -gt 3000 ]; then
			failed="the scheduler was not in charge after five minutes: $(last_words)"
			return 1
		fi
		sleep 0.1
	done
}

stop_scheduler() {
	[ -n "$daemon" ] || return 0
	kill -TERM $daemon 2>/dev/null
	tries=0
	while kill -0 $daemon 2>/dev/null; do
		tries=$((tries + 1))
		# Whatever it waits for, the others are still to be measured.
		[ $tries -ne 100 ] || kill -KILL $daemon
		sleep 0.1
	done
	wait $daemon 2>/dev/null
	daemon=
}

# Is who should be in charge in charge?
in_charge() {
	case $kind in
	own | weight) [ "$(cat $state 2>/dev/null || echo disabled)" = disabled ] ;;
	*) [ "$(cat $state 2>/dev/null)" = enabled ] && kill -0 $daemon 2>/dev/null ;;
	esac
}

# --- suites ------------------------------------------------------------------

# Two threads; the second one's period is longer.
cyclic_us=3000 cyclic_more_us=777 cyclic_max_us=60000

# From the lines of the histogram (µs, then a count for each thread) and those of its
# overflows, which count as its end. cyclictest leaves out periods that it comes too late
# for altogether. Each of them is another delay, shorter by one period than the one before.
cyclic_percentiles() {
	awk -v first=$cyclic_us -v second=$((cyclic_us + cyclic_more_us)) -v most=$cyclic_max_us '
		function add(us, n, period) {
			for (; n && us >= 0; us -= period) { count[us] += n; all += n }
		}
		/^[0-9]/ { add($1 + 0, $2, first); add($1 + 0, $3, second) }
		/^# Histogram Overflows:/ { add(most, $4, first); add(most, $5, second) }
		END { for (us = 0; us <= most; us++) { seen += count[us]
			if (!a && all && seen >= all * 0.5) { a = 1; print "p50", us }
			if (!b && all && seen >= all * 0.99) { b = 1; print "p99", us } } }
		/^# Max Latencies:/ { print "max", ($4 > $5 ? $4 : $5) + 0 }'
}

suite_wakeup() {
	run "$dir/wakeup" "$(seconds 15)" "$seed" $fg $bg || failed="wakeup ended with status $?"
	start_noise
	before=$(idle_ticks)
	run in_cgroup $fg "$tools/cyclictest" --policy=other -t 2 -i $cyclic_us -d $cyclic_more_us -D "$(seconds 6)" \
		-h $cyclic_max_us -q >"$tmp/cyclic" 2>&1 ||
		failed="cyclictest ended with status $?"
	busy wakeup "$before"
	end_noise
	cyclic_percentiles <"$tmp/cyclic" >"$tmp/p"
	for p in p50 p99 max; do
		value wakeup "cyclictest $p" us less "$(awk -v p=$p '$1 == p { print $2 }' "$tmp/p")"
	done
}

# Two workers for each CPU, in the background cgroup; returns when they work.
start_noise() {
	run in_cgroup $bg "$tools/stress-ng" --quiet -c $((2 * cpus)) -t 3600 >/dev/null 2>&1 &
	noise=$!
	tries=0
	while [ "$(wc -l <$bg/cgroup.procs)" -lt $((2 * cpus)) ] && [ $tries -lt 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	sleep 0.5
}

end_noise() {
	echo 1 >$bg/cgroup.kill
	wait "$noise" 2>/dev/null
}

# asked WEIGHT HOGS OTHERS: the share in % that the interface promises.
asked() {
	awk -v kind="$kind" -v w="$1" -v a="$2" -v b="$3" -v cpus="$cpus" 'BEGIN {
		w /= 1024
		if (kind == "weight") share = w / (w + 1)
		else if (kind == "boost") share = a * w / (a * w + b)
		else share = a / (a + b)
		most = a / cpus
		printf "%.2f", 100 * (share < most ? share : most) }'
}

# share_one WEIGHT METRIC HOGS OTHERS
share_one() {
	run "$dir/shares" group "$(seconds 2)" "$2" "$(asked "$1" "$3" "$4")" "$top/w$1" "$3" $bg "$4" ||
		failed="shares ended with status $?"
}

suite_share() {
	for w in $weights; do
		# Without a boost there is one thing to ask for.
		case $kind-$w in own-1024 | scx-1024 | weight-* | boost-*)
			share_one "$w" "share at $w" "$cpus" "$cpus"
			;;
		esac
	done
	share_one 4096 "share, 1 task against $((2 * cpus))" 1 $((2 * cpus))
	share_one 4096 "share, $((2 * cpus)) tasks against $cpus" $((2 * cpus)) "$cpus"
}

suite_fair() {
	run "$dir/shares" turns "$(seconds 4)" || failed="shares ended with status $?"
	run "$dir/shares" nice "$(seconds 10)" 'nice error, all CPUs' -1 || failed="shares ended with status $?"
	run "$dir/shares" nice "$(seconds 10)" 'nice error, one CPU' "$cpu0" || failed="shares ended with status $?"
}

# idle_polls 0|1: in an emulated VM, whether idle CPUs poll or halt
idle_polls() {
	[ -n "${BENCH_POLL:-}" ] || return 0
	printf '@poll %s %s\n' "$BENCH_POLL" "$1"
	read -r answer <&4
	[ "$answer" = ok ] || {
		# What is measured from now on would be wrong.
		echo "idle CPUs cannot be told to poll or to halt: $answer"
		exit 1
	}
	# CPUs that halt see it when something wakes them up.
	for cpu in $(seq 0 $((cpus - 1))); do
		taskset -c "$cpu" true
	done
}

pipe_us() { run "$@" "$tools/perf" bench sched pipe -l "$(scaled 10000)" 2>&1 | sed -nE 's|^ *([0-9.]+) usecs/op$|\1|p'; }

suite_switch() {
	idle_polls 0
	value switch 'pipe, pinned' us/op less "$(pipe_us taskset -c "$cpu0")"
	value switch 'pipe, free' us/op less "$(pipe_us env)"
	# 2 groups of 8 senders and 8 receivers; each sends to each. (A third of this differed
	# by 7 % from one time to the next.)
	loops=$(scaled 300)
	run "$tools/hackbench" -g 2 -f 8 -l "$loops" >"$tmp/hackbench" 2>&1
	value switch messages us/message less "$(awk -v n=$((2 * 8 * 8 * loops)) \
		'$1 == "Time:" { printf "%.3f", $2 * 1e6 / n }' "$tmp/hackbench")"
	idle_polls 1
}

# (--cyclic of this stress-ng measures real-time policies only; cyclictest is in wakeup.)
# stress METRIC ARG...: bogo operations per second, of the brief metrics
stress() {
	metric=$1
	shift
	run "$tools/stress-ng" --metrics-brief --temp-path "$tmp" -t 3 "$@" >"$tmp/stress" 2>&1
	value stress "$metric" op/s more "$(awk '$3 == "metrc:" || $2 == "metrc:" {
		for (i = 1; i <= NF; i++) if ($i ~ /^\[[0-9]+\]$/) k = i
		if ($(k + 2) ~ /^[0-9]+$/) print $(k + 6) }' "$tmp/stress" | head -n 1)"
}

suite_stress() {
	# Its start and its end are not what must fill the CPUs.
	(
		sleep 1
		before=$(idle_ticks)
		sleep 1
		busy stress "$before"
	) >"$tmp/busy" &
	watcher=$!
	stress 'stress-ng -c' -c $((2 * cpus))
	wait $watcher
	cat "$tmp/busy"
	stress 'stress-ng --switch' --switch "$cpus"
	stress 'stress-ng --fork' --fork "$cpus"
}

# A fixed project, made here so that nothing need be brought along: for each unit two
# shells, make's and the compiler's start script, sed, tcc and md5sum.
suite_build() {
	units=$(scaled 120)
	mkdir "$tmp/project"
	awk -v dir="$tmp/project" -v units="$units" 'BEGIN {
		for (u = 1; u <= units; u++) {
			file = dir "/u" u ".c"
			for (f = 1; f <= 40; f++)
				printf "int FUN%d_%d(int x)\n{\n\tint i, s = x;\n\n\tfor (i = 0; i < %d; i++)\n" \
					"\t\ts = s * 31 + (s >> 3) + i;\n\treturn s;\n}\n", u, f, f > file
			close(file)
		}
	}'
	cat >"$tmp/project/Makefile" <<-'MAKEFILE'
		.RECIPEPREFIX = >
		all.o: $(patsubst %.c,%.o,$(wildcard u*.c))
		> $(TCC) -nostdlib -r -o $@ $^
		%.o: %.c
		> sed s/FUN/fun/ $< >$*.pre.c && $(TCC) -nostdinc -c -o $@ $*.pre.c && md5sum $@ >$*.sum
	MAKEFILE
	before=$(idle_ticks)
	start=$(uptime_s)
	run "$tools/make" -s -C "$tmp/project" -j $((2 * cpus)) TCC="$tools/tcc" >"$tmp/make" 2>&1 ||
		failed="the build ended with status $?: $(tail -n 1 "$tmp/make" | plain)"
	value build 'make -j, fork-heavy' s less "$(echo "$start $(uptime_s)" | awk '{ print $2 - $1 }')"
	busy build "$before" 'make -j, fork-heavy: busy'
	[ "$(cat "$tmp"/project/*.sum 2>/dev/null | wc -l)" = "$units" ] && [ -s "$tmp/project/all.o" ] ||
		failed="${failed:-the build has not built all}"
	rm -r "$tmp/project"
	run "$dir/work" fixed 'fixed work' $((2 * cpus)) "$(scaled 4000000)" 4 || failed="work ended with status $?"
	run "$dir/work" spawn 'spawn, one at a time' 1 "$(scaled 150)" || failed="work ended with status $?"
	run "$dir/work" spawn "spawn, $((2 * cpus)) at a time" $((2 * cpus)) "$(scaled 50)" ||
		failed="work ended with status $?"
}

# redis_load COMMAND NOISE: ten clients, in the foreground like the server: they stand
# for the network that answers go out to.
redis_load() {
	run in_cgroup $fg "$tools/redis-benchmark" -p 7399 -c 10 -n "$(scaled 5000)" -t "$1" >"$tmp/redis" 2>&1
	# The last figures of a line that is rewritten as it goes are the result.
	tr '\r' '\n' <"$tmp/redis" >"$tmp/redis.lines"
	value redis "$1 $2" op/s more "$(sed -nE 's/^ *throughput summary: ([0-9.]+) .*/\1/p' "$tmp/redis.lines")"
	# avg min p50 p95 p99 max
	awk '/latency summary/ { n = NR + 2 } NR == n { print $1, $3, $5, $6 }' "$tmp/redis.lines" >"$tmp/p"
	read -r avg p50 p99 max <"$tmp/p" || true
	value redis "$1 $2: average" ms less "${avg:-}"
	value redis "$1 $2: p50" ms less "${p50:-}"
	value redis "$1 $2: p99" ms less "${p99:-}"
	value redis "$1 $2: p99.9" ms less "$(sed -nE 's/^([0-9.]+)% <= ([0-9.]+) milliseconds.*/\1 \2/p' "$tmp/redis.lines" |
		awk '$1 >= 99.9 { print $2; exit }')"
	value redis "$1 $2: max" ms less "${max:-}"
}

suite_redis() {
	run in_cgroup $fg "$tools/redis-server" --port 7399 --save '' --appendonly no --dir "$tmp" \
		--bind 127.0.0.1 --daemonize no >"$tmp/redis-server" 2>&1 &
	server=$!
	tries=0
	while ! grep -q 'Ready to accept' "$tmp/redis-server"; do
		tries=$((tries + 1))
		if [ $tries -gt 200 ]; then
			failed="redis-server did not start"
			kill $server 2>/dev/null
			return
		fi
		sleep 0.1
	done
	redis_load get 'alone'
	redis_load set 'alone'
	start_noise
	before=$(idle_ticks)
	redis_load get 'in noise'
	redis_load set 'in noise'
	busy redis "$before"
	end_noise
	kill $server
	wait $server 2>/dev/null
}

suite_engine() { run "$dir/speed" 12000000 || failed="speed ended with status $?"; }
suite_engine_end() { run "$dir/speed" 12000000 ' at the end' || failed="speed ended with status $?"; }

# callbacks LOAD CMD...
callbacks() { "$dir/callbacks" "$@" 2>"$tmp/callbacks" || failed="callbacks: $(tail -n 1 "$tmp/callbacks" | plain)"; }

# Not among the suites: their figures are not to be disturbed. See scripts/bench.
suite_callbacks() {
	idle_polls 0
	callbacks 'pipe, pinned' taskset -c "$cpu0" "$tools/perf" bench sched pipe -l "$(scaled 10000)"
	callbacks 'pipe, free' "$tools/perf" bench sched pipe -l "$(scaled 10000)"
	callbacks messages "$tools/hackbench" -g 2 -f 8 -l "$(scaled 100)"
	idle_polls 1
	callbacks 'stress-ng --switch' "$tools/stress-ng" --temp-path "$tmp" -t 2 --switch "$cpus"
	callbacks wakeup "$dir/wakeup" "$(seconds 5)" "$seed" $fg $bg
}

# --- the run -----------------------------------------------------------------

# shellcheck disable=SC2317 # called by the trap
clean_up() {
	stop_scheduler
	echo 1 >$top/cgroup.kill
	sleep 0.2
	rmdir $top/*/ $top 2>/dev/null
	rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

mkdir -p $fg $bg || exit 6
for w in $weights; do
	mkdir -p "$top/w$w" || exit 6
done
if [ "$kind" = weight ]; then
	echo +cpu >/sys/fs/cgroup/cgroup.subtree_control && echo +cpu >$top/cgroup.subtree_control &&
		echo 400 >$fg/cpu.weight || exit 6
	for w in $weights; do
		echo $((100 * w / 1024)) >"$top/w$w/cpu.weight" || exit 6
	done
fi

# count FILE: different contents of this file below each CPU's directory
count() { cat /sys/devices/system/cpu/cpu[0-9]*/"$1" 2>/dev/null | sort -u | grep -c .; }
last_cache=$(find /sys/devices/system/cpu/cpu"$cpu0"/cache -name 'index[0-9]*' 2>/dev/null | sort | tail -n 1)

printf '{"guest":{"kernel":"%s","cpus":%s,"cores":%s,"llcs":%s,"nodes":%s,"clocksource":"%s"}}\n' \
	"$(uname -r)" "$cpus" "$(count topology/core_cpus_list)" \
	"$(count "cache/${last_cache##*/}/shared_cpu_list")" \
	"$(find /sys/devices/system/node -maxdepth 1 -name 'node[0-9]*' | wc -l)" \
	"$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)"
exec 3>&1
for suite in $suites; do
	printf '{"step":"%s"}\n' "$suite"
	failed=
	began=$(uptime_s)
	# The machine is examined while nobody of ours is in charge of it, at the start
	# and at the end.
	case $suite in
	engine | engine_end)
		stop_scheduler
		"suite_$suite"
		;;
	*)
		[ -n "$daemon" ] || start_scheduler "$@"
		[ -n "$failed" ] || "suite_$suite"
		if [ -z "$failed" ] && ! in_charge; then
			failed="the scheduler was not in charge at the end: $(grep -m1 -iE 'error|stall|ejected|exit' "$tmp/daemon" 2>/dev/null | plain)"
		fi
		# One that was ejected is started anew for the next suite.
		in_charge || stop_scheduler
		;;
	esac
	printf '{"suite":"%s","end":1,"seconds":%s,"failed":"%s"}\n' "$suite" \
		"$(echo "$began $(uptime_s)" | awk '{ print $2 - $1 }')" "$failed"
done
stop_scheduler
