#!/bin/bash
# An hour of one load in a VM, to see whether shares or waits drift: the VM test
# `hour`. `make hour` calls this.
#
# usage: scripts/hour.sh [SECONDS]	(default 3600)
#
# KERNEL as for scripts/vm-run.sh (default 7.3). The guest's time is a count of
# instructions, 16 ns each, so that its CPUs are slow, an hour takes some 25 minutes
# of one CPU of the host, and figures hardly depend on what else that one does. The
# interval timer ends each CPU's turn after 200 us, see scripts/bench.
#
# Exit status: that of the test; 2 usage; 6 a tool is missing.

set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=lib/apt.sh
. "$here/lib/apt.sh"
# shellcheck source=lib/tools.sh
. "$here/lib/tools.sh"
# shellcheck source=lib/bench-tools.sh
. "$here/lib/bench-tools.sh"
cd "$here/.."

case ${1:-} in
-h | --help)
	usage
	exit 0
	;;
esac
seconds=${1:-3600}
is_number "$seconds" 20 || die "$EX_USAGE" "$seconds: expected seconds, 20 at least"

"$here/install-deps.sh" build bench vm
make --no-print-directory -s scx_qumun build/vm/vmtest build/bench/pit
qemu=$(bench_qemu)

say "$seconds seconds of guest time; a line for each tenth of it"
# Some hosts emulate ten times slower than they should.
PATH="$qemu:$PATH" QUMUN_ACCEL=tcg exec "$here/vm-run.sh" --smp 4 \
	--timeout "$((10 * seconds + 600))" \
	--file "$PWD/scx_qumun:/scx_qumun" --file "$PWD/build/vm/vmtest:/vmtest" \
	--file "$PWD/build/bench/pit:/pit" --append ' iomem=relaxed' \
	--qemu-arg -icount --qemu-arg shift=4,align=off,sleep=off \
	--qemu-arg -machine --qemu-arg hpet=off \
	"${KERNEL:-7.3}" -- sh -c "/pit 480; HOUR_SEC=$seconds exec /vmtest hour"
