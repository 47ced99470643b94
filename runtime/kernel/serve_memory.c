// SPDX-License-Identifier: GPL-2.0
/*
 * serve_memory.c: who pays when the domain's memory runs out: the client that holds most of it.
 *
 *	the call of the greediest client	fails (ENOMEM, ENOBUFS, EAGAIN: as Linux has it), and nothing else happens
 *	another's, or the kernel's own		gets memory of the reserve; when that is used up the greediest client is ended, and the call waits
 *						for what comes back
 *	nobody holds much, or it takes long	the call fails
 *
 * The kernel asks (sd_out_of_memory) when an allocation that may sleep found nothing to reclaim. Others (interrupts, above all) just fail: the
 * reaper looks by itself while little is free, gives the reserve away and then ends the greediest, too.
 *
 * What a client holds is counted when it is asked for, from its open files: no call pays for it. A user's clients count together: the
 * greediest user's greediest client is the one. A client's part of a file that several have open is one of as many parts.
 *
 * The reaper is a task of its own: who waits for memory may hold locks that an end wants, and serving tasks may all be waiting. An
 * allocation waits for it STUCK at most, so both come to an end.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pipe_fs_i.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include "memory.h"
#include "serve.h"

#define CHUNK_ORDER	3		/* what the reserve is made of: the largest block the kernel asks us for */
#define CHUNKS_MAX	64u
#define RESERVE_PART	64u		/* of the RAM */
#define GREEDY_PART	16u		/* of the RAM: who, with others of that user, holds less isn't ended */
#define LOOK_AGAIN	(HZ / 10 ?: 1)	/* what clients hold is counted that often at most */
#define WAIT		(HZ / 20 ?: 1)
#define STUCK		(2 * HZ)
#define LOW_LOOKS	10		/* of the reaper, LOOK_AGAIN apart: memory stays short though the reserve is gone */
#define FILE_BYTES	(2u << 10)	/* file, inode, dentry */
#define TASK_BYTES	(THREAD_SIZE + (8u << 10))
#define CLIENT_BYTES	(24u << 10)	/* sizeof(struct sd_client), its files, credentials */
#define LOCK_STEPS	(1u << 21)	/* record locks looked at in one count */
#define USERS		64u

static struct page *reserve[CHUNKS_MAX];
static u32 chunks, chunks_want;
static unsigned long low, enough;	/* pages: the reaper helps; and it may take some back */

static struct task_struct *reaper;
static bool watching;			/* the reaper looks by itself, every LOOK_AGAIN */
static u32 doomed;			/* client to be ended, or 0 */
static unsigned long doomed_at;
static u32 ends;			/* clients that were ended */
static DECLARE_WAIT_QUEUE_HEAD(wait_doomed);
static DECLARE_WAIT_QUEUE_HEAD(wait_ended);

static u32 greediest;			/* client, or 0: nobody holds much */
static unsigned long looked_at;
static u32 lock_steps;

u64 __weak sd_sock_holds(struct file *file)
{
	return 0;
}

/* ---- who holds what ---- */
static u64 pipe_holds(const struct pipe_inode_info *pipe)
{
	return (u64)(pipe->head - pipe->tail) * PAGE_SIZE + pipe->ring_size * sizeof(*pipe->bufs);
}

#ifdef CONFIG_FILE_LOCKING
static u64 locks_in(const struct list_head *list, const struct file *file, fl_owner_t owner)
{
	const struct file_lock *fl;
	u64 n = 0;

	list_for_each_entry(fl, list, fl_list) {
		if (++lock_steps > LOCK_STEPS)
			break;
		n += fl->fl_owner == owner || fl->fl_file == file;
	}
	return n * sizeof(*fl);
}

static u64 locks_hold(struct file *file, fl_owner_t owner)
{
	struct file_lock_context *ctx = file_inode(file)->i_flctx;
	u64 bytes;

	if (!ctx)
		return 0;
	spin_lock(&ctx->flc_lock);
	bytes = locks_in(&ctx->flc_posix, file, owner) + locks_in(&ctx->flc_flock, file, NULL) +
		locks_in(&ctx->flc_lease, file, NULL);
	spin_unlock(&ctx->flc_lock);
	return bytes;
}
#else
static u64 locks_hold(struct file *file, fl_owner_t owner)
{
	return 0;
}
#endif

u64 sd_file_holds(struct file *file)
{
	const struct inode *inode = file_inode(file);
	u64 bytes = FILE_BYTES;

	if (S_ISSOCK(inode->i_mode))
		bytes += sd_sock_holds(file);
	else if (S_ISFIFO(inode->i_mode) && inode->i_pipe)
		bytes += pipe_holds(inode->i_pipe) / 2;	/* most have two ends */
	return bytes / max(1l, file_count(file));
}

static u64 client_holds(const struct sd_client *c)
{
	const struct inode *last = NULL;	/* one file opened many times: its locks count once */
	struct fdtable *fdt;
	u64 bytes = CLIENT_BYTES + (u64)c->calls * TASK_BYTES + c->scratch;
	unsigned int fd;

	spin_lock(&c->files->file_lock);
	fdt = files_fdtable(c->files);
	for (fd = 0; fd < fdt->max_fds; fd++) {
		struct file *file = rcu_dereference_protected(fdt->fd[fd], true);

		if (!file)
			continue;
		bytes += sd_file_holds(file);
		if (file_inode(file) != last)
			bytes += locks_hold(file, c->files);
		last = file_inode(file);
	}
	spin_unlock(&c->files->file_lock);
	return bytes;
}

static u64 user_holds[USERS];	/* by uid % USERS: a mix-up may only make two users one */

static u64 *holds_of_user(const struct sd_client *c)
{
	return &user_holds[from_kuid(&init_user_ns, c->cred->uid) % USERS];
}

static void count(struct sd_client *c, void *unused)
{
	c->holds = c->ending ? 0 : client_holds(c);
	*holds_of_user(c) += c->holds;
}

static void choose(struct sd_client *c, void *found)
{
	struct sd_client **best = found;
	u64 user = *holds_of_user(c), most = *best ? *holds_of_user(*best) : 0;

	if (c->ending || user < (u64)totalram_pages() * PAGE_SIZE / GREEDY_PART)
		return;
	if (!*best || user > most || (user == most && c->holds > (*best)->holds))
		*best = c;
}

/* NULL: nobody holds much. */
static struct sd_client *greediest_client(void)
{
	struct sd_client *c = greediest ? sd_client_find(greediest) : NULL;

	if (looked_at && time_before(jiffies, looked_at + LOOK_AGAIN))
		return c && !c->ending ? c : NULL;
	looked_at = jiffies ?: 1;
	memset(user_holds, 0, sizeof(user_holds));
	lock_steps = 0;
	c = NULL;
	sd_each_client(count, NULL);
	sd_each_client(choose, &c);
	greediest = c ? c->id : 0;
	return c;
}

/* ---- the reserve ---- */
static bool give_chunk(void)
{
	if (!chunks)
		return false;
	__free_pages(reserve[--chunks], CHUNK_ORDER);
	return true;
}

static void give_all(void)
{
	while (give_chunk())
		;
}

static void refill(void)
{
	while (chunks < chunks_want && global_zone_page_state(NR_FREE_PAGES) > enough) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, CHUNK_ORDER);

		if (!page)
			return;
		reserve[chunks++] = page;
	}
}

/* ---- the end of a client ---- */
static bool being_ended(void)
{
	return READ_ONCE(doomed);
}

static void doom(struct sd_client *c)
{
	if (being_ended())
		return;
	doomed_at = jiffies;
	WRITE_ONCE(doomed, c->id);
	wake_up(&wait_doomed);
}

static void end_doomed(void)
{
	struct sd_client *c = sd_client_find(doomed);

	if (c && !c->ending) {
		pr_warn("client %u (uid %u): out of memory: it holds most, %llu KiB of %lu KiB, and is ended\n", c->id,
			from_kuid(&init_user_ns, c->cred->uid), c->holds >> 10, totalram_pages() << (PAGE_SHIFT - 10));
		give_all();	/* an end may take memory first */
		sd_machine_ended(c->id, -ENOMEM);
		sd_client_end(c, SD_ENDED_MEMORY);
		rcu_barrier();
	}
	ends++;
	looked_at = 0;
	WRITE_ONCE(doomed, 0);
	wake_up_all(&wait_ended);
}

/* By itself: nobody may be asking us, and yet all that can't wait for memory fails. True: it is still short. */
static bool look_after(u32 *looks)
{
	struct sd_client *c;

	if (global_zone_page_state(NR_FREE_PAGES) >= low) {
		*looks = 0;
		refill();
		return chunks < chunks_want;
	}
	if (give_chunk())
		return true;
	if (++*looks >= LOW_LOOKS) {
		*looks = 0;
		c = greediest_client();
		if (c)
			doom(c);
	}
	return true;
}

static int __noreturn reap(void *unused)
{
	u32 looks = 0;

	reaper = current;
	for (;;) {
		if (watching)
			wait_event_idle_timeout(wait_doomed, being_ended(), LOOK_AGAIN);
		else
			wait_event_idle(wait_doomed, being_ended() || watching);
		if (being_ended())
			end_doomed();
		watching = look_after(&looks);
	}
}

void sd_memory_watch(void)
{
	if (watching || !reaper || global_zone_page_state(NR_FREE_PAGES) >= low)
		return;
	watching = true;
	wake_up(&wait_doomed);
}

void sd_memory_wanted(void)
{
	struct sd_client *c = greediest_client();

	if (c && reaper)
		doom(c);
}

/* ---- the kernel asks ---- */
static bool wait_for_end(void)
{
	u32 before = ends;

	if (time_after(jiffies, doomed_at + STUCK))
		return false;
	wait_event_timeout(wait_ended, ends != before, WAIT);
	return true;
}

static bool out_of_memory(gfp_t gfp, int order)
{
	struct sd_client *c = sd_client_served(), *most;

	if (current == reaper)
		return give_chunk();
	if (c && c->ending)
		return false;
	most = greediest_client();
	if (c && most && gfp & __GFP_FS && (c == most || 2 * c->holds >= most->holds))
		return false;
	sd_memory_watch();
	if (give_chunk())
		return true;
	if (!being_ended()) {
		if (!most)
			return false;
		doom(most);
	}
	return wait_for_end();
}

bool sd_memory_from_greedy(struct sd_client *c)
{
	struct sd_client *most = greediest_client();
	u32 before = ends;

	if (!most || c == most || 2 * c->holds >= most->holds || c->ending || !sd_pool_may_block())
		return false;
	doom(most);
	wait_event_timeout(wait_ended, ends != before, STUCK);
	return ends != before;
}

/* ---- how many clients ---- */
struct peers {
	kuid_t uid;
	unsigned long same, all;
};

static void count_peer(struct sd_client *c, void *arg)
{
	struct peers *p = arg;

	p->all++;
	p->same += uid_eq(c->cred->uid, p->uid);
}

/* A user's clients may take half of the memory, just by being there, and all of them three quarters. */
bool sd_memory_for_client(kuid_t uid)
{
	unsigned long fit = (totalram_pages() << PAGE_SHIFT) / CLIENT_BYTES;
	struct peers p = { .uid = uid };

	sd_each_client(count_peer, &p);
	return p.all < fit / 4 * 3 && p.same < fit / 2;
}

void sd_memory_setup(void)
{
	struct zone *zone = page_zone(virt_to_page(high_memory - PAGE_SIZE));

	low = (min_wmark_pages(zone) + low_wmark_pages(zone)) / 2;
	enough = high_wmark_pages(zone) + (2 << CHUNK_ORDER);
	sd_memory_mark = enough;
	chunks_want = min_t(unsigned long, CHUNKS_MAX, totalram_pages() / RESERVE_PART >> CHUNK_ORDER);
	refill();
	if (sd_sock_limits)
		sd_sock_limits();
	sd_out_of_memory = out_of_memory;
	if (user_mode_thread(reap, NULL, CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD) < 0)
		panic("sd: no memory for the reaper");
}
