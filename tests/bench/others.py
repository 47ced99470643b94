# SPDX-License-Identifier: GPL-2.0
"""Figures that aren't calls beside native calls: images, idle, boot. The slicer's are in slicing.py."""
import os
import subprocess
import time

import filefigures
import report
import samples
import slicing
import stats
from domain import BUILD, Domain, cpu_ns
from samples import CLIENT_CPU, DOMAIN_CPU

WHOLE = os.path.join(BUILD, "net-whole/net-whole.image")


def idle(repeats, ms, raw):
    """CPU time of a domain whose one client is blocked in recv."""
    seconds, values = 5 if repeats > 2 else 1, []
    with Domain(cpu=DOMAIN_CPU) as d:
        p = samples.start(d, [samples.program("echo"), "udp", "server", "7000"], CLIENT_CPU)
        try:
            samples.await_ready(p, "blocked client")
            time.sleep(1)
            pid, clock = d.pid(), time.CLOCK_MONOTONIC
            for _ in range(max(2, repeats // 2)):
                c0, t0 = cpu_ns(pid), time.clock_gettime_ns(clock)
                time.sleep(seconds)
                values.append(100 * (cpu_ns(pid) - c0) / (time.clock_gettime_ns(clock) - t0))
        finally:
            p.kill()
            p.communicate()
    raw["idle"] = values
    s = stats.spread(values)
    return [{"figure": f"idle domain, one client blocked, CPU over {seconds} s",
             "kslice": f"{s.median:.4f}% ({s.q1:.4f}..{s.q3:.4f}, {s.n})", "target": "< 0.05%",
             "verdict": stats.verdict(s, 0.05)}]


def boot(repeats, ms, raw):
    """Kernel start to serving, and `kdom up` as a whole."""
    inside, outside = [], []
    for _ in range(repeats + 1):
        t0 = time.monotonic_ns()
        with Domain(cpu=DOMAIN_CPU) as d:
            outside.append(time.monotonic_ns() - t0)
            inside.append(d.status()["boot_ns"])
    raw["boot"] = {"inside": inside, "kdom_up": outside}
    return [{"figure": title, "kslice": f"{report.ns(s.median)} ({report.ns(s.q1)}..{report.ns(s.q3)}, {s.n})"}
            for title, s in (("boot: kernel start to serving", stats.spread(inside)),
                             ("boot: kdom up", stats.spread(outside)))]


IMAGE_FIGURES = (
    ("null call", lambda d, ms: samples.single(d, ["null", "getfl", str(ms)])),
    ("UDP 64 B send + recv", lambda d, ms: samples.single(d, ["udp_self", str(ms)])),
    ("TCP echo", lambda d, ms: samples.pair(d, ["echo", "tcp"], ms)),
    ("TCP stream", lambda d, ms: samples.pair(d, ["stream"], ms)),
)


def images(repeats, ms, raw):
    """The sliced image against the same config whole, both domains up, samples interleaved."""
    taken = {name: ([], []) for name, _ in IMAGE_FIGURES}
    with Domain(cpu=DOMAIN_CPU) as sliced, Domain(image=WHOLE, cpu=DOMAIN_CPU) as whole:
        for d in (sliced, whole):
            samples.move(d, DOMAIN_CPU)
        for i in range(repeats):
            for name, sample in IMAGE_FIGURES:
                order = (sliced, whole) if i % 2 else (whole, sliced)
                got = {d: samples.served(d, 100, lambda d=d: sample(d, ms)) for d in order}
                taken[name][0].append(got[sliced])
                taken[name][1].append(got[whole])
    raw["images"] = taken
    rows = []
    for name, (a, b) in taken.items():
        r = stats.spread(stats.paired_ratios(a, b))
        rows.append({"figure": f"sliced / whole: {name}", "native": "whole " + report.ns(stats.spread(b).median),
                     "kslice": report.ns(stats.spread(a).median), "ratio": report.ratio(r),
                     "target": "no slower (lower quartile <= 1)", "verdict": "met" if r.q1 <= 1 else "not met"})
    return rows


GROUPS = {"files": filefigures.files, "images": images, "idle": idle, "boot": boot, "slicer": slicing.slicer}
