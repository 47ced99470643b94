#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Programs that map files shared and writable, for fault.py. mapper.py DIR WHAT; each prints "ready" or "ok" at the end.

many N     maps N small files, one after the other, each unmapped before the next; 0: until stdin ends
dies       holds many files and a map of one that it has stored into everywhere; then is killed
waits      the same, and waits to be killed
left       checks that the file has what `dies` stored
sparse     maps three holes of 1 GiB, reads and stores in places; the rest remains holes, on the disk and in memory
data MIB   maps a file with MIB of data; ENOMEM or ok
grows MIB  maps an empty file, then writes MIB to it; ENOMEM or ok
"""
import errno
import mmap
import os
import select
import signal
import sys

BIG = 4 << 20
GIB = 1 << 30
DIR = sys.argv[1]


def path(name):
    return os.path.join(DIR, name)


def opened(name, size=0):
    fd = os.open(path(name), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    os.ftruncate(fd, size)
    return fd


def one_small(n):
    name = f"small-{os.getpid()}-{n % 50}"
    fd = opened(name, 4096)
    with mmap.mmap(fd, 4096) as m:
        m[0] = 1
    os.close(fd)
    os.unlink(path(name))


def many(count, n="0"):
    """A client may have 512 files mapped between two execs (doc/STATUS.md)."""
    n = int(n)
    if not n:
        print("ready", flush=True)
    while n < int(count) or not int(count) and not select.select([0], [], [], 0)[0]:
        one_small(n)
        n += 1
        if n % 400 == 0:
            os.execv(sys.executable, [sys.executable, *sys.argv[:3], count, str(n)])
    print(f"ok {n}", flush=True)


def dirty():
    fds = [os.open(path(f"many-{i}"), os.O_RDWR | os.O_CREAT, 0o666) for i in range(150)]
    fds.append(opened(f"big-{os.getpid()}", BIG))
    m = mmap.mmap(fds[-1], BIG)
    for i in range(0, BIG, 4096):
        m[i] = 7
    return m


def dies():
    m = dirty()
    print("ready", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
    return m


def waits():
    m = dirty()
    print("ready", flush=True)
    signal.pause()
    return m


def left():
    names = [n for n in os.listdir(DIR) if n.startswith("big-")]
    assert names, "nothing left"
    for name in names:
        with open(path(name), "rb") as f:
            data = f.read()
        assert len(data) == BIG and data[::4096] == b"\7" * (BIG >> 12), f"{name}: what was stored is lost"
    print(f"ok {len(names)}", flush=True)


def sparse():
    for i in range(3):
        fd = opened(f"sparse-{i}", GIB)
        os.pwrite(fd, b"begin", 5 << 20)
        m = mmap.mmap(fd, GIB)
        assert m[5 << 20:(5 << 20) + 5] == b"begin"
        m[GIB - 1] = 9
        os.pwrite(fd, b"middle", GIB // 2)
        assert m[GIB // 2:GIB // 2 + 6] == b"middle"
        assert not any(os.pread(fd, 1 << 20, 100 << 20)), "a hole isn't zero"
        m.flush()
        assert os.pread(fd, 1, GIB - 1) == b"\11"
        assert os.fstat(fd).st_blocks < 200, f"{os.fstat(fd).st_blocks} blocks on the disk"
        os.fsync(fd)
    print("ready", flush=True)
    select.select([0], [], [])


def refused(act):
    try:
        act()
    except OSError as e:
        print(errno.errorcode[e.errno], flush=True)
    else:
        print("ok", flush=True)
    select.select([0], [], [])


def data(mib):
    size = int(mib) << 20
    fd = opened(f"data-{os.getpid()}")
    os.pwrite(fd, b"x" * size, 0)
    refused(lambda: mmap.mmap(fd, size))


def grows(mib):
    fd = opened(f"grows-{os.getpid()}", 4096)
    m = mmap.mmap(fd, 4096)
    refused(lambda: [os.pwrite(fd, b"y" * (1 << 20), i << 20) for i in range(int(mib))] and m)


if __name__ == "__main__":
    globals()[sys.argv[2]](*sys.argv[3:])
