// SPDX-License-Identifier: GPL-2.0
/* remote.c: `remote` cuts + the other domains' specs and stubs => struct remote. See remote.h. */
#include "spec/remote.h"
#include "base/util.h"
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static char *generated_file(const struct spec_cut *c, const char *name)
{
	return xasprintf("%s/%s", c->remote->stubs, name);
}

/* In the spec's folder, else in the repo's specs/. */
static char *domain_spec(const struct spec *spec, const char *domain)
{
	const char *slash = strrchr(spec->path, '/');
	char *path = xasprintf("%.*s%s.json", slash ? (int)(slash + 1 - spec->path) : 0, spec->path,
			       domain);

	if (!access(path, R_OK))
		return path;
	free(path);
	path = xasprintf("%s/specs/%s.json", repo_root(), domain);
	if (!access(path, R_OK))
		return path;
	free(path);
	return NULL;
}

static int remote_check_domain(const struct spec *spec, const struct spec_cut *c)
{
	char *path = domain_spec(spec, c->domain);
	struct spec other;
	int r = -1;

	if (!strcmp(c->domain, spec->name))
		spec_error(&c->at, "call the function itself", "\"%s\" is this domain", c->domain);
	else if (!path)
		spec_error(&c->at, "its spec must be beside this one or in specs/",
			   "no domain \"%s\"", c->domain);
	else if (spec_load(&other, path))
		spec_error(&c->at, NULL, "the spec of domain \"%s\" can't be loaded", c->domain);
	else {
		for (size_t i = 0; i < other.ncalls && r; i++)
			if (!strcmp(other.calls[i].name, c->call))
				r = 0;
		if (r)
			spec_error(&c->at, "name one of them, or add it there",
				   "\"%s\" is not one of the calls of %s", c->call, path);
		spec_free(&other);
	}
	free(path);
	return r;
}

/* Reads the stub's name and parameters from the domain's summary.json. */
static int remote_read_summary(const struct spec_cut *c, struct remote *r)
{
	char *path = generated_file(c, "summary.json");
	json_t *s = json_load_file(path, 0, NULL), *call, *t;
	size_t i, k;

	json_array_foreach (json_object_get(s, "calls"), i, call) {
		const char *name = json_string_value(json_object_get(call, "name")) ?: "";
		const char *function = json_string_value(json_object_get(call, "function")) ?: "";

		if (strcmp(name, c->call) &&
		    (!starts_with(function, "sys_") || strcmp(function + 4, c->call)))
			continue;
		r->call = xstrdup(name);
		json_array_foreach (json_object_get(call, "types"), k, t)
			if (r->n < 6)
				r->types[r->n++] = xstrdup(json_string_value(t) ?: "");
	}
	json_decref(s);
	free(path);
	return r->call ? 0 : -1;
}

/* Finds the client_*.c that defines the stub. */
static int remote_find_unit(const struct spec_cut *c, struct remote *r)
{
	char *dir = generated_file(c, ""),
	     *mark = xasprintf("sd_%s_stub_%s(struct sd_qp", c->domain, r->call);
	DIR *d = opendir(dir);

	for (struct dirent *e; d && !r->unit && (e = readdir(d));) {
		char *path, *text;

		if (!starts_with(e->d_name, "client_") || !ends_with(e->d_name, ".c"))
			continue;
		path = generated_file(c, e->d_name);
		text = read_file(path, NULL);
		if (text && strstr(text, mark))
			r->unit = xasprintf("%.*s", (int)strlen(e->d_name) - 2, e->d_name);
		free(text);
		free(path);
	}
	if (d)
		closedir(d);
	free(mark);
	free(dir);
	return r->unit ? 0 : -1;
}

static int remote_read_abi(const struct spec_cut *c, struct remote *r)
{
	char *path = generated_file(c, "stubs_abi.h"), *text = read_file(path, NULL);
	const char *at = text ? strstr(text, "SD_STUBS_ABI 0x") : NULL;

	if (at)
		r->abi = (unsigned)strtoul(at + strlen("SD_STUBS_ABI "), NULL, 16);
	free(text);
	free(path);
	return at ? 0 : -1;
}

static int report_no_stub(const struct spec_cut *c)
{
	char *usual = spec_stubs("", c->domain);
	bool other = strcmp(c->remote->stubs, usual);
	char *cure =
		xasprintf("make them%s %s",
			  other ? ", of the same tree: kslice stubs --tree=TREE" : ": kslice stubs",
			  c->domain);

	spec_error(&c->at, cure, "%s has no stub of \"%s\"", c->remote->stubs, c->call);
	free(cure);
	free(usual);
	return -1;
}

/* Of the same tree. */
static char *stubs_of(const struct spec *spec, const char *domain, bool given)
{
	char *dir = spec_stubs(spec->of_tree, domain);

	if (!given || !access(dir, F_OK))
		return dir;
	free(dir);
	return spec_stubs("", domain);
}

int remote_resolve(struct spec *spec, bool given)
{
	for (size_t i = 0; i < spec->ncuts; i++) {
		struct spec_cut *c = &spec->cuts[i];

		if (c->kind != CUT_REMOTE)
			continue;
		if (remote_check_domain(spec, c))
			return -1;
		c->remote = xcalloc(1, sizeof(*c->remote));
		c->remote->stubs = stubs_of(spec, c->domain, given);
		if (!remote_read_summary(c, c->remote) && !remote_find_unit(c, c->remote) &&
		    !remote_read_abi(c, c->remote))
			continue;
		return report_no_stub(c);
	}
	return 0;
}

void remote_free(struct remote *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < 6; i++) {
		free(r->types[i]);
		free(r->names[i]);
	}
	free(r->stubs);
	free(r->call);
	free(r->unit);
	free(r);
}

bool remote_is_first(const struct spec *spec, size_t i, bool unit)
{
	const struct spec_cut *c = &spec->cuts[i];

	for (size_t k = 0; k < i; k++) {
		const struct spec_cut *o = &spec->cuts[k];

		if (o->kind == CUT_REMOTE && !strcmp(o->domain, c->domain) &&
		    (!unit || !strcmp(o->remote->unit, c->remote->unit)))
			return false;
	}
	return true;
}
