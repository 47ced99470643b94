#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""user-netcaps natively and with its sockets in a domain: both must print the same. netcaps_test.py DOMAIN"""
import difflib
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from domain import BUILD, Domain, end_on_sigterm, run_group  # noqa: E402


def said(r):
    return f"{r.stdout}status {r.returncode}\n".splitlines()


def main():
    end_on_sigterm()
    with Domain(sys.argv[1]) as d, tempfile.TemporaryDirectory(dir="/var/tmp") as programs:
        os.chmod(programs, 0o755)  # other users run it
        prog = shutil.copy(os.path.join(BUILD, "tests/user-netcaps"), programs)
        native = said(run_group([prog], 120))
        before = d.status()["calls"]
        lines = list(difflib.unified_diff(native, said(run_group(d.hook([prog]), 120, env=d.hook_env())), "natively",
                                          f"in {d.name}", lineterm="", n=1))
        calls = d.status()["calls"] - before
    print(f"netcaps: {len(native)} lines, {calls} calls of the domain")
    print("\n".join(lines))
    return bool(lines) or calls < 100 or len(native) < 50


sys.exit(main())
