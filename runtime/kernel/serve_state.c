// SPDX-License-Identifier: GPL-2.0
/*
 * serve_state.c: the state that all files of the serving side share: the lists of clients and
 * serving tasks, and which task serves which client. It calls nothing above it.
 */
#include <linux/cred.h>
#include <linux/sched/signal.h>
#include "serve.h"

struct sd_state sd_state = {
	.clients = LIST_HEAD_INIT(sd_state.clients),
	.workers = LIST_HEAD_INIT(sd_state.workers),
};
struct sd_serve_stats sd_serve_stats;
struct sd_poller sd_poller;
u32 sd_shares_begun;
bool sd_ctl_pending;
const struct sd_server_side *sd_serving;

struct sd_client *sd_client_find(u32 id)
{
	struct sd_client *c;

	list_for_each_entry (c, &sd_state.clients, node)
		if (c->id == id)
			return c;
	return NULL;
}

void sd_each_client(void (*fn)(struct sd_client *c, void *arg), void *arg)
{
	struct sd_client *c;

	list_for_each_entry (c, &sd_state.clients, node)
		if (c->files)
			fn(c, arg);
}

/* The task has two references to a client's credentials, as commit_creds() expects; it keeps its
 * own all the time. */
static void assume_cred(struct task_struct *t, const struct cred *new, bool was, bool is)
{
	const struct cred *old = t->cred;

	if (is)
		get_cred(get_cred(new));
	rcu_assign_pointer(t->cred, new);
	rcu_assign_pointer(t->real_cred, new);
	if (was) {
		put_cred(old);
		put_cred(old);
	}
}

void sd_assume_cred(struct sd_worker *w, struct sd_client *c)
{
	struct task_struct *t = w->task;

	if (likely(w->assumed == c && (!c || t->cred == c->cred)))
		return;
	assume_cred(t, c ? c->cred : w->cred, w->assumed, c);
	w->assumed = c;
	t->files = c ? c->files : w->files;
	t->fs = c ? c->fs : w->fs;
}

void sd_strip(struct sd_client *c)
{
	struct sd_worker *w;

	list_for_each_entry (w, &sd_state.workers, node)
		if (w->assumed == c)
			sd_assume_cred(w, NULL);
}

void sd_qp_forget(struct sd_client *c)
{
	if (sd_state.last_qp && sd_state.last_qp->reg == &c->reg)
		sd_state.last_qp = NULL;
}

struct sd_worker *sd_worker_current(void)
{
	struct sd_worker *w;

	list_for_each_entry (w, &sd_state.workers, node)
		if (w->task == current)
			return w;
	return NULL;
}

struct sd_worker *sd_worker_calling(void)
{
	struct sd_worker *w = sd_worker_current();

	return w && !list_empty(&w->incall) ? w : NULL;
}

struct sd_client *sd_client_served(void)
{
	struct sd_worker *w = sd_worker_calling();

	return w ? w->assumed : NULL;
}
