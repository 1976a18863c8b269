#!/bin/bash
# Installs what the groups named need and is not there yet.
#
# usage: scripts/install-deps.sh [--print] GROUP...
#
#   build         to build scx_qumun: compiler, clang, bpftool, libbpf, libelf
#   test          to run the unit tests
#   vm            to run it in virtual machines: QEMU, busybox, virtme-ng
#   runtimes      for the tests with real container runtimes
#   bench         to compare schedulers with scripts/bench
#   kernel-build  to build a kernel with scripts/build-kernel.sh
#   lint          the checkers
#
# Knows apt (Debian 12 and newer, Ubuntu 24.10 and newer), dnf, pacman and
# zypper.  Asks nothing.  With nothing missing it does nothing, not even ask
# the network.  /etc/apt is never changed: what Debian 12 lacks comes from
# backports through a private APT configuration, or is unpacked into the cache.
# Without root it uses sudo.
#
#   --print  show the commands, change nothing
#
# Exit status: 0; 2 usage; 4 neither root nor sudo; 6 this distribution cannot,
# or is not known (the message lists what is needed).

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=lib/common.sh
. "$here/lib/common.sh"
# shellcheck source=lib/apt.sh
. "$here/lib/apt.sh"
# shellcheck source=lib/tools.sh
. "$here/lib/tools.sh"
# shellcheck source=lib/initramfs.sh
. "$here/lib/initramfs.sh"
# shellcheck source=lib/vm-engine.sh
. "$here/lib/vm-engine.sh"
# shellcheck source=lib/requirements.sh
. "$here/lib/requirements.sh"

print=0 groups=()
for arg; do
	case $arg in
	-h | --help)
		usage
		exit 0
		;;
	--print) print=1 ;;
	*)
		[[ " $REQ_GROUPS " == *" $arg "* ]] ||
			die "$EX_USAGE" "$arg: unknown group; expected: $REQ_GROUPS"
		groups+=("$arg")
		;;
	esac
done
((${#groups[@]})) || die "$EX_USAGE" "no group given; expected: $REQ_GROUPS"

# A plain user's PATH often lacks the directories where depmod and bpftool are.
# Behind the user's own, and not in the tests, which bring a PATH of their own.
[[ -n ${QUMUN_OS_RELEASE:-} ]] || PATH=$PATH:/usr/sbin:/sbin

# --- what is missing ---------------------------------------------------------

# Sets missing (names for people) and the packages by manager.
missing=() apt=() dnf=() pacman=() zypper=()
look() {
	local group what check a d p z words
	missing=() apt=() dnf=() pacman=() zypper=()
	while IFS='|' read -r group what check a d p z; do
		[[ " ${groups[*]} " == *" $group "* ]] || continue
		read -ra words <<<"$check"
		"${words[@]}" </dev/null && continue
		[[ " ${missing[*]} " == *" $what "* ]] || missing+=("$what")
		read -ra words <<<"$a" && apt+=("${words[@]}")
		read -ra words <<<"$d" && dnf+=("${words[@]}")
		read -ra words <<<"$p" && pacman+=("${words[@]}")
		read -ra words <<<"$z" && zypper+=("${words[@]}")
	done < <(requirements)
}

# Each word once, in the order of first appearance.
unique() { printf '%s\n' "$@" | awk '!seen[$0]++'; }

# Several names per line would hide a comma in "clang >= 17".
list_missing() { printf '  %s\n' "${missing[@]}" >&2; }

look
((${#missing[@]})) || exit 0

# --- how to get it -----------------------------------------------------------

id=$(os_release ID)
like=" $id $(os_release ID_LIKE) "
version=$(os_release VERSION_ID)

# run COMMAND...: as root.
run() {
	if ((print)); then
		printf '%s\n' "$*"
	elif [[ $EUID -eq 0 ]]; then
		"$@" >&2
	else
		sudo "$@" >&2
	fi
}

# Before anything is changed: can it be done at all?
if ((!print)) && [[ $EUID -ne 0 ]] && ! have sudo; then
	say "not root, and no sudo here; run as root:"
	QUMUN_CACHE=$(cache_dir) "$0" --print "${groups[@]}" >&2
	exit "$EX_PRIVILEGE"
fi

too_old() {
	say "$1"
	say "missing:"
	list_missing
	exit "$EX_ENVIRONMENT"
}

apt_flags=(-y -q --no-install-recommends -o Dpkg::Options::=--force-confold -o DPkg::Lock::Timeout=300)

# The machine's own APT.  Some third-party source may be broken; that must not
# matter as long as the packages are found.
install_apt() {
	run env DEBIAN_FRONTEND=noninteractive apt-get -q update ||
		say "apt-get update complained; going on with what it has"
	run env DEBIAN_FRONTEND=noninteractive apt-get "${apt_flags[@]}" install "$@"
}

# Debian 12: its main archive and its backports, in a private configuration.
install_debian12() {
	local conf p packages=() tools=()
	for p; do
		if [[ $p == unpack:* ]]; then tools+=("${p#unpack:}"); else packages+=("$p"); fi
	done
	if ((print)); then
		conf=$(cache_dir)/apt/bookworm/apt.conf
	else
		conf=$(apt_private bookworm bookworm bookworm-updates bookworm-security bookworm-backports)
	fi
	if ((${#packages[@]})); then
		run env DEBIAN_FRONTEND=noninteractive apt-get -c "$conf" -q update ||
			say "apt-get update complained; going on with what it has"
		run env DEBIAN_FRONTEND=noninteractive apt-get -c "$conf" "${apt_flags[@]}" install "${packages[@]}"
	fi
	for p in "${tools[@]}"; do
		if ((print)); then
			printf '# %s: unpacked from Debian 13 below %s\n' "$p" "$(tools_root '')"
		else
			"tool_unpack_$p"
		fi
	done
}

# translate FUNCTION PACKAGE...: one package may become several.
translate() {
	local f=$1 p
	shift
	for p; do "$f" "$p"; done
}
# shellcheck disable=SC2317 # called by name
strip_at() { printf '%s\n' "${1%@}"; }

case $like in
*' debian '* | *' ubuntu '*)
	case $id in
	debian)
		# Testing and unstable have no VERSION_ID, and everything.
		[[ -z $version ]] || version_ge "$version" 12 ||
			too_old "Debian $version is too old; 12 or newer is needed"
		f=strip_at
		[[ $version != 12 ]] || f=req_debian12
		;;
	ubuntu)
		if [[ " ${missing[*]} " == *libbpf* ]] && ! version_ge "$version" 24.10; then
			too_old "Ubuntu $version has no libbpf 1.4; Ubuntu 24.10 or newer is needed, or a libbpf >= 1.4 that pkg-config finds"
		fi
		f=req_ubuntu
		;;
	*) f=strip_at ;;
	esac
	mapfile -t packages < <(translate "$f" "${apt[@]}")
	mapfile -t packages < <(unique "${packages[@]}")
	if [[ $f == req_debian12 ]]; then
		install_debian12 "${packages[@]}"
	else
		install_apt "${packages[@]}"
	fi
	;;
*' fedora '* | *' rhel '* | *' centos '*)
	mapfile -t packages < <(unique "${dnf[@]}")
	run dnf -y install "${packages[@]}"
	;;
*' arch '*)
	mapfile -t packages < <(unique "${pacman[@]}" | grep -vx -- -)
	((${#packages[@]} == 0)) || run pacman -S --needed --noconfirm "${packages[@]}"
	;;
*' suse '* | *' opensuse '* | *' opensuse-tumbleweed '* | *' opensuse-leap '*)
	mapfile -t packages < <(unique "${zypper[@]}")
	run zypper --non-interactive install --no-recommends "${packages[@]}"
	;;
*)
	say "this distribution (${id:-unknown}) is not known here; install by hand:"
	list_missing
	exit "$EX_ENVIRONMENT"
	;;
esac
((!print)) || exit 0

# --- did it help? ------------------------------------------------------------

hash -r
look
((${#missing[@]})) || exit 0
# Arch packages no virtme-ng; only scripts/vng-run.sh needs it.
if [[ ${missing[*]} == virtme-ng ]]; then
	say "virtme-ng is not packaged for this distribution; scripts/vng-run.sh needs it, nothing else does"
	exit 0
fi
say "still missing after the installation:"
list_missing
exit "$EX_ENVIRONMENT"
