// SPDX-License-Identifier: GPL-2.0
/*
 * flow.c: the bodies that a call reaches => evidence about its parameters (bodies.h).
 *
 * A function is visited once for each list of argument values that its callers have for it. Values
 * are small sets of atoms; a variable's set only grows, and a body is evaluated until no set does.
 * A variable, what it points to and its fields share one set: what is stored in one of them may be
 * found in all.
 */
#include "stubs/bodies.h"

#include <stdlib.h>

enum { MAX_DEPTH = 24, MAX_DULL = 3, MAX_VISITS = 4000, MAX_UNITS = 60, MAX_ROUNDS = 4 };

/* What a function does, for one list of argument values. */
struct visit {
	const struct fn *fn;
	uint64_t key;
	struct atoms result;
	unsigned nargs;
	struct atoms *out; /* stored through each parameter */
};

struct flow {
	struct bodies *b;
	struct evidence *ev;
	struct strmap visits; /* function and values => struct visit * */
	unsigned depth, dull, nvisits;
	unsigned wide; /* parameters for which further units are parsed */
};

/* A function being evaluated. */
struct scope {
	struct flow *f;
	const struct fn *fn;
	struct atoms *vars;
	struct visit *v;
	bool changed, last; /* last: all sets are complete, and evidence is taken */
};

static struct atoms eval(struct scope *s, const struct expr *e);

/* ---- sets ---- */

static const struct atom other = {.kind = ATOM_OTHER};

static bool atom_same(const struct atom *a, const struct atom *b)
{
	return a->kind == b->kind && a->param == b->param && a->inexact == b->inexact &&
	       a->weak == b->weak && a->times == b->times && a->n == b->n &&
	       (a->name == b->name || (a->name && b->name && !strcmp(a->name, b->name)));
}

static bool atoms_add(struct atoms *to, struct atom a)
{
	if (a.kind == ATOM_CONST && a.n < 0 && a.n >= -4095)
		a = (struct atom){.kind = ATOM_ERROR};
	for (unsigned i = 0; i < to->n; i++)
		if (atom_same(&to->a[i], &a))
			return false;
	if (to->n < FLOW_ATOMS) {
		to->a[to->n++] = a;
		return true;
	}
	/* full: a parameter must not get lost */
	for (unsigned i = 0; i < to->n && (a.kind == ATOM_PARAM || a.kind == ATOM_FD); i++) {
		if (to->a[i].kind == ATOM_CONST || to->a[i].kind == ATOM_FUNC) {
			to->a[i] = a;
			return true;
		}
	}
	return false;
}

static bool atoms_join(struct atoms *to, const struct atoms *from)
{
	bool grown = false;

	for (unsigned i = 0; i < from->n; i++)
		grown |= atoms_add(to, from->a[i]);
	return grown;
}

static struct atoms atoms_of(struct atom a)
{
	struct atoms s = {0};

	atoms_add(&s, a);
	return s;
}

static bool atoms_have(const struct atoms *s, enum atom_kind kind)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->a[i].kind == kind)
			return true;
	return false;
}

/* The same, but changed by something unknown. */
static struct atoms atoms_mixed(const struct atoms *s)
{
	struct atoms r = {0};

	for (unsigned i = 0; i < s->n; i++) {
		struct atom a = s->a[i];

		if (a.kind == ATOM_PARAM) {
			a.inexact = true;
			a.n = 0;
			a.times = 1;
		} else if (a.kind == ATOM_CONST) {
			a = other;
		}
		if (a.kind != ATOM_FUNC && a.kind != ATOM_FD)
			atoms_add(&r, a);
	}
	return r;
}

static struct atom atom_sum(const struct atom *a, const struct atom *b, int sign)
{
	struct atom r = *a;

	if (b->kind != ATOM_CONST || (a->kind != ATOM_PARAM && a->kind != ATOM_CONST))
		r.inexact = a->kind == ATOM_PARAM;
	else if (!a->inexact)
		r.n += sign * b->n;
	if (r.inexact)
		r.n = 0;
	if (a->kind == ATOM_CONST && b->kind != ATOM_CONST)
		r = other;
	return r;
}

static struct atoms atoms_sum(const struct atoms *a, const struct atoms *b, int sign)
{
	struct atoms r = {0};

	for (unsigned i = 0; i < a->n; i++)
		for (unsigned k = 0; k < b->n; k++) {
			atoms_add(&r, atom_sum(&a->a[i], &b->a[k], sign));
			if (b->a[k].kind == ATOM_PARAM && a->a[i].kind == ATOM_CONST && sign > 0)
				atoms_add(&r, atom_sum(&b->a[k], &a->a[i], 1));
			else if (b->a[k].kind == ATOM_PARAM || b->a[k].kind == ATOM_LOADED)
				atoms_add(&r, (struct atom){.kind = b->a[k].kind,
							    .param = b->a[k].param,
							    .times = 1,
							    .inexact = true});
		}
	return r;
}

static struct atoms atoms_product(const struct atoms *a, const struct atoms *b)
{
	struct atoms r = {0};

	for (unsigned i = 0; i < a->n; i++) {
		for (unsigned k = 0; k < b->n; k++) {
			const struct atom *x = &a->a[i], *y = &b->a[k];

			if (x->kind == ATOM_CONST && y->kind != ATOM_CONST) {
				x = y;
				y = &a->a[i];
			}
			if (y->kind != ATOM_CONST) {
				struct atoms mx = atoms_mixed(a), my = atoms_mixed(b);

				atoms_join(&r, &mx);
				atoms_join(&r, &my);
			} else if (x->kind == ATOM_PARAM) {
				struct atom p = *x;

				p.times *= (int32_t)y->n;
				p.n *= y->n;
				atoms_add(&r, p);
			} else if (x->kind == ATOM_CONST) {
				atoms_add(&r, (struct atom){.kind = ATOM_CONST, .n = x->n * y->n});
			} else {
				atoms_add(&r, *x);
			}
		}
	}
	return r;
}

static void atoms_shift(struct atoms *s, int64_t by)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->a[i].kind == ATOM_PARAM && !s->a[i].inexact)
			s->a[i].n += by;
}

/* ---- evidence ---- */

static const char *place(struct scope *s, const struct expr *e)
{
	return bodies_keep(s->f->b, xasprintf("%s:%u", s->fn->file, e->line));
}

/* Parameters whose value went where it can't be followed. */
static void note_escape(struct scope *s, const struct atoms *v, const char *where, uint32_t line)
{
	struct evidence *ev = s->f->ev;

	for (unsigned i = 0; s->last && i < v->n; i++) {
		unsigned p = v->a[i].param;

		if (v->a[i].kind != ATOM_PARAM || !(ev->followed & 1 << p))
			continue;
		ev->followed &= (uint8_t)~(1 << p);
		ev->escape[p] =
			bodies_keep(s->f->b, xasprintf("%s:%u, %s", s->fn->file, line, where));
	}
}

static void add_copy(struct scope *s, const struct expr *e, const struct copy *c)
{
	struct evidence *ev = s->f->ev;

	for (size_t i = 0; i < ev->copies.n; i++) {
		struct copy *o = &ev->copies.a[i];
		struct atoms both = o->len;

		if (o->param == c->param && o->off == c->off && o->inexact == c->inexact &&
		    o->dir == c->dir && o->string == c->string && o->path == c->path &&
		    o->vector == c->vector && o->len.n == c->len.n && !atoms_join(&both, &c->len)) {
			o->gives_fd |= c->gives_fd;
			return;
		}
	}
	*vec_add(&ev->copies) = *c;
	ev->copies.a[ev->copies.n - 1].where = place(s, e);
}

/* READ and ITER_DEST are 0: the data go to the program. */
static unsigned data_dir(const struct atoms *dir)
{
	if (dir->n == 1 && dir->a[0].kind == ATOM_CONST)
		return dir->a[0].n & 1 ? COPY_IN : COPY_OUT;
	return COPY_IN | COPY_OUT;
}

static void note_copy(struct scope *s, const struct expr *e, const struct primitive *p,
		      const struct atoms *arg)
{
	static const struct atoms none = {0};
	const struct atoms *ptr = &arg[p->ptr], *src = p->dst >= 0 ? &arg[p->dst] : &none;
	struct copy c = {.len = {0}};

	/* an address or a descriptor isn't a length */
	for (unsigned i = 0; p->len >= 0 && i < arg[p->len].n; i++) {
		const struct atom *a = &arg[p->len].a[i];

		atoms_add(&c.len,
			  a->kind == ATOM_PARAM && s->f->wide & 1u << a->param ? other : *a);
	}
	c.string = p->kind == PRIM_STRING || p->kind == PRIM_PATH;
	c.path = p->kind == PRIM_PATH;
	c.vector = p->kind == PRIM_VECTOR;
	c.dir = c.string || c.vector || p->kind == PRIM_COPY_IN ? COPY_IN
		: p->kind == PRIM_COPY_OUT			? COPY_OUT
								: data_dir(&arg[p->dir]);
	c.gives_fd = p->kind == PRIM_COPY_OUT && atoms_have(src, ATOM_FD);
	for (unsigned i = 0; i < ptr->n; i++) {
		/* a computed number isn't an address */
		if (ptr->a[i].kind != ATOM_PARAM ||
		    (ptr->a[i].inexact && !(s->f->wide & 1u << ptr->a[i].param)))
			continue;
		c.param = ptr->a[i].param;
		c.off = ptr->a[i].n;
		c.inexact = ptr->a[i].inexact;
		add_copy(s, e, &c);
	}
}

static void note_fd(struct scope *s, const struct expr *e, const struct atoms *fd)
{
	struct evidence *ev = s->f->ev;

	for (unsigned i = 0; i < fd->n; i++) {
		const struct atom *a = &fd->a[i];

		if (a->kind != ATOM_PARAM || a->inexact || a->times != 1 || a->n)
			continue;
		ev->uses_fd |= (uint8_t)(1 << a->param);
		if (!ev->fd_at[a->param])
			ev->fd_at[a->param] = place(s, e);
	}
}

/* ---- assignments ---- */

/* To a variable: a second offset of one pointer is a step of a loop. */
static bool atoms_step(struct atoms *to, const struct atoms *from)
{
	bool grown = false;

	for (unsigned i = 0; i < from->n; i++) {
		struct atom a = from->a[i];

		for (unsigned k = 0; a.kind == ATOM_PARAM && k < to->n; k++) {
			const struct atom *o = &to->a[k];

			if (o->kind == ATOM_PARAM && o->param == a.param && o->times == a.times &&
			    !o->inexact && o->n != a.n) {
				a.inexact = true;
				a.n = 0;
			}
		}
		grown |= atoms_add(to, a);
	}
	return grown;
}

/* As part of a struct: which part, isn't known. */
static struct atoms atoms_weak(const struct atoms *s)
{
	struct atoms r = *s;

	for (unsigned i = 0; i < r.n; i++) {
		if (r.a[i].kind == ATOM_PARAM) {
			r.a[i].inexact = r.a[i].weak = true;
			r.a[i].n = 0;
		}
	}
	return r;
}

static void assign(struct scope *s, const struct expr *to, const struct atoms *v, bool direct)
{
	struct atoms weak;

	switch (to->op) {
	case X_VAR:
		s->changed |= atoms_step(&s->vars[to->n], v);
		if (!direct && to->n < s->v->nargs)
			s->changed |= atoms_join(&s->v->out[to->n], v);
		else if (!direct && to->pointer)
			note_escape(s, v, "stored", to->line);
		break;
	case X_MEMBER:
		weak = atoms_weak(v);
		assign(s, to->kids[0], &weak, false);
		break;
	case X_DEREF:
	case X_ADDR:
	case X_ADD:
	case X_SUB:
	case X_JOIN:
		if (to->nkids)
			assign(s, to->kids[0], v, false);
		break;
	case X_CALL: /* what a function leads to, such as current */
	case X_OTHER:
		note_escape(s, v, "stored", to->line);
		break;
	default:
		break;
	}
}

/* x = f(x): the old value is unknown */
static bool mentions(const struct expr *e, int64_t var)
{
	if (e->op == X_VAR)
		return e->n == var;
	for (unsigned i = 0; i < e->nkids; i++)
		if (mentions(e->kids[i], var))
			return true;
	return false;
}

/* ---- calls ---- */

static struct atoms visit(struct scope *up, const struct expr *e, const struct fn *fn,
			  const struct atoms *arg, unsigned nargs);

/* Is a parameter itself among the arguments, one for which another unit may be parsed? */
static bool is_worth(const struct flow *f, const struct atoms *arg, unsigned nargs)
{
	for (unsigned i = 0; i < nargs; i++)
		for (unsigned k = 0; k < arg[i].n; k++)
			if (arg[i].a[k].kind == ATOM_PARAM && !arg[i].a[k].inexact &&
			    f->wide & ~f->ev->uses_fd & 1u << arg[i].a[k].param)
				return true;
	return false;
}

static struct atoms call_primitive(struct scope *s, const struct expr *e, const struct primitive *p,
				   const struct atoms *arg, unsigned nargs)
{
	struct atoms loaded = {0};

	if (p->ptr >= (int)nargs || p->len >= (int)nargs || p->dst >= (int)nargs ||
	    p->dir >= (int)nargs)
		return atoms_of(other);
	switch (p->kind) {
	case PRIM_MAKES_FD:
		return atoms_of((struct atom){.kind = ATOM_FD, .name = place(s, e)});
	case PRIM_IGNORE:
		return atoms_of(other);
	case PRIM_USES_FD:
		note_fd(s, e, &arg[p->ptr]);
		return atoms_of(other);
	default:
		break;
	}
	for (unsigned i = 0; i < arg[p->ptr].n; i++)
		if (arg[p->ptr].a[i].kind == ATOM_PARAM)
			atoms_add(&loaded, (struct atom){.kind = ATOM_LOADED,
							 .param = arg[p->ptr].a[i].param});
	if (p->kind == PRIM_COPY_IN && p->dst >= 0)
		assign(s, e->kids[p->dst + 1], &loaded, false);
	if (s->last)
		note_copy(s, e, p, arg);
	return atoms_of(other);
}

/* Could what happens to the arguments be evidence? A computed number alone can't. */
static bool is_dull(const struct flow *f, const struct atoms *arg, unsigned nargs)
{
	for (unsigned i = 0; i < nargs; i++) {
		for (unsigned k = 0; k < arg[i].n; k++) {
			const struct atom *a = &arg[i].a[k];

			if (a->kind == ATOM_FD ||
			    (a->kind == ATOM_PARAM && (!a->inexact || f->wide & 1u << a->param)))
				return false;
		}
	}
	return true;
}

/* For its result only, which doesn't depend on the arguments but for functions among them. */
static struct atoms visit_dull(struct scope *s, const struct expr *e, const struct fn *fn,
			       const struct atoms *arg, unsigned nargs)
{
	struct atoms *plain = xcalloc(nargs + 1, sizeof(*plain)), r;
	bool last = s->last;

	if (s->f->dull >= MAX_DULL) {
		free(plain);
		return atoms_of(other);
	}
	for (unsigned i = 0; i < nargs; i++) {
		atoms_add(&plain[i], other);
		for (unsigned k = 0; k < arg[i].n; k++)
			if (arg[i].a[k].kind == ATOM_FUNC)
				atoms_add(&plain[i], arg[i].a[k]);
	}
	s->f->dull++;
	s->last = false;
	r = visit(s, e, fn, plain, nargs);
	s->last = last;
	s->f->dull--;
	free(plain);
	return r;
}

/* A function by its key; no body is an escape. */
static struct atoms call_function(struct scope *s, const struct expr *e, const char *key,
				  const struct atoms *arg, unsigned nargs)
{
	const char *colon = strchr(key, ':');
	const struct primitive *p = primitive_find(colon ? colon + 1 : key);
	struct bodies *b = s->f->b;
	const struct fn *fn;

	if (p)
		return call_primitive(s, e, p, arg, nargs);
	fn = bodies_known(b, key);
	if (!fn && is_worth(s->f, arg, nargs) && b->parsed < MAX_UNITS)
		fn = bodies_find(b, key);
	if (fn && s->f->depth < MAX_DEPTH && s->f->nvisits < MAX_VISITS)
		return is_dull(s->f, arg, nargs) ? visit_dull(s, e, fn, arg, nargs)
						 : visit(s, e, fn, arg, nargs);
	for (unsigned i = 0; i < nargs; i++)
		note_escape(s, &arg[i], key, e->line);
	return atoms_of(other);
}

static struct atoms call_pointer(struct scope *s, const struct expr *e, const struct atoms *arg,
				 unsigned nargs)
{
	const struct expr *callee = e->kids[0];
	struct atoms to, r = {0};
	bool known = false;

	while (callee->op == X_DEREF || (callee->op == X_JOIN && callee->nkids == 1))
		callee = callee->kids[0];
	if (callee->op == X_MEMBER && primitive_find(callee->name))
		return call_primitive(s, e, primitive_find(callee->name), arg, nargs);
	to = eval(s, callee);
	for (unsigned i = 0; i < to.n; i++) {
		struct atoms one;

		if (to.a[i].kind != ATOM_FUNC)
			continue;
		known = true;
		one = call_function(s, e, to.a[i].name, arg, nargs);
		atoms_join(&r, &one);
	}
	if (known)
		return r;
	for (unsigned i = 0; i < nargs; i++)
		note_escape(s, &arg[i], callee->op == X_MEMBER ? callee->name : "through a pointer",
			    e->line);
	return atoms_of(other);
}

static struct atoms eval_call(struct scope *s, const struct expr *e)
{
	unsigned nargs = e->nkids - 1u;
	struct atoms *arg = xcalloc(nargs + 1, sizeof(*arg)), r;

	for (unsigned i = 0; i < nargs; i++)
		arg[i] = eval(s, e->kids[i + 1]);
	if (e->name && starts_with(e->name, "__builtin_")) {
		r = nargs ? arg[0] : atoms_of(other); /* expect, choose_expr ... */
		for (unsigned i = 1; i < nargs && ends_with(e->name, "choose_expr"); i++)
			atoms_join(&r, &arg[i]);
	} else if (e->name) {
		r = call_function(s, e, e->name, arg, nargs);
	} else {
		r = call_pointer(s, e, arg, nargs);
	}
	free(arg);
	return r;
}

/* ---- expressions ---- */

static struct atoms eval_kids(struct scope *s, const struct expr *e)
{
	struct atoms r = {0};

	for (unsigned i = 0; i < e->nkids; i++) {
		struct atoms one = eval(s, e->kids[i]);

		atoms_join(&r, &one);
	}
	return r;
}

/* The address of what e names. */
static struct atoms eval_address(struct scope *s, const struct expr *e)
{
	struct atoms r;

	if (e->op == X_MEMBER) {
		r = eval_address(s, e->kids[0]);
		atoms_shift(&r, e->n);
		return r;
	}
	if (e->op == X_DEREF || (e->op == X_JOIN && e->nkids == 1))
		return e->op == X_DEREF ? eval(s, e->kids[0]) : eval_address(s, e->kids[0]);
	return eval(s, e);
}

static struct atoms eval_op(struct scope *s, const struct expr *e)
{
	struct atoms a = eval(s, e->kids[0]), b = eval(s, e->kids[1]);

	if (e->op == X_MUL)
		return atoms_product(&a, &b);
	return atoms_sum(&a, &b, e->op == X_ADD ? 1 : -1);
}

static struct atoms eval(struct scope *s, const struct expr *e)
{
	struct atoms r;

	switch (e->op) {
	case X_CONST:
		return atoms_of((struct atom){.kind = ATOM_CONST, .n = e->n});
	case X_VAR:
		return s->vars[e->n];
	case X_FUNC:
		return atoms_of((struct atom){.kind = ATOM_FUNC, .name = e->name});
	case X_CALL:
		return eval_call(s, e);
	case X_ADD:
	case X_SUB:
	case X_MUL:
		return e->nkids == 2 ? eval_op(s, e) : eval_kids(s, e);
	case X_ADDR:
		return e->nkids ? eval_address(s, e->kids[0]) : atoms_of(other);
	case X_MEMBER:
		return e->array ? eval_address(s, e) : eval(s, e->kids[0]);
	case X_DEREF:
	case X_JOIN:
		r = eval_kids(s, e);
		return r;
	case X_MIX:
		r = eval_kids(s, e);
		r = atoms_mixed(&r);
		atoms_add(&r, other);
		return r;
	default:
		eval_kids(s, e);
		return atoms_of(other);
	}
}

/* ---- functions ---- */

static void run_stmt(struct scope *s, const struct stmt *st)
{
	struct atoms v = eval(s, st->value);

	if (st->kind == STMT_RETURN) {
		s->changed |= atoms_join(&s->v->result, &v);
	} else if (st->kind == STMT_ASSIGN) {
		if (st->to->op == X_VAR && mentions(st->value, st->to->n) &&
		    st->value->op != X_CALL && st->value->op != X_JOIN)
			v = atoms_mixed(&v);
		else if (st->to->op != X_VAR)
			eval(s, st->to);
		assign(s, st->to, &v, true);
	}
}

static void run_body(struct scope *s, bool take)
{
	unsigned round = 0;

	s->last = false;
	do {
		s->changed = false;
		for (size_t i = 0; i < s->fn->stmts.n; i++)
			run_stmt(s, &s->fn->stmts.a[i]);
	} while (s->changed && ++round < MAX_ROUNDS);
	s->last = take;
	for (size_t i = 0; take && i < s->fn->stmts.n; i++)
		run_stmt(s, &s->fn->stmts.a[i]);
}

static char *visit_key(const struct fn *fn, const struct atoms *arg, unsigned nargs, bool last)
{
	uint64_t h = last;

	for (unsigned i = 0; i < nargs; i++) {
		h = hash64(&arg[i].n, sizeof(arg[i].n), h);
		for (unsigned k = 0; k < arg[i].n; k++) {
			const struct atom *a = &arg[i].a[k];
			const int64_t x[] = {a->kind, a->param, a->inexact,
					     a->weak, a->times, a->n};

			h = hash64(x, sizeof(x), a->name ? hash_str(a->name, h) : h);
		}
	}
	return xasprintf("%s %llx", fn->key, (unsigned long long)h);
}

static struct visit *visit_new(struct flow *f, const struct fn *fn, const char *key, unsigned nargs,
			       bool *added)
{
	uint64_t *at = strmap_add(&f->visits, key, added);
	struct visit *v;

	if (!*added)
		return (struct visit *)(uintptr_t)*at;
	v = bodies_keep(f->b, xcalloc(1, sizeof(*v)));
	*at = (uintptr_t)v;
	v->fn = fn;
	v->nargs = nargs;
	v->out = bodies_keep(f->b, xcalloc(nargs + 1, sizeof(*v->out)));
	f->nvisits++;
	return v;
}

static struct atoms visit(struct scope *up, const struct expr *e, const struct fn *fn,
			  const struct atoms *arg, unsigned nargs)
{
	struct flow *f = up->f;
	char *key = visit_key(fn, arg, nargs, up->last);
	bool added;
	struct visit *v = visit_new(f, fn, key, nargs, &added);
	struct scope s = {.f = f, .fn = fn, .v = v};

	free(key);
	if (added) {
		s.vars = xcalloc(fn->nvars + 1, sizeof(*s.vars));
		for (unsigned i = 0; i < nargs && i < fn->nparams; i++)
			s.vars[i] = arg[i];
		v->nargs = nargs < fn->nparams ? nargs : fn->nparams;
		f->depth++;
		run_body(&s, up->last);
		f->depth--;
		free(s.vars);
	}
	for (unsigned i = 0; i < v->nargs; i++)
		if (v->out[i].n)
			assign(up, e->kids[i + 1], &v->out[i], false);
	return v->result;
}

static void note_result(struct evidence *ev, const struct atoms *r)
{
	bool known = r->n > 0;

	for (unsigned i = 0; i < r->n; i++) {
		const struct atom *a = &r->a[i];

		if (a->kind == ATOM_FD) {
			ev->makes_fd = true;
			ev->makes_at = a->name;
		} else if (a->kind == ATOM_CONST) {
			ev->most = a->n > ev->most ? a->n : ev->most;
		}
		known &= a->kind == ATOM_CONST || a->kind == ATOM_ERROR;
	}
	if (!known || r->n == FLOW_ATOMS)
		ev->most = -1;
}

struct evidence *flow_call(struct bodies *b, const char *file, const char *entry, unsigned nparams,
			   unsigned wide)
{
	char *keys[] = {xasprintf("%s:__do_sys_%s", file, entry), xasprintf("__do_sys_%s", entry),
			xasprintf("sys_%s", entry)};
	struct flow f = {.b = b, .wide = wide};
	struct atoms arg[FLOW_PARAMS] = {0}, r;
	const struct fn *fn = NULL;
	struct visit top = {0};
	struct scope up = {.f = &f, .v = &top, .last = true};
	struct expr call = {.op = X_CONST}, *kids[FLOW_PARAMS + 1];

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		fn = fn ?: bodies_known(b, keys[i]);
		free(keys[i]);
	}
	if (!fn)
		return NULL;
	f.ev = bodies_keep(b, xcalloc(1, sizeof(*f.ev)));
	f.ev->followed = (uint8_t)((1 << nparams) - 1);
	for (unsigned i = 0; i <= FLOW_PARAMS; i++)
		kids[i] = &call;
	call.kids = kids;
	for (unsigned i = 0; i < nparams && i < FLOW_PARAMS; i++)
		arg[i] = atoms_of(
			(struct atom){.kind = ATOM_PARAM, .param = (uint8_t)i, .times = 1});
	r = visit(&up, &call, fn, arg, nparams);
	note_result(f.ev, &r);
	if (f.ev->copies.a)
		bodies_keep(b, f.ev->copies.a);
	strmap_free(&f.visits);
	return f.ev;
}
