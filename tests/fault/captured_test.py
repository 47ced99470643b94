#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""captured_test.py NAME TEST...: what code inside the domain process (captured.c) can do to others, and what other processes of
its uid can do to it. As root; each test runs with a domain of root and one of the user nobody. Without arguments lists the tests.
"""
import ctypes
import errno
import os
import re
import signal
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import cgroups  # noqa: E402
import devices  # noqa: E402
from check import Failed, check  # noqa: E402
from domain import BUILD, KDOM, Domain, DomainError, end_on_sigterm  # noqa: E402

CAPTURED = os.path.join(BUILD, "tests/fault/captured")
NOBODY = 65534
UIDS = 0x7F000000
NAME = None


class Other(Domain):
    """Its supervisor runs with another uid; uid None: root's. old: on a host that has neither user namespaces nor Landlock."""

    def __init__(self, name, uid, old=False):
        super().__init__(name)
        self.uid, self.old = uid, old
        self.cgroup = None  # of the test's, in which its supervisor is to be

    def kdom(self, *args, check=True):
        if self.uid is None and not self.old and not self.cgroup:
            return super().kdom(*args, check=check)
        for top, dirs, files in os.walk(self.dir):
            for f in (top, *(os.path.join(top, f) for f in files)):
                os.chown(f, self.uid or 0, self.uid or 0)
        enter = ["sh", "-ec", self.cgroup.enter + 'exec "$@"', "sh"] if self.cgroup else []
        user = as_user(self.uid or 0) if self.uid is not None or self.old else []
        r = subprocess.run([*enter, *user, KDOM, *args], env=self.env, capture_output=True, text=True, timeout=60,
                           preexec_fn=old_host if self.old else None)
        if check and r.returncode:
            raise Failed(f"kdom {args}: {r.stderr}{self.console()}")
        return r

    def again(self):
        if not self.pid():
            self.up()

    def status(self):
        """Also if a domain ends during the request, or is slow to answer."""
        for _ in range(20):
            try:
                return super().status()
            except DomainError:
                time.sleep(0.05)
        return super().status()

    def gone(self):
        return not self.pid()

    def wait(self, what, cond):
        limit = time.monotonic() + 30
        while not cond():
            check(time.monotonic() < limit, f"{what}: not within 30 s:\n" + self.console()[-2000:])
            time.sleep(0.01)


def old_host():
    """For a child: the errors of such a host's kernel, by a seccomp filter, so that nothing else on the host changes."""
    ld, jeq, jset, ret, allow, error = 0x20, 0x15, 0x45, 0x06, 0x7FFF0000, 0x00050000
    code = ((ld, 0, 0, 0), (jeq, 6, 0, 444), (jeq, 2, 0, 272), (jeq, 1, 0, 56), (ret, 0, 0, allow),  # landlock_create_ruleset, unshare, clone
            (ld, 0, 0, 16), (jset, 2, 0, 0x10000000), (ret, 0, 0, allow), (ret, 0, 0, error | errno.ENOSYS), (ret, 0, 0, error | errno.ENOSPC))
    text = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *i) for i in code))
    prog = struct.pack("HxxxxxxP", len(code), ctypes.addressof(text))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, prog):  # PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP
        raise OSError(ctypes.get_errno(), "seccomp")


def as_user(uid):
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--inh-caps=-all", "--"]


def inject(pid, *calls, suspend=False):
    r = subprocess.run([CAPTURED, *(["-s"] if suspend else []), str(pid), *calls], capture_output=True, text=True, timeout=60)
    check(r.returncode == 0, r.stderr)
    return r.stdout.split("\n")[:-1]


# Call, and whether it is named: an honest bug could be that, so it is an Oops. Others end the process before any handler runs.
NAMED, SILENT = True, False
CALLS = (
    ("open", "2,@/etc/passwd,0", NAMED), ("openat", "257,-100,@/etc/passwd,0", NAMED), ("execve", "59,@/bin/true,0,0", SILENT),
    ("fork", "57", SILENT), ("clone", "56,17", SILENT), ("clone3", "435", SILENT), ("socket", "41,2,1,0", SILENT),
    ("ptrace", "101,16,{sup}", SILENT), ("process_vm_readv", "310,{sup},%,1,%,1,0", SILENT),
    ("kill of its supervisor", "62,{sup},9", SILENT), ("tgkill of its supervisor", "234,{sup},{sup},9", NAMED),
    ("pidfd_open", "434,{sup},0", SILENT), ("rt_sigaction", "13,31,0,0,8", NAMED), ("rt_sigprocmask", "14,0,0,0,8", NAMED),
    ("memory that can run", "9,0,4096,7,34,-1,0", SILENT), ("anonymous memory", "9,0,4096,3,34,-1,0", NAMED),
    ("mprotect to run", "10,%,4096,7", SILENT), ("mprotect", "10,%,4096,3", NAMED), ("dumpable again", "157,4,1", SILENT),
    ("unshare", "272,0x10000000", SILENT), ("setuid", "105,0", SILENT), ("a message on another fd", "46,2,%,0", SILENT),
    ("a futex with priorities", "202,%,6", SILENT), ("a log that blocks", "72,2,4,0", NAMED), ("prlimit", "302,0,7,0,0", NAMED),
    ("the x32 form of write", "0x40000001,2,%,1", NAMED), ("an io_uring", "425,1,%", SILENT), ("another clock", "228,11,%", NAMED),
)


def calls(d):
    """any call that a running domain doesn't need ends it, and is named if a bug of ours could cause it"""
    sup = d.supervisor_pid()
    for what, call, named in CALLS:
        d.again()
        got = inject(d.pid(), call.format(sup=sup))
        check(got == ["signal 31 caught" if named else "signal 31"], f"{what}: {got}")
        number = int(call.split(",")[0], 0)
        if named:
            d.wait(what, lambda: f"Oops: system call {number} is not allowed" in d.console())
        d.wait(what, d.gone)
        check(d.supervisor_pid() == sup, f"{what}: another supervisor")


# What else holds, were there no seccomp: the call, and what it may say.
BEHIND = (
    ("open", "2,@/etc/passwd,0", "EACCES ENOENT"), ("its root", "2,@/,0x10000", "EACCES"), ("/proc", "2,@/proc/1/mem,2", "EACCES ENOENT"),
    ("mkdir", "83,@/x,0777", "EACCES EROFS"), ("execve", "59,@/bin/true,0,0", "EACCES ENOENT"), ("fork", "57", "EAGAIN"),
    ("kill of its supervisor", "62,{sup},9", "ESRCH"), ("tgkill of its supervisor", "234,{sup},{sup},9", "ESRCH"),
    ("ptrace", "101,16,{sup}", "ESRCH"), ("pidfd_open", "434,{sup},0", "ESRCH"), ("setuid", "105,0", "EINVAL EPERM"),
    ("user namespace", "272,0x10000000", "EPERM EINVAL"), ("mount", "165,@none,@/,@tmpfs,0,0", "EPERM"), ("chroot", "161,@/", "EPERM EACCES"),
    ("mlock", "149,%,4096", "EPERM ENOMEM"),
)


def behind(d):
    """namespaces, an empty root, Landlock and limits hold if seccomp is bypassed"""
    sup, pid = d.supervisor_pid(), d.pid()
    got = inject(pid, *(call.format(sup=sup) for _, call, _ in BEHIND), suspend=True)
    check(len(got) == len(BEHIND), str(got))
    for (what, _, may), line in zip(BEHIND, got):
        check(line in [f"result {-getattr(errno, name)}" for name in may.split()], f"{what}: {line}, not {may}")
    for space in "user", "pid", "net", "mnt", "ipc", "uts", "cgroup":
        check(os.readlink(f"/proc/{pid}/ns/{space}") != os.readlink(f"/proc/{sup}/ns/{space}"), f"{space}: its supervisor's")
    check(not os.listdir(f"/proc/{pid}/root/"), "its root isn't empty")
    check(d.pid() == pid and d.supervisor_pid() == sup, "somebody died")


def faults(d):
    """a fault inside is named, and ends the process by its signal"""
    for sig in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP):
        d.again()
        os.kill(d.pid(), sig)
        d.wait(sig.name, d.gone)
        check(d.status()["last_status"] & 0x7F == sig, f"{sig.name}: wait status {d.status()['last_status']:#x}")
        check(f"Oops: {sig.name[3:]}" in d.console(), f"{sig.name}: not named: {d.console()[-500:]}")


def flood(d):
    """100 MB to the console: the log stays small, the domain runs on, and so does the supervisor; last words arrive"""
    pid = d.pid()
    got = inject(pid, "3200*1,2,%,32768")
    check(got[0].startswith("sum "), str(got))
    print(f"   the pipe took {int(got[0].split()[1]) >> 10} KiB of 102400")
    size = sum(os.path.getsize(os.path.join(d.dir, f)) for f in os.listdir(d.dir) if ".log" in f)
    check(size < 3 << 20, f"logs of {size} bytes")
    check("prints a lot" in d.console() or os.path.exists(f"{d.dir}/{NAME}.log.1"), "all of it was kept")
    check(d.pid() == pid, "the domain ended")
    os.kill(pid, signal.SIGSEGV)
    d.wait("its end", d.gone)
    check("Oops: SEGV" in d.console(), "its last words are lost: " + d.console()[-500:])


LOOKS = """
import ctypes, os, sys
pid, libc = int(sys.argv[1]), ctypes.CDLL(None, use_errno=True)
class Vec(ctypes.Structure):
    _fields_ = ("base", ctypes.c_void_p), ("len", ctypes.c_size_t)
room = ctypes.create_string_buffer(8)
here, there = Vec(ctypes.addressof(room), 8), Vec(int(sys.argv[2], 16), 8)
for name in "mem", "environ", "fd/2", "auxv":
    try:
        open(f"/proc/{pid}/{name}", "rb").read(8)
        print("read", name)
    except OSError:
        pass
if libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0) > 0: print("process_vm_readv")
if libc.ptrace(16, pid, 0, 0) == 0: print("ptrace")
if libc.syscall(438, libc.syscall(434, pid, 0), 2, 0) >= 0: print("pidfd_getfd")
try:
    os.kill(pid, 0)
    print("signal")
except OSError:
    pass
"""


def looks(pid, uid):
    with open(f"/proc/{pid}/maps") as f:
        at = next(line.split("-")[0] for line in f if " r" in line)
    r = subprocess.run([*as_user(uid), "/usr/bin/python3", "-c", LOOKS, str(pid), at], capture_output=True, text=True, timeout=60)
    check(r.returncode == 0, r.stderr)
    return set(r.stdout.split("\n")[:-1])


def uid_of(pid):
    with open(f"/proc/{pid}/status") as f:
        return re.search(r"^Uid:\s+(\d+)\s+(\d+)\s+(\d+)", f.read(), re.M).groups()


def outside(d):
    """others: of its uid none reads its memory; another uid may not even signal it; root's domains have uids of their own"""
    uids = set(uid_of(d.pid()))
    check(len(uids) == 1, str(uids))
    uid = int(uids.pop())
    may = looks(d.pid(), uid)
    check(may <= {"signal"}, f"a process of its uid {uid} may: {may}")
    if d.uid is not None:
        return
    check(UIDS <= uid < UIDS + (1 << 22), f"uid {uid}")
    may = looks(d.pid(), NOBODY)
    check(not may, f"nobody may: {may}")
    with Other(NAME, None) as second:
        check(int(uid_of(second.pid())[0]) != uid, "two domains of one uid")


def disk(d):
    """it can free blocks of its disk's file, but not allocate any beyond its end or size"""
    pid = d.pid()
    fds = {f: os.readlink(f"/proc/{pid}/fd/{f}") for f in os.listdir(f"/proc/{pid}/fd")}
    fd = next((f for f, path in fds.items() if path.startswith(d.dir)), None)
    if fd is None:
        return
    before = os.stat(fds[fd])
    end, path = before.st_size, fds[fd]
    for mode in 0x11, 0x01, 0x00, 0x10:  # ZERO_RANGE and KEEP_SIZE; KEEP_SIZE; none; ZERO_RANGE
        d.again()
        got = inject(d.pid(), f"285,{fd},{mode},{end},{32 << 20}")
        check(got == ["signal 31"], f"fallocate mode {mode:#x} behind the end: {got}")
        d.wait("its end", d.gone)
    d.again()
    got = inject(d.pid(), f"285,{fd},3,{end},{32 << 20}")
    check(got == ["result 0"], f"a hole behind the end: {got}")
    for what, call in ("write", f"18,{fd},%,4096,{end}"), ("size", f"77,{fd},{2 * end}"):
        d.again()
        got = inject(d.pid(), call, suspend=True)
        check(got[0] in (f"result {-errno.EFBIG}", "signal 25", "signal 25 caught"), f"{what} beyond the end: {got}")
    after = os.stat(path)
    check(after.st_size == end, f"its disk has {after.st_size} bytes, not {end}")
    check(after.st_blocks * 512 <= end + (1 << 20), f"its disk holds {after.st_blocks * 512} bytes of {end}")


def worn(d):
    """What `kdom ps -v` says."""
    r = d.kdom("ps", "-v")
    on = re.search(r"^    belts:(.*)$", r.stdout, re.M)[1].split()
    off = re.search(r"^    not available:(.*)$", r.stdout, re.M)
    return set(on), dict(re.findall(r"(\S+) \((.*?)\)", off[1])) if off else {}


def has_cgroups(d):
    """Its controllers that it is in one of its own for; those that it isn't say why, and it is in its supervisor's."""
    on, off = worn(d)
    pid, sup = d.pid(), d.supervisor_pid()
    for c in cgroups.CONTROLLERS:
        check((c in on) != (c in off), f"{c}: {on}, {off}")
        check(c in off or cgroups.read(f"/proc/{pid}/cgroup") != cgroups.read(f"/proc/{sup}/cgroup"), f"{c} isn't held")
        own = cgroups.where(sup, c)
        if own:
            at = cgroups.where(pid, c)
            check(at == own if c in off else re.fullmatch(rf"{own}/kdom-{NAME}-[0-9a-f]{{8}}", at), f"{c}: {at}, supervisor's {own}")
    return [c for c in cgroups.CONTROLLERS if c in on]


def again_in(d, group):
    """Its supervisor anew, in this cgroup; with a disk as few maps of files as may be, so that there is little to fill."""
    d.kdom("down", NAME)
    d.cgroup = group
    if any(dev["type"] == "block" for dev in devices.devices(NAME)):
        d.options = [*d.options, "--device", "0:shares=8"]
    d.up()


def bounds(d):
    """a cgroup of its own, also of a user to whom one was given: bounds its memory; is gone after its end, and after a killed supervisor's"""
    has_cgroups(d)
    with cgroups.Own("bounds", d.uid) as group:
        again_in(d, group)
        held = has_cgroups(d)
        check(set(held) == set(group.dirs), f"{held} of {list(group.dirs)}: {worn(d)}")
        if "pids" in held:
            check(int(cgroups.read(f"{cgroups.where(d.pid(), 'pids')}/pids.max")) <= 64, "pids.max")
        if "memory" in held:
            pid, sup, at = d.pid(), d.supervisor_pid(), cgroups.where(d.pid(), "memory")
            most = int(cgroups.read(f"{at}/memory.limit_in_bytes"))
            check(most < 2 << 30, f"a bound of {most}")
            got = inject(pid, f"9,0,{most + (16 << 20)},3,0x8022,-1,0", suspend=True)  # anonymous, private, populated
            check(got == ["signal 9"], f"{most} bytes and more: {got}")
            d.wait("its end", d.gone)
            d.wait("its cgroup's end", lambda: not os.path.exists(at))
            check(d.supervisor_pid() == sup, "another supervisor")
            d.again()
        for c in held:
            check(len(group.below(c)) == 1, f"{c}: {group.below(c)}")
        pid, old = d.pid(), {p for c in held for p in group.below(c)}
        os.kill(d.supervisor_pid(), signal.SIGKILL)
        d.wait("the domain's end", lambda: not os.path.exists(f"/proc/{pid}"))
        check(all(map(os.path.exists, old)), "nobody was there to remove it")
        d.up()
        check(set(has_cgroups(d)) == set(held), f"{worn(d)}")
        for c in held:
            check(len(group.below(c)) == 1 and group.below(c)[0] not in old, f"{c}: {group.below(c)}, before: {old}")
        d.kdom("down", NAME)
        check(not any(group.below(c) for c in held), f"left: {[group.below(c) for c in held]}")
        d.cgroup = None


def cpu_ms(pid):
    fields = cgroups.read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 // os.sysconf("SC_CLK_TCK")


def spin(d):
    """all its threads run without pause: together they get no more CPU time than one host thread"""
    with cgroups.Own("spin", d.uid) as group:
        if "cpu" not in group.dirs:
            return
        d.cpu = min(os.sched_getaffinity(0))
        again_in(d, group)
        check("cpu" in worn(d)[0], f"{worn(d)}")
        pid = d.pid()
        # Of the same cgroup and on the same CPU, so that each counts as one.
        other = subprocess.Popen(["sh", "-ec", group.enter + "while :; do :; done"], preexec_fn=lambda: os.sched_setaffinity(0, [d.cpu]))
        try:
            r = subprocess.run([CAPTURED, "spin", str(pid)], capture_output=True, text=True, timeout=60)
            check(r.returncode == 0, r.stderr)
            its, others = cpu_ms(pid), cpu_ms(other.pid)
            d.wait("the other's turns", lambda: cpu_ms(other.pid) > others + 1000)
            its, others = cpu_ms(pid) - its, cpu_ms(other.pid) - others
        finally:
            other.kill()
            other.wait()
            os.kill(pid, signal.SIGKILL)
        print(f"   {r.stdout.strip()} of the domain: {its} ms, the other: {others} ms")
        check(its < 1.4 * others, f"the domain's {r.stdout.strip()} had {its} ms, the other {others}")
        d.wait("its end", d.gone)
        d.kdom("down", NAME)
        d.cgroup = None


SPACES = {"pid", "net", "ipc", "uts", "root"}


def old(d):
    """a host without user namespaces and Landlock: the domain serves, is confined by the rest, and reports which are missing and why"""
    out = d.kdom("ps", "-v").stdout
    on, off = re.search(r"^    belts:(.*)$", out, re.M)[1].split(), dict(re.findall(r"(\w+) \((.*?)\)", out))
    check(off.get("user") == os.strerror(errno.ENOSPC) and off.get("landlock") == os.strerror(errno.ENOSYS), out)
    mine = {"limits", "hidden", "seccomp"} | (SPACES | {"uid"} if d.uid is None else set())
    check(mine <= set(on) and not mine & set(off), out)
    check(d.uid is None or SPACES | {"uid"} <= set(off), out)
    check("landlock (Function not implemented)" in d.console(), d.console())
    with d.popen([os.path.join(BUILD, "tests/fault/greedy"), "honest", devices.kind(NAME)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        check(p.stdout.readline() == "ready\n", "a program on it fails")
        p.stdin.close()
        check(p.wait(60) == 0, f"a program on it: {p.returncode}")
    may = looks(d.pid(), int(uid_of(d.pid())[0]))
    check(may <= {"signal"}, f"a process of its uid may: {may}")
    for what in "open", "fork", "socket", "kill of its supervisor":
        call, named = next(c[1:] for c in CALLS if c[0] == what)
        d.again()
        got = inject(d.pid(), call.format(sup=d.supervisor_pid()))
        check(got == ["signal 31 caught" if named else "signal 31"], f"{what}: {got}")
        d.wait(what, d.gone)


TESTS = (calls, behind, faults, flood, outside, disk, bounds, spin, old)


def main():
    global NAME
    if len(sys.argv) < 3:
        for t in TESTS:
            print(f"{t.__name__:12} {t.__doc__}")
        return 0
    if os.geteuid():
        sys.exit("captured_test.py: needs root, to get inside a process")
    end_on_sigterm()
    NAME = sys.argv[1]
    os.environ["FAULT_DIR"] = "".join(devices.prefixes(NAME)[:1])
    chosen = {t.__name__: t for t in TESTS}
    for name in sys.argv[2:]:
        for uid in None, NOBODY:
            print(f"{NAME} {name}, {'root' if uid is None else 'nobody'}'s: {chosen[name].__doc__}", flush=True)
            d = Other(NAME, uid, old=name == "old")
            with Lenient(d):
                chosen[name](d)
    print("all passed")
    return 0


class Lenient:
    """The domain, without the check that its console is clean: what these tests do is said there."""

    def __init__(self, d):
        self.d = d

    def __enter__(self):
        return self.d.__enter__()

    def __exit__(self, kind, value, trace):
        try:
            self.d.kdom("down", self.d.name, check=False)
            if kind:
                print("--- console\n" + self.d.console()[-3000:])
        finally:
            self.d.sweep()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as e:
        sys.exit(f"captured_test.py: {e}")
