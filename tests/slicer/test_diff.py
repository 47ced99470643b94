#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""`kslice diff` on the mini tree and a copy with changes of each kind. usage: test_diff.py KSLICE WORKDIR"""
import json
import os
import re
import shutil
import subprocess
import sys

from mini_tree import HERE, make_compdb

CALLS = "49\tcommon\tbind\tsys_bind\n50\tcommon\tcuts\tsys_cuts\n51\tcommon\tfar\tsys_far\n52\tcommon\tdoor\tsys_door\n"
PARAMETERS = {"bind": "family", "cuts": "a", "far": "a", "door": "number"}
# file, what it says, what the new tree says instead
EDITS = (
    # the text of a function, and no more than its white space and comments
    ("lib/forms.c", "return p.x + p.y;", "return p.x  +\t/* the same */ p.y;"),
    ("kernel/cuts.c", "return r + lib_answer(a);", "return r + 0 + lib_answer(a);"),
    # a macro, an inline function, a structure, and what only names them
    ("include/linux/net.h", "return ops->bind(arg);", "return ops->bind(arg + 0);"),
    ("include/linux/net.h", "struct family {\n", "struct family {\n\tlong added;\n"),
    # names in these aren't those of types and constants: nothing depends on them
    ("include/linux/net.h", "struct family {\n", "typedef void handler_t(int family);\nenum {\n#define EACH(x, arg) x\n\tEACH(FIRST, f)\n};\nstruct family {\n"),
    # a function goes, another comes
    ("net/inet.c", "static int inet_bind(int arg)", "static int inet_bind_new(int arg)"),
    ("net/inet.c", ".bind = inet_bind,", ".bind = inet_bind_new,"),
    # a call's parameter gets another type on the wire
    ("net/core.c", "SYSCALL_DEFINE1(bind, int, family)", "SYSCALL_DEFINE1(bind, long, family)"),
    # a cut loses what it cuts
    ("include/linux/net.h", "\thook_note(x);", "\t;"),
    # another finds it under its other name
    ("net/inet.c", "static int inet_extra(void)", "static int inet_extra_new(void)"),
    ("net/inet.c", "module_init(inet_extra)", "module_init(inet_extra_new)"),
)
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def make_tree(work, name):
    tree = f"{work}/{name}"
    shutil.copytree(f"{HERE}/mini", tree)
    os.makedirs(f"{tree}/arch/x86/entry/syscalls")
    with open(f"{tree}/arch/x86/entry/syscalls/syscall_64.tbl", "w") as f:
        f.write(CALLS)
    os.makedirs(f"{work}/objs-{name}")
    make_compdb(tree, f"{work}/objs-{name}", f"{tree}/compile_commands.json")
    return tree


def make_spec(work):
    spec = json.load(open(f"{HERE}/mini.json"))
    del spec["routes"]  # their constants are of headers that no annotation names
    spec["annotations"] = [{"calls": {c: {"result": "int", "test": {"bases": [{"name": "one", "args": {PARAMETERS[c]: 1}}]}} for c in spec["calls"]}}]
    spec["cuts"][spec["cuts"].index({"drop": "inet_extra"})] = {"drop": ["inet_extra", "inet_extra_new"], "any": True}
    for name in ("mini.config", "cuts", "registries"):
        os.symlink(f"{HERE}/{name}", f"{work}/{name}")
    with open(f"{work}/mini.json", "w") as f:
        json.dump(spec, f)
    return f"{work}/mini.json"


def edit(tree):
    for path, old, new in EDITS:
        text = open(f"{tree}/{path}").read()
        check(old in text, f"the mini tree's {path} has no {old!r}: correct this test")
        with open(f"{tree}/{path}", "w") as f:
            f.write(text.replace(old, new, 1))


def diff(kslice, spec, old, new, *more):
    return subprocess.run([kslice, "diff", spec, "--compdb", "compile_commands.json", "--from", old, "--to", new, *more], text=True, capture_output=True)


def names(items):
    return {i["name"] for i in items}


def look(r):
    print(json.dumps(r, indent=1))
    calls = {c["name"]: c for c in r["calls"]}
    check(calls.keys() == {"bind"} and calls["bind"]["is"] == "changed" and any('"s64"' in w for w in calls["bind"]["what"]), "the wire of bind")
    check(names(r["functions"]["new"]) == {"inet_bind_new"}, "new functions")
    check(names(r["functions"]["gone"]) == {"inet_bind"}, "gone functions")
    check([c["symbol"] for c in r["cuts"]["gone"]] == ["hook_note"] and not r["cuts"]["new"], "cuts that match no more")
    because = {c["name"]: " ".join(c["because"]) for c in r["changed"]}
    check("text" in because.get("__do_sys_cuts", "") + because.get("sys_cuts", ""), "a changed text")
    check("bind_any (include/linux/net.h)" in because.get("use_family", ""), "a changed inline function")
    check("struct family (include/linux/net.h)" in because.get("register_family", ""), "a changed structure")
    others = {b for c in r["changed"] for b in c["because"]} - {"text"}
    known = {"bind_any (include/linux/net.h)", "struct family (include/linux/net.h)", "through_header (include/linux/net.h)"}
    check(others == known, f"what else is given as a reason: {others - known}")
    check(not any("forms.c" in c["file"] for c in r["changed"]), "white space and comments aren't a change")
    check(r["from"]["functions"] == r["to"]["functions"] > 20, "the number of functions")


def main():
    kslice, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    os.environ.update(KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache")
    old, new, spec = make_tree(work, "old"), make_tree(work, "new"), make_spec(work)
    r = diff(kslice, spec, old, new, "--json")
    check(r.returncode == 0 and not json.loads(r.stdout)["changed"], f"equal trees differ: {r.stdout} {r.stderr}")
    edit(new)
    r = diff(kslice, spec, old, new, "--json")
    check(r.returncode == 0, f"status {r.returncode}: {r.stderr}")
    look(json.loads(r.stdout))
    text = diff(kslice, spec, old, new).stdout
    check("Functions that are gone: 1\n  inet_bind " in text and "Cuts that match nothing any more: 1\n  drop     hook_note" in text, "the table:\n" + text)
    check(re.search(r"^from .*: \d+ functions, .* \d+\.\d% of the configuration's$", text, re.M), "the share:\n" + text)
    check("warning" not in r.stderr, f"shares within three points: {r.stderr}")
    with open(f"{new}/lib/forms.c", "a") as f:
        f.writelines(f"int nobody_{i}(void);\nint nobody_{i}(void)\n{{\n\treturn {i};\n}}\n" for i in range(100))
    r = diff(kslice, spec, old, new)
    check(re.search(r"warning: .*/old keeps \d+\.\d% of the functions, .*/new \d+\.\d%", r.stderr), f"shares that differ: {r.stderr}")
    r = diff(kslice, spec, old, new, "--to", f"{work}/none")
    check(r.returncode == 1 and "no" in r.stderr.lower(), "a tree that isn't there: " + r.stderr)
    os.remove(f"{new}/arch/x86/entry/syscalls/syscall_64.tbl")
    r = diff(kslice, spec, old, new, "--json")
    check(r.returncode == 1 and json.loads(r.stdout)["calls"] is None and names(json.loads(r.stdout)["functions"]["new"]) == {"inet_bind_new"},
          "without stubs the rest is compared, and the command fails")
    print("failures:", len(failures))
    return 1 if failures else 0


sys.exit(main())
