#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# as-builder.sh CMD...       runs CMD as the user who builds: the caller, except under sudo in a clone of the user who
#                            called sudo; then it is that user, so that build/ and the cache remain theirs.
# as-builder.sh --own DIR... gives that user all files of root below DIR (left by tests that ran as root).
# as-builder.sh --cache      prints that user's cache if it isn't the caller's.
set -eu
repo=$(dirname "$(dirname "$(readlink -f "$0")")")

builder=
if [ "$(id -u)" = 0 ] && [ "${SUDO_UID:-0}" != 0 ] && [ "$(stat -c %u "$repo")" = "$SUDO_UID" ]; then
	builder=$SUDO_UID
	home=$(getent passwd "$builder" | cut -d: -f6)
	[ -n "$home" ] || { echo "as-builder.sh: user $builder (SUDO_UID) has no entry in passwd" >&2; exit 1; }
fi

case ${1-} in
--own)
	shift
	[ -n "$builder" ] || exit 0
	for dir; do
		[ ! -e "$dir" ] || find "$dir" -xdev -user 0 -exec chown -h "$builder:$SUDO_GID" {} +
	done
	;;
--cache)
	[ -z "$builder" ] || echo "${KSLICE_CACHE:-$home/.cache/kslice}"
	;;
*)
	[ -n "$builder" ] || exec "$@"
	name=$(getent passwd "$builder" | cut -d: -f1)
	exec setpriv --reuid "$builder" --regid "$SUDO_GID" --init-groups --inh-caps=-all \
		env "HOME=$home" "USER=$name" "LOGNAME=$name" "$@"
	;;
esac
