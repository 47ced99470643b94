# SPDX-License-Identifier: GPL-2.0
"""A test driver's checks: a failed one is an exception with what was expected, and main() reports it."""


class Failed(Exception):
    pass


def check(cond, what):
    if not cond:
        raise Failed(what)
