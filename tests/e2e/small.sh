#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The domain with 4 MB of RAM: still serves, three starts in a row, traffic over loopback and TAP, and
# nothing on the console.
. "$(dirname "$0")/lib.sh"
for round in 1 2 3; do
	up --ram 4M
	spawn_in_domain "$PY" -m http.server --directory "$SRC/tests/e2e" 8000 2>/dev/null
	server=$LAST
	wait_for listens 127.0.0.1 8000
	for i in 1 2 3 4 5; do
		same "$(in_domain curl -sS http://127.0.0.1:8000/lib.sh | sha256sum)" "$(sha256sum <"$SRC/tests/e2e/lib.sh")"
		same "$(curl -sS --max-time 30 http://$IN:8000/lib.sh | sha256sum)" "$(sha256sum <"$SRC/tests/e2e/lib.sh")"
	done
	kill "$server"
	wait "$server" 2>/dev/null
	"$KDOM" down "$DOMAIN" || fail "kdom down, round $round"
done
