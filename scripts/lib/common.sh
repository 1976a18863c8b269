# shellcheck shell=bash
# What every script here shares: messages, the cache directory, small checks.
# Sourced, never run.  It must not print, install or download anything.

# Exit statuses that mean the same in all scripts (and in scx_qumun itself).
# shellcheck disable=SC2034 # used by the scripts that source this file
readonly EX_USAGE=2 EX_PRIVILEGE=4 EX_ENVIRONMENT=6 EX_NOT_FOUND=7

# stdout is data; whatever is meant for a person goes to stderr.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# die STATUS MESSAGE...
die() {
	local status=$1
	shift
	say "$@"
	exit "$status"
}

# The help text of a script is its leading comment: one text, not two.
# The first line is the shebang; the comment ends at the first other line.
usage() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p;}' "$0"; }

have() { command -v "$1" >/dev/null 2>&1; }

# need COMMAND GROUP: a missing tool is answered with the command that mends it.
need() {
	have "$1" || die "$EX_ENVIRONMENT" "$1 not found; run: scripts/install-deps.sh $2"
}

# Where downloads and built kernels are kept between runs.  Root gets the
# machine-wide place, so that `sudo make test-vm` and a root shell share it.
cache_dir() {
	if [[ -n ${QUMUN_CACHE:-} ]]; then
		printf '%s\n' "$QUMUN_CACHE"
	elif [[ $EUID -eq 0 ]]; then
		printf '%s\n' /var/cache/scx_qumun
	else
		printf '%s\n' "${XDG_CACHE_HOME:-$HOME/.cache}/scx_qumun"
	fi
}

# cache_subdir NAME: creates and prints a directory of the cache.  Readable for
# all: APT drops its privileges while it downloads, and a VM's file server may.
cache_subdir() {
	local base dir
	base=$(cache_dir)
	dir=$base/$1
	if [[ ! -d $dir ]]; then
		(umask 022 && mkdir -p "$dir") ||
			die "$EX_ENVIRONMENT" "cannot create $dir; QUMUN_CACHE chooses another place"
	fi
	(cd "$dir" && pwd)
}

# is_number TEXT [MIN]
is_number() { [[ $1 =~ ^[0-9]{1,9}$ ]] && ((10#$1 >= ${2:-0})); }

# version_ge A B: dotted numbers, A >= B.
version_ge() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1) == "$2" ]]; }
