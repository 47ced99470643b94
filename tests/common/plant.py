# SPDX-License-Identifier: GPL-2.0
"""Replaces a function of a domain's kernel: links its relocatable kernel again, without building the domain."""
import json
import os
import shlex
import subprocess

from check import check
from domain import SRC


def sh(argv, **kw):
    r = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    check(r.returncode == 0, f"{shlex.join(argv)}:\n{r.stdout}")


def plant(folder, name, out, source, function, unit):
    """The image of the domain in `folder` with `function`, defined in `unit`, replaced by that of `source`, which is compiled as the unit is.
    The image's path, in the folder `out`."""
    with open(f"{folder}/tree/compile_commands.json") as f:
        command = next(u for u in json.load(f) if u["file"].endswith(unit))
    args = command["arguments"][:command["arguments"].index("-c")]
    sh([*args, "-c", "-o", f"{out}/planted.o", source], cwd=command["directory"])
    sh(["llvm-objcopy-19", f"--weaken-symbol={function}", f"{folder}/{name}.vmlinux", f"{out}/base.o"])
    # its own variables' red zones: nobody runs constructors that come after the kernel's own
    sh(["llvm-objcopy-19", "--remove-section=.init_array*", "--remove-section=.fini_array*", f"{out}/planted.o"])
    sh(["ld.lld-19", "-r", "-m", "elf_x86_64", "-o", f"{out}/linked.o", f"{out}/planted.o", f"{out}/base.o"])
    with open(f"{folder}/manifest.json") as f:
        machine = json.load(f)["machine"]
    sh(["sh", os.path.join(SRC, "runtime/machine", machine, "link.sh"), f"{out}/linked.o", f"{out}/{name}.image"])
    return f"{out}/{name}.image"
