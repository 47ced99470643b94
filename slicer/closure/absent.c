// SPDX-License-Identifier: GPL-2.0
/*
 * absent.c: names in cuts and keeps + tree => those that its code has nowhere, in any
 * configuration: mistyped, or of another version. A name that is only switched off here is left to
 * the passes cuts and closure.
 */
#include "closure/graph.h"
#include "spec/registries.h"
#include "commands/words.h"
#include "base/similar.h"
#include <stdlib.h>
#include <unistd.h>

struct absent {
	const struct graph *g;
	struct strmap here;  /* names of this configuration, also static ones */
	struct strmap names; /* that this configuration lacks => WORD_PRESENT or WORD_ABSENT */
};

static void ask_name(struct absent *a, const char *name)
{
	if (!strchr(name, '/') && !strmap_get(&a->here, name))
		strmap_add(&a->names, name, NULL);
}

static void ask_names(struct absent *a, const struct spec_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		ask_name(a, names->a[i]);
}

static bool is_in_tree(const struct absent *a, const char *name)
{
	uint64_t *found = strmap_get(&a->names, name);
	char *path;
	bool there;

	if (!strchr(name, '/'))
		return !found || *found == WORD_PRESENT;
	path = xasprintf("%s/%s", a->g->db->overlay, name);
	there = !access(path, F_OK);
	free(path);
	return there;
}

static void find_proposals(const struct graph *g, const char *name, struct similar *best)
{
	bool path = strchr(name, '/');

	for (size_t i = 0; path && i < g->db->ntus; i++)
		similar_offer(best, name, g->db->tus[i].source);
	for (size_t i = 0; !path && i < g->nodes.n; i++)
		if (g->nodes.a[i].first != NONE)
			similar_offer(best, name, key_name(g->nodes.a[i].key));
}

static int report_absent(const struct absent *a, const struct spec_place *at, const char *name)
{
	struct similar best = {};
	struct strbuf cure = {};
	int r;

	find_proposals(a->g, name, &best);
	similar_print(&best, "similar names here: ", &cure);
	sb_printf(&cure, "%sif other trees have it, list this tree's name, too, with \"any\"",
		  cure.len ? "; " : "correct the name; ");
	r = spec_error(at, cure.s, "the tree has no %s \"%s\", in any configuration",
		       strchr(name, '/') ? "file" : "name", name);
	sb_free(&cure);
	return r;
}

/* All names of a list must be there; of one with alternatives one is enough. */
static int check_list(const struct absent *a, const struct spec_place *at,
		      const struct spec_names *names, bool any)
{
	size_t there = 0;
	int r = 0;

	for (size_t i = 0; i < names->n; i++)
		there += is_in_tree(a, names->a[i]);
	if (any && there)
		return 0;
	for (size_t i = 0; i < names->n; i++)
		if (!is_in_tree(a, names->a[i]))
			r = report_absent(a, at, names->a[i]);
	return r;
}

static int check_cut(const struct absent *a, size_t i)
{
	const struct spec *spec = a->g->spec;
	const struct spec_cut *c = &spec->cuts[i];
	bool there = is_in_tree(a, c->symbol);
	int r = 0;

	/* the overlay already lacks what a replace cut only removes */
	if (c->kind == CUT_REPLACE)
		return check_list(a, &c->at, &c->in, c->any);
	for (size_t k = c->entry; c->any && !there && k < spec->ncuts; k++)
		there = spec->cuts[k].entry == c->entry && is_in_tree(a, spec->cuts[k].symbol);
	if (!there)
		r = report_absent(a, &c->at, c->symbol);
	if (check_list(a, &c->at, &c->in, c->any) || check_list(a, &c->at, &c->naming, c->any))
		r = -1;
	return r;
}

static int check_keep(const struct absent *a, size_t i)
{
	const struct spec *spec = a->g->spec;
	const struct spec_keep *keep = &spec->keep[i];
	bool there = keep->type || is_in_tree(a, keep->name);

	for (size_t k = 0; keep->any && !there && k < spec->nkeep; k++)
		there = spec->keep[k].any == keep->any && is_in_tree(a, spec->keep[k].name);
	return there ? 0 : report_absent(a, &keep->at, keep->name);
}

static void ask_registry(struct absent *a, const struct registry *r)
{
	for (size_t i = 0; i < r->nregisters; i++)
		ask_names(a, &r->registers[i].names);
	for (size_t i = 0; i < r->nfinds; i++)
		ask_names(a, &r->finds[i].names);
}

static int check_registry(const struct absent *a, const struct registry *r)
{
	int e = 0;

	for (size_t i = 0; i < r->nregisters; i++)
		e |= check_list(a, &r->registers[i].at, &r->registers[i].names,
				r->registers[i].any);
	for (size_t i = 0; i < r->nfinds; i++)
		e |= check_list(a, &r->finds[i].at, &r->finds[i].names, r->finds[i].any);
	return e;
}

int absent_check(const struct graph *g)
{
	const struct spec *spec = g->spec;
	struct absent a = {.g = g};
	int r;

	for (size_t i = 0; i < g->nodes.n; i++)
		strmap_add(&a.here, key_name(g->nodes.a[i].key), NULL);
	for (size_t i = 0; i < spec->ncuts; i++) {
		ask_name(&a, spec->cuts[i].symbol);
		ask_names(&a, &spec->cuts[i].in);
		ask_names(&a, &spec->cuts[i].naming);
	}
	for (size_t i = 0; i < spec->nkeep; i++)
		if (!spec->keep[i].type)
			ask_name(&a, spec->keep[i].name);
	for (size_t i = 0; i < spec->nregistries; i++)
		ask_registry(&a, &spec->registries[i]);
	r = tree_find_words(g->db->tree, &a.names);
	for (size_t i = 0; i < spec->ncuts; i++)
		if (check_cut(&a, i))
			r = -1;
	for (size_t i = 0; i < spec->nkeep; i++)
		if (check_keep(&a, i))
			r = -1;
	for (size_t i = 0; i < spec->nregistries; i++)
		if (check_registry(&a, &spec->registries[i]))
			r = -1;
	strmap_free(&a.names);
	strmap_free(&a.here);
	return r;
}
