# SPDX-License-Identifier: GPL-2.0
"""The control protocol (doc/CONTROL.md) and the other layouts of sd/, for tests. Nothing is written down here: numbers and
layouts are those that the compiler found in the headers when the build under test was made (runtime/include/abi.py).

    sock.send(control.message(control.ATTACH, parent=7))
    control.head(data).result
    control.payload(data).client
"""
import json
import os
import struct
import types

SRC = os.environ.get("KSLICE_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("KSLICE_BUILD") or os.path.join(SRC, "build"))
with open(os.path.join(BUILD, "cmake/runtime/include/abi/abi.json")) as f:
    _ABI = json.load(f)
_CODES = {"char": "s", "u8": "B", "s8": "b", "u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "s64": "q"}

ABI = _ABI["abi"]
constants = _ABI["constants"]
_TYPES = {name.removeprefix("SD_CTL_"): n for name, n in _ABI["enums"]["sd_ctl_type"].items()}
globals().update(_TYPES)  # REPLY, HELLO ...
SIZE = _ABI["records"]["struct sd_ctl_msg"]["size"]
HEAD = _ABI["records"]["struct sd_ctl_msg"]["fields"]["u"][0]
# Of a type: the payload of requests, whoever asks; and of the answers that clients and domains get.
_ASKS = {_TYPES[row["type"]]: "sd_ctl_" + row["payload"] for row in _ABI["messages"] if row["payload"] != "none"}
_ANSWERS = {_TYPES[row["type"]]: "sd_ctl_" + row["answer"] for row in _ABI["messages"]
            if row["asker"] != "SUPERVISOR" and row["answer"] not in ("none", "never")}


def _fields(record):
    """name, offset, struct format of each number or text; a structure within it is its own fields, name.field."""
    for name, (at, kind, dims, size) in _ABI["records"]["struct " + record]["fields"].items():
        if kind.startswith("struct ") and not dims:
            yield from ((f"{name}.{inner}", at + at2, code) for inner, at2, code in _fields(kind.removeprefix("struct ")))
        elif kind in _CODES and (kind == "char" or len(dims) < 2):
            yield name, at, f"<{dims[0] if dims else ''}{_CODES[kind]}"


def size(record):
    return _ABI["records"]["struct " + record]["size"]


def pack_into(data, record, **values):
    """Puts fields into a bytearray that holds the record."""
    known = {name: (at, code) for name, at, code in _fields(record)}
    for name, value in values.items():
        at, code = known[name]
        struct.pack_into(code, data, at, *(value if isinstance(value, (tuple, list)) else (value,)))


def pack(record, **values):
    data = bytearray(size(record))
    pack_into(data, record, **values)
    return bytes(data)


def unpack(record, data):
    """A field is a number, bytes up to a NUL, or a tuple of numbers. Its name's dots are underscores."""
    out = types.SimpleNamespace()
    for name, at, code in _fields(record):
        if at + struct.calcsize(code) > len(data):
            continue  # of a message that is cut short
        value = struct.unpack_from(code, data, at)
        if code.endswith("s"):
            value = value[0].split(b"\0")[0]
        setattr(out, name.replace(".", "_"), value[0] if len(value) == 1 else value)
    return out


def message(type, body=None, seq=1, **fields):
    """A message: fields of the head by their names, others are its payload's. body: the payload's bytes instead."""
    known = {name for name, at, _ in _fields("sd_ctl_msg") if at < HEAD}
    head = {"magic": constants["SD_CTL_MAGIC"], "version": constants["SD_CTL_VERSION"], "type": type, "seq": seq, "abi": ABI,
            **{name: value for name, value in fields.items() if name in known}}
    payload = {name: value for name, value in fields.items() if name not in known}
    data = bytearray(SIZE)
    pack_into(data, "sd_ctl_msg", **head)
    if payload:
        body = pack(_ASKS[type], **payload)
    if body is not None:
        data[HEAD:HEAD + len(body)] = body
    return bytes(data)


def head(data):
    return unpack("sd_ctl_msg", data[:HEAD])


def payload(data):
    """The fields of a message's payload: none, if its type has none."""
    h = head(data)
    record = _ANSWERS.get(h.of) if h.type == _TYPES["REPLY"] else _ASKS.get(h.type)
    return unpack(record, data[HEAD:]) if record else types.SimpleNamespace()
