#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""lint.py: house rules that a machine can check: files below 800 lines, functions below 80, an SPDX line at the top, GPL or MIT by folder,
no include of a higher layer, Debian's Python. Functions in generated/ may be longer: a switch there has a case for every request."""
import os
import re
import subprocess
import sys

FILE_LINES, FUNCTION_LINES = 800, 80
CHECKED = re.compile(r"\.(c|h|S|sh|py|cmake)$|(^|/)(CMakeLists\.txt|Makefile|Kconfig|Kbuild)$")
SPDX = "SPDX-License-Identifier: "
# By folder: what programs link is MIT, the rest GPL. Build files and headers of the kernel side may be either. The first that matches.
LICENCES = (
    (re.compile(r"(^|/)(CMakeLists\.txt|Kbuild|Makefile)$"), None),
    (re.compile(r"^runtime/include/sd/(.*serve.*|remote\.h)$"), None),
    (re.compile(r"^runtime/(client|core|include|port)/"), "MIT"),
    (re.compile(r"^(slicer|runtime/(supervisor|arch|kernel)|tests)/"), "GPL-2.0"),
)
# Arrows point one way: specs -> slicer -> generated -> runtime/core -> include/sd -> port.
UPWARD = (
    ("runtime/core/", r"\.\./(client|kernel|machine|supervisor|arch|transport)/", "core includes only sd/*"),
    ("runtime/include/", r"\.\./|core/|client/|kernel/", "include/sd includes only sd/* and port"),
    ("slicer/", r".*(runtime|generated)/", "the slicer includes nothing of the runtime"),
    ("runtime/", r".*(tests|slicer)/", "nothing includes tests or the slicer"),
)
# Programs in tests/user/cases and e2e take what users have.
PYTHON = re.compile(r"^#!.*env |(COMMAND |[|($] *|^\s+)python3( |$)")
PYTHON_FREE = ("tests/user/cases/", "tests/e2e/")
BEGINS, ENDS = re.compile(r"\{|[a-z].*\) \{$"), "}"


def long_functions(lines):
    start = None
    for n, line in enumerate(lines, 1):
        if BEGINS.match(line):
            start = n
        elif line.startswith(ENDS) and start:
            if n - start > FUNCTION_LINES:
                yield start, n - start
            start = None


def licence_wanted(path):
    return next((want for folder, want in LICENCES if folder.search(path)), None)


def complaints(path, lines):
    top = [line for line in lines[:3] if SPDX in line]
    want = licence_wanted(path)
    if not top:
        yield "no SPDX line in its first three lines"
    elif want and not any(want in line.split(SPDX)[1] for line in top):
        yield f"the licence of this folder is {want}"
    if len(lines) >= FILE_LINES:
        yield f"{len(lines)} lines, the limit is {FILE_LINES}"
    if path.endswith((".c", ".h")) and not path.startswith("generated/"):
        for start, n in long_functions(lines):
            yield f"line {start}: function of {n} lines, the limit is {FUNCTION_LINES}"
    if path.endswith((".c", ".h", ".S")):
        for folder, pattern, what in UPWARD:
            if path.startswith(folder):
                include = re.compile(rf"\s*#\s*include\s+[<\"]({pattern})")
                yield from (f"line {n}: {what}: {line}" for n, line in enumerate(lines, 1) if include.match(line))
    elif not path.startswith(PYTHON_FREE):
        yield from (f"line {n}: /usr/bin/python3, not what PATH has: {line}" for n, line in enumerate(lines, 1) if PYTHON.search(line))


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], capture_output=True, text=True, check=True).stdout.splitlines()
    # The slicer's inputs are test data: they stand for a kernel tree, and some are bad on purpose.
    paths = [p for p in listed if CHECKED.search(p) and os.path.isfile(p) and not os.path.islink(p) and not re.match(r"tests/slicer/.*/", p)]
    bad = 0
    for path in paths:
        with open(path, encoding="utf-8", errors="replace") as f:
            lines = f.read().splitlines()
        for text in complaints(path, lines):
            print(f"lint: {path}: {text}", file=sys.stderr)
            bad += 1
    print(f"{len(paths)} files")
    return 1 if bad or not paths else 0


sys.exit(main())
