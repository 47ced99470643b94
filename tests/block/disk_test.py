#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""disk_test.py TEST NAME: the disk of domain NAME. Faults are real ones: a file cut short, a host file system that is full."""
import os
import subprocess
import sys
import time

import disks  # the way to tests/common, too
import domain
from check import check
from disks import PRELUDE, Disk, expect_faults, in_mount_namespace, mounted, python, refuse


def clean(name, folder):
    """An orderly end leaves nothing to repair, also under a program that holds a deleted file open."""
    disk = Disk(name, folder)
    with disk.domain(name) as d:
        python(d, disk, "open(top + '/kept', 'w').write('x' * 100000)")
        holder = d.popen([sys.executable, "-c", PRELUDE % disk.top + r"""
f = open(top + '/gone', 'w'); f.write('y' * 300000); f.flush(); os.unlink(top + '/gone')
print('holds', flush=True); time.sleep(1000)
"""], stdout=subprocess.PIPE)
        with holder:
            check(holder.stdout.readline() == "holds\n", "the holder didn't come that far")
            d.kdom("down", name)
            disk.check_clean()
        d.up()
        check(python(d, disk, "print(len(open(top + '/kept').read()), os.listdir(top))")[0] == "100000", "the file isn't there")
    disk.check_clean()


def refused(name, folder):
    """No file, another domain's file, no file at all: an error that says what, why and what to do."""
    disk = Disk(name, folder)
    refuse(name, folder, ["run/block.img", "No such file", "truncate -s", "mkfs.ext4"])
    refuse(name, folder, [folder + "/none", "No such file"], "--device", f"0:path={folder}/none")
    refuse(name, folder, [folder, "Is a directory"], "--device", f"0:path={folder}")
    refuse(name, folder, ["/dev/null", "neither a regular file nor a block device"], "--device", "0:path=/dev/null")
    with disk.domain(name):
        refuse(name, folder, [disk.path, "another domain uses it"], "--device", f"0:path={disk.path}")
        small = ["--device", "0:backend=ram", "--device", "0:size=1M"]
        refuse(name, folder, ["size"], *small, "--device", f"0:path={disk.path}")


def no_file_system(name, folder):
    disk = Disk(name, folder)
    with open(disk.path, "r+b") as f:
        f.write(bytes(1 << 20))
    refuse(name, folder, ["can't mount ext4 at " + disk.top, "mkfs.ext4", disk.path], "--device", f"0:path={disk.path}")
    Disk(name, folder)
    refuse(name, folder, ["can't mount nosuchfs", "lacks this file system"], "--device", f"0:path={disk.path}", "--device", "0:fs=nosuchfs")
    refuse(name, folder, ["can't mount ext4"], "--device", f"0:path={disk.path}", "--device", "0:options=nosuchoption")


@in_mount_namespace
def read_only(name, folder):
    """A file that kdom may only read: a disk that can't be written. Mount options: the same for the file system."""
    disk = Disk(name, folder)
    steps = "say(os.mkdir, top + '/d'); say(os.listdir, top)"
    with disk.domain(name, "--device", "0:options=ro,noatime") as d:
        check(python(d, disk, steps) == ["EROFS", "['lost+found']"], "options=ro")
    before = open(disk.path, "rb").read()
    with mounted(folder, "--bind", folder):
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        with disk.domain(name) as d:
            check(python(d, disk, steps) == ["EROFS", "['lost+found']"], "file on a read-only mount")
        check(open(disk.path, "rb").read() == before, "the file has changed")


def override(name, folder):
    """--device."""
    disk = Disk(name, folder)
    for bad, says in (("0", "N:key=value"), ("0:path", "N:key=value"), (":a=b", "N:key=value"), ("0:=b", "N:key=value"),
                      ("7:path=/x", "devices"), ("0:backend=tape", '"file" "ram"'), ("0:backend=tap", '"file" "ram"'),
                      ("0:size=1x", "size")):
        refuse(name, folder, [says], "--device", f"0:path={disk.path}", "--device", bad)
    os.chdir(folder)  # a path of the command line is relative to where the user stands
    with domain.Domain(name, options=["--device", f"0:path={os.path.basename(disk.path)}", "--device", "0:options=ro,noatime"]) as d:
        check(python(d, disk, "say(os.mkdir, top + '/d')") == ["EROFS"], "options")


def ram(name, folder):
    """In memory: what was written outlives the domain, not its supervisor, and the file is as it was."""
    disk = Disk(name, folder)
    before = open(disk.path, "rb").read()
    with disk.domain(name, "--device", "0:backend=ram", "--device", "0:size=128M") as d:
        python(d, disk, "f = open(top + '/x', 'w'); f.write('kept'); f.flush(); os.fsync(f.fileno())")
        d.kill()
        d.up()
        check(python(d, disk, "print(open(top + '/x').read())") == ["kept"], "after kill")
        d.kdom("down", name)
        d.up()
        check(python(d, disk, "say(os.stat, top + '/x')") == ["ENOENT"], "after down")
    check(open(disk.path, "rb").read() == before, "the file has changed")


def writeback(name, folder):
    """Without any sync, what was written comes to be on the disk, in the domain's idle time."""
    disk = Disk(name, folder)
    mark = b"nobody asked for this to be written"
    with disk.domain(name) as d:
        python(d, disk, f"open(top + '/x', 'w').write({mark.decode()!r} * 1000)")
        deadline = time.time() + 240
        while mark not in open(disk.path, "rb").read():
            check(time.time() < deadline, "it never came")
            time.sleep(0.5)
        d.kill()
        r = disk.fsck("-fy")
        check(r.returncode in (0, 1), r.stdout)
        d.up()
        check(python(d, disk, "print(os.stat(top + '/x').st_size)") == [str(len(mark) * 1000)], "the file isn't whole")


def discard(name, folder):
    """With -o discard, a deleted file's blocks are holes of the host's file again."""
    disk = Disk(name, folder)
    with disk.domain(name, "--device", "0:options=discard") as d:
        python(d, disk, "f = open(top + '/x', 'wb'); f.write(os.urandom(20 << 20)); f.flush(); os.fsync(f.fileno())")
        used = os.stat(disk.path).st_blocks
        python(d, disk, "os.unlink(top + '/x'); os.sync()")
        deadline = time.time() + 120
        while os.stat(disk.path).st_blocks > used - (18 << 11):
            check(time.time() < deadline, f"{used} blocks before, {os.stat(disk.path).st_blocks} now")
            time.sleep(0.5)
    disk.check_clean()


def cut_short(name, folder):
    """The file is cut underneath: reads of what is gone say so. Writes make the host's file longer again."""
    disk = Disk(name, folder)
    with disk.domain(name) as d:
        python(d, disk, r"""
f = os.open(top + '/old', os.O_RDWR | os.O_CREAT)
os.write(f, b'a' * (8 << 20)); os.fsync(f); os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED)
""")
        size = os.stat(disk.path).st_size
        os.truncate(disk.path, 1 << 20)
        got = python(d, disk, r"""
f = os.open(top + '/old', os.O_RDWR)
say(lambda: len(os.pread(f, 4096, 4 << 20)))
g = os.open(top + '/old', os.O_RDWR | os.O_DIRECT)
say(lambda: os.preadv(g, [mmap.mmap(-1, 4096)], 6 << 20))
""")
        check(got == ["EIO", "EIO"], f"reading what isn't there: {got}")
        os.truncate(disk.path, size)
        expect_faults(d)
        d.kill()
        check(disk.fsck("-fy").returncode < 4, "e2fsck can't repair it")


def filled(name, folder):
    disk = Disk(name, folder)
    with disk.domain(name) as d:
        got = python(d, disk, r"""
a = os.open(top + '/acked', os.O_RDWR | os.O_CREAT); os.write(a, b'acked' * 1000); os.fsync(a)
f = os.open(top + '/big', os.O_RDWR | os.O_CREAT)
def fill():
    for i in range(64):
        os.write(f, os.urandom(1 << 20))
        os.fsync(f)
say(fill)
""")
        # fs/ext4/page-io.c: EIO for whatever a data block's write failed of. Direct I/O says which error it was.
        check(got == ["EIO"], f"writing until it is full: {got}")
        got = python(d, disk, r"""
print(len(open(top + '/acked').read()))
try:
    os.mkdir(top + '/d'); os.fsync(os.open(top, os.O_RDONLY))
    print('acknowledged')
except OSError:
    say(os.mkdir, top + '/e')
""")
        check(got == ["5000", "EROFS"], f"what was synced before, and a journal that ended: {got}")
        expect_faults(d)
        d.kill()
        subprocess.run(["mount", "-o", "remount,size=300m", folder], check=True)
        check(disk.fsck("-fy").returncode < 4, "e2fsck can't repair it")
        d.up()
        check(python(d, disk, "print(len(open(top + '/acked').read()))") == ["5000"], "after the repair")


@in_mount_namespace
def full(name, folder):
    """The host's file system is full: a sparse file gets no blocks. fsync says so, the domain lives, and what was synced is there."""
    with mounted(folder, "-t", "tmpfs", "-o", "size=24m", "none"):
        filled(name, folder)


def killed(name, folder):
    """SIGKILL under writes: the journal repairs all, and what fsync acknowledged is there."""
    disk = Disk(name, folder)
    for _ in range(5):
        with disk.domain(name) as d:
            writer = d.popen([sys.executable, "-c", PRELUDE % disk.top + r"""
for i in range(100000):
    f = os.open(top + '/n', os.O_RDWR | os.O_CREAT | os.O_TRUNC); os.write(f, b'%d' % i); os.fsync(f); os.close(f)
    os.rename(top + '/n', top + '/count'); g = os.open(top, os.O_RDONLY); os.fsync(g); os.close(g)
    print(i, flush=True)
"""], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            with writer:
                last = ""
                for _ in range(20):
                    last = writer.stdout.readline()
                d.kill()
                rest = writer.stdout.read().split()
            last = int(rest[-1] if rest else last)
            r = disk.fsck("-p")
            check(r.returncode in (0, 1), f"e2fsck -p: {r.returncode}: {r.stdout}")
            disk.check_clean()
            d.up()
            count = int(python(d, disk, "print(open(top + '/count').read())")[0])
            check(count >= last, f"{last} was acknowledged, {count} is there")
    disk.check_clean()


def direct(name, folder):
    """O_DIRECT: beside the page cache and with it, all sizes, and what the disk itself then holds."""
    disk = Disk(name, folder)
    with disk.domain(name) as d:
        got = python(d, disk, r"""
f = os.open(top + '/x', os.O_RDWR | os.O_CREAT | os.O_DIRECT)
for n in (512, 4096, 65536, 81920, 1 << 19):
    m = mmap.mmap(-1, n); m.write(os.urandom(n)); want = bytes(m)
    if os.pwrite(f, m, 4096) != n: print('short write', n)
    r = mmap.mmap(-1, n)
    if os.preadv(f, [r], 4096) != n or bytes(r) != want: print('direct read differs', n)
    if os.pread(os.open(top + '/x', os.O_RDONLY), n, 4096) != want: print('cached read differs', n)
say(os.pwrite, f, b'x' * 100, 0)
say(lambda: os.preadv(f, [mmap.mmap(-1, 4096)], 1 << 20))
m = mmap.mmap(-1, 3 << 20); m.write(os.urandom(3 << 20))
if os.pwrite(f, m, 0) != 3 << 20 or os.pread(os.open(top + '/x', os.O_RDONLY), 3 << 20, 0) != bytes(m): print('3 MiB differ')
print('end')
""")
        check(got == ["EINVAL", "0", "end"], f"{got}")
    disk.check_clean()


disks.main(clean, refused, no_file_system, read_only, override, ram, writeback, discard, cut_short, full, killed, direct)
