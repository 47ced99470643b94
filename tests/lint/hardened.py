#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""hardened.py [DOMAIN]: the host programs, or that domain's image, are hardened as CMakeLists.txt and link.sh require: checked in the files themselves."""
import os
import re
import subprocess
import sys

BUILD = os.environ.get("KSLICE_BUILD", "build")
ALL = ("pie", "relro", "now", "stack", "canary", "fortify", "cet")
FEW = ("pie", "stack")  # runtime/client/CMakeLists.txt says why
# Symbols used by each of the kernel's own checks (runtime/arch/Kconfig, SD_HARDENED), in trees
# before 6.6 and later ones.
KERNEL = {"canary": "__stack_chk_guard", "lengths": "__check_object_size", "lists": "__list_add_valid(_or_report)?",
          "strings": "(__)?fortify_panic", "freelists": "cache_random_seq_create|init_cache_random_seq"}


def readelf(*args):
    return subprocess.run(["readelf", "-W", *args], capture_output=True, text=True, check=True).stdout


def found(path):
    heads, dyn, names = readelf("-h", "-l", path), readelf("-d", path), readelf("-s", path)
    with open(path, "rb") as f:
        landings = f.read().count(b"\xf3\x0f\x1e\xfa")  # endbr64; that a loader asks for it is up to the libc
    stack = re.search(r"GNU_STACK( +0x\w+)+ +(R[WE ]*)", heads)
    return {
        "pie": "Type:                              DYN" in heads,
        "relro": "GNU_RELRO" in heads,
        "now": "BIND_NOW" in dyn or re.search(r"FLAGS_1.*NOW", dyn) is not None,
        "stack": stack is not None and "E" not in stack[2],
        "canary": "__stack_chk_fail" in names,
        "fortify": re.search(r"__\w+_chk\b", names.replace("__stack_chk", "")) is not None,
        "cet": landings > 20,
    }


def main():
    if len(sys.argv) > 1:
        wanted = {f"{sys.argv[1]}/{sys.argv[1]}.image": ALL}
    else:
        wanted = {"bin/kslice": ALL, "bin/kdom": ALL, "lib/kdom-launch": FEW}
    bad = []
    for path, props in wanted.items():
        has = found(os.path.join(BUILD, path))
        print(path + ": " + " ".join(p for p in has if has[p]))
        bad += [f"{path}: no {p}" for p in props if not has[p]]
    for path in wanted if len(sys.argv) > 1 else ():
        names = readelf("-s", os.path.join(BUILD, path))
        bad += [f"{path}: its kernel doesn't check {what}" for what, name in KERNEL.items() if not re.search(rf" ({name})$", names, re.M)]
    sys.exit("\n".join(bad) or 0)


main()
