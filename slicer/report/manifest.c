// SPDX-License-Identifier: GPL-2.0
/*
 * manifest.c: closure + built objects => manifest.json. Other programs read it, too (supervisor:
 * devices; demo: sizes).
 */
#include "report/report.h"
#include "spec/remote.h"
#include "closure/sizes.h"
#include <jansson.h>
#include <stdlib.h>

static json_t *size_json(const struct size *s)
{
	return json_pack("{s:I,s:I,s:I}", "functions", (json_int_t)s->functions, "lines",
			 (json_int_t)s->lines, "files", (json_int_t)s->files);
}

static json_t *dirs_json(const struct sizes *s)
{
	json_t *dirs = json_object();

	for (size_t i = 0; i < s->dirs.n; i++) {
		const struct dir_size *d = &s->dirs.a[i];

		json_object_set_new(dirs, d->dir,
				    json_pack("{s:o,s:o}", "kept", size_json(&d->kept), "whole",
					      size_json(&d->whole)));
	}
	return dirs;
}

static json_t *cuts_json(const struct spec *spec)
{
	json_t *cuts = json_array();

	for (size_t i = 0; i < spec->ncuts; i++) {
		const struct spec_cut *c = &spec->cuts[i];
		json_t *j = json_pack("{s:s,s:s,s:i}", "kind", cut_kind_name(c->kind), "symbol",
				      c->symbol, "hits", (int)c->matched);

		if (c->group)
			json_object_set_new(j, "group", json_string(c->group));
		if (c->why)
			json_object_set_new(j, "why", json_string(c->why));
		json_array_append_new(cuts, j);
	}
	return cuts;
}

/* "peers" of the manifest: [{"domain": "net", "calls": ["write"]}]; NULL: none. */
static json_t *peers_json(const struct spec *spec)
{
	json_t *peers = NULL;

	for (size_t i = 0; i < spec->ncuts; i++) {
		json_t *calls;

		if (spec->cuts[i].kind != CUT_REMOTE || !remote_is_first(spec, i, false))
			continue;
		calls = json_array();
		for (size_t k = i; k < spec->ncuts; k++)
			if (spec->cuts[k].kind == CUT_REMOTE &&
			    !strcmp(spec->cuts[k].domain, spec->cuts[i].domain))
				json_array_append_new(calls,
						      json_string(spec->cuts[k].remote->call));
		peers = peers ?: json_array();
		json_array_append_new(peers, json_pack("{s:s,s:o}", "domain", spec->cuts[i].domain,
						       "calls", calls));
	}
	return peers;
}

static json_t *groups_json(const struct spec *spec)
{
	json_t *groups = json_object();

	for (size_t i = 0; i < spec->ngroups; i++)
		json_object_set_new(groups, spec->groups[i].name,
				    json_string(spec->groups[i].lost));
	return groups;
}

/* "6.1.176" of the tree's Makefile, which says it in its first lines; "unknown" if it doesn't. */
static char *tree_version(const char *tree)
{
	static const char *const keys[] = {"VERSION = ", "PATCHLEVEL = ", "SUBLEVEL = "};
	char *path = xasprintf("%s/Makefile", tree), *text = read_file(path, NULL);
	struct strbuf b = {0};

	for (size_t i = 0; text && i < ARRAY_LEN(keys); i++) {
		const char *at = strstr(text, keys[i]);

		if (at && (at == text || at[-1] == '\n'))
			sb_printf(&b, "%s%ld", i ? "." : "",
				  strtol(at + strlen(keys[i]), NULL, 10));
	}
	free(text);
	free(path);
	return b.len ? b.s : xstrdup("unknown");
}

/* Adds how many system calls the configuration has; of these the slice's programs reach only
 * `calls`. */
static void add_whole_calls(json_t *manifest, const struct graph *g)
{
	json_int_t n = 0;

	for (size_t i = 0; i < g->nodes.n; i++) {
		const struct node *node = &g->nodes.a[i];

		n += node->first != NONE && node->strong && starts_with(node->key, "sys_") &&
		     graph_def(g, node->first)->flags & DEF_SYSCALL;
	}
	json_object_set_new(json_object_get(manifest, "whole"), "calls", json_integer(n));
	json_object_set_new(json_object_get(manifest, "kept"), "calls",
			    json_integer(g->spec->ncalls));
}

/* Adds the bytes of code per directory, from built objects. */
static void add_text(json_t *manifest, const struct graph *g, const char *outdir, bool whole)
{
	const char *side = whole ? "whole" : "kept";
	json_t *dirs = json_object_get(manifest, "directories"), *d;

	for (size_t i = 0; i < g->db->ntus; i++) {
		char *path = xasprintf("%s/obj/%s", outdir, g->db->tus[i].object), *dir;
		uint64_t text;

		if (!whole && !g->live[i]) {
			free(path);
			continue;
		}
		text = elf_text(path);
		dir = dir_of(g->db->tus[i].source);
		d = json_object_get(json_object_get(dirs, dir), side);
		if (d)
			json_object_set_new(
				d, "text",
				json_integer(json_integer_value(json_object_get(d, "text")) +
					     text));
		free(dir);
		free(path);
	}
}

/* Was the whole image built from this configuration? Comparison with an older one would be wrong.
 */
static bool is_of_this(const struct graph *g, const char *wholedir)
{
	char *path = xasprintf("%s/manifest.json", wholedir);
	json_t *m = json_load_file(path, 0, NULL);
	const char *objects = json_string_value(json_object_get(m, "objects"));
	bool same = objects && !strcmp(objects, g->db->objdir);

	json_decref(m);
	free(path);
	return same;
}

/* Adds the text sizes of both images, if they are built. */
static void add_images(json_t *manifest, const struct graph *g, const char *outdir)
{
	const char *name = g->spec->name;
	char *sliced = xasprintf("%s/%s.vmlinux", outdir, name);
	char *wholedir = xasprintf("%s-whole", outdir);
	char *whole = xasprintf("%s/%s-whole.vmlinux", wholedir, name);
	uint64_t k = elf_text(sliced), w = elf_text(whole);

	if (k) {
		add_text(manifest, g, outdir, false);
		json_object_set_new(json_object_get(manifest, "kept"), "text", json_integer(k));
	}
	if (w && is_of_this(g, wholedir)) {
		add_text(manifest, g, wholedir, true);
		json_object_set_new(json_object_get(manifest, "whole"), "text", json_integer(w));
	}
	free(sliced);
	free(wholedir);
	free(whole);
}

static json_t *calls_json(const struct spec *spec)
{
	json_t *calls = json_array();

	for (size_t i = 0; i < spec->ncalls; i++)
		json_array_append_new(calls, json_string(spec->calls[i].name));
	return calls;
}

/* What `kslice check` tells of it: keys that only run time knows. */
static json_t *notes_json(const struct graph *g)
{
	json_t *notes = json_array();

	for (size_t i = 0; i < g->notes.n; i++)
		json_array_append_new(notes, json_string(g->notes.a[i]));
	return notes;
}

int report_write(const struct graph *g, const char *outdir)
{
	const struct spec *spec = g->spec;
	char *path = xasprintf("%s/manifest.json", outdir), *text;
	char *version = tree_version(g->db->tree);
	json_t *m = json_object(), *ram = json_object_get(spec->json, "ram"),
	       *peers = peers_json(spec);
	struct sizes s;
	int r;

	sizes_count(&s, g);
	json_object_set_new(m, "name", json_string(spec->name));
	if (spec->description)
		json_object_set_new(m, "description", json_string(spec->description));
	json_object_set_new(m, "spec", json_string(spec->path));
	json_object_set_new(m, "tree", json_string(g->db->tree));
	json_object_set_new(m, "version", json_string(version));
	if (spec->config)
		json_object_set_new(m, "config", json_string(spec->config));
	if (spec->devices)
		json_object_set(m, "devices", spec->devices);
	if (ram)
		json_object_set(m, "ram", ram);
	json_object_set_new(m, "machine", json_string(spec->machine));
	json_object_set_new(m, "transport", json_string(spec->transport));
	if (peers)
		json_object_set_new(m, "peers", peers);
	json_object_set_new(m, "kept", size_json(&s.kept));
	json_object_set_new(m, "whole", size_json(&s.whole));
	json_object_set_new(m, "calls", calls_json(spec));
	json_object_set_new(m, "lost", groups_json(spec));
	json_object_set_new(m, "notes", notes_json(g));
	json_object_set_new(m, "directories", dirs_json(&s));
	json_object_set_new(m, "cuts", cuts_json(spec));
	add_whole_calls(m, g);
	add_images(m, g, outdir);
	text = json_dumps(m, JSON_INDENT(1));
	r = write_file_if_changed(path, text, strlen(text));
	free(text);
	json_decref(m);
	sizes_free(&s);
	free(version);
	free(path);
	return r;
}

/* A whole build has its own short manifest, so that it can be run by name. */
int report_write_whole(const struct graph *g, const char *outdir)
{
	const struct spec *spec = g->spec;
	char *path = xasprintf("%s/manifest.json", outdir), *text;
	json_t *m = json_pack("{s:o,s:s,s:s,s:s,s:s}", "name", json_sprintf("%s-whole", spec->name),
			      "spec", spec->path, "objects", g->db->objdir, "machine",
			      spec->machine, "transport", spec->transport);
	json_t *ram = json_object_get(spec->json, "ram");
	int r;

	if (spec->devices)
		json_object_set(m, "devices", spec->devices);
	if (ram)
		json_object_set(m, "ram", ram);
	text = json_dumps(m, JSON_INDENT(1));
	r = write_file_if_changed(path, text, strlen(text));
	free(text);
	json_decref(m);
	free(path);
	return r;
}
