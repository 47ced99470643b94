// SPDX-License-Identifier: GPL-2.0
/* textedit.c: original text + byte ranges to delete => text that looks hand-written. See
 * textedit.h. */
#include "tree/textedit.h"
#include <ctype.h>
#include <stdlib.h>

void edit_add(struct edits *e, enum edit_kind kind, uint32_t beg, uint32_t end, char *text)
{
	*vec_add(&e->v) = (struct edit){.beg = beg, .end = end, .kind = kind, .text = text};
}

void edits_free(struct edits *e)
{
	for (size_t i = 0; i < e->v.n; i++)
		free(e->v.a[i].text);
	free(e->v.a);
	memset(e, 0, sizeof(*e));
}

static int compare_edits(const void *pa, const void *pb)
{
	const struct edit *a = pa, *b = pb;

	if (a->beg != b->beg)
		return a->beg < b->beg ? -1 : 1;
	if (a->kind == EDIT_ABOVE && b->kind == EDIT_ABOVE)
		return strcmp(a->text, b->text);
	if (a->kind == EDIT_ABOVE || b->kind == EDIT_ABOVE)
		return a->kind == EDIT_ABOVE ? -1 : 1;
	return a->end > b->end ? -1 : a->end < b->end;
}

static size_t line_start(const char *s, size_t i)
{
	while (i && s[i - 1] != '\n')
		i--;
	return i;
}

static size_t line_end(const char *s, size_t i, size_t len)
{
	while (i < len && s[i] != '\n')
		i++;
	return i < len ? i + 1 : len;
}

static bool is_blank(const char *s, size_t beg, size_t end)
{
	for (; beg < end; beg++)
		if (!isspace((unsigned char)s[beg]))
			return false;
	return true;
}

/* Start of the comment that ends right above line start i, or i. Not the first comment of the file.
 */
static size_t comment_above(const char *s, size_t i)
{
	size_t end = i, beg;

	while (end && s[end - 1] == '\n' && end >= 2 && s[end - 2] != '\n')
		end--; /* now after the last character of the line above */
	if (end == i || end < 4 || s[end - 1] != '/' || s[end - 2] != '*')
		return i;
	for (beg = end - 3; beg && !(s[beg] == '/' && s[beg + 1] == '*'); beg--)
		;
	if (!beg || s[beg - 1] != '\n' || !memmem(s, beg, "#include", 8))
		return i;
	return beg;
}

/* End of trailing comments and the line, if nothing else follows on it; else i. */
static size_t rest_of_line(const char *s, size_t i, size_t len)
{
	size_t end = line_end(s, i, len), k = i;

	while (k < end && (s[k] == ' ' || s[k] == '\t'))
		k++;
	while (k + 1 < end && s[k] == '/' && s[k + 1] == '*') {
		const char *close = memmem(s + k + 2, end - k - 2, "*/", 2);

		if (!close)
			break;
		for (k = close + 2 - s; k < end && (s[k] == ' ' || s[k] == '\t');)
			k++;
	}
	return is_blank(s, k, end) ? end : i;
}

static void widen_lines(const char *s, size_t len, struct edit *e)
{
	size_t start = line_start(s, e->beg), end = rest_of_line(s, e->end, len);

	if (!is_blank(s, start, e->beg) || (end == e->end && end < len && s[end - 1] != '\n'))
		return;
	e->beg = start;
	e->end = end;
}

static void widen_above(const char *s, struct edit *e)
{
	size_t start = line_start(s, e->beg);

	if (is_blank(s, start, e->beg))
		e->beg = e->end = comment_above(s, start);
}

static void widen_def(const char *s, size_t len, struct edit *e)
{
	widen_lines(s, len, e);
	if (e->beg != line_start(s, e->beg) || (e->end < len && s[e->end - 1] != '\n'))
		return;
	e->beg = comment_above(s, e->beg);
	/* no two blank lines where the definition was */
	if (e->beg >= 2 && s[e->beg - 1] == '\n' && s[e->beg - 2] == '\n')
		while (e->end < len && s[e->end] == '\n')
			e->end++;
}

/* Skips a comment, string or character constant at i; returns the first offset after it. */
static size_t skip_token(const char *s, size_t i, size_t end)
{
	char q = s[i];

	if (q == '/' && i + 1 < end && s[i + 1] == '*') {
		const char *close = memmem(s + i + 2, end - i - 2, "*/", 2);

		return close ? (size_t)(close + 2 - s) : end;
	}
	if (q == '/' && i + 1 < end && s[i + 1] == '/') {
		while (i < end && s[i] != '\n')
			i++;
		return i;
	}
	if (q != '"' && q != '\'')
		return i + 1;
	for (i++; i < end && s[i] != q && s[i] != '\n'; i++)
		if (s[i] == '\\')
			i++;
	/* an unmatched apostrophe in dead text ends at the line's end */
	return i < end && s[i] == q ? i + 1 : i;
}

/* End of the preprocessor line at i, with its continuations and newline. */
static size_t directive_end(const char *s, size_t i, size_t len)
{
	size_t end;

	for (;;) {
		end = line_end(s, i, len);
		if (end < 2 || s[end - 2] != '\\' || end == len)
			return end;
		i = end;
	}
}

static bool is_directive(const char *s, size_t i, const char *name)
{
	for (i++; s[i] == ' ' || s[i] == '\t'; i++)
		;
	return !strncmp(s + i, name, strlen(name));
}

/*
 * The preprocessor lines of a deleted range. Balanced conditionals without #define are deleted with
 * the code inside, as are #includes, which are content here.
 */
static void keep_directives(const char *s, size_t beg, size_t end, struct strbuf *out)
{
	struct strbuf kept = {0};
	bool defines = false, fresh = beg == line_start(s, beg);
	int depth = 0, lowest = 0;
	size_t i = beg;

	while (i < end) {
		if (s[i] == '\n') {
			fresh = true;
			i++;
		} else if (isspace((unsigned char)s[i])) {
			i++;
		} else if (s[i] == '#' && fresh) {
			size_t e = directive_end(s, i, end);

			if (is_directive(s, i, "if"))
				depth++;
			else if (is_directive(s, i, "endif"))
				depth--;
			else if (is_directive(
					 s, i,
					 "el")) /* an #else of a conditional that began outside */
				lowest = depth == 0 ? -1 : lowest;
			else if (!is_directive(s, i, "include"))
				defines = true;
			lowest = depth < lowest ? depth : lowest;
			if (!is_directive(s, i, "include"))
				sb_add(&kept, s + i, e - i);
			i = e;
		} else {
			fresh = false;
			i = skip_token(s, i, end);
		}
	}
	if (kept.len && (defines || depth || lowest < 0)) {
		if (out->len && out->s[out->len - 1] != '\n')
			sb_puts(out, "\n");
		sb_add(out, kept.s, kept.len);
		if (kept.s[kept.len - 1] != '\n')
			sb_puts(out, "\n");
	}
	sb_free(&kept);
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* First struct, union or enum keyword of a declaration, and the brace that opens its members. */
static bool find_type(const char *s, size_t beg, size_t end, size_t *kw, size_t *open)
{
	static const char *const keys[] = {"struct", "union", "enum"};

	for (size_t i = beg; i < end && s[i] != '='; i = skip_token(s, i, end)) {
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			size_t n = strlen(keys[k]);

			if ((i == beg || !is_word(s[i - 1])) && !strncmp(s + i, keys[k], n) &&
			    !is_word(s[i + n]))
				*kw = i, *open = 0;
		}
		if (s[i] == '{') {
			*open = i;
			return *kw >= beg;
		}
	}
	return false;
}

/* The attributes behind a type's '}': up to its declarator, which `names` has. */
static void put_type_attributes(const char *s, size_t i, size_t end, const char *names,
				struct strbuf *out)
{
	while (i < end && !strchr(";=*,[:", s[i])) {
		size_t next = skip_token(s, i, end);
		char *word;

		while (is_word(s[i]) && next < end && is_word(s[next]))
			next++;
		word = xasprintf(" %.*s ", (int)(next - i), s + i);
		if (is_word(s[i]) && strstr(names, word)) {
			free(word);
			return;
		}
		if (strcmp(word, " const ") && strcmp(word, " volatile "))
			sb_add(out, s + i, next - i);
		free(word);
		if (s[i] != '(') {
			i = next;
			continue;
		}
		for (int depth = 1; next < end && depth; next = skip_token(s, next, end)) {
			depth += (s[next] == '(') - (s[next] == ')');
			sb_add(out, s + next, skip_token(s, next, end) - next);
		}
		i = next;
	}
}

/* `static struct x { ... } y = ...;` => `struct x { ... };` */
static void put_type(const char *s, const struct edit *e, struct strbuf *out)
{
	size_t kw = 0, open, i;
	int depth = 0;
	bool named = false;

	if (!find_type(s, e->beg, e->end, &kw, &open) || !kw) {
		sb_add(out, s + e->beg,
		       e->end - e->beg); /* a type declared by a macro: nothing can be deleted */
		return;
	}
	for (i = kw + (s[kw] == 's' ? 6 : s[kw] == 'u' ? 5 : 4); i < open; i++)
		named |= is_word(s[i]);
	for (i = open; i < e->end; i = skip_token(s, i, e->end)) {
		depth += (s[i] == '{') - (s[i] == '}');
		if (!depth)
			break;
	}
	if (!named && s[kw] != 'e')
		return; /* nothing else can refer to the type */
	sb_add(out, s + kw, i + 1 - kw);
	if (e->text)
		put_type_attributes(s, i + 1, e->end, e->text, out);
	while (out->len && isspace((unsigned char)out->s[out->len - 1]))
		out->len--;
	sb_puts(out, ";\n");
}

static size_t count_word(const char *s, size_t beg, size_t end, const char *w, size_t n,
			 const struct range *gone, size_t ngone, size_t *where)
{
	size_t count = 0;

	for (size_t i = beg; i < end;) {
		size_t k = 0;

		while (k < ngone && !(i >= gone[k].beg && i < gone[k].end))
			k++;
		if (k < ngone) {
			i = gone[k].end;
			continue;
		}
		if (!is_word(s[i])) {
			i = skip_token(s, i, end);
			continue;
		}
		for (k = i; k < end && is_word(s[k]);)
			k++;
		if (k - i == n && !strncmp(s + i, w, n)) {
			count++;
			*where = i;
		}
		i = k;
	}
	return count;
}

/* Is the name at i a declarator: after a type, before an initialiser, comma or semicolon? */
static bool is_declarator(const char *s, size_t i, size_t n)
{
	size_t a = i, b = i + n;

	while (a && isspace((unsigned char)s[a - 1]))
		a--;
	while (isspace((unsigned char)s[b]))
		b++;
	if (!a || !strchr("=;,[", s[b]) || s[b + 1] == '=')
		return false;
	if (s[a - 1] == '*' || s[a - 1] == ',')
		return true;
	for (i = a; i && is_word(s[i - 1]);)
		i--;
	return a > i && strncmp(s + i, "return", 6) && strncmp(s + i, "goto", 4) &&
	       strncmp(s + i, "struct", 6) && strncmp(s + i, "union", 5) &&
	       strncmp(s + i, "enum", 4);
}

char *orphaned_locals(const char *s, size_t len, uint32_t beg, uint32_t end,
		      const struct range *gone, size_t ngone, size_t which, const char *sep)
{
	const struct range *r = &gone[which];
	struct strbuf out = {0};

	sb_puts(&out, "");
	if (end > len)
		end = len;
	for (size_t i = r->beg; i < r->end;) {
		size_t n = 0, where;

		while (i + n < r->end && is_word(s[i + n]))
			n++;
		if (!n || isdigit((unsigned char)s[i])) {
			i = n ? i + n : skip_token(s, i, r->end);
			continue;
		}
		if (!(i && (s[i - 1] == '.' || (s[i - 1] == '>' && s[i - 2] == '-'))) &&
		    count_word(s, beg, end, s + i, n, gone, ngone, &where) == 1 &&
		    is_declarator(s, where, n)) {
			char *word = xasprintf("(void)%.*s%s", (int)n, s + i, sep);

			if (!strstr(out.s, word))
				sb_puts(&out, word);
			free(word);
		}
		i += n;
	}
	return out.s;
}

/* May a statement at beg be deleted without leaving a ';'? Only after another statement or a brace.
 */
static bool stmt_may_vanish(const char *s, size_t beg)
{
	while (beg && isspace((unsigned char)s[beg - 1]))
		beg--;
	return beg && (s[beg - 1] == ';' || s[beg - 1] == '{' || s[beg - 1] == '}');
}

/* The text after it doesn't matter: a declaration can't directly follow a label. */
static void put_edit(const char *s, const struct edit *e, struct strbuf *out)
{
	switch (e->kind) {
	case EDIT_TYPE:
		put_type(s, e, out);
		break;
	case EDIT_DEF:
	case EDIT_ELEMENT:
		keep_directives(s, e->beg, e->end, out);
		break;
	case EDIT_STMT:
		keep_directives(s, e->beg, e->end, out);
		if (!stmt_may_vanish(s, e->beg))
			sb_puts(out, "{ }");
		break;
	case EDIT_PUT:
	case EDIT_ABOVE:
		sb_puts(out, e->text);
		break;
	case EDIT_BODY:
		sb_puts(out, e->text);
		keep_directives(s, e->beg, e->end, out);
		break;
	}
}

static void widen_edit(const char *s, size_t len, struct edit *e)
{
	if (e->kind == EDIT_TYPE)
		widen_lines(s, len, e);
	else if (e->kind == EDIT_DEF)
		widen_def(s, len, e);
	else if (e->kind == EDIT_ABOVE)
		widen_above(s, e);
	else if (e->kind == EDIT_ELEMENT)
		widen_lines(s, len, e);
	else if (e->kind == EDIT_STMT && stmt_may_vanish(s, e->beg))
		widen_lines(s, len, e);
}

int edit_apply(const char *text, size_t len, struct edits *e, struct strbuf *out)
{
	size_t at = 0, last_end = 0;

	if (e->v.n)
		qsort(e->v.a, e->v.n, sizeof(*e->v.a), compare_edits);
	for (size_t i = 0; i < e->v.n; i++) {
		struct edit *d = &e->v.a[i];

		if (d->end > len || d->beg > d->end || (d->beg == d->end && d->kind != EDIT_ABOVE))
			return -1;
		if (d->kind == EDIT_ABOVE ? d->beg < last_end : d->end <= last_end)
			continue; /* inside one that is deleted already */
		if (d->beg < last_end)
			return -1;
		last_end = d->end;
		widen_edit(text, len, d);
		if (d->beg < at)
			d->beg = at;
		sb_add(out, text + at, d->beg - at);
		put_edit(text, d, out);
		at = d->end > at ? d->end : at;
	}
	sb_add(out, text + at, len - at);
	return 0;
}
