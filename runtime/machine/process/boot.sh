#!/bin/sh
# SPDX-License-Identifier: MIT
#
# boot.sh IMAGE: boots an image without devices, has it make the calls of its routes once (runtime/kernel/first.c), and ends it.
# Its console goes to stdout. Not 0: it didn't boot, or a call that a route gives it isn't answered.
set -eu
[ $# -eq 1 ] || { echo "usage: boot.sh IMAGE" >&2; exit 2; }
exec timeout -k 5 60 "$1" --boot-only 2>&1
