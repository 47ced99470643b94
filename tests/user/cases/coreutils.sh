# SPDX-License-Identifier: GPL-2.0
# needs: sort sha256sum gzip xz tee xargs
d=$(mktemp -d); cd $d
seq 1 50000 >n; sort -R --random-source=/etc/passwd n | sort -n --parallel=4 | sha256sum
gzip -k n; zcat n.gz | sha256sum; xz -T2 -k n; xzcat n.xz | sha256sum
seq 1 20 | xargs -P4 -n3 echo | sort; seq 3 | tee t1 t2 | wc -l; cat t1 t2 | md5sum
dd if=/dev/zero bs=4k count=100 2>/dev/null | wc -c; mkfifo f; (echo fifo >f &) ; cat f
timeout -s INT 0.1 cat /dev/zero >/dev/null; echo $?
yes | head -1; cd /; rm -r $d
