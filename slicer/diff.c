// SPDX-License-Identifier: GPL-2.0
/*
 * diff.c: `kslice diff`: one spec is run on two kernel trees as far as the closure, and compared.
 * It writes nothing into build/ and generated/.
 */
#include "session.h"
#include "diff.h"
#include "report/compare.h"
#include "stubs/stubs.h"
#include "tree/shares.h"
#include <stdlib.h>

/*
 * The session's stubs, made in a folder that goes again. If they can't be made for a tree, which
 * the errors explain, the rest is compared, and the command fails in the end.
 */
static void make_stubs(struct session *s, struct compare_side *side)
{
	char dir[] = "/tmp/kslice-diff-XXXXXX", *path;

	if (!mkdtemp(dir)) {
		err("/tmp", "make room there", "no folder can be made");
		return;
	}
	if (stubs_emit(&s->spec, &s->db, dir))
		err(side->graph->db->tree, "see above", "calls can't be compared: no stubs");
	path = xasprintf("%s/summary.json", dir);
	side->summary = read_file(path, NULL);
	free(path);
	path = xasprintf("%s/wire.h", dir);
	side->wire = read_file(path, NULL);
	free(path);
	remove_tree(dir);
}

/* Cuts that don't match are a result here, not an error: the closure goes on without them. */
static int run_side(struct session *s, struct compare_side *side)
{
	if (session_run(s, "graph"))
		return -1;
	cuts_match(&s->graph);
	side->graph = &s->graph;
	if (closure_run(&s->graph))
		return -1;
	make_stubs(s, side);
	return 0;
}

static void open_side(struct session *s, const char *spec, struct options *o, const char *tree)
{
	o->tree = tree;
	o->compare = true;
	session_open(s, spec, o);
}

static int print_result(const struct compare_side *from, const struct compare_side *to, bool json)
{
	json_t *result = compare_slices(from, to);
	const json_t *a = json_object_get(result, "from"), *b = json_object_get(result, "to");
	char *text;

	if (!json) {
		compare_print(result, stdout);
	} else {
		text = json_dumps(result, JSON_INDENT(1));
		puts(text);
		free(text);
	}
	shares_tell(from->graph->db->tree, compare_share(a), to->graph->db->tree, compare_share(b));
	json_decref(result);
	return from->summary && to->summary ? 0 : -1;
}

int cmd_diff(const struct options *given, char **args)
{
	struct options a = *given, b = *given;
	struct compare_side from = {0}, to = {0};
	struct session old, new;
	int r;

	if (!given->from || !given->to)
		return err("kslice diff", "give both: kslice diff NAME --from TREE --to TREE",
			   "--from or --to is missing");
	open_side(&old, args[0], &a, given->from);
	open_side(&new, args[0], &b, given->to);
	r = run_side(&old, &from);
	if (!r)
		r = run_side(&new, &to);
	if (!r)
		r = print_result(&from, &to, given->json);
	free(from.summary);
	free(from.wire);
	free(to.summary);
	free(to.wire);
	session_close(&new);
	session_close(&old);
	return r;
}
