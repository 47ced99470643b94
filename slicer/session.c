// SPDX-License-Identifier: GPL-2.0
/* session.c: spec => closure, in pass order. See session.h. */
#include "session.h"
#include "spec/debug.h"
#include "spec/remote.h"
#include "stubs/stubs.h"
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

int session_spec(struct session *s, const char *spec, const struct options *o)
{
	char *path = spec_path_of(spec);
	int r;

	memset(s, 0, sizeof(*s));
	r = spec_load(&s->spec, path);
	free(path);
	if (r || (o->debug && debug_spec(&s->spec, o->debug)) || remote_resolve(&s->spec))
		return -1;
	if (o->out)
		s->outdir = xstrdup(o->out);
	else
		s->outdir = xasprintf("%s/build/%s%s%s", repo_root(), s->spec.name,
				      o->debug ? "-" : "", o->debug ?: "");
	return o->debug ? debug_config(&s->spec, o->debug, s->outdir) : 0;
}

/* That of the repo, else the one that kernel-tree/fetch.sh of an installation has unpacked. */
static char *default_tree(void)
{
	const char *package = getenv("KSLICE_LINUX") ?: "linux-source-6.1";
	char *path = xasprintf("%s/kernel-tree/linux", repo_root()), *cached;

	if (!access(path, F_OK))
		return path;
	cached = xasprintf("%s/tree/%s", cache_dir(), package);
	if (!access(cached, F_OK)) {
		free(path);
		return cached;
	}
	free(cached);
	return path;
}

static char *find_tree(const struct options *o)
{
	char *path = o->tree ? xstrdup(o->tree) : default_tree();
	char *real = realpath(path, NULL), *probe;

	if (!real) {
		err(path,
		    o->tree ? "give --tree the root of a Linux source tree"
			    : "run kernel-tree/fetch.sh, or give --tree",
		    "%s", strerror(errno));
	} else {
		probe = xasprintf("%s/include/linux/compiler.h", real);
		if (access(probe, R_OK)) {
			err(real, "give --tree the root of a Linux source tree",
			    "not a Linux source tree: it has no include/linux/compiler.h");
			free(real);
			real = NULL;
		}
		free(probe);
	}
	free(path);
	return real;
}

int session_commands(struct session *s, const struct options *o)
{
	char *tree = find_tree(o);
	int r;

	if (!tree)
		return -1;
	r = o->compdb ? compdb_from_json(&s->db, tree, o->compdb)
		      : compdb_load(&s->db, &s->spec, tree, o->jobs);
	free(tree);
	return r;
}

int session_closure(struct session *s, const struct options *o)
{
	double t = now_seconds();
	int r = s->db.tree ? 0 : session_commands(s, o);

	if (!r && !o->compdb && !o->check && !o->debug)
		r = stubs_refresh(&s->spec, &s->db);
	if (r > 0) { /* other stubs than before: they are units, too */
		compdb_free(&s->db);
		r = session_commands(s, o);
	}
	if (r)
		return -1;
	s->t_compdb = now_seconds() - t;
	s->facts = xcalloc(s->db.ntus + 1, sizeof(*s->facts));
	if (facts_load_all(s->facts, &s->db, o->jobs))
		return -1;
	s->t_facts = now_seconds() - t - s->t_compdb;
	if (graph_make(&s->graph, &s->db, s->facts, &s->spec))
		return -1;
	if (cuts_match(&s->graph) || closure_run(&s->graph) || cuts_check(&s->graph))
		return -1;
	s->t_closure = now_seconds() - t - s->t_compdb - s->t_facts;
	return 0;
}

void session_close(struct session *s)
{
	if (s->graph.db)
		graph_free(&s->graph);
	if (s->facts) {
		facts_free_all(s->facts, &s->db);
		free(s->facts);
	}
	if (s->db.tree)
		compdb_free(&s->db);
	spec_free(&s->spec);
	free(s->outdir);
}
