#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# `make demo`: from the Debian package linux-source-6.1 to unmodified programs running on service
# domains cut out of it. Programs run on net before block is built. Needs root for a network namespace
# of its own and the TAP device in it; nothing it sends leaves that namespace. Builds as the user who
# called sudo.
set -u
SRC=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
cd "$SRC" || exit 1

AS=$SRC/kernel-tree/as-builder.sh	# only packages and the network are root's
step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
die() { echo "demo: $*" >&2; exit 1; }

build() { # what it says, command
	local t=$SECONDS
	step "$1"
	shift
	"$@" || die "that failed: $*"
	BUILT=$((BUILT + SECONDS - t))
	echo "$((SECONDS - t)) s"
}

if [ -z "${E2E_NS-}" ]; then
	[ "$(id -u)" = 0 ] || die "needs root (a network namespace and a TAP device in it). Run: sudo make demo"
	BUILT=0
	build "Building kslice, kdom and the launcher" make --no-print-directory programs
	build "Unpacking the kernel tree" make --no-print-directory tree
	build "Slicing and compiling the domain net" "$AS" build/bin/kslice build net
	export BUILT
fi
. "$SRC/tests/e2e/lib.sh"
E2E_QUIET=1

# Between two clients iperf3 -s closes its listener and opens another.
iperf() {
	for _ in 1 2 3 4 5; do
		"$@" >"$TMP/json"
		grep -q '"error":.*Connection re[fs]' "$TMP/json" || break
		sleep 0.3
	done
	gbit <"$TMP/json"
}
gbit() { "$PY" -c 'import json,sys; print("%.1f" % (json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"]/1e9))'; }

step "kdom up $DOMAIN"
up
"$KDOM" ps

step "python3 -m http.server and curl, both in the domain"
mkdir "$TMP/www"
chmod 755 "$TMP" "$TMP/www"
echo "Hello from a Linux network stack in process $("$KDOM" ps | awk -v d="$DOMAIN" '$1 == d { print $3 }')." >"$TMP/www/index.html"
head -c 50000000 /dev/urandom >"$TMP/www/big"
spawn_in_domain "$PY" -m http.server --directory "$TMP/www" 8000 >"$TMP/access.log" 2>&1
wait_for listens 127.0.0.1 8000
echo "\$ kdom run net -- curl http://127.0.0.1:8000/"
in_domain curl -sS http://127.0.0.1:8000/ || fail curl
curl -sS --max-time 3 http://127.0.0.1:8000/ 2>&1 | sed 's/^/on the host, same address: /'

step "curl on the host, through the TAP device"
echo "\$ curl http://$IN:8000/"
curl -sS --max-time 20 http://$IN:8000/ || fail "curl over TAP"
curl -sS --max-time 60 http://$IN:8000/big -o "$TMP/got" || fail "curl over TAP"
cmp "$TMP/got" "$TMP/www/big" && echo "and 50 MB, the same bytes."

step "iperf3 in the domain, then natively, then across the TAP device"
spawn_in_domain iperf3 -s --forceflush >"$TMP/iperf.log" 2>&1
wait_for grep -q 'Server listening' "$TMP/iperf.log"
in_dom=$(iperf in_domain iperf3 -c 127.0.0.1 -t 4 -J)
across=$(iperf iperf3 -c $IN -t 3 -J)
spawn iperf3 -s --forceflush >"$TMP/native.log" 2>&1
wait_for grep -q 'Server listening' "$TMP/native.log"
native=$(iperf iperf3 -c 127.0.0.1 -t 4 -J)
echo "domain $in_dom Gbit/s, native $native Gbit/s, host to domain $across Gbit/s"

build "Slicing and compiling the domain block" "$AS" "$BUILD/bin/kslice" build block

step "A web server on both domains: its sockets in net, its files in block"
truncate -s 512M "$TMP/disk.img"
mkfs.ext4 -qF "$TMP/disk.img" || fail mkfs.ext4
both() { timeout --foreground -k 5 60 "$KDOM" run net,block -- "$@"; }
"$KDOM" up --device "0:path=$TMP/disk.img" block || fail "kdom up block"
echo "\$ kdom run block -- cp -r www /sd/; ... sync; ... ls -l /sd/www"
both cp -r "$TMP/www" /sd/ && both sync /sd/www /sd/www/big /sd/www/index.html && both ls -l /sd/www || fail "files in the domain"
echo "\$ kdom run net,block -- python3 -m http.server --directory /sd/www 8080"
"$KDOM" run net,block -- "$PY" -m http.server --directory /sd/www 8080 >>"$TMP/access.log" 2>&1 &
PIDS+=($!)
wait_for listens 127.0.0.1 8080
curl -sS --max-time 60 http://$IN:8080/big -o "$TMP/got2" && cmp "$TMP/got2" "$TMP/www/big" || fail "curl of a file in block"
echo "50 MB from the file system in one process through the network stack in another: the same bytes."
echo "\$ kdom kill block; kdom up block"
"$KDOM" kill block
echo "the web server, without its files: $(curl -sS -o /dev/null -w '%{http_code}' --max-time 20 http://$IN:8080/big)"
"$KDOM" up --device "0:path=$TMP/disk.img" block || fail "kdom up block"
curl -sS --max-time 60 http://$IN:8080/big -o "$TMP/got2" && cmp "$TMP/got2" "$TMP/www/big" || fail "curl after the restart"
echo "and after a restart of the storage domain alone, the same server serves again."
"$KDOM" ps
"$KDOM" down block || fail "kdom down block"
e2fsck -fn "$TMP/disk.img" 2>&1 | tail -1

read -r _ _ _ _ _ calls rss boot < <("$KDOM" ps | awk -v d="$DOMAIN" '$1 == d')
step "Result"
"$PY" "$SRC/tests/e2e/demo_table.py" "$BUILD/net/manifest.json" "$BUILD/net/net.image" \
	"$boot" "$calls" "$rss" "$in_dom" "$native" "$across" "$BUILT" || fail "no table"
