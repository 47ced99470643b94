#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""test_spec.py NAME TEST KSLICE: a domain's spec itself.

bad          the spec with one error, in every possible place: refused with place, cause and cure
name         another spec of the same name is refused before it overwrites generated/NAME
work         what a slice costs, counted: cold every unit is read, again none, with one file touched that one; then
             calls, cuts and groups that only the tree can tell are wrong: refused, and what was there stays
"""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

REPO = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
sys.path[:0] = [f"{REPO}/tests/bench", f"{REPO}/tests/common"]
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def run(argv, **env):
    return subprocess.run(argv, text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=dict(os.environ, **env))


def refused(r, what, pattern):
    check(r.returncode == 1, f"{what}: status {r.returncode}")
    check(re.search(pattern, r.stderr), f"{what}: wanted /{pattern}/, got:\n{r.stderr}")
    check("cure:" in r.stderr, f"{what}: no cure in:\n{r.stderr}")


# ---- one thing wrong ----

def nodes(value, path=()):
    yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, v in inner:
        yield from nodes(v, (*path, key))


def changed(spec, path, edit):
    """A copy of spec in which edit(container, key) was done to what lies at path."""
    copy = json.loads(json.dumps(spec))
    at = copy
    for key in path[:-1]:
        at = at[key]
    edit(at, path[-1])
    return copy


def pointer(path):
    return "/" + "/".join(str(k) for k in path)


def own_group(path, value):
    """In an annotation group that stands in the spec itself: tests/stubs/generator_test.sh has those."""
    return path[:1] == ("annotations",) and (len(path) > 2 or isinstance(value, dict))


def wrong_types(spec):
    """Every value as one of another type. Where a name may be a list as well, a list of numbers is neither."""
    for path, value in nodes(spec):
        if not path or own_group(path, value):
            continue
        for other in (5, "x y") if isinstance(value, dict) else (5, [1]) if isinstance(value, str) else (5, {"x": []}):
            yield f"{pointer(path)} = {other}", changed(spec, path, lambda c, k: c.__setitem__(k, other)), \
                rf":\d+: {pointer(path[:1])}"


def unknown_keys(spec):
    for path, value in nodes(spec):
        if isinstance(value, dict) and path[:1] != ("devices",) and not own_group(path, value):  # a device's keys are its driver's affair
            bad = changed(spec, (*path, "colour"), lambda c, k: c.__setitem__(k, "x"))
            yield f"{pointer(path)}: colour", bad, 'unknown key "colour"'


def others(spec):
    for key in ("name", "config", "calls"):
        yield f"no {key}", {k: v for k, v in spec.items() if k != key}, f'key "{key}" is missing'
    yield "no calls", dict(spec, calls=[]), "/calls"
    yield "a call twice", dict(spec, calls=[*spec["calls"], spec["calls"][0]]), "is listed twice"
    yield "no such config", dict(spec, config="nowhere.config"), "nowhere.config"
    yield "no such cut group", dict(spec, cuts=[*spec.get("cuts", []), "no-such-group"]), "no-such-group"
    route = {"call": "no_such_call", "arg": "x", "values": ["0"]}
    yield "route of no call", dict(spec, routes=[*spec.get("routes", []), route]), '"no_such_call" is not one of the calls'


def test_bad(name, kslice):
    spec = json.load(open(f"{REPO}/specs/{name}.json"))
    count = 0
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(f"{REPO}/specs/{spec['config']}", tmp)
        path, out = f"{tmp}/{name}.json", f"{tmp}/out"

        def slice_text(text):
            with open(path, "w") as f:
                f.write(text)
            return run([kslice, "slice", "--out", out, path])

        for make in (wrong_types, unknown_keys, others):
            for what, bad, pattern in make(spec):
                refused(slice_text(json.dumps(bad, indent=1)), what, pattern)
                count += 1
        text = json.dumps(spec, indent=1)
        for cut in range(1, len(text), max(1, len(text) // 40)):
            refused(slice_text(text[:cut]), f"the first {cut} bytes", rf"{name}.json:\d+")
            count += 1
        check(not os.path.exists(out), "something was written")
    print(count, "bad specs")
    check(count > 60, "too few")


def test_name(name, kslice):
    made = f"{REPO}/generated/{name}"
    before = {n: open(f"{made}/{n}", "rb").read() for n in os.listdir(made)}
    spec = json.load(open(f"{REPO}/specs/{name}.json"))
    with tempfile.TemporaryDirectory() as tmp:
        shutil.copy(f"{REPO}/specs/{spec['config']}", tmp)
        with open(f"{tmp}/{name}.json", "w") as f:
            json.dump(dict(spec, calls=spec["calls"][:-1]), f)
        r = run([kslice, "slice", "--out", f"{tmp}/out", f"{tmp}/{name}.json"])
    refused(r, "another spec of that name", rf"specs/{name}.json[^$]*cure: give it another name")
    after = {n: open(f"{made}/{n}", "rb").read() for n in os.listdir(made)}
    check(before == after, f"{made} was changed")


# ---- what a slice costs ----

class Trial:
    """A repo of its own, what the slicer reads of it copied, with a cache of its own beside a tree of its own."""

    def __init__(self, tmp, name, kslice):
        self.tmp, self.name, self.kslice, self.out = tmp, name, kslice, f"{tmp}/out"
        self.env = {"KSLICE_REPO": f"{tmp}/repo", "KSLICE_CACHE": f"{tmp}/cache"}
        os.makedirs(f"{tmp}/repo/generated")
        os.makedirs(f"{tmp}/repo/build")
        os.symlink(os.path.dirname(kslice), f"{tmp}/repo/build/bin")
        for part in ("specs", "runtime", "kernel-tree", "generated"):
            shutil.copytree(f"{REPO}/{part}", f"{tmp}/repo/{part}", symlinks=True, dirs_exist_ok=True)
        self.spec = json.load(open(f"{REPO}/specs/{name}.json"))

    def slice(self):
        return run([self.kslice, "slice", f"--tree={self.tmp}/tree", f"--out={self.out}", f"{self.tmp}/repo/specs/{self.name}.json"],
                   **self.env)

    def facts(self):
        """Units whose facts are in the cache, each with what tells whether they were written again."""
        found = glob.glob(f"{self.tmp}/cache/kbuild/*/facts/*.facts")
        return {f: (os.stat(f).st_ino, os.stat(f).st_mtime_ns) for f in found if not os.path.basename(f).startswith("pool-")}

    def tree(self):
        """Every file of the sliced tree with its content."""
        return {os.path.join(d, n): open(os.path.join(d, n), "rb").read()
                for d, _, names in os.walk(f"{self.out}/tree") for n in names}

    def write(self, spec):
        with open(f"{self.tmp}/repo/specs/{self.name}.json", "w") as f:
            json.dump(spec, f, indent=1)


def counted(t, touched):
    r = t.slice()
    if r.returncode:
        sys.exit(f"a cold slice fails:\n{r.stderr}")
    cold, tree, units = t.facts(), t.tree(), int(re.search(r": (\d+) units:", r.stdout).group(1))
    print(f"cold: {units} units, {len(cold)} read")
    check(units > 100 and len(cold) == units, "not each once")
    check(t.slice().returncode == 0 and t.facts() == cold and t.tree() == tree, "unchanged, a unit is read or a file written again")
    with open(f"{t.tmp}/tree/{touched}", "a") as f:
        f.write("\n/* touched */\n")
    check(t.slice().returncode == 0, "a slice after a touch fails")
    again = t.facts()
    written = [f for f in again if again[f] != cold.get(f)]
    changed_files = [f for f, text in t.tree().items() if tree.get(f) != text]
    print(f"{touched} touched: {len(written)} units read, {len(changed_files)} files of the tree changed")
    check(len(written) == 1, "not one unit was read")
    check(len(changed_files) == 1 and changed_files[0].endswith("/" + touched), f"changed: {changed_files}")


def wrong_in_the_tree(spec):
    cuts = spec.get("cuts", [])
    yield "no such call", dict(spec, calls=[*spec["calls"], "no_such_call"]), "no_such_call"
    yield "a cut of nothing", dict(spec, cuts=[*cuts, {"drop": "nowhere_to_be_found"}]), \
        'the tree has no name "nowhere_to_be_found", in any configuration'
    yield "nothing to keep", dict(spec, keep=[*spec.get("keep", []), "nowhere_to_be_found"]), "nowhere_to_be_found"
    yield "no such annotations", dict(spec, annotations=[*spec.get("annotations", []), "no-such-group"]), "no-such-group"
    yield "no annotations", {k: v for k, v in spec.items() if k != "annotations"}, "unsure|without a test|is not known"


def test_work(name, kslice):
    import slicing
    tree = os.path.realpath(f"{REPO}/kernel-tree/linux")
    first = slicing.first_file(name)
    with tempfile.TemporaryDirectory(prefix="kslice-work", dir=os.path.dirname(tree)) as tmp:
        slicing.farm(tree, f"{tmp}/tree", first)
        t = Trial(tmp, name, kslice)
        counted(t, first)
        sliced = t.tree()
        for what, spec, pattern in wrong_in_the_tree(t.spec):
            t.write(spec)
            refused(t.slice(), what, pattern)
            check(t.tree() == sliced, f"{what}: the sliced tree was changed")


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: test_spec.py NAME TEST KSLICE")
    globals()["test_" + sys.argv[2]](sys.argv[1], os.path.abspath(sys.argv[3]))
    print("failures:", len(failures))
    return 1 if failures else 0


sys.exit(main())
