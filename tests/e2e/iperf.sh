#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# iperf3, both ends in the domain: TCP one and four streams, reversed, UDP; then the client on the host.
. "$(dirname "$0")/lib.sh"
up
spawn_in_domain iperf3 -s --forceflush >"$TMP/server.log"
wait_for grep -q 'Server listening' "$TMP/server.log" # a probe would count as a client
# Between two clients iperf3 -s closes its listener and opens another: ask again if it is refused then.
client() { # with -J it ends with 0 even then
	local i
	for i in 1 2 3 4 5; do
		"$@" >"$TMP/json"
		grep -h '"error":' "$TMP/json" >&2
		grep -q '"error":.*\(Connection refused\|Connection reset\|server is busy\)' "$TMP/json" || break
		sleep 0.2
	done
	cat "$TMP/json"
}
moved() { "$PY" -c 'import json,sys; e=json.load(sys.stdin)["end"]; print(int(e[sys.argv[1]]["bytes"]))' "$1"; }
for opts in "-n 500M" "-n 200M -P 4" "-n 200M -R"; do
	got=$(client in_domain iperf3 -c 127.0.0.1 $opts -J | moved sum_received)
	[ "${got:-0}" -gt 100000000 ] || fail "iperf3 $opts moved ${got:-nothing}"
done
got=$(client in_domain iperf3 -c 127.0.0.1 -u -b 500M -n 50M -J | moved sum)
[ "${got:-0}" -gt 40000000 ] || fail "iperf3 -u moved ${got:-nothing}"
got=$(client timeout 60 iperf3 -c $IN -n 100M -J | moved sum_received)
[ "${got:-0}" -gt 90000000 ] || fail "iperf3 over TAP moved ${got:-nothing}"
