#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The devices of a domain in a test: disks with a fresh file system in a folder of the test, no TAP.

    for_kdom(name, folder)     options of `kdom up`
    for_image(name, folder)    arguments of the image itself, and the fds they name (to be passed on by those numbers)
    prefixes(name)             paths that are in the domain: where a test's files go
    kind(name)                 socket, file or pipe: what a test's programs can make in the domain; None: none of them
    names()                    the domains: one for each spec

For scripts and C programs (tests/serve/domain.c), printed:
    devices.py kdom NAME FOLDER    for_kdom(), one line each
    devices.py run NAME PROG...    runs it with that, and KSLICE_IMAGE if it isn't set
    devices.py env NAME FOLDER     KSLICE_DEV='--dev=...' KSLICE_DEV_FILE='...': open the file as fd 5 and pass KSLICE_DEV
    devices.py domains             NAME=KIND=PREFIX, one line for each of names(): what cmake/tests.cmake needs of a spec; empty if
                                   there is none
"""
import fcntl
import json
import os
import shlex
import subprocess
import sys
import tempfile

SRC = os.environ.get("KSLICE_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SIZE = "96M"
HOST_KEYS = ("type", "backend", "name", "host", "path", "size")  # kdom's own; all others are the image's
FIRST_FD = 5


def spec(name):
    """Of one in specs/, else in tests/specs/."""
    path = f"{SRC}/specs/{name}.json"
    with open(path if os.path.exists(path) else f"{SRC}/tests/specs/{name}.json", encoding="utf-8") as f:
        return json.load(f)


def devices(name):
    return spec(name).get("devices", [])


def prefixes(name):
    return [r["path"] for r in spec(name).get("routes", []) if "path" in r]


def kind(name):
    calls = spec(name)["calls"]
    if prefixes(name):
        return "file"
    return "socket" if "socket" in calls else "pipe" if "pipe2" in calls or "pipe" in calls else None


def names():
    return sorted(f[:-5] for f in os.listdir(f"{SRC}/specs") if f.endswith(".json") and f != "schema.json")


def file_system(path, fs):
    """A fresh one in a file or on a block device."""
    subprocess.run([f"{SRC}/tests/common/mkfs.sh", fs, path, f"{os.getuid()}:{os.getgid()}"], check=True)


def disk(folder, i, dev, size=None):
    """A sparse file with the file system that the device's "fs" names."""
    path = os.path.join(folder, f"disk{i}.img")
    subprocess.run(["truncate", "-s", size or SIZE, path], check=True)
    if dev.get("fs"):
        file_system(path, dev["fs"])
    return path


def for_kdom(name, folder, size=None):
    options = []
    for i, dev in enumerate(devices(name)):
        if dev["type"] == "block":
            options += ["--device", f"{i}:path={disk(folder, i, dev, size)}"]
        elif dev["type"] == "net" and "--no-tap" not in options:
            options.append("--no-tap")
    return options


def image_keys(dev):
    return "".join(f",{k}={v.replace(',', ';')}" for k, v in dev.items() if k not in HOST_KEYS)


def block_args(dev, fd):
    return f"--dev=block,fd={fd}{image_keys(dev)}"


def for_image(name, folder):
    args, fds = [], []
    for i, dev in enumerate(devices(name)):
        if dev["type"] == "block":
            low = os.open(disk(folder, i, dev), os.O_RDWR)
            fd = fcntl.fcntl(low, fcntl.F_DUPFD, 50)  # 3 and 4 are the control socket and the wake-up page
            os.close(low)
            fds.append(fd)
            args.append(block_args(dev, fd))
        elif dev["type"] == "mount":
            args.append(f"--dev=mount{image_keys(dev)}")
    return args, fds


def image_env(name, folder):
    disks = [(i, d) for i, d in enumerate(devices(name)) if d["type"] == "block"]
    if len(disks) > 1:
        sys.exit(f"devices: {name} has {len(disks)} disks: tests/serve/domain.c passes one")
    for i, dev in disks:
        return {"KSLICE_DEV": block_args(dev, FIRST_FD), "KSLICE_DEV_FILE": disk(folder, i, dev)}
    return {"KSLICE_DEV": "", "KSLICE_DEV_FILE": ""}


def run(name, argv):
    build = os.environ.get("KSLICE_BUILD") or f"{SRC}/build"
    with tempfile.TemporaryDirectory() as folder:
        env = {"KSLICE_IMAGE": f"{build}/{name}/{name}.image"} | os.environ | image_env(name, folder)
        return subprocess.run(argv, env=env).returncode


def main():
    if len(sys.argv) > 3 and sys.argv[1] == "run":
        sys.exit(run(sys.argv[2], sys.argv[3:]))
    if sys.argv[1:] == ["domains"]:
        for name in names():
            print(f"{name}={kind(name) or ''}={(prefixes(name) or [''])[0]}")
        return
    if len(sys.argv) != 4 or sys.argv[1] not in ("kdom", "env"):
        sys.exit("usage: devices.py kdom|env NAME FOLDER, run NAME PROG..., or domains")
    if sys.argv[1] == "env":
        print(" ".join(f"{k}={shlex.quote(v)}" for k, v in image_env(*sys.argv[2:]).items()))
    elif lines := for_kdom(*sys.argv[2:]):
        print("\n".join(lines))


if __name__ == "__main__":
    main()
