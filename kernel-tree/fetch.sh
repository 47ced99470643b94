#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# fetch.sh: puts the pristine Linux tree into the cache and links kernel-tree/linux to it. Installs the Debian package with
# the source if needed, unpacks to a temporary directory and renames it, so a tree is complete or absent. A second run does nothing.
#
#   fetch.sh            the tree of package $KSLICE_LINUX (default linux-source-6.1)
#   fetch.sh VERSION    that of linux-source-VERSION, for `kslice --tree VERSION`; the link stays
#   fetch.sh DIR        use an unpacked tree that is already there
#
# Cache: $KSLICE_CACHE, else ~/.cache/kslice; the tree is in tree/<package>.
set -eu
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
[ -n "${HOME:-}" ] || HOME=$(getent passwd "$(id -u)" | cut -d: -f6)
cache=${KSLICE_CACHE:-$HOME/.cache/kslice}
package=${KSLICE_LINUX:-linux-source-6.1}
links=1
case ${1:-} in
[0-9]*.[0-9]*) case $1 in *[!0-9.]*) ;; *) package=linux-source-$1 links='' && shift ;; esac ;;
esac

die() {
	echo "fetch.sh: $1" >&2
	echo "          cure: $2" >&2
	exit 1
}

is_tree() {
	[ -f "$1/Makefile" ] && [ -f "$1/Kconfig" ] && [ -f "$1/Kbuild" ] && [ -f "$1/init/main.c" ] &&
		[ -f "$1/scripts/Makefile.build" ]
}

# Files of the cache are compiled and run, so nobody else may be able to replace them (as in kslice's cache_check()).
ours() {
	local at=$1 uid gid mode
	while :; do
		if [ -e "$at" ] || [ -L "$at" ]; then
			read -r uid gid mode < <(stat -c '%u %g %a' "$at")
			[ "$uid" = 0 ] || [ "$uid" = "$(id -u)" ] || { [ "$(id -u)" = 0 ] && [ "$uid" = "${SUDO_UID:-0}" ]; } || break
			[ "$gid" = 0 ] || [ "$gid" = "$(id -g)" ] || [ -L "$at" ] || [ $((8#$mode & 8#1020)) != $((8#20)) ] || break
			[ -L "$at" ] || [ $((8#$mode & 8#1002)) != 2 ] || break
		fi
		[ "$at" != / ] || return 0
		at=$(dirname "$at")
	done
	die "$1: users other than root and you can change $at" "set KSLICE_CACHE to a path on which each directory belongs to you alone, or to root"
}

# An installation has no link: kslice searches the cache.
link_to() {
	[ -n "$links" ] && [ -d "$here/../slicer" ] || return 0
	[ "$(readlink "$here/linux" 2>/dev/null)" != "$1" ] || return 0
	[ ! -e "$here/linux" ] || [ -L "$here/linux" ] ||
		die "$here/linux is not a link" "move it away; kernel-tree/linux must be a link to the tree"
	ln -sfn "$1" "$here/linux"
}

if [ $# -gt 0 ]; then
	is_tree "$1" || die "$1: not a Linux source tree" "give the directory that holds Makefile, Kconfig and init/main.c"
	link_to "$(cd "$1" && pwd -P)"
	exit 0
fi

case $cache in /*) ;; *) die "$cache: not an absolute path" "set KSLICE_CACHE (or HOME) to one" ;; esac
ours "$cache"
ours "$(readlink -m "$cache")"
tree=$cache/tree/$package
if is_tree "$tree"; then
	link_to "$tree"
	exit 0
fi
[ ! -e "$tree" ] || die "$tree: exists, but isn't a complete Linux tree" "remove it and run fetch.sh again"

tarball=/usr/src/$package.tar.xz
if [ ! -f "$tarball" ]; then
	[ "$(id -u)" = 0 ] || die "$tarball: no such file" "sudo apt-get install $package"
	echo "fetch.sh: installing $package"
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" >/dev/null ||
		die "apt-get can't install $package" "run apt-get update, then: apt-get install $package"
fi
[ -f "$tarball" ] || die "$tarball: not in package $package" "set KSLICE_LINUX to a linux-source package"

mkdir -p "$cache/tree" || die "$cache: cannot make it" "set KSLICE_CACHE to a directory with 1.5 GB of room"
aside=$(mktemp -d "$cache/tree/unpack.XXXXXX") || die "$cache/tree: cannot write there" "set KSLICE_CACHE"
trap 'rm -rf "$aside"' EXIT
trap 'exit 130' INT TERM HUP
echo "fetch.sh: unpacking $tarball (once)"
moving=()
[ ! -t 1 ] || moving=(--checkpoint=2000 '--checkpoint-action=ttyout=%d s, %{}T%*\r')
tar -C "$aside" "${moving[@]}" -xf "$tarball" ||
	die "$tarball: does not unpack into $cache" "make room (1.5 GB), or point KSLICE_CACHE elsewhere"
set -- "$aside"/*
is_tree "$1" || die "$tarball: contains no Linux source tree" "set KSLICE_LINUX to a linux-source package"
mv "$1" "$tree"
link_to "$tree"
