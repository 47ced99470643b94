// SPDX-License-Identifier: GPL-2.0
/* entities.c: text of a slice's headers => macros, records, enumerations, types. See entities.h. */
#include "report/entities.h"
#include <ctype.h>
#include <stdlib.h>

/* ---- tokens ---- */

void tokens_init(struct tokens *t, const char *text, size_t len)
{
	*t = (struct tokens){.at = text, .end = text + len, .line_begins = true};
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Skips blanks, comments and continued lines; stops at a newline that ends a directive. */
static void skip_blanks(struct tokens *t)
{
	while (t->at < t->end) {
		if (t->end - t->at > 1 && t->at[0] == '\\' && t->at[1] == '\n') {
			t->at += 2;
		} else if (t->end - t->at > 1 && t->at[0] == '/' && t->at[1] == '*') {
			const char *e = memmem(t->at + 2, t->end - t->at - 2, "*/", 2);

			t->at = e ? e + 2 : t->end;
		} else if (t->end - t->at > 1 && t->at[0] == '/' && t->at[1] == '/') {
			t->at = memchr(t->at, '\n', t->end - t->at) ?: t->end;
		} else if (*t->at == '\n') {
			if (t->directive)
				return;
			t->line_begins = true;
			t->at++;
		} else if (isspace((unsigned char)*t->at)) {
			t->at++;
		} else {
			return;
		}
	}
}

static const char *quoted_end(const char *s, const char *end)
{
	char quote = *s++;

	for (; s < end && *s != quote && *s != '\n'; s++)
		s += *s == '\\' && s + 1 < end;
	return s < end ? s + 1 : end;
}

bool tokens_next(struct tokens *t, const char **s, size_t *n)
{
	skip_blanks(t);
	if (t->at >= t->end)
		return false;
	*s = t->at;
	if (*t->at == '\n') { /* ends a directive */
		t->directive = false;
		t->line_begins = true;
		t->at++;
	} else if (*t->at == '"' || *t->at == '\'') {
		t->at = quoted_end(t->at, t->end);
	} else if (is_word(*t->at)) {
		while (t->at < t->end && is_word(*t->at))
			t->at++;
	} else {
		t->directive |= *t->at == '#' && t->line_begins;
		t->at++;
	}
	t->line_begins = *s[0] == '\n';
	*n = t->at - *s;
	return true;
}

uint64_t tokens_hash(const char *text, size_t len)
{
	struct tokens t;
	const char *s;
	size_t n;
	uint64_t h = 0;

	tokens_init(&t, text, len);
	while (tokens_next(&t, &s, &n))
		h = hash64(s, n, h);
	return h;
}

static bool is_token(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(s, word, n);
}

static bool is_tag_word(const char *s, size_t n)
{
	return is_token(s, n, "struct") || is_token(s, n, "union") || is_token(s, n, "enum");
}

void tokens_names(const char *text, size_t len, bool by_value,
		  void (*fn)(void *arg, const char *name), void *arg)
{
	struct tokens t;
	const char *s, *tag = NULL;
	size_t n, tag_n = 0;

	tokens_init(&t, text, len);
	while (tokens_next(&t, &s, &n)) {
		struct tokens ahead = t;
		const char *next;
		size_t nnext;
		char *name;

		if (is_tag_word(s, n)) {
			tag = s;
			tag_n = n;
			continue;
		}
		if (!is_word(*s) || isdigit((unsigned char)*s)) {
			tag = NULL;
			continue;
		}
		name = tag ? xasprintf("%.*s %.*s", (int)tag_n, tag, (int)n, s) : xstrndup(s, n);
		tag = NULL;
		if (!by_value || !tokens_next(&ahead, &next, &nnext) || *next != '*')
			fn(arg, name);
		free(name);
	}
}

/* ---- entities ---- */

struct scanner {
	struct entities *out;
	const char *file;
	const char *text, *end;
	struct entity *e; /* whose needs are collected */
};

const struct entity *entities_get(const struct entities *e, const char *name)
{
	uint64_t *v = strmap_get(&e->index, name);

	return v ? &e->v.a[*v - 1] : NULL;
}

static void add_need(void *arg, const char *name)
{
	struct scanner *sc = arg;

	if (strcmp(name, sc->e->name))
		*vec_add(&sc->e->needs) = xstrdup(name);
}

/* Several definitions of a name are added up, in whichever order they come. */
static void add_entity(struct scanner *sc, char *name, const char *text, size_t len, bool by_value)
{
	bool added;
	uint64_t *v = strmap_add(&sc->out->index, name, &added);

	if (added) {
		struct entity *e = vec_add(&sc->out->v);

		e->name = name;
		e->file = sc->file;
		*v = sc->out->v.n;
	} else {
		free(name);
	}
	sc->e = &sc->out->v.a[*v - 1];
	sc->e->hash += tokens_hash(text, len);
	tokens_names(text, len, by_value, add_need, sc);
}

/* The token after the matching bracket of the one at `open`. */
static const char *after_bracket(const char *open, const char *end)
{
	struct tokens t;
	const char *s;
	size_t n, depth = 0;

	tokens_init(&t, open, end - open);
	while (tokens_next(&t, &s, &n)) {
		depth += *s == '{' || *s == '(';
		depth -= (*s == '}' || *s == ')') && depth;
		if (!depth)
			return t.at;
	}
	return end;
}

/* `#` was read: "#define NAME ..." up to the line's end. */
static void scan_directive(struct scanner *sc, struct tokens *t)
{
	const char *s, *begin, *name = NULL;
	size_t n, nname = 0;
	bool define;

	if (!tokens_next(t, &s, &n))
		return;
	define = is_token(s, n, "define");
	begin = t->at;
	while (*s != '\n' && tokens_next(t, &s, &n))
		if (define && !name && *s != '\n') {
			name = s;
			nname = n;
		}
	if (name && is_word(*name))
		add_entity(sc, xstrndup(name, nname), begin, t->at - begin, false);
}

/* Constants of an enumeration lead to it. */
static void scan_constants(struct scanner *sc, const char *body, const char *end, const char *owner)
{
	struct tokens t;
	const char *s;
	size_t n, depth = 0;
	bool begins = false;

	tokens_init(&t, body, end - body);
	while (tokens_next(&t, &s, &n)) {
		if (t.directive)
			continue;
		depth += *s == '(' || *s == '{';
		depth -= *s == ')' || *s == '}';
		if (depth > 1)
			continue;
		if (begins && is_word(*s) && owner)
			add_entity(sc, xstrndup(s, n), owner, strlen(owner), false);
		else if (begins && is_word(*s)) /* without a tag: its text is each constant's */
			add_entity(sc, xstrndup(s, n), body, end - body, false);
		begins = *s == '{' || *s == ',';
	}
}

/* `struct`, `union` or `enum` was read at s: a definition if a brace follows the tag. What is
 * inside is scanned, too. */
static void scan_tag(struct scanner *sc, struct tokens *t, const char *word, size_t nword)
{
	struct tokens ahead = *t;
	const char *s, *tag = NULL;
	size_t n, ntag = 0;
	char *name = NULL;

	if (!tokens_next(&ahead, &s, &n))
		return;
	if (is_word(*s)) {
		tag = s;
		ntag = n;
		if (!tokens_next(&ahead, &s, &n))
			return;
	}
	if (*s != '{')
		return;
	if (tag)
		name = xasprintf("%.*s %.*s", (int)nword, word, (int)ntag, tag);
	if (*word == 'e')
		scan_constants(sc, s, after_bracket(s, sc->end), name);
	if (name)
		add_entity(sc, name, s, after_bracket(s, sc->end) - s, *word != 'e');
}

/* Not names of types: `typedef void f(void)`. */
static bool is_keyword(const char *s, size_t n)
{
	static const char *const words[] = {"void",  "char",	 "short",  "int",	   "long",
					    "float", "unsigned", "signed", "__attribute__"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (is_token(s, n, words[i]))
			return true;
	return false;
}

/* `typedef` was read: its name is the last one before the semicolon or the parameters, or that in
 * (*NAME). */
static void scan_typedef(struct scanner *sc, struct tokens *t)
{
	struct tokens ahead = *t;
	const char *begin = t->at, *s, *name = NULL;
	size_t n, nname = 0;
	bool done = false;

	while (tokens_next(&ahead, &s, &n) && *s != ';') {
		if (*s == '{') {
			const char *after = after_bracket(s, sc->end);

			ahead.at = after;
			continue;
		}
		done |= name && *s == '(' && name + nname == s;
		if (is_word(*s) && !done && !is_keyword(s, n)) {
			name = s;
			nname = n;
			done = name > begin + 1 && name[-1] == '*' && name[-2] == '(';
		}
	}
	if (name)
		add_entity(sc, xstrndup(name, nname), begin, ahead.at - begin, true);
}

static void scan_text(struct scanner *sc)
{
	struct tokens t;
	const char *s;
	size_t n;

	tokens_init(&t, sc->text, sc->end - sc->text);
	while (tokens_next(&t, &s, &n)) {
		if (t.directive && *s == '#')
			scan_directive(sc, &t);
		else if (is_tag_word(s, n))
			scan_tag(sc, &t, s, n);
		else if (is_token(s, n, "typedef"))
			scan_typedef(sc, &t);
	}
}

/* Inline functions and variables of headers: the facts know where they are. */
static void scan_pool(struct entities *e, const struct graph *g)
{
	const char *file = NULL;
	char *text = NULL;
	size_t len = 0;

	for (uint32_t id = g->base[g->db->ntus]; id < g->ndefs; id++) {
		const struct fact_def *d = graph_def(g, id);
		struct scanner sc = {.out = e, .file = graph_file(g, id)};

		if (d->kind != DEF_FUNC || !d->name || !g->kept[id])
			continue;
		if (!file || strcmp(file, sc.file)) {
			free(text);
			file = sc.file;
			text = graph_text(g, id, &len);
		}
		if (text && d->end <= len)
			add_entity(&sc, xstrdup(graph_name(g, id)), text + d->beg, d->end - d->beg,
				   false);
	}
	free(text);
}

/* A file of a unit's list; sources are files 0 and .c files that are included. */
static void scan_file(struct entities *e, const struct graph *g, const char *path)
{
	struct scanner sc = {.out = e, .file = path};
	size_t len = 0;
	char *full, *text;

	if (starts_with(path, "obj:"))
		full = xasprintf("%s/%s", g->db->objdir, path + 4);
	else
		full = *path == '/' ? xstrdup(path) : xasprintf("%s/%s", g->db->overlay, path);
	text = read_file(full, &len);
	sc.text = text;
	sc.end = text + len;
	if (text)
		scan_text(&sc);
	free(text);
	free(full);
}

void entities_scan(struct entities *e, const struct graph *g)
{
	struct strmap seen = {0};

	memset(e, 0, sizeof(*e));
	for (uint32_t tu = 0; tu < g->db->ntus; tu++) {
		const struct facts *f = &g->facts[tu];

		for (uint32_t i = 0; g->live[tu] && f->str && i < f->nfiles; i++) {
			bool added;

			strmap_add(&seen, fact_str(f, f->files[i].path), &added);
			if (added)
				scan_file(e, g, fact_str(f, f->files[i].path));
		}
	}
	scan_pool(e, g);
	strmap_free(&seen);
}

void entities_free(struct entities *e)
{
	for (size_t i = 0; i < e->v.n; i++) {
		for (size_t k = 0; k < e->v.a[i].needs.n; k++)
			free(e->v.a[i].needs.a[k]);
		free(e->v.a[i].needs.a);
		free(e->v.a[i].name);
	}
	free(e->v.a);
	strmap_free(&e->index);
}
