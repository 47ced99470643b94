#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The text of `kslice report` on the mini tree. usage: test_report.py KSLICE WORKDIR"""
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys

from mini_tree import make_mini, run

failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def rows(out):
    """The table of directories: [(indented, name, bytes of .text kept)]."""
    table = out.split("\n\n")[1].splitlines()
    return [(line.startswith("  "), line.split()[0], int(line.split()[7])) for line in table[1:] if not line.startswith("nothing")]


def look_at_table(out):
    found = rows(out)
    tops = [(name, n) for below, name, n in found if not below]
    check(tops[0][0] == "all" and tops[0][1] >= sum(n for _, n in tops[1:]) > 0, "the total, and the folders that it is made of")
    check([n for _, n in tops[1:]] == sorted((n for _, n in tops[1:]), reverse=True), "folders by size")
    for top, total in tops[1:]:
        below = [n for b, name, n in found if b and name.startswith(top + "/")]
        check(not below or (below == sorted(below, reverse=True) and sum(below) == total), f"{top} is the sum of its directories")
    check("nothing kept of: drivers" in out or "drivers" in dict(tops), "every folder is told of")


def look_at_biggest(out):
    part = out.split("how it got there:\n")[1].split("\n\n")[0]
    held = [int(m) for m in re.findall(r"^ *(\d+)  \w", part, re.M)]
    check(len(held) > 3 and held == sorted(held, reverse=True), f"what holds most, by size: {held}")
    check(re.search(r"sys_cuts  kernel/cuts.c:\d+\n +why: \(exported call\)\n +cut: remove \"cuts\" from \"calls\"", part), "a call's cut is to leave it out")
    check(re.search(r"why:( <- \w+)+ \(exported call\)", part), "a path")
    check(re.search(r"why: <- main \(runtime\)\n", part) and not re.search(r"why: <- main \(runtime\)\n +cut:", part), "no cut of what the runtime calls")


def images(out):
    return {m[0]: [int(x) for x in m[1:]] for m in re.findall(r"^(\S.*?) +(\d+) +(\d+) +(\d+) +(\d+)$", out.split("What an attacker finds")[1], re.M)}


def pack(image, to):
    """A bzImage around an ELF file: its setup header tells where the packed kernel is."""
    packed = lzma.compress(open(image, "rb").read())
    packed += struct.pack("<I", os.path.getsize(image))
    head = bytearray(0x400)
    head[0x1f1] = 1
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<II", head, 0x248, 0, len(packed))
    with open(to, "wb") as f:
        f.write(head + packed)


def look_beside(kslice, out, work):
    pack(f"{out}/mini.image", f"{work}/vmlinuz")
    r = run([kslice, "report", "--out", out, "mini", "--beside", f"{work}/vmlinuz"])
    found = images(r.stdout.replace(f"{work}/vmlinuz", "packed"))
    own, packed = found.get("mini, this slice"), found.get("packed")
    # what isn't the mini tree's is the C library's, which both have; the packed one has no __x64_sys_
    check(own and own[0] > 500 and own[3] > 5 and own[2] == 4, f"figures of the image: {found}")
    m = re.search(r"^packed +(\d+) +(\d+) +\? +(\d+)$", r.stdout.replace(f"{work}/vmlinuz", "packed"), re.M)
    check(m and [int(m[1]), int(m[2]), int(m[3])] == [own[0], own[1], own[3]], f"the packed kernel has the same figures: {packed} {r.stdout[-900:]}")
    check(found.get("mini, unsliced", own)[0] > own[0], "the whole has more code")
    for bad in ("/etc/passwd", f"{work}/none"):
        r = run([kslice, "report", "--out", out, "mini", "--beside", bad])
        check(r.returncode == 1 and bad in r.stdout and "cure:" in r.stdout, f"--beside {bad}: {r.stdout[-300:]}")


def look_without_whole(kslice, out):
    shutil.rmtree(f"{out}-whole")
    manifest = f"{out}/manifest.json"
    text = open(manifest).read()
    with open(manifest, "w") as f:
        f.write(re.sub(r'("whole": \{[^}]*?),\s*"text": \d+', r"\1", text))
    r = run([kslice, "report", "--out", out, "mini"])
    head = r.stdout.split("\n\n")[1].splitlines()[0]
    check(head.split()[-1] == ".text" and "No unsliced image is built" in r.stdout, "without the whole its column goes, and the report says why: " + head)


def main():
    kslice, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    out = make_mini(kslice, work)
    r = run([kslice, "report", "--out", out, "mini"])
    print(r.stdout)
    check(r.returncode == 0, "report fails")
    check("Linux 6.1.99" in r.stdout, "the tree's version")
    look_at_table(r.stdout)
    look_at_biggest(r.stdout)
    look_beside(kslice, out, work)
    look_without_whole(kslice, out)
    os.remove(f"{out}/edges.tsv")
    r = run([kslice, "report", "--out", out, "mini"])
    check(r.returncode == 1 and "edges.tsv" in r.stdout and "cure: slice the domain again" in r.stdout, "a slice of an older kslice: " + r.stdout)
    print("failures:", len(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as e:
        sys.exit(f"failed: {e} {e.stdout}")
