// SPDX-License-Identifier: GPL-2.0
/* passes.c: the pipeline, from a spec to a source tree that builds. See passes.h. */
#include "passes.h"
#include "session.h"
#include "base/arch.h"
#include "closure/dump.h"
#include "closure/why.h"
#include "commands/trees.h"
#include "report/report.h"
#include "spec/debug.h"
#include "spec/remote.h"
#include "spec/uncut.h"
#include "stubs/stubs.h"
#include "tree/tree.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static int run_spec(struct session *s);
static int run_commands(struct session *s);
static int run_stubs(struct session *s);
static int run_facts(struct session *s);
static int run_graph(struct session *s);
static int run_cuts(struct session *s);
static int run_closure(struct session *s);
static int run_boundary(struct session *s);
static int run_source(struct session *s);
static int run_build(struct session *s);
static int run_why(struct session *s);
static int run_report(struct session *s);

static void dump_spec(const struct session *s, FILE *out);
static void dump_commands(const struct session *s, FILE *out);
static void dump_stubs(const struct session *s, FILE *out);
static void dump_facts(const struct session *s, FILE *out);
static void dump_graph(const struct session *s, FILE *out);
static void dump_cuts(const struct session *s, FILE *out);
static void dump_closure(const struct session *s, FILE *out);
static void dump_boundary(const struct session *s, FILE *out);
static void dump_source(const struct session *s, FILE *out);
static void dump_build(const struct session *s, FILE *out);
static void dump_why(const struct session *s, FILE *out);
static void dump_report(const struct session *s, FILE *out);

/* clang-format off */
const struct pass passes[] = {
	{"spec", "JSON of the spec, its cut groups, --debug", "calls, cuts, keeps, routes",
	 run_spec, dump_spec},
	{"commands", "kernel tree + configuration", "one compile command per unit, by a dry run of Kbuild",
	 run_commands, dump_commands},
	{"stubs", "types of the calls + annotations", "generated/NAME",
	 run_stubs, dump_stubs},
	{"facts", "compile commands", "definitions, references, field reads of each unit",
	 run_facts, dump_facts},
	{"graph", "facts of all units", "symbols, and the pieces of text that are kept or deleted as a whole",
	 run_graph, dump_graph},
	{"cuts", "cuts of the spec + graph", "calls to delete, bodies to replace",
	 run_cuts, dump_cuts},
	{"closure", "calls and other roots + graph", "what is kept, and the edge that first reached it",
	 run_closure, dump_closure},
	{"boundary", "cuts + closure", "the cuts in text that is kept, all of which can be made",
	 run_boundary, dump_boundary},
	{"source", "original text + closure", "OUT/tree: that text without its dead parts",
	 run_source, dump_source},
	{"build", "compile commands + closure", "OUT/build.ninja",
	 run_build, dump_build},
	{"why", "closure", "OUT/why.tsv, OUT/edges.tsv",
	 run_why, dump_why},
	{"report", "spec + closure + objects, if any are built", "OUT/manifest.json",
	 run_report, dump_report},
	{0},
};
/* clang-format on */

_Static_assert(ARRAY_LEN(passes) <= PASSES_MAX, "room for the costs in struct session");

const struct pass *pass_find(const char *name)
{
	for (const struct pass *p = passes; p->name; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

void passes_list(FILE *out)
{
	for (const struct pass *p = passes; p->name; p++)
		fprintf(out, "  %-9s %s => %s\n", p->name, p->input, p->output);
}

/* Prints a file that a pass wrote. */
static void dump_file(const char *dir, const char *name, FILE *out)
{
	char *path = xasprintf("%s/%s", dir, name);
	size_t len;
	char *text = read_file(path, &len);

	if (text)
		fwrite(text, 1, len, out);
	else
		err(path, NULL, "can't be read: %s", strerror(errno));
	free(text);
	free(path);
}

/* ---- spec ---- */

/* Cuts of the port itself: runtime/arch is the overlay's arch/sd. */
static int add_port_cuts(struct spec *spec)
{
	char *path = xasprintf("%s/runtime/arch/cuts.json", repo_root());
	int r = strcmp(arch_name(), "sd") ? 0 : spec_add(spec, path);

	free(path);
	return r;
}

/* build/NAME, with the debug kind, "uncut", and the tree, if it isn't the default one; --out
 * replaces it. */
static int name_products(struct session *s)
{
	const struct options *o = s->options;
	const char *suffix;

	free(s->spec.of_tree);
	s->spec.of_tree = tree_suffix(o->tree);
	suffix = s->spec.of_tree;
	if (!suffix)
		return -1;
	if (o->out)
		s->outdir = xstrdup(o->out);
	else
		s->outdir = xasprintf("%s/build/%s%s%s%s%s", repo_root(), s->spec.name,
				      o->debug ? "-" : "", o->debug ?: "", o->uncut ? "-uncut" : "",
				      suffix);
	free(s->spec.generated);
	s->spec.generated = spec_stubs(suffix, s->spec.name);
	return 0;
}

static int run_spec(struct session *s)
{
	const struct options *o = s->options;
	char *path = spec_path_of(s->arg);
	int r = spec_load(&s->spec, path);

	free(path);
	if (r || add_port_cuts(&s->spec) || (o->debug && debug_spec(&s->spec, o->debug)) ||
	    (o->uncut && spec_uncut(&s->spec, o->uncut)) || name_products(s) ||
	    remote_resolve(&s->spec, o->compdb || o->compare || o->only_stubs))
		return -1;
	return o->debug ? debug_config(&s->spec, o->debug, s->outdir) : 0;
}

static void dump_spec(const struct session *s, FILE *out)
{
	spec_dump(&s->spec, out);
}

/* ---- commands ---- */

static int run_commands(struct session *s)
{
	const struct options *o = s->options;
	char *tree = tree_find(o->tree), *compdb;
	int r;

	if (!tree)
		return -1;
	compdb = o->compdb && o->compare ? xasprintf("%s/%s", tree, o->compdb) : NULL;
	r = o->compdb ? compdb_from_json(&s->db, tree, compdb ?: o->compdb)
		      : compdb_load(&s->db, &s->spec, tree, o->jobs);
	free(compdb);
	free(tree);
	return r;
}

static void dump_commands(const struct session *s, FILE *out)
{
	compdb_dump(&s->db, out);
}

/* ---- stubs ---- */

/* With --compdb the units are fixed, and a debug image uses the stubs of its domain. */
static bool stubs_are_given(const struct options *o)
{
	return o->compdb || o->debug || o->compare;
}

static int run_stubs(struct session *s)
{
	const struct options *o = s->options;
	int r;

	if (o->check)
		return stubs_check(&s->spec, &s->db);
	if (stubs_are_given(o))
		return 0;
	r = stubs_refresh(&s->spec, &s->db);
	if (r >= 0)
		stubs_compare(&s->spec);
	if (r <= 0)
		return r;
	/* the set of stubs has changed, and they are units, too */
	compdb_free(&s->db);
	return run_commands(s);
}

static void dump_stubs(const struct session *s, FILE *out)
{
	const char *dir = s->spec.generated;

	if (stubs_are_given(s->options))
		fprintf(out, "no stubs are made with --compdb or --debug; those of %s are used\n",
			dir);
	else
		dump_file(dir, "summary.json", out);
}

/* ---- facts ---- */

static int run_facts(struct session *s)
{
	struct facts_watch watch = {0};
	int r;

	s->facts = xcalloc(s->db.ntus + 1, sizeof(*s->facts));
	registered_watch(&s->spec, &watch);
	r = facts_load_all(s->facts, &s->db, &watch, s->options->jobs);
	facts_watch_free(&watch);
	return r;
}

static void dump_facts(const struct session *s, FILE *out)
{
	for (size_t i = 0; i <= s->db.ntus; i++) {
		fprintf(out, "---- %s\n", i < s->db.ntus ? s->db.tus[i].source : "header pool");
		if (s->facts[i].str)
			facts_dump(&s->facts[i], out);
	}
}

/* ---- graph, cuts, closure, boundary ---- */

static int run_graph(struct session *s)
{
	return graph_make(&s->graph, &s->db, s->facts, &s->spec);
}

static void dump_graph(const struct session *s, FILE *out)
{
	graph_dump(&s->graph, out);
}

static int run_cuts(struct session *s)
{
	return absent_check(&s->graph) ? -1 : cuts_match(&s->graph);
}

static void dump_cuts(const struct session *s, FILE *out)
{
	cuts_dump(&s->graph, false, out);
}

static int run_closure(struct session *s)
{
	return closure_run(&s->graph);
}

static void dump_closure(const struct session *s, FILE *out)
{
	closure_dump(&s->graph, out);
}

static int run_boundary(struct session *s)
{
	nulls_note(&s->graph);
	return cuts_check(&s->graph) | library_check(&s->graph) ? -1 : 0;
}

static void dump_boundary(const struct session *s, FILE *out)
{
	cuts_dump(&s->graph, true, out);
}

/* ---- source, build ---- */

static int run_source(struct session *s)
{
	return session_own(s, s->outdir) || emit_source(&s->graph, s->outdir) ? -1 : 0;
}

static void dump_source(const struct session *s, FILE *out)
{
	source_dump(&s->graph, s->outdir, out);
}

static int run_build(struct session *s)
{
	struct build_opts b = {BUILD_SLICED, s->outdir, s->spec.name};

	return emit_build(&s->graph, &b);
}

static void dump_build(const struct session *s, FILE *out)
{
	dump_file(s->outdir, "build.ninja", out);
}

/* ---- why, report ---- */

static int run_why(struct session *s)
{
	return why_write(&s->graph, s->outdir);
}

static void dump_why(const struct session *s, FILE *out)
{
	dump_file(s->outdir, "why.tsv", out);
}

static int run_report(struct session *s)
{
	return report_write(&s->graph, s->outdir);
}

static void dump_report(const struct session *s, FILE *out)
{
	dump_file(s->outdir, "manifest.json", out);
}
