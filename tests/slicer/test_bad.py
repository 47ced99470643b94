#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Bad input: each must be refused with place, cause and cure, status 1, and nothing written.

bad/PASS/*.json are specs that pass PASS must refuse; bad/expected.txt has the messages. Then invalid trees, sources that don't
parse, a full disk, and interrupts.
usage: test_bad.py KSLICE WORKDIR
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.argv, args = sys.argv[:1] + ["-", "-"], sys.argv
failures = 0


def check(ok, what):
    global failures
    if not ok:
        failures += 1
        print("FAIL:", what)


def load_mini():
    """test_mini's make_compdb, without running its main."""
    text = open(f"{HERE}/test_mini.py").read().replace("sys.exit(main())", "")
    scope = {"__file__": f"{HERE}/test_mini.py", "__name__": "mini"}
    exec(compile(text, "test_mini.py", "exec"), scope)
    return scope


def run(argv):
    return subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def refused(r, pattern, what, out=None):
    check(r.returncode == 1, f"{what}: status {r.returncode}")
    check(re.search(pattern, r.stderr), f"{what}: wanted /{pattern}/, got:\n{r.stderr}")
    check("cure:" in r.stderr, f"{what}: no cure in:\n{r.stderr}")
    if out:
        check(not os.path.exists(out), f"{what}: {out} was written")


def specs(kslice, common, work):
    for line in open(f"{HERE}/bad/expected.txt"):
        if line.startswith("#"):
            continue
        name, pattern = line.rstrip("\n").split("\t")
        out = f"{work}/out-bad"
        refused(run([kslice, "slice", *common, "--out", out, f"{HERE}/bad/{name}"]), pattern, name, out)
    listed = {line.split("\t")[0] for line in open(f"{HERE}/bad/expected.txt")}
    for folder, _, names in os.walk(f"{HERE}/bad"):
        for n in names:
            rel = os.path.relpath(os.path.join(folder, n), f"{HERE}/bad")
            check(n == "expected.txt" or rel in listed, f"bad/{rel} isn't in expected.txt")


def trees(kslice, common, work, tree):
    spec, out = f"{HERE}/mini.json", f"{work}/out-bad"
    refused(run([kslice, "slice", "--tree", f"{work}/nowhere", "--out", out, spec]), "No such file", "no tree", out)
    refused(run([kslice, "slice", "--tree", work, "--out", out, spec]), "not a Linux source tree", "no Linux", out)
    with open(f"{tree}/lib/forms.c", "a") as f:
        f.write("int broken(void) { return nothing_of_this_name; }\n")
    refused(run([kslice, "slice", *common, "--out", out, spec]), "lib/forms.c", "file that doesn't parse", out)
    shutil.copy(f"{HERE}/mini/lib/forms.c", f"{tree}/lib/forms.c")


def library(kslice, work, tree, db):
    """A weak definition whose strong twin is in a library."""
    commands = json.load(open(db))
    for c in commands:
        c["library"] = c["file"].endswith("kernel/strong.c")
    with open(f"{work}/library.json", "w") as f:
        json.dump(commands, f)
    refused(run([kslice, "slice", "--tree", tree, "--compdb", f"{work}/library.json", "--out", f"{work}/out-bad", f"{HERE}/mini.json"]),
            r"kernel/weak.c: lib_overridden is weak here and strong in kernel/strong.c", "a library's strong definition", f"{work}/out-bad")


def full_disk(kslice, common, work):
    """A 64 KiB file system: the old output must survive a run that finds no room."""
    disk = f"{work}/disk"
    os.makedirs(disk)
    if run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", disk]).returncode:
        # without root: a user namespace can mount a tmpfs
        script = f"mount -t tmpfs -o size=64k none {disk} && exec \"$@\""
        prefix = ["unshare", "-rm", "sh", "-c", script, "sh"]
    else:
        prefix = []
    try:
        r = run(prefix + [kslice, "slice", *common, "--out", f"{disk}/out", f"{HERE}/mini.json"])
        refused(r, "No space left", "full disk")
        if not prefix:
            check(not os.path.exists(f"{disk}/out/tree"), "full disk: half a tree was left")
            check(not os.path.exists(f"{disk}/out/tree.new"), "full disk: leftovers")
    finally:
        run(["umount", disk])


def interrupt(kslice, common, work):
    """Interrupted at many points, the output is always the old one or the new one, whole."""
    out, spec = f"{work}/out-int", f"{HERE}/mini.json"
    argv = [kslice, "slice", *common, "--out", out, spec]
    t = time.monotonic()
    check(run(argv).returncode == 0, "the slice before the interrupts fails")
    whole = time.monotonic() - t
    want = sorted(os.path.relpath(os.path.join(d, n), out) for d, _, ns in os.walk(f"{out}/tree") for n in ns)
    hit = 0
    for i in range(30):
        p = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(whole * i / 30)
        p.send_signal(signal.SIGINT)
        hit += p.wait() == -signal.SIGINT
        have = sorted(os.path.relpath(os.path.join(d, n), out) for d, _, ns in os.walk(f"{out}/tree") for n in ns)
        check(have == want, f"interrupt {i}: the tree differs")
    check(hit > 0, "no interrupt came in time")
    check(run(argv).returncode == 0, "the slice after the interrupts fails")


def no_stubs(kslice, common, work):
    """A domain that could be called, but whose stubs haven't been generated."""
    for name, rest in (("farther", {}), ("x", {"cuts": [{"remote": "far_read", "domain": "farther", "call": "read"}]})):
        with open(f"{work}/{name}.json", "w") as f:
            json.dump({"name": name, "config": f"{HERE}/mini.config", "calls": ["far" if rest else "read"], **rest}, f)
    refused(run([kslice, "slice", *common, "--out", f"{work}/out-bad", f"{work}/x.json"]),
            'generated/farther has no stub of "read"\n.*kslice stubs farther', "no stubs", f"{work}/out-bad")


def schema(kslice, common, work):
    """specs/schema.json and README.md must know the keys the program knows."""
    root = json.load(open(f"{HERE}/../../specs/schema.json"))
    readme = open(f"{HERE}/../../specs/README.md").read()
    for name, where in (("unknown-key", root), ("unknown-cut-key", root["$defs"]["cut"])):
        r = run([kslice, "slice", *common, f"{HERE}/bad/spec/{name}.json"])
        m = re.search(r"the keys here are: (.*) \(", r.stderr)
        keys = set(m.group(1).split(", ")) if m else set()
        check(keys and keys == set(where["properties"]), f"{name}: {keys ^ set(where['properties'])} differ from schema.json")
        check(all(v.get("description") for v in where["properties"].values()), f"{name}: a key of schema.json without description")
        check(all(f"`{k}`" in readme for k in keys), f"{name}: {[k for k in keys if f'`{k}`' not in readme]} not in README.md")


def caches(kslice, common, out):
    """Its files are compiled and run, so others must not be able to change them, whoever made it."""
    with tempfile.TemporaryDirectory() as work:  # the clone may be in somebody's home, and this be root
        caches_below(kslice, [*common, "--out", out], work)


def caches_below(kslice, common, work):
    fetch = f"{HERE}/../../kernel-tree/fetch.sh"
    os.makedirs(f"{work}/open/mine")
    os.chmod(f"{work}/open", 0o777)
    os.symlink(f"{work}/open/mine", f"{work}/link")
    os.makedirs(f"{work}/his")
    if not os.getuid():
        os.chown(f"{work}/his", 65533, 65533)
    cases = [("KSLICE_CACHE", place, f"can change {work}/open\n") for place in (f"{work}/open", f"{work}/open/mine", f"{work}/link")]
    cases += [("HOME", f"{work}/open", f"can change {work}/open\n"), ("KSLICE_CACHE", "x", "not an absolute path")]
    if not os.getuid():
        cases += [("KSLICE_CACHE", f"{work}/his", f"can change {work}/his\n"), ("KSLICE_CACHE", f"{work}/his/new", f"can change {work}/his\n")]
    for variable, place, says in cases:
        env = {k: v for k, v in os.environ.items() if k not in ("KSLICE_CACHE", "SUDO_UID")}
        env[variable] = place
        for command in ([kslice, "slice", *common, f"{HERE}/mini.json"], [fetch]):
            r = subprocess.run(command, env=env, capture_output=True, text=True)
            check(r.returncode and says in r.stderr, f"{variable}={place}, {command[0]}: {r.stderr}")
    os.chmod(f"{work}/open", 0o1777)
    env = dict(os.environ, KSLICE_CACHE=f"{work}/open/mine")
    r = subprocess.run([kslice, "slice", *common, f"{HERE}/mini.json"], env=env, capture_output=True, text=True)
    check("can change" not in r.stderr, f"a sticky directory on the way: {r.stderr}")


def main():
    kslice, work = os.path.abspath(args[1]), os.path.abspath(args[2])
    shutil.rmtree(work, ignore_errors=True)
    tree, objdir, db = f"{work}/mini-tree", f"{work}/objs", f"{work}/compile_commands.json"
    os.makedirs(objdir)
    shutil.copytree(f"{HERE}/mini", tree)
    os.environ.update(KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache")
    load_mini()["make_compdb"](tree, objdir, db)
    common = ["--tree", tree, "--compdb", db]
    specs(kslice, common, work)
    schema(kslice, common, work)
    no_stubs(kslice, common, work)
    trees(kslice, common, work, tree)
    library(kslice, work, tree, db)
    full_disk(kslice, common, work)
    interrupt(kslice, common, work)
    caches(kslice, common, f"{work}/out-cache")
    check(run([kslice, "slcie"]).returncode == 2, "a wrong command")
    check(run([kslice, "slice", "--jobs=none", "x"]).returncode == 2, "a wrong number")
    print("failures:", failures)
    return 1 if failures else 0


sys.exit(main())
