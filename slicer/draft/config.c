// SPDX-License-Identifier: GPL-2.0
/* config.c: calls + files => Kconfig fragment. See draft.h. */
#include "draft/draft.h"
#include "commands/options.h"
#include "base/arch.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Adds every CONFIG_ name of the n bytes at s. */
static void add_symbols(struct draft *d, const char *s, size_t n)
{
	static const char prefix[] = "CONFIG_";
	const char *end = s + n;

	while ((s = memmem(s, (size_t)(end - s), prefix, strlen(prefix)))) {
		const char *from = s += strlen(prefix);
		char *name;

		while (s < end && (isalnum((unsigned char)*s) || *s == '_'))
			s++;
		name = xstrndup(from, (size_t)(s - from));
		strmap_add(&d->symbols, name, NULL);
		free(name);
	}
}

/* ---- SYSCALL_DEFINEs ---- */

/* The options of the #if lines that enclose offset `at` and ask for something. */
static void add_conditions(struct draft *d, const char *text, size_t at)
{
	VEC(const char *) open = {};

	for (const char *l = text; l && l < text + at;
	     l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL) {
		if (starts_with(l, "#if"))
			*vec_add(&open) = l;
		else if (starts_with(l, "#el") && open.n)
			open.a[open.n - 1] = "";
		else if (starts_with(l, "#endif") && open.n)
			open.n--;
	}
	for (size_t i = 0; i < open.n; i++) {
		size_t n = strcspn(open.a[i], "\n");

		if (!starts_with(open.a[i], "#ifndef") && !memchr(open.a[i], '!', n))
			add_symbols(d, open.a[i], n);
	}
	free(open.a);
}

static void add_file(struct draft *d, const char *path)
{
	for (size_t i = 0; i < d->files.n; i++)
		if (!strcmp(d->files.a[i], path))
			return;
	*vec_add(&d->files) = xstrdup(path);
}

static void look_in_text(struct draft *d, struct strmap *wanted, const char *path, const char *text)
{
	static const char mark[] = "\nSYSCALL_DEFINE";

	for (const char *p = text; (p = strstr(p, mark)); p++) {
		const char *from = p + sizeof(mark) + 1;
		char *name;
		uint64_t *found;

		if (p[sizeof(mark)] != '(')
			continue;
		name = xstrndup(from, strcspn(from, ",) \t\n"));
		found = strmap_get(wanted, name);
		free(name);
		if (!found)
			continue;
		*found = 1;
		add_file(d, path);
		add_conditions(d, text, (size_t)(p - text));
	}
}

static void look_in_dir(struct draft *d, struct strmap *wanted, const char *sub)
{
	static const char *const other[] = {
		"arch",		 "drivers", "sound",   "tools", "scripts",
		"Documentation", "samples", "include", "rust",	"lib"};
	char *path = xasprintf("%s/%s", d->tree, sub);
	DIR *dir = opendir(path);

	free(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char *name = xasprintf("%s%s%s", sub, *sub ? "/" : "", e->d_name), *text;
		bool skip = e->d_name[0] == '.';

		for (size_t i = 0; !*sub && i < ARRAY_LEN(other); i++)
			skip |= !strcmp(e->d_name, other[i]);
		path = xasprintf("%s/%s", d->tree, name);
		if (!skip && ends_with(name, ".c") && (text = read_file(path, NULL))) {
			look_in_text(d, wanted, name, text);
			free(text);
		} else if (!skip && is_dir(path)) {
			look_in_dir(d, wanted, name);
		}
		free(path);
		free(name);
	}
	if (dir)
		closedir(dir);
}

/* The two names of a call: what programs say, and the kernel's SYSCALL_DEFINE. The caller frees
 * them. */
static void names_of(const struct draft *d, const char *call, char **program, char **kernel)
{
	char *path = xasprintf("%s/arch/x86/entry/syscalls/syscall_64.tbl", d->tree);
	char *text = read_file(path, NULL), *save;

	*program = *kernel = NULL;
	for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l && !*kernel;
	     l = strtok_r(NULL, "\n", &save)) {
		char abi[16], name[64], sys[64];
		unsigned nr;

		if (sscanf(l, "%u %15s %63s %63s", &nr, abi, name, sys) != 4 ||
		    !starts_with(sys, "sys_") || (strcmp(name, call) && strcmp(sys + 4, call)))
			continue;
		*program = xstrdup(name);
		*kernel = xstrdup(sys + 4);
	}
	free(text);
	free(path);
	*program = *program ?: xstrdup(call);
	*kernel = *kernel ?: xstrdup(call);
}

static int find_calls(struct draft *d)
{
	struct strmap wanted = {};
	int r = 0;

	for (size_t i = 0; i < d->calls.n; i++) {
		char *program, *kernel;

		names_of(d, d->calls.a[i], &program, &kernel);
		strmap_add(&wanted, kernel, NULL);
		*vec_add(&d->names) = program;
		free(d->calls.a[i]);
		d->calls.a[i] = kernel;
	}
	progress("look for the calls", 0, 0);
	look_in_dir(d, &wanted, "");
	progress_end();
	for (size_t i = 0; i < wanted.cap; i++)
		if (wanted.slots[i].key && !wanted.slots[i].value)
			r = err(wanted.slots[i].key,
				"see arch/x86/entry/syscalls/syscall_64.tbl for the names",
				"no SYSCALL_DEFINE for it in %s", d->tree);
	strmap_free(&wanted);
	return r;
}

/* ---- Makefiles ---- */

/* Is `word` among the blank-separated words of s? */
static bool has_word(const char *s, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = s; (p = strstr(p, word)); p++)
		if ((p == s || strchr(" \t=", p[-1])) && strchr(" \t\n", p[n]))
			return true;
	return false;
}

/* Joins lines that end in a backslash. */
static void join_lines(char *text)
{
	for (char *p = text; p && (p = strstr(p, "\\\n")); p++)
		p[0] = p[1] = ' ';
}

static void add_object(struct draft *d, const char *text, const char *object, int depth);

/* A line "LEFT += ... object ...": its option, and that of what the object is a part of. */
static void add_line(struct draft *d, const char *text, const char *line, int depth)
{
	size_t left = strcspn(line, " \t:+=");
	const char *dash = memchr(line, '-', left);
	char *whole;

	add_symbols(d, line, left);
	while (dash && !starts_with(dash, "-y") && !starts_with(dash, "-$(") &&
	       !starts_with(dash, "-objs"))
		dash = memchr(dash + 1, '-', left - (size_t)(dash + 1 - line));
	if (!dash || starts_with(line, "obj-") || starts_with(line, "lib-") || depth > 4)
		return;
	whole = xasprintf("%.*s.o", (int)(dash - line), line);
	add_object(d, text, whole, depth + 1);
	free(whole);
}

/* ifeq ($(CONFIG_X),y) and ifdef CONFIG_X around the line. */
static void add_object(struct draft *d, const char *text, const char *object, int depth)
{
	VEC(const char *) open = {};

	for (const char *l = text; l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL) {
		char *line = xstrndup(l, strcspn(l, "\n") + 1);

		if (starts_with(l, "if"))
			*vec_add(&open) = starts_with(l, "ifn") ? "" : l;
		else if (starts_with(l, "else") && open.n)
			open.a[open.n - 1] = "";
		else if (starts_with(l, "endif") && open.n)
			open.n--;
		else if (isalnum((unsigned char)*l) && strchr(line, '=') &&
			 has_word(strchr(line, '='), object)) {
			add_line(d, text, line, depth);
			for (size_t i = 0; i < open.n; i++)
				add_symbols(d, open.a[i], strcspn(open.a[i], "\n"));
		}
		free(line);
	}
	free(open.a);
}

/* What makes `object`, in the Makefile or Kbuild of `dir`. */
static void add_makefile(struct draft *d, const char *dir, const char *object)
{
	static const char *const names[] = {"Kbuild", "Makefile"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path = xasprintf("%s/%s%s%s", d->tree, dir, *dir ? "/" : "", names[i]);
		char *text = read_file(path, NULL);

		if (text) {
			join_lines(text);
			add_object(d, text, object, 0);
		}
		free(text);
		free(path);
	}
}

/* fs/eventfd.c: its object in fs, then fs/ at the top. */
static void add_makefiles(struct draft *d, const char *file)
{
	char *dir = xstrdup(file), *slash = dir;

	dir[strlen(dir) - 1] = 'o';
	for (const char *kind = ""; slash; kind = "/") {
		char *object;

		slash = strrchr(dir, '/');
		object = xasprintf("%s%s", slash ? slash + 1 : dir, kind);
		if (slash)
			*slash = 0;
		add_makefile(d, slash ? dir : "", object);
		free(object);
	}
	free(dir);
}

/* ---- the fragment ---- */

static void remember_fragment(struct options *o, const char *text)
{
	for (const char *l = text; l; l = strchr(l, '\n') ? strchr(l, '\n') + 1 : NULL) {
		char *name;

		if (!starts_with(l, "CONFIG_"))
			continue;
		name = xstrndup(l + 7, strcspn(l + 7, "=\n"));
		strmap_add(&o->fragment, name, NULL);
		free(name);
	}
}

/* Its lines are those of the option and of all that it needs; nothing for one without a prompt
 * that the others bring. */
static int add_option(struct draft *d, struct options *o, const char *name, struct strbuf *config)
{
	struct strbuf chain = {}, lines = {};
	struct option_entry *e = options_find(o, name);
	int r = 0;

	if (!e || !e->defs.n || strmap_get(&o->fragment, name))
		return 0;
	if (!options_needs(o, name, &chain, &lines)) {
		r = err(name, "leave out the calls or files that need it",
			"an option can't be had: %s", chain.s);
	} else {
		for (char *l = lines.s, *next; l && (l = strstr(l, "CONFIG_")); l = next) {
			next = l + strcspn(l, "\n");
			sb_printf(config, "%.*s\n", (int)(next - l), l);
		}
		remember_fragment(o, config->s);
	}
	sb_free(&chain);
	sb_free(&lines);
	return r;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int make_fragment(struct draft *d)
{
	char *base = xasprintf("%s/specs/new.config", repo_root()), *text = read_file(base, NULL);
	VEC(char *) names = {};
	struct strbuf config = {};
	struct options o;
	int r = text ? 0 : err(base, "restore it", "can't be read: %s", strerror(errno));

	options_load(&o, d->tree, arch_name(), NULL);
	sb_printf(&config, "# Kconfig fragment of the %s domain: written by `kslice new`.\n%s",
		  d->name, text ?: "");
	remember_fragment(&o, text);
	for (size_t i = 0; i < d->symbols.cap; i++)
		if (d->symbols.slots[i].key)
			*vec_add(&names) = d->symbols.slots[i].key;
	qsort(names.a, names.n, sizeof(*names.a), by_name);
	for (size_t i = 0; i < names.n && !r; i++)
		r = add_option(d, &o, names.a[i], &config);
	free(names.a);
	options_free(&o);
	free(text);
	free(base);
	d->config = config.s;
	return r;
}

int draft_config(struct draft *d)
{
	for (size_t i = 0; i < d->ngiven; i++) {
		char *path = xasprintf("%s/%s", d->tree, d->files.a[i]);
		int r = ends_with(path, ".c") ? access(path, R_OK) : -1;

		if (r)
			err(d->files.a[i], "a .c file, relative to the tree: net/unix/af_unix.c",
			    "%s isn't there", path);
		free(path);
		if (r)
			return -1;
	}
	if (find_calls(d))
		return -1;
	for (size_t i = 0; i < d->files.n; i++)
		add_makefiles(d, d->files.a[i]);
	return make_fragment(d);
}
