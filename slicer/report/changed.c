// SPDX-License-Identifier: GPL-2.0
/*
 * changed.c: two slices => functions that must be looked at, or patched: whose text differs, or
 * that of a macro, inline function, record or enumeration that it depends on.
 *
 * A function depends on each name in its text, and on the records whose fields it reads, which
 * facts know. From there on macros and inline functions depend on all they name, records on those
 * that they contain. A field that is only written to is seen by the text alone.
 */
#include "report/compare.h"
#include "report/entities.h"
#include <stdlib.h>

#define REASONS 4 /* names told of one function */

struct text_cache {
	char *path, *text;
	size_t len;
};

struct differ {
	const struct graph *from, *to;
	struct entities old, new;
	uint32_t
		*cause; /* per new entity: 1 + index of the changed one that it leads to, 0: none */
	struct strmap known; /* key of a function of the old slice => 1 + def_id */
	struct text_cache a, b;
	json_t *out;
};

void each_kept_function(const struct graph *g, void (*fn)(void *arg, uint32_t def_id), void *arg)
{
	for (uint32_t id = 0; id < g->base[g->db->ntus]; id++) {
		const struct fact_def *d = graph_def(g, id);

		if (g->kept[id] && d->kind == DEF_FUNC && d->body && d->name &&
		    !(d->flags & DEF_HEADER) && !graph_facts(g, id)->files[d->file].header &&
		    !graph_is_runtime(g, g->tu_of[id]))
			fn(arg, id);
	}
}

static const char *def_text(const struct graph *g, uint32_t id, struct text_cache *c, size_t *len)
{
	const struct fact_def *d = graph_def(g, id);
	const char *file = graph_file(g, id);

	if (!c->path || strcmp(c->path, file)) {
		free(c->path);
		free(c->text);
		c->path = xstrdup(file);
		c->text = graph_text(g, id, &c->len);
	}
	if (!c->text || d->end > c->len)
		return NULL;
	*len = d->end - d->beg;
	return c->text + d->beg;
}

/* ---- which entities changed, or lead to one that did ---- */

static bool entity_differs(const struct differ *d, const struct entity *e)
{
	const struct entity *old = entities_get(&d->old, e->name);

	return !old || old->hash != e->hash;
}

static void find_causes(struct differ *d)
{
	bool again = true;

	d->cause = xcalloc(d->new.v.n + 1, sizeof(*d->cause));
	for (size_t i = 0; i < d->new.v.n; i++)
		if (entity_differs(d, &d->new.v.a[i]))
			d->cause[i] = i + 1;
	while (again) {
		again = false;
		for (size_t i = 0; i < d->new.v.n; i++) {
			const struct entity *e = &d->new.v.a[i];

			for (size_t k = 0; !d->cause[i] && k < e->needs.n; k++) {
				uint64_t *v = strmap_get(&d->new.index, e->needs.a[k]);

				if (v && d->cause[*v - 1]) {
					d->cause[i] = d->cause[*v - 1];
					again = true;
				}
			}
		}
	}
}

/* ---- one function ---- */

struct reasons {
	struct differ *d;
	json_t *list;
	struct strmap seen;
};

static void add_reason(void *arg, const char *name)
{
	struct reasons *r = arg;
	uint64_t *v = strmap_get(&r->d->new.index, name);
	const struct entity *e;
	bool added;

	if (!v || !r->d->cause[*v - 1] || json_array_size(r->list) >= REASONS)
		return;
	e = &r->d->new.v.a[r->d->cause[*v - 1] - 1];
	strmap_add(&r->seen, e->name, &added);
	if (added)
		json_array_append_new(r->list, json_sprintf("%s (%s)", e->name, e->file));
}

/* "struct sock:sk_prot" => "struct sock" */
static void add_read_records(struct reasons *r, const struct graph *g, uint32_t id)
{
	const struct facts *f = graph_facts(g, id);
	const struct fact_def *d = graph_def(g, id);

	for (uint32_t i = d->read0; i < d->read0 + d->nread; i++) {
		const char *field = fact_str(f, f->reads[i].field), *colon = strrchr(field, ':');
		char *record = xstrndup(field, colon ? colon - field : strlen(field));

		add_reason(r, record);
		free(record);
	}
}

static void compare_function(void *arg, uint32_t id)
{
	struct differ *d = arg;
	const struct graph *g = d->to;
	uint64_t *old = strmap_get(&d->known, fact_str(graph_facts(g, id), graph_def(g, id)->key));
	struct reasons r = {.d = d, .list = json_array()};
	const char *a, *b;
	size_t na = 0, nb = 0;

	a = old ? def_text(d->from, *old - 1, &d->a, &na) : NULL;
	b = def_text(g, id, &d->b, &nb);
	if (a && b) {
		if (tokens_hash(a, na) != tokens_hash(b, nb))
			json_array_append_new(r.list, json_string("text"));
		tokens_names(b, nb, false, add_reason, &r);
		add_read_records(&r, g, id);
	}
	if (json_array_size(r.list))
		json_array_append_new(d->out,
				      json_pack("{s:s,s:s,s:i,s:O}", "name", graph_name(g, id),
						"file", graph_file(g, id), "line",
						(int)graph_def(g, id)->line, "because", r.list));
	json_decref(r.list);
	strmap_free(&r.seen);
}

static void know_function(void *arg, uint32_t id)
{
	struct differ *d = arg;

	*strmap_add(&d->known, fact_str(graph_facts(d->from, id), graph_def(d->from, id)->key),
		    NULL) = id + 1;
}

json_t *compare_texts(const struct graph *from, const struct graph *to)
{
	struct differ d = {.from = from, .to = to, .out = json_array()};

	entities_scan(&d.old, from);
	entities_scan(&d.new, to);
	find_causes(&d);
	each_kept_function(from, know_function, &d);
	each_kept_function(to, compare_function, &d);
	entities_free(&d.old);
	entities_free(&d.new);
	strmap_free(&d.known);
	free(d.cause);
	free(d.a.path);
	free(d.a.text);
	free(d.b.path);
	free(d.b.text);
	return d.out;
}
