#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Random trees, random roots, random cuts: invariants of the emitted source text.

A seed makes a tree of random forms (random_tree.py), then a number of specs with random roots ("keep") and
cuts. Every fourth seed does that with the mini tree beside this file. For each slice, compared with the closure that the random
tree computes itself:
- what is kept is there exactly once, with identical text (except deleted calls and elements);
- nothing of what is dead is there; preprocessor lines of #define and #undef are, and #if and #endif balance;
- it is the original's text with pieces left out: nothing added, nothing moved;
- it compiles with no warning that the original doesn't give, and nothing becomes undefined.

usage: test_random.py KSLICE WORKDIR [SEED]
KSLICE_RANDOM=N: N trees (default 4, some seconds), seeds SEED, SEED + 1, ... (default 1). A failure names its
seed and leaves the tree and the slice in WORKDIR/SEED: run the test with KSLICE_RANDOM=1 and that seed.
"""
import json
import os
import random
import re
import shutil
import subprocess
import sys

from random_tree import Tree

HERE = os.path.dirname(os.path.abspath(__file__))
SPECS = 5 # of one tree
RUNTIME = "arch/mini/kernel/main.c"
TOKEN = r"\w+|[^\w\s]"
# An assertion keeps what it names; the compiler may find that nothing else needs it.
FLAGS = ("-Wall -Wextra -Wno-unneeded-internal-declaration -Wno-unused-parameter -Wno-unused-but-set-variable -Wno-unused-but-set-parameter "
         "-Wno-infinite-recursion -O1 -fno-pie").split()


class Failed(Exception):
    pass


def need(ok, what):
    if not ok:
        raise Failed(what)


def run(argv, **kw):
    return subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def object_name(source):
    return source.replace("/", "_")[:-1] + "o"


def compile_all(tree, cs, objdir):
    """What the compiler warns of, without places, and what stays undefined."""
    shutil.rmtree(objdir, ignore_errors=True)
    os.makedirs(objdir)
    said = ""
    for c in cs:
        r = run(["clang-19", *FLAGS, f"-I{tree}/include", "-c", "-o", object_name(c), f"{tree}/{c}"], cwd=objdir)
        said += r.stdout
        need(r.returncode == 0, f"{tree} doesn't compile:\n{said}")
    objs = [f"{objdir}/{n}" for n in os.listdir(objdir)]
    table = run(["llvm-nm-19", "--no-sort", *objs]).stdout
    names = {kind: set() for kind in "UD"}
    for m in re.finditer(r"^[0-9a-f ]{16} (\w) (\S+)$", table, re.M):
        names["U" if m[1] == "U" else "D"].add(m[2])
    return set(re.findall(r"warning: (.*)", said)), names["U"] - names["D"]


def units(t):
    return [c for c in t.files if c.endswith((".c", ".S")) and not c.endswith("/part.c")]


def write_tree(t, work):
    tree = f"{work}/tree"
    shutil.rmtree(work, ignore_errors=True)
    for path, text in {"include/linux/compiler.h": "", **t.files}.items(): # that is how kslice knows a kernel tree
        os.makedirs(os.path.dirname(f"{tree}/{path}"), exist_ok=True)
        with open(f"{tree}/{path}", "w") as f:
            f.write(text)
    os.makedirs(f"{work}/objs")
    commands = [{"directory": f"{work}/objs", "file": f"{tree}/{c}",
                 "command": " ".join(["clang-19", *FLAGS, f"-I{tree}/include", "-c", "-o",
                                      object_name(c), f"{tree}/{c}"])}
                for c in units(t)]
    with open(f"{work}/compile_commands.json", "w") as f:
        json.dump(commands, f)
    with open(f"{work}/r.config", "w"):
        pass
    return tree


def make_spec(t, rng, path):
    """(roots, names a cut drops, names whose body a cut empties => what it names then)"""
    roots = rng.sample([d for d in t.defs if not d.static and d.kind != "fixed"], rng.choice([0, 1, 1, 2, 3, 5, 8, 20]))
    called = {n for d in t.defs for n in d.calls}
    dropped = {n for n in sorted(called) if rng.random() < 0.4}
    cuts = [{"drop": n, "value": "0"} if n.startswith("gone_i") else {"drop": n} for n in sorted(dropped)]
    plain = [d for d in t.defs if d.kind == "func" and not d.static and d.text.startswith(f"int {d.name}(")]
    emptied = rng.sample(plain, min(len(plain), rng.choice([0, 0, 1, 3])))
    names = {}
    for d in emptied:
        value = rng.choice([None, "7", "zero(x)"])
        cuts.append({"return": d.name, "value": value} if value else {"trap": d.name})
        names[d.name] = [t.zero] if value == "zero(x)" else []
    with open(path, "w") as f:
        json.dump({"name": "r", "config": "r.config", "calls": ["it"], "keep": [d.name for d in roots], "cuts": cuts}, f)
    return roots, dropped, names


def is_subsequence(part, whole, extra):
    it = iter(whole)
    for token in part:
        if token not in extra and token not in it:
            return token
    return None


def check_kept(t, d, text, kept, reads, dropped, emptied):
    where = f"{d.name} in {d.file}"
    need(str(d.mark) in text or d.name in emptied, f"{where} is missing")
    gone = [f for field, f in d.held if field not in reads and f not in kept]
    inner = [f for field, f in d.held if d.nested and field[1] != "c"]
    if set(inner) & set(gone) and not reads & {("ops1", "in.a"), ("ops1", "in.b")}:
        gone += inner # nobody reads .in: it goes as a whole
    for field, f in d.held:
        there = re.search(rf"= {f.name}\b", text[text.index(f"/* {d.mark} */"):].split("};")[0] + "}")
        stays = f not in gone
        need(bool(there) == stays, f"{where}: member {field[1]} = {f.name} should {'stay' if stays else 'go'}")
    if d.calls & dropped:
        m = re.search(r"\b(?:%s)\(" % "|".join(d.calls & dropped), text)
        whole = t.files[d.file]
        need(not m or m[0] in re.sub(r"\b(void|int) (gone_\w+)\(int", r"", whole) and d.file == "d1/f1.c",
             f"{where}: a dropped call is still there")
    elif d.name not in emptied and not gone:
        need(text.count(d.left or d.text) == 1, f"{where} is there {text.count(d.left or d.text)} times as it was")


def check_text(t, path, text, kept, reads, dropped, emptied):
    whole = t.files[path]
    for d in t.order[path]:
        if d in kept:
            check_kept(t, d, text, kept, reads, dropped, emptied)
        else:
            need(str(d.mark) not in text, f"{d.name} in {path} is dead, and its text still there")
    check_form(path, text, whole, dropped or emptied)


def without_traps(text):
    """Dead slots call a function that stands above their table."""
    text = re.sub(r"static void __attribute__\(\(noreturn\)\) sd_dead_\w+\(void\)\n\{\n.*\n\n.*\n\}\n\n?", "", text)
    return re.sub(r"\(void \*\)sd_dead_\w+", "", text)


def check_form(path, text, whole, cut):
    text = without_traps(text)
    lines = [l for l in whole.split("\n") if re.match(r"#\s*(define|undef)\b", l)]
    for l in lines:
        need(text.count(l) == whole.count(l), f"{path}: {l} is gone")
    depth = 0
    for l in text.split("\n"):
        depth += l.startswith("#if") - l.startswith("#endif")
        need(depth >= 0 and (l[:3] != "#el" or depth), f"{path}: {l} without its #if")
    need(depth == 0, f"{path}: #if without #endif")
    if not cut:
        # the ; of a type that loses its variable is new
        token = is_subsequence(re.findall(TOKEN, text), re.findall(TOKEN, whole), ";")
        need(token is None, f"{path}: {token} isn't of the original text, or at another place")


def check_output(t, work, live, warned, undefined):
    w, u = compile_all(f"{work}/out/tree", [c for c in units(t) if c in live], f"{work}/slice-objs")
    need(w <= warned, f"new warnings: {w - warned}")
    need(u <= undefined, f"undefined now: {u - undefined}")


def slice_it(kslice, work):
    r = run([kslice, "slice", "-j1", "--tree", f"{work}/tree", "--compdb", f"{work}/compile_commands.json", "--out",
             f"{work}/out", f"{work}/r.json"])
    need(r.returncode == 0, f"kslice slice: {r.stdout}")


def check_slice(kslice, t, work, rng, warned, undefined):
    roots, dropped, emptied = make_spec(t, rng, f"{work}/r.json")
    kept, reads, files = t.kept(roots, dropped, emptied)
    slice_it(kslice, work)
    for path in t.order:
        out = f"{work}/out/tree/{path}"
        need(os.path.exists(out) == (path in files), f"{path} should {'be' if path in files else 'not be'} in the slice")
        if path in files:
            with open(out) as f:
                check_text(t, path, f.read(), kept, reads, dropped, emptied)
    check_output(t, work, files | {RUNTIME}, warned, undefined)
    return len(kept)


class Mini:
    """The mini tree of test_mini.py with a runtime that names nothing, so that any roots can be tried."""
    def __init__(self):
        self.files = {}
        for folder, _, names in os.walk(f"{HERE}/mini"):
            for name in names:
                with open(f"{folder}/{name}") as f:
                    self.files[os.path.relpath(f"{folder}/{name}", f"{HERE}/mini")] = f.read()
        self.files[RUNTIME] = ("void sd_trap(const char *name) __attribute__((noreturn));\n"
                               "void sd_trap(const char *name)\n{\n\tfor (;;)\n\t\t;\n}\n")
        text = "".join(t for p, t in sorted(self.files.items()) if p.endswith(".c"))
        self.names = re.findall(r"^(?:int|long|void|const char \*)\s*(?:__weak )?(\w+)\(.*\) /\*", text, re.M)
        with open(f"{HERE}/mini.json") as f:
            self.cuts = json.load(f)["cuts"]


def check_mini(kslice, t, work, rng, warned, undefined):
    cuts = [] if rng.random() < 0.5 else t.cuts
    keep = rng.sample(t.names, rng.choice([1, 2, 3, 5, 8, len(t.names)]))
    with open(f"{work}/r.json", "w") as f:
        json.dump({"name": "r", "config": "r.config", "calls": rng.sample(["bind", "cuts", "unlisted"], rng.choice([1, 2, 3])),
                   "keep": keep, "cuts": cuts}, f)
    shutil.copytree(f"{HERE}/cuts", f"{work}/cuts", dirs_exist_ok=True)
    slice_it(kslice, work)
    live = {p for p in t.files if os.path.exists(f"{work}/out/tree/{p}")}
    kept = 0
    for path in live:
        with open(f"{work}/out/tree/{path}") as f:
            text = f.read()
        kept += text.count("expect:")
        if path.endswith(".c"):
            check_form(path, text, t.files[path], cuts)
    text = "".join(open(f"{work}/out/tree/{p}").read() for p in live if p.endswith(".c"))
    for n in keep:
        need(re.search(rf"^\w.*\b{n}\(.*\) /\*", text, re.M), f"{n} is missing")
    check_output(t, work, live, warned, undefined)
    return kept


def check_seed(kslice, seed, work, mini):
    rng = random.Random(seed)
    t = Mini() if mini else Tree(rng)
    write_tree(t, work)
    os.environ.update(KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache")
    warned, undefined = compile_all(f"{work}/tree", units(t), f"{work}/whole-objs")
    counts = []
    for n in range(SPECS):
        try:
            counts.append((check_mini if mini else check_slice)(kslice, t, work, rng, warned, undefined))
        except Failed as e:
            raise Failed(f"spec {n}: {e}") from e
    print(f"seed {seed}: {'mini tree, lines' if mini else f'{len(t.defs)} definitions,'} kept {counts}")
    return max(counts) - min(counts)


def main():
    kslice, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    n, spread, failures = int(os.environ.get("KSLICE_RANDOM", 4)), 0, 0
    for seed in range(first, first + n):
        try:
            spread = max(spread, check_seed(kslice, seed, f"{work}/{seed}", seed % 4 == 0))
            shutil.rmtree(f"{work}/{seed}")
        except Failed as e:
            failures += 1
            print(f"FAIL: seed {seed}: {e}\n  see {work}/{seed}")
    if not failures and spread < 10:
        print("FAIL: all slices are alike: this shows nothing")
        failures = 1
    print("failures:", failures)
    return 1 if failures else 0


sys.exit(main())
