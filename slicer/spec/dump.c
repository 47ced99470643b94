// SPDX-License-Identifier: GPL-2.0
/* dump.c: struct spec => text (kslice --dump-after=spec). With groups expanded and places. */
#include "spec/spec.h"

static void dump_names(const char *what, const struct spec_names *names, FILE *out)
{
	for (size_t i = 0; i < names->n; i++)
		fprintf(out, "%s%s", i ? ", " : what, names->a[i]);
}

static void dump_place(const struct spec_place *at, FILE *out)
{
	fprintf(out, " (%s:%d)\n", at->file, at->line);
}

static void dump_cut(const struct spec_cut *c, FILE *out)
{
	fprintf(out, "cut %s %s", cut_kind_name(c->kind), c->symbol);
	dump_names(" in ", &c->in, out);
	dump_names(" naming ", &c->naming, out);
	if (c->value)
		fprintf(out, " value %s", c->value);
	if (c->with)
		fprintf(out, " with %s", c->with);
	if (c->domain)
		fprintf(out, " as %s of %s", c->call, c->domain);
	if (c->group)
		fprintf(out, " of group %s", c->group);
	dump_place(&c->at, out);
}

static void dump_route(const struct spec_route *r, FILE *out)
{
	if (r->kind == ROUTE_PATH)
		fprintf(out, "route paths below %s", r->path);
	else
		fprintf(out, "route %s%s", r->kind == ROUTE_MIRRORED ? "mirrored " : "", r->call);
	for (size_t k = 0; k < r->nwhen; k++) {
		const struct spec_condition *c = &r->when[k];

		fprintf(out, " %s %s%s%s is", k ? "and" : "where", c->arg, c->mask ? " & " : "",
			c->mask ?: "");
		for (size_t i = 0; i < c->nvalues; i++)
			fprintf(out, " %s", c->values[i]);
	}
	dump_place(&r->at, out);
}

void spec_dump(const struct spec *spec, FILE *out)
{
	fprintf(out, "name %s\nconfig %s\n", spec->name, spec->config);
	for (size_t i = 0; i < spec->ncalls; i++) {
		fprintf(out, "call %s", spec->calls[i].name);
		dump_place(&spec->calls[i].at, out);
	}
	for (size_t i = 0; i < spec->ngroups; i++)
		fprintf(out, "group %s, lost: %s\n", spec->groups[i].name, spec->groups[i].lost);
	for (size_t i = 0; i < spec->ncuts; i++)
		dump_cut(&spec->cuts[i], out);
	for (size_t i = 0; i < spec->nkeep; i++) {
		const struct spec_keep *k = &spec->keep[i];

		fprintf(out, "keep %s", k->name);
		if (k->type)
			fprintf(out, ", a %s", k->type);
		dump_place(&k->at, out);
	}
	for (size_t i = 0; i < spec->nroutes; i++)
		dump_route(&spec->routes[i], out);
	dump_names("annotations ", &spec->annotations, out);
	if (spec->annotations.n)
		putc('\n', out);
}
