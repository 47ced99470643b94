/* SPDX-License-Identifier: MIT */
/* fdmap.c: the map from host fds to domain fds, and the hidden fds. See channel.h. */
#include "channel/channel.h"
#include "channel/observers.h"

#define HIDDEN_AT 960

struct sd_fd sd_fd_unpack(u64 v)
{
	return (struct sd_fd){v >> 56, v >> 48 & 0xff, v >> 32 & 0xffff, (s32)v};
}

static u64 fd_pack(struct sd_fd e)
{
	return (u64)e.kind << 56 | (u64)e.dom << 48 | (u64)e.serial << 32 | (u32)e.dfd;
}

struct sd_files *sd_files_of(struct sd_thread *t)
{
	long at;

	if (t->files)
		return t->files;
	at = sys(__NR_mmap, 0, sizeof(struct sd_files), PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (at < 0)
		return NULL;
	t->files = (struct sd_files *)at;
	t->files->placeholder[0] = t->files->placeholder[1] = -1;
	for (u32 i = 0; i < SD_TRACERS; i++)
		t->files->tracer[i].fd = -1;
	return t->files;
}

void sd_files_drop_table(struct sd_files *f)
{
	sys(__NR_munmap, f, sizeof(*f));
}

/*
 * Linux looks up the file of a number once, and holds a reference until the call is over. Here a
 * call looks up a domain's fd, and the domain looks up the file later: in between, another thread
 * may close the number, and the domain may reuse the fd for another file. So a thread announces the
 * fd that it found, then looks again; and a thread that closes leaves the domain's close to a
 * thread that has announced the fd (leave_to_user()), just as in Linux the file lives until its
 * last user's call is over. The fence between announcing and looking is issued by the closer.
 * Covered are only the last SD_USING fds of one poll or select.
 */
static u64 fd_hold(struct sd_thread *t, const u64 *at, u64 v)
{
	while (v >> 56 == SD_FD_DOMAIN) {
		u32 n = t->qps_in_use | 1;
		u64 now;

		t->using[n / 2 % SD_USING] = v;
		sd_store_release(&t->qps_in_use, n + 2);
		asm volatile("" ::: "memory");
		now = sd_load_relaxed(at);
		if (now == v)
			break;
		v = now;
	}
	return v;
}

struct sd_fd sd_fd_get(const struct sd_thread *t, s64 fd)
{
	const struct sd_files *f = t->files;
	u64 v;

	if (!f || !f->mapped || (u64)fd >= SD_FDS)
		return (struct sd_fd){0};
	v = sd_load_relaxed(&f->map[fd]);
	if (sd_unlikely(sd_not_alone))
		v = fd_hold((struct sd_thread *)t, &f->map[fd], v);
	return sd_fd_unpack(v);
}

int sd_fd_in_domain(const struct sd_thread *t, s64 fd)
{
	return sd_fd_get(t, fd).kind == SD_FD_DOMAIN;
}

void sd_fd_put(struct sd_files *f, s32 fd, struct sd_fd e)
{
	u64 old = f->map[fd];

	f->mapped += (e.kind != SD_FD_HOST) - (old >> 56 != SD_FD_HOST);
	if ((u32)fd >= f->top)
		f->top = fd + 1;
	sd_store_relaxed(&f->map[fd], e.kind ? fd_pack(e) : 0);
}

/* ---- hidden fds ---- */
int sd_fd_hide(struct sd_thread *t, s32 *fd)
{
	u64 lim[2] = {1024, 1024};
	long min, up;

	sys(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, lim);
	if (lim[0] > HIDDEN_AT + 64)
		min = HIDDEN_AT;
	else
		min = lim[0] > 64 ? (long)lim[0] - 32 : 0;
	up = sys(__NR_fcntl, *fd, F_DUPFD_CLOEXEC, min);
	if (up < 0)
		up = sys(__NR_fcntl, *fd, F_DUPFD_CLOEXEC, 0);
	if (up < 0 || up >= SD_FDS)
		return up < 0 ? up : -EMFILE;
	sys(__NR_close, *fd);
	*fd = up;
	sd_fd_put(t->files, up, (struct sd_fd){.kind = SD_FD_HIDDEN});
	return 0;
}

void sd_fd_unhide_close(struct sd_files *f, s32 fd)
{
	if (fd < 0)
		return;
	sd_fd_put(f, fd, (struct sd_fd){0});
	sys(__NR_close, fd);
}

static s32 *hidden_slot(struct sd_files *f, s32 fd)
{
	for (u32 i = 0; i < 2; i++)
		if (f->placeholder[i] == fd)
			return &f->placeholder[i];
	for (u32 i = 0; i < SD_TRACERS; i++)
		if (f->tracer[i].fd == fd)
			return &f->tracer[i].fd;
	for (u32 d = 0; d < SD_DOMAINS; d++)
		for (u32 i = 0; i < SD_CHAN_FDS && f->chan[d]; i++)
			if (f->chan[d]->fd[i] == fd)
				return &f->chan[d]->fd[i];
	return sd_observe_hidden(fd);
}

/* dup2 to the number of a hidden fd: that moves to another one. */
int sd_fd_move_hidden(struct sd_thread *t, s32 fd)
{
	struct sd_files *f = t->files;
	s32 *slot, to;
	int err = -EBADF;

	sd_lock(&f->lock);
	slot = hidden_slot(f, fd);
	if (slot) {
		to = sys(__NR_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN_AT);
		err = to >= (s32)SD_FDS ? -EMFILE : 0;
		if (to < 0)
			err = to;
		if (!err) {
			*slot = to;
			sd_fd_put(f, to, (struct sd_fd){.kind = SD_FD_HIDDEN});
		}
	}
	if (!err)
		sd_fd_put(f, fd, (struct sd_fd){0});
	sd_unlock(&f->lock);
	return err;
}

/* ---- domain fds ---- */
/* A directory that is empty and in which nothing can be created. */
long sd_empty_dir(void)
{
	static const char *const dirs[] = {"/dev/shm/", "/tmp/", "/var/tmp/", "/run/"};
	static u32 count;
	char path[64];
	long fd = -ENOENT;

	for (u32 i = 0; i < sizeof(dirs) / sizeof(dirs[0]) && fd < 0; i++) {
		char *p = sd_utoa(sd_stpcpy(sd_stpcpy(path, dirs[i]), "kdom-empty-"),
				  sys(__NR_gettid));

		*p++ = '-';
		sd_utoa(p, __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED));
		fd = sys(__NR_mkdir, path, 0700);
		if (fd)
			continue;
		fd = sys(__NR_open, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		sys(__NR_rmdir, path);
	}
	return fd;
}

static int make_placeholder(struct sd_thread *t, u32 kind)
{
	struct sd_files *f = t->files;
	s32 fd;

	if (f->placeholder[kind] >= 0)
		return 0;
	fd = kind ? sd_empty_dir() : sys(__NR_socket, AF_UNIX, SOCK_STREAM | O_CLOEXEC, 0);
	if (fd < 0 && kind)
		fd = sys(__NR_open, "/dev/null", O_PATH | O_CLOEXEC);
	if (fd < 0)
		return fd;
	int err = sd_fd_hide(t, &fd);

	if (err)
		sys(__NR_close, fd);
	else
		f->placeholder[kind] = fd;
	return err;
}

/* A placeholder of the domain's kind at the number `at`, replacing what is there; -1: the lowest
 * free number. */
static long stand_in(struct sd_thread *t, u32 dom, s32 at, int cloexec)
{
	u32 kind = sd_has_prefix(dom);
	long err = make_placeholder(t, kind);
	s32 from = t->files->placeholder[kind];

	if (err)
		return err;
	if (at >= 0)
		return sys(__NR_dup3, from, at, cloexec ? O_CLOEXEC : 0);
	return sys(__NR_fcntl, from, cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, 0);
}

/* A new domain fd gets the lowest host number. On failure the caller closes it in the domain. */
long sd_fd_install(struct sd_thread *t, struct sd_qp *l, u32 dom, long dfd, int cloexec)
{
	return sd_fd_install_at(t, l, dom, dfd, -1, cloexec);
}

void sd_fd_install_dead(struct sd_thread *t, u32 dom, s32 at, int cloexec)
{
	struct sd_files *f = sd_files_of(t);

	if (!f || at >= (s32)SD_FDS)
		return;
	sd_lock(&f->lock);
	if (stand_in(t, dom, at, cloexec) == at)
		sd_fd_put(f, at,
			  (struct sd_fd){SD_FD_DOMAIN, dom, 0, 0}); /* no channel has this serial */
	sd_unlock(&f->lock);
}

long sd_fd_install_at(struct sd_thread *t, struct sd_qp *l, u32 dom, long dfd, s32 at, int cloexec)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = t->chan[dom];
	long fd;

	if (dfd < 0 || dfd >= SD_DFDS) {
		sd_qp_fail(l, SD_PROTO);
		return -EPROTO;
	}
	sd_lock(&f->lock);
	if (c->ref[dfd]) { /* the domain returns an fd that is open already */
		sd_unlock(&f->lock);
		sd_qp_fail(l, SD_PROTO);
		return -EPROTO;
	}
	fd = at >= (s32)SD_FDS ? -EMFILE : stand_in(t, dom, at, cloexec);
	if (fd >= SD_FDS) {
		sys(__NR_close, fd);
		fd = -EMFILE;
	}
	if (fd >= 0) {
		c->ref[dfd] = 1;
		c->shared[dfd] = 0;
		c->live++;
		if ((u32)dfd >= c->top)
			c->top = dfd + 1;
		sd_fd_put(f, fd, (struct sd_fd){SD_FD_DOMAIN, dom, c->serial, dfd});
	}
	sd_unlock(&f->lock);
	return fd;
}

/* One reference less: the domain fd to close, or -1. */
static s32 dfd_unref(struct sd_files *f, u32 dom, u16 serial, s32 dfd)
{
	struct sd_chan *c = f->chan[dom];

	if (!c || c->serial != serial || dfd < 0 || !c->ref[dfd] || --c->ref[dfd])
		return -1;
	c->live--;
	return c->state == SD_CHAN_LIVE ? dfd : -1;
}

struct closing { /* domain fds that have lost their last number, -1: none */
	s32 dfd[SD_DOMAINS];
	u16 serial[SD_DOMAINS];
};

/* One number less for e. With the lock held. */
static struct closing fd_unref(struct sd_files *f, struct sd_fd e)
{
	struct closing c = {{-1, -1, -1, -1}, {0}};

	if (e.kind == SD_FD_DOMAIN) {
		c.dfd[e.dom] = dfd_unref(f, e.dom, e.serial, e.dfd);
		c.serial[e.dom] = e.serial;
	} else if (e.kind == SD_FD_EPOLL && !--f->ep[e.dfd].refs) {
		for (u32 d = 0; d < SD_DOMAINS; d++) {
			c.dfd[d] = dfd_unref(f, d, f->ep[e.dfd].serial[d], f->ep[e.dfd].dfd[d]);
			c.serial[d] = f->ep[e.dfd].serial[d];
		}
	}
	return c;
}

/* One more. With the lock held. */
static int fd_share(struct sd_files *f, struct sd_fd e)
{
	struct sd_chan *c = f->chan[e.dom];

	if (e.kind == SD_FD_EPOLL)
		f->ep[e.dfd].refs++;
	if (e.kind != SD_FD_DOMAIN || !c || c->serial != e.serial)
		return 0;
	if (!c->ref[e.dfd] || c->ref[e.dfd] == 65535)
		return -EBADF;
	c->ref[e.dfd]++;
	return 0;
}

static int thread_uses(const struct sd_thread *o, u64 v)
{
	u32 n = sd_load_acquire(&o->qps_in_use) / 2;

	for (u32 i = 0; i < n && i < SD_USING; i++)
		if (sd_load_relaxed(&o->using[i]) == v)
			return 1;
	return 0;
}

static struct sd_thread *user_of(const struct sd_thread *t, u64 v)
{
	struct sd_thread *o = sd_threads();

	while (o && (o == t || !o->busy || o->files != t->files || !thread_uses(o, v)))
		o = o->next;
	return o;
}

/* A full fence for all threads. Not where a seccomp filter might kill for it. */
static void fence_all(void)
{
	if (sd_no_patch || !sys(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED))
		return;
	sys(__NR_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
	sys(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED);
}

/* v is no longer in the map. True: a thread whose call uses it closes it when that call is over. */
static int leave_to_user(struct sd_thread *t, u64 v)
{
	struct sd_thread *o;

	fence_all();
	sd_threads_lock();
	while ((o = user_of(t, v)) && o->nlate < SD_USING) {
		o->late[o->nlate++] = v;
		__atomic_fetch_add(&sd_leave_work, 1, __ATOMIC_SEQ_CST);
		fence_all();
		if (thread_uses(o, v)) /* then it sees sd_leave_work at its exit */
			break;
		o->nlate--;
		__atomic_fetch_sub(&sd_leave_work, 1, __ATOMIC_SEQ_CST);
	}
	o = o && o->nlate && o->late[o->nlate - 1] == v ? o : NULL;
	sd_threads_unlock();
	return o != NULL;
}

static void close_fd(struct sd_thread *t, struct sd_fd e, int later)
{
	if (!sd_not_alone || !leave_to_user(t, fd_pack(e)))
		sd_domain_close(t, e.dom, e.dfd, later);
}

void sd_fd_close_late(struct sd_thread *t)
{
	for (;;) {
		struct sd_fd e = {0};

		sd_threads_lock();
		if (t->nlate)
			e = sd_fd_unpack(t->late[--t->nlate]);
		sd_threads_unlock();
		if (e.kind != SD_FD_DOMAIN)
			break;
		__atomic_fetch_sub(&sd_leave_work, 1, __ATOMIC_SEQ_CST);
		if (t->files->chan[e.dom] && t->files->chan[e.dom]->serial == e.serial)
			close_fd(t, e, 0);
	}
	sd_store_release(&t->qps_in_use, 0);
}

static void close_in_domains(struct sd_thread *t, const struct closing *c, int later)
{
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (c->dfd[d] >= 0)
			close_fd(t, (struct sd_fd){SD_FD_DOMAIN, d, c->serial[d], c->dfd[d]},
				 later);
}

void sd_fd_drop(struct sd_thread *t, struct sd_fd e)
{
	struct closing c;

	sd_lock(&t->files->lock);
	c = fd_unref(t->files, e);
	sd_unlock(&t->files->lock);
	close_in_domains(t, &c, 0);
}

/* Changes the map before the number, which another thread's call may get at once. */
long sd_fd_close(struct sd_thread *t, s32 fd, int later)
{
	struct sd_files *f = t->files;
	struct closing c;
	struct sd_fd e;
	long ret;

	sd_lock(&f->lock);
	e = sd_fd_unpack(f->map[fd]);
	if (e.kind == SD_FD_HIDDEN) { /* the program's fd was closed in between */
		sd_unlock(&f->lock);
		return -EBADF;
	}
	sd_fd_put(f, fd, (struct sd_fd){0});
	c = fd_unref(f, e);
	ret = sys(__NR_close, fd);
	sd_unlock(&f->lock);
	close_in_domains(t, &c, later);
	return ret;
}

long sd_fd_dup(struct sd_thread *t, u64 nr, s32 from, u64 a, u64 b)
{
	struct sd_files *f = t->files;
	struct sd_fd e;
	long fd, err;

	sd_lock(&f->lock);
	e = sd_fd_unpack(f->map[from]);
	fd = sys(nr, from, a, b);
	if (fd >= 0 && e.kind != SD_FD_HOST) {
		err = fd < SD_FDS ? fd_share(f, e) : -EMFILE;
		if (err) {
			sys(__NR_close, fd);
			fd = err;
		} else {
			sd_fd_put(f, fd, e);
		}
	}
	sd_unlock(&f->lock);
	return fd;
}

/* A thread that uses `to` at the same time gets the old file or the new one, never a placeholder: a
 * domain's fd is in the map before the host has the number. */
long sd_fd_dup_to(struct sd_thread *t, s32 from, s32 to, u32 flags)
{
	struct sd_files *f = t->files;
	struct sd_fd e, old;
	struct closing c;
	long fd;

	if ((u32)from >= SD_FDS || (u32)to >= SD_FDS)
		return -EBADF;
	sd_lock(&f->lock);
	e = sd_fd_unpack(f->map[from]);
	old = sd_fd_unpack(f->map[to]);
	fd = e.kind == SD_FD_HIDDEN || old.kind == SD_FD_HIDDEN ? -EBADF : fd_share(f, e);
	if (fd) {
		sd_unlock(&f->lock);
		return fd;
	}
	if (e.kind == SD_FD_DOMAIN)
		sd_fd_put(f, to, e);
	fd = sys(__NR_dup3, from, to, flags);
	sd_fd_put(f, to, fd == to ? e : old);
	c = fd_unref(f, fd == to ? old : e);
	sd_unlock(&f->lock);
	close_in_domains(t, &c, 0);
	return fd;
}

/* The channel an fd belongs to, alive. */
struct sd_chan *sd_fd_chan(struct sd_thread *t, struct sd_fd e, long *err)
{
	struct sd_chan *c = t->files->chan[e.dom];

	if (c && c->serial == e.serial && c->state != SD_CHAN_DEAD && c->state != SD_CHAN_PROTO)
		return c;
	*err = c && c->serial == e.serial ? sd_chan_errno(c) : -EREMOTEIO;
	return NULL;
}

long sd_fd_args(struct sd_thread *t, u32 which, u32 dom, u64 arg[6])
{
	long err = 0;

	for (u32 i = 0; i < 6 && !err; i++) {
		struct sd_fd e;

		if (!(which >> i & 1) || (s32)arg[i] < 0)
			continue;
		e = sd_fd_get(t, (s32)arg[i]);
		if (e.kind != SD_FD_DOMAIN || e.dom != dom)
			err = -EINVAL;
		else if (sd_fd_chan(t, e, &err))
			arg[i] = (u32)e.dfd;
	}
	return err;
}

void sd_files_lock(struct sd_files *f)
{
	sd_lock(&f->lock);
	while (f->ending) /* it never returns; others that want the lock wait as well */
		sys(__NR_futex, &f->ending, FUTEX_WAIT_PRIVATE, 1, 0);
}
