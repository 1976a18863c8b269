# shellcheck shell=bash
# The disk of a guest with systemd and container runtimes.
# Sourced; needs common.sh and apt.sh.

readonly GUEST_PACKAGES=systemd,systemd-sysv,dbus,dbus-user-session,libpam-systemd,util-linux,procps,kmod,containerd,runc,crun,podman,conmon,netavark,busybox-static,tmux,ncurses-base

# Room for what tests write; sparse.
readonly GUEST_DISK_SIZE=2G

# guest_disk: makes the disk where it is not in the cache; prints its path.
guest_disk() {
	local dir key disk
	# What it is made of is its name: a change here makes another one.
	key=$({ printf '%s\n' "$GUEST_PACKAGES"; declare -f guest_settle guest_start; } | sha256sum | cut -c1-12)
	dir=$(cache_subdir guest) || exit
	disk=$dir/debian13-$key.img
	if [[ ! -s $disk ]]; then
		[[ $EUID -eq 0 ]] || die "$EX_PRIVILEGE" "making the guest's disk needs root; once: sudo $0 7.3 -- true"
		need mmdebstrap runtimes
		need mke2fs runtimes
		cache_lock
		[[ -s $disk ]] || guest_make_disk "$dir" "$disk"
	fi
	printf '%s\n' "$disk"
}

# guest_make_disk DIR DISK
guest_make_disk() {
	local work conf
	conf=$(apt_trixie) || exit
	say "making the guest's disk (Debian 13 with container runtimes; once, some minutes)"
	work=$(mktemp -d "$1/.new.XXXXXX")
	# mmdebstrap changes to users that must get there.
	chmod 755 "$work"
	mmdebstrap --quiet --mode=root --variant=minbase --format=directory --include="$GUEST_PACKAGES" \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		trixie "$work/root" "${conf%/*}/sources.list" >&2 ||
		die "$EX_ENVIRONMENT" "mmdebstrap failed (see above); is there a network?"
	guest_settle "$work/root"
	truncate -s "$GUEST_DISK_SIZE" "$work/disk"
	mke2fs -q -t ext4 -O ^has_journal -d "$work/root" "$work/disk" >&2
	mv "$work/disk" "$2"
	rm -rf "$work"
}

# guest_settle ROOT: users, the service that runs the command, and nothing that
# would only take time.
guest_settle() {
	local root=$1 user unit
	for user in alice bob; do
		chroot "$root" useradd --create-home "$user"
		mkdir -p "$root/var/lib/systemd/linger"
		: >"$root/var/lib/systemd/linger/$user"
	done
	mkdir -p "$root/opt/host" "$root/etc/systemd/system/multi-user.target.wants"
	guest_start >"$root/opt/start"
	printf '%s\n' '[Unit]' 'After=multi-user.target' '[Service]' 'Type=exec' \
		'ExecStart=/bin/bash /opt/start' >"$root/etc/systemd/system/vm-run.service"
	ln -s ../vm-run.service "$root/etc/systemd/system/multi-user.target.wants/"
	for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
		e2scrub_reap.service fstrim.timer getty@tty1.service serial-getty@ttyS0.service ldconfig.service \
		systemd-journal-catalog-update.service netavark-dhcp-proxy.socket netavark-dhcp-proxy.service \
		podman-auto-update.timer podman-restart.service; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	printf 'vm\n' >"$root/etc/hostname"
}

# guest_start: what the service runs, the counterpart of guest_init() in vm-guest.sh.
guest_start() {
	cat <<-'START'
		stty -F /dev/ttyS1 115200 raw -echo
		mountpoint -q /sys/fs/bpf || mount -t bpf -o mode=0700 bpf /sys/fs/bpf
		cd /opt/host
		exec 3>/dev/ttyS1
		sh /opt/command </dev/null >&3 2>&1 3>&-
		status=$?
		printf '\036vm-run-exit=%d\n' "$status" >&3
		exec 3>&-
		systemctl poweroff --force --force
	START
}

# guest_first_program: from the initramfs of vm-run.sh to the disk.
guest_first_program() {
	cat <<-'FIRST'
		#!/bin/busybox sh
		export PATH=/bin
		/bin/busybox mount -t proc proc /proc
		/bin/busybox --install -s /bin 2>/dev/null
		mount -t devtmpfs devtmpfs /dev
		printf '\036vm-run-start\n' >/dev/ttyS1
		mkdir /disk
		# The disk may come late, and --qemu-arg may have brought others.
		for try in $(seq 60); do
			for disk in /dev/nvme*n1; do
				mount -t ext4 "$disk" /disk 2>/dev/null && break 2
			done
			sleep 0.5
		done
		[ -d /disk/sbin ] || reboot -f
		cp /etc/vm-run/command /disk/opt/command
		[ ! -d /opt/host ] || cp -r /opt/host/. /disk/opt/host/
		umount /proc
		mount -o move /dev /disk/dev
		exec switch_root /disk /sbin/init
	FIRST
}
