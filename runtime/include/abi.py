#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The ABI of kslice: what programs, supervisor and domain must agree on, as the compiler sees it.

    abi.py DIR     writes DIR/sd/abi.h, which defines SD_ABI, and its record as JSON beside it

The description is made of sd/ring.h, sd/wake_page.h, sd/control.h and of all headers of sd/ that these
include: every structure (offset, type and size of each field), every enumerator, every macro, and the
rows of sd/control.def. SD_ABI is the hash of that description. So comments, formatting, functions and
the order of declarations don't change it. (A domain's own calls have a number of their own, in
generated/NAME/stubs_abi.h.)

abi.json has the description, with the comments of fields and the texts of control.def. It is what the
tests (tests/common/control.py) and doc/CONTROL.md (control_page.py) are made of.

Nothing is listed here by name. What the script can't describe is an error: a pointer, a bit-field, a
macro that is no integer, a structure without the prefix sd_.
"""
import hashlib
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
CLANG = os.environ.get("KSLICE_CLANG", "clang-19")
ROOTS = ("wake_page.h", "control.h", "ring.h")
SOURCE = "".join(f"#include <sd/{h}>\n" for h in ROOTS)
TYPES = {"char": "char", "_Bool": "bool", "signed char": "s8", "unsigned char": "u8", "short": "s16", "unsigned short": "u16",
         "int": "s32", "unsigned int": "u32", "long": "s64", "unsigned long": "u64"}
ROW = ("asker", "type", "right", "payload", "nfds", "fds", "answer", "answer_nfds", "answer_fds", "meaning")


class AbiError(Exception):
    pass


def clang(source, *args):
    r = subprocess.run([CLANG, "-std=gnu11", "-x", "c", f"-I{HERE}", f"-I{HERE}/../port/host", *args, "-o", "-", "-"],
                       input=source, capture_output=True, text=True)
    if r.returncode:
        raise AbiError(f"{CLANG}: {r.stderr.strip()}")
    return r.stdout


def comment(node):
    """The text of the comment that belongs to this declaration."""
    def chunks(n):
        return [n["text"]] if n["kind"] == "TextComment" else [t for c in n.get("inner", []) for t in chunks(c)]
    return " ".join(" ".join(t for c in node.get("inner", []) if c["kind"] == "FullComment" for t in chunks(c)).split())


class Tree:
    """The declarations, as names: what they measure is asked afterwards, all at once."""

    def __init__(self):
        self.aliases, self.records, self.enums, self.docs = {}, {}, {}, {}
        ast = json.loads(clang(SOURCE, "-fsyntax-only", "-fparse-all-comments", "-Xclang", "-ast-dump=json"))
        for node in ast["inner"]:
            kind, name = node["kind"], node.get("name")
            if kind == "TypedefDecl":
                self.aliases[name] = node["type"].get("desugaredQualType", node["type"]["qualType"])
            elif kind == "RecordDecl" and name and node.get("completeDefinition"):
                self.add_record(name, node)
            elif kind == "EnumDecl":
                self.add_enum(node)

    def add_record(self, name, node):
        if not name.startswith("sd_"):
            raise AbiError(f"{node['tagUsed']} {name}: its name doesn't begin with sd_")
        key = f"{node['tagUsed']} {name}"
        self.docs[key] = comment(node)
        self.records[key] = list(self.members(key, node, ""))

    def members(self, key, node, path):
        unnamed = None
        for m in node["inner"]:
            if m["kind"] == "RecordDecl":
                unnamed = m
            elif m["kind"] == "FieldDecl" and m.get("isBitfield"):
                raise AbiError(f"{key}: {m['name']} is a bit-field")
            elif m["kind"] == "FieldDecl":
                name = path + m["name"]
                self.docs[f"{key}.{name}"] = comment(m)
                if "unnamed" in m["type"]["qualType"]:
                    yield name, unnamed["tagUsed"], []
                    yield from self.members(key, unnamed, name + ".")
                else:
                    yield (name, *self.type_of(f"{key}.{name}", m["type"]["qualType"]))

    def type_of(self, where, text):
        base, dims = re.fullmatch(r"([^\[]*?) ?((?:\[\d+\])*)", text).groups()
        base = self.aliases.get(base, base)
        if base not in TYPES and not re.fullmatch(r"(struct|union|enum) sd_\w+", base):
            raise AbiError(f"{where}: {text} isn't a type that processes can share")
        return TYPES.get(base, base), [int(d) for d in re.findall(r"\d+", dims)]

    def add_enum(self, node):
        for c in (c for c in node["inner"] if c["kind"] == "EnumConstantDecl"):
            self.enums[c["name"]] = node.get("name", "")
            self.docs[c["name"]] = comment(c)


def macros():
    """(constants, what takes arguments), of the headers in sd/."""
    constants, functions, ours = [], {}, False
    for line in clang(SOURCE, "-E", "-dD").splitlines():
        if mark := re.match(r'# \d+ "(.*?)"', line):
            ours = os.path.dirname(os.path.abspath(mark[1])) == f"{HERE}/sd"
        elif ours and (m := re.match(r"#define (\w+)(\(.*?\))?(?: (.*))?$", line)):
            if m[2]:
                functions[m[1] + m[2]] = m[3]
            elif m[3]:
                constants.append(m[1])
    return constants, functions


def measure(expressions):
    """What the compiler makes of constant expressions."""
    source = SOURCE + "".join(f"const long long v{i} = (long long)({e});\n" for i, e in enumerate(expressions))
    values = dict(re.findall(r"^v(\d+):\n\s*\.quad\s+(-?\d+)", clang(source, "-S", "-O0"), re.M))
    if len(values) != len(expressions):
        raise AbiError(f"{CLANG}: {len(values)} values of {len(expressions)}")
    return [int(values[str(i)]) for i in range(len(expressions))]


def messages():
    row = ", ".join(ROW)
    words = ", ".join(name if name in ("nfds", "fds", "answer_nfds", "answer_fds", "meaning") else "#" + name for name in ROW)
    text = clang(f"#define SD_CTL_MESSAGE({row}) @[{words}]\n#include <sd/control.def>\n", "-E", "-P", "-w")
    text = re.sub(r'"\s+"', "", text)  # adjacent strings are one
    return [dict(zip(ROW, json.loads(r))) for r in re.findall(r"@(\[.*?\])\s*(?=@|$)", text, re.S)]


def describe():
    """(what the hash is made of, the comments)"""
    tree = Tree()
    constants, functions = macros()
    ask = {}  # an expression for everything that has a number
    for key, members in tree.records.items():
        ask[key] = f"sizeof({key})"
        for name, _, _ in members:
            ask[f"{key}.{name}@"] = f"__builtin_offsetof({key}, {name})"
            ask[f"{key}.{name}"] = f"sizeof((({key} *)0)->{name})"
    for name in (*constants, *tree.enums):
        ask[name] = name
    is_a = dict(zip(ask, measure(list(ask.values()))))
    records = {key: {"size": is_a[key], "fields": {name: [is_a[f"{key}.{name}@"], kind, dims, is_a[f"{key}.{name}"]]
                                                   for name, kind, dims in members}}
               for key, members in tree.records.items()}
    enums = {}
    for name, enum in tree.enums.items():
        enums.setdefault(enum, {})[name] = is_a[name]
    return {"records": records, "enums": enums, "constants": {name: is_a[name] for name in constants}, "functions": functions,
            "messages": messages()}, tree.docs


def number(abi):
    """The texts of messages are for people, and what a right is, is the supervisor's affair."""
    texts = ("right", "fds", "answer_fds", "meaning")
    alike = dict(abi, messages=sorted([str(v) for k, v in m.items() if k not in texts] for m in abi["messages"]))
    return int(hashlib.sha256(json.dumps(alike, sort_keys=True).encode()).hexdigest()[:8], 16)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        abi, docs = describe()
    except AbiError as e:
        sys.exit(f"abi.py: {e}")
    os.makedirs(f"{sys.argv[1]}/sd", exist_ok=True)
    write(f"{sys.argv[1]}/abi.json", json.dumps(dict(abi, abi=number(abi), docs=docs), indent=1) + "\n")
    write(f"{sys.argv[1]}/sd/abi.h", "/* SPDX-License-Identifier: MIT */\n/* Made by runtime/include/abi.py. */\n"
          f"#ifndef SD_ABI\n#define SD_ABI 0x{number(abi):08x}u\n#endif\n")


if __name__ == "__main__":
    main()
