/* SPDX-License-Identifier: MIT */
/*
 * aio_context.c: contexts of aio.c and their requests in flight. A context has a queue pair of its
 * own to each domain, and the queue pair's arena in pages; up to SD_RING requests are in flight,
 * each in the slot of its entry, and are taken in any order. A request too large for one entry is
 * sent piece by piece.
 *
 * Locks: contexts_lock (the list, users) before a context's own; neither is held while a thread
 * waits for events, but a context's is held while it waits for room.
 */
#include "calls/aio.h"
#include "channel/observers.h"

#define EVENTS_MAX 65536u

static struct aio_ctx *contexts;
static u32 contexts_lock;
static u32 flying; /* requests, over all contexts */

/* ---- contexts ---- */
struct aio_ctx *sd_aio_find(u64 id)
{
	struct aio_ctx *c;

	sd_lock(&contexts_lock);
	for (c = contexts; c && c->id != id; c = c->next)
		;
	if (c)
		c->users++;
	sd_unlock(&contexts_lock);
	return c;
}

static void context_drop(struct aio_ctx *c)
{
	if (c->event)
		sys(__NR_munmap, c->event, c->max * sizeof(c->event[0]));
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (c->qp[d].qp)
			sd_qp_give(c->qp[d].chan, c->qp[d].qp);
	sys(__NR_munmap, c, sizeof(*c));
}

void sd_aio_put(struct aio_ctx *c)
{
	int last;

	sd_lock(&contexts_lock);
	last = !--c->users && c->destroyed;
	sd_unlock(&contexts_lock);
	if (last)
		context_drop(c);
}

static void *aio_memory(u64 len)
{
	long at = sys(__NR_mmap, 0, len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at < 0 ? NULL : (void *)at;
}

long sd_aio_new(u64 id, u32 max)
{
	struct aio_ctx *c = aio_memory(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->id = id;
	c->max = max < EVENTS_MAX ? max : EVENTS_MAX;
	sd_lock(&contexts_lock);
	c->next = contexts;
	contexts = c;
	sd_unlock(&contexts_lock);
	return 0;
}

/* Waits for everything in flight, as Linux does; the caller puts c. */
void sd_aio_destroy(struct aio_ctx *c)
{
	struct aio_ctx **p;

	sd_lock(&contexts_lock);
	for (p = &contexts; *p; p = &(*p)->next)
		if (*p == c) {
			*p = c->next;
			break;
		}
	c->destroyed = 1;
	sd_unlock(&contexts_lock);
	sd_lock(&c->lock);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		for (u32 s = 0; s < SD_RING && c->qp[d].flying; s++)
			if (c->qp[d].req[s].busy)
				sd_aio_take(c, &c->qp[d], &c->qp[d].req[s]);
	sd_unlock(&c->lock);
}

long sd_aio_prepare(struct sd_thread *t, struct aio_ctx *c, u32 dom)
{
	struct aio_qp *a = &c->qp[dom];
	struct sd_chan *chan = t->files->chan[dom];
	u32 no_magic = 0;

	if (a->qp && a->chan == chan && c->files == t->files)
		return 0;
	if (c->files && c->files != t->files)
		return -EINVAL; /* a child that shares this memory, but not its fds */
	if (!c->event) {
		c->event = aio_memory(c->max * sizeof(c->event[0]));
		if (!c->event)
			return -ENOMEM;
		/* libaio must not conclude from the host's ring alone that there is no event. */
		sd_copy_to_prog((void *)(c->id + 16), &no_magic, sizeof(no_magic));
	}
	for (u32 s = 0; s < SD_RING && a->flying; s++) /* of a domain that died */
		if (a->req[s].busy)
			sd_aio_take(c, a, &a->req[s]);
	if (a->qp)
		sd_qp_give(a->chan, a->qp);
	a->qp = sd_qp_own(t, chan);
	a->chan = chan;
	c->files = t->files;
	memset(a->used, 0, sizeof(a->used));
	a->used[0] = 1;
	return a->qp ? 0 : -EAGAIN;
}

/* ---- the arena ---- */
static u32 find_pages(const struct aio_qp *a, u32 n)
{
	u32 run = 0;

	for (u32 i = 1; i < AIO_PAGES; i++) {
		run = a->used[i / 64] >> i % 64 & 1 ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return 0;
}

static void mark_pages(struct aio_qp *a, u32 at, u32 n)
{
	for (; n; n--, at++)
		a->used[at / 64] ^= 1ull << at % 64;
}

/* Bytes [r->done, + len) of the program's buffers, from or to the arena. */
static long request_copy(const struct aio_req *r, u8 *arena, u64 len)
{
	const struct iovec *s = r->span ?: &r->one, *end = s + (r->span ? r->nspan : 1);
	u64 skip = r->done;

	for (; len && s < end; s++) {
		u64 n = s->iov_len;
		int err;

		if (skip >= n) {
			skip -= n;
			continue;
		}
		n = n - skip < len ? n - skip : len;
		err = r->reads ? sd_copy_to_prog((u8 *)s->iov_base + skip, arena, n)
			       : sd_copy_from_prog(arena, (u8 *)s->iov_base + skip, n);
		if (err)
			return err;
		skip = 0;
		arena += n;
		len -= n;
	}
	return 0;
}

/* ---- requests ---- */
static struct aio_req *request_oldest(struct aio_qp *a)
{
	struct aio_req *r = NULL;

	for (u32 s = 0; s < SD_RING; s++)
		if (a->req[s].busy && (!r || (s32)(a->req[s].ref.n - r->ref.n) < 0))
			r = &a->req[s];
	return r;
}

static long request_result(struct sd_thread *t, struct aio_qp *a, struct aio_req *r)
{
	long ret = 0;
	enum sd_status st = sd_wait(a->qp, r->ref, &ret);

	if (st != SD_OK)
		return sd_status_errno(t, a->qp, st);
	if (ret <= -512)
		return -EINTR; /* ERESTARTSYS and the like */
	if (ret < 0)
		return ret;
	if ((u64)ret > r->piece) { /* 0 of fsync */
		sd_qp_fail(a->qp, SD_PROTO);
		return -EPROTO;
	}
	return r->reads && request_copy(r, a->qp->mem->arena + r->page * PAGE, ret) ? -EFAULT : ret;
}

/* Its slot and its pages are free afterwards; *r itself can still be read. */
static long request_land(struct aio_qp *a, struct aio_req *r)
{
	long ret = request_result(sd_self(), a, r);

	mark_pages(a, r->page, r->pages);
	r->busy = 0;
	a->flying--;
	__atomic_fetch_sub(&flying, 1, __ATOMIC_RELAXED);
	return ret;
}

void sd_aio_free(const struct aio_req *r)
{
	if (r->span)
		sys(__NR_munmap, r->span, r->nspan * sizeof(r->span[0]));
}

void sd_aio_done(struct aio_ctx *c, u64 obj, u64 data, long res)
{
	c->event[(c->first + c->ready++) % c->max] = (struct io_event){data, obj, res, 0};
}

long sd_aio_take(struct aio_ctx *c, struct aio_qp *a, struct aio_req *r)
{
	long ret = request_land(a, r);

	if (r->done)
		ret = r->done + (ret > 0 ? ret : 0);
	sd_aio_free(r);
	sd_aio_done(c, r->obj, r->data, ret);
	return ret;
}

/* One entry, for r->piece bytes from r->done on. Waits for a slot and for pages. */
static struct aio_req *request_launch(struct aio_ctx *c, u32 dom, const struct aio_req *what,
				      long *err)
{
	struct aio_qp *a = &c->qp[dom];
	struct sd_qp *l = a->qp;
	u32 pages = (what->piece + PAGE - 1) / PAGE, page = 1;
	u64 arg[6] = {(u32)what->dfd};
	struct aio_req *r;

	while (a->req[l->slot].busy || (pages && !(page = find_pages(a, pages))))
		sd_aio_take(c, a, request_oldest(a));
	r = &a->req[l->slot];
	*r = *what;
	r->page = page;
	r->pages = pages;
	if (what->nr == __NR_pread64 || what->nr == __NR_pwrite64) {
		arg[1] = pages ? r->page * PAGE : SD_OFF_MIN;
		arg[2] = r->piece;
		arg[3] = r->off + r->done;
	}
	*err = r->reads ? 0 : request_copy(r, l->mem->arena + r->page * PAGE, r->piece);
	if (!*err) {
		enum sd_status st =
			sd_submit(l, sd_stub_for(dom, r->nr)->op, SD_F_NOTIFY, arg, &r->ref);

		*err = st == SD_OK ? 0 : sd_status_errno(sd_self(), l, st);
	}
	if (*err)
		return NULL;
	mark_pages(a, r->page, r->pages);
	r->busy = 1;
	a->flying++;
	__atomic_fetch_add(&flying, 1, __ATOMIC_RELAXED);
	return r;
}

struct aio_req *sd_aio_send(struct aio_ctx *c, u32 dom, const struct aio_req *r, long *err)
{
	struct aio_req part = *r, *sent;
	struct aio_qp *a = &c->qp[dom];

	for (;; part.done += part.piece) {
		u64 left = r->len - part.done;
		long ret;

		part.piece = left < SD_MAX_DATA ? left : SD_MAX_DATA;
		sent = request_launch(c, dom, &part, err);
		if (!sent || part.piece == left)
			break;
		a->qp->tr->kick(a->qp);
		ret = request_land(a, sent);
		if (ret < (long)part.piece) { /* the end of the file, of room, or an error */
			*err = part.done + (ret > 0 ? ret : 0) ?: ret;
			return NULL;
		}
	}
	if (!sent && part.done)
		*err = part.done;
	return sent;
}

u32 sd_aio_flying_in(const struct aio_ctx *c)
{
	u32 n = 0;

	for (u32 d = 0; d < SD_DOMAINS; d++)
		n += c->qp[d].flying;
	return n;
}

static int is_dead(const struct aio_qp *a)
{
	return a->qp->status != SD_OK || sd_chan_ended(a->chan);
}

void sd_aio_check(struct aio_ctx *c)
{
	sd_lock(&c->lock);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (c->qp[d].flying && sd_qp_gone(c->qp[d].qp))
			sd_qp_fail(c->qp[d].qp, SD_DEAD);
	sd_unlock(&c->lock);
}

static int has_landed(const struct aio_qp *a, const struct aio_req *r)
{
	return r->busy && (sd_answered(a->qp, r->ref) || is_dead(a));
}

u32 sd_aio_sweep(struct aio_ctx *c)
{
	u32 before = c->ready;

	for (u32 d = 0; d < SD_DOMAINS; d++)
		for (u32 s = 0; s < SD_RING && c->qp[d].flying; s++)
			if (has_landed(&c->qp[d], &c->qp[d].req[s]))
				sd_aio_take(c, &c->qp[d], &c->qp[d].req[s]);
	return c->ready - before;
}

/* ---- others who must know ---- */
/* An fd is about to be closed in its domain (dfd < 0: the program ends): requests in flight must
 * not reach the next fd of that number. */
void sd_aio_settle(struct sd_thread *t, u32 dom, s32 dfd)
{
	if (sd_likely(!sd_load_relaxed(&flying)))
		return;
	sd_lock(&contexts_lock);
	for (struct aio_ctx *c = contexts; c; c = c->next) {
		sd_lock(&c->lock);
		for (u32 d = 0; d < SD_DOMAINS && c->files == t->files; d++)
			for (u32 s = 0; s < SD_RING && c->qp[d].flying; s++) {
				struct aio_req *r = &c->qp[d].req[s];

				if (r->busy && (dfd < 0 || (d == dom && r->dfd == dfd)))
					sd_aio_take(c, &c->qp[d], r);
			}
		sd_unlock(&c->lock);
	}
	sd_unlock(&contexts_lock);
}

/* In a forked child: contexts aren't inherited, nor is their memory used. */
static void aio_after_fork(void)
{
	contexts = NULL;
	contexts_lock = 0;
	flying = 0;
}

/* The eventfds were drained: notifies again for contexts whose requests are done. */
static void aio_ring_again(const void *but)
{
	u64 one = 1;

	if (sd_likely(!sd_load_relaxed(&flying)))
		return;
	sd_lock(&contexts_lock);
	for (struct aio_ctx *c = contexts; c; c = c->next) {
		if (c == but || !sd_load_relaxed(&c->waiting))
			continue;
		sd_lock(&c->lock);
		for (u32 d = 0; d < SD_DOMAINS; d++)
			for (u32 s = 0; s < SD_RING && c->qp[d].flying; s++)
				if (has_landed(&c->qp[d], &c->qp[d].req[s])) {
					sys(__NR_write, c->qp[d].chan->fd[SD_FD_EVENT], &one, 8);
					break;
				}
		sd_unlock(&c->lock);
	}
	sd_unlock(&contexts_lock);
}

const struct sd_observer sd_aio_observer = {
	.before_close = sd_aio_settle,
	.after_fork = aio_after_fork,
	.ring_again = aio_ring_again,
};
