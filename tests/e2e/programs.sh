#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Servers people run, unmodified, with their own ways: nginx (master and workers, epoll, sendfile,
# accept over inherited listeners), redis (epoll, one thread), asyncio, threads, a Go program.
. "$(dirname "$0")/lib.sh"
up
mkdir "$TMP/www" "$TMP/nginx"
head -c 3000000 /dev/urandom >"$TMP/www/file"
sum=$(sha256sum <"$TMP/www/file")

cat >"$TMP/nginx.conf" <<END
daemon off; worker_processes 2; pid $TMP/nginx/pid; error_log $TMP/nginx/err; user root;
events { worker_connections 64; }
http { access_log off; sendfile on; client_body_temp_path $TMP/nginx/b; proxy_temp_path $TMP/nginx/p;
fastcgi_temp_path $TMP/nginx/f; uwsgi_temp_path $TMP/nginx/u; scgi_temp_path $TMP/nginx/s;
server { listen 8080; root $TMP/www; } }
END
chmod 755 "$TMP" "$TMP/www"
spawn_in_domain /usr/sbin/nginx -c "$TMP/nginx.conf" -p "$TMP/nginx" 2>/dev/null
nginx=$LAST
wait_for listens 127.0.0.1 8080
for i in 1 2 3 4; do
	same "$(in_domain curl -sS http://127.0.0.1:8080/file | sha256sum)" "$sum"
	same "$(curl -sS --max-time 60 http://$IN:8080/file | sha256sum)" "$sum"
done
kill -TERM "$nginx"
wait "$nginx" || fail "nginx ended with $?"
listens 127.0.0.1 8080 2>/dev/null && fail "nginx is gone, its listener isn't"

spawn_in_domain redis-server --port 6380 --save "" --dir "$TMP" >/dev/null
wait_for listens 127.0.0.1 6380
redis() { in_domain redis-cli -p 6380 "$@"; }
same "$(redis set key value)" OK
same "$(redis get key)" value
same "$(redis eval 'local n = 0; for i = 1, 1000 do n = n + redis.call("incr", "n") end; return n' 0)" 500500
same "$(redis-cli -h $IN -p 6380 config get protected-mode | head -1 | cut -c1-6)" DENIED
in_domain redis-benchmark -p 6380 -q -n 20000 -c 20 -P 4 -t set,get >"$TMP/bench" || fail "redis-benchmark"

in_domain "$PY" "$PROGS/asyncio_echo.py" || fail asyncio
in_domain "$PY" "$PROGS/threads_echo.py" || fail threads
in_domain "$PY" "$PROGS/orphans.py" || fail "slow clients of a server that has closed"
in_domain "$PY" "$PROGS/fork_exec.py" || fail "fork and exec"
in_domain "$PY" "$PROGS/mixed_epoll.py" || fail "epoll over domain and host fds"
go build -o "$TMP/goecho" "$PROGS/goecho.go" || fail "go build"
in_domain "$TMP/goecho" || fail "Go"
