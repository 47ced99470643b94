// SPDX-License-Identifier: GPL-2.0
/* engine.c: runs every case of a call on both sides and compares; see stub_test.h. */
#include "engine.h"
#include "recorded.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WATCHDOG 20 /* seconds a case may take before the run counts as hung */

struct edge { /* how one argument departs from the base */
	char name[64];
	struct st_arg arg;
	enum {
		EDGE_ARG,
		EDGE_NULL,
		EDGE_BAD,
		EDGE_KERNEL,
		EDGE_WILD,
		EDGE_SHIFT,
		EDGE_READONLY
	} how;
};

struct run {
	const struct st_call *call;
	const struct sd_stub *stub;
	const struct st_base *base;
	int param; /* -1: the base itself */
	const struct edge *edge;
	char name[160];
	u32 *used; /* per differs entry */
	u32 bases; /* that had their fixtures */
	u32 passed, failed;
	/* with st_copies: cases that ended otherwise without the stub; data were moved */
	u32 unlike;
	bool moved;
};

struct engine_totals totals;
char engine_now[200];

static u64 argument(struct run *r, struct side *s, int i)
{
	const struct st_arg *a = &r->base->arg[i];
	u64 p;

	if (r->param == i && r->edge->how == EDGE_ARG)
		a = &r->edge->arg;
	buffer_reset(i);
	if (a->kind == ST_ID)
		return (u64)s->id[a->num];
	if (a->kind != ST_BUF) {
		if (r->param != i || r->edge->how == EDGE_ARG)
			return (u64)a->num;
		p = 0;
	} else {
		p = buffer_make(i, a->name, s);
	}
	if (r->param != i)
		return p;
	switch (r->edge->how) {
	case EDGE_NULL:
		return 0;
	case EDGE_BAD:
		return buffer_guard(i);
	case EDGE_KERNEL:
		return 0xffff888000001000ull;
	case EDGE_WILD:
		return 0x5a5a000000001234ull;
	case EDGE_SHIFT:
		return p + 1;
	case EDGE_READONLY:
		return buffer_readonly(i);
	default:
		return p;
	}
}

/* Bases about files don't test other kinds of descriptors, while those of sockets also test
 * pipes. */
static bool about_files(const struct st_base *b, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (b->arg[i].kind == ST_FD && b->arg[i].num >= FD_file &&
		    b->arg[i].num < FX_FD(FX_DECLARED))
			return true;
	return false;
}

static bool can_become(void)
{
	return st_stub(SYS_setresuid) && st_stub(SYS_setresgid);
}

/* Or the calls by which it becomes another user. */
static bool missing_fixture(struct run *r)
{
	if (r->base->as && !can_become())
		return true;
	if (about_files(r->base, r->call->nparams) && !world_has(FX_file))
		return true;
	for (u32 i = 0; i < r->call->nparams; i++) {
		const struct st_arg *a = &r->base->arg[i];
		s64 fixture;

		if (r->param == (int)i && r->edge->how == EDGE_ARG)
			a = &r->edge->arg;
		fixture = a->kind == ST_BUF  ? buffer_needs(a->name)
			  : a->kind == ST_FD ? a->num - FX_FD(0)
			  : a->kind == ST_ID ? a->num + FX_DECLARED
					     : -1;
		if (fixture >= 0 && fixture < FX_COUNT && !world_has((int)fixture))
			return true;
	}
	return false;
}

static bool makes_fd(const struct run *r, const struct outcome *o)
{
	for (u32 i = 0; i < r->call->nfd_values; i++)
		if ((u32)o->arg[r->call->fd_arg] == r->call->fd_values[i])
			return true;
	return r->stub->ret_fd;
}

/* Describes the file of a new descriptor. */
static void describe(struct side *s, struct outcome *o)
{
	struct stat st = {0};
	char *end = o->state + strlen(o->state);

	if (!world_has(FX_file))
		return;
	side_call(s, SYS_newfstatat, (u64)o->ret, (u64)(uintptr_t)"", (u64)(uintptr_t)&st,
		  AT_EMPTY_PATH, 0, 0);
	snprintf(end, sizeof(o->state) - (size_t)(end - o->state),
		 "new: flags %lx fd %lx mode %o of %u.%u size %lld links %lu\n",
		 side_call(s, SYS_fcntl, (u64)o->ret, F_GETFL, 0, 0, 0, 0),
		 side_call(s, SYS_fcntl, (u64)o->ret, F_GETFD, 0, 0, 0, 0), st.st_mode, st.st_uid,
		 st.st_gid, (long long)st.st_size, (unsigned long)st.st_nlink);
}

/* Closes the descriptors that the call made, and replaces them by a mark. */
static void close_new(struct run *r, struct side *s, struct outcome *o)
{
	int fds[2], n;

	for (u32 i = 0; i < r->call->nparams; i++) {
		const struct st_arg *a = &r->base->arg[i];

		if (a->kind != ST_BUF || strcmp(a->name, "fdpair"))
			continue;
		if (o->ret == -EFAULT &&
		    o->arg[i] + 7 ==
			    buffer_guard((int)i)) /* half of a number: each side has its own */
			memset((void *)(uintptr_t)o->arg[i], 0x33, 7);
		if (o->arg[i] + 8 != buffer_guard((int)i))
			continue;
		n = buffer_take_fds((int)i, o->ret, fds);
		while (n)
			if (side_call(s, SYS_close, (u64)fds[--n], 0, 0, 0, 0,
				      0)) /* not one at all */
				memset((void *)(uintptr_t)o->arg[i], 0xee, 8);
	}
	if (o->ret < 0 || !makes_fd(r, o))
		return;
	describe(s, o);
	if (o->ret < FX_FD(0) || o->ret >= FX_FD(FX_COUNT) || !s->there[o->ret - FX_FD(0)])
		side_call(s, SYS_close, (u64)o->ret, 0, 0, 0, 0, 0);
	o->ret = 1; /* "a descriptor" */
}

static void become(struct side *s, u32 id)
{
	if (id && st_stub(SYS_setgroups))
		side_call(s, SYS_setgroups, 0, 0, 0, 0, 0, 0);
	if (id)
		side_call(s, SYS_setresgid, id, id, 0, 0, 0, 0);
	side_call(s, SYS_setresuid, id, id, 0, 0, 0, 0);
	if (!id)
		side_call(s, SYS_setresgid, 0, 0, 0, 0, 0, 0);
}

/* Makes the call and records its outcome. */
static void perform(struct run *r, struct side *s, struct outcome *o)
{
	for (u32 i = 0; i < r->call->nparams; i++)
		o->arg[i] = argument(r, s, (int)i);
	if (r->base->as)
		become(s, r->base->as);
	st_mutating = st_mutate && s == &backend_domain;
	if (st_copies)
		copies_begin(s == &backend_domain);
	o->ret = s->call(r->stub, o->arg);
	copies_end();
	st_mutating = false;
	if (identity_call(r->stub->nr))
		identity_state(s, o->state, sizeof(o->state));
	else if (r->base->as)
		become(s, 0);
	close_new(r, s, o);
	if (r->call->uncompared && o->ret > 0)
		o->ret = 0;
	for (u32 i = 0; i < r->call->nparams; i++) {
		u8 *used = buffer_used((int)i, &o->len[i]);

		if (r->base->arg[i].kind == ST_BUF)
			buffer_mask((int)i, r->base->arg[i].name, o->arg[i]);
		o->mem[i] = memcpy(malloc(o->len[i] + 1), used, o->len[i]);
	}
	world_state(s, o->state, sizeof(o->state));
}

struct play {
	struct run *r;
	struct side *s;
	struct outcome *o;
};

static void *play(void *arg)
{
	struct play *p = arg;

	memset(p->o->arg, 0, sizeof(p->o->arg));
	p->o->state[0] = '\0';
	world_make(p->s, p->o->port);
	perform(p->r, p->s, p->o);
	if (!identity_call(p->r->stub->nr))
		world_end(p->s);
	return NULL;
}

/*
 * A caller that has given up root can neither remove the world nor become root again: such a call
 * is made by a separate thread, which has its own credentials, and on the domain's side by a client
 * that is not used again.
 */
static void play_apart(struct play *p)
{
	pthread_attr_t attr;
	pthread_t thread;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 20);
	if (p->s == &backend_domain && backend_is_kernel)
		play(p);
	else if (pthread_create(&thread, &attr, play, p) || pthread_join(thread, NULL))
		st_die("no thread");
	pthread_attr_destroy(&attr);
	if (p->s == &backend_domain)
		backend_fresh();
	world_abandon(p->s);
}

static const char *other_name(void)
{
	return st_recorded ? "unsliced kernel" : st_recording ? "without a stub" : "host";
}

static void explain(struct run *r, const struct outcome *h, const struct outcome *d, char *why,
		    size_t size)
{
	size_t n = 0;

	why[0] = '\0';
	if (h->ret != d->ret)
		n += (size_t)snprintf(why, size, "%s %ld (%s), domain %ld (%s)", other_name(),
				      h->ret, h->ret < 0 ? strerror((int)-h->ret) : "", d->ret,
				      d->ret < 0 ? strerror((int)-d->ret) : "");
	for (u32 i = 0; i < r->call->nparams && n < size / 2; i++) {
		size_t k = 0;

		while (k < h->len[i] && h->mem[i][k] == d->mem[i][k])
			k++;
		if (k < h->len[i])
			n += (size_t)snprintf(why + n, size - n,
					      "%s%s: byte %zu of %zu: %s %02x, domain %02x",
					      n ? "; " : "", r->call->param[i].name, k, h->len[i],
					      other_name(), h->mem[i][k], d->mem[i][k]);
	}
	if (strcmp(h->state, d->state) && n < size / 2) {
		const char *a = h->state, *b = d->state, *la = a, *lb = b;

		for (; *a == *b; a++, b++)
			if (*a == '\n')
				la = a + 1, lb = b + 1;
		snprintf(why + n, size - n, "%safterwards: %s \"%.*s\", domain \"%.*s\"",
			 n ? "; " : "", other_name(), (int)strcspn(la, "\n"), la,
			 (int)strcspn(lb, "\n"), lb);
	}
}

static bool other_tree(void)
{
	return getenv("KSLICE_OTHER_TREE");
}

/* Is the same kernel on both sides? */
static bool same_kernel(void)
{
	return !backend_is_kernel || st_recording;
}

static const struct st_differs *excuse(struct run *r)
{
	for (u32 i = 0; i < r->call->ndiffers; i++) {
		const struct st_differs *d = &r->call->differs[i];

		if (fnmatch(d->match, r->name, 0) || (d->reason != ST_STUB && same_kernel()) ||
		    (d->reason == ST_VERSION && !other_tree()))
			continue;
		r->used[i] |= 1; /* met */
		return d;
	}
	return NULL;
}

/* A call that ends otherwise without its stub (the first has taken what there was) moves other
 * data: nothing to compare, and counted. That it may is told by comparing with the host. How much
 * was moved before a fault is nobody's business. */
static void judge_copies(struct run *r, const struct outcome *h, const struct outcome *d)
{
	char why[2048];

	if (h->ret != d->ret) {
		r->unlike++;
		return;
	}
	if (h->ret == -EFAULT || copies_agree(r->call, h->ret, why, sizeof(why))) {
		r->passed++;
		return;
	}
	r->failed++;
	if (!st_mutate)
		printf("FAIL %s/%s: %s\n", r->call->name, r->name, why);
}

static void judge(struct run *r, const struct outcome *h, const struct outcome *d)
{
	const struct st_differs *ex = excuse(r);
	char why[2048];

	explain(r, h, d, why, sizeof(why));
	if (why[0] && ex && !st_mutate) {
		r->used[ex - r->call->differs] |= 2; /* and does differ */
		r->passed++;
	} else if (why[0]) {
		r->failed++;
		if (!st_mutate)
			printf("FAIL %s/%s: %s\n", r->call->name, r->name, why);
	} else {
		r->passed++;
	}
}

static void forget(struct run *r, struct outcome *o)
{
	for (u32 i = 0; i < r->call->nparams; i++) {
		free(o->mem[i]);
		o->mem[i] = NULL;
	}
}

static void play_side(struct run *r, struct side *s, struct outcome *o)
{
	struct play p = {r, s, o};

	if (identity_call(r->stub->nr))
		play_apart(&p);
	else
		play(&p);
}

/* With a stub where the caller's credentials matter: without one it is a task of the kernel, which
 * stays root. */
static struct side *other_side(const struct run *r)
{
	if (st_recording && (r->base->as || identity_call(r->stub->nr)))
		return &backend_domain;
	return st_copies || st_recording ? backend_direct() : &side_host;
}

static void play_both(struct run *r, struct outcome *h, struct outcome *d)
{
	memset(h->port, 0, sizeof(h->port));
	if (st_recorded)
		recorded_get(engine_now, world_patient, h);
	else
		play_side(r, other_side(r), h);
	memcpy(d->port, h->port, sizeof(d->port));
	play_side(r, &backend_domain, d);
}

/* KSLICE_EDGES=N: of the edges only each Nth, where another transport has made them all. */
static u32 edge_step(void)
{
	static u32 step;
	const char *n = step ? NULL : getenv("KSLICE_EDGES");

	if (!step)
		step = n && atoi(n) > 1 ? (u32)atoi(n) : 1;
	return step;
}

static bool left_out(const struct run *r)
{
	static u32 count;

	return r->param >= 0 && count++ % edge_step();
}

static void one_case(struct run *r)
{
	static struct outcome h, d;

	if (r->param < 0)
		snprintf(r->name, sizeof(r->name), "%s", r->base->name);
	else
		snprintf(r->name, sizeof(r->name), "%s/%s=%s", r->base->name,
			 r->call->param[r->param].name, r->edge->name);
	if (!engine_wanted(r->call->name, r->name) || (st_mutate && r->failed) ||
	    left_out(r)) /* noticed once is enough */
		return;
	alarm(WATCHDOG);
	snprintf(engine_now, sizeof(engine_now), "%s/%s", r->call->name, r->name);
	if (missing_fixture(
		    r)) { /* a fixture this domain can't have: its differences can't show either */
		for (u32 i = 0; i < r->call->ndiffers; i++)
			if (!strncmp(r->call->differs[i].match, r->base->name,
				     strlen(r->base->name)) ||
			    !fnmatch(r->call->differs[i].match, r->name, 0))
				r->used[i] |= 2;
		return;
	}
	r->bases += r->param < 0;
	if (st_copies && r->base->as)
		return; /* the caller is the kernel's own task, which stays root */
	play_both(r, &h, &d);
	if (!st_mutate && !st_copies && h.ret == d.ret && strcmp(h.state, d.state)) {
		forget(r, &h);
		forget(r, &d);
		world_patient = true;
		play_both(r, &h, &d);
		world_patient = false;
	}
	if (st_recording)
		recorded_put(engine_now, &h);
	if (st_copies)
		judge_copies(r, &h, &d);
	else
		judge(r, &h, &d);
	forget(r, &h);
	forget(r, &d);
}

/* ---- edges ---- */

static void try_arg(struct run *r, int i, struct st_arg a, const char *name)
{
	struct edge e = {.how = EDGE_ARG, .arg = a};

	if (a.kind == ST_BUF || (a.kind == ST_FD && a.name))
		snprintf(e.name, sizeof(e.name), "%s", a.name);
	else if (name)
		snprintf(e.name, sizeof(e.name), "%s", name);
	else
		snprintf(e.name, sizeof(e.name), "%lld", (long long)a.num);
	r->param = i;
	r->edge = &e;
	one_case(r);
	r->param = -1;
}

static void try_how(struct run *r, int i, int how, const char *name)
{
	struct edge e = {.how = how};

	snprintf(e.name, sizeof(e.name), "%s", name);
	r->param = i;
	r->edge = &e;
	one_case(r);
	r->param = -1;
}

static void fd_edges(struct run *r, int i)
{
	int high = world_has(FX_file) ? FD_file : FD_tcp_a;

	for (int k = 0; k < FX_COUNT; k++)
		try_arg(r, i, (struct st_arg){ST_FD, FX_FD(k), world_name(k)}, NULL);
	try_arg(r, i, (struct st_arg){ST_FD, 900, "closed"}, NULL);
	try_arg(r, i, (struct st_arg){ST_FD, -1, "-1"}, NULL);
	try_arg(r, i, (struct st_arg){ST_FD, 1000000, "huge"}, NULL);
	try_arg(r, i, (struct st_arg){ST_FD, 0x100000000ll | high, "high bits"}, NULL);
	if (world_has(FX_dir))
		try_arg(r, i, (struct st_arg){ST_FD, AT_FDCWD, "cwd"}, NULL);
}

static bool is_string(const struct st_arg *a)
{
	return a->kind == ST_BUF &&
	       (!strncmp(a->name, "path ", 5) || !strncmp(a->name, "text ", 5));
}

static void path_edges(struct run *r, int i)
{
	static const char *const paths[] = {
		"path ",	  "path .",	      "path missing",	    "path missing/x",
		"path file/x",	  "path file/",	      "path dir/",	    "path link",
		"path link/",	  "path dangling",    "path loop",	    "path dirlink/a",
		"path dirlink",	  "path dir/../file", "path /sd//t/./file", "path empty",
		"path closed/in", "path long255",     "path long256",	    "path long4095",
		"path long4096",
	};

	for (size_t k = 0; k < sizeof(paths) / sizeof(paths[0]); k++)
		try_arg(r, i, (struct st_arg){ST_BUF, 0, paths[k]}, NULL);
}

static void pointer_edges(struct run *r, int i, const struct st_param *p)
{
	try_how(r, i, EDGE_NULL, "null");
	try_how(r, i, EDGE_BAD, "unmapped");
	try_how(r, i, EDGE_KERNEL, "kernel");
	try_how(r, i, EDGE_WILD, "non-canonical");
	if (is_string(&r->base->arg[i]))
		try_arg(r, i, (struct st_arg){ST_BUF, 0, "path unterminated"}, NULL);
	else if (r->base->arg[i].kind == ST_BUF)
		try_how(r, i, EDGE_SHIFT, "over the edge");
	if (p->out)
		try_how(r, i, EDGE_READONLY, "read-only");
}

static void scalar_edges(struct run *r, int i)
{
	static const s64 v[] = {0, 1, -1, 1 << 30, 0x7fffffff};

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++)
		try_arg(r, i, (struct st_arg){ST_NUM, v[k], NULL}, NULL);
}

static void length_edges(struct run *r, int i)
{
	s64 n = r->base->arg[i].num;
	const s64 v[] = {0, 1, n - 1, n + 1};

	for (size_t k = 0; k < sizeof(v) / sizeof(v[0]); k++)
		try_arg(r, i, (struct st_arg){ST_NUM, v[k], NULL}, NULL);
}

static void edges(struct run *r, int i)
{
	const struct st_param *p = &r->call->param[i];

	if (p->role == ST_ISFD)
		fd_edges(r, i);
	else if (r->base->arg[i].kind == ST_BUF && !strncmp(r->base->arg[i].name, "path ", 5))
		path_edges(r, i), pointer_edges(r, i, p);
	else if (p->role == ST_POINTER || r->base->arg[i].kind == ST_BUF)
		pointer_edges(r, i, p);
	else if (p->role == ST_LENGTH)
		length_edges(r, i);
	else if (p->role == ST_SCALAR)
		scalar_edges(r, i);
	for (u32 k = 0; k < p->nvalues; k++)
		try_arg(r, i, p->values[k], NULL);
}

/* Entries tell how the default tree's kernel differs from the host's; another tree's (run.sh
 * NAME@TREE) may do as the host does. */
static bool may_agree(const struct run *r, u32 i)
{
	enum st_reason reason = r->call->differs[i].reason;

	return reason == ST_VERSION || (reason == ST_KERNEL && st_recorded) ||
	       (reason == ST_KERNEL && r->used[i] & 1 && other_tree());
}

static void stale(struct run *r)
{
	for (u32 i = 0; i < r->call->ndiffers; i++) {
		const struct st_differs *d = &r->call->differs[i];

		if ((d->reason != ST_STUB && same_kernel()) || (r->used[i] & 2) || st_mutate ||
		    st_copies || edge_step() > 1 || !engine_wanted(r->call->name, NULL) ||
		    may_agree(r, i))
			continue;
		printf("FAIL %s: \"differs\" entry %s is stale: %s\n", r->call->name, d->match,
		       r->used[i] & 1 ? "no difference any more" : "no such case ran");
		r->failed++;
	}
}

void engine_call(const struct st_call *call)
{
	struct run r = {.call = call, .param = -1};

	for (u32 i = 0; i < st_suite.stubs->n; i++)
		if (!strcmp(st_suite.stubs->stub[i].name, call->name))
			r.stub = &st_suite.stubs->stub[i];
	if (!r.stub)
		st_die("no stub for %s", call->name);
	if (st_copies && identity_call(r.stub->nr))
		return; /* nor changes its credentials */
	r.used = calloc(call->ndiffers + 1, sizeof(*r.used));
	for (u32 b = 0; b < call->nbases; b++) {
		r.base = &call->base[b];
		one_case(&r);
		for (u32 i = 0; i < call->nparams; i++)
			edges(&r, (int)i);
	}
	stale(&r);
	if (st_copies && !st_mutate && engine_wanted(call->name, NULL))
		copies_call(call);
	r.moved = copies_moved();
	free(r.used);
	if (st_mutate) {
		if (engine_wanted(call->name, NULL) && (!st_copies || r.moved))
			engine_mutated(call, r.failed);
		return;
	}
	if (!r.bases &&
	    engine_wanted(call->name,
			  NULL)) { /* edges of no base, such as a closed fd, show nothing */
		printf("FAIL %s: no base has the fixtures of this domain\n", call->name);
		r.failed++;
	}
	if (r.passed + r.failed)
		printf("%-14s %5u cases, %u failed\n", call->name, r.passed + r.failed, r.failed);
	if (r.unlike)
		printf("%-14s %5u cases not compared: the call ended otherwise without its stub\n",
		       call->name, r.unlike);
	totals.passed += r.passed;
	totals.failed += r.failed;
}
