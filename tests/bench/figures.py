# SPDX-License-Identifier: GPL-2.0
"""What is measured: each figure's native and kslice samples, interleaved, and what the issue asks of it.

A repeat takes every variant of a figure once, one after the other: their ratio is formed within the
repeat. Two-core kslice samples lie between two bounces, which tell the placement.
"""
from dataclasses import dataclass, field

import report
import samples
import stats
from samples import CLIENT_CPU, DOMAIN_CPU


@dataclass
class Figure:
    name: str
    title: str
    native: dict              # variant name -> callable(ms): the best median is what kslice is held against
    kslice: object            # callable(domain, ms)
    near: float = None        # target ratio to native, by placement
    far: float = None
    one_core: float = None
    at_most: bool = True      # False: a rate, ratio = native ns / kslice ns
    bounce_rule: bool = False  # target is bounce + 60 ns near, 1.3 bounces far
    rate: bool = False
    note: str = ""
    floor: int = 100          # calls the domain must have served in a sample
    taken: list = field(default_factory=list)


def echo(kind):
    return lambda d, ms: samples.pair(d, ["echo", kind], ms)


def native_pairs(argv):
    return {"one core": lambda ms: samples.pair(None, argv, ms, (CLIENT_CPU, CLIENT_CPU)),
            "two cores": lambda ms: samples.pair(None, argv, ms, (CLIENT_CPU, DOMAIN_CPU))}


def getppid(ms):
    return samples.single(None, ["null", "getppid", str(ms)])


def ring(depth):
    return lambda d, ms: samples.single(d, ["batch", d.socket_path, str(depth), str(ms)], hooked=False)


CALLS = (
    Figure("null", "null call (fcntl F_GETFL), one in flight", {"getppid": getppid},
           lambda d, ms: samples.single(d, ["null", "getfl", str(ms)]), bounce_rule=True),
    Figure("null-ring", "null ring operation, one in flight", {"getppid": getppid}, ring(1), bounce_rule=True),
    Figure("null-64", "null call, 64 in flight", {"getppid": getppid}, ring(64), near=0.12, far=0.35),
    Figure("udp-self", "UDP 64 B send + recv, one program",
           {"": lambda ms: samples.single(None, ["udp_self", str(ms)])},
           lambda d, ms: samples.single(d, ["udp_self", str(ms)]), near=0.35, far=0.8),
    Figure("udp-echo", "UDP 1 B echo, two processes", native_pairs(["echo", "udp"]), echo("udp"),
           near=0.7, far=0.7, one_core=1.2),
    Figure("tcp-echo", "TCP 1 B echo, two processes", native_pairs(["echo", "tcp"]), echo("tcp"),
           near=0.7, far=0.7, one_core=1.2),
    Figure("stream", "TCP stream, 64 KiB writes", native_pairs(["stream"]),
           lambda d, ms: samples.pair(d, ["stream"], ms), near=2, far=2, one_core=2, at_most=False, rate=True),
)


def repeat(fig, domain, ms):
    """One repeat of a figure: {variant: ns}, the bounces around the kslice sample, the one-core sample."""
    one = {"native " + k: f(ms) for k, f in fig.native.items()}
    before = samples.bounce()
    one["kslice"] = samples.served(domain, fig.floor, lambda: fig.kslice(domain, ms))
    after = samples.bounce()
    one["bounce"] = (before + after) / 2
    one["place"] = stats.placement(before, after)
    samples.move(domain, CLIENT_CPU)
    try:
        one["kslice one core"] = samples.served(domain, fig.floor, lambda: fig.kslice(domain, ms))
    finally:
        samples.move(domain, DOMAIN_CPU)
    return one


def best_native(fig, taken):
    """Native's best placement, by median over all repeats."""
    names = ["native " + k for k in fig.native]
    return min(names, key=lambda k: stats.spread([t[k] for t in taken]).median)


def amount(fig, s):
    if fig.rate:
        return f"{report.rate(s.median)} ({report.rate(s.q3)[:-5]}..{report.rate(s.q1)[:-5]})"
    return f"{report.ns(s.median)} ({report.ns(s.q1)}..{report.ns(s.q3)})"


def row(fig, taken, variant, where, target):
    base = best_native(fig, taken)
    native, ours = [t[base] for t in taken], [t[variant] for t in taken]
    r = stats.spread(stats.paired_ratios(ours, native) if fig.at_most else stats.paired_ratios(native, ours))
    bounce = stats.spread([t["bounce"] for t in taken])
    out = {"figure": f"{fig.title}, {where}", "native": amount(fig, stats.spread(native)),
           "kslice": amount(fig, stats.spread(ours)), "bounce": report.ns(bounce.median), "ratio": report.ratio(r)}
    base = base[7:]
    if base and base != "getppid":
        out["native"] += " " + base
    if where == "one core":
        out["bounce"] = ""
    if fig.bounce_rule and where != "one core":
        over = stats.spread([t[variant] - t["bounce"] for t in taken]) if where == "near" else stats.spread(
            [t[variant] / t["bounce"] for t in taken])
        limit = 60 if where == "near" else 1.3
        out["target"] = "<= bounce + 60 ns" if where == "near" else "<= 1.3 bounces"
        out["verdict"] = stats.verdict(over, limit)
    elif target is not None:
        out["target"] = f"{'<=' if fig.at_most else '>='} {target} native"
        out["verdict"] = stats.verdict(r, target, fig.at_most)
    return out


def rows(fig, taken):
    out = []
    for where, target in (("near", fig.near), ("far", fig.far)):
        there = [t for t in taken if t["place"] == where]
        if there:
            out.append(row(fig, there, "kslice", where, target))
    out.append(row(fig, taken, "kslice one core", "one core", fig.one_core))
    return out
