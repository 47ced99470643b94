#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""coverage.py NAME FOLDER...: domain NAME's kernel once more, in which what lies in these folders of its tree calls __sanitizer_cov_trace_pc() at each of its edges:
build/NAME/NAME-coverage.vmlinux, for payloads (sd/payload.h). Prints its path."""
import os
import subprocess
import sys

SRC = os.environ.get("KSLICE_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("KSLICE_BUILD") or os.path.join(SRC, "build"))
OBJ, OURS = "../../obj/", "../../obj-coverage/"


def counted(text, folders):
    """The same edges; those objects elsewhere, with other flags."""
    ours, out, mine = [], [], False
    for line in text.splitlines():
        if line.startswith("build " + OBJ):
            name = line.split(":")[0][len("build " + OBJ):]
            mine = line.split()[2] == "cc" and name.startswith(tuple(f + "/" for f in folders))
            if mine:
                ours.append(name)
        elif line.startswith("  flags = ") and mine:
            line += " -fsanitize-coverage=trace-pc"
        out.append(line)
    text = "\n".join(out) + "\n"
    for name in ours:
        text = text.replace(f"{OBJ}{name} ", f"{OURS}{name} ").replace(f"{OBJ}{name}:", f"{OURS}{name}:").replace(
            f"{OBJ}{name}\n", f"{OURS}{name}\n")
    return text


def main():
    name, folders = sys.argv[1], sys.argv[2:]
    home = os.path.join(BUILD, name)
    plan = os.path.join(home, "coverage.ninja")
    with open(os.path.join(home, "build.ninja")) as f:
        text = counted(f.read(), folders)
    kernel = f"{name}-coverage.vmlinux"
    text = text.replace(f"{OBJ}../{name}.vmlinux", f"../../{kernel}").replace(f"{OBJ}../{name}.image", f"../../{name}-coverage.image")
    with open(plan, "w") as f:
        f.write(text)
    subprocess.run(["nice", "ninja", "-C", os.path.join(home, "tree/build"), "-f", plan, f"../../{kernel}"], check=True, stdout=sys.stderr)
    print(os.path.join(home, kernel))


main()
