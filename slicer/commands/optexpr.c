// SPDX-License-Identifier: GPL-2.0
/* optexpr.c: the text of a Kconfig expression => struct optexpr. See options.h. */
#include "commands/options.h"
#include <ctype.h>

struct scan {
	struct options *o;
	const char *at;
};

static struct optexpr *node(struct options *o, enum optexpr_op op, struct optexpr *a,
			    struct optexpr *b)
{
	struct optexpr *x = options_keep(o, xcalloc(1, sizeof(*x)));

	*x = (struct optexpr){.op = op, .a = a, .b = b};
	return x;
}

struct optexpr *optexpr_and(struct options *o, struct optexpr *a, struct optexpr *b)
{
	return !a ? b : !b ? a : node(o, OX_AND, a, b);
}

static bool take(struct scan *s, const char *token)
{
	s->at += strspn(s->at, " \t");
	if (!starts_with(s->at, token))
		return false;
	s->at += strlen(token);
	return true;
}

/* Behind the ')' of the "$(" at s, or its end. */
static const char *skip_macro(const char *s)
{
	int depth = 0;

	for (; *s; s++) {
		depth += (*s == '(') - (*s == ')');
		if (!depth && *s == ')')
			return s + 1;
	}
	return s;
}

static bool is_name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.' || c == '/';
}

/* A name, number or string; "" if there is none. *quoted: it was a constant's. *macro: a macro is
 * in it. */
static const char *take_word(struct scan *s, bool *quoted, bool *macro)
{
	const char *from;

	s->at += strspn(s->at, " \t");
	from = s->at;
	*quoted = *from == '"' || *from == '\'';
	*macro = starts_with(from, "$(");
	if (*macro) {
		s->at = skip_macro(from + 1);
		return "";
	}
	if (*quoted) {
		const char *end = strchr(from + 1, *from) ?: from + strlen(from);

		s->at = *end ? end + 1 : end;
		*macro = memmem(from, (size_t)(end - from), "$(", 2);
		return options_keep(s->o, xstrndup(from + 1, (size_t)(end - from - 1)));
	}
	while (is_name_char(*s->at))
		s->at++;
	return options_keep(s->o, xstrndup(from, (size_t)(s->at - from)));
}

static struct optexpr *parse_or(struct scan *s);

/* NAME, NAME=VALUE and the like. Which of two numbers is larger can't be changed: met. */
static struct optexpr *parse_compare(struct scan *s)
{
	bool quoted, macro, quoted2, macro2, equal, differ;
	const char *a = take_word(s, &quoted, &macro), *b;
	struct optexpr *x;

	differ = take(s, "!=");
	equal = !differ && take(s, "=");
	if (!equal && !differ) {
		if (take(s, "<=") || take(s, ">=") || take(s, "<") || take(s, ">")) {
			take_word(s, &quoted, &macro);
			return node(s->o, OX_YES, NULL, NULL);
		}
		if (macro || !strcmp(a, "y") || !strcmp(a, "m"))
			return node(s->o, OX_YES, NULL, NULL);
		x = node(s->o, quoted || !strcmp(a, "n") ? OX_NO : OX_NAME, NULL, NULL);
		x->name = a;
		return x;
	}
	b = take_word(s, &quoted2, &macro2);
	if (macro || macro2)
		return node(s->o, OX_YES, NULL, NULL);
	x = node(s->o, equal ? OX_EQUAL : OX_DIFFER, NULL, NULL);
	x->name = a;
	x->text = b;
	return x;
}

static struct optexpr *parse_unary(struct scan *s)
{
	struct optexpr *x;

	s->at += strspn(s->at, " \t");
	if (*s->at == '!' && s->at[1] != '=') {
		s->at++;
		x = parse_unary(s);
		return node(s->o, OX_NOT, x, NULL);
	}
	if (!take(s, "("))
		return parse_compare(s);
	x = parse_or(s);
	take(s, ")");
	return x;
}

static struct optexpr *parse_and(struct scan *s)
{
	struct optexpr *x = parse_unary(s);

	while (take(s, "&&"))
		x = node(s->o, OX_AND, x, parse_unary(s));
	return x;
}

static struct optexpr *parse_or(struct scan *s)
{
	struct optexpr *x = parse_and(s);

	while (take(s, "||"))
		x = node(s->o, OX_OR, x, parse_and(s));
	return x;
}

struct optexpr *optexpr_parse(struct options *o, const char *text)
{
	struct scan s = {o, text + strspn(text, " \t")};

	return *s.at ? parse_or(&s) : NULL;
}
