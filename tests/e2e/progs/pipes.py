# SPDX-License-Identifier: GPL-2.0
"""Pipes by python's own means: subprocess, multiprocessing, threads, select. Prints the same wherever the pipes are."""
import fcntl
import hashlib
import multiprocessing
import os
import select
import subprocess
import threading

F_SETPIPE_SZ, F_GETPIPE_SZ = 1031, 1032


def square(n):
    return n * n


def child_and_back():
    data = os.urandom(1 << 20)
    r = subprocess.run(["sha1sum"], input=data, capture_output=True)
    print("sha1sum agrees:", r.stdout.split()[0].decode() == hashlib.sha1(data).hexdigest())
    r = subprocess.run("echo out; echo err >&2; exit 3", shell=True, capture_output=True, text=True)
    print(r.stdout.strip(), r.stderr.strip(), r.returncode)


def ends():
    r, w = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    print(select.select([r], [w], [], 0) == ([], [w], []), os.get_inheritable(r))
    fcntl.fcntl(w, F_SETPIPE_SZ, 1 << 20)
    print(fcntl.fcntl(r, F_GETPIPE_SZ), os.write(w, b"x" * 3000), len(os.read(r, 5000)))
    try:
        os.read(r, 1)
    except BlockingIOError:
        print("empty")
    os.close(r)
    try:
        os.write(w, b"x")
    except BrokenPipeError:
        print("broken")
    os.close(w)


def late():
    r, w = os.pipe()
    t = threading.Thread(target=lambda: (select.select([], [], [], 0.05), os.write(w, b"late")))
    t.start()
    print(os.read(r, 10).decode())
    t.join()


if __name__ == "__main__":
    child_and_back()
    ends()
    late()
    with multiprocessing.get_context("fork").Pool(4) as pool:
        print(sum(pool.map(square, range(1000))))
