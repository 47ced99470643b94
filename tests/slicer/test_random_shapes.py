#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Random programs (random_shapes.py), whole and sliced: each call prints the same, and the check of `kslice build`
finds nothing.

A seed makes a program and slices it for a few random sets of its calls.

usage: test_random_shapes.py KSLICE WORKDIR [SEED]
KSLICE_RANDOM=N: N programs (default 6), seeds SEED, SEED + 1, ... (default 1). A failure names its seed and leaves the
trees in WORKDIR/SEED: run the test with KSLICE_RANDOM=1 and that seed, and make a shape of what it found (shapes/).
"""
import json
import os
import random
import re
import shutil
import sys

from random_shapes import Program
from shapes_common import build_sliced, build_whole, kslice, run, write_commands, write_main

SPECS = 3


class Failed(Exception):
    pass


def need(ok, what):
    if not ok:
        raise Failed(what)


def write_tree(program, tree):
    for path, text in program.files.items():
        os.makedirs(os.path.dirname(f"{tree}/{path}"), exist_ok=True)
        with open(f"{tree}/{path}", "w") as f:
            f.write(text)


def check_spec(binary, program, work, calls):
    tree, objs, out = f"{work}/tree", f"{work}/objs", f"{work}/out"
    write_main(tree, calls)
    commands = write_commands(tree, objs, f"{work}/compile_commands.json")
    with open(f"{work}/r.json", "w") as f:
        json.dump({"name": "r", "config": "r.config", "calls": calls}, f)
    open(f"{work}/r.config", "w").close()
    error = build_whole(commands, objs, f"{work}/whole")
    need(not error, f"the generator made a bad program: {error}")
    for command in ("slice", "verify"):
        r = kslice(binary, command, work)
        need(r.returncode == 0, f"kslice {command}: {r.stdout}")
    error = build_sliced(out, f"{work}/sliced")
    need(not error, error)
    for i, call in enumerate(calls):
        whole, sliced = run([f"{work}/whole", str(i)]), run([f"{work}/sliced", str(i)])
        need(whole.returncode == 0, f"the generator made a bad program: {call}: {whole.returncode} {whole.stdout}")
        need((whole.stdout, whole.returncode) == (sliced.stdout, sliced.returncode),
             f"{call}: whole {whole.stdout!r}, sliced {sliced.stdout!r} {sliced.returncode}")
    text = "".join(open(os.path.join(d, n)).read() for d, _, ns in os.walk(f"{out}/tree/kernel") for n in ns)
    return len(re.findall(r"^\{", text, re.M))


def check_seed(binary, seed, work):
    rng = random.Random(seed)
    program = Program(rng)
    shutil.rmtree(work, ignore_errors=True)
    write_tree(program, f"{work}/tree")
    counts = []
    for n in range(SPECS):
        calls = sorted(rng.sample(program.calls, rng.choice([1, 2, len(program.calls)])))
        try:
            counts.append(check_spec(binary, program, work, calls))
        except Failed as e:
            raise Failed(f"spec {n} ({', '.join(calls)}): {e}") from e
    print(f"seed {seed}: functions kept {counts}", flush=True)
    return max(counts) - min(counts)


def main():
    binary, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    n, spread, failures = int(os.environ.get("KSLICE_RANDOM", 6)), 0, 0
    for seed in range(first, first + n):
        try:
            spread = max(spread, check_seed(binary, seed, f"{work}/{seed}"))
            shutil.rmtree(f"{work}/{seed}")
        except Failed as e:
            failures += 1
            print(f"FAIL: seed {seed}: {e}\n  see {work}/{seed}", flush=True)
    if not failures and n > 3 and spread < 3:
        print("FAIL: all slices are alike: this shows nothing")
        failures = 1
    print("failures:", failures)
    return 1 if failures else 0


sys.exit(main())
