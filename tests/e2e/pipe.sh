#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Shells and python on the pipe domain: pipelines, command substitution, subprocesses, as natively.
E2E_DOMAIN=pipe
. "$(dirname "$0")/lib.sh"
up

calls() { "$KDOM" ps | awk -v d="$DOMAIN" '$1 == d { print $6 }'; }
as_native() { # the same command natively and on the domain
	local native domain before
	native=$("$@" 2>&1; echo "status $?")
	before=$(calls)
	domain=$(in_domain "$@" 2>&1; echo "status $?")
	same "$domain" "$native"
	[ "$(calls)" -gt $((before + 3)) ] || fail "its pipes aren't the domain's: $*"
}

seq 20000 >"$TMP/numbers"
as_native sh -c "sort -rn $TMP/numbers | head -3; yes | head -2; false | true; echo \$?"
as_native bash -c 'set -o pipefail; x=$(printf "a\nb\n" | tr a-z A-Z | tac); echo "$x"; false | cat; echo "$?"'
as_native bash -c "tar -cf - -C $SRC specs | tar -tf - | sort | sha256sum"
as_native bash -c 'coproc cat; echo through >&"${COPROC[1]}"; read -r x <&"${COPROC[0]}"; echo "$x"'
as_native "$PY" "$PROGS/pipes.py"
# Written to a pipe that nobody reads any more: 141, as a shell reports SIGPIPE.
as_native bash -c 'yes | true; echo "${PIPESTATUS[0]}"'
exit 0
