#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""KDOM_LOG: which of the launcher's messages a program's user sees."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../common"))
from check import check  # noqa: E402
from domain import Domain  # noqa: E402

DEBUG = "attached as client"
WARNING = "not an x86-64 program"


def says(d, level):
    """What a program that attaches, and one that can't be run, write on standard error at this level."""
    foreign = os.path.join(d.dir, "foreign")
    with open(foreign, "wb") as f:
        f.write(b"\x7fELF\x01\x01\x01" + bytes(9) + b"\x02" + bytes(47))  # of 32 bits, ET_EXEC
    os.chmod(foreign, 0o755)
    env = d.hook_env()
    env.pop("KDOM_LOG", None)
    if level:
        env["KDOM_LOG"] = level
    r = subprocess.run(d.hook(["sh", "-c", f"echo hello | cat; {foreign}; exit 3"]), env=env, capture_output=True, text=True, timeout=120)
    check(level == "loud" or (r.returncode, r.stdout) == (3, "hello\n"), f"KDOM_LOG={level}: {r}")
    return r


with Domain("pipe") as domain:
    for level, warning, debug in ((None, True, False), ("error", False, False), ("warn", True, False), ("info", True, False), ("debug", True, True)):
        err = says(domain, level).stderr
        check((WARNING in err, DEBUG in err) == (warning, debug), f"KDOM_LOG={level}: {err}")
    r = says(domain, "loud")
    check(r.returncode == 126 and "KDOM_LOG: must be error, warn, info or debug" in r.stderr, f"a level that is none: {r}")
print("log: ok")
