// SPDX-License-Identifier: GPL-2.0
/*
 * changes.c: the kernel's tree and OUT/tree => what was taken away from each file, as the hunks of
 * diff(1). Files that the slice doesn't have at all aren't listed, nor are those that the kernel's
 * tree doesn't have.
 */
#include "report/model.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct changes {
	const char *from; /* the kernel's tree */
	char *to;	  /* OUT/tree */
	char *log;	  /* output of diff */
	json_t *files;
	int r;
};

/* Text as JSON; bytes that aren't UTF-8 become question marks. */
static json_t *text_json(char *s, size_t len)
{
	json_t *j = json_stringn(s, len);

	if (j)
		return j;
	for (size_t i = 0; i < len; i++)
		if (!s[i] || s[i] & 0x80)
			s[i] = '?';
	return json_stringn(s, len);
}

static void count_lines(const char *hunks, size_t *added, size_t *gone)
{
	bool begins = true;

	for (const char *s = hunks; *s; s++) {
		*added += begins && *s == '+';
		*gone += begins && *s == '-';
		begins = *s == '\n';
	}
}

static bool same_text(const char *a, const char *b)
{
	size_t na = 0, nb = 0;
	char *sa = read_file(a, &na), *sb = read_file(b, &nb);
	bool same = sa && sb && na == nb && !memcmp(sa, sb, na);

	free(sa);
	free(sb);
	return same;
}

static void add_diff(struct changes *c, const char *path, const char *old, const char *new)
{
	char *argv[] = {"diff", "-U2", (char *)old, (char *)new, NULL}, *out, *hunks;
	size_t len = 0, added = 0, gone = 0;
	int status;

	unlink(c->log);
	status = run_command(argv, NULL, NULL, c->log);
	out = read_file(c->log, &len);
	if (status != 1 || !out) {
		c->r = err(path, "install diffutils", "diff ended with %d", status);
	} else {
		hunks = strstr(out, "\n@@");
		hunks = hunks ? hunks + 1 : out + len;
		count_lines(hunks, &added, &gone);
		json_array_append_new(c->files, json_pack("[s,I,I,o]", path, (json_int_t)added,
							  (json_int_t)gone,
							  text_json(hunks, out + len - hunks)));
	}
	free(out);
}

static void add_file(struct changes *c, const char *path)
{
	char *old = xasprintf("%s/%s", c->from, path), *new = xasprintf("%s/%s", c->to, path);

	if (!access(old, R_OK) && !same_text(old, new))
		add_diff(c, path, old, new);
	free(old);
	free(new);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_folder(struct changes *c, const char *below)
{
	char *dir = xasprintf("%s/%s", c->to, below);
	struct dirent **list = NULL;
	int n = scandir(dir, &list, NULL, by_name);

	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s%s%s", below, *below ? "/" : "", list[i]->d_name);

		if (list[i]->d_type == DT_DIR && *list[i]->d_name != '.')
			add_folder(c, path);
		else if (ends_with(path, ".c") || ends_with(path, ".h"))
			add_file(c, path);
		free(path);
		free(list[i]);
	}
	free(list);
	free(dir);
}

json_t *model_changes(const struct model *m)
{
	struct changes c = {.from = json_string_value(json_object_get(m->manifest, "tree"))};

	if (!c.from || access(c.from, R_OK)) {
		err(c.from ?: m->outdir, "slice the domain again",
		    "the kernel's tree isn't there any more");
		return NULL;
	}
	c.to = xasprintf("%s/tree", m->outdir);
	c.log = xasprintf("%s/.report-diff", m->outdir);
	c.files = json_array();
	interrupt_guard_file(c.log);
	add_folder(&c, "");
	unlink(c.log);
	interrupt_guard_file(NULL);
	free(c.log);
	free(c.to);
	if (c.r) {
		json_decref(c.files);
		return NULL;
	}
	return c.files;
}
