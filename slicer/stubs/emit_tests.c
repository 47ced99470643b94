// SPDX-License-Identifier: GPL-2.0
/*
 * emit_tests.c: struct marshal + the annotations' "test" => tests.c, tests.h and tests_GROUP.c: the
 * tables that tests/stubs/engine.c runs: per call its parameters with their roles and edge values,
 * its bases, and the known differences.
 */
#include "stubs/emit.h"

#include <stdlib.h>
#include <string.h>

#define FMT(b, ...) sb_printf((b), __VA_ARGS__)

/* Number of the declared fixture, or -1; *j: its description. */
static int find_fixture(const struct marshal *m, const char *name, json_t **j)
{
	const char *key;
	json_t *v;
	int n = 0;

	for (size_t i = 0; i < m->ngroups; i++) {
		json_object_foreach (json_object_get(m->groups[i].json, "fixtures"), key, v) {
			if (!strcmp(key, name)) {
				*j = v;
				return n;
			}
			n++;
		}
	}
	return -1;
}

static void emit_fixture_ref(const struct marshal *m, const char *name, struct strbuf *b)
{
	json_t *v = NULL;
	int n = find_fixture(m, name, &v);

	if (n < 0)
		FMT(b, "FD(%s)", name);
	else if (json_is_true(json_object_get(v, "id")))
		FMT(b, "{ST_ID, %d, \"%s\"}", n, name);
	else
		FMT(b, "{ST_FD, FX_FD(FX_DECLARED + %d), \"%s\"}", n, name);
}

/* "@tcp_a" a fixture, "%64" a buffer, else a number or an expression of constants. */
static int emit_arg(const struct marshal *m, const struct mcall *c, const char *param, json_t *v,
		    struct strbuf *b)
{
	const char *s = json_string_value(v);
	int64_t n;

	if (s && *s == '@') {
		emit_fixture_ref(m, s + 1, b);
	} else if (s && *s == '%') {
		FMT(b, "BUF(\"%s\")", s + 1);
	} else if (marshal_value(m, v, &n)) {
		FMT(b, "NUM(%lldll)", (long long)n);
	} else {
		const char *path = NULL;

		annotation_of_call(m, c->ct->name, &path);
		return err(path, "write \"@fixture\", \"%buffer\", a number or a constant",
			   "%s, test: no value for %s", c->ct->name, param);
	}
	return 0;
}

static bool is_length_of_any(const struct mcall *c, unsigned i)
{
	for (unsigned k = 0; k < c->n; k++) {
		const struct mval *v = c->p[k].pass == PASS_SWITCH ? c->p[k].otherwise : &c->p[k];

		if (v->pass == PASS_PTR && v->of == (int)i && v->len != LEN_VR)
			return true;
	}
	return false;
}

static bool annotation_lists(const struct mcall *c, const char *key, const char *name)
{
	json_t *n;
	size_t k;

	json_array_foreach (json_object_get(c->test, key), k, n)
		if (!strcmp(json_string_value(n) ?: "", name))
			return true;
	return false;
}

static const char *param_role(const struct mcall *c, unsigned i)
{
	const struct mval *v = &c->p[i];

	if (annotation_lists(c, "only_values", v->name))
		return "ST_LISTED";
	if (v->fd)
		return "ST_ISFD";
	if (v->type->kind == TYPE_PTR)
		return "ST_POINTER";
	if (is_length_of_any(c, i))
		return "ST_LENGTH";
	return strstr(v->name, "timeout") ? "ST_LISTED" : "ST_SCALAR"; /* -1 would wait forever */
}

static bool value_has_nested_out(const struct mval *v)
{
	return v->st && struct_comes_back(v->st);
}

static bool value_crosses(const struct mval *v, enum dir dir)
{
	if (v->pass == PASS_SWITCH) {
		for (size_t k = 0; k < v->ncases; k++)
			if (value_crosses(&v->cases[k].val, dir))
				return true;
		return value_crosses(v->otherwise, dir);
	}
	return (v->pass == PASS_PTR &&
		((v->dir & dir) || (dir == DIR_OUT && value_has_nested_out(v)))) ||
	       v->pass == PASS_VR;
}

static int emit_params(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	json_t *values = json_object_get(c->test, "values"), *v;
	size_t k;

	for (unsigned i = 0; i < c->n; i++) {
		json_t *list = json_object_get(values, c->p[i].name);

		if (!list)
			continue;
		FMT(b, "static const struct st_arg %s_%s[] = {", c->ct->name, c->p[i].name);
		json_array_foreach (list, k, v) {
			sb_puts(b, k ? ", " : "");
			if (emit_arg(m, c, c->p[i].name, v, b))
				return -1;
		}
		sb_puts(b, "};\n");
	}
	FMT(b, "static const struct st_param %s_params[] = {\n", c->ct->name);
	for (unsigned i = 0; i < c->n; i++) {
		json_t *list = json_object_get(values, c->p[i].name);

		/* "unseen": data whose change no case can detect, such as a signal mask; skipped by
		 * the mutation test */
		FMT(b, "\t{\"%s\", %s, %d, %d, ", c->p[i].name, param_role(c, i),
		    value_crosses(&c->p[i], DIR_IN) && !annotation_lists(c, "unseen", c->p[i].name),
		    value_crosses(&c->p[i], DIR_OUT));
		if (list)
			FMT(b, "%zu, %s_%s},\n", json_array_size(list), c->ct->name, c->p[i].name);
		else
			sb_puts(b, "0, NULL},\n");
	}
	sb_puts(b, "};\n");
	return 0;
}

/* The argument whose values decide whether the result is a descriptor (fcntl's F_DUPFD), or -1. */
static int emit_fd_values(const struct mcall *c, struct strbuf *b)
{
	int arg = -1;

	for (unsigned i = 0; i < c->n; i++) {
		const struct mval *v = &c->p[i];

		for (size_t k = 0; v->pass == PASS_SWITCH && v->on[1] < 0 && k < v->ncases; k++) {
			if (!v->cases[k].ret_fd)
				continue;
			if (arg < 0)
				FMT(b, "static const u32 %s_fds[] = {", c->ct->name);
			FMT(b, arg < 0 ? "%u" : ", %u", (uint32_t)v->cases[k].key[0]);
			arg = v->on[0];
		}
	}
	sb_puts(b, arg < 0 ? "" : "};\n");
	return arg;
}

static int emit_bases(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	json_t *base;
	size_t k;

	FMT(b, "static const struct st_base %s_bases[] = {\n", c->ct->name);
	json_array_foreach (json_object_get(c->test, "bases"), k, base) {
		json_t *args = json_object_get(base, "args");

		FMT(b, "\t{\"%s\", {", json_string_value(json_object_get(base, "name")) ?: "base");
		for (unsigned i = 0; i < c->n; i++) {
			sb_puts(b, i ? ", " : "");
			if (emit_arg(m, c, c->p[i].name, json_object_get(args, c->p[i].name), b))
				return -1;
		}
		FMT(b, "}, %lld},\n", (long long)json_integer_value(json_object_get(base, "as")));
	}
	sb_puts(b, "};\n");
	return 0;
}

/* "because" as enum st_reason (tests/stubs/stub_test.h), or -1. */
static int reason_of(const json_t *differs)
{
	static const char *const reasons[] = {"marshalling", "kernel", "version"};
	const char *because = json_string_value(json_object_get(differs, "because")) ?: "";

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (!strcmp(because, reasons[i]))
			return (int)i;
	return -1;
}

/* "case" is one pattern or several; each must match a case that differs. */
static void emit_cases(json_t *cases, int reason, const char *why, struct strbuf *b)
{
	json_t *one;
	size_t k;

	if (json_is_string(cases))
		FMT(b, "\t{\"%s\", %d,\n\t \"%s\"},\n", json_string_value(cases), reason, why);
	json_array_foreach (cases, k, one)
		emit_cases(one, reason, why, b);
}

/* "fs" of a difference: one name or several; does the domain mount such a file system? Without "fs"
 * it is of any. */
static bool has_file_system(const struct spec *spec, json_t *fs)
{
	json_t *dev, *one;
	size_t i;

	if (json_is_string(fs)) {
		json_array_foreach (spec->devices, i, dev)
			if (json_equal(json_object_get(dev, "fs"), fs))
				return true;
		return false;
	}
	json_array_foreach (fs, i, one)
		if (has_file_system(spec, one))
			return true;
	return !fs;
}

static bool differs_here(const struct marshal *m, const struct mcall *c)
{
	json_t *d;
	size_t k;

	json_array_foreach (c->differs, k, d)
		if (has_file_system(m->spec, json_object_get(d, "fs")))
			return true;
	return false;
}

static int emit_differs(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	static const char *const keys[] = {"case", "because", "why", "fs", NULL};
	const char *path = NULL;
	json_t *d;
	size_t k;

	annotation_of_call(m, c->ct->name, &path);
	if (!differs_here(m, c))
		return 0;
	FMT(b, "static const struct st_differs %s_differs[] = {\n", c->ct->name);
	json_array_foreach (c->differs, k, d) {
		int reason = reason_of(d);
		const char *why = json_string_value(json_object_get(d, "why"));

		if (annotation_keys(path, c->ct->name, d, keys))
			return -1;
		if (!why || reason < 0)
			return err(
				path,
				"give \"case\", \"because\": \"kernel\", \"version\" or \"marshalling\", and \"why\"",
				"%s: a difference without a reason", c->ct->name);
		if (has_file_system(m->spec, json_object_get(d, "fs")))
			emit_cases(json_object_get(d, "case"), reason, why, b);
	}
	sb_puts(b, "};\n");
	return 0;
}

/* The maximum result, for tests that answer with more: see struct st_result. */
static void emit_result(const struct mcall *c, struct strbuf *b)
{
	const struct mresult *r = &c->result_is;
	const struct mval *v = r->of >= 0 ? &c->p[r->of] : NULL;
	const char *kind = "ST_RETURNS_LIST";

	if (!v)
		kind = "ST_RETURNS_MOST";
	else if (v->pass != PASS_PTR)
		kind = "ST_RETURNS_NUMBER";
	else if (!v->st || v->filled == FILLED_RET)
		kind = "ST_RETURNS_UNITS";
	else if (v->len == LEN_FIXED)
		kind = "ST_RETURNS_MESSAGE";
	FMT(b, "\t.result = {%s, %lldll, %d, %d, %u, %lld, ", kind, (long long)r->most, r->of,
	    v && v->pass == PASS_PTR ? v->of : -1, r->times, (long long)r->empty);
	FMT(b, "%d, %lld},\n", v ? v->keep_arg : -1, (long long)(v ? v->keep_mask : 0));
	if (v && v->pass == PASS_PTR && v->filled == FILLED_RET)
		FMT(b, "\t.filled = %zu,\n", v->elem_size ?: 1);
	if (c->ret_id)
		sb_puts(b, "\t.uncompared = true,\n");
}

/* Does any base have a descriptor for one of the call's parameters that are some? */
static bool bases_have_fds(const struct mcall *c)
{
	json_t *base, *v;
	size_t k;

	json_array_foreach (json_object_get(c->test, "bases"), k, base) {
		for (unsigned i = 0; i < c->n; i++) {
			v = json_object_get(json_object_get(base, "args"), c->p[i].name);
			if (c->p[i].fd && *(json_string_value(v) ?: "") == '@')
				return true;
		}
	}
	return false;
}

const char *test_lack(const struct mcall *c)
{
	if (!json_array_size(json_object_get(c->test, "bases")))
		return "a stub without a test";
	if (call_fds(c) && !call_paths(c) && !c->ret_fd && !bases_have_fds(c))
		return "a test that reaches no descriptor";
	return NULL;
}

static int refuse_untested(const struct marshal *m, const struct mcall *c)
{
	const char *lack = test_lack(c), *path = NULL;

	annotation_of_call(m, c->ct->name, &path);
	return lack ? err(path ?: "specs/annotations",
			  "`kslice check` proposes a base: \"test\" in specs/annotations/README.md",
			  "%s: %s", c->ct->name, lack)
		    : 0;
}

static int emit_call(const struct marshal *m, const struct mcall *c, struct strbuf *b)
{
	const char *n = c->ct->name;
	int fd_arg;

	if (refuse_untested(m, c))
		return -1;
	FMT(b, "\n/* ---- %s ---- */\n", n);
	if (emit_params(m, c, b) || emit_bases(m, c, b) || emit_differs(m, c, b))
		return -1;
	fd_arg = emit_fd_values(c, b);
	FMT(b, "const struct st_call test_%s = {\n", n);
	FMT(b, "\t\"%s\", N(%s_params), %s_params, N(%s_bases), %s_bases, ", n, n, n, n, n);
	FMT(b, differs_here(m, c) ? "N(%s_differs), %s_differs, " : "0, NULL, ", n, n);
	if (fd_arg >= 0)
		FMT(b, "%d, N(%s_fds), %s_fds,\n", fd_arg, n, n);
	else
		sb_puts(b, "-1, 0, NULL,\n");
	emit_result(c, b);
	FMT(b, "\t.direct = sys_%s,\n};\n", c->ct->entry);
	return 0;
}

static void emit_tests_h(const struct marshal *m, struct strbuf *b)
{
	emit_head(m, b, "GPL-2.0", "tests.h",
		  "the calls of the stub tests, and how their tables are written.");
	emit_guard(m, b, "tests.h");
	sb_puts(b,
		"#include \"stub_test.h\"\n#include \"calls.h\"\n\n#define NUM(n) {ST_NUM, n, NULL}\n"
		"#define BUF(s) {ST_BUF, 0, s}\n#define FD(f) {ST_FD, FD_##f, #f}\n#define N(a) (sizeof(a) / sizeof((a)[0]))\n\n");
	for (size_t i = 0; i < m->ncalls; i++)
		FMT(b,
		    "extern const struct st_call test_%s;\nextern st_direct sys_%s __attribute__((weak));\n",
		    m->calls[i].ct->name, m->calls[i].ct->entry);
	sb_puts(b, EMIT_GUARD_END);
}

/* "make", "end", each of "then": a call's name and its arguments. */
static int emit_fixture_call(const struct marshal *m, const char *name, json_t *call,
			     struct strbuf *b)
{
	const char *s = json_string_value(json_array_get(call, 0)) ?: "";
	const struct calltype *ct = types_call(&m->types, s);
	json_t *zero = json_integer(0);
	int r = 0;

	if (!ct || json_array_size(call) > 7) {
		json_decref(zero);
		return err(
			m->spec->path,
			"[\"CALL\", ARGUMENT, ...]: a call of this domain and at most 6 arguments",
			"fixture \"%s\": no call \"%s\"", name, s);
	}
	FMT(b, "{%u, {", ct->nr);
	for (size_t i = 1; i < 7 && !r; i++) {
		struct mcall c = {.ct = ct};

		sb_puts(b, i > 1 ? ", " : "");
		r = emit_arg(m, &c, name,
			     i < json_array_size(call) ? json_array_get(call, i) : zero, b);
	}
	json_decref(zero);
	sb_puts(b, "}}");
	return r;
}

#define FIXTURE_THEN 3 /* as ST_THEN of tests/stubs/stub_test.h */

static int emit_fixture(const struct marshal *m, const char *name, json_t *v, struct strbuf *b)
{
	static const char *const keys[] = {"make", "then", "end", "id", NULL};
	json_t *end = json_object_get(v, "end"), *then = json_object_get(v, "then"), *call;
	bool id = json_is_true(json_object_get(v, "id"));
	size_t i;

	if (annotation_keys(m->spec->path, name, v, keys))
		return -1;
	if (id && !end)
		return err(m->spec->path, "name the call that removes it in \"end\"",
			   "fixture \"%s\": an \"id\" without \"end\"", name);
	if (json_array_size(then) > FIXTURE_THEN)
		return err(m->spec->path, "leave some out",
			   "fixture \"%s\": at most %d in \"then\"", name, FIXTURE_THEN);
	FMT(b, "\t{\"%s\", %d, ", name, id);
	if (emit_fixture_call(m, name, json_object_get(v, "make"), b))
		return -1;
	FMT(b, ", %d, ", !!end);
	if (end ? emit_fixture_call(m, name, end, b) : (sb_puts(b, "{0, {NUM(0)}}"), 0))
		return -1;
	FMT(b, ", %zu, {", json_array_size(then));
	json_array_foreach (then, i, call) {
		sb_puts(b, i ? ", " : "");
		if (emit_fixture_call(m, name, call, b))
			return -1;
	}
	sb_puts(b, json_array_size(then) ? "}},\n" : "{0, {NUM(0)}}}},\n");
	return 0;
}

static int tests_fixtures(const struct marshal *m, struct strbuf *b)
{
	const char *key;
	json_t *v;
	int n = 0;

	for (size_t i = 0; i < m->ngroups; i++) {
		json_object_foreach (json_object_get(m->groups[i].json, "fixtures"), key, v) {
			sb_puts(b, n++ ? "" : "static const struct st_fixture fixtures[] = {\n");
			if (emit_fixture(m, key, v, b))
				return -1;
		}
	}
	if (n > 16)
		return err(m->spec->path, "remove some", "%d fixtures, at most 16", n);
	sb_puts(b, n ? "};\n\n" : "");
	return n;
}

static void emit_suite(const struct marshal *m, struct strbuf *b)
{
	int n;

	emit_head(m, b, "GPL-2.0", "tests.c",
		  "the stub tests, run by tests/stubs/engine.c; the cases are in tests_*.c.");
	sb_puts(b, "#include \"tests.h\"\n\n");
	n = tests_fixtures(m, b);
	sb_puts(b, "static const struct st_call *const calls[] = {\n");
	for (size_t i = 0; i < m->ncalls; i++)
		FMT(b, "\t&test_%s,\n", m->calls[i].ct->name);
	FMT(b,
	    "};\n\nconst struct st_suite st_suite = {\n\t.stubs = &sd_%s_stubs,\n\t.call = calls,\n"
	    "\t.ncalls = N(calls),\n%s};\n",
	    m->domain, n > 0 ? "\t.fixture = fixtures,\n\t.nfixtures = N(fixtures),\n" : "");
}

int emit_tests(const struct marshal *m, struct outputs *o)
{
	struct strbuf tried = {0};
	bool bad = tests_fixtures(m, &tried) < 0;

	sb_free(&tried);
	if (bad)
		return -1;
	return emit_family(m, o,
			   &(struct family){
				   .base = "tests",
				   .licence = "GPL-2.0",
				   .what = "cases of the stub tests.",
				   .header = emit_tests_h,
				   .table = emit_suite,
				   .call = emit_call,
			   });
}
