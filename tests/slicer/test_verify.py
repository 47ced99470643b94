#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Does the check of a slice find what a wrong slicer would do, and nothing in a right slice?

Each file of the tree below has one mistake behind `#ifdef WRONG`. A compiler that defines WRONG for the sliced
tree only stands for the slicer that makes it. usage: test_verify.py KSLICE WORKDIR
"""
import json
import os
import re
import shutil
import subprocess
import sys

HEAD = r"""
#ifndef _LINUX_COMPILER_H
#define _LINUX_COMPILER_H
struct ops { int (*f)(int); int (*g)(int); int n; };
void sd_trap(const char *name) __attribute__((noreturn));
#define SYSCALL_DEFINE1(name, type, arg) \
	long sys_##name(type arg); \
	static inline long __do_sys_##name(type arg); \
	long sys_##name(type arg) { return __do_sys_##name(arg); } \
	static inline long __do_sys_##name(type arg)
#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)
#endif
"""
TABLE = "static int fa(int x) { return x + 1; }\nstatic int fb(int x) { return x + 2; }\n"
SYS = "SYSCALL_DEFINE1(%s, int, x) { %s }\n"

# name: (text, call's body, what the check must say of it)
WRONG = {
    "moved": (TABLE + """
#ifdef WRONG
static const struct ops t = { .f = fb, .g = fa };
#else
static const struct ops t = { .f = fa, .g = fb };
#endif
static const struct ops *volatile p = &t;
""", "return p->f(x) + p->g(x);", r"moved\.c:\d+: t differs at byte 0 .*\n +whole: ptr @fa\n +slice: ptr @fb\n"),
    "emptied": (TABLE + """
static const struct ops t = { .f = fa,
#ifndef WRONG
	.g = fb,
#endif
};
static const struct ops *volatile p = &t;
int keep_fb(int x);
int keep_fb(int x) { return fb(x); }
""", "return p->f(x) + p->g(x) + keep_fb(x);", r"t differs at byte 8 .*\n +whole: ptr @fb\n +slice: nothing"),
    "constant": ("static const struct ops t = { .n =\n#ifdef WRONG\n7\n#else\n5\n#endif\n};\n", "return (&t)[x].n;",
                 r"t differs at byte 16 .*\n +whole: i32 5\n +slice: i32 7"),
    "packed": ("""struct pair { char c; int i; }
#ifndef WRONG
__attribute__((packed))
#endif
;
""", "return sizeof(struct pair) + x;", r"has other code .*\n +whole: .*5.*\n +slice: .*8"),
    "field": ("struct f { int a;\n#ifdef WRONG\nint b;\n#endif\nint c; };\nstatic struct f f;\n", "return (&f)[x].c;",
              r"has other code .*\n(.*\n)* +%struct.f{\w+} = { i32, i32, i32 }"),
    "aligned": ("static int\n#ifndef WRONG\n__attribute__((aligned(64)))\n#endif\nvar;\n", "return var += x;",
                r"var is declared otherwise .*\n +whole: .*align 64\n +slice: .*align 4"),
    "ctor": ("""static int seen;
#ifdef WRONG
__attribute__((used))
#else
__attribute__((used, constructor))
#endif
static void at_start(void) { seen = 5; }
""", "return seen + x;", r"at_start is gone from llvm.global_ctors"),
    "collected": ("""#ifndef WRONG
static int member __attribute__((used, section("sd_members"))) = 3;
#endif
""", "return x;", r"member is gone from llvm.compiler.used"),
    "unused_member": ("""#ifndef WRONG
int member __attribute__((section(".init.data.sd_members"))) = 3;
#endif
""", """
#ifndef WRONG
x += member;
#endif
return x;""", r"member is gone from a section that the linker collects"),
    "asmline": ("""#ifndef WRONG
asm(".globl sd_from_asm\\nsd_from_asm: nop");
#endif
""", "return x;", r"sd_from_asm is gone from file-scope asm"),
    "weak": ("""int maybe(int x)
#ifndef WRONG
__attribute__((weak))
#endif
;
int maybe(int x) { return x; }
""", "return maybe(x);", r"maybe is declared otherwise .*\n +whole: define weak"),
    "aliased": ("""int one(int x);
int two(int x);
int one(int x) { return x; }
int two(int x) { return x + 1; }
int other(int x) __attribute__((alias(
#ifdef WRONG
"two"
#else
"one"
#endif
)));
""", "return other(x) + one(x) + two(x);", r"other is another alias"),
    "section": ("""int in_init(int x);
#ifndef WRONG
__attribute__((section(".init.text")))
#endif
int in_init(int x) { return x; }
""", "return in_init(x);", r"in_init is declared otherwise"),
    "called": (TABLE, """
#ifdef WRONG
return fa(x) + fa(x);
#else
return fa(x) + fb(x);
#endif
""", r"has other code .*\n +whole: .*@fb.*\n +slice: .*@fa"),
    "string": ("static const char *volatile s = \n#ifdef WRONG\n\"slice\"\n#else\n\"whole\"\n#endif\n;\n", "return s[x];",
               r's differs at byte 0 .*\n +whole: ptr @"whole"\n +slice: ptr @"slice"'),
    "literal": (TABLE + """
struct outer { const struct ops *o; };
static const struct outer t = { &(struct ops){ .n = 1, .g =
#ifdef WRONG
fa
#else
fb
#endif
} };
static const struct outer *volatile p = &t;
""", "return p->o->g(fa(fb(x)));", r"t differs at byte 8 .*\n +whole: ptr @fb\n +slice: ptr @fa"),
    "asmtext": ("", """
#ifdef WRONG
asm volatile("nop");
#else
asm volatile("nop; nop");
#endif
return x;""", r"has other code"),
    "attribute": ("""static int cold(int x)
#ifndef WRONG
__attribute__((cold))
#endif
;
static int cold(int x) { return x; }
""", "return cold(x);", r"cold is declared otherwise"),
}

# What a slicer may do, and what only looks different.
RIGHT = {
    "dead": ("static int unused_one(int x) { return __LINE__ + x; }\n"
             "static int unused_table_fn(int x) { return x; }\n"
             "static const struct ops unused_table __attribute__((unused)) = { .f = unused_table_fn };\n", "return x + __LINE__;"),
    "slots": (TABLE + "struct slot_ops { int (*f)(int); int (*g)(int); int n; };\n"
              "static const struct slot_ops t = { .f = fa, .g = fb, .n = 4 };\n"
              "static const struct slot_ops *volatile p = &t;\n", "return p->f(x) + p->n;"),
    "statics": ("static int unused_flag(void) { static int n; return n++; }\n",
                "static int n; { static int n; n += x; if (x) return n; } return n++;"),
    "strings": ('static const char *unused_text(void) { return "only there"; }\n', 'static const char *volatile s = "both"; return s[x];'),
    "counted": ("""static void PASTE(__UNIQUE_ID_unused, __COUNTER__)(void) { }
static int PASTE(__UNIQUE_ID_kept, __COUNTER__) __attribute__((used)) = 5;
""", "return x;"),
    "types": ("static int unused_local(void) { struct s { int a; } s = { 1 }; struct s *volatile p = &s; return p->a; }\n",
              "struct s { long a, b; } s = { x, 2 }; struct s *volatile p = &s; return p->b;"),
    "cut_trap": ("int trapped(int x);\nint trapped(int x) { return x * 5; }\n", "return trapped(x);"),
    "cut_drop": ("int lost(int x);\nint lost(int x) { return x * 7; }\n", "int y = x + 1; lost(y); return x;"),
    "weak_tentative": ("int tentative __attribute__((weak));\nint tentative = 5;\n", "return tentative + x;"),
    "lines": ("static int unused_too(int x) { return x; }\nstatic int PASTE(name_, __LINE__) __attribute__((unused)) = 3;\n"
              "static int PASTE(name_, __LINE__) __attribute__((unused)) = 4;\n", "return x;"),
}
CUTS = [{"trap": "trapped"}, {"drop": "lost"}]
failures = []


def check(ok, what):
    if not ok:
        failures.append(what)
        print("FAIL:", what)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def make_tree(work, compiler):
    """A unit for each case, as a mini tree with its compile commands and spec."""
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("tree/include/linux", "tree/kernel", "tree/arch/mini/kernel", "objs"):
        os.makedirs(f"{work}/{folder}")
    write(f"{work}/tree/include/linux/compiler.h", HEAD)
    cases = {**{n: c[:2] for n, c in WRONG.items()}, **RIGHT}
    sources = []
    for name, (text, body) in cases.items():
        sources.append(f"kernel/{name}.c")
        write(f"{work}/tree/kernel/{name}.c", "#include <linux/compiler.h>\n" + text + SYS % (name, body))
    write(f"{work}/tree/arch/mini/kernel/main.c", "#include <linux/compiler.h>\nvoid sd_trap(const char *n) { for (;;); }\n")
    sources.append("arch/mini/kernel/main.c")
    commands = [{"directory": f"{work}/objs", "file": f"{work}/tree/{s}",
                 "command": f"{compiler} -O2 -std=gnu11 -I{work}/tree/include -c -o {s[:-1].replace('/', '_')}o {work}/tree/{s}"}
                for s in sources]
    write(f"{work}/cc.json", json.dumps(commands))
    write(f"{work}/spec.config", "")
    write(f"{work}/spec.json", json.dumps({"name": "mini", "config": "spec.config", "calls": list(cases), "cuts": CUTS}))


def verify(kslice, work, *command):
    return subprocess.run([kslice, *(command or ["verify"]), "--tree", f"{work}/tree", "--compdb", f"{work}/cc.json", "--out", f"{work}/out",
                           f"{work}/spec.json"], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env=dict(os.environ, KSLICE_ARCH="mini", KSLICE_CACHE=f"{work}/cache", KSLICE_DEBUG="1"))


def modules(work):
    return {n for n in os.listdir(f"{work}/out/verify") if n.endswith(".ir")}


def right(kslice, work):
    make_tree(work, "clang-19")
    r = verify(kslice, work)
    check(r.returncode == 0 and "agrees with the whole" in r.stdout, "a right slice: " + r.stdout)
    gone = open(f"{work}/out/tree/kernel/dead.c").read() + open(f"{work}/out/tree/kernel/lines.c").read()
    check("unused" not in gone.replace("__attribute__((unused))", ""), "nothing was deleted: the control is empty")
    check(" fb" not in open(f"{work}/out/tree/kernel/slots.c").read(), "no slot died: the control is empty")
    check("sd_trap" in open(f"{work}/out/tree/kernel/cut_trap.c").read(), "no cut was made: the control is empty")
    check(len(modules(work)) > len(RIGHT), "no modules are cached")
    r = verify(kslice, work)
    check(r.returncode == 0 and "compilations" not in r.stdout, "a second check compiles: " + r.stdout)
    with open(f"{work}/tree/kernel/dead.c", "a") as f:
        f.write("\n/* a comment */\n")
    r = verify(kslice, work)
    check(r.returncode == 0 and "verify: 2 compilations" in r.stdout, "not just what changed is compiled: " + r.stdout)


def wrong(kslice, work):
    compiler = f"{work}-clang"
    write(compiler, '#!/bin/sh\ncase $PWD in */tree/build) set -- "$@" -DWRONG ;; esac\nexec clang-19 "$@"\n')
    os.chmod(compiler, 0o755)
    make_tree(work, compiler)
    r = verify(kslice, work)
    check(r.returncode == 1, f"status {r.returncode} for a wrong slice")
    for name, (_, _, says) in WRONG.items():
        mine = "\n".join(e for e in re.split(r"\n(?=kslice: )", r.stdout) if re.match(rf"kslice: kernel/{name}\.c[: ]", e))
        check(re.search(says, mine), f"{name}: expected {says!r} in:\n{mine}")
    for name in RIGHT:
        check(f"kernel/{name}.c" not in r.stdout, f"{name}: is right, but differs:\n{r.stdout}")
    again = verify(kslice, work)
    check(again.returncode == 1, "a second check of a wrong slice finds it right")
    r = verify(kslice, work, "build")
    check(r.returncode == 1 and not os.path.exists(f"{work}/out/obj"), "a wrong slice is built: " + r.stdout[-600:])
    r = verify(kslice, work, "build", "--no-verify")
    check(r.returncode == 0 and os.path.exists(f"{work}/out/obj"), "--no-verify: " + r.stdout[-600:])


def broken(kslice, work):
    """A slice that doesn't compile is refused with the compiler's message."""
    compiler = f"{work}-clang"
    write(compiler, '#!/bin/sh\ncase $PWD in */tree/build) set -- "$@" -DSYSCALL_DEFINE1=error ;; esac\nexec clang-19 "$@"\n')
    os.chmod(compiler, 0o755)
    make_tree(work, compiler)
    write(f"{work}/tree/include/linux/compiler.h", HEAD.replace("#define SYSCALL", "#ifndef SYSCALL_DEFINE1\n#define SYSCALL", 1)
          .replace("(type arg)\n#define PASTE_", "(type arg)\n#endif\n#define PASTE_"))
    r = verify(kslice, work)
    check(r.returncode == 1 and "doesn't compile for the check" in r.stdout and "error:" in r.stdout, "broken: " + r.stdout[-600:])


def main():
    kslice, work = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    right(kslice, f"{work}-right")
    wrong(kslice, f"{work}-wrong")
    broken(kslice, f"{work}-broken")
    print("failures:", len(failures))
    return 1 if failures else 0


sys.exit(main())
