#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# walk.sh: follows doc/TUTORIAL.md in a copy of the repo, command by command as it stands there. The spec shown
# must be specs/pipe.json, and the domain a stranger gets must serve a program's pipes.
set -u
home=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
tmp=$(mktemp -d /tmp/tutorial.XXXXXX)
export KSLICE_CACHE=$tmp/cache KDOM_DIR=$tmp/kdom
unset KSLICE_BUILD KSLICE_SRC KSLICE_REPO
finish() {
	"$tmp/repo/build/bin/kdom" down mine >/dev/null 2>&1
	rm -rf "$tmp"
}
trap finish EXIT
fail() { echo "FAIL: $*" >&2; exit 1; }

section() { # its indented lines, without their indent
	sed -n "s/^    //p" "$home/doc/TUTORIAL.md"
}

mkdir -p "$tmp/repo" "$tmp/kdom"
chmod 700 "$tmp/kdom"
# What is in git or would be, as it is now.
(cd "$home" && git ls-files -z --cached --others --exclude-standard | xargs -0 sh -c 'for f; do [ -e "$f" ] && printf "%s\0" "$f"; done' sh |
	tar --null -T - -cf -) | tar -xf - -C "$tmp/repo" || fail "no copy of the repo"
ln -s "$(readlink -f "$home/kernel-tree/linux")" "$tmp/repo/kernel-tree/linux"
cd "$tmp/repo" || exit 1

section | sed -n '/^{/,/^}/p' | diff - specs/pipe.json || fail "the spec in doc/TUTORIAL.md isn't specs/pipe.json"
[ "$(wc -l <specs/pipe.json)" -lt 15 ] || fail "specs/pipe.json has 15 lines or more"
make || fail "make, before the first step"

steps=0
while IFS= read -r line; do
	case $line in cp*|sed*|make*|build/bin/*) ;; *) continue ;; esac
	echo "\$ $line"
	steps=$((steps + 1))
	# A command that reads mustn't eat the next ones.
	bash -c "$line" </dev/null >"$tmp/out" 2>&1 || { cat "$tmp/out"; fail "$line"; }
	tail -5 "$tmp/out"
done < <(section)
[ "$steps" -ge 9 ] || fail "only $steps commands found in doc/TUTORIAL.md"
[ "$(cat "$tmp/out")" = 1000 ] || fail "the last one printed: $(cat "$tmp/out")"
[ -f generated/mine/client.c ] || fail "no stubs in generated/mine"
grep -q '"mine"' build/mine/manifest.json || fail "no manifest of mine"

# It was the domain that did it.
build/bin/kdom up mine || fail "kdom up"
build/bin/kdom run mine -- sh -c 'seq 1000 | sort -rn | head -1' || fail "kdom run"
calls=$(build/bin/kdom ps | awk '$1 == "mine" { print $6 }')
echo "$calls calls served"
[ "${calls:-0}" -gt 5 ] || fail "the domain served next to nothing"
