#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""device_test.py TEST NAME: the disk of domain NAME is a block device of the host, or lies on one that fails. As root.

A failing disk is a real one: the host's ext4 beneath it is shut down (EXT4_IOC_SHUTDOWN: no write arrives any more, as dm-error has it, and
what wasn't synced is lost, as by a power cut), or a loop device accepts writes that its full file system then can't take.
The host's own ext4 gets the same disk in the same place, and the same program: it must be told the same.
"""
import contextlib
import difflib
import errno
import fcntl
import os
import random
import struct
import subprocess
import sys
import time

import disks  # the way to tests/common, too
import devices
import domain
from check import Failed, check
from disks import PRELUDE, Disk, Loop, expect_faults, in_mount_namespace, mounted, python, refuse

EXT4_IOC_SHUTDOWN, NOLOGFLUSH = 0x8004587D, 2


def host_reads(path, name):
    """A file of a disk that nobody has mounted."""
    r = subprocess.run(["debugfs", "-R", f"cat {name}", path], capture_output=True)
    check(r.returncode == 0, f"debugfs: {r.stderr}")
    return r.stdout


def device(name, folder):
    """A host's block device: what was synced outlives a kill, what was written an orderly end, and the device has it. One owner at a time."""
    disk = Disk(name, folder)
    for sector in (512, 4096):
        with Loop(disk.path, "--sector-size", str(sector)) as loop:
            devices.file_system(loop.path, disk.fs)
            on = disk.by(loop.path)
            used(on, name, folder, sector)
            on.check_clean()
        disk.check_clean()
        for file, byte in (("/fsynced", b"f"), ("/synced", b"s"), ("/left", b"l")):
            check(host_reads(disk.path, file) == byte * 300000, f"sectors of {sector}: {file} isn't what was written")


READ_BACK = r"""
for name in %r:
    print(open(top + '/' + name).read() == name[0] * 300000)
"""


def used(disk, name, folder, sector):
    with disk.domain(name) as d:
        got = python(d, disk, r"""
f = open(top + '/fsynced', 'w'); f.write('f' * 300000); f.flush(); os.fsync(f.fileno())
d = os.open(top, os.O_RDONLY); os.fsync(d)
open(top + '/synced', 'w').write('s' * 300000); os.sync()
f = os.open(top + '/direct', os.O_RDWR | os.O_CREAT | os.O_DIRECT)
m = mmap.mmap(-1, 4096)
say(os.pwrite, f, m, 0)
say(lambda: os.preadv(f, [memoryview(m)[:512]], 512))
""")
        check(got == ["4096", "512" if sector == 512 else "EINVAL"], f"direct I/O, sectors of {sector}: {got}")
        refuse(name, folder, [disk.path, "mounted or in use"], "--device", f"0:path={disk.path}")
        check(subprocess.run(["mount", disk.path, folder], capture_output=True).returncode != 0, "the host mounts the domain's disk")
        d.kill()
        d.up()
        got = python(d, disk, READ_BACK % (["fsynced", "synced"],) + "open(top + '/left', 'w').write('l' * 300000)")
        check(got == ["True", "True"], f"after a kill: {got}")
        d.kdom("down", name)
        disk.check_clean()
        d.up()
        got = python(d, disk, READ_BACK % (["fsynced", "synced", "left"],))
        check(got == ["True", "True", "True"], f"after an orderly end: {got}")


def read_only_device(name, folder):
    """A host's block device that can't be written: a disk that can't be, and says so."""
    disk = Disk(name, folder)
    before = open(disk.path, "rb").read()
    with Loop(disk.path, "-r") as loop:
        on = disk.by(loop.path)
        with on.domain(name) as d:
            got = python(d, on, "say(os.mkdir, top + '/d'); say(os.listdir, top)")
            check(got == ["EROFS", "['lost+found']"], f"{got}")
    check(open(disk.path, "rb").read() == before, "the device has changed")


# ---- a disk that fails ----

class Program:
    """Steps in python, natively or hooked, that stop at each `turn()` until they are told to go on."""

    def __init__(self, d, top, steps):
        argv = [sys.executable, "-c", PRELUDE % top + "def turn():\n    print('turn', flush=True)\n    sys.stdin.readline()\n" + steps]
        kw = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        self.p = d.popen(argv, **kw) if d else domain.Group(argv, text=True, start_new_session=True, **kw)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.p.__exit__(*exc)

    def go_on(self):
        self.p.stdin.write("\n")
        self.p.stdin.flush()

    def until_turn(self):
        said = []
        for line in self.p.stdout:
            if line == "turn\n":
                return said
            said.append(line.strip())
        raise Failed(f"the program ended early: {said}")

    def rest(self):
        said = self.p.stdout.read().split("\n")[:-1]
        check(self.p.wait(60) == 0, f"status {self.p.returncode}: {said}")
        return said


# Linux versions differ in which of EIO and EROFS a call gives once the journal has been aborted, but not in these.
STEPS = r"""
a = os.open(top + '/acked', os.O_RDWR | os.O_CREAT); os.write(a, b'acked' * 1000); os.fsync(a)
f = os.open(top + '/f', os.O_RDWR | os.O_CREAT); os.write(f, b'o' * (1 << 20)); os.fsync(f)
top_fd = os.open(top, os.O_RDONLY); os.fsync(top_fd)
turn()
say(os.pwrite, f, b'n' * 65536, 0)
say(os.fsync, f)
say(lambda: (os.mkdir(top + '/d'), os.fsync(top_fd)))
say(os.mkdir, top + '/e')
say(os.open, top + '/new', os.O_RDWR | os.O_CREAT)
say(os.truncate, top + '/acked', 10)
say(os.unlink, top + '/acked')
say(lambda: (os.pwrite(f, b'x', 5), os.fsync(f)))
turn()
say(lambda: (os.ftruncate(f, 2 << 20), os.fsync(f)))
say(lambda: (os.pwrite(f, b'y', 5), os.fsync(f)))
say(os.mkdir, top + '/e')
say(lambda: len(os.pread(a, 6000, 0)))
"""


def told_alike(d, disk, native, fail, mend):
    """The disks of both fail at the program's first turn, and would work again at the second."""
    with Program(d, disk.top, STEPS) as ours, Program(None, native, STEPS) as theirs:
        programs = (ours, theirs)
        for p in programs:
            check(p.until_turn() == [], "an error before anything failed")
        fail()
        for p in programs:
            p.go_on()
        said = [p.until_turn() for p in programs]
        mend()
        for p in programs:
            p.go_on()
        said = [before + p.rest() for before, p in zip(said, programs)]
    check(said[0] == said[1], f"in the domain {said[0]}, natively {said[1]}")
    check(said[0][:2] == ["65536", "EIO"] and set(said[0][3:-1]) == {"EROFS"} and said[0][-1] == "5000", f"{said[0]}")
    expect_faults(d)


def recovered(disk):
    """By its journal alone."""
    r = disk.fsck("-p")
    check(r.returncode in (0, 1), f"e2fsck -p: {r.returncode}: {r.stdout}{r.stderr}")
    disk.check_clean()


def folders(folder, *names):
    for name in names:
        os.mkdir(os.path.join(folder, name))
    return [os.path.join(folder, name) for name in names]


def twin(disk):
    subprocess.run(["cp", "--sparse=always", disk.path, disk.path + ".twin"], check=True)
    return disk.path + ".twin"


def shut_down(mount):
    fd = os.open(mount, os.O_RDONLY)
    fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
    os.close(fd)


ACKED = "print(open(top + '/acked').read() == 'acked' * 1000)"


@in_mount_namespace
def dies(name, folder):
    """From one moment on no write arrives: EIO, then a journal that was aborted. What was synced before is there when the disk is back."""
    host, native = folders(folder, "host", "native")
    outer = Disk(name, folder, "300M")
    with mounted(host, "-o", "loop", outer.path):
        disk = Disk(name, host, "96M")
        d = disk.domain(name)
        with d:
            with mounted(native, "-o", "loop", twin(disk)):
                told_alike(d, disk, native, lambda: shut_down(host), lambda: None)
            d.kill()
    with mounted(host, "-o", "loop", outer.path):
        recovered(disk)
        with disk.domain(name) as d:
            check(python(d, disk, ACKED) == ["True"], "what was synced is lost")
        disk.check_clean()


@in_mount_namespace
def features(name, folder):
    """Features that ext4 is cut without (specs/cuts/ext4-features.json): refused, or the domain does without them and loses nothing."""
    write = "f = open(top + '/x', 'w'); f.write('kept'); f.flush(); os.fsync(f.fileno())"
    disk, [native] = Disk(name, folder), folders(folder, "native")

    def make(feature):
        subprocess.run(["mkfs.ext4", "-qF", "-O", feature, disk.path], check=True)

    def not_mounted(*says):
        refuse(name, folder, [f"can't mount ext4 at {disk.top}", *says], "--device", f"0:path={disk.path}")

    def kept(d):
        check(python(d, disk, "print(open(top + '/x').read())") == ["kept"], "what was acknowledged is lost")

    for feature in ("inline_data", "ea_inode", "mmp"):
        make(feature)
        not_mounted("features that this domain lacks", "mkfs.ext4")
    make("fast_commit")
    with disk.domain(name) as d:
        python(d, disk, write)
        d.kill()
        d.up()
        kept(d)
    disk.check_clean()
    make("fast_commit")
    with mounted(native, "-o", "loop", disk.path):  # the host's journal has such records
        subprocess.run([sys.executable, "-c", PRELUDE % native + write], check=True)
        shut_down(native)
    not_mounted("fsck.ext4")
    check(disk.fsck("-fy").returncode in (0, 1), "e2fsck doesn't repair it")
    with disk.domain(name) as d:
        kept(d)
    disk.check_clean()


@in_mount_namespace
def accepts_and_loses(name, folder):
    """The device takes writes, and its fdatasync says that they are lost; only that one. Whoever syncs is told so, then and later."""
    small, native = folders(folder, "small", "native")
    with mounted(small, "-t", "tmpfs", "-o", "size=300m", "none"):
        disk = Disk(name, small)
        with Loop(disk.path) as loop, Loop(twin(disk)) as other, mounted(native, other.path):
            on = disk.by(loop.path)
            with on.domain(name) as d:
                told_alike(d, on, native, lambda: fill(small), lambda: os.unlink(small + "/fill"))
                d.kill()
        with Loop(disk.path) as loop:  # what only the device's cache had is gone
            on = disk.by(loop.path)
            recovered(on)
            with on.domain(name) as d:
                check(python(d, on, ACKED) == ["True"], "what was synced is lost")
            on.check_clean()


def fill(folder):
    try:
        with open(folder + "/fill", "wb", buffering=0) as f:
            while f.write(bytes(1 << 20)):
                pass
    except OSError as e:
        check(e.errno == errno.ENOSPC, e)
        return
    check(False, "never full")


WRITER = r"""
import random
KEPT = 20
who, errors = %d, 0
rng, top_fd = random.Random(who), os.open(top, os.O_RDONLY)
for i in range(100000):
    try:
        f = os.open(top + '/%%d.%%d' %% (who, i), os.O_RDWR | os.O_CREAT)
        os.write(f, b'%%d.%%d ' %% (who, i) * rng.randrange(3000))
        os.fsync(f); os.fsync(top_fd); os.close(f)
        if i > KEPT:
            os.unlink(top + '/%%d.%%d' %% (who, i - KEPT - 1)); os.fsync(top_fd)
        print('ack', i, flush=True)
    except OSError as e:
        print(errno.errorcode[e.errno], i, flush=True)
        errors += 1
        if errors == 20:
            break
"""
CHECKER = r"""
import random
KEPT = 20
for who, acked in enumerate(%r):
    rng, there = random.Random(who), 0
    for i in range(acked + 1):
        n = rng.randrange(3000)
        if i > acked - KEPT:
            there += open(top + '/%%d.%%d' %% (who, i), 'rb').read() == b'%%d.%%d ' %% (who, i) * n
    print(there == min(KEPT, acked + 1))
"""


def acknowledged(p):
    """The last file a writer was told is safe. From the first error on it is told nothing but errors."""
    lines = p.stdout.read().split("\n")[:-1]
    said = [line.split()[0] for line in lines]
    check(p.wait(60) == 0, f"a writer: status {p.returncode}: {lines[-3:]}")
    acks = said.count("ack")
    check(set(said[:acks]) <= {"ack"}, f"acknowledged after an error: {lines[-30:]}")
    check(len(said) == acks + 20 and set(said[acks:]) <= {"EIO", "EROFS"}, f"{said[acks:]}")
    return acks - 1


def without_holes(path):
    """
    The host's ext4 has nothing but data to write then. Of metadata its fdatasync lies: one that is under way while the journal is
    aborted may say 0 (jbd2_complete_transaction() of a transaction that ended so): without the domain, too.
    """
    with open(path, "r+b") as f:
        data = f.read()
        f.seek(0)
        f.write(data)
        f.flush()
        os.fsync(f.fileno())


@in_mount_namespace
def dies_under_writers(name, folder):
    """Nothing that was acknowledged is lost, whenever the host's disk stops taking writes and forgets what it hasn't written."""
    host, = folders(folder, "host")
    for round_ in range(5):
        outer = Disk(name, folder, "300M")
        wait = 0.05 + random.random() * 0.3
        with mounted(host, "-o", "loop", outer.path):
            disk = Disk(name, host, "48M")
            without_holes(disk.path)
            with disk.domain(name) as d:
                with contextlib.ExitStack() as stack:
                    writers = [stack.enter_context(d.popen([sys.executable, "-c", PRELUDE % disk.top + WRITER % who], stdout=subprocess.PIPE))
                               for who in range(3)]
                    firsts = [w.stdout.readline() for w in writers]
                    check(firsts == ["ack 0\n"] * 3, f"{firsts}")
                    time.sleep(wait)
                    shut_down(host)
                    acked = [acknowledged(w) + 1 for w in writers]
                d.kill()
        with mounted(host, "-o", "loop", outer.path):
            recovered(disk)
            with disk.domain(name) as d:
                got = python(d, disk, CHECKER % acked)
                check(got == ["True"] * 3, f"round {round_}: acknowledged and lost, {wait:.3f} s after the start: {acked} {got}")
            disk.check_clean()
        print(f"round {round_}: {sum(acked)} acknowledged, all there", flush=True)


# ---- RWF_NOWAIT ----

NOWAIT = r"""
import ctypes
M, NOW, DSYNC, HIPRI, NONE = 1 << 20, os.RWF_NOWAIT, os.RWF_DSYNC, os.RWF_HIPRI, 0x40000000
data = bytes((i * 7 + (i >> 8)) & 255 for i in range(3 * M))
f = os.open(top + '/f', os.O_RDWR | os.O_CREAT); os.write(f, data); os.fsync(f)

def read(n, at, flags=NOW, fd=f):
    parts = [bytearray(n // 2), bytearray(n - n // 2)]
    got = os.preadv(fd, parts, at, flags)
    return got, b''.join(parts)[:got] == data[at:at + got]

def may(fn, wants):
    # What would have to wait may be done all the same; some of a read may be.
    try:
        got = fn()
    except BlockingIOError:
        return 'may'
    return 'may' if got == wants or isinstance(got, tuple) and 0 < got[0] <= wants and got[1] else (got, wants)

for n, at in ((4096, 0), (10000, 5001), (3 * M, 0), (100, 3 * M - 50), (10, 4 * M)):
    say(read, n, at)
for flags in (NOW | HIPRI, NOW | DSYNC, NONE, NOW | NONE):
    say(read, 4096, 0, flags)
os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED)
for n in (4096, 3 * M):
    say(may, lambda: read(n, 0), n)
say(read, 3 * M, 0, 0)
say(read, 3 * M, 0)
os.posix_fadvise(f, 2 * M, 0, os.POSIX_FADV_DONTNEED)
say(may, lambda: read(3 * M, 0), 3 * M)
for fd in (os.open(top, os.O_RDONLY), os.open(top + '/f', os.O_WRONLY)):
    say(read, 10, 0, NOW, fd)

# Buffered writes of ext4 may always wait: refused
for at in (0, 3 * M):
    say(os.pwritev, f, [data[:4096]], at, NOW)
    say(os.pwritev, f, [data[:4096]], at, NOW | DSYNC)
say(lambda: os.fstat(f).st_size)

d = os.open(top + '/f', os.O_RDWR | os.O_DIRECT)
m = mmap.mmap(-1, 65536); m.write(data[:65536])
say(os.pwritev, d, [m], 4 * M, NOW) # would make it longer
say(os.preadv, d, [m], 4 * M, NOW)
os.pwrite(d, m, 4 * M); os.fsync(d)
m.seek(0); m.write(data[65536:131072])
for flags in (NOW, NOW | DSYNC):
    say(lambda: os.pwritev(d, [m], 4 * M, flags))
os.pwrite(d, m, 4 * M)
r = mmap.mmap(-1, 65536)
say(may, lambda: os.preadv(d, [r], 4 * M, NOW), 65536)
say(lambda: (os.preadv(d, [r], 4 * M), bytes(r) == data[65536:131072]))
say(lambda: os.fstat(f).st_size)

# At the file's position
class Iovec(ctypes.Structure):
    _fields_ = [('base', ctypes.c_void_p), ('len', ctypes.c_size_t)]

libc, buf = ctypes.CDLL(None, use_errno=True), ctypes.create_string_buffer(100)
vec = Iovec(ctypes.addressof(buf), 50)
for call, flags in ((libc.preadv2, NOW), (libc.pwritev2, NOW), (libc.preadv2, NONE)):
    os.lseek(f, 100, 0); os.pread(f, 100, 100); ctypes.set_errno(0)
    print(call(f, ctypes.byref(vec), 1, ctypes.c_long(-1), flags), ctypes.get_errno(), os.lseek(f, 0, 1), buf.raw[:50] == data[100:150])
"""


@in_mount_namespace
def nowait(name, folder):
    """RWF_NOWAIT of preadv2 and pwritev2: what the host's ext4 says."""
    native, = folders(folder, "native")
    disk = Disk(name, folder)
    with mounted(native, "-o", "loop", twin(disk)), disk.domain(name) as d:
        said = []
        for hooked, top in ((d, disk.top), (None, native)):
            with Program(hooked, top, NOWAIT) as p:
                said.append(p.rest())
        lines = list(difflib.unified_diff(said[1], said[0], "natively", "in the domain", lineterm=""))
        check(not lines, "\n".join(lines))
        check(len(said[0]) == 31 and "EAGAIN" in said[0] and "(3145728, True)" in said[0], "\n".join(said[0]))


if __name__ == "__main__":
    disks.main(device, read_only_device, dies, accepts_and_loses, dies_under_writers, nowait, features)
