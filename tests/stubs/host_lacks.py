#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""host_lacks.py NAME: what the domain serves and this host's kernel doesn't have, as words for a message: "the file system vfat". Nothing is printed
if the host has all of it. KSLICE_BESIDE=whole: it counts as having nothing of it, so that the unsliced kernel's answers can be tried on any host."""
import errno
import os
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "common"))
import devices  # noqa: E402

HOST_NAMES = {"tmpfs": "ramfs"}  # without an MMU, as in a domain, tmpfs is ramfs


def has_file_system(fs):
    def known():
        with open("/proc/filesystems", encoding="ascii") as f:
            return fs in (line.split()[-1] for line in f)
    modprobe = shutil.which("modprobe", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if modprobe and not known():
        subprocess.run([modprobe, "-q", fs], check=False, stderr=subprocess.DEVNULL)
    return known()


def has_family(name):
    number = getattr(socket, name, None) if name.startswith("AF_") else int(name, 0)
    if number is None:
        sys.exit(f"host_lacks.py: {name}: Python's socket module doesn't know this family: give its number in the route")
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try:
            socket.socket(number, kind).close()
            return True
        except OSError as e:
            if e.errno != errno.EAFNOSUPPORT:
                return True
    return False


def lacks(spec):
    for dev in spec.get("devices", []):
        fs = dev.get("fs")
        if fs and "mount" in dev and not has_file_system(HOST_NAMES.get(fs, fs) if dev["type"] == "mount" else fs):
            yield f"the file system {fs}"
    for route in spec.get("routes", []):
        if route.get("arg") in ("family", "domain"):
            yield from (f"the socket family {v}" for v in map(str, route["values"]) if v != route.get("unanswered") and not has_family(v))


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: host_lacks.py NAME")
    asked = os.environ.get("KSLICE_BESIDE")
    if asked and asked != "whole":
        sys.exit(f"host_lacks.py: KSLICE_BESIDE={asked}: it can only be whole")
    if asked:
        print("what is tested (KSLICE_BESIDE)")
    else:
        print(" and ".join(dict.fromkeys(lacks(devices.spec(sys.argv[1])))))


if __name__ == "__main__":
    main()
