#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""kdom's life cycle and protocol errors, against build/tests/fake-domain (see its top comment)."""
import errno
import mmap
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import threading
import time

from kdomtest import FAKE, KDOM, LAUNCH, Conn, Fixture, control, give, main, message, needs_root
from control import ATTACH, DETACH, DOWN, HELLO, REPLY, STATUS, TICKET, UP

SEALS = 0x1 | 0x2 | 0x4  # SEAL, SHRINK, GROW


class AlienSupervisor:
    """Of another ABI: a head and then something longer. Attaches nobody, and ends when told to."""

    def __init__(self, path, abi):
        self.path, self.abi = path, abi
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        type = 0
        while type != DOWN:
            conn, _ = self.listener.accept()
            with conn:
                asked = control.head(conn.recv(4096))
                type = asked.type
                if type == DOWN:
                    os.unlink(self.path)
                result = -errno.EALREADY if type == UP else 0
                conn.send(message(REPLY, seq=asked.seq, abi=self.abi, of=type, result=result) + b"\xff" * 64)


class Supervisor(Fixture):
    @staticmethod
    def lives(pid):
        """A zombie doesn't: whoever is to reap it may take its time."""
        try:
            with open(f"/proc/{pid}/stat") as f:
                return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except OSError:
            return False

    # ---- life ----

    def test_up_ps_down(self):
        self.up("good")
        row = self.ps("good")
        self.assertEqual(row[1], "up")
        self.assertEqual(row[3:6], ["1", "0", "4711"])
        self.assertIn("already", self.up("good").stdout)
        pid = row[2]
        self.assertEqual(self.kdom("down", "good").returncode, 0)
        self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertIsNone(self.ps("good"))
        self.assertIn("TYPE 6", self.log("good"))  # SHUTDOWN, not only SIGKILL
        self.assertEqual(self.kdom("down", "good").returncode, 1)

    def test_down_and_up_again_at_once(self):
        for _ in range(30):
            self.up("good")
            self.assertEqual(self.kdom("down", "good").returncode, 0)

    def test_kill_then_up_is_a_new_generation(self):
        self.up("good")
        client = self.conn("good")
        result, _, (region, notify, page) = client.attach()
        self.assertEqual(result, 0)
        view = mmap.mmap(page, 4096, prot=mmap.PROT_READ)
        page = control.unpack("sd_wake_page", view)
        self.assertEqual((page.alive, page.generation), (1, 1))
        self.assertEqual(self.kdom("kill", "good").returncode, 0)
        page = control.unpack("sd_wake_page", view)
        self.assertEqual((page.alive, page.generation), (0, 1))
        self.assertEqual(self.ps("good")[1], "killed")
        self.assertEqual(self.conn("good").attach()[0], -errno.EREMOTEIO)
        self.assertEqual(self.conn("good").ask(HELLO)[0], -errno.EREMOTEIO)
        self.up("good")
        self.assertEqual(self.ps("good")[3], "2")
        result, ident, _ = self.conn("good").attach()
        self.assertEqual((result, ident), (0, 1))
        client.close()  # of generation 1: must not detach generation 2's client 1
        self.conn("good").ask(STATUS)
        self.assertNotIn("TYPE 4", self.log("good").split("GENERATION 2")[1].split("TYPE 5")[0])

    def test_supervisor_killed_takes_the_domain_along(self):
        self.up("good")
        pid = self.ps("good")[2]
        with open(f"/proc/{pid}/stat") as f:
            supervisor = int(f.read().rsplit(")", 1)[1].split()[1])
        os.kill(supervisor, signal.SIGKILL)
        end = time.time() + 20
        while self.lives(pid):
            self.assertLess(time.time(), end)
            time.sleep(0.01)
        self.up("good")  # a dead daemon's socket is in nobody's way
        self.assertEqual(self.ps("good")[1], "up")

    def test_restart_policy(self):
        self.up("crash", "--restart", "on-failure")
        with self.assertRaises((EOFError, AssertionError)):
            result, _, _ = self.conn("crash").attach()
            self.assertEqual(result, 0)
        self.log_has("crash", "GENERATION 2")
        self.log_has("crash", "serves", 2)
        self.assertEqual(self.ps("crash")[1], "up")
        self.kdom("kill", "crash")  # asked for: stays down
        time.sleep(0.5)
        self.assertEqual(self.ps("crash")[1], "killed")

    # ---- clients ----

    def test_attach_gives_sealed_region_and_detach_follows_eof(self):
        self.up("good")
        client = self.conn("good")
        result, ident, fds = client.attach()
        self.assertEqual((result, len(fds)), (0, 3))
        self.log_has("good", f"ATTACH client={ident} parent=0 pid={os.getpid()} uid={os.getuid()}")
        for change in (lambda: os.ftruncate(fds[0], 4096), lambda: os.ftruncate(fds[0], 1 << 30)):
            with self.assertRaises(PermissionError):
                change()
        for path in (f"/proc/self/fd/{fds[2]}",):  # the wake-up page can't be had for writing, not even anew
            again = os.open(path, os.O_RDWR)
            with self.assertRaises(PermissionError):
                mmap.mmap(again, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE)
            with self.assertRaises(PermissionError):
                os.pwrite(again, b"x", 0)
            os.close(again)
        self.assertEqual(client.attach()[0], -errno.EALREADY)
        child = client.child(ident)
        self.assertEqual(child.reply()[0], 0)
        self.log_has("good", f"parent={ident} ")
        self.assertEqual(self.ps("good")[4], "2")
        client.close()
        self.log_has("good", f"TYPE 4 client={ident}")
        self.assertEqual(self.ps("good")[4], "1")

    def test_only_a_lifeline_makes_a_child(self):
        self.up("good")
        client = self.conn("good")
        ident = client.attach()[1]
        for parent in (ident, 99):  # whoever knows the number
            self.assertEqual(self.conn("good").attach(parent=parent)[0], -errno.ESRCH)
        for parent in (ident, 9999, 0):  # not the liar's own
            liar = self.conn("good")
            liar.attach()
            liar.child(parent)
            self.assert_closed(liar)
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            liar = self.conn("good")
            liar.child(liar.attach()[1], socket.socketpair(socket.AF_UNIX, kind))
            self.assert_closed(liar)
        stranger = self.conn("good")  # isn't attached itself
        if give(stranger.sock, message(ATTACH, parent=ident, nfds=1), [0]):
            self.assert_closed(stranger)
        gone = client.child(ident)
        gone.close()  # before the answer
        self.assertEqual(client.child(ident).reply()[0], 0)
        self.assertEqual(self.ps("good")[1], "up")

    def test_region_seals(self):
        self.up("good")
        self.assertEqual(self.conn("good").attach()[0], 0)
        self.log_has("good", f"seals={SEALS:x}")

    def test_client_gone_before_its_answer_is_detached(self):
        self.up("good")
        for _ in range(200):
            c = self.conn("good")
            c.sock.send(message(ATTACH))
            c.close()
        self.log_has("good", "TYPE 4", 200)
        self.assertEqual(self.ps("good")[4], "0")
        self.assertEqual(self.log("good").count("ATTACH client"), 200)

    def test_domain_refuses(self):
        self.up("refuse")
        c = self.conn("refuse")
        self.assertEqual(c.attach()[0], -errno.EAGAIN)
        self.assertEqual(c.attach()[0], -errno.EAGAIN)  # may try again on the same connection

    def test_no_fd_is_left_over(self):
        self.up("good")
        pid = self.ps("good")[2]
        with open(f"/proc/{pid}/stat") as f:
            supervisor = f.read().rsplit(")", 1)[1].split()[1]

        def fds():
            return len(os.listdir(f"/proc/{supervisor}/fd"))

        before = fds()
        for _ in range(300):
            c = self.conn("good")
            for fd in c.attach()[2]:
                os.close(fd)
            c.close()
        self.log_has("good", "TYPE 4", 300)
        self.ps("good")
        for _ in range(100):  # the last connection is closed some time after its client's end
            if fds() <= before:
                break
            time.sleep(0.05)
        self.assertLessEqual(fds(), before)

    def test_connections_end_while_the_domain_starts(self):
        """The process that is to be the domain has all of them open until it calls exec."""
        self.up("good")
        for _ in range(5):
            conns = [self.conn("good") for _ in range(100)]
            self.assertEqual(self.kdom("kill", "good").returncode, 0)
            asker = self.conn("good")
            asker.sock.send(message(UP))
            for c in conns:
                c.close()
            self.assertEqual(asker.reply()[0], 0)
        self.assertEqual(self.ps("good")[1], "up")
        self.assertNotIn("Bad file descriptor", self.log("good"))

    # ---- protocol errors ----

    def test_bad_client_messages_end_the_connection(self):
        self.up("good")
        for bad in (b"x", message(ATTACH)[:100], message(ATTACH) + b"x", b"\0" * control.SIZE, message(ATTACH, version=2),
                    message(REPLY), message(DETACH), message(77), message(HELLO, nfds=1)):
            c = self.conn("good")
            c.sock.send(bad)
            self.assert_closed(c)
        c = self.conn("good")
        if give(c.sock, message(HELLO, nfds=1), [0]):
            self.assert_closed(c)
        self.assertEqual(self.ps("good")[1], "up")

    def test_flood_ends_the_connection(self):
        self.up("mute")
        c = self.conn("mute")
        for _ in range(20):
            try:
                c.sock.send(message(STATUS))
            except OSError:
                break
        self.assert_closed(c)

    def test_mute_domain(self):
        self.up("mute")
        self.assertEqual(self.ps("mute")[1], "silent")
        self.assertEqual(self.kdom("kill", "mute").returncode, 0)
        self.up("mute")
        self.assertEqual(self.kdom("down", "mute").returncode, 0)
        self.assertIn("too long to stop", self.log("mute"))

    def test_lying_domain_dies(self):
        for name in ("liar", "short"):
            self.up(name)
            self.assertEqual(self.conn(name).attach()[0], -errno.EREMOTEIO)
            self.assertEqual(self.ps(name)[1], "killed")
            self.assertIn("Protocol error; killing", self.log(name))

    def test_domain_that_does_not_boot(self):
        r = self.up("noboot", ok=False)
        self.assertEqual(r.returncode, 1)
        self.assertIn("did not start", r.stderr)
        self.assertIn("ended with status 9", r.stderr)
        self.assertIsNone(self.ps("noboot"))

    # ---- files and calls between clients and domains ----

    def test_tickets(self):
        """A connection is the ticket: the last of its descriptors drops it, whoever has that."""
        self.up("good")
        c = self.conn("good")
        result, ticket, _ = c.ask(TICKET, key=(0xABC, 1))
        self.assertEqual(result, 0)
        self.assertEqual((ticket.key, ticket.hold, ticket.generation, ticket.name), ((0xABC, 1), 1, 1, b"good"))
        self.log_has("good", "TICKET abc hold=1")
        self.assertEqual(c.ask(TICKET, key=(0xABD, 1))[0], -errno.EALREADY)
        self.assertEqual(c.ask(ATTACH)[0], -errno.EALREADY)
        x, y = socket.socketpair()
        socket.send_fds(x, [b"t"], [c.sock.fileno()])
        c.close()
        self.assertEqual(self.ps("good")[1], "up")  # it has had time to see the end, if there were one
        self.assertNotIn("hold=0", self.log("good"))
        y.close()
        x.close()
        self.log_has("good", "TICKET abc hold=0")

    def test_ticket_of_an_earlier_start(self):
        self.up("good")
        c = self.conn("good")
        self.assertEqual(c.ask(TICKET, key=(7, 1))[0], 0)
        self.kdom("kill", "good")
        self.assertEqual(self.conn("good").ask(TICKET, key=(8, 1))[0], -errno.EREMOTEIO)
        self.up("good")
        c.close()
        self.assertEqual(self.conn("good").attach()[0], 0)
        self.assertNotIn("hold=0", self.log("good"))

    def test_peers(self):
        self.write_manifest({"peers": [{"domain": "good", "calls": ["write", "read"]}]})
        self.up("caller")
        self.log_has("caller", "ARG --peers")
        self.assertEqual(self.conn("caller").attach()[0], 0)
        self.log_has("caller", f"PEER good result={-errno.EREMOTEIO} fds=0,0,0")
        self.up("good")
        self.assertEqual(self.conn("caller").attach()[0], 0)
        self.log_has("caller", "PEER good result=0 fds=1,1,1")
        self.log_has("good", "calls=write,read")
        self.kdom("down", "good")
        self.log_has("caller", "PEER_GONE good")
        self.up("good")
        self.assertEqual(self.conn("caller").attach()[0], 0)
        self.log_has("good", "generation 1")
        self.kdom("kill", "caller")  # its attachment goes with it
        self.log_has("good", "TYPE 4 ")

    def test_domain_asks_for_what_it_may_not(self):
        for peers in ([], [{"domain": "good", "calls": ["write"]}]):
            self.write_manifest({"peers": peers})
            self.up("nosy")
            self.assertEqual(self.conn("nosy").attach()[0], 0)
            self.log_has("nosy", f"PEER other result={-errno.EPERM} fds=0,0,0")
            self.assertEqual(self.ps("nosy")[1], "up")
            self.kdom("down", "nosy")

    # ---- of one build? ----

    def test_image_of_another_build(self):
        for name, its in (("older", 0), ("newer", control.ABI + 1)):
            r = self.up(name, ok=False)
            self.assertEqual(r.returncode, 1)
            self.assertIn(f"{FAKE} was built for another ABI", r.stderr)
            self.assertIn("make all image", r.stderr)
            self.assertIn(f"its hash is {its:08x}, kdom's {control.ABI:08x}", self.log(name))
            self.assertIsNone(self.ps(name))

    def test_launcher_of_another_build(self):
        self.up("good")
        for bad in (message(ATTACH, abi=0), message(ATTACH, abi=control.ABI + 1) + b"x" * 64,
                    message(ATTACH, abi=control.ABI + 1)[:control.HEAD]):
            c = self.conn("good")
            c.sock.send(bad)
            self.assertEqual(c.reply()[0], -errno.EPROTONOSUPPORT)
        self.log_has("good", f"pid {os.getpid()}: its launcher was built for another ABI", 3)
        self.assertNotIn("ATTACH client", self.log("good"))
        c.sock.send(message(DOWN, abi=0))  # but it may end what it can't use
        self.assertEqual(c.reply()[0], 0)
        self.assertIsNone(self.ps("good"))

    def test_supervisor_of_another_build(self):
        for abi in (0, control.ABI + 1):
            AlienSupervisor(self.path("alien.sock"), abi)
            for command in (("up", "alien"), ("run", "alien", "--", "true")):
                r = self.kdom(*command)
                self.assertNotEqual(r.returncode, 0)
                self.assertIn(f"another ABI than this kdom (hash {abi:08x}, here {control.ABI:08x})", r.stderr)
                self.assertIn("`kdom down alien`", r.stderr)
            self.assertEqual(self.ps("alien")[1], "alien")
            self.assertEqual(self.kdom("down", "alien").returncode, 0)
            self.assertIsNone(self.ps("alien"))

    def hooked(self, cure="make all image"):
        """What two sockets of a program come out as, and what the launcher says."""
        program = ("import socket\nfor _ in 1, 2:\n try: socket.socket()\n except OSError as e: print(e.errno)")
        r = subprocess.run([LAUNCH, "/usr/bin/python3", "-c", program], capture_output=True, text=True, timeout=60,
                           env=dict(self.env, KDOM_DOMAINS=f"net={self.path('net.sock')}"))
        self.assertEqual((r.returncode, r.stdout), (0, f"{errno.EPROTO}\n" * 2), r.stderr)
        self.assertEqual(r.stderr.count("\n"), 1, r.stderr)
        self.assertIn(cure, r.stderr)
        return r.stderr

    def test_launcher_meets_another_build(self):
        for abi in (0, control.ABI + 1):
            AlienSupervisor(self.path("net.sock"), abi)
            self.assertIn(f"net's supervisor: was built for another ABI than this launcher "
                          f"(hash {abi:08x}, here {control.ABI:08x})", self.hooked())
            self.kdom("down", "net")
        self.up("net")  # fake-domain has no stubs at all
        self.assertIn("net's image: was built for another ABI than this launcher (hash 00000000", self.hooked())
        self.log_has("net", "TYPE 4", 2)

    def test_transport(self):
        """The manifest's is the image's, and what the launcher looks up: one that it lacks is an error, not the first it has."""
        folder, lacks, has = os.path.join(control.SRC, "runtime/transport"), [], []
        names = [n for n in os.listdir(folder) if os.path.isdir(f"{folder}/{n}")]
        for name in ["moon", *names]:
            self.write_manifest({"transport": name})
            self.up("net")
            self.log_has("net", f"ARG --transport={name}")
            says = self.hooked("")
            if f'net: programs come to it by the transport "{name}", which this launcher lacks' in says:
                self.assertIn("KSLICE_TRANSPORTS", says)
                lacks.append(name)
            else:  # fake-domain has no stubs, which is found out next
                self.assertIn("net's image: was built for another ABI", says)
                has.append(name)
            self.kdom("down", "net")
        self.assertIn("moon", lacks)
        self.assertTrue(has)

    # ---- rights and fds of the domain ----

    @needs_root
    def test_rights(self):
        self.up("good", "--cpu", "0")
        pid = self.ps("good")[2]
        with open(f"/proc/{pid}/status") as f:
            status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
        self.assertNotIn("0", status["Uid"].split())
        self.assertNotIn("0", status["Gid"].split())
        self.assertEqual(status["Groups"].strip(), "")
        self.assertEqual(int(status["CapBnd"], 16), 0)
        for caps in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            self.assertEqual(int(status[caps], 16), 0, caps)
        self.assertEqual(status["NoNewPrivs"], "1")
        self.assertEqual(status["Cpus_allowed_list"].strip(), "0")
        self.assertEqual(sorted(map(int, os.listdir(f"/proc/{pid}/fd"))), [0, 1, 2, 3, 4])
        self.assertEqual(os.readlink(f"/proc/{pid}/cwd"), "/")
        with open(f"/proc/{pid}/environ") as f:
            self.assertEqual(f.read(), "")

    def belts(self, *prefix):
        """What `kdom ps -v` says: belts that are worn, and why others aren't."""
        out = subprocess.run([*prefix, KDOM, "ps", "-v"], env=self.env, capture_output=True, text=True, timeout=60).stdout
        on = re.search(r"^    belts:(.*)$", out, re.M)[1].split()
        off = re.search(r"^    not available:(.*)$", out, re.M)
        off = dict(re.findall(r"(\S+) \((.*?)\)", off[1])) if off else {}
        self.assertEqual(len(on) + len(off), 15, out)
        return on, off

    @needs_root
    def test_belts_are_there(self):
        """Each that is said to be worn is, by what the host's kernel says of the process."""
        self.up("good")
        on, off = self.belts()
        pid = self.ps("good")[2]
        for belt in "user", "pid", "net", "ipc", "uts", "cgroup":
            if belt in on:
                self.assertNotEqual(os.readlink(f"/proc/{pid}/ns/{belt}"), os.readlink(f"/proc/self/ns/{belt}"), belt)
        if "root" in on:
            self.assertEqual(os.listdir(f"/proc/{pid}/root/"), [])
        if "uid" in on:
            with open(f"/proc/{pid}/status") as f:
                self.assertEqual(int(re.search(r"^Uid:\s+(\d+)", f.read(), re.M)[1]) & ~0x3FFFFF, 0x7F000000)
        self.assertIn("seccomp", off)  # fake-domain has none
        self.assertIn("domain good is confined by " + " ".join(on), self.log("good"))
        self.assertIn("; not available: ", self.log("good"))

    @needs_root
    def test_belts_that_the_host_refuses(self):
        """One by one: the domain runs without, and it is said why."""
        refuse = ("for n in net ipc; do echo 0 >/proc/sys/user/max_${n}_namespaces; done; "
                  f"$0 up --image {FAKE} --manifest {self.manifest} good && $0 ps -v && $0 down good")
        self.names.append("good")
        os.chmod(self.tmp.name, 0o700)
        r = subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c", refuse, KDOM], env=self.env, capture_output=True,
                           text=True, timeout=60)
        self.assertEqual(r.returncode, 0, r.stderr)
        self.assertIn("net (No space left on device), ipc (No space left on device)", r.stdout)
        self.assertIn("uid (Invalid argument)", r.stdout)
        self.assertRegex(r.stdout, r"belts:.* pid .*root limits")
        self.assertIn("net (No space left on device)", self.log("good"))

    def test_log_is_bounded(self):
        """A domain that prints and prints: the log and its predecessor, no more; what it says last is there."""
        self.up("chatter")
        self.assertEqual(self.conn("chatter").attach()[0], -errno.EREMOTEIO)
        self.log_has("chatter", "ended with status 6")
        self.assertIn("that was all", self.log("chatter"))
        self.assertIn("prints a lot", self.log("chatter"))
        size = sum(os.path.getsize(self.path(f)) for f in os.listdir(self.tmp.name) if ".log" in f)
        self.assertLess(size, 3 << 20)

    def test_device_arguments(self):
        self.write_manifest({"ram": "16M", "devices": [
            {"type": "net", "backend": "none", "address": "10.99.0.2/24"}]})
        self.up("good")
        self.log_has("good", "ARG --mem=16")
        self.assertNotIn("--dev", self.log("good"))

    def test_mount_without_disk(self):
        """The image is told, and gets no descriptor."""
        self.write_manifest({"devices": [{"type": "mount", "mount": "/sd", "fs": "ramfs", "options": "mode=1777,noexec"}]})
        self.up("good")
        self.log_has("good", "ARG --dev=mount,mount=/sd,fs=ramfs,options=mode=1777;noexec")

    # ---- TAP, in a network namespace of the test's own ----

    TAP = {"devices": [{"type": "net", "backend": "tap", "name": "kdomtest0", "host": "10.99.0.1/24",
                        "address": "10.99.0.2/24", "gateway": "10.99.0.1"}]}

    def in_namespace(self, script):
        return subprocess.run(["unshare", "--net", "sh", "-c", script, KDOM], env=self.env, capture_output=True,
                              text=True, timeout=60)

    @needs_root
    def test_tap(self):
        self.write_manifest(self.TAP)
        r = self.in_namespace(f"""set -e
            up="$0 up --image {FAKE} --manifest {self.manifest}"
            $up good; ip -o -4 addr show dev kdomtest0; cat /sys/class/net/kdomtest0/flags 2>/dev/null || true
            $0 kill good; ip -o link show dev kdomtest0  # stays while the supervisor does
            $up good
            ls -l /proc/$($0 ps | awk '/^good/ {{print $3}}')/fd
            $0 down good; ip -o link show dev kdomtest0""")
        self.assertIn("inet 10.99.0.1/24", r.stdout, r.stderr)
        self.assertIn("UP", r.stdout)
        self.assertIn("5 -> /dev/net/tun", r.stdout)
        self.assertNotIn("6 -> ", r.stdout)
        self.assertIn("does not exist", r.stderr)
        self.assertIn("ARG --dev=net,fd=5,address=10.99.0.2/24,gateway=10.99.0.1", self.log("good"))

    @needs_root
    def test_tap_without_the_right(self):
        self.write_manifest(self.TAP)
        no_right = "setpriv --bounding-set=-net_admin --inh-caps=-net_admin $0"
        r = self.in_namespace(f"{no_right} up --image {FAKE} --manifest {self.manifest} good")
        self.assertEqual(r.returncode, 1)
        self.assertIn("kdomtest0: cannot make it: Operation not permitted", r.stderr)
        self.assertIn("--no-tap", r.stderr)
        r = self.in_namespace(f"{no_right} up --no-tap --image {FAKE} --manifest {self.manifest} good")
        self.names.append("good")
        self.assertEqual(r.returncode, 0, r.stderr)
        self.log_has("good", "serves")
        self.assertNotIn("--dev", self.log("good"))

    # ---- what users get wrong ----

    def test_bad_manifests(self):
        for text, says in (("{", "manifest.json:1"), ({"devices": {}}, "/devices: must be an array"),
                           ({"devices": [{"backend": "tap"}]}, '/devices/0: has no "type"'),
                           ({"devices": [{"type": "net"}]}, '/devices/0: has no "backend"'),
                           ({"devices": [{"type": "net", "backend": "pigeon"}]}, 'no backend "pigeon"'),
                           ({"devices": [{"type": "net", "backend": "none", "address": "a;b"}]}, "/devices/0/address"),
                           ({"devices": [{"type": "block", "backend": "none", "mount": "/sd", "fs": "ext2"}]}, "nothing would be mounted"),
                           ({"devices": [{"type": "block", "backend": "file", "path": "/none", "mount": "/sd", "fs": "vfat"}]}, "mkfs.vfat /none"),
                           ({"devices": [{"type": "block", "backend": "file", "path": "/none", "mount": "/sd", "fs": "squashfs"}]}, "mksquashfs"),
                           ({"devices": [{"type": "mount", "backend": "file", "mount": "/sd", "fs": "ramfs"}]}, 'no backend "file"'),
                           ({"ram": "12 potatoes"}, "/ram: must be a size"),
                           ({"machine": "moon"}, "/machine: kdom has no machine"), ({"machine": 1}, "/machine: kdom has no machine"),
                           ({"transport": 1}, "/transport: must be a name"), ({"transport": "x" * 16}, "/transport: must be a name"),
                           ({"peers": [{"domain": "net"}]}, "/peers/0"),
                           ({"peers": [{"domain": "net", "calls": ["x" * 80]}]}, "/peers/0"),
                           ({"peers": [{"domain": "n%d" % i, "calls": ["x"]} for i in range(5)]}, "/peers/4"),
                           ({"devices": [{"type": "net", "backend": "tap", "name": "x" * 40}]}, "/devices/0/name")):
            self.write_manifest(text)
            r = self.up("good", ok=False)
            self.assertEqual(r.returncode, 1)
            self.assertIn(says, r.stderr)

    def test_bad_command_lines(self):
        for args, code in ((["up"], 2), (["up", "a", "b"], 2), (["up", "../x"], 2), (["up", "--cpu", "x", "a"], 2),
                           (["up", "--ram", "1Q", "a"], 2), (["up", "--restart", "maybe", "a"], 2), (["fly"], 2),
                           (["run", "good"], 2), (["run", "good", "--"], 2), (["ps", "x"], 2),
                           (["up", "no-such-domain"], 1), (["kill", "no-such-domain"], 1)):
            r = self.kdom(*args)
            self.assertEqual(r.returncode, code, args)
            self.assertTrue(r.stderr)
        self.assertIn("kslice build", self.kdom("up", "no-such-domain").stderr)

    def test_run_directory_must_be_private(self):
        os.chmod(self.tmp.name, 0o777)
        r = self.up("good", ok=False)
        os.chmod(self.tmp.name, 0o700)
        self.assertEqual(r.returncode, 1)
        self.assertIn("belongs to you alone", r.stderr)

    def test_run(self):
        launcher = os.path.join(self.tmp.name, "launch")
        with open(launcher, "w") as f:
            f.write('#!/bin/sh\nexec "$@"\n')
        os.chmod(launcher, 0o755)
        self.env["KDOM_LAUNCH"] = launcher
        self.names.append("good")
        run = ["run", "--image", FAKE, "--manifest", self.manifest, "good", "--"]
        r = self.kdom(*run, "sh", "-c", "echo $KDOM_DOMAINS; exit 7")
        self.assertEqual((r.returncode, r.stdout), (7, f"good={self.tmp.name}/good.sock\n"))
        self.assertIsNone(self.ps("good"))  # started by run, taken down by run
        self.assertEqual(self.kdom(*run, "sh", "-c", "kill -9 $$").returncode, 137)
        self.up("good")
        self.assertEqual(self.kdom(*run, "true").returncode, 0)
        self.assertEqual(self.ps("good")[1], "up")

    # ---- looking inside ----

    def kdom_log(self, *args):
        r = self.kdom("log", *args)
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stdout

    def test_log(self):
        r = self.kdom("log", "good")
        self.assertEqual((r.returncode, r.stdout), (1, ""))
        self.assertIn("no domain of that name was started here", r.stderr)
        self.up("good")
        self.assertEqual(self.kdom_log("good"), self.log("good"))
        lines = self.log("good").splitlines(True)
        self.assertEqual(self.kdom_log("-n", "2", "good"), "".join(lines[-2:]))
        self.assertEqual(self.kdom_log("-n", "0", "good"), "")
        self.assertEqual(self.kdom_log("--lines=100000", "good"), "".join(lines))
        self.kdom("down", "good")
        self.up("good")  # NAME.log is renamed and begins anew: both are the log
        text = self.kdom_log("good")
        self.assertEqual(text, self.log("good", ".log.1") + self.log("good"))
        self.assertEqual(text.count("supervisor of good ends"), 1)
        self.assertEqual(self.kdom("log", "-n", "many", "good").returncode, 2)

    def test_log_is_followed(self):
        """Across a rename of the file, by a domain that prints more than a file holds, until the supervisor has ended."""
        self.up("chatter")
        out = self.path("followed")
        with open(out, "wb") as f:
            reader = subprocess.Popen([KDOM, "log", "-f", "-n", "1", "chatter"], env=self.env, stdout=f)
        ends = 0
        while not os.path.exists(self.path("chatter.log.1")):
            self.kdom("up", "chatter")
            self.assertEqual(self.conn("chatter").attach()[0], -errno.EREMOTEIO)
            ends += 1
            self.assertLess(ends, 20)
        self.kdom("up", "chatter")
        os.kill(self.supervisor("chatter"), signal.SIGTERM)
        self.assertEqual(reader.wait(20), 0)
        with open(out) as f:
            text = f.read()
        self.assertIn("domain chatter is confined by", text.splitlines()[0])  # the last line when it began
        self.assertEqual(text.count("ended with status 6"), ends)
        for last in ("signal 15: going down", "supervisor of chatter ends"):
            self.assertEqual(text.count(last), 1, last)
        self.assertTrue(text.endswith("supervisor of chatter ends\n"))
        # Nobody writes any more: what there is, and no waiting.
        self.assertTrue(self.kdom_log("-f", "chatter").endswith("supervisor of chatter ends\n"))

    def test_log_levels(self):
        for name, level, has in (("good1", None, "info"), ("good2", "error", "error"), ("good3", "warn", "warn"), ("good4", "debug", "debug")):
            self.up(name, *(["--log-level", level] if level else []))
            c = self.conn(name)
            c.sock.send(b"not a message")
            self.assert_closed(c)
            c = self.conn(name)
            self.assertEqual(c.attach()[0], 0)
            c.close()
            self.kdom("down", name)
            text = self.log(name)
            self.assertEqual("serves, booted" in text, has in ("info", "debug"), text)
            self.assertEqual("warn: connection of pid" in text, has != "error", text)
            self.assertEqual("debug: client 1 attached: pid" in text, has == "debug", text)
            self.assertIn("ARG --control", text)  # the domain's own lines have no level
        r = self.up("good", "--log-level", "loud", ok=False)
        self.assertEqual(r.returncode, 2)
        self.assertIn("must be error, warn, info or debug", r.stderr)

    def test_debug_image(self):
        for args, kind in ((["--debug"], "debug"), (["--debug=kind"], "kind")):
            r = self.kdom("up", *args, "no-such-domain")
            self.assertEqual(r.returncode, 1)
            self.assertIn(f"/no-such-domain-{kind}/no-such-domain.image", r.stderr)
            self.assertIn(f"kslice build no-such-domain --debug={kind}", r.stderr)
        self.assertEqual(self.kdom("up", "--debug=../x", "good").returncode, 2)
        # Where it is built, it is what starts.
        build = self.path("build")
        os.makedirs(build + "/bin")
        os.makedirs(build + "/good-kind")
        shutil.copy(KDOM, build + "/bin/kdom")
        shutil.copy(FAKE, build + "/good-kind/good.image")
        shutil.copy(self.manifest, build + "/good-kind/manifest.json")
        self.names.append("good")
        r = subprocess.run([build + "/bin/kdom", "up", "--debug=kind", "good"], env=self.env, capture_output=True, text=True, timeout=60)
        self.assertEqual(r.returncode, 0, r.stderr)
        c = self.conn("good")
        self.assertEqual(c.attach()[0], 0)
        self.log_has("good", "debug: client 1 attached")  # the level is debug, too

    def test_options_of_the_image(self):
        self.up("good", "--verbose", "--cmdline=loglevel=7 slub_debug=P", "--cmdline", "quiet")
        self.assertIn("ARG --verbose\n", self.log("good"))
        self.assertIn("ARG --cmdline=loglevel=7 slub_debug=P quiet\n", self.log("good"))
        self.up("good1")
        self.assertNotIn("--verbose", self.log("good1"))
        self.assertNotIn("--cmdline", self.log("good1"))
        self.assertEqual(self.up("good2", "--cmdline", "x" * 600, ok=False).returncode, 2)

    def cores_of(self, name):
        """It dies of a fault; the cores that there are then."""
        self.assertEqual(self.conn(name).attach()[0], -errno.EREMOTEIO)
        self.log_has(name, "ended by signal 4 (Illegal instruction)")
        return [os.path.join(at, f) for at, _, files in os.walk(self.path("cores")) for f in files]

    @staticmethod
    def may_raise_limits():
        return not subprocess.run(["prlimit", "--core=0:0", "prlimit", "--core=0:unlimited", "true"], capture_output=True).returncode

    def core_limits(self):
        """A session without the right to dump core, as sudo makes it: a kdom that may takes it back, another says so."""
        r = subprocess.run(["prlimit", "--core=0:0", KDOM, "up", "--image", FAKE, "--manifest", self.manifest,
                            "--core=" + self.path("cores"), "faulty3"], env=self.env, capture_output=True, text=True, timeout=60)
        if not self.may_raise_limits():
            self.assertIn("ulimit -Hc is 0", r.stderr)
            return
        self.names.append("faulty3")
        self.assertEqual(r.returncode, 0, r.stderr)
        for core in self.cores_of("faulty3"):
            shutil.rmtree(os.path.dirname(core))
        self.log_has("faulty3", "core dumped")

    def test_core(self):
        """None but where it is asked for; and what can't come true is an error before the domain starts."""
        with open("/proc/sys/kernel/core_pattern") as f:
            pattern = f.read().strip()
        os.mkdir(self.path("cores"))
        self.up("faulty")
        self.assertEqual(self.cores_of("faulty"), [])
        self.assertNotIn("core", self.log("faulty"))
        if pattern.startswith("|"):
            self.up("faulty1", "--core")
            self.cores_of("faulty1")
            self.log_has("faulty1", "core dumped")
            return
        if "/" in pattern:
            self.assertIn("kernel.core_pattern", self.up("faulty1", "--core", ok=False).stderr)
            return
        self.assertIn("--core=DIR", self.up("faulty1", "--core", ok=False).stderr)
        self.assertIn("No such file", self.up("faulty1", "--core=" + self.path("none"), ok=False).stderr)
        self.assertIn("not a directory", self.up("faulty1", "--core=" + self.manifest, ok=False).stderr)
        self.core_limits()
        if not resource.getrlimit(resource.RLIMIT_CORE)[1] and not self.may_raise_limits():
            return
        self.up("faulty1", "--core=" + self.path("cores"))
        self.assertIn("may dump core, with data of all its clients", self.log("faulty1"))
        self.assertRegex(self.kdom("ps", "-v").stdout, r"not available: .*hidden")
        cores = self.cores_of("faulty1")
        self.log_has("faulty1", "a core is in")
        self.assertIn("core dumped", self.log("faulty1"))
        self.assertEqual(len(cores), 1, cores)
        with open(cores[0], "rb") as f:
            self.assertEqual(f.read(4), b"\x7fELF")
        self.assertEqual(os.stat(cores[0]).st_mode & 0o777, 0o600)
        self.up("faulty2", "--core=" + self.path("cores"))
        self.kdom("down", "faulty2")  # no core: nothing is left
        self.assertEqual(len(os.listdir(self.path("cores"))), 1)

    def test_every_command_has_help(self):
        for command in ("up", "run", "ps", "log", "kill", "down"):
            r = self.kdom(command, "--help")
            self.assertEqual((r.returncode, r.stderr), (0, ""), command)
            self.assertIn(f"kdom {command}", r.stdout)
        for option in ("--debug[=KIND]", "--log-level=LEVEL", "--verbose", "--cmdline=TEXT"):
            for command in ("up", "run"):
                self.assertIn(option, self.kdom(command, "--help").stdout)


if __name__ == "__main__":
    main()
