/* SPDX-License-Identifier: MIT */
/* files.c: the map from host fds to domain fds, and the hidden fds. See domain.h. */
#include "paths.h"

#define AF_UNIX	      1
#define SOCK_STREAM   1
#define RLIMIT_NOFILE 7
#define HIDDEN_AT     960

static struct sd_fd unpack(u64 v)
{
	return (struct sd_fd){v >> 56, v >> 48 & 0xff, v >> 32 & 0xffff, (s32)v};
}

static u64 pack(struct sd_fd e)
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
	return t->files;
}

void sd_files_drop_table(struct sd_files *f)
{
	sys(__NR_munmap, f, sizeof(*f));
}

struct sd_fd sd_fd_get(const struct sd_thread *t, s64 fd)
{
	const struct sd_files *f = t->files;

	if (!f || !f->mapped || (u64)fd >= SD_FDS)
		return (struct sd_fd){0};
	return unpack(sd_load_relaxed(&f->map[fd]));
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
	sd_store_relaxed(&f->map[fd], e.kind ? pack(e) : 0);
}

/* ---- hidden fds ---- */
int sd_fd_hide(struct sd_thread *t, s32 *fd)
{
	u64 lim[2] = {1024, 1024};
	long min, up;

	sys(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, lim);
	min = lim[0] > HIDDEN_AT + 64 ? HIDDEN_AT : lim[0] > 64 ? (long)lim[0] - 32 : 0;
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
	for (u32 d = 0; d < SD_DOMAINS; d++)
		for (u32 i = 0; i < SD_CHAN_FDS && f->chan[d]; i++)
			if (f->chan[d]->fd[i] == fd)
				return &f->chan[d]->fd[i];
	return sd_mmap_slot(fd);
}

/* dup2 onto a number we took: ours goes elsewhere. */
int sd_fd_move_hidden(struct sd_thread *t, s32 fd)
{
	struct sd_files *f = t->files;
	s32 *slot, to;
	int err = -EBADF;

	sd_lock(&f->lock);
	slot = hidden_slot(f, fd);
	if (slot) {
		to = sys(__NR_fcntl, fd, F_DUPFD_CLOEXEC, HIDDEN_AT);
		err = to < 0 ? to : to >= (s32)SD_FDS ? -EMFILE : 0;
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

/* A placeholder of the domain's kind at the number `at`, whatever that was before; -1: the lowest free. */
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
long sd_fd_install(struct sd_thread *t, struct sd_lane *l, u32 dom, long dfd, int cloexec)
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
		sd_fd_put(f, at, (struct sd_fd){SD_FD_DOMAIN, dom, 0, 0}); /* no channel has this serial */
	sd_unlock(&f->lock);
}

long sd_fd_install_at(struct sd_thread *t, struct sd_lane *l, u32 dom, long dfd, s32 at, int cloexec)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = t->chan[dom];
	long fd;

	if (dfd < 0 || dfd >= SD_DFDS) {
		sd_lane_fail(l, SD_PROTO);
		return -EPROTO;
	}
	sd_lock(&f->lock);
	if (c->ref[dfd]) { /* it says it opened what is open */
		sd_unlock(&f->lock);
		sd_lane_fail(l, SD_PROTO);
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
static s32 unref(struct sd_files *f, u32 dom, u16 serial, s32 dfd)
{
	struct sd_chan *c = f->chan[dom];

	if (!c || c->serial != serial || dfd < 0 || !c->ref[dfd] || --c->ref[dfd])
		return -1;
	c->live--;
	return c->state == SD_CHAN_LIVE ? dfd : -1;
}

void sd_fd_drop(struct sd_thread *t, s32 fd, int later)
{
	struct sd_files *f = t->files;
	s32 close[SD_DOMAINS] = {-1, -1, -1, -1};
	struct sd_fd e;

	sd_lock(&f->lock);
	e = unpack(f->map[fd]);
	sd_fd_put(f, fd, (struct sd_fd){0});
	if (e.kind == SD_FD_DOMAIN) {
		close[e.dom] = unref(f, e.dom, e.serial, e.dfd);
	} else if (e.kind == SD_FD_EPOLL && !--f->ep[e.dfd].refs) {
		for (u32 d = 0; d < SD_DOMAINS; d++)
			close[d] = unref(f, d, f->ep[e.dfd].serial[d], f->ep[e.dfd].dfd[d]);
	}
	sd_unlock(&f->lock);
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (close[d] >= 0)
			sd_domain_close(t, d, close[d], later);
}

int sd_fd_share(struct sd_thread *t, s32 fd, struct sd_fd e)
{
	struct sd_files *f = t->files;
	int err = 0;

	if (fd >= (s32)SD_FDS)
		return -EMFILE;
	sd_lock(&f->lock);
	if (e.kind == SD_FD_DOMAIN) {
		struct sd_chan *c = f->chan[e.dom];

		if (c && c->serial == e.serial) {
			if (c->ref[e.dfd] && c->ref[e.dfd] < 65535)
				c->ref[e.dfd]++;
			else
				err = -EBADF; /* closed meanwhile */
		}
	} else if (e.kind == SD_FD_EPOLL) {
		f->ep[e.dfd].refs++;
	}
	if (!err)
		sd_fd_put(f, fd, e);
	sd_unlock(&f->lock);
	return err;
}

/*
 * Linux has released a process's locks when its parent learns of its end; the supervisor hears of it a moment later. So
 * files are closed before. A killed process can't.
 */
void sd_files_exit(struct sd_thread *t)
{
	struct sd_files *f = t->files;

	for (u32 fd = 0; f && f->mapped && !sd_files_lent && fd < f->top; fd++) {
		struct sd_fd e = sd_fd_get(t, fd);

		if (e.kind == SD_FD_DOMAIN && sd_has_prefix(e.dom))
			sd_fd_drop(t, fd, 0);
	}
}

/* The channel an fd belongs to, alive. */
struct sd_chan *sd_fd_chan(struct sd_thread *t, struct sd_fd e, long *err)
{
	struct sd_chan *c = t->files->chan[e.dom];

	if (!c || c->serial != e.serial || c->state == SD_CHAN_DEAD)
		*err = -EREMOTEIO;
	else if (c->state == SD_CHAN_PROTO)
		*err = -EPROTO;
	else
		return c;
	return NULL;
}
