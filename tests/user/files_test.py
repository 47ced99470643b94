#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Self-checking programs about files: natively in a directory of the host, then in one of a domain. files_test.py DOMAIN PROG..."""
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from devices import prefixes  # noqa: E402
from domain import BUILD, Domain, end_on_sigterm, run_group  # noqa: E402


def right(name, how, r):
    print(r.stdout, end="")
    if r.returncode != 0:
        print(f"{name} {how}: exit status {r.returncode}")
    return r.returncode == 0


def main():
    end_on_sigterm()
    domain, names = sys.argv[1], sys.argv[2:]
    ok = True
    with Domain(domain) as d:
        for name in names:
            prog = os.path.join(BUILD, "tests", "user-" + name)
            # Not in /tmp: that may be a tmpfs, which is more lenient.
            with tempfile.TemporaryDirectory(dir=os.path.join(BUILD, "tests")) as host:
                ok &= right(name, "natively", run_group([prog, host], 300))
            before = d.status()["calls"]
            ok &= right(name, f"in {domain}", run_group(d.hook([prog, prefixes(domain)[0], "domain"]), 300, env=d.hook_env()))
            print(f"{name}: {d.status()['calls'] - before} calls of the domain")
        if d.status()["calls"] - before < 100:
                print(f"{name}: its calls didn't reach the domain")
                ok = False
        if d.wait_clients(0, 20) is None:
            print(f"clients left behind: {d.status()}")
            ok = False
    return 0 if ok else 1


sys.exit(main())
