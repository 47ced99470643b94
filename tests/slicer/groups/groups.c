// SPDX-License-Identifier: GPL-2.0
/*
 * groups WORKDIR SPEC...: takes each cut group of specs/cuts alone, with those it needs, as far as
 * the pass boundary, in the configuration of each spec. A group may have nothing to do in a
 * configuration; but what it does must be possible there. Facts come from the cache.
 */
#include "session.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

struct test {
	struct session s;
	const char *work;
	unsigned tried, idle, failed;
};

static json_t *needs_of(const char *group)
{
	char *path = xasprintf("%s/specs/cuts/%s.json", repo_root(), group);
	json_t *j = json_load_file(path, 0, NULL),
	       *needs = json_incref(json_object_get(j, "needs"));

	json_decref(j);
	free(path);
	return needs;
}

/* The spec with one group, and without routes, whose constants cost a parse each time. */
static char *write_spec(struct test *t, const char *group)
{
	char *path = xasprintf("%s/%s.json", t->work, group);
	json_t *j = json_copy(t->s.spec.json), *cuts = json_array(), *needs = needs_of(group);

	json_array_append_new(cuts, json_string(group));
	if (json_is_string(needs))
		json_array_append(cuts, needs);
	else
		json_array_extend(cuts, needs);
	json_object_set_new(j, "cuts", cuts);
	json_object_set_new(j, "config", json_string(t->s.spec.config));
	json_object_del(j, "routes");
	if (json_dump_file(j, path, 0))
		die("%s can't be written", path);
	json_decref(needs);
	json_decref(j);
	return path;
}

/* Cuts of the group that hit something. */
static unsigned group_hits(const struct spec *spec, const char *group)
{
	unsigned n = 0;

	for (size_t i = 0; i < spec->ncuts; i++)
		if (spec->cuts[i].group && !strcmp(spec->cuts[i].group, group))
			n += spec->cuts[i].matched;
	return n;
}

static int run_passes(struct test *t, struct spec *spec, const char *group, unsigned *hits)
{
	struct graph g;
	int r = graph_make(&g, &t->s.db, t->s.facts, spec);

	if (!r)
		r = cuts_match(&g);
	*hits = group_hits(spec, group);
	if (!r)
		r = closure_run(&g) || cuts_check(&g) ? -1 : 0;
	graph_free(&g);
	return r;
}

/* Errors go to a file, since a group that has nothing to do is one, too. */
static void try_group(struct test *t, const char *group)
{
	char *path = write_spec(t, group), *log = xasprintf("%s/errors", t->work), *text;
	int saved = dup(2), fd = open(log, O_CREAT | O_TRUNC | O_WRONLY, 0600), r;
	struct spec spec;
	unsigned hits = 0;

	dup2(fd, 2);
	r = spec_load(&spec, path);
	if (!r)
		r = run_passes(t, &spec, group, &hits);
	dup2(saved, 2);
	close(saved);
	close(fd);
	t->tried++;
	t->idle += !hits;
	if (r && hits) {
		text = read_file(log, NULL);
		printf("FAIL: group %s alone, configuration of %s:\n%s", group, t->s.spec.name,
		       text ?: "");
		free(text);
		t->failed++;
	}
	spec_free(&spec);
	free(log);
	free(path);
}

static void try_groups(struct test *t)
{
	char *dir = xasprintf("%s/specs/cuts", repo_root());
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		char *name = xstrdup(e->d_name);

		if (ends_with(name, ".json")) {
			name[strlen(name) - 5] = 0;
			try_group(t, name);
		}
		free(name);
	}
	if (d)
		closedir(d);
	free(dir);
}

static int try_spec(struct test *t, const char *path)
{
	static struct options opt = {.jobs = 2, .check = true};
	struct facts_watch watch = {0};
	struct session *s = &t->s;
	char *tree = xasprintf("%s/kernel-tree/linux", repo_root());
	int r;

	opt.tree = tree;
	session_open(s, path, &opt);
	r = session_run(s, "commands");
	if (!r) {
		s->facts = xcalloc(s->db.ntus + 1, sizeof(*s->facts));
		registered_watch(&s->spec, &watch);
		r = facts_load_all(s->facts, &s->db, &watch, opt.jobs);
		facts_watch_free(&watch);
	}
	if (!r)
		try_groups(t);
	session_close(s);
	free(tree);
	return r;
}

int main(int argc, char **argv)
{
	struct test t = {.work = argc > 1 ? argv[1] : NULL};
	int r = argc > 2 ? 0 : -1;

	if (r || make_dirs(t.work)) {
		fprintf(stderr, "usage: groups WORKDIR SPEC...\n");
		return 2;
	}
	for (int i = 2; i < argc && !r; i++)
		r = try_spec(&t, argv[i]);
	printf("%u groups tried, %u of them with nothing to do, %u failed\n", t.tried, t.idle,
	       t.failed);
	return r || t.failed || t.tried == t.idle;
}
