#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Runs inside the VM that run.sh boots, as root: the tests. Arguments choose some of them.
set -u
# shellcheck source=tests/runtimes/lib.sh
. "$(dirname "$0")/lib.sh"

# --- what runs ----------------------------------------------------------------

# A root file system for containers: busybox and what it needs to be one.
make_rootfs() {
	local applet
	mkdir -p "$ROOTFS"/{bin,proc,sys,dev,etc,tmp,run,var}
	cp /bin/busybox "$ROOTFS/bin/"
	for applet in sh sleep true cat; do ln -sf busybox "$ROOTFS/bin/$applet"; done
	printf 'root:x:0:0:root:/:/bin/sh\n' >"$ROOTFS/etc/passwd"
}

pod() { podman --log-level=error --cgroup-manager=systemd --storage-driver=vfs "$@"; }

start_daemon() {
	# An emulated machine beside others stands still for seconds: that is no stall of ours.
	systemd-run -q --unit=scheduler --collect --setenv=SCX_TIMEOUT_MS=30000 "$Q" "$@"
	until_true 120 test -S /run/scx_qumun/control.sock
}
stop_daemon() { systemctl -q stop scheduler; }

# --- containerd ---------------------------------------------------------------

ctr() { command ctr --connect-timeout 120s "$@"; }
ctr_run() {
	local space=$1 name=$2
	shift 2
	ctr -n "$space" run -d "$@" --rootfs "$ROOTFS" "$name" /bin/sh -c "$HOGS"
}
ctr_stopped() { ctr -n "$1" task ls | grep "$2" | grep -q STOPPED; }
ctr_remove() {
	ctr -n "$1" task kill -s KILL "$2"
	until_true 60 ctr_stopped "$1" "$2"
	# It warns of the status of what was killed.
	ctr -n "$1" task delete "$2" 2>/dev/null
	ctr -n "$1" container delete "$2"
}

find_web() { REPLY=$CG/shop/web && [[ -d $REPLY ]]; }
restart_web() { ctr_remove shop web && sleep 1 && ctr_run shop web; }

test_containerd() {
	ctr_run shop web >/dev/null
	show "$Q" resolve container:web
	ok 'containerd: resolve finds it' says 0 "$CG/shop/web" "$Q" resolve container:web
	kept_through_restart containerd container:web find_web restart_web
	ctr_remove shop web
	ok 'containerd: no longer there' says 7 web "$Q" resolve container:web
}

# As kubelet and containerd's CRI plugin make them: a pod with its sandbox and a container, by the
# systemd driver. The pod's directory of logs is kubelet's.
readonly POD_UID=0d5f4a2e-5a3b-4c7d-9e8f-112233445566
readonly POD_SLICE=kubepods-burstable-pod0d5f4a2e_5a3b_4c7d_9e8f_112233445566.slice
readonly POD_DIR=$CG/kubepods.slice/kubepods-burstable.slice/$POD_SLICE
cri_run() {
	local kind=$1 id=$2 name=$3
	ctr -n k8s.io run -d --runc-systemd-cgroup --cgroup "$POD_SLICE:cri-containerd:$id" \
		--annotation "io.kubernetes.cri.container-type=$kind" \
		--annotation "io.kubernetes.cri.sandbox-id=$SANDBOX" \
		--annotation io.kubernetes.cri.sandbox-name=redis-0 \
		--annotation io.kubernetes.cri.sandbox-namespace=shop \
		--annotation "io.kubernetes.cri.sandbox-uid=$POD_UID" \
		${name:+--annotation "io.kubernetes.cri.container-name=$name"} \
		--rootfs "$ROOTFS" "$id" /bin/sh -c "${4:-$HOGS}"
}
SANDBOX=$(printf '%064d' 7)
readonly SANDBOX
pod_generation=1
pod_container() { printf '%064d' "$((7000 + pod_generation))"; }
find_pod() { REPLY=$POD_DIR && [[ -d $REPLY ]]; }
# kubelet makes a new container, with a new id, in the same pod.
restart_pod() {
	ctr_remove k8s.io "$(printf '%064d' 7001)"
	cri_run container "$(printf '%064d' 7002)" redis
}

test_pod() {
	mkdir -p "/var/log/pods/shop_redis-0_$POD_UID/redis"
	cri_run sandbox "$SANDBOX" '' 'while :; do sleep 1000; done'
	cri_run container "$(pod_container)" redis
	show "$Q" resolve pod:shop/redis-0
	show "$Q" resolve pod:shop/redis-0/redis
	ok 'pod: its slice' says 0 "$POD_DIR" "$Q" resolve pod:shop/redis-0
	ok 'pod: its container' says 0 "$POD_DIR/cri-containerd-0*7001.scope" "$Q" resolve pod:shop/redis-0/redis
	ok 'pod: unknown' says 7 redis-1 "$Q" resolve pod:shop/redis-1
	kept_through_restart pod pod:shop/redis-0 find_pod restart_pod
	ctr_remove k8s.io "$(printf '%064d' 7002)"
	ctr_remove k8s.io "$SANDBOX"
}

# --- Podman -------------------------------------------------------------------

find_podman() {
	local id
	read -r id </run/podman-test.id && REPLY=$CG/machine.slice/libpod-$id.scope && [[ -d $REPLY ]]
}
podman_start() {
	pod --runtime="$1" run -d --replace --name db --network=none --rootfs "$ROOTFS" \
		/bin/sh -c "$HOGS" >/run/podman-test.new && mv /run/podman-test.new /run/podman-test.id
}
restart_crun() { podman_start crun; }
restart_runc() { podman_start runc; }

test_podman() {
	local runtime
	for runtime in crun runc; do
		podman_start "$runtime"
		show "$Q" resolve container:db
		find_podman
		note "$(find "$REPLY" -type d)"
		ok "Podman, $runtime: resolve finds it" says 0 "$REPLY" "$Q" resolve container:db
		kept_through_restart "Podman, $runtime" container:db find_podman "restart_$runtime"
		pod rm -f -t 0 db >/dev/null
	done
}

# --- systemd ------------------------------------------------------------------

find_worker() { REPLY=$CG/system.slice/worker.service && [[ -d $REPLY ]]; }
restart_worker() { systemctl restart worker; }

test_unit() {
	printf '[Service]\nExecStart=/bin/sh -c "%s"\n' "$HOGS" >/run/systemd/system/worker.service
	systemctl daemon-reload
	systemctl start worker
	show "$Q" resolve 'unit:work*.service'
	ok 'unit: a pattern' says 0 "$CG/system.slice/worker.service" "$Q" resolve 'unit:work*.service'
	kept_through_restart unit 'unit:work*.service' find_worker restart_worker
	systemctl stop worker
}

readonly ALICE=$CG/user.slice/user-1000.slice/user@1000.service/app.slice
find_scope() {
	set -- "$ALICE"/app-scx_qumun-sh-*.scope
	REPLY=$1
	[[ -d $REPLY ]]
}
find_plain() { REPLY=$ALICE/plain.service && [[ -d $REPLY ]]; }

test_user() {
	local alone scope
	noise
	# The control: the same without the wrapper.
	as alice systemd-run --user -q --unit=plain sh -c "$HOGS"
	share find_plain 5
	alone=$SHARE
	as alice systemctl --user stop plain

	as alice "$Q" run -- sh -c "$HOGS" 2>/run/alice.err &
	ok 'user: a scope' until_true 60 find_scope
	find_scope
	scope=$REPLY
	note "$scope"
	ok 'user: the scope is her own' test "$(stat -c %U "$scope")" = alice
	share find_scope 6
	note "a user's command: share without run $alone %, with run $SHARE %"
	ok 'user: normal without run' is_normal "$alone"
	ok 'user: boosted with run' is_boosted "$SHARE"
	ok 'user: run says nothing' test ! -s /run/alice.err
	show as alice "$Q" boost list
	ok 'user: sees her rule' says 0 'app-scx_qumun-sh-' as alice "$Q" boost list
	ok 'user: does not see those of others' test -z "$(as bob "$Q" boost list | grep app-scx_qumun)"
	ok "user: may not boost root's unit" says 4 . as alice "$Q" boost add unit:noise.service
	ok "user: may not boost another user's" says 4 . as bob "$Q" boost add "$scope"
	ok 'user: may not exceed the weight' says 4 'at most 4096' as alice "$Q" boost add --weight=16384 "$scope"
	pkill -u alice -x sh
	wait
	ok 'user: the rule has ended with the scope' until_true 20 \
		sh -c "! $Q boost list | grep -q app-scx_qumun-sh"
	ok 'user: exit status' says 7 '' as alice "$Q" run sh -c 'exit 7'
	ok 'user: run with too much weight' says 0 'weight 16384 is too much for users; boosted with 4096' \
		as alice "$Q" run --weight=16384 true
	# A session without a manager, in a cgroup that is root's.
	ok 'user: run where no cgroup can be made' says 7 'no cgroup of its own .*the process and its children are boosted' \
		alone "$Q" run sh -c 'exit 7'
	ok 'user: the process is boosted then' says 0 '^pid:[0-9]+/tree  weight 4096  boost add  user 1001$' \
		alone "$Q" run --weight=8192 "$Q" boost list
	ok "user: root's boosts are no secret" sh -c "$Q boost add unit:noise && setpriv --reuid bob --regid bob --clear-groups $Q boost list | grep -q 'root sees all\|/tree'"
	ok "user: but not the user's to remove" says 7 'no boost of yours' as bob "$Q" boost del unit:noise
	"$Q" boost del unit:noise >/dev/null
}

test_root() {
	ok 'root: its own scope' says 0 '^0::/system.slice/scx_qumun-run-cat-[0-9a-f]{8}\.scope$' \
		"$Q" run cat /proc/self/cgroup
	ok 'root: in a boosted one' says 3 '' "$Q" run "$Q" run sh -c 'exit 3'
	ok 'root: surroundings like those in Steam' says 3 '' env LD_PRELOAD=/nonexistent/overlay.so \
		LD_LIBRARY_PATH=/nonexistent LANG=xx_YY.nonsense "$Q" run sh -c 'exit 3'
}

test_names() {
	ctr -n one run -d --rootfs "$ROOTFS" twin /bin/sleep 1000
	ctr -n two run -d --rootfs "$ROOTFS" twin /bin/sleep 1000
	show "$Q" resolve container:twin
	ok 'names: ambiguous' says 2 "$CG/two/twin|two" "$Q" resolve container:twin
	ok 'names: ambiguous in a boost' says 2 twin "$Q" boost add container:twin
	ok 'names: unknown' says 7 nobody "$Q" resolve container:nobody
	ok 'names: unknown unit' says 7 nobody "$Q" resolve unit:nobody.service
	ctr_remove one twin
	ctr_remove two twin
}

# --- pick ---------------------------------------------------------------------

t() { tmux -u -f /dev/null "$@"; }
screen() {
	note "$1"
	note "$(t capture-pane -p | sed 's/^/| /')"
}
on_screen() { t capture-pane -p | grep -qE -- "$1"; }

test_pick() {
	noise
	ctr_run shop web >/dev/null
	t new-session -d -x 80 -y 16 env LC_ALL=C.UTF-8 sh -c "$Q pick; exec sleep 100"
	ok 'pick: the list' until_true 60 on_screen ' [0-9.]+ +container +web'
	sleep 3
	screen 'pick, after its start'
	t send-keys w e b
	ok 'pick: a filter' until_true 60 on_screen 'filter: web'
	t send-keys Enter
	ok 'pick: boosted' until_true 60 on_screen ' 4096  container +web'
	sleep 3
	screen 'pick, after "web" and Enter'
	ok 'pick: there is a rule' says 0 'container:web' "$Q" boost list
	t send-keys Right
	ok 'pick: more weight' until_true 60 on_screen ' 8192  container +web'
	screen 'pick, after Right'
	show "$Q" boost list
	t send-keys Enter
	ok 'pick: dropped' until_true 60 on_screen '^ +[0-9.]+  +container +web'
	ok 'pick: no rule any more' sh -c "! $Q boost list | grep -q container:web"
	t send-keys Escape
	sleep 1
	t send-keys Escape
	t kill-server
	ctr_remove shop web
}

# alone COMMAND...: as bob, without a session
alone() {
	setpriv --reuid bob --regid bob --clear-groups env -i PATH=/usr/bin:/bin XDG_RUNTIME_DIR=/nonexistent "$@"
}

# --- without a daemon -----------------------------------------------------------

test_off() {
	stop_daemon
	ok 'off: run starts the command' says 7 '^scx_qumun: warning: run: not boosted: ' \
		as alice "$Q" run sh -c 'exit 7'
	ok 'off: run without a session' says 7 '^scx_qumun: warning: run: not boosted: ' \
		alone "$Q" run sh -c 'exit 7'
	ok 'off: boost says so' says 7 'not running' "$Q" boost list
	start_daemon
}

# --- the unit that is installed ---------------------------------------------------

in_charge() { [[ $(cat /sys/kernel/sched_ext/state) == enabled && $(cat /sys/kernel/sched_ext/root/ops) == scx_qumun* ]]; }
main_pid() { systemctl show -P MainPID scx_qumun; }
enabled_again() { in_charge && [[ $(main_pid) != "$1" ]]; }
said() { journalctl -q -u scx_qumun --no-pager -o cat | grep -qE -- "$1"; }
config() { printf '%b' "$1" >/etc/scx_qumun.conf; }

test_service() {
	local pid
	stop_daemon
	sed 's|@SBINDIR@|/opt/host|' /opt/host/scx_qumun.service.in >/run/systemd/system/scx_qumun.service
	systemctl daemon-reload
	config '[boost noise]\ntarget = unit:noise\nweight = 5\n'
	ok 'service: a bad file: the start fails' says 1 'scx_qumun.service' systemctl start scx_qumun
	ok 'service: a bad file: the journal says why' until_true 10 said "weight: '5' is out of range"
	config '[boost noise]\ntarget = unit:noise\nweight = 512\n'
	systemctl reset-failed scx_qumun
	ok 'service: starts' systemctl start scx_qumun
	ok 'service: started means that it schedules' in_charge
	show systemctl --no-pager -n 0 status scx_qumun
	pid=$(main_pid)
	config '[boost noise]\ntarget = unit:noise\nweight = 256\n'
	ok 'service: reload' systemctl reload scx_qumun
	ok 'service: the boost has its new weight' until_true 60 sh -c "$Q boost list | grep -q 256"
	config '[boost noise]\ntarget = unit:noise\nweight = 5\n'
	ok 'service: a bad file: the reload fails' says 1 'scx_qumun.service' systemctl reload scx_qumun
	ok 'service: a bad file: nothing has changed' sh -c "$Q boost list | grep -q 256"
	config '[options]\nslice-us = 5000\n'
	ok 'service: reload of options' systemctl reload scx_qumun
	ok 'service: options count after a restart' until_true 60 said 'options changed: slice-us; they count after a restart'
	rm /etc/scx_qumun.conf
	ok 'service: reload without a file' systemctl reload scx_qumun
	ok 'service: it is the same process' test "$pid" = "$(main_pid)"
	kill -KILL "$pid"
	ok 'service: started again after SIGKILL' until_true 60 enabled_again "$pid"
	pid=$(main_pid)
	kill -KILL "$pid"
	ok 'service: started a third time' until_true 60 enabled_again "$pid"
	kill -KILL "$(main_pid)"
	ok 'service: not a fourth time' until_true 60 systemctl -q is-failed scx_qumun
	ok 'service: the scheduler is off' grep -q disabled /sys/kernel/sched_ext/state
	systemctl reset-failed scx_qumun
	ok 'service: starts by hand' systemctl start scx_qumun
	ok 'service: schedules' in_charge
	ok 'service: stops' systemctl stop scx_qumun
	ok 'service: the scheduler is off again' grep -q disabled /sys/kernel/sched_ext/state
	rm /run/systemd/system/scx_qumun.service
	systemctl daemon-reload
	start_daemon
}

# --- all of it ------------------------------------------------------------------

if ! "$Q" --version >/dev/null 2>&1; then
	printf '1..1\nok 1 - runtimes # SKIP the binary does not run on Debian 13: %s\n' "$("$Q" --version 2>&1 | head -n 1)"
	exit 0
fi
# This shell is served first, what it starts is not: it measures, on a machine that is full.
chrt --reset-on-fork --fifo --pid 1 $$
make_rootfs
uname -r | sed 's/^/# Linux /'
containerd --version | awk '{ print "# containerd " $3 }'
for tool in podman crun runc systemctl; do "$tool" --version | head -n 1 | sed 's/^/# /'; done
until_true 120 systemctl is-active containerd
until_true 120 systemctl is-active user@1000 user@1001
start_daemon "${DAEMON_ARGS:---stats=0}"
ok 'the daemon runs as a unit' systemctl is-active scheduler

(($#)) || set -- containerd pod podman unit user root names pick off service
for test; do
	note "--- $test, at $SECONDS s"
	"test_$test"
done
note "--- end, at $SECONDS s"
note "$(journalctl -q -u scheduler --no-pager -o cat | tail -n 40)"
stop_daemon
ok 'the scheduler is off again' grep -q disabled /sys/kernel/sched_ext/state
dmesg | grep -vE 'ommand line:|cpu_stall_timeout' | grep -E 'BUG|WARNING|stall|lockup|sched_ext:.*disabled \((runtime|runnable)' >/tmp/bad
ok 'nothing bad in the log of the kernel' test ! -s /tmp/bad
note "$(head -n 20 /tmp/bad)"
echo "1..$nr"
