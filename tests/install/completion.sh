#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The completions as bash calls them: the words of a line, the cursor at its end.
set -u
status=0
PATH=$KSLICE_BUILD/bin:$PATH
# shellcheck disable=SC1091
. "$KSLICE_BUILD/completions/kslice"
# shellcheck disable=SC1091
. "$KSLICE_BUILD/completions/kdom"
cd "$(mktemp -d)" || exit 1
trap 'rm -rf "$PWD"' EXIT
touch a-file.json

# What completing its words (split as bash does, "=" a word of its own) gives must hold each word of `want`, and no word of `not`.
expect() { # want, not, word...
	local want=$1 not=$2 word
	shift 2
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"_$1"
	for word in $want; do
		[[ " ${COMPREPLY[*]-} " == *" $word "* ]] || { echo "completion.sh: $*: no $word in: ${COMPREPLY[*]-}" >&2; status=1; }
	done
	for word in $not; do
		[[ " ${COMPREPLY[*]-} " != *" $word "* ]] || { echo "completion.sh: $*: $word" >&2; status=1; }
	done
}

expect "check build why" "net" kslice ""
expect "build" "check" kslice bu
expect "net block pipe a-file.json" "schema check" kslice build ""
expect "net" "pipe" kslice build n
expect "--whole --jobs=" "--html" kslice build --
expect "--html" "--whole" kslice report --
expect "a-file.json" "net" kslice build --compdb = a
expect "" "net" kslice build --jobs = ""
expect "up run ps" "" kdom ""
expect "--no-tap" "--belts" kdom up --
expect "net" "" kdom up --ram = 1G ne
expect "true" "net" kdom run net -- tru
exit $status
