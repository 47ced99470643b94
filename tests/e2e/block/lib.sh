# SPDX-License-Identifier: GPL-2.0
# Sourced by the tests here: tests/e2e/lib.sh for the domain "block", in a mount namespace of its own, so that
# the same paths can be a file system of the host and then the domain's.
#
#   disk FILE SIZE          an ext4 file system in a file
#   up_on FILE              the domain up, with that disk at /sd
#   down                    the domain down in good order; e2fsck finds nothing to repair
#   natively FILE CMD...    with the file system in FILE loop-mounted at /sd
#   hooked CMD...           on the domain; its exit status. $LIMIT seconds at most
E2E_DOMAIN=${E2E_DOMAIN:-block}
KSLICE_SRC=${KSLICE_SRC:-$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)}
export E2E_DOMAIN KSLICE_SRC
# The host's root with one directory more, seen by this namespace alone.
root_with_sd() {
	local root=/mnt top
	mount -t tmpfs -o mode=755 sd "$root" && mkdir "$root/sd" || exit 1
	for top in /*; do
		if [ -L "$top" ]; then
			cp -a "$top" "$root/"
		elif [ -d "$top" ]; then
			mkdir -p "$root$top"
			[ "$top" = "$root" ] || mount --rbind "$top" "$root$top" || exit 1
		fi
	done
	cd / && exec chroot "$root" "$@"
}
if [ -z "${E2E_NS-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "$0: needs root: it mounts file systems in a namespace of its own" >&2; exit 1; }
	E2E_NS=1 exec unshare --net --mount --kill-child -- bash -c "$(declare -f root_with_sd)"'; root_with_sd "$@"' - "$(readlink -f "$0")" "$@"
fi
. "$KSLICE_SRC/tests/e2e/lib.sh"
export LC_ALL=C TZ=UTC
LIMIT=${LIMIT:-300}
# shellcheck disable=SC2054 # the commas are in one option
MKFS=(mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0,hash_seed=6b736c69-6365-4000-8000-000000000001)

disk() { truncate -s "$2" "$1" && "${MKFS[@]}" "$1" || fail "mkfs.ext4"; }
up_on() { up --device "0:path=$1" --device 0:backend=file; DISK=$1; }
check_disk() {
	e2fsck -fn "$1" >"$TMP/e2fsck" 2>&1 || { cat "$TMP/e2fsck"; fail "e2fsck finds faults in $1"; }
}
down() {
	"$KDOM" down "$DOMAIN" || fail "kdom down"
	check_disk "$DISK"
}
natively() {
	local img=$1 status
	shift
	mount -o loop "$img" /sd || fail "mount -o loop"
	(cd /sd && exec "$@")
	status=$?
	umount /sd || fail "umount /sd"
	return "$status"
}
hooked() { timeout --foreground -k 5 "$LIMIT" "$KDOM" run "$DOMAIN" -- "$@"; }
