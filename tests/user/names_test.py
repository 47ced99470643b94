#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Programs that print the results of their calls (transcript.h), and shell scripts (filecases/): natively in a directory of the host, and
with that directory in a domain. Both must say the same. What only a domain can show is checked by SCRIPT.py.
names_test.py DOMAIN PROG|SCRIPT.sh|SCRIPT.py..."""
import difflib
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from devices import prefixes  # noqa: E402
from domain import BUILD, Domain, Group, end_on_sigterm, run_group  # noqa: E402


MANY_GROUPS = list(range(30000, 30100)) if os.getuid() == 0 else None


def command(name, where, programs=os.path.join(BUILD, "tests")):
    if name.endswith(".py"):
        return ["/usr/bin/python3", os.path.join(HERE, "filecases", name), where]
    if name.endswith(".sh"):
        return ["bash", os.path.join(HERE, "filecases", name), where]
    return [os.path.join(programs, "user-" + name), where]


def said(r, where):
    return f"{r.stdout}status {r.returncode}\n".replace(where, "@").splitlines()


def differ(d, name):
    prefix = prefixes(d.name)[0]
    inside = f"{prefix}/t"
    env = dict(d.hook_env(), LC_ALL="C")
    # Other users come here, and run the program: not in a home, which may be closed to them; and not in /tmp, which may be no ext4.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as programs:
        host = os.path.join(programs, "t")
        os.chmod(programs, 0o755)
        os.mkdir(host, 0o755)
        if "." not in name:
            shutil.copy(command(name, host)[0], programs)
        native = said(run_group(command(name, host, programs), 300, env=dict(os.environ, LC_ALL="C"), extra_groups=MANY_GROUPS), host)
        subprocess.run(d.hook(["mkdir", inside]), env=env, check=True)
        before = d.status()["calls"]
        r = run_group(d.hook(command(name, inside, programs)), 300, env=env, extra_groups=MANY_GROUPS)
        calls = d.status()["calls"] - before
        subprocess.run(d.hook(["rm", "-rf", inside]), env=env, check=True)
    lines = list(difflib.unified_diff(native, said(r, inside), "natively", f"in {d.name}", lineterm="", n=1))
    print(f"{name}: {len(native)} lines, {calls} calls of the domain")
    print("\n".join(lines), end="\n" if lines else "")
    return bool(lines) or calls < 100 or len(native) < 50


def alone(d, name):
    """Cases without a counterpart on the host: a program that checks itself, and may have the domain killed."""
    argv = d.hook(command(name, prefixes(d.name)[0]))
    with Group(argv, env=d.hook_env(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as p:
        for line in p.stdout:
            if line == "kill it\n":
                d.kill()
                d.up()
                print("killed", file=p.stdin, flush=True)
            else:
                print(line, end="")
        return p.wait(60) != 0


def main():
    end_on_sigterm()
    failed = 0
    with Domain(sys.argv[1]) as d:
        for name in sys.argv[2:]:
            failed |= (alone if name.endswith(".py") else differ)(d, name)
        if d.wait_clients(0, 20) is None:
            print(f"clients left behind: {d.status()}")
            failed = 1
    return failed


sys.exit(main())
