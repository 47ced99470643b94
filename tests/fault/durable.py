#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The domain is killed under load repeatedly: acknowledged data is there. durable.py [ROUNDS]

Each round a storage domain serves sqlite3 (its journal modes in turn), fio (libaio, O_SYNC) and durable_writer.py (fsync, rename).
Except for their files they run on the host, so their output isn't lost: an acknowledgement is a line in a pipe of the host. After
a while the domain gets SIGKILL, by `kdom kill` or directly. Then
  - every client ends with an error of its own and not by a signal;
  - on a copy of the disk `e2fsck -p` replays the journal (and ends what was deleted while open: the orphan list is part of
    recovery); after that a forced check finds nothing: the journal alone repaired it;
  - the domain restarts on the disk itself and its kernel replays the journal; then the domain has every acknowledged COMMIT's row, every
    acknowledged record, rename and new file; no deleted one; sqlite's integrity_check; each block whose write fio saw completed.
The disk is the same in all rounds, and is consistent at the end. DURABLE_SEED chooses the moments.
"""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "common"))
from check import Failed, check  # noqa: E402
from domain import Domain, Group, end_on_sigterm, run_group  # noqa: E402

DOMAIN = "block"
ENDS_WITHIN = 60
MODES = ("delete", "truncate", "persist", "wal")
E2FS = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", LC_ALL="C")
# In mode "delete" a journal's removal is durable only with "extra".
PRAGMAS = {"delete": "pragma synchronous=extra;"}


def wait_for(cond, what):
    t0 = time.monotonic()
    while not cond():
        check(time.monotonic() - t0 < ENDS_WITHIN, f"{what} doesn't begin")
        time.sleep(0.005)


class Client:
    """A hooked program whose lines are acknowledgements."""

    def __init__(self, d, argv, feed=None):
        self.name = os.path.basename(argv[0] if feed else argv[1])
        self.p = d.popen(argv, stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.acks, self.err = [], ""
        self.threads = [threading.Thread(target=t) for t in (lambda: self.listen(feed), self.complaints)]
        for t in self.threads:
            t.start()

    def complaints(self):
        self.err = self.p.stderr.read()

    def listen(self, feed):
        n = 0
        try:
            while True:
                if feed:
                    self.p.stdin.write(feed(n))
                    self.p.stdin.flush()
                line = self.p.stdout.readline()
                if not line.endswith("\n"):
                    break
                self.acks.append(line.strip())
                n += 1
        except (BrokenPipeError, ValueError):
            pass

    def end(self):
        for t in self.threads:
            t.join(ENDS_WITHIN)
        if any(t.is_alive() for t in self.threads) or self.p.poll() is None and not self.ends():
            self.p.kill()
            raise Failed(f"{self.name} hangs after the domain's death; it said {self.err[-300:]!r}")
        check(self.p.returncode >= 0, f"{self.name} died of signal {-self.p.returncode}")
        check(self.p.returncode > 0, f"{self.name} saw no error: exit status 0")

    def ends(self):
        try:
            if self.p.stdin:
                self.p.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.p.wait(ENDS_WITHIN)
            return True
        except subprocess.TimeoutExpired:
            return False


def sqlite(d, mode):
    def feed(n):
        head = "" if n else PRAGMAS.get(mode, "") + f"create table t(i integer primary key, b text); pragma journal_mode={mode};\n"
        if not n:
            return head
        return f"begin; insert into t values({2 * n - 1}, hex({n} * 7919)); insert into t values({2 * n}, {n}); commit; select 'ack', {n};\n"

    return Client(d, ["/usr/bin/sqlite3", "-batch", "-bail", "/sd/a.db"], feed)


def fio_args():
    """Its log names the offset of each write that was completed, and only of those."""
    return ["/usr/bin/fio", "--name=f", "--filename=/sd/fio", "--size=24m", "--rw=randwrite", "--bs=4k", "--ioengine=libaio", "--iodepth=4",
            "--sync=1", "--verify=md5", "--do_verify=0", "--fallocate=none", "--allow_file_create=0", "--overwrite=1", "--verify_state_save=0",
            "--write_lat_log=fio", "--log_offset=1", "--exec_prerun=touch begun"]


def fio_acked(aux):
    path = os.path.join(aux, "fio_clat.1.log")
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [int(line.split(",")[4]) for line in f]


def fsck(disk, where):
    copy = os.path.join(where, "copy.img")
    subprocess.run(["cp", "--sparse=always", disk, copy], check=True)
    r = subprocess.run(["e2fsck", "-p", copy], capture_output=True, text=True, env=E2FS)
    check(r.returncode in (0, 1) and "recovering journal" in r.stdout, f"e2fsck -p: status {r.returncode}: {r.stdout}{r.stderr}")
    in_order(copy)


def in_order(disk):
    r = subprocess.run(["e2fsck", "-fn", disk], capture_output=True, text=True, env=E2FS)
    check(r.returncode == 0, f"e2fsck -fn: status {r.returncode}: {r.stdout}{r.stderr}")


def numbers(acks, what):
    return [int(a.split()[1]) for a in acks if a.split()[0] == what]


def verify_sqlite(seen, acks, mode):
    if not acks:
        return 0
    check(acks[0] == mode, f"sqlite3 didn't go to journal_mode={mode}: {acks[:1]}")
    acked = [int(a.split("|")[1]) for a in acks[1:]]
    check(acked == list(range(1, len(acked) + 1)), "sqlite3's acknowledgements have holes")
    check(seen["integrity"] == "ok", f"integrity_check: {seen['integrity']}")
    rows = {i: b for i, b in seen["rows"]}
    for n in acked:
        check(rows.get(2 * n - 1) == str(n * 7919).encode().hex().upper() and rows.get(2 * n) == str(n), f"COMMIT {n} was acknowledged and is lost ({mode})")
    check(len(rows) in (2 * len(acked), 2 * len(acked) + 2), f"{len(rows)} rows after {len(acked)} commits: half a transaction")
    return len(acked)


def verify_writer(seen, acks):
    log, state = numbers(acks, "L"), numbers(acks, "S")
    check(not log or seen["log"] >= max(log), f"record {max(log, default=0)} was fsynced, {seen['log']} are there")
    check(not state or seen["state"] >= max(state), f"rename {max(state, default=0)} was fsynced, state is {seen['state']}")
    new, gone = set(numbers(acks, "N")), set(numbers(acks, "D"))
    may_go = set(numbers(acks, "U"))
    check(not (new - may_go) - set(seen["files"]), f"fsynced files are lost: {sorted((new - may_go) - set(seen['files']))}")
    check(not gone & set(seen["files"]), f"deleted files are back: {sorted(gone & set(seen['files']))}")
    return len(acks)


def verify(d, aux, mode, db, writer):
    acked = fio_acked(aux)
    r = d.run(["/usr/bin/python3", os.path.join(HERE, "durable_writer.py"), "check"], 120)
    check(r.returncode == 0, f"check: status {r.returncode}: {r.stdout[-2000:]}")
    seen = json.loads(r.stdout.splitlines()[-1])
    lost = sorted(set(acked) - set(seen["fio"]))
    check(not lost, f"{len(lost)} of {len(acked)} writes that fio was told of are lost, at {lost[:5]}")
    check(len(seen["fio"]) <= len(acked) + 4, f"fio wrote {len(acked)} blocks with 4 in flight, {len(seen['fio'])} are there")
    got = verify_sqlite(seen, db.acks, mode), verify_writer(seen, writer.acks), len(acked)
    check(d.run(["/bin/sh", "-c", "rm -r /sd/w /sd/fio /sd/a.db*; test -d /sd/lost+found"], 60).returncode == 0, "rm")
    return got


def round_(d, disk, where, n, rng):
    mode, aux = MODES[n % len(MODES)], os.path.join(where, "aux")
    shutil.rmtree(aux, ignore_errors=True)
    os.mkdir(aux)
    check(d.run(["/bin/sh", "-c", "mkdir /sd/w && truncate -s 24m /sd/fio && sync"], 60).returncode == 0, "mkdir")
    db = sqlite(d, mode)
    writer = Client(d, ["/usr/bin/python3", os.path.join(HERE, "durable_writer.py"), "write"])
    with Group(d.hook(fio_args()), env=d.hook_env(), cwd=aux, text=True, start_new_session=True,
               stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as fio:
        wait_for(lambda: db.acks and writer.acks and os.path.exists(os.path.join(aux, "begun")), "the load")
        time.sleep(0.05 + rng.random() * 0.4)
        if n % 2:
            d.kill()
        else:
            os.kill(d.pid(), 9)
        try:
            said = fio.communicate(timeout=ENDS_WITHIN)[0]
        except subprocess.TimeoutExpired:
            raise Failed("fio hangs after the domain's death") from None
        check(fio.returncode >= 0, f"fio died of signal {-fio.returncode}: {said[-500:]}")
    db.end()
    writer.end()
    fsck(disk, where)
    d.up()
    return verify(d, aux, mode, db, writer)


def main():
    end_on_sigterm()
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(os.environ.get("DURABLE_SEED") or time.time())
    print(f"{rounds} rounds, DURABLE_SEED={seed}", flush=True)
    rng = random.Random(seed)
    where = tempfile.mkdtemp(prefix="durable")
    disk = os.path.join(where, "disk.img")
    total = [0, 0, 0]
    try:
        subprocess.run(["truncate", "-s", "64M", disk], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-b", "4096", "-J", "size=4", "-E", "lazy_itable_init=0,lazy_journal_init=0", disk], check=True, env=E2FS)
        with Domain(DOMAIN, options=["--device", f"0:path={disk}"]) as d:
            for n in range(rounds):
                try:
                    got = round_(d, disk, where, n, rng)
                except Failed as e:
                    print(f"round {n}: {e}")
                    return 1
                total = [a + b for a, b in zip(total, got)]
                if n % 10 == 9:
                    print(f"{n + 1} rounds: {total[0]} commits, {total[1]} other acknowledgements, {total[2]} writes of fio: all there", flush=True)
        in_order(disk)
        check(min(total) >= rounds, f"next to nothing was acknowledged: {total}")
    except Failed as e:
        print(e)
        return 1
    finally:
        if not os.environ.get("DURABLE_KEEP"):
            shutil.rmtree(where)
    return 0


if __name__ == "__main__":
    sys.exit(main())
