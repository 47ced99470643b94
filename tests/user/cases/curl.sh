# SPDX-License-Identifier: GPL-2.0
# needs: curl python3
d=$(mktemp -d); cd $d; seq 1 30000 >f
/usr/bin/python3 -u -m http.server --bind 127.0.0.1 0 >log 2>&1 & p=$!
for i in $(seq 100); do port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' log); [ -n "$port" ] && break; sleep 0.05; done
curl -s http://127.0.0.1:$port/f | sha256sum; curl -s -o /dev/null -w '%{http_code}\n' http://127.0.0.1:$port/none
curl -s --parallel -o a -o b -o c http://127.0.0.1:$port/f http://127.0.0.1:$port/f http://localhost:$port/f; cat a b c | sha256sum
curl -s http://127.0.0.1:1/; echo $?; curl -s http://no.such.host.invalid/; echo $?
curl -s file://$d/f | md5sum; kill $p; wait $p; cd /; rm -r $d
