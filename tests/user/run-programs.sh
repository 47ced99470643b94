#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# run-programs.sh CASE.sh...: each script is run natively and under the launcher; standard output and
# exit status must be the same. A program that the case needs and that isn't installed is a failure.
set -u
here=$(dirname "$(readlink -f "$0")")
launch=${KDOM_LAUNCH:-${KSLICE_BUILD:-$here/../../build}/lib/kdom-launch}
export KDOM_TEST_TMP
KDOM_TEST_TMP=$(mktemp -d)
trap 'rm -rf "$KDOM_TEST_TMP"' EXIT
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
status=0

build_go() {
	export GO111MODULE=off GOCACHE=$KDOM_TEST_TMP/gocache
	CGO_ENABLED=0 go build -o "$KDOM_TEST_TMP/go-static" "$here/goprog.go" &&
		CGO_ENABLED=1 go build -o "$KDOM_TEST_TMP/go-cgo" "$here/goprog.go" "$here/goprog_cgo.go"
}

run_case() {
	local case=$1 name want got missing=0 p
	name=$(basename "$case" .sh)
	for p in $(sed -n 's/^# needs: //p' "$case"); do
		command -v "$p" >/dev/null || { echo "FAIL $name: $p isn't installed (tests/packages.txt)"; missing=1; }
	done
	[ $missing = 0 ] || return 1
	[ "$name" != go ] || build_go || { echo "FAIL go: build"; return 1; }
	timeout 120 bash "$case" >"$KDOM_TEST_TMP/want" 2>"$KDOM_TEST_TMP/want.err" </dev/null
	echo "status $?" >>"$KDOM_TEST_TMP/want"
	timeout 120 "$launch" bash "$case" >"$KDOM_TEST_TMP/got" 2>"$KDOM_TEST_TMP/got.err" </dev/null
	echo "status $?" >>"$KDOM_TEST_TMP/got"
	if grep -q 'kdom-launch:' "$KDOM_TEST_TMP/got.err"; then
		echo "FAIL $name: the hook complained"; cat "$KDOM_TEST_TMP/got.err"; return 1
	fi
	if ! diff "$KDOM_TEST_TMP/want" "$KDOM_TEST_TMP/got"; then
		echo "FAIL $name: native (<) and hooked (>) differ; stderr when hooked:"
		head -20 "$KDOM_TEST_TMP/got.err"; return 1
	fi
	echo "ok   $name ($(wc -l <"$KDOM_TEST_TMP/want") lines)"
}

[ $# -gt 0 ] || set -- "$here"/cases/*.sh
[ -x "$launch" ] || { echo "run-programs: $launch isn't built"; exit 1; }
for c; do run_case "$c" || status=1; done
exit $status
