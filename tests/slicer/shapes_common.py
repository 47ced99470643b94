# SPDX-License-Identifier: GPL-2.0
"""shapes_common.py: a tree of kernel/*.c whose program prints what a call returns, whole and sliced."""
import json
import os
import shutil
import subprocess

FLAGS = "-O1 -fno-strict-aliasing -fms-extensions -std=gnu11 -w -fno-pie".split()
MAIN = "arch/mini/kernel/main.c"


def run(argv, **kw):
    return subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)


def sources(tree):
    return sorted(f"kernel/{n}" for n in os.listdir(f"{tree}/kernel") if n.endswith(".c"))


def write_main(tree, calls):
    """argv[1] is the number of the call that is made."""
    text = '#include <linux/compiler.h>\nint printf(const char *, ...);\nvoid exit(int);\nint atoi(const char *);\n'
    text += 'void sd_trap(const char *name);\nvoid sd_trap(const char *name)\n{\n\tprintf("trap %s\\n", name);\n\texit(3);\n}\n'
    text += "".join(f"long sys_{c}(int x);\n" for c in calls)
    text += "int main(int n, char **args);\nint main(int n, char **args)\n{\n\tswitch (atoi(args[1])) {\n"
    text += "".join(f'\tcase {i}:\n\t\tprintf("%ld\\n", sys_{c}(n - 1));\n\t\tbreak;\n' for i, c in enumerate(calls))
    text += "\t}\n\treturn 0;\n}\n"
    os.makedirs(os.path.dirname(f"{tree}/{MAIN}"), exist_ok=True)
    with open(f"{tree}/{MAIN}", "w") as f:
        f.write(text)


def write_commands(tree, objs, path):
    commands = [{"directory": objs, "file": f"{tree}/{c}",
                 "command": " ".join(["clang-19", *FLAGS, f"-I{tree}/include", "-c", "-o",
                                      c.replace("/", "_")[:-1] + "o", f"{tree}/{c}"])} for c in [MAIN] + sources(tree)]
    with open(path, "w") as f:
        json.dump(commands, f)
    return commands


def link(program, objects):
    """The error, or ""."""
    r = run(["clang-19", "-no-pie", "-o", program, *objects])
    return f"{program} doesn't link:\n{r.stdout}" if r.returncode else ""


def build_whole(commands, objs, program):
    shutil.rmtree(objs, ignore_errors=True)
    os.makedirs(objs)
    for c in commands:
        r = run(c["command"].split(), cwd=objs)
        if r.returncode:
            return f"{c['file']}:\n{r.stdout}"
    return link(program, [f"{objs}/{n}" for n in sorted(os.listdir(objs))])


def kslice(program, command, work):
    """Of the tree in WORK, with WORK/r.json."""
    return run([program, command, "-j1", "--tree", f"{work}/tree", "--compdb", f"{work}/compile_commands.json", "--out",
                f"{work}/out", f"{work}/r.json"], env=dict(os.environ, KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache"))


def build_sliced(out, program):
    shutil.rmtree(f"{out}/obj", ignore_errors=True) # `kslice build` removes what a slice no longer has
    r = run(["ninja", "-C", f"{out}/tree/build", "-f", "../../build.ninja"])
    if r.returncode:
        return f"the slice doesn't compile:\n{r.stdout}"
    return link(program, [os.path.join(d, n) for d, _, names in os.walk(f"{out}/obj") for n in names if n.endswith(".o")])
