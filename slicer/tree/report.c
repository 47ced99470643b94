// SPDX-License-Identifier: GPL-2.0
/*
 * report.c: closure + built objects => manifest.json; manifest => table, HTML. Other programs read
 * the manifest (supervisor: devices; demo: sizes).
 */
#include "tree/tree.h"
#include "spec/remote.h"
#include "closure/sizes.h"
#include <errno.h>
#include <stdio.h>
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

int report_write(const struct graph *g, const char *outdir)
{
	const struct spec *spec = g->spec;
	char *path = xasprintf("%s/manifest.json", outdir), *text;
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
	json_object_set_new(m, "directories", dirs_json(&s));
	json_object_set_new(m, "cuts", cuts_json(spec));
	add_images(m, g, outdir);
	text = json_dumps(m, JSON_INDENT(1));
	r = write_file_if_changed(path, text, strlen(text));
	free(text);
	json_decref(m);
	sizes_free(&s);
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

static long long json_number(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

static const char *percent_text(long long part, long long all, char buf[16])
{
	if (!all || !part)
		return "-";
	snprintf(buf, 16, "%.1f%%", 100.0 * part / all);
	return buf;
}

static void print_row(FILE *out, const char *name, const json_t *kept, const json_t *whole,
		      const char *fmt)
{
	static const char *const keys[] = {"functions", "lines", "text"};
	char cells[9][24], p[16];

	for (int i = 0; i < 3; i++) {
		long long k = json_number(kept, keys[i]), w = json_number(whole, keys[i]);

		snprintf(cells[i * 3], 24, "%lld", k);
		if (w)
			snprintf(cells[i * 3 + 1], 24, "%lld", w);
		else
			strcpy(cells[i * 3 + 1], "-");
		snprintf(cells[i * 3 + 2], 24, "%s", percent_text(k, w, p));
	}
	fprintf(out, fmt, name, cells[0], cells[1], cells[2], cells[3], cells[4], cells[5],
		cells[6], cells[7], cells[8]);
}

static void print_rows(FILE *out, const json_t *m, const char *fmt)
{
	json_t *dirs = json_object_get(m, "directories"), *d;
	const char *name;

	print_row(out, "all", json_object_get(m, "kept"), json_object_get(m, "whole"), fmt);
	json_object_foreach (dirs, name, d)
		print_row(out, name, json_object_get(d, "kept"), json_object_get(d, "whole"), fmt);
}

static void print_table(const json_t *m)
{
	const json_t *lost = json_object_get(m, "lost"), *v;
	const char *name;

	printf("%-22s %8s %8s %6s %9s %9s %6s %9s %9s %6s\n", "", "functions", "of", "", "lines",
	       "of", "", ".text", "of", "");
	print_rows(stdout, m, "%-22s %8s %8s %6s %9s %9s %6s %9s %9s %6s\n");
	if (!json_number(json_object_get(m, "whole"), "text"))
		printf("\nNo unsliced image is built of this configuration (kslice build --whole): its .text isn't known.\n");
	printf("\n%zu calls, %zu cuts. Lost by cuts:\n",
	       json_array_size(json_object_get(m, "calls")),
	       json_array_size(json_object_get(m, "cuts")));
	json_object_foreach ((json_t *)lost, name, v)
		printf("  %-16s %s\n", name, json_string_value(v));
}

static int print_html(const json_t *m, const char *outdir)
{
	char *path = xasprintf("%s/report.html", outdir), *text = NULL;
	const char *name = json_string_value(json_object_get(m, "name")), *key;
	json_t *v, *lost = json_object_get(m, "lost");
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int r;

	fprintf(f,
		"<!doctype html><meta charset=utf-8><title>kslice: %s</title>\n"
		"<style>body{font:14px sans-serif;margin:2em}td,th{padding:2px 9px;text-align:right}"
		"td:first-child{text-align:left}tr:nth-child(odd){background:#f4f4f4}</style>\n"
		"<h1>%s</h1><table><tr><th><th>functions<th>of<th><th>lines<th>of<th><th>.text<th>of<th>\n",
		name, name);
	print_rows(f, m, "<tr><td>%s<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s<td>%s\n");
	fprintf(f, "</table><h2>Lost by cuts</h2><table>\n");
	json_object_foreach (lost, key, v)
		fprintf(f, "<tr><td>%s<td style=\"text-align:left\">%s\n", key,
			json_string_value(v));
	fprintf(f, "</table>\n");
	fclose(f);
	r = write_file(path, text, len);
	if (!r)
		printf("%s\n", path);
	free(text);
	free(path);
	return r;
}

static json_t *load_manifest(const char *outdir)
{
	char *path = xasprintf("%s/manifest.json", outdir);
	json_error_t e;
	json_t *m = json_load_file(path, 0, &e);

	if (!m)
		err(path, "run `kslice slice` for this domain first", "%s", e.text);
	free(path);
	return m;
}

/* The unsliced image's code size is known if it was built from this configuration. */
int report_summary(const char *outdir)
{
	json_t *m = load_manifest(outdir), *kept, *whole;
	long long functions, all_functions, text, all_text;
	char p[16];

	if (!m)
		return -1;
	kept = json_object_get(m, "kept");
	whole = json_object_get(m, "whole");
	functions = json_number(kept, "functions");
	all_functions = json_number(whole, "functions");
	text = json_number(kept, "text");
	all_text = json_number(whole, "text");
	printf("%s: %lld functions of %lld (%s), %lld bytes of code",
	       json_string_value(json_object_get(m, "name")), functions, all_functions,
	       percent_text(functions, all_functions, p), text);
	if (all_text)
		printf(" of %lld (%s)\n", all_text, percent_text(text, all_text, p));
	else
		printf(" (kslice build --whole: of how many)\n");
	json_decref(m);
	return 0;
}

int report_print(const char *outdir, bool html)
{
	json_t *m = load_manifest(outdir);
	int r = 0;

	if (!m)
		return -1;
	if (html)
		r = print_html(m, outdir);
	else
		print_table(m);
	json_decref(m);
	return r;
}
