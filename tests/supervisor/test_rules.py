#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What kdom permits a client, a stranger and a compromised domain to do (sd/control.h's table), against build/tests/fake-domain."""
import array
import errno
import fcntl
import mmap
import os
import resource
import signal
import socket
import subprocess
import time

from kdomtest import FAKE, KDOM, NOBODY, Conn, Fixture, as_nobody, control, give, main, message, needs_root, over
from control import ATTACH, DOWN, HELLO, KILL, SHARE, STATUS, TICKET, TRACE, UP

KEY = {"key": (5, 6)}


class Rules(Fixture):
    # ---- what connections may ask ----

    def test_what_is_passed_does_one_thing(self):
        """The socket that a TICKET or SHARE over a lifeline makes a connection gives no other right."""
        for name, type, result in (("good", SHARE, 0), ("noticket", TICKET, -errno.ENOENT), ("noticket", SHARE, -errno.ENOENT)):
            self.up(name)
            life = self.conn(name)
            self.assertEqual(life.attach()[0], 0)
            for then in (ATTACH, HELLO, STATUS, KILL, DOWN, UP, TICKET, SHARE):
                c, theirs = over(life, type, **KEY)
                self.assertEqual(c.reply()[0], result)
                try:
                    c.sock.send(message(then, body=control.pack("sd_ctl_ticket", **KEY)))
                except OSError:
                    pass
                self.assert_closed(c)
                theirs.close()
            self.assertEqual(self.ps(name)[1], "up")
            self.assertEqual(self.log(name).count("ATTACH client"), 1)
            self.kdom("down", name)
        self.up(name)
        life = self.conn(name)
        self.assertEqual(life.attach()[:2], (0, 1))
        c, theirs = over(life, ATTACH, parent=1)
        theirs.close()
        for _ in range(5):  # perhaps before it is answered
            try:
                c.sock.send(message(KILL))
                self.assertIn(c.reply()[0], (0, -errno.EPERM))
            except (OSError, EOFError):
                break
        self.assertEqual(self.ps(name)[1], "up")

    def test_a_failed_child_does_nothing_else(self):
        self.up("good")
        self.up("refuse")
        life = self.conn("good")
        ident = life.attach()[1]
        self.kdom("kill", "good")
        c = life.child(ident)
        self.assertEqual(c.reply()[0], -errno.EREMOTEIO)
        self.up("good")
        try:
            c.sock.send(message(ATTACH))
        except OSError:
            pass
        self.assert_closed(c)
        self.assertEqual(self.log("good").count("ATTACH client"), 1)

    def test_lifelines_and_tickets_have_no_power(self):
        self.up("good")
        life, ticket = self.conn("good"), self.conn("good")
        ident = life.attach()[1]
        self.assertEqual(ticket.ask(TICKET, **KEY)[0], 0)
        child = life.child(ident)
        self.assertEqual(child.reply()[0], 0)
        for c in (life, ticket, child):
            for type in (KILL, DOWN, UP, TRACE):
                self.assertEqual(c.ask(type)[0], -errno.EPERM)
        self.assertEqual(ticket.ask(SHARE, **KEY)[0], -errno.EALREADY)
        self.assertEqual(ticket.ask(STATUS)[0], -errno.EALREADY)
        self.assertEqual(life.ask(STATUS)[0], 0)
        self.assertEqual(self.ps("good")[3], "1")

    @needs_root
    def test_who_sends_today(self):
        """What root connected and a program without any right has."""
        self.up("good")
        for type in (KILL, DOWN, UP, TRACE):
            c = self.conn("good")
            self.assertEqual(as_nobody(lambda: c.ask(type)[0]), -errno.EPERM)
        c = self.conn("good")
        self.assertEqual(as_nobody(lambda: c.ask(HELLO)[0]), 0)
        self.assertEqual(as_nobody(lambda: c.attach()[0]), -errno.EACCES)
        self.assertEqual(self.log("good").count("ATTACH client"), 0)
        self.assertEqual(c.attach()[0], 0)  # who connected still may
        self.kdom("kill", "good")
        c = self.conn("good")
        self.assertEqual(as_nobody(lambda: c.ask(UP)[0]), -errno.EPERM)
        self.assertEqual(self.ps("good")[1], "killed")

    @needs_root
    def test_a_stranger_has_no_power(self):
        self.up("good")
        self.open_to_all("good")
        for type in (KILL, DOWN, UP, TRACE):
            self.assertEqual(as_nobody(lambda: self.conn("good").ask(type)[0]), -errno.EPERM)
        self.assertEqual(as_nobody(lambda: self.conn("good").attach()[0]), 0)
        self.log_has("good", f"uid={NOBODY}")
        c = Conn()
        os.seteuid(NOBODY)  # root meanwhile
        try:
            c = self.conn("good")
        finally:
            os.seteuid(0)
        self.assertEqual(c.attach()[0], 0)
        self.log_has("good", f"uid={NOBODY}", 2)

    @needs_root
    def test_a_child_is_told_by_who_asks_today(self):
        self.up("good")
        life = self.conn("good")
        ident = life.attach()[1]
        self.assertEqual(as_nobody(lambda: life.child(ident).reply()[0]), 0)
        self.log_has("good", f"parent={ident} ")
        self.assertIn(f"uid={NOBODY}", self.log("good").split(f"parent={ident} ")[1].split("\n")[0])

    def test_a_tracer(self):
        """One at a time, as long as its connection and its domain live; it tells its clients, and has no other right."""
        self.up("good")
        life = self.conn("good")
        result, _, fds = life.attach()
        self.assertEqual(result, 0)
        with mmap.mmap(fds[2], 4096, prot=mmap.PROT_READ) as view:
            def serial():
                return control.unpack("sd_wake_page", view).trace

            tracer = self.conn("good")
            result, counts, _ = tracer.ask(TRACE)
            self.assertEqual((result, counts.clients, counts.hidden, serial()), (0, 1, 0, 0))
            self.assertEqual(tracer.ask(TRACE, on=1)[0], 0)
            first = serial()
            self.assertNotEqual(first, 0)
            self.assertEqual(self.conn("good").ask(TRACE, on=1)[0], -errno.EBUSY)
            for type, result in ((KILL, -errno.EPERM), (UP, -errno.EPERM), (ATTACH, -errno.EALREADY), (TICKET, -errno.EALREADY), (STATUS, 0)):
                self.assertEqual(tracer.ask(type)[0], result)
            tracer.close()
            end = time.time() + 20
            while serial():
                self.assertLess(time.time(), end, "still traced")
                time.sleep(0.01)
            tracer = self.conn("good")
            self.assertEqual(tracer.ask(TRACE, on=1)[0], 0)
            self.assertNotIn(serial(), (0, first))
            self.kdom("kill", "good")
            self.assert_closed(tracer)
            self.assertEqual(serial(), 0)
        self.assertEqual(self.conn("good").ask(TRACE, on=1)[0], -errno.EREMOTEIO)

    @needs_root
    def test_whom_a_tracer_sees(self):
        self.up("good")
        self.open_to_all("good")
        life = self.conn("good")
        self.assertEqual(life.attach()[0], 0)
        os.seteuid(NOBODY)
        try:
            other = self.conn("good")
        finally:
            os.seteuid(0)
        self.assertEqual(other.attach()[0], 0)
        _, counts, _ = self.conn("good").ask(TRACE)
        self.assertEqual((counts.clients, counts.hidden), (2, 0))  # root sees all

    def test_lifeline_of_an_earlier_start(self):
        """Its client's number is another's by now, who may be root."""
        self.up("good")
        old = self.conn("good")
        self.assertEqual(old.attach()[:2], (0, 1))
        self.kdom("kill", "good")
        self.up("good")
        self.assertEqual(self.conn("good").attach()[:2], (0, 1))
        new = self.conn("good")
        ident = new.attach()[1]
        self.assertEqual(old.child(1).reply()[0], -errno.EREMOTEIO)
        for type in (TICKET, SHARE):
            c, _ = over(old, type, **KEY)
            self.assertEqual(c.reply()[0], -errno.EREMOTEIO)
        self.assertEqual(new.child(ident).reply()[0], 0)
        self.assertNotIn("parent=1 ", self.log("good"))

    def test_domains_have_no_children(self):
        """Their children would be bound to no list of calls."""
        self.up("good")
        domain, program = self.conn("good"), self.conn("good")
        result, answer, _ = domain.ask(ATTACH, calls=b"write,read")
        self.assertEqual(result, 0)
        self.log_has("good", "calls=write,read")
        self.assertEqual(domain.child(answer.client).reply()[0], -errno.EPERM)
        ident = program.attach()[1]
        c, _ = over(program, ATTACH, parent=ident, calls=b"write,read")
        self.assertEqual(c.reply()[0], -errno.EPERM)

    # ---- fds that nobody asked for ----

    def test_more_fds_than_anybody_takes(self):
        self.up("good")
        pid = self.supervisor("good")
        life = self.conn("good")
        ident = life.attach()[1]
        null = os.open("/dev/null", os.O_RDONLY)
        before = self.nfds(pid)
        for n in (1, 2, 3, 4, 5, 12, 13, 100, 253):
            for say in (0, 1, n):
                c = self.conn("good")
                if give(c.sock, message(STATUS, nfds=say), [null] * n):
                    self.assert_closed(c)
                c.close()
                child = life.child(ident)  # its socket's other descriptor is ours, too
                child.reply()
                mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                socket.send_fds(life.sock, [message(ATTACH, parent=ident, nfds=1)], [theirs.fileno()])
                mine.settimeout(10)
                child2 = Conn()
                child2.sock = mine
                child2.reply()
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
                socket.send_fds(mine, [message(STATUS, nfds=say)], [null] * n)
                theirs.close()
                self.assert_closed(child2)
                child.close()
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            stranger = self.conn("good")
            stranger.child(stranger.attach()[1], socket.socketpair(socket.AF_UNIX, kind))
            self.assert_closed(stranger)
        self.fds_are_again(pid, before)
        self.assertEqual(self.ps("good")[1], "up")
        self.assertEqual(life.ask(STATUS)[0], 0)

    def test_a_message_without_its_sender(self):
        """SO_PASSCRED is off: whose is it?"""
        self.up("good")
        life = self.conn("good")
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        mine.settimeout(10)
        c = Conn()
        c.sock = mine
        socket.send_fds(life.sock, [message(ATTACH, parent=life.attach()[1], nfds=1)], [theirs.fileno()])
        self.assertEqual(c.reply()[0], 0)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 0)
        theirs.close()
        mine.send(message(STATUS))
        self.assert_closed(c)

    def test_a_domain_that_gives_fds(self):
        self.up("giver")
        pid = self.supervisor("giver")
        before = self.nfds(pid)
        for _ in range(3):
            self.assertEqual(self.conn("giver").attach()[0], -errno.EREMOTEIO)
            self.assertEqual(self.ps("giver")[1], "killed")
            self.assertIn("Protocol error; killing", self.log("giver"))
            self.up("giver")
        self.fds_are_again(pid, before)

    # ---- what a captured domain costs ----

    def test_a_domain_that_answers_nothing(self):
        """An attach costs nothing any more when it has failed; and nobody may have many of them."""
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit[1], limit[1]))
        self.up("mute")
        self.up("deaf")
        pids = [self.supervisor("mute"), self.supervisor("deaf")]
        before = self.nfds(pids[0])
        for _ in range(200):
            c = self.conn("mute")
            c.sock.send(message(ATTACH))
            c.close()
        conns = [self.conn("mute") for _ in range(900)]
        for c in conns:
            c.sock.send(message(ATTACH))
        self.assertEqual(conns[-1].reply()[0], -errno.EAGAIN)
        deaf = [self.conn("deaf") for _ in range(700)]
        for c in deaf:
            c.sock.send(message(ATTACH))
        self.assertEqual(deaf[-1].reply()[0], -errno.EAGAIN)
        results = {c.reply()[0] for c in conns[:-1]}
        self.assertEqual(results, {-errno.ETIMEDOUT, -errno.EAGAIN})
        self.assertEqual(self.conn("mute").attach()[0], -errno.EAGAIN)  # it owes us all of them
        for c in conns:
            c.close()
        self.fds_are_again(pids[0], before)
        self.log_has("deaf", "doesn't read its control socket; killing it")
        for c in deaf:
            c.close()
        self.kdom("kill", "mute")
        self.up("mute")
        self.conn("mute").sock.send(message(ATTACH))
        self.log_has("mute", "ATTACH client=1 ", 2)

    def test_a_domain_that_asks_for_more_than_it_reads(self):
        self.up("greedy")
        self.conn("greedy").sock.send(message(ATTACH))
        self.log_has("greedy", "doesn't read the answers to its requests; killing it")
        self.log_has("greedy", "ended by signal 9")

    def test_ends_of_clients(self):
        """Once per client, and of nobody that wasn't attached."""
        self.up("ender")
        for _ in range(3):
            self.assertEqual(self.conn("ender").attach()[0], 0)
        for _ in range(50):
            c = self.conn("ender")  # gone when its end is told
            c.sock.send(message(ATTACH))
            c.close()
        self.log_has("ender", "TYPE 4", 53)
        self.assertEqual(self.ps("ender")[1], "up")
        for name in ("twice", "unborn"):
            self.up(name)
            self.conn(name).sock.send(message(ATTACH))
            self.log_has(name, "Protocol error; killing the domain")
            self.log_has(name, "ended by signal 9")

    # ---- strangers ----

    @needs_root
    def test_a_stranger_leaves_room(self):
        """One uid holds a quarter of what fds there are, whatever it does; root's and the owner's aren't counted."""
        self.up_after("good", lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)), env=self.env)
        self.open_to_all("good")
        ready, go = os.pipe(), os.pipe()

        def greedy():
            held = []
            for _ in range(200):
                c = self.conn("good")
                try:
                    if c.attach()[0] == 0:
                        held.append(c)
                except OSError:  # turned away
                    pass
                except EOFError:
                    pass
            os.write(ready[1], b"r")
            os.read(go[0], 1)
            return len(held)
        pid = os.fork()
        if not pid:
            n = as_nobody(greedy)
            os._exit(0 if n is not None and 50 <= n <= 64 else 1)
        os.read(ready[0], 1)
        mine = [self.conn("good") for _ in range(20)]
        self.assertEqual([c.attach()[0] for c in mine], [0] * 20)
        self.assertEqual(self.ps("good")[1], "up")
        os.write(go[1], b"g")
        self.assertEqual(os.waitpid(pid, 0)[1], 0)
        self.assertIn(f"uid {NOBODY} has too many connections", self.log("good"))

    def test_a_flood_of_errors_in_the_log(self):
        self.up("good")
        for _ in range(500):
            c = self.conn("good")
            c.sock.send(b"x")
            self.assert_closed(c)
        self.assertIn("Protocol error; closed", self.log("good"))
        self.assertLess(self.log("good").count("\n"), 100)

    # ---- what the caller of kdom up had ----

    def up_after(self, name, prepare, **kwargs):
        self.names.append(name)
        r = subprocess.run([os.path.abspath(KDOM), "up", "--image", os.path.abspath(FAKE), "--manifest", self.manifest, name],
                           preexec_fn=prepare, timeout=60, capture_output=True, text=True, **kwargs)
        self.assertEqual(r.returncode, 0, r.stderr)

    def test_what_the_caller_had_open(self):
        read, write = os.pipe()
        lock = os.open(self.path("lock"), os.O_RDWR | os.O_CREAT)
        far = fcntl.fcntl(write, fcntl.F_DUPFD, 900)
        fcntl.flock(lock, fcntl.LOCK_EX)
        self.up_after("good", None, env=self.env, pass_fds=(write, lock, far))
        for fd in (write, far, lock):
            os.close(fd)
        os.set_blocking(read, False)
        self.assertEqual(os.read(read, 1), b"")  # else BlockingIOError
        lock = os.open(self.path("lock"), os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.assertEqual(self.conn("good").attach()[0], 0)
        self.assertEqual(self.kdom("kill", "good").returncode, 0)
        self.up("good")  # with the fds that it kept

    @needs_root
    def test_what_else_the_caller_had(self):
        """Signals ignored and blocked, a umask, an environment, a directory."""
        def prepare():
            for sig in (signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP):
                signal.signal(sig, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 32))
            os.umask(0o777)
            os.chdir(self.tmp.name)
        self.up_after("good", prepare, env=dict(self.env, SECRET="of the caller"))
        pid, domain = self.supervisor("good"), self.ps("good")[2]
        for p in (pid, domain):
            with open(f"/proc/{p}/environ", "rb") as f:
                self.assertNotIn(b"of the caller", f.read())
            self.assertEqual(os.readlink(f"/proc/{p}/cwd"), "/")
            with open(f"/proc/{p}/status") as f:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)
            self.assertEqual(int(status["SigIgn"], 16) & 1 << signal.SIGCHLD - 1, 0)
            self.assertEqual(status["Umask"], "0077")
        self.assertEqual(self.kdom("kill", "good").returncode, 0)
        self.assertEqual(self.ps("good")[1], "killed")
        self.up("good")
        os.kill(pid, signal.SIGTERM)
        end = time.time() + 20
        while os.path.exists(self.path("good.sock")):
            self.assertLess(time.time(), end)
            time.sleep(0.01)

    # ---- whose the directories are ----

    def test_directories_that_others_can_change(self):
        trap = self.path("open")
        os.mkdir(trap)
        os.chmod(trap, 0o777)
        os.mkdir(trap + "/dir", 0o700)
        os.symlink(trap + "/dir", self.path("link"))
        for variable, place in (("KDOM_DIR", trap), ("KDOM_DIR", trap + "/dir"), ("KDOM_DIR", self.path("link")),
                                ("XDG_RUNTIME_DIR", trap)):
            env = {k: v for k, v in os.environ.items() if k not in ("KDOM_DIR", "XDG_RUNTIME_DIR")}
            r = subprocess.run([KDOM, "up", "--image", FAKE, "--manifest", self.manifest, "good"], timeout=60,
                               env=dict(env, **{variable: place}), capture_output=True, text=True)
            self.assertEqual(r.returncode, 1, place)
            self.assertIn("belongs to you alone" if place == self.path("link") or variable == "KDOM_DIR" and place == trap
                          else f"users other than root and you can change {trap};", r.stderr)
        os.chmod(trap, 0o1777)
        self.env["KDOM_DIR"] = trap + "/dir"
        self.up("good")
        self.assertEqual(self.kdom("down", "good").returncode, 0)
        self.names.clear()


if __name__ == "__main__":
    main()
