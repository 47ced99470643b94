# SPDX-License-Identifier: GPL-2.0
"""Slow clients: a server answers all of them and closes, as web servers do, before the first one reads. Each must get all of it: what a
closed connection still has to send may not be thrown away because other connections have unread data, too."""
import hashlib
import os
import socket
import threading

CLIENTS, SIZE = 60, 200_000
DATA = os.urandom(SIZE)


def answer(conn):
    with conn:
        conn.sendall(DATA)


def serve(listener):
    """Returns when all are answered and closed."""
    threads = [threading.Thread(target=answer, args=(listener.accept()[0],)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def received(conn):
    with conn:
        return b"".join(iter(lambda: conn.recv(65536), b""))


with socket.create_server(("127.0.0.1", 0), backlog=CLIENTS) as server:
    conns = [socket.create_connection(server.getsockname(), timeout=60) for _ in range(CLIENTS)]
    serve(server)
    for number, conn in enumerate(conns):
        got = received(conn)
        assert hashlib.sha256(got).digest() == hashlib.sha256(DATA).digest(), f"client {number} got {len(got)} bytes of {SIZE}"
