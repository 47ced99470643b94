# SPDX-License-Identifier: GPL-2.0
"""Sixteen threads, each a blocking client; a threaded server; UDP, timeouts and half-closes between."""
import errno
import socket
import socketserver
import threading


class Echo(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 64


def client(port, n, out):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
        f = s.makefile("rwb")
        for i in range(200):
            f.write(b"thread %d line %d\n" % (n, i))
            f.flush()
            assert f.readline() == b"THREAD %d LINE %d\n" % (n, i)
        s.shutdown(socket.SHUT_WR)
        assert f.read() == b""
    out.append(n)


def udp():
    a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "ab")
    a.bind(("127.0.0.1", 0))
    b.settimeout(0.05)
    try:
        b.recv(10)
        raise SystemExit("recv on an empty socket returned")
    except socket.timeout:
        pass
    for n in (0, 1, 1400, 60000):
        b.sendto(b"x" * n, a.getsockname())
        assert len(a.recvfrom(65536)[0]) == n
    try:
        a.connect(("127.0.0.1", 9))
        a.send(b"x")
        a.recv(1)
        raise SystemExit("no ECONNREFUSED")
    except OSError as e:
        assert e.errno == errno.ECONNREFUSED, e


with Server(("127.0.0.1", 0), Echo) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    done = []
    threads = [threading.Thread(target=client, args=(server.server_address[1], n, done)) for n in range(16)]
    for t in threads:
        t.start()
    udp()
    for t in threads:
        t.join()
    assert sorted(done) == list(range(16)), done
    server.shutdown()
