#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""names.py [FILE...]: every file that a comment or a document names exists: in the repo, in the kernel tree, among build
products, or in the system's include folders. A name without a folder may be in any folder; one with folders must be the end of a
path in the repo."""
import glob
import os
import re
import subprocess
import sys

NAME = re.compile(r"(?<![\w/.*<$~%-])((?:[A-Za-z0-9_][\w.-]*/)*[A-Za-z0-9_][\w-]*\.(?:c|h|sh|py|S|md|cmake|json|config|ld|lds))(?![\w/*(-]|\.\w)")
COMMENT = {
    ".c": re.compile(r"/\*.*?\*/|//[^\n]*", re.S),
    ".py": re.compile(r"^\s*#[^\n]*|\"\"\".*?\"\"\"", re.S | re.M),
    ".sh": re.compile(r"(?:^|\s)#[^\n]*", re.M),
}
COMMENT[".h"] = COMMENT[".S"] = COMMENT[".c"]
COMMENT[".txt"] = COMMENT[".cmake"] = COMMENT[".sh"]
# What a build makes or a user writes, names that stand for any file, and examples.
MADE = {"compile_commands.json", "manifest.json", "edits.json", "stubs_abi.h", "linked_domains.c", "autoconf.h", "stub_ids.h", "tus.json", "mine.json", "mine.config",
        "report.html", "kdom.json", "bench.json", "smoke.json", "abi.h", "abi.json"}
SKIP = ("generated/", "tests/slicer/mini/", "tests/slicer/bad/", "tests/slicer/cuts/", "tests/fuzz/control/corpus/", "specs/cuts/")


def run(*args):
    return subprocess.run(args, capture_output=True, text=True, check=True).stdout.splitlines()


def stands_for_any(what):
    """NAME.json, dev_TYPE.c, x.c; but README.md."""
    stem = os.path.splitext(os.path.basename(what))[0]
    return len(stem) == 1 or stem == "with" or (not what.endswith(".md") and re.search(r"(?<![A-Za-z0-9])[A-Z]{4,}(?![a-z])", what.replace("_", " ")) is not None)


def tails(paths):
    """Every path, and what it ends with."""
    for path in paths:
        parts = path.split("/")
        for i in range(len(parts)):
            yield "/".join(parts[i:])


def kernel_names():
    top = os.path.join("kernel-tree", "linux")
    found = set()
    for folder, _, names in os.walk(os.path.realpath(top)):
        inside = os.path.relpath(folder, os.path.realpath(top))
        found.update(f"{inside}/{n}" for n in names if n.endswith((".c", ".h", ".S", ".sh", ".md")))
    return found


def named_in(name):
    with open(name, encoding="utf-8", errors="replace") as f:
        text = f.read()
    end = os.path.splitext(name)[1]
    parts = [(0, text)] if end == ".md" else [(m.start(), m[0]) for m in COMMENT[end].finditer(text)]
    for at, part in parts:
        for m in NAME.finditer(part):
            yield text.count("\n", 0, at + m.start()) + 1, m[1]


def unknown(names, known):
    for name in names:
        for line, what in named_in(name):
            if stands_for_any(what):
                continue
            what = re.sub("^arch/sd/rt/", "runtime/", what)
            if re.sub("^arch/sd/", "arch/", what) not in known and what not in known and os.path.basename(what) not in MADE and not os.path.exists(os.path.join("/usr/include", what)) \
                    and not os.path.exists(os.path.join("/usr/include/x86_64-linux-gnu", what)):
                yield name, line, what


def main():
    ours = run("git", "ls-files", "-co", "--exclude-standard")
    wanted = sys.argv[1:] or [n for n in ours if os.path.splitext(n)[1] in {*COMMENT, ".md"} and not n.startswith(SKIP) and os.path.exists(n)]
    bad = list(unknown(wanted, set(tails(ours))))
    if bad and glob.glob("kernel-tree/linux/Makefile"):
        kernel = set(tails(kernel_names()))
        bad = [b for b in bad if b[2] not in kernel]
    elif bad:
        print("no kernel tree: a name of one of its files counts as unknown")
    print(f"{len(wanted)} files")
    sys.exit("\n".join(f"{n}:{line}: no file {what}" for n, line, what in bad) or 0)


main()
