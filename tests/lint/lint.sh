#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# House rules that a machine can check: files below 800 lines, functions below 80, an SPDX line at the
# top, GPL or MIT by folder, no upward include. Functions in generated/ may be longer: a switch there has a case for every request.
set -u
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 1
status=0
complain() { echo "lint: $*" >&2; status=1; }

files() { git ls-files -co --exclude-standard -- "$@"; }

while read -r f; do
	[ -f "$f" ] && [ ! -L "$f" ] || continue
	case $f in *.c|*.h|*.S|*.sh|*.py|*.cmake|*/CMakeLists.txt|CMakeLists.txt|Makefile|*/Kconfig|*/Makefile|*/Kbuild) ;; *) continue ;; esac
	# The slicer's inputs are test data: they imitate a kernel tree, and some are invalid on
	# purpose.
	case $f in tests/slicer/*/*) continue ;; esac
	head -3 "$f" | grep -q 'SPDX-License-Identifier: ' || complain "$f: no SPDX line in its first three lines"
	# By folder: what programs link is MIT, the rest GPL. Build files may be either.
	case $f in
	*/CMakeLists.txt|*/Kbuild|*/Makefile) want= ;;
	runtime/include/sd/*serve*|runtime/include/sd/remote.h) want= ;; # kernel side, or both
	runtime/client/*|runtime/core/*|runtime/include/*|runtime/port/*) want=MIT ;;
	slicer/*|runtime/supervisor/*|runtime/arch/*|runtime/kernel/*|tests/*) want=GPL-2.0 ;;
	*) want= ;;
	esac
	[ -z "$want" ] || head -3 "$f" | grep -q "SPDX-License-Identifier: .*$want" ||
		complain "$f: licence of this folder is $want"
	n=$(wc -l <"$f")
	[ "$n" -lt 800 ] || complain "$f: $n lines, the limit is 800"
	case $f in generated/*) ;; *.c|*.h)
		awk -v f="$f" '/^\{/ { start = NR; open = 1 }
			/^[a-z].*\) \{$/ { start = NR; open = 1 }
			/^}/ && open { if (NR - start > 80) { print f ":" start ": function of " NR - start " lines, the limit is 80"; bad = 1 } open = 0 }
			END { exit bad }' "$f" >&2 || status=1 ;;
	esac
done < <(files)

# Arrows point one way: specs -> slicer -> generated -> runtime/core -> include/sd -> port.
upward() { # folder, forbidden pattern, what it says
	local hit
	hit=$(files "$1" | grep -E '\.[chS]$' | xargs -r grep -nE "^[[:space:]]*#[[:space:]]*include[[:space:]]+[<\"]($2)" /dev/null)
	[ -z "$hit" ] || complain "$3: $hit"
}
upward runtime/core '\.\./(client|kernel|machine|supervisor|arch|transport)/' 'core includes only sd/*'
upward runtime/include '\.\./|core/|client/|kernel/' 'include/sd includes only sd/* and port'
upward slicer '.*(runtime|generated)/' 'the slicer includes nothing of the runtime'
upward runtime '.*(tests|slicer)/' 'nothing includes tests or the slicer'

# Python and its modules are Debian's, whatever else a builder's PATH has. Programs in tests/user/cases and e2e take what users have.
hit=$(files '*.sh' '*.py' '*CMakeLists.txt' '*.cmake' | grep -vE '^tests/(user/cases|e2e)/' | xargs grep -nE '(^#!.*env |COMMAND |[|($][ ]*|^[[:space:]]+)python3( |$)' /dev/null)
[ -z "$hit" ] || complain "/usr/bin/python3, not what PATH has: $hit"

exit $status
