#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""storm.py NAME: storms (storm.h) on a domain of its own, beside a program that is verified traffic and must notice nothing. After
each the clients are gone, its files can be removed, and memory is back; at the end the domain goes down in good order, with a
clean console and a clean disk.

STORM_SECONDS  in all; an hour is a hundred storms or so (default 10, in two storms)
STORM_SEED     of the first storm, the next has the next (default: by the clock). Printed; it brings the same lives again, which
               do the same things as far as the scheduler lets them
STORM_SLOTS, STORM_MAX_MS    lives at a time, and how long at most (6, 400)
KSLICE_DEBUG, KSLICE_IMAGE   another image (tests/common/domain.py)
"""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fault"))
import devices  # noqa: E402
from check import check  # noqa: E402
from domain import BUILD, Domain, DomainError, end_on_sigterm, run_group  # noqa: E402
import fault  # noqa: E402

NAME = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
KIND = devices.kind(NAME)
SECONDS = int(os.environ.get("STORM_SECONDS", "10"))
EACH = 30
SEED = int(os.environ.get("STORM_SEED", "0")) or int(time.time())
SLOTS, MAX_MS = os.environ.get("STORM_SLOTS", "6"), os.environ.get("STORM_MAX_MS", "400")
DISK = "4G"  # no call of the storm's fills it; sparse
# Bytes that storms may leave in caches: of a disk, its journal (64 MB) and other metadata; in debug images each new stack trace of an
# allocation, for good (CONFIG_STACKDEPOT).
LOST = {"file": 96 << 20}.get(KIND, 1 << 20) + (16 << 20 if os.environ.get("KSLICE_DEBUG") else 0)


class Stormy(Domain):
    """Anybody's; its disks are big, and are looked at when it is down."""

    def __enter__(self):
        super().__enter__()
        os.chmod(self.dir, 0o711)
        os.chmod(self.socket_path, 0o666)
        return self

    def status(self):
        """A domain that is busy may let its supervisor wait for longer than that waits."""
        for _ in range(60):
            try:
                return super().status()
            except DomainError as e:
                late = e
        raise late


def trees():
    return os.path.join(devices.prefixes(NAME)[0], "storm") if KIND == "file" else "-"


def sh(d, script):
    r = d.run(["sh", "-c", script])
    check(r.returncode == 0, f"{script}: {r.returncode}: {r.stdout}")


def one(d, seed, seconds):
    if KIND == "file":
        sh(d, f"mkdir -m 1777 {trees()}")
    print(f"   seed {seed}, {seconds} s", flush=True)
    r = run_group([os.path.join(BUILD, f"tests/storm/storm-{NAME}"), d.socket_path, str(seconds), str(seed), SLOTS, MAX_MS, trees()],
                  seconds + 120)
    print("   " + r.stdout.strip().replace("\n", "\n   "), flush=True)
    check(r.returncode == 0, f"storm: {r.returncode}; again: STORM_SEED={seed} tests/storm/storm.py {NAME}")
    check(d.wait_clients(1, 60) is not None, f"clients are left: {d.status()}")  # the bystander stays
    if KIND == "file":
        sh(d, f"chattr -R -f -i -a {trees()}; chmod -R u+rwx {trees()}; rm -rf {trees()} && sync")  # root's clients may have made some immutable


def bystander(d):
    return d.popen([fault.prog("traffic"), KIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def storms(d):
    rounds = max(2, -(-SECONDS // EACH))
    before = None
    for i in range(rounds):
        with bystander(d) as t:
            fault.talk(t, "ready")
            one(d, SEED + i, max(1, SECONDS // rounds))
            check(t.poll() is None, f"the bystander ended: {t.poll()}")
            t.stdin.close()
            print("   bystander: " + fault.talk(t, "rounds")[-1])
            check(t.wait(60) == 0, "the bystander noticed")
        s = fault.settled(d)
        free = s["mem_free"] + s["tasks"] * fault.TASK_BYTES
        print(f"   free {s['mem_free']} of {s['mem_total']}, tasks {s['tasks']}", flush=True)
        check(before is None or free > before - LOST, f"{before - free if before else 0} bytes of memory are lost")
        before = before or free


def main():
    end_on_sigterm()
    if os.access("/dev/shm", os.W_OK):  # nobody waits for this machine's disk
        tempfile.tempdir = "/dev/shm"
    if KIND == "file":
        os.environ["FAULT_DIR"] = devices.prefixes(NAME)[0]
    fault.NAME, fault.KIND = NAME, KIND
    with Stormy(NAME, disk=DISK) as d:
        print(f"{NAME}: {d.image}")
        fault.shared_dir(d)
        pid = d.pid()
        storms(d)
        check(d.pid() == pid, "the domain was restarted")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (DomainError, fault.Failed) as e:
        print(f"storm: FAIL: seed {SEED}: {e}", file=sys.stderr)
        sys.exit(1)
