#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# cppcheck.sh [FILE...]: host-side C has none of the errors that cppcheck finds inside a function
# (memory, null, bounds, uninitialised, leaks) and none of its portability warnings. Style is left
# to clang-format and people. False positives are in cppcheck-suppressions, each with its reason.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
if [ $# = 0 ]; then
	mapfile -t files < <(git ls-files -- 'cli/*.c' 'slicer/*.c' 'runtime/client/*.c' 'runtime/core/*.c' 'runtime/machine/*.c' \
		'runtime/supervisor/*.c' 'runtime/transport/*.c')
	set -- "${files[@]}"
fi
cache=${KSLICE_BUILD:-build}/cppcheck
mkdir -p "$cache"
cppcheck --quiet --error-exitcode=1 --enable=warning,portability --max-configs=1 --std=c11 --library=gnu \
	--cppcheck-build-dir="$cache" --suppressions-list=tests/lint/cppcheck-suppressions -D__x86_64__ -D__linux__ '-DKSLICE_FACTS_ID=""' '-DKSLICE_VERIFY_ID=""' -D_GNU_SOURCE= \
	'-D__attribute__(x)=' '-Djson_array_foreach(a,i,v)=for(i=0;(v=json_array_get(a,i));i++)' \
	'-Djson_object_foreach(o,k,v)=for(;(v=json_object_get(o,k));)' \
	-Iruntime/include -Iruntime/port/host -Islicer -Icli -Iruntime/client "$@"
