#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Self-checking programs of this folder with their sockets in a domain. domain_test.py PROG..."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from domain import BUILD, Domain, end_on_sigterm, run_group  # noqa: E402


def main():
    end_on_sigterm()
    failed = 0
    with Domain() as d:
        for name in sys.argv[1:]:
            before = d.status()["calls"]
            r = run_group(d.hook([os.path.join(BUILD, "tests", "user-" + name)]), 300, env=d.hook_env())
            print(r.stdout, end="")
            if r.returncode != 0:
                print(f"{name}: exit status {r.returncode}")
                failed = 1
            if name == "sockets" and d.status()["calls"] - before < 1000:
                print(f"{name}: its calls didn't reach the domain")
                failed = 1
        if d.wait_clients(0, 20) is None:
            print(f"clients left behind: {d.status()}")
            failed = 1
    return failed


sys.exit(main())
