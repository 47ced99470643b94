# SPDX-License-Identifier: GPL-2.0
"""mini_tree.py: the mini kernel tree for the tests that slice it: its compile commands, and the whole of it as a program."""
import json
import os
import re
import shutil
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


def sources(tree):
    for folder, _, names in sorted(os.walk(tree)):
        for name in sorted(names):
            if name.endswith((".c", ".S", ".h")):
                yield os.path.relpath(os.path.join(folder, name), tree)


def make_compdb(tree, objdir, path):
    commands = []
    for source in sources(tree):
        if source.endswith(".h") or source == "lib/part.c":
            continue
        obj = re.sub(r"\.[cS]$", ".o", source)
        commands.append({
            "directory": objdir, "file": f"{tree}/{source}",
            "command": f"clang-19 -Wall -Wextra -Wno-unused-parameter -Werror -O1 -fno-pie -I{tree}/include "
                       f"-c -o {obj} {tree}/{source}"})
    with open(path, "w") as f:
        json.dump(commands, f)
    return commands


def run(argv, **kw):
    return subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def build_whole(commands, objdir):
    """Compiles all of it to objdir/whole; what that prints."""
    objs = []
    for c in commands:
        argv = c["command"].split()
        os.makedirs(os.path.dirname(f"{objdir}/{argv[-2]}"), exist_ok=True)
        run(argv, cwd=objdir, check=True)
        objs.append(f"{objdir}/{argv[-2]}")
    run(["clang-19", "-no-pie", "-o", f"{objdir}/whole"] + objs, check=True)
    return run([f"{objdir}/whole"], check=True).stdout


def make_mini(kslice, work):
    """Slices the mini tree, builds both, and tells kslice where it looks for images."""
    tree, objdir, out = f"{work}/mini-tree", f"{work}/objs", f"{work}/out"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(objdir)
    shutil.copytree(f"{HERE}/mini", tree)
    with open(f"{tree}/Makefile", "w") as f:
        f.write("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 99\n")
    os.environ.update(KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache")
    commands = make_compdb(tree, objdir, f"{work}/compile_commands.json")
    slice_it = [kslice, "slice", "--tree", tree, "--compdb", f"{work}/compile_commands.json", "--out", out, f"{HERE}/mini.json"]
    run(slice_it, check=True)
    run(["ninja", "-C", f"{out}/tree/build", "-f", "../../build.ninja"], check=True)
    link(f"{out}/obj", f"{out}/mini")
    build_whole(commands, objdir)
    os.makedirs(f"{out}-whole")
    shutil.copytree(objdir, f"{out}-whole/obj")
    link(f"{out}-whole/obj", f"{out}-whole/mini-whole")
    with open(f"{out}-whole/manifest.json", "w") as f:
        json.dump({"objects": objdir}, f)
    run(slice_it, check=True)  # again: now there are objects to measure
    return out


def link(objdir, to):
    objs = [os.path.join(d, n) for d, _, names in os.walk(objdir) for n in names if n.endswith(".o")]
    run(["clang-19", "-no-pie", "-o", f"{to}.vmlinux"] + objs, check=True)
    shutil.copy(f"{to}.vmlinux", f"{to}.image")
