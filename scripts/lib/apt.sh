# shellcheck shell=bash
# A private view of a Debian archive: own source list, own package lists, own
# download directory, all in the cache.  /etc/apt is read, never written, and a
# broken third-party source of the machine is not even asked.
# Sourced; needs common.sh.
#
# No mirror is named here.  It is the one that the machine's own APT uses, or
# QUMUN_DEBIAN_MIRROR where the machine is not a Debian one.  Signatures are
# checked against Debian's keyring (QUMUN_DEBIAN_KEYRING names another file).

# os_release FIELD: from os-release(5).  QUMUN_OS_RELEASE is for tests.
os_release() {
	local file=${QUMUN_OS_RELEASE:-/etc/os-release}
	[[ -r $file ]] || file=/usr/lib/os-release
	[[ -r $file ]] || return 0
	# Sourced in a child, as os-release(5) intends: it is shell syntax.
	# shellcheck disable=SC1090
	(set +u && . "$file" && printf '%s\n' "${!1:-}")
}

# Which suites the machine's APT knows, one "SITE SUITE" per line.  Works
# before the first `apt-get update`: it asks the source list, not the index.
apt_own_suites() {
	# shellcheck disable=SC2016 # APT expands these
	apt-get indextargets --no-release-info --format '$(SITE) $(RELEASE)' \
		'Created-By: Packages' 2>/dev/null | sort -u
}

debian_mirror() {
	local suite=$1 site='' codename
	if [[ -n ${QUMUN_DEBIAN_MIRROR:-} ]]; then
		# One URI stands for the main archive; it has no security suites.
		[[ $suite == *-security ]] || printf '%s\n' "$QUMUN_DEBIAN_MIRROR"
		return
	fi
	[[ $(os_release ID) == debian ]] || return 0
	codename=$(os_release VERSION_CODENAME)
	if [[ $suite == *-security ]]; then
		site=$(apt_own_suites | awk '$2 ~ /-security$/ { print $1; exit }')
	else
		site=$(apt_own_suites | awk -v name="$codename" '
			$2 == name || $2 ~ /^(oldstable|stable|testing|unstable|sid)$/ { print $1; exit }')
	fi
	printf '%s\n' "$site"
}

debian_keyring() {
	local key
	for key in "${QUMUN_DEBIAN_KEYRING:-}" \
		/usr/share/keyrings/debian-archive-keyring.gpg \
		/usr/share/keyrings/debian-archive-keyring.pgp; do
		if [[ -r $key ]]; then
			printf '%s\n' "$key"
			return
		fi
	done
	die "$EX_ENVIRONMENT" "no Debian archive keyring found; install debian-archive-keyring or set QUMUN_DEBIAN_KEYRING"
}

# apt_private NAME SUITE...: writes the configuration, prints its file name, to
# be used as `apt-get -c FILE`.  (-c is read after the machine's own settings,
# so it wins; APT_CONFIG would be read before them.)
apt_private() {
	local name=$1 dir suite site key
	shift
	have apt-get || die "$EX_ENVIRONMENT" "apt-get not found: Debian packages cannot be had on this system"
	key=$(debian_keyring) || exit
	dir=$(cache_subdir "apt/$name") || exit
	mkdir -p "$dir/lists" "$dir/cache/archives"
	for suite; do
		site=$(debian_mirror "$suite")
		[[ -z $site ]] || printf 'deb [signed-by=%s] %s %s main\n' "$key" "$site" "$suite"
	done >"$dir/sources.$$"
	[[ -s $dir/sources.$$ ]] || {
		rm -f "$dir/sources.$$"
		die "$EX_ENVIRONMENT" "APT's configuration names no Debian mirror; set QUMUN_DEBIAN_MIRROR=URI"
	}
	mv "$dir/sources.$$" "$dir/sources.list"
	cat >"$dir/apt.conf.$$" <<-CONF
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::State::lists "$dir/lists";
		Dir::Cache "$dir/cache";
		APT::Keep-Downloaded-Packages "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	CONF
	mv "$dir/apt.conf.$$" "$dir/apt.conf"
	printf '%s\n' "$dir/apt.conf"
}

# The suites that kernels and tools newer than the machine's come from.
apt_trixie() { apt_private trixie trixie trixie-backports trixie-security; }

# apt_update CONF: errors are shown, progress is not.
apt_update() {
	apt-get -c "$1" -qq update >&2 ||
		die "$EX_ENVIRONMENT" "apt-get update failed (see above); is there a network?"
}

# apt_unpack CONF DIR PACKAGE...: downloads (signature checked by APT) and
# unpacks below DIR.  Nothing gets installed, so no root is needed.
apt_unpack() {
	local conf=$1 dir=$2 tmp deb
	shift 2
	tmp=$(mktemp -d "$(cache_subdir apt)/download.XXXXXX")
	# APT downloads as its own user when it runs as root.
	[[ $EUID -ne 0 ]] || chown _apt "$tmp" 2>/dev/null || true
	if ! (cd "$tmp" && apt-get -c "$conf" -qq download "$@" >&2); then
		rm -rf "$tmp"
		die "$EX_ENVIRONMENT" "cannot download: $*"
	fi
	mkdir -p "$dir"
	for deb in "$tmp"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -rf "$tmp"
}

# cache_lock: one downloader at a time; released when the script ends.
cache_lock() {
	local base
	base=$(cache_subdir .) || exit
	exec 9>"$base/lock"
	flock 9
}
