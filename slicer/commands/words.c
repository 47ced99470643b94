// SPDX-License-Identifier: GPL-2.0
/* words.c: names => does the tree have them anywhere? See words.h. */
#include "commands/words.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Offset behind the comment, string or character constant at i, or i + 1. */
static size_t skip_other(const char *s, size_t i, size_t n)
{
	const char *end = NULL;
	char q = s[i];

	if (q == '/' && i + 1 < n && s[i + 1] == '*') {
		end = memmem(s + i + 2, n - i - 2, "*/", 2);
		return end ? (size_t)(end - s) + 2 : n;
	}
	if (q == '/' && i + 1 < n && s[i + 1] == '/') {
		end = memchr(s + i, '\n', n - i);
		return end ? (size_t)(end - s) : n;
	}
	if (q != '"' && q != '\'')
		return i + 1;
	/* an apostrophe in assembler's or #error's text has no end on its line */
	for (i++; i < n && s[i] != q && s[i] != '\n'; i++)
		if (s[i] == '\\')
			i++;
	return i + 1;
}

void words_of_text(const char *s, size_t n, struct strmap *names)
{
	char word[128];

	for (size_t i = 0; i < n;) {
		size_t from = i;
		uint64_t *found;

		if (!is_word_char(s[i])) {
			i = skip_other(s, i, n);
			continue;
		}
		while (i < n && is_word_char(s[i]))
			i++;
		if (i - from >= sizeof(word))
			continue;
		memcpy(word, s + from, i - from);
		word[i - from] = 0;
		found = strmap_get(names, word);
		if (found)
			*found = WORD_PRESENT;
	}
}

static bool is_source(const char *name)
{
	return ends_with(name, ".c") || ends_with(name, ".h") || ends_with(name, ".S");
}

static bool is_other_program(const char *name)
{
	static const char *const other[] = {"tools", "scripts", "Documentation", "samples"};

	for (size_t i = 0; i < ARRAY_LEN(other); i++)
		if (!strcmp(name, other[i]))
			return true;
	return false;
}

/* A first look for the bytes: most files hold none of the names, and memmem() is fast. */
static void look_in_file(const char *path, struct strmap *names)
{
	size_t n = 0;
	char *text = read_file(path, &n);
	bool any = false;

	for (size_t i = 0; text && !any && i < names->cap; i++)
		any = names->slots[i].key && names->slots[i].value == WORD_ABSENT &&
		      memmem(text, n, names->slots[i].key, strlen(names->slots[i].key));
	if (any)
		words_of_text(text, n, names);
	free(text);
}

static int look_in_dir(const char *dir, bool top, struct strmap *names)
{
	DIR *d = opendir(dir);
	int r = d ? 0 : err(dir, "make the tree readable", "%s", strerror(errno));

	for (struct dirent *e; d && !r && (e = readdir(d));) {
		char *path;

		if (e->d_name[0] == '.' || (top && is_other_program(e->d_name)))
			continue;
		path = xasprintf("%s/%s", dir, e->d_name);
		if (is_source(e->d_name))
			look_in_file(path, names);
		else if (is_dir(path))
			r = look_in_dir(path, false, names);
		free(path);
	}
	if (d)
		closedir(d);
	return r;
}

/* ---- cache: a line that identifies the tree, then NAME 0|1 ---- */

/* A tree of another version at the same path has another Makefile. */
static char *tree_stamp(const char *tree)
{
	char *path = xasprintf("%s/Makefile", tree), *stamp;
	struct stat st = {};

	stat(path, &st);
	stamp = xasprintf("%s %lld %lld.%09ld\n", tree, (long long)st.st_size,
			  (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
	free(path);
	return stamp;
}

static void read_known(char *text, struct strmap *known)
{
	char *save;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');

		if (!space)
			continue;
		*space = 0;
		*strmap_add(known, line, NULL) = space[1] == '1' ? WORD_PRESENT : WORD_ABSENT;
	}
}

static void load_known(const char *path, const char *stamp, struct strmap *known)
{
	char *text = read_file(path, NULL);

	if (text && starts_with(text, stamp))
		read_known(text + strlen(stamp), known);
	free(text);
}

static int save_known(const char *path, const char *stamp, const struct strmap *known)
{
	struct strbuf b = {};
	int r;

	sb_puts(&b, stamp);
	for (size_t i = 0; i < known->cap; i++)
		if (known->slots[i].key)
			sb_printf(&b, "%s %d\n", known->slots[i].key, (int)known->slots[i].value);
	r = make_parent_dirs(path) ? -1 : write_file(path, b.s, b.len);
	sb_free(&b);
	return r;
}

static int look_for_new(const char *tree, const struct strmap *names, struct strmap *known)
{
	struct strmap asked = {};
	int r = 0;

	for (size_t i = 0; i < names->cap; i++)
		if (names->slots[i].key && !strmap_get(known, names->slots[i].key))
			*strmap_add(&asked, names->slots[i].key, NULL) = WORD_ABSENT;
	if (asked.n) {
		progress("look for names in the tree", 0, 0);
		r = look_in_dir(tree, true, &asked);
		progress_end();
	}
	for (size_t i = 0; i < asked.cap && !r; i++)
		if (asked.slots[i].key)
			*strmap_add(known, asked.slots[i].key, NULL) = asked.slots[i].value;
	if (asked.n && !r)
		r = 1;
	strmap_free(&asked);
	return r;
}

int tree_find_words(const char *tree, struct strmap *names)
{
	char *path =
		xasprintf("%s/words/%016llx", cache_dir(), (unsigned long long)hash_str(tree, 0));
	char *stamp = tree_stamp(tree);
	struct strmap known = {};
	int r;

	load_known(path, stamp, &known);
	r = look_for_new(tree, names, &known);
	if (r > 0)
		r = save_known(path, stamp, &known);
	for (size_t i = 0; i < names->cap && !r; i++)
		if (names->slots[i].key)
			names->slots[i].value = *strmap_get(&known, names->slots[i].key);
	strmap_free(&known);
	free(stamp);
	free(path);
	return r;
}
