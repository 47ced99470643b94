#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""arch_test.py TEST [NAME [IMAGE]]: tests of one domain image without a supervisor.

NAME is the domain (net), IMAGE defaults to build/NAME/NAME.image; its disks are made here (tests/common/devices.py). A console line with BUG, WARNING, Oops or panic fails any test that sees it.
Network tests run in a namespace of their own (as root or with user namespaces).
"""
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../common"))
import control  # noqa: E402
import devices  # noqa: E402
from check import Failed, check  # noqa: E402

BUILD = os.environ.get("KSLICE_BUILD", os.path.join(os.path.dirname(__file__), "../../build"))
BAD = re.compile(r"BUG|WARNING|Oops|panic|trap:")
BOOTS = 50
SMALL = {}  # MB of RAM that a domain works with, where it isn't the usual list
HOST, DOMAIN = "10.99.77.1", "10.99.77.2"


class Image:
    """A domain's image with the arguments for its disks, whose fds it has to get."""

    def __init__(self, name, path, folder):
        self.name, self.path = name, path
        self.args, self.fds = devices.for_image(name, folder)

    def argv(self, *args):
        return [self.path, *self.args, *args]


def run(image, *args, timeout=60):
    """Runs the image to its end: its console output, which must be clean, after exit status 0."""
    p = subprocess.run(image.argv(*args), stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=timeout,
                       pass_fds=image.fds)
    out = p.stderr.decode(errors="replace")
    check(p.returncode == 0, f"{args}: status {p.returncode}: {out}")
    check(not BAD.search(out), f"{args}: {out}")
    return out


def start_argv(argv, fds):
    return subprocess.Popen(argv, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, pass_fds=fds)


def start(image, *args, fds=()):
    return start_argv(image.argv(*args), (*image.fds, *fds))


def stop(p):
    p.kill()
    out = p.stderr.read().decode(errors="replace")
    p.wait()
    check(not BAD.search(out), out)
    return out


def status_field(pid, thread, key):
    with open(f"/proc/{pid}/task/{thread}/status") as f:
        return next(line.split(None, 1)[1].strip() for line in f if line.startswith(key + ":"))


def wait_line(p, pattern):
    for raw in p.stderr:
        line = raw.decode(errors="replace")
        check(not BAD.search(line), line)
        if re.search(pattern, line):
            return
    raise Failed(f"image ended before it said {pattern}")


def booted(p):
    """Seccomp is what a booted image turns on last."""
    deadline = time.time() + 20
    while status_field(p.pid, p.pid, "Seccomp") != "2":
        check(p.poll() is None, "image ended")
        check(time.time() < deadline, "image doesn't boot")
        time.sleep(0.01)


def boot(image):
    for _ in range(BOOTS):
        check("booted in" in run(image, "--boot-only"), "no boot line")


def small_ram(image):
    mode, said = ("--self-test", "self-test: passed") if image.name == "net" else ("--boot-only", "booted in")
    for mb in SMALL.get(image.name, (4, 5, 8, 64, 256)):
        check(said in run(image, f"--mem={mb}", mode), f"{mb} MB")


def self_test(image):
    for _ in range(10):
        check("self-test: passed" in run(image, "--self-test"), "no result")


def idle(image):
    """An idle domain has nothing to wake up for: count how often its vCPU did, and the ticks it burned."""
    p = start(image)
    try:
        booted(p)
        time.sleep(0.5)
        wakes = int(status_field(p.pid, p.pid, "voluntary_ctxt_switches"))
        ticks = cpu_ticks(p.pid)
        time.sleep(5)
        wakes = int(status_field(p.pid, p.pid, "voluntary_ctxt_switches")) - wakes
        ticks = cpu_ticks(p.pid) - ticks
    finally:
        stop(p)
    check(wakes < 50 and ticks <= 1, f"{wakes} wake-ups and {ticks} ticks of CPU in 5 idle seconds")


def cpu_ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def rights(image):
    p = start(image)
    try:
        booted(p)
        for thread in os.listdir(f"/proc/{p.pid}/task"):
            check(status_field(p.pid, thread, "NoNewPrivs") == "1", "no_new_privs is off")
            check(status_field(p.pid, thread, "Seccomp") == "2", "no seccomp filter")
            for caps in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                check(int(status_field(p.pid, thread, caps), 16) == 0, f"{caps} isn't empty")
    finally:
        stop(p)


def oops(image):
    """A fault outside user copies is one Oops line and death by the signal."""
    p = start(image)
    booted(p)
    p.send_signal(signal.SIGSEGV)
    out = p.stderr.read().decode(errors="replace")
    check(p.wait() == -signal.SIGSEGV, f"status {p.returncode}")
    check(out.count("Oops: SEGV") == 1, out)


def checksum(data):
    data += bytes(len(data) & 1)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ping(size, seq):
    """One ICMP echo through the TAP device; the data must come back."""
    data = os.urandom(size)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as s:
        s.settimeout(10)
        head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xffff, seq)
        head = struct.pack("!BBHHH", 8, 0, checksum(head + data), os.getpid() & 0xffff, seq)
        s.sendto(head + data, (DOMAIN, 0))
        while True:
            packet = s.recv(65536)[20:]
            if packet[0] == 0 and packet[6:8] == struct.pack("!H", seq):
                break
    check(packet[8:] == data, f"ping of {size} bytes came back different")


def make_tap(name, flags):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, 0x400454ca, struct.pack("16sH22x", name.encode(), 0x0002 | 0x1000 | flags))  # TUNSETIFF, IFF_TAP | IFF_NO_PI
    for cmd in (["addr", "add", f"{HOST}/24", "dev", name], ["link", "set", name, "up"]):
        subprocess.run(["ip", *cmd], check=True)
    return fd


def echo(total):
    """total random bytes to the self-test's echo server and back."""
    data = os.urandom(total)
    got = bytearray()
    with socket.create_connection((DOMAIN, 7), timeout=20) as s:
        sent = 0
        while len(got) < total:
            if sent < total:
                n = s.send(data[sent:sent + 65536])
                sent += n
                if sent == total:
                    s.shutdown(socket.SHUT_WR)
            while len(got) < total and len(got) < sent - 200000 or sent == total:
                part = s.recv(65536)
                if not part:
                    break
                got += part
    check(bytes(got) == data, f"echo: {len(got)} of {total} bytes, or different ones")


def tap(image):
    tap_with(image, "tap", 0)


def tap_offloads(image):
    """Uncut TCP packets and no checksums between host and domain, as kdom makes its TAP devices."""
    tap_with(image, "tap_offloads", 0x4000)  # IFF_VNET_HDR


def tap_with(image, test, flags):
    if "SD_IN_NETNS" not in os.environ:
        env = dict(os.environ, SD_IN_NETNS="1")
        user = [] if os.geteuid() == 0 else ["-r"]
        sys.exit(subprocess.run(["unshare", *user, "-n", sys.executable, __file__, test, image.name, image.path], env=env).returncode)
    fd = make_tap("sd0", flags)
    p = start(image, f"--dev=net,fd={fd},name=eth0,address={DOMAIN}/24,gateway={HOST},mac=02:00:00:00:00:02",
              "--self-test", fds=(fd,))
    try:
        wait_line(p, "echo at port")
        for i, size in enumerate((0, 1, 56, 57, 1471, 1472, 1473, 8000, 32001)):
            ping(size, i)
        echo((8 << 20) + 1)
        wait_line(p, "self-test: passed")
        check(p.wait(20) == 0, f"status {p.returncode}")
    finally:
        stop(p)


def alien(image):
    """A kdom of another build: the image says so and ends, whatever the length of its messages."""
    for message in (control.message(control.STATS, abi=0), control.message(control.STATS, abi=1) + bytes(64)):
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with os.fdopen(os.memfd_create("page"), "w") as page, its:
            page.truncate(4096)
            fds = [fcntl.fcntl(f.fileno(), fcntl.F_DUPFD, 10) for f in (its, page)]
        # bash makes them 3 and 4; sh may know fds of one digit only
        p = start_argv(["/bin/bash", "-c", f'exec "$@" 3<&{fds[0]} 4<&{fds[1]}', "sh", *image.argv("--control")],
                       (*image.fds, *fds))
        for fd in fds:
            os.close(fd)
        check(len(ours.recv(4096)) == control.SIZE, "no READY")
        ours.send(message)
        check(not ours.recv(4096), "it answers")
        out = p.stderr.read().decode(errors="replace")
        check(p.wait() == 2, f"status {p.returncode}: {out}")
        check("kdom was built for another ABI" in out and "make all image" in out, out)


TESTS = {f.__name__: f for f in (boot, small_ram, self_test, idle, rights, oops, tap, tap_offloads, alien)}


def main():
    if len(sys.argv) not in (2, 3, 4) or sys.argv[1] not in TESTS:
        sys.exit(f"usage: arch_test.py {'|'.join(TESTS)} [NAME [IMAGE]]")
    name = sys.argv[2] if len(sys.argv) > 2 else "net"
    path = os.path.realpath(sys.argv[3] if len(sys.argv) > 3 else f"{BUILD}/{name}/{name}.image")
    if not os.access(path, os.X_OK):
        sys.exit(f"{path}: no image; build it with `kslice build {name}`")
    try:
        with tempfile.TemporaryDirectory() as folder:
            TESTS[sys.argv[1]](Image(name, path, folder))
    except Failed as e:
        sys.exit(f"{sys.argv[1]}: {e}")


main()
