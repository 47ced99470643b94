#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Bugs planted into a debug image of a domain with ext4: each must be detected where it happens, be reported, and end the domain.
planted.py NAME. KSLICE_DEBUG=kasan.

The image's relocatable kernel is linked again with bugs.c in place of one of its functions, compiled by the domain's own commands.
"""
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../common"))
import devices  # noqa: E402
from check import Failed, check  # noqa: E402
from domain import BUILD, DEBUG, Domain, end_on_sigterm  # noqa: E402
from plant import plant  # noqa: E402

EREMOTEIO = 121
FUNCTION, UNIT = "ext4_fallocate", "/fs/ext4/file.c"
# As enum bug in bugs.c: what the report must say; A: who allocated it, F: and freed it.
BUGS = (None, ("use-after-free", "Read of size 1", "AF"), ("use-after-free", "Write of size 1", "AF"),
        ("slab-out-of-bounds", "Write of size 1", "A"), ("slab-out-of-bounds", "Read of size 1", ""), ("double-free", "Free of addr", "AF"),
        ("invalid-free", "Free of addr", "A"), ("slab-out-of-bounds", "Write of size 46", "A"), ("use-after-free", "Read of size 1", ""),
        ("slab-out-of-bounds", "Read of size 1", ""), ("global-out-of-bounds", "Read of size 1", ""))
CLIENT = """
import os, sys
fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
try:
    os.posix_fallocate(fd, int(sys.argv[2]), 1)
except OSError as e:
    sys.exit(e.errno)
"""


def ask(d, bug):
    r = d.run(["/usr/bin/python3", "-c", CLIENT, devices.prefixes(d.name)[0] + "/f", str(bug)], timeout=60)
    return r.returncode


def found(d, want):
    """The report is in the log, whole, once the supervisor has read it."""
    limit = time.monotonic() + 30
    while "Kernel panic" not in d.console():
        check(time.monotonic() < limit, "no panic in the log: " + d.console()[-2000:])
        time.sleep(0.01)
    log = d.console()
    for text in (f"BUG: KASAN: {want[0]} in ", want[1], "Memory state around the buggy address", "kasan: _text is at"):
        check(text in log, f"no \"{text}\" in:\n{log[-4000:]}")
    for letter, text in (("A", "Allocated by task"), ("F", "Freed by task")):
        check(letter not in want[2] or text in log, f"no \"{text}\" in:\n{log[-4000:]}")
    return log


def main():
    name = sys.argv[1]
    end_on_sigterm()
    folder = os.path.join(BUILD, f"{name}-{DEBUG}")
    with tempfile.TemporaryDirectory(prefix="planted") as out:
        image, manifest = plant(folder, name, out, os.path.join(HERE, "bugs.c"), FUNCTION, UNIT), f"{folder}/manifest.json"
        with Domain(name, image=image, manifest=manifest) as d:
            check(ask(d, 0) == 0, "nothing was wrong, and the call failed")
            check(d.status()["generation"] == 1, "nothing was wrong, and the domain ended")
        for bug, want in list(enumerate(BUGS))[1:]:
            with Domain(name, image=image, manifest=manifest) as d:
                d.wanted = f"BUG: KASAN: {want[0]} in "
                status = ask(d, bug)
                log = found(d, want)
                check(status == EREMOTEIO, f"{want[0]}: the program got {status}, not EREMOTEIO")
                print("   " + next(line for line in log.splitlines() if "BUG: KASAN" in line))
    print("all found")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as e:
        sys.exit(f"planted.py: {e}")
