# SPDX-License-Identifier: GPL-2.0
"""A domain for a test: started by kdom in a run directory of its own, queried over its
control socket (sd/control.h), its console checked at the end.

KSLICE_DEBUG=KIND takes the image of `kslice build --debug=KIND` (build/NAME-KIND).

    with Domain("net") as d:       # up; down at the end, and a console with BUG, WARNING, Oops fails
        d.run(["prog"])            # a hooked program
        d.status()["mem_free"]
"""
import errno
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import control
import devices

SRC = os.environ.get("KSLICE_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("KSLICE_BUILD") or os.path.join(SRC, "build"))
KDOM = os.path.join(BUILD, "bin/kdom")
LAUNCH = os.path.join(BUILD, "lib/kdom-launch")

STATUS_S = 20
DEBUG = os.environ.get("KSLICE_DEBUG")
BAD_CONSOLE = re.compile(r"\bBUG\b|WARNING|non-static key|Oops|Kernel panic|Call Trace|kslice: trap|Sanitizer|runtime error")


class DomainError(Exception):
    pass


class Domain:
    """options: of `kdom up`; those not given are for devices made for the test (devices.py), which the manifest must name."""

    def __init__(self, name="net", image=None, options=None, cpu=None, manifest=None, beside=None, ram=None, disk=None):
        """beside: another Domain, whose run directory this one shares: they can reach each other. disk: size of its disks, which must be clean
        file systems when it is down."""
        folder = f"{name}-{DEBUG}" if DEBUG else name
        image = image or os.environ.get("KSLICE_IMAGE") or os.path.join(BUILD, f"{folder}/{name}.image")
        self.beside = beside
        self.image, self.name, self.cpu, self.options, self.ram, self.disk = image, name, cpu, options, ram, disk
        self.manifest = manifest or os.path.join(os.path.dirname(image), "manifest.json")
        self.dir = None
        self.wanted = None  # pattern: what its end must say; then it may speak of an end

    def __enter__(self):
        if not os.path.exists(self.image):
            raise DomainError(f"{self.image}: no domain image; `make image` builds it")
        self.dir = self.beside.dir if self.beside else tempfile.mkdtemp(prefix="kdt")
        self.env = dict(os.environ, KDOM_DIR=self.dir)
        if not os.path.exists(self.manifest):  # an image by itself has no devices
            self.manifest = os.path.join(self.dir, "manifest.json")
            with open(self.manifest, "w") as f:
                json.dump({"devices": devices.devices(self.name)}, f)
        try:
            if self.options is None:
                self.options = devices.for_kdom(self.name, self.dir, self.disk)
            t0 = time.monotonic_ns()
            self.up()
            self.up_ns = time.monotonic_ns() - t0
        except BaseException:
            self.sweep()
            raise
        return self

    def __exit__(self, kind, value, trace):
        try:
            self.kdom("down", self.name)
            log = self.console()
            if kind:
                print(f"--- console of {self.name} (last lines)\n" + "\n".join(log.splitlines()[-25:]))
            bad = [line for line in log.splitlines() if BAD_CONSOLE.search(line)] if not self.wanted else []
            if self.wanted and not kind and not re.search(self.wanted, log):
                raise DomainError(f"the console doesn't say {self.wanted}:\n" + log)
            if bad and not kind:
                raise DomainError("the console says: " + " | ".join(bad[:5]))
            if self.disk and not kind:
                self.look_at_disks()
        finally:
            self.sweep()

    def look_at_disks(self):
        for f in sorted(os.listdir(self.dir)):
            if f.endswith(".img"):
                r = subprocess.run(["e2fsck", "-fn", os.path.join(self.dir, f)], capture_output=True, text=True,
                                   env=dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin"))
                if r.returncode:
                    raise DomainError(f"{f} isn't clean: {r.stdout[-1500:]}")
                print(f"   {f}: clean")

    def sweep(self):
        if not self.beside:
            shutil.rmtree(self.dir)

    def kdom(self, *args, check=True):
        r = subprocess.run([KDOM, *args], env=self.env, capture_output=True, text=True, timeout=60)
        if check and r.returncode:
            log = self.console().splitlines()[-15:]
            raise DomainError(f"kdom {' '.join(args)}: status {r.returncode}: {r.stderr.strip()}\n" + "\n".join(log))
        return r

    def up(self):
        cpu = ["--cpu", str(self.cpu)] if self.cpu is not None else []
        ram = ["--ram", self.ram] if self.ram else []
        self.kdom("up", "--image", self.image, "--manifest", self.manifest, *self.options, *cpu, *ram, self.name)

    def kill(self):
        self.kdom("kill", self.name)

    def console(self):
        try:
            with open(os.path.join(self.dir, self.name + ".log"), errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    @property
    def socket_path(self):
        return os.path.join(self.dir, self.name + ".sock")

    def status(self):
        """The fields of struct sd_ctl_status, and of the struct sd_ctl_stats in it. The supervisor gives the domain a second to answer; a busy
        machine has STATUS_S."""
        end = time.time() + STATUS_S
        while True:
            result, fields = self.ask_status()
            if not result:
                return {**fields, **{name.removeprefix("stats_"): v for name, v in fields.items() if name.startswith("stats_")}}
            if result != -errno.ETIMEDOUT or time.time() > end:
                raise DomainError(f"STATUS: {os.strerror(-result)}")

    def ask_status(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.settimeout(STATUS_S)
            s.connect(self.socket_path)
            s.send(control.message(control.STATUS))
            data = s.recv(4096)
            if len(data) != control.SIZE:
                raise DomainError("the supervisor closed the connection")
            return control.head(data).result, vars(control.payload(data))

    def pid(self):
        return self.status()["domain_pid"]

    def supervisor_pid(self):
        """The process at the other end of the socket."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
            s.connect(self.socket_path)
            cred = s.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            return struct.unpack("3i", cred)[0]

    def hook(self, argv):
        """The command that runs argv on this domain."""
        return [LAUNCH, *argv]

    def hook_env(self):
        return dict(self.env, KDOM_DOMAINS=f"{self.name}={self.socket_path}", FAULT_DOMAIN=self.name)

    def popen(self, argv, **kw):
        return Group(self.hook(argv), env=self.hook_env(), text=True, start_new_session=True, **kw)

    def run(self, argv, timeout=120):
        return run_group(self.hook(argv), timeout, env=self.hook_env())

    def wait_clients(self, n, seconds=10):
        """Until n clients are attached; seconds it took, or None."""
        t0 = time.monotonic()
        while time.monotonic() - t0 < seconds:
            if self.status()["clients"] == n:
                return time.monotonic() - t0
            time.sleep(0.005)
        return None


class Group(subprocess.Popen):
    """A process with all its descendants: they are killed at its end, and at the end of the with block."""

    def kill(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def __exit__(self, kind, value, trace):
        self.kill()
        super().__exit__(kind, value, trace)


def end_on_sigterm():
    """A driver that is stopped by its runner's time limit takes its domains down, too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def run_group(argv, timeout, **kw):
    """subprocess.run, but everything argv started is killed at the end. returncode None: timed out."""
    with tempfile.TemporaryFile("w+") as out:
        with Group(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out, text=True, start_new_session=True,
                   **kw) as p:
            try:
                code = p.wait(timeout)
            except subprocess.TimeoutExpired:
                code = None
        out.seek(0)
        return subprocess.CompletedProcess(argv, code, out.read(), "")


def cpu_ns(pid):
    """CPU time of all threads of a process, from the scheduler's own clock."""
    total = 0
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/schedstat") as f:
            total += int(f.read().split()[0])
    return total
