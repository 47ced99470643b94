// SPDX-License-Identifier: GPL-2.0
/* questions.c: open questions of struct marshal => errors that say what to write, and where. See
 * questions.h. */
#include "stubs/questions.h"
#include "stubs/emit.h"
#include "stubs/paste.h"

#include <stdlib.h>

/* The first of the choices "a|b|c", and where the others begin; NULL: there are none. */
static const char *first_choice(const char *choices, int *n)
{
	const char *bar = strchr(choices, '|');

	*n = bar ? (int)(bar - choices) : (int)strlen(choices);
	return bar ? bar + 1 : NULL;
}

static void add_member(struct strbuf *members, struct strbuf *others, const struct question *q)
{
	int n;
	const char *rest = first_choice(q->choices, &n);

	sb_printf(members, "%s\"%s\": %.*s", members->len ? ", " : "", q->key, n, q->choices);
	if (!rest)
		return;
	sb_printf(others, "\n\t\t%s may also be ", q->key);
	for (const char *next; rest; rest = next) {
		next = first_choice(rest, &n);
		sb_printf(others, "%.*s%s", n, rest, next ? " or " : "");
	}
}

static bool is_of_call(const struct question *q)
{
	return q->key && !strcmp(q->key, "flags");
}

static char *value_cure(const struct marshal *m, const char *part, const char *of,
			const struct mval *v, const char *label)
{
	bool call = *part == 'c';
	const char *keys[8] = {
		part, of, call ? "params" : "fields", v->name, label ? "cases" : NULL, label};
	struct strbuf members = {0}, others = {0};
	char *line, *cure;

	if (is_of_call(&v->ask[0]))
		keys[2] = NULL;
	for (size_t i = 0; i < ARRAY_LEN(v->ask) && v->ask[i].key; i++)
		if (is_of_call(&v->ask[i]) == is_of_call(&v->ask[0]))
			add_member(&members, &others, &v->ask[i]);
	line = paste_members(m, keys, members.s ?: "...");
	cure = xasprintf("%s%s%s", line, others.s ?: "",
			 members.s ? "" : "\n\t\t(keys: specs/annotations/README.md)");
	free(line);
	sb_free(&members);
	sb_free(&others);
	return cure;
}

void question_value(const struct marshal *m, const char *part, const char *of, const struct mval *v,
		    const char *label)
{
	char *cure = value_cure(m, part, of, v, label);

	err(of, cure, "%s%s%s is unsure: %s", v->name, label ? ", case " : "", label ?: "",
	    v->note);
	free(cure);
}

void question_result(const struct marshal *m, const struct mcall *c)
{
	bool fd = c->ev && c->ev->makes_fd;
	const char *keys[] = {"calls", c->ct->name, NULL};
	struct strbuf members = {0}, others = {0};
	char *line, *cure;

	add_member(
		&members, &others,
		&(struct question){"result", fd ? "\"fd\"|0" : "0|\"int\"|\"long\"|\"id\"|\"fd\""});
	line = paste_members(m, keys, members.s);
	cure = xasprintf(
		"%s%s%s", line, others.s ?: "",
		fd ? ""
		   : ", a number, or the name of a parameter that limits it; 0: the call only "
		     "succeeds");
	err(c->ct->name, cure, "the result is unsure: what is its maximum?%s%s%s",
	    fd ? " it may be the descriptor of " : "", fd ? c->ev->makes_at : "",
	    fd ? ", which is stored in memory, too" : "");
	free(cure);
	free(line);
	sb_free(&members);
	sb_free(&others);
}

/* ---- calls ---- */

/* Of fixtures that the error before didn't propose. */
static void add_fixtures(const struct marshal *m, json_t *fixtures, json_t *told,
			 struct strbuf *cure)
{
	const char *keys[] = {"fixtures", NULL}, *name;
	json_t *v;

	json_object_foreach (fixtures, name, v) {
		char *text = json_dumps(v, 0), *member, *line;

		if (!json_object_get(told, name)) {
			member = xasprintf("\"%s\": %s", name, text);
			line = paste_members(m, keys, member);
			sb_printf(cure, "\n\t      and %s", line);
			free(member);
			free(line);
		}
		free(text);
	}
	json_object_update(told, fixtures);
}

static void question_test(const struct marshal *m, const struct mcall *c, const char *what,
			  json_t *told)
{
	json_t *fixtures = json_deep_copy(told), *base = propose_base(m, c, fixtures);
	char *text = base ? json_dumps(base, 0)
			  : xstrdup("{\"name\": \"first\", \"args\": {EVERY PARAMETER}}");
	char *line = paste_base(m, c->ct->name, text);
	struct strbuf cure = {0};

	sb_puts(&cure, line);
	if (base)
		add_fixtures(m, fixtures, told, &cure);
	else
		sb_puts(&cure, "\n\t\tnot all of its values can be told (\"test\" in "
			       "specs/annotations/README.md)");
	err(c->ct->name, cure.s, "%s", what);
	sb_free(&cure);
	free(line);
	free(text);
	json_decref(fixtures);
	json_decref(base);
}

static bool question_route(const struct marshal *m, const struct mcall *c)
{
	const char *kin = NULL, *keys[] = {"calls", c->ct->name, NULL};
	json_t *route = propose_route(m, c, &kin);
	char *text, *line, *none, *cure;

	if (!route)
		return false;
	text = json_dumps(route, 0);
	line = paste_element(m->spec, "routes", text);
	none = paste_members(m, keys, "\"route\": \"none\"");
	cure = xasprintf("%s\n\t      or, if only its stub's name is called, %s", line, none);
	err(c->ct->name, cure,
	    kin ? "it has no route, though %s has one"
		: "no program's call of it comes to this domain%s",
	    kin ?: ": it takes no descriptor and has no route");
	free(cure);
	free(none);
	free(line);
	free(text);
	json_decref(route);
	return true;
}

/* Calls by descriptors need one that makes some. */
static unsigned question_reach(const struct marshal *m)
{
	const struct mcall *by_fd = NULL;

	if (!m->spec->nroutes)
		return 0;
	for (size_t i = 0; i < m->ncalls; i++) {
		const struct mcall *c = &m->calls[i];

		if (c->route == MROUTE_FD && !by_fd)
			by_fd = c;
		if ((makes_fds(c) || c->route == MROUTE_PATH) && !c->route_none &&
		    c->route != MROUTE_FD)
			return 0;
	}
	if (!by_fd)
		return 0;
	err(by_fd->ct->name, "add a call that makes some to \"calls\", and its route to \"routes\"",
	    "it takes a descriptor, and no call of this domain makes one");
	return 1;
}

unsigned questions_calls(const struct marshal *m)
{
	json_t *told = json_object();
	unsigned bad = question_reach(m);

	for (size_t i = 0; i < m->ncalls; i++)
		bad += question_route(m, &m->calls[i]);
	for (size_t i = 0; i < m->ncalls; i++) {
		const char *what = test_lack(&m->calls[i]);

		if (!what)
			continue;
		question_test(m, &m->calls[i], what, told);
		bad++;
	}
	json_decref(told);
	return bad;
}
