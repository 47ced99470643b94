// SPDX-License-Identifier: GPL-2.0
/* origin.c: calls and files of a tree => the options that compile them. See origin.h. */
#include "commands/origin.h"

#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>

/* Adds every CONFIG_ name of the n bytes at s. */
static void add_symbols(struct origin *o, const char *s, size_t n)
{
	static const char prefix[] = "CONFIG_";
	const char *end = s + n;

	while ((s = memmem(s, (size_t)(end - s), prefix, strlen(prefix)))) {
		const char *from = s += strlen(prefix);
		char *name;

		while (s < end && (isalnum((unsigned char)*s) || *s == '_'))
			s++;
		name = xstrndup(from, (size_t)(s - from));
		strmap_add(&o->options, name, NULL);
		free(name);
	}
}

/* ---- SYSCALL_DEFINEs ---- */

/* The options of the #if lines that enclose offset `at` and ask for something. */
static void add_conditions(struct origin *o, const char *text, size_t at)
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
			add_symbols(o, open.a[i], n);
	}
	free(open.a);
}

static void add_file(struct origin *o, const char *path)
{
	for (size_t i = 0; i < o->files.n; i++)
		if (!strcmp(o->files.a[i], path))
			return;
	*vec_add(&o->files) = xstrdup(path);
}

static void look_in_text(struct origin *o, struct strmap *wanted, const char *path,
			 const char *text)
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
		if (o->see)
			o->see(o->arg, from);
		add_file(o, path);
		add_conditions(o, text, (size_t)(p - text));
	}
}

static void look_in_dir(struct origin *o, struct strmap *wanted, const char *sub)
{
	static const char *const other[] = {
		"arch",		 "drivers", "sound",   "tools", "scripts",
		"Documentation", "samples", "include", "rust",	"lib"};
	char *path = xasprintf("%s/%s", o->tree, sub);
	DIR *dir = opendir(path);

	free(path);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		char *name = xasprintf("%s%s%s", sub, *sub ? "/" : "", e->d_name), *text;
		bool skip = e->d_name[0] == '.';

		for (size_t i = 0; !*sub && i < ARRAY_LEN(other); i++)
			skip |= !strcmp(e->d_name, other[i]);
		path = xasprintf("%s/%s", o->tree, name);
		if (!skip && ends_with(name, ".c") && (text = read_file(path, NULL))) {
			look_in_text(o, wanted, name, text);
			free(text);
		} else if (!skip && is_dir(path)) {
			look_in_dir(o, wanted, name);
		}
		free(path);
		free(name);
	}
	if (dir)
		closedir(dir);
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

static void add_object(struct origin *o, const char *text, const char *object, int depth);

/* A line "LEFT += ... object ...": its option, and that of what the object is a part of. */
static void add_line(struct origin *o, const char *text, const char *line, int depth)
{
	size_t left = strcspn(line, " \t:+=");
	const char *dash = memchr(line, '-', left);
	char *whole;

	add_symbols(o, line, left);
	while (dash && !starts_with(dash, "-y") && !starts_with(dash, "-$(") &&
	       !starts_with(dash, "-objs"))
		dash = memchr(dash + 1, '-', left - (size_t)(dash + 1 - line));
	if (!dash || starts_with(line, "obj-") || starts_with(line, "lib-") || depth > 4)
		return;
	whole = xasprintf("%.*s.o", (int)(dash - line), line);
	add_object(o, text, whole, depth + 1);
	free(whole);
}

/* ifeq ($(CONFIG_X),y) and ifdef CONFIG_X around the line. */
static void add_object(struct origin *o, const char *text, const char *object, int depth)
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
			add_line(o, text, line, depth);
			for (size_t i = 0; i < open.n; i++)
				add_symbols(o, open.a[i], strcspn(open.a[i], "\n"));
		}
		free(line);
	}
	free(open.a);
}

/* What makes `object`, in the Makefile or Kbuild of `dir`. */
static void add_makefile(struct origin *o, const char *dir, const char *object)
{
	static const char *const names[] = {"Kbuild", "Makefile"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path = xasprintf("%s/%s%s%s", o->tree, dir, *dir ? "/" : "", names[i]);
		char *text = read_file(path, NULL);

		if (text) {
			join_lines(text);
			add_object(o, text, object, 0);
		}
		free(text);
		free(path);
	}
}

/* fs/eventfd.c: its object in fs, then fs/ at the top. */
static void add_makefiles(struct origin *o, const char *file)
{
	char *dir = xstrdup(file), *slash = dir;

	dir[strlen(dir) - 1] = 'o';
	for (const char *kind = ""; slash; kind = "/") {
		char *object;

		slash = strrchr(dir, '/');
		object = xasprintf("%s%s", slash ? slash + 1 : dir, kind);
		if (slash)
			*slash = 0;
		add_makefile(o, slash ? dir : "", object);
		free(object);
	}
	free(dir);
}

void origin_find(struct origin *o, struct strmap *calls)
{
	progress("look for calls in the tree", 0, 0);
	look_in_dir(o, calls, "");
	progress_end();
	for (size_t i = 0; i < o->files.n; i++)
		add_makefiles(o, o->files.a[i]);
}

void origin_free(struct origin *o)
{
	for (size_t i = 0; i < o->files.n; i++)
		free(o->files.a[i]);
	free(o->files.a);
	strmap_free(&o->options);
}
