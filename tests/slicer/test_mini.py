#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Slices the mini kernel tree and checks every `expect:` comment in it.

A line with `expect: kept` must be in the output, one with `expect: gone` must not. Then the sliced
tree must compile without a warning, link, and compute the results that the cuts specify; a second run must change nothing. usage:
test_mini.py KSLICE WORKDIR
"""
import json
import os
import re
import shutil
import subprocess
import sys

from mini_tree import HERE, build_whole, make_compdb, run, sources

WHOLE = "bind 4\ncuts 1013\nweak 10 20 alias 31 asm 52\nforms 2 6 9 10\nnamed -1 -1\nfar 112\nsum 3\n"
SLICED = "bind 4\ncuts 48\nweak 10 20 alias 31 asm 52\nforms 2 6 9 10\nnamed -1 -1\nnet by its ABI: far 7105\nsum 3\n"
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def check_expectations(tree, out):
    seen = 0
    for source in sources(tree):
        path = f"{out}/{source}"
        text = open(path).read() if os.path.exists(path) else ""
        for number, line in enumerate(open(f"{tree}/{source}"), 1):
            m = re.search(r"expect: (kept|gone)", line)
            if not m:
                continue
            seen += 1
            there = re.search("^" + re.escape(line.rstrip("\n")) + "$", text, re.M) is not None
            check(there == (m.group(1) == "kept"), f"{source}:{number}: expected {m.group(1)}: {line.strip()}")
    check(seen > 80, f"only {seen} expectations found")
    print(seen, "expectations")


def run_sliced(out):
    r = run(["ninja", "-C", f"{out}/tree/build", "-f", "../../build.ninja"])
    check(r.returncode == 0, "the sliced tree doesn't compile cleanly:\n" + r.stdout)
    objs = [os.path.join(d, n) for d, _, names in os.walk(f"{out}/obj") for n in names if n.endswith(".o")]
    r = run(["clang-19", "-no-pie", "-o", f"{out}/sliced"] + objs)
    check(r.returncode == 0, "the sliced tree doesn't link:\n" + r.stdout)
    r = run([f"{out}/sliced"])
    check(r.stdout == SLICED, f"sliced prints {r.stdout!r}")


# What the dump of each pass must say of the mini tree.
DUMPS = {
    "spec": r"^cut drop dropped_here \(.*mini.json:\d+\)$",
    "commands": r"^kernel/cuts.c => kernel/cuts.o\n\tclang-19 ",
    "stubs": r"^no stubs are made with --compdb",
    "facts": r"^func .*__do_sys_cuts \[\d+,\d+\) kernel/cuts.c:\d+",
    "graph": r"^net/inet.c:\d+ .* inet_bind$",
    "cuts": r"^drop dropped_here: kernel/cuts.c .* a statement$",
    "closure": r"^\d+\t.*inet_bind.*\tnet/inet.c:\d+\tthrough field\t",
    "boundary": r"^return lib_answer: body in kernel/cuts.c:\d+$",
    "source": r"^net/inet.c: \d+ bytes$",
    "build": r"^build .*kernel/cuts.o \| .*kernel/cuts.o.warn: cc ",
    "why": r"^\d+\t.*inet_bind.*\tnet/inet.c:\d+\tthrough field\t",
    "report": r'"name": "mini"',
}


def dumps(slice_it, out):
    """Each pass prints what it made and runs nothing behind it; --time names the passes that ran."""
    r = run(slice_it + ["--dump-after=no-such"])
    names = re.findall(r"^  (\w+) +\S.* => ", r.stdout, re.M)
    check(r.returncode == 2 and names == list(DUMPS), f"the passes are not those of this test: {r.stdout}")
    readme = open(f"{HERE}/../../specs/README.md").read()
    for i, name in enumerate(names):
        shutil.rmtree(out, ignore_errors=True)
        r = subprocess.run(slice_it + ["--time", f"--dump-after={name}"], text=True, capture_output=True)
        check(r.returncode == 0 and re.search(DUMPS.get(name, "$^"), r.stdout, re.M), f"dump after {name}: {r.stdout[:300]}")
        costs = re.findall(r"^(\w+) +\d+\.\d{3}\b", r.stderr, re.M)
        check(costs == names[:i + 1] + ["all"], f"--time after {name}: {r.stderr}")
        check(os.path.exists(f"{out}/tree") == (i >= names.index("source")), f"{name}: the tree")
        check(f"`{name}`" in readme, f"pass {name} is not in specs/README.md")


def registered(kslice, out):
    """What registers itself says who asks for it; of a key that only run time knows the manifest does."""
    for symbol, says in (("front_door_setup", r"DOOR_FRONT \(3\), which the route of door\(\) asks for\nopen_door"),
                         ("doors_init", r"its file is live through.*\nfront_door_setup"),
                         ("minifs_init", r'"minifs", which "fs" of a device asks for'),
                         ("songs_init", r'"march", which __do_sys_door asks sing\(\) for'),
                         ("anthem_init", r'"anthem", which sing_header asks sing\(\) for'),
                         ("listener_init", r"registers listener_init, which every user")):
        r = run([kslice, "why", "--out", out, "mini", symbol])
        check(re.search(says, r.stdout), f"why {symbol}: {r.stdout}")
    units = {line.split("\t")[1]: line.split("\t")[0] for line in open(f"{out}/why.tsv")}
    edges = open(f"{out}/edges.tsv").read().split("\n")
    check(f"{units['open_door']}\t{units['front_door_setup']}" in edges, "the edge to what is asked for")
    notes = "\n".join(json.load(open(f"{out}/manifest.json"))["notes"])
    check(re.search(r'song: song_of_door\(\) in net/doors.c asks sing\(\) .*run time knows; kept: "(march|anthem)" .*; not kept: "jig" drivers/jig.c', notes),
          f"the note of run-time keys: {notes}")
    check("watcher: tell_watchers() tells nobody; not kept: watcher_init drivers/watcher.c" in notes, f"a notifier that nobody hears: {notes}")
    follows = re.findall(r"drop of make_thing\(\) .*: NULL is stored in (\w+), which (\w+)\(\) ", notes)
    check(sorted(follows) == [("mine", "use_things"), ("thing", "follow_thing")], f"who follows a NULL: {notes}")
    check("gigue" not in notes and "listener" not in notes, f"notes: {notes}")


def uncut(slice_it, out):
    """Without a group what its cuts took away is there again; then the slice is made as before."""
    def tables():
        return "register_table(\"inet\", show_inet)" in open(f"{out}/tree/net/inet.c").read()
    before = tables()
    r = run(slice_it + ["--uncut=mini-tables"])
    check(r.returncode == 0 and not before and tables(), f"--uncut of a group: {r.stdout}")
    r = run(slice_it + ["--uncut=mini-tables,nosuch"])
    check(r.returncode == 1 and re.search(r'no cut group "nosuch"\n\s+cure: ', r.stdout), f"--uncut of no group: {r.stdout}")
    check(run(slice_it).returncode == 0 and not tables(), "the slice with its group again")


def stamps(out):
    return {os.path.join(d, n): os.stat(os.path.join(d, n)).st_mtime_ns
            for d, _, names in os.walk(f"{out}/tree") for n in names}


def main():
    kslice, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    tree, objdir, out = f"{work}/mini-tree", f"{work}/objs", f"{work}/out"
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(f"{objdir}")
    shutil.copytree(f"{HERE}/mini", tree)
    os.environ.update(KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache")
    commands = make_compdb(tree, objdir, f"{work}/compile_commands.json")
    whole = build_whole(commands, objdir)
    check(whole == WHOLE, f"whole prints {whole!r}")
    slice_it = [kslice, "slice", "--tree", tree, "--compdb", f"{work}/compile_commands.json", "--out", out,
                f"{HERE}/mini.json"]
    r = run(slice_it)
    print(r.stdout, end="")
    check(r.returncode == 0, "slice fails")
    if r.returncode == 0:
        check_expectations(tree, f"{out}/tree")
        run_sliced(out)
        r = run([kslice, "why", "--out", out, "mini", "inet_bind"])
        check(re.search(r"through field struct proto_ops:bind of inet_ops .*read by\nbind_any.*\n.*\nuse_family.*\n.*\n"
                        r".*__do_sys_bind", r.stdout), "why inet_bind:\n" + r.stdout)
        r = run([kslice, "why", "--out", out, "mini", "inet_ioctl"])
        check(r.returncode == 1 and "not in the slice" in r.stdout, "why of what is gone:\n" + r.stdout)
        registered(kslice, out)
        r = run([kslice, "verify"] + slice_it[2:])
        check(r.returncode == 0, "the slice differs from the whole:\n" + r.stdout)
        check("lib_trapped was cut out by the spec; reached by sys_cuts > lib_trapped" in open(f"{out}/tree/kernel/cuts.c").read(),
              "a trap says who cut it, and how it is reached")
        uncut(slice_it, out)
        before = stamps(out)
        check(run(slice_it).returncode == 0 and stamps(out) == before, "a second run touches files")
        dumps(slice_it, out)
    print("failures:", len(failures))
    return 1 if failures else 0


sys.exit(main())
