#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs the table of command lines, cases.tsv, against the binary given as $1 and prints TAP.
#
# Needs neither root nor sched_ext: the rows are about what is decided before the kernel is looked
# at. A row whose needs (second column) this machine does not meet is skipped with the reason.
set -u
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
table=${2:-$here/cases.tsv}
if [ $# -lt 1 ] || [ ! -x "$1" ]; then
	echo "usage: $0 BINARY [TABLE]" >&2
	exit 2
fi

# What the commands of the table see: the binary, the cgroup2 mount, a cgroup, a scratch directory.
Q=$(readlink -f "$1")
CG=$(sed -n 's/ - cgroup2 .*//p' /proc/self/mountinfo | head -n 1 | cut -d ' ' -f 5)
T=$(mktemp -d)
G=
if [ -n "$CG" ] && mkdir "$CG/qumun-cli-$$" 2>/dev/null; then
	G=$CG/qumun-cli-$$
fi
unset SCX_TIMEOUT_MS

cleanup() {
	[ -n "$G" ] && rmdir "$G"
	rm -rf "$T"
}
trap cleanup EXIT

# Prints why a row cannot run here; nothing when it can.
missing() {
	local need

	for need in ${1//,/ }; do
		case $need in
		-) ;;
		noscx) [ ! -e /sys/kernel/sched_ext ] || echo "this kernel has sched_ext" ;;
		cgroup2) [ -n "$CG" ] || echo "no cgroup2 mount" ;;
		nocgroup2) [ -z "$CG" ] || echo "cgroup2 is mounted" ;;
		cgroup) [ -n "$G" ] || echo "cannot create a cgroup here" ;;
		user) [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null ||
			echo "cannot change to another user" ;;
		noproc) ! grep -q __asan_init "$Q" || echo "sanitizers need /proc"
			unshare -m true 2>/dev/null || echo "cannot hide /proc" ;;
		mount) unshare -m true 2>/dev/null || echo "cannot mount anything here" ;;
		*) echo "unknown need '$need'" ;;
		esac
	done | head -n 1
}

# One line on stderr, with our prefix, is the rule for all that ends in an error of the user; lists
# of candidates follow it, indented.
bad_form() {
	case $1 in
	[2-9]) [ "$(grep -vc '^scx_qumun:   ' "$T/err")" -ne 1 ] ||
		! head -n 1 "$T/err" | grep -q '^scx_qumun: [^ ]' ;;
	*) false ;;
	esac
}

# Prints how the outcome differs from the row; nothing when it does not.
judge() {
	local code=$1 want_code=$2 want_err=$3 want_out=$4

	[ "$code" -eq "$want_code" ] || echo "exit status $code, not $want_code"
	if [ "$want_err" = - ]; then
		[ ! -s "$T/err" ] || echo "stderr is not empty"
	else
		grep -qE -- "$want_err" "$T/err" || echo "stderr does not match: $want_err"
	fi
	if [ "$want_out" = - ]; then
		[ ! -s "$T/out" ] || echo "stdout is not empty"
	else
		grep -qE -- "$want_out" "$T/out" || echo "stdout does not match: $want_out"
	fi
	[ "$want_err" = - ] || ! bad_form "$code" ||
		echo "stderr is not one line that starts with 'scx_qumun: '"
	! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$T/err" || echo "control bytes on stderr"
}

# The functions that rows call. None may start a scheduler, whatever is broken: 10 s at most.
q() { timeout -k 1 10 "$Q" "$@"; }
# The resolver on a recorded tree: r, which the rows make with tree.
r() { q resolve --root="$T/r" "$@"; }
# docker ID NAME: a container of Docker that runs.
docker() {
	mkdir -p "r/var/lib/docker/containers/$1" "r/sys/fs/cgroup/docker/$1"
	printf '{"ID":"%s","Name":"/%s"}' "$1" "$2" >"r/var/lib/docker/containers/$1/config.v2.json"
}
tree() {
	mkdir -p r/sys/fs/cgroup/system.slice/nginx.service r/proc/7 r/proc/1 \
		r/var/log/pods/default_web-0_1f-2e r/sys/fs/cgroup/kubepods/pod1f-2e
	echo 0::/system.slice/nginx.service >r/proc/7/cgroup
	echo nginx >r/proc/7/comm
	echo 0::/ >r/proc/1/cgroup
	docker "$(repeat a 64)" web
	docker "$(repeat b 63)c" twin
	docker "$(repeat b 63)d" twin
	mkdir -p "r/sys/fs/cgroup/docker/$(repeat c 64)/"$'a\e[2J.service'
}
# c TEXT writes a config file; TEXT as printf has it.
c() { printf '%b' "$1" >c; }
repeat() { head -c "$2" /dev/zero | tr '\0' "$1"; }

run_row() {
	local number=$1 name=$2 needs=$3 code=$4 err=$5 out=$6 command=$7 reason got faults

	reason=$(missing "$needs")
	if [ -n "$reason" ]; then
		echo "ok $number - $name # SKIP $reason"
		return 0
	fi
	(cd "$T" && eval "$command") >"$T/out" 2>"$T/err" </dev/null
	got=$?
	faults=$(judge "$got" "$code" "$err" "$out")
	if [ -z "$faults" ]; then
		echo "ok $number - $name"
		return 0
	fi
	echo "not ok $number - $name"
	echo "# ${faults//$'\n'/$'\n'# }"
	echo "# command: $command"
	head -c 2000 "$T/err" | sed 's/^/# stderr: /' | cat -v
	return 1
}

rows=$(grep -cvE '^(#|$)' "$table")
echo "1..$rows"
number=0
failed=0
while IFS=$'\t' read -r name needs code err out command; do
	number=$((number + 1))
	run_row "$number" "$name" "$needs" "$code" "$err" "$out" "$command" ||
		failed=$((failed + 1))
done < <(grep -vE '^(#|$)' "$table")

# A table that was not read to its end is a failure, not a shorter test.
[ "$number" -eq "$rows" ] && [ "$rows" -gt 0 ] && [ "$failed" -eq 0 ]
