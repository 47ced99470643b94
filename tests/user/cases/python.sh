# SPDX-License-Identifier: GPL-2.0
# needs: python3
/usr/bin/python3 - <<'P'
import threading, subprocess, asyncio, multiprocessing, signal, os, time, socket, select, sys, ctypes
r = []
def w(i):
    for _ in range(200): time.sleep(0); os.getppid()
    r.append(i)
ts = [threading.Thread(target=w, args=(i,)) for i in range(16)]
[t.start() for t in ts]; [t.join() for t in ts]; print(sorted(r))
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True))
print(subprocess.Popen(["cat"], stdin=-1, stdout=-1).communicate(b"data"))
try: subprocess.run(["/nonexistent/x"])
except FileNotFoundError as e: print(e)
try: subprocess.run(["/etc/passwd"])
except PermissionError as e: print(e)
print(os.posix_spawnp("true", ["true"], {}) > 0, os.wait()[1])
try: os.posix_spawn("/nope", ["x"], {})
except FileNotFoundError as e: print(e)
async def main():
    p = await asyncio.create_subprocess_exec("echo", "async", stdout=-1)
    print(await p.stdout.read(), await p.wait())
    s = await asyncio.start_server(lambda rd, wr: (wr.write(b"hello"), wr.close()), "127.0.0.1", 0)
    rd, wr = await asyncio.open_connection(*s.sockets[0].getsockname())
    print(await rd.read()); s.close()
    print(await asyncio.gather(*[asyncio.sleep(0.01, i) for i in range(5)]))
asyncio.run(main())
def sq(x): return x * x
with multiprocessing.get_context("fork").Pool(4) as p: print(p.map(sq, range(20)))
got = []
signal.signal(signal.SIGALRM, lambda *a: got.append(a[0]))
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
t = time.time()
while len(got) < 5: time.sleep(1)
signal.setitimer(signal.ITIMER_REAL, 0); print(len(got) >= 5)
rp, wp = os.pipe(); signal.set_wakeup_fd(wp, warn_on_full_buffer=False) if os.set_blocking(wp, False) is None else 0
os.kill(os.getpid(), signal.SIGALRM); print(os.read(rp, 1)); signal.set_wakeup_fd(-1)
a, b = socket.socketpair(); a.send(b"x"); print(select.select([b], [], [], 1)[0] == [b])
pid = os.fork()
if not pid: os._exit(5)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
pid = os.fork()
if not pid: ctypes.string_at(0)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(os.readlink("/proc/self/exe"), os.path.realpath(f"/proc/{os.getpid()}/exe"), open("/proc/self/exe", "rb").read(4))
print(sys.executable, open("/proc/self/cmdline").read().split("\0")[:2])
fd = os.open("/bin/echo", os.O_RDONLY); pid = os.fork()
if not pid: os.execve(fd, ["echo", "fexecve"], {})
os.waitpid(pid, 0)
try: signal.sigtimedwait([signal.SIGUSR1], 0.01); print("timeout")
except InterruptedError: print("intr")
sys.exit(42)
P
echo $?
/usr/bin/python3 -c '
import multiprocessing as m
def f(q): q.put("spawned")
if __name__ == "__main__":
    from multiprocessing import shared_memory
    print(m.get_start_method())'
/usr/bin/python3 -c 'import faulthandler,os,signal; faulthandler.enable(); os.kill(os.getpid(), signal.SIGSEGV)' 2>&1 | head -1
