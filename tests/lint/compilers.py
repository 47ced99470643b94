#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""compilers.py [COMPILER]: every host program compiles without a warning of a second compiler (clang-19). Uses the recorded
commands, for syntax and semantics only: no code is generated."""
import concurrent.futures
import json
import os
import shlex
import subprocess
import sys

BUILD = os.environ.get("KSLICE_BUILD", "build")
COMPILER = sys.argv[1] if len(sys.argv) > 1 else "clang-19"
# Options that affect code, not warnings, and options that this compiler doesn't have.
MORE = ["-fsyntax-only", "-Werror", "-Wno-unknown-warning-option", "-Wno-ignored-optimization-argument", "-Wno-unused-command-line-argument",
        "-Wno-gnu-variable-sized-type-not-at-end"]  # GNU C, which this is
UNKNOWN = ("-fno-tree-loop-distribute-patterns",)  # an error for clang, not a warning
# The sanitized twin of a file, or the same for another program: once is enough.
ONCE = ("-fsanitize", "-fno-sanitize", "-fPIE", "-fPIC", "-g", "-f", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE", "-O")


def commands():
    seen = set()
    with open(os.path.join(BUILD, "cmake/compile_commands.json")) as f:
        for entry in json.load(f):
            if not entry["file"].endswith(".c"):
                continue
            args, words = [], iter(shlex.split(entry["command"])[1:])
            for word in words:
                if word == "-o":
                    next(words)
                elif word not in ("-c", *UNKNOWN):
                    args.append(word)
            key = tuple(a for a in args if not a.startswith(ONCE))
            if key not in seen:
                seen.add(key)
                yield entry["directory"], entry["file"], args


def compile_one(one):
    directory, file, args = one
    r = subprocess.run([COMPILER, *args, *MORE], cwd=directory, capture_output=True, text=True)
    return file, r.returncode, r.stderr


def main():
    bad = n = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for file, status, said in pool.map(compile_one, commands()):
            n += 1
            if status:
                bad += 1
                print(said or f"{file}: status {status}")
    print(f"{n} compiled, {bad} with warnings")
    sys.exit(bad > 0 or n < 200)


main()
