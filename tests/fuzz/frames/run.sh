#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh NAME [LIBFUZZER-OPTION ...]: crafted frames for domain NAME, see frames.h; first as from a plain TAP device, then as from one with
# offloads. Without options short runs that are always the same: the corpus, and FUZZ_RUNS (2000) cases more. A failing input is
# left in build/tests/fuzz/. FUZZ_COVERAGE=1: with a kernel that is built for that (minutes), so that what reaches new code is kept.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../../.."
. tests/common/parts.sh
name=$1
shift
build=${KSLICE_BUILD:-$PWD/build}
out=$build/tests/fuzz gen=generated/$name
kernel=$build/$name${KSLICE_DEBUG:+-$KSLICE_DEBUG}/$name.vmlinux
[ -z "${FUZZ_COVERAGE:-}" ] || kernel=$(tests/fuzz/coverage.py "$name" net)
[ -f "$kernel" ] || { echo "run.sh: $kernel: run \`kslice build $name\` first" >&2; exit 2; }
mkdir -p "$out"
library=$(clang-19 --print-file-name=libclang_rt.fuzzer_no_main-x86_64.a)
[ -f "$library" ] || library=$(clang-19 --print-resource-dir)/lib/linux/libclang_rt.fuzzer_no_main-x86_64.a
machine_link "$(dirname "$kernel")" "$kernel" "$out/frames-$name" "-Itests/stubs -I$gen -D_GNU_SOURCE= $(echo tests/fuzz/frames/*.c) tests/stubs/copy.c
	$(echo "$gen"/client*.c "$gen"/tests*.c) runtime/core/qp.c runtime/core/rpc.c runtime/core/early.c $(transport_sources loop)
	-Wl,--wrap=__sanitizer_cov_trace_pc $library -lstdc++ -lm"

work=$(mktemp -d /dev/shm/fuzz.XXXXXX 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
[ $# -gt 0 ] || set -- -runs="${FUZZ_RUNS:-2000}" -seed=1

# $1: FUZZ_VNET or nothing
once() {
	local vnet=$1 status=0
	shift
	rm -rf "$work/corpus"
	cp -r tests/fuzz/frames/corpus "$work/corpus"
	env $vnet FUZZ_CURRENT="$work/current" "$out/frames-$name" --mem=64 --cmdline=panic_on_warn \
		--dev=net,fd=9,name=eth0,address=10.99.0.2/24,gateway=10.99.0.1,mac=02:00:00:00:00:02 -- -max_len=4096 -len_control=0 \
		-timeout=600 -rss_limit_mb=0 -handle_segv=0 -handle_bus=0 -handle_abrt=0 -handle_ill=0 -handle_fpe=0 \
		-print_final_stats=1 "$@" "$work/corpus" >"$work/output" 2>&1 || status=$?
	if [ $status -ne 0 ] || ! grep -q '^stat::number_of_executed_units' "$work/output" ||
		grep -qE '\bBUG:|WARNING: CPU|Oops|Kernel panic|Call Trace|kslice: trap' "$work/output"; then
		tail -60 "$work/output" >&2
		/usr/bin/python3 -c 'import struct, sys; d = open(sys.argv[1], "rb").read(); open(sys.argv[2], "wb").write(d[8:8 + struct.unpack("<Q", d[:8])[0]])' \
			"$work/current" "$out/frames-$name-failed"
		echo "run.sh: FAIL (status $status), $vnet: the input is $out/frames-$name-failed" >&2
		exit 1
	fi
	grep -E '^#.*(DONE|INITED)|^stat::(number|new_units|average)' "$work/output"
}
once "" "$@"
once FUZZ_VNET=1 "$@"
