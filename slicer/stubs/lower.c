// SPDX-License-Identifier: GPL-2.0
/*
 * lower.c: a function's body as libclang shows it => the statements and expressions of bodies.h.
 * Implicit conversions and parentheses vanish; what isn't understood is X_OTHER or X_MIX.
 */
#include "stubs/units.h"

#include <stdio.h>
#include <stdlib.h>

/* The function at hand. */
struct lower {
	struct bodies *b;
	struct fn *fn;
	const char *file; /* of its unit */
	CXCursor *decls;  /* of the local variables, by number */
	size_t ndecls, dcap;
};

static struct expr *lower_expr(struct lower *l, CXCursor c);
static void lower_stmt(struct lower *l, CXCursor c);

typedef VEC(CXCursor) cursor_vec;

static enum CXChildVisitResult add_child(CXCursor c, CXCursor parent, CXClientData data)
{
	(void)parent;
	*vec_add((cursor_vec *)data) = c;
	return CXChildVisit_Continue;
}

static cursor_vec children_of(CXCursor c)
{
	cursor_vec v = {0};

	clang_visitChildren(c, add_child, &v);
	return v;
}

static struct expr *expr_new(struct lower *l, enum expr_op op, unsigned nkids)
{
	struct expr *e = bodies_keep(l->b, xcalloc(1, sizeof(*e)));

	e->op = op;
	e->nkids = (uint8_t)(nkids < 32 ? nkids : 32);
	if (nkids)
		e->kids = bodies_keep(l->b, xcalloc(e->nkids, sizeof(*e->kids)));
	return e;
}

static void add_stmt(struct lower *l, enum stmt_kind kind, struct expr *to, struct expr *value)
{
	*vec_add(&l->fn->stmts) = (struct stmt){kind, to, value};
}

static const char *keep_spelling(struct lower *l, CXString s)
{
	char *c = xstrdup(clang_getCString(s) ?: "");

	clang_disposeString(s);
	return bodies_keep(l->b, c);
}

static uint32_t line_of(CXCursor c)
{
	unsigned line = 0;

	clang_getExpansionLocation(clang_getCursorLocation(c), NULL, &line, NULL, NULL);
	return line;
}

/* ---- names ---- */

static bool is_local_variable(CXCursor d)
{
	enum CXCursorKind k = clang_getCursorKind(d);

	return k == CXCursor_ParmDecl ||
	       (k == CXCursor_VarDecl && clang_getCursorLinkage(d) == CXLinkage_NoLinkage);
}

static int64_t variable_of(struct lower *l, CXCursor decl)
{
	for (size_t i = l->ndecls; i-- > 0;)
		if (clang_equalCursors(l->decls[i], decl))
			return (int64_t)i;
	l->decls = vec_grow(l->decls, l->ndecls + 1, &l->dcap, sizeof(*l->decls));
	l->decls[l->ndecls++] = decl;
	return (int64_t)l->ndecls - 1;
}

/* A function that a .c file defines for itself is "path:name". */
static const char *function_key(struct lower *l, CXCursor decl)
{
	CXCursor def = clang_getCursorDefinition(decl);
	const char *name = keep_spelling(l, clang_getCursorSpelling(decl)), *path;
	CXFile f = NULL;

	if (clang_getCursorLinkage(decl) != CXLinkage_Internal || clang_Cursor_isNull(def))
		return name;
	clang_getExpansionLocation(clang_getCursorLocation(def), &f, NULL, NULL, NULL);
	path = keep_spelling(l, clang_getFileName(f));
	if (!ends_with(path, ".c"))
		return name;
	return bodies_keep(l->b, xasprintf("%s:%s", l->file, name));
}

/* "struct x:f" */
static const char *field_name(struct lower *l, CXCursor field)
{
	CXCursor record = clang_getCursorSemanticParent(field);
	CXString r = clang_getCursorSpelling(record), f = clang_getCursorSpelling(field);
	const char *rs = clang_getCString(r) ?: "", *fs = clang_getCString(f) ?: "";
	char *s = xasprintf("struct %s:%s", strchr(rs, '(') ? "" : rs, fs);

	clang_disposeString(r);
	clang_disposeString(f);
	return bodies_keep(l->b, s);
}

static bool is_array(CXCursor c)
{
	enum CXTypeKind k = clang_getCanonicalType(clang_getCursorType(c)).kind;

	return k == CXType_ConstantArray || k == CXType_IncompleteArray;
}

/* ---- expressions ---- */

static struct expr *lower_const(struct lower *l, CXCursor c)
{
	CXEvalResult r = clang_Cursor_Evaluate(c);
	struct expr *e = expr_new(l, X_OTHER, 0);

	if (r && clang_EvalResult_getKind(r) == CXEval_Int) {
		e->op = X_CONST;
		e->n = clang_EvalResult_isUnsignedInt(r)
			       ? (int64_t)clang_EvalResult_getAsUnsigned(r)
			       : clang_EvalResult_getAsLongLong(r);
	}
	if (r)
		clang_EvalResult_dispose(r);
	return e;
}

/* All operands that are expressions; the others are statements for their effects. */
static struct expr *lower_kids(struct lower *l, enum expr_op op, CXCursor c)
{
	cursor_vec v = children_of(c);
	struct expr *e = expr_new(l, op, (unsigned)v.n);
	unsigned n = 0;

	for (size_t i = 0; i < v.n && n < e->nkids; i++)
		if (clang_isExpression(clang_getCursorKind(v.a[i])))
			e->kids[n++] = lower_expr(l, v.a[i]);
	e->nkids = (uint8_t)n;
	free(v.a);
	return e;
}

static struct expr *lower_ref(struct lower *l, CXCursor c)
{
	CXCursor d = clang_getCursorReferenced(c);
	struct expr *e = expr_new(l, X_OTHER, 0);

	if (clang_getCursorKind(d) == CXCursor_FunctionDecl) {
		e->op = X_FUNC;
		e->name = function_key(l, d);
	} else if (clang_getCursorKind(d) == CXCursor_EnumConstantDecl) {
		e->op = X_CONST;
		e->n = clang_getEnumConstantDeclValue(d);
	} else if (is_local_variable(d)) {
		e->op = X_VAR;
		e->n = variable_of(l, d);
		e->array = is_array(d);
		e->pointer = clang_getCanonicalType(clang_getCursorType(d)).kind == CXType_Pointer;
	}
	return e;
}

static struct expr *lower_member(struct lower *l, CXCursor c)
{
	CXCursor field = clang_getCursorReferenced(c);
	struct expr *e = lower_kids(l, X_MEMBER, c);
	long long off = clang_Cursor_getOffsetOfField(field);

	if (!e->nkids)
		return expr_new(l, X_OTHER, 0);
	e->name = field_name(l, field);
	e->n = off > 0 ? off / 8 : 0;
	e->array = is_array(field);
	return e;
}

static struct expr *lower_subscript(struct lower *l, CXCursor c)
{
	struct expr *e = lower_kids(l, X_DEREF, c), *sum, *mul, *size;
	long long n = clang_Type_getSizeOf(clang_getCursorType(c));

	if (e->nkids != 2)
		return e;
	size = expr_new(l, X_CONST, 0);
	size->n = n > 0 ? n : 1;
	mul = expr_new(l, X_MUL, 2);
	mul->kids[0] = e->kids[1];
	mul->kids[1] = size;
	sum = expr_new(l, X_ADD, 2);
	sum->kids[0] = e->kids[0];
	sum->kids[1] = mul;
	e->kids[0] = sum;
	e->nkids = 1;
	return e;
}

static struct expr *lower_call(struct lower *l, CXCursor c)
{
	CXCursor callee = clang_getCursorReferenced(c);
	int n = clang_Cursor_getNumArguments(c);
	bool direct = clang_getCursorKind(callee) == CXCursor_FunctionDecl;
	cursor_vec v = children_of(c);
	struct expr *e = expr_new(l, X_CALL, (unsigned)(n > 0 ? n : 0) + 1);

	e->line = line_of(c);
	if (direct)
		e->name = function_key(l, callee);
	e->kids[0] = direct || !v.n ? expr_new(l, X_OTHER, 0) : lower_expr(l, v.a[0]);
	for (unsigned i = 1; i < e->nkids; i++)
		e->kids[i] = lower_expr(l, clang_Cursor_getArgument(c, i - 1));
	free(v.a);
	return e;
}

/* p + 2 adds two elements. */
static struct expr *lower_sum(struct lower *l, enum expr_op op, CXCursor c)
{
	struct expr *e = lower_kids(l, op, c), *mul, *size;
	CXType t = clang_getCanonicalType(clang_getCursorType(c));
	long long n;

	if (t.kind != CXType_Pointer || e->nkids != 2)
		return e;
	n = clang_Type_getSizeOf(clang_getPointeeType(t));
	if (n <= 1)
		return e;
	size = expr_new(l, X_CONST, 0);
	size->n = n;
	mul = expr_new(l, X_MUL, 2);
	mul->kids[0] = e->kids[1];
	mul->kids[1] = size;
	e->kids[1] = mul;
	return e;
}

static struct expr *lower_binary(struct lower *l, CXCursor c)
{
	struct expr *e;

	switch (clang_getCursorBinaryOperatorKind(c)) {
	case CXBinaryOperator_Assign:
		e = lower_kids(l, X_JOIN, c);
		if (e->nkids != 2)
			return e;
		add_stmt(l, STMT_ASSIGN, e->kids[0], e->kids[1]);
		return e->kids[0];
	case CXBinaryOperator_Comma:
		e = lower_kids(l, X_OTHER, c);
		if (e->nkids != 2)
			return e;
		add_stmt(l, STMT_EXPR, NULL, e->kids[0]);
		return e->kids[1];
	case CXBinaryOperator_Add:
		return lower_sum(l, X_ADD, c);
	case CXBinaryOperator_Sub:
		return lower_sum(l, X_SUB, c);
	case CXBinaryOperator_Mul:
		return lower_kids(l, X_MUL, c);
	case CXBinaryOperator_And:
	case CXBinaryOperator_Or:
	case CXBinaryOperator_Xor:
	case CXBinaryOperator_Shl:
	case CXBinaryOperator_Shr:
	case CXBinaryOperator_Div:
	case CXBinaryOperator_Rem:
		e = lower_const(l, c);
		return e->op == X_CONST ? e : lower_kids(l, X_MIX, c);
	default: /* comparisons: their result carries nothing */
		return lower_kids(l, X_OTHER, c);
	}
}

static struct expr *lower_change(struct lower *l, CXCursor c)
{
	struct expr *e = lower_kids(l, X_MIX, c);

	if (e->nkids)
		add_stmt(l, STMT_ASSIGN, e->kids[0], e);
	return e->nkids ? e->kids[0] : e;
}

static struct expr *lower_unary(struct lower *l, CXCursor c)
{
	struct expr *e;

	switch (clang_getCursorUnaryOperatorKind(c)) {
	case CXUnaryOperator_PostInc:
	case CXUnaryOperator_PostDec:
	case CXUnaryOperator_PreInc:
	case CXUnaryOperator_PreDec:
		return lower_change(l, c);
	case CXUnaryOperator_AddrOf:
		return lower_kids(l, X_ADDR, c);
	case CXUnaryOperator_Deref:
		return lower_kids(l, X_DEREF, c);
	case CXUnaryOperator_Plus:
	case CXUnaryOperator_Extension:
		return lower_kids(l, X_JOIN, c);
	case CXUnaryOperator_Minus:
		e = lower_const(l, c);
		return e->op == X_CONST ? e : lower_kids(l, X_MIX, c);
	default:
		return lower_kids(l, X_OTHER, c);
	}
}

/* ({ ...; value; }) */
static struct expr *lower_block(struct lower *l, CXCursor c)
{
	cursor_vec v = children_of(c), in = {0};
	struct expr *e = NULL;

	if (v.n == 1)
		in = children_of(v.a[0]);
	for (size_t i = 0; i < in.n; i++) {
		if (i + 1 == in.n && clang_isExpression(clang_getCursorKind(in.a[i])))
			e = lower_expr(l, in.a[i]);
		else
			lower_stmt(l, in.a[i]);
	}
	free(v.a);
	free(in.a);
	return e ?: expr_new(l, X_OTHER, 0);
}

static struct expr *lower_choice(struct lower *l, CXCursor c)
{
	struct expr *e = lower_kids(l, X_JOIN, c);

	if (e->nkids != 3) /* else it is ?:, or __builtin_choose_expr() */
		return e;
	add_stmt(l, STMT_EXPR, NULL, e->kids[0]);
	e->kids++;
	e->nkids--;
	return e;
}

/* The type may be typeof(expression). */
static struct expr *lower_cast(struct lower *l, CXCursor c)
{
	cursor_vec v = children_of(c);
	struct expr *e = NULL;

	if (v.n && clang_isExpression(clang_getCursorKind(v.a[v.n - 1])))
		e = lower_expr(l, v.a[v.n - 1]);
	free(v.a);
	return e ?: expr_new(l, X_OTHER, 0);
}

static struct expr *lower_any(struct lower *l, CXCursor c)
{
	switch (clang_getCursorKind(c)) {
	case CXCursor_IntegerLiteral:
	case CXCursor_CharacterLiteral:
	case CXCursor_UnaryExpr: /* sizeof */
		return lower_const(l, c);
	case CXCursor_DeclRefExpr:
		return lower_ref(l, c);
	case CXCursor_MemberRefExpr:
		return lower_member(l, c);
	case CXCursor_ArraySubscriptExpr:
		return lower_subscript(l, c);
	case CXCursor_CallExpr:
		return lower_call(l, c);
	case CXCursor_BinaryOperator:
		return lower_binary(l, c);
	case CXCursor_CompoundAssignOperator:
		return lower_change(l, c);
	case CXCursor_UnaryOperator:
		return lower_unary(l, c);
	case CXCursor_StmtExpr:
		return lower_block(l, c);
	case CXCursor_CStyleCastExpr:
		return lower_cast(l, c);
	case CXCursor_InitListExpr:
	case CXCursor_CompoundLiteralExpr:
		return lower_kids(l, X_MIX, c);
	default: /* parentheses, implicit conversions, ?:, _Generic */
		return lower_choice(l, c);
	}
}

static struct expr *lower_expr(struct lower *l, CXCursor c)
{
	struct expr *e = lower_any(l, c);

	if (!e->line)
		e->line = line_of(c);
	return e;
}

/* ---- statements ---- */

static void lower_variable(struct lower *l, CXCursor c)
{
	CXCursor init = clang_Cursor_getVarDeclInitializer(c);
	struct expr *to;

	if (clang_Cursor_isNull(init) || !is_local_variable(c))
		return;
	to = expr_new(l, X_VAR, 0);
	to->n = variable_of(l, c);
	to->array = is_array(c);
	add_stmt(l, STMT_ASSIGN, to, lower_expr(l, init));
}

static void lower_stmt(struct lower *l, CXCursor c)
{
	enum CXCursorKind kind = clang_getCursorKind(c);
	cursor_vec v;

	if (clang_isExpression(kind)) {
		add_stmt(l, STMT_EXPR, NULL, lower_expr(l, c));
		return;
	}
	if (kind == CXCursor_VarDecl) {
		lower_variable(l, c);
		return;
	}
	v = children_of(c);
	if (kind == CXCursor_ReturnStmt && v.n)
		add_stmt(l, STMT_RETURN, NULL, lower_expr(l, v.a[0]));
	for (size_t i = 0; kind != CXCursor_ReturnStmt && i < v.n; i++)
		lower_stmt(l, v.a[i]);
	free(v.a);
}

/* ---- functions ---- */

struct unit_lower {
	struct bodies *b;
	const char *file;
};

static CXCursor body_of(CXCursor fn)
{
	cursor_vec v = children_of(fn);
	CXCursor body = clang_getNullCursor();

	for (size_t i = 0; i < v.n; i++)
		if (clang_getCursorKind(v.a[i]) == CXCursor_CompoundStmt)
			body = v.a[i];
	free(v.a);
	return body;
}

static void lower_function(struct bodies *b, const char *file, CXCursor c, const char *key)
{
	struct lower l = {.b = b, .file = file};
	int n = clang_Cursor_getNumArguments(c);

	l.fn = bodies_keep(b, xcalloc(1, sizeof(*l.fn)));
	l.fn->key = key;
	l.fn->file = file;
	l.fn->nparams = (unsigned)(n > 0 ? n : 0);
	for (int i = 0; i < n; i++)
		variable_of(&l, clang_Cursor_getArgument(c, (unsigned)i));
	lower_stmt(&l, body_of(c));
	l.fn->nvars = (unsigned)l.ndecls;
	if (l.fn->stmts.a)
		bodies_keep(b, l.fn->stmts.a);
	free(l.decls);
	*strmap_add(&b->fns, key, NULL) = (uintptr_t)l.fn;
}

static enum CXChildVisitResult see_function(CXCursor c, CXCursor parent, CXClientData data)
{
	struct unit_lower *u = data;
	struct lower l = {.b = u->b, .file = u->file};
	const char *key;

	(void)parent;
	if (clang_getCursorKind(c) != CXCursor_FunctionDecl || !clang_isCursorDefinition(c))
		return CXChildVisit_Continue;
	key = function_key(&l, c);
	if (!strmap_get(&u->b->fns, key))
		lower_function(u->b, u->file, c, key);
	return CXChildVisit_Continue;
}

void lower_unit(struct bodies *b, const char *file, CXTranslationUnit unit)
{
	struct unit_lower u = {b, file};

	clang_visitChildren(clang_getTranslationUnitCursor(unit), see_function, &u);
}
