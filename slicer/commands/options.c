// SPDX-License-Identifier: GPL-2.0
/* options.c: Kconfig files + .config => struct options. See options.h. */
#include "commands/options.h"
#include <ctype.h>
#include <stdlib.h>

/* What encloses an entry, from the outside in: `if`, menus, choices. */
struct scope {
	struct optexpr *depends, *visible;
	int choice;
};

struct reader {
	struct options *o;
	const char *file;
	int line;
	VEC(struct scope) scopes;
	struct option_entry
		*entry; /* of the entry being read; NULL: none, or of a menu or choice */
	bool in_scope;	/* attributes belong to the innermost scope */
	int depth;
};

void *options_keep(struct options *o, void *p)
{
	return *vec_add(&o->mem) = p;
}

struct option_entry *options_find(const struct options *o, const char *name)
{
	const uint64_t *at = strmap_get(&o->index, name);

	return at ? o->all.a[*at] : NULL;
}

static struct option_entry *entry_of(struct options *o, const char *name)
{
	bool added;
	uint64_t *at = strmap_add(&o->index, name, &added);
	struct option_entry *e;

	if (!added)
		return o->all.a[*at];
	*at = o->all.n;
	e = options_keep(o, xcalloc(1, sizeof(*e)));
	e->name = options_keep(o, xstrdup(name));
	e->type = "";
	*vec_add(&o->all) = e;
	return e;
}

const char *options_value(const struct options *o, const char *name)
{
	const uint64_t *at = strmap_get(&o->values, name);

	return at ? o->texts.a[*at] : "n";
}

/* ---- lines ---- */

/* The word at *s, and *s behind it and the blanks after it. */
static char *next_word(struct options *o, const char **s)
{
	const char *from = *s + strspn(*s, " \t");
	size_t n = strcspn(from, " \t(");

	*s = from + n;
	*s += strspn(*s, " \t");
	return options_keep(o, xstrndup(from, n));
}

/* Behind a string that s begins with; s, if it doesn't. */
static const char *skip_string(const char *s)
{
	char q = *s;

	if (q != '"' && q != '\'')
		return s;
	for (s++; *s && *s != q; s++)
		if (*s == '\\' && s[1])
			s++;
	return *s ? s + 1 : s;
}

/* Splits "VALUE if CONDITION" at the `if`. The value's text is the result. */
static char *split_if(struct options *o, const char *s, struct optexpr **when)
{
	const char *p = s;

	*when = NULL;
	for (int depth = 0; *p; p++) {
		const char *end = skip_string(p);

		if (end != p)
			p = end - 1;
		depth += (*p == '(') - (*p == ')');
		if (!depth && starts_with(p, "if") && strchr(" \t(", p[2]) &&
		    (p == s || strchr(" \t\")", p[-1]))) {
			*when = optexpr_parse(o, p + 2);
			break;
		}
	}
	while (p > s && strchr(" \t", p[-1]))
		p--;
	return options_keep(o, xstrndup(s, (size_t)(p - s)));
}

static struct optdef *last_def(struct reader *r)
{
	return &r->entry->defs.a[r->entry->defs.n - 1];
}

static void begin_entry(struct reader *r, const char *name)
{
	struct optdef *d;

	r->entry = entry_of(r->o, name);
	r->in_scope = false;
	d = vec_add(&r->entry->defs);
	d->file = r->file;
	d->line = r->line;
	for (size_t i = 0; i < r->scopes.n; i++) {
		d->depends = optexpr_and(r->o, d->depends, r->scopes.a[i].depends);
		d->visible = optexpr_and(r->o, d->visible, r->scopes.a[i].visible);
		if (r->scopes.a[i].choice)
			d->choice = r->scopes.a[i].choice;
	}
}

static struct scope *begin_scope(struct reader *r, char kind)
{
	struct scope *s = vec_add(&r->scopes);

	*s = (struct scope){.choice = kind == 'c' ? ++r->o->nchoices : 0};
	r->entry = NULL;
	r->in_scope = kind != 'i';
	return s;
}

static void end_scope(struct reader *r)
{
	if (r->scopes.n)
		r->scopes.n--;
	r->entry = NULL;
	r->in_scope = false;
}

/* Where a condition of what is being read goes; NULL: nowhere. */
static struct optexpr **condition_of(struct reader *r, bool visible)
{
	if (r->entry)
		return visible ? &last_def(r)->visible : &last_def(r)->depends;
	if (r->in_scope && r->scopes.n) {
		struct scope *s = &r->scopes.a[r->scopes.n - 1];

		return visible ? &s->visible : &s->depends;
	}
	return NULL;
}

/* `depends on`, or a prompt's or menu's `if`. */
static void add_condition(struct reader *r, bool visible, struct optexpr *x)
{
	struct optexpr **to = condition_of(r, visible);

	if (to)
		*to = optexpr_and(r->o, *to, x);
}

static void add_prompt(struct reader *r, const char *rest)
{
	struct optexpr *when;

	if (*rest != '"' && *rest != '\'')
		return;
	split_if(r->o, rest, &when);
	add_condition(r, true, when);
	if (r->entry)
		last_def(r)->prompt = true;
}

static void add_default(struct reader *r, const char *rest)
{
	struct optcond *c;
	struct optexpr *when;
	char *value = split_if(r->o, rest, &when);

	if (!r->entry)
		return;
	c = vec_add(&last_def(r)->defaults);
	*c = (struct optcond){value, when};
}

static void add_select(struct reader *r, const char *rest)
{
	struct optexpr *when;
	char *target = split_if(r->o, rest, &when);
	struct optcond *c;

	if (!r->entry)
		return;
	c = vec_add(&entry_of(r->o, target)->selectors);
	*c = (struct optcond){r->entry->name, when};
}

static void read_file_named(struct reader *r, const char *name);

/* "arch/$(SRCARCH)/Kconfig" */
static void source_file(struct reader *r, const char *rest)
{
	const char *end = skip_string(rest), *var;
	char *path, *name;

	if (end == rest)
		return;
	path = xstrndup(rest + 1, (size_t)(end - rest - 2));
	var = strstr(path, "$(SRCARCH)");
	if (var) {
		name = xasprintf("%.*s%s%s", (int)(var - path), path, r->o->arch,
				 var + strlen("$(SRCARCH)"));
		read_file_named(r, name);
		free(name);
	} else {
		read_file_named(r, path);
	}
	free(path);
	r->entry = NULL;
	r->in_scope = false;
}

/* true: word is one that begins or ends something */
static bool read_block(struct reader *r, const char *word, const char *rest)
{
	const char *p = rest;

	if (!strcmp(word, "config") || !strcmp(word, "menuconfig"))
		begin_entry(r, next_word(r->o, &p));
	else if (!strcmp(word, "if"))
		begin_scope(r, 'i')->depends = optexpr_parse(r->o, rest);
	else if (!strcmp(word, "menu"))
		begin_scope(r, 'm');
	else if (!strcmp(word, "choice"))
		begin_scope(r, 'c');
	else if (!strcmp(word, "endif") || !strcmp(word, "endmenu") || !strcmp(word, "endchoice"))
		end_scope(r);
	else if (!strcmp(word, "source"))
		source_file(r, rest);
	else if (!strcmp(word, "comment"))
		r->entry = NULL, r->in_scope = false;
	else
		return false;
	return true;
}

static bool is_type(const char *word)
{
	static const char *const types[] = {"bool", "tristate", "string", "int", "hex"};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (!strcmp(word, types[i]))
			return true;
	return false;
}

static void read_attribute(struct reader *r, const char *word, const char *rest)
{
	if (is_type(word) || !strcmp(word, "prompt")) {
		if (r->entry && *word != 'p')
			r->entry->type = word;
		add_prompt(r, rest);
	} else if (starts_with(word, "def_")) {
		if (r->entry)
			r->entry->type = word + strlen("def_");
		add_default(r, rest);
	} else if (!strcmp(word, "default")) {
		add_default(r, rest);
	} else if (!strcmp(word, "depends") && starts_with(rest, "on")) {
		add_condition(r, false, optexpr_parse(r->o, rest + 2));
	} else if (!strcmp(word, "visible") && starts_with(rest, "if")) {
		add_condition(r, true, optexpr_parse(r->o, rest + 2));
	} else if (!strcmp(word, "select")) {
		add_select(r, rest);
	}
}

/* Cuts the comment and blanks off the end. */
static void strip_line(char *s)
{
	char *p = s, *end;

	while (*p && *p != '#') {
		const char *behind = skip_string(p);

		p = behind == p ? p + 1 : (char *)behind;
	}
	for (end = p; end > s && isspace((unsigned char)end[-1]); end--)
		;
	*end = 0;
}

/* A line that ends in a backslash goes on: the next line's beginning, NULL at the end. */
static char *take_line(struct reader *r, char *text)
{
	char *end = text + strcspn(text, "\n");

	while (*end && end > text && end[-1] == '\\') {
		end[-1] = end[0] = ' ';
		end += strcspn(end, "\n");
		r->line++;
	}
	r->line++;
	if (!*end)
		return NULL;
	*end = 0;
	return end + 1;
}

static size_t indent_of(const char *s)
{
	size_t n = 0;

	for (; *s == ' ' || *s == '\t'; s++)
		n = *s == '\t' ? (n | 7) + 1 : n + 1;
	return n;
}

/* Text of a help ends where a line is less indented than its first one. */
static void read_lines(struct reader *r, char *text)
{
	bool help = false;
	size_t indent = 0;

	for (char *line = text, *next; line; line = next) {
		const char *rest;
		char *word;

		next = take_line(r, line);
		rest = line;
		if (help && (!line[strspn(line, " \t")] || !indent || indent_of(line) >= indent)) {
			if (!indent && line[strspn(line, " \t")])
				indent = indent_of(line);
			if (indent || !line[strspn(line, " \t")])
				continue;
		}
		help = false;
		strip_line(line);
		word = next_word(r->o, &rest);
		if (!*word)
			continue;
		help = !strcmp(word, "help") || !strcmp(word, "---help---");
		indent = 0;
		if (!help && !read_block(r, word, rest))
			read_attribute(r, word, rest);
	}
}

/* A file of the tree; of the architecture's own, that of the repo, if the tree isn't an overlay. */
static char *read_kconfig(const struct options *o, const char *name)
{
	char *path = xasprintf("%s/%s", o->tree, name), *text = read_file(path, NULL);
	size_t n = strlen("arch/") + strlen(o->arch);

	free(path);
	if (text || !starts_with(name, "arch/") || strncmp(name + 5, o->arch, n - 5) ||
	    name[n] != '/')
		return text;
	path = xasprintf("%s/runtime/arch%s", repo_root(), name + n);
	text = read_file(path, NULL);
	free(path);
	return text;
}

static void read_file_named(struct reader *r, const char *name)
{
	char *text = read_kconfig(r->o, name);
	const char *file = r->file;
	int line = r->line;

	if (text && r->depth < 64) {
		r->file = options_keep(r->o, xstrdup(name));
		r->line = 0;
		r->depth++;
		read_lines(r, text);
		r->depth--;
	}
	r->file = file;
	r->line = line;
	free(text);
}

/* Lines NAME=value of a .config. */
static void read_values(struct options *o, const char *config)
{
	for (const char *l = config; l; l = strchr(l, '\n')) {
		const char *eq;
		char *name;

		l += strspn(l, "\n");
		eq = l + strcspn(l, "=\n");
		if (!starts_with(l, "CONFIG_") || *eq != '=')
			continue;
		name = xstrndup(l + strlen("CONFIG_"), (size_t)(eq - l) - strlen("CONFIG_"));
		*strmap_add(&o->values, name, NULL) = o->texts.n;
		*vec_add(&o->texts) = options_keep(o, xstrndup(eq + 1, strcspn(eq + 1, "\n")));
		free(name);
	}
}

void options_load(struct options *o, const char *tree, const char *arch, const char *config)
{
	struct reader r = {.o = o};

	*o = (struct options){.tree = tree, .arch = arch};
	read_file_named(&r, "Kconfig");
	read_values(o, config);
	free(r.scopes.a);
}

void options_free(struct options *o)
{
	for (size_t i = 0; i < o->all.n; i++) {
		for (size_t k = 0; k < o->all.a[i]->defs.n; k++)
			free(o->all.a[i]->defs.a[k].defaults.a);
		free(o->all.a[i]->defs.a);
		free(o->all.a[i]->selectors.a);
	}
	for (size_t i = 0; i < o->mem.n; i++)
		free(o->mem.a[i]);
	free(o->mem.a);
	free(o->all.a);
	free(o->texts.a);
	strmap_free(&o->index);
	strmap_free(&o->values);
	strmap_free(&o->fragment);
	*o = (struct options){};
}
