#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Man pages: groff and, where it is installed, mandoc have nothing to say of them; every command and option is in its program's.
set -u
status=0
text=$(mktemp)
trap 'rm -f "$text"' EXIT
fail() { echo "pages.sh: $*" >&2; status=1; }

for page in "$KSLICE_BUILD"/man/{kslice.1,kdom.1,kslice-spec.5}; do
	[ -s "$page" ] || { fail "$page isn't built"; continue; }
	says=$(groff -man -Tutf8 -wall -z "$page" 2>&1)
	[ -z "$says" ] || fail "groff: $says"
	if command -v mandoc >/dev/null; then
		says=$(mandoc -T lint -W warning "$page")
		[ -z "$says" ] || fail "mandoc: $says"
	fi
	MANWIDTH=400 man -l "$page" 2>/dev/null | col -bx >"$text"
	grep -q '^NAME' "$text" || fail "man -l shows no NAME in $page"
	program=$(basename "$page" .1)
	[ "$program.1" = "$(basename "$page")" ] || continue
	for word in $("$KSLICE_BUILD/bin/$program" --dump-help | /usr/bin/python3 -c '
import json, sys
of = json.load(sys.stdin)
print(*["--" + o["name"] for o in of["options"]], *[of["name"] + "_" + c["name"] for c in of["commands"]])'); do
		grep -qF -e "${word/_/ }" "$text" || fail "$page: ${word/_/ } is missing"
	done
done
exit $status
