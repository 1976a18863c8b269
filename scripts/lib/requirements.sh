# shellcheck shell=bash
# What each group of install-deps.sh needs: how to see that it is there, and
# which packages bring it.  A new dependency is one line here.
# Sourced; needs common.sh, apt.sh, tools.sh.

# group | what | test | apt | dnf | pacman | zypper
#
# Tests look at the thing, not at package databases: a clang below /usr/local
# is as good as a packaged one.  A package "-" is not in that distribution.
# Names with "@" get the suffix that Debian 12 needs (see req_debian12).
requirements() {
	cat <<-'TABLE'
		build|C compiler|ok_cmd cc gcc clang|gcc libc6-dev|gcc glibc-devel|gcc|gcc glibc-devel
		build|make|ok_cmd make|make|make|make|make
		build|pkg-config|ok_cmd pkg-config|pkg-config|pkgconf-pkg-config|pkgconf|pkgconf-pkg-config
		build|clang >= 17|ok_clang 17|clang@|clang|clang|clang
		build|llvm-strip|ok_llvm_strip|llvm@|llvm|llvm|llvm
		build|bpftool|ok_bpftool|bpftool@|bpftool|bpf|bpftool
		build|libbpf >= 1.4|ok_lib libbpf 1.4|libbpf-dev@|libbpf-devel|libbpf|libbpf-devel
		build|libelf|ok_lib libelf 0|libelf-dev|elfutils-libelf-devel|libelf|libelf-devel
		build|zlib|ok_lib zlib 0|zlib1g-dev|zlib-devel|zlib|zlib-devel
		build|jansson|ok_lib jansson 2.12|libjansson-dev|jansson-devel|jansson|libjansson-devel
		build|inih|ok_lib inih 53|libinih-dev|inih-devel|libinih|inih-devel
		build|ncursesw|ok_lib ncursesw 6|libncurses-dev|ncurses-devel|ncurses|ncurses-devel
		test|cmocka|ok_lib cmocka 1.1|libcmocka-dev|libcmocka-devel|cmocka|libcmocka-devel
		test|address sanitizer|ok_asan|gcc libc6-dev|libasan libubsan|gcc|gcc
		test|libFuzzer|ok_fuzzer|libclang-rt-dev@|compiler-rt|compiler-rt|clang
		test|libbsd|ok_lib libbsd 0|libbsd-dev|libbsd-devel|libbsd|libbsd-devel
		test|tmux|ok_cmd tmux|tmux|tmux|tmux|tmux
		vm|QEMU >= 8|ok_qemu 8|qemu-system-x86@|qemu-system-x86-core|qemu-system-x86|qemu-x86
		vm|static busybox|ok_busybox|busybox-static|busybox|busybox|busybox-static
		vm|cpio|ok_cmd cpio|cpio|cpio|cpio|cpio
		vm|xz|ok_cmd xz|xz-utils|xz|xz|xz
		vm|zstd|ok_cmd zstd|zstd|zstd|zstd|zstd
		vm|depmod|ok_cmd depmod|kmod|kmod|kmod|kmod
		vm|udev|ok_cmd udevadm|udev|systemd-udev|systemd|udev
		vm|file|ok_cmd file|file|file|file|file
		vm|ip|ok_cmd ip|iproute2|iproute|iproute2|iproute2
		vm|Python modules|ok_python argcomplete requests yaml|python3 python3-argcomplete python3-requests python3-yaml|python3-argcomplete python3-requests python3-pyyaml|python-argcomplete python-requests python-yaml|python3-argcomplete python3-requests python3-PyYAML
		vm|virtme-ng|tool_have_virtme|virtme-ng@|virtme-ng|-|virtme
		vm|virtiofsd|tool_have_virtiofsd|virtiofsd@|virtiofsd|virtiofsd|virtiofsd
		kernel-build|C compiler|ok_cmd gcc|gcc libc6-dev|gcc glibc-devel|gcc|gcc glibc-devel
		kernel-build|make|ok_cmd make|make|make|make|make
		kernel-build|pkg-config|ok_cmd pkg-config|pkg-config|pkgconf-pkg-config|pkgconf|pkgconf-pkg-config
		kernel-build|bc|ok_cmd bc|bc|bc|bc|bc
		kernel-build|flex|ok_cmd flex|flex|flex|flex|flex
		kernel-build|bison|ok_cmd bison|bison|bison|bison|bison
		kernel-build|perl|ok_cmd perl|perl|perl|perl|perl
		kernel-build|libelf|ok_lib libelf 0|libelf-dev|elfutils-libelf-devel|libelf|libelf-devel
		kernel-build|xz|ok_cmd xz|xz-utils|xz|xz|xz
		kernel-build|zstd|ok_cmd zstd|zstd|zstd|zstd|zstd
		kernel-build|cpio|ok_cmd cpio|cpio|cpio|cpio|cpio
		kernel-build|pahole >= 1.26|tool_have_pahole|pahole@|dwarves|pahole|dwarves
		bench|Python 3|ok_python json|python3|python3|python|python3
		bench|apt-get|ok_cmd apt-get|apt|apt|-|apt
		runtimes|apt-get|ok_cmd apt-get|apt|apt|-|apt
		runtimes|mmdebstrap|ok_cmd mmdebstrap|mmdebstrap|mmdebstrap|-|mmdebstrap
		runtimes|mke2fs|ok_cmd mke2fs|e2fsprogs|e2fsprogs|e2fsprogs|e2fsprogs
		lint|shellcheck|ok_cmd shellcheck|shellcheck|ShellCheck|shellcheck|ShellCheck
		lint|cppcheck|ok_cmd cppcheck|cppcheck|cppcheck|cppcheck|cppcheck
	TABLE
}

# shellcheck disable=SC2034 # for install-deps.sh
readonly REQ_GROUPS='build test vm runtimes bench kernel-build lint'

# Debian 12 (main has clang 14 and 19; backports have the rest).  Prints
# packages; "unpack:TOOL" means lib/tools.sh, since no package fits.
req_debian12() {
	case $1 in
	clang@ | llvm@) printf '%s-19\n' "${1%@}" ;;
	libclang-rt-dev@) printf 'libclang-rt-19-dev\n' ;;
	libbpf-dev@ | bpftool@) printf '%s/bookworm-backports\n' "${1%@}" ;;
	# All at once: APT does not change the suite of a dependency that
	# is already satisfied by an older version.
	qemu-system-x86@) printf '%s/bookworm-backports\n' qemu-system-x86 qemu-system-common qemu-system-data seabios ;;
	virtme-ng@) printf 'unpack:virtme\n' ;;
	virtiofsd@) printf 'unpack:virtiofsd\n' ;;
	pahole@) printf 'unpack:pahole\n' ;;
	*) printf '%s\n' "${1%@}" ;;
	esac
}

# Ubuntu before 25.04 hides bpftool in a package per kernel.
req_ubuntu() {
	case $1 in
	bpftool@)
		if version_ge "$(os_release VERSION_ID)" 25.04; then
			printf 'bpftool\n'
		else
			printf '%s\n' linux-tools-common linux-tools-generic
		fi
		;;
	*) printf '%s\n' "${1%@}" ;;
	esac
}

# --- tests -------------------------------------------------------------------

ok_cmd() {
	local c
	for c; do
		have "$c" && return
	done
	return 1
}

# ok_any NAME: as NAME or with a version behind it.
ok_any() {
	local v
	for v in '' -23 -22 -21 -20 -19 -18 -17; do
		have "$1$v" && return
	done
	return 1
}

ok_clang() {
	local v major
	for v in clang clang-23 clang-22 clang-21 clang-20 clang-19 clang-18 clang-17; do
		have "$v" || continue
		major=$("$v" -dumpversion 2>/dev/null | cut -d. -f1)
		is_number "$major" "$1" && return
	done
	return 1
}

ok_llvm_strip() { ok_any llvm-strip; }

# Ubuntu's /usr/sbin/bpftool may be a script that only says what to install.
ok_bpftool() { bpftool version >/dev/null 2>&1; }

ok_lib() { pkg-config --exists "$1 >= $2" 2>/dev/null; }

ok_asan() {
	printf 'int main(void) { return 0; }\n' |
		"${CC:-cc}" -fsanitize=address,undefined -x c - -o /dev/null 2>/dev/null
}

# With the clang that make takes, which is the newest.
ok_fuzzer() {
	local v
	for v in ${CLANG:-clang-22 clang-21 clang-20 clang-19 clang-18 clang-17 clang}; do
		have "$v" || continue
		printf 'int LLVMFuzzerTestOneInput(const char *d, long n) { return d && n < 0; }\n' |
			"$v" -fsanitize=fuzzer,address,undefined -x c - -o /dev/null 2>/dev/null
		return
	done
	return 1
}

ok_qemu() {
	local q
	for q in qemu-system-x86_64 qemu-kvm /usr/libexec/qemu-kvm; do
		have "$q" || continue
		version_ge "$(engine_qemu_version "$q")" "$1" && return
	done
	return 1
}

ok_busybox() { (initramfs_busybox) >/dev/null 2>&1; }

ok_python() {
	local m py
	py=$(virtme_python) || return 1
	for m; do
		"$py" -c "import $m" 2>/dev/null || return 1
	done
}
