#!/bin/bash
# Gets a kernel to test with, and prints the directory it is in.
#
# usage: scripts/fetch-kernel.sh SPEC...
#
#   6.18, 7.3 ...  the newest Debian cloud image of that series
#   latest         the newest series in the archive
#   6.12-stock     Debian's own 6.12, which has sched_ext switched OFF
#   6.12           6.12 with sched_ext, built here by scripts/build-kernel.sh
#
# One line per SPEC on stdout.  The directory holds
#   vmlinuz                the image
#   release                what `uname -r` says in it
#   lib/modules/<release>  its modules, as packaged, and its configuration, `config`
#                          (for 6.12, which has no modules, that is beside the image)
#
# A kernel that is in the cache is not asked for again; remove its directory to
# get a newer one.  Nothing gets installed.  Debian's archive is found through
# the machine's APT configuration (QUMUN_DEBIAN_MIRROR=URI elsewhere).
#
# Exit status: 0; 2 usage; 6 no network, no APT; 7 no such kernel.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=lib/apt.sh
. "$here/lib/apt.sh"

case $(uname -m) in
x86_64) flavour=cloud-amd64 ;;
aarch64) flavour=cloud-arm64 ;;
*) die "$EX_ENVIRONMENT" "$(uname -m): Debian has no cloud kernel that is known here" ;;
esac

kernels=$(cache_subdir kernels)
conf=''

# Asks the archive once, and only when something is missing.
archive() {
	[[ -z $conf ]] || return 0
	cache_lock
	conf=$(apt_trixie)
	apt_update "$conf"
}

# All releases of this flavour, oldest first: "6.18.15+deb13-cloud-amd64".
# From about 6.19 on linux-image-* is an empty package that depends on
# linux-binary-* and linux-modules-*.
releases() {
	apt-cache -c "$conf" pkgnames linux- |
		sed -nE "s/^linux-(image|binary)-([0-9][0-9.]*\+.*-$flavour)\$/\2/p" | sort -Vu
}

series_list() { releases | sed -E 's/^([0-9]+\.[0-9]+)\..*/\1/' | sort -Vu; }

# fetch DIR SERIES
fetch() {
	local dir=$1 series=$2 release packages tmp image
	# Somebody else may have got it while this one waited for the lock.
	[[ ! -e $dir/release ]] || return 0
	release=$(releases | awk -v s="$series." 'index($0, s) == 1' | tail -n 1)
	[[ -n $release ]] || die "$EX_NOT_FOUND" \
		"$series: the archive has no cloud image of that series; it has: $(series_list | tr '\n' ' ')"
	if apt-cache -c "$conf" show "linux-binary-$release" >/dev/null 2>&1; then
		packages=("linux-binary-$release" "linux-modules-$release")
		# Since 7.2 the lists of modules are in a third one.
		! apt-cache -c "$conf" show "linux-base-$release" >/dev/null 2>&1 ||
			packages+=("linux-base-$release")
	else
		packages=("linux-image-$release")
	fi
	say "fetching ${packages[*]}"
	tmp=$(mktemp -d "$kernels/.new.XXXXXX")
	# shellcheck disable=SC2064 # the value of now is meant
	trap "rm -rf '$tmp'" EXIT
	chmod 755 "$tmp"
	apt_unpack "$conf" "$tmp/deb" "${packages[@]}"
	# In /boot, or since 7.x among the modules.
	image=$(find "$tmp/deb" -type f \( -name 'vmlinuz-*' -o -name vmlinuz \))
	[[ -f $image ]] || die "$EX_NOT_FOUND" "$release: no kernel image in ${packages[*]}"
	mv "$image" "$tmp/vmlinuz"
	mkdir -p "$tmp/lib"
	# Where modules lie has changed with the merge of / and /usr.
	if [[ -d $tmp/deb/usr/lib/modules ]]; then
		mv "$tmp/deb/usr/lib/modules" "$tmp/lib/modules"
	else
		mv "$tmp/deb/lib/modules" "$tmp/lib/modules"
	fi
	# Since 7.x it is there.
	[[ ! -f $tmp/deb/boot/config-$release ]] ||
		mv "$tmp/deb/boot/config-$release" "$tmp/lib/modules/$release/config"
	rm -rf "$tmp/deb"
	printf '%s\n' "$release" >"$tmp/release"
	# Renamed when complete: a directory with that name is a whole kernel.
	rm -rf "$dir"
	mv -T "$tmp" "$dir"
	trap - EXIT
}

# locate SPEC: prints its directory.
locate() {
	local spec=$1 dir=$kernels/$1
	if [[ ! -e $dir/release ]]; then
		case $spec in
		6.12)
			die "$EX_NOT_FOUND" "6.12: Debian's has no sched_ext; build one (about half an hour): scripts/build-kernel.sh 6.12"
			;;
		6.12-stock)
			archive
			fetch "$dir" 6.12
			;;
		latest)
			archive
			spec=$(series_list | tail -n 1)
			fetch "$kernels/$spec" "$spec"
			ln -sfT "$spec" "$dir"
			;;
		*)
			archive
			fetch "$dir" "$spec"
			;;
		esac
	fi
	(cd -P "$dir" && pwd)
}

case ${1:-} in
'' | -h | --help)
	usage
	[[ $# -gt 0 ]] && exit 0
	exit "$EX_USAGE"
	;;
esac
for spec; do
	[[ $spec =~ ^([0-9]+\.[0-9]+|6\.12-stock|latest)$ ]] ||
		die "$EX_USAGE" "$spec: expected a series like 6.18, or 6.12-stock, or latest"
done
for spec; do
	locate "$spec"
done
