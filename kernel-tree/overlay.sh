#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# overlay.sh PRISTINE OUTDIR [GENDIR]: makes OUTDIR a kernel tree that is PRISTINE plus arch/sd, without copying or
# editing any file: symlinks to every top-level entry, arch/ a real directory of symlinks, and arch/sd a real directory
# of symlinks into this repo's runtime/arch, with
#   arch/sd/rt  -> runtime          kernel-side runtime code, built by Kbuild where a folder has a Kbuild file
#   arch/sd/gen -> GENDIR           generated server stubs of one domain (if given)
#   arch/sd/probed                  a header: which words of runtime/arch/tree.probes PRISTINE has
# Idempotent; refuses an existing OUTDIR that isn't an overlay. Build with
#   make -C OUTDIR O=OBJ LLVM=-19 ARCH=sd CROSS_COMPILE=x86_64-linux-gnu- ...
set -eu

die() {
	echo "overlay.sh: $1" >&2
	exit 1
}

[ $# -ge 2 ] || die "usage: overlay.sh PRISTINE OUTDIR [GENDIR]"
[ -f "$1/Kconfig" ] && [ -d "$1/arch/x86" ] && [ -f "$1/init/main.c" ] ||
	die "$1: not a Linux source tree (no Kconfig, arch/x86, init/main.c); make one with kernel-tree/fetch.sh"
tree=$(cd "$1" && pwd -P)
runtime=$(cd "$(dirname "$0")/../runtime" && pwd -P)
out=$2
gen=${3:-}
mark=.kslice-overlay

if [ -e "$out" ] && [ ! -e "$out/$mark" ] && [ -n "$(ls -A "$out" 2>/dev/null)" ]; then
	die "$out: exists and isn't an overlay; remove it or name another directory"
fi
mkdir -p "$out/arch/sd"
: > "$out/$mark"

# Drops links whose target is no longer wanted, then (re)makes the rest.
find "$out" "$out/arch" "$out/arch/sd" -maxdepth 1 -type l -delete
for entry in "$tree"/* "$tree"/.[a-z]*; do
	name=${entry##*/}
	case $name in
	arch|'*'|'.[a-z]*'|.git) ;;
	# a real folder here holds files that `replace` cuts edited
	*) [ -d "$out/$name" ] || ln -s "$entry" "$out/$name" ;;
	esac
done
for entry in "$tree"/arch/*; do
	ln -s "$entry" "$out/arch/${entry##*/}"
done
for entry in "$runtime"/arch/*; do
	ln -s "$entry" "$out/arch/sd/${entry##*/}"
done
ln -s "$runtime" "$out/arch/sd/rt"

mkdir -p "$out/arch/sd/probed/sd"
{
	echo "/* Made by kernel-tree/overlay.sh from runtime/arch/tree.probes. */"
	sed '/^#/d;/^$/d' "$runtime/arch/tree.probes" | while read -r word headers; do
		set --
		for header in $headers; do
			[ ! -f "$tree/$header" ] || set -- "$@" "$tree/$header"
		done
		[ $# -gt 0 ] || die "runtime/arch/tree.probes: $headers: not in $tree; name the header that would have $word"
		! grep -qw "$word" "$@" || echo "#define SD_TREE_$word 1"
	done
} > "$out/arch/sd/probed/sd/tree.h.new"
mv "$out/arch/sd/probed/sd/tree.h.new" "$out/arch/sd/probed/sd/tree.h"
if [ -n "$gen" ]; then
	[ -d "$gen" ] || die "$gen: no such directory of generated stubs"
	ln -s "$(cd "$gen" && pwd -P)" "$out/arch/sd/gen"
fi
