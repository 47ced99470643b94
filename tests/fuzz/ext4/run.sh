#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh NAME [LIBFUZZER-OPTION ...]: crafted ext4 images for domain NAME, see ext4.h. KSLICE_DEBUG, KSLICE_IMAGE: another image.
# Without options a short run that is always the same: the corpus, and FUZZ_RUNS (150) cases more.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../../.."
. tests/common/parts.sh
name=$1
shift
build=${KSLICE_BUILD:-$PWD/build}
out=$build/tests/fuzz gen=generated/$name
image=${KSLICE_IMAGE:-$build/$name${KSLICE_DEBUG:+-$KSLICE_DEBUG}/$name.image}
[ -f "$image" ] || { echo "run.sh: $image: run \`kslice build $name\` first" >&2; exit 2; }
mkdir -p "$out"
sources=$(transport_sources "$(part "$(dirname "$image")" transport)")
# shellcheck disable=SC2086 # a list
clang-19 -std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -fsanitize=fuzzer -D_GNU_SOURCE= -Itests/stubs -I"$gen" -Iruntime/include \
	-Iruntime/port/host -I"$build/cmake/runtime/include/abi" tests/fuzz/ext4/*.c tests/serve/domain.c "$gen"/client*.c "$gen"/tests*.c \
	runtime/core/{qp,rpc,early,batch,ticket}.c $sources -o "$out/ext4-$name"

work=$(mktemp -d /dev/shm/fuzz.XXXXXX 2>/dev/null || mktemp -d)
trap 'rm -rf "$work"' EXIT
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$work/files/dir/sub" "$work/files/many" "$work/corpus"
printf 'some text\n' >"$work/files/file"
seq 20000 >"$work/files/dir/long"
truncate -s 900000 "$work/files/holes"
printf x >>"$work/files/holes"
printf y >"$work/files/dir/sub/deep"
ln -s file "$work/files/link"
ln -s "$(printf 'long/%.0s' $(seq 40))" "$work/files/longlink"
for i in $(seq 60); do : >"$work/files/many/a-name-as-long-as-it-takes-to-need-more-than-a-block-$i"; done
for i in 0 1; do
	features=^metadata_csum
	[ $i = 0 ] || features=metadata_csum
	mkfs.ext4 -q -F -b 1024 -N 128 -I 256 -O "$features,^resize_inode" -J size=1 -U 8d5cf2a4-91f1-4b13-8a1f-0c1f6e0f1a01 \
		-E hash_seed=8d5cf2a4-91f1-4b13-8a1f-0c1f6e0f1a02,lazy_itable_init=0,lazy_journal_init=0 -d "$work/files" "$work/base$i.img" 4M >/dev/null
	{ echo "ea_set file user.one first"; echo "ea_set file user.two $(printf 'v%.0s' $(seq 300))"; } |
		debugfs -w -f - "$work/base$i.img" >/dev/null 2>&1
done
mount=$(/usr/bin/python3 -c 'import sys; sys.path.insert(0, "tests/common"); import devices; print(devices.prefixes(sys.argv[1])[0])' "$name")
export FUZZ_DOMAIN=$image FUZZ_BASES=$work KSLICE_DEV="--dev=block,fd=5,path=crafted,mount=$mount,fs=ext4"
cp tests/fuzz/ext4/corpus/* "$work/corpus/"
[ $# -gt 0 ] || set -- -runs="${FUZZ_RUNS:-150}" -seed=1
"$out/ext4-$name" -max_len=257 -len_control=0 -timeout=120 -rss_limit_mb=0 -artifact_prefix="$out/ext4-$name-" -print_final_stats=1 "$@" "$work/corpus"
