/* SPDX-License-Identifier: MIT */
/*
 * aio.c: io_setup, io_submit, io_getevents, io_pgetevents, io_destroy where the fds are a domain's.
 *
 * A context is a real one of the host (libaio reads its ring), and requests for host fds go there.
 * Those for domains become pread64, pwrite64, fsync and fdatasync, posted to a queue pair of the
 * context's own: see aio_context.c. Requests of both kinds may be mixed. io_cancel goes to the
 * host: Linux can't cancel requests to files either. As Linux may do, io_submit finishes requests
 * that signal an eventfd (IOCB_FLAG_RESFD: it couldn't be signalled later) before it returns, and
 * all but the last MiB of larger ones. It waits if a context has no room for data. The data of a
 * read are copied to the program when it fetches the event. Not supported: IOCB_CMD_POLL (EINVAL)
 * and aio_rw_flags (EOPNOTSUPP) with a domain's fd.
 */
#include "calls/aio.h"

#define SPANS_MAX 1024u
#define ALONE_NS  250000000ll /* after this a domain's death is noticed */
/* Requests are in flight at the host, too, which sends no notification */
#define BESIDE_NS 1000000ll
#define HOST_NS	  100000000ll /* another thread may submit to a domain */
#define LOOKS	  400u	      /* looks before a thread sleeps */

/* ---- one request ---- */
static u16 call_of(u16 opcode)
{
	switch (opcode) {
	case IOCB_CMD_PREAD:
	case IOCB_CMD_PREADV:
		return __NR_pread64;
	case IOCB_CMD_PWRITE:
	case IOCB_CMD_PWRITEV:
		return __NR_pwrite64;
	case IOCB_CMD_FSYNC:
		return __NR_fsync;
	case IOCB_CMD_FDSYNC:
		return __NR_fdatasync;
	}
	return 0;
}

static int is_rw(const struct aio_req *r)
{
	return r->nr == __NR_pread64 || r->nr == __NR_pwrite64;
}

/* Is the file open for this? Linux checks that at io_submit. */
static long check_mode(struct sd_thread *t, u32 dom, const struct aio_req *r)
{
	const u64 arg[6] = {(u32)r->dfd, F_GETFL};
	struct sd_qp *l;
	long flags, err = 0;

	if (!sd_stub_for(dom, __NR_fcntl) || !is_rw(r))
		return 0;
	l = sd_qp_of(t, dom, 0, &err);
	if (!l)
		return err;
	flags = sd_file_call(t, l, dom, __NR_fcntl, arg);
	if (flags < 0)
		return flags;
	return (flags & O_ACCMODE) == (r->reads ? O_WRONLY : O_RDONLY) ? -EBADF : 0;
}

/* struct iovec[nbytes] at buf. */
static long load_spans(struct aio_req *r, const struct iocb *i)
{
	u64 len = i->aio_nbytes * sizeof(struct iovec);
	long at;

	if (i->aio_nbytes > SPANS_MAX)
		return -EINVAL;
	if (!i->aio_nbytes)
		return 0;
	at = sys(__NR_mmap, 0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at < 0)
		return at;
	r->span = (struct iovec *)at;
	r->nspan = i->aio_nbytes;
	if (sd_copy_from_prog(r->span, (void *)i->aio_buf, len))
		return -EFAULT;
	for (u32 n = 0; n < r->nspan; n++) {
		u64 left = SD_RW_MAX - r->len, this = r->span[n].iov_len;

		if ((s64)this < 0)
			return -EINVAL;
		if (!sd_span_ok((u64)r->span[n].iov_base, this))
			return -EFAULT;
		if (this > left)
			r->span[n].iov_len = this = left;
		r->len += this;
	}
	return 0;
}

static long load_buffer(struct aio_req *r, const struct iocb *i)
{
	if (!is_rw(r))
		return i->aio_buf || i->aio_offset || i->aio_nbytes || i->aio_rw_flags ? -EINVAL
										       : 0;
	if (i->aio_rw_flags)
		return -EOPNOTSUPP;
	r->off = i->aio_offset;
	if (i->aio_lio_opcode >= IOCB_CMD_PREADV)
		return load_spans(r, i);
	if (!sd_span_ok(i->aio_buf, i->aio_nbytes))
		return -EFAULT;
	r->len = i->aio_nbytes < SD_RW_MAX ? i->aio_nbytes : SD_RW_MAX;
	r->one = (struct iovec){(void *)i->aio_buf, r->len};
	return 0;
}

/* From iocb to request, with Linux' errors in about Linux' order. */
static long iocb_load(struct sd_thread *t, struct aio_req *r, const struct iocb *i, u64 at,
		      struct sd_fd e)
{
	u32 key = 0;
	long err = 0;

	*r = (struct aio_req){.obj = at, .data = i->aio_data, .fd = i->aio_fildes, .dfd = e.dfd};
	r->nr = call_of(i->aio_lio_opcode);
	r->reads = r->nr == __NR_pread64;
	if (!sd_fd_chan(t, e, &err))
		return err;
	if (sd_copy_to_prog((void *)(at + __builtin_offsetof(struct iocb, aio_key)), &key, 4))
		return -EFAULT;
	if (!r->nr || !sd_stub_for(e.dom, r->nr)) {
		sd_unsupported(__NR_io_submit);
		return -EINVAL;
	}
	err = check_mode(t, e.dom, r);
	return err ?: load_buffer(r, i);
}

static int is_eventfd(u32 fd)
{
	char link[40], name[32];
	long n;

	sd_utoa(sd_stpcpy(link, "/proc/self/fd/"), fd);
	n = sys(__NR_readlink, link, name, sizeof(name) - 1);
	name[n < 0 ? 0 : n] = 0;
	return sd_streq(name, "anon_inode:[eventfd]");
}

static long check_resfd(struct sd_thread *t, const struct iocb *i)
{
	if (!(i->aio_flags & IOCB_FLAG_RESFD))
		return 0;
	if (sys(__NR_fcntl, i->aio_resfd, F_GETFD) < 0)
		return -EBADF;
	return sd_fd_get(t, (s32)i->aio_resfd).kind == SD_FD_HOST && is_eventfd(i->aio_resfd)
		       ? 0
		       : -EINVAL;
}

static long submit_one(struct sd_thread *t, struct aio_ctx *c, const struct iocb *i, u64 at,
		       struct sd_fd e)
{
	struct aio_req r, *sent;
	u64 one = 1;
	long err, res = 0;

	if (i->aio_reserved2 || (s64)i->aio_nbytes < 0)
		return -EINVAL;
	err = check_resfd(t, i) ?: iocb_load(t, &r, i, at, e);
	if (!err) {
		sd_lock(&c->lock);
		err = c->active < c->max ? sd_aio_prepare(t, c, e.dom) : -EAGAIN;
		if (err)
			sd_unlock(&c->lock);
	}
	if (err) {
		sd_aio_free(&r);
		return err;
	}
	c->active++;
	sent = sd_aio_send(c, e.dom, &r, &res);
	if (!sent) {
		sd_aio_free(&r);
		sd_aio_done(c, r.obj, r.data, res);
	} else if (i->aio_flags & IOCB_FLAG_RESFD) {
		c->qp[e.dom].qp->tr->kick(c->qp[e.dom].qp);
		sd_aio_take(c, &c->qp[e.dom], sent);
	}
	sd_unlock(&c->lock);
	if (i->aio_flags & IOCB_FLAG_RESFD)
		sys(__NR_write, i->aio_resfd, &one, sizeof(one));
	return 0;
}

/* ---- io_submit ---- */
static void aio_kick(struct aio_ctx *c)
{
	u64 one = 1;

	sd_lock(&c->lock);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (c->qp[d].flying)
			c->qp[d].qp->tr->kick(c->qp[d].qp);
	for (u32 d = 0; d < SD_DOMAINS && c->ready && c->waiting; d++)
		if (c->qp[d].qp)
			sys(__NR_write, c->qp[d].chan->fd[SD_FD_EVENT], &one, 8);
	sd_unlock(&c->lock);
}

/* iocb number n: its address; if it is a domain's, also its contents and the domain. */
static long iocb_next(struct sd_thread *t, u64 list, long n, u64 *at, struct iocb *i,
		      struct sd_fd *e)
{
	if (sd_copy_from_prog(at, (void *)(list + n * 8), 8) ||
	    sd_copy_from_prog(i, (void *)*at, sizeof(*i)))
		return -EFAULT;
	*e = sd_fd_get(t, (s32)i->aio_fildes);
	return e->kind == SD_FD_HIDDEN ? -EBADF : 0;
}

/* Submits all consecutive requests from number n on that are the host's at once. */
static long to_host(struct sd_thread *t, struct aio_ctx *c, u64 list, long n, long nr)
{
	struct iocb i;
	struct sd_fd e;
	long end = n + 1, ret;
	u64 at;

	while (end < nr && !iocb_next(t, list, end, &at, &i, &e) && e.kind != SD_FD_DOMAIN)
		end++;
	c->host_ever = 1;
	ret = sys(__NR_io_submit, c->id, end - n, list + n * 8);
	if (ret > 0)
		__atomic_fetch_add(&c->host, ret, __ATOMIC_RELAXED);
	return ret;
}

static long aio_submit(struct sd_thread *t, struct aio_ctx *c, u64 list, long nr)
{
	struct iocb i;
	struct sd_fd e;
	long n = 0, err = 0, ret, sent = 0;
	u64 at;

	while (n < nr && !err) {
		err = iocb_next(t, list, n, &at, &i, &e);
		if (!err && e.kind == SD_FD_DOMAIN) {
			err = submit_one(t, c, &i, at, e);
			sent |= n += !err;
		} else if (!err) {
			ret = to_host(t, c, list, n, nr);
			n += ret > 0 ? ret : 0;
			err = ret > 0 ? 0 : ret ?: -EAGAIN;
		}
	}
	if (sent)
		aio_kick(c);
	return n ?: err;
}

enum sd_way sd_call_io_submit(struct sd_thread *t)
{
	long nr = t->regs.rsi;
	struct aio_ctx *c;
	long ret;

	c = nr > 0 ? sd_aio_find(t->regs.rdi) : NULL;
	if (!c)
		return sd_next(t, SD_STAGE_FDS);
	ret = aio_submit(t, c, t->regs.rdx, nr < (long)c->max ? nr : (long)c->max);
	sd_aio_put(c);
	return sd_done(t, ret);
}

/* ---- io_getevents ---- */
/* Copies available events to the program: number or -EFAULT. */
static long aio_fetch(struct aio_ctx *c, u64 to, long room)
{
	long n = 0;
	u64 one = 1;

	sd_lock(&c->lock);
	sd_aio_sweep(c);
	for (; n < room && c->ready; n++) {
		if (sd_copy_to_prog((void *)(to + n * sizeof(struct io_event)), &c->event[c->first],
				    sizeof(struct io_event))) {
			n = n ?: -EFAULT;
			break;
		}
		c->first = (c->first + 1) % c->max;
		c->ready--;
		c->active--;
	}
	/* Another thread may wait for the remaining events, for which no notification will come. */
	if (n > 0 && c->ready && c->waiting)
		for (u32 d = 0; d < SD_DOMAINS; d++)
			if (c->qp[d].qp)
				sys(__NR_write, c->qp[d].chan->fd[SD_FD_EVENT], &one, 8);
	sd_unlock(&c->lock);
	return n;
}

/* Takes the host's events without waiting; if no request to a domain is in flight it waits there
 * for ns. */
static long fetch_host(struct sd_thread *t, struct aio_ctx *c, u64 to, long room, s64 ns)
{
	struct sd_timespec ts = {0, ns};
	long n;

	if (ns && t->has_wait_mask)
		sd_set_mask(t->wait_mask);
	n = sd_raw_wait(__NR_io_getevents, c->id, ns != 0, room, to, (u64)&ts, &t->kept);
	if (ns && t->has_wait_mask)
		sd_block_all();
	if (n > 0)
		__atomic_fetch_sub(&c->host, n, __ATOMIC_RELAXED);
	return n == -EINTR ? 0 : n;
}

static int aio_any_landed(struct aio_ctx *c)
{
	for (u32 d = 0; d < SD_DOMAINS; d++)
		for (u32 s = 0; s < SD_RING && c->qp[d].flying; s++) {
			const struct aio_req *r = &c->qp[d].req[s];

			if (r->busy && sd_answered(c->qp[d].qp, r->ref))
				return 1;
		}
	return 0;
}

/* Until a notification comes, a signal comes, or ns are over. */
static void aio_doze(struct sd_thread *t, struct aio_ctx *c, s64 ns)
{
	struct sd_timespec ts = {0, ns};
	struct pollfd notify[SD_DOMAINS];
	u64 mask = t->wait_mask;
	u32 n = 0;

	__atomic_fetch_add(&c->waiting, 1, __ATOMIC_SEQ_CST);
	sd_lock(&c->lock);
	int now = aio_any_landed(c);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (c->qp[d].qp)
			notify[n++] = (struct pollfd){c->qp[d].chan->fd[SD_FD_EVENT], 1, 0};
	sd_unlock(&c->lock);
	long r = now
			 ?: sd_raw_wait(__NR_ppoll, (u64)notify, n, (u64)&ts,
					t->has_wait_mask ? (u64)&mask : 0, 8, &t->kept);

	for (u32 i = 0; i < n && r > 0 && !now; i++)
		if (notify[i].revents)
			sd_notify_drain(notify[i].fd, c);
	if (!r)
		sd_aio_check(c);
	__atomic_fetch_sub(&c->waiting, 1, __ATOMIC_RELAXED);
}

static long wait_some(struct sd_thread *t, struct aio_ctx *c, u64 to, long room, s64 deadline)
{
	u32 fly, used = 0;
	s64 ns, left = deadline < 0 ? ALONE_NS : deadline - sd_now();

	sd_lock(&c->lock);
	fly = sd_aio_flying_in(c);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		used |= c->qp[d].qp != NULL;
	sd_unlock(&c->lock);
	for (u32 i = 0; fly && i < LOOKS; i++) {
		if (aio_any_landed(c)) /* a wrong answer costs one more look */
			return 0;
		sd_pause();
	}
	if (left <= 0)
		return 0;
	if (!used || (!fly && c->host))
		ns = HOST_NS;
	else
		ns = c->host_ever ? BESIDE_NS : ALONE_NS;
	if (ns > left)
		ns = left;
	if (!used || (!fly && c->host))
		return fetch_host(t, c, to, room, ns);
	aio_doze(t, c, ns);
	return 0;
}

static long aio_get(struct sd_thread *t, struct aio_ctx *c, long min, long max, u64 to,
		    s64 deadline)
{
	long n = 0, k = 0;

	for (;;) {
		for (int host = 0; host < 2 && n < max; host++) {
			u64 at = to + n * sizeof(struct io_event);

			if (host && !c->host)
				break;
			k = host ? fetch_host(t, c, at, max - n, 0) : aio_fetch(c, at, max - n);
			if (k < 0)
				return n ?: k;
			n += k;
		}
		if (n >= min || (deadline >= 0 && sd_now() >= deadline))
			return n;
		if (t->kept)
			return n ?: -EINTR;
		k = wait_some(t, c, to + n * sizeof(struct io_event), max - n, deadline);
		if (k < 0)
			return n ?: k;
		n += k;
	}
}

static long aio_getevents(struct sd_thread *t, struct aio_ctx *c)
{
	long min = t->regs.rsi, max = t->regs.rdx, err;
	s64 timeout = sd_timeout_from(t->regs.r8, 1, &err);

	if (err == -EFAULT)
		return err;
	if (err) /* Linux accepts an invalid time, and doesn't wait then */
		timeout = 0;
	if (min < 0 || max < 0 || min > max)
		return -EINVAL;
	return aio_get(t, c, min, max, t->regs.r10, sd_deadline(timeout));
}

enum sd_way sd_call_io_getevents(struct sd_thread *t)
{
	int precise = t->regs.rax == __NR_io_pgetevents;
	struct aio_ctx *c = sd_aio_find(t->regs.rdi);
	long ret = 0;

	if (!c)
		return sd_next(t, SD_STAGE_FDS);
	if (precise)
		ret = sd_wait_mask_arg(t);
	if (!ret)
		ret = aio_getevents(t, c);
	sd_aio_put(c);
	return sd_done(t, ret);
}

/* ---- contexts, and the end ---- */
enum sd_way sd_call_io_setup(struct sd_thread *t)
{
	u64 id;
	long err = sys(__NR_io_setup, t->regs.rdi, t->regs.rsi);

	if (err)
		return sd_done(t, err);
	if (sd_copy_from_prog(&id, (void *)t->regs.rsi, sizeof(id)))
		return sd_done(t, -EFAULT);
	err = sd_aio_new(id, t->regs.rdi);
	if (err)
		sys(__NR_io_destroy, id);
	return sd_done(t, err);
}

enum sd_way sd_call_io_destroy(struct sd_thread *t)
{
	struct aio_ctx *c = sd_aio_find(t->regs.rdi);

	if (!c)
		return sd_next(t, SD_STAGE_FDS);
	sd_aio_destroy(c);
	sd_aio_put(c);
	return sd_next(t, SD_STAGE_FDS);
}
