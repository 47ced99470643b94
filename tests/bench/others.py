# SPDX-License-Identifier: GPL-2.0
"""Figures that aren't calls beside native calls: images, idle, boot. The slicer's are in slicing.py."""
import os
import time

import filefigures
import report
import samples
import slicing
import stats
import devices
from domain import BUILD, Domain, cpu_ns
from samples import CLIENT_CPU, DOMAIN_CPU



def blocked(domain):
    """A client that waits in a call of the domain for ever."""
    kind = devices.kind(domain.name)
    return [samples.program("blocked"), kind, *(devices.prefixes(domain.name) if kind == "file" else [])]


def idle_of(name, repeats, raw):
    """CPU time of a domain whose one client is blocked in a call."""
    seconds, values = 5 if repeats > 2 else 1, []
    with Domain(name, cpu=DOMAIN_CPU) as d:
        p = samples.start(d, blocked(d), CLIENT_CPU)
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
    raw[f"idle {name}"] = values
    s = stats.spread(values)
    return [{"figure": f"{name}: idle, one client blocked, CPU over {seconds} s",
             "kslice": f"{s.median:.4f}% ({s.q1:.4f}..{s.q3:.4f}, {s.n})", "target": "< 0.05%",
             "verdict": stats.verdict(s, 0.05)}]


def boot_of(name, repeats, raw):
    """Kernel start to serving, and `kdom up` as a whole."""
    inside, outside = [], []
    for _ in range(repeats + 1):
        with Domain(name, cpu=DOMAIN_CPU) as d:
            inside.append(d.status()["boot_ns"])
            outside.append(d.up_ns)
    raw[f"boot {name}"] = {"inside": inside, "kdom_up": outside}
    return [{"figure": f"{name}: {title}", "kslice": f"{report.ns(s.median)} ({report.ns(s.q1)}..{report.ns(s.q3)}, {s.n})"}
            for title, s in (("boot, kernel start to serving", stats.spread(inside)),
                             ("boot, kdom up", stats.spread(outside)))]


IMAGE_FIGURES = {
    "socket": (
        ("null call", lambda d, ms: samples.single(d, ["null", "getfl", str(ms)])),
        ("UDP 64 B send + recv", lambda d, ms: samples.single(d, ["udp_self", str(ms)])),
        ("TCP echo", lambda d, ms: samples.pair(d, ["echo", "tcp"], ms)),
        ("TCP stream", lambda d, ms: samples.pair(d, ["stream"], ms)),
    ),
    "pipe": (("pipe 64 B write + read", lambda d, ms: samples.single(d, ["pipe_self", str(ms)])),),
    "file": tuple((title, lambda d, ms, what=what: samples.single(d, ["files", what, devices.prefixes(d.name)[0], str(ms)]))
                  for title, what in (("4 KiB pread, cached", "pread"), ("4 KiB pwrite, cached", "pwrite"),
                                      ("create + write + close", "create"))),
}


def images_of(name, repeats, ms, raw):
    """The sliced image against the same config whole, both domains up, samples interleaved."""
    chosen = IMAGE_FIGURES[devices.kind(name)]
    taken = {title: ([], []) for title, _ in chosen}
    whole_image, manifest = os.path.join(BUILD, f"{name}-whole/{name}-whole.image"), os.path.join(BUILD, f"{name}/manifest.json")
    with Domain(name, cpu=DOMAIN_CPU) as sliced, Domain(name, image=whole_image, manifest=manifest, cpu=DOMAIN_CPU) as whole:
        for d in (sliced, whole):
            samples.move(d, DOMAIN_CPU)
        for i in range(repeats):
            for title, sample in chosen:
                order = (sliced, whole) if i % 2 else (whole, sliced)
                got = {d: samples.served(d, 100, lambda d=d: sample(d, ms)) for d in order}
                taken[title][0].append(got[sliced])
                taken[title][1].append(got[whole])
    raw[f"images {name}"] = taken
    rows = []
    for title, (a, b) in taken.items():
        r = stats.spread(stats.paired_ratios(a, b))
        rows.append({"figure": f"{name}, sliced / whole: {title}", "native": "whole " + report.ns(stats.spread(b).median),
                     "kslice": report.ns(stats.spread(a).median), "ratio": report.ratio(r),
                     "target": "no slower (lower quartile <= 1)", "verdict": "met" if r.q1 <= 1 else "not met"})
    return rows


def wanted():
    """BENCH_DOMAINS, else every spec's."""
    return os.environ.get("BENCH_DOMAINS", "").split() or devices.names()


def of_each(measure):
    """A group of bench.py: the rows of every domain."""
    def group(repeats, ms, raw):
        return [row for name in wanted() for row in measure(name, repeats, ms, raw)]
    return group


GROUPS = {"files": filefigures.files, "images": of_each(images_of), "idle": of_each(lambda n, r, ms, raw: idle_of(n, r, raw)),
          "boot": of_each(lambda n, r, ms, raw: boot_of(n, r, raw)),
          "slicer": of_each(lambda n, r, ms, raw: slicing.slicer(n, r, raw))}
