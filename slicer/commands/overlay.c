// SPDX-License-Identifier: GPL-2.0
/* overlay.c: spec + pristine tree => overlay with replaced definitions. See overlay.h. */
#include "commands/overlay.h"
#include "base/util.h"
#include "spec/remote.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t replace_key(const struct spec *spec)
{
	uint64_t h = 0;

	for (size_t i = 0; i < spec->ncuts; i++) {
		const struct spec_cut *c = &spec->cuts[i];
		char *path, *text;
		size_t len;

		if (c->kind != CUT_REPLACE)
			continue;
		h = hash_str(c->symbol, h);
		h = hash_str(c->in.a[0], h);
		path = xasprintf("%s/%s", repo_root(), c->with);
		text = read_file(path, &len);
		h = hash64(text ? text : "", text ? len : 0, h);
		free(text);
		free(path);
	}
	return h;
}

static size_t skip_line(const char *s, size_t i, size_t len)
{
	while (i < len && s[i] != '\n') {
		if (s[i] == '\\' && i + 1 < len)
			i++;
		i++;
	}
	return i;
}

/* Offset after the comment, constant or single character at i. */
static size_t skip_c_token(const char *s, size_t i, size_t len)
{
	char q = s[i];

	if (q == '/' && i + 1 < len && s[i + 1] == '*') {
		const char *close = memmem(s + i + 2, len - i - 2, "*/", 2);

		return close ? (size_t)(close - s) + 2 : len;
	}
	if (q == '/' && i + 1 < len && s[i + 1] == '/')
		return skip_line(s, i, len);
	if (q != '"' && q != '\'')
		return i + 1;
	for (i++; i < len && s[i] != q; i++)
		if (s[i] == '\\')
			i++;
	return i + 1;
}

static bool word_at(const char *s, size_t i, size_t len, const char *name)
{
	size_t n = strlen(name);

	return i + n <= len && !strncmp(s + i, name, n) &&
	       !(i && (isalnum((unsigned char)s[i - 1]) || s[i - 1] == '_')) &&
	       !(isalnum((unsigned char)s[i + n]) || s[i + n] == '_');
}

int find_definition(const char *s, size_t len, const char *name, size_t *beg, size_t *end)
{
	size_t start = 0, i = 0;
	bool started = false, named = false, body = false;
	int depth = 0, parens = 0;

	while (i < len) {
		char c = s[i];

		if (isspace((unsigned char)c)) {
			i++;
			continue;
		}
		if (c == '#' && !depth && (!i || s[i - 1] == '\n')) {
			i = skip_line(s, i, len);
			started = named = false;
			continue;
		}
		if (c == '/' && i + 1 < len && (s[i + 1] == '*' || s[i + 1] == '/')) {
			i = skip_c_token(s, i, len);
			continue;
		}
		if (!started) {
			start = i;
			started = true;
			named = body = false;
		}
		if (!depth && !parens && word_at(s, i, len, name))
			named = true;
		body |= c == '{' || (c == '=' && !parens);
		depth += (c == '{') - (c == '}');
		parens += (c == '(') - (c == ')');
		i = skip_c_token(s, i, len);
		/* a function ends with its brace, a variable with its semicolon */
		if (depth || parens ||
		    (c != ';' && !(c == '}' && memchr(s + start, '(', i - start) &&
				   !memchr(s + start, '=', strcspn(s + start, "{")))))
			continue;
		if (named && body) {
			*beg = start;
			*end = i;
			return 0;
		}
		started = false;
	}
	return -1;
}

/* Replaces a folder of the overlay that is a symlink, or below one, by a real one full of symlinks.
 */
static int make_real_dir(const char *overlay, const char *tree, char *dir)
{
	char *here = xasprintf("%s/%s", overlay, dir), *there = xasprintf("%s/%s", tree, dir);
	char *slash = strrchr(dir, '/');
	struct dirent *e;
	struct stat st;
	DIR *d = NULL;
	int r = 0;

	if (slash) {
		*slash = 0;
		r = make_real_dir(overlay, tree, dir);
		*slash = '/';
	}
	if (r || (!lstat(here, &st) && S_ISDIR(st.st_mode)))
		goto out;
	unlink(here);
	d = opendir(there);
	if (!d || mkdir(here, 0777)) {
		r = err(there, "correct \"in\" of the replace cut", "%s", strerror(errno));
		goto out;
	}
	while (!r && (e = readdir(d))) {
		char *from = xasprintf("%s/%s", there, e->d_name),
		     *to = xasprintf("%s/%s", here, e->d_name);

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && symlink(from, to))
			r = err(to, NULL, "%s", strerror(errno));
		free(from);
		free(to);
	}
out:
	if (d)
		closedir(d);
	free(here);
	free(there);
	return r;
}

/* The text after the comments at the top of one of our files. */
static const char *text_behind_header(const char *s)
{
	for (;;) {
		while (isspace((unsigned char)*s))
			s++;
		if (!strncmp(s, "//", 2))
			s += strcspn(s, "\n");
		else if (!strncmp(s, "/*", 2) && strstr(s, "*/"))
			s = strstr(s, "*/") + 2;
		else
			return s;
	}
}

bool replace_removes(const struct spec_cut *c)
{
	char *path = xasprintf("%s/%s", repo_root(), c->with), *text = read_file(path, NULL);
	bool nothing = text && !*text_behind_header(text);

	free(text);
	free(path);
	return nothing;
}

/* 1: there is no such definition, but `others` of the same list may have one. */
static int replace_definition(const struct spec_cut *c, bool others, const char *tree,
			      const char *overlay)
{
	char *path = xasprintf("%s/%s", overlay, c->in.a[0]),
	     *with = xasprintf("%s/%s", repo_root(), c->with);
	char *text = NULL, *ours, *dir = xstrdup(c->in.a[0]), *slash = strrchr(dir, '/');
	struct strbuf out = {0};
	size_t len, beg, end;
	int r = -1;

	ours = read_file(with, NULL);
	if (slash)
		*slash = 0;
	if (!ours)
		spec_error(&c->at, "\"with\" is relative to the repo", "%s: %s", with,
			   strerror(errno));
	else if (slash && make_real_dir(overlay, tree, dir))
		spec_error(&c->at, NULL, "%s can't be replaced", c->symbol);
	else if (!(text = read_file(path, &len)))
		spec_error(&c->at, "\"in\" is a path in the tree", "%s: %s", c->in.a[0],
			   strerror(errno));
	else if (!find_definition(text, len, c->symbol, &beg, &end))
		r = 0;
	else if (others)
		r = 1;
	else
		spec_error(&c->at, "correct the name or \"in\"",
			   "cut matches nothing: \"%s\": no definition of it in %s", c->symbol,
			   c->in.a[0]);
	if (!r) {
		sb_add(&out, text, beg);
		sb_printf(&out, "/* kslice: %s is replaced by %s */\n", c->symbol, c->with);
		sb_puts(&out, text_behind_header(ours));
		while (out.len && out.s[out.len - 1] == '\n')
			out.s[--out.len] = 0;
		sb_add(&out, text + end, len - end);
		r = write_file_if_changed(path, out.s, out.len);
	}
	sb_free(&out);
	free(text);
	free(ours);
	free(dir);
	free(path);
	free(with);
	return r;
}

/*
 * Turns an edited file of an earlier run into a link again: each run starts from the pristine text.
 * The folder must really be in the overlay; through a link, this would change the tree's file.
 */
static int reset_replaced_file(const struct spec_cut *c, const char *tree, const char *overlay)
{
	char *path = xasprintf("%s/%s", overlay, c->in.a[0]),
	     *from = xasprintf("%s/%s", tree, c->in.a[0]);
	char *dir = xasprintf("%.*s", (int)(strrchr(path, '/') - path), path);
	char *real = realpath(dir, NULL), *top = realpath(overlay, NULL);
	struct stat st;
	int r = 0;

	if (real && top && starts_with(real, top) && strchr("/", real[strlen(top)]) &&
	    !lstat(path, &st) && S_ISREG(st.st_mode) && (unlink(path) || symlink(from, path)))
		r = err(path, NULL, "%s", strerror(errno));
	free(top);
	free(real);
	free(dir);
	free(from);
	free(path);
	return r;
}

/* For files that only replacements need: runtime/kernel/Kbuild looks for arch/sd/replaced/NAME. */
static int mark_replaced(const struct spec_cut *c, const char *overlay)
{
	char *dir = xasprintf("%s/arch/sd/replaced", overlay),
	     *mark = xasprintf("%s/%s", dir, c->symbol);
	int r = make_dirs(dir) || write_file_if_changed(mark, "", 0) ? -1 : 0;

	free(mark);
	free(dir);
	return r;
}

static int replace_apply(const struct spec *spec, const char *tree, const char *overlay)
{
	int r = 0;

	char *real = realpath(tree, NULL), *over = realpath(overlay, NULL);

	if (!real || !over || !strcmp(real, over))
		die("replace_apply: %s is not an overlay of %s", overlay, tree);
	for (size_t i = 0; i < spec->ncuts && !r; i++)
		if (spec->cuts[i].kind == CUT_REPLACE)
			r = reset_replaced_file(&spec->cuts[i], real, overlay);
	for (size_t i = 0; i < spec->ncuts && r >= 0; i++) {
		const struct spec_cut *c = &spec->cuts[i];
		bool same = c->any && i && spec->cuts[i - 1].entry == c->entry;

		if (c->kind != CUT_REPLACE || (same && !r))
			continue;
		r = replace_definition(
			c, c->any && i + 1 < spec->ncuts && spec->cuts[i + 1].entry == c->entry,
			real, overlay);
		if (!r && mark_replaced(c, overlay))
			r = -1;
	}
	free(real);
	free(over);
	return r;
}

/* ---- remote cuts: the stubs of other domains ---- */

static void peers_kbuild(const struct spec *spec, struct strbuf *b)
{
	for (size_t i = 0; i < spec->ncuts; i++) {
		const struct spec_cut *c = &spec->cuts[i];

		if (c->kind == CUT_REMOTE && remote_is_first(spec, i, true))
			sb_printf(b, "obj-y += %s/%s.o\n", c->domain, c->remote->unit);
	}
}

static uint64_t peers_key(const struct spec *spec)
{
	struct strbuf b = {0};
	uint64_t key = 0;

	peers_kbuild(spec, &b);
	if (b.len)
		key = hash64(b.s, b.len, 0);
	for (size_t i = 0; i < spec->ncuts; i++) {
		const struct spec_cut *c = &spec->cuts[i];
		char *usual;

		if (c->kind != CUT_REMOTE)
			continue;
		usual = spec_stubs("", c->domain);
		if (strcmp(c->remote->stubs, usual))
			key = hash_str(c->remote->stubs, key);
		free(usual);
	}
	sb_free(&b);
	return key;
}

static int peers_apply(const struct spec *spec, const char *overlay)
{
	struct strbuf b = {0};
	char *dir = xasprintf("%s/arch/sd/peer", overlay), *kbuild = xasprintf("%s/Kbuild", dir);
	int r = 0;

	peers_kbuild(spec, &b);
	if (b.len)
		r = make_dirs(dir) ? -1 : write_file(kbuild, b.s, b.len);
	for (size_t i = 0; i < spec->ncuts && !r; i++) {
		const struct spec_cut *c = &spec->cuts[i];
		char *to;

		if (c->kind != CUT_REMOTE || !remote_is_first(spec, i, false))
			continue;
		to = xasprintf("%s/%s", dir, c->domain);
		if (symlink(c->remote->stubs, to))
			r = err(to, NULL, "%s", strerror(errno));
		free(to);
	}
	sb_free(&b);
	free(dir);
	free(kbuild);
	return r;
}

/* ---- types of devices ---- */

/* Drivers that no Kconfig option chooses: runtime/kernel/Kbuild looks for arch/sd/device/TYPE.
 * Their cuts (spec/devices.h) make the key another. */
static int devices_apply(const struct spec *spec, const char *overlay)
{
	char *dir = xasprintf("%s/arch/sd/device", overlay);
	json_t *dev;
	size_t i;
	int r = make_dirs(dir);

	json_array_foreach (spec->devices, i, dev) {
		char *mark =
			xasprintf("%s/%s", dir, json_string_value(json_object_get(dev, "type")));

		if (!r)
			r = write_file_if_changed(mark, "", 0);
		free(mark);
	}
	free(dir);
	return r;
}

/* ---- all ---- */

uint64_t overlay_key(const struct spec *spec)
{
	return replace_key(spec) ^ peers_key(spec);
}

int overlay_apply(const struct spec *spec, const char *tree, const char *overlay)
{
	return replace_apply(spec, tree, overlay) || peers_apply(spec, overlay) ||
			       devices_apply(spec, overlay)
		       ? -1
		       : 0;
}
