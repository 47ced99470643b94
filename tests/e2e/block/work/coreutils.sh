# SPDX-License-Identifier: GPL-2.0
# cp ls find mv rm dd and their like, and a shell with its redirections, all in a current directory on the disk.
set -e
cp -r "$TREE/fs/ext4" e4
cp -a e4 e4.a
diff -r e4 "$TREE/fs/ext4" && echo "same as the host's"
ls e4 | wc -l
ls -l e4.a | awk 'NR > 1 { print $1, $2, $5, $9 }'
ls -ld e4 | awk '{ print $1 }'
find e4 -name 'x*.c' | sort
find e4 -size +100k -printf '%f %s\n' | sort
mv e4.a moved
mv moved/super.c moved/inode.c .
mv super.c renamed.c
mv -n inode.c renamed.c || true
mv "$(mktemp /tmp/across.XXXXXX)" from-host
cp renamed.c /tmp/to-host.$$ && cmp renamed.c /tmp/to-host.$$ && mv /tmp/to-host.$$ back
cmp renamed.c back && echo "there and back"
rm moved/*.h
rm -r e4
rm -f nothing
mkdir -p a/b/c
mkdir -m 700 a/private
rmdir a/b/c
rmdir a 2>&1 || true
ln renamed.c hard
ln -s renamed.c soft
ln -s ../sd/a/b dir
ln -sf /sd/hard absolute
readlink soft dir absolute
readlink -f dir absolute
stat -c '%n %F %h %s %a %u %g' hard soft -L absolute
cat soft absolute | wc -c
(cd dir && pwd -P && pwd -L && echo here >file && cd .. && pwd -P && ls)
cat a/b/file dir/file
seq 300000 | dd of=rnd bs=64k count=20 iflag=fullblock 2>/dev/null
dd if=rnd of=copy bs=7k conv=fsync 2>/dev/null
cmp rnd copy && echo "dd copied"
dd if=rnd of=sparse bs=1k count=1 seek=5000 2>/dev/null
stat -c '%s %b' sparse
dd if=rnd of=copy bs=1k count=3 seek=2 conv=notrunc 2>/dev/null
cmp rnd copy || true
dd if=/dev/zero of=odirect bs=4k count=16 oflag=direct 2>/dev/null
dd if=odirect bs=4k iflag=direct 2>/dev/null | sha256sum
rm rnd copy sparse
truncate -s 12345 t
truncate -s 100 hard
wc -c renamed.c t
touch -d '2001-02-03 04:05:06.789 UTC' t
stat -c '%y' t
touch -r t hard
stat -c '%Y' hard
chmod 640 t
chmod u+s,g-r t
chown 123:456 t
stat -c '%a %u %g' t
mkfifo pipe
(echo through >pipe) &
cat pipe
wait
echo one >f; echo two >>f; cat <f
{ echo three; echo four; } >>f
exec 5<>f
read -r line <&5; echo "$line"
echo FIVE >&5
exec 5>&-
cat f
seq 1000 | tee n | wc -l
sort -R n | sort -n -o n n && md5sum <n
split -l 300 n part.
cat part.a? | cmp - n && ls part.*
grep -c 7 n; sed -i 's/^7$/seven/' n; grep seven n; awk '{ s += $1 } END { print s }' n
install -D -m 755 f deep/er/bin
test -x deep/er/bin && test ! -w /sd/none && echo tests
for i in *; do echo "glob $i"; done
echo * | tr ' ' '\n' | wc -l
ls nowhere 2>&1 || true
cat a 2>&1 || true
cd deep/er && cd - && cd ../sd && pwd
cp -a --sparse=always n n.copy && cp --reflink=auto -l n n.link && stat -c %h n
sync
sync -f f
df --output=target . | tail -1
rm -r a dir deep part.* && ls
rm -rf ./* && ls -A
