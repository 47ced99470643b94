#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# python3 -m http.server in the domain: curl in the domain over its loopback, curl on the host over the
# TAP device, and curl in the domain from a server on the host. Same bytes everywhere.
. "$(dirname "$0")/lib.sh"
up
mkdir "$TMP/www"
head -c 20000000 /dev/urandom >"$TMP/www/big"
echo hello >"$TMP/www/small"
sum=$(sha256sum <"$TMP/www/big")

spawn_in_domain "$PY" -m http.server --directory "$TMP/www" 8000 2>"$TMP/server.log"
wait_for listens 127.0.0.1 8000
same "$(in_domain curl -sS http://127.0.0.1:8000/small)" hello
same "$(in_domain curl -sS http://127.0.0.1:8000/big | sha256sum)" "$sum"
same "$(in_domain curl -sS http://$IN:8000/small)" hello

# From the host: this process is no client of the domain at all.
wait_for curl -sS --max-time 5 http://$IN:8000/small
same "$(curl -sS --max-time 60 http://$IN:8000/small)" hello
same "$(curl -sS --max-time 60 http://$IN:8000/big | sha256sum)" "$sum"
curl -sS --max-time 5 http://127.0.0.1:8000/small 2>/dev/null && fail "the server listens on the host too"

# The other way round.
spawn "$PY" -m http.server --directory "$TMP/www" --bind $OUT 8001 2>/dev/null
wait_for curl -sS http://$OUT:8001/small
same "$(in_domain curl -sS http://$OUT:8001/small)" hello
same "$(in_domain curl -sS http://$OUT:8001/big | sha256sum)" "$sum"

# Eight at once.
for i in 1 2 3 4 5 6 7 8; do
	in_domain curl -sS http://127.0.0.1:8000/big | sha256sum >"$TMP/sum.$i" &
	JOBS[$i]=$!
done
for i in 1 2 3 4 5 6 7 8; do
	wait "${JOBS[$i]}" || fail "curl $i"
	same "$(cat "$TMP/sum.$i")" "$sum"
done
# What isn't there is refused in the domain as anywhere.
in_domain curl -sS http://127.0.0.1:9/ 2>"$TMP/err"; same $? 7
grep -q 'Failed to connect\|Connection refused' "$TMP/err" || fail "$(cat "$TMP/err")"
