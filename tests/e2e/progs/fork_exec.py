# SPDX-License-Identifier: GPL-2.0
"""Sockets over fork, dup2 and exec: a forking server, an inetd-style child whose stdin and stdout are
one, close-on-exec, and a socket that stays open as long as any process holds it."""
import os
import socket
import subprocess
import sys

listener = socket.create_server(("127.0.0.1", 0))
port = listener.getsockname()[1]


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=30)


# A child serves what the parent accepted; EOF comes only when both have closed.
client = connect()
conn, _ = listener.accept()
pid = os.fork()
if pid == 0:
    conn.sendall(conn.recv(100).upper())
    os._exit(0)
client.sendall(b"fork")
assert client.recv(100) == b"FORK"
assert os.waitpid(pid, 0)[1] == 0
client.settimeout(0.1)
try:
    assert client.recv(1) and False
except socket.timeout:
    pass  # the parent still holds it
conn.close()
client.settimeout(30)
assert client.recv(1) == b""

# inetd: exec a program that knows only 0 and 1.
client = connect()
conn, _ = listener.accept()
child = subprocess.Popen(["cat"], stdin=conn, stdout=conn)
conn.close()
client.sendall(b"through cat")
client.shutdown(socket.SHUT_WR)
assert client.makefile("rb").read() == b"through cat"
assert child.wait() == 0

# pass_fds survives exec; what is close-on-exec doesn't.
client = connect()
conn, _ = listener.accept()
code = """if 1:
    import os, socket, sys
    s = socket.socket(fileno=int(sys.argv[1]))
    s.sendall(b"exec %d" % s.getpeername()[1])
    try:
        os.fstat(int(sys.argv[2])); sys.exit(3)
    except OSError: pass
"""
r = subprocess.run([sys.executable, "-c", code, str(conn.fileno()), str(client.fileno())], pass_fds=[conn.fileno()])
assert r.returncode == 0, r
conn.close()
assert client.makefile("rb").read() == b"exec %d" % client.getsockname()[1]

# socketpair between parent and child, and a shell in between.
a, b = socket.socketpair()
subprocess.run(["sh", "-c", "echo from a shell >&%d" % b.fileno()], pass_fds=[b.fileno()], check=True)
b.close()
assert a.makefile("rb").read() == b"from a shell\n"
