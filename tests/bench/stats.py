# SPDX-License-Identifier: GPL-2.0
"""The arithmetic of the benchmarks: quartiles, paired ratios, classes of placement. Pure functions."""
from dataclasses import dataclass

NEAR_NS = 150  # a bounce below this: the two vCPUs share a core or a cache


@dataclass
class Spread:
    median: float
    q1: float
    q3: float
    n: int

    def scaled(self, k):
        return Spread(self.median * k, self.q1 * k, self.q3 * k, self.n)


def quantile(sorted_values, p):
    """Linear between the two nearest ranks."""
    if not sorted_values:
        raise ValueError("no values")
    at = p * (len(sorted_values) - 1)
    low = int(at)
    if low + 1 == len(sorted_values):
        return float(sorted_values[low])
    return sorted_values[low] + (at - low) * (sorted_values[low + 1] - sorted_values[low])


def spread(values):
    v = sorted(values)
    return Spread(quantile(v, 0.5), quantile(v, 0.25), quantile(v, 0.75), len(v))


def paired_ratios(top, bottom):
    """Ratio per repeat: samples of one repeat were taken next to each other, so they share the weather."""
    if len(top) != len(bottom):
        raise ValueError("samples aren't paired")
    return [a / b for a, b in zip(top, bottom)]


def placement(before, after):
    """near, far, or None where the vCPUs moved in between."""
    near = before < NEAR_NS, after < NEAR_NS
    return "near" if all(near) else "far" if not any(near) else None


def verdict(value, limit, at_most=True):
    """met: the median keeps the limit, and so does the worse quartile; no: both don't; else 'median' or 'quartile'."""
    worse = value.q3 if at_most else value.q1
    keeps = (lambda x: x <= limit) if at_most else (lambda x: x >= limit)
    if keeps(value.median):
        return "met" if keeps(worse) else "met (median)"
    return "not met"
