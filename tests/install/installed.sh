#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Installs below a DESTDIR, hides the clone, and uses what was installed: programs, image, pages, stub library.
set -eu
if [ "${1-}" != inside ]; then
	[ -f "$KSLICE_BUILD/pipe/pipe.image" ] || { echo "installed.sh: run \`kslice build pipe\` first" >&2; exit 2; }
	# Always at the same place: the cache of compile commands, which takes minutes to fill, is by path.
	dir=${KSLICE_CACHE:-$HOME/.cache/kslice}/installed-test
	rm -rf "$dir" && mkdir -p "$dir"
	trap 'rm -rf "$dir"' EXIT
	DESTDIR=$dir cmake --install "$KSLICE_BUILD/cmake" --prefix /usr/local >"$dir/log" || { cat "$dir/log"; exit 1; }
	cp "$KSLICE_SRC"/tests/install/{installed.sh,stub.c} "$dir"
	tree=$(readlink -f "$KSLICE_SRC/kernel-tree/linux" || true)
	user=--map-root-user
	[ "$(id -u)" != 0 ] || user=
	# shellcheck disable=SC2086
	env -u KSLICE_REPO -u KSLICE_BUILD unshare -m $user "$dir/installed.sh" inside "$dir" "$KSLICE_SRC" "$tree"
	exit
fi

dir=$2 clone=$3 tree=$4 prefix=$2/usr/local
mkdir "$dir/nothing" "$dir/home" "$dir/run"
mount --bind "$dir/nothing" "$clone"
cd "$dir"
[ ! -e "$clone/README.md" ] || { echo "installed.sh: $clone is still there" >&2; exit 1; }
export KSLICE_CACHE=${KSLICE_CACHE:-$HOME/.cache/kslice}
export HOME=$dir/home XDG_STATE_HOME=$dir/home/state KDOM_DIR=$dir/run PATH=$prefix/bin:$PATH
unset XDG_RUNTIME_DIR

kslice --version
kdom --version
man -M "$prefix/share/man" -w kslice kdom kslice-spec >/dev/null

# The image that was installed.
[ "$(kdom run pipe -- sh -c 'seq 1000 | sort -rn | head -1')" = 1000 ]
kdom up pipe
kdom ps | grep -q '^pipe *up'
kdom run pipe -- true
kdom down pipe

# The stub library.
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=
# shellcheck disable=SC2046
gcc -Wall -Wextra -Werror stub.c -o stub $(pkg-config --cflags --libs kslice)
./stub | grep '^pipe [0-9a-f]*$'

# The slicer works in the user's folder.
[ -d "$tree" ] || { echo "installed.sh: no kernel tree: run kernel-tree/fetch.sh first" >&2; exit 2; }
state=$XDG_STATE_HOME/kslice
# Any command makes the folder.
if kslice build --tree "$tree" none 2>says; then echo "installed.sh: a spec that isn't there was built" >&2; exit 1; fi
[ "$(readlink "$state/specs/pipe.json")" = "$prefix/share/kslice/specs/pipe.json" ]
[ ! -e "$state/build/lib/kdom-launch" ]

# A domain of the user's: its image, its stubs in a launcher of the user's, their tests.
sorts() { [ "$(kdom run "$1" -- sh -c 'seq 1000 | sort -rn | head -1')" = 1000 ]; }
cp "$prefix/share/kslice/specs/pipe.config" "$state/specs/mine.config"
sed 's/"pipe"/"mine"/; s/pipe.config/mine.config/' "$prefix/share/kslice/specs/pipe.json" >"$state/specs/mine.json"
kslice build --tree "$tree" mine
[ ! -L "$state/generated/mine" ] && [ -L "$state/generated/pipe" ]
sorts mine
sorts pipe
kslice test mine

# A later installation makes that launcher old, whatever the times of its files.
touch -d 2000-01-01 "$prefix/lib/kslice/kdom-launch"
sorts pipe
if kdom run mine -- true 2>says; then echo "installed.sh: an old launcher was taken" >&2; exit 1; fi
grep 'no stubs for' says
kslice build --tree "$tree" mine
sorts mine

# A user's spec with an installed one's name: the user's stubs replace the link.
rm "$state/specs/pipe.json"
cp "$prefix/share/kslice/specs/pipe.json" "$state/specs/pipe.json"
kslice stubs --tree "$tree" pipe
[ ! -L "$state/generated/pipe" ] && cmp "$state/generated/pipe/client.c" "$prefix/share/kslice/generated/pipe/client.c"
