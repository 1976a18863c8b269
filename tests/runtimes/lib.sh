# shellcheck shell=bash
# What guest.sh is written with: results, hogs, shares. Sourced.

# shellcheck disable=SC2034 # for guest.sh
readonly CG=/sys/fs/cgroup Q=/opt/host/scx_qumun ROOTFS=/srv/rootfs

# What keeps a container busy: one process for each CPU. A shell is a hog, too.
HOGS=$(for _ in $(seq "$(nproc)"); do printf 'while :; do :; done & '; done)wait
readonly HOGS

nr=0
note() { printf '%s\n' "$*" | sed 's/^/# /'; }

# ok NAME COMMAND...: a test; what the command says is shown when it fails
ok() {
	local name=$1 said
	shift
	nr=$((nr + 1))
	if said=$("$@" 2>&1); then
		echo "ok $nr - $name"
	else
		echo "not ok $nr - $name"
		note "failed: $*"
		note "$said"
	fi
}

# says STATUS REGEX COMMAND...: exit status, and a text among all that it prints
says() {
	local want=$1 regex=$2 got=0 said
	shift 2
	said=$("$@" 2>&1) || got=$?
	printf '%s\nstatus %s, expected %s and: %s\n' "$said" "$got" "$want" "$regex"
	((got == want)) && grep -qE -- "$regex" <<<"$said"
}

# show COMMAND...: for the transcript, as typed at a prompt
show() {
	note "\$ $*"
	note "$("$@" 2>&1)"
}

# noise: a unit with as many hogs as what is measured
readonly NOISE=$CG/system.slice/noise.service
noise() { systemctl -q is-active noise || systemd-run -q --unit=noise sh -c "$HOGS"; }

# usage_of DIRECTORY: sets REPLY to the CPU time of a cgroup in us; false if it is not there
usage_of() {
	local key value
	while read -r key value; do
		REPLY=$value
		[[ $key == usage_usec ]] && return
	done 2>/dev/null <"$1/cpu.stat"
	return 1
}

# share FIND SECONDS: sets SHARE to the percent of the CPU time that the cgroup at the path that
# FIND puts into REPLY had, of what it and the noise had. It may go and come again meanwhile: a new
# one starts at 0. No process is started here: on a machine that is full, each would wait.
share() {
	local find=$1 end=$((SECONDS + $2)) mine=0 before=-1 noise0 more=1
	usage_of "$NOISE"
	noise0=$REPLY
	while ((more)); do
		((SECONDS < end)) || more=0
		if "$find" && usage_of "$REPLY"; then
			((before >= 0 && REPLY >= before)) || before=$((before < 0 ? REPLY : 0))
			mine=$((mine + REPLY - before))
			before=$REPLY
		elif ((before < 0)); then
			before=0
		fi
		((!more)) || nap
	done
	usage_of "$NOISE"
	SHARE=$((100 * mine / (mine + REPLY - noise0 + 1)))
}

# A tenth of a second, by a read from a pipe that never has anything.
exec {silence}<> <(:)
nap() { read -r -t 0.1 -u "$silence" || true; }

# until_true SECONDS COMMAND...
until_true() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		nap
	done
}

# Shares repeat to some percent in an emulated machine beside other work on the host.
is_boosted() { (($1 >= 70 && $1 <= 90)); }
is_normal() { (($1 >= 40 && $1 <= 60)); }

# as USER COMMAND...: with the session that logging in would give
as() {
	local user=$1 uid
	shift
	uid=$(id -u "$user")
	setpriv --reuid "$user" --regid "$user" --init-groups env -i HOME="/home/$user" USER="$user" \
		PATH=/usr/bin:/bin XDG_RUNTIME_DIR="/run/user/$uid" \
		DBUS_SESSION_BUS_ADDRESS="unix:path=/run/user/$uid/bus" "$@"
}

# kept_through_restart NAME TARGET FUNCTION RESTART: the share before the boost, with it, while
# RESTART runs and after it; the rule is not touched meanwhile. How long the thing does not run at
# all is up to its tools: the share through the restart is shown, and no test.
kept_through_restart() {
	local name=$1 target=$2 find=$3 restart=$4 normal before through after pid
	noise
	share "$find" 5
	normal=$SHARE
	show "$Q" boost add "$target"
	share "$find" 6
	before=$SHARE
	$restart >/tmp/restart.log 2>&1 &
	pid=$!
	share "$find" 15
	through=$SHARE
	wait "$pid" || note "the restart failed: $(</tmp/restart.log)"
	until_true 30 "$find"
	share "$find" 6
	after=$SHARE
	show "$Q" boost list
	note "$name: share without boost $normal %, with it $before %, through the restart $through %, after it $after %"
	ok "$name: half without a boost" is_normal "$normal"
	ok "$name: boosted by its name" is_boosted "$before"
	ok "$name: boosted after a restart" is_boosted "$after"
	show "$Q" boost del "$target"
}
