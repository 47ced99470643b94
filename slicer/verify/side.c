// SPDX-License-Identifier: GPL-2.0
/* side.c: the cache of one side's modules. See side.h. */
#include "verify/side.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef KSLICE_VERIFY_ID
#error "KSLICE_VERIFY_ID: hash of the sources that make modules, see CMakeLists.txt"
#endif

char *side_file(const struct side *s, const char *prefix, uint64_t n, const char *suffix)
{
	return xasprintf("%s/%s%016" PRIx64 "%s", s->dir, prefix, n, suffix);
}

static void side_forget(struct side *s)
{
	depset_free(&s->deps);
	depset_init(&s->deps);
	for (size_t i = 0; i < s->n; i++) {
		s->units[i].valid = false;
		s->units[i].deps.n = 0;
	}
}

/* "COMMAND MODULE NDEPS DEP..." => the unit of that command, if there is one. Returns the text
 * behind the line. */
static const char *side_read_unit(struct side *s, const struct strmap *commands, const char *line)
{
	const char *eol = strchr(line, '\n');
	struct side_unit *u = NULL;
	char key[32], *end;
	uint64_t *at, module;
	size_t n;

	if (!eol)
		return NULL;
	snprintf(key, sizeof(key), "%" PRIx64, (uint64_t)strtoull(line, &end, 16));
	module = strtoull(end, &end, 16);
	n = strtoull(end, &end, 10);
	at = strmap_get(commands, key);
	if (at)
		u = &s->units[*at];
	for (size_t i = 0; i < n && u; i++) {
		uint32_t dep = strtoul(end, &end, 10);

		if (dep >= s->deps.deps.n)
			return NULL;
		*vec_add(&u->deps) = dep;
	}
	if (u) {
		u->module = module;
		u->valid = true;
	}
	return eol + 1;
}

static bool side_read(struct side *s, const char *text)
{
	static const char head[] = "kslice verify " KSLICE_VERIFY_ID "\n";
	struct strmap commands = {0};

	if (!starts_with(text, head))
		return false;
	for (size_t i = 0; i < s->n; i++) {
		char key[32];

		snprintf(key, sizeof(key), "%" PRIx64, s->units[i].command);
		*strmap_add(&commands, key, NULL) = i;
	}
	text = depset_read(&s->deps, text + strlen(head));
	while (text && *text)
		text = side_read_unit(s, &commands, text);
	strmap_free(&commands);
	return text != NULL;
}

static void side_check(struct side *s)
{
	size_t n = s->deps.deps.n;
	bool *same = xcalloc(n, sizeof(*same));

	for (size_t i = 0; i < n; i++)
		same[i] = depset_same(&s->deps, i);
	for (size_t i = 0; i < s->n; i++) {
		struct side_unit *u = &s->units[i];
		char *path = side_file(s, "", u->module, ".ir");

		for (size_t k = 0; k < u->deps.n && u->valid; k++)
			u->valid = same[u->deps.a[k]];
		if (u->valid && access(path, R_OK))
			u->valid = false;
		free(path);
	}
	/* a changed file is new to the units that are made again */
	for (size_t i = 0; i < n; i++)
		if (!same[i])
			depset_refresh(&s->deps, i);
	free(same);
}

int side_open(struct side *s)
{
	char *path = xasprintf("%s/index", s->dir), *lock = xasprintf("%s/lock", s->dir), *text;

	s->lock = make_dirs(s->dir) ? -1 : cache_lock(lock, LOCK_TO_WRITE);
	depset_init(&s->deps);
	text = s->lock < 0 ? NULL : read_file(path, NULL);
	if (text && side_read(s, text))
		side_check(s);
	else
		side_forget(s);
	if (s->own) /* those of this very moment don't change any more */
		s->deps.since = INT64_MAX;
	free(text);
	free(lock);
	free(path);
	return s->lock < 0 ? -1 : 0;
}

int side_save(const struct side *s)
{
	char *path = xasprintf("%s/index", s->dir);
	struct strbuf out = {0};
	int r;

	sb_puts(&out, "kslice verify " KSLICE_VERIFY_ID "\n");
	depset_write(&s->deps, &out);
	for (size_t i = 0; i < s->n; i++) {
		const struct side_unit *u = &s->units[i];

		if (!u->valid)
			continue;
		sb_printf(&out, "%" PRIx64 " %" PRIx64 " %zu", u->command, u->module, u->deps.n);
		for (size_t k = 0; k < u->deps.n; k++)
			sb_printf(&out, " %u", u->deps.a[k]);
		sb_puts(&out, "\n");
	}
	r = write_file(path, out.s, out.len);
	sb_free(&out);
	free(path);
	return r;
}

void side_sweep(const struct side *s)
{
	struct strmap keep = {0};
	DIR *d = opendir(s->dir);
	struct dirent *de;

	for (size_t i = 0; i < s->n; i++) {
		char *path = side_file(s, "", s->units[i].module, ".ir");

		if (s->units[i].valid)
			strmap_add(&keep, strrchr(path, '/') + 1, NULL);
		free(path);
	}
	strmap_add(&keep, "index", NULL);
	strmap_add(&keep, "lock", NULL);
	while (d && (de = readdir(d)))
		if (de->d_name[0] != '.' && !strmap_get(&keep, de->d_name))
			unlinkat(dirfd(d), de->d_name, 0);
	if (d)
		closedir(d);
	strmap_free(&keep);
}

void side_close(struct side *s)
{
	for (size_t i = 0; i < s->n; i++) {
		for (size_t k = 0; s->units[i].argv && s->units[i].argv[k]; k++)
			free(s->units[i].argv[k]);
		free(s->units[i].argv);
		free(s->units[i].input);
		free(s->units[i].deps.a);
	}
	free(s->units);
	depset_free(&s->deps);
	if (s->lock >= 0)
		close(s->lock);
	free(s->dir);
	free(s->cwd);
}

/* ---- modules ---- */

int side_store(const struct side *s, const struct module *m, uint64_t *hash)
{
	struct strbuf out = {0};
	char *path;
	int r = 0;

	module_write(m, &out);
	*hash = hash64(out.s, out.len, 17);
	path = side_file(s, "", *hash, ".ir");
	if (access(path, F_OK))
		r = write_file(path, out.s, out.len);
	sb_free(&out);
	free(path);
	return r;
}

int side_module(const struct side *s, size_t unit, struct module *m)
{
	char *path = side_file(s, "", s->units[unit].module, ".ir"), *text = read_file(path, NULL);
	int r = -1;

	if (!text)
		err(path, "run again", "can't be read: %s", strerror(errno));
	else if (module_read(m, text))
		err(path, "remove its folder and run again", "damaged");
	else
		r = 0;
	free(text);
	free(path);
	return r;
}

/* ---- dependencies ---- */

int depfile_each(const char *depfile, const char *cwd, void (*fn)(void *ctx, const char *path),
		 void *ctx)
{
	char *text = read_file(depfile, NULL), *save;

	if (!text)
		return -1;
	for (char *tok = strtok_r(text, " \\\n\t", &save); tok;
	     tok = strtok_r(NULL, " \\\n\t", &save)) {
		char *path;

		if (tok[strlen(tok) - 1] == ':')
			continue;
		path = path_normalize(*tok == '/' ? xstrdup(tok) : xasprintf("%s/%s", cwd, tok));
		fn(ctx, path);
		free(path);
	}
	free(text);
	return 0;
}

struct dep_adder {
	struct side *side;
	struct side_unit *unit;
};

static void add_dep(void *ctx, const char *path)
{
	struct dep_adder *a = ctx;

	/* the precompiled header's own text; the headers in it are listed, too */
	if (starts_with(path, a->side->dir) && path[strlen(a->side->dir)] == '/')
		return;
	*vec_add(&a->unit->deps) = depset_add(&a->side->deps, path);
}

int side_set(struct side *s, size_t unit, uint64_t module, const char *depfile)
{
	struct side_unit *u = &s->units[unit];
	struct dep_adder a = {s, u};

	u->deps.n = 0;
	u->module = module;
	if (depfile_each(depfile, s->cwd, add_dep, &a))
		return err(depfile, "run again", "can't be read: %s", strerror(errno));
	u->valid = true;
	return 0;
}

bool side_includes(const struct side *s, size_t unit, const char *path)
{
	const struct side_unit *u = &s->units[unit];
	uint64_t *at = strmap_get(&s->deps.index, path);

	for (size_t i = 0; at && i < u->deps.n; i++)
		if (u->deps.a[i] == *at)
			return true;
	return false;
}
