#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""man.py: man pages and shell completion, from the programs' descriptions (cli/cli.h: --dump-help) and from the JSON schema of
specs. The rest of a page is in a template, PAGE.in: man(7) source in which a line @PART@ is replaced by a generated part.

    man.py page DATE PROGRAM TEMPLATE      a program's page; parts: HEAD NAME SYNOPSIS COMMANDS OPTIONS
    man.py spec DATE VERSION SCHEMA TEMPLATE   the page of specs; parts: HEAD KEYS ROUTES KEEP DEVICES CUTS GROUPS
    man.py bash PROGRAM                    bash completion
"""
import json
import re
import subprocess
import sys


def esc(text):
    """Text for roff; `x' and `x` become bold."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"`([^`']*)['`]", r"\\fB\1\\fP", text)
    return re.sub(r"^([.'])", r"\\&\1", text, flags=re.M)


def head(name, section, date, version):
    return f'.TH {name.upper()} {section} {date} "kslice {version}" "kslice"\n'


def fill(template, parts):
    out = []
    for line in open(template):
        m = re.fullmatch(r"@([A-Z]+)@\n", line)
        if m and m[1] not in parts:
            sys.exit(f"{template}: there is no part @{m[1]}@")
        out.append(parts[m[1]]() if m else line)
    return "".join(out)


# ---- programs ----

def dump(program):
    return json.loads(subprocess.run([program, "--dump-help"], check=True, capture_output=True, text=True).stdout)


def names(option):
    """An argument that may be left out is in brackets."""
    arg, optional = (option["arg"] or "").strip("[]"), (option["arg"] or "").startswith("[")
    shown = f"\\fI{esc(arg)}\\fP"
    short = ("" if not arg else f"[{shown}]" if optional else f" {shown}")
    long = ("" if not arg else f"[={shown}]" if optional else f"={shown}")
    return (f"\\fB\\-{option['letter']}\\fP{short}, " if option["letter"] else "") + f"\\fB\\-\\-{esc(option['name'])}\\fP{long}"


def sentence(text):
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


def options(of):
    out = []
    for o in sorted(of["options"], key=lambda o: o["name"]):
        out.append(f".TP\n{names(o)}\n{esc(sentence(o['help']))}\n")
        if o["value"]:
            out.append(f"Default: {esc(o['value'])}.\n")
        out.append(f"Commands: {esc(', '.join(o['commands']))}.\n")
    out.append(".TP\n\\fB\\-h\\fP, \\fB\\-?\\fP, \\fB\\-\\-help\\fP\nPrint a help text, behind a command that of the command, and exit.\n"
               ".TP\n\\fB\\-V\\fP, \\fB\\-\\-version\\fP\nPrint the version and exit.\n")
    return "".join(out)


def args_of(command):
    return re.sub(r"[A-Z]+", lambda m: f"\\fI{m[0]}\\fP", esc(command["args"]))


def commands(of):
    return "".join(f".TP\n\\fB{c['name']}\\fP {args_of(c)}\n".replace(" \n", "\n") + esc(sentence(c["summary"])) + "\n" +
                   (esc(c["text"]) + "\n" if c["text"] else "") for c in of["commands"])


def synopsis(of):
    lines = [f"\\fB{of['name']} {c['name']}\\fP [\\fIOPTION\\fP]... {args_of(c)}".rstrip() for c in of["commands"]]
    lines += [f"\\fB{of['name']}\\fP [\\fICOMMAND\\fP] \\fB\\-\\-help\\fP", f"\\fB{of['name']} \\-\\-version\\fP"]
    return "\n.br\n".join(lines) + "\n"


def page(date, program, template):
    of = dump(program)
    summary = of["summary"].rstrip(".")
    return fill(template, {
        "HEAD": lambda: head(of["name"], 1, date, of["version"]),
        "NAME": lambda: f".SH NAME\n{of['name']} \\- {esc(summary[:1].lower() + summary[1:])}\n",
        "SYNOPSIS": lambda: ".SH SYNOPSIS\n" + synopsis(of),
        "COMMANDS": lambda: ".SH COMMANDS\n" + commands(of),
        "OPTIONS": lambda: ".SH OPTIONS\n" + options(of),
    })


# ---- specs ----

def keys(of):
    required = of.get("required", [])
    out = []
    for key, value in of["properties"].items():
        text = value["description"]  # a key without one is an error
        out.append(f".TP\n\\fB{esc(key)}\\fP" + (" (required)" if key in required else "") + f"\n{esc(text)}\n")
    return "".join(out)


def spec(date, version, schema, template):
    root = json.load(open(schema))
    top, defs = root["properties"], root["$defs"]
    return fill(template, {
        "HEAD": lambda: head("kslice-spec", 5, date, version),
        "KEYS": lambda: keys(root),
        "ROUTES": lambda: keys(top["routes"]["items"]),
        "KEEP": lambda: "".join(keys(i) for i in top["keep"]["items"]["oneOf"] if "properties" in i),
        "DEVICES": lambda: keys(top["devices"]["items"]),
        "CUTS": lambda: keys(defs["cut"]),
        "GROUPS": lambda: keys(defs["group"]),
    })


# ---- bash ----

BASH = """\
# bash completion for {name}; made by man/man.py from `{name} --dump-help`.
_{name}()
{{
	local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command= i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${{COMP_WORDS[i]}} in
		{commands}) command=${{COMP_WORDS[i]}}; break ;;
		esac
	done
{rest}	[ "$prev" != = ] || prev=${{COMP_WORDS[COMP_CWORD - 2]}}
	case $prev in
{values}	esac
	if [[ $cur == -* ]]; then
		case $command in
{options}		*) COMPREPLY=($(compgen -W "--help --version" -- "$cur")) ;;
		esac
		compopt -o nospace 2>/dev/null
		[[ ${{COMPREPLY[0]-}} == *= ]] || compopt +o nospace 2>/dev/null
		return
	fi
	case $command in
	"") COMPREPLY=($(compgen -W "{words}" -- "$cur")) ;;
	*) COMPREPLY=($(compgen -W "$(_{name}_domains)" -- "$cur") $(compgen -f -X '!*.json' -- "$cur")) ;;
	esac
}}

# The specs of the repo or installation that the program belongs to, and of the user.
_{name}_domains()
{{
	local program dir spec
	program=$(type -P "${{COMP_WORDS[0]}}") || return
	program=$(readlink -f "$program")
	for dir in "${{program%/bin/*}}/../specs" "${{program%/bin/*}}/share/kslice/specs" \\
		"${{XDG_STATE_HOME:-$HOME/.local/state}}/kslice/specs"; do
		for spec in "$dir"/*.json; do
			spec=${{spec##*/}}
			[ "$spec" = "*.json" ] || [ "$spec" = schema.json ] || echo "${{spec%.json}}"
		done
	done
}}
complete -F _{name} {name}
"""

# Completion of an option's argument, by its name in the help.
FILES = {"FILE": "-f", "DIR": "-d"}


def bash(program):
    of = dump(program)
    words = [c["name"] for c in of["commands"]]
    values, opts = "", ""
    for o in of["options"]:
        if o["arg"]:
            forms = f"--{o['name']}" + (f"|-{o['letter']}" if o["letter"] else "")
            what = FILES.get(o["arg"])
            todo = f'COMPREPLY=($(compgen {what} -- "${{cur#=}}"))' if what else ":"
            values += f"\t{forms}) {todo}; return ;;\n"
    for c in words:
        mine = [f"--{o['name']}" + ("=" if o["arg"] and o["arg"][0] != "[" else "") for o in of["options"] if c in o["commands"]]
        opts += f"\t\t{c}) COMPREPLY=($(compgen -W \"{' '.join(mine + ['--help'])}\" -- \"$cur\")) ;;\n"
    rest = "".join(f"\tif [ \"$command\" = {c['name']} ]; then\n\t\tfor ((; i < COMP_CWORD; i++)); do\n"
                   "\t\t\t[ \"${COMP_WORDS[i]}\" = -- ] || continue\n"
                   "\t\t\tif declare -F _command_offset >/dev/null; then\n\t\t\t\t_command_offset $((i + 1))\n"
                   "\t\t\telif ((COMP_CWORD == i + 1)); then\n\t\t\t\tCOMPREPLY=($(compgen -c -- \"$cur\"))\n"
                   "\t\t\telse\n\t\t\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n\t\t\tfi\n\t\t\treturn\n\t\tdone\n\tfi\n"
                   for c in of["commands"] if c["rest"])
    return BASH.format(name=of["name"], commands="|".join(words), words=" ".join(words + ["--help", "--version"]),
                       values=values, options=opts, rest=rest)


kinds = {"page": (page, 3), "spec": (spec, 4), "bash": (bash, 1)}
if len(sys.argv) < 2 or sys.argv[1] not in kinds or len(sys.argv) - 2 != kinds[sys.argv[1]][1]:
    sys.exit(__doc__)
sys.stdout.write(kinds[sys.argv[1]][0](*sys.argv[2:]))
