// SPDX-License-Identifier: GPL-2.0
/* parse.c: the text of a module => its entities. See ir.h. */
#include "verify/canon.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- first look: what has a number or a name ---- */

static struct numbered *number_at(struct canon *c, char sigil, size_t i)
{
	if (sigil == '#') {
		while (c->attrs.n <= i)
			vec_add(&c->attrs);
		return &c->attrs.a[i];
	}
	while (c->nodes.n <= i)
		vec_add(&c->nodes);
	return &c->nodes.a[i];
}

static char *global_name(const char *s, const char *end)
{
	const char *from = ++s;

	if (s < end && *s == '"') {
		for (from = ++s; s < end && *s != '"'; s++)
			;
		return xstrndup(from, s - from);
	}
	while (s < end && ir_ident(*s))
		s++;
	return xstrndup(from, s - from);
}

static bool has_word(struct span line, const char *word)
{
	size_t n = strlen(word);
	const char *s = line.s;

	while ((s = memmem(s, line.end - s, word, n))) {
		if (s > line.s && s[-1] == ' ' && s + n < line.end && s[n] == ' ')
			return true;
		s += n;
	}
	return false;
}

static bool ends_in_number(const char *name)
{
	size_t n = strlen(name), k = n;

	while (k && isdigit((unsigned char)name[k - 1]))
		k--;
	return k && k < n && name[k - 1] == '.';
}

/* The part of a line before the value, where linkage stands. */
static struct span linkage_part(struct span line)
{
	const char *s = line.s;

	for (int words = 0; s < line.end && words < 8; s++)
		words += *s == ' ';
	return (struct span){line.s, s};
}

static enum ir_kind kind_of_line(struct span line, const char *name)
{
	struct span part = linkage_part(line);

	if (starts_with(name, "llvm.used") || starts_with(name, "llvm.compiler.used") ||
	    starts_with(name, "llvm.global_"))
		return IR_LIST;
	if (has_word(part, "alias") || has_word(part, "ifunc"))
		return IR_ALIAS;
	if (has_word(part, "external") || has_word(part, "extern_weak"))
		return IR_DECLARED;
	return IR_VARIABLE;
}

static struct ir_global *add_global(struct canon *c, struct span line, const char *at)
{
	struct ir_global *g = vec_add(&c->global);

	g->line = line;
	g->name = global_name(at, line.end);
	*strmap_add(&c->globals, g->name, NULL) = c->global.n;
	return g;
}

static void see_variable(struct canon *c, struct span line)
{
	struct ir_global *g = add_global(c, line, line.s);
	struct span part = linkage_part(line);

	g->kind = kind_of_line(line, g->name);
	g->by_content =
		g->kind == IR_VARIABLE &&
		(has_word(part, "private") ||
		 (has_word(part, "internal") && (*g->name == '.' || ends_in_number(g->name))));
}

static void see_type(struct canon *c, struct span line)
{
	const char *mark = memmem(line.s, line.end - line.s, " = type ", 8);
	struct ir_type *t;
	char *name;

	if (!mark)
		return;
	name = line.s[1] == '"' ? xstrndup(line.s + 2, mark - line.s - 3)
				: xstrndup(line.s + 1, mark - line.s - 1);
	t = vec_add(&c->type);
	t->def = (struct span){mark + 8, line.end};
	*strmap_add(&c->types, name, NULL) = c->type.n;
	free(name);
}

static void see_numbered(struct canon *c, char sigil, const char *digits, struct span line)
{
	const char *s = digits;
	size_t i = strtoull(digits, NULL, 10);

	while (s < line.end && isdigit((unsigned char)*s))
		s++;
	if (s == digits || line.end - s < 3 || strncmp(s, " = ", 3))
		return;
	number_at(c, sigil, i)->def = (struct span){s + 3, line.end};
}

static const char *name_of_function(struct span line)
{
	const char *s = memchr(line.s, '@', line.end - line.s);

	return s ?: line.end;
}

/* Reads a definition's lines up to its "}". Returns the text behind it. */
static const char *see_function(struct canon *c, struct span line)
{
	struct ir_global *g = add_global(c, line, name_of_function(line));
	const char *end = strstr(line.end, "\n}\n");

	g->kind = IR_FUNCTION;
	if (!end)
		return NULL;
	g->body = (struct span){line.end + 1, end + 1};
	if (g->body.end < g->body.s)
		g->body.end = g->body.s;
	return end + 3;
}

static struct ir_entity *asm_entity(struct module *out)
{
	if (!out->entities.n || out->entities.a[0].kind != IR_ASM) {
		struct ir_entity *e = vec_add(&out->entities);

		*e = (struct ir_entity){
			.kind = IR_ASM, .name = xstrdup("asm"), .head = xstrdup("")};
	}
	return &out->entities.a[0];
}

/* module asm "text" */
static void see_asm(struct module *out, struct span line)
{
	struct ir_entity *e = asm_entity(out);
	struct strbuf b = {0};
	const char *s = line.s + strlen("module asm \"");

	sb_add(&b, "", 0);
	for (const char *p = s; s < line.end - 1; s = p) {
		while (p < line.end - 1 && (isalnum((unsigned char)*p) || *p == '_'))
			p++;
		p += p == s;
		canon_name(s, p - s, &b);
	}
	*vec_add(&e->slots) = (struct ir_slot){e->slots.n, b.s};
}

static const char *look_at_line(struct canon *c, struct module *out, struct span line)
{
	const char *s = line.s;

	if (*s == '@') {
		see_variable(c, line);
	} else if (*s == '%') {
		see_type(c, line);
	} else if (*s == '!') {
		see_numbered(c, '!', s + 1, line);
	} else if (starts_with(s, "attributes #")) {
		see_numbered(c, '#', s + strlen("attributes #"), line);
	} else if (starts_with(s, "module asm \"")) {
		see_asm(out, line);
	} else if (starts_with(s, "declare ")) {
		add_global(c, line, name_of_function(line))->kind = IR_DECLARED;
	} else if (starts_with(s, "define ")) {
		return see_function(c, line);
	} else if (line.end > s && !strchr(";$", *s) && !starts_with(s, "source_filename") &&
		   !starts_with(s, "target ")) {
		return NULL;
	}
	return line.end + (*line.end == '\n');
}

/* ---- second look: entities ---- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void take_refs(struct ir_entity *e, const struct names *n)
{
	for (size_t i = 0; i < n->refs.cap; i++)
		if (n->refs.slots[i].key)
			*vec_add(&e->refs) = xstrdup(n->refs.slots[i].key);
	if (e->refs.n)
		qsort(e->refs.a, e->refs.n, sizeof(*e->refs.a), compare_names);
}

/* "define internal i32 @f(i32 %0) #0 section "x" {", "@a = alias ..." without what a precompiled
 * header changes. */
static char *function_head(struct canon *c, struct span line)
{
	static const char *const dropped[] = {" hidden ", " dso_local "};
	struct strbuf b = {0};
	size_t n;

	canon_text(c, NULL, line, &b);
	for (size_t i = 0; i < ARRAY_LEN(dropped); i++) {
		char *at = strstr(b.s, dropped[i]), *quote = strchrnul(b.s, '"');

		n = strlen(dropped[i]) - 1;
		if (at && at < quote)
			memmove(at, at + n, strlen(at + n) + 1);
	}
	for (n = strlen(b.s); n && strchr(" {", b.s[n - 1]);)
		b.s[--n] = 0;
	return b.s;
}

static void make_function(struct canon *c, const struct ir_global *g, struct ir_entity *e)
{
	struct names names = {0};
	struct strbuf body = {0};

	e->head = function_head(c, g->line);
	canon_text(c, &names, g->body, &body);
	e->body = hash64(body.s, body.len, 13);
	take_refs(e, &names);
	if (c->legend)
		e->text = body.s;
	else
		sb_free(&body);
	names_free(&names);
}

static int make_entity(struct canon *c, uint64_t i, struct ir_entity *e)
{
	struct ir_global *g = &c->global.a[i];
	struct names names = {0};
	struct strbuf name = {0};
	int r = 0;

	e->kind = g->kind;
	if (g->kind == IR_FUNCTION)
		make_function(c, g, e);
	else if (g->kind == IR_VARIABLE || g->kind == IR_LIST)
		r = variable_parse(c, &names, g, e);
	else
		e->head = function_head(c, g->line);
	if (g->by_content) { /* as others name it */
		canon_text(c, NULL, (struct span){g->line.s, strstr(g->line.s, " = ")}, &name);
		e->name = xstrdup(name.s + 1);
	} else {
		canon_name(g->name, strlen(g->name), &name);
		e->name = xstrdup(name.s);
	}
	sb_free(&name);
	names_free(&names);
	return r;
}

static char *index_key(enum ir_kind kind, const char *name)
{
	return xasprintf("%c%s", kind, name);
}

static void module_reindex(struct module *m)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		char *key = index_key(m->entities.a[i].kind, m->entities.a[i].name);
		uint64_t *at = strmap_add(&m->index, key, NULL);

		if (!*at)
			*at = i + 1;
		free(key);
	}
}

static void canon_free(struct canon *c)
{
	for (size_t i = 0; i < c->type.n; i++)
		free(c->type.a[i].token);
	for (size_t i = 0; i < c->global.n; i++) {
		free(c->global.a[i].token);
		free(c->global.a[i].name);
	}
	free(c->type.a);
	free(c->global.a);
	free(c->attrs.a);
	free(c->nodes.a);
	strmap_free(&c->types);
	strmap_free(&c->globals);
}

int ir_parse(char *text, bool with_text, struct module *out, char **why)
{
	struct canon c = {0};
	int r = 0;

	*out = (struct module){0};
	c.legend = with_text ? out : NULL;
	for (const char *s = text; *s && !r;) {
		const char *end = strchrnul(s, '\n'), *next;

		next = look_at_line(&c, out, (struct span){s, end});
		if (!next) {
			*why = xstrndup(s, end - s);
			r = -1;
		}
		s = next;
		if (r)
			break;
	}
	for (size_t i = 0; i < c.global.n && !r; i++) {
		const struct ir_global *g = &c.global.a[i];

		if (g->kind == IR_DECLARED && starts_with(g->name, "llvm."))
			continue;
		if (make_entity(&c, i, vec_add(&out->entities))) {
			*why = xstrndup(g->line.s, g->line.end - g->line.s);
			r = -1;
		}
	}
	module_reindex(out);
	canon_free(&c);
	return r;
}

struct ir_entity *module_find(const struct module *m, enum ir_kind kind, const char *name)
{
	char *key = index_key(kind, name);
	uint64_t *at = strmap_get(&m->index, key);

	free(key);
	return at ? &m->entities.a[*at - 1] : NULL;
}

void module_free(struct module *m)
{
	for (size_t i = 0; i < m->entities.n; i++)
		entity_free(&m->entities.a[i]);
	for (size_t i = 0; i < m->legend.cap; i++)
		if (m->legend.slots[i].key)
			free((char *)(uintptr_t)m->legend.slots[i].value);
	free(m->entities.a);
	strmap_free(&m->index);
	strmap_free(&m->legend);
	*m = (struct module){0};
}

/* ---- in the cache ---- */

void module_write(const struct module *m, struct strbuf *out)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		const struct ir_entity *e = &m->entities.a[i];

		sb_printf(out, "e%c%s\nh%s\n", e->kind, e->name, e->head);
		if (e->kind == IR_FUNCTION)
			sb_printf(out, "b%" PRIx64 "\n", e->body);
		if (e->size)
			sb_printf(out, "z%" PRIu64 "\n", e->size);
		for (size_t k = 0; k < e->slots.n; k++)
			sb_printf(out, "s%" PRIu64 " %s\n", e->slots.a[k].at, e->slots.a[k].value);
		for (size_t k = 0; k < e->refs.n; k++)
			sb_printf(out, "r%s\n", e->refs.a[k]);
	}
	sb_puts(out, ".\n");
}

static int entity_line(struct ir_entity *e, const char *line)
{
	char *end;

	switch (*line) {
	case 'h':
		free(e->head);
		e->head = xstrdup(line + 1);
		return 0;
	case 'b':
		e->body = strtoull(line + 1, NULL, 16);
		return 0;
	case 'z':
		e->size = strtoull(line + 1, NULL, 10);
		return 0;
	case 's':
		*vec_add(&e->slots) = (struct ir_slot){strtoull(line + 1, &end, 10), NULL};
		e->slots.a[e->slots.n - 1].value = xstrdup(*end ? end + 1 : end);
		return 0;
	case 'r':
		*vec_add(&e->refs) = xstrdup(line + 1);
		return 0;
	default:
		return -1;
	}
}

int module_read(struct module *m, char *text)
{
	struct ir_entity *e = NULL;
	int r = -1;

	*m = (struct module){0};
	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		r = 0;
		if (!strcmp(line, "."))
			break;
		r = -1; /* until the end is seen */
		if (*line == 'e' && line[1]) {
			e = vec_add(&m->entities);
			*e = (struct ir_entity){.kind = line[1], .name = xstrdup(line + 2)};
		} else if (!e || entity_line(e, line)) {
			break;
		}
	}
	if (r)
		module_free(m);
	else
		module_reindex(m);
	return r;
}
