// SPDX-License-Identifier: GPL-2.0
/*
 * page.c: model => OUT/report.html: one file with everything in it. page.html has the places for
 * the style, the data and the scripts, all of which are part of this program. The data are one JSON
 * object; page.js describes it where it reads it.
 */
#include "report/report.h"
#include "report/model.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>

#define HEAVY 60 /* units in the list of what holds most */

/* Files of this folder, as the build embeds them. */
#define EMBED(symbol, file)                                                                     \
	__asm__(".pushsection .rodata\n.globl " #symbol "\n" #symbol ":\n.incbin \"" REPORT_DIR \
		"/" file "\"\n.byte 0\n.popsection\n");                                         \
	extern const char symbol[] __attribute__((visibility("hidden")))

EMBED(report_page_html, "page.html");
EMBED(report_page_css, "page.css");
EMBED(report_page_js, "page.js");
EMBED(report_tables_js, "tables.js");
EMBED(report_treemap_js, "treemap.js");
EMBED(report_changes_js, "changes.js");

/* ---- data ---- */

struct numbering {
	struct strmap index;
	json_t *list;
};

static json_int_t number_of(struct numbering *n, const char *s)
{
	bool added;
	uint64_t *v = strmap_add(&n->index, s, &added);

	if (added) {
		*v = json_array_size(n->list);
		json_array_append_new(n->list, json_string(s));
	}
	return (json_int_t)*v;
}

/* [names, file, line, edge, from or -1, bytes, held, extra], files and edges by number. */
static void add_units(json_t *data, const struct model *m)
{
	struct numbering files = {.list = json_array()}, edges = {.list = json_array()};
	json_t *units = json_array();

	for (size_t i = 0; i < m->units.n; i++) {
		const struct munit *u = &m->units.a[i];

		json_array_append_new(
			units, json_pack("[s,I,I,I,I,I,I,s]", u->names, number_of(&files, u->file),
					 (json_int_t)u->line, number_of(&edges, u->edge),
					 u->from == NO_UNIT ? (json_int_t)-1 : (json_int_t)u->from,
					 (json_int_t)u->bytes, (json_int_t)u->held, u->extra));
	}
	json_object_set_new(data, "units", units);
	json_object_set_new(data, "unitFiles", files.list);
	json_object_set_new(data, "edges", edges.list);
	strmap_free(&files.index);
	strmap_free(&edges.index);
}

/* [path, bytes kept, bytes of the whole, [[name, bytes, unit], ...], [[name, bytes] ...]]: the
 * last are gone. */
static void add_files(json_t *data, const struct model *m)
{
	json_t *files = json_array();

	for (size_t i = 0; i < m->files.n; i++) {
		const struct mfile *f = &m->files.a[i];
		json_t *kept = json_array(), *gone = json_array();

		for (size_t k = 0; k < f->funs.n; k++) {
			const struct mfun *fun = &f->funs.a[k];

			if (fun->gone)
				json_array_append_new(gone, json_pack("[s,I]", fun->name,
								      (json_int_t)fun->bytes));
			else
				json_array_append_new(
					kept,
					json_pack("[s,I,I]", fun->name, (json_int_t)fun->bytes,
						  fun->unit == NO_UNIT ? (json_int_t)-1
								       : (json_int_t)fun->unit));
		}
		json_array_append_new(files, json_pack("[s,I,I,o,o]", f->path, (json_int_t)f->kept,
						       (json_int_t)f->whole, kept, gone));
	}
	json_object_set_new(data, "files", files);
}

static void add_heavy(json_t *data, struct model *m)
{
	json_t *heavy = json_array();
	uint32_t *list;
	size_t n = model_heaviest(m, HEAVY, &list);

	for (size_t i = 0; i < n; i++) {
		json_t *j = json_pack("{s:I}", "unit", (json_int_t)list[i]);
		json_t *cut = suggest_cut(m, list[i]);

		if (cut)
			json_object_set_new(j, "cut", cut);
		json_array_append_new(heavy, j);
	}
	free(list);
	json_object_set_new(data, "heavy", heavy);
}

/* What the generated stubs say of the calls, with the bytes that each call alone holds. Without
 * stubs there are only the names. A slice of a tree of its own may have its stubs beside it. */
static void add_calls(json_t *data, const struct model *m)
{
	char *own = xasprintf("%s/generated/summary.json", m->outdir);
	char *shared = xasprintf("%s/generated/%s/summary.json", repo_root(), m->name);
	json_t *summary = json_load_file(access(own, F_OK) ? shared : own, 0, NULL),
	       *calls = json_array(), *name, *c;
	size_t i, k;

	json_array_foreach (json_object_get(m->manifest, "calls"), i, name) {
		char *function = xasprintf("sys_%s", json_string_value(name) ?: "");
		uint32_t u = model_unit(m, function, NULL);
		json_t *call = json_pack("{s:O}", "name", name);

		json_array_foreach (json_object_get(summary, "calls"), k, c)
			if (json_equal(json_object_get(c, "name"), name))
				json_object_update(call, c);
		if (u != NO_UNIT) {
			json_object_set_new(call, "unit", json_integer(u));
			json_object_set_new(call, "held", json_integer(m->units.a[u].held));
			json_object_set_new(call, "dirs", model_held_by_dir(m, u));
		}
		json_array_append_new(calls, call);
		free(function);
	}
	json_object_set_new(data, "calls", calls);
	json_decref(summary);
	free(shared);
	free(own);
}

static json_t *time_json(time_t t)
{
	char text[40];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%d %H:%M UTC", gmtime_r(&t, &tm));
	return json_string(text);
}

/* When the page ($SOURCE_DATE_EPOCH, for reproducible ones) and the image were made. */
static void add_dates(json_t *data, const struct model *m)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char *image = xasprintf("%s/%s.image", m->outdir, m->name);
	struct stat st;

	json_object_set_new(data, "made",
			    time_json(epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL)));
	if (!stat(image, &st))
		json_object_set_new(data, "built", time_json(st.st_mtime));
	free(image);
}

static void add_image(void *arg, const char *what, const struct image *im)
{
	json_array_append_new(arg, json_pack("[s,I,I,I,I]", what, (json_int_t)im->text,
					     (json_int_t)im->functions, (json_int_t)im->calls,
					     (json_int_t)im->gadgets));
}

static json_t *page_data(struct model *m, const char *beside)
{
	json_t *data = json_object(), *images = json_array(), *changes = model_changes(m);

	json_object_set(data, "manifest", m->manifest);
	json_object_set_new(data, "images", images);
	json_object_set_new(data, "hasWhole", json_boolean(m->has_whole));
	add_dates(data, m);
	add_units(data, m);
	add_files(data, m);
	add_heavy(data, m);
	add_calls(data, m);
	if (!changes || model_images(m, beside, add_image, images)) {
		json_decref(changes);
		json_decref(data);
		return NULL;
	}
	json_object_set_new(data, "changes", changes);
	return data;
}

/* ---- the page ---- */

/* JSON inside a script element: no text may end the element or begin a comment. */
static void add_data(struct strbuf *b, const char *s)
{
	size_t n;

	for (; *s; s += n) {
		n = strcspn(s, "<");
		sb_add(b, s, n);
		if (s[n]) {
			sb_puts(b, strchr("!/sS", s[n + 1]) ? "\\u003c" : "<");
			n++;
		}
	}
}

static void add_part(struct strbuf *b, const char *name, size_t len, const char *data)
{
	static const struct {
		const char *name, *text;
	} parts[] = {
		{"page.css", report_page_css},	   {"page.js", report_page_js},
		{"tables.js", report_tables_js},   {"treemap.js", report_treemap_js},
		{"changes.js", report_changes_js},
	};

	if (len == 4 && !strncmp(name, "data", len)) {
		add_data(b, data);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strlen(parts[i].name) == len && !strncmp(parts[i].name, name, len))
			sb_puts(b, parts[i].text);
}

/* page.html says @@FILE@@ where a file's text goes, and @@data@@. */
static void fill_page(struct strbuf *b, const char *data)
{
	const char *s = report_page_html, *at, *end;

	while ((at = strstr(s, "@@")) && (end = strstr(at + 2, "@@"))) {
		sb_add(b, s, at - s);
		add_part(b, at + 2, end - at - 2, data);
		s = end + 2;
	}
	sb_puts(b, s);
}

int report_page(const struct report_opts *o)
{
	char *path = o->to ? xstrdup(o->to) : xasprintf("%s/report.html", o->outdir), *text;
	struct strbuf b = {0};
	json_t *data = NULL;
	struct model m;
	int r = model_load(&m, o->outdir);

	if (!r)
		data = page_data(&m, o->beside);
	if (data) {
		text = json_dumps(data, JSON_COMPACT);
		fill_page(&b, text);
		r = make_parent_dirs(path) || write_file(path, b.s, b.len) ? -1 : 0;
		free(text);
	}
	if (data && !r)
		printf("%s\n", path);
	r = data ? r : -1;
	json_decref(data);
	sb_free(&b);
	model_free(&m);
	free(path);
	return r;
}
