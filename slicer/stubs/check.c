// SPDX-License-Identifier: GPL-2.0
/*
 * check.c: struct marshal => the list `kslice check` prints: per call how each parameter is passed,
 * and what was inferred (no mark), annotated (=) or is unsure (?).
 */
#include "stubs/marshal.h"
#include "stubs/emit.h"
#include "spec/spec.h"
#include "stubs/stubs.h"
#include "base/util.h"

#include <inttypes.h>
#include <stdio.h>

static const char *dir_name(enum dir d)
{
	static const char *const names[] = {"?", "in", "out", "inout"};

	return names[d];
}

static void describe_len(const struct mval *v, const struct mval *list, struct strbuf *b)
{
	const char *of = v->of >= 0 ? list[v->of].name : "";

	switch (v->len) {
	case LEN_FIXED:
		sb_printf(b, " %zu bytes", v->bytes);
		break;
	case LEN_ARG:
		sb_printf(b, v->elem_size > 1 ? " %s x %zu" : " %s", of, v->elem_size);
		break;
	case LEN_VR:
		sb_printf(b, " *%s", of);
		break;
	case LEN_BITS:
		sb_printf(b, " %s bits", of);
		break;
	case LEN_STR:
		sb_puts(b, " string");
		break;
	}
}

void describe_value(const struct mval *v, const struct mval *list, struct strbuf *b)
{
	sb_puts(b, v->name);
	switch (v->pass) {
	case PASS_SCALAR:
		sb_puts(b, v->fd ? ": fd" : "");
		break;
	case PASS_PTR:
		sb_printf(b, ": %s", dir_name(v->dir));
		describe_len(v, list, b);
		if (v->st)
			sb_printf(b, " as %s", v->st->name);
		if (v->path)
			sb_printf(b, v->dirfd < 0 ? ", a path" : ", a path of %s",
				  v->dirfd < 0 ? "" : list[v->dirfd].name);
		break;
	case PASS_VR:
		sb_printf(b, ": length of %s", list[v->of].name);
		break;
	case PASS_INLINE:
		sb_printf(b, ": %s", v->st->name);
		break;
	case PASS_SWITCH:
		sb_printf(b, ": %zu cases of %s", v->ncases, list[v->on[0]].name);
		break;
	case PASS_REFUSE:
		sb_puts(b, ": refused");
		break;
	}
}

static unsigned print_list(const char *what, const struct mval *list, unsigned n, unsigned count[3])
{
	struct strbuf b = {0};
	unsigned bad = 0;

	sb_printf(&b, "  %s(", what);
	for (unsigned i = 0; i < n; i++) {
		sb_puts(&b, i ? ", " : "");
		describe_value(&list[i], list, &b);
		sb_puts(&b, list[i].how == HOW_ANNOTATED ? " ="
			    : list[i].how == HOW_UNSURE	 ? " ?"
							 : "");
		count[list[i].how]++;
	}
	printf("%s)\n", b.s);
	for (unsigned i = 0; i < n; i++) {
		if (list[i].how != HOW_UNSURE)
			continue;
		err(what, "settle it in specs/annotations (README.md there)", "%s is unsure: %s",
		    list[i].name, list[i].note);
		bad++;
	}
	sb_free(&b);
	return bad;
}

static unsigned print_cases(const struct mcall *c, const struct mval *v)
{
	unsigned bad = 0;

	for (size_t i = 0; i < v->ncases; i++) {
		if (v->cases[i].val.how != HOW_UNSURE)
			continue;
		err(c->ct->name, "settle it in specs/annotations (README.md there)",
		    "%s, case %s is unsure: %s", v->name, v->cases[i].label, v->cases[i].val.note);
		bad++;
	}
	return bad;
}

/* Only set by annotations, so = */
static void print_early(const struct mcall *c)
{
	if (c->known)
		printf("    completes early with %" PRId64 " =\n", c->result);
	else if (c->early >= 0)
		printf("    completes early with %s for %s, where %s has credit =\n",
		       c->p[c->p[c->early].of].name, c->p[c->early].name, c->p[c->credit].name);
	else if (c->credit >= 0)
		printf("    tells the credit of %s =\n", c->p[c->credit].name);
}

static unsigned print_result(const struct mcall *c, unsigned count[3])
{
	const struct mresult *r = &c->result_is;

	count[r->how]++;
	if (r->how == HOW_UNSURE) {
		err(c->ct->name, "say \"result\" in specs/annotations (README.md there)",
		    "the result is unsure: what is its maximum?");
		return 1;
	}
	if (r->of >= 0)
		printf("    returns at most %u x %s%s\n", r->times, c->p[r->of].name,
		       r->how == HOW_ANNOTATED ? " =" : "");
	else if (r->most)
		printf("    returns at most %" PRId64 " =\n", r->most);
	return 0;
}

/* Printed because the parameter's type doesn't show it: found by its name, or annotated. */
static void print_cloexec(const struct mcall *c)
{
	if (makes_fds(c) && c->cloexec >= 0)
		printf("    makes descriptors: O_CLOEXEC in %s\n", c->p[c->cloexec].name);
	else if (makes_fds(c))
		printf("    makes descriptors: without O_CLOEXEC\n");
}

unsigned stubs_print_check(const struct marshal *m)
{
	unsigned count[3] = {0}, bad = 0;

	printf("stubs of %s: (= annotated, ? unsure, the rest inferred)\n", m->domain);
	for (size_t i = 0; i < m->nstructs; i++)
		bad += print_list(m->structs[i]->name, m->structs[i]->fields,
				  (unsigned)m->structs[i]->nfields, count);
	for (size_t i = 0; i < m->ncalls; i++) {
		bad += print_list(m->calls[i].ct->name, m->calls[i].p, m->calls[i].n, count);
		print_cloexec(&m->calls[i]);
		print_early(&m->calls[i]);
		bad += print_result(&m->calls[i], count);
		for (unsigned k = 0; k < m->calls[i].n; k++)
			if (m->calls[i].p[k].pass == PASS_SWITCH)
				bad += print_cases(&m->calls[i], &m->calls[i].p[k]);
	}
	routes_print(m);
	if (!m->spec->nroutes)
		printf("note: no routes: no call of a program goes to this domain, only those made by its stubs' names\n");
	printf("%zu calls, %zu struct variants: %u values inferred, %u annotated, %u unsure\n",
	       m->ncalls, m->nstructs, count[HOW_INFERRED], count[HOW_ANNOTATED], bad);
	return bad;
}

int stubs_check(const struct spec *spec, const struct compdb *db)
{
	struct marshal m;
	int r = marshal_load(&m, spec, db);

	if (!r && stubs_print_check(&m))
		r = -1;
	if (!r && (r = stubs_try(&m)) > 0) {
		printf("note: %s is out of date: run `kslice slice` or `kslice stubs`\n",
		       spec->generated + strlen(repo_root()) + 1);
		r = 0;
	}
	marshal_free(&m);
	return r;
}
