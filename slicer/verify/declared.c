// SPDX-License-Identifier: GPL-2.0
/* declared.c: edits.json => edits, by the names of definitions. See compare.h. */
#include "verify/compare.h"

#include <stdlib.h>

static void add_uses(struct declared_edits *d, const json_t *names)
{
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		struct strbuf canonical = {0};
		uint64_t *at;

		ir_canon_name(json_string_value(name), &canonical);
		at = strmap_add(&d->names, canonical.s, NULL);
		*vec_add(&d->uses) = (struct declared_use){d->edit.n - 1, *at};
		*at = d->uses.n;
		sb_free(&canonical);
	}
}

static const char *text_of(const json_t *edit, const char *key)
{
	return json_string_value(json_object_get(edit, key));
}

static void add_edit(struct declared_edits *d, const char *file, const json_t *edit)
{
	*vec_add(&d->edit) = (struct declared){
		.file = file,
		.kind = text_of(edit, "kind") ?: "",
		.cut = text_of(edit, "cut"),
		.field = text_of(edit, "field"),
		.text = text_of(edit, "text"),
		.beg = json_integer_value(json_object_get(edit, "beg")),
		.end = json_integer_value(json_object_get(edit, "end")),
		.line = json_integer_value(json_object_get(edit, "line")),
		.json = edit,
	};
	add_uses(d, json_object_get(edit, "names"));
	add_uses(d, json_object_get(edit, "in"));
}

int declared_load(struct declared_edits *d, const char *path)
{
	json_error_t why;
	const char *file;
	json_t *list, *edit;
	size_t i;

	*d = (struct declared_edits){.json = json_load_file(path, 0, &why)};
	if (!d->json)
		return err(path, "slice again", "can't be read: %s", why.text);
	json_object_foreach (d->json, file, list)
		json_array_foreach (list, i, edit)
			add_edit(d, file, edit);
	return 0;
}

void declared_free(struct declared_edits *d)
{
	json_decref(d->json);
	free(d->edit.a);
	free(d->uses.a);
	strmap_free(&d->names);
}

const struct declared *declared_nearest(const struct declared_edits *d, const char *file,
					uint32_t beg, uint32_t end)
{
	const struct declared *best = NULL;
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < d->edit.n; i++) {
		const struct declared *e = &d->edit.a[i];
		uint32_t far;

		if (strcmp(e->file, file))
			continue;
		far = e->end <= beg ? beg - e->end + 1 : e->beg >= end ? e->beg - end + 1 : 0;
		if (far < least) {
			least = far;
			best = e;
		}
	}
	return best;
}
