// SPDX-License-Identifier: GPL-2.0
/*
 * closure.c: roots + graph => kept definitions, each with the edge that first reached it.
 *
 * A breadth-first walk, so that the recorded paths are short. Three events on the way make more
 * reachable: a field is read (initialiser elements that waited for it now count), a record is
 * copied whole, and a file becomes live (its initcalls and parameters now count).
 */
#include "closure/graph.h"
#include "base/arch.h"
#include "spec/remote.h"
#include <ctype.h>
#include <stdlib.h>

static void keep_def(struct graph *g, uint32_t def_id, struct edge e);

/* Symbols that compilers use implicitly. */
static const char *const libcalls[] = {
	"memcpy", "memmove", "memset",		 "memcmp",	     "bcmp",
	"memchr", "strlen",  "__stack_chk_fail", "__stack_chk_guard"};

static uint32_t record_id_for(struct graph *g, const char *field)
{
	const char *colon = strrchr(field, ':');
	char *name = xstrndup(field, colon ? (size_t)(colon - field) : strlen(field));
	bool added;
	uint64_t *v = strmap_add(&g->record_index, name, &added);

	free(name);
	if (added) {
		vec_add(&g->records);
		*v = g->records.n;
	}
	return (uint32_t)(*v - 1);
}

static uint32_t field_id_for(struct graph *g, const char *name)
{
	bool added;
	uint64_t *v = strmap_add(&g->field_index, name, &added);

	if (added) {
		struct field *f = vec_add(&g->fields);
		uint32_t rec = record_id_for(g, name);

		f->name = name;
		f->record = rec;
		f->reader = NONE;
		*v = g->fields.n;
		*vec_add(&g->records.a[rec].fields) = g->fields.n - 1;
	}
	return (uint32_t)(*v - 1);
}

static bool field_is_read(const struct graph *g, uint32_t field)
{
	return g->field_blind || g->fields.a[field].read ||
	       g->records.a[g->fields.a[field].record].all;
}

bool closure_field_read(const struct graph *g, const char *field)
{
	uint64_t *v = strmap_get(&g->field_index, field);

	return g->field_blind || (v && field_is_read(g, (uint32_t)(*v - 1)));
}

/* Elements of these stay: nobody knows how they are read, or the text has several views. */
static bool is_open(const struct graph *g, uint32_t def_id)
{
	const struct unit *u = &g->units.a[g->unit_of[def_id]];

	return g->open[def_id] || u->pinned || u->shared;
}

bool closure_element_live(const struct graph *g, uint32_t def_id, uint32_t element)
{
	const struct facts *f = graph_facts(g, def_id);

	if (is_open(g, def_id))
		return true;
	for (uint32_t e = element + 1; e; e = f->elements[e - 1].parent) {
		const struct fact_element *el = &f->elements[e - 1];

		if (el->field && el->end && !closure_field_read(g, fact_str(f, el->field)))
			return false;
	}
	return true;
}

/* "struct x x __weak;" makes the definition after it in the same unit weak. */
static bool unit_has_strong(const struct graph *g, uint32_t n, uint32_t weak)
{
	for (uint32_t d = g->nodes.a[n].first; d != NONE; d = g->next[d])
		if (g->tu_of[d] == g->tu_of[weak] && !(graph_def(g, d)->flags & DEF_WEAK))
			return true;
	return false;
}

static bool keep_node(struct graph *g, uint32_t n, struct edge e)
{
	struct node *node = &g->nodes.a[n];

	if (node->kept)
		return node->first != NONE;
	node->kept = true;
	for (uint32_t d = node->first; d != NONE; d = g->next[d]) {
		/* kernel/sys_ni.c has a weak twin of every system call */
		if (!node->strong || !(graph_def(g, d)->flags & DEF_WEAK) ||
		    unit_has_strong(g, n, d))
			keep_def(g, d, e);
	}
	return node->first != NONE;
}

static bool keep_symbol(struct graph *g, const char *key, struct edge e)
{
	uint32_t n = graph_node(g, key);

	return n != NONE && keep_node(g, n, e);
}

/* The initcalls etc. of live files are processed last, so that paths begin at a call if possible.
 */
static void make_file_live(struct graph *g, uint32_t tu, uint32_t from)
{
	if (g->live[tu] || tu == g->db->ntus)
		return;
	g->live[tu] = true; /* everything in runtime files is a root itself */
	*vec_add(&g->newly_live) = (struct live_tu){tu, from};
}

/* What one translation unit keeps of a text, those that include it, too, have. */
static void keep_same_text(struct graph *g, const struct unit *u)
{
	for (uint32_t i = u->same; &g->units.a[i] != u; i = g->units.a[i].same) {
		const struct unit *other = &g->units.a[i];
		struct edge e = {.from = g->unit_defs[u->first], .kind = EDGE_UNIT};

		if (u->kept && !other->kept && g->live[other->tu])
			keep_def(g, g->unit_defs[other->first], e);
	}
}

static void keep_pinned_of_file(struct graph *g, struct live_tu l)
{
	for (uint32_t i = g->base[l.tu]; i < g->base[l.tu + 1]; i++) {
		const struct unit *u = &g->units.a[g->unit_of[i]];

		for (uint32_t k = u->same; &g->units.a[k] != u; k = g->units.a[k].same)
			keep_same_text(g, &g->units.a[k]);
		if (u->pinned && !u->dropped)
			keep_def(g, i,
				 (struct edge){.from = l.from,
					       .kind = l.from == NONE ? EDGE_KEEP : EDGE_LIVE});
	}
}

/* Keeps the whole unit; names in it that had no edge yet get this one. */
static void keep_def(struct graph *g, uint32_t def_id, struct edge e)
{
	struct unit *u = &g->units.a[g->unit_of[def_id]];

	if (u->kept)
		return;
	u->kept = true;
	u->edge = e;
	for (uint32_t i = 0; i < u->n; i++) {
		uint32_t d = g->unit_defs[u->first + i];
		uint32_t n = g->node_of[d];

		g->kept[d] = 1;
		*vec_add(&g->queue) = d;
		if (n != NONE && !g->nodes.a[n].kept && graph_def(g, d)->kind != DEF_PROTO &&
		    graph_def(g, d)->kind != DEF_TYPE)
			keep_node(g, n,
				  d == def_id ? e
					      : (struct edge){.from = def_id, .kind = EDGE_UNIT});
	}
	make_file_live(g, u->tu, def_id);
	keep_same_text(g, u);
}

/* From the innermost element outwards: the reference waits for the first one that isn't live. */
static uint32_t element_waits_for(struct graph *g, const struct facts *f, uint32_t element)
{
	for (uint32_t e = element; e; e = f->elements[e - 1].parent) {
		const struct fact_element *el = &f->elements[e - 1];
		uint32_t field;

		if (!el->field || !el->end)
			continue;
		field = field_id_for(g, fact_str(f, el->field));
		if (!field_is_read(g, field))
			return field;
	}
	return NONE;
}

/* By these the report finds what a cut would free. */
static void record_edge(struct graph *g, uint32_t def_id, uint32_t n)
{
	if (n == NONE)
		return;
	for (uint32_t d = g->nodes.a[n].first; d != NONE; d = g->next[d])
		if (!g->nodes.a[n].strong || !(graph_def(g, d)->flags & DEF_WEAK))
			*vec_add(&g->edges) = (struct unit_edge){g->unit_of[def_id], g->unit_of[d]};
}

static void follow_ref(struct graph *g, uint32_t def_id, uint32_t ref, uint32_t field);

/* Assembler and who declares it with another record read a table otherwise than by its fields. */
static bool reads_otherwise(const struct facts *f, const struct fact_ref *r, const char *record)
{
	return r->kind == REF_ASM || (r->record && strcmp(fact_str(f, r->record), record));
}

static void open_tables(struct graph *g, uint32_t n, const struct facts *f,
			const struct fact_ref *r)
{
	for (uint32_t d = g->nodes.a[n].first; d != NONE; d = g->next[d]) {
		const struct fact_def *def = graph_def(g, d);

		if (!def->nelement || def->kind != DEF_VAR || is_open(g, d) ||
		    !reads_otherwise(f, r, fact_str(graph_facts(g, d), def->record)))
			continue;
		g->open[d] = true;
		for (uint32_t i = def->ref0; g->kept[d] && i < def->ref0 + def->nref; i++)
			follow_ref(g, d, i, NONE);
	}
}

static void follow_ref(struct graph *g, uint32_t def_id, uint32_t ref, uint32_t field)
{
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_ref *r = &f->refs[ref];
	struct edge e = {
		.from = def_id, .field = field, .kind = field == NONE ? EDGE_REF : EDGE_FIELD};
	uint32_t n;

	if (r->element && graph_def(g, def_id)->kind == DEF_VAR && !is_open(g, def_id)) {
		uint32_t wait = element_waits_for(g, f, r->element);

		if (wait != NONE) {
			*vec_add(&g->fields.a[wait].waiters) = (struct waiter){def_id, ref};
			return;
		}
		if (field == NONE && f->elements[r->element - 1].field) {
			e.field = field_id_for(g, fact_str(f, f->elements[r->element - 1].field));
			e.kind = !g->field_blind && field_is_read(g, e.field) ? EDGE_FIELD
									      : EDGE_REF;
		}
	}
	n = graph_node(g, fact_str(f, r->key));
	record_edge(g, def_id, n);
	if (n != NONE && keep_node(g, n, e))
		open_tables(g, n, f, r);
}

static void wake_field_waiters(struct graph *g, uint32_t field)
{
	struct field *f = &g->fields.a[field];
	struct waiter *w = f->waiters.a;
	size_t n = f->waiters.n;

	f->waiters.a = NULL;
	f->waiters.n = f->waiters.cap = 0;
	for (size_t i = 0; i < n; i++)
		follow_ref(g, w[i].def_id, w[i].ref, field);
	free(w);
}

static void mark_field_read(struct graph *g, const char *name, uint32_t reader)
{
	uint32_t rec, field;

	if (ends_with(name, ":*")) {
		rec = record_id_for(g, name);
		if (g->records.a[rec].all)
			return;
		g->records.a[rec].all = true;
		g->records.a[rec].reader = reader;
		for (size_t i = 0; i < g->records.a[rec].fields.n; i++)
			wake_field_waiters(g, g->records.a[rec].fields.a[i]);
		return;
	}
	field = field_id_for(g, name);
	if (g->fields.a[field].read)
		return;
	g->fields.a[field].read = true;
	g->fields.a[field].reader = reader;
	wake_field_waiters(g, field);
}

/* Identifiers in the body of a remote cut, separated by spaces. The caller frees it. */
static char *remote_names(const struct spec_cut *c)
{
	return xasprintf("sd_remote_call sd_%s_stub_%s", c->domain, c->remote->call);
}

/* The value that a cut puts in refers to symbols, too: "value": "&init_net". */
static void keep_value(struct graph *g, uint32_t def_id, const char *value)
{
	struct edge e = {.from = def_id, .kind = EDGE_VALUE};

	while (value && *value) {
		const char *s = value;
		char *name, *key;

		while (isalnum((unsigned char)*value) || *value == '_')
			value++;
		if (value == s) {
			value++;
			continue;
		}
		name = xstrndup(s, value - s);
		key = xasprintf("%s:%s", graph_file(g, def_id), name);
		if (!keep_symbol(g, key, e))
			keep_symbol(g, name, e);
		record_edge(g, def_id, graph_node(g, key));
		record_edge(g, def_id, graph_node(g, name));
		free(name);
		free(key);
	}
}

bool closure_is_gone(const struct graph *g, uint32_t def_id, uint32_t off)
{
	size_t n;
	const struct dropping *d = drops_of(g, def_id, &n);

	if (g->body_cut[def_id] && off >= graph_def(g, def_id)->body)
		return true;
	for (size_t i = 0; i < n; i++)
		if (off >= d[i].beg && off < d[i].end)
			return true;
	return false;
}

void closure_keep(struct graph *g, uint32_t def_id, struct edge e)
{
	keep_def(g, def_id, e);
}

static void walk_def(struct graph *g, uint32_t def_id)
{
	const struct facts *f = graph_facts(g, def_id);
	const struct fact_def *d = graph_def(g, def_id);
	uint32_t body_end = g->body_cut[def_id] ? d->body : NONE;
	const struct dropping *drops;
	size_t ndrops;

	drops = drops_of(g, def_id, &ndrops);
#define GONE(off)                                                                \
	({                                                                       \
		bool gone_ = (off) >= body_end;                                  \
		for (size_t i_ = 0; i_ < ndrops && !gone_; i_++)                 \
			gone_ = (off) >= drops[i_].beg && (off) < drops[i_].end; \
		gone_;                                                           \
	})
	for (uint32_t i = d->read0; i < d->read0 + d->nread; i++)
		if (!GONE(f->reads[i].off))
			mark_field_read(g, fact_str(f, f->reads[i].field), def_id);
	for (uint32_t i = d->ref0; i < d->ref0 + d->nref; i++)
		if (!GONE(f->refs[i].off))
			follow_ref(g, def_id, i, NONE);
#undef GONE
	for (size_t i = 0; i < ndrops; i++)
		keep_value(g, def_id, g->spec->cuts[drops[i].cut].value);
	if (g->body_cut[def_id]) {
		const struct spec_cut *c = &g->spec->cuts[g->body_cut[def_id] - 1];

		char *names = c->kind == CUT_REMOTE ? remote_names(c) : NULL;

		keep_value(g, def_id, names ? names : c->kind == CUT_TRAP ? "sd_trap" : c->value);
		free(names);
	}
}

/* `jiffies = jiffies_64;` and ENTRY(x) in the generated linker script. */
static void keep_linker_script(struct graph *g)
{
	char *path = xasprintf("%s/arch/%s/kernel/vmlinux.lds", g->db->objdir, arch_name());
	char *text = read_file(path, NULL), *s;
	struct edge e = {.from = NONE, .kind = EDGE_LINKER};

	free(path);
	for (s = text; s && *s; s++) {
		size_t n = 0;
		char *name;

		if (s > text && (isalnum((unsigned char)s[-1]) || s[-1] == '_' || s[-1] == '.'))
			continue;
		while (isalnum((unsigned char)s[n]) || s[n] == '_')
			n++;
		if (!n || isdigit((unsigned char)*s))
			continue;
		name = xstrndup(s, n);
		keep_symbol(g, name, e);
		free(name);
		s += n - 1;
	}
	free(text);
}

static bool keep_file(struct graph *g, const char *path)
{
	for (uint32_t tu = 0; tu < g->db->ntus; tu++)
		if (!strcmp(g->db->tus[tu].source, path)) {
			make_file_live(g, tu, NONE);
			return true;
		}
	return false;
}

static int keep_named(struct graph *g, const struct spec_keep *k)
{
	uint32_t *def_ids;
	int n = find_named(g, k, &def_ids);

	for (int i = 0; i < n; i++)
		keep_node(g, g->node_of[def_ids[i]],
			  (struct edge){.from = NONE, .kind = EDGE_NAMED});
	free(def_ids);
	return n < 0 ? -1 : 0;
}

/* Has another alternative of this entry been kept? */
static bool keep_has_other(const struct graph *g, const struct spec_keep *k, const bool *kept)
{
	for (size_t i = k->any ? k->any - 1 : g->spec->nkeep; i < g->spec->nkeep; i++)
		if (kept[i] && g->spec->keep[i].any == k->any)
			return true;
	return false;
}

static int keep_spec(struct graph *g)
{
	bool *kept = xcalloc(g->spec->nkeep + 1, sizeof(*kept));
	int r = 0;

	for (size_t i = 0; i < g->spec->nkeep; i++) {
		const struct spec_keep *k = &g->spec->keep[i];
		bool path = strchr(k->name, '/');

		if (k->type) {
			r = keep_named(g, k) ? -1 : r;
			continue;
		}
		kept[i] = path ? keep_file(g, k->name)
			       : keep_symbol(g, k->name,
					     (struct edge){.from = NONE, .kind = EDGE_KEEP});
	}
	for (size_t i = 0; i < g->spec->nkeep; i++) {
		const struct spec_keep *k = &g->spec->keep[i];

		if (k->type || kept[i] || keep_has_other(g, k, kept))
			continue;
		r = spec_error(&k->at,
			       "correct the name; a static symbol can't be named, but its file can",
			       "no such %s in this configuration: \"%s\"",
			       strchr(k->name, '/') ? "file" : "symbol", k->name);
	}
	free(kept);
	return r;
}

static int keep_calls(struct graph *g)
{
	int r = 0;

	for (size_t i = 0; i < g->spec->ncalls; i++) {
		const struct spec_call *c = &g->spec->calls[i];
		char *name = xasprintf("sys_%s", c->name);
		uint32_t n = graph_node(g, name);

		if (n == NONE || g->nodes.a[n].first == NONE || !g->nodes.a[n].strong)
			r = spec_error(&c->at,
				       "use a SYSCALL_DEFINE name, and a configuration that has it",
				       "no such call: \"%s\"", c->name);
		else
			keep_node(g, n, (struct edge){.from = NONE, .kind = EDGE_CALL});
		free(name);
	}
	return r;
}

static void closure_drain(struct graph *g)
{
	while (g->queue_head < g->queue.n)
		walk_def(g, g->queue.a[g->queue_head++]);
}

static void keep_runtime(struct graph *g, uint32_t tu)
{
	/* an assembler file without facts can't be proved dead */
	if (g->db->tus[tu].is_asm && !g->facts[tu].str)
		g->live[tu] = true;
	if (!graph_is_runtime(g, tu))
		return;
	g->live[tu] = true;
	for (uint32_t i = g->base[tu]; i < g->base[tu + 1]; i++)
		keep_def(g, i, (struct edge){.from = NONE, .kind = EDGE_RUNTIME});
}

static void drain_live(struct graph *g)
{
	closure_drain(g);
	for (; g->live_head < g->newly_live.n; g->live_head++) {
		keep_pinned_of_file(g, g->newly_live.a[g->live_head]);
		closure_drain(g);
	}
}

/* What registers itself may ask for more. */
static int keep_registered(struct graph *g)
{
	struct registered *r = registered_make(g);
	int n;

	while ((n = registered_keep(r)) > 0)
		drain_live(g);
	if (!n)
		n = registered_end(r);
	registered_free(r);
	return n;
}

int closure_run(struct graph *g)
{
	if (keep_calls(g))
		return -1;
	closure_drain(g);
	if (keep_spec(g))
		return -1;
	for (uint32_t tu = 0; tu < g->db->ntus; tu++)
		keep_runtime(g, tu);
	for (size_t i = 0; i < ARRAY_LEN(libcalls); i++)
		keep_symbol(g, libcalls[i], (struct edge){.from = NONE, .kind = EDGE_LINKER});
	keep_linker_script(g);
	drain_live(g);
	return keep_registered(g);
}
