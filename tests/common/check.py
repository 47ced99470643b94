# SPDX-License-Identifier: GPL-2.0
"""A test driver's checks: what isn't so is an exception that says what was wanted, and its main() reports it."""


class Failed(Exception):
    pass


def check(cond, what):
    if not cond:
        raise Failed(what)
