// SPDX-License-Identifier: GPL-2.0
/*
 * check.c: struct marshal => the table `kslice check` prints: per call its result and how each
 * parameter is passed, and what says so: its body, type or name, or an annotation.
 */
#include "stubs/marshal.h"
#include "stubs/emit.h"
#include "stubs/questions.h"
#include "spec/spec.h"
#include "stubs/stubs.h"
#include "base/util.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

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
		if (v->times > 1)
			sb_printf(b, " * %zu", v->times);
		if (v->plus)
			sb_printf(b, " + %" PRId64, v->plus);
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

/* What said so: b: body, t: type, n: name, =: annotation. */
static void describe_from(const struct mval *v, struct strbuf *b)
{
	static const char mark[] = {0, 'n', 't', 'b', '='};
	char text[3] = {0}, *at = text;

	if (v->how == HOW_UNSURE) {
		sb_puts(b, " ?");
		return;
	}
	if (v->pass == PASS_PTR && v->dir_from)
		*at++ = mark[v->dir_from];
	if (v->pass == PASS_PTR && v->len_from && v->len_from != v->dir_from)
		*at++ = mark[v->len_from];
	if (v->pass == PASS_SCALAR && v->fd && v->fd_from)
		*at++ = mark[v->fd_from];
	if (at == text && v->how == HOW_ANNOTATED)
		*at++ = '=';
	if (at != text)
		sb_printf(b, " %s", text);
}

/* The parameters in lines that fit a terminal, behind what `b` has already. */
static void print_wrapped(struct strbuf *b, const struct mval *list, unsigned n)
{
	enum { INDENT = 27 };
	struct winsize w = {0};
	size_t width = isatty(1) && !ioctl(1, TIOCGWINSZ, &w) && w.ws_col > 60 ? w.ws_col : 100;
	size_t at = b->len;

	for (unsigned i = 0; i < n; i++) {
		struct strbuf one = {0};

		describe_value(&list[i], list, &one);
		describe_from(&list[i], &one);
		sb_puts(&one, i + 1 < n ? ", " : "");
		if (at + one.len > width && at > INDENT) {
			b->s[--b->len] = 0;
			sb_printf(b, "\n%*s", INDENT, "");
			at = INDENT;
		}
		sb_puts(b, one.s);
		at += one.len;
		sb_free(&one);
	}
	printf("%s\n", b->s);
}

static const char *call_result(const struct mcall *c, struct strbuf *b)
{
	static const char *const mark[] = {"", " n", " t", " b", " ="};
	const struct mresult *r = c ? &c->result_is : NULL;

	if (!r)
		return "struct";
	if (r->how == HOW_UNSURE)
		return "?";
	if (c->ret_fd)
		sb_puts(b, "fd");
	else if (r->of >= 0 && r->times > 1)
		sb_printf(b, "<=%u*%s", r->times, c->p[r->of].name);
	else if (r->of >= 0)
		sb_printf(b, "<=%s", c->p[r->of].name);
	else if (r->most == INT32_MAX || r->most == INT64_MAX)
		sb_puts(b, r->most == INT32_MAX ? "int" : "long");
	else
		sb_printf(b, r->most ? "<=%" PRId64 : "%" PRId64, r->most);
	sb_puts(b, mark[r->from]);
	return b->s;
}

static unsigned print_list(const struct marshal *m, const char *what, const struct mcall *c,
			   const struct mval *list, unsigned n, unsigned count[3])
{
	struct strbuf b = {0}, result = {0};
	unsigned bad = 0;

	sb_printf(&b, "  %-15s %-8s ", what, call_result(c, &result));
	sb_free(&result);
	print_wrapped(&b, list, n);
	for (unsigned i = 0; i < n; i++) {
		count[list[i].how]++;
		if (list[i].how != HOW_UNSURE)
			continue;
		question_value(m, c ? "calls" : "structs", what, &list[i], NULL);
		bad++;
	}
	sb_free(&b);
	return bad;
}

static unsigned print_cases(const struct marshal *m, const struct mcall *c, const struct mval *v)
{
	unsigned bad = 0;

	for (size_t i = 0; i < v->ncases; i++) {
		if (v->cases[i].val.how != HOW_UNSURE)
			continue;
		question_value(m, "calls", c->ct->name, &v->cases[i].val, v->cases[i].label);
		bad++;
	}
	return bad;
}

/* Only set by annotations, so = */
static void print_early(const struct mcall *c)
{
	if (c->known)
		printf("%27scompletes early with %" PRId64 " =\n", "", c->result);
	else if (c->early >= 0)
		printf("%27scompletes early with %s for %s, where %s has credit =\n", "",
		       c->p[c->p[c->early].of].name, c->p[c->early].name, c->p[c->credit].name);
	else if (c->credit >= 0)
		printf("%27stells the credit of %s =\n", "", c->p[c->credit].name);
}

static unsigned print_result(const struct marshal *m, const struct mcall *c, unsigned count[3])
{
	count[c->result_is.how]++;
	if (c->result_is.how != HOW_UNSURE)
		return 0;
	question_result(m, c);
	return 1;
}

/* Printed because the parameter's type doesn't show it: found by its name, or annotated. */
static void print_cloexec(const struct mcall *c)
{
	if (makes_fds(c) && c->cloexec >= 0)
		printf("%27sO_CLOEXEC in %s\n", "", c->p[c->cloexec].name);
	else if (makes_fds(c))
		printf("%27smakes descriptors without O_CLOEXEC\n", "");
}

unsigned stubs_print_check(const struct marshal *m)
{
	unsigned count[3] = {0}, bad = 0;

	printf("stubs of %s: (inferred from b: body, t: type, n: name; =: annotated, ?: unsure)\n"
	       "  %-15s %-8s parameters\n",
	       m->domain, "call", "result");
	for (size_t i = 0; i < m->nstructs; i++)
		bad += print_list(m, m->structs[i]->name, NULL, m->structs[i]->fields,
				  (unsigned)m->structs[i]->nfields, count);
	for (size_t i = 0; i < m->ncalls; i++) {
		bad += print_list(m, m->calls[i].ct->name, &m->calls[i], m->calls[i].p,
				  m->calls[i].n, count);
		print_cloexec(&m->calls[i]);
		print_early(&m->calls[i]);
		bad += print_result(m, &m->calls[i], count);
		for (unsigned k = 0; k < m->calls[i].n; k++)
			if (m->calls[i].p[k].pass == PASS_SWITCH)
				bad += print_cases(m, &m->calls[i], &m->calls[i].p[k]);
	}
	bad += questions_calls(m);
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
