/* SPDX-License-Identifier: MIT */
/*
 * call.c: one call of a domain: whose is it, with which lane, and what its end means to the
 * program: errno for a failed transport, EINTR or a restart after signals, SIGPIPE, new fds.
 */
#include "names/names.h"

#define MSG_NOSIGNAL	      0x4000
#define ERESTARTSYS	      512
#define ERESTARTNOINTR	      513
#define ERESTARTNOHAND	      514
#define ERESTART_RESTARTBLOCK 516

struct sd_domain sd_domain[SD_DOMAINS];
u32 sd_ndomains;

static const struct sd_domain_stubs *linked(const char *name, u64 len)
{
	for (u32 i = 0; sd_linked_domains[i]; i++)
		if (strlen(sd_linked_domains[i]->name) == len &&
		    !memcmp(sd_linked_domains[i]->name, name, len))
			return sd_linked_domains[i];
	return NULL;
}

static void add_domain(const char *name, u64 nlen, const char *path, u64 plen)
{
	struct sd_domain *d = &sd_domain[sd_ndomains];

	if (sd_ndomains == SD_DOMAINS)
		sd_die("KDOM_DOMAINS", "too many domains", "at most 4");
	d->stubs = linked(name, nlen);
	if (!d->stubs)
		sd_die("KDOM_DOMAINS", "names a domain this launcher has no stubs for",
		       "run `make all`: it links the stubs of every domain in generated/");
	if (plen >= sizeof(d->path))
		sd_die("KDOM_DOMAINS", "socket path too long", "107 bytes at most: set KDOM_DIR");
	memcpy(d->path, path, plen);
	for (u32 i = 0; i < d->stubs->n; i++)
		if (d->stubs->stub[i].nr < SD_KINDS)
			d->by_nr[d->stubs->stub[i].nr] = &d->stubs->stub[i];
	sd_ndomains++;
}

/* NAME=PATH[,NAME=PATH] */
void sd_domains_init(const char *env)
{
	const char *s = env, *eq, *end;

	while (*s) {
		for (eq = s; *eq && *eq != '=' && *eq != ','; eq++)
			;
		for (end = eq; *end && *end != ',' && *end != ';'; end++)
			;
		if (*eq != '=')
			sd_die("KDOM_DOMAINS", "is not NAME=/path/of/socket[,...]", env);
		add_domain(s, eq - s, eq + 1, end - eq - 1);
		s = *end ? end + 1 : end;
	}
}

const struct sd_stub *sd_stub_for(u32 dom, u64 nr)
{
	return nr < SD_KINDS ? sd_domain[dom].by_nr[nr] : NULL;
}

/* ---- signals and the transport's end ---- */
void sd_lane_enter(struct sd_thread *t, struct sd_lane *l)
{
	t->lane_now = l;
	l->intr = 0;
	asm volatile("" ::: "memory");
	if (t->kept)
		l->intr = 1;
}

void sd_lane_leave(struct sd_thread *t)
{
	t->lane_now = NULL;
}

/* An interrupted call: what the kept handlers say, as Linux does it. */
long sd_verdict(struct sd_thread *t, long ret, int *again)
{
	int eintr = (t->interrupted & SD_INTR_EINTR) != 0;

	switch (-ret) {
	case ERESTARTNOINTR:
		eintr = 0;
		break;
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		eintr = t->kept != 0;
		break;
	case ERESTARTSYS:
		break;
	default:
		return ret;
	}
	if (!eintr)
		*again = 1;
	return -EINTR;
}

long sd_chan_errno(const struct sd_chan *c)
{
	if (c && c->state == SD_CHAN_PROTO)
		return -EPROTO;
	if (c && c->region &&
	    sd_load_relaxed(&((struct sd_region_head *)c->region)->ended) == SD_ENDED_MEMORY)
		return -ENOMEM;
	return -EREMOTEIO;
}

long sd_status_errno(struct sd_thread *t, struct sd_lane *l, enum sd_status st)
{
	struct sd_chan *c = NULL;

	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (t->chan[d] && t->lane[d] == l)
			c = t->chan[d];
	switch (st) {
	case SD_DEAD:
		if (c && c->state == SD_CHAN_LIVE)
			c->state = SD_CHAN_DEAD;
		return sd_chan_errno(c);
	case SD_PROTO:
		if (c && c->state == SD_CHAN_LIVE)
			c->state = SD_CHAN_PROTO;
		return -EPROTO;
	case SD_TOO_BIG:
		return -E2BIG;
	case SD_REFUSED:
		return -EAGAIN;
	default:
		return -EIO;
	}
}

/* The domain may have ended the channel because of this client. */
static enum sd_status why(struct sd_lane *l, enum sd_status st)
{
	return l->status != SD_OK ? l->status : st;
}

long sd_domain_call(struct sd_thread *t, struct sd_lane *l, const struct sd_stub *s,
		    const u64 arg[6], int *again)
{
	enum sd_status st;
	long ret = 0;

	sd_lane_enter(t, l);
	st = s->stub(l, &ret, arg);
	if (sd_unlikely(st == SD_TOO_BIG && l->narrow)) {
		sd_promise_settle(l);
		st = s->stub(l, &ret, arg);
	}
	sd_lane_leave(t);
	st = why(l, st);
	if (sd_likely(st == SD_OK))
		return sd_likely(ret > -ERESTARTSYS || ret < -ERESTART_RESTARTBLOCK)
			       ? ret
			       : sd_verdict(t, ret, again);
	if (st == SD_REFUSED) { /* nothing was done */
		t->refused = 1;
		*again = 1;
		return -EINTR;
	}
	if (st == SD_INTR) { /* not begun */
		if (s->flags & SD_STUB_BLOCKS)
			return sd_verdict(t, -ERESTARTSYS, again);
		*again = 1;
		return -EINTR;
	}
	return sd_status_errno(t, l, st);
}

enum sd_way sd_result(struct sd_thread *t, long ret, int again)
{
	if (again)
		return SD_AGAIN;
	return sd_done(t, ret);
}

/* ---- promised calls ---- */
void sd_settle_all(struct sd_thread *t)
{
	t->look &= ~SD_LOOK_PROMISE;
	for (u32 d = 0; d < sd_ndomains; d++)
		if (t->chan[d] && t->lane[d])
			sd_promise_settle(t->lane[d]);
}

void sd_promises_begin(struct sd_thread *t, struct sd_lane *l, u32 dom, s32 dfd)
{
	if (!l->promised.on)
		sd_settle(t);
	l->promises = dfd >= 0 && !sd_not_alone && !t->chan[dom]->shared[(u32)dfd % SD_DFDS];
}

void sd_promises_end(struct sd_thread *t, const struct sd_lane *l)
{
	t->look = l->promised.on ? t->look | SD_LOOK_PROMISE : t->look & ~SD_LOOK_PROMISE;
}

/* Nobody waits for the result, and no signal keeps it from being made. */
void sd_domain_close(struct sd_thread *t, u32 dom, s32 dfd, int later)
{
	const struct sd_stub *s = sd_stub_for(dom, __NR_close);
	u64 arg[6] = {(u32)dfd};
	struct sd_lane *l;
	enum sd_status st;
	long err, ret;

	if (!s)
		sd_die(sd_domain[dom].stubs->name,
		       "this domain makes fds but has no stub for close",
		       "add close to the calls of its spec");
	sd_aio_settle(t, dom, dfd);
	l = sd_lane_of(t, dom, 0, &err);
	if (!l)
		return; /* it died, and its fds with it */
	t->lane_now = NULL;
	sd_promises_begin(t, l, dom, later ? dfd : -1);
	do {
		l->intr = 0;
		st = s->stub(l, &ret, arg);
	} while (st == SD_INTR || st == SD_REFUSED);
	sd_promises_end(t, l);
	if (st != SD_OK)
		sd_status_errno(t, l, why(l, st));
}

/* ---- SIGPIPE ---- */
static int wants_sigpipe(u64 nr, const u64 arg[6])
{
	switch (nr) {
	case __NR_write:
	case __NR_writev:
	case __NR_pwrite64:
	case __NR_pwritev:
	case __NR_sendfile:
		return 1;
	case __NR_sendto:
	case __NR_sendmmsg:
		return !(arg[3] & MSG_NOSIGNAL);
	case __NR_sendmsg:
		return !(arg[2] & MSG_NOSIGNAL);
	}
	return 0;
}

/* ---- new fds ---- */
/* O_CLOEXEC where the table says (SOCK_CLOEXEC and the rest are equal to it); openat2's flags lie
 * in a structure. */
static int cloexec_asked(const struct sd_stub *s, const u64 arg[6])
{
	u64 flags = s->cloexec ? arg[s->cloexec - 1] : 0;

	if (s->nr == __NR_openat2 && sd_copy_from_prog(&flags, (void *)arg[2], sizeof(flags)))
		flags = 0;
	return (flags & O_CLOEXEC) != 0;
}

long sd_install_new(struct sd_thread *t, struct sd_lane *l, u32 dom, const struct sd_stub *s,
		    const u64 arg[6], long ret)
{
	long fd = sd_fd_install(t, l, dom, ret, cloexec_asked(s, arg));

	if (fd == -EPROTO)
		return sd_status_errno(t, l, SD_PROTO);
	if (fd < 0)
		sd_domain_close(t, dom, ret, 0);
	return fd;
}

/* socketpair, pipe2: two domain fds lie in the program's array. */
static long install_pair(struct sd_thread *t, struct sd_lane *l, u32 dom, const struct sd_stub *s,
			 const u64 arg[6])
{
	u64 at = s->nr == __NR_socketpair ? arg[3] : arg[0];
	s32 dfd[2], fd[2];
	long err;

	if (sd_copy_from_prog(dfd, (void *)at, sizeof(dfd)))
		return -EFAULT;
	for (int i = 0; i < 2; i++) {
		err = sd_install_new(t, l, dom, s, arg, dfd[i]);
		if (err < 0) {
			if (i)
				sd_fd_close(t, fd[0], 0);
			else if (err != -EPROTO)
				sd_domain_close(t, dom, dfd[1], 0);
			return err;
		}
		fd[i] = err;
	}
	return sd_copy_to_prog((void *)at, fd, sizeof(fd));
}

/* ---- which domain? ---- */
static int key_matches(const struct sd_route_key *k, const u64 arg[6])
{
	if (!k || !k->n)
		return k != NULL;
	for (u32 i = 0; i < k->n; i++)
		if ((arg[k->arg] & k->mask) == k->value[i])
			return 1;
	return 0;
}

static const struct sd_stub *by_key(u64 nr, const u64 arg[6], u32 *dom)
{
	for (u32 d = 0; d < sd_ndomains; d++) {
		const struct sd_stub *s = sd_domain[d].by_nr[nr];

		if (s && s->route == SD_ROUTE_KEY && key_matches(s->key, arg)) {
			*dom = d;
			return s;
		}
	}
	return NULL;
}

/* A call known by its key may name fds, too: those below 0 are none (AT_FDCWD), the key stays. */
static long keyed_fds(struct sd_thread *t, const struct sd_stub *s, u32 dom, u64 arg[6])
{
	long err = 0;

	for (u32 i = 0; i < 6 && !err; i++) {
		struct sd_fd e = sd_fd_get(t, (s32)arg[i]);

		if (!(s->fd_args & 1 << i) || i == s->key->arg || (s32)arg[i] < 0)
			continue;
		if (e.kind != SD_FD_DOMAIN || e.dom != dom)
			err = -EINVAL;
		else if (sd_fd_chan(t, e, &err))
			arg[i] = (u32)e.dfd;
	}
	return err;
}

/* Every fd argument becomes the domain's; all must be of one channel. */
static const struct sd_stub *by_fd(struct sd_thread *t, u64 nr, u64 arg[6], u32 *dom, long *err)
{
	struct sd_fd e = sd_fd_get(t, (s32)arg[0]), other;
	const struct sd_stub *s;

	*err = 0;
	if (e.kind == SD_FD_HIDDEN)
		*err = -EBADF;
	if (e.kind != SD_FD_DOMAIN)
		return NULL;
	s = sd_stub_for(e.dom, nr);
	if (!s) {
		*err = sd_no_stub(nr, e.dom);
		return NULL;
	}
	if (!sd_fd_chan(t, e, err))
		return NULL;
	*dom = e.dom;
	arg[0] = (u32)e.dfd;
	for (u32 i = 1; i < 6; i++) {
		if (!(s->fd_args & 1 << i))
			continue;
		other = sd_fd_get(t, (s32)arg[i]);
		if (other.kind != SD_FD_DOMAIN || other.dom != e.dom || other.serial != e.serial)
			*err = -EINVAL;
		arg[i] = (u32)other.dfd;
	}
	return *err ? NULL : s;
}

void sd_unsupported(u64 nr)
{
	static u8 said[SD_KINDS];
	char what[48];

	if (nr >= SD_KINDS || __atomic_exchange_n(&said[nr], 1, __ATOMIC_RELAXED))
		return;
	sd_utoa(sd_stpcpy(what, "system call "), nr);
	sd_say(what, "not carried for a file of a domain, open or by name",
	       "the program sees EOPNOTSUPP or EINVAL");
}

enum sd_way sd_call_routed(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	u64 arg[6] = {t->regs.rdi, t->regs.rsi, t->regs.rdx, t->regs.r10, t->regs.r8, t->regs.r9};
	u32 dom = 0;
	const struct sd_stub *s = by_key(nr, arg, &dom);
	int again = 0, makes = s != NULL;
	long err = 0, ret;

	if (!makes)
		s = by_fd(t, nr, arg, &dom, &err);
	else if (sd_unlikely(s->fd_args))
		err = keyed_fds(t, s, dom, arg);
	if (!s || err) {
		sd_settle(t);
		return err ? sd_done(t, err) : SD_HOST;
	}
	struct sd_lane *l = sd_lane_of(t, dom, makes, &err);

	if (!l)
		return sd_done(t, err);
	sd_promises_begin(t, l, dom, makes ? -1 : (s32)arg[0]);
	ret = sd_domain_call(t, l, s, arg, &again);
	sd_promises_end(t, l);
	sd_mmap_written(t, l, dom, nr, arg, ret);
	if (sd_unlikely(ret == -EPIPE) && wants_sigpipe(nr, arg))
		sd_raise(t, SIGPIPE);
	if (ret >= 0 && s->ret_fd)
		ret = sd_install_new(t, l, dom, s, arg, ret);
	else if (ret >= 0 && (s->flags & SD_STUB_FDS_OUT))
		ret = install_pair(t, l, dom, s, arg);
	return sd_result(t, ret, again);
}
