// SPDX-License-Identifier: GPL-2.0
/*
 * entry.c: random arguments from the generated tables of cases (bases and edge values of every
 * call), and the entry that the generated stub makes of them: it is run on a queue pair of
 * nobody's, where what it publishes is taken down and answered by EINTR.
 */
#include "storm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

static u8 *nobodys; /* a region of one queue pair */
static struct sd_entry taken_down;
static bool there;
static u32 top;

static u32 take_down(struct sd_qp *l, const u32 *word, u32 pending, u32 want)
{
	struct sd_entry *e = (struct sd_entry *)word; /* seq is its first member */

	if (!there) {
		taken_down = *e;
		there = true;
		top = l->level;
	}
	e->ret = -EINTR;
	e->flags = 0;
	__atomic_store_n(&e->seq, pending + 1, __ATOMIC_RELEASE);
	return SD_OK;
}

static void nothing(struct sd_qp *l)
{
	(void)l;
}

static const struct sd_client_side nowhere = {.kick = nothing, .hint = nothing, .wait = take_down};

static struct sd_qp_mem *qp_mem(void)
{
	return (struct sd_qp_mem *)(nobodys + SD_HEAD_SIZE);
}

const u8 *draft_arena(void)
{
	return qp_mem()->arena;
}

/* ---- arguments ---- */

static bool flat(const char *name)
{
	static const char *const deep[] = {"iov", "msg_", "mmsg_", "sigpack", "ifconf"};

	for (size_t i = 0; i < sizeof(deep) / sizeof(deep[0]); i++)
		if (!strncmp(name, deep[i], strlen(deep[i])))
			return false;
	return true;
}

/* Data become others; of a struct some bytes change. What holds pointers stays as it is: they are
 * this process's own. */
static void stir(int slot, const char *name)
{
	size_t len;
	u8 *p = buffer_used(slot, &len);

	if (!len || !flat(name) || !one_in(3))
		return;
	for (u32 i = 1 + rnd() % 3; i; i--)
		p[rnd() % (len < 128 ? len : 128)] = one_in(2) ? (u8)rnd() : (u8)(rnd() % 3);
	if (*name >= '0' && *name <= '9')
		for (size_t i = 0; i < len; i += 64 + rnd() % 4096)
			p[i] = (u8)rnd();
}

/* Paths lead into the other trees, too. */
static u64 path_elsewhere(int slot, const char *name)
{
	char path[200] = "path ";

	snprintf(path + 5, sizeof(path) - 5, "%s/%u/%.100s", life_trees, (u32)(rnd() % 4),
		 name + 5);
	return buffer_make(slot, path, &storm_side);
}

static u64 pointer(int slot, const char *name)
{
	u64 p;

	if (one_in(24))
		return 0;
	if (one_in(48))
		return buffer_guard(slot);
	if (life_trees && !strncmp(name, "path ", 5) && name[5] && name[5] != '/' && one_in(2))
		p = path_elsewhere(slot, name);
	else
		p = buffer_make(slot, name, &storm_side);
	stir(slot, name);
	return p;
}

u32 some_fd(struct chan *c)
{
	if (c->nfd && one_in(2))
		return c->fd[rnd() % c->nfd];
	return FX_FD(rnd() % FX_COUNT);
}

static u64 descriptor(struct chan *c, const struct st_arg *a)
{
	if (a->kind == ST_NUM || one_in(32))
		return (u64)a->num;
	return one_in(3) ? some_fd(c) : (u64)a->num;
}

/* Lengths that no disk or memory of a test has room for are no edge worth meeting: they take all
 * there is. */
static u64 number(const struct st_param *p, const struct st_arg *a)
{
	static const s64 edge[] = {0, 1, -1, 2, 4096, 65536, 0x7fffffff};

	if (p->role == ST_LENGTH && one_in(4))
		return (u64)(a->num + (s64)(rnd() % 3) - 1);
	if (p->role == ST_SCALAR && one_in(6))
		return (u64)edge[rnd() % (sizeof(edge) / sizeof(edge[0]))];
	if (p->role == ST_SCALAR && one_in(6))
		return rnd() % 70000;
	return (u64)a->num;
}

static u64 argument(struct chan *c, const struct st_param *p, const struct st_arg *a, int slot)
{
	if (p->nvalues && one_in(4))
		a = &p->values[rnd() % p->nvalues];
	buffer_reset(slot);
	if (a->kind == ST_BUF)
		return pointer(slot, a->name);
	if (a->kind == ST_FD || p->role == ST_ISFD)
		return descriptor(c, a);
	return number(p, a);
}

static bool rare(u16 nr)
{
	static const u16 list[] = {SYS_setuid,	  SYS_setgid,	 SYS_setreuid,	 SYS_setregid,
				   SYS_setresuid, SYS_setresgid, SYS_setfsuid,	 SYS_setfsgid,
				   SYS_setgroups, SYS_capset,	 SYS_chroot,	 SYS_sync,
				   SYS_syncfs,	  SYS_close,	 SYS_close_range};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		if (nr == list[i])
			return true;
	return false;
}

/* More data than a call carries: slow to make. */
static bool long_data(const struct st_base *b, u32 n)
{
	for (u32 i = 0; i < n; i++)
		if (b->arg[i].kind == ST_BUF && strtoul(b->arg[i].name, NULL, 10) > 100000)
			return true;
	return false;
}

const struct sd_stub *some_call(struct chan *c, u64 arg[6], u32 *pair)
{
	const struct st_call *call;
	const struct st_base *base;
	const struct sd_stub *stub = NULL;

	do {
		call = st_suite.call[rnd() % st_suite.ncalls];
		for (u32 i = 0; i < st_suite.stubs->n; i++)
			if (!strcmp(st_suite.stubs->stub[i].name, call->name))
				stub = &st_suite.stubs->stub[i];
		base = call->nbases ? &call->base[rnd() % call->nbases] : NULL;
	} while (!stub || !base || (rare(stub->nr) && !one_in(8)) ||
		 (long_data(base, call->nparams) && !one_in(16)));
	*pair = 0;
	memset(arg, 0, 6 * sizeof(*arg));
	for (u32 i = 0; i < call->nparams; i++) {
		arg[i] = argument(c, &call->param[i], &base->arg[i], (int)i);
		if (base->arg[i].kind == ST_BUF && !strcmp(base->arg[i].name, "fdpair"))
			*pair = 1 + i;
	}
	return stub;
}

bool draft_make(struct draft *d, struct chan *c, u32 from)
{
	struct sd_qp qp;
	u64 arg[6];
	u32 pair;
	long ret;

	if (!nobodys) {
		nobodys = mmap(NULL, SD_HEAD_SIZE + SD_QP_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (nobodys == MAP_FAILED)
			st_die("no memory for a queue pair");
	}
	d->stub = some_call(c, arg, &pair);
	memset(qp_mem()->sq, 0, sizeof(qp_mem()->sq));
	sd_qp_init(&qp, nobodys, 0, NULL, &nowhere);
	qp.level = qp.base = from;
	there = false;
	d->stub->stub(&qp, &ret, arg);
	d->e = taken_down;
	d->from = from;
	d->to = top;
	d->pair = there && pair && d->e.arg[pair - 1] >= SD_OFF_MIN &&
				  d->e.arg[pair - 1] < SD_ARENA_SIZE - 8
			  ? d->e.arg[pair - 1]
			  : 0;
	return there;
}
