// SPDX-License-Identifier: GPL-2.0
/* remote.c: calls into other domains. See remote.h. */
#include "spec/remote.h"
#include "stubs/types.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the other domain ---- */

static char *generated_file(const struct spec_cut *c, const char *name)
{
	return xasprintf("%s/generated/%s/%s", repo_root(), c->domain, name);
}

/* Beside the spec, or one of the repo's. */
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

static int check_domain(const struct spec *spec, const struct spec_cut *c)
{
	char *path = domain_spec(spec, c->domain);
	struct spec other;
	int r = -1;

	if (!strcmp(c->domain, spec->name))
		spec_error(&c->at, "call the function itself", "\"%s\" is this domain", c->domain);
	else if (!path)
		spec_error(&c->at, "its spec is to lie beside this one or in specs/",
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

/* The stub's name and parameters, as generated/<domain>/summary.json has them. */
static int read_summary(const struct spec_cut *c, struct remote *r)
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

/* The client_*.c that defines the stub. */
static int find_unit(const struct spec_cut *c, struct remote *r)
{
	char *dir = generated_file(c, ""),
	     *mark = xasprintf("sd_%s_stub_%s(struct sd_lane", c->domain, r->call);
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

static int read_contract(const struct spec_cut *c, struct remote *r)
{
	char *path = generated_file(c, "contract.h"), *text = read_file(path, NULL);
	const char *at = text ? strstr(text, "SD_STUBS_CONTRACT 0x") : NULL;

	if (at)
		r->contract = (unsigned)strtoul(at + strlen("SD_STUBS_CONTRACT "), NULL, 16);
	free(text);
	free(path);
	return at ? 0 : -1;
}

int remote_resolve(struct spec *spec)
{
	for (size_t i = 0; i < spec->ncuts; i++) {
		struct spec_cut *c = &spec->cuts[i];
		char *cure;

		if (c->kind != CUT_REMOTE)
			continue;
		if (check_domain(spec, c))
			return -1;
		c->remote = xcalloc(1, sizeof(*c->remote));
		if (!read_summary(c, c->remote) && !find_unit(c, c->remote) &&
		    !read_contract(c, c->remote))
			continue;
		cure = xasprintf("make them: kslice stubs %s", c->domain);
		spec_error(&c->at, cure, "generated/%s has no stub of \"%s\"", c->domain, c->call);
		free(cure);
		return -1;
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
	free(r->call);
	free(r->unit);
	free(r);
}

/* ---- the overlay tree ---- */

/* Is cut i the first with its domain (unit false), or with its file of that domain? */
static bool is_first(const struct spec *spec, size_t i, bool unit)
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

static void kbuild_text(const struct spec *spec, struct strbuf *b)
{
	for (size_t i = 0; i < spec->ncuts; i++) {
		const struct spec_cut *c = &spec->cuts[i];

		if (c->kind == CUT_REMOTE && is_first(spec, i, true))
			sb_printf(b, "obj-y += %s/%s.o\n", c->domain, c->remote->unit);
	}
}

uint64_t remote_key(const struct spec *spec)
{
	struct strbuf b = {0};
	uint64_t key = 0;

	kbuild_text(spec, &b);
	if (b.len)
		key = hash64(b.s, b.len, 0);
	sb_free(&b);
	return key;
}

int remote_overlay(const struct spec *spec, const char *overlay)
{
	struct strbuf b = {0};
	char *dir = xasprintf("%s/arch/sd/peer", overlay), *kbuild = xasprintf("%s/Kbuild", dir);
	int r = 0;

	kbuild_text(spec, &b);
	if (b.len)
		r = make_dirs(dir) ? -1 : write_file(kbuild, b.s, b.len);
	for (size_t i = 0; i < spec->ncuts && !r; i++) {
		const struct spec_cut *c = &spec->cuts[i];
		char *from, *to;

		if (c->kind != CUT_REMOTE || !is_first(spec, i, false))
			continue;
		from = xasprintf("%s/generated/%s", repo_root(), c->domain);
		to = xasprintf("%s/%s", dir, c->domain);
		if (symlink(from, to))
			r = err(to, NULL, "%s", strerror(errno));
		free(from);
		free(to);
	}
	sb_free(&b);
	free(dir);
	free(kbuild);
	return r;
}

/* ---- the function ---- */

static bool agrees(const struct type *t, const char *want)
{
	if (!strcmp(want, "ptr"))
		return t->kind == TYPE_PTR;
	return t->kind == TYPE_INT && t->size * 8 == strtoul(want + 1, NULL, 10);
}

static int compare(const struct spec_cut *c, const struct calltype *fn, const char *place)
{
	struct remote *r = c->remote;

	if (!fn->result || fn->result->kind != TYPE_INT || fn->result->size < 4)
		return spec_error(&c->at, "it returns what the call does: long",
				  "%s in %s returns no number of that size", c->symbol, place);
	if (fn->nparams != r->n)
		return spec_error(&c->at, "give it the call's parameters",
				  "%s in %s has %u parameters, %s of %s has %u", c->symbol, place,
				  fn->nparams, r->call, c->domain, r->n);
	for (unsigned i = 0; i < r->n; i++) {
		const struct param *p = &fn->param[i];

		if (!agrees(p->type, r->types[i]))
			return spec_error(
				&c->at, "give it the call's parameters",
				"parameter %u of %s in %s, %s %s, differs from that of %s of %s (%s)",
				i + 1, c->symbol, place, p->type->name, p->name, r->call, c->domain,
				r->types[i]);
		if (!*p->name)
			return spec_error(&c->at, "give it a name",
					  "parameter %u of %s in %s has no name", i + 1, c->symbol,
					  place);
	}
	return 0;
}

int remote_match(const struct graph *g, uint32_t gdef, struct spec_cut *c)
{
	const char *file = graph_file(g, gdef);
	char *place = xasprintf("%s:%u", file, graph_def(g, gdef)->line);
	struct types t = {0};
	struct calltype fn;
	int r = -1;

	if (graph_def(g, gdef)->flags & DEF_HEADER)
		spec_error(&c->at, "name a function of a .c file", "%s stands in a header, %s",
			   c->symbol, place);
	else
		r = types_function(&t, g->db, file, c->symbol, &fn);
	if (!r)
		r = compare(c, &fn, place);
	for (unsigned i = 0; !r && i < fn.nparams; i++) {
		free(c->remote->names[i]);
		c->remote->names[i] = xstrdup(fn.param[i].name);
		c->remote->pointer[i] = fn.param[i].type->kind == TYPE_PTR;
	}
	types_free(&t);
	free(place);
	return r;
}

char *remote_names(const struct spec_cut *c)
{
	return xasprintf("sd_remote_call sd_%s_stub_%s", c->domain, c->remote->call);
}

/* Declarations inside the body, so that any file of the tree will do; they must agree with the
 * header's where it is there. */
char *remote_body(const struct spec_cut *c, bool declared)
{
	static const char plain[] = "int (*)(void *, long *, const unsigned long long *)";
	const struct remote *r = c->remote;
	struct strbuf b = {0};

	if (declared)
		sb_printf(
			&b,
			"{ extern enum sd_status sd_%s_stub_%s(struct sd_lane *lane, long *ret, const u64 a[6]);",
			c->domain, r->call);
	else
		sb_printf(
			&b,
			"{ extern int sd_%s_stub_%s(void *, long *, const unsigned long long *); "
			"extern long sd_remote_call(const char *, unsigned int, %s, const unsigned long long *);",
			c->domain, r->call, plain);
	sb_puts(&b, " const unsigned long long arg[6] = {");
	for (unsigned i = 0; i < r->n; i++)
		sb_printf(&b, r->pointer[i] ? "%s(unsigned long)%s" : "%s%s", i ? ", " : " ",
			  r->names[i]);
	sb_printf(&b, " }; return sd_remote_call(\"%s\", 0x%08xu, sd_%s_stub_%s, arg); }",
		  c->domain, r->contract, c->domain, r->call);
	return b.s;
}

json_t *remote_peers(const struct spec *spec)
{
	json_t *peers = NULL;

	for (size_t i = 0; i < spec->ncuts; i++) {
		json_t *calls;

		if (spec->cuts[i].kind != CUT_REMOTE || !is_first(spec, i, false))
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
