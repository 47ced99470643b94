# SPDX-License-Identifier: GPL-2.0
# fio writes, reads back and verifies what it wrote: psync and libaio, cached and direct, several jobs at once.
set -e
job() { # what it prints holds times, so only errors are shown
	fio --minimal --size=12m --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=1 --fallocate=none --name="$1" "${@:2}" >/tmp/fio.$$ 2>&1 ||
		{ cat /tmp/fio.$$; rm /tmp/fio.$$; echo "fio $1 failed"; exit 1; }
	rm /tmp/fio.$$
	echo "$1 ok"
}
job psync-seq --ioengine=psync --rw=write --bs=64k --end_fsync=1
job psync-rand --ioengine=psync --rw=randwrite --bs=4k --fsync=64
job psync-mix --ioengine=psync --rw=randrw --bs=512-32k --numjobs=3 --size=4m
job pvsync --ioengine=pvsync --rw=randwrite --bs=8k
job aio-seq --ioengine=libaio --rw=write --bs=64k --iodepth=8 --end_fsync=1
job aio-rand --ioengine=libaio --rw=randwrite --bs=4k --iodepth=32 --fsync=128
job aio-large --ioengine=libaio --rw=write --bs=3m --iodepth=3
job aio-mix --ioengine=libaio --rw=randrw --bs=4k --iodepth=16 --numjobs=2 --size=4m
job aio-direct --ioengine=libaio --direct=1 --rw=randwrite --bs=4k --iodepth=16
job psync-direct --ioengine=psync --direct=1 --rw=randwrite --bs=16k
job thread --ioengine=psync --thread --numjobs=4 --rw=randrw --bs=4k --size=2m
ls -l | awk 'NR > 1 { print $5, $9 }'
# Which blocks were written last, and by which job's pattern, is fio's to say.
rm -f -- *.[0-9].0 *.state
