# SPDX-License-Identifier: GPL-2.0
"""One sample: a benchmark program, or a pair of them, run once, natively or on a domain."""
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
from domain import BUILD  # noqa: E402

BIN = os.path.join(BUILD, "tests/bench")
CLIENT_CPU, DOMAIN_CPU = 0, 1
_port = [21000]


class SampleError(Exception):
    pass


def program(name):
    return os.path.join(BIN, name)


def next_port():
    _port[0] += 2
    if _port[0] > 60000:
        _port[0] = 21000
    return str(_port[0])


def command(domain, argv, hooked):
    if domain and hooked:
        return domain.hook(argv), domain.hook_env()
    return argv, None


def place(tid, cpu):
    """Pins a thread; on a busy machine BENCH_SCHED=first (root) puts all that is measured first, native and kslice alike."""
    os.sched_setaffinity(tid, {cpu})
    if os.environ.get("BENCH_SCHED") == "first":
        os.setpriority(os.PRIO_PROCESS, tid, -20)


def start(domain, argv, cpu, hooked=True):
    argv, env = command(domain, argv, hooked)
    return subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            stdin=subprocess.DEVNULL, preexec_fn=lambda: place(0, cpu))


def finish(p, what):
    """Its output, when it has ended well."""
    try:
        out, err = p.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        p.kill()
        p.communicate()
        raise SampleError(f"{what}: no end after 60 s")
    if p.returncode:
        raise SampleError(f"{what}: status {p.returncode}: {err.strip()}")
    return out


def result(p, what):
    return json.loads(finish(p, what).splitlines()[-1])


def await_ready(p, what):
    """Until a server says that it is there."""
    limit = threading.Timer(60, p.kill)
    limit.start()
    try:
        if p.stdout.readline().strip() != "ready":
            raise SampleError(f"{what}: {p.stderr.read().strip() or 'not ready after 60 s'}")
    finally:
        limit.cancel()


def bounce():
    p = start(None, [program("bounce"), str(CLIENT_CPU), str(DOMAIN_CPU)], CLIENT_CPU)
    return result(p, "bounce")["ns"]


def transfer(ms):
    """4 KiB from core to core with nothing else done."""
    p = start(None, [program("transfer"), str(CLIENT_CPU), str(DOMAIN_CPU), str(ms)], CLIENT_CPU)
    return result(p, "transfer")["ns"]


def single(domain, argv, cpu=CLIENT_CPU, hooked=True):
    return result(start(domain, [program(argv[0]), *argv[1:]], cpu, hooked), " ".join(argv))["ns"]


def pair(domain, argv, ms, cpus=(CLIENT_CPU, CLIENT_CPU)):
    """A server and a client process; the client's figure."""
    port = next_port()
    server = start(domain, [program(argv[0]), *argv[1:], "server", port], cpus[1])
    try:
        await_ready(server, " ".join(argv) + " server")
        return single(domain, [*argv, "client", port, str(ms)], cpus[0])
    finally:
        server.kill()
        server.communicate()


def move(domain, cpu):
    """The whole domain process to one CPU."""
    pid = domain.pid()
    for tid in os.listdir(f"/proc/{pid}/task"):
        place(int(tid), cpu)


SHARE = 1.0  # of the calls that a sample is expected to make; less if it is short on a busy machine


def served(domain, floor, sample):
    """A sample whose calls the domain must have served: else it measured something else."""
    floor = max(1, int(floor * SHARE))
    before = domain.status()["calls"]
    value = sample()
    calls = domain.status()["calls"] - before
    if calls < floor:
        raise SampleError(f"the domain served {calls} calls, expected at least {floor}")
    return value
