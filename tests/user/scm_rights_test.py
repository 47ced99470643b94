#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Sockets of a domain in control messages of the host's unix sockets. Without arguments: the driver; else the hooked program's part."""
import array
import errno
import os
import select
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))


def tcp_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        a = socket.create_connection(listener.getsockname())
        b = listener.accept()[0]
    return a, b


def is_of_domain(fd):
    """For the host it is only a placeholder: a unix socket."""
    return os.readlink(f"/proc/self/fd/{fd}").startswith("socket:") and socket.socket(fileno=os.dup(fd)).family == socket.AF_INET


def ends(sock):
    """The other end has been closed by all its holders."""
    ready = select.select([sock], [], [], 20)[0]
    assert ready, "the peer wasn't closed"
    assert sock.recv(1) == b""


def same_process():
    a, b = tcp_pair()
    x, y = socket.socketpair()
    socket.send_fds(x, [b"m"], [a.fileno()])
    msg, fds, flags, _ = socket.recv_fds(y, 10, 4)
    assert msg == b"m" and len(fds) == 1 and not flags, (msg, fds, flags)
    assert fds[0] != a.fileno() and is_of_domain(fds[0])
    a.close()
    c = socket.socket(fileno=fds[0])
    c.send(b"over the copy")
    assert b.recv(100) == b"over the copy"
    b.send(b"back")
    assert c.recv(100) == b"back"
    c.close()
    ends(b)


def sender_gone():
    """A message outlives its sender, who was another process, in another image."""
    x, y = socket.socketpair()
    pid = os.fork()
    if not pid:
        a, b = tcp_pair()
        a.send(b"from one that is gone")
        socket.send_fds(x, [b"1"], [b.fileno(), sys.stdin.fileno()])
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    x.close()
    _, fds, _, _ = socket.recv_fds(y, 10, 4)
    assert len(fds) == 2, fds
    assert os.readlink(f"/proc/self/fd/{fds[1]}") == os.readlink("/proc/self/fd/0")
    b = socket.socket(fileno=fds[0])
    assert b.recv(100) == b"from one that is gone"
    assert b.recv(100) == b""


def unrelated():
    """To a program that isn't a child of the fork kind: it execs, and attaches by itself."""
    a, b = tcp_pair()
    x, y = socket.socketpair()
    with subprocess.Popen([sys.executable, __file__, "child"], stdin=y, close_fds=True) as p:
        y.close()
        socket.send_fds(x, [b"take"], [b.fileno()])
        b.close()
        a.send(b"question")
        assert a.recv(100) == b"answer"
        ends(a)
        assert p.wait() == 0


def child():
    s = socket.socket(fileno=0)
    _, fds, _, _ = socket.recv_fds(s, 10, 4)
    b = socket.socket(fileno=fds[0])
    assert b.recv(100) == b"question"
    b.send(b"answer")
    b.close()


def many():
    pairs = [tcp_pair() for _ in range(60)]
    x, y = socket.socketpair()
    fds = []
    for a, b in pairs:
        fds += [b.fileno(), 0]
    socket.send_fds(x, [b"many"], fds)
    for _, b in pairs:
        b.close()
    _, got, _, _ = socket.recv_fds(y, 10, 200)
    assert len(got) == 120
    for i, (a, _) in enumerate(pairs):
        assert not is_of_domain_or_none(got[2 * i + 1])
        c = socket.socket(fileno=got[2 * i])
        c.send(b"%d" % i)
        assert a.recv(10) == b"%d" % i


def is_of_domain_or_none(fd):
    try:
        return is_of_domain(fd)
    except OSError:
        return False


def peek():
    a, b = tcp_pair()
    x, y = socket.socketpair()
    socket.send_fds(x, [b"p"], [b.fileno()])
    b.close()
    for flags in (socket.MSG_PEEK, socket.MSG_PEEK, 0):
        _, anc, _, _ = y.recvmsg(10, socket.CMSG_LEN(4), flags)  # recv_fds() forgets its flags
        c = socket.socket(fileno=array.array("i", anc[0][2])[0])
        c.send(b"peeked")
        assert a.recv(10) == b"peeked"
        c.close()
    ends(a)


def truncated():
    """Room for one of two: the other is closed, as on Linux."""
    (a, b), (c, d) = tcp_pair(), tcp_pair()
    x, y = socket.socketpair()
    socket.send_fds(x, [b"t"], [b.fileno(), d.fileno()])
    b.close()
    d.close()
    # CMSG_SPACE is rounded up: python's recv_fds(1) would make room for two
    _, anc, flags, _ = y.recvmsg(10, socket.CMSG_LEN(4))
    assert flags & socket.MSG_CTRUNC
    got = array.array("i", anc[0][2])
    assert len(got) == 1
    ends(c)
    e = socket.socket(fileno=got[0])
    e.send(b"e")
    assert a.recv(10) == b"e"


def never_received():
    a, b = tcp_pair()
    x, y = socket.socketpair()
    socket.send_fds(x, [b"n"], [b.fileno()])
    b.close()
    y.close()
    x.close()
    ends(a)


def cloexec():
    a, b = tcp_pair()
    x, y = socket.socketpair()
    for flags, want in ((0, True), (socket.MSG_CMSG_CLOEXEC, False)):
        socket.send_fds(x, [b"c"], [b.fileno()])
        _, anc, _, _ = y.recvmsg(10, socket.CMSG_LEN(4), flags)
        fd = array.array("i", anc[0][2])[0]
        assert os.get_inheritable(fd) == want
        os.close(fd)


def sendmmsg_recvmmsg():
    """Raw calls: python has neither."""
    import ctypes

    class Iovec(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]

    class Mmsg(ctypes.Structure):
        _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint), ("iov", ctypes.POINTER(Iovec)),
                    ("iovlen", ctypes.c_size_t), ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                    ("flags", ctypes.c_int), ("pad", ctypes.c_int), ("len", ctypes.c_uint)]

    libc = ctypes.CDLL(None, use_errno=True)
    pairs = [tcp_pair() for _ in range(3)]
    x, y = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    keep = []

    def message(fd):
        data = ctypes.create_string_buffer(16)
        control = ctypes.create_string_buffer(24)
        if fd is not None:
            ctypes.memmove(control, array.array("Q", [20]).tobytes() + array.array("i", [1, 1, fd]).tobytes(), 20)
        iov = Iovec(ctypes.addressof(data), 4)
        keep.extend((data, control, iov))
        return Mmsg(None, 0, ctypes.pointer(iov), 1, ctypes.addressof(control), 24 if fd is None else 20, 0, 0, 0)

    out = (Mmsg * 3)(*[message(b.fileno()) for _, b in pairs])
    assert libc.sendmmsg(x.fileno(), out, 3, 0) == 3
    assert [m.len for m in out] == [4, 4, 4]
    for _, b in pairs:
        b.close()
    into = (Mmsg * 4)(*[message(None) for _ in range(4)])
    assert libc.recvmmsg(y.fileno(), into, 4, socket.MSG_DONTWAIT, None) == 3
    for i, (a, _) in enumerate(pairs):
        fd = array.array("i", ctypes.string_at(into[i].control, 20)[16:])[0]
        c = socket.socket(fileno=fd)
        c.send(b"%d" % i)
        assert a.recv(10) == b"%d" % i


def blocked_and_interrupted():
    """recvmsg with room for fds waits in the hook: a signal's handler runs, and the wait continues."""
    import signal

    seen = []
    signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    a, b = tcp_pair()
    x, y = socket.socketpair()
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    threading.Timer(0.3, lambda: socket.send_fds(x, [b"late"], [b.fileno()])).start()
    msg, fds, _, _ = socket.recv_fds(y, 10, 4)
    assert msg == b"late" and seen == [1]
    socket.socket(fileno=fds[0]).send(b"x")
    assert a.recv(1) == b"x"


def relayed():
    """A program without the hook gets a socket that it can pass on; a hooked receiver of that gets the file."""
    a, b = tcp_pair()
    s = socket.socket(fileno=int(os.environ["RIGHTS_RELAY"]))
    socket.send_fds(s, [b"out"], [b.fileno()])
    b.close()
    msg, fds, _, _ = socket.recv_fds(s, 9, 1)
    s.detach()
    assert msg == b"back"
    c = socket.socket(fileno=fds[0])
    c.send(b"round")
    assert a.recv(9) == b"round"
    c.close()
    ends(a)


def epoll_refused():
    a, _ = tcp_pair()
    ep = select.epoll()
    ep.register(a, select.EPOLLIN)
    x, _ = socket.socketpair()
    try:
        socket.send_fds(x, [b"e"], [ep.fileno()])
    except OSError as e:
        assert e.errno == errno.EOPNOTSUPP
    else:
        assert False, "an epoll instance with members in a domain was sent"


CASES = [same_process, sender_gone, unrelated, many, peek, truncated, never_received, cloexec, sendmmsg_recvmmsg,
         blocked_and_interrupted, relayed, epoll_refused]


def hooked():
    for case in CASES:
        case()
        print("ok", case.__name__, flush=True)


def pass_back(sock):
    """The driver's part, which has no hook."""
    _, fds, _, _ = socket.recv_fds(sock, 9, 1)
    if fds:
        assert socket.socket(fileno=os.dup(fds[0])).type == socket.SOCK_SEQPACKET
        socket.send_fds(sock, [b"back"], fds)
        os.close(fds[0])


def main():
    if sys.argv[1:] == ["child"]:
        return child()
    if sys.argv[1:] == ["hooked"]:
        return hooked()
    from domain import Domain, end_on_sigterm, run_group
    end_on_sigterm()
    failed = 0
    with Domain() as d:
        for _ in range(2):
            mine, its = socket.socketpair()
            relay = threading.Thread(target=pass_back, args=(mine,))
            relay.start()
            r = run_group(d.hook([sys.executable, __file__, "hooked"]), 300, pass_fds=[its.fileno()],
                          env=dict(d.hook_env(), RIGHTS_RELAY=str(its.fileno())))
            its.close()
            relay.join()
            print(r.stdout, end="")
            failed |= r.returncode != 0 or r.stdout.count("ok ") != len(CASES)
            if d.wait_clients(0, 20) is None:
                print(f"clients left behind: {d.status()}")
                failed = 1
        fds = sum(int(fd) >= 64 for fd in os.listdir(f"/proc/{d.supervisor_pid()}/fd"))  # below that: FD_LOW of its own
        if fds > 40:
            print(f"the supervisor still has {fds} descriptors")
            failed = 1
    return failed


sys.exit(main())
