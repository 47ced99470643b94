// SPDX-License-Identifier: GPL-2.0
/*
 * plan.c: which units see the same headers, and which headers are worth precompiling.
 *
 * Both are decided by the sources' text, before parsing. A macro that a file defines before an
 * #include may change the header's contents.
 */
#include "facts/load.h"

#include <ctype.h>
#include <stdlib.h>

#define MAX_QUOTED 8 /* depth of #include "..." that is followed */

struct count {
	char *name;
	size_t n;
};

static size_t ident_length(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_')
		n++;
	return n;
}

/* Hash of the flags that affect headers' contents, without the unit's own names and directories. */
static uint64_t flags_hash(const struct tu *tu)
{
	uint64_t hash = 0;

	for (int i = 1; i < tu->argc - 1; i++) {
		const char *a = tu->argv[i];

		if (!strcmp(a, "-o") || !strcmp(a, "-I")) {
			i++;
			continue;
		}
		if (!strcmp(a, "-c") || starts_with(a, "-W") || starts_with(a, "-I") ||
		    starts_with(a, "-DKBUILD_") || starts_with(a, "-D__KBUILD_"))
			continue;
		hash = hash_str(a, hash);
	}
	return hash;
}

static const char *last_include(const char *text)
{
	const char *last = NULL;

	for (const char *s = text; (s = strstr(s, "#include")); s++)
		if (s == text || s[-1] == '\n')
			last = s;
	return last;
}

/* One line "#define X" or "#undef X" before the last #include. pr_fmt only affects strings. */
static bool see_macro_line(struct plan_unit *u, const char *line)
{
	const char *s = line + 1;
	size_t n;

	s += strspn(s, " \t");
	if (starts_with(s, "define"))
		s += strlen("define");
	else if (starts_with(s, "undef"))
		s += strlen("undef");
	else
		return false;
	s += strspn(s, " \t");
	n = ident_length(s);
	if (!n || (n == 6 && starts_with(s, "pr_fmt")))
		return false;
	*vec_add(&u->macros) = xstrndup(s, n);
	return true;
}

/* The name between the quotes or brackets of an #include line; NULL: it has others. Caller frees.
 */
static char *include_name(const char *line, const char *quotes)
{
	const char *s = line + strlen("#include"), *end;

	s += strspn(s, " \t");
	end = *s == quotes[0] ? strchr(s + 1, quotes[1]) : NULL;
	return end ? xstrndup(s + 1, end - s - 1) : NULL;
}

/* Where a source or a header of its folder is read. */
struct plan_text {
	struct plan_unit *unit;
	const char *path;	 /* in the overlay */
	struct strmap *includes; /* NULL in a header */
	unsigned depth;
};

static void plan_read_text(const struct plan_text *from, const char *text);

/* A header of the source's own folder may define macros that change those included after it. */
static void plan_read_quoted(const struct plan_text *from, const char *name)
{
	const char *slash = strrchr(from->path, '/');
	struct plan_text in = {.unit = from->unit, .depth = from->depth + 1};
	char *path = xasprintf("%.*s/%s", (int)(slash - from->path), from->path, name), *text;

	text = in.depth < MAX_QUOTED ? read_file(path, NULL) : NULL;
	in.path = path;
	if (text)
		plan_read_text(&in, text);
	free(text);
	free(path);
}

static void plan_read_line(const struct plan_text *from, const char *line, bool last)
{
	char *name;

	if (!starts_with(line, "#include")) {
		if (see_macro_line(from->unit, line) && from->includes)
			from->unit->group = hash64(line, strcspn(line, "\n"), from->unit->group);
	} else if ((name = include_name(line, "<>"))) {
		if (from->includes)
			++*strmap_add(from->includes, name, NULL);
		free(name);
	} else if ((name = include_name(line, "\"\""))) {
		if (!last)
			plan_read_quoted(from, name);
		free(name);
	}
}

/* Of a source everything up to its last #include, of a header everything. */
static void plan_read_text(const struct plan_text *from, const char *text)
{
	const char *last = from->includes ? last_include(text) : text + strlen(text);

	for (const char *line = text; last && line && line <= last;) {
		if (*line == '#')
			plan_read_line(from, line, line == last);
		line = strchr(line, '\n');
		line += line != NULL;
	}
}

static uint64_t most_frequent_flags(struct plan *plan, const struct compdb *db)
{
	size_t best = 0;
	uint64_t flags = 0;

	for (size_t i = 0; i < plan->nunits; i++) {
		size_t n = 0;

		if (db->tus[i].is_asm || plan->units[i].flags == flags)
			continue;
		for (size_t j = i; j < plan->nunits; j++)
			n += !db->tus[j].is_asm && plan->units[j].flags == plan->units[i].flags;
		if (n > best) {
			best = n;
			flags = plan->units[i].flags;
			plan->pch_model = i;
		}
	}
	return flags;
}

static int compare_header_counts(const void *a, const void *b)
{
	const struct count *x = a, *y = b;

	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void plan_choose_headers(struct plan *plan, struct strmap *includes)
{
	size_t least = plan->nunits / 16 + 3;
	VEC(struct count) counts = {};

	for (size_t i = 0; i < includes->cap; i++)
		if (includes->slots[i].key && includes->slots[i].value >= least)
			*vec_add(&counts) =
				(struct count){includes->slots[i].key, includes->slots[i].value};
	if (counts.n)
		qsort(counts.a, counts.n, sizeof(*counts.a), compare_header_counts);
	for (size_t i = 0; i < counts.n; i++)
		*vec_add(&plan->headers) = xstrdup(counts.a[i].name);
	free(counts.a);
}

void plan_make(struct plan *plan, const struct compdb *db)
{
	struct strmap includes = {};

	*plan = (struct plan){.nunits = db->ntus, .units = xcalloc(db->ntus, sizeof(*plan->units))};
	for (size_t i = 0; i < db->ntus; i++)
		plan->units[i].flags = flags_hash(&db->tus[i]);
	plan->pch_flags = most_frequent_flags(plan, db);
	for (size_t i = 0; i < db->ntus; i++) {
		struct plan_unit *u = &plan->units[i];
		char *path, *text;

		if (db->tus[i].is_asm)
			continue;
		u->group = u->flags == plan->pch_flags ? 0 : u->flags;
		path = xasprintf("%s/%s", db->overlay, db->tus[i].source);
		text = read_file(path, NULL);
		if (text) /* generated sources are elsewhere and get no precompiled header */
			plan_read_text(&(struct plan_text){u, path, &includes, 0}, text);
		u->pch = text && u->flags == plan->pch_flags;
		free(text);
		free(path);
	}
	plan_choose_headers(plan, &includes);
	strmap_free(&includes);
}

/* Collects all identifiers in the precompiled headers' text. */
static void plan_read_identifiers(struct strmap *idents, const char *path)
{
	char *text = read_file(path, NULL);

	for (char *s = text; s && *s;) {
		size_t n = ident_length(s);

		if (n) {
			char c = s[n];

			s[n] = 0;
			strmap_add(idents, s, NULL);
			s[n] = c;
		}
		s += n ? n : 1;
	}
	free(text);
}

void plan_use_pch(struct plan *plan, const struct compdb *db, const struct strmap *pch_files)
{
	struct strmap idents = {};

	for (size_t i = 0; i < pch_files->cap; i++) {
		const char *name = pch_files->slots[i].key;
		char *path;

		if (!name)
			continue;
		path = starts_with(name, "obj:")
			       ? xasprintf("%s/%s", db->objdir, name + 4)
			       : xasprintf("%s/%s", *name == '/' ? "" : db->overlay, name);
		plan_read_identifiers(&idents, path);
		free(path);
	}
	for (size_t i = 0; i < plan->nunits; i++) {
		struct plan_unit *u = &plan->units[i];

		for (size_t j = 0; j < u->macros.n && u->pch; j++)
			u->pch = !strmap_get(&idents, u->macros.a[j]);
	}
	strmap_free(&idents);
}

void plan_free(struct plan *plan)
{
	for (size_t i = 0; i < plan->nunits; i++) {
		for (size_t j = 0; j < plan->units[i].macros.n; j++)
			free(plan->units[i].macros.a[j]);
		free(plan->units[i].macros.a);
	}
	for (size_t i = 0; i < plan->headers.n; i++)
		free(plan->headers.a[i]);
	free(plan->headers.a);
	free(plan->units);
}
