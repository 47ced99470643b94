#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs the Debian packages of kernel-tree/packages.txt and tests/packages.txt that are missing.
# Nothing missing: says and does nothing. --list: only print what is missing.
set -eu
here=$(dirname "$(readlink -f "$0")")

wanted() {
	sed 's/#.*//' "$here/packages.txt" "$here/../tests/packages.txt" | tr -s ' \t' '\n' |
		sed '/^$/d' | sort -u
}

missing() {
	comm -23 <(wanted) <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null |
		sed -n 's/^installed //p' | sort -u)
}

lacks=$(missing | tr '\n' ' ')
[ "${1-}" != --list ] || { echo "$lacks"; exit 0; }
[ -n "${lacks// /}" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "install-deps: not installed: $lacks" >&2
	echo "install-deps: only root may install packages. Run: sudo apt-get install $lacks" >&2
	exit 1
fi
echo "install-deps: installing $lacks"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
try() {
	# shellcheck disable=SC2086
	apt-get install -y -q --no-install-recommends $lacks >"$log" 2>&1
}
if ! try; then
	apt-get update -q >"$log" 2>&1 || { tail -5 "$log" >&2; exit 1; }
	try || {
		tail -15 "$log" >&2
		echo "install-deps: apt-get failed, see above. Packages: $lacks" >&2
		exit 1
	}
fi
