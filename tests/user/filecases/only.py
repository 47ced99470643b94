# SPDX-License-Identifier: GPL-2.0
"""Cases without a counterpart on the host: names that are refused, and a domain that dies under a current directory. only.py PREFIX"""
import ctypes
import errno
import os
import socket
import subprocess
import sys

prefix = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
failed = 0


def expect(what, want, fn, *args):
    """fn's errno; 0 if it succeeds. A libc call fails with -1."""
    global failed
    ctypes.set_errno(0)
    try:
        r = fn(*args)
        got = ctypes.get_errno() if isinstance(r, int) and r == -1 else 0
    except OSError as e:
        got = e.errno
    if got != want:
        print(f"{what}: {errno.errorcode.get(got, got)}, not {errno.errorcode.get(want, want)}")
        failed = 1


def refused(directory):
    """Calls no domain has, by absolute and by relative names."""
    here = directory.encode()
    expect("mount on", errno.EOPNOTSUPP, libc.mount, b"none", here + b"d", b"tmpfs", 0, None)
    if here:  # a relative source may be no name at all
        expect("mount of", errno.EOPNOTSUPP, libc.mount, here + b"d", b"/mnt", None, 4096, None)
    expect("umount", errno.EOPNOTSUPP, libc.umount2, here + b"d", 0)
    expect("chroot", errno.EOPNOTSUPP, os.chroot, directory + "d")
    expect("swapon", errno.EOPNOTSUPP, libc.swapon, here + b"f", 0)
    expect("inotify", errno.EOPNOTSUPP, libc.inotify_add_watch, libc.inotify_init1(0), here + b"d", 1)
    with socket.socket(socket.AF_UNIX) as s:
        expect("bind", errno.EOPNOTSUPP, s.bind, directory + "sock")
        expect("connect", errno.EOPNOTSUPP, s.connect, directory + "sock")
    expect("no node of it", errno.ENOENT, os.stat, directory + "sock")


def dies():
    """Relative names end with the domain; absolute ones work again after its restart."""
    os.chdir(prefix + "/d")
    fd, d = os.open("../f", os.O_RDONLY), os.open(".", os.O_RDONLY)
    print("kill it", flush=True)
    sys.stdin.readline()
    for _ in range(2):
        expect("relative", errno.EREMOTEIO, os.stat, "x")
        expect("relative up", errno.EREMOTEIO, os.stat, "../f")
        expect("getcwd", errno.EREMOTEIO, os.getcwd)
        expect("fd", errno.EREMOTEIO, os.read, fd, 1)
        expect("dirfd", errno.EREMOTEIO, lambda: os.stat("x", dir_fd=d))
        expect("fchdir", errno.EREMOTEIO, os.fchdir, d)
        expect("absolute", 0, os.stat, prefix + "/f")
    expect("exec", 0, subprocess.check_call, ["/bin/true"])
    expect("chdir to where it isn't", 0, os.chdir, "/")
    expect("host again", 0, os.stat, "etc/passwd")
    expect("and back", 0, os.chdir, prefix + "/d")
    if os.getcwd() != prefix + "/d":
        expect("getcwd", 0, os.getcwd)
    os.close(fd)
    os.close(d)


def main():
    os.mkdir(prefix + "/d")
    open(prefix + "/f", "w").close()
    os.sync()
    expect("a name across", 0, os.stat, f"/usr/..//{prefix[1:]}/./d/../f")
    expect("out of it", 0, os.stat, f"{prefix}/../etc/passwd")
    expect("no name of it", errno.ENOENT, os.stat, prefix + "x/f")
    refused(prefix + "/")
    os.chdir(prefix)
    refused("")
    dies()
    os.chdir("/")
    os.rmdir(prefix + "/d")
    os.unlink(prefix + "/f")
    print("only in a domain:", "FAILED" if failed else "ok")
    return failed


sys.exit(main())
