#!/bin/bash
# Records how many instructions the verifier looks at, for each of our programs
# and on each kernel: tests/vm/verified_insns.tsv, which the VM test
# verified_insns compares with.
#
# usage: scripts/verified-insns.sh [KERNEL]...
#
# KERNEL as for scripts/vm-run.sh; default 6.12 6.18 7.3, of which 6.12 has to
# be built first (scripts/build-kernel.sh).  Boots two VMs for each, one with 4
# CPUs, one with two last-level caches and SMT.  Rows of kernels that were not
# booted stay as they are.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
cd "$here/.."

case ${1:-} in
-h | --help)
	usage
	exit 0
	;;
-*) die "$EX_USAGE" "$1: unknown option; see --help" ;;
esac
(($#)) || set -- 6.12 6.18 7.3

table=tests/vm/verified_insns.tsv
make -s --no-print-directory scx_qumun build/vm/vmtest
new=$(mktemp)
trap 'rm -f "$new"' EXIT

# counts TEST KERNEL [OPTION...]: its notes.  That the counts have changed is no failure here.
counts() {
	"$here/vm-run.sh" "${@:3}" --timeout 300 --file "$PWD/scx_qumun:/scx_qumun" \
		--file "$PWD/build/vm/vmtest:/vmtest" \
		--file "$PWD/$table:/verified_insns.tsv" "$2" -- /vmtest -t "$1" || true
}

for kernel; do
	say "booting $kernel"
	{
		counts verified_insns "$kernel" --smp 4
		counts verified_insns_llcs "$kernel" --smp 8,sockets=1,dies=2,cores=2,threads=2 \
			--cpu max,vendor=GenuineIntel,level=0x1e
	} >"$new.out"
	rows=$(sed -n 's/^# verified_insns\t//p' "$new.out" | sort)
	rm -f "$new.out"
	[[ -n $rows ]] || die "$EX_ENVIRONMENT" "$kernel: no counts came out of the VM"
	version=${rows%%$'\t'*}
	{
		grep -v "^$version"$'\t' "$table" || true
		printf '%s\n' "$rows"
	} >"$new"
	{
		grep '^#' "$new"
		grep -v '^#' "$new" | sort -V
	} >"$table"
done
git --no-pager diff --stat -- "$table" || true
