# SPDX-License-Identifier: GPL-2.0
# sqlite3 with a rollback journal in each of its modes, with a WAL, and several processes at one database.
set -e
rows() { sqlite3 "$@" "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
	insert into t select i, hex(i * 7919), i % 97 from n;"; }
sum() { sqlite3 "$@" "select count(*), sum(length(b)), sum(c) from t; pragma integrity_check;"; }
for mode in delete truncate persist; do
	echo "journal_mode=$mode"
	sqlite3 $mode.db "pragma journal_mode=$mode; create table t(a integer primary key, b text, c int); create index i on t(c);"
	rows $mode.db
	sum $mode.db
	sqlite3 $mode.db "pragma journal_mode=$mode; begin; update t set b = b || 'x' where c < 50; delete from t where c = 3; commit;"
	sqlite3 $mode.db "pragma journal_mode=$mode; begin; delete from t; rollback;"
	sum $mode.db
	sqlite3 $mode.db "delete from t where a > 100; vacuum; pragma page_count;"
	sum $mode.db
done
echo "mmap"
sqlite3 delete.db "pragma mmap_size=16000000; select sum(length(b)) from t; insert into t select a + 5000, b, c from t; select count(*), sum(a) from t;"
echo "several processes"
sqlite3 many.db "create table t(a, b, c);"
for p in 1 2 3 4; do
	(for i in $(seq 15); do echo ".timeout 60000"; echo "insert into t values($p, '$i', $i);"; done | sqlite3 many.db) &
done
wait
sum many.db
sqlite3 many.db "select a, count(*) from t group by a order by a; create table s as select * from t order by a, c; drop table t; vacuum;"
echo "journal_mode=wal"
sqlite3 wal.db "pragma journal_mode=wal; create table t(a integer primary key, b text, c int);"
(for i in $(seq 200); do echo "insert into t values($i, hex($i * 31), $i % 7);"; done; echo "select count(*) from t;") | sqlite3 wal.db
sum wal.db
(echo "pragma wal_autocheckpoint=5;"; for i in $(seq 201 260); do echo "insert into t values($i, hex($i * 31), $i % 7);"; done
 echo "begin; delete from t where a < 100; rollback; begin; delete from t where a > 250; commit; pragma wal_checkpoint(truncate);") | sqlite3 wal.db
sum wal.db
echo "several processes read and write"
for p in 1 2 3; do
	(echo ".timeout 60000"; for i in $(seq 40); do echo "insert into t(b, c) values($p, $i);"; done) | sqlite3 wal.db &
done
for p in 1 2; do # a reader never sees half of a transaction, and nothing go away
	(echo ".timeout 60000"; for i in $(seq 60); do echo "select count(*) from t;"; done) | sqlite3 wal.db | sort -n -c && echo "reader saw it grow" &
done
wait
sum wal.db
sqlite3 wal.db "select b, count(*), sum(c) from t where a > 250 group by b order by b; pragma journal_mode=delete;"
sqlite3 wal.db "create table s as select b, c from t order by b, c; drop table t; vacuum;"
ls -1
