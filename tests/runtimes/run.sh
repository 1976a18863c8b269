#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Boosts with the real things: containerd, Podman, systemd, a user's session, in a VM whose first
# process is systemd. Prints TAP; lines with "#" have the measured shares and the transcripts.
#
# usage: tests/runtimes/run.sh BINARY [TEST]...
#
#   KERNEL   as for scripts/vm-run.sh (default 7.3)
#   CONSOLE  keep the kernel's console there
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
if (($# < 1)) || [[ ! -x $1 ]]; then
	echo "usage: $0 BINARY [TEST]..." >&2
	exit 2
fi
binary=$(readlink -f "$1")
shift
console=()
[[ -z ${CONSOLE:-} ]] || console=(--console "$CONSOLE")

exec scripts/vm-systemd.sh --smp 2 --timeout 1500 "${console[@]}" \
	--file "$binary:/opt/host/scx_qumun" --file "$PWD/tests/runtimes/guest.sh:/opt/host/guest.sh" \
	--file "$PWD/tests/runtimes/lib.sh:/opt/host/lib.sh" \
	--file "$PWD/scripts/dist/scx_qumun.service.in:/opt/host/scx_qumun.service.in" \
	"${KERNEL:-7.3}" -- bash /opt/host/guest.sh "$@"
