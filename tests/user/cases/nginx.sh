# SPDX-License-Identifier: GPL-2.0
# needs: nginx curl
d=$(mktemp -d); cd $d; chmod 755 $d; mkdir w; echo page >w/index.html; seq 1 100000 >w/big; chmod -R a+rX w
port=$((20000 + $$ % 20000))
conf() { cat >c <<X
worker_processes 2; pid $d/pid; error_log $d/err; daemon on;
events { worker_connections 64; }
http { access_log off; sendfile on; aio threads; client_body_temp_path $d/t1; proxy_temp_path $d/t2; fastcgi_temp_path $d/t3; uwsgi_temp_path $d/t4; scgi_temp_path $d/t5;
server { listen 127.0.0.1:$port; root $d/w; location /v { return 200 "$1"; } } }
X
}
conf one; nginx -c $d/c -p $d -t 2>/dev/null; echo $?; nginx -c $d/c -p $d 2>/dev/null; echo $?
curl -s http://127.0.0.1:$port/; curl -s http://127.0.0.1:$port/big | md5sum; curl -s http://127.0.0.1:$port/v; echo
conf two; nginx -c $d/c -p $d -s reload; for i in $(seq 100); do [ "$(curl -s http://127.0.0.1:$port/v)" = two ] && break; sleep 0.05; done; curl -s http://127.0.0.1:$port/v; echo
curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:$port/none
nginx -c $d/c -p $d -s stop; for i in $(seq 100); do [ -e pid ] || break; sleep 0.05; done; ls pid 2>/dev/null | wc -l; curl -s http://127.0.0.1:$port/; echo $?; grep -c '\[\(alert\|crit\|emerg\)\]' err; cd /; rm -r $d
