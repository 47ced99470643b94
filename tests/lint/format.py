#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""format.py: C files are formatted as by clang-format-19 with the repo's .clang-format (`make format`), and no line is longer
than 100 columns, which clang-format doesn't check in comments. A line may be longer for a string, which isn't broken."""
import re
import subprocess
import sys

COLUMNS = 100
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')


def c_files():
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "--", "*.c", "*.h"], capture_output=True, text=True, check=True)
    return [n for n in names.stdout.splitlines() if not n.startswith("generated/")]


def too_long(line):
    line = line.rstrip("\n").expandtabs(8)
    return len(line) > COLUMNS and not line.lstrip().startswith('"') and not any(m.start() < COLUMNS <= m.end() for m in LITERAL.finditer(line))


def main():
    names, bad = c_files(), []
    r = subprocess.run(["clang-format-19", "--dry-run", "-Werror", *names], capture_output=True, text=True)
    if r.returncode:
        bad += [line for line in r.stderr.splitlines() if "error:" in line] or [f"clang-format-19: status {r.returncode}: {r.stderr}"]
    for name in names:
        with open(name, encoding="utf-8") as f:
            bad += [f"{name}:{n}: above {COLUMNS} columns" for n, line in enumerate(f, 1) if too_long(line)]
    print(f"{len(names)} files")
    sys.exit("\n".join(bad) or 0)


main()
