#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""test_together.py KSLICE WORK: several kslice at once, over one cache and one output folder.

One that must make the overlay tree again waits until nobody reads it; readers don't wait for each other; two that write to
one output folder take turns, and both are right.
"""
import fcntl
import glob
import os
import shutil
import subprocess
import sys

KSLICE, WORK = sys.argv[1:]
SPEC, BOUND = "pipe", 600  # seconds that each may take beside anything


def start(*args, **env):
    return subprocess.Popen([KSLICE, "slice", SPEC, *args], text=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                            env=dict(os.environ, **env))


def finish(p):
    _, errors = p.communicate(timeout=BOUND)
    if p.returncode:
        sys.exit(f"{p.args}: status {p.returncode}: {errors}")
    return errors


def hold(path, how):
    f = open(path, "a")
    fcntl.flock(f, how)
    return f


def until_it_waits(p, path):
    """Reads its messages up to the one that it waits for path; it ends without one: an error."""
    said = ""
    for line in p.stderr:
        said += line
        if "waiting for another kslice" in line and os.path.realpath(path) == os.path.realpath(line.split()[-1]):
            return
    sys.exit(f"{p.args} didn't wait for {path}: {said}")


def test_overlay():
    cache = dict(KSLICE_CACHE=f"{WORK}/cache")
    finish(start("--dump-after=commands", **cache))
    [folder] = glob.glob(f"{WORK}/cache/kbuild/sd-{SPEC}-*")
    old = f"{folder}/tree/of-the-old-one"  # goes with it
    open(old, "w").close()
    reader = hold(f"{folder}/lock", fcntl.LOCK_SH)
    if "waiting" in finish(start("--dump-after=commands", **cache)):
        sys.exit("a reader waits for a reader")
    os.unlink(f"{folder}/stamp")
    p = start("--dump-after=commands", **cache)
    until_it_waits(p, f"{folder}/lock")
    if not os.path.exists(old):
        sys.exit("the overlay tree was made again under a reader")
    reader.close()
    finish(p)
    if os.path.exists(old):
        sys.exit("the overlay tree wasn't made again")


def test_output():
    out = f"{WORK}/out"
    finish(start("--out", out))
    writer = hold(f"{out}/.lock", fcntl.LOCK_EX)
    both = [start("--out", out) for _ in range(2)]
    for p in both:
        until_it_waits(p, f"{out}/.lock")
    shutil.rmtree(f"{out}/tree")
    writer.close()
    for p in both:
        finish(p)
    if not os.path.exists(f"{out}/tree/init/main.c") or os.path.exists(f"{out}/tree.new"):
        sys.exit(f"{out}: two at once have not made the tree")


shutil.rmtree(WORK, ignore_errors=True)
os.makedirs(WORK, mode=0o755)
test_overlay()
test_output()
shutil.rmtree(WORK)
print("readers together, writers by turns")
