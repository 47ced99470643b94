// SPDX-License-Identifier: GPL-2.0
/* text.c: struct draft => the spec as text, in lines that are read and edited. See draft.h. */
#include "draft/draft.h"

#include <stdlib.h>

enum { COLUMNS = 120 };

static void add_json(struct strbuf *b, const json_t *v)
{
	char *s = json_dumps(v, JSON_ENCODE_ANY);

	sb_puts(b, s);
	free(s);
}

/* Names in quotes, in lines of at most COLUMNS. column: of the first one. */
static void add_names(struct strbuf *b, char *const *names, size_t n, size_t column)
{
	for (size_t i = 0; i < n; i++) {
		size_t width = strlen(names[i]) + 4;

		if (i && column + width > COLUMNS) {
			sb_puts(b, ",\n    ");
			column = 4;
		} else {
			sb_puts(b, i ? ", " : "");
		}
		sb_printf(b, "\"%s\"", names[i]);
		column += width;
	}
}

static void add_routes(struct strbuf *b, const json_t *routes)
{
	json_t *one;
	size_t i;

	sb_puts(b, "  \"routes\": [");
	json_array_foreach (routes, i, one) {
		sb_puts(b, i ? ",\n    " : "\n    ");
		add_json(b, one);
	}
	sb_puts(b, json_array_size(routes) ? "\n  ],\n" : "],\n");
}

/* A line for each member of its parts. */
static void add_own(struct strbuf *b, const json_t *own)
{
	const char *part, *name, *sep = "{", *inner;
	json_t *v, *one;

	json_object_foreach ((json_t *)own, part, v) {
		sb_printf(b, "%s\n    \"%s\": ", sep, part);
		sep = ",";
		inner = "";
		if (json_is_array(v)) {
			add_json(b, v);
			continue;
		}
		sb_puts(b, "{");
		json_object_foreach (v, name, one) {
			sb_printf(b, "%s\n      \"%s\": ", inner, name);
			add_json(b, one);
			inner = ",";
		}
		sb_puts(b, "\n    }");
	}
	sb_puts(b, "\n  }");
}

void draft_text(const struct draft *d, struct strbuf *b)
{
	sb_printf(
		b,
		"{\n  \"name\": \"%s\",\n  \"description\": \"a first spec, written by `kslice new`\",\n",
		d->name);
	sb_printf(b, "  \"config\": \"%s.config\",\n  \"calls\": [", d->name);
	add_names(b, d->calls.a, d->calls.n, 12);
	sb_puts(b, "],\n");
	add_routes(b, d->routes);
	if (d->groups.n || json_object_size(d->own)) {
		sb_puts(b, "  \"annotations\": [");
		add_names(b, d->groups.a, d->groups.n, 18);
		if (json_object_size(d->own)) {
			sb_puts(b, d->groups.n ? ", " : "");
			add_own(b, d->own);
		}
		sb_puts(b, "],\n");
	}
	if (d->ngiven) {
		sb_puts(b, "  \"keep\": [");
		add_names(b, d->origin.files.a, d->ngiven, 11);
		sb_puts(b, "],\n");
	}
	sb_puts(b, "  \"cuts\": [");
	add_names(b, d->cuts.a, d->cuts.n, 11);
	sb_puts(b, "]\n}\n");
}

#define FREE_ALL(v)                                \
	do {                                       \
		for (size_t i = 0; i < (v).n; i++) \
			free((v).a[i]);            \
		free((v).a);                       \
	} while (0)

void draft_free(struct draft *d)
{
	FREE_ALL(d->calls);
	FREE_ALL(d->names);
	origin_free(&d->origin);
	FREE_ALL(d->groups);
	FREE_ALL(d->cuts);
	FREE_ALL(d->notes);
	json_decref(d->routes);
	json_decref(d->own);
	free(d->config);
}
