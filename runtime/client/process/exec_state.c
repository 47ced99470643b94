/* SPDX-License-Identifier: MIT */
/*
 * exec_state.c: keeps channels and the fd map over execve. They are written to a memfd whose
 * number is passed in KDOM_X_STATE; the hidden fds lose FD_CLOEXEC for that one exec. The new
 * launcher closes in the domains the fds that were close-on-exec. No other program ever sees the
 * memfd.
 */
#include "process/process.h"

#define MAGIC 0x6b646f6dfd01ull

struct saved_chan {
	char name[32];
	char transport[SD_TRANSPORT_MAX];
	u32 used, state, keep;
	u32 client, generation;
	u32 serial, pad;
	s32 fd[SD_CHAN_FDS];
	u32 qp_old[SD_QPS / 32];
};

struct saved {
	u64 magic;
	s32 placeholder[2];
	u32 cwd, cwd_serial;
	u32 where_off;
	u32 nfds, nmembers, pad;
	struct saved_chan chan[SD_DOMAINS];
	u16 serial[SD_DOMAINS];
	struct sd_ep ep[SD_EPS];
};

struct saved_member {
	u32 ep, dom;
	struct sd_member m;
};

struct saved_fd {
	s32 fd;
	u32 close; /* set later: the host closed it at the exec */
	struct sd_fd e;
};

static void set_hidden(struct sd_files *f, int cloexec)
{
	for (u32 d = 0; d < SD_DOMAINS; d++)
		for (u32 i = 0; i < SD_CHAN_FDS && f->chan[d]; i++)
			sys(__NR_fcntl, f->chan[d]->fd[i], F_SETFD, cloexec);
	for (u32 i = 0; i < 2; i++)
		if (f->placeholder[i] >= 0)
			sys(__NR_fcntl, f->placeholder[i], F_SETFD, cloexec);
}

static void save_chan(struct saved_chan *s, const struct sd_chan *c)
{
	s->used = 1;
	s->state = c->state;
	s->keep = c->keep;
	sd_stpcpy(s->name, sd_domain[c->dom].stubs->name);
	memcpy(s->transport, c->transport, sizeof(s->transport));
	s->client = c->client;
	s->generation = c->generation;
	s->serial = c->serial;
	memcpy(s->fd, c->fd, sizeof(s->fd));
	for (u32 i = 0; i < SD_QPS; i++)
		if (c->qp[i].mem)
			s->qp_old[i / 32] |= 1u << i % 32;
	for (u32 i = 0; i < SD_QPS / 32; i++)
		s->qp_old[i] |= c->qp_old[i];
}

/* Fds that are closed, but still used by calls of threads that the exec ends. */
static long write_late(struct sd_thread *t, long mem)
{
	long n = 0;

	sd_threads_lock();
	for (struct sd_thread *o = sd_threads(); o && n >= 0; o = o->next)
		for (u32 i = 0; o->files == t->files && i < o->nlate && n >= 0; i++) {
			struct saved_fd s = {.fd = -1, .e = sd_fd_unpack(o->late[i])};

			n = sys(__NR_write, mem, &s, sizeof(s)) == sizeof(s) ? n + 1 : -ENOMEM;
		}
	sd_threads_unlock();
	return n;
}

static long write_fds(struct sd_thread *t, long mem)
{
	struct sd_files *f = t->files;
	long n = write_late(t, mem);

	for (u32 fd = 0; n >= 0 && fd < f->top; fd++) {
		struct saved_fd s = {.fd = fd, .e = sd_fd_get(t, fd)};

		if (s.e.kind == SD_FD_HOST || s.e.kind == SD_FD_HIDDEN ||
		    sys(__NR_fcntl, fd, F_GETFD) < 0)
			continue;
		if (sys(__NR_write, mem, &s, sizeof(s)) != sizeof(s))
			return -ENOMEM;
		n++;
	}
	return n;
}

/* The event data of epoll fds that stay open. */
static long write_members(struct sd_files *f, long mem)
{
	long n = 0;

	for (u32 e = 0; e < SD_EPS; e++)
		for (u32 d = 0; d < SD_DOMAINS; d++) {
			if (!f->ep[e].refs || !f->ep[e].member[d] || !f->chan[d])
				continue;
			for (u32 i = 0; i < f->chan[d]->top; i++) {
				struct saved_member s = {e, d, f->ep[e].member[d][i]};

				if (!s.m.key)
					continue;
				if (sys(__NR_write, mem, &s, sizeof(s)) != sizeof(s))
					return -ENOMEM;
				n++;
			}
		}
	return n;
}

long sd_state_save(struct sd_thread *t)
{
	struct sd_files *f = t->files;
	struct saved s = {.magic = MAGIC};
	long mem, n;

	if (!f || (!f->mapped && !f->cwd && !sd_where_is_off()))
		return -1;
	mem = sys(__NR_memfd_create, "kdom-state", 0);
	if (mem < 0)
		return mem;
	memcpy(s.placeholder, f->placeholder, sizeof(s.placeholder));
	s.cwd = f->cwd;
	s.cwd_serial = f->cwd_serial;
	s.where_off = sd_where_is_off();
	memcpy(s.serial, f->serial, sizeof(s.serial));
	memcpy(s.ep, f->ep, sizeof(s.ep));
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (f->chan[d] && f->chan[d]->state == SD_CHAN_LIVE)
			save_chan(&s.chan[d], f->chan[d]);
	n = sys(__NR_lseek, mem, sizeof(s), 0);
	if (n >= 0)
		n = write_fds(t, mem);
	if (n >= 0) {
		s.nfds = n;
		n = write_members(f, mem);
	}
	if (n >= 0) {
		s.nmembers = n;
		n = sys(__NR_pwrite64, mem, &s, sizeof(s), 0);
	}
	if (n < 0) {
		sys(__NR_close, mem);
		return n;
	}
	set_hidden(f, 0);
	return mem;
}

void sd_state_undo(struct sd_thread *t, long fd)
{
	if (fd < 0)
		return;
	set_hidden(t->files, FD_CLOEXEC);
	sys(__NR_close, fd);
}

static s32 domain_named(const char *name)
{
	for (u32 d = 0; d < sd_ndomains; d++)
		if (sd_streq(sd_domain[d].stubs->name, name))
			return d;
	return -1;
}

/* The channel as it was, on the same fds; NULL: it can't be used any more. */
static struct sd_chan *load_chan(struct sd_files *f, const struct saved_chan *s, u32 dom)
{
	struct sd_chan *c = sd_chan_new(dom, s->serial);

	if (!c)
		return NULL;
	memcpy(c->transport, s->transport, sizeof(c->transport));
	c->client = s->client;
	c->generation = s->generation;
	c->keep = s->keep;
	memcpy(c->fd, s->fd, sizeof(c->fd));
	memcpy(c->qp_old, s->qp_old, sizeof(c->qp_old));
	for (u32 i = 0; i < SD_CHAN_FDS; i++)
		sd_fd_put(f, c->fd[i], (struct sd_fd){.kind = SD_FD_HIDDEN});
	if (sd_chan_map(c))
		c->state = SD_CHAN_DEAD;
	return c;
}

static void count_ref(struct sd_files *f, u32 dom, u16 serial, s32 dfd)
{
	struct sd_chan *c = f->chan[dom];

	if (!c || dfd < 0 || dfd >= (s32)SD_DFDS || c->serial != serial)
		return;
	c->shared[dfd] = 1; /* another process may use it */
	if (!c->ref[dfd]++)
		c->live++;
	if ((u32)dfd >= c->top)
		c->top = dfd + 1;
}

/*
 * Every saved number counts as a reference, even if the host closed it at the exec: close_fds()
 * then drops these one by one, so that a domain's file is closed exactly once, with the last of its
 * numbers.
 */
static void load_fds(struct sd_files *f, const struct saved *s, const struct saved_fd *fds)
{
	for (u32 i = 0; i < s->nfds; i++) {
		struct sd_fd e = fds[i].e;

		if (!fds[i].close)
			sd_fd_put(f, fds[i].fd, e);
		if (e.kind == SD_FD_DOMAIN) {
			count_ref(f, e.dom, e.serial, e.dfd);
		} else if (!f->ep[e.dfd].refs++) {
			for (u32 d = 0; d < SD_DOMAINS; d++)
				count_ref(f, d, f->ep[e.dfd].serial[d], f->ep[e.dfd].dfd[d]);
		}
	}
}

static void close_fds(struct sd_thread *t, const struct saved *s, const struct saved_fd *fds)
{
	for (u32 i = 0; i < s->nfds; i++)
		if (fds[i].close)
			sd_fd_drop(t, fds[i].e);
}

static void load_members(struct sd_files *f, const struct saved_member *s, u32 n)
{
	for (; n; n--, s++) {
		struct sd_member *m = sd_ep_member(&f->ep[s->ep], s->dom, (s32)(u32)s->m.key);

		if (m)
			*m = s->m;
	}
}

/* Ends calls of threads that are gone, and makes the saved ids the effective ones. The client
 * itself closes fds, since it knows which. */
static void tell_domains(struct sd_thread *t)
{
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (t->files->chan[d] && t->files->chan[d]->state == SD_CHAN_LIVE)
			sd_domain_executed(t, d);
	sd_caps_executed(t);
}

static void state_load(struct sd_thread *t, struct saved *s)
{
	struct saved_fd *fds = (void *)(s + 1);
	struct sd_files *f = t->files;

	memcpy(f->serial, s->serial, sizeof(f->serial));
	memcpy(f->ep, s->ep, sizeof(f->ep));
	for (u32 i = 0; i < SD_EPS; i++) {
		f->ep[i].refs = f->ep[i].waiting = 0;
		memset(f->ep[i].member, 0, sizeof(f->ep[i].member));
	}
	load_members(f, (const void *)(fds + s->nfds), s->nmembers);
	memcpy(f->placeholder, s->placeholder, sizeof(f->placeholder));
	for (u32 i = 0; i < 2; i++)
		if (f->placeholder[i] >= 0)
			sd_fd_put(f, f->placeholder[i], (struct sd_fd){.kind = SD_FD_HIDDEN});
	f->cwd = s->cwd;
	f->cwd_serial = s->cwd_serial;
	if (s->where_off)
		sd_where_off();
	for (u32 d = 0; d < SD_DOMAINS; d++) {
		if (!s->chan[d].used)
			continue;
		if (domain_named(s->chan[d].name) == (s32)d)
			f->chan[d] = load_chan(f, &s->chan[d], d);
		else /* the program has changed KDOM_DOMAINS: its fds there are lost */
			for (u32 i = 0; i < SD_CHAN_FDS; i++)
				sys(__NR_close, s->chan[d].fd[i]);
	}
	for (u32 i = 0; i < s->nfds; i++)
		fds[i].close = sys(__NR_fcntl, fds[i].fd, F_GETFD) < 0;
	load_fds(f, s, fds);
	set_hidden(f, FD_CLOEXEC);
	tell_domains(t);
	close_fds(t, s, fds);
}

void sd_state_load(struct sd_thread *t, s64 fd)
{
	struct sd_stat st;
	long at;

	if (sys(__NR_fstat, fd, &st) || st.size < (s64)sizeof(struct saved))
		sd_die("KDOM_X_STATE", "not written by a launcher", "don't set KDOM_X_ variables");
	at = sys(__NR_mmap, 0, st.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (at < 0 || ((struct saved *)at)->magic != MAGIC || !sd_files_of(t))
		sd_die("KDOM_X_STATE", "can't be read", NULL);
	state_load(t, (struct saved *)at);
	sys(__NR_munmap, at, st.size);
	sys(__NR_close, fd);
	if (t->masked) { /* there is no exit of the hook to do it */
		t->masked = t->slow = 0;
		sd_set_mask(t->final_mask);
	}
}
