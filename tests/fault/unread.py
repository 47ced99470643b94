#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Programs of fault.py's test `unread`.

unread.py fill   as another user: fills connections and datagram sockets without reading them; then waits for the end of its input
unread.py tcp    4 MiB to itself: prints how many segments were retransmitted
unread.py udp    datagrams to itself, a few at a time: prints how many were lost
"""
import os
import socket
import struct
import sys

OTHER = 65534
PAIRS, SENDERS, ROUNDS = 150, 60, 3
PIECE = bytes(65536)
CLOSED = 256 << 10
TCP_INFO_RETRANS = 100  # offset of tcpi_total_retrans


def put(sock, data):
    try:
        return sock.send(data, socket.MSG_DONTWAIT)
    except OSError:
        return 0


def pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        a = socket.create_connection(listener.getsockname())
        return a, listener.accept()[0]


def receiver():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    return s


def fill():
    os.setgid(OTHER)
    os.setuid(OTHER)
    pairs, readers = [pair() for _ in range(PAIRS)], [receiver() for _ in range(SENDERS)]
    out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    quiet = 0
    while quiet < ROUNDS:
        quiet = 0 if sum(put(a, PIECE) for a, _ in pairs) else quiet + 1
    for r in readers:
        for _ in range(400):
            out.sendto(bytes(1400), r.getsockname())
    print("full", flush=True)
    sys.stdin.read()


def again(sock):
    return struct.unpack_from("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256), TCP_INFO_RETRANS)[0]


def tcp():
    """What is sent is read at once, so that little is in flight, however slow the machine is."""
    a, b = pair()
    left = 4 << 20
    while left:
        sent = put(a, PIECE[:left])
        left -= sent
        while sent:
            sent -= len(b.recv(sent))
    print("again", again(a))


def closed():
    """What is sent arrives, though the connection is closed before anything was read: less than this user's part of the memory."""
    a, b = pair()
    sent = 0
    while sent < CLOSED:
        sent += put(a, PIECE)
    a.close()
    while data := b.recv(1 << 20):
        sent -= len(data)
    print("lost", sent)


def udp():
    r, lost = receiver(), 0
    for _ in range(50):
        for _ in range(8):
            r.sendto(bytes(8000), r.getsockname())  # on loopback: it's there, or was dropped
        for _ in range(8):
            try:
                r.recv(9000, socket.MSG_DONTWAIT)
            except BlockingIOError:
                lost += 1
    print("lost", lost)


{"fill": fill, "tcp": tcp, "closed": closed, "udp": udp}[sys.argv[1]]()
