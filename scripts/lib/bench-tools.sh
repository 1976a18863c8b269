# shellcheck shell=bash
# What the benchmark brings along: the emulator that it is calibrated for, and the
# field tools that run inside.  Both are Debian 12's, on every machine: figures of
# different machines are then of the same programs.  They are unpacked below the
# cache with all their libraries and started through their own loader; nothing is
# installed, so no Redis server starts on this machine.
# Sourced; needs common.sh, apt.sh, tools.sh.

readonly BENCH_SUITE_NAME=bookworm
# The report names their versions.
# make and tcc build something in the suite `build`.
readonly BENCH_PACKAGES='stress-ng redis-tools rt-tests linux-perf make tcc'
readonly BENCH_TOOLS='stress-ng redis-server redis-benchmark cyclictest hackbench perf make tcc'

# bench_unpack NAME PACKAGE...: with the libraries that they depend on.
bench_unpack() {
	local name=$1 root new conf libs
	shift
	root=$(tools_root "$name")
	[[ ! -d $root ]] || return 0
	cache_lock
	[[ ! -d $root ]] || return 0
	conf=$(apt_private bench "$BENCH_SUITE_NAME" "$BENCH_SUITE_NAME-updates" "$BENCH_SUITE_NAME-security") || exit
	# What this machine has installed must not decide what is downloaded.
	: >"${conf%/*}/status"
	printf 'Dir::State::status "%s";\n' "${conf%/*}/status" >>"$conf"
	apt_update "$conf"
	mapfile -t libs < <(apt-cache -c "$conf" depends --recurse --no-recommends --no-suggests \
		--no-conflicts --no-breaks --no-replaces --no-enhances "$@" | grep '^lib' | sort -u)
	say "unpacking $* and ${#libs[@]} libraries from Debian 12 into $root"
	new=$(mktemp -d "$(cache_subdir tools)/.new.XXXXXX")
	chmod 755 "$new"
	apt_unpack "$conf" "$new" "$@" "${libs[@]}"
	apt-cache -c "$conf" show "$@" | awk '
		$1 == "Package:" { name = $2 }
		$1 == "Version:" && !seen[name]++ { print name, $2 }' >"$new/versions"
	mv -T "$new" "$root"
	# Anything behind this would otherwise keep others waiting.
	exec 9>&-
}

# bench_library_path ROOT
bench_library_path() {
	find "$1/lib" "$1/usr/lib" -maxdepth 2 -type d \( -name '*-linux-gnu' -o -name pulseaudio \) |
		paste -sd:
}

bench_loader() {
	find "$1/lib" "$1/usr/lib" -maxdepth 2 -name 'ld-linux-x86-64.so.2' | head -n 1
}

# bench_qemu: prints a directory to be put in front of PATH.
bench_qemu() {
	local root wrapper
	bench_unpack qemu-7.2 qemu-system-x86 qemu-system-common qemu-system-data seabios >&2 || exit
	root=$(tools_root qemu-7.2)
	wrapper=$root/wrapper
	mkdir -p "$wrapper"
	# QEMU_MODULE_DIR: it must not find the modules of an installed QEMU.
	cat >"$wrapper/qemu.$$" <<-WRAPPER
		#!/bin/sh
		export QEMU_MODULE_DIR='$root/usr/lib/x86_64-linux-gnu/qemu'
		exec '$(bench_loader "$root")' --library-path '$(bench_library_path "$root")' \\
			'$root/usr/bin/qemu-system-x86_64' -L '$root/usr/share/qemu' -L '$root/usr/share/seabios' "\$@"
	WRAPPER
	chmod 755 "$wrapper/qemu.$$"
	mv "$wrapper/qemu.$$" "$wrapper/qemu-system-x86_64"
	"$wrapper/qemu-system-x86_64" --version >/dev/null ||
		die "$EX_ENVIRONMENT" "the unpacked QEMU does not run; remove $root and try again"
	printf '%s\n' "$wrapper"
}

# bench_tools DIR: fills DIR/bin with start scripts and DIR/lib with what they need.
bench_tools() {
	local dir=$1 root loader path tool file lib
	local -a packages
	read -ra packages <<<"$BENCH_PACKAGES"
	bench_unpack bench-tools "${packages[@]}" || exit
	root=$(tools_root bench-tools)
	loader=$(bench_loader "$root")
	path=$(bench_library_path "$root")
	mkdir -p "$dir/bin" "$dir/real" "$dir/lib"
	cp -L "$loader" "$dir/lib/loader"
	for tool in $BENCH_TOOLS; do
		file=$root/usr/bin/$tool
		# In this version one program under three names.
		[[ $tool != redis-server || -e $file ]] || file=$root/usr/bin/redis-check-rdb
		[[ -e $file ]] || die "$EX_ENVIRONMENT" "$tool is not in Debian's packages: $BENCH_PACKAGES"
		cp -L "$file" "$dir/real/$tool"
		while read -r lib; do
			[[ -e $dir/lib/${lib##*/} ]] || cp -L "$lib" "$dir/lib/"
		done < <("$loader" --library-path "$path" --list "$file" | sed -nE 's/.* => (\/[^ ]+) \(.*/\1/p')
		cat >"$dir/bin/$tool" <<-WRAPPER
			#!/bin/sh
			top=\${0%/bin/*}
			exec "\$top/lib/loader" --argv0 $tool --library-path "\$top/lib" "\$top/real/$tool" "\$@"
		WRAPPER
		chmod 755 "$dir/bin/$tool"
	done
	cp "$root/versions" "$dir/versions"
}
