#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# clock.sh TEST_CLOCK: runs it on net's kernel, linked with a machine whose CLOCK_REALTIME can be set (hostclock.c). Nothing can be
# preloaded into the image that people run: it is static.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
build=${KSLICE_BUILD:-$PWD/build}
[ -f "$build/net/net.vmlinux" ] || { echo "clock.sh: $build/net/net.vmlinux: run \`kslice build net\` first" >&2; exit 2; }
. tests/common/parts.sh
machine_link "$build/net" "$build/net/net.vmlinux" "$build/tests/net-hostclock.image" tests/serve/hostclock.c
KSLICE_IMAGE=$build/tests/net-hostclock.image exec "$1"
