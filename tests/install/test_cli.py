#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The tables of kslice and kdom (--dump-help), and what the programs do with them: every option is accepted by each of its
commands and by no other, and every command and option is in the help texts."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

BUILD, SRC = os.environ["KSLICE_BUILD"], os.environ["KSLICE_SRC"]
failures = 0


def check(good, what):
    global failures
    if not good:
        failures += 1
        print("FAILED:", what)


def run(*argv):
    env = dict(os.environ, ARGP_HELP_FMT="rmargin=200")
    return subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=env, timeout=60)


def forms(o):
    value = "=x" if o["arg"] else ""
    return [f"--{o['name']}{value}"] + ([f"-{o['letter']}" + ("x" if o["arg"] else "")] if o["letter"] else [])


def option(program, command, o):
    """What comes first is judged first: an option that isn't known is reported, before --help is acted upon."""
    refused = f"--{o['name']}=x", f"-{o['letter']} x"
    for form in forms(o):
        r = run(program, command["name"], form, "--help")
        unknown = re.search("unrecognized option|invalid option", r.stderr)
        if command["name"] in o["commands"]:
            # a value may be refused, but by the option's own check
            check(not unknown and (r.returncode == 0 or any(f in r.stderr for f in refused)), f"{command['name']} {form}: {r.stderr}")
        else:
            check(unknown and r.returncode == 2, f"{command['name']} {form} is accepted")
        check("PROGRAM ERROR" not in r.stderr, f"{form}: {r.stderr}")
    if command["name"] == o["commands"][0]:
        check(run(program, forms(o)[0], command["name"], "--help").returncode == run(program, command["name"], forms(o)[0], "--help").returncode,
              f"{forms(o)[0]} before the command isn't as behind it")


def program(path):
    of = json.loads(run(path, "--dump-help").stdout)
    top = run(path, "--help")
    check(top.returncode == 0 and not top.stderr, f"{path} --help: {top.stderr}")
    check(run(path, "-h").stdout == top.stdout and run(path, "help").stdout == top.stdout, f"{path}: -h, help and --help differ")
    check(run(path, "--version").stdout == f"{of['name']} {of['version']}\n", f"{path} --version")
    check(len({o["name"] for o in of["options"]}) == len(of["options"]), f"{path}: two options of one name")
    for o in of["options"]:
        check(o["commands"], f"--{o['name']} is of no command")
        check(f"--{o['name']}" in top.stdout, f"--{o['name']} isn't in {path} --help")
        check(not o["help"].endswith("."), f"--{o['name']}: a full stop")
    for c in of["commands"]:
        r = run(path, c["name"], "--help")
        check(r.returncode == 0 and c["summary"] in r.stdout and c["summary"] in top.stdout, f"{c['name']} --help: {r.stdout}")
        shown = set(re.findall(r"--([a-z-]+)", r.stdout.split("\n\n")[1])) - {"help", "usage", "version"}
        mine = {o["name"] for o in of["options"] if c["name"] in o["commands"]}
        check(mine <= shown, f"{c['name']} --help lacks {mine - shown}")
        if not c["rest"]:
            extra = run(path, c["name"], *["x"] * 9)
            check(extra.returncode == 2 and "takes" in extra.stderr, f"{c['name']} with nine arguments: {extra.stderr}")
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda x: option(path, *x), [(c, o) for c in of["commands"] for o in of["options"]]))
    for wrong, says in (([], "no command"), (["nonsense"], "no such command: nonsense"), (["--nonsense"], "unrecognized option")):
        r = run(path, *wrong)
        check(r.returncode == 2 and says in r.stderr and not r.stdout, f"{path} {wrong}: {r.returncode} {r.stderr}")
    return of


kslice, kdom = program(f"{BUILD}/bin/kslice"), program(f"{BUILD}/bin/kdom")
version = re.search(r"project\(kslice VERSION ([0-9.]+)", open(f"{SRC}/CMakeLists.txt").read())[1]
check(kslice["version"] == kdom["version"] == version, "versions differ from CMakeLists.txt")
sys.exit(1 if failures else 0)
