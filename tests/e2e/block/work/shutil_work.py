# SPDX-License-Identifier: GPL-2.0
"""python's shutil, os and mmap on /sd. Everything printed is the same on every file system of one type."""
import errno
import fcntl
import filecmp
import mmap
import os
import shutil
import tempfile

SOURCE = os.path.join(os.environ["TREE"], "fs/ext4")


def tried(what, f, *args, **kw):
    try:
        print(what, f(*args, **kw))
    except OSError as e:
        print(what, errno.errorcode[e.errno])


def walk(top):
    for path, dirs, files in os.walk(top):
        dirs.sort()
        print(path, sorted(files)[:5], len(files), len(dirs))


def tree():
    shutil.copytree(SOURCE, "a", ignore=shutil.ignore_patterns("*.h"))
    os.symlink("../a", "a/loop")
    shutil.copytree("a", "b", symlinks=True)
    print(filecmp.dircmp("a", "b").diff_files, filecmp.dircmp("a", "b").left_only)
    tried("copytree onto", shutil.copytree, "a", "b")
    shutil.move("b", "c/d") if os.makedirs("c") is None else None
    shutil.move("c/d/super.c", "top.c")
    walk(".")
    shutil.move("c", os.path.join(tempfile.gettempdir(), "c.%d" % os.getpid()))
    away = os.path.join(tempfile.gettempdir(), "c.%d" % os.getpid())
    print(sorted(os.listdir(away)))
    shutil.move(away, "home")
    shutil.rmtree("a")
    tried("rmtree", shutil.rmtree, "a")
    walk(".")


def files():
    shutil.copy2("top.c", "copy.c")
    os.chmod("top.c", 0o640)
    shutil.copymode("top.c", "copy.c")
    os.utime("top.c", ns=(1, 2_000_000_000))
    shutil.copystat("top.c", "copy.c")
    st = os.stat("copy.c")
    print(oct(st.st_mode), st.st_mtime_ns, st.st_size, st.st_nlink)
    os.setxattr("copy.c", "user.key", b"value")
    print(os.getxattr("copy.c", "user.key"), os.listxattr("copy.c"))
    tried("getxattr", os.getxattr, "copy.c", "user.none")
    shutil.make_archive("arch", "gztar", "home")
    shutil.unpack_archive("arch.tar.gz", "again")
    print(filecmp.dircmp("home/d", "again/d").diff_files)
    with open("copy.c", "rb") as i, open("sent", "wb") as o:
        print(os.copy_file_range(i.fileno(), o.fileno(), 1000), os.sendfile(o.fileno(), i.fileno(), 5000, 700))
    print(os.path.getsize("sent"), open("sent", "rb").read() == open("top.c", "rb").read()[:1000] + open("top.c", "rb").read()[5000:5700])
    u = shutil.disk_usage(".")
    print(u.total > u.used > 0)
    os.remove("arch.tar.gz")


def temporary():
    with tempfile.TemporaryFile(dir=".") as f:
        f.write(b"x" * 100000)
        f.seek(99990)
        print(len(f.read()), os.fstat(f.fileno()).st_nlink)
    with tempfile.TemporaryDirectory(dir=".") as d:
        for i in range(300):
            with open(os.path.join(d, "f%d" % i), "w") as f:
                f.write(str(i))
        print(sum(e.stat().st_size for e in os.scandir(d)), len(os.listdir(d)))
    with open("locked", "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        with open("locked") as g:
            tried("flock", fcntl.flock, g, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
        pid = os.fork()
        if not pid:
            with open("locked", "r+") as g:
                tried("lockf in the child", fcntl.lockf, g, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os._exit(0) if print(end="", flush=True) is None else None
        os.waitpid(pid, 0)


def mapped():
    with open("top.c", "rb") as f, mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
        print(len(m), m[:20], m.find(b"ext4_fill_super"), m[-10:])
    with open("top.c", "r+b") as f, mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_COPY) as m:
        m[:4] = b"COPY"
        print(m[:8], f.read(4) == b"COPY")
    with open("top.c", "r+b") as f, mmap.mmap(f.fileno(), 0) as m:
        m[:6] = b"STORED"
        print(f.read(10), f.seek(2), f.write(b"WRITTEN"), f.flush(), m[:12])
        m.flush()
        m[20:26] = b"LATER!"
        m.resize(len(m) + 5000)
        m[-4:] = b"LAST"
    with open("top.c", "rb") as f:
        print(f.read(30), f.seek(-10, 2), f.read())


def errors():
    tried("open dir", open, "home", "w")
    tried("no parent", os.mkdir, "x/y")
    tried("exists", os.mkdir, "home")
    tried("not empty", os.rmdir, "home")
    tried("name too long", os.mkdir, "n" * 256)
    tried("not a dir", os.listdir, "top.c")
    tried("loop", os.symlink, "l", "l")
    tried("loop", open, "l")
    tried("replace", os.replace, "top.c", "home")
    tried("link", os.link, "home", "h")
    tried("excl", os.open, "top.c", os.O_CREAT | os.O_EXCL)
    os.unlink("l")
    fd = os.open("home", os.O_RDONLY | os.O_DIRECTORY)
    os.mkdir("below", dir_fd=fd)
    print(os.stat("below", dir_fd=fd).st_nlink, sorted(os.listdir(fd)))
    os.close(fd)


for part in (tree, files, temporary, mapped, errors):
    print(part.__name__, flush=True)
    part()
