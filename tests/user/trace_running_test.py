#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""kdom trace: calls of programs that run already, by whoever may see them, and programs that don't care about their tracer's fate."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../common"))
from check import check  # noqa: E402
from domain import KDOM, LAUNCH, Domain, Group  # noqa: E402
from trace_test import LINE  # noqa: E402

NOBODY = 65534
AS_NOBODY = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
LOST = re.compile(r"^(\d+)(/\d+)? \.\.\. (\d+) calls of this process lost")
SECONDS = 60
# A line N: N calls of the host's beside one pipeline, whose output is the answer.
PROGRAM = "while read n; do i=0; while [ $i -lt $n ]; do : </dev/null; i=$((i+1)); done; echo did $n | cat; done"


def until(what, text):
    end = time.monotonic() + SECONDS
    while not (result := what()):
        check(time.monotonic() < end, f"waited in vain: {text() if callable(text) else text}")
        time.sleep(0.01)
    return result


class Program:
    def __init__(self, domain, **kw):
        self.p = domain.popen(["sh", "-c", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, **kw)
        self.pid = self.p.pid

    def do(self, n=0):
        self.p.stdin.write(f"{n}\n")
        self.p.stdin.flush()
        line = self.p.stdout.readline()
        check(line == f"did {n}\n", f"the program answered {line!r}")

    def sockets(self):
        fds = f"/proc/{self.pid}/fd"
        return sum(os.readlink(os.path.join(fds, fd)).startswith("socket:") for fd in os.listdir(fds))

    def __enter__(self):
        self.do()
        return self

    def __exit__(self, *_):
        with self.p:
            self.p.stdin.close()
            check(self.p.wait(SECONDS) == 0, "the program's end")


class Tracer:
    def __init__(self, d, *options, name=None, **kw):
        self.path, self.err = os.path.join(d.dir, "calls.out"), os.path.join(d.dir, "calls.err")
        with open(self.err, "w") as err:
            self.p = subprocess.Popen([KDOM, "trace", "-o", self.path, *options, name or d.name], env=d.env, stderr=err, **kw)
        until(lambda: "tracing" in self.says() or self.p.poll() is not None, self.says)

    def says(self):
        with open(self.err) as f:
            return f.read()

    def lines(self):
        with open(self.path) as f:
            return [line.rstrip("\n") for line in f if line.endswith("\n")]

    def calls(self, pid=None):
        """Tuples (pid, call, args, result, errno, where, why, time)."""
        got = []
        for line in self.lines():
            m = LINE.match(line)
            check(m or LOST.match(line), f"not a call's line: {line}")
            if m and (pid is None or m[1] == str(pid)):
                got.append(m.groups())
        return got

    def until(self, found, what):
        until(lambda: any(found(c) for c in self.calls()), lambda: f"{what}: {self.says()}" + "\n".join(self.lines()[-20:]))

    def end(self, sig=signal.SIGINT):
        self.p.send_signal(sig)
        return self.p.wait(SECONDS)


def running(d):
    """One that began before the tracer, and one that begins after it; with their children."""
    with Program(d) as before:
        t = Tracer(d)
        before.do()
        before.do()
        me = str(before.pid)
        t.until(lambda c: c[0] == me and c[1] == "pipe2" and c[5] == d.name and c[6] == "key", "pipe2 of the running program")
        t.until(lambda c: c[0] == me and c[1] == "wait4" and c[5] == "host" and c[7], "its calls of the host")
        t.until(lambda c: c[0] != me and c[1] == "read" and c[5] == d.name and c[3] == "6", "what cat read, another process")
        known = {c[0] for c in t.calls()}
        check(d.run(["sh", "-c", "echo later | cat"]).stdout == "later\n", "a program that begins later")
        t.until(lambda c: c[0] not in known and c[1] == "read" and c[5] == d.name and c[3] == "6", "a program that begins later")
        busy = subprocess.run([KDOM, "trace", d.name], env=d.env, capture_output=True, text=True, timeout=SECONDS)
        check(busy.returncode == 1 and "somebody traces it already" in busy.stderr, f"a second tracer: {busy}")
        check(t.end() == 0, f"status after SIGINT: {t.says()}")
        check(not os.path.exists(d.socket_path + ".trace"), "its socket is gone")
        before.do()
        n = len(t.lines())
        before.do()
        check(len(t.lines()) == n, "lines after its end")


def one_process(d):
    with Program(d) as a, Program(d) as b:
        t = Tracer(d, "-p", str(b.pid))
        for p in (a, b, a, b):
            p.do()
        t.until(lambda c: c[1] == "pipe2", "calls of the process")
        check({c[0] for c in t.calls()} == {str(b.pid)}, "-p: others' calls")
        check(t.end(signal.SIGTERM) == 0, "status after SIGTERM")


def tracer_dies(d):
    """Killed: the program goes on, keeps nothing of it, and the next tracer has what it needs."""
    with Program(d) as p:
        sockets = p.sockets()
        t = Tracer(d)
        p.do()
        p.do(5)
        t.until(lambda c: c[0] == str(p.pid) and c[1] == "pipe2", "it is traced")
        check(p.sockets() == sockets + 1, "a connection to the tracer")
        t.end(signal.SIGKILL)
        p.do(5)
        p.do(5)
        check(p.sockets() == sockets, "nothing is left of the tracer")
        t = Tracer(d)
        p.do()
        p.do()
        t.until(lambda c: c[0] == str(p.pid) and c[1] == "pipe2", "by the next tracer")
        t.end()


def tracer_stops(d):
    """It reads nothing: the program goes on, and what is lost is counted."""
    with Program(d) as p:
        t = Tracer(d)
        p.do()
        p.do()
        t.until(lambda c: c[0] == str(p.pid), "it is traced")
        t.p.send_signal(signal.SIGSTOP)
        p.do(3000)
        p.do(3000)
        t.p.send_signal(signal.SIGCONT)
        until(lambda: (p.do(), any(LOST.match(line) for line in t.lines()))[1], lambda: "lost calls: " + "\n".join(t.lines()[-5:]))
        t.end()
        lost = [LOST.match(line) for line in t.lines() if LOST.match(line)]
        check(any(m[1] == str(p.pid) and int(m[3]) > 1000 for m in lost), f"how many were lost: {[m[0] for m in lost]}")


def domain_ends(d):
    t = Tracer(d)
    d.kill()
    check(t.p.wait(SECONDS) == 0 and "the domain has ended" in t.says(), f"at the domain's end: {t.says()}")
    down = subprocess.run([KDOM, "trace", d.name], env=d.env, capture_output=True, text=True, timeout=SECONDS)
    check(down.returncode == 1 and "doesn't run" in down.stderr, f"of a domain that doesn't run: {down}")
    d.kdom("up", d.name)


def strangers(d):
    """Who may use the domain may not trace it; root may trace who uses it."""
    os.chmod(d.dir, 0o711)
    os.chmod(d.socket_path, 0o666)
    with Program(d, **AS_NOBODY) as p:
        r = subprocess.run([KDOM, "trace", f"{d.name}={d.socket_path}"], capture_output=True, text=True, timeout=SECONDS, **AS_NOBODY)
        check(r.returncode == 1 and "only its owner and root may trace" in r.stderr and not r.stdout, f"a stranger: {r}")
        t = Tracer(d)
        p.do()
        p.do()
        t.until(lambda c: c[0] == str(p.pid) and c[1] == "pipe2", "a stranger's program, traced by root")
        t.end()


class Elsewhere:
    """A domain of nobody's, as a Program and a Tracer want it."""

    def __init__(self, d):
        self.name, self.dir = d.name, tempfile.mkdtemp(prefix="kdt")
        os.chown(self.dir, NOBODY, NOBODY)
        self.env = dict(os.environ, KDOM_DIR=self.dir)
        self.socket_path = os.path.join(self.dir, f"{self.name}.sock")
        self.kdom("up", "--image", d.image, "--manifest", d.manifest, *d.options, self.name)

    def kdom(self, *args):
        r = subprocess.run([KDOM, *args], env=self.env, capture_output=True, text=True, timeout=SECONDS, **AS_NOBODY)
        check(r.returncode == 0, f"kdom {args}, as nobody: {r}")

    def popen(self, argv, **kw):
        env = dict(self.env, KDOM_DOMAINS=f"{self.name}={self.socket_path}", KDOM_LOG="info")
        return Group([LAUNCH, *argv], env=env, text=True, start_new_session=True, **kw)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kdom("down", self.name)
        shutil.rmtree(self.dir)


def owner_without_root(d):
    """He sees his own program, not root's, and is told so; root sees both."""
    with Elsewhere(d) as e, open(os.path.join(d.dir, "roots.err"), "w+") as err:
        with Program(e, stderr=err) as roots, Program(e, **AS_NOBODY) as his:
            for p in (roots, his):
                p.do()
            t = Tracer(e, **AS_NOBODY)
            for p in (roots, his, roots, his):
                p.do()
            t.until(lambda c: c[0] == str(his.pid) and c[1] == "pipe2", "the owner's own program")
            check(not t.calls(roots.pid), "root's program, shown to the domain's owner")
            check("1 of 2 clients aren't shown" in t.says(), f"how many aren't shown: {t.says()}")
            check(t.end() == 0, "status after SIGINT")
            t = Tracer(e, name=f"{e.name}={e.socket_path}")
            for p in (roots, his, roots, his):
                p.do()
            for p in (roots, his):
                t.until(lambda c, p=p: c[0] == str(p.pid) and c[1] == "pipe2", "everybody's, traced by root")
            t.end()
        err.seek(0)
        check(err.read().count("somebody traces its programs who may not trace this one") >= 1, "what root's program says of it")


with Domain("pipe") as domain:
    running(domain)
    one_process(domain)
    tracer_dies(domain)
    tracer_stops(domain)
    domain_ends(domain)
    if not os.getuid():
        strangers(domain)
        owner_without_root(domain)
print("trace of running programs: ok")
