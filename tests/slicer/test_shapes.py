#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Shapes of C that slice wrongly if a rule is missing: whole and sliced, each must print the same.

shapes/kernel/*.c: each SYSCALL_DEFINE1 is one shape. The slice of all of them prints what the whole tree does, in a
process per shape; what is named dead_* is gone from the slice's text (but for prototypes), so that nothing
passes by being kept.

The check of `kslice build` finds nothing, either.

usage: test_shapes.py KSLICE WORKDIR
"""
import json
import os
import re
import shutil
import sys

from shapes_common import build_sliced, build_whole, kslice, run, sources, write_commands, write_main

HERE = os.path.dirname(os.path.abspath(__file__))
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def wrong_reader(work, out):
    """A slot that is read although the slice took it for dead says its name."""
    path = f"{out}/tree/kernel/elements.c"
    with open(path) as f:
        text = f.read()
    with open(path, "w") as f:
        f.write(text.replace("return after->g(x);", "return after->f(x);"))
    error = build_sliced(out, f"{work}/wrong")
    check(not error, error)
    r = run([f"{work}/wrong", str(shapes_of(f"{work}/tree").index("elem_after"))])
    check(r.returncode == 3 and r.stdout.startswith("trap after_table.f is a slot that nothing kept reads\n"), f"a dead slot that is read: {r.returncode} {r.stdout}")


def other_callee(program, work, shapes):
    """A call in a text that two units include can only be dropped if it is the same in both."""
    write_spec(work, shapes, [{"drop": "text_called_a", "value": "0"}])
    r = kslice(program, "slice", work)
    check(r.returncode == 1 and re.search(r"r.json:\d+: .*the call of text_called_a in template/table.c is another function's in "
                                          r"kernel/texts_b.c.*\n\s+cure: ", r.stdout), f"a drop in a shared text: {r.stdout}")


def write_spec(work, shapes, cuts):
    with open(f"{work}/r.json", "w") as f:
        json.dump({"name": "r", "config": "r.config", "calls": shapes, "cuts": cuts}, f)
    open(f"{work}/r.config", "w").close()


def shapes_of(tree):
    return [s for c in sources(tree) for s in re.findall(r"^SYSCALL_DEFINE1\((\w+)", open(f"{tree}/{c}").read(), re.M)]


def main():
    program, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    tree, objs, out = f"{work}/tree", f"{work}/objs", f"{work}/out"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(f"{HERE}/shapes", tree)
    shapes = shapes_of(tree)
    write_main(tree, shapes)
    commands = write_commands(tree, objs, f"{work}/compile_commands.json")
    write_spec(work, shapes, [])
    error = build_whole(commands, objs, f"{work}/whole")
    check(not error, error)
    r = kslice(program, "slice", work)
    check(r.returncode == 0, f"slice: {r.stdout}")
    if r.returncode == 0:
        error = build_sliced(out, f"{work}/sliced")
        check(not error, error)
        r = kslice(program, "verify", work)
        check(r.returncode == 0, f"the slice isn't what the whole is: {r.stdout}")
    if not failures:
        compare(work, shapes)
        for c in sources(f"{out}/tree") + ["template/table.c"]:
            left = re.findall(r"^(?!int dead_\w+\(.*\);$).*\bdead_\w+.*$", open(f"{out}/tree/{c}").read(), re.M)
            check(not left, f"{c}: still there: {left}")
        wrong_reader(work, out)
        other_callee(program, work, shapes)
    check(len(shapes) > 40, f"only {len(shapes)} shapes found")
    print(len(shapes), "shapes, failures:", len(failures))
    return 1 if failures else 0


def compare(work, shapes):
    for i, shape in enumerate(shapes):
        whole, sliced = run([f"{work}/whole", str(i)]), run([f"{work}/sliced", str(i)])
        check(whole.returncode == 0, f"{shape}: the whole program fails: {whole.stdout} {whole.returncode}")
        check((whole.stdout, whole.returncode) == (sliced.stdout, sliced.returncode),
              f"{shape}: whole prints {whole.stdout!r}, sliced {sliced.stdout!r} and ends with {sliced.returncode}")


sys.exit(main())
