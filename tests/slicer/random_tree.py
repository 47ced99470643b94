# SPDX-License-Identifier: GPL-2.0
"""random_tree.py: kernel-like C files out of random forms of definitions that name each other at random.

Tree(rng) knows what the slicer has to find out: who names whom, which fields are read, what a file brings along.
Every definition has a number of its own (its mark) in its text and nowhere else; Tree.kept() is the closure.
"""

HEADER = """/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ALL_H
#define _ALL_H
#define __used		__attribute__((__used__))
#define __section(s)	__attribute__((__section__(s)))
#define __init		__section(".init.text")
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define asmlinkage
#define EXPORT_SYMBOL(sym)
#define EXPORT_SYMBOL_GPL(sym)
typedef int (*initcall_t)(int);
#define module_init(fn) static initcall_t __initcall_##fn##6 __used __section(".initcall6.init") = fn;
#define SYSCALL_DEFINE1(name, t1, a1)						\\
	asmlinkage long sys_##name(t1 a1);					\\
	static inline long __do_sys_##name(t1 a1);				\\
	long __se_sys_##name(long a1);						\\
	long __se_sys_##name(long a1) { return __do_sys_##name((t1)a1); }	\\
	asmlinkage long sys_##name(t1 a1) { return __se_sys_##name((long)a1); }	\\
	static inline long __do_sys_##name(t1 a1)
#define DEFINE_FN(name, expr) int name(int x) { return expr; }
#define DEFINE_TWO(name, expr) static int name##_val = expr; int name(int x) { return x + name##_val; }
#define FN_HEAD(name) int name(int x)
struct ops0 { int id; int (*a)(int); int (*b)(int); int (*c)(int); };
struct ops1 { struct { int (*a)(int); int (*b)(int); } in; int (*c)(int); };
"""

# {S} static or not, {N} name, {E} what it names, {M} its mark. All of int NAME(int x).
FUNCTIONS = [
    "{S}int {N}(int x)\n{{\n\treturn {E} + {M};\n}}",
    "/**\n * {N}() - it's \"quoted\n * @x: {M}\n */\n{S}int {N}(int x)\n{{\n\tint y = {M};\n\n\tif (x)\n\t\treturn y;\n\treturn {E};\n}}",
    "{S}int {N}(int x) {{ return {E} + {M}; }}",
    "{S}__attribute__((noinline))\nint {N}(int x)\n{{\n\treturn {E} + {M};\n}} /* {N} {M} */",
    "{S}int\n{N}(\n\tint x /* ) {{ */\n)\n{{\n\treturn {E} + {M};\n}}",
    "{S}int __init {N}(int x)\n{{\n\tconst char *s = \"}} /* #endif \\\" {M}\";\n\tchar c = '\"', d = '\\'', e = '{{';\n\n\t// don't }}\n\treturn s[x] + c + d + e + {E};\n}}",
    "{S}int {N}(int x)\n{{\n#define IN_{N} 3\n#ifdef NOBODY_HAS_IT\n\tdon't {M}\n#else\n\tx += {E};\n#endif\n\treturn x + IN_{N} + {M};\n#undef IN_{N}\n}}",
    "{S}int {N}(int x)\n{{\n#define LONG_{N}(a)\t\\\n\t((a) +\t\t\\\n\t 1)\n\treturn LONG_{N}({E}) + {M};\n}}",
    "#ifdef NOBODY_HAS_IT\n{S}long {N}(long x, long y)\n#else\n{S}int {N}(int x)\n#endif\n{{\n\treturn {E} + {M};\n}}",
    "#ifndef NOBODY_HAS_IT\n{S}int {N}(int x)\n#else\n{S}long {N}(long {M})\n#endif\n{{\n\treturn {E} + {M};\n}}",
    "{S}int {N}(int x)\n{{\n\tstruct {{ int v; }} l = {{ .v = {M} }};\n\tstatic int n;\n\n\tn += {E};\n\tgoto out;\nout:\n\treturn l.v + n;\n}}",
    "{S}int {N}(int x)\n{{\n#if 0\n\tit's \"not closed {M}\n#endif\n\treturn ({{ int t = {E}; t + {M}; }});\n}}",
    "{S}int {N}(int x)\n{{\n\t/*\n#error \"{M}\n\t */ // {M} /*\n\treturn {E} + {M};\n}}",
    "#define NAME_{N} {N}\n{S}int NAME_{N}(int x)\n{{\n\treturn {E} + {M};\n}}",
    "{S}int {N}(int x)\n{{\n\tswitch (x) {{\n\tcase 1 ... 5:\n\t\treturn {M};\n\tcase '}}':\n\t\treturn 2;\n\t}}\n\treturn {E};\n}};",
    "{S}int {N}(int x)\n#if 1\n{{\n\treturn {E} + {M};\n}}\n#else\n{{\n\treturn 0;\n}}\n#endif",
]
# Of external linkage only: macros make them.
MACRO_FUNCTIONS = [
    "DEFINE_FN({N}, {E} + {M})", "DEFINE_FN({N},\n\t  {E} +\n\t  {M});", "DEFINE_TWO({N}, {M})",
    "FN_HEAD({N})\n{{\n\treturn {E} + {M};\n}}", "/* {M} */\nDEFINE_TWO({N}, {M});",
    "extern int {N}(int x); int {N}(int x)\n{{\n\treturn {E} + {M};\n}}",
]
# int variables; a pair: the second is what is left of it, as nothing names what stands beside the variable
VARIABLES = [
    "{S}int {N} = {M};", "{S}int {N}\t/* it */\n\t= {M}; /* {M} */", "{S}int {N};\n{S}int {N} = {M};", # tentative
    "/* of {N}: {M} */\n{S}int {N} __attribute__((aligned(8))) = ({M});",
    "{S}int {N} = {M}, other_{N}, *ptr_{N} = &other_{N};",
    "{S}struct t_{N} {{\n\tint v;\n}} s_{N} = {{ {M} }};\n{S}int {N} = {M} + sizeof(s_{N});",
    ("{S}struct t_{N} {{\n\tint v;\n}} s_{N} = {{ 5 }};\n{S}int {N} = {M};",
     "struct t_{N} {{\n\tint v;\n}};\n{S}int {N} = {M};"),
    "static const struct {{\n\tint v;\n}} an_{N} = {{ {M} }};\n{S}int {N} = {M} + (int)sizeof(an_{N}.v);",
    ("static const struct {{\n\tint v;\n}} an_{N} __attribute__((unused)) = {{ 5 }};\n{S}int {N} = {M};",
     "{S}int {N} = {M};"),
    ("{S}enum e_{N} {{ A_{N}, B_{N} }} en_{N} = B_{N};\n{S}int {N} = {M};",
     "enum e_{N} {{ A_{N}, B_{N} }};\n{S}int {N} = {M};"),
    ("{S}enum {{ A_{N}, B_{N} = 3 }} en_{N};\n{S}int {N} = B_{N} + {M};", "enum {{ A_{N}, B_{N} = 3 }};\n{S}int {N} = B_{N} + {M};"),
]
# Arrays of functions: read by index, every element counts
TABLES = [
    "{S}int (*{N}[])(int) = {{ /* {M} */\n\t{L},\n}};\n_Static_assert(sizeof({N}) > 1, \"{N}\");",
    "{S}int (*{N}[])(int) = {{ {L} /* last {M} */ }};",
    "/*\n * {M}\n */\n{S}int (*const {N}[4])(int) = {{\n#ifdef NOBODY_HAS_IT\n\tdont,\n#endif\n\t[1] = {L0},\n\t[2 ... 3] = {L0} }};",
]
# Calls of functions that a cut drops: {v} returns nothing, {i} an int; {a}: one that
# isn't called, so it stays; {k} a number for names
CALLS = [
    "\t{v}(x);\n", "\tif (x)\n\t\t{v}(x);\n\telse\n\t\tx++;\n", "\tif (x > 1)\n\t\tx--;\n\telse\n\t\t{v}(x);\n",
    "\t{{\n\t\tint only{k} = x * 2;\n\n\t\t{v}(only{k});\n\t}}\n", "\tx += {i}(x + 1);\n",
    "\tif ({i}(x) || x == 3)\n\t\tx += 5;\n", "\tfor (int i = 0; i < 2; i++)\n\t\t{v}(i);\n",
    "\tswitch (x) {{\n\tcase 1:\n\t\t{v}(1);\n\t\tbreak;\n\tcase 2:\n\t\tx++; /* fall */\n\tdefault:\n\t\t{v}(2);\n\t}}\n",
    "\tdo\n\t\t{v}(x);\n\twhile (0);\n", "\tx ? {v}(x) : {v}(1);\n", "\t{i}({i}(x));\n", "\t(void){i}(x);\n",
    "\tif (x == 77)\n\t\tgoto out{k};\n\tx++;\nout{k}:\n\t{v}(x);\n", "\tint z{k} = {i}(x);\n\n\tx += z{k};\n",
    "\twhile ({i}(x) > 100)\n\t\tx--;\n", "\t{v}(x + /* a; comment */\n\t    1); /* and one */\n",
    "\t{v}(\n#ifdef NOBODY_HAS_IT\n\t\t1 +\n#endif\n\t\tx);\n", "\tif (unlikely({i}(x)))\n\t\treturn 4;\n",
    "\tif (x) {{ {v}(1); }} else {{ {v}(2); }}\n", "\tx++; {v}(x); x--;\n", "\tint a{k} = x, b{k} = a{k} + 1;\n\n\t{v}(b{k});\n",
    "\tint u{k};\n\n\tu{k} = {i}(x); if (u{k})\n\t\tx++;\n", "\tx = x > 2 ? {i}(x) : {i}(2);\n",
    "\tif (x == 5)\n\t\tfor (;;)\n\t\t\tif ({i}(2))\n\t\t\t\t{v}(x);\n\t\t\telse\n\t\t\t\tbreak;\n",
    "\tconst char *p{k} = \"}}; (\";\n\tint (*q{k})(int) = {a};\n\n\t{v}(p{k}[0]);\n\tx += q{k} ? 1 : 2;\n",
]


def can_share_a_line(d):
    """Comments of one that shares a line with another stay."""
    return d.text[-1] in ";}" and "#" not in d.text and "/*" not in d.text and not d.left


class Def:
    """One definition: text, what it names, what it reads; live: what it holds by field."""
    def __init__(self, mark, name, static, kind):
        self.mark, self.name, self.static, self.kind = mark, name, static, kind
        self.refs, self.reads, self.held, self.calls, self.addr = set(), set(), [], set(), set()
        self.nested = False # ops: .in = { ... }
        self.left = None # of the text, if that isn't all of it
        self.text, self.early, self.pinned, self.file, self.type = "", False, False, None, ""

    def term(self):
        if self.kind == "func":
            return f"{self.name}(x)"
        if self.kind == "table":
            return f"{self.name}[x & 1](x)"
        if self.kind == "ops":
            return f"take_{self.type}(&{self.name}, x)"
        return self.name


PART, INCLUDERS = "d0/part.c", ["d0/f0.c", "d1/f3.c"] # one text, two units of translation


class Tree:
    NDEFS, NPARTS, NFILES = 70, 6, 5

    def __init__(self, rng):
        self.rng, self.defs, self.files = rng, [], {}
        self.mark = 9000000 + rng.randrange(100) * 1000
        # definitions no root set names are what drops take away
        self.gone = [(f"gone_v{i}", f"gone_i{i}") for i in range(2)]
        self.order = {f"d{i % 2}/f{i}.c": [] for i in range(self.NFILES)}
        for _ in range(self.NDEFS):
            self.add(rng.choice(sorted(self.order)))
        self.order[PART] = []
        for _ in range(self.NPARTS):
            self.new(PART, None, True, "func")
        self.render()

    def new(self, file, name, static, kind):
        self.mark += 1
        d = Def(self.mark, name or f"{kind}{len(self.defs)}", static, kind)
        d.file = file
        self.order[file].append(d)
        self.defs.append(d)
        return d

    def add(self, file):
        r = self.rng
        d = self.new(file, None, r.random() < 0.5, r.choice(["func"] * 6 + ["var", "var", "table", "ops"]))
        if d.kind == "ops":
            d.type = r.choice(["ops0", "ops1"])
        d.early = d.static and d.kind == "func" and r.random() < 0.4

    # ---- what one definition says ----

    def visible(self, d, kinds):
        """What d may name: all that is external, and its file's statics above it or declared early."""
        mine, above = self.order[d.file], True
        for o in self.defs:
            if o is d or o.kind not in kinds:
                continue
            if (not o.static or (o.file == d.file and (o.early or mine.index(o) < mine.index(d))) or
                    (o.file == PART and d.file in INCLUDERS)):
                yield o

    def some(self, d, kinds, n):
        all_ = list(self.visible(d, kinds))
        return self.rng.sample(all_, min(n, len(all_)))

    def text_of_func(self, d):
        r = self.rng
        refs = self.some(d, ("func", "var", "table", "ops"), r.choice([0, 1, 1, 2]))
        expr = " + ".join(["x"] + [o.term() for o in refs])
        for o in refs:
            d.refs.add(o)
        if r.random() < 0.25:
            t, f = r.choice([("ops0", "a"), ("ops0", "b"), ("ops0", "c"), ("ops1", "in.a"), ("ops1", "in.b"), ("ops1", "c")])
            d.reads.add((t, f))
            expr += f" + last_{t}->{f}(x)"
        if r.random() < 0.25 and self.gone:
            return self.text_with_calls(d, expr)
        forms = FUNCTIONS if d.static or r.random() < 0.75 else MACRO_FUNCTIONS
        form = r.choice(forms)
        if form.startswith(("DEFINE_TWO", "/* {M} */\nDEFINE_TWO")): # it names nothing else
            d.refs.clear()
            d.reads.clear()
        return form.format(S=self.linkage(d), N=d.name, E=expr, M=d.mark)

    def linkage(self, d):
        """Compilers don't warn of an unused inline function in an included file."""
        return "static inline " if d.file == PART else "static " if d.static else ""

    def text_with_calls(self, d, expr):
        r, body = self.rng, ""
        for k in range(r.choice([1, 1, 2, 3])):
            v, i = r.choice(self.gone)
            form = r.choice(CALLS)
            body += form.format(v=v, i=i, a=i, k=k)
            d.addr |= {i} if "{a}" in form else set()
            d.calls |= {n for n, key in ((v, "{v}"), (i, "{i}")) if key in form}
        return f"{self.linkage(d)}int {d.name}(int x)\n{{\n{body}\treturn {expr} + {d.mark};\n}}"

    def text_of_table(self, d):
        fns = self.some(d, ("func",), 2) or [self.zero]
        d.refs |= set(fns)
        form = self.rng.choice(TABLES)
        if "{L0}" in form:
            d.refs = {fns[0]}
        d.pinned = "_Static_assert" in form
        return form.format(S="static " if d.static else "", N=d.name, M=d.mark, L=",\n\t".join(f.name for f in fns), L0=fns[0].name)

    def text_of_ops(self, d):
        r = self.rng
        s, fns = "static " if d.static else "", self.some(d, ("func",), 3)
        names = ["a", "b", "c"] if d.type == "ops0" else ["in.a", "in.b", "c"]
        r.shuffle(fns)
        elems = {n: f for n, f in zip(names, fns) if r.random() < 0.8}
        d.held = [((d.type, n), f) for n, f in elems.items()]
        if d.type == "ops1" and r.random() < 0.6:
            inner = "".join(f"\t\t.{n[3:]} = {f.name},\n" for n, f in elems.items() if n != "c")
            d.nested = bool(inner)
            body = f"\t.in = {{\n{inner}\t}},\n" if inner else ""
            body += f"\t.c = {elems['c'].name} /* last */\n" if "c" in elems else ""
        elif r.random() < 0.2:
            body = "\t" + " ".join(f".{n} = {f.name}," for n, f in elems.items()) + "\n"
        else:
            sep = r.choice(["", "\n", " /* why */", "\n#ifdef NOBODY_HAS_IT\n\tdont,\n#endif"])
            body = "".join(f"\t.{n}\t= {f.name},{sep if i != 1 else ''}\n" for i, (n, f) in enumerate(elems.items()))
        return f"{s}const struct {d.type} {d.name} = {{ /* {d.mark} */\n{body}}};"

    def text_of_var(self, d):
        forms = self.rng.choice(VARIABLES)
        whole, d.left = forms if isinstance(forms, tuple) else (forms, None)
        words = {"S": "static " if d.static else "", "N": d.name, "M": d.mark}
        d.left = d.left and d.left.format(**words)
        return whole.format(**words)

    # ---- the files ----

    def fixed(self):
        """What every tree has: where ops are taken, what cuts drop, one call."""
        self.zero = self.new("d0/f0.c", "zero", False, "func")
        self.zero.text = f"int zero(int x)\n{{\n\treturn x + {self.zero.mark};\n}}"
        self.names = {"zero": self.zero}
        for t in ("ops0", "ops1"):
            last = self.new("d0/f0.c", f"last_{t}", False, "fixed")
            last.text = f"const struct {t} *last_{t} /* {last.mark} */;"
            take = self.new("d0/f0.c", f"take_{t}", False, "fixed")
            take.text = f"int take_{t}(const struct {t} *o, int x)\n{{\n\tlast_{t} = o;\n\treturn x + {take.mark};\n}}"
            take.refs.add(last)
            self.names[last.name], self.names[take.name] = last, take
        for v, i in self.gone:
            for n, head in ((v, "void"), (i, "int")):
                d = self.new("d1/f1.c", n, False, "fixed")
                d.text = (f"{head} {n}(int x)\n{{\n\tzero({d.mark});\n}}" if head == "void" else
                          f"{head} {n}(int x)\n{{\n\treturn zero(x) + {d.mark};\n}}")
                d.refs.add(self.zero)
                self.names[n] = d
        call = self.new("d0/f0.c", "sys_it", False, "fixed")
        call.text = f"SYSCALL_DEFINE1(it, int, x)\n{{\n\treturn {call.mark} + x;\n}}"
        self.call = call

    def render(self):
        r = self.rng
        for defs in self.order.values():
            r.shuffle(defs)
        self.fixed()
        for d in self.defs:
            if not d.text:
                d.text = getattr(self, f"text_of_{d.kind}")(d)
        for d in self.defs:
            for o in list(d.refs):
                if o.kind == "ops":
                    d.refs.add(self.names[f"take_{o.type}"])
            for t, _ in d.reads:
                d.refs.add(self.names[f"last_{t}"])
            d.refs |= {self.names[n] for n in d.addr}
        protos = {"func": "int {}(int x);", "var": "extern int {};", "table": "", "ops": "extern const struct {t} {};"}
        head = HEADER
        for d in self.defs:
            const = "const " if "*const" in d.text else ""
            if not d.static and d.kind != "fixed":
                head += (f"extern int (*{const}{d.name}[])(int);" if d.kind == "table" else
                         protos[d.kind].format(d.name, t=d.type)) + "\n"
        for t in ("ops0", "ops1"):
            head += f"extern const struct {t} *last_{t};\nint take_{t}(const struct {t} *o, int x);\n"
        for v, i in self.gone:
            head += f"void {v}(int x);\nint {i}(int x);\n"
        self.files["include/all.h"] = head + "#endif\n"
        self.files["arch/mini/kernel/main.c"] = (
            "#include <all.h>\nvoid sd_trap(const char *name) __attribute__((noreturn));\n"
            "void sd_trap(const char *name)\n{\n\tfor (;;)\n\t\t;\n}\n")
        for path, defs in self.order.items():
            self.files[path] = self.render_file(path, defs)

    def render_file(self, path, defs):
        r, depth = self.rng, 0
        out = "// SPDX-License-Identifier: GPL-2.0\n/* A file. */\n#include <all.h>\n\n"
        out += '#include "../d0/part.c"\n\n' if path in INCLUDERS else ""
        for d in defs:
            if d.early:
                out += f"static int {d.name}(int x);" + r.choice(["\n", " /* early */\n", "\n\n"])
        for d in defs:
            if out[-1] == " " and not can_share_a_line(d):
                out += "\n"
            if depth == 0 and out[-1] == "\n" and r.random() < 0.15:
                out += r.choice(["#if 1\n", "#ifndef NOBODY_HAS_IT\n\n", "#ifdef NOBODY_HAS_IT\nno such text\n#else\n"])
                depth = 1
            if r.random() < 0.1:
                out += "/* A comment by itself. */\n\n"
            out += d.text + self.behind(d)
            if depth and out[-1] == "\n" and r.random() < 0.4:
                out += r.choice(["#endif\n", "#endif /* it */\n\n"])
                depth = 0
        out += "\n#endif\n" if depth else ""
        return out.rstrip("\n") if r.random() < 0.1 else out

    def behind(self, d):
        r = self.rng
        if d.kind == "func" and d.file != PART and r.random() < 0.05:
            d.pinned = True
            return r.choice(["\nmodule_init({});\n\n"] + ["\nmodule_init({})\n"] * (d.text[-1] == "}")).format(d.name)
        if d.kind == "func" and not d.static and r.random() < 0.3:
            return r.choice(["\nEXPORT_SYMBOL({});\n\n", "\n\nEXPORT_SYMBOL_GPL({});\n\n"] +
                            ["\nEXPORT_SYMBOL({})\n"] * (d.text[-1] == "}")).format(d.name)
        return r.choice(["\n\n", "\n\n", "\n\n\n", "\n", " /* behind */\n\n"] +
                        ([" "] if can_share_a_line(d) else []))

    # ---- the closure ----

    def kept(self, roots, dropped=(), emptied=()):
        """(kept definitions, fields that are read, live files). dropped: names that a cut hits; emptied: name => what its new body names."""
        kept, reads, files, queue = set(), set(), set(), list(roots) + [self.call]

        while queue:
            for d in queue:
                kept.add(d)
                if d.name not in emptied:
                    reads |= d.reads
                files |= set(INCLUDERS) if d.file == PART else {d.file}
            queue = [o for d in queue for o in
                     (emptied[d.name] if d.name in emptied else [*d.refs, *(self.names[n] for n in d.calls if n not in dropped)])]
            queue += [o for f in files for o in self.order[f] if o.pinned]
            queue += [f for o in kept for field, f in o.held if field in reads]
            queue = [d for d in queue if d not in kept]
        return kept, reads, files | ({PART} if files & set(INCLUDERS) else set())
