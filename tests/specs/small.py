#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""small.py: a spec of another subsystem stays small, else describing one takes a reader of the kernel: at most 30 lines, its fragment 20, none
of more than 180 characters; each has its program, NAME.sh, whose first comment says how it is known that the domain served it."""
import glob
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
LINES = {".json": 30, ".config": 20}
COLUMNS = 180


def lines_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read().splitlines()


def complaints(stem):
    for end, most in LINES.items():
        path = stem + end
        if not os.path.exists(path):
            yield f"{path}: no such file"
            continue
        lines = lines_of(path)
        if len(lines) > most:
            yield f"{path}: {len(lines)} lines, the limit is {most}"
        yield from (f"{path}:{n}: {len(line)} characters, the limit is {COLUMNS}" for n, line in enumerate(lines, 1) if len(line) > COLUMNS)
    if not os.path.exists(stem + ".sh"):
        yield f"{stem}.sh: no such file: a program that uses the domain"
    elif not any(line.startswith("# ") for line in lines_of(stem + ".sh")[2:3]):
        yield f"{stem}.sh: its first comment must say how it is known that the domain served the program"


def main():
    stems = [path[:-5] for path in sorted(glob.glob(f"{HERE}/*.json"))]
    bad = [text for stem in stems for text in complaints(stem)]
    print(f"{len(stems)} specs")
    sys.exit("\n".join(bad) or not stems)


main()
