// SPDX-License-Identifier: GPL-2.0
/*
 * types.c: names of calls => struct types (see types.h).
 */
#include "stubs/types.h"
#include "stubs/units.h"
#include "commands/calltable.h"
#include "commands/commands.h"
#include "commands/origin.h"
#include "base/util.h"

#include <clang-c/Index.h>
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PUSH(a, n, cap)                                             \
	({                                                          \
		(a) = vec_grow((a), (n) + 1, &(cap), sizeof(*(a))); \
		&(a)[(n)++];                                        \
	})

struct impl {
	CXIndex index;
	struct type **known; /* structs and unions by canonical name, since they may be recursive */
	size_t nknown, kcap;
	void **mem; /* everything to free */
	size_t nmem, mcap;
	const struct compdb *db;
};

static void *impl_keep(struct impl *im, void *p)
{
	*PUSH(im->mem, im->nmem, im->mcap) = p;
	return p;
}

static const char *impl_keep_string(struct impl *im, CXString s)
{
	char *c = xstrdup(clang_getCString(s) ?: "");

	clang_disposeString(s);
	return impl_keep(im, c);
}

/* ---- types ---- */

static const struct type *make_type(struct impl *im, CXType t);

static bool is_int(enum CXTypeKind k)
{
	return (k >= CXType_Bool && k <= CXType_Int128) || k == CXType_Enum;
}

static bool is_signed(enum CXTypeKind k)
{
	return k >= CXType_Char_S && k <= CXType_Int128;
}

struct fields_arg {
	struct impl *im;
	struct type *st;
	size_t cap;
};

static enum CXVisitorResult add_field(CXCursor c, CXClientData data)
{
	struct fields_arg *a = data;
	struct type_field *f = PUSH(a->st->fields, a->st->nfields, a->cap);
	const char *name = impl_keep_string(a->im, clang_getCursorSpelling(c));

	/* libclang's name of anonymous ones is "(anonymous union at ...)" */
	f->name = strchr(name, '(') ? "" : name;
	f->bits = clang_Cursor_isBitField(c);
	f->offset = (size_t)clang_Cursor_getOffsetOfField(c) / 8;
	f->type = make_type(a->im, clang_getCursorType(c));
	return CXVisit_Continue;
}

static struct type *record_type(struct impl *im, CXType canon, const char *name)
{
	CXCursor decl = clang_getTypeDeclaration(canon);
	struct fields_arg a = {.im = im};
	long long size = clang_Type_getSizeOf(canon);
	struct type *st;

	for (size_t i = 0; i < im->nknown; i++)
		if (!strcmp(im->known[i]->name, name))
			return im->known[i];
	st = impl_keep(im, xcalloc(1, sizeof(*st)));
	st->kind = clang_getCursorKind(decl) == CXCursor_UnionDecl ? TYPE_UNION : TYPE_STRUCT;
	st->name = name;
	st->size = size > 0 ? (size_t)size : 0;
	if (!strchr(name, '('))
		*PUSH(im->known, im->nknown, im->kcap) = st;
	a.st = st;
	clang_Type_visitFields(canon, add_field, &a);
	if (st->fields)
		impl_keep(im, st->fields);
	return st;
}

/* Strips typedefs, `struct x` sugar and attributes; records const and __user. */
static CXType type_peel(CXType t, bool *is_const, bool *user)
{
	for (;;) {
		if (clang_isConstQualifiedType(t))
			*is_const = true;
		switch (t.kind) {
		case CXType_BTFTagAttributed:
			*user = true; /* __user is the only tag in calls' types */
			__attribute__((fallthrough));
		case CXType_Attributed:
			t = clang_Type_getModifiedType(t);
			break;
		case CXType_Elaborated:
			t = clang_Type_getNamedType(t);
			break;
		case CXType_Typedef:
			t = clang_getTypedefDeclUnderlyingType(clang_getTypeDeclaration(t));
			break;
		case CXType_Unexposed:
			if (clang_getCanonicalType(t).kind == CXType_Unexposed)
				return t;
			t = clang_getCanonicalType(t);
			break;
		default:
			return t;
		}
	}
}

static const struct type *make_type(struct impl *im, CXType cx)
{
	bool is_const = false, user = false;
	CXType t = type_peel(cx, &is_const, &user);
	CXType plain = clang_getUnqualifiedType(clang_getCanonicalType(t));
	const char *name = impl_keep_string(im, clang_getTypeSpelling(plain));
	struct type *ty = impl_keep(im, xcalloc(1, sizeof(*ty)));
	long long size = clang_Type_getSizeOf(plain);

	ty->name = name;
	ty->size = size > 0 ? (size_t)size : 0;
	if (t.kind == CXType_Void) {
		ty->kind = TYPE_VOID;
		ty->size = 0;
	} else if (is_int(t.kind)) {
		ty->kind = TYPE_INT;
		ty->is_signed = is_signed(t.kind);
	} else if (t.kind == CXType_Pointer) {
		ty->kind = TYPE_PTR;
		ty->to = make_type(im, clang_getPointeeType(t));
	} else if (t.kind == CXType_ConstantArray) {
		ty->kind = TYPE_ARRAY;
		ty->to = make_type(im, clang_getArrayElementType(t));
		ty->count = (size_t)clang_getArraySize(t);
	} else if (t.kind == CXType_Record) {
		*ty = *record_type(im, plain, name);
	} else {
		ty->kind = TYPE_OTHER;
	}
	ty->is_const = is_const;
	ty->user = user;
	return ty;
}

/* Of a call's parameter. Each pointer of a program is __user, also where a tree's own declaration
 * says so in a way that isn't seen (cap_user_data_t), and the same in all trees. */
static const char *cast_spelling(struct impl *im, const struct type *t)
{
	if (t->kind != TYPE_PTR)
		return t->name;
	if (t->to->kind == TYPE_PTR)
		return impl_keep(im,
				 xasprintf("%s%s %s* __user *", t->to->to->is_const ? "const " : "",
					   t->to->to->name, t->to->to->user ? "__user " : ""));
	return impl_keep(im,
			 xasprintf("%s%s __user *", t->to->is_const ? "const " : "", t->to->name));
}

/* ---- parsing ---- */

/* Includes the headers that annotations name, and uses their names. */
#define NAMED_C "kslice-annotations.c"
/* The kernel's own __user depends on two options that this configuration may lack. */
#define USER_H "/kslice/user.h" /* exists in memory only */
static const char user_h[] =
	"#undef __user\n#define __user __attribute__((btf_type_tag(\"user\")))\n";

static bool is_dropped_argument(const char *a)
{
	return starts_with(a, "-Wp,-M") || !strcmp(a, "-c") || starts_with(a, "-enable-trivial") ||
	       starts_with(a, "-Werror");
}

CXTranslationUnit types_parse(const struct compdb *db, CXIndex index, const struct tu *tu,
			      const char *file, const char *text, bool bodies)
{
	const char **argv = xcalloc(1, sizeof(*argv) * (size_t)(tu->argc + 8));
	char *wd = xasprintf("-working-directory=%s", db->objdir);
	struct CXUnsavedFile unsaved[2] = {
		{USER_H, user_h, sizeof(user_h) - 1},
		{file, text, text ? strlen(text) : 0},
	};
	CXTranslationUnit unit = NULL;
	int n = 0;

	for (int i = 1; i < tu->argc; i++) {
		if (!strcmp(tu->argv[i], "-o"))
			i++;
		else if (!is_dropped_argument(tu->argv[i]) && !ends_with(tu->argv[i], ".c"))
			argv[n++] = tu->argv[i];
	}
	argv[n++] = "-include";
	argv[n++] = USER_H; /* after the kernel's own -include compiler_types.h */
	argv[n++] = "-w";
	argv[n++] = wd;
	if (clang_parseTranslationUnit2(index, file, argv, n, unsaved, text ? 2 : 1,
					(bodies ? 0 : CXTranslationUnit_SkipFunctionBodies) |
						CXTranslationUnit_IncludeAttributedTypes,
					&unit))
		unit = NULL;
	free(argv);
	free(wd);
	return unit;
}

/* clang's first error, which the caller frees, or NULL. */
static char *unit_first_error(CXTranslationUnit unit)
{
	char *msg = NULL;

	for (unsigned i = 0; i < clang_getNumDiagnostics(unit) && !msg; i++) {
		CXDiagnostic d = clang_getDiagnostic(unit, i);

		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error) {
			CXString s = clang_formatDiagnostic(d, CXDiagnostic_DisplaySourceLocation);

			msg = xstrdup(clang_getCString(s));
			clang_disposeString(s);
		}
		clang_disposeDiagnostic(d);
	}
	return msg;
}

/* ---- where the calls are ---- */

struct named_calls {
	struct impl *im;
	struct calltype *calls;
	size_t n;
};

/* "sendfile64" is the tree's name, "sendfile" that of programs: accept both. */
static void see_row(void *arg, const struct call_row *row)
{
	struct named_calls *a = arg;

	for (size_t i = 0; i < a->n; i++) {
		struct calltype *c = &a->calls[i];

		if ((strcmp(c->name, row->name) && strcmp(c->name, row->entry)) ||
		    (c->entry && !strcmp(c->name, c->entry)))
			continue;
		c->name = impl_keep(a->im, xstrdup(row->name));
		c->nr = row->nr;
		c->entry = impl_keep(a->im, xstrdup(row->entry));
	}
}

static void find_in_file(struct impl *im, struct types *t, const struct tu *tu, char *text)
{
	static const char mark[] = "SYSCALL_DEFINE";

	for (char *p = text; (p = strstr(p, mark)); p++) {
		char *q = p + sizeof(mark) - 1, *end;
		size_t len;

		if (!isdigit((unsigned char)*q) || q[1] != '(' || (p > text && p[-1] != '\n'))
			continue;
		q += 2;
		end = q + strcspn(q, ",) \t\n");
		len = (size_t)(end - q);
		for (size_t i = 0; i < t->ncalls; i++) {
			struct calltype *c = &t->calls[i];

			if (!c->entry || c->file || strlen(c->entry) != len ||
			    strncmp(c->entry, q, len))
				continue;
			c->file = impl_keep(im, xstrdup(tu->source));
			c->line = 1;
			for (char *s = text; s < p; s++)
				c->line += *s == '\n';
		}
	}
}

/* With the options that compile it. */
static int refuse_absent(const struct impl *im, const struct calltype *c, const char *what)
{
	struct origin o = {.tree = im->db->tree};
	struct strmap calls = {};
	struct strbuf cure = {};

	strmap_add(&calls, c->entry, NULL);
	origin_find(&o, &calls);
	for (size_t i = 0; i < o.options.cap; i++)
		if (o.options.slots[i].key)
			sb_printf(&cure, "%sCONFIG_%s=y", cure.len ? ", " : "",
				  o.options.slots[i].key);
	if (cure.len)
		sb_printf(&cure, " in the spec's config: %s depends on it", o.files.a[0]);
	else
		sb_puts(&cure, "no option has it: it may need another architecture");
	err(c->name, cure.s, "%s", what);
	sb_free(&cure);
	strmap_free(&calls);
	origin_free(&o);
	return -1;
}

static int find_calls(struct impl *im, struct types *t)
{
	int ret = 0;

	for (size_t i = 0; i < im->db->ntus; i++) {
		const struct tu *tu = &im->db->tus[i];
		char *path, *text;

		if (tu->is_asm)
			continue;
		path = xasprintf("%s/%s", im->db->overlay, tu->source);
		text = read_file(path, NULL);
		if (text)
			find_in_file(im, t, tu, text);
		free(text);
		free(path);
	}
	for (size_t i = 0; i < t->ncalls; i++) {
		struct calltype *c = &t->calls[i];

		if (!c->entry)
			ret = err(c->name, "see " CALL_TABLE " for the names",
				  "there is no such system call");
		else if (!c->file)
			ret = refuse_absent(
				im, c,
				"no SYSCALL_DEFINE for it in any file of this configuration");
	}
	return ret;
}

/* ---- parameters ---- */

struct unit_arg {
	struct impl *im;
	struct types *t;
	const char *file;
};

static void take_params(struct impl *im, struct calltype *c, CXCursor fn)
{
	int n = clang_Cursor_getNumArguments(fn);

	c->compiled = true;
	c->nparams = 0;
	for (int i = 0; i < n && i < 6; i++) {
		CXCursor arg = clang_Cursor_getArgument(fn, (unsigned)i);
		struct param *p = &c->param[c->nparams++];

		p->name = impl_keep_string(im, clang_getCursorSpelling(arg));
		p->type = make_type(im, clang_getCursorType(arg));
		p->spelling = cast_spelling(im, p->type);
	}
}

static bool cursor_file_is(CXFile f, const char *file)
{
	CXString cx = clang_getFileName(f);
	bool r = clang_getCString(cx) && ends_with(clang_getCString(cx), file);

	clang_disposeString(cx);
	return r;
}

/* SYSCALL_DEFINE0 makes no __do_sys_ function, and sys_ functions are declared in a header, too. */
static bool cursor_is_in_file(CXCursor c, const char *file)
{
	CXFile f;

	clang_getExpansionLocation(clang_getCursorLocation(c), &f, NULL, NULL, NULL);
	return cursor_file_is(f, file);
}

static enum CXChildVisitResult see_decl(CXCursor c, CXCursor parent, CXClientData data)
{
	struct unit_arg *a = data;
	CXString cx;
	const char *s, *name;

	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_FunctionDecl)
		return CXChildVisit_Continue;
	cx = clang_getCursorSpelling(c);
	s = clang_getCString(cx);
	name = starts_with(s, "__do_sys_")				 ? s + 9
	       : starts_with(s, "sys_") && cursor_is_in_file(c, a->file) ? s + 4
									 : NULL;
	for (size_t i = 0; name && i < a->t->ncalls; i++)
		if (!strcmp(a->t->calls[i].file, a->file) && !strcmp(a->t->calls[i].entry, name))
			take_params(a->im, &a->t->calls[i], c);
	clang_disposeString(cx);
	return CXChildVisit_Continue;
}

const struct tu *types_unit(const struct compdb *db, const char *source)
{
	for (size_t i = 0; i < db->ntus; i++)
		if (!strcmp(db->tus[i].source, source))
			return &db->tus[i];
	return NULL;
}

/* The calls' source files, parsed by several threads; results are merged in the files' order, so
 * that they are reproducible. */
struct parsing {
	struct impl *im;
	struct types *t;
	struct bodies *bodies;
	pthread_mutex_t lock; /* protects all below, and the contents of im and t */
	pthread_cond_t turns;
	const char **files;
	size_t n, next, turn; /* next to be parsed, and to be merged */
	int r;
};

static int parse_calls_of(struct parsing *p, CXIndex index, size_t k)
{
	const char *file = p->files[k];
	struct unit_arg a = {p->im, p->t, file};
	char *path = xasprintf("%s/%s", p->im->db->overlay, file), *fault;
	CXTranslationUnit unit =
		types_parse(p->im->db, index, types_unit(p->im->db, file), path, NULL, p->bodies);

	fault = unit ? unit_first_error(unit) : xstrdup("libclang gives up");
	pthread_mutex_lock(&p->lock);
	while (p->turn != k)
		pthread_cond_wait(&p->turns, &p->lock);
	if (fault)
		p->r = err(path, "does it compile with this configuration?", "cannot be parsed: %s",
			   fault);
	else
		clang_visitChildren(clang_getTranslationUnitCursor(unit), see_decl, &a);
	if (!fault && p->bodies)
		bodies_add_unit(p->bodies, file, unit);
	p->turn++;
	pthread_cond_broadcast(&p->turns);
	pthread_mutex_unlock(&p->lock);
	if (unit)
		clang_disposeTranslationUnit(unit);
	free(path);
	free(fault);
	return fault ? -1 : 0;
}

static void *parse_calls_range(void *arg)
{
	struct parsing *p = arg;
	CXIndex index = clang_createIndex(0, 0);
	size_t k;

	do {
		pthread_mutex_lock(&p->lock);
		k = p->r ? p->n : p->next;
		p->next += k < p->n;
		pthread_mutex_unlock(&p->lock);
	} while (k < p->n && !parse_calls_of(p, index, k));
	clang_disposeIndex(index);
	return NULL;
}

static int parse_calls(struct impl *im, struct types *t, struct bodies *bodies)
{
	struct parsing p = {.im = im,
			    .t = t,
			    .bodies = bodies,
			    .files = xcalloc(t->ncalls + 1, sizeof(*p.files))};
	pthread_t threads[8];
	size_t n = 0, want = (size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1;

	pthread_mutex_init(&p.lock, NULL);
	pthread_cond_init(&p.turns, NULL);
	for (size_t i = 0; i < t->ncalls; i++) {
		size_t j = 0;

		while (strcmp(t->calls[j].file, t->calls[i].file))
			j++;
		if (j == i)
			p.files[p.n++] = t->calls[i].file;
	}
	while (n < want && n < ARRAY_LEN(threads) && n + 1 < p.n &&
	       !pthread_create(&threads[n], NULL, parse_calls_range, &p))
		n++;
	parse_calls_range(&p);
	while (n)
		pthread_join(threads[--n], NULL);
	pthread_cond_destroy(&p.turns);
	pthread_mutex_destroy(&p.lock);
	free(p.files);
	return p.r;
}

/* A call behind #if would look like one without parameters. */
static int refuse_hidden(const struct impl *im, const struct types *t)
{
	int r = 0;

	for (size_t i = 0; i < t->ncalls; i++) {
		const struct calltype *c = &t->calls[i];
		char *what = xasprintf(
			"its SYSCALL_DEFINE at %s:%d isn't compiled in this configuration", c->file,
			c->line);

		if (!c->compiled)
			r = refuse_absent(im, c, what);
		free(what);
	}
	return r;
}

/* ---- names in annotations ---- */

static enum CXChildVisitResult see_var(CXCursor c, CXCursor parent, CXClientData data)
{
	struct unit_arg *a = data;
	unsigned n;
	CXString cx;

	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_VarDecl)
		return CXChildVisit_Continue;
	cx = clang_getCursorSpelling(c);
	if (sscanf(clang_getCString(cx), "sd_type_%u", &n) == 1 && n < a->t->nnamed) {
		a->t->named[n] = make_type(a->im, clang_getPointeeType(clang_getCursorType(c)));
	} else if (sscanf(clang_getCString(cx), "sd_const_%u", &n) == 1 && n < a->t->nconsts) {
		CXEvalResult r = clang_Cursor_Evaluate(c);

		if (r) {
			a->t->consts[n].value = clang_EvalResult_getAsLongLong(r);
			clang_EvalResult_dispose(r);
		}
	}
	clang_disposeString(cx);
	return CXChildVisit_Continue;
}

static void add_unknown(struct impl *im, struct types *t, const char *text, bool type, char *fault)
{
	size_t cap = t->nunknown;

	for (size_t i = 0; i < t->nunknown; i++)
		if (!strcmp(t->unknown[i].text, text))
			return free(fault);
	t->unknown = vec_grow(t->unknown, t->nunknown + 1, &cap, sizeof(*t->unknown));
	t->unknown[t->nunknown++] =
		(struct unknown_name){text, impl_keep(im, fault ?: xstrdup("")), type};
}

/* clang's errors about the lines from `first` on: the types', then the constants'. Others stay. */
static void find_unknown(struct impl *im, struct types *t, CXTranslationUnit unit, unsigned first)
{
	for (unsigned i = 0; i < clang_getNumDiagnostics(unit); i++) {
		CXDiagnostic d = clang_getDiagnostic(unit, i);
		CXString s = clang_getDiagnosticSpelling(d);
		CXFile f;
		unsigned line = 0;

		clang_getExpansionLocation(clang_getDiagnosticLocation(d), &f, &line, NULL, NULL);
		line -= first;
		if (clang_getDiagnosticSeverity(d) >= CXDiagnostic_Error &&
		    cursor_file_is(f, NAMED_C) && line < t->nnamed + t->nconsts)
			add_unknown(im, t,
				    line < t->nnamed ? t->asked[line]
						     : t->consts[line - t->nnamed].name,
				    line < t->nnamed, xstrdup(clang_getCString(s)));
		clang_disposeString(s);
		clang_disposeDiagnostic(d);
	}
}

/* Of a struct that is nowhere clang makes a pointer, too. */
static void find_incomplete(struct impl *im, struct types *t)
{
	for (size_t i = 0; i < t->nnamed; i++)
		if (t->named[i] && !t->named[i]->size &&
		    (t->named[i]->kind == TYPE_STRUCT || t->named[i]->kind == TYPE_UNION))
			add_unknown(im, t, t->asked[i], true, NULL);
}

static unsigned named_source(struct strbuf *b, const struct types_request *want)
{
	unsigned lines = 1;

	for (size_t i = 0; i < want->nheaders; i++)
		sb_printf(b, strchr(want->headers[i], '{') ? "%s\n" : "#include <%s>\n",
			  want->headers[i]);
	for (size_t i = 0; i < b->len; i++)
		lines += b->s[i] == '\n';
	for (size_t i = 0; i < want->nnames; i++)
		sb_printf(b, "%s *sd_type_%zu;\n", want->names[i], i);
	for (size_t i = 0; i < want->nconsts; i++)
		sb_printf(b, "const long long sd_const_%zu = (long long)(%s);\n", i,
			  want->consts[i]);
	return lines;
}

static int parse_named(struct impl *im, struct types *t, const struct types_request *want)
{
	struct unit_arg a = {im, t, NULL};
	struct strbuf b = {0};
	CXTranslationUnit unit;
	unsigned first;
	char *fault;

	if (!want->nnames && !want->nconsts)
		return 0;
	first = named_source(&b, want);
	unit = types_parse(im->db, im->index, types_unit(im->db, t->calls[0].file), NAMED_C, b.s,
			   false);
	fault = unit ? unit_first_error(unit) : xstrdup("libclang gives up");
	if (unit && fault)
		find_unknown(im, t, unit, first);
	if (unit) {
		clang_visitChildren(clang_getTranslationUnitCursor(unit), see_var, &a);
		find_incomplete(im, t);
	}
	if (fault && !t->nunknown)
		err("specs/annotations", "correct the \"headers\" of a group",
		    "the headers that annotations name can't be parsed: %s", fault);
	if (unit)
		clang_disposeTranslationUnit(unit);
	sb_free(&b);
	free(fault);
	return fault || t->nunknown ? -1 : 0;
}

int types_load(struct types *t, const struct compdb *db, const struct types_request *want)
{
	struct impl *im = xcalloc(1, sizeof(*im));
	struct named_calls named;

	memset(t, 0, sizeof(*t));
	t->impl = im;
	im->db = db;
	im->index = clang_createIndex(0, 0);
	t->calls = impl_keep(im, xcalloc(1, sizeof(*t->calls) * (want->ncalls + 1)));
	t->ncalls = want->ncalls;
	t->named = impl_keep(im, xcalloc(1, sizeof(*t->named) * (want->nnames + 1)));
	t->nnamed = want->nnames;
	t->consts = impl_keep(im, xcalloc(1, sizeof(*t->consts) * (want->nconsts + 1)));
	t->nconsts = want->nconsts;
	for (size_t i = 0; i < want->ncalls; i++)
		t->calls[i].name = impl_keep(im, xstrdup(want->calls[i]));
	t->asked = impl_keep(im, xcalloc(1, sizeof(*t->asked) * (want->nnames + 1)));
	for (size_t i = 0; i < want->nnames; i++)
		t->asked[i] = impl_keep(im, xstrdup(want->names[i]));
	for (size_t i = 0; i < want->nconsts; i++)
		t->consts[i].name = impl_keep(im, xstrdup(want->consts[i]));
	named = (struct named_calls){im, t->calls, t->ncalls};
	if (call_table_read(db->tree, see_row, &named) || find_calls(im, t))
		return -1;
	if (parse_calls(im, t, want->bodies))
		return -1;
	return refuse_hidden(im, t) ? -1 : t->ncalls ? parse_named(im, t, want) : 0;
}

struct function_arg {
	struct impl *im;
	const char *name;
	struct calltype *fn;
};

static enum CXChildVisitResult see_function(CXCursor c, CXCursor parent, CXClientData data)
{
	struct function_arg *a = data;
	CXString cx;

	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_FunctionDecl)
		return CXChildVisit_Continue;
	cx = clang_getCursorSpelling(c);
	/* the last declaration is the definition, with the parameters' names */
	if (!strcmp(clang_getCString(cx), a->name)) {
		take_params(a->im, a->fn, c);
		a->fn->nparams = (unsigned)clang_Cursor_getNumArguments(c);
		a->fn->result = make_type(a->im, clang_getCursorResultType(c));
	}
	clang_disposeString(cx);
	return CXChildVisit_Continue;
}

int types_function(struct types *t, const struct compdb *db, const char *file, const char *name,
		   struct calltype *fn)
{
	struct impl *im = xcalloc(1, sizeof(*im));
	struct function_arg a = {im, name, fn};
	char *path = xasprintf("%s/%s", db->overlay, file), *fault;
	const struct tu *tu = types_unit(db, file);
	CXTranslationUnit unit = NULL;

	*t = (struct types){.impl = im};
	*fn = (struct calltype){.name = name};
	im->db = db;
	im->index = clang_createIndex(0, 0);
	if (tu)
		unit = types_parse(im->db, im->index, tu, path, NULL, false);
	fault = !tu    ? xstrdup("it isn't compiled by itself")
		: unit ? unit_first_error(unit)
		       : xstrdup("libclang gives up");
	if (fault)
		err(path, "does it compile with this configuration?", "cannot be parsed: %s",
		    fault);
	else
		clang_visitChildren(clang_getTranslationUnitCursor(unit), see_function, &a);
	if (unit)
		clang_disposeTranslationUnit(unit);
	free(path);
	if (!fault)
		return fn->compiled ? 0 : err(file, NULL, "no function %s in it", name);
	free(fault);
	return -1;
}

void types_free(struct types *t)
{
	struct impl *im = t->impl;

	if (!im)
		return;
	for (size_t i = im->nmem; i-- > 0;)
		free(im->mem[i]);
	free(im->mem);
	free(im->known);
	free(t->unknown);
	clang_disposeIndex(im->index);
	free(im);
	t->impl = NULL;
}

const struct calltype *types_call(const struct types *t, const char *name)
{
	for (size_t i = 0; i < t->ncalls; i++)
		if (!strcmp(t->calls[i].name, name))
			return &t->calls[i];
	return NULL;
}

const struct type *types_named(const struct types *t, const char *name)
{
	for (size_t i = 0; i < t->nnamed; i++)
		if (t->named[i] && !strcmp(t->asked[i], name))
			return t->named[i];
	return NULL;
}

bool types_const(const struct types *t, const char *name, int64_t *value)
{
	for (size_t i = 0; i < t->nconsts; i++) {
		if (!strcmp(t->consts[i].name, name)) {
			*value = t->consts[i].value;
			return true;
		}
	}
	return false;
}
