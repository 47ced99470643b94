# SPDX-License-Identifier: GPL-2.0
# The kernel tree's fs/: packed from the host onto the disk, unpacked on it, packed again from it, back to the host.
set -e
tar cf fs.tar --sort=name --owner=0 --group=0 -C "$TREE" fs
ls -l fs.tar | awk '{ print $5 }'
mkdir x
tar xf fs.tar -C x
(cd "$TREE" && find fs -type f -print0 | sort -z | xargs -0 sha256sum) >sums
wc -l <sums
(cd x && sha256sum --quiet -c ../sums) && echo "sums right"
tar tvf fs.tar | sha256sum
tar df fs.tar -C x && echo "no difference"
tar cf - --sort=name --owner=0 --group=0 -C x fs | sha256sum
sha256sum <fs.tar
tar cJf small.tar.xz -C x fs/ext2
tar tJf small.tar.xz | wc -l
find x/fs -name '*.c' -newermt 2020-01-01 | wc -l
find x -type f -printf '%P %Ts\n' | sort | sha256sum
find x -type d | wc -l
rm -r x/fs/xfs x/fs/btrfs
du -s --apparent-size x/fs/ext4 | awk '{ print $2 }'
rm sums fs.tar
