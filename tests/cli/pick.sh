#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The screen of `scx_qumun pick` ($1 is the binary) in a real terminal, tmux, with a recorded tree
# and without a daemon. Prints TAP; skipped as a whole without tmux or without a screen.
set -u
export LC_ALL=C

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
	echo "usage: $0 BINARY" >&2
	exit 2
fi
Q=$(readlink -f "$1")
if ! command -v tmux >/dev/null; then
	printf '1..1\nok 1 - screen # SKIP tmux not found; run: scripts/install-deps.sh test\n'
	exit 0
fi
if ! "$Q" --version | grep -q '^features:.* screen'; then
	printf '1..1\nok 1 - screen # SKIP built without ncursesw\n'
	exit 0
fi

T=$(mktemp -d)
TMUX_TMPDIR=$T
export TMUX_TMPDIR
unset TMUX NO_COLOR
# A server for each terminal: one that is about to end would take no new one.
terminal=0
t() { tmux -L "pick$terminal" -u -f /dev/null "$@"; }
# shellcheck disable=SC2317 # called by the trap
cleanup() {
	t kill-server 2>/dev/null
	rm -rf "$T"
}
trap cleanup EXIT

cgroup() {
	mkdir -p "$T/tree/sys/fs/cgroup/$1"
	echo 'usage_usec 1000' >"$T/tree/sys/fs/cgroup/$1/cpu.stat"
}
app=user.slice/user-1000.slice/user@1000.service/app.slice
cgroup system.slice/nginx.service
cgroup system.slice/redis-server.service
cgroup "$app/app-a\\x1b\\x5b31mb-9.scope"
cgroup "$app/app-gnome-firefox-1234.scope"
# Two columns each, in UTF-8.
wide=$(printf '\346\274\242\345\255\227')
cgroup "$app/app-$wide-7.scope"

number=0
failed=0
ok() {
	number=$((number + 1))
	echo "ok $number - $1"
}
not_ok() {
	number=$((number + 1))
	failed=1
	echo "not ok $number - $1"
	t capture-pane -p 2>/dev/null | sed 's/^/# /'
}
screen() { t capture-pane -p 2>/dev/null; }

# expect NAME REGEX: on the screen, within 10 s
expect() {
	local i

	for ((i = 0; i < 100; i++)); do
		if screen | grep -qE -- "$2"; then
			ok "$1"
			return
		fi
		sleep 0.1
	done
	not_ok "$1"
}
# reject NAME REGEX: not on the screen now
reject() {
	if screen | grep -qE -- "$2"; then not_ok "$1"; else ok "$1"; fi
}
# start COLUMNS LINES [ENVIRONMENT]...: pick in a terminal of that size
start() {
	local x=$1 y=$2

	shift 2
	t kill-server 2>/dev/null
	terminal=$((terminal + 1))
	t new-session -d -x "$x" -y "$y" env LC_ALL=C.UTF-8 "$@" sh -c \
		"trap : INT; '$Q' pick --root='$T/tree'; echo status \$?; exec sleep 60"
}

echo 1..28

start 80 24
expect 'the list' '^ +0\.0 +unit +nginx'
expect 'what is boosted cannot be said without a daemon' 'scx_qumun is not running'
expect 'keys' '^arrows move, .* leaves$'
expect 'a wide name' "app +$wide"
expect 'control characters are escaped' 'app +a\\x1b\[31mb'
reject 'user managers are not cut' 'user@1000.*\?'
t send-keys r e d i
expect 'a filter' '1 of 6 .*filter: redi$'
reject 'a filter hides the rest' nginx
t send-keys BSpace BSpace BSpace BSpace n g i n x
expect 'another filter' '1 of 6 .*filter: nginx$'
t send-keys Enter
expect 'Enter without a daemon' 'scx_qumun is not running'
t send-keys Right
expect 'Right doubles the weight of the next boost' 'weight 8192 '
t send-keys Left Left Left
expect 'Left halves it' 'weight 1024 '
t send-keys -
expect 'a dash belongs to the name' 'weight 1024  filter: nginx-$'
t send-keys Escape
expect 'Esc shows everything' '6 of 6 .*filter: *$'
t resize-window -x 40 -y 10
expect 'a narrow window' '^ +0\.0 +nginx$'
expect 'a narrow window: the keys are cut' '^arrows move.{29}$'
t resize-window -x 12 -y 2
expect 'a tiny window' '^ +[0-9.-]+ .{1,4}$'
t resize-window -x 1 -y 1
sleep 0.5
t resize-window -x 120 -y 30
expect 'a large window' 'unit +nginx'
t send-keys End Home PPage NPage Up Down F1 Tab C-l
expect 'all sorts of keys' 'unit +nginx'
t send-keys Escape
expect 'Esc leaves' '^status 0'

start 80 24
expect 'again' 'unit +nginx'
t send-keys C-c
expect 'Ctrl-C leaves' '^status 0'

start 80 24 NO_COLOR=1 LC_ALL=C
expect 'without UTF-8: question marks' 'app +\?\?'

start 80 24 TERM=dumb
expect 'a dumb terminal: numbers' '^ +[1-9] +0\.0 +unit +nginx'
expect 'a dumb terminal: a question' 'NR to boost or to drop'
t send-keys 9 9 Enter
expect 'a number that is not there' "scx_qumun: pick: NR '99' .*\(1\.\.6\)"
expect 'its exit status' '^status 2'

start 80 24 TERM=nonsense
expect 'an unknown terminal: numbers' '^ +[1-9] +0\.0 +unit +nginx'

exit "$failed"
