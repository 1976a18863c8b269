#!/bin/bash
# Builds scx_qumun and runs it; `make run` calls this.
#
# usage: scripts/run.sh [OPTION]...
#
# Installs what is missing, builds, and starts ./scx_qumun with the OPTIONs in
# the foreground. Where the running kernel has no sched_ext it boots one that
# has it in a virtual machine, and shows there what the scheduler does: two
# cgroups full of CPU hogs, one of them boosted, before and after.
#
#   KERNEL   kernel for the VM, as for scripts/vm-run.sh (default 7.3)
#   SECONDS_EACH  how long each scheduler is measured (default 10)
#   DEMO=1   show the comparison on this machine, if its kernel has sched_ext
#
# Exit status: that of scx_qumun; of the comparison 0 when it was made.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
cd "$here/.."

# as_caller COMMAND...: below sudo, as who has called it, if the sources are theirs. Only to
# install packages and to start the scheduler takes root; what is built belongs to them, or
# their next `make` could not write it.
as_caller() {
	if ((EUID)) || [[ -z ${SUDO_UID:-} || -z ${SUDO_GID:-} || $SUDO_UID == 0 ]] ||
		[[ $(stat -c %u .) != "$SUDO_UID" ]] || ! have setpriv; then
		"$@"
		return
	fi
	# Left by root, from before this was so.
	[[ -z $(find build scx_qumun ! -user "$SUDO_UID" -print -quit 2>/dev/null) ]] ||
		find build scx_qumun -exec chown -h "$SUDO_UID:$SUDO_GID" {} + 2>/dev/null || true
	HOME=$(getent passwd "$SUDO_UID" | cut -d : -f 6) \
		setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups -- "$@"
}

"$here/install-deps.sh" build
as_caller make -s --no-print-directory all build/demo

demo=(build/demo "$PWD/scx_qumun" "${SECONDS_EACH:-10}")

if [[ -e /sys/kernel/sched_ext/state ]]; then
	((EUID == 0)) || die "$EX_PRIVILEGE" "needs root: sudo make run"
	[[ -z ${DEMO:-} ]] || exec "${demo[@]}" "$@"
	exec ./scx_qumun "$@"
fi

# What is wrong with the options is said now, not after minutes: without
# sched_ext, 3 is as far as good ones get.
status=0
output=$(./scx_qumun "$@" 2>&1) || status=$?
if ((status != 3)); then
	printf '%s\n' "$output"
	exit "$status"
fi

say "the running kernel $(uname -r) has no sched_ext: showing scx_qumun in a virtual machine"
options=()
while (($#)); do
	case $1 in
	--boost-cgroup | --boost-cgroup=*)
		say "the VM has cgroups of its own: the boost goes to one of those"
		[[ $1 == *=* ]] || shift
		;;
	*) options+=("$1") ;;
	esac
	shift
done
"$here/install-deps.sh" vm
kernel=$("$here/fetch-kernel.sh" "${KERNEL:-7.3}")
# With more CPUs than this machine has, the waits would be those of its scheduler.
cpus=$(nproc)
((cpus <= 4)) || cpus=4
exec "$here/vng-run.sh" --smp "$cpus" --timeout 600 "$kernel" -- "${demo[@]}" "${options[@]}"
