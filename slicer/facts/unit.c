// SPDX-License-Identifier: GPL-2.0
/* unit.c: source text + the compiler's offsets => file-scope units. */
#include "facts/unit.h"

#include <ctype.h>
#include <stdlib.h>

static bool is_ident_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Blanks s[i..] up to the end of the (continued) line; returns the offset of its '\n' or len. */
static size_t blank_directive(char *s, size_t i, size_t len)
{
	while (i < len && s[i] != '\n') {
		if (s[i] == '\\' && i + 1 < len && s[i + 1] == '\n') {
			s[i++] = ' ';
		} else if (s[i] == '/' && i + 1 < len && s[i + 1] == '*') {
			while (i < len && !(s[i] == '*' && i + 1 < len && s[i + 1] == '/')) {
				if (s[i] != '\n')
					s[i] = ' ';
				i++;
			}
			if (i + 1 < len)
				s[i] = s[i + 1] = ' ';
			i++;
		} else if (s[i] == '/' && i + 1 < len && s[i + 1] == '/') {
			while (i < len && s[i] != '\n')
				s[i++] = ' ';
			continue;
		} else {
			s[i] = ' ';
		}
		i++;
	}
	return i;
}

/* Blanks a comment at i, if any. Returns the offset after it. */
static size_t blank_comment(char *s, size_t i, size_t len)
{
	bool line = s[i + 1] == '/';

	s[i] = s[i + 1] = ' ';
	for (i += 2; i < len; i++) {
		if (line ? s[i] == '\n' && s[i - 1] != '\\'
			 : s[i] == '*' && i + 1 < len && s[i + 1] == '/') {
			if (line)
				return i;
			s[i] = s[i + 1] = ' ';
			return i + 2;
		}
		if (s[i] != '\n')
			s[i] = ' ';
	}
	return len;
}

static size_t blank_literal(char *s, size_t i, size_t len)
{
	char quote = s[i];

	s[i++] = '0';
	while (i < len && s[i] != quote && s[i] != '\n') {
		if (s[i] == '\\' && i + 1 < len)
			s[i++] = '0';
		if (s[i] != '\n')
			s[i] = '0';
		i++;
	}
	if (i < len && s[i] == quote)
		s[i++] = '0';
	return i;
}

char *units_blank(const char *text, size_t len, const span_vec *skipped)
{
	char *s = xstrndup(text, len);
	size_t skip = 0, i = 0;
	bool line_start = true;

	while (i < len) {
		while (skip < skipped->n && skipped->a[skip].end <= i)
			skip++;
		if (skip < skipped->n && skipped->a[skip].beg <= i) {
			for (; i < skipped->a[skip].end && i < len; i++)
				if (s[i] != '\n')
					s[i] = ' ';
			i = blank_directive(s, i, len); /* the #endif or #else itself */
		} else if (s[i] == '\n') {
			line_start = true;
			i++;
		} else if (s[i] == '#' && line_start) {
			i = blank_directive(s, i, len);
		} else if (s[i] == '/' && i + 1 < len && (s[i + 1] == '*' || s[i + 1] == '/')) {
			i = blank_comment(s, i, len);
		} else if (s[i] == '"' || s[i] == '\'') {
			i = blank_literal(s, i, len);
			line_start = false;
		} else {
			if (!isspace((unsigned char)s[i]))
				line_start = false;
			i++;
		}
	}
	return s;
}

static bool offsets_have(const offset_vec *v, uint32_t off)
{
	size_t lo = 0, hi = v->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (v->a[mid] < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < v->n && v->a[lo] == off;
}

size_t spans_from(const span_vec *v, uint32_t off)
{
	size_t lo = 0, hi = v->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (v->a[mid].beg < off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const struct span *macro_span_at(const span_vec *v, uint32_t off)
{
	size_t i = spans_from(v, off);

	return i < v->n && v->a[i].beg == off ? &v->a[i] : NULL;
}

static size_t text_skip_space(const char *s, size_t i, size_t len)
{
	while (i < len && isspace((unsigned char)s[i]))
		i++;
	return i;
}

/* Matching bracket of s[i], or len. */
static size_t match_bracket(const char *s, size_t i, size_t len)
{
	int depth = 0;

	for (; i < len; i++) {
		if (s[i] == '(' || s[i] == '{' || s[i] == '[')
			depth++;
		else if ((s[i] == ')' || s[i] == '}' || s[i] == ']') && !--depth)
			return i;
	}
	return len;
}

/*
 * Is the macro call [beg, end) a unit without a ';'? Yes, if a declaration or another macro call
 * follows. A call on the same line as a declaration that declares nothing itself is an attribute
 * that expands to nothing.
 */
static bool macro_ends_unit(const struct unit_input *in, size_t beg, size_t end, size_t next)
{
	bool makes = offsets_have(&in->starts, beg);

	if (!makes && !memchr(in->text + end, '\n', next - end))
		return false;
	if (offsets_have(&in->starts, next))
		return true;
	return !makes && macro_span_at(&in->macros, next);
}

/* The ';' at i ends a parameter's declaration: `int f(a) int a; { ... }`. */
static bool ends_parameter(const struct unit_input *in, size_t start, size_t i)
{
	for (size_t k = spans_from(&in->heads, start); k < in->heads.n; k++) {
		if (in->heads.a[k].beg >= i)
			break;
		if (in->heads.a[k].end > i)
			return true;
	}
	return false;
}

/* One unit from s[i]: returns its end, or 0 with *bad set. */
static size_t units_cut_one(const struct unit_input *in, const char *s, size_t i,
			    struct text_unit *u, size_t *bad)
{
	const struct span *macro = macro_span_at(&in->macros, i);
	size_t start = i, call_end = 0,
	       len = in->len; /* call_end: of a function-like macro at the start */

	while (macro && is_ident_char(s[i + u->name_len]))
		u->name_len++;
	if (macro) {
		size_t open = text_skip_space(s, i + u->name_len, len);

		if (open < len && s[open] == '(' && macro->end > open)
			call_end = match_bracket(s, open, len) + 1;
	}
	while (i < len) {
		if (call_end && i == call_end) {
			size_t next = text_skip_space(s, i, len);

			u->whole = next >= len || s[next] == ';' ||
				   macro_ends_unit(in, start, i, next);
			if (u->whole && (next >= len || s[next] != ';'))
				return i;
		}
		if (s[i] == ';' && !ends_parameter(in, start, i))
			return i + 1;
		if (s[i] == '(' || s[i] == '[' || s[i] == '{') {
			size_t close = match_bracket(s, i, len);

			if (close == len) {
				*bad = i;
				return 0;
			}
			if (s[i] == '{' && offsets_have(&in->bodies, i))
				return close + 1;
			i = close;
		} else if (s[i] == ')' || s[i] == ']' || s[i] == '}') {
			*bad = i;
			return 0;
		}
		i++;
	}
	while (len > start && isspace((unsigned char)s[len - 1]))
		len--;
	return len;
}

int units_cut(const struct unit_input *in, unit_vec *units, size_t *bad)
{
	char *s = units_blank(in->text, in->len, &in->skipped);
	uint32_t line = 1;
	size_t at = 0;

	for (size_t i = text_skip_space(s, 0, in->len); i < in->len;) {
		struct text_unit u = {.beg = i};
		size_t end = units_cut_one(in, s, i, &u, bad);

		if (!end) {
			free(s);
			return -1;
		}
		for (; at < i; at++)
			line += in->text[at] == '\n';
		u.line = line;
		u.end = end;
		*vec_add(units) = u;
		i = text_skip_space(s, end, in->len);
	}
	free(s);
	return 0;
}

const struct text_unit *units_find(const unit_vec *units, uint32_t off)
{
	size_t lo = 0, hi = units->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (units->a[mid].end <= off)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < units->n && units->a[lo].beg <= off ? &units->a[lo] : NULL;
}

static int compare_offsets(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* With equal beginnings the longer one comes first, and only it is kept. */
static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->beg != y->beg)
		return x->beg < y->beg ? -1 : 1;
	return x->end > y->end ? -1 : x->end < y->end;
}

static void sort_spans(span_vec *v)
{
	size_t n = 0;

	if (v->n)
		qsort(v->a, v->n, sizeof(*v->a), compare_spans);
	for (size_t i = 0; i < v->n; i++)
		if (!n || v->a[i].beg != v->a[n - 1].beg)
			v->a[n++] = v->a[i];
	v->n = n;
}

void unit_input_sort(struct unit_input *in)
{
	sort_spans(&in->skipped);
	sort_spans(&in->macros);
	sort_spans(&in->heads);
	if (in->starts.n)
		qsort(in->starts.a, in->starts.n, sizeof(uint32_t), compare_offsets);
	if (in->bodies.n)
		qsort(in->bodies.a, in->bodies.n, sizeof(uint32_t), compare_offsets);
}
