# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The host has no /sd: what lies there is the domain's, and on its disk, which is looked at when the domain is down (run.py).
[ ! -e /sd ] || fail "this host has a /sd"
served 200 cp -r "$SRC/specs" /sd/specs
served 100 diff -r "$SRC/specs" /sd/specs
in_domain sh -c 'cd /sd/specs && ls | sort | head -1 && ln -s README.md link && cat link >copy && mv copy other && rm -r cuts' >"$TMP/out"
same "$(cat "$TMP/out")" "$(cd "$SRC/specs" && ls | sort | head -1)"
same "$(in_domain cat /sd/specs/other | sha256sum)" "$(sha256sum <"$SRC/specs/README.md")"
echo "cp -r, diff, ln, mv, rm"
