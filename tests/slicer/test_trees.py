#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""--tree and KSLICE_TREE on copies of the mini tree: a default one, a version, folders. Where the products are, and that shares of functions
are compared.
usage: test_trees.py KSLICE WORKDIR
"""
import json
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
KSLICE, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
failures = 0


def check(ok, what):
    global failures
    if not ok:
        failures += 1
        print("FAIL:", what)


def load_mini():
    """test_mini's make_compdb, without running its main."""
    with open(f"{HERE}/test_mini.py") as f:
        text = f.read().replace("sys.exit(main())", "")
    argv, sys.argv = sys.argv, ["-", "-", "-"]
    scope = {"__file__": f"{HERE}/test_mini.py", "__name__": "mini"}
    exec(compile(text, "test_mini.py", "exec"), scope)
    sys.argv = argv
    return scope


def run(*argv, env_tree=None, status=0):
    env = dict(os.environ, KSLICE_ARCH="mini", KSLICE_CACHE=f"{WORK}/cache", KSLICE_REPO=f"{WORK}/repo")
    env.pop("KSLICE_LINUX", None)
    env.pop("KSLICE_TREE", None)
    if env_tree is not None:
        env["KSLICE_TREE"] = env_tree
    r = subprocess.run([KSLICE, *argv], env=env, text=True, capture_output=True)
    check(r.returncode == status, f"{' '.join(argv)}: status {r.returncode}: {r.stdout}{r.stderr}")
    return r


def slice_of(tree, compdb, **kw):
    """The folder of the products, without build/."""
    spec = f"{HERE}/mini.json"
    for_tree = ["--tree", tree] if tree else []
    r = run("slice", *for_tree, "--compdb", compdb, spec, **kw)
    m = re.search(rf"^{WORK}/repo/build/(\S+): \d+ units", r.stdout, re.M)
    check(m and os.path.exists(f"{WORK}/repo/build/{m.group(1)}/manifest.json"), f"{tree}: no products: {r.stdout}{r.stderr}")
    return m.group(1) if m else ""


def make_repo():
    os.makedirs(f"{WORK}/repo/kernel-tree")
    for name in ("specs", "runtime", "generated"):
        os.symlink(f"{REPO}/{name}", f"{WORK}/repo/{name}")
    os.symlink(f"{WORK}/usual", f"{WORK}/repo/kernel-tree/linux")


def remote_stubs(version_db):
    """A remote cut takes the other domain's stubs of the same tree, and says where it wants them."""
    r = run("check", "--tree", "6.99", f"{HERE}/mini.json", status=1)
    check(re.search(r'/build/net@6.99/generated has no stub of "read"\n.*cure: .*same tree: kslice stubs --tree=TREE net', r.stderr),
          f"a remote cut without stubs of its tree: {r.stderr}")
    shutil.copytree(f"{REPO}/generated/net", f"{WORK}/repo/build/net@6.99/generated")
    path = f"{WORK}/repo/build/net@6.99/generated/stubs_abi.h"
    with open(path) as f:
        text = re.sub(r"SD_STUBS_ABI 0x\w+", "SD_STUBS_ABI 0x1234567", f.read())
    with open(path, "w") as f:
        f.write(text)
    slice_of("6.99", version_db)
    for name, wanted in (("mini@6.99", True), ("mini", False)):
        with open(f"{WORK}/repo/build/{name}/tree/kernel/remote.c") as f:
            check(("0x01234567u, sd_net_stub_read" in f.read()) == wanted, f"{name}: another tree's stubs are called")


def make_tree(path):
    scope, objdir = load_mini(), f"{WORK}/objs-{os.path.basename(path)}"
    shutil.copytree(f"{HERE}/mini", path)
    os.makedirs(objdir)
    scope["make_compdb"](path, objdir, f"{objdir}.json")
    return path, f"{objdir}.json"


def names():
    usual, usual_db = make_tree(f"{WORK}/usual")
    version, version_db = make_tree(f"{WORK}/cache/tree/linux-source-6.99")
    a, a_db = make_tree(f"{WORK}/a/my~linux")
    b, b_db = make_tree(f"{WORK}/6.55")

    check(slice_of(None, usual_db) == "mini", "the default tree")
    check(slice_of(usual, usual_db) == "mini", "the default tree, as a folder")
    check(slice_of("6.99", version_db) == "mini@6.99", "a version")
    check(slice_of(version, version_db) == "mini@6.99", "the folder of a version")
    check(slice_of(None, version_db, env_tree="6.99") == "mini@6.99", "KSLICE_TREE")
    check(slice_of(None, usual_db, env_tree="") == "mini", "KSLICE_TREE, empty")
    check(slice_of(usual, usual_db, env_tree="6.99") == "mini", "--tree and KSLICE_TREE")
    folder = slice_of(a, a_db)
    check(re.fullmatch(r"mini@my_linux-[0-9a-f]{8}", folder), f"a folder: {folder}")
    check(re.fullmatch(r"mini@6\.55-[0-9a-f]{8}", slice_of(b, b_db)), "a folder named like a version")

    r = run("slice", "--tree", "6.55", f"{HERE}/mini.json", status=1)
    check(re.search(r"linux-source-6.55: No such file.*\n.*cure: .*fetch.sh 6.55", r.stderr), f"a version that isn't there: {r.stderr}")
    r = run("why", "mini", "inet_bind", env_tree="6.98", status=1)
    check("fetch.sh 6.98" in r.stderr, f"why, of a tree that isn't there: {r.stderr}")
    remote_stubs(version_db)
    r = run("why", "--tree", "6.99", "mini", "inet_bind")
    check("inet_ops" in r.stdout, f"why of a version: {r.stdout}")


def edit_manifest(folder, edit):
    path = f"{WORK}/repo/build/{folder}/manifest.json"
    with open(path) as f:
        m = json.load(f)
    was = json.dumps(m)
    edit(m)
    with open(path, "w") as f:
        json.dump(m, f)
    return lambda: open(path, "w").write(was)


def shares():
    warning = r"kslice: warning: .*/build/mini\S* keeps \d+\.\d% of the functions, .*/build/mini\S* \d+\.\d%"
    r = run("report", "--tree", "6.99", "mini")
    check("warning" not in r.stderr, f"equal shares: {r.stderr}")

    def grow(m):
        m["kept"]["functions"] += m["whole"]["functions"] // 10
    undo = edit_manifest("mini@6.99", grow)
    for_new, for_usual = run("report", "--tree", "6.99", "mini"), run("report", "mini")
    check(re.search(warning, for_new.stderr) and "build/mini " in for_new.stderr, f"a share that differs: {for_new.stderr}")
    check(re.search(warning, for_usual.stderr) and "mini@6.99 " in for_usual.stderr, f"seen from the default tree: {for_usual.stderr}")
    edit_manifest("mini@6.99", lambda m: m["cuts"].pop())
    r = run("report", "--tree", "6.99", "mini")
    check(not re.search(r"build/mini \d", r.stderr), f"other cuts: {r.stderr}")
    undo()


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    make_repo()
    names()
    shares()
    print("failures:", failures)
    return 1 if failures else 0


sys.exit(main())
