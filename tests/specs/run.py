#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""run.py [--turn | NAME...] [--build | --built] [--tree=TREE]: the specs of this folder, each from `kslice check` to a real program; prints
a table.

    check     `kslice check`
    build     `kslice build`; its seconds, bytes of code, share of the functions that is kept
    boot      `kdom up`, `kdom down`, and nothing on the console that an image mustn't say
    tests     `kslice test`: the stubs on the host (where its kernel lacks what is served: see tests/stubs/run.sh),
              linked with the domain, and against its process (--turn: a fourth of their edges)
    program   NAME.sh: unmodified programs through `kdom run`; its first comment says why the host can't have served them; then fsck

--turn takes two of them, other ones each day (SPECS_TURN=NUMBER: those of that day; S=NAMES: these). --build ends after the build,
--built begins behind it. --tree: of another kernel tree than the default one. Status: 0 if every step of every spec succeeded. Root, for
mounts and network devices.

Products are in build/specs, a folder as a user's of an installed kslice has: links to the repo, stubs and images of its own, and a
launcher with those stubs, for another tree in build/specs/launcher@TREE. The domains of specs/ and their launcher aren't touched."""
import argparse
import datetime
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SRC = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.abspath(os.environ.get("KSLICE_BUILD") or os.path.join(SRC, "build"))
sys.path.insert(0, os.path.join(SRC, "tests/common"))
import devices  # noqa: E402

FOLDER = os.path.join(BUILD, "specs")
BAD = re.compile(r"\bBUG\b|WARNING:|Oops|Kernel panic|Call Trace|kslice: trap")
FSCK = {"ext2": ["/usr/sbin/e2fsck", "-fn"], "vfat": ["/usr/sbin/fsck.vfat", "-n"]}
STEPS = ("check", "build", "boot", "tests", "program")
ROW = "{:10} {:>5} {:6} {:>6} {:>7} {:>9} {:6} {:>12} {}"


def names():
    return sorted(f[:-5] for f in os.listdir(HERE) if f.endswith(".json"))


def turn():
    """Two neighbours in the list, so that each spec has its turn within half as many days as there are specs."""
    day = int(os.environ.get("SPECS_TURN") or datetime.date.today().toordinal())
    every = names()
    return list(dict.fromkeys(every[(2 * day + i) % len(every)] for i in range(2)))


def as_builder(*argv):
    """As the user who builds, where root tests."""
    return [os.path.join(SRC, "kernel-tree/as-builder.sh"), *argv]


def link(path, to):
    if os.path.islink(path) and os.readlink(path) != to:
        os.unlink(path)
    if not os.path.islink(path):
        os.symlink(to, path)


class Place:
    """Of a kernel tree, None being the default one: how kslice's products are called (slicer/commands/trees.h), and the folder with the
    launcher, since the stubs of one tree aren't always another's."""
    def __init__(self, tree):
        cache = os.environ.get("KSLICE_CACHE") or os.path.expanduser("~/.cache/kslice")
        version = tree and re.fullmatch(r"[0-9]+\.[0-9.]+", tree)
        path = os.path.realpath(f"{cache}/tree/linux-source-{tree}" if version else tree or "")
        if path == os.path.realpath(os.path.join(SRC, "kernel-tree/linux")):
            tree = None
        self.tree = [f"--tree={tree if version else path}"] if tree else []
        name = re.sub(r"[^A-Za-z0-9.+_-]", "_", os.path.basename(path)) + "-" + 8 * "[0-9a-f]"
        self.pattern = f"@{tree if version else name}" if tree else ""
        self.folder = os.path.join(FOLDER, f"launcher@{tree if version else os.path.basename(path)}") if tree else FOLDER
        self.launcher = os.path.join(self.folder, "build/lib/kdom-launch")

    def prepare(self):
        """FOLDER is what KSLICE_REPO names."""
        for folder in {FOLDER, self.folder}:
            subprocess.run(as_builder("mkdir", "-p", os.path.join(folder, "generated"), os.path.join(folder, "build/bin")), check=True)
            for name in ("runtime", "specs", "kernel-tree", "tests"):
                link(os.path.join(folder, name), os.path.join(SRC, name))
        link(os.path.join(FOLDER, "build/bin/kslice-cc"), os.path.join(BUILD, "bin/kslice-cc"))

    def products(self, name):
        """The newest; a path that isn't there if there are none."""
        found = glob.glob(f"{FOLDER}/build/{name}{self.pattern}")
        return max(found, key=os.path.getmtime, default=f"{FOLDER}/build/{name}@none")

    def stubs(self, name):
        """The launcher takes generated/NAME, and kslice leaves another tree's beside their image."""
        out = self.products(name)
        if "@" in os.path.basename(out):
            link(os.path.join(self.folder, "generated", name), os.path.join(out, "generated"))


class Spec:
    def __init__(self, name, brief, place):
        self.name = name
        self.place = place
        self.brief = brief  # a fourth of the stub tests' edges
        self.path = os.path.join(HERE, name + ".json")
        self.log = os.path.join(place.folder, name + ".log")
        self.told = dict.fromkeys(STEPS, "-")
        self.seconds = ""
        self.failed = None

    def say(self, text):
        with open(self.log, "a", encoding="utf-8") as f:
            f.write(text)

    def run(self, step, *argv, env=None, timeout=3600):
        """Its output, which also goes to the log; ends the spec if it fails."""
        self.say(f"\n$ {' '.join(argv)}\n")
        try:
            done = subprocess.run(argv, env=dict(os.environ, KSLICE_REPO=FOLDER, KSLICE_BUILD=f"{FOLDER}/build", KSLICE_SRC=SRC, **(env or {})), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, text=True, errors="replace", check=False)
            out, status = done.stdout, done.returncode
        except subprocess.TimeoutExpired as e:
            out, status = (e.stdout or b"").decode(errors="replace") + f"\nno end after {timeout} s\n", -1
        self.say(out)
        if status:
            self.fail(step, out)
        return out

    def fail(self, step, out=""):
        self.told[step] = "FAIL"
        self.failed = step
        tail = "\n".join(out.splitlines()[-25:])
        print(f"{self.name}: {step}: failed; all of it: {self.log}\n{tail}", flush=True)
        raise Failed

    # ---- steps ----

    def check(self):
        self.run("check", *as_builder(f"{BUILD}/bin/kslice", "check", *self.place.tree, self.path))
        self.told["check"] = "ok"

    def build(self):
        begun = time.monotonic()
        out = self.run("build", *as_builder(f"{BUILD}/bin/kslice", "build", *self.place.tree, self.path))
        for warning in re.findall(r"^kslice: warning: .*\n(?: .*\n)*", out, re.M): # a share of functions that isn't another tree's
            print(f"{self.name}: {warning}", end="", flush=True)
        self.seconds = f"{time.monotonic() - begun:.0f}"
        if self.lacks(): # then the unsliced kernel's answers are needed
            self.run("build", *as_builder(f"{BUILD}/bin/kslice", "build", "--whole", *self.place.tree, self.path))
        self.told["build"] = "ok"

    def lacks(self):
        """What the domain serves and this host's kernel doesn't have."""
        return self.run("build", f"{SRC}/tests/stubs/host_lacks.py", self.name).strip()

    def link(self):
        folder = self.place.folder
        cmake = os.path.join(folder, "build/cmake")
        self.place.stubs(self.name)
        self.run("build", *as_builder("cmake", "-S", f"{SRC}/runtime/client", "-B", cmake, "-G", "Ninja", "-DCMAKE_C_COMPILER=gcc",
                                      f"-DSD_REPO={folder}", f"-DKSLICE_BUILD={folder}/build"))
        self.run("build", *as_builder("ninja", "-C", cmake, "--quiet", "kdom-launch"))

    def tests(self):
        out = self.run("tests", f"{BUILD}/bin/kslice", "test", *self.place.tree, self.path, env={"KSLICE_EDGES": "4"} if self.brief else None)
        passed = re.findall(r"over [\w ]+: (\d+) passed, 0 failed", out)
        if len(passed) < 3: # on the host (or what answers in its place), linked with the domain, against its process
            self.fail("tests", out)
        self.told["tests"] = min(passed, key=int)
        for line in out.splitlines():
            if "answers in its place" in line:
                print(f"{self.name}: {line}", flush=True)

    def program(self):
        with tempfile.TemporaryDirectory(prefix="specs.") as tmp:
            run = os.path.join(tmp, "run")
            os.mkdir(run, 0o700)
            env = {"KDOM_DIR": run, "KDOM_LAUNCH": self.place.launcher, "KDOM": f"{BUILD}/bin/kdom", "DOMAIN": self.name, "TMP": tmp, "SRC": SRC}
            options = devices.for_kdom(self.name, tmp)
            out = self.place.products(self.name)
            files = [f"--image={out}/{self.name}.image", f"--manifest={out}/manifest.json"]
            self.run("boot", env["KDOM"], "up", *options, *files, self.name, env=env, timeout=60)
            try:
                out = self.run("program", "unshare", "--net", "bash", "-euc", f". {HERE}/program.sh; . {HERE}/{self.name}.sh", env=env, timeout=300)
                self.told["program"] = out.strip().splitlines()[-1] if out.strip() else "ok"
            finally:
                self.console(run)
                self.run("boot", env["KDOM"], "down", self.name, env=env, timeout=120)
            self.console(run)
            self.disks(tmp)
        self.told["boot"] = "ok"

    def disks(self, tmp):
        """What the domain has left there, to its file system's own program."""
        for i, dev in enumerate(devices.devices(self.name)):
            if dev.get("fs") in FSCK:
                self.run("program", *FSCK[dev["fs"]], os.path.join(tmp, f"disk{i}.img"))

    def console(self, run):
        with open(os.path.join(run, self.name + ".log"), errors="replace", encoding="utf-8") as f:
            text = f.read()
        self.say(f"\n---- console ----\n{text}")
        if BAD.search(text):
            self.fail("boot", text)

    def row(self):
        figures = {}
        manifest = self.place.products(self.name) + "/manifest.json"
        if os.path.exists(manifest):
            with open(manifest, encoding="utf-8") as f:
                figures = json.load(f)
        kept, whole = figures.get("kept", {}), figures.get("whole", {})
        with open(self.path, encoding="utf-8") as f:
            lines = len(f.readlines())
        share = f"{100 * kept['functions'] / whole['functions']:.1f}%" if kept and whole else "-"
        return ROW.format(self.name, lines, self.told["check"], self.seconds or self.told["build"], kept.get("text", "-"), share,
                          self.told["boot"], self.told["tests"], self.told["program"])


class Failed(Exception):
    pass


def go(spec, args):
    shutil.rmtree(spec.log, ignore_errors=True)
    with open(spec.log, "w", encoding="utf-8"):
        pass
    try:
        if not args.built:
            spec.check()
            spec.build()
        if not args.build:
            spec.link()
            spec.program()
            spec.tests()
    except Failed:
        pass
    return spec


def chosen(args, place):
    every = names()
    kept = os.path.join(place.folder, "turn")
    wanted = args.names or os.environ.get("S", "").split()
    if not wanted:
        wanted = every
        if args.turn and args.built: # maybe since before midnight
            with open(kept, encoding="utf-8") as f:
                wanted = f.read().split()
        elif args.turn:
            wanted = turn()
        if args.turn:
            print(f"by turns, today: {' '.join(wanted)} (S=NAMES: these; SPECS_TURN=NUMBER: another day's)", flush=True)
    for name in wanted:
        if name not in every:
            sys.exit(f"run.py: {name}: no such spec in {HERE}: {' '.join(every)}")
    if args.build:
        with open(kept, "w", encoding="utf-8") as f:
            f.write(" ".join(wanted))
    return wanted


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0], formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--turn", action="store_true", help="two of them, other ones each day")
    parser.add_argument("--build", action="store_true", help="only check and build")
    parser.add_argument("--built", action="store_true", help="what --build has built")
    parser.add_argument("--tree", default=os.environ.get("KSLICE_TREE"), help="of another kernel tree: a version, or a folder (KSLICE_TREE)")
    args = parser.parse_args()
    place = Place(args.tree)
    place.prepare()
    specs = [go(Spec(name, args.turn, place), args) for name in chosen(args, place)]
    print(ROW.format("spec", "lines", "check", "build", "text", "functions", "boot", "stub tests", "program"))
    for spec in specs:
        print(spec.row())
    sys.exit(any(spec.failed for spec in specs))


if __name__ == "__main__":
    main()
