/* SPDX-License-Identifier: MIT */
/*
 * mmap.c: mmap of a domain's file. The host maps a memfd instead, filled by the domain's pread64,
 * where byte n of the file is byte n; it ends where the file does, so access beyond it is SIGBUS as
 * on Linux.
 *
 * MAP_PRIVATE is a copy of the file's contents when it was mapped. MAP_SHARED of a file open for
 * reading and writing is its share (sd/share.h), the same memory for all. Of a file open for
 * reading only it is a copy in a sealed memfd, so that the host refuses PROT_WRITE; it is updated
 * by what this process and those it forks write through descriptors, but not by what other
 * processes write. Shared maps are listed in shared[], copies with a second, writable map.
 */
#include "calls/calls.h"
#include "channel/observers.h"
#include <sd/control.h>
#include <sd/share.h>
#include <sd/stub.h>

#define MOST	   (1ull << 30) /* bytes of a file in one map: they are copied */
#define SHARED_MAX 128u

struct shared {	     /* a shared map */
	u64 at, len; /* the program's; len 0: free */
	u64 off;
	u64 dev, ino;
	u32 dom;
	s32 mem;    /* -1: it's the file's share */
	u8 *alias;  /* len bytes of the memfd from off on */
	u64 key[2]; /* of the share */
};

static struct shared shared[SHARED_MAX];
static u32 nshared, shared_lock;

struct map { /* being made */
	struct sd_thread *t;
	struct sd_qp *l;
	u64 addr, len, prot, flags, off;
	u64 end; /* end of what is copied from the file */
	struct sd_stat st;
	u32 dom;
	s32 dfd, mem;
	u8 *alias;
	int shared, rdwr;
	u64 key[2];
};

static long mapped_call(struct sd_thread *t, struct sd_qp *l, u32 dom, u64 nr, s32 dfd, u64 b,
			u64 c, u64 d)
{
	const u64 arg[6] = {(u32)dfd, b, c, d};

	return sd_file_call(t, l, dom, nr, arg);
}

/* Checks the arguments in Linux' order. */
static long mmap_check(struct map *m)
{
	u64 type = m->flags & MAP_TYPE;
	long fl, err;

	if (m->off % PAGE || !m->len)
		return -EINVAL;
	fl = mapped_call(m->t, m->l, m->dom, __NR_fcntl, m->dfd, F_GETFL, 0, 0);
	if (fl < 0)
		return fl;
	if (fl & O_PATH)
		return -EBADF;
	m->len = (m->len + PAGE - 1) & ~(PAGE - 1);
	if (!m->len)
		return -ENOMEM;
	if (m->off + m->len < m->off)
		return -EOVERFLOW;
	if (type != MAP_PRIVATE && type != MAP_SHARED && type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	m->shared = type != MAP_PRIVATE;
	m->rdwr = (fl & O_ACCMODE) == O_RDWR;
	if ((m->shared && m->prot & PROT_WRITE && (fl & O_ACCMODE) != O_RDWR) ||
	    (fl & O_ACCMODE) == O_WRONLY)
		return -EACCES;
	err = mapped_call(m->t, m->l, m->dom, __NR_fstat, m->dfd, (u64)&m->st, 0, 0);
	if (err)
		return err;
	if ((m->st.mode & S_IFMT) != S_IFREG)
		return -ENODEV;
	return 0;
}

/* Copies [off, end) of the file into the memfd. */
static long mmap_fill(struct map *m)
{
	u64 at = m->off;
	long n = 0;

	for (; at < m->end; at += n) {
		u64 want = m->end - at < SD_MAX_DATA ? m->end - at : SD_MAX_DATA;

		n = mapped_call(m->t, m->l, m->dom, __NR_pread64, m->dfd,
				(u64)m->alias + at - m->off, want, at);
		if (n < 0)
			return n == -EFAULT ? -ENOMEM : n; /* the host had no page for it */
		if (!n)
			break;
	}
	if (at < m->end) /* it got shorter in between */
		return sys(__NR_ftruncate, m->mem, at);
	return 0;
}

static long make_memfd(struct map *m)
{
	long err;

	if (m->off < m->end && m->end - m->off > MOST) {
		sd_say(SD_LOG_WARN, "mmap", "more than 1 GiB of a domain's file in one map",
		       "the program sees ENOMEM; map it in parts, or read it");
		return -ENOMEM;
	}
	m->mem = sys(__NR_memfd_create, "kdom-file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (m->mem < 0)
		return m->mem;
	err = sys(__NR_ftruncate, m->mem, m->end);
	if (err)
		return err;
	err = sys(__NR_mmap, 0, m->len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, m->mem,
		  m->off);
	if (err < 0)
		return err;
	m->alias = (u8 *)err;
	err = mmap_fill(m);
	if (!err && m->shared)
		err = sys(__NR_fcntl, m->mem, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
	return err;
}

/* Remembers a map that was made at `at`; m->mem < 0: of a share. */
static long mmap_keep(struct map *m, u64 at)
{
	long err = -ENOMEM;

	sd_lock(&shared_lock);
	for (u32 i = 0; i < SHARED_MAX && err; i++)
		if (!shared[i].len) {
			shared[i] = (struct shared){at,	       m->len,	  m->off,
						    m->st.dev, m->st.ino, m->dom,
						    m->mem,    m->alias,  {m->key[0], m->key[1]}};
			__atomic_fetch_add(&nshared, 1, __ATOMIC_RELAXED);
			err = 0;
		}
	sd_unlock(&shared_lock);
	if (err)
		sd_say(SD_LOG_WARN, "mmap(MAP_SHARED)",
		       "more than 128 shared maps of domains' files", "the program sees ENOMEM");
	return err;
}

/* The copy's memfd stays open, as a hidden fd. */
static long keep_copy(struct map *m, u64 at)
{
	struct sd_files *f = m->t->files;
	long err;

	sd_lock(&f->lock);
	err = sd_fd_hide(m->t, &m->mem) ? -ENFILE : 0;
	sd_unlock(&f->lock);
	err = err ?: mmap_keep(m, at);
	if (err && err != -ENFILE) {
		sd_lock(&f->lock);
		sd_fd_unhide_close(f, m->mem);
		sd_unlock(&f->lock);
		m->mem = -1;
	}
	return err;
}

/* The file's share, mapped as the program wants it; -EFBIG: it can't have one. */
static long map_share(struct map *m)
{
	long ret = 0, fd, at, err;
	enum sd_status st;

	if (m->off + m->len > SD_SHARE_SIZE)
		return -EFBIG;
	st = sd_uninterrupted(m->l, sd_share_key(m->l, &ret, m->dfd, m->key));
	if (st != SD_OK)
		return sd_status_errno(m->t, m->l, st);
	if (ret < 0)
		return ret;
	fd = sd_share_fd(m->t, m->dom, m->key);
	if (fd < 0)
		return fd;
	at = sys(__NR_mmap, m->addr, m->len, m->prot, m->flags, fd, m->off);
	sys(__NR_close, fd);
	if (sd_is_error(at))
		return at;
	err = mmap_keep(m, at);
	if (err)
		sys(__NR_munmap, at, m->len);
	return err ?: at;
}

static long mmap_file(struct map *m)
{
	u64 size = m->st.size;
	long at = -EFBIG, err;

	if (m->shared && m->rdwr)
		at = map_share(m);
	if (at != -EFBIG)
		return at;
	if (m->shared && m->prot & PROT_WRITE) {
		sd_say(SD_LOG_WARN, "mmap(MAP_SHARED, PROT_WRITE)",
		       "more than the first GiB of a domain's file", "the program sees ENODEV");
		return -ENODEV;
	}
	m->end = m->off + m->len < size ? m->off + m->len : size;
	at = make_memfd(m);
	if (!at)
		at = sys(__NR_mmap, m->addr, m->len, m->prot, m->flags, m->mem, m->off);
	if (m->shared && !sd_is_error(at)) {
		err = keep_copy(m, at);
		if (!err)
			return at;
		sys(__NR_munmap, at, m->len);
		at = err;
	}
	if (m->alias)
		sys(__NR_munmap, m->alias, m->len);
	if (m->mem >= 0)
		sys(__NR_close, m->mem);
	return at;
}

enum sd_way sd_call_mmap(struct sd_thread *t)
{
	struct sd_fd e = sd_fd_get(t, (s32)t->regs.r8);
	struct map m = {.t = t, .mem = -1};
	long err = 0;

	if (e.kind == SD_FD_HOST || t->regs.r10 & MAP_ANONYMOUS)
		return sd_next(t, SD_STAGE_FDS);
	if (e.kind == SD_FD_HIDDEN)
		return sd_done(t, -EBADF);
	if (e.kind != SD_FD_DOMAIN || !sd_stub_for(e.dom, __NR_pread64))
		return sd_next(t, SD_STAGE_FDS); /* the placeholder can't be mapped */
	if (!sd_fd_chan(t, e, &err))
		return sd_done(t, err);
	m.l = sd_qp_of(t, e.dom, 0, &err);
	if (!m.l)
		return sd_done(t, err);
	m.addr = t->regs.rdi;
	m.len = t->regs.rsi;
	m.prot = t->regs.rdx;
	m.flags = t->regs.r10;
	m.off = t->regs.r9;
	m.dom = e.dom;
	m.dfd = e.dfd;
	err = mmap_check(&m);
	return sd_done(t, err ?: mmap_file(&m));
}

/* ---- shared maps later ---- */
enum sd_way sd_call_munmap(struct sd_thread *t)
{
	u64 at = t->regs.rdi, end = at + ((t->regs.rsi + PAGE - 1) & ~(PAGE - 1));

	if (sd_likely(!sd_load_relaxed(&nshared)))
		return sd_next(t, SD_STAGE_FDS);
	sd_lock(&shared_lock);
	for (u32 i = 0; i < SHARED_MAX; i++) {
		struct shared *s = &shared[i];

		if (!s->len || s->at < at || s->at + s->len > end)
			continue;
		if (s->alias)
			sys(__NR_munmap, s->alias, s->len);
		if (t->files && s->mem >= 0) {
			sd_lock(&t->files->lock);
			sd_fd_unhide_close(t->files, s->mem);
			sd_unlock(&t->files->lock);
		}
		s->len = 0;
		__atomic_fetch_sub(&nshared, 1, __ATOMIC_RELAXED);
	}
	sd_unlock(&shared_lock);
	return sd_next(t, SD_STAGE_FDS);
}

/* mremap(old, old_size, new_size ...): the whole map of a share can; a copy can't, since there
 * may no longer be an fd to read more from. */
enum sd_way sd_call_mremap(struct sd_thread *t)
{
	u64 from = t->regs.rdi, old = (t->regs.rsi + PAGE - 1) & ~(PAGE - 1);
	u64 new = (t->regs.rdx + PAGE - 1) & ~(PAGE - 1);
	struct shared *s;
	long at = 0;

	if (sd_likely(!sd_load_relaxed(&nshared)))
		return sd_next(t, SD_STAGE_FDS);
	sd_lock(&shared_lock);
	for (s = shared; s < shared + SHARED_MAX; s++)
		if (s->len && from >= s->at && from < s->at + s->len)
			break;
	if (s < shared + SHARED_MAX) {
		at = -ENOMEM;
		if (s->mem < 0 && from == s->at && old == s->len && s->off + new <= SD_SHARE_SIZE)
			at = sys(__NR_mremap, from, t->regs.rsi, t->regs.rdx, t->regs.r10,
				 t->regs.r8);
		if (!sd_is_error(at)) {
			s->at = at;
			s->len = new;
		}
	}
	sd_unlock(&shared_lock);
	return at ? sd_done(t, at) : sd_next(t, SD_STAGE_FDS);
}

/* msync(at, len, flags): the domain writes the contents of a share to its disk. */
enum sd_way sd_call_msync(struct sd_thread *t)
{
	u64 at = t->regs.rdi, end = at + t->regs.rsi;
	enum sd_status st = SD_OK;
	long ret = 0, err = 0;
	struct shared s;

	if (sd_likely(!sd_load_relaxed(&nshared)) || !(t->regs.rdx & MS_SYNC))
		return sd_next(t, SD_STAGE_FDS);
	for (u32 i = 0; i < SHARED_MAX && !err; i++) {
		struct sd_qp *l;

		sd_lock(&shared_lock);
		s = shared[i];
		sd_unlock(&shared_lock);
		if (!s.len || s.mem >= 0 || s.at >= end || s.at + s.len <= at)
			continue;
		l = sd_qp_of(t, s.dom, 0, &err);
		if (!l)
			break;
		st = sd_uninterrupted(l, sd_share_sync(l, &ret, s.key));
		err = st != SD_OK ? sd_status_errno(t, l, st) : ret;
		if (err == -ENOENT) /* of a domain that died */
			err = -EIO;
	}
	return err ? sd_done(t, err) : sd_next(t, SD_STAGE_FDS);
}

/* In a forked child: the thread that held the lock is in the parent. */
static void mmap_after_fork(void)
{
	shared_lock = 0;
}

/* Where the hidden fd of a copy is kept. */
static s32 *mmap_hidden_slot(s32 fd)
{
	for (u32 i = 0; i < SHARED_MAX && nshared; i++)
		if (shared[i].len && shared[i].mem == fd)
			return &shared[i].mem;
	return NULL;
}

const struct sd_observer sd_mmap_observer = {
	.after_fork = mmap_after_fork,
	.hidden_slot = mmap_hidden_slot,
};

/* len bytes at pos of the file were replaced by those at prog. */
static void copy_in(struct shared *s, u64 pos, u64 prog, u64 len)
{
	u64 end = s->off + s->len;

	if (pos >= end || pos + len <= s->off)
		return;
	if (pos < s->off) {
		prog += s->off - pos;
		len -= s->off - pos;
		pos = s->off;
	}
	if (len > end - pos)
		len = end - pos;
	sd_copy_raw(s->alias + (pos - s->off), (void *)prog, len);
}

static void copy_spans(struct shared *s, u64 pos, u64 iov, u64 left)
{
	u64 v[2];

	for (; left && !sd_copy_from_prog(v, (void *)iov, sizeof(v)); iov += sizeof(v)) {
		u64 n = v[1] < left ? v[1] : left;

		copy_in(s, pos, v[0], n);
		pos += n;
		left -= n;
	}
}

/* Other calls don't tell what they wrote: read all of it again, if this fd allows that. */
static void copy_all(struct sd_thread *t, struct sd_qp *l, struct shared *s, s32 dfd)
{
	for (u64 at = 0, n; at < s->len; at += n) {
		n = s->len - at < SD_MAX_DATA ? s->len - at : SD_MAX_DATA;
		if (mapped_call(t, l, s->dom, __NR_pread64, dfd, (u64)s->alias + at, n,
				s->off + at) <= 0)
			break;
	}
}

static void mmap_renew(struct sd_thread *t, struct sd_qp *l, struct shared *s, u64 nr,
		       const u64 arg[6], u64 done, u64 pos)
{
	switch (nr) {
	case __NR_write:
	case __NR_pwrite64:
		copy_in(s, pos, arg[1], done);
		break;
	case __NR_writev:
	case __NR_pwritev:
	case __NR_pwritev2:
		copy_spans(s, pos, arg[1], done);
		break;
	case __NR_ftruncate:
		break;
	default:
		copy_all(t, l, s,
			 nr == __NR_copy_file_range || nr == __NR_splice ? arg[2] : arg[0]);
	}
}

/* Which argument is the fd that the call writes to; -1: none. */
static int written_fd(u64 nr)
{
	switch (nr) {
	case __NR_write:
	case __NR_pwrite64:
	case __NR_writev:
	case __NR_pwritev:
	case __NR_pwritev2:
	case __NR_ftruncate:
	case __NR_fallocate:
	case __NR_sendfile:
		return 0;
	case __NR_copy_file_range:
	case __NR_splice:
		return 2;
	}
	return -1;
}

/* The position in the file of the bytes that this call has written. */
static u64 written_position(struct sd_thread *t, struct sd_qp *l, u32 dom, u64 nr, const u64 arg[6],
			    u64 done, u64 size)
{
	long fl = mapped_call(t, l, dom, __NR_fcntl, arg[0], F_GETFL, 0, 0);
	int here = nr == __NR_pwrite64 || nr == __NR_pwritev ||
		   (nr == __NR_pwritev2 && arg[3] != ~0ull);

	if (fl >= 0 && fl & O_APPEND)
		return size - done;
	if (here)
		return arg[3];
	return mapped_call(t, l, dom, __NR_lseek, arg[0], 0, SEEK_CUR, 0) - done;
}

void sd_mmap_written(struct sd_thread *t, struct sd_qp *l, u32 dom, u64 nr, const u64 arg[6],
		     long ret)
{
	struct sd_stat st;
	int which;
	u64 pos;

	if (sd_likely(!sd_load_relaxed(&nshared)) || ret < 0)
		return;
	which = written_fd(nr);
	if (which < 0 || mapped_call(t, l, dom, __NR_fstat, arg[which], (u64)&st, 0, 0))
		return;
	pos = written_position(t, l, dom, nr, arg, ret, st.size);
	sd_lock(&shared_lock);
	for (u32 i = 0; i < SHARED_MAX; i++) {
		struct shared *s = &shared[i];
		u64 end = s->off + s->len;

		if (!s->len || s->mem < 0 || s->dom != dom || s->ino != st.ino || s->dev != st.dev)
			continue;
		sys(__NR_ftruncate, s->mem, end < (u64)st.size ? end : (u64)st.size);
		mmap_renew(t, l, s, nr, arg, ret, pos);
	}
	sd_unlock(&shared_lock);
}
