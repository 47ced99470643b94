# SPDX-License-Identifier: GPL-2.0
# needs: redis-server redis-cli redis-benchmark
d=$(mktemp -d); cd $d
redis-server --port 0 --unixsocket $d/s --save '' --daemonize no --logfile $d/log --dir $d --io-threads 2 & p=$!
c="redis-cli -s $d/s"; for i in $(seq 100); do $c ping 2>/dev/null | grep -q PONG && break; sleep 0.05; done
$c set k v; $c get k; $c incrby n 41; $c incr n; $c eval 'return redis.call("get","k")' 0; seq 1 500 | sed 's/.*/rpush l &/' | $c >/dev/null; $c llen l
redis-benchmark -s $d/s -n 2000 -c 20 -q -t set,get,lpush 2>&1 | tr '\r' '\n' | grep -c 'requests per second'
$c save; $c bgsave; for i in $(seq 100); do $c info persistence | grep -q 'bgsave_in_progress:0' && break; sleep 0.05; done; $c info persistence | grep -o 'rdb_last_bgsave_status:ok'; ls $d/dump.rdb | wc -l
$c bgrewriteaof; $c shutdown nosave; wait $p; echo $?; cd /; rm -r $d
