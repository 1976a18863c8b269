#!/bin/bash
# scripts/install-deps.sh on distributions that are not this one: made-up
# os-release files, a PATH in which nothing of what it looks for is found, and
# --print.  Needs no root and no network; prints TAP.

# shellcheck disable=SC2317 # the conditions are called through check()

set -uo pipefail

script=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/scripts/install-deps.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Only what the script itself is made of.  The package managers and sudo are
# traps: --print must not call them.
mkdir "$tmp/bin"
for tool in awk basename bash cat cut dirname env grep head ls mkdir readlink sed sort tr uname; do
	ln -s "$(command -v "$tool")" "$tmp/bin/$tool"
done
for tool in apt-get dnf pacman zypper sudo; do
	printf '#!/bin/sh\necho "%s was called" >>"%s/called"\nexit 1\n' "$tool" "$tmp" >"$tmp/bin/$tool"
	chmod +x "$tmp/bin/$tool"
done

n=0 failed=0
# check NAME CONDITION...
check() {
	local name=$1
	shift
	n=$((n + 1))
	if "$@"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name"
		printf '%s\n' "status $status, stdout:" "$out" "stderr:" "$err" | sed 's/^/# /'
		failed=1
	fi
}

# deps OS-RELEASE-TEXT ARG...: sets out, err, status.
deps() {
	printf '%b' "$1" >"$tmp/os-release"
	shift
	out=$(PATH=$tmp/bin QUMUN_OS_RELEASE=$tmp/os-release QUMUN_CACHE=$tmp/cache \
		"$BASH" "$script" "$@" 2>"$tmp/err" </dev/null)
	status=$?
	err=$(<"$tmp/err")
}

is() { [[ $status -eq $1 ]]; }
has() { [[ " ${out//$'\n'/ } " == *" $1 "* ]]; }
lacks() { ! has "$1"; }
says() { [[ $err == *"$1"* ]]; }
out_lacks_at() { [[ $out != *@* ]]; }
last_line_is() { [[ ${out##*$'\n'} == "$1" ]]; }

debian12='ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
debian13='ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n'
sid='ID=debian\nVERSION_CODENAME=forky\n'
ubuntu() { printf 'ID=ubuntu\\nID_LIKE=debian\\nVERSION_ID="%s"\\n' "$1"; }

echo 1..43

deps "$debian12" --print build
check 'Debian 12: status 0' is 0
check 'Debian 12: clang-19' has clang-19
check 'Debian 12: no unversioned clang' lacks clang
check 'Debian 12: llvm-19' has llvm-19
check 'Debian 12: libbpf from backports' has libbpf-dev/bookworm-backports
check 'Debian 12: bpftool from backports' has bpftool/bookworm-backports
check 'Debian 12: libelf not from backports' has libelf-dev
check 'Debian 12: a private APT configuration' has "$tmp/cache/apt/bookworm/apt.conf"
check 'Debian 12: --print creates nothing' test ! -e "$tmp/cache"

deps "$debian12" --print test
check 'Debian 12: the libraries of clang-19' has libclang-rt-19-dev

deps "$debian12" --print vm
check 'Debian 12: QEMU from backports' has qemu-system-x86/bookworm-backports
check 'Debian 12: with its firmware' has seabios/bookworm-backports
check 'Debian 12: virtme-ng is no package' lacks virtme-ng

deps "$debian13" --print build
check 'Debian 13: status 0' is 0
check 'Debian 13: clang' has clang
check 'Debian 13: libbpf' has libbpf-dev
check 'Debian 13: the machine'\''s own APT' lacks -c
check 'Debian 13: no marker left in a name' out_lacks_at

deps "$debian13" --print vm
check 'Debian 13: QEMU' has qemu-system-x86

deps "$sid" --print build
check 'Debian unstable: status 0' is 0
check 'Debian unstable: libbpf' has libbpf-dev

deps 'ID=debian\nVERSION_ID="11"\n' --print build
check 'Debian 11: status 6' is 6
check 'Debian 11: says why' says '12 or newer'

deps "$(ubuntu 24.04)" --print build
check 'Ubuntu 24.04: status 6' is 6
check 'Ubuntu 24.04: says what is needed' says '24.10 or newer'
check 'Ubuntu 24.04: no command' test -z "$out"

deps "$(ubuntu 24.10)" --print build
check 'Ubuntu 24.10: bpftool comes with a kernel' has linux-tools-generic
deps "$(ubuntu 25.04)" --print build
check 'Ubuntu 25.04: bpftool is a package' has bpftool

deps 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_ID="22"\n' --print build
check 'a relative of Debian: apt' has libbpf-dev

deps 'ID=fedora\nVERSION_ID=42\n' --print build test
check 'Fedora: the whole command' last_line_is 'dnf -y install gcc glibc-devel make pkgconf-pkg-config clang llvm bpftool libbpf-devel elfutils-libelf-devel zlib-devel jansson-devel inih-devel ncurses-devel libcmocka-devel libasan libubsan compiler-rt libbsd-devel tmux'

deps 'ID=cachyos\nID_LIKE=arch\n' --print build test
check 'Arch: the whole command' last_line_is 'pacman -S --needed --noconfirm gcc make pkgconf clang llvm bpf libbpf libelf zlib jansson libinih ncurses cmocka compiler-rt libbsd tmux'
deps 'ID=arch\n' --print vm
check 'Arch: what is not packaged is left out' lacks -

deps 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n' --print build test
check 'openSUSE: the whole command' last_line_is 'zypper --non-interactive install --no-recommends gcc glibc-devel make pkgconf-pkg-config clang llvm bpftool libbpf-devel libelf-devel zlib-devel libjansson-devel inih-devel ncurses-devel libcmocka-devel libbsd-devel tmux'

deps 'ID=nixos\n' --print build
check 'unknown: status 6' is 6
check 'unknown: its name' says nixos
check 'unknown: what is needed' says 'libbpf >= 1.4'
check 'unknown: nothing on stdout' test -z "$out"

deps "$debian13" nonsense
check 'unknown group: status 2' is 2
check 'unknown group: the known ones' says kernel-build
deps "$debian13"
check 'no group: status 2' is 2
deps "$debian13" --help
check '--help: status 0' is 0
check '--help: on stdout' has usage:

check '--print never called a package manager' test ! -e "$tmp/called"

exit "$failed"
