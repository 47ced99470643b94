# SPDX-License-Identifier: GPL-2.0
"""The slicer's speed, beside clang-19 -fsyntax-only over the same files in the same run.

The tree that is sliced is the pristine one in hard links with one file copied, so that a file can be
touched without the pristine tree changing by a byte. It, the cache and the output lie in a temporary directory
beside the pristine tree.
"""
import glob
import json
import os
import resource
import shlex
import shutil
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import report
import stats
from domain import BUILD, SRC



def first_file(domain):
    """The file of the domain's first call: one that is touched."""
    with open(os.path.join(SRC, f"generated/{domain}/summary.json")) as f:
        return json.load(f)["calls"][0]["file"]


def farm(tree, out, touched):
    """The tree in hard links, but for one file, which is a copy."""
    subprocess.run(["cp", "-al", tree, out], check=True)
    os.unlink(os.path.join(out, touched))
    shutil.copyfile(os.path.join(tree, touched), os.path.join(out, touched))


def children_cpu():
    r = resource.getrusage(resource.RUSAGE_CHILDREN)
    return r.ru_utime + r.ru_stime


def timed(run):
    c0, t0 = children_cpu(), time.monotonic()
    run()
    return {"cpu": children_cpu() - c0, "wall": time.monotonic() - t0}


def slice_once(tmp, domain):
    cmd = [os.path.join(BUILD, "bin/kslice"), "slice", f"--tree={tmp}/tree", f"--out={tmp}/out",
           os.path.join(SRC, f"specs/{domain}.json")]
    r = subprocess.run(cmd, env=dict(os.environ, KSLICE_CACHE=f"{tmp}/cache"), stdin=subprocess.DEVNULL,
                       capture_output=True, text=True)
    if r.returncode:
        raise RuntimeError(f"kslice slice: status {r.returncode}: {r.stderr.strip()[-400:]}")


def syntax_command(entry):
    """A compile command as one that only parses."""
    argv = entry.get("arguments") or shlex.split(entry["command"])
    out, skip = ["clang-19", "-fsyntax-only"], False
    for a in argv[1:]:
        if skip:
            skip = False
        elif a == "-o":
            skip = True
        elif a != "-c" and not a.startswith(("-Wp,-M", "-M")):
            out.append(a)
    return out, entry["directory"]


def commands_of(tmp):
    """The compile commands the slice was made from: C files of the unsliced tree."""
    found = glob.glob(f"{tmp}/cache/kbuild/*/**/compile_commands.json", recursive=True)
    if not found:
        raise RuntimeError(f"no compile_commands.json under {tmp}/cache/kbuild")
    with open(max(found, key=os.path.getmtime)) as f:
        entries = [e for e in json.load(f) if e["file"].endswith(".c")]
    if not entries:
        raise RuntimeError("compile_commands.json names no C file")
    return [syntax_command(e) for e in entries]


def parse_all(commands):
    def one(c):
        return subprocess.run(c[0], cwd=c[1], stdin=subprocess.DEVNULL, capture_output=True, text=True)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for r in pool.map(one, commands):
            if r.returncode:
                raise RuntimeError(f"clang-19 -fsyntax-only: {' '.join(r.args[-1:])}: {r.stderr[-300:]}")


def touch(tmp, i, file):
    with open(f"{tmp}/tree/{file}", "a") as f:
        f.write(f"\n/* touched {i} */\n")


def one_repeat(i, domain):
    tree, file = os.path.realpath(os.path.join(SRC, "kernel-tree/linux")), first_file(domain)
    with tempfile.TemporaryDirectory(prefix="kslice-bench", dir=os.path.dirname(tree)) as tmp:
        farm(tree, f"{tmp}/tree", file)
        got = {"cold": timed(lambda: slice_once(tmp, domain))}
        commands = commands_of(tmp)
        got["files"] = len(commands)
        got["syntax"] = timed(lambda: parse_all(commands))
        got["again"] = timed(lambda: slice_once(tmp, domain))
        touch(tmp, i, file)
        got["touched"] = timed(lambda: slice_once(tmp, domain))
    return got


def seconds(s):
    return f"{s.median:.2f} s ({s.q1:.2f}..{s.q3:.2f}, {s.n})"


def slicer(domain, repeats, raw):
    taken = raw[f"slicer {domain}"] = [one_repeat(i, domain) for i in range(1 if repeats < 10 else 5)]
    cold, syntax = ([t[k]["cpu"] for t in taken] for k in ("cold", "syntax"))
    r = stats.spread(stats.paired_ratios(cold, syntax))
    rows = [{"figure": f"{domain}: kslice slice, cold, CPU", "kslice": seconds(stats.spread(cold)), "ratio": report.ratio(r),
             "native": f"-fsyntax-only of {taken[0]['files']} files {seconds(stats.spread(syntax))}",
             "target": "<= 0.5 -fsyntax-only", "verdict": stats.verdict(r, 0.5)}]
    for key, title, limit in (("again", "nothing changed", 2), ("touched", "one .c file touched", 5)):
        s = stats.spread([t[key]["wall"] for t in taken])
        rows.append({"figure": f"{domain}: kslice slice, {title}, elapsed", "kslice": seconds(s), "target": f"< {limit} s",
                     "verdict": stats.verdict(s, limit)})
    return rows
