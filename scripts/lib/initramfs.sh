# shellcheck shell=bash
# Packs an initramfs out of busybox, an /init script and files of this machine,
# each with the shared libraries it needs.  Sourced by vm-run.sh and by the
# probe in vm-engine.sh; needs common.sh.

# initramfs_busybox: a busybox that runs without any library, or an error.
initramfs_busybox() {
	local bb
	for bb in busybox busybox-static busybox.static; do
		bb=$(command -v "$bb") || continue
		# ldd fails on a static binary, and says so in two dialects.
		if ! ldd "$bb" >/dev/null 2>&1 || ldd "$bb" 2>&1 | grep -q 'not a dynamic\|statically'; then
			printf '%s\n' "$bb"
			return
		fi
	done
	die "$EX_ENVIRONMENT" "no static busybox found; run: scripts/install-deps.sh vm"
}

# initramfs_begin DIR: the skeleton.  Device nodes are left to devtmpfs (and
# /dev/console to the kernel's built-in archive), so no root is needed.
initramfs_begin() {
	local dir=$1 busybox
	busybox=$(initramfs_busybox) || exit
	mkdir -p "$dir"/{bin,sbin,usr/bin,usr/sbin,etc,root,proc,sys,dev,tmp,run,var,mnt,lib,lib64}
	ln -s /run "$dir/var/run"
	ln -s /tmp "$dir/var/tmp"
	cp -L "$busybox" "$dir/bin/busybox"
	printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'user:x:1000:1000:user:/tmp:/bin/sh' \
		'nobody:x:65534:65534:nobody:/:/bin/false' >"$dir/etc/passwd"
	printf '%s\n' 'root:x:0:' 'tty:x:5:' 'user:x:1000:' 'nogroup:x:65534:' >"$dir/etc/group"
	printf '127.0.0.1 localhost\n::1 localhost\n' >"$dir/etc/hosts"
}

# initramfs_libs DIR FILE: copies what ldd names, at the path ldd names, which
# is where the guest's loader will look.  Not an ELF file, or static: nothing.
initramfs_libs() {
	local dir=$1 file=$2 list lib
	[[ -f $file ]] || return 0
	# The four magic bytes; ldd itself would complain about every text file.
	[[ $(head -c 4 "$file" | tr -d '\0') == $'\x7fELF' ]] || return 0
	list=$(ldd "$file" 2>/dev/null) || return 0
	if grep -q 'not found' <<<"$list"; then
		die "$EX_ENVIRONMENT" "$file: shared library missing: $(grep -m1 'not found' <<<"$list" | tr -s '\t ' ' ')"
	fi
	while read -r lib; do
		[[ -e $dir$lib ]] && continue
		mkdir -p "$dir${lib%/*}"
		cp -L "$lib" "$dir$lib"
	done < <(sed -nE 's/^[[:space:]]*([^ ]+ => )?(\/[^ ]+) \(0x.*/\2/p' <<<"$list")
}

# initramfs_add DIR HOST GUEST: one file, or a directory with all below it.
initramfs_add() {
	local dir=$1 host=$2 guest=$3 file
	[[ -e $host ]] || die "$EX_NOT_FOUND" "--file $host: no such file"
	[[ $guest == /* ]] || die "$EX_USAGE" "--file $host:$guest: the guest's path must begin with /"
	mkdir -p "$dir${guest%/*}"
	if [[ -d $host ]]; then
		mkdir -p "$dir$guest"
		cp -RL "$host/." "$dir$guest/"
		while IFS= read -r -d '' file; do
			initramfs_libs "$dir" "$file"
		done < <(find -L "$host" -type f \( -perm -u+x -o -name '*.so*' \) -print0)
	else
		rm -f "$dir$guest"
		cp -L "$host" "$dir$guest"
		initramfs_libs "$dir" "$host"
	fi
}

# initramfs_pack DIR ARCHIVE: uncompressed; unpacking in an emulated CPU costs
# more than reading a few megabytes.
initramfs_pack() {
	(cd "$1" && find . -print0 | sort -z |
		cpio --null --create --quiet --format=newc --owner=+0:+0) >"$2"
}
