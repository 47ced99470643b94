# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
# The host's loopback is down in this network namespace, so neither ::1 nor 127.0.0.1 can be reached there.
cat >"$TMP/six.py" <<'END'
import socket, threading
for family, address in (socket.AF_INET6, "::1"), (socket.AF_INET, "127.0.0.1"):
    server = socket.socket(family)
    server.bind((address, 0))
    server.listen()
    client = socket.create_connection(server.getsockname()[:2], timeout=5)
    there = server.accept()[0]
    client.sendall(b"x" * 100000)
    client.shutdown(socket.SHUT_WR)
    got = b""
    while part := there.recv(65536):
        got += part
    assert len(got) == 100000 and there.getpeername()[0] == address
END
! "$PY" "$TMP/six.py" 2>/dev/null || fail "the host's loopback is up"
served 20 "$PY" "$TMP/six.py"
echo "TCP over ::1 and 127.0.0.1"
