// SPDX-License-Identifier: GPL-2.0
/* table.c: model => the text of `kslice report`. See report.h. */
#include "report/report.h"
#include "report/image.h"
#include "report/model.h"
#include <stdio.h>
#include <stdlib.h>

#define BIGGEST 25 /* lines of the list of what holds most */
#define PATH	5  /* names of a path that are shown */

static const char *const measures[] = {"functions", "lines", "text"};

/* A line of the table: a directory, or all that begin with the same folder. */
struct row {
	char *name;
	long long kept[3], whole[3];
	bool top; /* a total, before its directories */
};

struct rows {
	VEC(struct row) v;
	bool text, whole_text; /* are these measures known? */
};

static long long json_number(const json_t *obj, const char *key)
{
	return json_integer_value(json_object_get(obj, key));
}

static void row_add(struct row *r, const json_t *kept, const json_t *whole)
{
	for (size_t i = 0; i < ARRAY_LEN(measures); i++) {
		r->kept[i] += json_number(kept, measures[i]);
		r->whole[i] += json_number(whole, measures[i]);
	}
}

/* What directories are sorted by. */
static long long row_weight(const struct rows *t, const struct row *r)
{
	return r->kept[t->text ? 2 : 1];
}

static const struct rows *sort_rows;

static int compare_rows(const void *pa, const void *pb)
{
	const struct row *a = pa, *b = pb;
	long long x = row_weight(sort_rows, a), y = row_weight(sort_rows, b);

	if (x != y)
		return x > y ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void rows_sort(const struct rows *t, struct row *a, size_t n)
{
	sort_rows = t;
	if (n)
		qsort(a, n, sizeof(*a), compare_rows);
}

static bool is_below(const char *dir, const char *top)
{
	size_t n = strlen(top);

	return starts_with(dir, top) && (!dir[n] || dir[n] == '/');
}

static struct row *top_of(struct rows *tops, const char *dir)
{
	struct row *r;

	for (size_t i = 0; i < tops->v.n; i++)
		if (is_below(dir, tops->v.a[i].name))
			return &tops->v.a[i];
	r = vec_add(&tops->v);
	r->name = xstrndup(dir, strcspn(dir, "/"));
	r->top = true;
	return r;
}

static void rows_free(struct rows *t)
{
	for (size_t i = 0; i < t->v.n; i++)
		free(t->v.a[i].name);
	free(t->v.a);
}

/* ---- printing ---- */

static const char *percent_text(long long part, long long all, char buf[16])
{
	if (!all || !part)
		return "-";
	snprintf(buf, 16, "%.1f%%", 100.0 * part / all);
	return buf;
}

static void print_row(const struct rows *t, const struct row *r)
{
	char name[40], p[16];

	snprintf(name, sizeof(name), "%s%s", r->top ? "" : "  ", r->name);
	printf("%-24s", name);
	for (size_t i = 0; i < ARRAY_LEN(measures); i++) {
		if (i == 2 && !t->text)
			break;
		printf(" %9lld", r->kept[i]);
		if (i < 2 || t->whole_text)
			printf(" %9lld %6s", r->whole[i], percent_text(r->kept[i], r->whole[i], p));
	}
	printf("\n");
}

/* A top folder's total, then its directories if there are several. */
static void print_top(const struct rows *t, const struct row *top, const json_t *dirs)
{
	struct rows below = {.text = t->text, .whole_text = t->whole_text};
	const char *dir;
	json_t *d;

	json_object_foreach ((json_t *)dirs, dir, d) {
		struct row r = {0};

		if (!is_below(dir, top->name))
			continue;
		row_add(&r, json_object_get(d, "kept"), json_object_get(d, "whole"));
		if (!row_weight(t, &r))
			continue;
		r.name = strcmp(dir, top->name) ? xstrdup(dir) : xasprintf("%s/*", dir);
		*vec_add(&below.v) = r;
	}
	rows_sort(t, below.v.a, below.v.n);
	print_row(t, top);
	for (size_t i = 0; below.v.n > 1 && i < below.v.n; i++)
		print_row(t, &below.v.a[i]);
	rows_free(&below);
}

static void print_head(const struct rows *t)
{
	printf("\n%-24s %9s %9s %6s %9s %9s %6s", "", "functions", "of", "", "lines", "of", "");
	if (t->text)
		printf(" %9s", ".text");
	if (t->whole_text)
		printf(" %9s", "of");
	printf("\n");
}

static void print_directories(const struct model *m)
{
	json_t *kept = json_object_get(m->manifest, "kept");
	json_t *whole = json_object_get(m->manifest, "whole");
	json_t *dirs = json_object_get(m->manifest, "directories"), *d;
	struct rows tops = {.text = json_object_get(kept, "text"), .whole_text = m->has_whole};
	struct row all = {.name = "all", .top = true};
	const char *dir;
	size_t empty = 0;

	json_object_foreach (dirs, dir, d)
		row_add(top_of(&tops, dir), json_object_get(d, "kept"),
			json_object_get(d, "whole"));
	row_add(&all, kept, whole);
	rows_sort(&tops, tops.v.a, tops.v.n);
	print_head(&tops);
	print_row(&tops, &all);
	for (size_t i = 0; i < tops.v.n; i++) {
		if (row_weight(&tops, &tops.v.a[i]))
			print_top(&tops, &tops.v.a[i], dirs);
		else
			printf("%s%s", empty++ ? " " : "nothing kept of: ", tops.v.a[i].name);
	}
	printf(empty ? "\n" : "");
	if (!tops.text)
		printf("\nThe image isn't built (kslice build %s): bytes of code aren't known.\n",
		       m->name);
	else if (!tops.whole_text)
		printf("\nNo unsliced image is built of this configuration (kslice build --whole %s): its .text isn't known.\n",
		       m->name);
	rows_free(&tops);
}

/* "vmscan <- shrink_zones <- ... <- sys_read (exported call)" */
static void print_path(const struct model *m, uint32_t unit)
{
	uint32_t u = m->units.a[unit].from, last = unit;

	for (unsigned depth = 0; u != NO_UNIT && depth < 1000; depth++) {
		if (depth < PATH)
			printf(" <- %.*s", munit_name_len(&m->units.a[u]), m->units.a[u].names);
		else if (m->units.a[u].from == NO_UNIT)
			printf(" <- ... <- %.*s", munit_name_len(&m->units.a[u]),
			       m->units.a[u].names);
		last = u;
		u = m->units.a[u].from;
	}
	printf(" (%s)\n", m->units.a[last].edge);
}

static void print_biggest(struct model *m)
{
	uint32_t *list;
	size_t n = model_heaviest(m, BIGGEST, &list);

	if (n)
		printf("\nBytes of code that one definition alone holds in the slice, and how it got there:\n");
	for (size_t i = 0; i < n; i++) {
		const struct munit *u = &m->units.a[list[i]];
		json_t *cut = suggest_cut(m, list[i]), *lost = json_object_get(cut, "lost");

		printf("%9llu  %.*s  %s:%u\n           why:", (unsigned long long)u->held,
		       munit_name_len(u), u->names, u->file, u->line);
		print_path(m, list[i]);
		if (cut)
			printf("           cut: %s  (%s)\n",
			       json_string_value(json_object_get(cut, "cut")),
			       json_string_value(json_object_get(cut, "why")));
		if (lost)
			printf("           lost then: %s\n", json_string_value(lost));
		json_decref(cut);
	}
	free(list);
}

static void print_lost(const struct model *m)
{
	json_t *lost = json_object_get(m->manifest, "lost"), *v;
	const char *name;

	printf("\n%zu calls, %zu cuts. Lost by cuts:\n",
	       json_array_size(json_object_get(m->manifest, "calls")),
	       json_array_size(json_object_get(m->manifest, "cuts")));
	json_object_foreach (lost, name, v)
		printf("  %-16s %s\n", name, json_string_value(v));
}

static void print_image(void *arg, const char *what, const struct image *im)
{
	char functions[24] = "?", calls[24] = "?";

	if (im->functions)
		snprintf(functions, sizeof(functions), "%llu", (unsigned long long)im->functions);
	if (im->calls)
		snprintf(calls, sizeof(calls), "%llu", (unsigned long long)im->calls);
	printf("%-40s %9llu %9s %12s %9llu\n", what, (unsigned long long)im->text, functions, calls,
	       (unsigned long long)im->gadgets);
}

static int print_images(const struct model *m, const char *beside)
{
	printf("\n%-40s %9s %9s %12s %9s\n", "What an attacker finds:", "code", "functions",
	       "system calls", "gadgets");
	return model_images(m, beside, print_image, NULL);
}

int report_print(const struct report_opts *o)
{
	struct model m;
	int r = model_load(&m, o->outdir);

	if (!r) {
		json_t *about = json_object_get(m.manifest, "description");

		printf("%s%s%s\ntree %s: Linux %s\nconfig %s\n", m.name, about ? ": " : "",
		       about ? json_string_value(about) : "",
		       json_string_value(json_object_get(m.manifest, "tree")),
		       json_string_value(json_object_get(m.manifest, "version")) ?: "?",
		       json_string_value(json_object_get(m.manifest, "config")) ?: "of its own");
		print_directories(&m);
		print_biggest(&m);
		r = print_images(&m, o->beside);
		print_lost(&m);
	}
	model_free(&m);
	return r;
}

/* The unsliced image's code size is known if it was built from this configuration. */
int report_summary(const char *outdir)
{
	char *path = xasprintf("%s/manifest.json", outdir), p[16];
	json_t *m = json_load_file(path, 0, NULL), *kept, *whole;
	long long functions, all_functions, text, all_text;

	if (!m) {
		int r = err(path, "run `kslice slice` for this domain first", "can't be read");

		free(path);
		return r;
	}
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
	free(path);
	return 0;
}
