// SPDX-License-Identifier: GPL-2.0
/* serve_client.c: what a client process owns in the domain, from ATTACH to the last of its files
 * closed. */
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/highuid.h>
#include <linux/init_task.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "serve.h"

#define ASK_AGAIN (HZ / 50 ?: 1) /* a call may have cleared its signal and gone to sleep again */

static bool closing; /* the domain shuts down: no new clients */

static struct sd_client *client_get(struct sd_client *c)
{
	c->refs++;
	return c;
}

static void client_put(struct sd_client *c)
{
	if (--c->refs)
		return;
	if (c->user)
		sd_user_put(c->user);
	kvfree(c);
}

/* Keeps what c owns while a task that isn't in one of its calls sleeps: the client's end waits for
 * it as for a call. */
static void client_use(struct sd_client *c)
{
	c->calls++;
}

static void client_unuse(struct sd_client *c)
{
	c->calls--;
	wake_up_all(&c->wait);
}

/* "write,read" of a client that is a domain. False: there is no such call here. */
static bool client_peer_calls(struct sd_client *c, const struct sd_ctl_attach *a)
{
	const char *s = a->calls, *end = s + strnlen(s, sizeof(a->calls));
	u32 i;

	c->peer = s < end;
	if (end == s + sizeof(a->calls))
		return false;
	while (s < end) {
		size_t len = strcspn(s, ",");

		for (i = 0; i < sd_nserved &&
			    (strncmp(sd_served[i].name, s, len) || sd_served[i].name[len]);
		     i++)
			;
		if (i >= min_t(u32, sd_nserved, SD_PEER_OPS))
			return false;
		__set_bit(i, c->peer_calls);
		s += len + (s[len] == ',');
	}
	return true;
}

/* The list is next to the capabilities, in memory that only the supervisor has written so far. */
static int cred_take_groups(struct cred *new, const void *list, u32 n)
{
	struct group_info *g;

	if (n > NGROUPS_MAX)
		return -EINVAL;
	g = groups_alloc(n);
	if (!g)
		return -ENOMEM;
	for (u32 i = 0; i < n; i++)
		g->gid[i] = make_kgid(&init_user_ns, ((const u32 *)list)[i]);
	groups_sort(g);
	set_groups(new, g);
	put_group_info(g);
	return 0;
}

/* What Linux counts by user (watches, pipe pages ...) is charged to this user. */
static int cred_take_user(struct cred *new)
{
	struct user_struct *user = alloc_uid(new->uid);

	if (!user)
		return -ENOMEM;
	free_uid(new->user);
	new->user = user;
	return set_cred_ucounts(new);
}

/* As the supervisor says. A client that is a domain has the overflow ids and no capabilities. */
static const struct cred *client_cred(const struct sd_ctl_attach *a, const void *told,
				      bool *no_new_privs)
{
	struct cred *new = prepare_kernel_cred(&init_task);
	struct sd_ctl_cred r = {};

	if (!new)
		return NULL;
	new->uid = make_kuid(&init_user_ns, *a->calls ? overflowuid : a->ruid);
	new->gid = make_kgid(&init_user_ns, *a->calls ? overflowgid : a->rgid);
	new->euid = make_kuid(&init_user_ns, *a->calls ? overflowuid : a->uid);
	new->egid = make_kgid(&init_user_ns, *a->calls ? overflowgid : a->gid);
	if (!*a->calls)
		memcpy(&r, told, sizeof(r));
	sd_cred_begin(new, &r);
	*no_new_privs = r.no_new_privs;
	if (cred_take_user(new) ||
	    (!*a->calls && cred_take_groups(new, told + sizeof(r), a->ngroups))) {
		abort_creds(new);
		return NULL;
	}
	return new;
}

/* A client counts as a process of its user: setuid() and the like move it to another user, as in
 * Linux. */
static void client_drop_cred(struct sd_client *c)
{
	dec_rlimit_ucounts(c->cred->ucounts, UCOUNT_RLIMIT_NPROC, 1);
	put_cred(c->cred);
}

/* Sleeps; the parent is held. The files come last: once they are copied a new share must find them,
 * see sd_each_client(). */
static int client_take_identity(struct sd_client *c, const struct sd_ctl_attach *a,
				const struct sd_client *parent)
{
	struct sd_qp_mem *qp = (void *)((u8 *)c->reg.head + SD_HEAD_SIZE);
	struct files_struct *files;
	int err = -ENOMEM;

	if (parent)
		c->no_new_privs = parent->no_new_privs;
	c->cred = parent ? get_cred(parent->cred) : client_cred(a, qp->arena, &c->no_new_privs);
	if (!c->cred)
		return err;
	inc_rlimit_ucounts(c->cred->ucounts, UCOUNT_RLIMIT_NPROC, 1);
	/* A child counts for the user that its parent had when it attached. */
	c->user = sd_user_get(parent ? parent->user->uid : c->cred->uid);
	c->fs = c->user ? copy_fs_struct(parent ? parent->fs : init_task.fs) : NULL;
	if (!c->fs)
		goto no_fs;
	if (parent && sd_shares_inherit && sd_shares_inherit(c, parent))
		pr_warn("client %u: no memory for what its parent has mapped\n", c->id);
	files = dup_fd(parent ? parent->files : &init_files, NULL);
	if (IS_ERR(files)) {
		err = PTR_ERR(files);
		goto no_files;
	}
	atomic_inc(&files->count); /* see "Identity" in serve.h */
	c->files = files;
	return 0;

no_files:
	if (sd_shares_end)
		sd_shares_end(c);
	free_fs_struct(c->fs);
no_fs:
	client_drop_cred(c);
	return err;
}

/* Interrupts the task that serves call n of a queue pair. */
static void client_interrupt(struct sd_sqp *l, u32 n)
{
	struct sd_client *c = l->reg->owner;
	struct sd_worker *w;

	list_for_each_entry (w, &c->workers, incall) {
		if (w->req.qp == l && w->req.n == n) {
			set_notify_signal(w->task);
			return;
		}
	}
}

static void client_wake(u32 *word)
{
	if (sd_serving->wake)
		sd_serving->wake(word);
}

static const struct sd_server_ops client_ops = {
	.interrupt = client_interrupt,
	.wake = client_wake,
	.mem_get = sd_scratch_get,
	.mem_put = sd_scratch_put,
};

static struct sd_client *client_new(const struct sd_ctl_attach *a, void *region, int notify_fd)
{
	struct sd_client *c = kvzalloc(sizeof(*c), GFP_KERNEL);

	if (!c)
		return NULL;
	sd_sregion_init(&c->reg, region, c, &client_ops);
	c->refs = 1;
	c->id = a->client;
	c->notify_fd = notify_fd;
	INIT_LIST_HEAD(&c->node);
	INIT_LIST_HEAD(&c->workers);
	INIT_LIST_HEAD(&c->shares);
	INIT_LIST_HEAD(&c->tickets);
	init_waitqueue_head(&c->wait);
	return c;
}

/* Releases what the client owns; no task uses it any more. Sleeps; meanwhile the client must not be
 * found as an owner of files. */
static void client_disown(struct sd_client *c)
{
	struct files_struct *files = c->files;

	c->files = NULL;
	put_files_struct(files); /* the second user of client_take_identity() */
	put_files_struct(files);
	sd_tickets_end(c);
	if (sd_shares_end)
		sd_shares_end(c);
	sd_exit_work(); /* the last fput() of each file is task work */
	free_fs_struct(c->fs);
	client_drop_cred(c);
}

/* Puts the client on the list, if the conditions that were checked before sleeping still hold. */
static int client_appear(struct sd_client *c, const struct sd_client *parent)
{
	if (closing)
		return -ESHUTDOWN;
	if (parent && parent->ending)
		return -ESRCH;
	if (sd_client_find(c->id))
		return -EEXIST;
	/* A user's clients must leave room for those of others. */
	if (!sd_may_hold(c->user, NULL, SD_POOL_CLIENTS,
			 SD_CLIENTS_MAX - min_t(u32, SD_CLIENTS_MAX, sd_serve_stats.clients)))
		return -EAGAIN;
	sd_hold(c, SD_POOL_CLIENTS);
	list_add(&c->node, &sd_state.clients);
	sd_poll_add(&sd_poller, &c->reg);
	sd_serve_stats.clients++;
	return 0;
}

static int client_begin(struct sd_client *c, const struct sd_ctl_attach *a)
{
	struct sd_client *parent = a->parent ? sd_client_find(a->parent) : NULL;
	int err;

	if (a->parent && (!parent || parent->ending))
		return -ESRCH;
	if (parent && parent->executing)
		return -EBUSY;
	if (!client_peer_calls(c, a))
		return -EOPNOTSUPP;
	if (parent)
		client_use(parent);
	err = client_take_identity(c, a, parent);
	if (!err) {
		err = client_appear(c, parent);
		if (err)
			client_disown(c);
	}
	if (parent)
		client_unuse(parent);
	return err;
}

struct sd_client *sd_client_make(const struct sd_ctl_attach *a, void *region, int notify_fd,
				 int *err)
{
	struct sd_client *c = client_new(a, region, notify_fd);

	*err = c ? client_begin(c, a) : -ENOMEM;
	if (!*err)
		return c;
	if (c)
		client_put(c);
	return NULL;
}

void sd_client_cancel(struct sd_client *c, const struct sd_worker *but)
{
	struct sd_worker *w;

	list_for_each_entry (w, &c->workers, incall)
		if (w != but)
			set_notify_signal(w->task);
}

static void client_end_now(struct sd_client *c, u32 why)
{
	c->ending = true;
	sd_poll_remove(&sd_poller, &c->reg);
	sd_qp_forget(c);
	sd_srv_end(&c->reg, why);
	do
		sd_client_cancel(c, NULL);
	while (!wait_event_timeout(c->wait, !c->calls, ASK_AGAIN));
	sd_strip(c);
	client_disown(c);
	sd_serve_stats.clients--;
	sd_unhold(c, SD_POOL_CLIENTS);
	c->ended = true;
	wake_up_all(&c->wait);
}

void sd_client_end(struct sd_client *c, u32 why)
{
	client_get(c); /* whoever waited here may hold the last reference */
	if (c->ending)
		wait_event(c->wait, c->ended);
	else
		client_end_now(c, why);
	client_put(c);
}

void sd_clients_end(void)
{
	struct sd_client *c;

	closing = true;
	/* Ending a client sleeps, and the list may have changed afterwards. Clients that have ended
	 * stay on it until the supervisor detaches them. */
again:
	list_for_each_entry (c, &sd_state.clients, node)
		if (!c->ended) {
			sd_client_end(c, SD_ENDED_CLOSED);
			goto again;
		}
	sd_tickets_drop();
	sd_exit_work();
}

void sd_client_forget(struct sd_client *c)
{
	list_del(&c->node);
	client_put(c);
}

void sd_client_lied(struct sd_client *c)
{
	if (c->ending)
		return;
	sd_machine->ended(c->id, -EPROTO);
	sd_client_end(c, SD_ENDED_PROTO);
}
