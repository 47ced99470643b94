#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The ABI hash (runtime/include/abi.py): what changes it, what doesn't, and that nothing shared is forgotten; and doc/CONTROL.md,
which must be what runtime/include/control_page.py makes."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SRC = os.environ.get("KSLICE_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = os.path.join(SRC, "runtime/include")
CLANG = os.environ.get("KSLICE_CLANG", "clang-19")
sys.path.insert(0, INCLUDE)
import abi  # noqa: E402

OURS, _ = abi.describe()
NUMBER = abi.number(OURS)

ALIKE = (  # file, pattern, what takes its place: of these the hash knows nothing
    ("control.h", r"/\* the client whose files", "/* the program whose files"),
    ("control.h", r"\tuint32_t client;", "\tuint32_t\n\t\tclient\t;"),
    ("control.h", r"uint32_t parent;", "unsigned int parent;"),
    ("control.def", "asks which domain runs", "asks for the domain that runs"),
    ("control.def", "region, notification", "the region, the notification"),
    ("control.def", "CLIENT, STATUS, LOOK", "CLIENT, STATUS, POWER"),
    ("wake_page.h", r"#endif", "static inline int sd_wake_page_sleeps(const struct sd_wake_page *b)\n{\n\treturn b->sleeping;\n}\n\n#endif"),
    ("ring.h", r"(?s)(struct sd_done \{.*?\};\n)(.*?)(struct sd_region_head)", r"\2\1\3"),
    ("ring.h", r"SD_F_CQ\t *0x0001u", "SD_F_CQ (1u << 0)"),
)
OTHER = (
    ("a field's size", "wake_page.h", r"u64 shared\[SD_WAKE_PAGE_CPUS / 64\]", "u64 shared[SD_WAKE_PAGE_CPUS / 32]"),
    ("a field's offset", "control.h", r"(\tuint32_t client;.*?)(\tuint32_t parent;.*?)(\tuint32_t pid)", r"\2\1\3"),
    ("a number's sign", "control.h", r"uint32_t domain_pid;", "int32_t domain_pid;"),
    ("a field of the ring", "ring.h", r"\tu16 op;\n\tu16 flags;\n\tu64", "\tu16 flags;\n\tu16 op;\n\tu64"),
    ("an enumerator", "ring.h", r"SD_ENDED_CLOSED = 2", "SD_ENDED_CLOSED = 4"),
    ("an operation", "ring.h", r"SD_OP_EXIT = 9", "SD_OP_EXIT = 12"),
    ("an implicit enumerator", "ring.h", r"SD_OP_OWN,", "SD_OP_MORE,\n\tSD_OP_OWN,"),
    ("the arena", "ring.h", r"1024u \* 1024 \+ 64 \* 1024 - SD_ARENA_OFF", "1024u * 1024 + 128 * 1024 - SD_ARENA_OFF"),
    ("a flag", "ring.h", r"0x2000u", "0x8000u"),
    ("a macro's arithmetic", "ring.h", r"\(flags\) >> 9 & 3", "(flags) >> 9 & 7"),
    ("a message's number", "control.h", r"SD_CTL_UP = 12", "SD_CTL_UP = 19"),
    ("a message's fds", "control.def", r'(?s)(SUPERVISOR, ATTACH, NONE, attach), 2, "region, notification"', r'\1, 1, "region"'),
    ("an answer", "control.def", r'(HELLO, LOOK, none, 0, ""), hello', r"\1, status"),
    ("a message", "control.def", r"(?s)SD_CTL_MESSAGE\(DOMAIN, SHARE_GONE.*?\)\n", ""),
    ("a header that ring.h includes", "ring.h", r"#include <sd/port.h>", "#include <sd/port.h>\n#include <sd/shadow.h>"),
)
ERRORS = (
    ("a pointer", "control.h", r"uint64_t boot_ns;", "char *boot;"),
    ("a bit-field", "control.h", r"uint32_t no_new_privs;", "uint32_t no_new_privs : 1, more : 31;"),
    ("a text", "ring.h", r"#define SD_OFF_NULL .*", '#define SD_OFF_NULL "0"'),
    ("a name of somebody else's", "wake_page.h", r"struct sd_wake_page \{", "struct wake_page {"),
    ("an fd without a name", "control.def", r"SUPERVISOR, ATTACH, NONE, attach, 2", "SUPERVISOR, ATTACH, NONE, attach, 3"),
    ("a type without a row", "control.h", r"SD_CTL_TRACE = 18,", "SD_CTL_TRACE = 18,\n\tSD_CTL_NEW = 19,"),
)


class Copy:
    """The headers and scripts, to be changed."""

    def __enter__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="control")
        for part in ("include", "port"):
            shutil.copytree(os.path.join(SRC, "runtime", part), os.path.join(self.dir.name, part))
        return self

    def __exit__(self, *_):
        self.dir.cleanup()

    def change(self, file, pattern, by):
        path = self.path("sd/" + file)
        with open(path) as f:
            text, n = re.subn(pattern, by, f.read(), count=1, flags=re.S)
        if n != 1:
            raise AssertionError(f"{file} has no {pattern!r}")
        with open(path, "w") as f:
            f.write(text)

    def path(self, name):
        return os.path.join(self.dir.name, "include", name)

    def run(self, script, *args):
        return subprocess.run([self.path(script), *args], capture_output=True, text=True)

    def number(self):
        r = self.run("abi.py", self.path("out"))
        if r.returncode:
            raise AssertionError(r.stderr)
        with open(self.path("out/abi.json")) as f:
            made = json.load(f)
        with open(self.path("out/sd/abi.h")) as f:
            assert f"SD_ABI 0x{made['abi']:08x}u" in f.read()
        return made["abi"]


class Hash(unittest.TestCase):
    def test_what_changes_nothing(self):
        with Copy() as copy:
            for file, pattern, by in ALIKE:
                copy.change(file, pattern, by)
            self.assertEqual(copy.number(), NUMBER)

    def test_what_changes_it(self):
        numbers = {NUMBER}
        for what, file, pattern, by in OTHER:
            with self.subTest(what), Copy() as copy:
                copy.change(file, pattern, by)
                n = copy.number()
                self.assertNotIn(n, numbers)
                numbers.add(n)

    def test_what_is_an_error(self):
        for what, file, pattern, by in ERRORS:
            with self.subTest(what), Copy() as copy:
                copy.change(file, pattern, by)
                r = copy.run("control_page.py")
                self.assertEqual((r.returncode, r.stdout), (1, ""))
                self.assertRegex(r.stderr, r"^(abi|control_page)\.py: ")


class Cover(unittest.TestCase):
    def test_every_structure(self):
        """The compiler's own list, with all that the headers have."""
        text = abi.clang(abi.SOURCE, "-fsyntax-only", "-Xclang", "-fdump-record-layouts-complete")
        theirs = set(re.findall(r"^ +0 \| ((?:struct|union) \S.*)$", text, re.M))
        ours = {name for name in theirs if re.search(r"\bsd_|/sd/", name)}
        unnamed = {name for name in ours if "unnamed" in name}
        self.assertGreater(len(ours), 15)
        self.assertEqual(ours - unnamed, set(OURS["records"]))
        for name in unnamed:  # a part of one that has a name
            inside = re.search(r"(sd_\w+)::", name)
            self.assertTrue(inside and f"struct {inside[1]}" in OURS["records"], name)
        for name, size in re.findall(r"^ +0 \| (struct sd_\w+)$.*?\[sizeof=(\d+)", text, re.M | re.S):
            self.assertEqual(OURS["records"][name]["size"], int(size), name)

    def test_every_name(self):
        """Macros and enumerators, as grep finds them."""
        enumerators = {name for names in OURS["enums"].values() for name in names}
        macros = set(OURS["constants"]) | {name.split("(")[0] for name in OURS["functions"]}
        for header in abi.ROOTS:
            with open(os.path.join(INCLUDE, "sd", header)) as f:
                text = re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S)
            for name in re.findall(r"^#define (\w+)(?:\(|[ \t]+\S)", text, re.M):
                self.assertIn(name, macros)
            for body in re.findall(r"\benum\b[^;{]*\{(.*?)\}", text, re.S):
                for name in re.findall(r"^\s*(SD_\w+)", body, re.M):
                    self.assertIn(name, enumerators)


class Page(unittest.TestCase):
    def test_the_page_is_of_today(self):
        made = subprocess.run([os.path.join(INCLUDE, "control_page.py")], capture_output=True, text=True, check=True).stdout
        with open(os.path.join(SRC, "doc/CONTROL.md")) as f:
            self.assertEqual(f.read(), made, "run: runtime/include/control_page.py >doc/CONTROL.md")


if __name__ == "__main__":
    unittest.main(verbosity=2)
