// SPDX-License-Identifier: GPL-2.0
/* compare.c: modules of the whole and the sliced unit => unexplained differences. See compare.h. */
#include "verify/compare.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define DEAD_PREFIX "sd_dead_" /* of functions that the emitter puts into dead slots */

static void differs(struct compare *c, const char *name, const char *what, const char *whole,
		    const char *slice)
{
	struct difference d = {name, what, whole, slice};

	c->n++;
	if (c->report)
		c->report(c->ctx, &d);
}

/* ---- what the emitter declared ---- */

#define NO_USE 0

static uint32_t first_use(const struct compare *c, const char *name)
{
	uint64_t *at = strmap_get(&c->edits->names, name);

	return at ? *at : NO_USE;
}

/* The next edit that has that name and is in a file of this unit; *use: where to go on. */
static const struct declared *next_edit(const struct compare *c, uint32_t *use)
{
	while (*use != NO_USE) {
		const struct declared_use *u = &c->edits->uses.a[*use - 1];
		const struct declared *e = &c->edits->edit.a[u->edit];

		*use = u->next;
		if (c->includes(c->ctx, e->file))
			return e;
	}
	return NULL;
}

static bool text_names(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *s = text; s && (s = strstr(s, name)); s += n)
		if ((s == text || !(isalnum((unsigned char)s[-1]) || s[-1] == '_')) &&
		    !(isalnum((unsigned char)s[n]) || s[n] == '_'))
			return true;
	return false;
}

static bool is_deletion(const struct declared *e)
{
	return !strcmp(e->kind, "definition") || !strcmp(e->kind, "type");
}

/* Did a cut change this function's body? */
static bool is_edited(const struct compare *c, const char *function)
{
	const struct declared *e;

	for (uint32_t use = first_use(c, function); (e = next_edit(c, &use));)
		if (!is_deletion(e) && e->cut)
			return true;
	return false;
}

static bool edit_puts(const struct compare *c, const char *function, const char *name)
{
	const struct declared *e;

	for (uint32_t use = first_use(c, function); (e = next_edit(c, &use));)
		if (e->text && text_names(e->text, name))
			return true;
	return false;
}

static bool is_cut(const struct compare *c, const char *definition)
{
	const struct declared *e;

	for (uint32_t use = first_use(c, definition); (e = next_edit(c, &use));)
		if (is_deletion(e) && e->cut)
			return true;
	return false;
}

static bool is_deleted(const struct compare *c, const char *definition)
{
	const struct declared *e;

	for (uint32_t use = first_use(c, definition); (e = next_edit(c, &use));)
		if (is_deletion(e))
			return true;
	return false;
}

/* ---- slots ---- */

/* The symbol in a slot's value; malloc'ed, NULL: none, or one that is named by its contents. */
static char *slot_symbol(const char *value)
{
	const char *s = strchr(value, '@');
	size_t n = 0;

	if (!s || *++s == '"')
		return NULL;
	while (isalnum((unsigned char)s[n]) || strchr("_.$#", s[n] ?: ' '))
		n++;
	return s[n] == '{' ? NULL : xstrndup(s, n);
}

/* "ptr @.compoundliteral{1234abcd}" => the variable of that name. */
static struct ir_entity *slot_target(const struct module *m, const char *value)
{
	const char *s = strchr(value, '@'), *end = s ? strchr(s, '}') : NULL;
	struct ir_entity *e = NULL;
	char *name;

	if (end && !strchr(s, '"')) {
		name = xstrndup(s + 1, end - s);
		e = module_find(m, IR_VARIABLE, name);
		free(name);
	}
	return e;
}

/* "i32 7", where the variable may be an array of seven elements, or has seven bytes. */
static bool is_size_of(const struct compare *c, const char *value, const char *variable)
{
	const struct ir_entity *e = module_find(c->whole, IR_VARIABLE, variable);
	const char *number = value[0] == 'i' ? strchr(value, ' ') : NULL;
	uint64_t n = number ? strtoull(number, NULL, 10) : 0;

	return e && n && !(e->size % n);
}

/* Is the slot's value one of a dead element of c->var: the symbol that it names, or its size? */
static bool slot_may_go(const struct compare *c, const struct ir_slot *whole)
{
	char *symbol = slot_symbol(whole->value);
	const struct declared *e;
	bool may = false;

	for (uint32_t use = first_use(c, c->var); !may && (e = next_edit(c, &use));) {
		json_t *dead = json_object_get(json_object_get(e->json, "dead"), c->var), *v;
		size_t i;

		json_array_foreach (dead, i, v) {
			const char *name = json_string_value(v);

			may |= symbol ? !strcmp(name, symbol) : is_size_of(c, whole->value, name);
		}
	}
	free(symbol);
	return may;
}

static bool is_trap_value(const char *value)
{
	return starts_with(value, "ptr @" DEAD_PREFIX);
}

static void compare_slots(struct compare *c, const struct ir_entity *w, const struct ir_entity *s);

static void slot_differs(struct compare *c, const struct ir_slot *w, const struct ir_slot *s)
{
	uint64_t at = w ? w->at : s->at;
	char *what = xasprintf("differs at byte %llu", (unsigned long long)at);

	differs(c, c->var, what, w ? w->value : NULL, s ? s->value : NULL);
	free(what);
}

static void compare_slot(struct compare *c, const struct ir_slot *w, const struct ir_slot *s)
{
	struct ir_entity *wt, *st;

	if (!strcmp(w->value, s->value) || (is_trap_value(s->value) && slot_may_go(c, w)))
		return;
	wt = slot_target(c->whole, w->value);
	st = slot_target(c->slice, s->value);
	if (wt && st)
		compare_slots(c, wt, st);
	else
		slot_differs(c, w, s);
}

static void compare_slots(struct compare *c, const struct ir_entity *w, const struct ir_entity *s)
{
	size_t i = 0, k = 0;

	if (strcmp(w->head, s->head))
		differs(c, c->var, "is declared otherwise", w->head, s->head);
	if (w->size != s->size) {
		char *ws = xasprintf("%llu bytes", (unsigned long long)w->size);
		char *ss = xasprintf("%llu bytes", (unsigned long long)s->size);

		differs(c, c->var, "has another size", ws, ss);
		free(ws);
		free(ss);
	}
	while (i < w->slots.n || k < s->slots.n) {
		const struct ir_slot *ws = i < w->slots.n ? &w->slots.a[i] : NULL;
		const struct ir_slot *ss = k < s->slots.n ? &s->slots.a[k] : NULL;

		if (ws && ss && ws->at == ss->at) {
			compare_slot(c, ws, ss);
			i++, k++;
		} else if (!ss || (ws && ws->at < ss->at)) {
			if (!slot_may_go(c, ws))
				slot_differs(c, ws, NULL);
			i++;
		} else {
			slot_differs(c, NULL, ss);
			k++;
		}
	}
}

/* ---- what is gone ---- */

/* Sections of which each member is reached by its name. Members of others may be walked as a
 * table, from one symbol of the linker script to another. */
static bool section_is_plain(const char *head)
{
	static const char *const plain[] = {
		".data\"",	".bss\"",	  ".rodata\"",	      ".init.data\"",
		".exit.data\"", ".init.rodata\"", ".ref.data\"",      ".meminit.data\"",
		".data..",	".data.once\"",	  ".data.unlikely\"", ".discard.",
		".modinfo\"",
	};
	const char *s = strstr(head, "section \"");

	if (!s)
		return true;
	s += strlen("section \"");
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		if (starts_with(s, plain[i]))
			return true;
	return false;
}

static bool is_defined(const struct module *m, const char *name)
{
	return module_find(m, IR_FUNCTION, name) || module_find(m, IR_VARIABLE, name) ||
	       module_find(m, IR_ALIAS, name);
}

static bool is_known(const struct module *m, const char *name)
{
	return is_defined(m, name) || module_find(m, IR_DECLARED, name);
}

/*
 * An export's marker, which only keeps the compiler from dropping what it names: the linker drops
 * it anyway, and exports pin nothing (closure/pins.c).
 */
static bool is_export_marker(const struct ir_entity *e)
{
	return strstr(e->head, "section \".discard.addressable\"") != NULL;
}

/* A function's own static variable: f.x. */
static bool was_in_function(const struct compare *c, const char *name)
{
	const char *dot = strchr(name, '.');
	char *function;
	bool gone;

	if (!dot || dot == name)
		return false;
	function = xstrndup(name, dot - name);
	gone = module_find(c->whole, IR_FUNCTION, function) &&
	       (!module_find(c->slice, IR_FUNCTION, function) || is_edited(c, function));
	free(function);
	return gone;
}

static bool may_be_gone(const struct compare *c, const char *name)
{
	const struct ir_entity *e = module_find(c->whole, IR_VARIABLE, name);

	return is_cut(c, name) || was_in_function(c, name) || (e && is_export_marker(e));
}

static void compare_gone(struct compare *c)
{
	for (size_t i = 0; i < c->whole->entities.n; i++) {
		const struct ir_entity *e = &c->whole->entities.a[i];

		if (e->kind == IR_VARIABLE && !section_is_plain(e->head) &&
		    !is_known(c->slice, e->name) && !may_be_gone(c, e->name))
			differs(c, e->name, "is gone from a section that the linker collects",
				e->head, NULL);
	}
}

/* ---- lists and asm ---- */

static size_t count_value(const struct ir_entity *e, const char *value)
{
	size_t n = 0;

	for (size_t i = 0; e && i < e->slots.n; i++)
		n += !strcmp(e->slots.a[i].value, value);
	return n;
}

/* What the first has and the second lacks. */
static void compare_members(struct compare *c, const struct ir_entity *a, const struct ir_entity *b,
			    bool gone)
{
	for (size_t i = 0; i < a->slots.n; i++) {
		const char *value = a->slots.a[i].value;
		char *symbol = slot_symbol(value), *what;

		if (symbol && count_value(a, value) > count_value(b, value) &&
		    !(gone && may_be_gone(c, symbol))) {
			what = xasprintf("is %s %s", gone ? "gone from" : "new in", a->name);
			differs(c, symbol, what, gone ? value : NULL, gone ? NULL : value);
			free(what);
		}
		free(symbol);
	}
}

static void compare_lists(struct compare *c)
{
	static const struct ir_entity none;

	for (size_t i = 0; i < c->whole->entities.n; i++) {
		const struct ir_entity *w = &c->whole->entities.a[i], *s;

		if (w->kind != IR_LIST)
			continue;
		s = module_find(c->slice, IR_LIST, w->name) ?: &none;
		compare_members(c, w, s, true);
	}
	for (size_t i = 0; i < c->slice->entities.n; i++) {
		const struct ir_entity *s = &c->slice->entities.a[i];

		if (s->kind == IR_LIST)
			compare_members(c, s, module_find(c->whole, IR_LIST, s->name) ?: &none,
					false);
	}
}

/* Skips blanks, as IR has them: "\09" is a tab. */
static const char *asm_blanks(const char *s)
{
	while (*s == ' ' || starts_with(s, "\\09"))
		s += *s == ' ' ? 1 : 3;
	return s;
}

/* The symbol that a line of asm defines, or its first operand; malloc'ed. NULL: none. */
static char *asm_symbol(const char *line)
{
	const char *s = asm_blanks(line);
	size_t n;

	if (*s == '.')
		s = asm_blanks(s + strcspn(s, " \\"));
	n = strcspn(s, " ,:=;\\");
	return isalpha((unsigned char)*s) || *s == '_' ? xstrndup(s, n) : NULL;
}

/* Lines of the slice are among those of the whole, in their order. One may be gone if what it
 * names was deleted, and what has no name if such a line is gone. */
static void compare_asm(struct compare *c)
{
	const struct ir_entity *w = module_find(c->whole, IR_ASM, "asm");
	const struct ir_entity *s = module_find(c->slice, IR_ASM, "asm");
	size_t k = 0;
	bool deleted = false;

	for (size_t i = 0; w && i < w->slots.n; i++) {
		const char *line = w->slots.a[i].value;
		char *symbol;

		if (s && k < s->slots.n && !strcmp(line, s->slots.a[k].value)) {
			k++;
			deleted = false;
			continue;
		}
		symbol = asm_symbol(line);
		if (symbol)
			deleted = is_deleted(c, symbol);
		if (symbol && !deleted)
			differs(c, symbol, "is gone from file-scope asm", line, NULL);
		free(symbol);
	}
	if (s && k < s->slots.n)
		differs(c, "asm", "at file scope has another order or text", NULL,
			s->slots.a[k].value);
}

/* ---- entities ---- */

static bool has_ref(const struct ir_entity *e, const char *name)
{
	for (size_t i = 0; i < e->refs.n; i++)
		if (!strcmp(e->refs.a[i], name))
			return true;
	return false;
}

/* A cut may take names away and put its own in. */
static void compare_edited(struct compare *c, const struct ir_entity *w, const struct ir_entity *s)
{
	for (size_t i = 0; i < s->refs.n; i++)
		if (!has_ref(w, s->refs.a[i]) && !edit_puts(c, s->name, s->refs.a[i]))
			differs(c, s->name, "names what neither the whole nor a cut names", NULL,
				s->refs.a[i]);
}

/* The first lines that differ. */
static void body_differs(struct compare *c, const struct ir_entity *w, const struct ir_entity *s)
{
	const char *a = w->text ?: "", *b = s->text ?: "";
	char *wl, *sl;

	while (*a && *b) {
		size_t n = strcspn(a, "\n"), m = strcspn(b, "\n");

		if (n != m || strncmp(a, b, n))
			break;
		a += n + (a[n] == '\n');
		b += m + (b[m] == '\n');
	}
	wl = xstrndup(a, strcspn(a, "\n"));
	sl = xstrndup(b, strcspn(b, "\n"));
	differs(c, s->name, "has other code", wl, sl);
	free(wl);
	free(sl);
}

/* "define void @sd_dead_x_y()" that names nothing but sd_trap. */
static bool is_trap_function(const struct ir_entity *s)
{
	return starts_with(s->name, DEAD_PREFIX) && s->refs.n == 1 &&
	       !strcmp(s->refs.a[0], "sd_trap");
}

static void compare_function(struct compare *c, const struct ir_entity *s)
{
	const struct ir_entity *w = module_find(c->whole, IR_FUNCTION, s->name);

	if (!w) {
		if (!is_trap_function(s))
			differs(c, s->name, "exists only in the slice", NULL, s->head);
		return;
	}
	if (strcmp(w->head, s->head))
		differs(c, s->name, "is declared otherwise", w->head, s->head);
	if (w->body == s->body)
		return;
	if (is_edited(c, s->name))
		compare_edited(c, w, s);
	else
		body_differs(c, w, s);
}

static bool variables_agree(const struct ir_entity *a, const struct ir_entity *b)
{
	if (a->size != b->size || a->slots.n != b->slots.n || strcmp(a->head, b->head))
		return false;
	for (size_t i = 0; i < a->slots.n; i++)
		if (a->slots.a[i].at != b->slots.a[i].at ||
		    strcmp(a->slots.a[i].value, b->slots.a[i].value))
			return false;
	return true;
}

/* Several have the same name only where counters made them different. */
static const struct ir_entity *find_variable(const struct compare *c, const struct ir_entity *s)
{
	const struct ir_entity *first = module_find(c->whole, IR_VARIABLE, s->name);

	for (const struct ir_entity *e = first;
	     e && e < c->whole->entities.a + c->whole->entities.n; e++)
		if (e->kind == IR_VARIABLE && !strcmp(e->name, s->name) && variables_agree(e, s))
			return e;
	return first;
}

static void compare_variable(struct compare *c, const struct ir_entity *s)
{
	const struct ir_entity *w;
	size_t n = strlen(s->name);

	if (n && strchr("}\"", s->name[n - 1]))
		return; /* named by its contents: compared where it is named */
	w = find_variable(c, s);
	if (!w) {
		differs(c, s->name, "exists only in the slice", NULL, s->head);
		return;
	}
	c->var = s->name;
	compare_slots(c, w, s);
}

static void compare_alias(struct compare *c, const struct ir_entity *s)
{
	const struct ir_entity *w = module_find(c->whole, IR_ALIAS, s->name);

	if (!w || strcmp(w->head, s->head))
		differs(c, s->name, "is another alias", w ? w->head : NULL, s->head);
}

static void compare_declared(struct compare *c, const struct ir_entity *s)
{
	const struct ir_entity *w = module_find(c->whole, IR_DECLARED, s->name);

	if (strchr(s->name, '#'))
		return; /* one of several; who calls it has its attributes, too */
	if (w && strcmp(w->head, s->head))
		differs(c, s->name, "is declared otherwise", w->head, s->head);
	if (w)
		return;
	w = module_find(c->whole, IR_FUNCTION, s->name)
		    ?: module_find(c->whole, IR_VARIABLE, s->name)
		    ?: module_find(c->whole, IR_ALIAS, s->name);
	/* a weak one may lose to another unit's */
	if (w && !strstr(w->head, " weak ") && !starts_with(w->head, "weak "))
		differs(c, s->name, "is named, but no longer defined", w->head, s->head);
}

size_t compare_modules(struct compare *c)
{
	for (size_t i = 0; i < c->slice->entities.n; i++) {
		const struct ir_entity *s = &c->slice->entities.a[i];

		if (s->kind == IR_FUNCTION)
			compare_function(c, s);
		else if (s->kind == IR_VARIABLE)
			compare_variable(c, s);
		else if (s->kind == IR_ALIAS)
			compare_alias(c, s);
		else if (s->kind == IR_DECLARED)
			compare_declared(c, s);
	}
	compare_lists(c);
	compare_asm(c);
	compare_gone(c);
	return c->n;
}
