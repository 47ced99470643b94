# SPDX-License-Identifier: GPL-2.0
"""What the tests of a domain's disk have in common: the disk, programs that say what their calls answered, mounts and loop devices
that go when the test does."""
import contextlib
import copy
import functools
import os
import re
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../common"))
import devices  # noqa: E402
import domain  # noqa: E402
from check import Failed, check  # noqa: E402

os.environ["PATH"] += ":/usr/sbin:/sbin"
FAULTS = re.compile(r"sdk0: (reading|writing) of .* failed|JBD2: .*|Aborting journal|Remounting filesystem read-only")

# A hooked program's steps, in python: each prints what it got, or the error's name.
PRELUDE = r"""
import errno, mmap, os, sys, time
def say(fn, *args):
    try:
        r = fn(*args)
    except OSError as e:
        r = errno.errorcode[e.errno]
    print(r, flush=True)
    return r
top = %r
"""


class Disk:
    """A file with a file system, or a device of the host that has one, and the domain's options for it."""

    def __init__(self, name, folder, size=devices.SIZE):
        devices.SIZE = size
        dev = next(d for d in devices.devices(name) if d["type"] == "block")
        self.path = devices.disk(folder, 0, dev)
        self.top, self.fs = dev["mount"], dev["fs"]

    def by(self, path):
        """The same disk by another name."""
        other = copy.copy(self)
        other.path = path
        return other

    def domain(self, name, *options):
        return domain.Domain(name, options=["--device", f"0:path={self.path}", *options])

    def fsck(self, *options):
        return subprocess.run(["e2fsck", *options, self.path], capture_output=True, text=True)

    def check_clean(self):
        r = self.fsck("-fn")
        check(r.returncode == 0 and "journal" not in r.stdout + r.stderr, f"e2fsck: {r.returncode}: {r.stdout}{r.stderr}")


def python(d, disk, steps, timeout=120):
    r = d.run([sys.executable, "-c", PRELUDE % disk.top + steps], timeout)
    check(r.returncode == 0, f"status {r.returncode}: {r.stdout}")
    return r.stdout.split()


def refuse(name, folder, says, *options):
    env = dict(os.environ, KDOM_DIR=os.path.join(folder, "run"))
    r = subprocess.run([domain.KDOM, "up", *options, name], env=env, capture_output=True, text=True, timeout=60)
    check(r.returncode == 1, f"{options}: status {r.returncode}: {r.stderr}")
    for text in says:
        check(text in r.stderr, f"{options}: doesn't say {text!r}: {r.stderr}")


def in_mount_namespace(test):
    """What a test mounts nobody else sees: it is a process of its own, as root (of a user namespace, if it isn't anyway)."""
    @functools.wraps(test)
    def run(name, folder):
        if "IN_NS" in os.environ:
            return test(name, folder)
        user = [] if os.geteuid() == 0 else ["-r"]
        argv = ["unshare", *user, "-m", sys.executable, sys.argv[0], test.__name__, name]
        check(subprocess.run(argv, env=dict(os.environ, IN_NS="1")).returncode == 0, "in a mount namespace")
    return run


@contextlib.contextmanager
def mounted(at, *how):
    r = subprocess.run(["mount", *how, at], capture_output=True, text=True)
    check(r.returncode == 0, f"mount {' '.join(how)}: {r.stderr.strip()}")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", at], check=True)


class Loop:
    """A file as a block device. It is gone when nobody has it open any more, however the test ends."""

    def __init__(self, path, *options):
        self.file, self.options = path, options

    def __enter__(self):
        r = subprocess.run(["losetup", "-f", "--show", *self.options, self.file], capture_output=True, text=True)
        check(r.returncode == 0, f"this test takes root and a free loop device: {r.stderr.strip()}")
        self.path = r.stdout.strip()
        self.fd = os.open(self.path, os.O_RDONLY)
        subprocess.run(["losetup", "-d", self.path], check=True)
        return self

    def __exit__(self, kind, *_):
        os.close(self.fd)
        deadline = time.time() + 20
        while not kind and subprocess.run(["losetup", "-j", self.file], capture_output=True).stdout:
            check(time.time() < deadline, f"somebody still has {self.path}")
            time.sleep(0.05)


def expect_faults(d):
    log = d.console()
    check(FAULTS.search(log), "the console says nothing of the fault")
    check(not domain.BAD_CONSOLE.search(log), "the console says: " + log[-2000:])
    check(d.status()["generation"] == 1, "the domain died of it")


def main(*tests):
    tests = {f.__name__: f for f in tests}
    if len(sys.argv) != 3 or sys.argv[1] not in tests:
        sys.exit(f"usage: {os.path.basename(sys.argv[0])} {'|'.join(tests)} NAME")
    domain.end_on_sigterm()
    try:
        with tempfile.TemporaryDirectory(prefix="kdisk") as folder:
            tests[sys.argv[1]](sys.argv[2], folder)
    except (Failed, domain.DomainError) as e:
        sys.exit(f"{sys.argv[1]}: {e}")
