# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The host has no /sd, its kernel maybe no vfat: what lies there is the domain's, and on its disk, which fsck.vfat looks at when the domain is down (run.py).
[ ! -e /sd ] || fail "this host has a /sd"
served 200 cp -r "$SRC/specs" /sd/specs
served 100 diff -r "$SRC/specs" /sd/specs
long="a name that takes several entries of a directory, and has CAPITALS, dots. and spaces.json"
in_domain sh -c 'cd /sd/specs && mv README.md "$1" && mkdir sub && mv "$1" sub && cp "sub/$1" copy && rm -r cuts debug && ls sub' - "$long" >"$TMP/out"
same "$(cat "$TMP/out")" "$long"
same "$(in_domain cat "/sd/SPECS/SUB/${long^^}" | sha256sum)" "$(sha256sum <"$SRC/specs/README.md")"
same "$(in_domain sh -c 'ln -s copy /sd/specs/link 2>/dev/null || echo none')" none
find -L "$SRC/specs" -mindepth 1 -maxdepth 1 -printf '%f\n' | grep -vxe README.md -e cuts -e debug >"$TMP/left"
same "$(in_domain ls /sd/specs | sort | xargs)" "$(sort "$TMP/left" - <<<$'copy\nsub' | xargs)"
echo "cp -r, long names, mv, rm, fsck.vfat"
