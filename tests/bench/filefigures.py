# SPDX-License-Identifier: GPL-2.0
"""Figures of a file domain: the same program on ext4 through the domain and on ext4 on a loop device, both on a file of
the same size and place, made by the same mkfs.ext4, in the same run."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import figures
import report
import samples
import stats
from domain import BUILD, Domain
from figures import Figure
from samples import DOMAIN_CPU

SIZE = "2G"
MOUNT = "/sd"


def sh(*argv):
    r = subprocess.run(argv, capture_output=True, text=True)
    if r.returncode:
        raise samples.SampleError(f"{' '.join(argv)}: {r.stderr.strip() or r.stdout.strip()}")


class Storage:
    """Two equal images: one mounted by the host over a loop device, one under the domain at MOUNT."""

    def __enter__(self):
        self.tmp = tempfile.mkdtemp(prefix="ksb", dir=os.environ.get("BENCH_DIR", "/var/tmp"))
        self.native = os.path.join(self.tmp, "native")
        os.mkdir(self.native)
        try:
            for name in ("loop.img", "domain.img"):
                path = os.path.join(self.tmp, name)
                sh("truncate", "-s", SIZE, path)
                sh("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", path)
            sh("mount", "-o", "loop", os.path.join(self.tmp, "loop.img"), self.native)
        except BaseException:
            shutil.rmtree(self.tmp)
            raise
        return self

    def __exit__(self, *_):
        sh("umount", self.native)
        shutil.rmtree(self.tmp)

    def options(self):
        return ("--device", "0:path=" + os.path.join(self.tmp, "domain.img"))


def untar(domain, where, tar):
    """ns of `tar -x` into an empty folder of `where`, removed afterwards."""
    to = where + "/untar"
    run = lambda *argv: samples.finish(samples.start(domain, list(argv), samples.CLIENT_CPU), argv[0])
    run("/bin/mkdir", to)
    t0 = time.monotonic_ns()
    run("/bin/tar", "-xf", tar, "-C", to)
    ns = time.monotonic_ns() - t0
    run("/bin/rm", "-rf", to)
    return ns


def calls(store, tar):
    def of(what, title, near=1, far=1, **more):
        return Figure("file-" + what, title,
                      {"": lambda ms: samples.single(None, ["files", what, store.native, str(ms)])},
                      lambda d, ms: samples.single(d, ["files", what, MOUNT, str(ms)]), near=near, far=far, **more)

    def in_flight(depth):
        return lambda d, ms: samples.single(d, ["filebatch", d.socket_path, MOUNT, str(depth), str(ms)], hooked=False)

    one_by_one = {"": lambda ms: samples.single(None, ["files", "pread", store.native, str(ms)])}
    return (
        of("pread", "4 KiB pread, cached, looked at", near=1.3, far=2.8),
        Figure("file-pread-16", "4 KiB pread, cached, 16 in flight", one_by_one, in_flight(16), near=0.5, far=0.9),
        of("pwrite", "4 KiB pwrite, cached", near=None, far=None),
        of("direct", "4 KiB O_DIRECT random read", near=None, far=None),
        of("fdatasync", "4 KiB overwrite + fdatasync"),
        of("create", "create + write 4 KiB + close"),
        of("meta", "create, chmod, rename, stat, unlink: one of them"),
        of("seqwrite", "256 MiB written in sequence + fsync", at_most=False, rate=True),
        Figure("file-untar", "untar fs/ of the kernel", {"": lambda ms: untar(None, store.native, tar)},
               lambda d, ms: untar(d, MOUNT, tar)),
    )


def tarball(tmp):
    """fs/ of the kernel tree: 2,000 files of 40 MB."""
    src = os.path.join(os.path.dirname(BUILD), "kernel-tree/linux")
    out = os.path.join(tmp, "fs.tar")
    sh("tar", "-chf", out, "-C", src, "fs")
    return out


def files(repeats, ms, raw):
    """Group `files` of bench.py."""
    with Storage() as store, Domain("block", options=store.options(), cpu=DOMAIN_CPU) as d:
        samples.move(d, DOMAIN_CPU)
        chosen = calls(store, tarball(store.tmp))
        only = os.environ.get("FILES", "").split()
        chosen = [f for f in chosen if not only or f.name in only]
        bare = []
        for i in range(repeats):
            bare.append(samples.transfer(ms))
            for fig in chosen:
                fig.taken.append(figures.repeat(fig, d, ms))
            print(f"\r  files: repeat {i + 1} of {repeats}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    raw["file-transfer"] = bare
    rows = [{"figure": "4 KiB from core to core, bare loops, 16 in flight", "bounce": report.ns(stats.spread(bare).median)}]
    for fig in chosen:
        raw[fig.name] = fig.taken
        rows += figures.rows(fig, fig.taken)
    return rows
