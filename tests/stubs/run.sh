#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# run.sh NAME[@TREE] [host|loop|shm|mutate|fuzz|answers|copies ...] [-- CALL[/CASE] ...]: builds and runs the generated stub tests of a domain.
# NAME@TREE is the folder in build/ of another kernel tree's (slicer/commands/trees.h), which also holds its stubs.
#   host    client and server stubs with the host kernel behind them: needs no domain
#   mutate  the same with data damaged on purpose: every call with data must detect it
#   fuzz    invalid data on both sides of the stubs (KSLICE_FUZZ = cases, KSLICE_SEED)
#   loop    linked with the domain's kernel (build/NAME/NAME.vmlinux)
#   shm     against a domain process (build/NAME/NAME.image)
#   copies  linked with a kernel that notes its copies (KSLICE_DEBUG=poison or debug: build/NAME-KIND; KSLICE_WHOLE=1: the unsliced one):
#           what each call reads and writes of the program must be what its stub sends and brings back, and eight bytes less of any must be noticed
#   answers linked with the unsliced kernel (`kslice build --whole NAME`): each call with its stub beside the kernel's function without one
# Where this host's kernel lacks what the domain serves (a file system, a family of sockets), or KSLICE_BESIDE is given, host can't be run. Then loop,
# shm and mutate compare with what the unsliced kernel answered, and the output says so.
# KSLICE_EDGES=N leaves out all but each Nth departure from a base. Without a transport: host, or answers where there is no host; loop and shm. Ends with
# 0 if all passed, 77 if nothing failed, but something that was asked for can't be run here.
set -eu
home=$(cd "$(dirname "$0")/../.." && pwd -P)
[ $# -ge 1 ] || { echo "usage: run.sh NAME[@TREE] [host|loop|shm|mutate|fuzz|answers|copies ...] [-- CALL[/CASE] ...]" >&2; exit 2; }
folder=$1 name=${1%%@*}
shift
kinds=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do kinds+=("$1"); shift; done
[ $# -eq 0 ] || shift
lacks=$(KSLICE_SRC=$home "$home/tests/stubs/host_lacks.py" "$name")
if [ -n "$lacks" ]; then
	export KSLICE_BESIDE=whole # read by with_files.sh
	echo "run.sh: this host's kernel isn't asked, since it lacks $lacks: the unsliced kernel answers in its place"
	[ ${#kinds[@]} -gt 0 ] || kinds=(answers loop shm)
fi
[ ${#kinds[@]} -gt 0 ] || kinds=(host loop shm)
build=${KSLICE_BUILD:-$home/build}/$folder
gen=$home/generated/$name
unset KSLICE_OTHER_TREE
[ "$folder" = "$name" ] || { gen=$build/generated; export KSLICE_OTHER_TREE=1; } # read by engine.c
out=$build/stub-tests
[ -f "$gen/tests.c" ] || { echo "run.sh: $gen/tests.c: no such file: run \`kslice slice $name\` first" >&2; exit 2; }
mkdir -p "$out"
cd "$home"
ulimit -S -n "$(ulimit -H -n)" # sudo's 1024 descriptors are fewer than a domain gives
. tests/common/parts.sh
abi=$(mktemp -d)
trap 'rm -rf "$abi"' EXIT
runtime/include/abi.py "$abi"
: "${CC:=gcc}"
flags="-std=gnu11 -g -O1 -Wall -Wextra -Wno-unused-parameter -Itests/stubs -I$gen -Iruntime/include -Iruntime/port/host -I$abi"
engine="tests/stubs/engine.c $(echo tests/stubs/world*.c) tests/stubs/buffers.c tests/stubs/buffers_files.c tests/stubs/identity.c tests/stubs/main.c tests/stubs/copy.c
	tests/stubs/copies.c tests/stubs/recorded.c $(echo "$gen"/client*.c "$gen"/tests*.c)
	runtime/core/qp.c runtime/core/rpc.c runtime/core/early.c"
# The client side of a transport, which the tests look up by name.
loop=$(transport_sources loop)
shm=$(transport_sources shm)

is_current() {
	[ -e "$1" ] && [ -z "$(find tests/stubs runtime/{core,include,port,transport} "$gen" -newer "$1" -print -quit)" ]
}

# One program for host and mutate, which may run at the same time: compiling it takes a minute.
build_host() {
	(
		flock 9
		! is_current "$out/host" || exit 0
		$CC $flags -fsanitize=address,undefined -Itests/stubs/host_backend tests/stubs/backend_host.c $engine \
			"$gen"/server*.c runtime/core/server.c runtime/core/uptr.c $loop -o "$out/host.new"
		mv "$out/host.new" "$out/host"
	) 9>"$out/host.lock"
}

# An error message of the kernel fails the test, whatever the cases' results.
run() {
	local ended
	"$home/tests/stubs/with_files.sh" "$name" "$out" "$@" 2>&1 | tee "$out/$kind$whole.output"
	ended=${PIPESTATUS[0]}
	if grep -qE '\bBUG\b|WARNING:|Oops|Kernel panic|Call Trace|kslice: trap' "$out/$kind$whole.output"; then
		echo "run.sh: FAIL: the domain's console, see above" >&2
		return 1
	fi
	return "$ended"
}

# Links the stub tests with a kernel, which is in this process then. $1: the program to make, $2: its folder, $3: the kernel.
build_loop() {
	grep -oh '\bsys_[a-z0-9_]*' "$gen"/tests*.c | sort -u >"$1.direct"
	ENTRIES=$1.direct machine_link "$2" "$3" "$1" "$flags tests/stubs/backend_loop.c $engine $loop"
}

# What the unsliced kernel answers to every case is in $out/answers; made again if the kernel or the tests are newer.
answers=$out/answers
unsliced=$build-whole/$name-whole.vmlinux
ask_unsliced() {
	local kind=answers to=$answers
	[ -n "$lacks" ] || { echo "run.sh: answers: this host's kernel has what $name serves: KSLICE_BESIDE=whole asks the unsliced one" >&2; exit 2; }
	[ -f "$unsliced" ] || { echo "run.sh: $unsliced: run \`kslice build --whole $name\` first" >&2; exit 2; }
	[ $# -eq 0 ] || to=$answers.part
	build_loop "$out/asked" "$build-whole" "$unsliced" || return 1
	KSLICE_EDGES='' run "$out/asked" @dev -- --record="$to.new" "$@" || return 1
	mv "$to.new" "$to"
}

# The words that make a program compare with them.
recorded=()
need_answers() {
	[ -n "$lacks" ] || return 0
	recorded=(--recorded="$answers")
	if [ $# -gt 0 ]; then
		ask_unsliced "$@" || return 1
		recorded=(--recorded="$answers.part")
	elif ! is_current "$answers" || [ "$unsliced" -nt "$answers" ]; then
		ask_unsliced || return 1
	fi
}

status=0 whole='' undone=''
for kind in "${kinds[@]}"; do
	case $kind in
	host)
		if [ -n "$lacks" ]; then
			echo "run.sh: $kind: not run: this host lacks $lacks" >&2
			undone=1
			continue
		fi
		build_host
		run "$out/host" "$@" || status=1 ;;
	mutate)
		program=("$out/host")
		if [ -n "$lacks" ]; then
			need_answers "$@" || { status=1; continue; }
			build_loop "$out/loop" "$build" "$build/$name.vmlinux"
			program=("$out/loop" @dev -- "${recorded[@]}")
		else
			build_host
		fi
		run "${program[@]}" --mutate=in "$@" || status=1
		run "${program[@]}" --mutate=out "$@" || status=1 ;;
	answers)
		ask_unsliced "$@" || status=1 ;;
	fuzz)
		$CC $flags -fsanitize=address,undefined -fno-sanitize-recover=undefined -Itests/stubs/host_backend tests/stubs/fuzz.c \
			tests/stubs/buffers.c tests/stubs/buffers_files.c tests/stubs/copy.c "$gen"/{client,server,tests}*.c runtime/core/qp.c \
			runtime/core/rpc.c runtime/core/early.c runtime/core/server.c runtime/core/uptr.c $loop -o "$out/fuzz"
		run "$out/fuzz" "${KSLICE_FUZZ:-100000}" "${KSLICE_SEED:-1}" || status=1 ;;
	copies)
		[ -n "${KSLICE_DEBUG:-}" ] || { echo "run.sh: copies: KSLICE_DEBUG=KIND is the kind of image that notes them: poison or debug" >&2; exit 2; }
		whole=${KSLICE_WHOLE:+-whole}
		noted=$build-$KSLICE_DEBUG$whole
		[ -f "$noted/$name$whole.vmlinux" ] || { echo "run.sh: $noted/$name$whole.vmlinux: run \`kslice build --debug=$KSLICE_DEBUG${KSLICE_WHOLE:+ --whole} $name\` first" >&2; exit 2; }
		build_loop "$out/copies$whole" "$noted" "$noted/$name$whole.vmlinux"
		# The payload's stack isn't the task's, which debugobjects would tell of each timer there.
		run "$out/copies$whole" --cmdline=no_debug_objects @dev -- --copies "$@" || status=1
		run "$out/copies$whole" --cmdline=no_debug_objects @dev -- --copies=short "$@" || status=1 ;;
	loop)
		[ -f "$build/$name.vmlinux" ] || { echo "run.sh: $build/$name.vmlinux: run \`kslice build $name\` first" >&2; exit 2; }
		need_answers "$@" || { status=1; continue; }
		build_loop "$out/loop" "$build" "$build/$name.vmlinux"
		run "$out/loop" @dev -- "${recorded[@]}" "$@" || status=1 ;;
	shm)
		[ -f "$build/$name.image" ] || { echo "run.sh: $build/$name.image: run \`kslice build $name\` first" >&2; exit 2; }
		$CC $flags tests/stubs/backend_shm.c tests/serve/domain.c $engine runtime/core/batch.c $shm \
			-o "$out/shm"
		need_answers "$@" || { status=1; continue; }
		run "$out/shm" --image="$build/$name.image" "${recorded[@]}" "$@" || status=1 ;;
	*)
		echo "run.sh: no transport \"$kind\"" >&2
		exit 2 ;;
	esac
done
[ $status -ne 0 ] || [ -z "$undone" ] || exit 77
exit $status
