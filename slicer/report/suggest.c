// SPDX-License-Identifier: GPL-2.0
/*
 * suggest.c: a unit => the line of a spec that would drop it, if one is known: a shared cut group
 * that the spec doesn't use, or a cut of its own. Only the first has been tried by anyone.
 */
#include "report/model.h"
#include "base/arch.h"
#include <glob.h>
#include <stdlib.h>

static void load_groups(struct model *m)
{
	char *pattern = xasprintf("%s/specs/cuts/*.json", repo_root());
	glob_t found;

	m->groups = json_array();
	if (!glob(pattern, 0, NULL, &found)) {
		for (size_t i = 0; i < found.gl_pathc; i++) {
			json_t *group = json_load_file(found.gl_pathv[i], 0, NULL);

			if (group)
				json_array_append_new(m->groups, group);
		}
		globfree(&found);
	}
	free(pattern);
}

/* Is s one of the names, which commas separate? */
static bool has_name(const char *names, const char *s)
{
	size_t n = strlen(s);

	for (const char *at = names; s[0] && (at = strstr(at, s)); at++)
		if ((at == names || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

/* Does a cut, {"drop": "f"} or {"drop": ["f", "g"]}, name the unit, wherever it is called? */
static bool cut_names(json_t *cut, const char *names)
{
	static const char *const kinds[] = {"drop", "return", "trap"};

	if (json_object_get(cut, "in") || json_object_get(cut, "naming"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		json_t *v = json_object_get(cut, kinds[i]), *name;
		size_t k;

		if (json_is_string(v) && has_name(names, json_string_value(v)))
			return true;
		json_array_foreach (v, k, name)
			if (has_name(names, json_string_value(name) ?: ""))
				return true;
	}
	return false;
}

static json_t *find_group(struct model *m, const char *names)
{
	json_t *lost = json_object_get(m->manifest, "lost"), *group, *cut;
	size_t i, k;

	if (!m->groups)
		load_groups(m);
	json_array_foreach (m->groups, i, group) {
		const char *name = json_string_value(json_object_get(group, "name"));

		if (!name || json_object_get(lost, name))
			continue;
		json_array_foreach (json_object_get(group, "cuts"), k, cut)
			if (cut_names(cut, names))
				return group;
	}
	return NULL;
}

/* The runtime is never sliced: neither it nor its calls can be cut. */
static bool is_runtime(const struct munit *u)
{
	size_t n = strlen(arch_name());

	return starts_with(u->file, "arch/") && starts_with(u->file + 5, arch_name()) &&
	       u->file[5 + n] == '/';
}

json_t *suggest_cut(struct model *m, uint32_t unit)
{
	const struct munit *u = &m->units.a[unit];
	int n = munit_name_len(u);
	json_t *group;

	if (!strcmp(u->edge, "exported call"))
		return json_pack("{s:o,s:s}", "cut",
				 json_sprintf("remove \"%.*s\" from \"calls\"", n > 4 ? n - 4 : n,
					      n > 4 ? u->names + 4 : u->names),
				 "why", "the call itself");
	if (starts_with(u->edge, "\"keep\""))
		return json_pack("{s:s,s:s}", "cut", "remove its \"keep\"", "why",
				 "only the spec's \"keep\" holds it");
	group = find_group(m, u->names);
	if (group)
		return json_pack(
			"{s:o,s:s,s:O}", "cut",
			json_sprintf("\"%s\"", json_string_value(json_object_get(group, "name"))),
			"why", "a shared group of cuts", "lost", json_object_get(group, "lost"));
	if (!u->bytes || u->from == NO_UNIT || is_runtime(u) || is_runtime(&m->units.a[u->from]))
		return NULL;
	return json_pack("{s:o,s:s}", "cut", json_sprintf("{ \"drop\": \"%.*s\" }", n, u->names),
			 "why", "not tried: deletes the calls of it");
}
