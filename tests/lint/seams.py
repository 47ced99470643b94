#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Machines and transports are folders of runtime/machine and runtime/transport, and nothing else depends on a particular one: no
file outside its folder names it, by path, symbol or string, except the places below. Nor do the contracts in runtime/include/sd
say by which means of the host a machine or transport does its work."""
import os
import re
import subprocess
import sys

WHERE = ("runtime", "slicer", "cmake", "cli", "kernel-tree", "specs", "generated", "tests", "CMakeLists.txt", "Makefile")
ALLOWED = {
    r".*\.md": "documents",
    r"runtime/transport/table\.c": "the table of transports, of both sides",
    r"runtime/transport/sources\.cmake": "the default list of linked transports",
    r"slicer/CMakeLists\.txt": "the default machine of specs",
    r"runtime/supervisor/machine_(\w+)\.c": "the supervisor's side of that machine",
    r"runtime/supervisor/machine\.[ch]": "the supervisor's table of machines",
    r"runtime/supervisor/CMakeLists\.txt": "the list of the supervisor's files",
    r"tests/lint/(rooms\.txt|seams\.py|sparse\.py)": "the gate's lists of files",
    r"tests/stubs/(?!world).*": "the stubs over each transport: that is what its kinds are",
    r"tests/fuzz/frames/(run\.sh|sockets\.c)": "a client inside the image itself, which comes by loop",
    r"tests/fuzz/control/(CMakeLists\.txt|domain\.c)": "the domain's end of the control protocol, which is that machine's",
}
MEANS = re.compile(r"\b(memfd|eventfd|futex|FUTEX_\w+)\b")
MEANS_ALLOWED = {"runtime/include/sd/syscalls.def"}  # what programs call
WORDS = {"shm"}  # say nothing else, so that the bare word gives them away


def folders(of):
    return sorted(d for d in os.listdir(of) if os.path.isdir(os.path.join(of, d)))


def patterns():
    """kind, name, what gives it away."""
    for name in folders("runtime/transport"):
        text = rf"transport/{name}\b|\bsd_{name}_(client|server|attach|detach|serve)\b|\b{name}_(client|server)\b|\btransport_{name}\b"
        if name in WORDS:
            text += rf"|(?<!/dev/)\b{name}\b"
        yield "transport", name, re.compile(text + rf'|transport\w*\("{name}"|\bT\({name}\)|TRANSPORTS.*\b{name}\b')
    for name in folders("runtime/machine"):
        yield "machine", name, re.compile(rf'machine/{name}\b|\bmachine_{name}\b|machine\w*\("{name}"|\bKSLICE_MACHINE {name}\b')


def main():
    files = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", *WHERE], capture_output=True, text=True, check=True)
    bad, used, seen = [], set(), set()
    for path in files.stdout.split():
        rules = [(kind, name, p) for kind, name, p in patterns() if not path.startswith(f"runtime/{kind}/{name}/")]
        rule = next((a for a in ALLOWED if re.fullmatch(a, path)), None)
        if not os.path.isfile(path) or os.path.islink(path):
            continue
        with open(path, errors="replace") as f:
            for number, line in enumerate(f, 1):
                if path.startswith("runtime/include/sd/") and path not in MEANS_ALLOWED and (means := MEANS.search(line)):
                    bad.append(f"{path}:{number}: says {means[0]}, which is the affair of a machine or transport: {line.strip()}")
                for kind, name, pattern in rules:
                    if not pattern.search(line):
                        continue
                    seen.add((kind, name))
                    if rule:
                        used.add(rule)
                    else:
                        bad.append(f"{path}:{number}: names the {kind} {name}: {line.strip()}")
    bad += [f"tests/lint/seams.py: nothing needs this exception any more: {a}" for a in ALLOWED if a not in used and not a.endswith("md")]
    bad += [f"tests/lint/seams.py: {kind} {name} isn't even in the tables: a wrong pattern?"
            for kind, name, _ in patterns() if (kind, name) not in seen]
    sys.exit("\n".join(bad) or 0)


os.chdir(os.path.join(os.path.dirname(os.path.realpath(__file__)), "../.."))
main()
