#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# spelling.sh [FILE...]: codespell finds no misspelt word; spelling-words has false positives.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
if [ $# = 0 ]; then
	mapfile -t files < <(git ls-files -co --exclude-standard | grep -v -e '^generated/' -e '/corpus/' -e '^tests/lint/spelling-words$')
	set -- "${files[@]}"
fi
codespell --ignore-words=tests/lint/spelling-words "$@"
