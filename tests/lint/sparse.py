#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""sparse.py DOMAIN [FILE...]: sparse finds nothing in the kernel-side code of a domain's image: address spaces (__user, __rcu), contexts of
locks, endianness. Uses the flags that the image was compiled with, and those the kernel itself gives sparse. Findings in Linux'
own files are ignored. EXPECTED has intended ones in our files."""
import concurrent.futures
import json
import os
import re
import subprocess
import sys

BUILD = os.environ.get("KSLICE_BUILD", "build")
OURS = "../arch/sd/"
FLAGS = ["-D__linux__", "-Dlinux", "-D__STDC__", "-Dunix", "-D__unix__", "-D__x86_64__", "-D__clang__=1", "-D__clang_major__=19", "-D__clang_minor__=1", "-D__clang_patchlevel__=0",
         "-Wbitwise", "-Wno-return-void", "-Wno-unknown-attribute",
         "-D__builtin_ia32_rdtsc()=0ULL"]  # a builtin that it doesn't know
EXPECTED = [  # (file, what it says, why that's meant)
    ("gen/server_structs.h", "cast removes address space '__user'", "the pointer is to the stub's own copy, in the type that the call takes"),
    ("kernel/init.c", "'arch_call_rest_init' redeclared with different type", "it is __noreturn here, and isn't where Linux declares it"),
    ("kernel/irq.c", "'init_IRQ' was not declared", "init/main.c declares what it calls of an architecture"),
    ("kernel/time.c", "'time_init' was not declared", "init/main.c declares what it calls of an architecture"),
    ("kernel/traps.c", "'cpuinfo_op' was not declared", "fs/proc/cpuinfo.c declares it"),
    ("kernel/traps.c", "'show_interrupts' was not declared", "fs/proc/interrupts.c finds it in a header that this file has no other use for"),
    ("rt/kernel/dev_net.c", "(different base types)", "the header of a TAP device is in the machine's own byte order"),
    ("rt/kernel/dev_net.c", "restricted __virtio16 degrades to integer", "the same"),
    ("rt/kernel/serve_ctl.c", "'sd_serve' redeclared with different type", "it is __noreturn, and isn't where it is declared for every arch"),
    ("gen/direct.c", "(different base types)", "flags arrive as the wire's u64; the call's own type is restricted"),
    ("gen/server_storage.c", "(different base types)", "the same"),
    ("gen/direct.c", "(different address spaces)", "pointers of a call that is made directly are the caller's, in this address space"),
    ("gen/server_paths.c", "(different address spaces)", "the pointer is to the stub's own copy, in the type that the call takes"),
    ("rt/kernel/remote_file.c", "was not declared", "the generated bodies of remote cuts declare what they call"),
    ("rt/transport/shm/shm_server.c", "was not declared", "transport/table.c declares every transport's sides, weakly"),
    ("rt/transport/loop/loop_server.c", "was not declared", "the same"),
    ("rt/transport/peer/peer_client.c", "was not declared", "the same"),
    ("rt/kernel/serve_state.c", "(different address spaces)", "as in serve_pool.c"),
    ("rt/kernel/serve_pool.c", "(different address spaces)", "a task's own credentials, which nobody else changes, need no RCU"),
]


def commands(domain, files):
    with open(os.path.join(BUILD, domain, "tree/compile_commands.json"), encoding="utf-8") as f:
        for entry in json.load(f):
            file = entry["file"]
            if not file.startswith(OURS) or not file.endswith(".c") or (files and not any(file.endswith(x) for x in files)):
                continue
            args, words = [], iter(entry["arguments"][1:])
            for word in words:
                if word == "-o":
                    next(words)
                elif word not in ("-c", file) and not word.startswith(("--target", "-Qunused", "-W")):
                    args.append(word)
            yield os.path.join(BUILD, domain, "tree/build"), file, args


def check(one):
    directory, file, args = one
    # it doesn't know __has_include; the headers that runtime/kernel/compat.h asks for came with kernels of the same age
    newer = os.path.exists(f"{directory}/../include/linux/filelock.h")
    r = subprocess.run(["sparse", *FLAGS, f"-D__has_include(x)={int(newer)}", *args, file], cwd=directory, capture_output=True, text=True)
    said = [line for line in r.stderr.splitlines() if re.match(re.escape(OURS) + r".*: (warning|error): ", line)]
    if r.returncode and not said:
        said = [f"{file}: status {r.returncode}: {r.stderr[:500]}"]
    return [line for line in said if not any(line.startswith(OURS + f + ":") and what in line for f, what, _ in EXPECTED)]


def main():
    domain, files = sys.argv[1], sys.argv[2:]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(check, commands(domain, files)))
    bad = sorted({line for said in results for line in said})
    print(f"{len(results)} files")
    sys.exit("\n".join(bad) or (0 if files or len(results) > 20 else "too few files: is the image built?"))


main()
