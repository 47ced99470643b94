#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""make bench: every figure of the domains beside native in the same run.

    bench.py [NAME ...]     groups: calls files images idle boot slicer; or single figures of calls by name (--list)
    FILES="name name"       of the group files only these (file-pread ...: filefigures.py)
    BENCH=smoke|quick|full  how long (quick); FIG="name name" as arguments do
    BENCH_DOMAINS="name"    of the groups images idle boot slicer, which run for every spec, only these
    BENCH_SCHED=first       on a machine with other work: everything measured runs at nice -20 (root)

Prints a table and writes build/bench/bench.json (all samples; smoke.json for a smoke run). Asserts no time: the exit status isn't 0
only where something failed to run. What wasn't reached says "not met".
"""
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import figures  # noqa: E402
import others  # noqa: E402
import report  # noqa: E402
import samples  # noqa: E402
from samples import DOMAIN_CPU, move  # noqa: E402
from domain import BUILD, Domain, end_on_sigterm  # noqa: E402

MODES = {"smoke": (2, 30), "quick": (7, 200), "full": (25, 300)}  # repeats, ms a sample


def run_calls(names, repeats, ms, raw):
    chosen = [f for f in figures.CALLS if f.name in names]
    failed = []
    with Domain("net", cpu=DOMAIN_CPU) as d:
        move(d, DOMAIN_CPU)
        for i in range(repeats):
            for fig in chosen:
                if fig in failed:
                    continue
                try:
                    fig.taken.append(figures.repeat(fig, d, ms))
                except Exception as e:
                    print(f"{fig.name}: failed to run: {e}", file=sys.stderr)
                    failed.append(fig)
            print(f"\r  calls: repeat {i + 1} of {repeats}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    rows = []
    for fig in chosen:
        raw[fig.name] = fig.taken
        if fig.taken:
            rows += figures.rows(fig, fig.taken)
    return rows, [f.name for f in failed]


def run_groups(names, repeats, ms, raw):
    rows, failed = [], []
    if any(f.name in names for f in figures.CALLS):
        try:
            r, f = run_calls(names, repeats, ms, raw)
            rows += r
            failed += f
        except Exception as e:
            print(f"calls: failed to run: {e}", file=sys.stderr)
            failed.append("calls")
    for name, measure in others.GROUPS.items():
        if name not in names:
            continue
        try:
            rows += measure(repeats, ms, raw)
        except Exception as e:
            print(f"{name}: failed to run: {e}", file=sys.stderr)
            if os.environ.get("BENCH_TRACE"):
                traceback.print_exc()
            failed.append(name)
    return rows, failed


def names_from(args):
    calls = [f.name for f in figures.CALLS]
    known = calls + list(others.GROUPS)
    names = []
    for a in args or ["calls", *others.GROUPS]:
        if a != "calls" and a not in known:
            sys.exit(f"bench: {a}: no such figure; there are: calls {' '.join(known)}")
        names += calls if a == "calls" else [a]
    return names


def main():
    args = sys.argv[1:] or os.environ.get("FIG", "").split()
    if args == ["--list"]:
        print("\n".join(names_from([])))
        return 0
    names = names_from(args)
    mode = os.environ.get("BENCH") or "quick"
    if mode not in MODES:
        sys.exit(f"bench: BENCH={mode}: one of {' '.join(MODES)}")
    end_on_sigterm()
    raw, t0 = {}, time.monotonic()
    if mode == "smoke":
        samples.SHARE = 0.02
    rows, failed = run_groups(names, *MODES[mode], raw)
    print(report.table(rows))
    m = report.machine()
    print(f"\n{m['cpu']}, {m['cpus']} CPUs, Linux {m['kernel']}, load {m['load']:.1f}; {mode}: {MODES[mode][0]} "
          f"interleaved repeats, {time.monotonic() - t0:.0f} s. Medians, quartiles in brackets; ratios are formed per repeat."
          + (" All at nice -20." if os.environ.get("BENCH_SCHED") == "first" else ""))
    path = os.path.join(BUILD, "bench/smoke.json" if mode == "smoke" else "bench/bench.json")
    report.save(path, rows, raw, mode)
    print("samples: " + path)
    if failed:
        print("failed to run: " + " ".join(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
