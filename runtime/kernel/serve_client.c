// SPDX-License-Identifier: GPL-2.0
/* serve_client.c: what a client process owns in the domain, from ATTACH to the last of its files closed. */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/init_task.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include "serve.h"

#define ASK_AGAIN	(HZ / 50 ?: 1)	/* a call may have swallowed an interruption and gone to sleep again */

#define CALLS_MAX	512u

static LIST_HEAD(clients);

/* Each call in progress is a task. Linux sets this limit to half of the tasks it allows, by RAM: no client keeps others from theirs. */
static u32 calls_max(void)
{
	return min_t(unsigned long, CALLS_MAX, task_rlimit(&init_task, RLIMIT_NPROC));
}

struct sd_client *sd_client_find(u32 id)
{
	struct sd_client *c;

	list_for_each_entry(c, &clients, node)
		if (c->id == id)
			return c;
	return NULL;
}

/* As after login: root may do everything the domain knows, others nothing special. */
static const struct cred *client_cred(const struct sd_ctl_attach *a)
{
	struct cred *new = prepare_kernel_cred(NULL);

	if (!new)
		return NULL;
	new->uid = new->euid = new->suid = new->fsuid = make_kuid(&init_user_ns, a->uid);
	new->gid = new->egid = new->sgid = new->fsgid = make_kgid(&init_user_ns, a->gid);
	if (a->uid) {
		cap_clear(new->cap_effective);
		cap_clear(new->cap_permitted);
		cap_clear(new->cap_ambient);
	}
	return new;
}

static int take_identity(struct sd_client *c, const struct sd_ctl_attach *a, struct files_struct *from)
{
	int err = -ENOMEM;

	c->cred = client_cred(a);
	if (!c->cred)
		return err;
	c->fs = copy_fs_struct(init_task.fs);
	if (!c->fs)
		goto no_fs;
	c->files = dup_fd(from, NULL);
	if (IS_ERR(c->files)) {
		err = PTR_ERR(c->files);
		goto no_files;
	}
	atomic_inc(&c->files->count);	/* see "Identity" in serve.h */
	return 0;

no_files:
	free_fs_struct(c->fs);
no_fs:
	put_cred(c->cred);
	return err;
}

struct sd_client *sd_client_make(const struct sd_ctl_attach *a, void *region, int bell_fd, int *err)
{
	struct files_struct *from = &init_files;
	struct sd_client *c;

	if (a->parent) {
		struct sd_client *parent = sd_client_find(a->parent);

		*err = -ESRCH;
		if (!parent || parent->ending)
			return NULL;
		from = parent->files;
	}
	*err = -EEXIST;
	if (sd_client_find(a->client))
		return NULL;
	*err = -ENOMEM;
	c = kvzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return NULL;
	*err = take_identity(c, a, from);
	if (*err) {
		kvfree(c);
		return NULL;
	}
	c->id = a->client;
	c->bell_fd = bell_fd;
	c->calls_max = calls_max();
	INIT_LIST_HEAD(&c->workers);
	init_waitqueue_head(&c->wait);
	sd_sregion_init(&c->reg, region, c);
	list_add(&c->node, &clients);
	sd_poll_add(&sd_poller, &c->reg);
	sd_serve_stats.clients++;
	return c;
}

void sd_client_cancel(struct sd_client *c, const struct sd_worker *but)
{
	struct sd_worker *w;

	list_for_each_entry(w, &c->workers, incall)
		if (w != but)
			set_notify_signal(w->task);
}

void sd_client_end(struct sd_client *c, u32 why)
{
	if (c->ending) {
		wait_event(c->wait, c->ended);
		return;
	}
	c->ending = true;
	sd_poll_remove(&sd_poller, &c->reg);
	sd_pool_forget(c);
	sd_srv_end(&c->reg, why);
	do
		sd_client_cancel(c, NULL);
	while (!wait_event_timeout(c->wait, !c->calls, ASK_AGAIN));
	sd_strip(c);
	put_files_struct(c->files);	/* the second user of take_identity() */
	put_files_struct(c->files);
	sd_exit_work();			/* the last fput() of each file is task work */
	free_fs_struct(c->fs);
	put_cred(c->cred);
	sd_serve_stats.clients--;
	c->ended = true;
	wake_up_all(&c->wait);
}

void sd_clients_end(void)
{
	struct sd_client *c;

	/* Ending one sleeps, and the list may change meanwhile; those that ended stay on it until the supervisor detaches them. */
again:
	list_for_each_entry(c, &clients, node)
		if (!c->ended) {
			sd_client_end(c, SD_ENDED_CLOSED);
			goto again;
		}
}

void sd_client_free(struct sd_client *c)
{
	list_del(&c->node);
	kvfree(c);
}

void sd_client_lied(struct sd_client *c)
{
	if (c->ending)
		return;
	sd_machine_ended(c->id, -EPROTO);
	sd_client_end(c, SD_ENDED_PROTO);
}
