#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""rooms.py [AREA ...] - fails if a reference between rooms points upwards.

tests/lint/rooms.txt lists the rooms of each area, the lowest floor first. A file may use what its own room and the
rooms below it define; circles exist only inside a room. What a file uses is read from its object: it is compiled
with its own command from compile_commands.json, without optimisation and link-time code, and each relocation
against another file's symbol is an arrow. So calls, data, tables of functions and the assembler's jumps count alike. An #include
of a header in a room above is an arrow, too.

An area `[NAME] DOMAIN` is the kernel's side: its objects are those that `kslice build DOMAIN` has made.

    rooms.py -v client      prints every arrow between rooms, with its number of references
"""
import concurrent.futures
import fnmatch
import json
import os
import re
import shlex
import subprocess
import sys

SRC = os.environ.get("KSLICE_SRC") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("KSLICE_BUILD") or os.path.join(SRC, "build")
WORK = os.path.join(BUILD, "rooms")
FLAGS = ["-O0", "-g0", "-w", "-fno-lto", "-ffunction-sections", "-fdata-sections", "-U_FORTIFY_SOURCE"]


def read_areas(path):
    """[area] and `room pattern ...` lines => {area: [(room, [pattern])]} with the lowest floor first, {area: domain}."""
    areas, domains = {}, {}
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            words = line.split("#")[0].split()
            if not words:
                continue
            if re.fullmatch(r"\[\w+\]", words[0]):
                rooms = areas.setdefault(words[0][1:-1], [])
                domains[words[0][1:-1]] = words[1] if len(words) > 1 else None
            elif line[0].isspace() and areas and rooms:
                rooms[-1][1].extend(words)
            elif areas and len(words) > 1:
                rooms.append((words[0], words[1:]))
            else:
                sys.exit(f"{path}:{number}: neither [area] nor `room pattern ...`")
    return areas, domains


def place_files(rooms):
    """The rooms' files => {file: floor}; a file belongs to the first room that has it by name, else by pattern."""
    tracked = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=SRC, check=True, text=True,
                             capture_output=True).stdout.split("\n")
    sources = [f for f in tracked if f.endswith((".c", ".S", ".h")) and os.path.exists(os.path.join(SRC, f))]
    floors = {}
    for exact in (True, False):
        for floor, (room, patterns) in enumerate(rooms):
            for pattern in patterns:
                found = [pattern] if pattern in sources else fnmatch.filter(sources, pattern)
                if not found:
                    sys.exit(f"rooms.txt: {room}: no file is {pattern}")
                for f in found if exact == (pattern in sources) else ():
                    floors.setdefault(f, floor)
    return floors


def sources_of(floors):
    return [f for f in sorted(floors) if not f.endswith(".h")]


def compile_commands():
    with open(os.path.join(BUILD, "cmake/compile_commands.json"), encoding="utf-8") as f:
        entries = json.load(f)
    commands = {}
    for e in entries:
        path = os.path.relpath(os.path.realpath(os.path.join(e["directory"], e["file"])), os.path.realpath(SRC))
        commands.setdefault(path, (e["directory"], shlex.split(e["command"])))
    return commands


def compile_command(argv, source, obj):
    """The recorded command, to an object of ours."""
    kept, skip = [], False
    for word in argv:
        if skip or word.startswith(("-flto", "-O", "-g")) or word == source or word == "-c":
            skip = False
        elif word == "-o":
            skip = True
        else:
            kept.append(word)
    return kept + FLAGS + ["-MMD", "-MF", obj + ".d", "-o", obj, "-c", source]


def up_to_date(obj, command):
    try:
        made = os.stat(obj).st_mtime
        with open(obj + ".cmd", encoding="utf-8") as f:
            if f.read() != shlex.join(command):
                return False
        with open(obj + ".d", encoding="utf-8") as f:
            deps = f.read().replace("\\\n", " ").split(":", 1)[1].split()
        return all(os.stat(d).st_mtime < made for d in deps)
    except OSError:
        return False


def make_object(path, directory, argv):
    obj = os.path.join(WORK, path.replace("/", "-") + ".o")
    command = compile_command(argv, os.path.join(SRC, path), obj)
    if not up_to_date(obj, command):
        subprocess.run(command, cwd=directory, check=True)
        with open(obj + ".cmd", "w", encoding="utf-8") as f:
            f.write(shlex.join(command))
    return obj


def make_objects(floors):
    """{file: object} of the area's sources; each must have a compile command."""
    commands = compile_commands()
    files = sources_of(floors)
    missing = [f for f in files if f not in commands]
    if missing:
        sys.exit(f"rooms.py: not in compile_commands.json (is it built?): {' '.join(missing)}")
    folders = {os.path.dirname(f) for f in files}
    homeless = [f for f in sorted(commands) if os.path.dirname(f) in folders and f not in floors]
    if homeless:
        sys.exit(f"rooms.txt: these files are in no room: {' '.join(homeless)}")
    os.makedirs(WORK, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(files, pool.map(lambda f: make_object(f, *commands[f]), files)))


def image_objects(files, domain):
    """The same of an image's own objects; the port is under arch/sd of its tree."""
    objects = {f: os.path.join(BUILD, domain, "obj/arch/sd/rt", os.path.relpath(f, "runtime"))[:-2] + ".o" for f in files}
    missing = [o for o in objects.values() if not os.path.exists(o)]
    if missing:
        sys.exit(f"rooms.py: kslice build {domain} makes {' '.join(missing)}")
    return objects


def by_object(tool, objects):
    """Output of a binutils program over all objects => {object: [line]}."""
    out = subprocess.run([*tool, *objects], check=True, text=True, capture_output=True).stdout
    parts, lines = {}, []
    for line in out.split("\n"):
        head = re.fullmatch(r"(?:File: )?(/.*\.o):?", line)
        if head:
            lines = parts.setdefault(head.group(1), [])
        elif line:
            lines.append(line)
    return parts


def defined_symbols(objects):
    """Global symbols => the files that define them."""
    made = {}
    names = {o: f for f, o in objects.items()}
    out = subprocess.run(["nm", "-A", "--defined-only", "--extern-only", *names], check=True, text=True,
                         capture_output=True).stdout
    for line in out.split("\n"):
        if line:
            obj, rest = line.rsplit(":", 1)
            made.setdefault(rest.split()[-1], set()).add(names[obj])
    return made


def relocations(objects):
    """(file, section, symbol) for each relocation of each object against a named symbol."""
    names = {o: f for f, o in objects.items()}
    for obj, lines in by_object(["readelf", "-W", "-r"], list(names)).items():
        section = ""
        for line in lines:
            head = re.match(r"Relocation section '\.rela(\S+)'", line)
            if head:
                section = head.group(1)
            entry = re.match(r"[0-9a-f]{12,16}\s+[0-9a-f]+\s+R_\S+\s+[0-9a-f]+\s+([A-Za-z_]\S*)", line)
            if entry and not section.startswith((".debug", ".eh_frame")):
                yield names[obj], section, entry.group(1)


def user_of(section):
    """.text.sd_hook => sd_hook"""
    return re.sub(r"^\.(text|data|rodata|bss|init_array|local|rel|ro|\.)+", "", section).lstrip(".") or section


def find_includes(files):
    """(file, header) for each #include of one of the files."""
    for f in files:
        with open(os.path.join(SRC, f), encoding="utf-8") as text:
            for name in re.findall(r'^\s*#\s*include\s+["<]([^">]+)[">]', text.read(), re.M):
                beside = os.path.normpath(os.path.join(os.path.dirname(f), name))
                found = [beside] if beside in files else [h for h in files if h.endswith("/" + name)]
                if found:
                    yield f, found[0]


def check_area(area, rooms, domain, verbose):
    floors = place_files(rooms)
    objects = image_objects(sources_of(floors), domain) if domain else make_objects(floors)
    made = defined_symbols(objects)
    arrows, wrong = {}, set()
    uses = [(f, made[s], f"{user_of(section)}() uses {s}") for f, section, s in relocations(objects) if s in made]
    uses += [(f, {h}, "includes it") for f, h in find_includes(floors)]
    for f, targets, what in uses:
        target = min(targets, key=lambda t: (t != f, floors[t]))
        arrows.setdefault((floors[f], floors[target]), set()).add((f, target, what))
        if floors[target] > floors[f]:
            wrong.add(f"{area}: {rooms[floors[f]][0]} -> {rooms[floors[target]][0]}: {f} -> {target}: {what}")
    for line in sorted(wrong):
        print(line)
    if verbose:
        for (a, b), what in sorted(arrows.items()):
            if a != b:
                print(f"{area}: {rooms[a][0]} -> {rooms[b][0]}: {len(what)}{' UP' if b > a else ''}")
    between = sum(len(w) for (a, b), w in arrows.items() if a != b)
    print(f"{area}: {len(objects)} files in {len(rooms)} rooms, {between} arrows between them, {len(wrong)} upwards")
    return len(wrong)


def main(args):
    areas, domains = read_areas(os.path.join(SRC, "tests/lint/rooms.txt"))
    verbose = "-v" in args
    wanted = [a for a in args if a != "-v"] or list(areas)
    for a in wanted:
        if a not in areas:
            sys.exit(f"rooms.py: rooms.txt has no area {a}")
    return sum(check_area(a, areas[a], domains[a], verbose) for a in wanted) != 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
