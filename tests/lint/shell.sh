#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# shell.sh [FILE...]: shellcheck finds neither error nor warning in any script. Notes are left to people.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
if [ $# = 0 ]; then
	mapfile -t files < <(git ls-files -co --exclude-standard -- '*.sh' .ci/run)
	set -- "${files[@]}"
fi
# Scripts (own), and files that scripts source or bash runs in tests (sourced): in these a failing
# cd is a valid result, and variables may come from other files.
own=() sourced=()
for f; do
	if head -1 "$f" | grep -q '^#!'; then own+=("$f"); else sourced+=("$f"); fi
done
echo "${#own[@]} scripts, ${#sourced[@]} parts of others"
status=0
[ ${#own[@]} = 0 ] || shellcheck -S warning -e SC2034 -f gcc "${own[@]}" || status=1
[ ${#sourced[@]} = 0 ] || shellcheck -S warning -s bash -e SC2034,SC2164 -f gcc "${sourced[@]}" || status=1
exit $status
