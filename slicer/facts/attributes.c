// SPDX-License-Identifier: GPL-2.0
/*
 * attributes.c: attributes with their arguments and the text of asm, which libclang shows only in
 * its printed text.
 */
#include "facts/clang.h"

#include <ctype.h>
#include <stdlib.h>

/* `name("arg")` or `name(arg)` at s: the argument. NULL if s isn't that. Caller frees. */
static char *attr_arg(const char *s, const char *name)
{
	size_t n = strlen(name);
	const char *end;

	if (strncmp(s, name, n) || s[n] != '(')
		return NULL;
	s += n + 1;
	if (*s == '"') {
		end = strchr(++s, '"');
		return end ? xstrndup(s, end - s) : NULL;
	}
	end = strchr(s, ')');
	return end ? xstrndup(s, end - s) : NULL;
}

static bool attr_is(const char *s, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(s, name, n) && !isalnum((unsigned char)s[n]) && s[n] != '_';
}

/*
 * Entries of sections that are walked at boot are live with their unit: initcalls, setup
 * parameters, module parameters. ".initcall6.init" => "initcall6", ".init.setup" => "setup".
 */
static void def_set_section(struct fb *fb, struct fact_def *d, const char *section)
{
	char *name = xstrdup(section);
	char *dot;

	d->flags |= DEF_SECTION;
	d->section = fb_str(fb, section);
	if (starts_with(section, ".initcall") || starts_with(section, ".con_initcall")) {
		dot = strchr(name + 1, '.');
		if (dot)
			*dot = 0;
		d->flags |= DEF_INITCALL | DEF_USED;
		d->section = fb_str(fb, name + 1);
	} else if (starts_with(section, ".init.setup")) {
		d->flags |= DEF_INITCALL | DEF_USED;
		d->section = fb_str(fb, "setup");
	}
	if (starts_with(section, ".discard")) /* only prevents the compiler from dropping it */
		d->flags &= ~DEF_USED;
	free(name);
}

void apply_attributes(struct walk *w, CXCursor decl, struct fact_def *d)
{
	static const char open[] = "__attribute__((";
	struct fact_def made = *d;
	char *text = pretty(decl, false), *arg;

	for (const char *s = text; (s = strstr(s, open));) {
		s += strlen(open);
		if (attr_is(s, "weak"))
			made.flags |= DEF_WEAK;
		else if (attr_is(s, "used") || attr_is(s, "retain") || attr_is(s, "constructor") ||
			 attr_is(s, "destructor"))
			made.flags |= DEF_USED;
		else if ((arg = attr_arg(s, "alias")) || (arg = attr_arg(s, "weakref")) ||
			 (arg = attr_arg(s, "ifunc"))) {
			struct fact_ref *r = add_late_ref(w, arg, made.beg, REF_ALIAS);

			made.flags |= DEF_ALIAS;
			if (r && clang_getCursorKind(decl) == CXCursor_VarDecl)
				r->record = fb_str(w->fb, variable_record(w, decl));
			free(arg);
		}
	}
	/* after "used", which a section may override */
	for (const char *s = text; (s = strstr(s, open));) {
		s += strlen(open);
		arg = attr_arg(s, "section");
		if (arg)
			def_set_section(w->fb, &made, arg);
		free(arg);
	}
	w->fb->defs.a[w->fb->defs.n - 1] = made;
	free(text);
}

/* The string literals of printed asm, unescaped. Stops behind `end` closing quotes' last. */
static char *asm_unescape(const char *s)
{
	struct strbuf out = {};

	for (s = strchr(s, '"'); s && *++s && *s != '"';) {
		char c = *s;

		if (c == '\\') {
			c = *++s;
			c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
		}
		sb_add(&out, &c, 1);
	}
	sb_puts(&out, "");
	return out.s;
}

static void asm_operand_ref(struct walk *w, const char *name)
{
	add_late_ref(w, name, w->beg, REF_ASM);
}

static bool is_empty(const char *code)
{
	return code[strspn(code, " \t\n;")] == 0;
}

void asm_statements(struct walk *w, CXCursor function)
{
	char *text = pretty(function, true);
	VEC(bool) empty = {};

	for (const char *s = text; (s = strstr(s, "asm"));) {
		const char *quote;
		char *code;

		s += strlen("asm");
		quote = s + strspn(s, " ");
		if (starts_with(quote, "volatile"))
			quote += strlen("volatile");
		quote += strspn(quote, " ");
		if (starts_with(quote, "goto"))
			quote += strlen("goto");
		quote += strspn(quote, " (");
		if (*quote != '"')
			continue;
		code = asm_unescape(quote);
		asm_operands(code, asm_operand_ref, w);
		*vec_add(&empty) = is_empty(code);
		free(code);
	}
	escape_operands(w, empty.a, empty.n);
	free(empty.a);
	free(text);
}

struct asm_symbol {
	char *name;
	bool weak;
};
typedef VEC(struct asm_symbol) asm_symbols;

static void asm_make_symbol(asm_symbols *symbols, const char *name, size_t n, bool weak)
{
	struct asm_symbol *s;

	if (!n || isdigit((unsigned char)*name) || *name == '.')
		return;
	for (size_t i = 0; i < symbols->n; i++) {
		if (strlen(symbols->a[i].name) == n && !strncmp(symbols->a[i].name, name, n)) {
			symbols->a[i].weak |= weak;
			return;
		}
	}
	s = vec_add(symbols);
	s->name = xstrndup(name, n);
	s->weak = weak;
}

static size_t asm_symbol_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '.' || s[n] == '$')
		n++;
	return n;
}

/* One line of file-scope asm: what it defines, and its section if it sets one. */
static void asm_read_line(const char *s, asm_symbols *symbols, char **section)
{
	static const struct {
		const char *directive;
		bool weak;
	} makers[] = {{".weak", true}, {".set", false}};
	size_t n;

	s += strspn(s, " \t");
	n = asm_symbol_length(s);
	if (s[n] == ':') {
		asm_make_symbol(symbols, s, n, false);
		asm_read_line(s + n + 1, symbols, section);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
		if (n == strlen(makers[i].directive) && !strncmp(s, makers[i].directive, n)) {
			s += n;
			s += strspn(s, " \t");
			asm_make_symbol(symbols, s, asm_symbol_length(s), makers[i].weak);
			return;
		}
	}
	if (n == strlen(".section") && !strncmp(s, ".section", n)) {
		s += n;
		s += strspn(s, " \t\"");
		if (!*section)
			*section = xstrndup(s, strcspn(s, "\", \t"));
	}
}

static void asm_read_text(char *code, asm_symbols *symbols, char **section)
{
	char *copy = xstrdup(code), *line = copy, *end;

	for (; line; line = end ? end + 1 : NULL) {
		end = strpbrk(line, "\n;");
		if (end)
			*end = 0;
		asm_read_line(line, symbols, section);
	}
	free(copy);
}

void asm_definition(struct walk *w, const char *printed, struct fact_def base)
{
	char *code = asm_unescape(printed), *section = NULL, *anonymous;
	asm_symbols symbols = {};
	size_t n;

	asm_read_text(code, &symbols, &section);
	n = symbols.n;
	for (size_t i = 0; i < (n ? n : 1); i++) {
		struct fact_def *d = fb_def(w->fb);

		d->file = base.file;
		d->beg = base.beg;
		d->end = base.end;
		d->line = base.line;
		d->flags = base.flags | (n && symbols.a[i].weak ? DEF_WEAK : 0);
		d->kind = DEF_ASM;
		anonymous = xasprintf("%s:asm@%u",
				      fact_str(&(struct facts){.str = w->fb->str.s},
					       w->fb->files.a[base.file].path),
				      base.beg);
		d->key = fb_str(w->fb, n ? symbols.a[i].name : anonymous);
		d->name = fb_str(w->fb, n ? symbols.a[i].name : "");
		free(anonymous);
		if (section)
			def_set_section(w->fb, d, section);
		asm_operands(code, asm_operand_ref, w);
		fb_def_end(w->fb);
	}
	for (size_t i = 0; i < n; i++)
		free(symbols.a[i].name);
	free(symbols.a);
	free(section);
	free(code);
}
