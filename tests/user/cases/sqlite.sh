# SPDX-License-Identifier: GPL-2.0
# needs: sqlite3
d=$(mktemp -d); cd $d
sqlite3 t.db 'pragma journal_mode=wal; create table t(a integer primary key,b text); with recursive c(x) as (select 1 union all select x+1 from c where x<20000) insert into t select x, hex(x) from c; select count(*),sum(length(b)),max(b) from t; create index i on t(b); select a from t where b=hex(777);'
(for i in 1 2 3; do sqlite3 -cmd '.timeout 20000' t.db "insert into t(b) values('p$i');" & done; wait); sqlite3 t.db 'select count(*) from t; pragma integrity_check;'
sqlite3 t.db 'select bad' ; echo $?; cd /; rm -r $d
