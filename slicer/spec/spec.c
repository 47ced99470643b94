// SPDX-License-Identifier: GPL-2.0
/* spec.c: JSON => struct spec. Strict: whatever isn't understood is an error with its
 * place. */
#include "spec/spec.h"
#include "spec/devices.h"
#include "spec/remote.h"
#include "spec/json.h"
#include "spec/registries.h"
#include "base/util.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const kind_names[] = {"trap", "return", "drop", "replace", "remote"};

const char *cut_kind_name(enum cut_kind kind)
{
	return kind_names[kind];
}

char *spec_path_of(const char *arg)
{
	if (strchr(arg, '/') || ends_with(arg, ".json"))
		return xstrdup(arg);
	return xasprintf("%s/specs/%s.json", repo_root(), arg);
}

char *spec_stubs(const char *of_tree, const char *domain)
{
	if (!*of_tree)
		return xasprintf("%s/generated/%s", repo_root(), domain);
	return xasprintf("%s/build/%s%s/generated", repo_root(), domain, of_tree);
}

static bool is_identifier(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return !*s;
}

static int check_identifier(const struct spec_place *at, const char *s)
{
	if (is_identifier(s))
		return 0;
	return spec_error(at, "write the bare C name, without () or a path",
			  "\"%s\" is not a C identifier", s);
}

/* ---- cuts ---- */

static const struct spec_key cut_keys[] = {
	{"trap", ST_NAMES},   {"return", ST_NAMES},  {"drop", ST_NAMES},   {"replace", ST_NAMES},
	{"remote", ST_NAMES}, {"in", ST_NAMES},	     {"naming", ST_NAMES}, {"value", ST_STRING},
	{"with", ST_STRING},  {"domain", ST_STRING}, {"call", ST_STRING},  {"why", ST_STRING},
	{"any", ST_TRUE},
};

/* Checks which keys a kind of cut has. */
static int check_cut_keys(struct spec_cut *c, const json_t *obj)
{
	static const struct {
		const char *key;
		unsigned kinds, required;
	} rules[] = {
		{"in", 1 << CUT_DROP | 1 << CUT_REPLACE, 1 << CUT_REPLACE},
		{"naming", 1 << CUT_DROP, 0},
		{"value", 1 << CUT_DROP | 1 << CUT_RETURN, 0},
		{"with", 1 << CUT_REPLACE, 1 << CUT_REPLACE},
		{"domain", 1 << CUT_REMOTE, 1 << CUT_REMOTE},
		{"call", 1 << CUT_REMOTE, 1 << CUT_REMOTE},
	};
	const char *kind = kind_names[c->kind];

	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		bool there = json_object_get(obj, rules[i].key);

		if (there && !(rules[i].kinds & 1 << c->kind))
			return spec_error(&c->at, "remove it", "\"%s\" has no meaning for \"%s\"",
					  rules[i].key, kind);
		if (!there && rules[i].required & 1 << c->kind)
			return spec_error(&c->at, "add it; see specs/README.md",
					  "\"%s\" needs the key \"%s\"", kind, rules[i].key);
	}
	if (c->kind == CUT_REPLACE && c->in.n != 1)
		return spec_error(&c->at, "name the one file that holds the definition",
				  "\"in\" of a replace must be one path");
	return 0;
}

/* How many of the keys an object has; *which is the last one. */
static int cut_keys_of(const json_t *obj, const char *const *keys, size_t n, size_t *which)
{
	int found = 0;

	for (size_t k = 0; k < n; k++) {
		if (!json_object_get(obj, keys[k]))
			continue;
		*which = k;
		found++;
	}
	return found;
}

static int cut_kind_of(struct spec_file *f, const char *pointer, json_t *obj, struct spec_cut *c)
{
	size_t kind = 0;
	int found = cut_keys_of(obj, kind_names, ARRAY_LEN(kind_names), &kind);

	c->at = spec_at(f, "%s", pointer);
	c->kind = kind;
	if (found != 1)
		return spec_error(&c->at, "give exactly one of trap, return, drop, replace, remote",
				  found ? "a cut with %d kinds" : "a cut without a kind (%d)",
				  found);
	return 0;
}

static int add_cut(struct spec *spec, struct spec_file *f, const char *pointer, json_t *obj,
		   const char *group)
{
	struct spec_cut c = {.group = group, .entry = spec->ncuts};
	struct spec_names names;
	char *p;

	if (spec_check_keys(f, obj, pointer, cut_keys, ARRAY_LEN(cut_keys)) ||
	    cut_kind_of(f, pointer, obj, &c))
		return -1;
	p = spec_own(f, xasprintf("%s/%s", pointer, kind_names[c.kind]));
	if (spec_names_of(f, json_object_get(obj, kind_names[c.kind]), p, &names))
		return -1;
	p = spec_own(f, xasprintf("%s/in", pointer));
	if (spec_names_of(f, json_object_get(obj, "in"), p, &c.in))
		return -1;
	p = spec_own(f, xasprintf("%s/naming", pointer));
	if (spec_names_of(f, json_object_get(obj, "naming"), p, &c.naming))
		return -1;
	c.value = json_string_value(json_object_get(obj, "value"));
	c.with = json_string_value(json_object_get(obj, "with"));
	c.domain = json_string_value(json_object_get(obj, "domain"));
	c.call = json_string_value(json_object_get(obj, "call"));
	c.why = json_string_value(json_object_get(obj, "why"));
	c.any = json_object_get(obj, "any");
	if (check_cut_keys(&c, obj))
		return -1;
	for (size_t i = 0; i < names.n; i++) {
		c.symbol = names.a[i];
		if (names.n > 1)
			c.at = spec_at(f, "%s/%s/%zu", pointer, kind_names[c.kind], i);
		if (check_identifier(&c.at, c.symbol))
			return -1;
		spec->cuts = xrealloc(spec->cuts, (spec->ncuts + 1) * sizeof(c));
		spec->cuts[spec->ncuts++] = c;
	}
	return 0;
}

/* In the spec's folder; a spec outside specs/ may use the repo's groups, as with annotations. */
static char *group_path(const struct spec *spec, const char *name)
{
	char *rel = xasprintf("cuts/%s.json", name), *path = spec_path_beside(spec->path, rel);

	if (access(path, F_OK)) {
		free(path);
		path = xasprintf("%s/specs/%s", repo_root(), rel);
	}
	free(rel);
	return path;
}

static int add_group(struct spec *spec, const struct spec_place *at, const char *name)
{
	static const struct spec_key keys[] = {{"name", ST_STRING, true}, {"lost", ST_STRING, true},
					       {"cuts", ST_ARRAY, true},  {"needs", ST_NAMES},
					       {"calls", ST_NAMES},	  {"changes", ST_NAMES}};
	char *path = group_path(spec, name);
	struct spec_file *f;
	struct spec_group *g;
	json_t *cut;
	size_t i;

	for (i = 0; i < spec->ngroups; i++)
		if (!strcmp(spec->groups[i].name, name))
			return spec_error(at, "remove one of the two",
					  "cut group \"%s\" is listed twice", name);
	f = spec_chain_file(
		spec,
		spec_file_load(
			path,
			"the name of a cut group is that of a file in cuts/ beside the spec, or in specs/cuts/"));
	free(path);
	if (!f)
		return spec_error(at, NULL, "cut group \"%s\" can't be loaded", name);
	if (spec_check_keys(f, f->json, "", keys, ARRAY_LEN(keys)))
		return -1;
	if (strcmp(json_string_value(json_object_get(f->json, "name")), name)) {
		struct spec_place here = spec_at(f, "/name");

		return spec_error(&here, "make the two equal",
				  "the group's name differs from its file's");
	}
	spec->groups = xrealloc(spec->groups, (spec->ngroups + 1) * sizeof(*spec->groups));
	g = &spec->groups[spec->ngroups++];
	*g = (struct spec_group){.name = name, .at = *at};
	if (spec_names_of(f, json_object_get(f->json, "needs"), "/needs", &g->needs) ||
	    spec_names_of(f, json_object_get(f->json, "calls"), "/calls", &g->calls))
		return -1;
	g->lost = json_string_value(json_object_get(f->json, "lost"));
	json_array_foreach (json_object_get(f->json, "cuts"), i, cut) {
		char *p = spec_own(f, xasprintf("/cuts/%zu", i));

		if (add_cut(spec, f, p, cut, name))
			return -1;
	}
	return 0;
}

static int load_cuts(struct spec *spec, struct spec_file *f, json_t *array)
{
	json_t *v;
	size_t i;

	json_array_foreach (array, i, v) {
		char *p = spec_own(f, xasprintf("/cuts/%zu", i));
		struct spec_place at = spec_at(f, "%s", p);

		if (json_is_string(v) ? add_group(spec, &at, json_string_value(v))
				      : add_cut(spec, f, p, v, NULL))
			return -1;
	}
	return 0;
}

/* A group must not take away what the spec exports. */
static int check_lost_calls(const struct spec *spec)
{
	int r = 0;

	for (size_t i = 0; i < spec->ngroups; i++) {
		const struct spec_group *g = &spec->groups[i];

		for (size_t k = 0; k < g->calls.n * spec->ncalls; k++)
			if (!strcmp(g->calls.a[k / spec->ncalls],
				    spec->calls[k % spec->ncalls].name))
				r = spec_error(&g->at, "leave out the group, or the call",
					       "with cut group \"%s\" the call \"%s\" doesn't work",
					       g->name, g->calls.a[k / spec->ncalls]);
	}
	return r;
}

int spec_check_needs(const struct spec *spec)
{
	for (size_t i = 0; i < spec->ngroups; i++) {
		const struct spec_group *g = &spec->groups[i];

		for (size_t k = 0, j; k < g->needs.n; k++) {
			char *cure = xasprintf("list \"%s\" in \"cuts\", too, or leave both out",
					       g->needs.a[k]);

			for (j = 0; j < spec->ngroups; j++)
				if (!strcmp(spec->groups[j].name, g->needs.a[k]))
					break;
			if (j == spec->ngroups)
				spec_error(&g->at, cure, "cut group \"%s\" needs \"%s\"", g->name,
					   g->needs.a[k]);
			free(cure);
			if (j == spec->ngroups)
				return -1;
		}
	}
	return 0;
}

/* Rejects two cuts of the same symbol's definition. */
static int check_conflicts(const struct spec *spec)
{
	struct strmap seen = {0};
	int r = 0;

	for (size_t i = 0; i < spec->ncuts && !r; i++) {
		const struct spec_cut *c = &spec->cuts[i];
		uint64_t *at;
		bool added;

		if (c->kind == CUT_DROP)
			continue;
		at = strmap_add(&seen, c->symbol, &added);
		if (added)
			*at = i;
		else
			r = spec_error(&c->at, "remove one of the two",
				       "\"%s\" is already cut at %s:%d", c->symbol,
				       spec->cuts[*at].at.file, spec->cuts[*at].at.line);
	}
	strmap_free(&seen);
	return r;
}

/* ---- the rest of the spec ---- */

static int load_calls(struct spec *spec, struct spec_file *f, json_t *array)
{
	struct strmap seen = {0};
	size_t i, n = json_array_size(array);
	json_t *v;
	int r = 0;

	spec->calls = xcalloc(n ? n : 1, sizeof(*spec->calls));
	json_array_foreach (array, i, v) {
		struct spec_call *c = &spec->calls[i];
		bool added;

		c->at = spec_at(f, "/calls/%zu", i);
		c->name = json_string_value(v);
		if (!c->name)
			r = spec_error(&c->at, "write its name in quotes",
				       "a call must be a string");
		else if (!(r = check_identifier(&c->at, c->name))) {
			strmap_add(&seen, c->name, &added);
			if (!added)
				r = spec_error(&c->at, "remove one", "call \"%s\" is listed twice",
					       c->name);
		}
		if (r)
			break;
		spec->ncalls++;
	}
	strmap_free(&seen);
	if (!r && !n) {
		struct spec_place at = spec_at(f, "/calls");

		r = spec_error(&at, "name at least one system call", "no calls");
	}
	return r;
}

static void add_keep(struct spec *spec, const struct spec_keep *k)
{
	spec->keep = xrealloc(spec->keep, (spec->nkeep + 1) * sizeof(*k));
	spec->keep[spec->nkeep++] = *k;
}

/* Keeps an object that the kernel looks up at run time, to which no edge leads. */
static int keep_named(struct spec *spec, struct spec_file *f, const char *p, json_t *v)
{
	static const struct spec_key keys[] = {
		{"named", ST_STRING, true}, {"type", ST_STRING, true}, {"why", ST_STRING, true}};
	struct spec_keep k = {.at = spec_at(f, "%s", p)};

	if (spec_check_keys(f, v, p, keys, ARRAY_LEN(keys)))
		return -1;
	k.name = json_string_value(json_object_get(v, "named"));
	k.type = json_string_value(json_object_get(v, "type"));
	add_keep(spec, &k);
	return 0;
}

static int keep_name(struct spec *spec, struct spec_file *f, const char *p, json_t *v, size_t any)
{
	struct spec_keep k = {.at = spec_at(f, "%s", p), .name = json_string_value(v), .any = any};

	if (!k.name)
		return spec_error(&k.at, "write its name in quotes", "a symbol must be a string");
	if (!strchr(k.name, '/') && check_identifier(&k.at, k.name))
		return -1;
	add_keep(spec, &k);
	return 0;
}

/* Alternatives for several trees. */
static int keep_any(struct spec *spec, struct spec_file *f, const char *p, json_t *v)
{
	static const struct spec_key keys[] = {{"any", ST_ARRAY, true}, {"why", ST_STRING, false}};
	size_t i, first = spec->nkeep + 1;
	json_t *name;

	if (spec_check_keys(f, v, p, keys, ARRAY_LEN(keys)))
		return -1;
	json_array_foreach (json_object_get(v, "any"), i, name)
		if (keep_name(spec, f, spec_own(f, xasprintf("%s/any/%zu", p, i)), name, first))
			return -1;
	return 0;
}

static int load_keep(struct spec *spec, struct spec_file *f, json_t *array)
{
	json_t *v;
	size_t i;

	json_array_foreach (array, i, v) {
		char *p = spec_own(f, xasprintf("/keep/%zu", i));

		if (!json_is_object(v)		? keep_name(spec, f, p, v, 0)
		    : json_object_get(v, "any") ? keep_any(spec, f, p, v)
						: keep_named(spec, f, p, v))
			return -1;
	}
	return 0;
}

static int is_call(const struct spec *spec, const struct spec_place *at, const char *name)
{
	for (size_t i = 0; i < spec->ncalls; i++)
		if (!strcmp(spec->calls[i].name, name))
			return 0;
	return spec_error(at, "add it to \"calls\"", "\"%s\" is not one of the calls", name);
}

/* Programs' paths are normalised before the comparison, so the prefix must be normalised, too. */
static int check_prefix(const struct spec *spec, const struct spec_route *r)
{
	const char *p = r->path;

	if (*p != '/')
		return spec_error(&r->at, "begin it with /", "\"%s\" is not an absolute path", p);
	if (!p[1])
		return spec_error(
			&r->at,
			"name a folder below it, as \"/sd\": programs need the host's own files",
			"all paths would go to the domain");
	for (const char *c = p; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/._-+", *c))
			return spec_error(&r->at, "use letters, digits and . _ - + only",
					  "'%c' in \"%s\"", *c, p);
	for (const char *c = p; c; c = strchr(c + 1, '/')) {
		size_t n = strcspn(c + 1, "/");

		if (!n || (n <= 2 && !strncmp(c + 1, "..", n)))
			return spec_error(
				&r->at, "write it without a slash at its end, without //, . and ..",
				"\"%s\" is not a normalised path", p);
	}
	for (size_t i = 0; i < spec->nroutes; i++) {
		const char *o = spec->routes[i].path;
		size_t n = o ? strlen(o) : 0, m = strlen(p), most = n < m ? n : m;

		if (o && !strncmp(o, p, most) && (n == m || (n < m ? p[n] : o[m]) == '/'))
			return spec_error(&r->at, "remove the one below the other",
					  n == m ? "there is already a route by \"%s\", as \"%s\""
						 : "one of \"%s\" and \"%s\" is below the other",
					  p, o);
	}
	return 0;
}

static void add_route(struct spec *spec, const struct spec_route *r)
{
	spec->routes = xrealloc(spec->routes, (spec->nroutes + 1) * sizeof(*r));
	spec->routes[spec->nroutes++] = *r;
}

static int route_kind_of(struct spec_route *r, const json_t *v)
{
	static const char *const keys[] = {"call", "path", "mirrored"};
	size_t kind = 0;
	int found = cut_keys_of(v, keys, ARRAY_LEN(keys), &kind);

	r->kind = kind;
	if (found != 1)
		return spec_error(
			&r->at, "give exactly one of call, path, mirrored; see specs/README.md",
			found ? "a route of %d kinds" : "a route without a kind (%d)", found);
	if (r->path && r->nwhen)
		return spec_error(&r->at, "remove it", "\"arg\" has no meaning for \"path\"");
	return 0;
}

bool condition_answers(const struct spec_condition *c, const char *value)
{
	return !spec_names_have(&c->unanswered, value);
}

static int load_unanswered(struct spec_file *f, json_t *v, const char *p, struct spec_condition *c)
{
	const char *pointer = spec_own(f, xasprintf("%s/unanswered", p));
	struct spec_place at = spec_at(f, "%s", pointer);

	if (spec_names_of(f, json_object_get(v, "unanswered"), pointer, &c->unanswered))
		return -1;
	for (size_t i = 0, k; i < c->unanswered.n; i++) {
		for (k = 0; k < c->nvalues && strcmp(c->values[k], c->unanswered.a[i]);)
			k++;
		if (k == c->nvalues)
			return spec_error(&at, "add it there, or remove it here",
					  "\"%s\" is not one of the \"values\"",
					  c->unanswered.a[i]);
	}
	return 0;
}

/* "arg", "values" and "mask" of a route or of one in its "and". */
static int load_condition(struct spec_file *f, json_t *v, const char *p, struct spec_route *r)
{
	struct spec_condition c = {.arg = json_string_value(json_object_get(v, "arg")),
				   .mask = json_string_value(json_object_get(v, "mask"))};
	struct spec_place at = spec_at(f, "%s", p);
	struct spec_names values;

	if (spec_names_of(f, json_object_get(v, "values"), spec_own(f, xasprintf("%s/values", p)),
			  &values))
		return -1;
	c.values = values.a;
	c.nvalues = values.n;
	if (load_unanswered(f, v, p, &c))
		return -1;
	if (!c.arg != !c.nvalues)
		return spec_error(&at, "give both, or none: then all calls of it go to the domain",
				  "\"%s\" without \"%s\"", c.arg ? "arg" : "values",
				  c.arg ? "values" : "arg");
	if (c.mask && !c.arg)
		return spec_error(&at, "give them, too", "\"mask\" without \"arg\" and \"values\"");
	if (c.arg && r->nwhen == SPEC_MAX_CONDITIONS)
		return spec_error(&at, "leave some out", "more than %d conditions",
				  SPEC_MAX_CONDITIONS);
	if (c.arg)
		r->when[r->nwhen++] = c;
	return 0;
}

static int load_conditions(struct spec_file *f, json_t *v, const char *p, struct spec_route *r)
{
	static const struct spec_key keys[] = {{"arg", ST_STRING, true},
					       {"values", ST_ARRAY, true},
					       {"mask", ST_STRING},
					       {"unanswered", ST_NAMES}};
	json_t *and = json_object_get(v, "and"), *one;
	size_t i;

	if (load_condition(f, v, p, r))
		return -1;
	if (and&&!r->nwhen)
		return spec_error(&r->at, "give \"arg\" and \"values\" for the first condition",
				  "\"and\" without \"arg\"");
	json_array_foreach (and, i, one) {
		const char *at = spec_own(f, xasprintf("%s/and/%zu", p, i));

		if (spec_check_keys(f, one, at, keys, ARRAY_LEN(keys)) ||
		    load_condition(f, one, at, r))
			return -1;
	}
	return 0;
}

static int load_route(struct spec *spec, struct spec_file *f, json_t *v, const char *p)
{
	static const struct spec_key keys[] = {{"call", ST_STRING},    {"path", ST_STRING},
					       {"mirrored", ST_NAMES}, {"arg", ST_STRING},
					       {"values", ST_ARRAY},   {"mask", ST_STRING},
					       {"and", ST_ARRAY},      {"unanswered", ST_NAMES}};
	struct spec_route r = {.at = spec_at(f, "%s", p)};
	struct spec_names mirrored;

	if (spec_check_keys(f, v, p, keys, ARRAY_LEN(keys)) ||
	    spec_names_of(f, json_object_get(v, "mirrored"),
			  spec_own(f, xasprintf("%s/mirrored", p)), &mirrored))
		return -1;
	r.call = json_string_value(json_object_get(v, "call"));
	r.path = json_string_value(json_object_get(v, "path"));
	if (load_conditions(f, v, p, &r) || route_kind_of(&r, v) ||
	    (r.path && check_prefix(spec, &r)) || (r.call && is_call(spec, &r.at, r.call)))
		return -1;
	if (r.kind != ROUTE_MIRRORED)
		add_route(spec, &r);
	for (size_t i = 0; r.kind == ROUTE_MIRRORED && i < mirrored.n; i++) {
		r.call = mirrored.a[i];
		if (is_call(spec, &r.at, r.call))
			return -1;
		add_route(spec, &r);
	}
	return 0;
}

static int load_routes(struct spec *spec, struct spec_file *f, json_t *array)
{
	size_t i;
	json_t *v;

	json_array_foreach (array, i, v)
		if (load_route(spec, f, v, spec_own(f, xasprintf("/routes/%zu", i))))
			return -1;
	return 0;
}

/* Names of groups, and groups in the spec itself. */
static int load_annotations(struct spec *spec, struct spec_file *f, json_t *v)
{
	json_t *one;
	size_t i;

	if (!json_is_array(v) || !json_array_size(v))
		return spec_names_of(f, v, "/annotations", &spec->annotations);
	spec->annotations.a =
		spec_own(f, xcalloc(json_array_size(v), sizeof(*spec->annotations.a)));
	spec->own = spec_own(f, xcalloc(json_array_size(v), sizeof(*spec->own)));
	json_array_foreach (v, i, one) {
		struct spec_place at = spec_at(f, "/annotations/%zu", i);

		if (json_is_object(one))
			spec->own[spec->nown++] = one;
		else if (json_string_length(one))
			spec->annotations.a[spec->annotations.n++] = json_string_value(one);
		else
			return spec_error(
				&at,
				"write a group's name in quotes, or a group: { \"calls\": { ... } }",
				"must be a non-empty string or an object");
	}
	return 0;
}

static const struct spec_key top_keys[] = {
	{"name", ST_STRING, true},	 {"description", ST_STRING, false},
	{"config", ST_STRING, true},	 {"calls", ST_ARRAY, true},
	{"routes", ST_ARRAY, false},	 {"annotations", ST_NAMES, false},
	{"cuts", ST_ARRAY, false},	 {"keep", ST_ARRAY, false},
	{"devices", ST_ARRAY, false},	 {"ram", ST_STRING, false},
	{"machine", ST_STRING, false},	 {"transport", ST_STRING, false},
	{"registries", ST_NAMES, false},
};

/* The slicer uses only the machine's link.sh. */
static int load_machine(struct spec *spec, struct spec_file *f, json_t *machine)
{
	struct spec_place at = spec_at(f, "/machine");
	char *link;
	int r = 0;

	spec->machine = xstrdup(machine ? json_string_value(machine) : KSLICE_MACHINE);
	if (check_identifier(&at, spec->machine))
		return -1;
	link = xasprintf("%s/runtime/machine/%s/link.sh", repo_root(), spec->machine);
	if (access(link, R_OK))
		r = spec_error(&at, "name a folder of runtime/machine", "%s can't be read", link);
	free(link);
	return r;
}

/* Of a transport it wants the domain's side, which images hold. */
static int load_transport(struct spec *spec, struct spec_file *f, json_t *transport)
{
	struct spec_place at = spec_at(f, "/transport");
	char *server;
	int r = 0;

	spec->transport = xstrdup(transport ? json_string_value(transport) : KSLICE_TRANSPORT);
	if (check_identifier(&at, spec->transport))
		return -1;
	server = xasprintf("%s/runtime/transport/%s/%s_server.c", repo_root(), spec->transport,
			   spec->transport);
	if (access(server, R_OK))
		r = spec_error(&at, "name a folder of runtime/transport with a domain's side",
			       "%s can't be read", server);
	free(server);
	return r;
}

static int spec_load_all(struct spec *spec, struct spec_file *f)
{
	json_t *j = f->json;
	struct spec_place at;
	char *real;

	if (spec_check_keys(f, j, "", top_keys, ARRAY_LEN(top_keys)))
		return -1;
	spec->json = j;
	spec->name = xstrdup(json_string_value(json_object_get(j, "name")));
	spec->of_tree = xstrdup("");
	spec->generated = spec_stubs("", spec->name);
	at = spec_at(f, "/name");
	if (check_identifier(&at, spec->name))
		return -1;
	if (json_object_get(j, "description"))
		spec->description = xstrdup(json_string_value(json_object_get(j, "description")));
	spec->config =
		spec_path_beside(spec->path, json_string_value(json_object_get(j, "config")));
	at = spec_at(f, "/config");
	/* absolute, for programs that run in other directories */
	real = realpath(spec->config, NULL);
	if (!real || access(real, R_OK))
		return spec_error(&at, "name a Kconfig fragment beside the spec",
				  "%s can't be read", spec->config);
	free(spec->config);
	spec->config = real;
	if (load_calls(spec, f, json_object_get(j, "calls")) ||
	    load_keep(spec, f, json_object_get(j, "keep")) ||
	    load_routes(spec, f, json_object_get(j, "routes")) ||
	    load_annotations(spec, f, json_object_get(j, "annotations")) ||
	    spec_load_devices(spec, f, json_object_get(j, "devices")) ||
	    load_machine(spec, f, json_object_get(j, "machine")) ||
	    load_transport(spec, f, json_object_get(j, "transport")) ||
	    registries_load_all(spec, f, json_object_get(j, "registries")) ||
	    load_cuts(spec, f, json_object_get(j, "cuts")))
		return -1;
	return check_lost_calls(spec) || spec_check_needs(spec) ? -1 : check_conflicts(spec);
}

int spec_load(struct spec *spec, const char *path)
{
	struct spec_file *f;

	memset(spec, 0, sizeof(*spec));
	spec->path = xstrdup(path);
	f = spec_chain_file(
		spec,
		spec_file_load(path, "give the path of a spec, or the name of one in specs/"));
	if (!f || spec_load_all(spec, f)) {
		spec_free(spec);
		return -1;
	}
	return 0;
}

int spec_add(struct spec *spec, const char *path)
{
	static const struct spec_key keys[] = {{"description", ST_STRING, true},
					       {"keep", ST_ARRAY, false},
					       {"cuts", ST_ARRAY, false}};
	struct spec_file *f = spec_chain_file(spec, spec_file_load(path, NULL));

	if (!f || spec_check_keys(f, f->json, "", keys, ARRAY_LEN(keys)) ||
	    load_keep(spec, f, json_object_get(f->json, "keep")) ||
	    load_cuts(spec, f, json_object_get(f->json, "cuts")))
		return -1;
	return check_conflicts(spec);
}

void spec_free(struct spec *spec)
{
	struct spec_file *f, *next;

	for (f = spec->files; f; f = next) {
		next = f->next;
		spec_file_free(f);
	}
	for (size_t i = 0; i < spec->ncuts; i++)
		remote_free(spec->cuts[i].remote);
	free(spec->path);
	free(spec->name);
	free(spec->description);
	free(spec->machine);
	free(spec->transport);
	free(spec->config);
	free(spec->of_tree);
	free(spec->generated);
	free(spec->calls);
	free(spec->cuts);
	free(spec->groups);
	free(spec->keep);
	free(spec->routes);
	registries_free(spec);
	memset(spec, 0, sizeof(*spec));
}
