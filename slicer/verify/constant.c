// SPDX-License-Identifier: GPL-2.0
/*
 * constant.c: a variable's line of IR => its head, size, and what its initialiser holds, by byte
 * offset. Zero, null, undef and padding are left out.
 */
#include "verify/canon.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
	struct canon *c;
	struct names *n;
	struct ir_entity *e;
	const char *s, *end;
};

void entity_free(struct ir_entity *e)
{
	for (size_t i = 0; i < e->slots.n; i++)
		free(e->slots.a[i].value);
	for (size_t i = 0; i < e->refs.n; i++)
		free(e->refs.a[i]);
	free(e->slots.a);
	free(e->refs.a);
	free(e->name);
	free(e->head);
	free(e->text);
}

static bool reader_word(struct reader *r, const char *word)
{
	size_t n = strlen(word);

	if (r->end - r->s < n || strncmp(r->s, word, n) || (r->s + n < r->end && ir_ident(r->s[n])))
		return false;
	r->s += n;
	return true;
}

static bool reader_take(struct reader *r, char c)
{
	skip_blanks(&r->s, r->end);
	if (r->s >= r->end || *r->s != c)
		return false;
	r->s++;
	return true;
}

static void add_slot(struct reader *r, uint64_t at, const char *from, const char *to)
{
	struct strbuf b = {0};

	canon_text(r->c, r->n, (struct span){from, to}, &b);
	*vec_add(&r->e->slots) = (struct ir_slot){at, b.s};
}

/* c"text\00": a slot up to its last byte that isn't zero. */
static int read_string(struct reader *r, uint64_t at)
{
	const char *from = r->s, *end;
	struct strbuf b = {0};

	for (r->s += 2; r->s < r->end && *r->s != '"'; r->s++)
		;
	if (r->s >= r->end)
		return -1;
	end = r->s++;
	while (end - from >= 5 && !strncmp(end - 3, "\\00", 3))
		end -= 3;
	if (end > from + 2) {
		sb_puts(&b, "bytes \"");
		canon_name(from + 2, end - from - 2, &b);
		sb_puts(&b, "\"");
		*vec_add(&r->e->slots) = (struct ir_slot){at, b.s};
	}
	return 0;
}

static int read_value(struct reader *r, uint64_t at, const char *type);

static int read_typed(struct reader *r, uint64_t *at, bool packed, uint64_t *size)
{
	const char *type;
	uint64_t align;

	skip_blanks(&r->s, r->end);
	type = r->s;
	if (type_layout(r->c, &r->s, r->end, size, &align))
		return -1;
	if (!packed)
		*at = (*at + align - 1) / align * align;
	return read_value(r, *at, type);
}

/* Elements up to the closing bracket. In arrays each is aligned by its size. */
static int read_elements(struct reader *r, uint64_t at, char close, bool packed)
{
	uint64_t here = at, size;

	skip_blanks(&r->s, r->end);
	while (r->s < r->end && *r->s != close) {
		uint64_t off = here - at; /* alignment counts from the beginning of the aggregate */

		if (!packed) {
			const char *s = r->s;
			uint64_t n, align;

			if (type_layout(r->c, &s, r->end, &n, &align))
				return -1;
			off = (off + align - 1) / align * align;
		}
		here = at + off;
		if (read_typed(r, &here, true, &size))
			return -1;
		here += size;
		reader_take(r, ',');
		skip_blanks(&r->s, r->end);
	}
	return reader_take(r, close) ? 0 : -1;
}

static int read_aggregate(struct reader *r, uint64_t at)
{
	if (reader_take(r, '['))
		return read_elements(r, at, ']', true);
	if (reader_take(r, '{'))
		return read_elements(r, at, '}', false);
	r->s++; /* < */
	if (*r->s != '{')
		return read_elements(r, at, '>', true);
	r->s++;
	return read_elements(r, at, '}', true) ? -1 : reader_take(r, '>') ? 0 : -1;
}

/* "WORD ... (...)" of a constant expression, or a plain value. Returns its end. */
static const char *value_end(const struct reader *r)
{
	const char *s = r->s;
	int depth = 0;

	for (; s < r->end; s++) {
		if (*s == '"') {
			for (s++; s < r->end && *s != '"'; s++)
				;
		} else if (*s == '(') {
			depth++;
		} else if (*s == ')') {
			if (--depth == 0)
				return s + 1;
			if (depth < 0)
				return s;
		} else if (!depth && strchr(",]}>", *s)) {
			return s;
		}
	}
	return s;
}

static bool is_zero(const char *from, const char *to)
{
	static const char *const words[] = {
		"null",		"zeroinitializer",	  "undef", "poison", "none", "false", "0",
		"0.000000e+00", "0xK00000000000000000000"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strlen(words[i]) == to - from && !strncmp(words[i], from, to - from))
			return true;
	return false;
}

static int read_value(struct reader *r, uint64_t at, const char *type)
{
	const char *end, *stop;

	skip_blanks(&r->s, r->end);
	if (r->s >= r->end)
		return -1;
	if (r->s[0] == 'c' && r->s + 1 < r->end && r->s[1] == '"')
		return read_string(r, at);
	if (strchr("[{<", *r->s))
		return read_aggregate(r, at);
	end = value_end(r);
	for (stop = end; stop > r->s && stop[-1] == ' ';)
		stop--;
	if (!is_zero(r->s, stop))
		add_slot(r, at, type, stop);
	r->s = end;
	return 0;
}

/* Appends the words up to global/constant; true if the variable has an initialiser. */
static bool read_linkage(struct reader *r, struct strbuf *head)
{
	bool defined = true;

	while (skip_blanks(&r->s, r->end), r->s < r->end) {
		const char *from = r->s;
		bool last;

		if (reader_word(r, "hidden") || reader_word(r, "dso_local"))
			continue;
		if (reader_word(r, "external") || reader_word(r, "extern_weak"))
			defined = false;
		last = reader_word(r, "global") || reader_word(r, "constant");
		while (r->s == from || (!last && r->s < r->end && *r->s != ' '))
			r->s++;
		sb_add(head, from, r->s - from);
		sb_puts(head, " ");
		if (last)
			break;
	}
	return defined;
}

int variable_parse(struct canon *c, struct names *n, const struct ir_global *g,
		   struct ir_entity *out)
{
	struct reader r = {c, n, out, g->line.s, g->line.end};
	struct strbuf head = {0};
	const char *type;
	uint64_t align;
	bool defined;
	int rc;

	while (r.s < r.end && *r.s != '=')
		r.s += *r.s == '"' ? strcspn(r.s + 1, "\"") + 2 : 1;
	r.s++;
	defined = read_linkage(&r, &head);
	skip_blanks(&r.s, r.end);
	type = r.s;
	rc = type_layout(c, &r.s, r.end, &out->size, &align);
	if (rc && !defined) { /* an array without length or an incomplete type */
		out->size = 0;
		r.s = value_end(&r);
		rc = 0;
	} else if (!rc && defined) {
		rc = read_value(&r, 0, type);
	}
	if (!rc && r.s < r.end)
		canon_text(c, n, (struct span){r.s, r.end}, &head);
	out->head = head.s;
	return rc;
}
