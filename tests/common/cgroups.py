# SPDX-License-Identifier: GPL-2.0
"""cgroups for a test: where we are in each controller's hierarchy, and one of the test's own below that."""
import os
import re
import signal
import time

CONTROLLERS = ("memory", "cpu", "pids")


def read(path):
    with open(path) as f:
        return f.read()


def where(pid, controller):
    """The directory of pid's cgroup in the version 1 hierarchy of this controller, or None."""
    own = re.search(rf"^\d+:(?:\S+,)?{controller}(?:,\S+)?:(/.*)$", read(f"/proc/{pid}/cgroup"), re.M)
    at = re.search(rf"^\S+ \S+ \S+ (\S+) (\S+) .* - cgroup \S+ \S*\b{controller}\b", read("/proc/self/mountinfo"), re.M)
    if not own or not at or not own[1].startswith(at[1].rstrip("/")):
        return None
    return at[2] + own[1][len(at[1].rstrip("/")):].rstrip("/")


class Own:
    """A cgroup of the test in each version 1 hierarchy that root can use; owned by uid, if given. enter: shell commands to enter it."""

    def __init__(self, name, uid):
        self.dirs = {}
        for c in CONTROLLERS:
            top = where("self", c)
            path = f"{top}/test-{name}-{os.getpid()}"
            try:
                if top:
                    os.mkdir(path)
            except OSError:
                continue
            if top:
                self.dirs[c] = path
        for path in self.dirs.values() if uid is not None else ():
            for f in path, f"{path}/cgroup.procs":
                os.chown(f, uid, uid)

    @property
    def enter(self):
        return "".join(f"echo $$ >{path}/cgroup.procs; " for path in self.dirs.values())

    def below(self, controller):
        path = self.dirs[controller]
        return [os.path.join(path, e) for e in os.listdir(path) if os.path.isdir(os.path.join(path, e))]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        """After a failure kills the members first, so that the failure is what is reported."""
        for path in self.dirs.values() if kind else ():
            for top, _, _ in os.walk(path):
                for pid in read(f"{top}/cgroup.procs").split():
                    os.kill(int(pid), signal.SIGKILL)
        limit = time.monotonic() + 10
        for path in self.dirs.values():
            while True:
                try:
                    for top, _, _ in os.walk(path, topdown=False):
                        os.rmdir(top)
                    break
                except OSError:
                    if time.monotonic() > limit:
                        raise
                    time.sleep(0.01)
