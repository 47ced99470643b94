// SPDX-License-Identifier: GPL-2.0
/* run.c: closure, sliced tree, edits.json => is the slice right? See verify.h. */
#include "verify/verify.h"
#include "tree/edits.h"
#include "verify/compare.h"
#include "verify/jobs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MOST_SHOWN 20

/* ---- the units' commands ---- */

static void add_flag(struct side_unit *u, size_t *n, char *arg)
{
	u->argv = xrealloc(u->argv, (*n + 2) * sizeof(*u->argv));
	u->argv[(*n)++] = arg;
	u->argv[*n] = NULL;
	u->command = hash_str(arg, u->command);
}

static void finish_command(struct side_unit *u, char *input)
{
	u->input = input;
	u->command = hash_str(u->source, hash_str(input, u->command));
}

/* As recorded, without output, dependencies and source. */
static void whole_command(const struct compdb *db, const struct tu *t, struct side_unit *u)
{
	const char *roots[] = {db->overlay, db->tree};
	size_t n = 0;

	for (int i = 0; i < t->argc; i++) {
		const char *a = t->argv[i];

		if (!strcmp(a, "-o"))
			i++;
		else if (strcmp(a, "-c") && !starts_with(a, "-Wp,-M") &&
			 !(i && *a != '-' && ends_with(a, t->source)))
			add_flag(u, &n, xstrdup(a));
	}
	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		add_flag(u, &n, xasprintf("-fmacro-prefix-map=%s/=", roots[i]));
	finish_command(u, xasprintf("%s/%s", db->overlay, t->source));
}

/* From compile_commands.json of the slice: FLAG... -c -o OBJECT SOURCE. */
static void sliced_command(const json_t *args, struct side_unit *u)
{
	size_t n = 0, all = json_array_size(args);

	for (size_t i = 0; i + 4 < all; i++)
		add_flag(u, &n, xstrdup(json_string_value(json_array_get(args, i))));
	add_flag(u, &n, xstrdup("-fmacro-prefix-map=../="));
	finish_command(u, xstrdup(json_string_value(json_array_get(args, all - 1))));
}

/* The object's path in the folder of objects => arguments. */
static json_t *arguments_of(const json_t *commands, const char *object)
{
	char *path = xasprintf("/obj/%s", object);
	json_t *c, *found = NULL;
	size_t i;

	json_array_foreach (commands, i, c) {
		const char *out = json_string_value(json_object_get(c, "output"));

		if (out && ends_with(out, path))
			found = json_object_get(c, "arguments");
	}
	free(path);
	return found;
}

static int add_units(struct verify *v, const json_t *commands)
{
	const struct graph *g = v->g;

	v->tu = xcalloc(g->db->ntus, sizeof(*v->tu));
	v->pch = xcalloc(g->db->ntus, sizeof(*v->pch));
	for (uint32_t tu = 0; tu < g->db->ntus; tu++)
		if (g->live[tu] && !g->db->tus[tu].is_asm)
			v->tu[v->n++] = tu;
	for (int k = 0; k < SIDES; k++) {
		v->side[k].units = xcalloc(v->n, sizeof(*v->side[k].units));
		v->side[k].n = v->n;
	}
	for (size_t i = 0; i < v->n; i++) {
		const struct tu *t = &g->db->tus[v->tu[i]];
		json_t *args = arguments_of(commands, t->object);

		if (!args)
			return err(t->source, "slice again",
				   "has no command in the slice's compile_commands.json");
		for (int k = 0; k < SIDES; k++)
			v->side[k].units[i].source = t->source;
		whole_command(g->db, t, &v->side[WHOLE].units[i]);
		sliced_command(args, &v->side[SLICED].units[i]);
	}
	return 0;
}

static int open_sides(struct verify *v, const char *outdir)
{
	const struct compdb *db = v->g->db;
	char *commands = xasprintf("%s/tree/compile_commands.json", outdir);
	char *tree = xasprintf("%s/tree/build", outdir);
	json_error_t why;
	json_t *json = json_load_file(commands, 0, &why);
	int r = -1;

	v->side[WHOLE].dir = db->dir ? xasprintf("%s/verify", db->dir)
				     : xasprintf("%s/verify/%016" PRIx64, cache_dir(),
						 hash_str(db->objdir, hash_str(db->overlay, 0)));
	v->side[SLICED].dir = xasprintf("%s/verify", outdir);
	v->side[WHOLE].cwd = xstrdup(db->objdir);
	v->side[SLICED].cwd = xstrdup(tree);
	v->side[SLICED].own = true;
	if (!json)
		err(commands, "slice again", "can't be read: %s", why.text);
	else
		r = add_units(v, json);
	if (!r && (side_open(&v->side[WHOLE]) || side_open(&v->side[SLICED])))
		r = -1;
	json_decref(json);
	free(commands);
	free(tree);
	return r;
}

/* ---- comparison ---- */

struct comparing {
	struct verify *v;
	const struct declared_edits *edits;
	const char *outdir;
	size_t unit, shown;
	struct module m[SIDES];
};

static bool unit_includes(void *ctx, const char *file)
{
	const struct comparing *c = ctx;
	bool obj = starts_with(file, "obj:"), yes;
	char *path =
		xasprintf("%s/tree/%s%s", c->outdir, obj ? "build/" : "", file + (obj ? 4 : 0));

	yes = side_includes(&c->v->side[SLICED], c->unit, path);
	free(path);
	return yes;
}

static size_t compare_unit(struct comparing *c, void (*report)(void *, const struct difference *))
{
	struct compare cmp = {
		.edits = c->edits,
		.includes = unit_includes,
		.report = report,
		.ctx = c,
		.whole = &c->m[WHOLE],
		.slice = &c->m[SLICED],
	};

	return compare_modules(&cmp);
}

/* The definition of that name as the unit sees it; NONE: it isn't one of the tree's. */
static uint32_t definition_of(const struct graph *g, uint32_t tu, const char *name)
{
	size_t n = strcspn(name, ".");
	uint32_t units[] = {tu, g->db->ntus};

	for (size_t k = 0; k < ARRAY_LEN(units); k++) {
		for (uint32_t i = g->base[units[k]]; i < g->base[units[k] + 1]; i++) {
			const struct fact_def *d = graph_def(g, i);

			if ((d->kind == DEF_FUNC || d->kind == DEF_VAR || d->kind == DEF_ASM) &&
			    !strncmp(graph_name(g, i), name, n) && !graph_name(g, i)[n])
				return i;
		}
	}
	return NONE;
}

static void put_side(struct strbuf *b, const char *which, const char *text)
{
	sb_printf(b, "\n        %s: %s", which, text ?: "nothing");
}

/* What the canonical names in one line, and not in the other, stand for. */
static void put_legend(struct strbuf *b, const struct module *m, const char *line,
		       const char *other)
{
	for (size_t i = 0; line && i < m->legend.cap; i++) {
		const char *token = m->legend.slots[i].key;

		if (token && strstr(line, token) && !(other && strstr(other, token)))
			sb_printf(b, "\n               %s = %s", token,
				  (const char *)(uintptr_t)m->legend.slots[i].value);
	}
}

static void put_edit(struct strbuf *b, const struct declared *e)
{
	sb_printf(b, "\n        nearest edit: %s:%u: %s", e->file, e->line, e->kind);
	if (e->field)
		sb_printf(b, " %s", e->field);
	if (e->cut)
		sb_printf(b, ", cut %s", e->cut);
	if (json_array_size(json_object_get(e->json, "names")))
		sb_printf(b, " of %s",
			  json_string_value(json_array_get(json_object_get(e->json, "names"), 0)));
	else if (json_array_size(json_object_get(e->json, "in")))
		sb_printf(b, " in %s",
			  json_string_value(json_array_get(json_object_get(e->json, "in"), 0)));
}

static void report_difference(void *ctx, const struct difference *d)
{
	struct comparing *c = ctx;
	const struct graph *g = c->v->g;
	const char *source = c->v->side[WHOLE].units[c->unit].source, *file = source;
	uint32_t tu = c->v->tu[c->unit], def = definition_of(g, tu, d->name), beg = 0, end = 0;
	const struct declared *near;
	struct strbuf b = {0};
	char *place;

	if (c->shown++ >= MOST_SHOWN && !getenv("KSLICE_DEBUG"))
		return;
	if (def != NONE) {
		file = graph_file(g, def);
		beg = graph_def(g, def)->beg;
		end = graph_def(g, def)->end;
	}
	place = def == NONE ? xstrdup(file) : xasprintf("%s:%u", file, graph_def(g, def)->line);
	put_side(&b, "whole", d->whole);
	put_legend(&b, &c->m[WHOLE], d->whole, d->slice);
	put_side(&b, "slice", d->slice);
	put_legend(&b, &c->m[SLICED], d->slice, d->whole);
	near = declared_nearest(c->edits, file, beg, end);
	if (near)
		put_edit(&b, near);
	err(place, "report this: the slicer is wrong. `--no-verify' builds the image all the same",
	    "%s %s in the slice of %s%s", d->name, d->what, source, b.s);
	sb_free(&b);
	free(place);
}

static int load_modules(struct comparing *c)
{
	for (int k = 0; k < SIDES; k++)
		if (side_module(&c->v->side[k], c->unit, &c->m[k]))
			return -1;
	return 0;
}

static void free_modules(struct comparing *c)
{
	for (int k = 0; k < SIDES; k++)
		module_free(&c->m[k]);
}

/* Compares all units, or those in v->todo, by their stored modules; those that differ become
 * v->todo. */
static int find_differing(struct comparing *c)
{
	struct verify *v = c->v;
	int r = 0;

	v->todo.n = 0;
	for (c->unit = 0; c->unit < v->n && !r; c->unit++) {
		r = load_modules(c);
		if (!r && compare_unit(c, NULL))
			for (int k = 0; k < SIDES; k++)
				*vec_add(&v->todo) = (struct verify_job){k, c->unit};
		free_modules(c);
	}
	return r;
}

/* From the IR that jobs_run(exact) left; removes it. */
static int load_exact(struct comparing *c)
{
	int r = 0;

	for (int k = 0; k < SIDES; k++) {
		char *ll = side_file(&c->v->side[k], "unit-", c->unit, ".ll"), *why = NULL;
		char *text = read_file(ll, NULL);

		if (!text || ir_parse(text, true, &c->m[k], &why))
			r = err(ll, "run again", "can't be read%s%s", why ? ": " : "", why ?: "");
		unlink(ll);
		free(why);
		free(text);
		free(ll);
	}
	return r;
}

static int report_differing(struct comparing *c)
{
	struct verify *v = c->v;
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < v->todo.n; i += SIDES) {
		c->unit = v->todo.a[i].unit;
		if (load_exact(c))
			r = -1;
		else
			n += compare_unit(c, report_difference);
		free_modules(c);
	}
	if (n > MOST_SHOWN)
		err(v->name, NULL, "%zu more differences aren't shown", n - MOST_SHOWN);
	return n ? -1 : r;
}

static int verify_units(struct verify *v, const struct declared_edits *edits, const char *outdir)
{
	struct comparing c = {.v = v, .edits = edits, .outdir = outdir};
	int r = 0;

	for (size_t i = 0; i < v->n; i++)
		for (int k = 0; k < SIDES; k++)
			if (!v->side[k].units[i].valid)
				*vec_add(&v->todo) = (struct verify_job){k, i};
	if (v->todo.n)
		r = jobs_run(v, false);
	if (!r)
		r = find_differing(&c);
	if (!r && v->todo.n) /* a header that only the precompiled one has may be the cause */
		r = jobs_run(v, true) || report_differing(&c) ? -1 : 0;
	return r;
}

int verify_slice(const struct graph *g, const char *outdir, int jobs)
{
	struct verify v = {.g = g, .processes = jobs, .name = g->spec->name};
	char *abs = realpath(outdir, NULL), *path = xasprintf("%s/" EDITS_FILE, outdir);
	struct declared_edits edits = {0};
	int r = -1;

	v.side[WHOLE].lock = v.side[SLICED].lock = -1;
	if (!abs)
		err(outdir, "slice first", "%s", strerror(errno));
	else if (!declared_load(&edits, path) && !open_sides(&v, abs))
		r = verify_units(&v, &edits, abs);
	for (int k = 0; k < SIDES; k++) {
		if (v.side[k].lock >= 0 && side_save(&v.side[k]))
			r = -1;
		if (v.side[k].lock >= 0)
			side_sweep(&v.side[k]);
		side_close(&v.side[k]);
	}
	declared_free(&edits);
	free(v.todo.a);
	free(v.tu);
	free(v.pch);
	free(path);
	free(abs);
	return r;
}
