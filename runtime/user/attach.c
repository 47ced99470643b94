/* SPDX-License-Identifier: MIT */
/*
 * attach.c: the client's side of sd/control.h: a connection to the supervisor becomes a channel
 * with its region and bell page mapped; and who has which lane.
 */
#include "domain.h"
#include <sd/contract.h>
#include <sd/control.h>

#define AF_UNIX				      1
#define SOCK_SEQPACKET			      5
#define SOL_SOCKET			      1
#define SCM_RIGHTS			      1
#define SO_RCVTIMEO			      20
#define SO_SNDTIMEO			      21
#define MSG_NOSIGNAL			      0x4000
#define MSG_PEEK			      2
#define MSG_DONTWAIT			      0x40
#define MSG_CMSG_CLOEXEC		      0x40000000
#define ATTACH_SECONDS			      5
#define LANE_TRIES			      5000 /* about five seconds without a single call ending */
#define MEMBARRIER_PRIVATE_EXPEDITED	      8
#define MEMBARRIER_REGISTER_PRIVATE_EXPEDITED 16

struct iov {
	void *base;
	u64 len;
};
struct msg {
	void *name;
	u32 namelen, pad;
	struct iov *iov;
	u64 iovlen;
	void *control;
	u64 controllen;
	s32 flags, pad2;
};
struct cmsg {
	u64 len;
	s32 level, type;
	s32 fd[SD_CTL_FDS_MAX + 1];
};

static long open_socket(const char *path)
{
	struct {
		u16 family;
		char path[108];
	} a = {AF_UNIX, {0}};
	struct sd_timespec tv = {ATTACH_SECONDS, 0};
	long fd = sys(__NR_socket, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0), err;

	if (fd < 0)
		return fd;
	sys(__NR_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	sys(__NR_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	sd_stpcpy(a.path, path);
	err = sys(__NR_connect, fd, &a, sizeof(a));
	if (!err)
		return fd;
	sys(__NR_close, fd);
	return err;
}

/* Receives one packet: its length; fds that came are in fd[], *n of them. */
static long receive(long sock, struct sd_ctl_msg *m, s32 *fd, u32 *n)
{
	struct cmsg c = {0};
	struct iov iov = {m, sizeof(*m)};
	struct msg h = {.iov = &iov, .iovlen = 1, .control = &c, .controllen = sizeof(c)};
	long got = sys(__NR_recvmsg, sock, &h, MSG_CMSG_CLOEXEC);

	*n = 0;
	if (got < 0)
		return got;
	if (h.controllen >= 16 && c.level == SOL_SOCKET && c.type == SCM_RIGHTS)
		for (; *n < (c.len - 16) / 4 && *n < SD_CTL_FDS_MAX; (*n)++)
			fd[*n] = c.fd[*n];
	return got;
}

/* Supervisor or image come from another kslice: said once, since every call will end here. */
static long alien(u32 dom, const char *who, u32 its, u32 ours)
{
	static u32 said;
	char place[64], cause[128], *p;

	if (__atomic_exchange_n(&said, 1, __ATOMIC_RELAXED))
		return -EPROTO;
	p = sd_stpcpy(place, sd_domain[dom].stubs->name);
	sd_stpcpy(p, who);
	p = sd_stpcpy(cause, "was built from another kslice than this launcher (contract ");
	p = sd_stpcpy(sd_xtoa(p, its), ", here ");
	sd_stpcpy(sd_xtoa(p, ours), ")");
	sd_say(place, cause,
	       "run `make all image`, end the domain by `kdom down` and start it anew");
	return -EPROTO;
}

/* A supervisor of another contract says no more than the head of a message, of whatever length. */
static long check(u32 dom, const struct sd_ctl_msg *m, u64 len, u32 nfds)
{
	u32 ours = sd_domain[dom].stubs->contract;

	if (!len)
		return -EREMOTEIO;
	if (len < offsetof(struct sd_ctl_msg, u) || m->magic != SD_CTL_MAGIC ||
	    m->version != SD_CTL_VERSION || m->type != SD_CTL_REPLY || m->seq != 1 ||
	    m->of != SD_CTL_ATTACH)
		return -EPROTO;
	if (m->contract != SD_CONTRACT)
		return alien(dom, "'s supervisor", m->contract, SD_CONTRACT);
	if (len != sizeof(*m))
		return -EPROTO;
	if (m->result)
		return m->result < 0 ? m->result : -EPROTO;
	if (m->u.attach.stubs != ours)
		return alien(dom, "'s image", m->u.attach.stubs, ours);
	return nfds == 3 && m->u.attach.region_size == SD_REGION_SIZE ? 0 : -EPROTO;
}

static long request(long sock, u32 dom, u32 parent, struct sd_ctl_msg *m, s32 *fd, u32 *nfds)
{
	long n;

	memset(m, 0, sizeof(*m));
	m->magic = SD_CTL_MAGIC;
	m->version = SD_CTL_VERSION;
	m->contract = SD_CONTRACT;
	m->type = SD_CTL_ATTACH;
	m->seq = 1;
	m->u.attach.parent = parent;
	n = sys(__NR_sendto, sock, m, sizeof(*m), MSG_NOSIGNAL, 0, 0);
	if (n < 0)
		return n;
	n = receive(sock, m, fd, nfds);
	if (n < 0)
		return n == -EAGAIN ? -ETIMEDOUT : n;
	return check(dom, m, n, *nfds);
}

struct sd_chan *sd_chan_new(u32 dom, u16 serial)
{
	long at = sys(__NR_mmap, 0, sizeof(struct sd_chan), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct sd_chan *c = (struct sd_chan *)at;

	if (at < 0)
		return NULL;
	c->dom = dom;
	c->serial = serial;
	for (u32 i = 0; i < SD_CHAN_FDS; i++)
		c->fd[i] = -1;
	return c;
}

/* Asks the supervisor; c->fd[] are open afterwards, but neither hidden nor mapped. */
long sd_chan_attach(struct sd_chan *c, u32 parent)
{
	struct sd_ctl_msg m;
	s32 fd[SD_CTL_FDS_MAX];
	u32 n = 0;
	long sock = open_socket(sd_domain[c->dom].path), err;

	if (sock < 0)
		return sock == -ENOENT || sock == -ECONNREFUSED ? -EREMOTEIO : sock;
	err = request(sock, c->dom, parent, &m, fd, &n);
	if (err) {
		while (n)
			sys(__NR_close, fd[--n]);
		sys(__NR_close, sock);
		return err;
	}
	c->fd[SD_FD_LIFE] = sock;
	c->fd[SD_FD_REGION] = fd[0];
	c->fd[SD_FD_EVENT] = fd[1];
	c->fd[SD_FD_BELL] = fd[2];
	c->client = m.u.attach.client;
	c->generation = m.u.attach.generation;
	return 0;
}

long sd_chan_map(struct sd_chan *c)
{
	struct sd_stat st;
	long at;

	if (sys(__NR_fstat, c->fd[SD_FD_REGION], &st) || st.size != SD_REGION_SIZE)
		return -EPROTO;
	at = sys(__NR_mmap, 0, SD_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
		 c->fd[SD_FD_REGION], 0);
	if (at < 0)
		return at;
	c->region = (void *)at;
	if (sys(__NR_fstat, c->fd[SD_FD_BELL], &st) || st.size < (s64)PAGE)
		return -EPROTO;
	at = sys(__NR_mmap, 0, PAGE, PROT_READ, MAP_SHARED, c->fd[SD_FD_BELL], 0);
	if (at < 0)
		return at;
	c->bell = (const struct sd_bell *)at;
	return 0;
}

/* With the lock held. */
static long attach(struct sd_thread *t, u32 dom)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = sd_chan_new(dom, ++f->serial[dom]), *old = f->chan[dom];
	long err = c ? sd_chan_attach(c, 0) : -ENOMEM;

	for (u32 i = 0; i < SD_CHAN_FDS && !err; i++)
		err = sd_fd_hide(t, &c->fd[i]);
	if (!err)
		err = sd_chan_map(c);
	if (err) {
		for (u32 i = 0; i < SD_CHAN_FDS && c; i++)
			sd_fd_unhide_close(f, c->fd[i]);
		if (c)
			sys(__NR_munmap, c, sizeof(*c));
		return err;
	}
	for (u32 i = 0; i < SD_CHAN_FDS && old; i++) {
		sd_fd_unhide_close(f, old->fd[i]);
		old->fd[i] = -1;
	}
	f->chan[dom] = c;
	return 0;
}

/* The supervisor ended without saying so (it was killed): its domain ended with it. */
bool sd_lane_gone(const struct sd_lane *l)
{
	const struct sd_chan *c = l->priv;
	char byte;

	return sys(__NR_recvfrom, c->fd[SD_FD_LIFE], &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A lane nobody has, position found where an image before us used it. With the lock held. */
static struct sd_lane *take_lane(struct sd_chan *c)
{
	for (u32 i = 0; i < SD_LANES; i++) {
		u32 bit = 1u << i % 32, *used = &c->lane_used[i / 32], *old = &c->lane_old[i / 32];
		struct sd_lane *l = &c->lane[i];

		if (*used & bit)
			continue;
		if (*old & bit) {
			if (sd_lane_resume(l, c->region, i, c->bell, &sd_transport_shm))
				continue;
			*old &= ~bit;
		} else if (!l->mem) {
			sd_lane_init(l, c->region, i, c->bell, &sd_transport_shm);
		}
		__atomic_fetch_or(used, bit, __ATOMIC_ACQUIRE);
		l->priv = c;
		l->gone = sd_lane_gone;
		return l;
	}
	return NULL;
}

/*
 * All lanes have owners: take one of a thread that isn't in a call. Its owner says lanes_in_use,
 * then looks at chan[], with no fence between; the fence is ours. With the files' lock held.
 */
static struct sd_lane *borrow_lane(struct sd_thread *t, struct sd_chan *c)
{
	struct sd_lane *l = NULL;

	sys(__NR_membarrier, MEMBARRIER_REGISTER_PRIVATE_EXPEDITED);
	sd_threads_lock();
	for (struct sd_thread *o = sd_threads(); o && !l; o = o->next) {
		if (o == t || !o->busy || o->files != t->files || o->chan[c->dom] != c ||
		    sd_load_relaxed(&o->lanes_in_use))
			continue;
		sd_store_relaxed(&o->chan[c->dom], NULL);
		if (sys(__NR_membarrier, MEMBARRIER_PRIVATE_EXPEDITED) ||
		    sd_load_acquire(&o->lanes_in_use))
			sd_store_release(&o->chan[c->dom],
					 c); /* it waits for our lock, or has it */
		else
			l = o->lane[c->dom];
	}
	sd_threads_unlock();
	return l;
}

/* The slow way to a lane, with the files' lock held. */
static struct sd_lane *find_lane(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = f->chan[dom];
	struct sd_lane *l;

	/* A domain can die while this program makes no call to it. */
	if (c && c->state == SD_CHAN_LIVE && !sd_load_relaxed(&c->bell->alive))
		c->state = SD_CHAN_DEAD;
	if ((!c || c->state != SD_CHAN_LIVE) && create) {
		*err = attach(t, dom);
		c = f->chan[dom];
	}
	if (!*err && (!c || c->state != SD_CHAN_LIVE))
		*err = c && c->state == SD_CHAN_PROTO ? -EPROTO : -EREMOTEIO;
	if (*err)
		return NULL;
	if (t->chan[dom] == c)
		return t->lane[dom];
	l = take_lane(c) ?: borrow_lane(t, c);
	t->chan[dom] = l ? c : NULL;
	t->lane[dom] = l;
	if (!l)
		*err = -EAGAIN;
	return l;
}

/* Moves as long as calls end somewhere in this process. */
static u32 calls_made(const struct sd_chan *c)
{
	u32 n = 0;

	for (u32 i = 0; c && i < SD_LANES; i++)
		n += sd_load_relaxed(&c->lane[i].tail);
	return n;
}

struct sd_lane *sd_lane_of(struct sd_thread *t, u32 dom, int create, long *err)
{
	struct sd_files *f = t->files;
	struct sd_chan *c = f ? f->chan[dom] : NULL;
	struct sd_timespec ms = {0, 1000000};
	struct sd_lane *l;
	u32 made = 0, now;

	sd_store_relaxed(&t->lanes_in_use, 1);
	asm volatile("" ::: "memory"); /* see borrow_lane() */
	if (sd_likely(c && sd_load_relaxed(&t->chan[dom]) == c && c->state == SD_CHAN_LIVE))
		return t->lane[dom];
	f = sd_files_of(t);
	if (!f) {
		*err = -ENOMEM;
		return NULL;
	}
	sd_mask_until_exit(t);
	for (u32 tries = 0;; tries++) {
		*err = 0;
		sd_lock(&f->lock);
		l = find_lane(t, dom, create, err);
		sd_unlock(&f->lock);
		/* As many calls as there are lanes are being made. If they all block, this one
		 * can't be. */
		if (*err != -EAGAIN || tries == LANE_TRIES)
			break;
		now = calls_made(f->chan[dom]);
		if (now != made)
			tries = 0;
		made = now;
		sys(__NR_nanosleep, &ms, 0);
	}
	sd_unmask_now(t); /* what follows may wait */
	return l;
}

void sd_lanes_free(struct sd_thread *t)
{
	sd_store_relaxed(&t->lanes_in_use, 1);
	sd_full_fence();
	for (u32 d = 0; d < SD_DOMAINS && t->files; d++) {
		struct sd_chan *c;

		sd_lock(&t->files->lock); /* not while somebody borrows it */
		c = t->chan[d];
		t->chan[d] = NULL;
		if (c) {
			u32 i = t->lane[d] - c->lane;

			__atomic_fetch_and(&c->lane_used[i / 32], ~(1u << i % 32),
					   __ATOMIC_RELEASE);
		}
		sd_unlock(&t->files->lock);
	}
}
