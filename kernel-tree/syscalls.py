#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Linux tree => runtime/include/sd/syscalls.def: name and kinds of arguments of each system call.

    kernel-tree/syscalls.py [TREE] >runtime/include/sd/syscalls.def

For what prints calls (kdom run --trace). From the table of numbers and the SYSCALL_DEFINEs themselves; the result is committed, since
the host programs are built without a kernel tree. tests/lint compares the two where there is a tree.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
FOLDERS = "kernel fs mm net ipc security block io_uring init arch/x86 drivers/char".split()
DEFINE = re.compile(r"^SYSCALL_DEFINE([0-6])\(([^)]*)\)", re.M)
# A char pointer with one of these names is a string; others are buffers.
STRING = re.compile(r"(path|file|name|dir|target|from|to|special|type|root|old|new)")
FD = re.compile(r"(^|_)(fd|dfd|fildes|fd_in|fd_out)$|(dfd|dirfd|epfd)$")


def kind(ctype, name):
    """s string, p pointer, f fd, o mode in octal, x in hex, d int, l signed and u unsigned of 64 bits."""
    if "*" in ctype:
        return "s" if re.search(r"\bchar\b", ctype) and STRING.search(name) else "p"
    if FD.search(name):
        return "f"
    if "mode_t" in ctype:
        return "o"
    if re.search(r"flags|addr|mask|^prot$", name) or "unsigned long" in ctype:
        return "x"
    if re.search(r"\b(int|pid_t|clockid_t|timer_t|key_t|mqd_t|__s32|s32)$", ctype) and "unsigned" not in ctype:
        return "d"
    return "l" if re.search(r"\b(long|loff_t|off_t)$", ctype) and "unsigned" not in ctype else "u"


def definitions(tree):
    found = {}
    for folder in FOLDERS:
        for dirpath, _, files in os.walk(os.path.join(tree, folder)):
            for f in files:
                if not f.endswith(".c"):
                    continue
                with open(os.path.join(dirpath, f), errors="replace") as src:
                    text = src.read()
                for m in DEFINE.finditer(text) if "SYSCALL_DEFINE" in text else ():
                    words = [w.strip() for w in m[2].split(",")]
                    args = list(zip(words[1::2], words[2::2]))
                    if len(args) == int(m[1]):
                        found.setdefault(words[0], "".join(kind(t, n) for t, n in args))
    return found


def main():
    tree = sys.argv[1] if len(sys.argv) > 1 else os.path.join(HERE, "linux")
    table = os.path.join(tree, "arch/x86/entry/syscalls/syscall_64.tbl")
    if not os.path.exists(table):
        sys.exit(f"syscalls.py: {table}: not found; `make tree` fetches a tree")
    known = definitions(tree)
    print("/* SPDX-License-Identifier: MIT */")
    print("/* Made by kernel-tree/syscalls.py: SD_SYSCALL(number, name, kinds of the arguments, mask of those that are strings).")
    print(" * s string, p pointer, f fd, o mode, x hex, d int, l long, u unsigned; \"?\": not defined by a SYSCALL_DEFINE. */")
    print("/* clang-format off */")
    with open(table) as rows:
        for row in rows:
            words = row.split("#")[0].split()
            if len(words) < 4 or words[1] not in ("common", "64"):
                continue
            kinds = known.get(words[3].removeprefix("sys_"), "?")
            mask = sum(1 << i for i, k in enumerate(kinds) if k == "s")
            print(f'SD_SYSCALL({words[0]}, {words[2]}, "{kinds}", {mask})')


main()
