#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""One uid's connections to kdom, and the fds that it passes, don't delay other uids beyond their fair share. Needs root."""
import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

from kdomtest import FAKE, NOBODY, Fixture, as_nobody, give, main
from control import ATTACH, HELLO, SHARE, STATUS, message

KEY = (5, 6)
CROWD = 300
LINGER_S = 3600


@contextlib.contextmanager
def nobody():
    """Connections made in here are nobody's."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def hanging():
    """A TCP socket whose last close() waits for an hour, or until the other one is closed."""
    listener = socket.create_server(("127.0.0.1", 0))
    s = socket.create_connection(listener.getsockname())
    other = listener.accept()[0]
    listener.close()
    s.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while True:
            s.send(bytes(65536))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, LINGER_S))
    return s, other


class DeadServer(threading.Thread):
    """A file system of one file, `file`, whose flush is answered to our own threads only."""
    INIT, LOOKUP, GETATTR, OPEN, FLUSH, RELEASE = 26, 1, 3, 14, 25, 18
    SILENT = (2, 36, 38, 42)  # FORGET, INTERRUPT, DESTROY, BATCH_FORGET

    def __init__(self, where):
        super().__init__(daemon=True)
        self.where = where
        self.asked = threading.Event()  # a flush that gets no answer
        self.dev = os.open("/dev/fuse", os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.mount(b"dead", where.encode(), b"fuse", 0, b"fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other" % self.dev):
            raise OSError(ctypes.get_errno(), "mounting a FUSE file system")
        self.start()

    @staticmethod
    def attr(node):
        return struct.pack("<6Q10I", node, 0, 0, 0, 0, 0, 0, 0, 0, 0o40755 if node == 1 else 0o100666, 1, 0, 0, 0, 4096, 0)

    def answer(self, op, node, pid):
        if op == self.INIT:
            return struct.pack("<4IHHIIHHI28x", 7, 31, 0, 0, 0, 0, 4096, 1, 0, 0, 0)
        if op == self.LOOKUP:
            return struct.pack("<4QII", 2, 0, 3600, 3600, 0, 0) + self.attr(2)
        if op == self.GETATTR:
            return struct.pack("<QII", 3600, 0, 0) + self.attr(node)
        if op == self.OPEN:
            return bytes(16)
        if op == self.FLUSH and not os.path.exists(f"/proc/self/task/{pid}"):
            self.asked.set()
            return None
        return b"" if op in (self.FLUSH, self.RELEASE) else -errno.ENOSYS

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                data = os.read(self.dev, 1 << 17)
                _, op, unique, node, _, _, pid = struct.unpack_from("<IIQQIII", data)
                out = None if op in self.SILENT else self.answer(op, node, pid)
                if out is not None:
                    err, body = (out, b"") if isinstance(out, int) else (0, out)
                    os.write(self.dev, struct.pack("<IiQ", 16 + len(body), err, unique) + body)

    def end(self):
        """Who waits for it goes on."""
        subprocess.run(["umount", "-f", "-l", self.where], check=True)
        self.join(20)
        os.close(self.dev)


def wrong_message(c, fd):
    return give(c.sock, b"x", [fd])


def more_than_room(c, fd):
    with open("/dev/null") as null:
        return give(c.sock, message(STATUS, nfds=3), [null.fileno()] * 100 + [fd])


def for_a_child(c, fd):
    return give(c.sock, message(ATTACH, nfds=1), [fd])


def in_a_queue(c, fd):
    """It comes to be closed with the socket in which it lies."""
    mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with mine, theirs:
        mine.send(b"x")
        give(mine, b"", [fd])
        return give(c.sock, message(SHARE, key=KEY, nfds=1), [theirs.fileno()])


def behind_an_error(c, fd):
    c.sock.send(b"x")
    return give(c.sock, b"", [fd])


class Crowds(Fixture):
    def start(self, name):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
        self.up(name)
        self.open_to_all(name)
        self.pid = self.supervisor(name)
        self.root = self.conn(name)
        self.assertEqual(self.root.ask(STATUS)[0], 0)

    def lifeline(self, name):
        with nobody():
            c = self.conn(name)
        self.assertEqual(c.attach()[0], 0)
        return c

    @contextlib.contextmanager
    def dead_server(self):
        os.mkdir(self.path("dead"))
        server = DeadServer(self.path("dead"))
        try:
            yield server
        finally:
            server.end()

    @contextlib.contextmanager
    def stopped(self):
        """What is sent in here lies there, in this order, when kdom goes on."""
        os.kill(self.pid, signal.SIGSTOP)
        self.until(lambda: self.state_is("T"))
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def until(self, true):
        end = time.time() + 20
        while not true():
            self.assertLess(time.time(), end)
            time.sleep(0.001)

    def state_is(self, want):
        with open(f"/proc/{self.pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == want

    def fresh(self, name):
        with nobody():
            return self.conn(name)

    def given_up(self, name):
        """Root's lifeline in the hands of a program that is nobody's today: see hang()."""
        c = self.conn(name)
        self.assertEqual(c.attach()[0], 0)
        return c

    def hang(self, name, whose, way):
        """kdom is to close what hangs, and root asks meanwhile. What holds it there."""
        s, other = hanging()
        c = whose(name)
        with self.stopped():
            given = as_nobody(lambda: way(c, s.fileno())) if whose == self.given_up else way(c, s.fileno())
            if not given:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
            s.close()
            self.root.sock.send(message(STATUS))
        if whose != self.fresh:
            self.assertTrue(given)
        self.assertEqual(self.root.reply()[0], 0)
        self.assertEqual(self.root.ask(STATUS)[0], 0)
        self.assertEqual(self.ps(name)[1], "up")
        return [other, c]

    def test_what_hangs_when_it_is_closed(self):
        """Sockets that linger reach kdom in all ways there are; it closes them, and nobody else waits for that."""
        self.start("good")
        share = self.fresh("good")
        os.close(share.ask(SHARE, key=KEY)[2][0])  # kdom keeps it
        share.close()
        before = self.nfds(self.pid)
        for whose in (self.fresh, self.lifeline, self.given_up):
            for way in (wrong_message, more_than_room, for_a_child, in_a_queue, behind_an_error):
                if whose == self.fresh and way == in_a_queue:
                    continue  # a lifeline's way
                with self.subTest(f"{whose.__name__} {way.__name__}"):
                    held = self.hang("good", whose, way)
                    friend = self.lifeline("good")  # of the same uid
                    self.assertEqual(friend.ask(STATUS)[0], 0)
                    for c in [*held, friend]:
                        c.close()
                    self.fds_are_again(self.pid, before)

    def test_more_that_hangs_than_threads(self):
        """Its uid's connections wait then. Root's don't, a domain starts anew, and kdom ends."""
        self.start("good")
        before = self.nfds(self.pid)
        held = [c for _ in range(10) for c in self.hang("good", self.lifeline, for_a_child)]
        child = self.lifeline("good")
        self.assertEqual(self.kdom("kill", "good").returncode, 0)
        self.up("good")
        self.assertEqual(self.root.ask(STATUS)[0], 0)
        for c in [*held, child]:
            c.close()
        self.fds_are_again(self.pid, before)
        held = [c for _ in range(10) for c in self.hang("good", self.lifeline, for_a_child)]
        self.assertEqual(self.kdom("down", "good").returncode, 0)
        self.assert_closed(held[1])

    def test_a_file_of_a_dead_server(self):
        """Its close() can't be interrupted, not even by the end of kdom."""
        self.start("good")
        with self.dead_server() as server:
            c = self.lifeline("good")
            with open(self.path("dead/file")) as f, self.stopped():
                for_a_child(c, f.fileno())
                self.root.sock.send(message(STATUS))
            self.assertTrue(server.asked.wait(20))
            self.assertEqual(self.root.reply()[0], 0)
            self.assertEqual(self.root.ask(STATUS)[0], 0)
            for command in (("kill", "good"), ("up", "--image", FAKE, "--manifest", self.manifest, "good"), ("down", "good"),
                            ("up", "--image", FAKE, "--manifest", self.manifest, "good")):
                r = self.kdom(*command)
                self.assertEqual(r.returncode, 0, r.stderr)
            self.assert_closed(c)
            self.assertEqual(self.ps("good")[1], "up")

    def test_files_that_a_start_finds(self):
        """kdom has what came first while it hangs in what is too much: the new domain's process must not be what closes it."""
        self.start("good")
        with self.dead_server() as server:
            c = self.lifeline("good")
            s, other = hanging()
            with open(self.path("dead/file")) as f, self.stopped():
                self.assertTrue(give(c.sock, message(STATUS, nfds=3), [f.fileno()] * 100 + [s.fileno()]))
                s.close()
                self.root.sock.send(message(STATUS))
            self.assertEqual(self.root.reply()[0], 0)
            self.until(lambda: any(os.readlink(f"/proc/{self.pid}/fd/{fd}") == self.path("dead/file") for fd in os.listdir(f"/proc/{self.pid}/fd")))
            self.assertEqual(self.kdom("kill", "good").returncode, 0)
            self.up("good")
            self.assertEqual(self.lifeline("good").ask(STATUS)[0], 0)
            self.assertFalse(server.asked.is_set())
            other.close()

    def test_turns(self):
        """However many connections of one uid ask, another's is asked after one of them. Client ids tell in which order they attached."""
        self.start("good")
        ids = []
        for late in (False, True):
            crowd = [self.fresh("good") for _ in range(CROWD)]
            for c in crowd:
                self.assertEqual(c.ask(HELLO)[0], 0)
            mine = self.conn("good")
            self.assertEqual(mine.ask(HELLO)[0], 0)
            with self.stopped():
                for c in crowd:
                    c.sock.send(message(ATTACH))
                if late:  # it comes when they ask already
                    mine.close()
                    mine = self.conn("good")
                mine.sock.send(message(ATTACH))
            result, answer, _ = mine.reply()
            self.assertEqual(result, 0)
            first = min(of_crowd.client for c in crowd for result, of_crowd, _ in [c.reply()] if not result)
            ids.append(answer.client - first)
            for c in crowd:
                c.close()
        print(f"attached before another uid's: {ids}")
        self.assertLess(max(ids), 4)


if __name__ == "__main__":
    main()
