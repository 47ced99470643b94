#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What would a cut free? Dominator tree of a slice's references, weighed with the bytes of code built.

    KSLICE_EDGES=/tmp/edges kslice slice net && kslice build net && slicer/closure/heavy.py build/net /tmp/edges [N]
prints the N heaviest edges: bytes that only this one definition holds in, and who holds it.
"""
import os
import subprocess
import sys
from collections import defaultdict

build, edges_file = sys.argv[1], sys.argv[2]
top = int(sys.argv[3]) if len(sys.argv) > 3 else 80
sys.setrecursionlimit(1000000)

names, place, file_of, live, roots = {}, {}, {}, set(), []
for line in open(f"{build}/why.tsv"):
    uid, name, where, edge, frm, _ = line.rstrip("\n").split("\t")
    uid = int(uid)
    names[uid], place[uid] = name, where
    file_of[uid] = where.rsplit(":", 1)[0]
    if edge.startswith("its file"):
        live.add(uid)
    if frm == "-":
        roots.append(uid)

size = defaultdict(int)
by_name = defaultdict(list)
for uid, name in names.items():
    for n in name.split(","):
        by_name[n].append(uid)
for folder, _, files in os.walk(f"{build}/obj"):
    for f in files:
        if not f.endswith(".o"):
            continue
        src = os.path.relpath(os.path.join(folder, f), f"{build}/obj")[:-2]
        out = subprocess.run(["llvm-nm-19", "-S", os.path.join(folder, f)], capture_output=True, text=True).stdout
        for line in out.splitlines():
            p = line.split()
            if len(p) == 4 and p[2] in "tTwW":
                c = by_name.get(p[3].split(".")[0], [])
                best = [u for u in c if file_of[u].startswith(src + ".")] or [u for u in c if not file_of[u].endswith(".h")] or c
                if best:
                    size[best[0]] += int(p[1], 16)

succ = defaultdict(set)
for line in open(edges_file):
    a, b = map(int, line.split())
    succ[a].add(b)
ROOT = "root"
for uid in names:
    if not file_of[uid].endswith(".h"):
        succ[uid].add("file:" + file_of[uid])
    if uid in live:
        succ["file:" + file_of[uid]].add(uid)
succ[ROOT].update(roots)

# Cooper, Harvey, Kennedy
order, seen, stack = [], {ROOT}, [(ROOT, iter(succ[ROOT]))]
while stack:
    node, it = stack[-1]
    for n in it:
        if n not in seen and (isinstance(n, str) or n in names):
            seen.add(n)
            stack.append((n, iter(succ[n])))
            break
    else:
        order.append(node)
        stack.pop()
number = {n: i for i, n in enumerate(order)}
pred = defaultdict(list)
for a in order:
    for b in succ[a]:
        if b in number:
            pred[b].append(a)
idom = {ROOT: ROOT}
changed = True
while changed:
    changed = False
    for n in reversed(order):
        if n == ROOT:
            continue
        new = None
        for p in pred[n]:
            if p in idom:
                if new is None:
                    new = p
                else:
                    a, b = p, new
                    while a != b:
                        while number[a] < number[b]:
                            a = idom[a]
                        while number[b] < number[a]:
                            b = idom[b]
                    new = a
        if idom.get(n) != new:
            idom[n] = new
            changed = True
weight = defaultdict(int)
for n in order:  # postorder of a DFS: dominated nodes come before their dominator
    weight[n] += size.get(n, 0)
    if n != ROOT:
        weight[idom[n]] += weight[n]
print("bytes known", sum(size.values()), "reached", weight[ROOT])
show = lambda n: n if isinstance(n, str) else f"{names[n].split(',')[0]} {place[n]}"
for n in sorted(number, key=lambda n: -weight[n])[:top]:
    print(f"{weight[n]:8d} {show(n):70s} <- {len(pred[n])}: {', '.join(show(p).split(' ')[0] for p in pred[n][:4])}")
