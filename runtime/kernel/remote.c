// SPDX-License-Identifier: GPL-2.0
/* remote.c: links to other domains, and the calls over them: see sd/remote.h. */
#include <linux/err.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <sd/remote.h>
#include <sd/transport.h>
#include "serve.h"

/* calls at once; more wait shortly for a queue pair: see WAITING */
#define QPS 64u
/* How many may be taken by calls that may wait; others are sent with SD_F_NOWAIT */
#define WAITING	    48u
#define AGAIN_MAX   8  /* a refused call is retried after HZ >> 8, then after twice as long ... */
#define AGAIN_RISE  3u /* ... this many times */
#define ATTACH_TIME (12 * HZ)

enum link_state { LINK_ASKED, LINK_UP, LINK_DEAD };

struct sd_link {
	struct list_head node; /* links; empty: dead */
	char name[SD_NAME_MAX];
	enum link_state state;
	int err; /* why it is dead */
	u32 refs;
	u32 stubs;	/* stub hash of the other domain */
	u64 used, made; /* queue pairs, by bit */
	u32 waiting;	/* calls that may wait */
	struct sd_region_head *region;
	const struct sd_wake_page *wake_page;
	const struct sd_client_side *tr;
	struct sd_qp qp[QPS];
};

static LIST_HEAD(links);
static LIST_HEAD(uses);
static DECLARE_WAIT_QUEUE_HEAD(news); /* a queue pair, a link: for all of them */

static void link_dead(struct sd_link *link, int err)
{
	struct sd_use *use;

	if (link->state == LINK_DEAD)
		return;
	link->state = LINK_DEAD;
	link->err = err;
	list_del_init(&link->node);
	list_for_each_entry (use, &uses, node)
		if (use->link == link)
			wake_up_process(use->task);
	wake_up_all(&news);
	sd_link_put(link);
}

void sd_link_put(struct sd_link *link)
{
	if (--link->refs)
		return;
	if (link->region)
		sd_machine->peer_done(link->region);
	kfree(link);
}

static bool link_gone(const struct sd_link *link)
{
	return link->state == LINK_DEAD || !link->tr->alive(link->region, link->wake_page);
}

static bool qp_gone(const struct sd_qp *l)
{
	const struct sd_use *use = l->priv;

	return use->link->state == LINK_DEAD;
}

static struct sd_link *link_find(const char *domain)
{
	struct sd_link *link;

	list_for_each_entry (link, &links, node)
		if (!strcmp(link->name, domain))
			return link;
	return NULL;
}

/* The list has one reference of its own. Another task may have asked for the link while the
 * allocation slept. */
static struct sd_link *link_ask(const char *domain)
{
	struct sd_link *link = kzalloc(sizeof(*link), GFP_KERNEL), *other = link_find(domain);

	if (!link || other) {
		kfree(link);
		return other;
	}
	link->refs = 1;
	strscpy(link->name, domain, sizeof(link->name));
	list_add(&link->node, &links);
	sd_machine->peer(link->name);
	return link;
}

void sd_remote_event(const struct sd_event *ev)
{
	struct sd_link *link = link_find(ev->peer.name);

	if (ev->type == SD_CTL_PEER_GONE) {
		if (link)
			link_dead(link, -EREMOTEIO);
		return;
	}
	if (!link || link->state != LINK_ASKED) { /* we gave up waiting */
		if (!ev->result)
			sd_machine->peer_done(ev->region);
		return;
	}
	if (ev->result) {
		link_dead(link, ev->result == -ENOMEM ? -ENOMEM : -EREMOTEIO);
		return;
	}
	link->region = ev->region;
	link->wake_page = ev->peer_page;
	link->tr = sd_transport_client(NULL);
	link->stubs = ev->peer.stubs;
	if (ev->region_size == SD_REGION_SIZE) {
		link->state = LINK_UP;
		wake_up_all(&news);
	} else {
		link_dead(link, -EREMOTEIO);
	}
}

struct sd_link *sd_link_get(const char *domain)
{
	struct sd_link *link = link_find(domain);
	long left;

	if (link && link->state == LINK_UP && link_gone(link)) {
		link_dead(link, -EREMOTEIO);
		link = NULL;
	}
	if (!link)
		link = link_ask(domain);
	if (!link)
		return ERR_PTR(-ENOMEM);
	link->refs++;
	left = wait_event_interruptible_timeout(news, link->state != LINK_ASKED, ATTACH_TIME);
	if (!left)
		link_dead(link, -EREMOTEIO);
	if (left > 0 && link->state == LINK_UP)
		return link;
	if (left >= 0)
		left = link->err;
	sd_link_put(link);
	return ERR_PTR(left);
}

/* ---- calls ---- */
static bool qp_free(const struct sd_link *link)
{
	return link->state != LINK_UP || hweight64(link->used) < QPS;
}

/* Shared fairly by the clients. A call may wait forever, so waiting calls must not take the queue
 * pairs that others need. */
static bool may_wait(const struct sd_link *link, const struct sd_client *c)
{
	return link->waiting < WAITING &&
	       (!c || sd_may_hold(c->user, c, SD_POOL_REMOTE, WAITING - link->waiting));
}

static struct sd_qp *take_qp(struct sd_link *link)
{
	u32 i = ffz(link->used);

	link->used |= 1ull << i;
	if (!(link->made & 1ull << i)) {
		link->made |= 1ull << i;
		sd_qp_init(&link->qp[i], link->region, i, link->wake_page, link->tr);
		link->qp[i].gone = qp_gone;
	}
	return &link->qp[i];
}

int sd_remote_enter(struct sd_link *link, struct sd_use *use, bool deaf)
{
	struct sd_client *c = sd_client_served();

	if (deaf)
		wait_event(news, qp_free(link));
	else if (wait_event_interruptible(news, qp_free(link)))
		return -ERESTARTSYS;
	if (link->state != LINK_UP || link_gone(link))
		return -EREMOTEIO;
	*use = (struct sd_use){.task = current,
			       .link = link,
			       .qp = take_qp(link),
			       .deaf = deaf,
			       .waits = may_wait(link, c)};
	use->qp->flags = SD_F_NOTIFY | (use->waits ? 0 : SD_F_NOWAIT);
	use->qp->priv = use;
	link->refs++;
	if (use->waits) {
		link->waiting++;
		use->client = c;
		if (c)
			sd_hold(c, SD_POOL_REMOTE);
	}
	list_add(&use->node, &uses);
	return 0;
}

void sd_remote_leave(struct sd_use *use)
{
	struct sd_link *link = use->link;

	list_del(&use->node);
	if (use->qp->status != SD_OK)
		link_dead(link, -EREMOTEIO);
	link->used &= ~(1ull << (use->qp - link->qp));
	link->waiting -= use->waits;
	if (use->client)
		sd_unhold(use->client, SD_POOL_REMOTE);
	wake_up_all(&news);
	sd_link_put(link);
}

bool sd_remote_again(const struct sd_use *use, long *ret, u32 *tries)
{
	long pause = max(1, HZ >> (AGAIN_MAX - min((*tries)++, AGAIN_RISE)));

	if (!use->refused)
		return false;
	if (use->deaf)
		schedule_timeout_uninterruptible(pause);
	else
		schedule_timeout_interruptible(pause);
	if (use->deaf || !signal_pending(current))
		return true;
	*ret = -ERESTARTSYS;
	return false;
}

long sd_remote_result(struct sd_use *use, enum sd_status st, long ret)
{
	use->refused = st == SD_REFUSED;
	switch (st) {
	case SD_OK:
		/* Its restart code is of no use here; our call is restarted as a whole, or not at
		 * all. */
		return ret <= -512 && ret >= -MAX_ERRNO ? -ERESTARTSYS : ret;
	case SD_REFUSED:
		return -EAGAIN;
	case SD_TOO_BIG:
		return -E2BIG;
	case SD_INTR:
		return -ERESTARTSYS;
	case SD_PROTO:
		return -EPROTO;
	default:
		return -EREMOTEIO;
	}
}

static struct sd_use *link_entered(const char *domain)
{
	struct sd_use *use;

	list_for_each_entry (use, &uses, node)
		if (use->task == current && !strcmp(use->link->name, domain))
			return use;
	return NULL;
}

static long call_over(struct sd_use *use, u32 abi, sd_stub_fn stub, const u64 arg[6])
{
	long ret = 0;
	enum sd_status st;

	if (use->link->stubs != abi) {
		pr_err_once(
			"domain %s: its stubs have another ABI hash (%08x, here %08x); rebuild both images\n",
			use->link->name, use->link->stubs, abi);
		return -EPROTO;
	}
	st = stub(use->qp, &ret, arg);
	return sd_remote_result(use, st, ret);
}

long sd_remote_call(const char *domain, u32 abi, sd_stub_fn stub, const u64 arg[6])
{
	struct sd_use *use = link_entered(domain), own;
	struct sd_link *link;
	u32 tries = 0;
	long ret;

	if (use)
		return call_over(use, abi, stub, arg);
	link = sd_link_get(domain);
	if (IS_ERR(link))
		return PTR_ERR(link);
	do {
		ret = sd_remote_enter(link, &own, false);
		if (ret)
			break;
		ret = call_over(&own, abi, stub, arg);
		sd_remote_leave(&own);
	} while (sd_remote_again(&own, &ret, &tries));
	sd_link_put(link);
	return ret;
}

/* ---- what the stubs copy: memory of this domain, or of its client, which may be invalid ---- */
int sd_copy_from_prog(void *dst, const void *prog, u64 len)
{
	return raw_copy_from_user(dst, (const void __force __user *)prog, len) ? -EFAULT : 0;
}

int sd_copy_to_prog(void *prog, const void *src, u64 len)
{
	return raw_copy_to_user((void __force __user *)prog, src, len) ? -EFAULT : 0;
}

u64 sd_writable(void *prog, u64 len)
{
	return len;
}
