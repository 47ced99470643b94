#!/bin/sh
# SPDX-License-Identifier: MIT
#
# link.sh SD_O IMAGE: makes a domain image of a relocatable kernel (vmlinux of arch/sd, or a slice's). All its symbols except the
# entry lists (runtime/machine/entries.txt, and those of the transports) become local, so that none clashes with libc's. Then it
# is linked with this machine into one static PIE: a domain starts in a root without libc.
# PAYLOAD=FILES adds host sources or objects (sd/payload.h), ENTRIES=FILE further symbols for them. CC, OBJCOPY and CFLAGS may be given; objects are made beside the image.
set -eu
[ $# -eq 2 ] || { echo "usage: link.sh SD_O IMAGE" >&2; exit 1; }
here=$(cd "$(dirname "$0")" && pwd -P)
inc="-I$here/../../include -I$here/../../port/host"
: "${CC:=clang-19}" "${OBJCOPY:=llvm-objcopy-19}" "${CFLAGS:=-O2 -g -Wall -Wextra -Wno-unused-parameter}"
cat "$here"/../entries.txt "$here"/../../transport/*/entries.txt ${ENTRIES:+"$ENTRIES"} >"$2.entries"
$OBJCOPY --keep-global-symbols="$2.entries" "$1" "$2.sd.o"
"$here/../../include/abi.py" "$2.inc"
# Canaries work on kernel stacks, too: the canary belongs to the host thread, not to the stack. The kernel side has none
# (arch/sd/Makefile). A payload is a test and may need shared libraries.
kind="-static-pie -fstack-protector-strong -fcf-protection=full -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3 -Wl,-z,relro,-z,now,-z,noexecstack"
[ -z "${PAYLOAD:-}" ] || kind=-pie
$CC $CFLAGS -std=gnu11 -fPIE $inc "-I$2.inc" "$here"/*.c ${PAYLOAD:-} "$2.sd.o" -o "$2" -fuse-ld=lld $kind -pthread
rm -rf "$2.sd.o" "$2.inc" "$2.entries"
