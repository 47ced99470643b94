#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""test_domain.py NAME TEST KSLICE: a domain's sliced tree as built in build/, against the same configuration whole.

warnings     the sliced tree compiles without a warning that the original doesn't give
size         .text of the sliced image is at most its share (SHARE) of the whole one's
standalone   nothing outside the sliced tree was read to compile it (except the compiler's own files)
unchanged    slicing again changes no file: ninja has no work to do; what a unit that is gone left goes
rebuilt      sliced once more elsewhere, the tree is the same, and so are its objects (a sample), byte by byte
diff         every file is the original without what was cut: only the values of cuts and what dead slots hold are added
undefined    the sliced kernel has no additional undefined symbols; a planted one is found
why          each exported call, and a function deep below them, has a path that begins at an exported call
report       its figures add up and match the image, and it lists every cut group with what it loses
"""
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

REPO = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
BUILD = os.environ.get("KSLICE_BUILD") or f"{REPO}/build"
TREE = f"{REPO}/kernel-tree/linux"
SHARE = collections.defaultdict(lambda: 60, net=38, block=50)  # percent
# What lies behind an operations table: the path has to go through its field.
DEEP = {"net": ("tcp_sendmsg_locked", "through field struct proto:sendmsg of tcp_prot"),
        "pipe": ("pipe_write", "through field struct file_operations:write_iter of pipefifo_fops"),
        "block": ("ext4_file_write_iter", "through field struct file_operations:write_iter of ext4_file_operations")}


def run(argv, **kw):
    r = subprocess.run(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **kw)
    if r.returncode:
        sys.exit(f"{' '.join(argv)}: status {r.returncode}: {r.stdout}")
    return r.stdout


class Domain:
    def __init__(self, name, kslice):
        self.name, self.kslice = name, kslice
        self.out, self.whole = f"{BUILD}/{name}", f"{BUILD}/{name}-whole"
        self.spec = json.load(open(f"{REPO}/specs/{name}.json"))
        self.need(f"{self.out}/{name}.image", "image")

    @staticmethod
    def need(image, target):
        if not os.path.exists(image):
            sys.exit(f"{image}: no such image; run `make {target}`")

    def need_whole(self):
        self.need(f"{self.whole}/{self.name}-whole.image", "whole")

    def manifest(self):
        return json.load(open(f"{self.out}/manifest.json"))

    def ninja(self, *args, out=None):
        return run(["ninja", "-C", f"{out or self.out}/tree/build", "-f", "../../build.ninja", *args])

    def groups(self):
        for cut in self.spec.get("cuts", []):
            if isinstance(cut, str):
                yield json.load(open(f"{REPO}/specs/cuts/{cut}.json"))

    def cuts(self):
        yield from (c for c in self.spec.get("cuts", []) if isinstance(c, dict))
        for group in self.groups():
            yield from group["cuts"]
        with open(f"{REPO}/runtime/arch/cuts.json") as f:  # the port's own
            yield from json.load(f)["cuts"]


def files(top):
    for folder, _, names in os.walk(top):
        for n in names:
            yield os.path.join(folder, n)


def warnings(build):
    """(file, what is said) of every warning; line numbers differ between the two trees."""
    found, units = set(), 0
    for path in files(f"{build}/obj"):
        if not path.endswith(".o.warn"):
            continue
        units += 1
        for line in open(path, errors="replace"):
            m = re.match(r"(?:.*/)?([^/:]+):\d+:\d+: warning: (.*)", line)
            if m:
                found.add(m.groups())
    return found, units


def test_warnings(d):
    d.need_whole()
    (sliced, n), (whole, w) = warnings(d.out), warnings(d.whole)
    if n < 100 or w < n:
        sys.exit(f"only {n} sliced and {w} whole units found: build both first")
    print(f"{n} units, {len(sliced)} warnings; whole: {w} units, {len(whole)} warnings")
    for file, what in sorted(sliced - whole):
        print(f"new: {file}: {what}")
    return not sliced - whole


def test_size(d):
    d.need_whole()
    m = d.manifest()
    kept, whole = m["kept"]["text"], m["whole"]["text"]
    print(f"{kept} of {whole} bytes of .text: {100 * kept / whole:.1f}%, at most {SHARE[d.name]}%")
    return 0 < kept and kept * 100 <= whole * SHARE[d.name]


def test_standalone(d):
    tree, bad, seen = os.path.realpath(f"{d.out}/tree"), set(), 0
    for line in d.ninja("-t", "deps").splitlines():
        if not line.startswith("    "):
            continue
        seen += 1
        path = os.path.realpath(os.path.join(f"{d.out}/tree/build", line.strip()))
        if not path.startswith(tree + "/") and not path.startswith("/usr/lib/llvm-19/"):
            bad.add(path)
    print(f"{seen} dependencies")
    for path in sorted(bad)[:20]:
        print("outside:", path)
    return not bad and seen > 10000


def test_unchanged(d):
    run([d.kslice, "slice", d.name])
    out = d.ninja("-n")
    print(out.strip().splitlines()[-1])
    return "no work to do" in out and stale_goes(d)


def stale_goes(d):
    """The object of a unit that was renamed since goes with the next build."""
    stale = f"{d.out}/obj/stale.o"
    open(stale, "w").close()
    with open(f"{d.out}/obj/.ninja_log", "a") as log:
        log.write(f"0\t1\t{os.stat(stale).st_mtime_ns}\t../../obj/stale.o\t1\n")
    run([d.kslice, "build", d.name])
    return not os.path.exists(stale)


SAMPLE = 24


def same_files(a, b, what):
    """Every file below a is below b, the same, and the other way round."""
    names = [sorted(os.path.relpath(f, top) for f in files(top)) for top in (a, b)]
    bad = [f"only in one: {n}" for n in set(names[0]) ^ set(names[1])]
    bad += [f"differs: {n}" for n in set(names[0]) & set(names[1])
            if open(f"{a}/{n}", "rb").read() != open(f"{b}/{n}", "rb").read()]
    print(f"{len(names[0])} {what} compared")
    return sorted(bad)


def test_rebuilt(d):
    run([d.kslice, "slice", d.name])
    with tempfile.TemporaryDirectory(dir=BUILD) as tmp:
        out = f"{tmp}/{d.name}"
        run([d.kslice, "slice", "--out", out, d.name])
        bad = same_files(f"{d.out}/tree", f"{out}/tree", "files of the tree")
        bad = [b for b in bad if not b.endswith("compile_commands.json")]  # it names the folder
        objects = sorted(os.path.relpath(f, d.out) for f in files(f"{d.out}/obj") if f.endswith(".o"))
        # What Kbuild links of several objects isn't compiled: units only, spread over the tree.
        units = [o for o in objects if os.path.exists(f"{d.out}/{o}.warn")]
        sample = units[::max(1, len(units) // SAMPLE)]
        d.ninja(*(f"../../{o}" for o in sample), out=out)
        bad += [f"differs: {o}" for o in sample if open(f"{d.out}/{o}", "rb").read() != open(f"{out}/{o}", "rb").read()]
        print(f"{len(sample)} of {len(units)} objects compared")
    print("\n".join(bad[:20]))
    return not bad and len(sample) >= SAMPLE


TOKEN = re.compile(r"\w+|\S")


def tokens(text):
    return TOKEN.findall(text)


def less_of(text, original):
    """text is original with something taken away."""
    rest = iter(original)
    return all(any(t == o for o in rest) for t in text)


def values(d):
    """What a cut puts in the place of what it takes away (slicer/tree/source.c), as a pattern of joined tokens."""
    given = {c["value"] for c in d.cuts() if "value" in c} | {"(void)0"}
    one = "|".join(sorted((re.escape(" ".join(tokens(v))) for v in given), key=len, reverse=True))
    void = r"\( void \) [\w]+"
    return re.compile(rf"\{{ return (?:{one}) ; \}}|\((?: {void} ,)* (?:{one}) \)|\{{(?: {void} ;)* \}}"
                      r"|\{ extern void sd_trap [^{}]* \}"
                      # a dead slot's function and its address
                      r"|static void __attribute__ \( \( noreturn \) \) sd_dead_\w+ \( void \) \{ extern void sd_trap [^{}]* \}"
                      r"|\( void \* \) sd_dead_\w+")


def test_diff(d):
    inserted, bad, seen, with_values = values(d), [], 0, 0
    replaced = {c["in"] for c in d.cuts() if "replace" in c and isinstance(c["in"], str)}
    for path in files(f"{d.out}/tree"):
        name = os.path.relpath(path, f"{d.out}/tree")
        if name in replaced or not os.path.exists(f"{TREE}/{name}"):  # ours: runtime, generated, headers of the build
            continue
        seen += 1
        new, old = (tokens(open(p, errors="replace").read()) for p in (path, f"{TREE}/{name}"))
        if less_of(new, old):
            continue
        with_values += 1
        new, old = (tokens(inserted.sub(" ", " ".join(text))) for text in (new, old))
        if not less_of(new, old):
            bad.append(name)
    print(f"{seen} files, {with_values} of them with values of cuts")
    for name in bad[:20]:
        print("more than the original:", name)
    return not bad and seen > 500


def undefined(image):
    return {line.split()[-1] for line in run(["nm", "-u", image]).splitlines()}


def undefined_planted(kernel):
    """What is open in the kernel once a reference to a function that nobody defines is linked to it."""
    with tempfile.TemporaryDirectory() as tmp:
        run(["clang-19", "-c", "-xc", "-o", f"{tmp}/open.o", "-"], input="void planted_open(void); void (*planted)(void) = planted_open;")
        run(["ld.lld-19", "-r", "-m", "elf_x86_64", "-o", f"{tmp}/planted.o", kernel, f"{tmp}/open.o"])
        return undefined(f"{tmp}/planted.o")


def test_undefined(d):
    d.need_whole()
    kernel = f"{d.out}/{d.name}.vmlinux"
    sliced, whole = undefined(kernel), undefined(f"{d.whole}/{d.name}-whole.vmlinux")
    print("open in the sliced kernel:", " ".join(sorted(sliced)))
    print("not in the whole one:", " ".join(sorted(sliced - whole)))
    found = undefined_planted(kernel) - whole
    if found != (sliced - whole) | {"planted_open"}:
        print("with a planted one:", " ".join(sorted(found)))
        return False
    return not sliced - whole


def test_why(d):
    deep, through = DEEP.get(d.name, (None, None))
    for symbol in ["sys_" + c for c in d.spec["calls"]] + ([deep] if deep else []):
        out = run([d.kslice, "why", d.name, symbol])
        if not out.rstrip().endswith("exported call"):
            print(out)
            return False
    print(out)
    return not deep or through in out


def add_up(m):
    for side in ("kept", "whole"):
        for key in ("functions", "lines"):
            total, parts = m[side][key], sum(x[side][key] for x in m["directories"].values())
            if total != parts:
                print(f"{side} {key}: {total}, but the directories' are {parts}")
                return False
    # Only the slice has bodies that call other domains (remote cuts); they are in the runtime.
    may = {"arch/sd"} if m.get("peers") else set()
    more = [n for n, x in m["directories"].items() for k in x["kept"] if x["kept"][k] > x["whole"].get(k, 0) and n not in may]
    print("more than the whole has: " + " ".join(more) if more else f"{len(m['directories'])} directories")
    return not more


def test_report(d):
    d.need_whole()
    m, out = d.manifest(), run([d.kslice, "report", d.name])
    run([d.kslice, "report", d.name, "--html"])
    html = open(f"{d.out}/report.html").read()
    print(out)
    missing = [g["name"] for g in d.groups() if m["lost"].get(g["name"]) != g["lost"] or g["lost"] not in out]
    if missing:
        print("groups that the report doesn't explain:", *missing)
    figures = [str(m[s][k]) for s in ("kept", "whole") for k in ("functions", "text")]
    absent = [f for f in figures if f not in out or f not in html.replace(",", "")]
    if absent:
        print("figures that aren't shown:", *absent)
    return add_up(m) and not missing and not absent and m["calls"] == d.spec["calls"]


def main():
    if len(sys.argv) != 4:
        sys.exit("usage: test_domain.py NAME TEST KSLICE")
    if not globals()["test_" + sys.argv[2]](Domain(sys.argv[1], os.path.abspath(sys.argv[3]))):
        sys.exit("failed")


main()
