#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Fault tests of a domain. fault.py NAME TEST...; without arguments lists them. Exit status 0 only if all passed.
NAME is the domain, or socket, file or pipe for the tests `native` and `nodomain`, which need none.

Durations are measured and printed, none is asserted: events that are required "within a second" are waited for up to 20 s, and
marked LATE in the output if they took longer than one.
Environment: KSLICE_DEBUG, KSLICE_IMAGE another image (common/domain.py), FAULT_CLIENTS (churn), FAULT_GREED (memory), FAULT_CROWD (crowd), FAULT_ROUNDS (liar), FAULT_DEATHS (mapped), FAULT_SEED.
"""
import os
import re
import stat
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "common"))
import devices  # noqa: E402
from check import Failed, check  # noqa: E402
from domain import BUILD, Domain, end_on_sigterm, run_group  # noqa: E402

BIN = os.path.join(BUILD, "tests/fault")
EREMOTEIO = 121
# What a domain's fds are of decides which programs can use them.
PROGRAMS = {"socket": ("sem_poll", "sem_fork", "sem_signal", "sem_thread", "sem_end"), "pipe": ("sem_pipe",),
            "file": ("sem_file", "sem_end")}
NAME = KIND = None


def took(what, seconds):
    print(f"   {what}: {seconds * 1000:.1f} ms{'   LATE' if seconds > 1 else ''}")


def prog(name):
    return os.path.join(BIN, name)


def report(result):
    for line in result.stdout.splitlines():
        if not line.startswith("ok "):
            print("   " + line)
    if result.returncode is None:
        raise Failed("timed out")
    check(result.returncode == 0, f"exit status {result.returncode}")
    print(f"   {sum(line.startswith('ok ') for line in result.stdout.splitlines())} cases ok")


def settled(d):
    """Status once no client is left and memory use is stable."""
    check(d.wait_clients(0, 20) is not None, f"clients left behind: {d.status()}")
    last = None
    for _ in range(40):
        s = d.status()
        if last and s["mem_free"] == last["mem_free"] and s["tasks"] == last["tasks"]:
            return s
        last = s
        time.sleep(0.25)
    return last


def used(d):
    """Checks that the domain served the calls: a hook that passes everything to the host would succeed, too."""
    calls = d.status()["calls"]
    print(f"   {calls} calls served")
    check(calls > 100, "the domain served next to nothing")


def fds(pid):
    """The minimum of several looks: the last requester's connection may still be closing."""
    counts = []
    for _ in range(8):
        counts.append(len(os.listdir(f"/proc/{pid}/fd")))
        time.sleep(0.05)
    return min(counts)


def maps(pid):
    with open(f"/proc/{pid}/maps") as f:
        return sum(1 for _ in f)


def domain(**kw):
    """NAME's domain, and FAULT_DIR in it, writable for all like /tmp."""
    if KIND == "file":
        os.environ["FAULT_DIR"] = devices.prefixes(NAME)[0]
    return Domain(NAME, **kw)


def shared_dir(d):
    if KIND == "file":
        r = d.run(["chmod", "1777", os.environ["FAULT_DIR"]])
        check(r.returncode == 0, r.stdout)


def let_others_in(d):
    os.chmod(d.dir, 0o711)
    os.chmod(d.socket_path, 0o666)


# ---- semantics programs ----

def each_program(run):
    with tempfile.TemporaryDirectory() as tmp:
        os.environ["FAULT_DIR"] = tmp
        for p in PROGRAMS[KIND]:
            print("  " + p)
            report(run(prog(p)))


def native():
    """the programs themselves, on the host kernel"""
    each_program(lambda p: run_group([p], 120))
    with tempfile.TemporaryDirectory() as tmp:
        os.environ["FAULT_DIR"] = tmp
        r = run_group([prog("killed"), KIND, "native"], 60)
    check(r.returncode == 0, r.stdout)


def nodomain():
    """hooked, with no domain"""
    each_program(lambda p: run_group([os.path.join(BUILD, "lib/kdom-launch"), p], 120))


def semantics(name):
    with domain() as d:
        report(d.run([prog(name)]))
        used(d)
        settled(d)


def poll():
    """poll, select, epoll over domain and host fds together"""
    semantics("sem_poll")


def fork():
    """fork, exec, dup, descriptor passing"""
    semantics("sem_fork")


def signals():
    """signals, timeouts, non-blocking mode"""
    semantics("sem_signal")


def threads():
    """threads of one client"""
    semantics("sem_thread")


def pipes():
    """pipes over fork, exec, threads, signals and poll"""
    semantics("sem_pipe")


def files():
    """files over fork, exec, threads and signals: offsets, locks, names, cwd"""
    semantics("sem_file")


def ends():
    """exit, exec, a signal's end and dup2 while other threads are in calls"""
    semantics("sem_end")


# ---- death ----

def talk(p, pattern, seconds=60):
    """Lines of p up to one that matches."""
    lines = []
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        line = p.stdout.readline()
        if not line:
            raise Failed(f"the program ended early, status {p.wait()}: {lines}")
        lines.append(line.strip())
        if re.match(pattern, line):
            return lines
    raise Failed(f"no line {pattern}: {lines}")


def killed_one(d, p, end=None):
    talk(p, "ready")
    t0 = time.monotonic_ns()
    (end or d.kill)()
    took("its end", (time.monotonic_ns() - t0) / 1e9)
    p.stdin.write("dead\n")
    p.stdin.flush()
    lines = talk(p, "host ")
    bad, latest = [], 0
    for line in lines:
        w = line.split()
        if w[0] == "thread":
            if w[2] != str(EREMOTEIO):
                bad.append(line + " (0: it didn't fail)")
            latest = max(latest, int(w[3]) - t0)
        if w[0] == "after" and (w[2] != str(EREMOTEIO) or int(w[3]) > 1000000):
            bad.append(line)
    took("last call in flight failed", latest / 1e9)
    check(not bad, "not EREMOTEIO: " + "; ".join(bad))
    check("host ok" in lines, "host fds don't work any more")


def kill():
    """kdom kill in the middle of traffic, kdom up again, same clients"""
    with domain() as d:
        before = d.status()["generation"]
        with d.popen([prog("killed"), KIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            try:
                killed_one(d, p)
                d.up()
                p.stdin.write("up\n")
                p.stdin.flush()
                lines = talk(p, "end$")
                check("again ok" in lines, str(lines))
                old = [x for x in lines if x.startswith("old") and not x.endswith(f" {EREMOTEIO}")]
                check(not old, "old fds: " + "; ".join(old))
                check(p.wait(20) == 0, f"exit status {p.returncode}")
            finally:
                p.kill()
        s = settled(d)
        check(s["generation"] > before, "the domain isn't a new one")
        check(s["clients"] == 0, "clients left")


def symbol(d, name):
    """Address of that kernel object in the running domain; the machine may have a larger one of the same name."""
    out = subprocess.run(["readelf", "-sW", d.image], capture_output=True, text=True, check=True).stdout
    found = [(int(w[2], 0), int(w[1], 16)) for w in map(str.split, out.splitlines()) if w[3:4] == ["OBJECT"] and w[-1] == name]
    check(found, f"{name}: not in {d.image}")
    with open(f"/proc/{d.pid()}/maps") as f:
        return min(found)[1] + next(int(line.split("-")[0], 16) for line in f if "kdom-image" in line)


def poke(d, at, change):
    """Overwrites a word of the domain's memory; returns the old value."""
    with open(f"/proc/{d.pid()}/mem", "r+b", buffering=0) as f:
        f.seek(at)
        was = int.from_bytes(f.read(8), "little")
        if change:
            f.seek(at)
            f.write((was ^ change).to_bytes(8, "little"))
        return was


def overwrite(d, text, by):
    """Wherever the domain has that text."""
    with open(f"/proc/{d.pid()}/maps") as f:
        areas = [[int(x, 16) for x in line.split()[0].split("-")] for line in f if line.split()[1].startswith("rw")]
    with open(f"/proc/{d.pid()}/mem", "r+b", buffering=0) as f:
        for at, end in [a for a in areas if a[1] - a[0] < 1 << 40]:  # not KASAN's shadow
            f.seek(at)
            for m in re.finditer(re.escape(text), f.read(end - at)):
                f.seek(at + m.start())
                f.write(by)


def bad_canary(d):
    """Functions that are asleep return to another canary."""
    d.wanted = "stack-protector: Kernel stack is corrupted"
    poke(d, symbol(d, "__stack_chk_guard"), 1 << 60)


def bad_list(d):
    """The next attach finds the clients' list corrupted."""
    d.wanted = "list_add corruption"
    poke(d, poke(d, symbol(d, "sd_state"), 0) + 8, 64)  # which begins with that list
    d.run([prog("traffic"), KIND])


def bad_length(d):
    """A symlink in an inode has lost its NUL: copying it would read beyond it."""
    d.wanted = "usercopy: Kernel memory exposure attempt"
    link = os.path.join(os.environ["FAULT_DIR"], "link")
    target = ("u" + os.urandom(29).hex()).encode()  # 59 bytes: as many as lie in an inode
    d.run(["ln", "-s", target.decode(), link])
    overwrite(d, target, target + b"x" * 8)
    d.run(["readlink", link])


def corrupt():
    """corruption that the kernel detects ends the domain at once, and its clients get EREMOTEIO"""
    for damage in (bad_canary, bad_list) + ((bad_length,) if KIND == "file" else ()):
        with domain() as d, d.popen([prog("killed"), KIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            killed_one(d, p, lambda: damage(d))
            check(os.waitstatus_to_exitcode(d.status()["last_status"]) == 134, str(d.status()))
            print("   " + next(line for line in d.console().splitlines() if re.search(d.wanted, line)))


ASK_PATHS = """
import os, subprocess, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
os.fchdir(fd)
print("ready", flush=True)
sys.stdin.readline()
host = os.path.basename(sys.argv[2])
names = ["secret", "./secret", "../secret", f"../{host}/secret", f"x/../../{host}/secret", "/proc/self/cwd/secret", f"/proc/self/fd/{fd}/secret"]
def cat(name, **kw):
    with open(name, **kw) as f:
        return f.read()
def by_dir(name, flags):
    return os.open(name, flags, dir_fd=fd)
for what in [lambda n=n: cat(n) for n in names] + [lambda n=n: cat(n, opener=by_dir) for n in names[:5]] + [
        lambda n=n: subprocess.run([n], capture_output=True, check=True, text=True).stdout for n in names[1:]] + [
        os.getcwd, lambda: os.readlink("/proc/self/cwd"), lambda: os.readlink(f"/proc/self/fd/{fd}"),
        lambda: subprocess.run(["/bin/pwd"], capture_output=True, check=True, text=True).stdout]:
    try:
        print("got", what().strip(), flush=True)
    except (OSError, subprocess.CalledProcessError) as e:
        print("error", e, flush=True)
print("end", flush=True)
"""


def paths():
    """a domain that claims that its directory is among the host's files doesn't make a program go there"""
    with domain() as d:
        with open(os.path.join(d.dir, "secret"), "w", opener=lambda n, f: os.open(n, f, 0o755)) as f:
            f.write("#!/bin/cat\nthe host's\n")
        lie = ".." + d.dir
        name = "n" + os.urandom(len(lie)).hex()[1:len(lie)]
        path = os.path.join(os.environ["FAULT_DIR"], name)
        d.run(["mkdir", path])
        with d.popen([sys.executable, "-c", ASK_PATHS, path, d.dir], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
            talk(p, "ready")
            overwrite(d, name.encode(), lie.encode())
            p.stdin.write("\n")
            p.stdin.flush()
            lines = talk(p, "end$")
        print("   " + "\n   ".join(lines))
        check(len(lines) == 23, f"{len(lines)} answers")
        lies = [x for x in lines if x.startswith("got") and (".." in x or d.dir in x or "the host's" in x)]
        check(not lies, str(lies))


def unnoticed():
    """a client that made no call between the domain's death and its start continues with new fds"""
    with domain() as d, d.popen([prog("killed"), KIND, "idle"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as p:
        talk(p, "ready")
        d.kill()
        d.up()
        p.stdin.write("up\n")
        p.stdin.flush()
        check(talk(p, "again")[-1] == "again ok", "its first new fd fails")
        check(p.wait(20) == 0, f"exit status {p.returncode}")


def kill_again():
    """ten times killed and up again in the middle of traffic of four clients"""
    with domain() as d:
        for _ in range(10):
            ps = [d.popen([prog("traffic"), KIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) for _ in range(4)]
            for p in ps:
                talk(p, "ready")
            d.kill()
            t0 = time.monotonic()
            for p in ps:
                p.stdin.close()
                check(p.wait(20) == 1, f"a client ended with {p.returncode}, not with its error")
            took("last client saw it", time.monotonic() - t0)
            d.up()
        settled(d)


def rebind():
    """a killed client's port is free and its peers see the end"""
    with domain() as d, d.popen([prog("observer"), "9999"], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE) as obs:
        talk(obs, "ready")
        for kind in range(7):
            r = subprocess.run([prog("churn"), "12", "2", "60", "9999", *d.hook([prog("victim"), KIND])],
                               env=d.hook_env(), capture_output=True, text=True, timeout=120)
            print("   " + r.stdout.strip() + r.stderr.strip())
            check(r.returncode == 0, "a victim failed")
        obs.stdin.close()
        end = talk(obs, "accepted")[-1].split()
        took("last peer saw the end", int(end[5]) / 1e6)
        check(end[3] == "0", "connections left open: " + " ".join(end))
        check(obs.wait(20) == 0, "observer")
        used(d)
        settled(d)


TASK_BYTES = 24 << 10  # a serving task: stack, task_struct and what hangs on it


def victims(d, n, label):
    """n victims more, and what the domain and its supervisor hold afterwards: for files, blocks and inodes as well."""
    r = subprocess.run([prog("churn"), str(n), "4", "30", "0", *d.hook([prog("victim"), KIND])], env=d.hook_env(),
                       capture_output=True, text=True, timeout=900)
    print(f"   {label}: {r.stdout.strip()} {r.stderr.strip()[-600:]}")
    check(r.returncode == 0, "a victim failed")
    took("slowest wait for what a dead client held", int(r.stdout.split()[-1]) / 1e6)
    s = settled(d)
    now = {"free": s["mem_free"], "tasks": s["tasks"], "sup fds": fds(d.supervisor_pid()), "domain fds": fds(s["domain_pid"]),
           "maps": maps(s["domain_pid"])}
    now.update(free_space(d))
    print(f"   {now}", flush=True)
    return now


def free_space(d):
    if KIND != "file":
        return {}
    r = d.run(["sh", "-c", "sync; exec stat -f -c '%f %d' " + os.environ["FAULT_DIR"]])
    check(r.returncode == 0, r.stdout)
    return dict(zip(("blocks", "inodes"), map(int, r.stdout.split())))


def churn():
    """10,000 clients killed anywhere: nothing leaks"""
    count = int(os.environ.get("FAULT_CLIENTS", "10000"))
    with domain() as d:
        dom, t0 = d.pid(), time.monotonic()
        # Slabs and the pool of tasks first grow to what the load needs: the second half counts.
        first = victims(d, count // 2, "first half")
        now = victims(d, count - count // 2, "second half")
        used(d)
        print(f"   {count} clients in {time.monotonic() - t0:.1f} s")
        lost = first["free"] - now["free"] - max(0, now["tasks"] - first["tasks"]) * TASK_BYTES
        print(f"   {lost} bytes of domain memory less free, without those of {now['tasks'] - first['tasks']} tasks")
        # A disk's metadata stay in the cache, which shrinks when memory is wanted.
        check(lost < max(64 * (count // 2), (4 << 20) if KIND == "file" else 256 << 10), f"{lost} bytes of domain memory lost")
        for key in ("sup fds", "domain fds"):
            check(now[key] <= first[key], f"{key}: {first[key]} -> {now[key]}")
        check(now["maps"] <= first["maps"] + 8, f"mappings: {first['maps']} -> {now['maps']}")
        check(now["tasks"] <= first["tasks"] + 16, f"tasks: {first['tasks']} -> {now['tasks']}")
        for key in ("blocks", "inodes") if KIND == "file" else ():
            check(now[key] >= first[key] - 200, f"free {key}: {first[key]} -> {now[key]}: files of the dead are left")
        check(d.pid() == dom, "the domain was restarted")


def hog():
    """a call that runs very long doesn't starve others, and ends with its program"""
    with domain() as d:
        shared_dir(d)
        for how in "awake", "slept":
            with d.popen([prog("hog"), how], stdout=subprocess.PIPE) as h:
                talk(h, "busy")
                report(d.run([prog("sem_file")]))
                h.kill()
                check("ended" not in h.stdout.read(), "its call ended by itself, and shows nothing")
            settled(d)
        used(d)


# ---- files that programs have mapped ----

MAPPER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "mapper.py")


def mapper(d, *what):
    return d.popen(["/usr/bin/python3", MAPPER, os.environ["FAULT_DIR"], *what], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def mapped_dying(d, rounds):
    """Programs die with dirty maps and many files while others map and unmap: is anything freed while it can still be found?"""
    pid, maps_before = d.pid(), maps(d.pid())
    with mapper(d, "many", "0") as one, mapper(d, "many", "0") as two:
        for p in one, two:
            talk(p, "ready")
        for _ in range(rounds):
            with mapper(d, "dies") as p:
                talk(p, "ready")
                check(p.wait(60) == -9, f"status {p.returncode}")
        for p in one, two:
            p.stdin.close()
            print("   mapped while others died: " + talk(p, "ok")[-1])
            check(p.wait(30) == 0, "a bystander failed")
    settled(d)
    check(d.pid() == pid, "the domain was restarted")
    check(maps(pid) <= maps_before + 8, "mappings left behind")
    with mapper(d, "left") as p:
        check(talk(p, "ok")[-1] == f"ok {rounds}", "a file is missing")


def mapped():
    """programs that map files while others die with dirty maps, and the domain's end in the middle of that"""
    rounds = int(os.environ.get("FAULT_DEATHS", "6"))
    with domain() as d:
        shared_dir(d)
        mapped_dying(d, rounds)
        ps = [mapper(d, "waits") for _ in range(4)]
        for p in ps:
            talk(p, "ready")
        for p in ps:
            p.kill()
    for p in ps:
        p.wait()
        p.stdout.close()
        p.stdin.close()


def share_bytes(d):
    """Of the host's memory, in all shares: the supervisor holds each."""
    total = 0
    base = f"/proc/{d.supervisor_pid()}/fd"
    for fd in os.listdir(base):
        try:
            if "memfd:sd-share" in os.readlink(f"{base}/{fd}"):
                total += os.stat(f"{base}/{fd}").st_blocks * 512
        except FileNotFoundError:
            pass
    return total


def sparse():
    """holes of mapped files cost no memory, and stay holes on the disk"""
    with domain() as d:
        shared_dir(d)
        with mapper(d, "sparse") as p:
            talk(p, "ready")
            held = share_bytes(d)
            print(f"   3 GiB mapped: {held >> 10} KiB of memory")
            check(0 < held < 1 << 20, f"{held} bytes of memory for a few pages")
        settled(d)
        check(not share_bytes(d), "shares are left")


def said(p, want):
    line = p.stdout.readline().strip()
    check(line == want, f"{line or 'nothing'}, not {want}")


def budget():
    """the limit of host memory in maps of files: ENOMEM for requests above it, and only while it is reached"""
    os.environ["FAULT_DIR"] = devices.prefixes(NAME)[0]
    with tempfile.TemporaryDirectory() as tmp:
        with Domain(NAME, options=devices.for_kdom(NAME, tmp) + ["--device", "0:shares=8"]) as d:
            shared_dir(d)
            within_budget(d)


def within_budget(d):
    with mapper(d, "data", "5") as p:       # more than half of it
        said(p, "ENOMEM")
    with mapper(d, "data", "3") as p, mapper(d, "data", "3") as q:
        said(p, "ok")
        said(q, "ok")
        with mapper(d, "data", "3") as r:   # more than is left
            said(r, "ENOMEM")
        with mapper(d, "grows", "8") as r:
            said(r, "ENOMEM")
    settled(d)
    with mapper(d, "data", "3") as p:
        said(p, "ok")


# ---- lies and privilege ----

def liar():
    """clients that break the protocol in their region, beside one that doesn't"""
    rounds = os.environ.get("FAULT_ROUNDS", "100")
    ops = len(devices.spec(NAME)["calls"])
    with domain() as d, d.popen([prog("traffic"), KIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as t:
        talk(t, "ready")
        shared_dir(d)
        pid = d.pid()
        # Somebody else than the bystander, so that what is the bystander's alone must stay so.
        let_others_in(d)
        r = run_group([prog("liar"), d.socket_path, rounds, os.environ.get("FAULT_SEED", "1"), str(ops),
                       *(devices.prefixes(NAME) or ["-"])[:1]], 600)
        print("   " + r.stdout.strip().replace("\n", "\n   "))
        check(r.returncode == 0, f"liar: {r.returncode}")
        check(t.poll() is None, "the bystander ended")
        t.stdin.close()
        used(d)
        print("   bystander: " + talk(t, "rounds")[-1])
        check(t.wait(30) == 0, "the bystander noticed")
        check(d.pid() == pid, "the domain was restarted")
        settled(d)


def op_numbers(*calls):
    src = os.environ.get("KSLICE_SRC", ".")
    with open(os.path.join(src, f"generated/{NAME}/calls.h")) as f:
        ops = dict(re.findall(rf"SD_{NAME.upper()}_(\w+) = SD_OP_CALLS \+ (\d+)", f.read()))
    with open(os.path.join(src, "runtime/include/sd/ring.h")) as f:
        first = int(re.search(r"SD_OP_CALLS\s*=?\s*(\d+)", f.read())[1])
    return [str(first + int(ops[c.upper()])) for c in calls]


def escalate():
    """a program that dropped root's privileges tries to regain them over the control socket"""
    if os.getuid():
        raise Failed("must be root: it gives up root's rights")
    with domain() as d:
        pid = d.pid()
        os.chmod(d.dir, 0o711)  # the socket is root's
        report(run_group([prog("escalate"), d.socket_path, devices.prefixes(NAME)[0],
                          *op_numbers("open", "close", "setgroups", "setresgid", "setresuid", "setuid")], 120))
        check(d.pid() == pid, "the domain ended")
        settled(d)


# What a program may make grow, and the RAM of a domain that this is too much for, which others hold a part of, so many files.
GREED = {"socket": ("tcp", "udp", "connections", "memberships", "embryos", "polled", "tickets", "attaches"),
         "pipe": ("pipes", "attaches"), "file": ("files", "locks", "dirty", "fifos", "groups", "attaches")}
RAM = {"socket": "16M", "pipe": "8M", "file": "24M"}
PART = {"socket": "200", "pipe": "14", "file": "1300"}
CONNECTION = ("socket", "bind", "listen", "connect", "accept4", "setsockopt", "sendto", "close")
OPS = {"tickets": CONNECTION, "polled": (*CONNECTION, "poll"), "groups": ("setgroups", "open"), "embryos": CONNECTION}


def greedy_args(d, what):
    return [prog("greedy"), what, *op_numbers(*OPS.get(what, ())), d.socket_path]


def one_greedy(d, what):
    """A client that was there before and holds a part, and one that comes when memory is exhausted, work as usual."""
    honest = [prog("greedy"), "honest", KIND]
    with d.popen([*honest, PART[KIND]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as before:
        talk(before, "ready")
        with d.popen(greedy_args(d, what), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as g:
            for _ in range(2):
                print(f"   {what}: {talk(g, 'held')[-1]}, free {d.status()['mem_free'] >> 10} KiB", flush=True)
                with d.popen(honest, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as after:
                    talk(after, "ready")
                    after.stdin.close()
                    talk(after, "rounds [1-9]")
                g.stdin.write("again\n")
                g.stdin.flush()
            talk(g, "held")
        before.stdin.close()
        print("   somebody else: " + talk(before, "rounds [1-9]")[-1])


def memory():
    """programs that take all memory a domain has, in every way they can, fail or are ended; others notice nothing, and file systems stay whole"""
    with domain(ram=RAM[KIND], disk="1G") as d:
        shared_dir(d)
        let_others_in(d)
        pid = d.pid()
        for what in os.environ.get("FAULT_GREED", "").split() or GREED[KIND]:
            since = time.monotonic()
            one_greedy(d, what)
            print(f"   {time.monotonic() - since:.1f} s")
            check(d.pid() == pid, f"{what}: the domain was restarted")
            settled(d)
        used(d)


def early():
    """sends without TCP memory: each ends soon, and affects only its own connection"""
    with domain() as d:
        one = [prog("greedy"), "pressed"]
        r = d.run([*one, "120"], 60)
        print("   " + r.stdout.strip())
        check(r.returncode == 0, r.stdout)
        with d.popen([prog("greedy"), "honest", KIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as honest:
            talk(honest, "ready")
            for p in [d.popen([*one, "60"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for _ in range(3)]:
                with p:
                    print("   " + talk(p, "sent")[-1])
            honest.stdin.close()
            talk(honest, "rounds [1-9]")
        used(d)


def unread():
    """as much unread data as possible leaves another user's connections and datagrams their part"""
    with domain() as d:
        let_others_in(d)
        program = ["/usr/bin/python3", os.path.join(os.path.dirname(os.path.abspath(__file__)), "unread.py")]
        with d.popen([*program, "fill"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as hog:
            talk(hog, "full")
            for what, word, most in (("tcp", "again", 0), ("closed", "lost", 0), ("udp", "lost", 0)):
                counts = []
                for _ in range(3):  # a busy machine makes some be sent again
                    r = d.run([*program, what], 120)
                    check(r.returncode == 0, f"{what}: {r.stdout}")
                    counts.append(int(r.stdout.split()[1]))
                print(f"   {what}: {word}: " + " ".join(map(str, counts)), flush=True)
                check(min(counts) <= most, f"{what}: {min(counts)} {word}, at most {most}")
            hog.stdin.close()


CROWDS = {"socket": (("tasks", "socket", "recvfrom", "close"), ("doorbells", "socket", "recvfrom", "close"), ("tickets", "socket"),
                     ("watches", "socket", "epoll_create1", "epoll_ctl"), ("copies", "socket", "recvmmsg", "close"),
                     ("polls", "socket", "poll", "close")),
          "pipe": (("pipes", "pipe2", "fcntl"), ("attaches",), ("events",)), "file": (("locks", "open", "fcntl"),)}


def crowd():
    """clients that try to take all of a shared resource leave another user's client its part"""
    only = os.environ.get("FAULT_CROWD", "").split()
    for what, *calls in CROWDS[KIND]:
        if only and what not in only:
            continue
        with domain(**{"ram": RAM[KIND]} if what in ("locks", "attaches") else {}) as d:
            shared_dir(d)
            let_others_in(d)
            pid = d.pid()
            r = run_group([prog("crowd"), d.socket_path, what, *([str(pid)] if what == "events" else op_numbers(*calls))], 300)
            print(f"   {what}: " + r.stdout.strip().replace("\n", "\n   "), flush=True)
            check(r.returncode == 0, f"crowd {what}: {r.returncode}")
            check(d.pid() == pid, "the domain was restarted")
            settled(d)


def fd_kind(pid, fd):
    path = f"/proc/{pid}/fd/{fd}"
    link = os.readlink(path)
    mode = os.stat(path).st_mode
    return "socket" if stat.S_ISSOCK(mode) else "pipe" if stat.S_ISFIFO(mode) else link


def privilege():
    """the domain process holds no privilege and no fd it doesn't need"""
    with domain() as d, d.popen([prog("traffic"), KIND], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as t:
        talk(t, "ready")
        pid = d.pid()
        for tid in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{tid}/status") as f:
                st = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
            got = {k: st[k].strip() for k in ("CapEff", "CapPrm", "CapInh", "CapAmb", "NoNewPrivs", "Seccomp")}
            print(f"   thread {tid} ({st['Name']}): {got}")
            check(all(int(got[k], 16) == 0 for k in got if k.startswith("Cap")), "capabilities left")
            check(got["NoNewPrivs"] == "1" and got["Seccomp"] == "2", "not confined")
        time.sleep(0.5)
        used(d)
        kinds = {int(fd): fd_kind(pid, fd) for fd in os.listdir(f"/proc/{pid}/fd")}
        print("   fds: " + ", ".join(f"{k}={v}" for k, v in sorted(kinds.items())))
        for fd, kind in kinds.items():
            known = fd in (0, 1, 2) or fd == 3 and kind == "socket" or kind.startswith(
                (d.dir + "/disk", "/memfd:", "anon_inode:[eventfd]", "anon_inode:[eventpoll]", "anon_inode:[timerfd]"))
            check(known, f"fd {fd} is {kind}: not needed")
        with open(f"/proc/{pid}/maps") as f:
            wx = [m for m in f if m.split()[1].startswith("rwx")]
        check(not wx, f"writable and executable: {wx}")
        t.stdin.close()
        check(t.wait(30) == 0, "traffic")
    check(not os.path.exists(f"/proc/{pid}"), "the domain process outlives kdom down")


TESTS = (native, nodomain, poll, fork, signals, threads, ends, pipes, files, hog, mapped, sparse, budget, memory, early, unread, kill, corrupt, paths, unnoticed,
         kill_again, rebind, churn, liar, crowd, privilege, escalate)


def main():
    global NAME, KIND
    chosen = {t.__name__: t for t in TESTS}
    if len(sys.argv) < 3:
        for t in TESTS:
            print(f"{t.__name__:12} {t.__doc__}")
        return 0
    NAME = sys.argv[1]
    KIND = NAME if NAME in PROGRAMS else devices.kind(NAME)
    if not KIND:
        sys.exit(f"fault.py: no program here makes what {NAME} serves")
    end_on_sigterm()
    failed = []
    for name in sys.argv[2:]:
        print(f"{NAME} {name}: {chosen[name].__doc__}", flush=True)
        try:
            chosen[name]()
        except Exception as e:  # each test is independent; its failure is reported, the others still run
            print(f"   FAIL {name}: {type(e).__name__}: {e}")
            failed.append(name)
    print("failed: " + " ".join(failed) if failed else "all passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
