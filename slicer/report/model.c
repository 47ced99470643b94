// SPDX-License-Identifier: GPL-2.0
/*
 * model.c: manifest.json, why.tsv, edges.tsv and objects of a slice => struct model. See
 * model.h.
 */
#include "report/model.h"
#include "report/image.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int munit_name_len(const struct munit *u)
{
	return strcspn(u->names, ",");
}

bool munit_is_header(const struct munit *u)
{
	return ends_with(u->file, ".h");
}

static void index_names(struct model *m, uint32_t unit)
{
	char *names = xstrdup(m->units.a[unit].names), *save, *name;

	for (name = strtok_r(names, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		uint64_t *v = strmap_add(&m->by_name, name, NULL);

		*vec_add(&m->named) = (struct named){unit, (uint32_t)*v};
		*v = m->named.n;
	}
	free(names);
}

uint32_t model_unit(const struct model *m, const char *name, const char *file)
{
	uint64_t *v = strmap_get(&m->by_name, name);
	uint32_t best = NO_UNIT;

	for (uint32_t i = v ? *v : 0; i; i = m->named.a[i - 1].next) {
		uint32_t u = m->named.a[i - 1].unit;

		if (file && !strcmp(m->units.a[u].file, file))
			return u;
		if (best == NO_UNIT || munit_is_header(&m->units.a[best]))
			best = u;
	}
	return best;
}

/* ---- units and edges ---- */

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The place of a unit's number, numbers being sorted. */
static uint32_t unit_at(const uint32_t *numbers, size_t n, uint32_t number)
{
	const uint32_t *at = bsearch(&number, numbers, n, sizeof(*numbers), compare_numbers);

	return at ? (uint32_t)(at - numbers) : NO_UNIT;
}

static void parse_units(struct model *m, char *text, uint32_t **numbers)
{
	VEC(uint32_t) own = {0}, from = {0};
	char *line, *save;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		struct munit *u = vec_add(&m->units);
		char *colon, *number;

		*vec_add(&own) = strtoul(strsep(&line, "\t"), NULL, 10);
		u->names = strsep(&line, "\t") ?: "";
		u->file = strsep(&line, "\t") ?: "";
		colon = strrchr(u->file, ':');
		u->line = colon ? strtoul(colon + 1, NULL, 10) : 0;
		if (colon)
			*colon = 0;
		u->edge = strsep(&line, "\t") ?: "";
		number = strsep(&line, "\t");
		u->extra = line ?: "";
		*vec_add(&from) = !number || *number == '-' ? NO_UNIT : strtoul(number, NULL, 10);
	}
	for (size_t i = 0; i < m->units.n; i++) {
		uint32_t f = from.a[i];

		m->units.a[i].from = f == NO_UNIT ? NO_UNIT : unit_at(own.a, own.n, f);
		index_names(m, i);
	}
	free(from.a);
	*numbers = own.a;
}

static int load_edges(struct model *m, const uint32_t *numbers)
{
	char *path = xasprintf("%s/edges.tsv", m->outdir), *text = read_file(path, NULL), *s = text;
	int r = text ? 0
		     : err(path, "slice the domain again with this kslice", "%s", strerror(errno));

	while (s && *s) {
		uint32_t from = unit_at(numbers, m->units.n, strtoul(s, &s, 10));
		uint32_t to = unit_at(numbers, m->units.n, strtoul(s, &s, 10));

		if (from != NO_UNIT && to != NO_UNIT)
			*vec_add(&m->edges) = (struct unit_edge){from, to};
		s = strchr(s, '\n');
		s += s != NULL;
	}
	free(text);
	free(path);
	return r;
}

static int load_units(struct model *m)
{
	char *path = xasprintf("%s/why.tsv", m->outdir);
	uint32_t *numbers = NULL;
	int r;

	m->why_text = read_file(path, NULL);
	if (!m->why_text) {
		r = err(path, "run `kslice slice` for this domain first", "%s", strerror(errno));
	} else {
		parse_units(m, m->why_text, &numbers);
		r = load_edges(m, numbers);
	}
	free(numbers);
	free(path);
	return r;
}

/* ---- functions of the objects ---- */

static struct mfile *file_for(struct model *m, const char *path)
{
	bool added;
	uint64_t *v = strmap_add(&m->file_index, path, &added);

	if (added) {
		vec_add(&m->files)->path = xstrdup(path);
		*v = m->files.n;
	}
	return &m->files.a[*v - 1];
}

static bool is_in(const char *dir, const char *path)
{
	char *full = xasprintf("%s/%s", dir, path);
	bool there = !access(full, F_OK);

	free(full);
	return there;
}

/* "net/socket.o" => "net/socket.c", or "lib/memcpy_64.S". */
static char *source_of_object(const struct model *m, const char *object)
{
	char *c = xasprintf("%.*sc", (int)strlen(object) - 1, object);
	char *asm_file = xasprintf("%.*sS", (int)strlen(object) - 1, object);
	char *tree = xasprintf("%s/tree", m->outdir);
	const char *original = json_string_value(json_object_get(m->manifest, "tree"));
	bool is_asm = is_in(tree, asm_file) || (!is_in(tree, c) && is_in(original, asm_file));

	free(tree);
	free(is_asm ? c : asm_file);
	return is_asm ? asm_file : c;
}

/* "tcp_ack.part.0" => "tcp_ack": what the compiler split off counts as the function. */
static char *source_name(const char *symbol)
{
	size_t n = strcspn(symbol, ".");

	return xstrndup(symbol, n ? n : strlen(symbol));
}

static struct mfun *fun_of(struct mfile *f, const char *name)
{
	for (size_t i = 0; i < f->funs.n; i++)
		if (!strcmp(f->funs.a[i].name, name))
			return &f->funs.a[i];
	return NULL;
}

struct object_reader {
	struct model *m;
	struct mfile *file;
	bool whole;
};

static void add_kept(struct model *m, struct mfile *f, char *name, uint64_t bytes)
{
	struct mfun *fun = fun_of(f, name);

	f->kept += bytes;
	if (fun) {
		free(name);
	} else {
		fun = vec_add(&f->funs);
		fun->name = name;
		fun->unit = model_unit(m, name, f->path);
	}
	fun->bytes += bytes;
	if (fun->unit != NO_UNIT)
		m->units.a[fun->unit].bytes += bytes;
}

static void add_whole(struct mfile *f, char *name, uint64_t bytes)
{
	struct mfun *fun = fun_of(f, name);

	f->whole += bytes;
	if (fun) {
		fun->bytes += fun->gone ? bytes : 0;
		free(name);
	} else {
		*vec_add(&f->funs) =
			(struct mfun){.name = name, .bytes = bytes, .unit = NO_UNIT, .gone = true};
	}
}

static void add_symbol(void *arg, const char *symbol, uint64_t bytes)
{
	struct object_reader *r = arg;
	char *name = source_name(symbol);

	if (r->whole)
		add_whole(r->file, name, bytes);
	else
		add_kept(r->m, r->file, name, bytes);
}

static void load_object(struct model *m, const char *path, const char *object, bool whole)
{
	char *source = source_of_object(m, object);
	struct object_reader r = {m, file_for(m, source), whole};

	image_functions(path, add_symbol, &r);
	free(source);
}

static void load_objects(struct model *m, const char *top, const char *below, bool whole)
{
	char *dir = xasprintf("%s/obj%s%s", top, *below ? "/" : "", below);
	DIR *d = opendir(dir);

	for (struct dirent *e; d && (e = readdir(d));) {
		char *path = xasprintf("%s/%s", dir, e->d_name);
		char *object = xasprintf("%s%s%s", below, *below ? "/" : "", e->d_name);

		if (e->d_type == DT_DIR && *e->d_name != '.')
			load_objects(m, top, object, whole);
		else if (ends_with(object, ".o"))
			load_object(m, path, object, whole);
		free(object);
		free(path);
	}
	if (d)
		closedir(d);
	free(dir);
}

static int compare_funs(const void *pa, const void *pb)
{
	const struct mfun *a = pa, *b = pb;

	if (a->gone != b->gone)
		return a->gone - b->gone;
	if (a->bytes != b->bytes)
		return a->bytes > b->bytes ? -1 : 1;
	return strcmp(a->name, b->name);
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct mfile *)a)->path, ((const struct mfile *)b)->path);
}

static void load_functions(struct model *m)
{
	char *whole = xasprintf("%s-whole", m->outdir);

	load_objects(m, m->outdir, "", false);
	if (m->has_whole)
		load_objects(m, whole, "", true);
	free(whole);
	if (m->files.n)
		qsort(m->files.a, m->files.n, sizeof(*m->files.a), compare_files);
	for (size_t i = 0; i < m->files.n; i++)
		if (m->files.a[i].funs.n)
			qsort(m->files.a[i].funs.a, m->files.a[i].funs.n, sizeof(struct mfun),
			      compare_funs);
}

/* ---- all of it ---- */

static int load_manifest(struct model *m)
{
	char *path = xasprintf("%s/manifest.json", m->outdir);
	json_error_t e;

	m->manifest = json_load_file(path, 0, &e);
	if (!m->manifest)
		err(path, "run `kslice slice` for this domain first", "%s", e.text);
	free(path);
	if (!m->manifest)
		return -1;
	m->name = json_string_value(json_object_get(m->manifest, "name"));
	/* the manifest has the whole's bytes only if it was built from this configuration */
	m->has_whole = json_object_get(json_object_get(m->manifest, "whole"), "text");
	return 0;
}

int model_load(struct model *m, const char *outdir)
{
	*m = (struct model){.outdir = xstrdup(outdir)};
	if (load_manifest(m) || load_units(m))
		return -1;
	load_functions(m);
	model_weigh(m);
	return 0;
}

void model_free(struct model *m)
{
	for (size_t i = 0; i < m->files.n; i++) {
		for (size_t k = 0; k < m->files.a[i].funs.n; k++)
			free(m->files.a[i].funs.a[k].name);
		free(m->files.a[i].funs.a);
		free(m->files.a[i].path);
	}
	json_decref(m->manifest);
	json_decref(m->groups);
	strmap_free(&m->by_name);
	strmap_free(&m->file_index);
	free(m->files.a);
	free(m->named.a);
	free(m->units.a);
	free(m->edges.a);
	free(m->idom);
	free(m->why_text);
	free(m->outdir);
}
