#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What a debugger finds in a domain with pipes. debug_test.py NAME oops|gdb. With KSLICE_DEBUG=debug on its debug image.

oops  a function that pipe2() calls is replaced by one that faults: the log has the functions of the call trace, and on a debug image their
      files and lines. The files are those of the sliced tree.
gdb   a program waits in read(): runtime/gdb/kslice-gdb.py finds its task with its stack, its client, its queue pair, and the kernel's messages,
      in the running domain, which goes on afterwards, and in a core of it.
"""
import os
import re
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../common"))
from check import Failed, check  # noqa: E402
from domain import BUILD, DEBUG, SRC, Domain, end_on_sigterm  # noqa: E402
from plant import plant  # noqa: E402

FAULT = os.path.join(HERE, "fault.c")
SCRIPT = os.path.join(SRC, "runtime/gdb/kslice-gdb.py")
READER = "import os; r, w = os.pipe(); print('ready', flush=True); print(os.read(r, 1))"


def line_of(path, pattern):
    with open(path) as f:
        return next(n for n, line in enumerate(f, 1) if re.search(pattern, line))


def wait_for(d, pattern):
    limit = time.monotonic() + 60
    while not re.search(pattern, d.console()):
        check(time.monotonic() < limit, f"no {pattern} in the log: {d.console()[-3000:]}")
        time.sleep(0.01)


def oops(name):
    folder = os.path.join(BUILD, f"{name}-{DEBUG}" if DEBUG else name)
    with tempfile.TemporaryDirectory(prefix="planted") as out:
        image = plant(folder, name, out, FAULT, "alloc_file_pseudo", "/fs/file_table.c")
        with Domain(name, image=image, manifest=f"{folder}/manifest.json") as d:
            d.wanted = "Oops: SEGV"
            d.run(["/usr/bin/python3", "-c", "import os; os.pipe()"])
            wait_for(d, "ended by signal")
            log = d.console()
    print(log)
    look_at_oops(log, os.path.join(folder, "tree"))


def look_at_oops(log, tree):
    lines = DEBUG == "debug"
    place = rf" \({re.escape(FAULT)}:{line_of(FAULT, 'THE FAULT')}\)" if lines else ""
    check(re.search(rf"Oops: SEGV at .* \(_text[+-]0x[0-9a-f]+\) planted_fault\+0x[0-9a-f]+/0x[0-9a-f]+{place}$", log, re.M),
          "the fault's function" + (" and line" if lines else "") + " isn't in the log")
    file = os.path.realpath(f"{tree}/fs/pipe.c")
    call = re.search(rf"  _text\+0x[0-9a-f]+ (create_pipe_files|do_pipe2|__do_pipe_flags)\S*( \({re.escape(file)}:(\d+)\))?$", log, re.M)
    check(call, "its callers in fs/pipe.c aren't in the log")
    check(bool(call[2]) == lines, "lines are there only with DWARF, and then always: " + call[0])
    if lines:
        with open(file) as f:
            text = f.readlines()[int(call[3]) - 1]
        check("alloc_file_pseudo" in text or "create_pipe_files" in text, f"that line is no call: {text}")


def gdb(image, target, *commands):
    argv = ["gdb", "-nx", "-batch", "-iex", "set sysroot /", "-iex", "set auto-load off", "-x", SCRIPT, image, *target]
    for c in commands:
        argv += ["-ex", c]
    r = subprocess.run(argv, capture_output=True, text=True, timeout=600, env=dict(os.environ, DEBUGINFOD_URLS=""))
    check(r.returncode == 0, f"gdb: status {r.returncode}:\n{r.stdout}{r.stderr}")
    return r.stdout + r.stderr


def look_at_reader(image, target):
    out = gdb(image, target, "kslice-tasks")
    task = re.search(r"^ *(\d+) S sleeping +\S+ +(\w+) at \S+/tree/fs/pipe\.c:\d+$|^ *(\d+) S sleeping .*$", out, re.M)
    check(task, "no task sleeps:\n" + out)
    pid = task[1] or task[3]
    out = gdb(image, target, f"kslice-bt {pid}", "kslice-clients", "kslice-qps", "kslice-dmesg", f"kslice-task {pid}", "up 1", "bt 3")
    print(out)
    for what, pattern in (("its stack", r"^#\d+ +0x[0-9a-f]+ in pipe_read \(\) at \S*tree/\S*fs/pipe\.c:\d+$"), ("its server", r"in sd_serve_call \(\)"),
                          ("its client", r"^ *\d+ +\d+ attached +1 +1$"), ("its queue pair", r"^client \d+ queue pair \d+: next entry \d+, 1 in service"),
                          ("its call", rf"entry \d+ slot \d+: read\(.*\) in task {pid}$"), ("the messages", r"^\[ *\d+\.\d+\] Linux version \d"),
                          ("a frame with its variables", r"^#1 .*__schedule|^#1 .*context_switch|^#1 .*schedule")):
        check(re.search(pattern, out, re.M), f"{what}: no {pattern} in\n{out}")


def debugger(name):
    with Domain(name) as d, tempfile.TemporaryDirectory(prefix="core") as out:
        with d.popen(["/usr/bin/python3", "-c", READER], stdout=subprocess.PIPE) as reader:
            check(reader.stdout.readline() == "ready\n", "the reader doesn't run")
            limit = time.monotonic() + 60
            while not d.status()["blocked"] and time.monotonic() < limit:
                time.sleep(0.01)
            target = ["-p", str(d.pid())]
            look_at_reader(d.image, target)
            gdb(d.image, target, "set use-coredump-filter off", "set dump-excluded-mappings on", f"gcore {out}/core")
        check(d.wait_clients(0) is not None, "the domain doesn't go on after gdb has left")
        look_at_reader(d.image, [f"{out}/core"])


def main():
    end_on_sigterm()
    {"oops": oops, "gdb": debugger}[sys.argv[2]](sys.argv[1])
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as e:
        sys.exit(f"debug_test.py: {e}")
