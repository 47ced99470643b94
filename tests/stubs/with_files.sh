#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# with_files.sh NAME DIR PROGRAM [ARG ...]: runs the stub tests of a domain that serves files. Both sides get the same new file system:
# the host's is mounted where the domain has its own, in a mount namespace and a root directory of its own, so that nothing of
# this machine is touched; the domain's is open as descriptor 9: a word @dev among the arguments becomes its --dev, and
# tests/serve/domain.c finds it in the environment. For a domain without files PROGRAM is simply run.
set -eu
home=$(cd "$(dirname "$0")/../.." && pwd -P)
name=$1 dir=$2
shift 2
spec=$home/specs/$name.json
[ -f "$spec" ] || spec=$home/tests/specs/$name.json
device=$(/usr/bin/python3 - "$spec" <<-'EOF'
	import json, sys
	for d in json.load(open(sys.argv[1])).get("devices", []):
	    if d["type"] == "block" and "mount" in d:
	        print(d["fs"], d["mount"])
	        break
	EOF
)
args=()
if [ -z "$device" ]; then
	for a in "$@"; do [ "$a" = @dev ] || args+=("$a"); done
	exec "${args[@]}"
fi
read -r fs mount <<< "$device"
if [ -z "${WITH_FILES:-}" ]; then
	[ "$(id -u)" -eq 0 ] || { echo "with_files.sh: must be root: the host's side is a file system of its own, which has to be mounted" >&2; exit 2; }
	WITH_FILES=1 exec unshare --mount --propagation private "$0" "$name" "$dir" "$@"
fi

# In memory, so that the tests don't wait for this machine's disk.
mkdir -p "$dir/fs"
mount -t tmpfs none "$dir/fs"
cd "$dir/fs"
truncate -s 64M disk
# The seed determines the order of names in a directory, the sizes of inodes and blocks the layout.
mkfs."$fs" -q -F -b 4096 -U 8d5cf2a4-91f1-4b13-8a1f-0c1f6e0f1a01 -E hash_seed=8d5cf2a4-91f1-4b13-8a1f-0c1f6e0f1a02,lazy_itable_init=0,lazy_journal_init=0 disk
cp disk disk.host
mkdir root
for e in /*; do
	if [ -L "$e" ]; then
		cp -P "$e" root/
	elif [ -d "$e" ]; then
		mkdir "root$e"
		mount --rbind "$e" "root$e"
	fi
done
mkdir -p "root$mount"
mount -o loop,nodev disk.host "root$mount" ||
	{ echo "with_files.sh: the host's side can't be mounted: it takes $fs in the host's kernel, and a free loop device" >&2; exit 2; }
export KSLICE_DEV_FILE="$PWD/disk" KSLICE_DEV="--dev=block,fd=5,path=disk,mount=$mount,fs=$fs,options=nodev"
exec 9<> disk
for a in "$@"; do
	[ "$a" = @dev ] && a="--dev=block,fd=9,path=disk,mount=$mount,fs=$fs,options=nodev"
	args+=("$a")
done
exec chroot root "${args[@]}"
