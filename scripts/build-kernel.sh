#!/bin/bash
# Builds a 6.12 kernel with sched_ext for the tests: Debian's 6.12 has it off.
#
# usage: scripts/build-kernel.sh [6.12] [-o DIR]
#
# Source: the package linux-source-6.12, found through APT, unchanged;
# configuration: scripts/kernel-6.12.config.  About half an hour on two CPUs
# and 4 GB below the cache, given back afterwards.  The result (vmlinuz,
# release, config) is put where scripts/fetch-kernel.sh looks for `6.12`, or
# into DIR.  A kernel that is already there is left alone.
#
# Exit status: 0; 1 the build failed; 2 usage; 6 a tool or a package is missing.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=lib/apt.sh
. "$here/lib/apt.sh"
# shellcheck source=lib/tools.sh
. "$here/lib/tools.sh"

series=6.12 out=''
while (($#)); do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	-o)
		(($# >= 2)) || die "$EX_USAGE" "-o: needs a directory"
		out=$2
		shift 2
		;;
	6.12) shift ;;
	*) die "$EX_USAGE" "$1: expected 6.12; newer kernels come from scripts/fetch-kernel.sh" ;;
	esac
done
[[ $(uname -m) == x86_64 ]] || die "$EX_ENVIRONMENT" "the configuration is for x86_64 only"
out=${out:-$(cache_subdir kernels)/$series}
if [[ -s $out/release ]]; then
	printf '%s\n' "$out"
	exit 0
fi
for tool in gcc make bc flex bison perl xz zstd; do
	need "$tool" kernel-build
done
tool_have_pahole || die "$EX_ENVIRONMENT" "pahole >= 1.26 not found; run: scripts/install-deps.sh kernel-build"
pahole=$(pahole_path)

build=$(mktemp -d "$(cache_subdir build)/$series.XXXXXX")
trap 'rm -rf "$build"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# --- source --------------------------------------------------------------------

fetch_source() {
	local conf
	cache_lock
	conf=$(apt_trixie)
	apt_update "$conf"
	apt_unpack "$conf" "$build/deb" "linux-source-$series"
}
# In a child: the lock is held for the download, not for the build.
(fetch_source)
say "unpacking the source"
tar -C "$build" -xf "$build/deb/usr/src/linux-source-$series.tar.xz"
rm -rf "$build/deb"
cd "$build/linux-source-$series"

# --- configuration ---------------------------------------------------------------

# User, host, date and paths do not get into the image.  PAHOLE goes to every
# call: the configuration records its version.
export KBUILD_BUILD_USER=scx_qumun KBUILD_BUILD_HOST=scx_qumun KBUILD_BUILD_VERSION=1
KBUILD_BUILD_TIMESTAMP=$(date -u -d "@${SOURCE_DATE_EPOCH:-$(stat -c %Y Makefile)}")
export KBUILD_BUILD_TIMESTAMP
map=-fdebug-prefix-map=$PWD=.
mk() { make -s "PAHOLE=$pahole" "KCFLAGS=$map" "KAFLAGS=$map" "$@"; }

fragment=$here/kernel-$series.config
mk x86_64_defconfig kvm_guest.config >/dev/null
scripts/kconfig/merge_config.sh -m .config "$fragment" >/dev/null
mk olddefconfig

# Kconfig drops silently what it cannot have.  Without the first three the
# kernel is of no use here; the rest may shift between point releases.
lost=()
while IFS= read -r line; do
	case $line in
	CONFIG_*) grep -qxF "$line" .config || lost+=("${line%%=*}") ;;
	'# CONFIG_'*' is not set')
		name=${line#\# }
		! grep -q "^${name% is not set}=" .config || lost+=("${name% is not set}")
		;;
	esac
done <"$fragment"
for must in CONFIG_SCHED_CLASS_EXT CONFIG_DEBUG_INFO_BTF CONFIG_BPF_JIT; do
	grep -qx "$must=y" .config || die 1 "$must is not in the configuration"
done
((${#lost[@]} == 0)) || say "not as in the fragment: ${lost[*]}"

# --- build ----------------------------------------------------------------------

say "building $(mk kernelversion), about half an hour on two CPUs"
mk -j"$(nproc)" bzImage >&2
# The BTF is what a BPF scheduler is checked against; the build can succeed
# with a pahole that left the functions out.
if have bpftool; then
	functions=$(bpftool btf dump file vmlinux | grep -c "FUNC 'scx_bpf_" || true)
	((functions > 0)) || die 1 "no scx_bpf_* functions in the BTF of this kernel"
fi

mkdir -p "$out"
cp arch/x86/boot/bzImage "$out/vmlinuz"
cp .config "$out/config"
# Last: with `release` there, fetch-kernel.sh takes the directory for complete.
mk kernelrelease >"$out/release"
printf '%s\n' "$out"
