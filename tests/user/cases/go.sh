# SPDX-License-Identifier: GPL-2.0
# needs: go
export HOME=${HOME:-/root} GOCACHE=${KDOM_TEST_TMP:-/tmp}/gocache GOFLAGS=-mod=mod GO111MODULE=off GOTMPDIR=${KDOM_TEST_TMP:-/tmp}
"$KDOM_TEST_TMP/go-static" a b; echo $?
"$KDOM_TEST_TMP/go-cgo" a b; echo $?
