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
	    if d["type"] in ("block", "mount") and "mount" in d:
	        print(d["type"], d["fs"], d["mount"], d.get("options", ""))
	        break
EOF
)
args=()
if [ -z "$device" ]; then
	for a in "$@"; do [ "$a" = @dev ] || args+=("$a"); done
	# System V objects and message queues of the host's side are its own.
	[ "$(id -u)" -ne 0 ] || exec unshare --ipc "${args[@]}"
	exec "${args[@]}"
fi
read -r type fs mount options <<< "$device"
if [ -z "${WITH_FILES:-}" ]; then
	[ "$(id -u)" -eq 0 ] || { echo "with_files.sh: must be root: the host's side is a file system of its own, which has to be mounted" >&2; exit 2; }
	WITH_FILES=1 exec unshare --mount --propagation private "$0" "$name" "$dir" "$@"
fi

# In memory, so that the tests don't wait for this machine's disk.
mkdir -p "$dir/fs"
mount -t tmpfs none "$dir/fs"
cd "$dir/fs"
if [ "$type" = block ]; then
	truncate -s 64M disk
	"$home/tests/common/mkfs.sh" "$fs" disk
	cp disk disk.host
fi
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
host_fs=$fs
# Without an MMU, as in a domain, tmpfs is ramfs.
[ "$type $fs" != "mount tmpfs" ] || host_fs=ramfs
# Numbers of inodes are compared where both sides have them from the same code and disk.
case $host_fs in
ext4 | squashfs) ;;
*) export KSLICE_ANY_INO=1 ;;
esac
if [ -n "${KSLICE_BESIDE:-}" ]; then
	: # another kernel answers for the host's (run.sh)
elif [ "$type" = mount ]; then
	mount -t "$host_fs" ${options:+-o "$options"} none "root$mount" ||
		{ echo "with_files.sh: the host's side can't be mounted: has this kernel $host_fs?" >&2; exit 2; }
else
	mount -o loop,nodev disk.host "root$mount" ||
		{ echo "with_files.sh: the host's side can't be mounted: it takes a free loop device, and $host_fs in this kernel" >&2; exit 2; }
fi
if [ "$type" = mount ]; then
	export KSLICE_DEV="--dev=mount,mount=$mount,fs=$fs${options:+,options=${options//,/;}}"
	dev=$KSLICE_DEV
else
	export KSLICE_DEV_FILE="$PWD/disk" KSLICE_DEV="--dev=block,fd=5,path=disk,mount=$mount,fs=$fs,options=nodev"
	dev="--dev=block,fd=9,path=disk,mount=$mount,fs=$fs,options=nodev"
	exec 9<> disk
fi
for a in "$@"; do
	[ "$a" = @dev ] && a=$dev
	args+=("$a")
done
exec chroot root "${args[@]}"
