#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints doc/CONTROL.md, the control protocol for readers, from what the code is made of: the comments and structures of
sd/control.h and the rows of sd/control.def.

    runtime/include/control_page.py >doc/CONTROL.md

The test `control` fails where that isn't what the repository has.
"""
import re
import sys
import textwrap

import abi

ASKERS = {"CLIENT": "Client to supervisor", "LIFELINE": "Attached client to supervisor, with the fd of a new connection",
          "SUPERVISOR": "Supervisor to domain", "DOMAIN": "Domain to supervisor"}


class PageError(Exception):
    pass


def intro():
    """The header's top comment: paragraphs stay, what a tab indents is code."""
    with open(f"{abi.HERE}/sd/control.h") as f:
        comment = re.search(r"/\*\n(.*?)\n \*/\n#ifndef", f.read(), re.S)[1]
    lines = [line.removeprefix(" *").removeprefix(" ") if not line.startswith(" *\t") else "    " + line[3:] for line in comment.split("\n")]
    return re.sub(r"^# ", "## ", "\n".join(lines[2:]), flags=re.M)


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
    yield ""


def named(payload):
    return "" if payload == "none" else f"[{payload}](#{payload})"


def answer(row):
    if row["answer"] == "never":
        return "no REPLY"
    return "; fds: ".join(part for part in (named(row["answer"]), row["answer_fds"]) if part) or "empty"


def check(rows, numbers):
    """What the compiler doesn't see of control.def."""
    for row in rows:
        for count, names in ((row["nfds"], row["fds"]), (row["answer_nfds"], row["answer_fds"])):
            if max(count, 0) != len([n for n in names.split(",") if n]):
                raise PageError(f"{row['asker']} {row['type']}: {count} fds, which are {names!r}")
        if (row["answer"] == "never") != (row["answer_nfds"] == -1):
            raise PageError(f"{row['asker']} {row['type']}: is there an answer or not?")
    if lost := {n.removeprefix("SD_CTL_") for n in numbers} ^ {row["type"] for row in rows} ^ {"REPLY"}:
        raise PageError(f"sd/control.h and sd/control.def don't both have {', '.join(sorted(lost))}")


def messages(rows, numbers):
    for asker, title in ASKERS.items():
        yield f"### {title}\n"
        ours = [m for m in rows if m["asker"] == asker]
        head, rights = ["message", "number"], any(m["right"] != "NONE" for m in ours)
        yield from table(head + ["right"] * rights + ["payload", "fds", "REPLY", "meaning"],
                         [[m["type"], numbers["SD_CTL_" + m["type"]]] + [m["right"]] * rights +
                          [named(m["payload"]), m["fds"], answer(m), m["meaning"]] for m in ours])


def structures(layout, docs):
    for key, record in layout["records"].items():
        if not key.startswith("struct sd_ctl_"):
            continue
        yield f"### {key.removeprefix('struct sd_ctl_')}\n"
        yield f"`{key}`, {record['size']} bytes.\n"
        if docs[key]:
            yield textwrap.fill(docs[key], 100) + "\n"
        rows = []
        for name, (at, kind, dims, _) in record["fields"].items():
            if "." in name:
                continue
            if not docs[f"{key}.{name}"]:
                raise PageError(f"{key}: {name} has no comment")
            rows.append((at, kind.removeprefix("struct ") + "".join(f"[{n}]" for n in dims), name, docs[f"{key}.{name}"]))
        yield from table(("offset", "type", "field", "meaning"), rows)


def page():
    layout, docs = abi.describe()
    rows, numbers = layout["messages"], layout["enums"]["sd_ctl_type"]
    check(rows, numbers)
    out = ["<!-- Made by runtime/include/control_page.py: edit runtime/include/sd/control.h and control.def. -->", "# The control protocol",
           "", intro(), "", "## Messages", "",
           f"A message is {layout['records']['struct sd_ctl_msg']['size']} bytes: the head and a payload, [msg](#msg). Besides those below there is "
           f"REPLY (number {numbers['SD_CTL_REPLY']}). A REPLY whose result is an error has no fds.", "",
           *messages(rows, numbers), "## Structures", "", *structures(layout, docs)]
    return "\n".join(out).rstrip() + "\n"


if __name__ == "__main__":
    try:
        sys.stdout.write(page())
    except (abi.AbiError, PageError) as e:
        sys.exit(f"control_page.py: {e}")
