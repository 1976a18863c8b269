# shellcheck shell=bash
# Tools that a Debian 12 lacks or has too old, taken from Debian 13 and unpacked
# below the cache, not installed: virtme-ng, virtiofsd, pahole.  A compiled one
# needs Debian 13's C library too; it is unpacked beside it and started through
# its own loader, so that the machine's libraries stay what they are.
# Sourced; needs common.sh and apt.sh.
#
# tool_have_* answer by looking, tool_unpack_* download what is missing.

readonly VIRTME_MIN=1.30

tools_root() { printf '%s/tools/%s\n' "$(cache_dir)" "$1"; }

# tool_unpack NAME PACKAGE...: into the cache, all or nothing.
tool_unpack() {
	local name=$1 root new conf
	shift
	root=$(tools_root "$name")
	cache_lock
	[[ ! -d $root ]] || return 0
	conf=$(apt_trixie) || exit
	apt_update "$conf"
	say "unpacking $name from Debian 13 into $root"
	new=$(mktemp -d "$(cache_subdir tools)/.new.XXXXXX")
	chmod 755 "$new"
	apt_unpack "$conf" "$new" "$@"
	mv -T "$new" "$root"
}

# tool_wrap NAME PROGRAM: a start script for a compiled program.  It finds its
# files from where it lies: the cache may be moved or mounted elsewhere.
tool_wrap() {
	local root wrapper
	root=$(tools_root "$1")
	wrapper=$root/wrapper/${2##*/}
	[[ ! -x $wrapper ]] || return 0
	mkdir -p "$root/wrapper"
	cat >"$wrapper.$$" <<-WRAPPER
		#!/bin/sh
		root=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
		for loader in "\$root"/usr/lib/*/ld-linux-*.so.*; do
			exec "\$loader" --library-path "\${loader%/*}" "\$root$2" "\$@"
		done
	WRAPPER
	chmod 755 "$wrapper.$$"
	mv "$wrapper.$$" "$wrapper"
}

# --- virtme-ng ---------------------------------------------------------------

# Always the distribution's Python: the first one in PATH may be another, which
# does not see the distribution's modules.
virtme_python() {
	if [[ -x /usr/bin/python3 ]]; then printf '/usr/bin/python3\n'; else command -v python3; fi
}

virtme_installed() {
	local v
	have vng || return 1
	v=$(vng --version 2>/dev/null | sed -nE 's/^virtme-ng ([0-9.]+).*/\1/p')
	[[ -n $v ]] && version_ge "$v" "$VIRTME_MIN"
}

tool_have_virtme() { virtme_installed || [[ -x $(tools_root virtme-ng)/usr/bin/vng ]]; }

tool_unpack_virtme() { tool_have_virtme || tool_unpack virtme-ng virtme-ng; }

# --- virtiofsd ---------------------------------------------------------------

# The one written in Rust; an old QEMU's C program of that name fails here.
virtiofsd_installed() {
	local p
	for p in "$(command -v virtiofsd || true)" /usr/libexec/virtiofsd \
		/usr/lib/virtiofsd/virtiofsd /usr/lib/virtiofsd /usr/lib/qemu/virtiofsd; do
		[[ -f $p && -x $p ]] && "$p" --version >/dev/null 2>&1 && return 0
	done
	return 1
}

virtiofsd_unpacked() {
	local w
	w=$(tools_root virtiofsd)/wrapper/virtiofsd
	[[ -x $w ]] && "$w" --version >/dev/null 2>&1
}

tool_have_virtiofsd() { virtiofsd_installed || virtiofsd_unpacked; }

tool_unpack_virtiofsd() {
	tool_have_virtiofsd && return
	tool_unpack virtiofsd virtiofsd libc6 libcap-ng0 libgcc-s1 libseccomp2
	tool_wrap virtiofsd /usr/libexec/virtiofsd
}

# --- pahole ------------------------------------------------------------------

# Below 1.26 there are no declaration tags for kfuncs in the BTF.
pahole_installed() {
	local v
	have pahole || return 1
	v=$(pahole --version 2>/dev/null | sed -nE 's/^v?([0-9.]+).*/\1/p')
	[[ -n $v ]] && version_ge "$v" 1.26
}

tool_have_pahole() { pahole_installed || [[ -x $(tools_root pahole)/wrapper/pahole ]]; }

tool_unpack_pahole() {
	tool_have_pahole && return
	tool_unpack pahole pahole libbpf1 libdw1t64 libelf1t64 libc6 zlib1g libzstd1 \
		libbz2-1.0 liblzma5 libgcc-s1
	tool_wrap pahole /usr/bin/pahole
}

# pahole_path: prints the command.
pahole_path() {
	if pahole_installed; then
		command -v pahole
	else
		printf '%s/wrapper/pahole\n' "$(tools_root pahole)"
	fi
}
