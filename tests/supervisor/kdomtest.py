# SPDX-License-Identifier: GPL-2.0
"""What the tests of kdom share: its messages, a connection, and their own run directory with fake-domain in it."""
import array
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../common"))
import control  # noqa: E402
from control import ATTACH, REPLY, message  # noqa: E402

BUILD = os.environ.get("KSLICE_BUILD", "build")
KDOM = os.environ.get("KDOM", os.path.join(BUILD, "bin/kdom"))
FAKE = os.path.join(BUILD, "tests/fake-domain")
LAUNCH = os.path.join(BUILD, "lib/kdom-launch")
NOBODY = 65534
SEALS = 0x1 | 0x2 | 0x4  # SEAL, SHRINK, GROW


class Conn:
    def __init__(self, path=None):
        if not path:
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.settimeout(10)
        self.sock.connect(path)

    def ask(self, type, **fields):
        """The answer: its result, its payload's fields, its fds."""
        self.sock.send(message(type, **fields))
        return self.reply()

    def reply(self):
        data, anc, _, _ = self.sock.recvmsg(4096, socket.CMSG_SPACE(12))
        if not data:
            raise EOFError
        assert len(data) == control.SIZE, len(data)
        fds = array.array("i")
        for _, _, d in anc:
            fds.frombytes(d)
        head = control.head(data)
        assert head.type == REPLY and head.seq == 1 and head.nfds == len(fds) and head.abi == control.ABI
        return head.result, control.payload(data), list(fds)

    def attach(self, parent=0):
        result, answer, fds = self.ask(ATTACH, parent=parent)
        return result, answer.client, fds

    def child(self, parent, parent_end=None):
        """A connection made over this one, the parent's lifeline: what its ATTACH says."""
        child = Conn()
        child.sock, theirs = parent_end or socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        child.sock.settimeout(10)
        socket.send_fds(self.sock, [message(ATTACH, parent=parent, nfds=1)], [theirs.fileno()])
        theirs.close()
        return child

    def close(self):
        self.sock.close()


def as_nobody(do):
    """What do() returns, a number, in a process that has given up root."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            os.write(write, struct.pack("<i", do()))
        except BaseException as e:  # seen as an answer that is none
            os.write(2, repr(e).encode())
        os._exit(0)
    os.close(write)
    os.waitpid(pid, 0)
    data = os.read(read, 4)
    os.close(read)
    return struct.unpack("<i", data)[0] if data else None


def over(lifeline, type, fds=1, **fields):
    """Asks over a lifeline in the name of a new connection, and with more fds than that where fds is bigger."""
    c = Conn()
    c.sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    c.sock.settimeout(10)
    socket.send_fds(lifeline.sock, [message(type, nfds=fds, **fields)], [theirs.fileno()] * fds)
    return c, theirs


def give(sock, data, fds):
    """False: the host's kernel lets nobody pass fds to that socket (SO_PASSRIGHTS)."""
    try:
        socket.send_fds(sock, [data], fds)
        return True
    except PermissionError:
        return False


def needs_root(test):
    """Marks a test that an ordinary user can't run."""
    test.needs_root = True
    return test


class Loader(unittest.TestLoader):
    """Loads tests that need root, or those that don't."""

    def __init__(self, root):
        super().__init__()
        self.root = root

    def getTestCaseNames(self, case):
        return [n for n in super().getTestCaseNames(case) if hasattr(getattr(case, n), "needs_root") == self.root]


def main():
    """PROGRAM [user|root] [TEST ...]: the tests that an ordinary user can run, those that need root; otherwise all."""
    part = sys.argv[1] if sys.argv[1:2] in (["user"], ["root"]) else None
    names = sys.argv[2 if part else 1:]
    unittest.main(argv=[sys.argv[0], *names], testLoader=Loader(part == "root") if part else unittest.defaultTestLoader, verbosity=2,
                  warnings="ignore")


class Fixture(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory(prefix="kdomtest")
        os.chmod(self.tmp.name, 0o700)
        self.env = dict(os.environ, KDOM_DIR=self.tmp.name)
        self.manifest = self.path("manifest.json")
        self.write_manifest({"devices": []})
        self.names = []

    def tearDown(self):
        for name in self.names:
            self.kdom("down", name)
        end = time.time() + 20  # another test's, whose supervisor has just ended, is an orphan until it ends, too
        while (ours := self.domains()) and time.time() < end:
            time.sleep(0.05)
        logs = "".join(self.log(name) for name in set(self.names) if os.path.exists(self.path(name + ".log")))
        self.tmp.cleanup()
        self.assertEqual(ours, [])
        for bad in ("Sanitizer", "runtime error"):
            self.assertNotIn(bad, logs)

    def domains(self):
        left = subprocess.run(["pgrep", "-f", f"^kdom:({'|'.join(self.names)}) .*--control"], capture_output=True, text=True).stdout.split()
        return [p for p in left if self.is_ours(p)]

    def is_ours(self, pid):
        """A domain, and not one whose supervisor has another run directory: other tests run beside this one."""
        try:
            if os.readlink(f"/proc/{pid}/exe") not in (os.path.abspath(FAKE), "/memfd:kdom-image (deleted)"):
                return False
            with open(f"/proc/{pid}/stat") as f:
                parent = f.read().rpartition(")")[2].split()[1]
            if parent == "1":
                return True
            held = [os.readlink(f"/proc/{parent}/fd/{fd}") for fd in os.listdir(f"/proc/{parent}/fd")]
            return any(name.startswith(self.tmp.name + "/") for name in held)
        except OSError:
            return False

    def write_manifest(self, obj):
        with open(self.manifest, "w") as f:
            f.write(obj if isinstance(obj, str) else json.dumps(obj))

    def kdom(self, *args):
        return subprocess.run([KDOM, *args], env=self.env, capture_output=True, text=True, timeout=60)

    def up(self, name, *opts, ok=True):
        self.names.append(name)
        r = self.kdom("up", "--image", FAKE, "--manifest", self.manifest, *opts, name)
        if ok:
            self.assertEqual(r.returncode, 0, r.stderr)
        return r

    def path(self, file):
        return os.path.join(self.tmp.name, file)

    def conn(self, name):
        return Conn(self.path(name + ".sock"))

    def log(self, name, suffix=".log"):
        with open(self.path(name + suffix)) as f:
            return f.read()

    def log_has(self, name, text, count=1):
        end = time.time() + 20
        while self.log(name).count(text) < count:
            self.assertLess(time.time(), end, f"{text!r} not in the log:\n{self.log(name)}")
            time.sleep(0.01)

    def ps(self, name):
        for line in self.kdom("ps").stdout.splitlines()[1:]:
            if line.split()[0] == name:
                return line.split()
        return None

    def assert_closed(self, conn):
        with self.assertRaises((EOFError, ConnectionResetError, BrokenPipeError)):
            while True:
                conn.reply()

    def supervisor(self, name):
        c = self.conn(name)
        pid = struct.unpack("3i", c.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]
        c.close()
        return pid

    def nfds(self, pid):
        return len(os.listdir(f"/proc/{pid}/fd"))

    def fds_are_again(self, pid, before, seconds=20):
        end = time.time() + seconds
        while self.nfds(pid) > before:
            self.assertLess(time.time(), end, f"{self.nfds(pid)} fds, {before} before")
            time.sleep(0.05)

    def open_to_all(self, name):
        os.chmod(self.tmp.name, 0o711)
        os.chmod(self.path(name + ".sock"), 0o666)
