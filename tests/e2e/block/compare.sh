#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# compare.sh NAME SIZE: runs work/NAME.sh with /sd on a file system of the host, then with /sd in the domain, from the
# same empty ext4. What it prints, its exit status (0), and the tree it leaves must be the same: names, types, modes, owners,
# links, sizes, contents. The domain's tree is looked at through the domain, and on its disk when it's down.
# With COMPARE_NATIVE set the host takes the domain's part: is the work itself the same every time?
. "$(dirname "$0")/lib.sh"
[ $# = 2 ] || fail "usage: compare.sh NAME SIZE"
WORK=$(dirname "$(readlink -f "$0")")/work
TREE=${KSLICE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kslice}/tree/linux-source-6.1
export TREE WORK
[ -d "$TREE/fs" ] || fail "no kernel tree in $TREE: make tree"

run() { # HOW OUT
	local how=$1 out=$2 status
	(cd /; $how bash -c 'cd /sd && exec bash "$WORK/'"$name"'.sh"') >"$out" 2>&1 </dev/null
	status=$?
	[ "$status" = 0 ] || { tail -30 "$out"; fail "$how: exit status $status"; }
}
look() { $1 bash "$WORK/tree.sh" "$name" >"$2" 2>&1 </dev/null || { tail -5 "$2"; fail "$1: tree"; }; }
alike() { diff "$TMP/$1" "$TMP/$2" >"$TMP/diff" || { head -40 "$TMP/diff"; fail "$1 (<) and $2 (>) differ"; }; }

name=$1
if [ -n "${COMPARE_NATIVE-}" ]; then
	up_on() { DISK=$1; }
	hooked() { natively "$DISK" "$@"; }
	down() { check_disk "$DISK"; }
fi
disk "$TMP/native.img" "$2"
cp --sparse=always "$TMP/native.img" "$TMP/domain.img"
run "natively $TMP/native.img" "$TMP/native.out"
look "natively $TMP/native.img" "$TMP/native.tree"
up_on "$TMP/domain.img"
run hooked "$TMP/domain.out"
look hooked "$TMP/domain.tree"
down
look "natively $TMP/domain.img" "$TMP/disk.tree"
alike native.out domain.out
alike native.tree domain.tree
alike native.tree disk.tree
echo "$name: $(wc -l <"$TMP/native.out") lines of output, $(wc -l <"$TMP/native.tree") of the tree: the same"
[ -z "${COMPARE_SHOW-}" ] || cat "$TMP/domain.out"
