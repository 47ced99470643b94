// SPDX-License-Identifier: GPL-2.0
/* registries.c: JSON => struct registry. See registries.h. */
#include "spec/registries.h"
#include "base/arch.h"
#include "spec/json.h"
#include <stdlib.h>

static int load_calls(struct spec_file *f, json_t *v, const char *p, bool finds,
		      struct registry_calls *c)
{
	static const struct spec_key keys[] = {
		{"call", ST_NAMES, true}, {"any", ST_TRUE}, {"arg", ST_NUMBER}};

	*c = (struct registry_calls){.at = spec_at(f, "%s", p)};
	if (spec_check_keys(f, v, p, keys, finds ? 3 : 2) ||
	    spec_names_of(f, json_object_get(v, "call"), spec_own(f, xasprintf("%s/call", p)),
			  &c->names))
		return -1;
	c->any = json_object_get(v, "any");
	c->arg = json_integer_value(json_object_get(v, "arg"));
	return 0;
}

static int load_all_calls(struct spec_file *f, json_t *array, const char *p, bool finds,
			  struct registry_calls **out, size_t *n)
{
	json_t *v;
	size_t i;

	*out = spec_own(f, xcalloc(json_array_size(array) + 1, sizeof(**out)));
	json_array_foreach (array, i, v)
		if (load_calls(f, v, spec_own(f, xasprintf("%s/%zu", p, i)), finds, &(*out)[i]))
			return -1;
	*n = json_array_size(array);
	return 0;
}

static int load_ask(struct spec_file *f, json_t *v, const char *p, struct registry_ask *a)
{
	static const struct spec_key keys[] = {{"route", ST_NAMES},   {"arg", ST_STRING},
					       {"device", ST_STRING}, {"option", ST_STRING},
					       {"as", ST_STRING},     {"all", ST_TRUE},
					       {"with", ST_NAMES},    {"optional", ST_TRUE}};
	static const char *const kinds[] = {"route", "device", "option", "all"};
	struct spec_place at = spec_at(f, "%s", p);
	const char *as = json_string_value(json_object_get(v, "as"));
	unsigned found = 0;

	if (spec_check_keys(f, v, p, keys, ARRAY_LEN(keys)) ||
	    spec_names_of(f, json_object_get(v, "route"), spec_own(f, xasprintf("%s/route", p)),
			  &a->calls) ||
	    spec_names_of(f, json_object_get(v, "with"), spec_own(f, xasprintf("%s/with", p)),
			  &a->with))
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!json_object_get(v, kinds[i]))
			continue;
		found++;
		a->kind = i;
	}
	if (found != 1)
		return spec_error(&at, "give exactly one of route, device, option, all",
				  "a key asked for in %u ways", found);
	if ((a->kind == ASK_ROUTE) != !!json_object_get(v, "arg"))
		return spec_error(&at, "a route needs it, and nothing else has it",
				  "\"arg\" and \"route\" belong together");
	if (as &&
	    (a->kind != ASK_OPTION || !strstr(as, "%s") || strchr(as, '%') != strrchr(as, '%')))
		return spec_error(&at, "write the option's value as %s: \"cp%s\"",
				  "\"as\" must belong to an option, and have one %%s");
	a->name = json_string_value(
		json_object_get(v, a->kind == ASK_ROUTE ? "arg" : kinds[a->kind]));
	a->as = as;
	a->optional = json_object_get(v, "optional");
	return 0;
}

static int load_registry(struct spec_file *f, json_t *v, const char *p, struct registry *r)
{
	static const struct spec_key keys[] = {
		{"name", ST_STRING, true}, {"keys", ST_NAMES},
		{"words", ST_TRUE},	   {"register", ST_ARRAY, true},
		{"find", ST_ARRAY, true},  {"asked", ST_ARRAY},
		{"why", ST_STRING}};
	json_t *asked = json_object_get(v, "asked"), *one;
	size_t i;

	*r = (struct registry){.at = spec_at(f, "%s", p)};
	if (spec_check_keys(f, v, p, keys, ARRAY_LEN(keys)) ||
	    spec_names_of(f, json_object_get(v, "keys"), spec_own(f, xasprintf("%s/keys", p)),
			  &r->keys) ||
	    load_all_calls(f, json_object_get(v, "register"),
			   spec_own(f, xasprintf("%s/register", p)), false, &r->registers,
			   &r->nregisters) ||
	    load_all_calls(f, json_object_get(v, "find"), spec_own(f, xasprintf("%s/find", p)),
			   true, &r->finds, &r->nfinds))
		return -1;
	r->name = json_string_value(json_object_get(v, "name"));
	r->words = json_object_get(v, "words");
	r->asks = spec_own(f, xcalloc(json_array_size(asked) + 1, sizeof(*r->asks)));
	json_array_foreach (asked, i, one)
		if (load_ask(f, one, spec_own(f, xasprintf("%s/asked/%zu", p, i)),
			     &r->asks[r->nasks++]))
			return -1;
	return 0;
}

static int registries_load(struct spec *spec, struct spec_file *f)
{
	static const struct spec_key keys[] = {{"registries", ST_ARRAY, true}};
	json_t *array, *v;
	size_t i;

	if (spec_check_keys(f, f->json, "", keys, ARRAY_LEN(keys)))
		return -1;
	array = json_object_get(f->json, "registries");
	spec->registries = xrealloc(spec->registries, (spec->nregistries + json_array_size(array) +
						       1) * sizeof(*spec->registries));
	json_array_foreach (array, i, v)
		if (load_registry(f, v, spec_own(f, xasprintf("/registries/%zu", i)),
				  &spec->registries[spec->nregistries++]))
			return -1;
	return 0;
}

/* Those of Linux, which the mini trees of tests aren't, and the spec's own. */
int registries_load_all(struct spec *spec, struct spec_file *f, json_t *v)
{
	static const char cure[] = "name files relative to the spec";
	char *path = xasprintf("%s/specs/registries/linux.json", repo_root());
	struct spec_names names;
	struct spec_file *one;
	int r = 0;

	if (!strcmp(arch_name(), "sd")) {
		one = spec_chain_file(spec, spec_file_load(path, NULL));
		r = one ? registries_load(spec, one) : -1;
	}
	free(path);
	if (r || spec_names_of(f, v, "/registries", &names))
		return -1;
	for (size_t i = 0; i < names.n && !r; i++) {
		path = spec_path_beside(spec->path, names.a[i]);
		one = spec_chain_file(spec, spec_file_load(path, cure));
		r = one ? registries_load(spec, one) : -1;
		free(path);
	}
	return r;
}

void registries_free(struct spec *spec)
{
	free(spec->registries);
	spec->registries = NULL;
	spec->nregistries = 0;
}
