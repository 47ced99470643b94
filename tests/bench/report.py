# SPDX-License-Identifier: GPL-2.0
"""Rows => table and JSON."""
import json
import os
import platform

COLUMNS = (("figure", "figure"), ("native", "native"), ("kslice", "kslice"), ("bounce", "bounce"),
           ("ratio", "ratio (quartiles, n)"), ("target", "target"), ("verdict", ""))


def ns(v):
    for limit, div, unit in ((1e3, 1, "ns"), (1e6, 1e3, "us"), (1e9, 1e6, "ms"), (float("inf"), 1e9, "s")):
        if v < limit:
            v /= div
            return f"{v:.{2 if v < 10 and div > 1 else 1}f} {unit}"


def rate(ns_per_block, block=65536):
    return f"{block / ns_per_block:.2f} GB/s"


def ratio(s):
    return f"{s.median:.3g} ({s.q1:.3g}..{s.q3:.3g}, {s.n})"


def table(rows):
    cells = [[title for _, title in COLUMNS]]
    cells += [[str(r.get(key, "")) for key, _ in COLUMNS] for r in rows]
    width = [max(len(row[i]) for row in cells) for i in range(len(COLUMNS))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, width)).rstrip() for row in cells]
    lines.insert(1, "  ".join("-" * w for w in width))
    return "\n".join(lines)


def machine():
    with open("/proc/cpuinfo") as f:
        models = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return {"cpu": models[0] if models else "?", "cpus": os.cpu_count(), "kernel": platform.release(),
            "load": os.getloadavg()[0]}


def save(path, rows, raw, mode):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    tmp = path + ".tmp"
    with open(tmp, "w") as f:
        json.dump({"machine": machine(), "mode": mode, "rows": rows, "samples": raw}, f, indent=1)
    os.replace(tmp, path)
