# SPDX-License-Identifier: GPL-2.0
"""epoll, poll and select over sockets of the domain and pipes of the host together."""
import os
import select
import socket
import threading
import time

a, b = socket.socketpair()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 0))
r, w = os.pipe()
R, U, A = r, udp.fileno(), a.fileno()


def send_udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.sendto(b"u", udp.getsockname())


def later(fn):
    threading.Timer(0.05, fn).start()


def by_epoll():
    ep = select.epoll()
    for fd in (R, U, A):
        ep.register(fd, select.EPOLLIN)
    return lambda t: sorted(fd for fd, _ in ep.poll(t))


def by_poll():
    p = select.poll()
    for fd in (R, U, A):
        p.register(fd, select.POLLIN)
    return lambda t: sorted(fd for fd, _ in p.poll(t * 1000))


def by_select():
    return lambda t: sorted(select.select([R, U, A], [], [], t)[0])


for make in (by_epoll, by_poll, by_select):
    wait = make()
    assert wait(0) == [], make
    start = time.monotonic()
    assert wait(0.05) == [] and time.monotonic() - start > 0.04, make
    for event, fd, drain in ((lambda: os.write(w, b"p"), R, lambda: os.read(r, 9)),
                             (send_udp, U, lambda: udp.recv(9)), (lambda: b.send(b"a"), A, lambda: a.recv(9))):
        event()
        assert wait(10) == [fd], (make, fd)
        drain()
        later(event)  # while it sleeps
        assert wait(10) == [fd], (make, fd)
        drain()
        assert wait(0) == [], make
    os.write(w, b"p")
    b.send(b"a")
    send_udp()
    deadline = time.monotonic() + 10
    while wait(10) != sorted((R, U, A)):
        assert time.monotonic() < deadline
    os.read(r, 9), a.recv(9), udp.recv(9)
b.close()
assert by_epoll()(10) == [A]
