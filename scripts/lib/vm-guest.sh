# shellcheck shell=bash
# Both ends of a command in a VM: the guest's /init, the quoting of the command
# on its way in, and the relay of output and exit status on the way out.
# Sourced; needs common.sh.

# The guest ends its output with this and the status.  A control character
# makes it unlikely in a program's own output; it need not begin a line, since
# the output may end without a newline.
readonly GUEST_MARK=$'\x1e''vm-run-exit='
# A line before everything: whether the command ran at all.
readonly GUEST_START=$'\x1e''vm-run-start'

# guest_kernel SCRIPTS KERNEL: prints the path of the kernel image.
guest_kernel() {
	local scripts=$1 kernel=$2 dir
	if [[ -d $kernel && -f $kernel/vmlinuz ]]; then
		realpath "$kernel/vmlinuz"
	elif [[ -f $kernel ]]; then
		realpath "$kernel"
	elif [[ $kernel == */* ]]; then
		die "$EX_NOT_FOUND" "$kernel: no such kernel image"
	else
		dir=$("$scripts/fetch-kernel.sh" "$kernel") || exit
		realpath "$dir/vmlinuz"
	fi
}

# guest_quote ARG...: one shell line that gives exactly these arguments.
# Not printf %q: its $'...' is bash, and the guest's shell is busybox.
guest_quote() {
	local arg out=''
	for arg; do
		out+=" '${arg//\'/\'\\\'\'}'"
	done
	printf '%s\n' "${out# }"
}

# guest_init: the guest's first program, on stdout.
guest_init() {
	cat <<-'INIT'
		#!/bin/busybox sh
		# Errors here go to the console, never into the command's output.
		export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root TERM=dumb
		/bin/busybox mount -t proc proc /proc
		/bin/busybox --install -s /bin 2>/dev/null
		mount -t sysfs sysfs /sys
		mount -t devtmpfs devtmpfs /dev
		mkdir -p /dev/pts /dev/shm
		mount -t devpts devpts /dev/pts
		mount -t tmpfs -o mode=1777 tmpfs /dev/shm
		mount -t tmpfs -o mode=1777 tmpfs /tmp
		mount -t tmpfs -o mode=0755 tmpfs /run
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
		mount -t bpf -o mode=0700 bpf /sys/fs/bpf
		mount -t debugfs debugfs /sys/kernel/debug
		mount -t tracefs tracefs /sys/kernel/tracing
		ln -s /proc/self/fd /dev/fd
		ln -s /proc/self/fd/0 /dev/stdin
		ln -s /proc/self/fd/1 /dev/stdout
		ln -s /proc/self/fd/2 /dev/stderr
		hostname vm
		ip link set lo up
		# Raw: the kernel must not turn LF into CR LF.
		stty -F /dev/ttyS1 115200 raw -echo
		cd /root
		# Held open: every last close would wait for the port to drain.
		exec 3>/dev/ttyS1
		printf '\036vm-run-start\n' >&3
		sh /etc/vm-run/command </dev/null >&3 2>&1 3>&-
		status=$?
		# Whatever the command left running must not write behind the mark.
		printf '\036vm-run-exit=%d\n' "$status" >&3
		exec 3>&-
		# With -no-reboot this ends QEMU.
		reboot -f
	INIT
}

# guest_relay STATUSFILE: copies stdin to stdout line by line as it comes,
# without the marks, and puts the status into STATUSFILE.  It reads to the end
# even when nobody reads its own output (`| head`): the VM must not block.
guest_relay() {
	local file=$1 line rest
	rm -f "$file" "$file.started"
	trap '' PIPE
	while IFS= read -r line || [[ -n $line ]]; do
		line=${line//$'\r'/}
		if [[ $line == "$GUEST_START" ]]; then
			: >"$file.started"
			continue
		fi
		if [[ $line == *"$GUEST_MARK"* ]]; then
			rest=${line##*"$GUEST_MARK"}
			printf '%s' "${line%"$GUEST_MARK"*}"
			[[ $rest =~ ^[0-9]+$ ]] && printf '%s\n' "$rest" >"$file"
			continue
		fi
		printf '%s\n' "$line"
	done 2>/dev/null || true
}

# guest_vng_script ARG...: what bash runs in a VM of virtme-ng, where the root
# file system is the machine's.  Its ports take one writer each: everything goes
# through one pipe, so that also whoever opens /dev/stderr by name is heard.
guest_vng_script() {
	cat <<-SCRIPT
		exec </dev/null 2>&1
		printf '\\036vm-run-start\\n'
		mkdir -p /run/vm-run
		mkfifo /run/vm-run/output
		# Held open here, or the first closing would end the reader.
		exec 3<>/run/vm-run/output
		ln -sfT /proc/self/fd/1 /dev/stdout
		ln -sfT /proc/self/fd/2 /dev/stderr
		mountpoint -q /sys/fs/bpf || mount -t bpf -o mode=0700 bpf /sys/fs/bpf
		# Ends at the mark, not at the end of file: the command may have left
		# something running that keeps the pipe open.
		sed -u '/\x1evm-run-exit=/q' </run/vm-run/output 3>&- &
		$(guest_quote "$@") >&3 2>&1 3>&-
		status=\$?
		printf '\\036vm-run-exit=%d\\n' "\$status" >&3
		wait
		exit "\$status"
	SCRIPT
}

# guest_modules DIR: makes DIR/lib/modules/* usable for virtme-ng, whose first
# stage cannot load compressed modules.  Done once per kernel; nothing to do
# for a kernel without modules.
guest_modules() {
	local dir=$1 mods new
	for mods in "$dir"/lib/modules/*/; do
		[[ -d $mods && ! -e $mods/modules.dep ]] || continue
		need depmod vm
		say "unpacking the modules of ${mods%/} (once)"
		# Beside it and then renamed: two VMs may want this at the same time.
		new=$(mktemp -d "$dir/.modules.XXXXXX")
		mkdir -p "$new/lib/modules"
		cp -a "${mods%/}" "$new/lib/modules/"
		find "$new" -name '*.ko.xz' -print0 | xargs -0 -r -n 64 -P "$(nproc)" xz -d
		find "$new" -name '*.ko.zst' -print0 | xargs -0 -r -n 64 -P "$(nproc)" zstd -q -d --rm
		depmod -b "$new" "$(basename "$mods")"
		rm -rf "${mods%/}"
		mv -T "$new/lib/modules/$(basename "$mods")" "${mods%/}" 2>/dev/null || true
		rm -rf "$new"
	done
}
