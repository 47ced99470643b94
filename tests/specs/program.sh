# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# program.sh: sourced by run.py before a spec's NAME.sh, in bash -eu and a network namespace of its own. The domain $DOMAIN is up; $TMP is
# a folder of the host. The last line that NAME.sh prints stands in the table.
PY=/usr/bin/python3

fail() { echo "FAIL: $*" >&2; exit 1; }
same() { [ "$1" = "$2" ] || fail "expected '$2', got '$1'"; }
in_domain() { timeout --foreground -k 5 60 "$KDOM" run "$DOMAIN" -- "$@"; }
# How many calls the domain has served.
calls() { "$KDOM" ps | awk -v d="$DOMAIN" '$1 == d { print $6 }'; }
# served NUMBER COMMAND...: the command, in the domain, which served at least that many calls of it.
served() {
	local want=$1 before
	shift
	before=$(calls)
	in_domain "$@"
	[ $(($(calls) - before)) -ge "$want" ] || fail "the domain served $(($(calls) - before)) calls, not $want, of: $*"
}
