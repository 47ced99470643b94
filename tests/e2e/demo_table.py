# SPDX-License-Identifier: GPL-2.0
"""The table that ends `make demo`: manifest and measured values in, text out."""
import json
import os
import subprocess
import sys


def text_bytes(image):
    out = subprocess.run(["llvm-size-19", "-A", image], capture_output=True, text=True, check=True).stdout
    return sum(int(line.split()[1]) for line in out.splitlines() if line.startswith(".text"))


def row(name, a, b, note=""):
    print(f"  {name:<34}{a:>14}{b:>14}  {note}".rstrip())


def main(manifest, image, boot, calls, rss, in_domain, native, across, seconds):
    with open(manifest) as f:
        m = json.load(f)
    print(f"  {'':<34}{'kept':>14}{'of':>14}")
    for key in ("files", "functions", "lines"):
        kept, of = m["kept"][key], m["whole"][key]
        row(key, f"{kept:,}", f"{of:,}", f"{100 * kept / of:.0f}%")
    row(".text of the image, bytes", f"{text_bytes(image):,}", "", "of an unsliced one: make whole, kslice report net")
    row("image file, bytes", f"{os.path.getsize(image):,}", "")
    print()
    print(f"  {'':<34}{'domain':>14}{'native':>14}")
    row("iperf3, Gbit/s", in_domain, native, f"{float(in_domain) / float(native):.1f} times native")
    row("iperf3 host to domain (TAP), Gbit/s", across, "-")
    print()
    print(f"  booted in {boot} ms; {int(calls):,} calls served; {int(rss):,} KiB resident")
    if int(seconds):
        print(f"  it was built in {int(seconds) // 60} min {int(seconds) % 60} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
