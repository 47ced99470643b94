// SPDX-License-Identifier: GPL-2.0
/*
 * bodies.c: name of a function => its body. Units that hold the calls are added by types.c, which
 * parses them anyway; another unit is parsed when a function that its text defines is asked for.
 */
#include "stubs/units.h"
#include "commands/commands.h"

#include <ctype.h>
#include <stdlib.h>

void *bodies_keep(struct bodies *b, void *p)
{
	return *vec_add(&b->mem) = p;
}

void bodies_init(struct bodies *b, const struct compdb *db)
{
	memset(b, 0, sizeof(*b));
	b->db = db;
}

void bodies_free(struct bodies *b)
{
	for (size_t i = b->mem.n; i-- > 0;)
		free(b->mem.a[i]);
	free(b->mem.a);
	free(b->read.a);
	strmap_free(&b->fns);
	strmap_free(&b->files);
	strmap_free(&b->units);
}

/* ---- which unit's text defines a function ---- */

static const char *skip_blank(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* Behind the ')' of the '(' at p; NULL: unbalanced. */
static const char *skip_parens(const char *p)
{
	int depth = 0;

	for (; *p; p++) {
		depth += (*p == '(') - (*p == ')');
		if (!depth)
			return p + 1;
		if (*p == '{' || *p == ';')
			return NULL;
	}
	return NULL;
}

/* Does a body follow the parameters, behind attributes such as __acquires(x)? */
static bool body_follows(const char *p)
{
	for (p = skip_blank(p); isalpha((unsigned char)*p) || *p == '_'; p = skip_blank(p)) {
		while (isalnum((unsigned char)*p) || *p == '_')
			p++;
		p = skip_blank(p);
		if (*p == '(' && !(p = skip_parens(p)))
			return false;
	}
	return *p == '{';
}

/* A line at the beginning of which a definition with external linkage may stand. */
static void index_line(struct bodies *b, const char *line, size_t tu)
{
	const char *open = line + strcspn(line, "(\n;={"), *end, *beg;
	bool added;

	if (*open != '(' || starts_with(line, "static"))
		return;
	for (end = open; end > line && end[-1] == ' '; end--)
		;
	for (beg = end; beg > line && (isalnum((unsigned char)beg[-1]) || beg[-1] == '_'); beg--)
		;
	end = skip_parens(open);
	if (beg == open || !end || !body_follows(end))
		return;
	{
		char *name = xstrndup(beg, (size_t)(open - beg));
		uint64_t *at = strmap_add(&b->files, name, &added);

		if (added)
			*at = tu + 1;
		free(name);
	}
}

static void index_files(struct bodies *b)
{
	b->indexed = true;
	for (size_t i = 0; i < b->db->ntus; i++) {
		const struct tu *tu = &b->db->tus[i];
		char *path = xasprintf("%s/%s", b->db->overlay, tu->source);
		char *text = tu->is_asm ? NULL : read_file(path, NULL);

		for (const char *l = text; l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL)
			if (isalpha((unsigned char)*l) || *l == '_')
				index_line(b, l, i);
		free(text);
		free(path);
	}
}

/* ---- units ---- */

void bodies_add_unit(struct bodies *b, const char *file, CXTranslationUnit unit)
{
	bool added;

	strmap_add(&b->units, file, &added);
	if (!added)
		return;
	file = bodies_keep(b, xstrdup(file));
	*vec_add(&b->read) = (char *)file;
	lower_unit(b, file, unit);
}

static void parse_unit(struct bodies *b, const struct tu *tu)
{
	CXIndex index = clang_createIndex(0, 0);
	char *path = xasprintf("%s/%s", b->db->overlay, tu->source);
	CXTranslationUnit unit = types_parse(b->db, index, tu, path, NULL, true);

	b->parsed++;
	if (unit) {
		bodies_add_unit(b, tu->source, unit);
		clang_disposeTranslationUnit(unit);
	} else {
		strmap_add(&b->units, tu->source, NULL);
	}
	clang_disposeIndex(index);
	free(path);
}

const struct fn *bodies_known(const struct bodies *b, const char *key)
{
	const uint64_t *at = strmap_get(&b->fns, key);

	return at ? (const struct fn *)(uintptr_t)*at : NULL;
}

const struct fn *bodies_find(struct bodies *b, const char *key)
{
	const struct fn *fn = bodies_known(b, key);
	const struct tu *tu;
	uint64_t *at;

	if (fn || strchr(key, ':'))
		return fn;
	if (!b->indexed)
		index_files(b);
	at = strmap_get(&b->files, key);
	if (!at)
		return NULL;
	tu = &b->db->tus[*at - 1];
	if (!strmap_get(&b->units, tu->source))
		parse_unit(b, tu);
	return bodies_known(b, key);
}
