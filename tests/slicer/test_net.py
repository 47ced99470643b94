#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""test_net.py TEST KSLICE: the sliced net tree as built in build/, against the same configuration whole.

warnings     the sliced tree compiles without a warning that the original doesn't give
size         .text of the sliced image is at most half of the whole one's
standalone   nothing outside the sliced tree was read to compile it (but the compiler's own files)
unchanged    slicing again changes no file: ninja has no work to do
why          the report's path to a deep function begins at an exported call
name         a trial spec elsewhere that calls itself net, too, is refused before it overwrites generated/net
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

BUILD = os.environ.get("KSLICE_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
NET, WHOLE = f"{BUILD}/net", f"{BUILD}/net-whole"
REPO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def run(argv):
    r = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode:
        sys.exit(f"{' '.join(argv)}: status {r.returncode}: {r.stdout}")
    return r.stdout


def warnings(build):
    """(file, what is said) of every warning; line numbers differ between the two trees."""
    found, units = set(), 0
    for folder, _, names in os.walk(f"{build}/obj"):
        for name in names:
            if not name.endswith(".o.warn"):
                continue
            units += 1
            for line in open(os.path.join(folder, name), errors="replace"):
                m = re.match(r"(?:.*/)?([^/:]+):\d+:\d+: warning: (.*)", line)
                if m:
                    found.add(m.groups())
    return found, units


def test_warnings(kslice):
    (sliced, n), (whole, w) = warnings(NET), warnings(WHOLE)
    if n < 300 or w < n:
        sys.exit(f"only {n} sliced and {w} whole units found: build both first")
    print(f"{n} units, {len(sliced)} warnings; whole: {w} units, {len(whole)} warnings")
    for file, what in sorted(sliced - whole):
        print(f"new: {file}: {what}")
    return not sliced - whole


def test_size(kslice):
    m = json.load(open(f"{NET}/manifest.json"))
    kept, whole = m["kept"]["text"], m["whole"]["text"]
    print(f"{kept} of {whole} bytes of .text: {100 * kept / whole:.1f}%")
    return kept * 2 <= whole


def test_standalone(kslice):
    out = run(["ninja", "-C", f"{NET}/tree/build", "-f", "../../build.ninja", "-t", "deps"])
    tree, bad, seen = os.path.realpath(f"{NET}/tree"), set(), 0
    for line in out.splitlines():
        if not line.startswith("    "):
            continue
        seen += 1
        path = os.path.realpath(os.path.join(f"{NET}/tree/build", line.strip()))
        if not path.startswith(tree + "/") and not path.startswith("/usr/lib/llvm-19/"):
            bad.add(path)
    print(f"{seen} dependencies")
    for path in sorted(bad)[:20]:
        print("outside:", path)
    return not bad and seen > 10000


def test_unchanged(kslice):
    run([kslice, "slice", "net"])
    out = run(["ninja", "-C", f"{NET}/tree/build", "-f", "../../build.ninja", "-n"])
    print(out.strip().splitlines()[-1])
    return "no work to do" in out


def test_why(kslice):
    out = run([kslice, "why", "net", "tcp_sendmsg_locked"])
    print(out)
    return out.rstrip().endswith("exported call") and "through field struct proto:sendmsg of tcp_prot" in out


def test_name(kslice):
    made = f"{REPO}/generated/net"
    before = {n: open(f"{made}/{n}", "rb").read() for n in os.listdir(made)}
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(f"{REPO}/specs/net.config", tmp)
        spec = json.load(open(f"{REPO}/specs/net.json"))
        spec["calls"].remove("sendmmsg")
        with open(f"{tmp}/net.json", "w") as f:
            json.dump(spec, f)
        r = subprocess.run([kslice, "check", f"{tmp}/net.json"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    print(r.stderr)
    after = {n: open(f"{made}/{n}", "rb").read() for n in os.listdir(made)}
    return r.returncode == 1 and "specs/net.json" in r.stderr and "cure: give it another name" in r.stderr and after == before


if not globals()["test_" + sys.argv[1]](os.path.abspath(sys.argv[2])):
    sys.exit("failed")
