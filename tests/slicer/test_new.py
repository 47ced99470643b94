#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What `kslice new` writes, of a mini kernel tree with calls, Makefiles and Kconfig of its own. usage: test_new.py KSLICE WORKDIR"""
import json
import os
import re
import shutil
import subprocess
import sys

from mini_tree import HERE, make_compdb

REPO = os.path.realpath(f"{HERE}/../..")
failures = []

TREE = {
    "Makefile": "VERSION = 6\n",
    "Kbuild": "obj-y += fs/\nobj-$(CONFIG_NET) += net/\n",
    "Kconfig": 'source "arch/$(SRCARCH)/Kconfig"\n'
               'config NET\n\tbool "n"\n'
               'config LINKS\n\tbool "l"\n\tdepends on NET && BASE\n'
               'config BASE\n\tbool "b"\n'
               'config THING\n\tbool "t"\n\tdepends on BASE\n'
               'config ASKED\n\tbool "a"\n',
    "arch/mini/Kconfig": "config MMU\n\tdef_bool n\n",
    "arch/x86/entry/syscalls/syscall_64.tbl": "".join(
        f"{n} common {name} sys_{entry}\n" for n, (name, entry) in enumerate(
            [("thing", "thing"), ("thing_set", "thing_set"), ("thing_name", "newname"), ("wire", "wire"), ("close", "close"),
             ("fcntl", "fcntl"), ("cuts", "cuts")])),
    "include/linux/wire.h": "#define PF_WIRE 7\n",
    "fs/Makefile": "obj-y += fd.o\nobj-y += thing/\n",
    "fs/fd.c": "long close_fd(unsigned fd);\n"
               "SYSCALL_DEFINE1(close, unsigned int, fd)\n{\n\treturn close_fd(fd) ? -9 : 0;\n}\n\n"
               "SYSCALL_DEFINE1(fcntl, unsigned int, fd)\n{\n\treturn close_fd(fd) ? -9 : 0;\n}\n",
    # a part of an object that an option switches on, and a call behind another option
    "fs/thing/Makefile": "obj-$(CONFIG_THING) += whole.o\nwhole-y := thing.o\n",
    "fs/thing/thing.c": "long anon_inode_getfd(const char *, void *, void *, int);\nlong copy_from_user(void *, const void *, unsigned long);\n"
                        "long fget(unsigned);\nint thing_freed(void);\n#define THING_NONBLOCK 2048\n"
                        "int thing_freed(void)\n{\n\treturn 1;\n}\n"
                        "SYSCALL_DEFINE1(thing, int, flags)\n{\n\tthing_freed();\n"
                        '\treturn anon_inode_getfd("thing", 0, 0, flags);\n}\n\n'
                        "struct thing {\n\tlong a, b;\n};\n\n"
                        "SYSCALL_DEFINE2(thing_set, int, fd, const struct thing *, how)\n{\n\tstruct thing t;\n\n"
                        "\tif (!fget(fd) || copy_from_user(&t, how, sizeof(t)))\n\t\treturn -9;\n\treturn 0;\n}\n\n"
                        "#ifdef CONFIG_ASKED\nSYSCALL_DEFINE1(newname, int, n)\n{\n\treturn n ? -1 : 0;\n}\n#endif\n",
    "net/Makefile": "obj-$(CONFIG_LINKS) += wire.o family.o\n",
    "net/wire.c": "long anon_inode_getfd(const char *, void *, void *, int);\n"
                  "SYSCALL_DEFINE2(wire, int, family, int, flags)\n{\n"
                  '\treturn family ? anon_inode_getfd("wire", 0, 0, flags) : -1;\n}\n',
    "net/family.c": "#include <linux/wire.h>\nstruct ops {\n\tint family;\n};\nextern const struct ops wire_ops;\n"
                    "const struct ops wire_ops = {\n\t.family = PF_WIRE,\n};\n",
}
DEFINE2 = "#define SYSCALL_DEFINE2(name, t1, a1, t2, a2) asmlinkage long sys_##name(t1 a1, t2 a2); " \
          "static inline long __do_sys_##name(t1 a1, t2 a2); asmlinkage long sys_##name(t1 a1, t2 a2) " \
          "{ return __do_sys_##name(a1, a2); } static inline long __do_sys_##name(t1 a1, t2 a2)\n"
GROUPS = {
    "frees": {"cuts": [{"return": "thing_freed", "value": "0"}, {"drop": "dropped_here"}]},
    "absent": {"cuts": [{"drop": "isnt_in_this_configuration"}]},
    "later": {"cuts": [{"drop": "dropped_here"}]},
    "takes_a_call": {"calls": "thing", "cuts": [{"return": "thing_freed", "value": "2"}]},
    "answers": {"changes": ["newname"], "cuts": [{"return": "thing_freed", "value": "3"}]},
    "memory": {"cuts": [{"drop": "isnt_in_this_configuration"}, {"return": "lib_answer", "value": "0"}]},
}


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def make_tree(work):
    shutil.copytree(f"{HERE}/mini", f"{work}/tree")
    for name, text in TREE.items():
        write(f"{work}/tree/{name}", ("#include <linux/syscalls.h>\n\n" if "SYSCALL_DEFINE" in text else "") + text)
    with open(f"{work}/tree/include/linux/syscalls.h", "a") as f:
        f.write(DEFINE2)
    os.makedirs(f"{work}/objs/include/generated")
    commands = make_compdb(f"{work}/tree", f"{work}/objs", f"{work}/commands.json")
    for c in commands:
        c["command"] = c["command"].replace("-Wextra", "-w -DCONFIG_ASKED=1").replace("-Werror ", "")
    with open(f"{work}/commands.json", "w") as f:
        json.dump(commands, f)


def make_repo(work):
    for part in ("runtime", "kernel-tree"):
        os.makedirs(f"{work}/repo", exist_ok=True)
        os.symlink(f"{REPO}/{part}", f"{work}/repo/{part}")
    if os.path.exists(f"{REPO}/specs/registries"):
        write(f"{work}/repo/specs/registries/linux.json", '{"registries": []}')
    write(f"{work}/repo/specs/new.config", "CONFIG_BASE=y\n")
    write(f"{work}/repo/specs/annotations/fds.json", json.dumps({"what": "x", "calls": {
        "close": {"result": 0, "route": "none", "test": {"bases": [{"args": {"fd": "@pipe_r"}}]}}}}))
    write(f"{work}/repo/specs/annotations/other.json", json.dumps({"what": "x", "calls": {"read": {}}}))
    for name, g in GROUPS.items():
        write(f"{work}/repo/specs/cuts/{name}.json", json.dumps({"name": name, "lost": f"what {name} loses", **g}))


def main():
    kslice, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    make_tree(work)
    make_repo(work)
    os.environ.update(KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache", KSLICE_REPO=f"{work}/repo")

    def new(name, *args):
        return subprocess.run([kslice, "new", name, "--tree", f"{work}/tree", "--compdb", f"{work}/commands.json", *args],
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    r = new("first", "--calls", "thing,thing_set,thing_name,wire", "--file", "net/family.c")
    print(r.stdout)
    check(r.returncode == 0 and "accepts it" in r.stdout, "a spec that check accepts")
    spec = json.load(open(f"{work}/repo/specs/first.json"))
    config = open(f"{work}/repo/specs/first.config").read()
    check(re.findall(r"^CONFIG_(\w+)=y$", config, re.M) == ["BASE", "ASKED", "NET", "LINKS", "THING"], "options: " + config)
    check(spec["calls"] == ["thing", "thing_set", "newname", "wire", "close", "fcntl"], f"calls: {spec['calls']}")
    check(spec["routes"] == [{"call": "thing"}, {"call": "newname"},
                             {"call": "wire", "arg": "family", "values": ["PF_WIRE"]}], f"routes: {spec['routes']}")
    check(spec["cuts"] == ["memory", "frees"], f"cuts: {spec['cuts']}")
    check("frees; lost: what frees loses" in r.stdout, "what the cuts lose is told")
    check(spec["annotations"][0] == "fds" and "other" not in spec["annotations"], "the groups that describe calls")
    own = spec["annotations"][1]
    check(own["headers"] == ["linux/wire.h"] and own["fixtures"] == {"thing": {"make": ["thing", 2048]}}, f"own: {own}")
    base = own["calls"]["thing_set"]["test"]["bases"][0]["args"]
    check(base == {"fd": "@thing", "how": "%zero16"}, f"a base: {base}")
    check(not os.path.exists(f"{work}/repo/build/first.new"), "the draft's folder is removed")

    before = open(f"{work}/repo/specs/first.json").read()
    r = new("first", "--calls", "thing")
    check(r.returncode == 1 and "exists already" in r.stdout and "cure:" in r.stdout, "an existing spec is refused: " + r.stdout)
    check(open(f"{work}/repo/specs/first.json").read() == before, "an existing spec is overwritten")
    for args, wanted in ((("bad", "--calls", "thin"), "thin: no SYSCALL_DEFINE"), (("bad",), "no call is named"),
                         (("Bad", "--calls", "thing"), "can't be a domain's name"),
                         (("bad", "--calls", "thing", "--file", "net/nothing.c"), "net/nothing.c")):
        r = new(*args)
        check(r.returncode == 1 and wanted in r.stdout and "cure:" in r.stdout, f"{args}: {r.stdout}")
        check(not os.path.exists(f"{work}/repo/specs/bad.json"), f"{args}: something was written")
    print("failures:", len(failures))
    return 1 if failures else 0


sys.exit(main())
