// SPDX-License-Identifier: GPL-2.0
/*
 * new.c: `kslice new NAME --calls a,b,...` => specs/NAME.json, specs/NAME.config. The draft is
 * tried in build/NAME.new with the passes of `kslice check`, each time with more answers in it.
 */
#include "new.h"
#include "draft/draft.h"
#include "session.h"
#include "commands/trees.h"
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct maker {
	struct options options; /* those of `kslice check` */
	struct draft d;
	char *work, *spec; /* build/NAME.new, and the spec there */
};

static int write_in(const struct draft *d, const char *dir)
{
	char *spec = xasprintf("%s/%s.json", dir, d->name);
	char *config = xasprintf("%s/%s.config", dir, d->name);
	struct strbuf b = {};
	int r;

	draft_text(d, &b);
	r = make_dirs(dir) || write_file(config, d->config, strlen(d->config)) ||
			    write_file(spec, b.s, b.len)
		    ? -1
		    : 0;
	sb_free(&b);
	free(config);
	free(spec);
	return r;
}

/* Opens a session of the draft, which the caller closes, and runs the passes up to "commands". */
static int open_draft(struct maker *k, struct session *s)
{
	session_open(s, k->spec, &k->options);
	return write_in(&k->d, k->work) ? -1 : session_run(s, "commands");
}

/* Runs `take` on what types and bodies say of the draft's calls. */
static int with_marshal(struct maker *k, void (*take)(struct draft *, const struct marshal *))
{
	struct session s;
	int r = open_draft(k, &s);

	if (!r)
		r = draft_infer(&k->d, &s.spec, &s.db, take);
	session_close(&s);
	return r;
}

/* ---- cut groups, by what they free ---- */

static int mute_stderr(void)
{
	int old = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fflush(stderr);
	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
	return old;
}

static void unmute_stderr(int old)
{
	fflush(stderr);
	dup2(old, STDERR_FILENO);
	close(old);
}

static size_t count_kept(const struct graph *g)
{
	size_t n = 0;

	for (uint32_t i = 0; i < g->ndefs; i++)
		n += g->kept[i] != 0;
	return n;
}

/* The definitions kept with the draft's cuts, by the facts of `s`; SIZE_MAX: they can't be made. */
static size_t try_cuts(struct maker *k, const struct session *s)
{
	struct session t;
	size_t n = SIZE_MAX;
	int old;

	if (write_in(&k->d, k->work))
		return SIZE_MAX;
	session_open(&t, k->spec, &k->options);
	old = mute_stderr();
	if (!session_run(&t, "spec")) {
		t.db = s->db;
		t.facts = s->facts;
		session_skip(&t, "facts");
		if (!session_run(&t, "boundary"))
			n = count_kept(&t.graph);
	}
	unmute_stderr(old);
	if (t.graph.db)
		graph_free(&t.graph);
	memset(&t.graph, 0, sizeof(t.graph));
	t.db = (struct compdb){};
	t.facts = NULL;
	session_close(&t);
	return n;
}

static bool has_cut(const struct draft *d, const char *name)
{
	for (size_t i = 0; i < d->cuts.n; i++)
		if (!strcmp(d->cuts.a[i], name))
			return true;
	return false;
}

/* The group, and those that it needs. */
static void add_group(struct draft *d, const char *name, json_t *groups)
{
	json_t *needs = json_object_get(json_object_get(groups, name), "needs"), *one;
	size_t i;

	if (has_cut(d, name))
		return;
	*vec_add(&d->cuts) = xstrdup(name);
	if (json_is_string(needs))
		add_group(d, json_string_value(needs), groups);
	json_array_foreach (needs, i, one)
		add_group(d, json_string_value(one), groups);
}

/* "calls" or "changes": a name or several. */
static bool touches_calls(const struct draft *d, json_t *names)
{
	json_t *one;
	size_t i;

	for (i = 0; json_is_string(names) && i < d->calls.n; i++)
		if (!strcmp(d->calls.a[i], json_string_value(names)))
			return true;
	json_array_foreach (names, i, one)
		if (touches_calls(d, one))
			return true;
	return false;
}

/* A group that changes what is compiled can't be tried with the same facts. */
static bool can_be_tried(const struct draft *d, json_t *group)
{
	json_t *cut;
	size_t i;

	if (touches_calls(d, json_object_get(group, "calls")) ||
	    touches_calls(d, json_object_get(group, "changes")))
		return false;

	json_array_foreach (json_object_get(group, "cuts"), i, cut)
		if (json_object_get(cut, "replace"))
			return false;
	return true;
}

/* All of specs/cuts, by name in order. */
static json_t *load_cut_groups(void)
{
	char *dir = xasprintf("%s/specs/cuts", repo_root());
	struct dirent **list;
	json_t *groups = json_object();
	int n = scandir(dir, &list, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		char *path = xasprintf("%s/%s", dir, list[i]->d_name);
		json_t *j = ends_with(path, ".json") ? json_load_file(path, 0, NULL) : NULL;

		if (j && json_is_string(json_object_get(j, "name")))
			json_object_set(groups, json_string_value(json_object_get(j, "name")), j);
		json_decref(j);
		free(path);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	free(dir);
	return groups;
}

/* Each group that frees something beside those before it. */
static void choose_cuts(struct maker *k, const struct session *s)
{
	json_t *groups = load_cut_groups(), *group;
	size_t best = try_cuts(k, s), done = 0;
	const char *name;

	json_object_foreach (groups, name, group) {
		size_t was = k->d.cuts.n, n;

		progress("try cut groups", ++done, json_object_size(groups));
		if (has_cut(&k->d, name) || !can_be_tried(&k->d, group))
			continue;
		add_group(&k->d, name, groups);
		n = try_cuts(k, s);
		if (n < best) {
			best = n;
			continue;
		}
		while (k->d.cuts.n > was)
			free(k->d.cuts.a[--k->d.cuts.n]);
	}
	progress_end();
	for (size_t i = 0; i < k->d.cuts.n; i++)
		draft_note(&k->d,
			   xasprintf("cut group %s; lost: %s", k->d.cuts.a[i],
				     json_string_value(json_object_get(
					     json_object_get(groups, k->d.cuts.a[i]), "lost"))));
	json_decref(groups);
}

static int find_cuts(struct maker *k)
{
	struct session s;
	int r = open_draft(k, &s);

	if (!r) {
		session_skip(&s, "stubs");
		r = session_run(&s, "facts");
	}
	if (!r)
		choose_cuts(k, &s);
	session_close(&s);
	return r;
}

/* ---- the command ---- */

static int check_name(const char *name)
{
	const char *p = name;

	while (islower((unsigned char)*p) ||
	       (p > name && (isdigit((unsigned char)*p) || *p == '_')))
		p++;
	return *p || p == name ? err(name, "a C identifier of small letters, digits and _",
				     "this can't be a domain's name")
			       : 0;
}

static int refuse_existing(const char *dir, const char *name)
{
	static const char *const ends[] = {".json", ".config"};
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(ends) && !r; i++) {
		char *path = xasprintf("%s/%s%s", dir, name, ends[i]);

		if (!access(path, F_OK))
			r = err(path, "give another name, or remove it", "it exists already");
		free(path);
	}
	return r;
}

static int make_draft(struct maker *k)
{
	struct draft *d = &k->d;

	if (draft_config(d) || draft_groups(d) || with_marshal(k, draft_drop_calls) ||
	    with_marshal(k, draft_routes) || with_marshal(k, draft_tests))
		return -1;
	return find_cuts(k);
}

static int check_written(struct maker *k, const char *path)
{
	struct session s;
	int r;

	session_open(&s, path, &k->options);
	r = session_run(&s, "boundary");
	session_close(&s);
	return r;
}

static void report(const struct maker *k, const char *path, int checked)
{
	for (size_t i = 0; i < k->d.notes.n; i++)
		printf("%s: look at: %s\n", k->d.name, k->d.notes.a[i]);
	printf("%s: written, with %zu calls and %zu cut groups; `kslice check %s%s%s%s` %s\n", path,
	       k->d.calls.n, k->d.cuts.n, k->options.tree ? "--tree=" : "", k->options.tree ?: "",
	       k->options.tree ? " " : "", k->d.name,
	       checked ? "lists what is open, as above" : "accepts it");
}

/* Writes both files; `k` holds what it takes from now on. */
static int write_new(struct maker *k, const struct options *o, const char *dir)
{
	const char *name = k->d.name;
	int r;

	k->work = xasprintf("%s/build/%s.new", repo_root(), name);
	k->spec = xasprintf("%s/%s.json", k->work, name);
	k->d.tree = k->d.origin.tree = tree_find(o->tree);
	if (!k->d.tree)
		return -1;
	k->d.routes = json_array();
	k->d.own = json_object();
	*vec_add(&k->d.cuts) = xstrdup("memory");
	for (size_t i = 0; i < o->nfiles; i++)
		*vec_add(&k->d.origin.files) = xstrdup(o->files[i]);
	k->d.ngiven = o->nfiles;
	r = draft_calls(&k->d, o->calls ?: "") || make_draft(k) ? -1 : write_in(&k->d, dir);
	remove_tree(k->work);
	return r;
}

int cmd_new(const struct options *o, char **args)
{
	struct maker k = {.options = *o, .d = {.name = args[0]}};
	char *dir = o->out ? xstrdup(o->out) : xasprintf("%s/specs", repo_root());
	char *path = xasprintf("%s/%s.json", dir, args[0]);
	int r;

	k.options.check = true;
	k.options.out = NULL;
	r = check_name(args[0]) || refuse_existing(dir, args[0]) || write_new(&k, o, dir) ? -1 : 0;
	if (!r)
		report(&k, path, check_written(&k, path));
	free((char *)k.d.tree);
	draft_free(&k.d);
	free(k.work);
	free(k.spec);
	free(path);
	free(dir);
	return r;
}
