# SPDX-License-Identifier: GPL-2.0
# Sourced by every test here. Runs the script again in a network namespace of its own (nothing it sends
# can leave it), with a run directory of its own; brings a domain up; ends what was started; and fails
# the test if the domain's console holds a BUG, WARNING or Oops, whatever the test itself thought.
#
#   . "$(dirname "$0")/lib.sh"
#   up [kdom options]        bring $DOMAIN up with its TAP (10.99.0.2; our end 10.99.0.1)
#   in_domain PROG ARG...    run to its end on the domain (60 s at most)
#   spawn PROG ARG...        in the background, natively; its pid in $LAST
#   spawn_in_domain PROG...  the same on the domain
#   wait_for CMD...          until CMD succeeds, 30 s at most
#   same A B                 fail unless the two texts are equal
set -u
SRC=${KSLICE_SRC:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)}
BUILD=${KSLICE_BUILD:-$SRC/build}
KDOM=$BUILD/bin/kdom
DOMAIN=${E2E_DOMAIN:-net}	# net-whole: the unsliced image
PROGS=$SRC/tests/e2e/progs
PY=/usr/bin/python3
IN=10.99.0.2
OUT=10.99.0.1

if [ -z "${E2E_NS-}" ]; then
	[ "$(id -u)" = 0 ] || { echo "$0: needs root: it makes a network namespace and a TAP device" >&2; exit 1; }
	E2E_NS=1 exec unshare --net --kill-child -- "$0" "$@"
fi

fail() { echo "FAIL: $*" >&2; FAILED=1; exit 1; }
FAILED=0
PIDS=()
TMP=$(mktemp -d /tmp/e2e.XXXXXX)
export KDOM_DIR=$TMP/run
mkdir -m 700 "$KDOM_DIR"
ip link set lo up || exit 1

finish() {
	local status=$? pid
	for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${PIDS[@]}"; do wait "$pid" 2>/dev/null; done
	[ -n "${E2E_QUIET-}" ] || "$KDOM" ps
	for pid in $("$KDOM" ps | awk 'NR > 1 { print $1 }'); do "$KDOM" down "$pid" || status=1; done
	if grep -hE 'BUG|WARNING|Oops|Call Trace|Kernel panic|Out of memory' "$KDOM_DIR"/*.log* 2>/dev/null; then
		echo "FAIL: see the console above" >&2
		status=1
	fi
	[ "$FAILED" = 0 ] || status=1
	[ "$status" = 0 ] || { echo "---- console of $DOMAIN ----"; tail -40 "$KDOM_DIR/$DOMAIN.log" 2>/dev/null; }
	rm -rf "$TMP"
	trap - EXIT
	exit "$status"
}
trap finish EXIT
trap 'exit 143' TERM INT

# The whole image has no manifest of its own to name devices differently: same spec, same devices.
# E2E_BUILT=build/block@6.12: the image of another kernel tree, whose stubs are those that programs have.
up() {
	[ -z "${E2E_BUILT-}" ] || set -- --image="$SRC/$E2E_BUILT/$DOMAIN.image" --manifest="$SRC/$E2E_BUILT/manifest.json" "$@"
	"$KDOM" up "$@" "$DOMAIN" || fail "kdom up"
}
in_domain() { timeout --foreground -k 5 60 "$KDOM" run "$DOMAIN" -- "$@"; }
spawn() { "$@" & LAST=$!; PIDS+=("$LAST"); }
spawn_in_domain() { "$KDOM" run "$DOMAIN" -- "$@" & LAST=$!; PIDS+=("$LAST"); }
wait_for() {
	local i
	for i in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
	fail "never succeeded: $*"
}
same() { [ "$1" = "$2" ] || fail "expected '$2', got '$1'"; }
listens() { in_domain "$PY" "$PROGS/connects.py" "$1" "$2"; }
