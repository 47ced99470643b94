#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A client of durable.py. `write` works below /sd/w until an error and prints, after each fsync, what is durable;
`check` prints as JSON what is there, sqlite's database included."""
import hashlib
import json
import os
import sqlite3
import struct
import sys
import zlib

TOP = "/sd/w"
RECORD = 512
BLOCK = 4096


def record(n):
    body = struct.pack("<I", n) * ((RECORD - 4) // 4)
    return body + struct.pack("<I", zlib.crc32(body))


def say(what, n):
    os.write(1, f"{what} {n}\n".encode())


def sync_dir(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


def durable_file(path, data):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)


def write():
    log = os.open(f"{TOP}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    sync_dir(TOP)
    n = 0
    while True:
        n += 1
        os.write(log, record(n))
        (os.fsync if n % 2 else os.fdatasync)(log)
        say("L", n)
        if n % 3 == 0:
            durable_file(f"{TOP}/state.new", record(n) * 20)
            os.rename(f"{TOP}/state.new", f"{TOP}/state")
            sync_dir(TOP)
            say("S", n)
        if n % 4 == 0:
            durable_file(f"{TOP}/n{n}", b"x" * n)
            sync_dir(TOP)
            say("N", n)
        if n % 8 == 0:
            say("U", n - 4)
            os.unlink(f"{TOP}/n{n - 4}")
            sync_dir(TOP)
            say("D", n - 4)


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read()
    except FileNotFoundError:
        return b""


def blocks(data):
    """Offsets of whole blocks of fio: its header names the offset and holds the md5 of what follows."""
    found = []
    for at in range(0, len(data), BLOCK):
        b = data[at:at + BLOCK]
        if b[:2] == b"\xca\xac" and struct.unpack_from("<Q", b, 16)[0] == at and hashlib.md5(b[56:]).digest() == b[40:56]:
            found.append(at)
    return found


def check():
    log, state = read(f"{TOP}/log"), read(f"{TOP}/state")
    n = 0
    while log[n * RECORD:(n + 1) * RECORD] == record(n + 1):
        n += 1
    version = struct.unpack_from("<I", state)[0] if state else 0
    if state != record(version) * 20 and state:
        version = -1
    seen = {"log": n, "state": version, "files": [], "fio": blocks(read("/sd/fio"))}
    for name in os.listdir(TOP):
        if name[1:].isdigit() and read(f"{TOP}/{name}") == b"x" * int(name[1:]):
            seen["files"].append(int(name[1:]))
    if os.path.exists("/sd/a.db"):
        db = sqlite3.connect("/sd/a.db", timeout=20)
        seen["integrity"] = db.execute("pragma integrity_check").fetchone()[0]
        tables = db.execute("select count(*) from sqlite_master").fetchone()[0]
        seen["rows"] = db.execute("select i, b from t").fetchall() if tables else []
        db.close()
    print(json.dumps(seen))


if sys.argv[1] == "write":
    write()
check()
