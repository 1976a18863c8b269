#!/bin/bash
# The benchmark without a VM: what it says to bad input, and whether its report
# computes what it should and shows failed runs as failed. Prints TAP.

set -uo pipefail
export LC_ALL=C

cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
work=$(mktemp -d "${TMPDIR:-/tmp}/qumun-bench-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
python=/usr/bin/python3
[[ -x $python ]] || python=python3
tests=0

# result NAME STATUS: 0 is a pass
result() {
	tests=$((tests + 1))
	if (($2 == 0)); then
		printf 'ok %d - %s\n' "$tests" "$1"
	else
		printf 'not ok %d - %s\n' "$tests" "$1"
		sed 's/^/# /' "$work/stdout" "$work/stderr" | head -n 40
	fi
}

# bad NAME STATUS TEXT [VAR=VALUE]... [ARG]...: one line on stderr with TEXT, nothing on stdout
bad() {
	local name=$1 status=$2 text=$3 got=0
	shift 3
	local -a vars=() args=()
	for word; do
		if [[ $word == --* ]]; then args+=("$word"); else vars+=("$word"); fi
	done
	env OUT="$work/out" "${vars[@]}" timeout 60 scripts/bench "${args[@]}" \
		>"$work/stdout" 2>"$work/stderr" </dev/null || got=$?
	[[ $got -eq $status && ! -s $work/stdout && $(wc -l <"$work/stderr") -eq 1 ]] &&
		grep -qF -- "$text" "$work/stderr"
	result "$name" $?
}

bad 'unknown option' 2 '--wrong: unknown option' --wrong
bad 'unknown suite' 2 'SUITE=nonsense: unknown suite; expected: wakeup' SUITE=nonsense
bad 'unknown suite beside a known one' 2 'SUITE=nonsense' 'SUITE=share nonsense'
bad 'unknown scheduler' 2 'SCHED=nonsense: unknown scheduler; expected: eevdf' SCHED=nonsense
bad 'scheduler with a relative path' 2 'expected name=/path args' SCHED=mine=bin/mine
bad 'scheduler without a name' 2 'expected name=/path args' SCHED==/bin/true
bad 'scheduler that is not there' 7 'no such program: /nonexistent/mine' SCHED=mine=/nonexistent/mine
bad 'scheduler that is not executable' 7 'no such program: /etc/passwd' SCHED=mine=/etc/passwd
bad 'no CPUs' 2 'CPUS=0: expected a number, 2..64' CPUS=0
bad 'CPUs not a number' 2 'CPUS=many: expected a number' CPUS=many
bad 'no runs' 2 'RUNS=0: expected a number, 1..100' RUNS=0
bad 'too many runs' 2 'RUNS=101' RUNS=101
bad 'negative seed' 2 'SEED=-1' SEED=-1
bad 'no jobs' 2 'JOBS=0' JOBS=0
bad 'unknown kind of time' 2 'BENCH_TIME=imaginary: expected icount or real' BENCH_TIME=imaginary
bad 'no room' 6 '999999999 MB are needed' BENCH_SPACE_MB=999999999
bad 'two things at once' 2 'exclude each other' --trust --callbacks
bad 'nowhere to write' 6 '/dev/null/out: cannot be created' OUT=/dev/null/out
mkdir -p "$work/used" && : >"$work/used/raw.jsonl"
bad 'results are there already' 2 'has results already' OUT="$work/used"

if command -v apt-get >/dev/null; then
	got=0
	env OUT="$work/none" QUMUN_CACHE="$work/cache" QUMUN_DEBIAN_MIRROR=file:/nonexistent SUITE=switch \
		timeout 120 scripts/bench >"$work/stdout" 2>"$work/stderr" </dev/null || got=$?
	((got == 6)) && [[ ! -s $work/stdout && ! -e $work/none ]] && grep -q 'apt-get update failed' "$work/stderr"
	result 'tools that cannot be had' $?
fi

# --- the report ----------------------------------------------------------------

# report LINE...: with these as raw.jsonl; status in $status
status=0
report() {
	rm -rf "$work/report"
	mkdir "$work/report"
	printf '%s\n' "$@" >"$work/report/raw.jsonl"
	status=0
	$python scripts/lib/bench-report.py "$work/report" >"$work/stdout" 2>"$work/stderr" || status=$?
}

meta='{"meta":{"kernel":"7.3","cpus":"4","schedulers":{"eevdf":"","other":"/x"}}}'
# value SCHED RUN SUITE METRIC BETTER VALUE; ended SCHED RUN SUITE WHY
value() { printf '{"sched":"%s","run":%s,"suite":"%s","metric":"%s","unit":"us","better":"%s","value":%s}' "$@"; }
ended() { printf '{"sched":"%s","run":%s,"suite":"%s","end":1,"seconds":1,"failed":"%s"}' "$@"; }
finished='{"finished":true,"wall_seconds":60}'
# one METRIC BETTER EEVDF EEVDF OTHER OTHER: two runs each of the suite `switch`
one() {
	report "$meta" \
		"$(value eevdf 1 switch "$1" "$2" "$3")" "$(ended eevdf 1 switch '')" \
		"$(value eevdf 2 switch "$1" "$2" "$4")" "$(ended eevdf 2 switch '')" \
		"$(value other 1 switch "$1" "$2" "$5")" "$(ended other 1 switch '')" \
		"$(value other 2 switch "$1" "$2" "$6")" "$(ended other 2 switch '')" "$finished"
}
in_csv() { grep -qF -- "$1" "$work/report/results.csv"; }

one delay less 100 100 50 50
in_csv 'switch,delay,us,less,other,50,0.0000,2,0.5000,better' && ((status == 0)) && grep -q '0\.50x+' "$work/stdout"
result 'half the delay is better' $?

one delay less 100 100 200 200
in_csv '2.0000,worse' && ((status == 0)) && grep -q '2\.00x-' "$work/stdout"
result 'twice the delay is worse, and shown' $?

one ops more 100 100 50 50
in_csv '0.5000,worse'
result 'half the operations are worse' $?

one delay less 100 100 102 102
in_csv '1.0200,same'
result '2 % are no difference' $?

report "${meta/\"cpus\"/\"suites\":\"engine switch\",\"cpus\"}" "$(value eevdf 1 switch d less 100)" \
	"$(ended eevdf 1 switch '')" "$finished"
in_csv 'FAILED: whether the CPUs were equal was not measured' && ((status == 1))
result 'a machine that was not examined counts for nothing' $?

report "$meta" "$(value eevdf 1 switch missed less 0 | sed s/us/%/)" "$(ended eevdf 1 switch '')" \
	"$(value other 1 switch missed less 20 | sed s/us/%/)" "$(ended other 1 switch '')" "$finished"
in_csv 'switch,missed,%,less,other,20,0.0000,1,,worse' && grep -q '20 -' "$work/stdout"
result 'a loss against nothing is a loss' $?

one delay less 80 120 70 90
in_csv 'other,80,0.1250,2,0.8000,same'
result 'less than the spread of both is no difference' $?

one delay less 90 110 80 100
in_csv 'eevdf,100,0.1000,2,1.0000,' && in_csv 'other,90,0.1111,2,0.9000,same'
result 'median and spread of two runs' $?

report "$meta" "$(value eevdf 1 switch d less 100)" "$(ended eevdf 1 switch '')" \
	"$(value other 1 switch d less 1)" "$(ended other 1 switch 'ejected')" \
	"$(value other 2 switch d less 50)" "$(ended other 2 switch '')" "$finished"
in_csv 'other,50,0.0000,1,0.5000' && in_csv 'FAILED: ejected' && ((status == 1)) &&
	grep -q 'other, run 1, switch: ejected' "$work/stdout" && grep -q 'ejected' "$work/report/report.html"
result 'an ejected run is named, and in no median' $?

for suite in wakeup share fair stress redis; do
	report "$meta" "$(value eevdf 1 $suite d less 100)" "$(value eevdf 1 $suite busy '' 100)" "$(ended eevdf 1 $suite '')" \
		"$(value other 1 $suite d less 1)" "$(value other 1 $suite busy '' 100)" \
		"$(value other 1 $suite busy '' 80)" "$(ended other 1 $suite '')" "$finished"
	in_csv "$suite,FAILED: left CPUs idle: 80.0 % busy" && ! in_csv 'd,us,less,other' && in_csv 'd,us,less,eevdf' && ((status == 1))
	result "idle CPUs in $suite, which should saturate, fail it" $?

	report "$meta" "$(value eevdf 1 $suite d less 100)" "$(ended eevdf 1 $suite '')" "$finished"
	in_csv "$suite,FAILED: how busy the CPUs were was not measured" && ! in_csv 'd,us,less,eevdf' && ((status == 1))
	result "$suite without a word about idle CPUs fails" $?
	# What the guest does is not to be believed either.
	sed -n "/^suite_$suite() {/,/^}/p" scripts/lib/bench-guest.sh | grep -qE "busy $suite|dir/wakeup|dir/shares|share_one"
	result "the guest measures that in $suite" $?
done

report "$meta" "$(value eevdf 1 build d less 100)" "$(value eevdf 1 build busy '' 50)" "$(ended eevdf 1 build '')" "$finished"
! in_csv FAILED && ((status == 0))
result 'idle CPUs elsewhere do not' $?

report "$meta" "$(value eevdf 1 engine 'slowest CPU' '' 60)" "$(ended eevdf 1 engine '')" \
	"$(value eevdf 1 switch d less 100)" "$(ended eevdf 1 switch '')" "$finished"
in_csv 'FAILED: the CPUs were not equal: 60..100 %' && ((status == 1))
result 'a machine with unequal CPUs counts for nothing' $?

# engine_end SCHED FASTEST...: lines of a run whose CPUs were equal at its start
both='{"meta":{"suites":"engine switch engine_end","schedulers":{"eevdf":""}}}'
start=("$(value eevdf 1 engine 'slowest CPU' '' 100)" "$(ended eevdf 1 engine '')"
	"$(value eevdf 1 switch d less 100)" "$(ended eevdf 1 switch '')")
report "$both" "${start[@]}" "$(value eevdf 1 engine 'slowest CPU at the end' '' 97)" \
	"$(value eevdf 1 engine 'fastest CPU at the end' '' 130)" "$(ended eevdf 1 engine_end '')" "$finished"
in_csv 'switch,FAILED: the CPUs were not equal at the end: 97..130 %' && ! in_csv 'd,us,less' && ((status == 1))
result 'nor does one whose CPUs drifted apart' $?

report "$both" "${start[@]}" "$(value eevdf 1 engine 'slowest CPU at the end' '' 97)" \
	"$(value eevdf 1 engine 'fastest CPU at the end' '' 103)" "$(ended eevdf 1 engine_end '')" "$finished"
in_csv 'd,us,less,eevdf,100' && ((status == 0))
result 'equal CPUs at both ends are what it takes' $?

report "$both" "${start[@]}" "$(ended eevdf 1 engine_end '')" "$finished"
in_csv 'switch,FAILED: whether the CPUs were equal at the end was not measured' && ((status == 1))
result 'an end that was not examined' $?

report "${both/\"suites/\"time\":\"here\",\"suites}" "${start[@]}" "$(value eevdf 1 engine 'slowest CPU at the end' '' 50)" \
	"$(ended eevdf 1 engine_end '')" "$finished"
in_csv 'd,us,less,eevdf,100' && ((status == 0))
result 'CPUs that are real may be unequal' $?

report "$meta" "$(value eevdf 1 switch d less 100)" "$finished"
in_csv 'FAILED: did not end' && ((status == 1))
result 'a suite without an end fails' $?

report "$meta" "$(value eevdf 1 switch d less 100)" "$(ended eevdf 1 switch '')" '{"sched":"eevdf","run":2,"su'
((status == 1)) && grep -q '^PARTIAL RESULTS' "$work/stdout" && in_csv '# partial: true' && in_csv 'eevdf,100' &&
	grep -q 'Partial results' "$work/report/report.html"
result 'half a line at the end: what there is, marked partial' $?

report "$meta" "$(value eevdf 1 switch d less 100)" "$(ended eevdf 1 switch '')" \
	'{"sched":"other","run":1,"vm":"failed","why":"no end after 5 s","wall_seconds":5}' "$finished"
((status == 1)) && grep -q 'other, run 1, VM: no end after 5 s' "$work/stdout" && grep -q '^PARTIAL' "$work/stdout"
result 'a VM that hung is named' $?

report "$both" "${start[@]}" '{"sched":"eevdf","run":1,"vm":"again","why":"88..101 %"}' \
	"$(value eevdf 1 engine 'slowest CPU' '' 98)" "$(ended eevdf 1 engine '')" \
	"$(value eevdf 1 switch d less 50)" "$(ended eevdf 1 switch '')" \
	"$(value eevdf 1 engine 'slowest CPU at the end' '' 97)" "$(ended eevdf 1 engine_end '')" "$finished"
in_csv 'd,us,less,eevdf,50' && ((status == 0)) &&
	grep -q '^Booted again, since their CPUs were not equal: eevdf, run 1: 88..101 %' "$work/stdout"
result 'of a VM that was booted again only the last boot counts, and it is said' $?

# share SCHED METRIC VALUE ASKED
share() { printf '{"sched":"%s","run":1,"suite":"share","metric":"%s","unit":"%%","better":"","value":%s,"asked":%s}' "$@"; }
report "$meta" "$(share eevdf s 79 80)" "$(share eevdf t 53 50)" "$(value eevdf 1 share busy '' 100)" "$(ended eevdf 1 share '')" "$finished"
in_csv '"share error, mean of rows that all have",points,less,eevdf,2,' && in_csv ',80.0' && grep -q '79\.0 of 80\.0' "$work/stdout" &&
	in_csv '"share error, largest",% of asked,,eevdf,6,'
result 'shares stand beside what was asked for, with their mean error' $?

report "$meta" "$(share eevdf t 52 50)" "$(value eevdf 1 share busy '' 100)" "$(ended eevdf 1 share '')" \
	"$(share other s 60 80)" "$(share other t 51 50)" "$(value other 1 share busy '' 100)" "$(ended other 1 share '')" "$finished"
in_csv 'rows that all have",points,less,eevdf,2,' && in_csv 'rows that all have",points,less,other,1,' &&
	in_csv 'largest",% of asked,,other,25,0.0000,1,,,'
result 'only errors in the same rows are compared' $?

# --- cyclictest's histogram: 99 delays of 10 us and one beyond its end ---
# That one spoiled the periods after it as well: 60000, 57000 ... 0 us.
(
	eval "$(sed -n '/^cyclic_us=/p; /^cyclic_percentiles() {/,/^}/p' scripts/lib/bench-guest.sh)"
	printf '%s\n' '# Histogram' '000009 000000 000000' '000010 000099 000000' \
		'# Max Latencies: 61234 00010' '# Histogram Overflows: 00001 00000' | cyclic_percentiles >"$work/stdout" 2>"$work/stderr"
)
[[ $(<"$work/stdout") == $'max 61234\np50 10\np99 57000' ]]
result 'cyclictest: overflows and missed periods count' $?

# trust NAME STATUS TEXT PIPE P99.9 ERROR WAIT: figures of the second EEVDF, and of the handicapped one
trust() {
	local line first='"schedulers":{"eevdf":"","eevdf-again":"","scx_qumun":"/q","handicapped":"/q s"}'
	local -a lines=()
	for line in eevdf,switch,pipe,us,32 "eevdf-again,switch,pipe,us,$4" eevdf,switch,"d p99.9",us,100 \
		"eevdf-again,switch,d p99.9,us,$5" eevdf,fair,error,%,4 "eevdf-again,fair,error,%,$6" \
		'scx_qumun,fair,wait of a hog p50,us,8000' "handicapped,fair,wait of a hog p50,us,$7" \
		'scx_qumun,fair,wait of a hog p99,us,8000' "handicapped,fair,wait of a hog p99,us,$7"; do
		IFS=, read -r sched suite metric unit number <<<"$line"
		[[ -z $number ]] || lines+=("$(value "$sched" 1 "$suite" "$metric" less "$number" | sed "s/\"us\"/\"$unit\"/")")
	done
	for sched in eevdf eevdf-again scx_qumun handicapped; do
		lines+=("$(value $sched 1 fair busy '' 100)" "$(ended $sched 1 fair '')" "$(ended $sched 1 switch '')")
	done
	printf '%s\n' "{\"meta\":{\"suites\":\"fair switch\",$first}}" "${lines[@]}" "$finished" >"$work/report/raw.jsonl"
	status=0
	$python scripts/lib/bench-report.py --trust "$work/report" >"$work/stdout" 2>"$work/stderr" || status=$?
	((status == $2)) && grep -q -- "$3" "$work/stdout"
	result "$1" $?
}
trust 'trust: EEVDF like EEVDF, and a handicap that shows' 0 '^ok 5 ' 33 150 6 16000
trust 'trust: a row off by a quarter' 1 '^not ok .* EEVDF, pipe: 40 to 32' 40 150 6 16000
trust 'trust: a tail off by far' 1 '^not ok .* d p99.9: 250 to 100' 33 250 6 16000
trust 'trust: an error off by points' 1 '^not ok .* error: 9 to 4' 33 150 9 16000
trust 'trust: a handicap that does not show' 1 '^not ok .* slices of 20 ms, wait of a hog p50: 9000' 33 150 6 9000
trust 'trust: a row that one has not' 1 '^not ok .* pipe: not measured' '' 150 6 16000

# --- callbacks: two runs on two busy CPUs ---
# load SWITCHES NS: of one run, half of it in enqueue when not counted twice
load() {
	printf '{"sched":"other","run":1,"suite":"callbacks","load":"pipe","cpus":4,"uncounted":{"ns":%s,"switches":%s,"busy":50},' "$2" "$1"
	printf '"counted":{"ns":%s,"switches":%s,"busy":50},"programs":[' "$2" "$1"
	printf '{"name":"x_enqueue","calls":%s,"ns":%s,"verified":7},{"name":"qumun_select_cp","calls":0,"ns":0,"verified":9}]}' "$1" "$2"
}
report "$meta" "$(load 100 200000)" "$(load 300 600000)" "$(ended other 1 callbacks '')" "$finished"
((status == 0)) && grep -q '^other, pipe: 2000 ns per switch' "$work/stdout" &&
	grep -qE '^ +enqueue +1.000 +1000 +1000 +50.0 % +7$' "$work/stdout" && in_csv 'callbacks,pipe: enqueue,ns/switch,,other,1000' &&
	in_csv 'pipe: select_cpu' && grep -q 'the rest' "$work/report/report.html"
result 'callbacks: ns of instructions, of two CPUs that share them' $?

# --- what was measured, where, with what, in every file ---
report '{"meta":{"kernel":"7.3.9","cpus":"4","seed":"11","command":"RUNS=2 scripts/bench","version":"qumun 1","tools":"perf 6.1","engine":"E 7","schedulers":{"mine":"/x --y"}}}' \
	'{"sched":"mine","run":1,"guest":{"kernel":"7.3.9","cpus":4,"cores":2,"llcs":1,"nodes":1,"clocksource":"tsc"}}' \
	'{"sched":"mine","run":1,"suite":"switch","command":"perf bench -l 5"}' "$(ended mine 1 switch '')" "$finished"
got=0
for file in table.txt results.csv report.html raw.jsonl; do
	for text in 7.3.9 11 'RUNS=2 scripts/bench' 'qumun 1' 'perf 6.1' 'E 7' '/x --y' 'perf bench -l 5'; do
		grep -qF -- "$text" "$work/report/$file" || { got=1 && echo "$file: $text" >>"$work/stderr"; }
	done
	[[ $file == raw.jsonl ]] || grep -q '4 CPUs, 2 cores' "$work/report/$file" || got=1
done
result 'every file names kernel, CPUs, topology, commands, versions and seed' $got

report '{"sched":"<b>","run":1,"suite":"switch","end":1,"failed":"<script>"}' "$meta" "$finished"
! grep -q '<script>' "$work/report/report.html"
result 'markup in a name is text' $?

! grep -qE 'https?://|src=|@import' "$work/report/report.html"
result 'the page needs nothing from elsewhere' $?

printf 'nonsense\n' >"$work/report/raw.jsonl"
status=0
$python scripts/lib/bench-report.py "$work/report" >"$work/stdout" 2>"$work/stderr" || status=$?
((status == 7)) && grep -q 'no results of a benchmark' "$work/stderr" && [[ ! -s $work/stdout ]]
result 'a file that is something else' $?

printf '1..%d\n' "$tests"
