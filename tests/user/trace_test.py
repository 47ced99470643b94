#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""kdom run --trace: each call of each thread has its line, and a traced program behaves as untraced."""
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../common"))
from check import check  # noqa: E402
from domain import BUILD, KDOM, Domain  # noqa: E402

LINE = re.compile(r'^(\d+) (\w+)\((.*)\) = (\?|-?\d+|0x[0-9a-f]+|-1 (\w+) \(.*\)) <(\w[\w, ]*): ([^>]+)>( \d+\.\d us)?$')


def traced(domain, argv, *options, **kw):
    """Exit status, output and the lines of a traced run, as tuples (tid, call, args, result, errno, where, why, time)."""
    path = os.path.join(domain.dir, "trace.out")
    r = subprocess.run([KDOM, "run", f"--trace={path}", *options, domain.name, "--", *argv], env=domain.env,
                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300, **kw)
    with open(path) as f:
        lines = [LINE.match(line) for line in f]
    check(lines and all(lines), f"{argv}: not every line of {path} is a call's")
    return r.returncode, r.stdout, [m.groups() for m in lines if m]


def shell(d):
    script = """echo a | cat; cat '/nonexistent/q"uoted'; exec sh -c 'exit 5'"""
    native = subprocess.run(["sh", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    status, out, calls = traced(d, ["sh", "-c", script])
    check((status, out) == (5, native.stdout), f"sh: status {status}, {out} instead of {native.stdout}")
    seen = {(c[1], c[5].split(",")[0]): c for c in calls}
    check(("pipe2", d.name) in seen and seen["pipe2", d.name][6] == "key", "pipe2 went to the domain by its key")
    check(any(c[1] == "read" and c[5] == d.name and c[3] == "2" and c[6] == "fd" for c in calls), "cat's read of 2 bytes, by fd")
    check(any(c[1] == "openat" and '"/nonexistent/q\\"uoted"' in c[2] and c[4] == "ENOENT" and c[5] == "host" for c in calls),
          "openat with its name, and ENOENT")
    check(any(c[1] == "wait4" and c[5] == "host" and c[6] == "no domain takes it" and c[7] for c in calls), "wait4 has a result and a time")
    check(any(c[1] == "execve" and c[3] == "?" for c in calls), "execve, which doesn't return")
    check(len({c[0] for c in calls}) >= 3, "children are traced, too")


def programs(d):
    """They check themselves: signals that arrive during every kind of call, clone in every way."""
    for name in ("signals", "processes"):
        argv = [os.path.join(BUILD, "tests", f"user-{name}")]
        status, out, calls = traced(d, argv)
        check(status == 0, f"{name}, traced: {out.decode(errors='replace')[-500:]}")
        check(len(calls) > 100, f"{name}: {len(calls)} lines")


def errors(d):
    r = subprocess.run([KDOM, "run", "--trace=/nonexistent/x", d.name, "--", "echo", "ran"], env=d.env, capture_output=True)
    check(r.returncode == 125 and b"/nonexistent/x" in r.stderr and not r.stdout, f"a file that can't be written: {r}")
    r = subprocess.run([KDOM, "run", "--trace", d.name, "--", "true"], env=d.env, capture_output=True, text=True)
    check(r.returncode == 0 and "exit_group(0) = ?" in r.stderr, f"--trace prints on standard error: {r}")


def tracer_dies(d):
    """The end of the tracer never harms a program."""
    script = "echo one; read x; for i in 1 2 3; do echo $i | cat; done; echo end"
    p = subprocess.Popen([KDOM, "run", "--trace=/dev/null", d.name, "--", "sh", "-c", script], env=d.env,
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    check(p.stdout.readline() == b"one\n", "it began")
    os.kill(p.pid, signal.SIGKILL)
    p.stdin.write(b"x\n")
    p.stdin.close()
    check(p.stdout.read() == b"1\n2\n3\nend\n", "it continues untraced")
    p.wait()


if __name__ == "__main__":
    with Domain("pipe") as domain:
        shell(domain)
        programs(domain)
        errors(domain)
        tracer_dies(domain)
    print("trace: ok")
