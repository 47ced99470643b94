// SPDX-License-Identifier: GPL-2.0
/*
 * oracle SPEC TREE OBJDIR WHITELIST [OWN_WHITELIST]: does the slicer keep all that a linker would?
 *
 * The spec is taken without its cuts (but for replacements, which are in the objects) and without
 * field sensitivity, so that source closure and relocation closure mean the same. OBJDIR holds the
 * objects of `kslice build --whole`. Exit status 1: something a relocation reaches isn't kept and
 * isn't in a WHITELIST ("name  # why it may be missing"), or a line of the domain's own is of no
 * use.
 */
#include "refs.h"
#include "session.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct test {
	struct session s;
	struct oracle o;
	struct strmap *kept; /* per unit: names it keeps; [ntus] the headers', [ntus + 1] all
				external ones */
	struct strmap whitelist, own;
	size_t missing, checked;
};

static void drop_cuts(struct spec *spec)
{
	size_t n = 0;

	for (size_t i = 0; i < spec->ncuts; i++)
		if (spec->cuts[i].kind == CUT_REPLACE)
			spec->cuts[n++] = spec->cuts[i];
	spec->ncuts = n;
	spec->ngroups = 0; /* nor may one complain that it matches nothing */
}

static int slice(struct test *t, const char *spec, const char *tree)
{
	static struct options opt = {.jobs = 2};
	struct facts_watch watch = {0};
	struct session *s = &t->s;

	opt.tree = tree;
	session_open(s, spec, &opt);
	if (session_run(s, "spec"))
		return -1;
	if (compdb_load(&s->db, &s->spec, tree, opt.jobs))
		return -1;
	drop_cuts(&s->spec);
	s->facts = xcalloc(s->db.ntus + 1, sizeof(*s->facts));
	registered_watch(&s->spec, &watch); /* as the slicer does: else the cache is made again */
	if (facts_load_all(s->facts, &s->db, &watch, opt.jobs) ||
	    graph_make(&s->graph, &s->db, s->facts, &s->spec))
		return -1;
	facts_watch_free(&watch);
	s->graph.field_blind = true;
	return cuts_match(&s->graph) || closure_run(&s->graph);
}

const char *without_counter(const char *name)
{
	const char *s = starts_with(name, "__initcall__")
				? strstr(name + strlen("__initcall__"), "__")
				: NULL;
	size_t digits = s ? strspn(s + 2, "0123456789") : 0;

	return digits && s[2 + digits] == '_' ? s + 2 + digits : name;
}

static void note_kept(struct test *t)
{
	struct graph *g = &t->s.graph;

	t->kept = xcalloc(g->db->ntus + 2, sizeof(*t->kept));
	for (uint32_t d = 0; d < g->ndefs; d++) {
		const struct fact_def *def = graph_def(g, d);
		uint32_t tu = g->tu_of[d];

		if (!g->kept[d] || def->kind == DEF_PROTO || def->kind == DEF_TYPE)
			continue;
		strmap_add(&t->kept[tu], without_counter(graph_name(g, d)), NULL);
		strmap_add(&t->kept[tu], key_name(fact_str(graph_facts(g, d), def->key)), NULL);
		if (!(def->flags & DEF_STATIC))
			strmap_add(&t->kept[g->db->ntus + 1], fact_str(graph_facts(g, d), def->key),
				   NULL);
	}
}

static int load_objects(struct test *t, const char *objdir)
{
	struct compdb *db = &t->s.db;

	for (size_t i = 0; i < db->ntus; i++) {
		char *path = xasprintf("%s/%s", objdir, db->tus[i].object);
		int rc = oracle_load(&t->o, path);

		free(path);
		if (rc)
			return -1;
	}
	oracle_link(&t->o);
	return 0;
}

/* Tables walked at boot: part of every live unit, as in the slicer. */
static void reach_tables(void *arg, uint32_t object)
{
	static const char *const tables[] = {".initcall", ".con_initcall", ".init.setup",
					     "__param"};
	struct test *t = arg;
	struct object *obj = &t->o.objects.a[object];

	for (uint32_t i = obj->first; i < obj->first + obj->n; i++) {
		const struct osym *s = &t->o.syms.a[i];
		const char *section = s->section ? obj->section_names[s->section] : NULL;

		for (size_t j = 0; section && j < ARRAY_LEN(tables); j++)
			if (starts_with(section, tables[j]))
				oracle_reach(&t->o, i, UINT32_MAX);
	}
}

/* The slicer's roots: what it kept without coming from another definition. */
static void reach_roots(struct test *t)
{
	struct graph *g = &t->s.graph;

	for (uint32_t d = 0; d < g->ndefs; d++) {
		const struct unit *u = &g->units.a[g->unit_of[d]];
		uint64_t *at;

		if (!u->kept || u->edge.from != NONE || graph_def(g, d)->flags & DEF_STATIC)
			continue;
		at = strmap_get(&t->o.globals, fact_str(graph_facts(g, d), graph_def(g, d)->key));
		if (at)
			oracle_reach(&t->o, *at - 1, UINT32_MAX);
	}
}

char *source_name(const struct osym *s)
{
	const char *name = s->name;
	size_t n;

	if (starts_with(name, "__const."))
		name += strlen("__const.");
	if (starts_with(name, "switch.table.") || starts_with(name, ".L") ||
	    starts_with(name, "anon."))
		return NULL;
	n = strcspn(name, ".");
	return n ? xasprintf("%.*s", (int)(n - (without_counter(name) - name)),
			     without_counter(name))
		 : NULL;
}

static bool is_kept(const struct test *t, const struct osym *s, const char *name)
{
	uint32_t ntus = t->s.db.ntus;

	if (s->bind != STB_LOCAL)
		return strmap_get(&t->kept[ntus + 1], name);
	return strmap_get(&t->kept[s->object], name) || strmap_get(&t->kept[ntus], name);
}

static void report(struct test *t, const struct osym *s, const char *name)
{
	const struct osym *from = s;
	uint64_t *listed = strmap_get(&t->whitelist, name);

	if (listed) {
		++*listed;
		return;
	}
	t->missing++;
	printf("missing: %s (%s)", name, t->s.db.tus[s->object].source);
	for (int i = 0; i < 6 && from->from != UINT32_MAX; i++) {
		from = &t->o.syms.a[from->from];
		printf(" <- %s", from->name);
	}
	putchar('\n');
}

static void compare(struct test *t)
{
	for (size_t q = 0; q < t->o.queue.n; q++) {
		uint32_t i = t->o.queue.a[q];
		const struct osym *s = &t->o.syms.a[i];
		char *name;

		if (osym_is_section(&t->o, i) || !s->section ||
		    (s->type != STT_FUNC && s->type != STT_OBJECT))
			continue;
		name = source_name(s);
		if (name) {
			t->checked++;
			if (!is_kept(t, s, name))
				report(t, s, name);
		}
		free(name);
	}
}

/* Lines of a domain's own list must be of use; others are of use to other domains. */
static int read_whitelist(struct test *t, const char *path, bool own)
{
	char *text = read_file(path, NULL);
	int line = 0, rc = 0;

	if (!text)
		return err(path, "give the white list", "cannot read it");
	for (char *s = text, *next; s && *s; s = next) {
		char *end = strchr(s, '\n'), *why;

		next = end ? end + 1 : NULL;
		if (end)
			*end = 0;
		line++;
		if (*s == '#' || !*s)
			continue;
		why = strchr(s, '#');
		s[strcspn(s, " \t#")] = 0;
		if (!why || strlen(why) < 10) {
			char *place = xasprintf("%s:%d", path, line);

			rc = err(place, "write: name  # reason", "\"%s\" has no reason", s);
			free(place);
		}
		strmap_add(&t->whitelist, s, NULL);
		if (own)
			strmap_add(&t->own, s, NULL);
	}
	free(text);
	return rc;
}

static int useless_lines(const struct test *t, const char *path)
{
	int n = 0;

	for (size_t i = 0; i < t->own.cap; i++) {
		const struct strmap_slot *s = &t->own.slots[i];

		if (s->key && !*strmap_get(&t->whitelist, s->key)) {
			err(path, "remove the line", "\"%s\" isn't missing", s->key);
			n++;
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	struct test t = {};
	size_t refs, unknown;
	int bad;

	if (argc != 5 && argc != 6)
		return err("oracle", "oracle SPEC TREE OBJDIR WHITELIST [OWN_WHITELIST]",
			   "wrong arguments") &
		       2;
	interrupt_init();
	if (read_whitelist(&t, argv[4], false) || (argc > 5 && read_whitelist(&t, argv[5], true)) ||
	    slice(&t, argv[1], argv[2]) || load_objects(&t, argv[3]))
		return 2;
	note_kept(&t);
	reach_roots(&t);
	oracle_run(&t.o, reach_tables, &t);
	compare(&t);
	refs = refs_check(&t.s.graph, &t.o, &t.whitelist, &unknown);
	bad = useless_lines(&t, argv[argc - 1]);
	printf("oracle: %zu relocations of single definitions, %zu not in their facts\n", refs,
	       unknown);
	printf("oracle: %zu symbols reached by relocations, %zu missing in the slice, %zu excused\n",
	       t.checked, t.missing, t.whitelist.n);
	if (!t.checked || !refs)
		return err(argv[3], "build it with kslice build --whole", "no symbol was reached") &
		       2;
	return t.missing || unknown || bad ? 1 : 0;
}
