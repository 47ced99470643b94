# SPDX-License-Identifier: GPL-2.0
"""random_shapes.py: programs of random tables, and of random ways to read them, that run and print.

Program(rng).files: a tree like shapes/ beside this file. A record has fields of functions, of data and of records; a
table of it is written in a random form (designated, by place, by macros, in a file that two units include ...), and a
function reads one of its fields in a random way (by its name, or by one of the puns that C allows). Functions number
those that they may reach: only lower ones, so that every program ends.
"""

HEADER = """/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ALL_H
#define _ALL_H
#define NULL ((void *)0)
#define EMPTY
#define ID(...) __VA_ARGS__
#define PAIR(a, b) a, .b
#define PICK(a, b) (1 ? (a) : (b))
#define ADDRESS(a) &a
#define SYSCALL_DEFINE1(name, t1, a1) \\
	long sys_##name(t1 a1); \\
	static inline long __do_sys_##name(t1 a1); \\
	long __se_sys_##name(long a1); \\
	long __se_sys_##name(long a1) { return __do_sys_##name((t1)a1); } \\
	long sys_##name(t1 a1) { return __se_sys_##name((long)a1); } \\
	static inline long __do_sys_##name(t1 a1)
void *memcpy(void *to, const void *from, unsigned long n);
typedef int (*fn_t)(int x);
"""
ATTRIBUTES = ["", "", "", "__attribute__((aligned(16)))", "__attribute__((unused))", "__attribute__((noinline))"]
TYPE_ATTRIBUTES = ["", "", "__attribute__((packed))", "__attribute__((aligned(32)))", "__attribute__((packed, aligned(8)))"]
CALL_ASM = 'asm volatile("call *{at}" : "=a"(r) : "D"((long)x), {operand} : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory");'


class Record:
    """fields: names of functions' addresses in order of their places; nested: path of those in an inner record."""
    def __init__(self, rng, n):
        self.name, self.twin = f"rec{n}", f"twin{n}"
        self.plain = [f"f{i}" for i in range(rng.randrange(2, 5))]
        self.inner = [f"in.i{i}" for i in range(rng.choice([0, 0, 2]))]
        self.number = rng.random() < 0.3
        self.fields = self.plain[:1] + self.inner + self.plain[1:]

    def struct(self, name, prefix):
        def line(f):
            return f"\tint (*{prefix}{f[-2:]})(int x);\n"
        body = line(self.plain[0])
        if self.inner:
            body += f"\tstruct {{\n{''.join(line(f) for f in self.inner)}\t}} {prefix}in;\n"
        body += "".join(line(f) for f in self.plain[1:])
        return f"struct {name} {{\n{body}" + (f"\tlong {prefix}number;\n" if self.number else "") + "};\n"

    def text(self):
        return self.struct(self.name, "") + self.struct(self.twin, "t")

    def twin_field(self, f):
        return "tin.t" + f[-2:] if "." in f else "t" + f

    def place(self, f):
        return self.fields.index(f)


class Table:
    def __init__(self, rec, name, unit, static):
        self.rec, self.name, self.unit, self.static = rec, name, unit, static
        self.slots = {} # field => function


class Program:
    NRECORDS, NFUNCTIONS, NUNITS, NCALLS = 5, 40, 4, 6

    def __init__(self, rng):
        self.rng = rng
        self.records = [Record(rng, n) for n in range(self.NRECORDS)]
        self.text = {f"kernel/u{i}.c": '#include <linux/compiler.h>\n' for i in range(self.NUNITS)}
        self.tail = HEADER + "".join(r.text() for r in self.records)
        self.functions, self.tables, self.calls = [], [], []
        self.templates = {}
        for n in range(self.NFUNCTIONS):
            self.add_function(n)
            if n > 4 and rng.random() < 0.5:
                self.add_table(f"tab{n}")
            if n > 4 and rng.random() < 0.15:
                self.add_type(n)
        for n in range(self.NCALLS):
            self.add_call(n)
        self.files = {**self.text, **self.templates, "include/linux/compiler.h": self.tail + "#endif\n"}

    # ---- functions ----

    def add_function(self, n):
        r = self.rng
        unit, name = r.choice(sorted(self.text)), f"fn{n}"
        static = r.random() < 0.4
        body, decls = [], ""
        for k in range(r.choice([0, 1, 1, 2]) if self.tables else 0):
            decl, code = self.read(r.choice(self.tables), unit, f"{n}_{k}")
            decls += decl
            body.append(code)
        for o in r.sample(self.functions, min(len(self.functions), r.choice([0, 0, 1]))):
            if not o[2] or o[1] == unit:
                body.append(f"x += {o[0]}(x);")
        if r.random() < 0.12:
            head = f"int {name}(x)\n\tint x;\n"
        else:
            head = f"int {name}(int x)\n"
        prefix = "static " + r.choice(["", "inline "]) if static else ""
        self.text[unit] += decls + f"{r.choice(['', chr(10)])}{prefix}{head}{{\n\tlong r = 0;\n\n\t(void)r;\n" + \
            "".join(f"\t{b}\n" for b in body) + f"\treturn x * 3 % 1000003 + {n + 7};\n}}\n"
        if not static:
            self.tail += f"int {name}(int x);\n"
        self.functions.append((name, unit, static))

    def add_type(self, n):
        """A type with attributes, defined by the declaration of a variable that is dead."""
        r = self.rng
        unit, a, b = r.choice(sorted(self.text)), r.choice(TYPE_ATTRIBUTES), r.choice(ATTRIBUTES[:5])
        self.text[unit] += (f"static struct type{n} {{\n\tchar c;\n\tlong l;\n\tshort s;\n}} {a} "
                            f"{r.choice(['', '*'])}var{n}{r.choice(['', '[2]'])} {b};\n"
                            f"int size{n}(int x);\nint size{n}(int x)\n{{\n\treturn x + (int)sizeof(struct type{n}) * 8 + "
                            f"(int)_Alignof(struct type{n});\n}}\n")
        self.tail += f"int size{n}(int x);\n"
        self.functions.append((f"size{n}", unit, False))

    # ---- tables ----

    def usable(self, unit):
        return [f[0] for f in self.functions if not f[2] or f[1] == unit]

    def add_table(self, name):
        r = self.rng
        rec, unit = r.choice(self.records), r.choice(sorted(self.text))
        t = Table(rec, name, unit, r.random() < 0.6)
        fns = self.usable(unit)
        if len(fns) < 2:
            return
        for f in rec.fields:
            if r.random() < 0.8:
                t.slots[f] = r.choice(fns)
        if not t.slots:
            return
        self.tables.append(t)
        if r.random() < 0.15:
            self.write_template(t)
            return
        attr = r.choice(ATTRIBUTES[:5])
        static = "static " if t.static else ""
        self.text[unit] += f"{static}const struct {rec.name} {name} {attr} = {self.initialiser(t)};\n"
        if not t.static:
            self.text[unit] = self.text[unit].replace('compiler.h>\n', f'compiler.h>\nextern const struct {rec.name} {name};\n', 1)

    def write_template(self, t):
        """The table's text stands in a file of its own, which two units include with other names."""
        r = self.rng
        path, other = f"template/{t.name}.c", r.choice(sorted(self.text))
        t.static = True
        self.templates[path] = f"static const struct TYPE TABLE = {self.initialiser(t)};\n"
        uses = [(t.unit, t.name, t.rec.name)]
        statics = {f[0] for f in self.functions if f[2]}
        if other != t.unit and not statics & set(t.slots.values()):
            self.text[other] += t.rec.struct(f"alt_{t.name}", "")
            twin = Table(t.rec, f"{t.name}_alt", other, True)
            twin.slots, twin.as_type = t.slots, f"alt_{t.name}"
            uses.append((other, twin.name, twin.as_type))
            self.tables.append(twin)
        for unit, name, type_ in uses:
            self.text[unit] += (f"#define TYPE {type_}\n#define TABLE {name}\n#include \"../{path}\"\n"
                                "#undef TYPE\n#undef TABLE\n")

    def value(self, fn):
        return self.rng.choice(["{}", "{}", "{}", "&{}", "ID({})", "ADDRESS({})", "PICK({}, {})", "(fn_t){}"]).replace("{}", fn)

    def initialiser(self, t):
        form = self.rng.choice(["designated", "designated", "designated", "shuffled", "place", "mixed", "nested", "pairs", "macro"])
        out = getattr(self, f"form_{form}")(t)
        if t.rec.number and self.rng.random() < 0.5:
            out.append(f".number = {self.rng.randrange(100)}")
        sep = self.rng.choice([",\n\t", ", ", ",\n#ifdef NOBODY_HAS_IT\n\tdont,\n#endif\n\t", ", /* }; */\n\t"])
        return "{\n\t" + sep.join(out) + self.rng.choice([",", "", " /* , */"]) + "\n}"

    def form_designated(self, t):
        return [f".{f} = {self.value(fn)}" for f, fn in t.slots.items()]

    def form_shuffled(self, t):
        out = self.form_designated(t)
        self.rng.shuffle(out)
        return out

    def form_place(self, t):
        if t.rec.inner:
            return self.form_mixed(t)
        last = max(t.rec.place(f) for f in t.slots)
        return [self.value(t.slots[f]) if f in t.slots else "NULL" for f in t.rec.fields[:last + 1]]

    def form_mixed(self, t):
        """By place wherever the one before has been given."""
        out, before = [], None
        for f in t.rec.fields:
            if f not in t.slots:
                before = None
                continue
            by_place = before and ("." in f) == ("." in before) and self.rng.random() < 0.6
            out.append(self.value(t.slots[f]) if by_place else f".{f} = {self.value(t.slots[f])}")
            before = f
        return out

    def form_nested(self, t):
        inner = [f".{f[3:]} = {self.value(fn)}" for f, fn in t.slots.items() if "." in f]
        out = [f".{f} = {self.value(fn)}" for f, fn in t.slots.items() if "." not in f]
        return out + ([f".in = {{ {', '.join(inner)} }}"] if inner else [])

    def form_pairs(self, t):
        """One macro call ends an element and begins the next."""
        items, out = list(t.slots.items()), []
        while items:
            f, fn = items.pop(0)
            if items and self.rng.random() < 0.5:
                g, gn = items.pop(0)
                out.append(f".{f} = PAIR({fn}, {g} = {gn})")
            else:
                out.append(f".{f} = {self.value(fn)}")
        return out

    def form_macro(self, t):
        return [f"ID({', '.join(self.form_designated(t))})"]

    # ---- ways to read ----

    def read(self, t, unit, n):
        """(declarations before the function, a statement that adds to x) for a field of t, in that unit."""
        r = self.rng
        field = r.choice(list(t.slots))
        type_ = getattr(t, "as_type", t.rec.name)
        if t.static and t.unit != unit:
            return "", f"x += via_{t.name}_{field[-2:]}(x);" if self.export(t, field, type_) else "x++;"
        decl = "" if t.static or t.unit == unit else self.foreign(t, type_)
        if decl is None:
            return self.read_foreign(t, field, n)
        way = r.choice(sorted(w for w in dir(self) if w.startswith("way_")))
        d, code = getattr(self, way)(t, field, type_, n)
        return decl + d, code

    def export(self, t, field, type_):
        """Another unit reads a static table through a function of its own unit."""
        name = f"via_{t.name}_{field[-2:]}"
        if f"int {name}(int x);" not in self.tail:
            self.tail += f"int {name}(int x);\n"
            self.text[t.unit] += f"int {name}(int x)\n{{\n\treturn {t.name}.{field}(x);\n}}\n"
        return True

    def foreign(self, t, type_):
        return None if self.rng.random() < 0.3 else f"extern const struct {type_} {t.name};\n"

    def read_foreign(self, t, field, n):
        """In a function of a file of its own, which declares the table with another type."""
        path, how = f"kernel/x{n}.c", self.rng.choice(["bytes", "twin"])
        self.tail += f"int foreign{n}(int x);\n"
        decl, expr = (f"extern const char {t.name}[];\n", f"(*(const fn_t *)({t.name} + {8 * t.rec.place(field)}))") \
            if how == "bytes" else (f"extern const struct {t.rec.twin} {t.name};\n", f"{t.name}.{t.rec.twin_field(field)}")
        self.templates[path] = f"#include <linux/compiler.h>\n{decl}int foreign{n}(int x)\n{{\n\treturn {expr}(x);\n}}\n"
        return "", f"x += foreign{n}(x);"

    def way_name(self, t, field, type_, n):
        return "", f"x += {t.name}.{field}(x);"

    way_name_again = way_name

    def way_pointer(self, t, field, type_, n):
        return f"static const struct {type_} *ptr{n} = &{t.name};\n", f"x += ptr{n}->{field}(x);"

    def way_twin(self, t, field, type_, n):
        return "", f"x += ((const struct {t.rec.twin} *)&{t.name})->{t.rec.twin_field(field)}(x);"

    def way_void(self, t, field, type_, n):
        return (f"static const void *any{n} = &{t.name};\n",
                f"{{ const struct {t.rec.twin} *p = any{n}; x += p->{t.rec.twin_field(field)}(x); }}")

    def way_pointers(self, t, field, type_, n):
        return (f"static const struct {type_} *pp{n}[2] = {{ NULL, &{t.name} }};\n",
                f"x += ((const struct {t.rec.twin} **)pp{n})[1]->{t.rec.twin_field(field)}(x);")

    def way_union(self, t, field, type_, n):
        return (f"static union {{\n\tconst struct {type_} *a;\n\tconst struct {t.rec.twin} *b;\n}} un{n} = {{ .a = &{t.name} }};\n",
                f"x += un{n}.b->{t.rec.twin_field(field)}(x);")

    def way_unnamed(self, t, field, type_, n):
        return (f"static struct {{\n\tint n;\n\tunion {{\n\t\tconst struct {type_} *a;\n\t\tconst fn_t *b;\n\t}};\n}} "
                f"uu{n} = {{ .a = &{t.name} }};\n", f"x += uu{n}.b[{t.rec.place(field)}](x);")

    def way_variadic(self, t, field, type_, n):
        return (f"static int va{n}(int x, ...)\n{{\n\t__builtin_va_list ap;\n\tconst struct {t.rec.twin} *o;\n\n"
                f"\t__builtin_va_start(ap, x);\n\to = __builtin_va_arg(ap, const struct {t.rec.twin} *);\n"
                f"\t__builtin_va_end(ap);\n\treturn o->{t.rec.twin_field(field)}(x);\n}}\n", f"x += va{n}(x, &{t.name});")

    def way_parameter(self, t, field, type_, n):
        return (f"static int rd{n}(const struct {t.rec.twin} *o, int x)\n{{\n\treturn o->{t.rec.twin_field(field)}(x);\n}}\n"
                f"static int (*cb{n})(const struct {type_} *, int) = (int (*)(const struct {type_} *, int))rd{n};\n",
                f"x += cb{n}(&{t.name}, x);")

    def way_result(self, t, field, type_, n):
        return (f"static const struct {type_} *mk{n}(void)\n{{\n\treturn &{t.name};\n}}\n"
                f"static const struct {t.rec.twin} *(*mk2{n})(void) = (const struct {t.rec.twin} *(*)(void))mk{n};\n",
                f"x += mk2{n}()->{t.rec.twin_field(field)}(x);")

    def way_number(self, t, field, type_, n):
        return "", f"{{ unsigned long a = (unsigned long)&{t.name}; x += ((const fn_t *)a)[{t.rec.place(field)}](x); }}"

    def way_copy(self, t, field, type_, n):
        return "", (f"{{ fn_t c[{len(t.rec.fields)}]; memcpy(c, &{t.name}, sizeof(c)); "
                    f"x += c[{t.rec.place(field)}](x); }}")

    def way_assign(self, t, field, type_, n):
        return (f"static union {{\n\tstruct {type_} a;\n\tfn_t f[{len(t.rec.fields)}];\n}} as{n};\n",
                f"as{n}.a = {t.name}; x += as{n}.f[{t.rec.place(field)}](x);")

    def way_offset(self, t, field, type_, n):
        return "", (f"{{ unsigned long o = __builtin_offsetof(struct {type_}, {field}); "
                    f"x += (*(const fn_t *)((const char *)&{t.name} + o))(x); }}")

    def way_address(self, t, field, type_, n):
        return f"static const fn_t *ad{n} = &{t.name}.{field};\n", f"x += (*ad{n})(x);"

    def way_asm_memory(self, t, field, type_, n):
        if t.rec.place(field):
            return self.way_asm_register(t, field, type_, n)
        return "", CALL_ASM.format(at="%2", operand=f'"m"({t.name})') + " x += (int)r;"

    def way_asm_register(self, t, field, type_, n):
        return "", CALL_ASM.format(at=f"{8 * t.rec.place(field)}(%2)", operand=f'"r"(&{t.name})') + " x += (int)r;"

    def way_asm_hidden(self, t, field, type_, n):
        return "", f'{{ const struct {type_} *p = &{t.name}; asm("" : "+r"(p)); x += p->{field}(x); }}'

    def way_list(self, t, field, type_, n):
        """An entry of a section, walked between the linker's names for its ends."""
        return (f"static const struct {type_} *const en{n} __attribute__((used, section(\"list{n}\"))) = &{t.name};\n"
                f"extern const struct {type_} *const __start_list{n}[];\n", f"x += __start_list{n}[0]->{field}(x);")

    def way_behind(self, t, field, type_, n):
        return (f"struct bc{n} {{\n\tlong n;\n\tconst struct {type_} *o;\n}};\nstruct bd{n} {{\n\tlong n;\n\tstruct {{\n"
                f"\t\tconst struct {t.rec.twin} *o;\n\t}} in;\n}};\nstatic const struct bc{n} bv{n} = {{ .o = &{t.name} }};\n",
                f"x += ((const struct bd{n} *)&bv{n})->in.o->{t.rec.twin_field(field)}(x);")

    # ---- calls ----

    def add_call(self, n):
        unit = self.rng.choice(sorted(self.text))
        fns = self.usable(unit)
        picked = self.rng.sample(fns, min(len(fns), self.rng.choice([1, 1, 2, 3])))
        body = "".join(f"\tx += {f}(x);\n" for f in picked)
        self.text[unit] += f"SYSCALL_DEFINE1(call{n}, int, x)\n{{\n{body}\treturn x;\n}}\n"
        self.calls.append(f"call{n}")
