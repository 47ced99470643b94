#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""One uid's connections to kdom, and what it passes over them, cost no other uid more than its part of turns. Needs root."""
import contextlib
import os
import resource
import signal
import socket
import struct
import unittest

from kdomtest import ATTACH, HELLO, NOBODY, SHARE, STATUS, Fixture, as_nobody, give, message

KEY = struct.pack("<QQ", 5, 6)
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
        return give(c.sock, message(SHARE, body=KEY, nfds=1), [theirs.fileno()])


def behind_an_error(c, fd):
    c.sock.send(b"x")
    return give(c.sock, b"", [fd])


@unittest.skipIf(os.getuid(), "is root and nobody")
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
    def stopped(self):
        """What is sent in here lies there, in this order, when kdom goes on."""
        os.kill(self.pid, signal.SIGSTOP)
        self.state_is("T")
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def state_is(self, want):
        while True:
            with open(f"/proc/{self.pid}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == want:
                    return

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
        os.close(share.ask(SHARE, KEY)[2][0])  # kdom keeps it
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
            result, body, _ = mine.reply()
            self.assertEqual(result, 0)
            ident = struct.unpack_from("<I", body)[0]
            first = min(i for c in crowd for result, body, _ in [c.reply()] if not result for i in struct.unpack_from("<I", body))
            ids.append(ident - first)
            for c in crowd:
                c.close()
        print(f"attached before another uid's: {ids}")
        self.assertLess(max(ids), 4)


if __name__ == "__main__":
    unittest.main(verbosity=2, warnings="ignore")
