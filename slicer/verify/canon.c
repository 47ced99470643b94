// SPDX-License-Identifier: GPL-2.0
/* canon.c: IR text => the same text with canonical names. See ir.h for what they are. */
#include "verify/canon.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define STRING_SHOWN 60 /* longer string constants are named by their hash */

bool ir_ident(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$' || c == '-';
}

void skip_blanks(const char **s, const char *end)
{
	while (*s < end && (**s == ' ' || **s == '\t'))
		++*s;
}

/* ---- counters of macros ---- */

static size_t digits_at(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && isdigit((unsigned char)*p))
		p++;
	return p - s;
}

/* "__NUMBER_LINE_" inside an initcall's name. NULL: not there. */
static const char *initcall_counter(const char *s, const char *end, const char **after)
{
	for (; s + 2 < end; s++) {
		size_t n, m;

		if (s[0] != '_' || s[1] != '_')
			continue;
		n = digits_at(s + 2, end);
		if (!n || s + 2 + n >= end || s[2 + n] != '_')
			continue;
		m = digits_at(s + 3 + n, end);
		if (!m)
			continue;
		*after = s + 3 + n + m;
		return s + 2;
	}
	return NULL;
}

/* Macros that count with __COUNTER__: the kernel's only ones. The number ends the name, but in an
 * initcall's, where it stands in the middle. */
static bool counter_of(const char *s, size_t len, const char **from, const char **to)
{
	static const char *const prefixes[] = {"__UNIQUE_ID_", "__compiletime_assert_",
					       "__initcall__kmod_"};
	const char *end = s + len, *at, *p;

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		at = memmem(s, len, prefixes[i], strlen(prefixes[i]));
		if (!at)
			continue;
		if (i == 2) {
			*from = initcall_counter(at, end, to);
			return *from != NULL;
		}
		for (p = at; p < end && *p != '.'; p++)
			;
		*to = p;
		while (p > at && isdigit((unsigned char)p[-1]))
			p--;
		*from = p;
		return p < *to;
	}
	return false;
}

void canon_name(const char *s, size_t len, struct strbuf *out)
{
	const char *from, *to;

	if (len < 12 || !counter_of(s, len, &from, &to)) {
		sb_add(out, s, len);
		return;
	}
	sb_add(out, s, from - s);
	sb_puts(out, "#");
	sb_add(out, to, s + len - to);
}

void ir_canon_name(const char *name, struct strbuf *out)
{
	sb_add(out, "", 0);
	canon_name(name, strlen(name), out);
}

/* A quoted text, whose names may have counters, too. Returns its end. */
static const char *canon_quoted(const char *s, const char *end, struct strbuf *out)
{
	sb_add(out, s++, 1);
	while (s < end && *s != '"') {
		const char *p = s;

		while (p < end && (isalnum((unsigned char)*p) || *p == '_'))
			p++;
		if (p == s)
			p++;
		canon_name(s, p - s, out);
		s = p;
	}
	sb_add(out, "\"", 1);
	return s < end ? s + 1 : s;
}

/* ---- types ---- */

static size_t align_up(uint64_t n, uint64_t align)
{
	return (n + align - 1) / align * align;
}

static const struct {
	const char *name;
	uint8_t size, align; /* of x86-64 */
} scalar_types[] = {
	{"ptr", 8, 8},	 {"i1", 1, 1},	   {"i8", 1, 1},      {"i16", 2, 2},
	{"i32", 4, 4},	 {"i64", 8, 8},	   {"i128", 16, 16},  {"half", 2, 2},
	{"float", 4, 4}, {"double", 8, 8}, {"fp128", 16, 16}, {"x86_fp80", 16, 16},
};

static int scalar_layout(const char **s, const char *end, uint64_t *size, uint64_t *align)
{
	const char *p = *s;
	unsigned bits;

	while (p < end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	for (size_t i = 0; i < ARRAY_LEN(scalar_types); i++) {
		if (strlen(scalar_types[i].name) != p - *s ||
		    strncmp(scalar_types[i].name, *s, p - *s))
			continue;
		*size = scalar_types[i].size;
		*align = scalar_types[i].align;
		*s = p;
		return 0;
	}
	if (**s != 'i' || sscanf(*s, "i%u", &bits) != 1)
		return -1;
	/* bit-fields and _BitInt: as many bytes as the next power of two */
	for (*align = 1; *align * 8 < bits && *align < 16;)
		*align *= 2;
	*size = align_up((bits + 7) / 8, *align);
	*s = p;
	return 0;
}

/* "{ T, T }", "<{ T, T }>": behind the opening bracket. */
static int struct_layout(struct canon *c, const char **s, const char *end, bool packed,
			 uint64_t *size, uint64_t *align)
{
	*size = 0;
	*align = 1;
	for (skip_blanks(s, end); *s < end && **s != '}'; skip_blanks(s, end)) {
		uint64_t n, a;

		if (type_layout(c, s, end, &n, &a))
			return -1;
		if (packed)
			a = 1;
		*size = align_up(*size, a) + n;
		*align = a > *align ? a : *align;
		skip_blanks(s, end);
		if (*s < end && **s == ',')
			++*s;
	}
	if (*s >= end)
		return -1;
	*s += packed ? 2 : 1;
	*size = align_up(*size, *align);
	return 0;
}

/* "[N x T]", "<N x T>" behind the bracket. */
static int array_layout(struct canon *c, const char **s, const char *end, uint64_t *size,
			uint64_t *align)
{
	char *after;
	uint64_t n = strtoull(*s, &after, 10);

	*s = after;
	skip_blanks(s, end);
	if (*s >= end || **s != 'x')
		return -1;
	++*s;
	skip_blanks(s, end);
	if (type_layout(c, s, end, size, align))
		return -1;
	*size *= n;
	skip_blanks(s, end);
	if (*s >= end || (**s != ']' && **s != '>'))
		return -1;
	++*s;
	return 0;
}

/* The name behind '%' or '@', which may be quoted. */
static char *name_at(const char **s, const char *end)
{
	const char *from = *s;
	char *name;

	if (from < end && *from == '"') {
		for (*s = ++from; *s < end && **s != '"'; ++*s)
			;
		name = xstrndup(from, *s - from);
		*s += *s < end;
		return name;
	}
	while (*s < end && ir_ident(**s))
		++*s;
	return xstrndup(from, *s - from);
}

/* Name without the number that LLVM appends to a name in use. */
static size_t base_length(const char *name)
{
	size_t n = strlen(name), k = n;

	while (k && isdigit((unsigned char)name[k - 1]))
		k--;
	return k && k < n && name[k - 1] == '.' ? k - 1 : n;
}

static void type_note(struct canon *c, const char *token, const char *def)
{
	uint64_t *at;

	if (!c->legend)
		return;
	at = strmap_add(&c->legend->legend, token, NULL);
	if (!*at)
		*at = (uintptr_t)xstrdup(def);
}

/* Types aren't recursive: pointers have no target. */
static struct ir_type *type_known(struct canon *c, const char *name)
{
	uint64_t *at = strmap_get(&c->types, name);
	struct ir_type *t = at ? &c->type.a[*at - 1] : NULL;
	struct strbuf def = {0};
	const char *s;

	if (!t || t->token)
		return t;
	canon_text(c, NULL, t->def, &def);
	s = t->def.s;
	if (type_layout(c, &s, t->def.end, &t->size, &t->align))
		t->size = t->align = 0; /* opaque */
	t->token = xasprintf("%%%.*s{%08x}", (int)base_length(name), name,
			     (unsigned)hash64(def.s, def.len, 5));
	type_note(c, t->token, def.s);
	sb_free(&def);
	return t;
}

int type_layout(struct canon *c, const char **s, const char *end, uint64_t *size, uint64_t *align)
{
	struct ir_type *t;
	char *name;

	skip_blanks(s, end);
	if (*s >= end)
		return -1;
	if (**s == '[')
		return ++*s, array_layout(c, s, end, size, align);
	if (**s == '<' && *s + 1 < end && (*s)[1] == '{')
		return *s += 2, struct_layout(c, s, end, true, size, align);
	if (**s == '<') {
		++*s;
		if (array_layout(c, s, end, size, align))
			return -1;
		*align = *size = align_up(*size, *size ?: 1);
		return 0;
	}
	if (**s == '{')
		return ++*s, struct_layout(c, s, end, false, size, align);
	if (**s != '%')
		return scalar_layout(s, end, size, align);
	++*s;
	name = name_at(s, end);
	t = type_known(c, name);
	free(name);
	if (!t || !t->align)
		return -1;
	*size = t->size;
	*align = t->align;
	return 0;
}

/* ---- attributes and metadata ---- */

static uint64_t numbered_hash(struct canon *c, struct numbered *n, char sigil)
{
	struct strbuf b = {0};

	if (n->known || n->busy)
		return n->hash;
	n->busy = true; /* a loop's metadata names itself */
	sb_add(&b, "", 0);
	if (n->def.s)
		canon_text(c, NULL, n->def, &b);
	n->hash = hash64(b.s, b.len, 11);
	n->busy = false;
	n->known = true;
	if (c->legend) {
		char *token = xasprintf("%c{%08x}", sigil, (unsigned)n->hash);

		type_note(c, token, b.s);
		free(token);
	}
	sb_free(&b);
	return n->hash;
}

static const char *canon_numbered(struct canon *c, const char *s, const char *end,
				  struct strbuf *out)
{
	char sigil = *s++;
	size_t len = digits_at(s, end), i = strtoull(s, NULL, 10);
	size_t known = sigil == '#' ? c->attrs.n : c->nodes.n;

	sb_add(out, &sigil, 1);
	if (!len)
		return s;
	if (i < known) /* the vector may not move: hashing adds none */
		sb_printf(out, "{%08x}",
			  (unsigned)numbered_hash(c, sigil == '#' ? &c->attrs.a[i] : &c->nodes.a[i],
						  sigil));
	return s + len;
}

/* ---- globals ---- */

static void name_string(struct ir_global *g, const struct ir_entity *e)
{
	const char *text = e->slots.n == 1 ? strchr(e->slots.a[0].value, '"') : NULL;
	unsigned hash;

	if (!text || e->slots.a[0].at)
		return;
	hash = hash_str(text, e->size);
	if (strlen(text) <= STRING_SHOWN)
		g->token = xasprintf("@%s", text);
	else
		g->token = xasprintf("@%.*s...\"{%08x}", STRING_SHOWN, text, hash);
}

/* One that LLVM numbers is named by what it holds. */
static void name_by_content(struct canon *c, struct ir_global *g)
{
	struct names inner = {0};
	struct ir_entity e = {0};
	struct strbuf base = {0};
	uint64_t hash;

	g->busy = true;
	canon_name(g->name, base_length(g->name), &base);
	if (variable_parse(c, &inner, g, &e)) {
		g->token = xasprintf("@%s{?}", base.s);
	} else {
		if (starts_with(g->name, ".str"))
			name_string(g, &e);
		hash = hash_str(e.head, e.size);
		for (size_t i = 0; i < e.slots.n; i++)
			hash = hash_str(e.slots.a[i].value, hash ^ e.slots.a[i].at);
		if (!g->token)
			g->token = xasprintf("@%s{%08x}", base.s, (unsigned)hash);
	}
	g->busy = false;
	names_free(&inner);
	entity_free(&e);
	sb_free(&base);
}

static const char *global_token(struct canon *c, uint64_t i)
{
	struct ir_global *g = &c->global.a[i];
	struct strbuf name = {0};

	if (g->token)
		return g->token;
	if (g->busy)
		return "@{itself}";
	if (g->by_content) {
		name_by_content(c, g);
	} else {
		sb_puts(&name, "@");
		canon_name(g->name, strlen(g->name), &name);
		g->token = name.s;
	}
	return g->token;
}

/* Different globals with the same token get ordinals, by their order in the entity. */
static const char *names_token(struct names *n, uint64_t global, const char *token)
{
	size_t same = 0;

	for (size_t i = 0; i < n->seen.n; i++) {
		const struct named *k = &n->seen.a[i];
		size_t len = strlen(token);

		if (k->global == global)
			return k->token;
		same += !strncmp(k->token, token, len) && (!k->token[len] || k->token[len] == '\'');
	}
	*vec_add(&n->seen) =
		(struct named){global, same ? xasprintf("%s'%zu", token, same) : xstrdup(token)};
	return n->seen.a[n->seen.n - 1].token;
}

void names_free(struct names *n)
{
	for (size_t i = 0; i < n->seen.n; i++)
		free(n->seen.a[i].token);
	free(n->seen.a);
	strmap_free(&n->refs);
}

static const char *canon_global(struct canon *c, struct names *n, const char *s, const char *end,
				struct strbuf *out)
{
	const char *from = s + 1, *token;
	char *name = name_at(&from, end);
	uint64_t *at = strmap_get(&c->globals, name);

	s = from;

	if (!at) {
		sb_printf(out, "@%s", name);
		if (n)
			strmap_add(&n->refs, name, NULL);
	} else {
		const struct ir_global *g = &c->global.a[*at - 1];

		token = global_token(c, *at - 1);
		if (n && g->by_content)
			token = names_token(n, *at - 1, token);
		else if (n && !starts_with(name, "llvm."))
			strmap_add(&n->refs, token + 1, NULL);
		sb_puts(out, token);
	}
	free(name);
	return s;
}

static const char *canon_type(struct canon *c, const char *s, const char *end, struct strbuf *out)
{
	const char *from = s++;
	char *name = name_at(&s, end);
	struct ir_type *t = isdigit((unsigned char)*name) ? NULL : type_known(c, name);

	if (t)
		sb_puts(out, t->token);
	else
		sb_add(out, from, s - from);
	free(name);
	return s;
}

static const char *skip_srcloc(const char *s, const char *end)
{
	static const char mark[] = ", !srcloc !";
	size_t n = strlen(mark);

	return end - s > n && !strncmp(s, mark, n) ? s + n + digits_at(s + n, end) : NULL;
}

void canon_text(struct canon *c, struct names *n, struct span in, struct strbuf *out)
{
	const char *s = in.s, *end = in.end, *after;

	sb_add(out, "", 0);
	while (s < end) {
		if (*s == '"') {
			s = canon_quoted(s, end, out);
		} else if (*s == '%') {
			s = canon_type(c, s, end, out);
		} else if (*s == '@') {
			s = canon_global(c, n, s, end, out);
		} else if (*s == '#' ||
			   (*s == '!' && s + 1 < end && isdigit((unsigned char)s[1]))) {
			s = canon_numbered(c, s, end, out);
		} else if (*s == ',' && (after = skip_srcloc(s, end))) {
			s = after;
		} else if (*s == ';') { /* a comment */
			while (s < end && *s != '\n')
				s++;
			while (out->len && out->s[out->len - 1] == ' ')
				out->s[--out->len] = 0;
		} else {
			sb_add(out, s++, 1);
		}
	}
}
