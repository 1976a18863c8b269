#!/bin/bash
# Runs one command in a virtual machine with systemd, container runtimes and two
# normal users: for what busybox cannot show.
#
# usage: scripts/vm-systemd.sh [OPTION]... KERNEL -- CMD [ARG]...
#
# As vm-run.sh, with the same options and exit statuses, but the guest is a small
# Debian 13, booted by systemd: containerd (ctr), podman, runc, crun, tmux; users
# alice (1000) and bob (1001), whose service managers run.  CMD is started as
# root by a systemd service, in /opt/host.  Files come in by --file
# HOST:/opt/host/NAME; what lies elsewhere is lost.  There is no network.
#
# The disk is made once, from Debian's archive by way of the machine's APT
# configuration, and kept in the cache (400 MB); guests write to a throw-away
# layer.  Making it needs root.
#
# Beyond vm-run.sh: 4 privilege; 6 no mmdebstrap, no network.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=lib/apt.sh
. "$here/lib/apt.sh"
# shellcheck source=lib/systemd-guest.sh
. "$here/lib/systemd-guest.sh"

case ${1:-} in
-h | --help)
	usage
	exit 0
	;;
esac

disk=$(guest_disk)
init=$(mktemp "${TMPDIR:-/tmp}/qumun-init.XXXXXX")
trap 'rm -f "$init"' EXIT
guest_first_program >"$init"
chmod 755 "$init"

# An emulated machine beside others stands still for seconds, and khugepaged is of
# nice 19: that is no stall worth a warning.
quiet='systemd.show_status=0 quiet transparent_hugepage=never rcupdate.rcu_cpu_stall_timeout=300'

# Not exec: the file must be there until vm-run.sh has packed it.
"$here/vm-run.sh" --mem 2G --file "$init:/first" \
	--append "rdinit=/first $quiet" \
	--qemu-arg -drive --qemu-arg "if=none,id=disk,file=$disk,format=raw,snapshot=on" \
	--qemu-arg -device --qemu-arg nvme,drive=disk,serial=qumun "$@"
