#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# install-deps.sh [--list] [LIST...]: installs the missing Debian packages of these lists, which needs root; does nothing if
# none is missing. --list: only prints the missing ones.
#
#   kernel-tree/packages.txt       to build (default)
#   tests/e2e/packages.txt         programs that `make demo` shows
#   tests/lint/packages.txt        to build the tests and run the quick ones and the gate
#   tests/packages.txt             programs that the other tests run
# $KSLICE_LINUX replaces linux-source-6.1, as in fetch.sh.
set -eu
here=$(dirname "$(readlink -f "$0")")
list=
if [ "${1-}" = --list ]; then
	list=1
	shift
fi
[ $# -gt 0 ] || set -- "$here/packages.txt"

wanted() { sed "s/#.*//; s/^linux-source-6.1\$/${KSLICE_LINUX:-&}/" "$@" | tr -s ' \t' '\n' | sed '/^$/d' | sort -u; }

missing() {
	comm -23 <(wanted "$@") <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null |
		sed -n 's/^installed //p' | sort -u)
}

lacks=$(missing "$@" | tr '\n' ' ')
[ -z "$list" ] || { echo "$lacks"; exit 0; }
[ -n "${lacks// /}" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "install-deps: not installed: $lacks" >&2
	echo "install-deps: only root may install packages. Run: sudo apt-get install --no-install-recommends $lacks" >&2
	exit 1
fi
echo "install-deps: installing $lacks"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Converts apt's status lines (dlstatus, pmstatus) to a progress line; prints nothing without a terminal.
show_status() {
	local kind percent what
	while IFS=: read -r kind _ percent what; do
		[ -t 2 ] || continue
		case $kind in dlstatus|pmstatus) printf '\r%3.0f%% %.70s\033[K' "$percent" "$what" >&2 ;; esac
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
}
try() {
	# shellcheck disable=SC2086
	{ apt-get -o APT::Status-Fd=3 install -y -q --no-install-recommends $lacks 3>&1 >"$log" 2>&1; } | show_status
	return "${PIPESTATUS[0]}"
}
if ! try; then
	apt-get update -q >"$log" 2>&1 || { tail -5 "$log" >&2; exit 1; }
	try || {
		tail -15 "$log" >&2
		echo "install-deps: apt-get failed, see above. Packages: $lacks" >&2
		exit 1
	}
fi
