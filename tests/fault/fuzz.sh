#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Fuzzing on request: the ring fuzzers of both sides with fresh seeds, then clients that break the
# protocol against a real domain, then libFuzzer's harnesses (tests/fuzz/*/run.sh NAME), until
# interrupted or the first failure. FUZZ_CASES=n: cases a ring fuzzer runs per seed. FUZZ_SECONDS=n:
# of a harness, each time (60).
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
build=${KSLICE_BUILD:-build}
fuzzers=("$build"/tests/fuzz_*)
[ -x "${fuzzers[0]}" ] || { echo "fuzz: $build/tests/fuzz_*: no fuzzer is built; run make" >&2; exit 1; }

while :; do
	seed=$RANDOM$RANDOM
	for f in "${fuzzers[@]}"; do
		echo "== ${f##*/} seed $seed"
		"$f" --cases "${FUZZ_CASES:-100000}" --seed "$seed" || { echo "fuzz: ${f##*/} ${FUZZ_CASES:-100000} $seed failed" >&2; exit 1; }
	done
	for domain in $(/usr/bin/python3 -c 'import sys; sys.path.insert(0, "tests/common"); import devices; print(*devices.names())'); do
		echo "== liar on $domain seed $seed"
		FAULT_SEED=$seed /usr/bin/python3 tests/fault/fault.py "$domain" liar || { echo "fuzz: FAULT_SEED=$seed fault.py $domain liar failed" >&2; exit 1; }
	done
	for end in supervisor domain client; do
		echo "== control protocol, $end, seed $seed"
		tests/fuzz/control/run.sh "$end" -seed="$seed" -max_total_time="${FUZZ_SECONDS:-60}" ||
			{ echo "fuzz: tests/fuzz/control/run.sh $end -seed=$seed failed" >&2; exit 1; }
	done
	for harness in file:ext4 socket:frames; do
		for domain in $(/usr/bin/python3 -c 'import sys; sys.path.insert(0, "tests/common"); import devices; print(*(n for n in devices.names() if devices.kind(n) == sys.argv[1]))' "${harness%:*}"); do
			echo "== ${harness#*:} on $domain seed $seed"
			FUZZ_COVERAGE=1 "tests/fuzz/${harness#*:}/run.sh" "$domain" -seed="$seed" -max_total_time="${FUZZ_SECONDS:-60}" ||
				{ echo "fuzz: tests/fuzz/${harness#*:}/run.sh $domain -seed=$seed failed" >&2; exit 1; }
		done
	done
done
