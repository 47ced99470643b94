#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""One program on two domains, files of one and sockets of the other: transfers between them, and their ends.

Without arguments: the driver; `hooked CASE`: the program's part. The driver's cases kill domains while a program is at work.
"""
import errno
import faulthandler
import fcntl
import hashlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
MIB = 1 << 20
EREMOTEIO = 121
FILE = "/sd/data"


def tcp_pair(room=None):
    """With little room in between, where given: many such pairs don't fill what memory net has for TCP."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as a:
        if room:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, room)
        a.connect(listener.getsockname())
        b = listener.accept()[0]
        return socket.socket(fileno=a.detach()), b


def pattern(n, seed=1):
    """Bytes that depend on their position."""
    block = b"".join(hashlib.sha512(b"%d %d" % (seed, i)).digest() for i in range(1024))
    return b"".join(block[:-8] + i.to_bytes(8, "little") for i in range(-(-n // len(block))))[:n]


def make_file(data, path=FILE):
    with open(path, "wb") as f:
        f.write(data)
    return os.open(path, os.O_RDWR)


class Reader(threading.Thread):
    """Reads everything from a socket, and hashes it."""

    def __init__(self, sock):
        super().__init__(daemon=True)
        self.sock, self.sum, self.got = sock, hashlib.sha256(), 0
        self.start()

    def run(self):
        while True:
            data = self.sock.recv(MIB)
            if not data:
                return
            self.sum.update(data)
            self.got += len(data)

    def check(self, data):
        self.join(60)
        assert self.got == len(data), (self.got, len(data))
        assert self.sum.digest() == hashlib.sha256(data).digest()


def send_all(a, f, n):
    off = 0
    while off < n:
        sent = os.sendfile(a.fileno(), f, off, n - off)
        assert sent > 0
        off += sent


def sendfile_between():
    """A file to a socket, by one domain's calls of the other."""
    data = pattern(64 * MIB)
    subprocess.run([sys.executable, "-c", f"import sys; open('{FILE}','wb').write(sys.stdin.buffer.read())"], input=data,
                   check=True)
    f = os.open(FILE, os.O_RDONLY)
    a, b = tcp_pair()
    # the other end is read by another process, that it may not use our queue pairs either
    pid = os.fork()
    if not pid:
        a.close()
        r = Reader(b)
        r.check(data)
        os._exit(0)
    b.close()
    os.lseek(f, 5, os.SEEK_SET)
    send_all(a, f, len(data))
    assert os.lseek(f, 0, os.SEEK_CUR) == 5, "an offset of its own moves the file's position"
    a.close()
    assert os.waitpid(pid, 0)[1] == 0


def position():
    data = pattern(3 * MIB)
    f = make_file(data)
    os.lseek(f, MIB, os.SEEK_SET)
    a, b = tcp_pair()
    r = Reader(b)
    left = 2 * MIB
    while left:
        n = os.sendfile(a.fileno(), f, None, left)
        left -= n
    assert os.lseek(f, 0, os.SEEK_CUR) == 3 * MIB
    assert os.sendfile(a.fileno(), f, None, MIB) == 0
    a.close()
    r.check(data[MIB:])


def small():
    """Too short for calls between the domains: copied here."""
    data = pattern(5000)
    f = make_file(data)
    a, b = tcp_pair()
    r = Reader(b)
    assert os.sendfile(a.fileno(), f, 0, 1000) == 1000
    assert os.sendfile(a.fileno(), f, 1000, 60000) == 4000
    a.close()
    r.check(data)


def nonblocking():
    """A full socket buffer: a short count, then EAGAIN; nothing is lost or sent twice."""
    data = pattern(24 * MIB)
    f = make_file(data)
    a, b = tcp_pair()
    a.setblocking(False)
    off, again, r = 0, 0, None
    while off < len(data):
        try:
            off += os.sendfile(a.fileno(), f, off, len(data) - off)
        except BlockingIOError:
            again += 1
            r = r or Reader(b)
            select.select([], [a], [], 20)
    assert again
    a.close()
    r.check(data)


def blocked_goes_on():
    """While one call waits for the other domain, this domain serves others."""
    data = pattern(24 * MIB)
    f = make_file(data)
    a, b = tcp_pair()
    t = threading.Thread(target=send_all, args=(a, f, len(data)))
    t.start()
    while not select.select([b], [], [], 20)[0]:
        pass
    time.sleep(0.1)  # by now it waits for room
    for i in range(100):
        with open(f"/sd/other{i}", "w") as o:
            o.write("x")
        os.unlink(f"/sd/other{i}")
    assert t.is_alive()
    r = Reader(b)
    t.join(60)
    a.close()
    r.check(data)


def interrupted():
    """A handler without SA_RESTART ends the waiting sendfile: with what was sent, or EINTR."""
    data = pattern(24 * MIB)
    f = make_file(data)
    a, b = tcp_pair()

    class Alarm(Exception):
        pass

    def on_alarm(*_):
        raise Alarm

    signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.3, 0.3)
    try:
        send_all(a, f, len(data))
        assert False, "it never waited"
    except Alarm:
        pass
    signal.setitimer(signal.ITIMER_REAL, 0)
    r = Reader(b)  # what is there came in order, and the socket works
    a.close()
    r.join(60)
    assert r.sum.digest() == hashlib.sha256(data[:r.got]).digest()


def epipe():
    f = make_file(pattern(4 * MIB))
    a, b = tcp_pair()
    b.close()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        for _ in range(3):
            send_all(a, f, 4 * MIB)
        assert False
    except (BrokenPipeError, ConnectionResetError):
        pass


def host_file():
    """The host's files to a socket and to a domain's file, and a domain's file to the host's."""
    data = pattern(3 * MIB + 17)
    with open(f"/tmp/two-domains-{os.getpid()}", "w+b") as h:
        os.unlink(h.name)
        h.write(data)
        h.flush()
        a, b = tcp_pair()
        r = Reader(b)
        send_all(a, h.fileno(), len(data))
        a.close()
        r.check(data)
        f = os.open(FILE, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        send_all(socket_like(f), h.fileno(), len(data))
        assert os.pread(f, len(data) + 1, 0) == data
        assert os.lseek(f, 0, os.SEEK_CUR) == len(data)
        h.truncate(0)
        h.seek(0)
        send_all(h, f, len(data))
        h.seek(0)
        assert h.read() == data
    x, y = socket.socketpair()
    got = []
    t = threading.Thread(target=lambda: got.append(read_all(y)))
    t.start()
    send_all(x, f, len(data))
    x.close()
    t.join(60)
    assert got[0] == data


class socket_like:
    def __init__(self, fd):
        self.fd = fd

    def fileno(self):
        return self.fd


def read_all(sock):
    out = []
    while True:
        data = sock.recv(MIB)
        if not data:
            return b"".join(out)
        out.append(data)


def splice_through_a_pipe():
    """As nginx does it: file -> pipe -> socket, and socket -> pipe -> file."""
    data = pattern(2 * MIB + 333)
    f = make_file(data)
    p, q = os.pipe()
    a, b = tcp_pair()
    r = Reader(b)
    off = 0
    while off < len(data):
        n = os.splice(f, q, len(data) - off, offset_src=off)
        off += n
        while n:
            n -= os.splice(p, a.fileno(), n)
    a.close()
    r.check(data)
    a, b = tcp_pair()
    t = threading.Thread(target=lambda: (a.sendall(data), a.close()))
    t.start()
    g = os.open("/sd/back", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    while True:
        n = os.splice(b.fileno(), q, MIB)
        if not n:
            break
        while n:
            n -= os.splice(p, g, n)
    t.join()
    assert os.pread(g, len(data) + 1, 0) == data


def splice_limits():
    f = make_file(pattern(MIB))
    p, q = os.pipe()
    n = os.splice(f, q, MIB)  # no more than the pipe holds, and the position follows
    assert n == fcntl.fcntl(q, 1032), n
    assert os.lseek(f, 0, os.SEEK_CUR) == n
    os.set_blocking(q, False)
    fails(errno.EAGAIN, lambda: os.splice(f, q, MIB))
    assert os.lseek(f, 0, os.SEEK_CUR) == n
    a, b = tcp_pair()
    a.setblocking(False)
    a.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    sent = 0
    try:
        while sent < n:
            sent += os.splice(p, a.fileno(), n - sent)
    except BlockingIOError:
        pass
    rest = os.read(p, MIB) if sent < n else b""
    assert len(rest) == n - sent  # what the socket didn't take is in the pipe
    a.close()
    assert read_all(b) + rest == pattern(MIB)[:n]
    with socket.socket() as s:
        fails(errno.EINVAL, lambda: os.splice(f, s.fileno(), 10))
    fails(errno.ESPIPE, lambda: os.splice(f, q, 10, offset_dst=0))
    os.set_blocking(q, True)
    t = threading.Timer(0.1, os.write, (q, b"late"))
    t.start()
    assert os.splice(p, f, 10, offset_dst=3) == 4  # waits for it
    assert os.pread(f, 5, 3) == b"late" + pattern(MIB)[7:8]
    os.close(q)
    assert os.splice(p, f, 10, offset_dst=0) == 0


def copy_file_range_is_exdev():
    f = make_file(pattern(MIB))
    with open(f"/tmp/two-domains-{os.getpid()}", "w+b") as h:
        os.unlink(h.name)
        fails(errno.EXDEV, lambda: os.copy_file_range(f, h.fileno(), 10))
        fails(errno.EXDEV, lambda: os.copy_file_range(h.fileno(), f, 10))
    with socket.socket() as s:
        fails(errno.EINVAL, lambda: os.copy_file_range(f, s.fileno(), 10))
    g = os.open("/sd/copy", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    assert os.copy_file_range(f, g, MIB, 0, 0) > 0


def fails(err, fn):
    try:
        fn()
    except OSError as e:
        assert e.errno == err, e
    else:
        assert False, f"not {errno.errorcode[err]}"


def file_by_message():
    """An open file of the storage domain is passed to another process: the same open file, with its position."""
    f = make_file(b"0123456789")
    x, y = socket.socketpair()
    pid = os.fork()
    if not pid:
        os.close(f)
        _, fds, _, _ = socket.recv_fds(y, 9, 4)
        assert os.read(fds[0], 4) == b"0123"
        socket.socket(fileno=fds[1]).send(b"both")
        os._exit(0)
    a, b = tcp_pair()
    socket.send_fds(x, [b"f"], [f, a.fileno()])
    assert b.recv(9) == b"both"
    assert os.waitpid(pid, 0)[1] == 0
    assert os.read(f, 4) == b"4567"


def no_mistaken_rights():
    """While block is a client of net it can't be told from a program by what it may: this only looks that nothing breaks after
    a thousand remote files."""
    f = make_file(pattern(128 * 1024))
    a, b = tcp_pair()
    r = Reader(b)
    for _ in range(1000):
        send_all(a, f, 128 * 1024)
    a.close()
    r.join(60)
    assert r.got == 1000 * 128 * 1024


CASES = [sendfile_between, position, small, nonblocking, blocked_goes_on, interrupted, epipe, host_file, splice_through_a_pipe,
         splice_limits, copy_file_range_is_exdev, file_by_message, no_mistaken_rights]


# ---- the program's part where the driver kills ----
def say(text):
    print(text, flush=True)


def victim():
    """Sends without an end; prints what ended it, and on request whether it can begin again."""
    data = pattern(8 * MIB)
    f = make_file(data)
    while True:
        try:
            a, b = tcp_pair()
            pid = os.fork()  # the reader exits by itself
            if not pid:
                a.close()
                drain(b)
            b.close()
            say("sending")
            while True:
                send_all(a, f, len(data))
        except OSError as e:
            say(f"errno {e.errno}")
        if sys.stdin.readline().strip() != "again":
            return
        try:
            os.fstat(f)
        except OSError as e:
            assert e.errno == EREMOTEIO
            f = make_file(data)


def drain(sock):
    try:
        while sock.recv(MIB):
            pass
    finally:
        os._exit(0)


class Killed:
    def __init__(self, net, block, env):
        self.net, self.block = net, block
        self.p = subprocess.Popen(net.hook([sys.executable, __file__, "victim"]), env=env, stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)

    def expect(self, want):
        line = self.p.stdout.readline().strip()
        assert line == want, f"{line!r} instead of {want!r}"

    def round(self, domain):
        self.expect("sending")
        time.sleep(0.2)
        domain.kill()
        self.expect(f"errno {EREMOTEIO}")
        domain.up()
        self.p.stdin.write("again\n")
        self.p.stdin.flush()

    def end(self):
        self.expect("sending")
        self.p.kill()
        self.p.wait()
        self.p.stdout.close()
        self.p.stdin.close()


def killed(net, block, env):
    k = Killed(net, block, env)
    try:
        for domain in (net, net, block, net, block):
            k.round(domain)
        k.end()
    finally:
        k.p.kill()
    assert block.wait_clients(0, 20) is not None, block.status()
    # block is a client of net once it has sent something
    assert net.wait_clients(1, 1) is not None or net.wait_clients(0, 20) is not None, net.status()


def without_net(net, block, env):
    """The storage domain runs whether the other one runs or not."""
    net.kill()
    subprocess.run(block.hook([sys.executable, "-c", "open('/sd/alone','w').write('x'); print(open('/sd/alone').read())"]), env=env,
                   check=True, stdout=subprocess.DEVNULL)
    net.up()


def read_there(net, block, env):
    """A socket of net read in block, also when net dies during that: remotes.c."""
    from domain import BUILD
    prog = [os.path.join(BUILD, "tests/user-remotes"), net.socket_path, block.socket_path, "/sd"]
    subprocess.run(prog, check=True)
    with subprocess.Popen([*prog, "killed"], stdout=subprocess.PIPE, text=True) as p:
        assert p.stdout.readline() == "waiting\n"
        time.sleep(0.2)
        net.kill()
        said = p.stdout.read()
        assert p.wait() == 0, said
    net.up()


RECEIVERS = 60  # nearly as many as there are queue pairs from domain to domain, and more than a client's share of them


def dont_read():
    """Threads send files to receivers that don't read; prints when all of them wait, and whether one more can send then."""
    f = make_file(pattern(8 * MIB), "/sd/unread")
    pairs = [tcp_pair(room=4096) for _ in range(RECEIVERS)]
    for a, b in pairs:
        threading.Thread(target=send_all, args=(a, f, 8 * MIB), daemon=True).start()
    for a, b in pairs:
        while not select.select([b], [], [], 20)[0] or select.select([], [a], [], 0)[1]:
            time.sleep(0.01)
    say("waiting")
    a, b = tcp_pair()
    r = Reader(b)
    send_all(a, f, 8 * MIB)
    a.close()
    r.check(pattern(8 * MIB))
    say("sent")
    sys.stdin.read()
    for _, b in pairs:  # they all get everything in the end
        r = Reader(b)
        while r.got < 8 * MIB:
            time.sleep(0.01)
    say("all")
    os._exit(0)


def sends_one():
    data = pattern(MIB)
    f = make_file(data, "/sd/one")
    a, b = tcp_pair()
    r = Reader(b)
    send_all(a, f, MIB)
    a.close()
    r.check(data)


def receivers_that_dont_read(net, block, env):
    """Calls that wait in the other domain block neither the same program, nor another, nor the program's end."""
    def program(case):
        return subprocess.Popen(net.hook([sys.executable, __file__, case]), env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                text=True)

    for last in (False, True):
        p = program("dont_read")
        try:
            assert p.stdout.readline() == "waiting\n"
            subprocess.run(net.hook([sys.executable, __file__, "sends_one"]), env=env, check=True, timeout=60)
            assert p.stdout.readline() == "sent\n"
            if last:
                p.stdin.close()
                assert p.stdout.readline() == "all\n"
        finally:
            p.kill()
            p.wait()
            p.stdout.close()
    assert block.wait_clients(0, 20) is not None, block.status()


def untouched(net, block, env):
    """The regions of a program that has sent 64 MiB have hardly been used."""
    r = subprocess.run(net.hook([sys.executable, __file__, "measured"]), env=env, stdout=subprocess.PIPE, text=True, check=True)
    mine, calls = [int(x) for x in r.stdout.split()]
    assert mine < MIB, f"{mine} bytes of its regions are in use"
    assert calls < 200, calls
    assert net.status()["clients"] >= 1


def measured():
    """Another process makes the file and reads the socket."""
    a, b = tcp_pair()
    pid = os.fork()
    if not pid:
        a.close()
        with open(FILE, "wb") as f:
            f.write(bytes(64 * MIB))
        b.send(b"go")
        while b.recv(MIB):
            pass
        os._exit(0)
    b.close()
    a.recv(2)
    f = os.open(FILE, os.O_RDONLY)
    calls = off = 0
    while off < 64 * MIB:
        off += os.sendfile(a.fileno(), f, off, 64 * MIB - off)
        calls += 1
    used = region_use()
    a.close()
    os.waitpid(pid, 0)
    print(used, calls)


def region_use():
    """Bytes of our regions that were ever used: data that pass through a queue pair touch its pages."""
    total = 0
    with open("/proc/self/smaps") as f:
        mine = False
        for line in f:
            if "-" in line.split(" ")[0]:
                mine = "memfd:sd-region" in line
            elif mine and line.startswith("Rss:"):
                total += int(line.split()[1]) * 1024
    return total


def main():
    for program in (victim, measured, dont_read, sends_one):
        if sys.argv[1:] == [program.__name__]:
            return program()
    if sys.argv[1:2] == ["hooked"]:
        for case in CASES:
            if len(sys.argv) == 2 or case.__name__ in sys.argv[2:]:
                faulthandler.dump_traceback_later(60, exit=True)
                case()
                faulthandler.cancel_dump_traceback_later()
                say(f"ok {case.__name__}")
        return 0
    from domain import Domain, end_on_sigterm, run_group
    end_on_sigterm()
    images = os.environ.get("TWO_IMAGES")  # a folder with net/ and block/
    image = {n: images and os.path.join(images, n, n + ".image") for n in ("net", "block")}
    failed = 0
    with Domain("net", image=image["net"]) as net, Domain("block", image=image["block"], beside=net) as block:
        env = dict(net.hook_env(), KDOM_DOMAINS=f"net={net.socket_path},block={block.socket_path}")
        for case in (untouched, without_net, read_there, receivers_that_dont_read, killed):
            if not sys.argv[1:] or case.__name__ in sys.argv[1:]:
                case(net, block, env)
                say(f"ok {case.__name__}")
        wanted = [c.__name__ for c in CASES if not sys.argv[1:] or c.__name__ in sys.argv[1:]]
        if wanted:
            r = run_group(net.hook([sys.executable, __file__, "hooked", *wanted]), 300, env=env)
            say(r.stdout.rstrip())
            failed = r.returncode != 0 or r.stdout.count("ok ") != len(wanted)
    return failed


sys.exit(main())
