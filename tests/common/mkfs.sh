#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# mkfs.sh FS FILE [UID:GID]: makes a file system in a file or on a block device, with a root directory that belongs to UID, if FS has
# owners; without UID:GID each time the same one, for two kernels to be compared. What squashfs holds, which can't be written: file (10000 bytes), dir/a, empty, link -> file.
set -eu
PATH=$PATH:/usr/sbin:/sbin
fs=$1 file=$2
# The seed determines the order of names in a directory, the sizes of inodes and blocks the layout.
uuid=8d5cf2a4-91f1-4b13-8a1f-0c1f6e0f1a0
extended=(-E "lazy_itable_init=0,lazy_journal_init=0,root_owner=${3-}")
[ $# -gt 2 ] || extended=(-b 4096 -U "${uuid}1" -E "hash_seed=${uuid}2,lazy_itable_init=0,lazy_journal_init=0")
case $fs in
ext4 | ext3)
	mkfs."$fs" -q -F "${extended[@]}" "$file" ;;
ext2) # as the kernel's own ext2 knows it: names in the order they came, times in seconds
	mkfs.ext2 -q -F -I 128 -O ^dir_index,^resize_inode "${extended[@]}" "$file" ;;
vfat)
	mkfs.vfat -i 8d5cf2a4 "$file" >/dev/null ;;
squashfs)
	from=$(mktemp -d)
	trap 'rm -rf "$from"' EXIT
	mkdir "$from/root" "$from/root/dir"
	awk 'BEGIN { for (i = 0; i < 2500; i++) printf "%03d\n", i % 1000 }' >"$from/root/file"
	echo ab >"$from/root/dir/a"
	: >"$from/root/empty"
	ln -s file "$from/root/link"
	find "$from/root" -exec touch -h -d @1000000000 {} +
	: >"$file"
	mksquashfs "$from/root" "$file" -noappend -all-root -quiet -no-progress -mkfs-time 1000000000 >/dev/null ;;
*)
	echo "mkfs.sh: $fs: how one is made isn't written here yet" >&2
	exit 2 ;;
esac
