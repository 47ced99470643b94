/* SPDX-License-Identifier: MIT */
/*
 * fork.c: fork, vfork and clone without CLONE_FILES. Before the call, the parent asks each
 * supervisor for a channel whose files are a copy of its own; the child takes it over and closes
 * the parent's; the parent closes the child's. A domain where the parent has nothing open is left
 * out: the child attaches itself when it needs it.
 */
#include "channel/channel.h"
#include "channel/observers.h"
#include "channel/wait.h"

static struct sd_chan *child_channel(struct sd_files *f, struct sd_chan *c, long *err)
{
	struct sd_chan *n;

	*err = 0;
	if (!c || c->state != SD_CHAN_LIVE || (!c->live && !c->keep && f->cwd != c->dom + 1u))
		return NULL;
	n = sd_chan_new(c->dom, c->serial);
	*err = n ? sd_chan_attach(n, c) : -ENOMEM;
	if (*err) {
		if (n)
			sys(__NR_munmap, n, sizeof(*n));
		/* The fds of a domain that is gone aren't inherited. */
		if (*err == -EREMOTEIO || !sd_chan_alive(c))
			*err = 0;
		else
			*err = -EAGAIN;
		return NULL;
	}
	n->live = c->live;
	n->keep = c->keep;
	n->top = c->top;
	memcpy(n->ref, c->ref, c->top * sizeof(c->ref[0]));
	memset(n->shared, 1, c->top);
	memset(c->shared, 1, c->top);
	return n;
}

static void chan_close_fds(struct sd_chan *c)
{
	for (u32 i = 0; i < SD_CHAN_FDS; i++)
		if (c->fd[i] >= 0)
			sys(__NR_close, c->fd[i]);
}

static void chan_unmap(struct sd_chan *c)
{
	if (c->tr)
		c->tr->unmap(c->region, c->wake_page);
	sys(__NR_munmap, c, sizeof(*c));
}

static struct sd_files *copy_table(const struct sd_files *f)
{
	long at = sys(__NR_mmap, 0, sizeof(*f), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct sd_files *n = (struct sd_files *)at;

	if (at < 0)
		return NULL;
	memcpy(n, f, __builtin_offsetof(struct sd_files, map) + f->top * sizeof(f->map[0]));
	n->lock = 0;
	return n;
}

/* Leaves the table locked if the child gets a copy of this memory. */
long sd_files_before_fork(struct sd_thread *t, struct sd_fork *k, int shares_memory)
{
	struct sd_files *f = t->files;
	long err = 0;

	memset(k, 0, sizeof(*k));
	if (!f)
		return 0;
	sd_files_lock(f);
	for (u32 d = 0; d < SD_DOMAINS && !err; d++)
		if ((k->chan[d] = child_channel(f, f->chan[d], &err)))
			memcpy(k->here[d], k->chan[d]->fd, sizeof(k->here[d]));
	if (!err && shares_memory) {
		k->copy = copy_table(f);
		err = k->copy ? 0 : -ENOMEM;
		if (!err)
			k->copy->fork = *k;
	}
	if (err || shares_memory)
		sd_unlock(&f->lock);
	if (!err)
		return 0;
	for (u32 d = 0; d < SD_DOMAINS; d++)
		if (k->chan[d]) {
			chan_close_fds(k->chan[d]);
			chan_unmap(k->chan[d]);
		}
	return err;
}

void sd_files_in_child(struct sd_thread *t, struct sd_fork *k)
{
	struct sd_files *f = k->copy ?: t->files;

	if (!f)
		return;
	t->files = f;
	t->nlate = 0;
	for (u32 i = 0; i < SD_EPS; i++)
		f->ep[i].waiting = 0;
	if (!k->copy) {
		sd_waiters_reset();
		sd_qps_reset();
		sd_observe_fork();
	}
	for (u32 d = 0; d < SD_DOMAINS; d++) {
		struct sd_chan *old = f->chan[d], *c = k->chan[d];
		long err = 0;

		t->chan[d] = NULL;
		for (u32 i = 0; i < SD_CHAN_FDS && old; i++)
			sd_fd_unhide_close(f, old->fd[i]);
		if (old && !k->copy)
			chan_unmap(old);
		f->chan[d] = c;
		for (u32 i = 0; i < SD_CHAN_FDS && c && !err; i++)
			err = sd_fd_hide(t, &c->fd[i]);
		if (c && !err)
			err = sd_chan_map(c);
		if (err)
			c->state = SD_CHAN_DEAD;
	}
	if (!k->copy)
		f->lock = 0;
}

/* In the parent, whether there is a child or not. child_gone: it shared memory and no longer
 * uses it. */
void sd_files_after_fork(struct sd_thread *t, struct sd_fork *k, int child_gone)
{
	struct sd_files *f = t->files;

	if (!f)
		return;
	if (!k->copy)
		sd_unlock(&f->lock);
	for (u32 d = 0; d < SD_DOMAINS; d++) {
		if (k->chan[d]) {
			for (u32 i = 0; i < SD_CHAN_FDS; i++)
				sys(__NR_close, k->here[d][i]);
			if (!k->copy)
				chan_unmap(k->chan[d]);
		}
		if (k->copy && child_gone && k->copy->chan[d] && k->copy->chan[d] != f->chan[d])
			chan_unmap(k->copy->chan[d]);
	}
	if (k->copy && child_gone)
		sd_files_drop_table(k->copy);
}
