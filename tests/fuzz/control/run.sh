#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh supervisor|domain|client [LIBFUZZER-OPTION ...]: one end of the control protocol against messages of the other. Without
# options a short run that is always the same: the corpus, and some cases more. A failing input is left in build/tests/fuzz/.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../../.."
end=$1
shift
out=${KSLICE_BUILD:-$PWD/build}/tests/fuzz
[ -x "$out/control-$end" ] || { echo "run.sh: $out/control-$end: run make first" >&2; exit 2; }
declare -A runs=([supervisor]=4000 [domain]=6000 [client]=8000)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "tests/fuzz/control/corpus/$end" "$work/corpus"
[ $# -gt 0 ] || set -- -runs="${FUZZ_RUNS:-${runs[$end]}}" -seed=1
"$out/control-$end" -max_len=1024 -len_control=0 -timeout=60 -print_final_stats=1 -artifact_prefix="$out/control-$end-" "$@" "$work/corpus" \
	>"$work/output" 2>&1 || { tail -60 "$work/output" >&2; exit 1; }
grep -E '^#.*(DONE|INITED)|^stat::(number|new_units|average)' "$work/output"
