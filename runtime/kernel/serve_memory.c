// SPDX-License-Identifier: GPL-2.0
/*
 * serve_memory.c: what happens when the domain's memory runs out: the client that holds most of it
 * pays.
 *
 *	whose allocation fails	what happens
 *	----------------------	-------------------------------------------------------------
 *	the greediest client's	The call fails (ENOMEM, ENOBUFS, EAGAIN: as in Linux), nothing
 *				else happens.
 *	another client's, or	It gets memory from the reserve. When the reserve is used up,
 *	the kernel's own	unused dentries are dropped, or else the greediest client
 *				is ended, and the call waits for the memory that this frees.
 *	any, if nobody holds	The call fails.
 *	much, or it takes long
 *
 * The kernel calls sd_out_of_memory() when an allocation that may sleep found nothing to reclaim.
 * Other allocations (above all in interrupts) just fail. For their sake the reaper acts unasked
 * while little memory is free: it releases the reserve, and then ends the greediest client, too.
 *
 * What a client holds is counted on demand, from its open files, so calls have no cost. A user's
 * clients count together: the greediest user's greediest client is chosen.
 *
 *	counted for	what it holds
 *	-----------	-----------------------------------------------------------------------
 *	a client	itself, tasks and private memory of its calls in service, the directories
 *			above its current one, the files of its tickets
 *	a file		file, inode, dentry, its opener's groups, the directories above it, what
 *			it remembers of a directory it has read; record locks, flocks, leases;
 *			the epoll items that watch it
 *	a pipe, a FIFO	its pages and slots
 *	a socket	queues, options, memberships, connections that wait to be accepted and
 *			what they have received, files in messages (dev_sock.c)
 *
 * What isn't counted is bounded elsewhere: the network's tables (dev_sock.c), caches (reclaimed),
 * dirty pages (written back), a call's memory beyond its private memory (some pages; a poll of many
 * files is charged for its table, sd_call_takes()). Timers, inotify, AIO and message queues are not
 * among a domain's calls.
 *
 * A file with several holders (tables, tickets, messages) is divided among them; a first pass
 * counts them. The file's own count doesn't serve, since each call that waits on the file adds to
 * it. The table for this has a fixed size: a file that was evicted from it counts whole.
 *
 * The reaper, which does the work, is a task of its own: a task that waits for memory may hold
 * locks that ending a client needs, and all serving tasks may be waiting. An allocation waits for
 * the reaper for at most STUCK, so both come to an end.
 */
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/hash.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/pipe_fs_i.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include "compat.h"
#include "dev.h"
#include "memory.h"
#include "serve.h"

#define CHUNK_ORDER  3 /* a block of the reserve: the largest order that the kernel asks for */
#define CHUNKS_MAX   64u
#define RESERVE_PART 64u	    /* of the RAM */
#define GREEDY_PART  16u	    /* of the RAM: a client whose user holds less isn't ended */
#define LOOK_AGAIN   (HZ / 10 ?: 1) /* minimum time between counts */
#define WAIT	     (HZ / 20 ?: 1)
#define STUCK	     (2 * HZ)
/* Looks of the reaper, LOOK_AGAIN apart, while memory stays short without a reserve */
#define LOW_LOOKS  10
#define FILE_BYTES (2u << 10) /* file, inode, dentry, credentials */
#define NAME_BYTES 1536u      /* a directory above an open file: dentry, inode */
/* Memory per directory block that getdents() keeps: an entry of 12 bytes takes 64 */
#define DIR_BLOCKS   6u
#define WATCH_BYTES  208u /* struct epitem, struct eppoll_entry */
#define TASK_BYTES   (THREAD_SIZE + (8u << 10))
#define CLIENT_BYTES (24u << 10) /* sizeof(struct sd_client), its files, credentials */
#define LOCK_STEPS   (1u << 21)	 /* record locks looked at in one pass */
#define HOLDERS_BITS 11
#define NAMES_MANY   32u /* pages */
#define USERS	     64u

static struct page *reserve[CHUNKS_MAX];
static u32 chunks, chunks_want;
/* free pages: below `low` the reaper helps, above `enough` it refills the reserve */
static unsigned long low, enough;

static struct task_struct *reaper;
static bool watching; /* the reaper looks unasked, every LOOK_AGAIN */
static bool asked;    /* the reaper has been asked for help */
static unsigned long asked_at;
static unsigned long short_at;	  /* when an allocation last found no memory */
static u32 doomed;		  /* client to be ended if nothing else helps; 0: none */
static unsigned long helpless_at; /* when nothing helped and no client could be ended */
static u32 helps;		  /* completed rounds of help */
static DECLARE_WAIT_QUEUE_HEAD(wait_asked);
static DECLARE_WAIT_QUEUE_HEAD(wait_help);

static u32 greediest; /* client; 0: none holds much */
static unsigned long looked_at;
static u32 lock_steps;

u64 __weak sd_sock_holds(struct file *file)
{
	return 0;
}

u64 __weak sd_sock_passed(struct file *file)
{
	return 0;
}

/* ---- how many holders a file has ---- */
static struct holders {
	u32 tag; /* of whose it is */
	u16 n;
	u16 walk; /* number of the last walk that saw it */
} holders[1 << HOLDERS_BITS];

static bool first_pass;
static u16 walk;

static struct holders *holders_of(const void *p)
{
	struct holders *h = &holders[hash_ptr(p, HOLDERS_BITS)];
	u32 tag = (unsigned long)p >> 4;

	if (h->tag != tag)
		*h = (struct holders){.tag = tag};
	return h;
}

/* Has this walk already seen it? */
static bool file_seen(const void *p)
{
	struct holders *h = holders_of(p);
	bool again = h->walk == walk;

	h->walk = walk;
	return again;
}

static void walk_begins(void)
{
	walk++;
	if (!walk)
		walk++;
}

/* One holder's part of what a file holds. */
static u64 file_part(struct file *file, u64 bytes)
{
	struct holders *h;

	if (file_count(file) <= 1)
		return bytes;
	h = holders_of(file);
	if (first_pass && h->n < U16_MAX)
		h->n++;
	return bytes / max_t(u16, h->n, 1);
}

/* ---- who holds what ---- */
static u64 pipe_holds(const struct pipe_inode_info *pipe)
{
	u64 pages = pipe->head - pipe->tail + !!pipe->tmp_page;

	return (pages * PAGE_SIZE + pipe->ring_size * sizeof(*pipe->bufs)) / max(1u, pipe->files);
}

u64 sd_cred_holds(const struct cred *cred)
{
	const struct group_info *g = cred->group_info;

	return (u64)g->ngroups * sizeof(*g->gid) / max(1l, sd_users(g->usage)) /
	       max(1l, sd_users(cred->usage));
}

/* The directories above it, each counted once. Reference counts don't serve: unused dentries hold
 * references, too. */
static u64 dirs_above_hold(const struct dentry *d)
{
	u64 bytes = 0;

	while (!IS_ROOT(d)) {
		d = d->d_parent;
		if (IS_ROOT(d) || file_seen(d))
			break;
		bytes += NAME_BYTES;
	}
	return bytes;
}

static u64 watches_hold(struct file *file)
{
	u64 bytes = 0;
#ifdef CONFIG_EPOLL
	struct hlist_node *i;

	for (i = file->f_ep ? file->f_ep->first : NULL; i; i = i->next)
		bytes += WATCH_BYTES;
#endif
	return bytes;
}

#ifdef CONFIG_FILE_LOCKING
static u64 locks_in(const struct list_head *list, const struct file *file, fl_owner_t owner)
{
	const struct file_lock *fl;
	u64 n = 0;

	list_for_each_entry (fl, list, SD_FL(list)) {
		if (++lock_steps > LOCK_STEPS)
			break;
		n += fl->SD_FL(owner) == owner || fl->SD_FL(file) == file;
	}
	return n * sizeof(*fl);
}

static u64 locks_hold(struct file *file, fl_owner_t owner)
{
	struct file_lock_context *ctx = file_inode(file)->i_flctx;
	u64 bytes;

	if (!ctx || file_seen(ctx))
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
	u64 bytes = FILE_BYTES + sd_cred_holds(file->f_cred) +
		    dirs_above_hold(file->f_path.dentry) + watches_hold(file);

	if (S_ISSOCK(inode->i_mode))
		bytes += sd_sock_holds(file);
	else if (S_ISFIFO(inode->i_mode) && inode->i_pipe)
		bytes += pipe_holds(inode->i_pipe);
	else if (S_ISDIR(inode->i_mode) && file->private_data)
		bytes += DIR_BLOCKS * inode->i_sb->s_blocksize;
	bytes = file_part(file, bytes);
	if (S_ISSOCK(inode->i_mode) && (file_count(file) <= 1 || !file_seen(file)))
		bytes += sd_sock_passed(
			file); /* which is divided already: not by this file's holders again */
	return bytes;
}

static u64 files_hold(struct files_struct *files)
{
	struct fdtable *fdt;
	unsigned int fd;
	u64 bytes;

	spin_lock(&files->file_lock);
	fdt = files_fdtable(files);
	bytes = fdt->max_fds * sizeof(*fdt->fd);
	for (fd = 0; fd < fdt->max_fds; fd++) {
		struct file *file = rcu_dereference_protected(fdt->fd[fd], true);

		if (file)
			bytes += sd_file_holds(file) + locks_hold(file, files);
	}
	spin_unlock(&files->file_lock);
	return bytes;
}

static void ticket_holds(struct file *file, void *bytes)
{
	*(u64 *)bytes += sd_file_holds(file);
}

static u64 tickets_hold(const struct sd_client *c)
{
	u64 bytes = 0;

	return sd_tickets_each(c, ticket_holds, &bytes) + bytes;
}

static u64 client_holds(const struct sd_client *c)
{
	walk_begins();
	return CLIENT_BYTES + (u64)c->calls * TASK_BYTES + c->scratch +
	       dirs_above_hold(c->fs->pwd.dentry) + files_hold(c->files) + tickets_hold(c);
}

static u64 user_holds[USERS]; /* by uid % USERS: a collision only adds two users together */

static u64 *holds_of_user(const struct sd_client *c)
{
	return &user_holds[from_kuid(&init_user_ns, c->cred->uid) % USERS];
}

static void count_parts(struct sd_client *c, void *unused)
{
	if (!c->ending)
		client_holds(c);
}

static void client_count(struct sd_client *c, void *unused)
{
	c->holds = c->ending ? 0 : client_holds(c);
	*holds_of_user(c) += c->holds;
}

static void greedy_choose(struct sd_client *c, void *found)
{
	struct sd_client **best = found;
	u64 user = *holds_of_user(c), most = *best ? *holds_of_user(*best) : 0;

	if (c->ending || user < (u64)totalram_pages() * PAGE_SIZE / GREEDY_PART)
		return;
	if (!*best || user > most || (user == most && c->holds > (*best)->holds))
		*best = c;
}

static struct sd_client *count_all(void)
{
	struct sd_client *c = NULL;

	looked_at = jiffies ?: 1;
	memset(user_holds, 0, sizeof(user_holds));
	memset(holders, 0, sizeof(holders));
	lock_steps = 0;
	first_pass = true;
	sd_each_client(count_parts, NULL);
	lock_steps = 0;
	first_pass = false;
	sd_each_client(client_count, NULL);
	sd_each_client(greedy_choose, &c);
	greediest = c ? c->id : 0;
	return c;
}

/* NULL: no client holds much. May use the last count: it only decides whose allocation fails. */
static struct sd_client *greediest_client(void)
{
	struct sd_client *c = greediest ? sd_client_find(greediest) : NULL;

	if (looked_at && time_before(jiffies, looked_at + LOOK_AGAIN))
		return c && !c->ending ? c : NULL;
	return count_all();
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

static void reserve_refill(void)
{
	while (chunks < chunks_want && global_zone_page_state(NR_FREE_PAGES) > enough) {
		struct page *page =
			alloc_pages(GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN, CHUNK_ORDER);

		if (!page)
			return;
		reserve[chunks++] = page;
	}
}

/* ---- help, up to the end of a client ---- */
static bool being_asked(void)
{
	return READ_ONCE(asked);
}

/*
 * The client to be ended is chosen by a fresh count, so none is ended for another's memory. The
 * caller itself isn't ended either: when nothing else would help its call fails. False: it should
 * fail.
 */
static bool ask_for(const struct sd_client *c)
{
	if (!c && helpless_at && time_before(jiffies, helpless_at + LOOK_AGAIN))
		return false;
	doomed = c ? c->id : 0;
	asked_at = jiffies;
	WRITE_ONCE(asked, true);
	wake_up(&wait_asked);
	return true;
}

static bool reserve_ask(const struct sd_client *asks)
{
	struct sd_client *c;

	if (being_asked())
		return true;
	c = count_all();
	return ask_for(c == asks ? NULL : c);
}

static void end_doomed(void)
{
	struct sd_client *c = doomed ? sd_client_find(doomed) : NULL;

	if (!c || c->ending)
		return;
	pr_warn("client %u (uid %u): out of memory: it holds most, %llu KiB of %lu KiB, and is ended\n",
		c->id, from_kuid(&init_user_ns, c->cred->uid), c->holds >> 10,
		totalram_pages() << (PAGE_SHIFT - 10));
	give_all(); /* ending a client may need memory first */
	sd_machine->ended(c->id, -ENOMEM);
	sd_client_end(c, SD_ENDED_MEMORY);
	rcu_barrier();
}

/*
 * Drops all unused dentries and inodes. Of a chain of unused directories reclaim takes only the
 * last one each time, and gives up; and it frees single pages where a task needs a block. True: it
 * freed enough.
 */
static bool names_go(void)
{
	unsigned long free = global_zone_page_state(NR_FREE_PAGES);

	if (sd_mount_shrink)
		sd_mount_shrink();
	return global_zone_page_state(NR_FREE_PAGES) >= free + NAMES_MANY;
}

static void reaper_help(void)
{
	if (!names_go()) {
		helpless_at = doomed ? 0 : jiffies ?: 1;
		end_doomed();
	}
	helps++;
	looked_at = 0;
	WRITE_ONCE(asked, false);
	wake_up_all(&wait_help);
}

/* Acts unasked: allocations that can't wait fail without asking the reaper. True: memory is still
 * short. */
static bool look_after(u32 *looks)
{
	if (global_zone_page_state(NR_FREE_PAGES) >= low) {
		*looks = 0;
		reserve_refill();
		return chunks < chunks_want;
	}
	if (give_chunk())
		return true;
	if (++*looks >= LOW_LOOKS) {
		*looks = 0;
		reserve_ask(NULL);
	}
	return true;
}

static int __noreturn reaper_run(void *unused)
{
	u32 looks = 0;

	reaper = current;
	for (;;) {
		if (watching)
			wait_event_idle_timeout(wait_asked, being_asked(), LOOK_AGAIN);
		else
			wait_event_idle(wait_asked, being_asked() || watching);
		if (being_asked())
			reaper_help();
		watching = look_after(&looks);
	}
}

void sd_memory_watch(void)
{
	if (watching || !reaper || global_zone_page_state(NR_FREE_PAGES) >= low)
		return;
	watching = true;
	wake_up(&wait_asked);
}

void sd_memory_wanted(void)
{
	if (reaper)
		reserve_ask(NULL);
}

/* ---- the kernel asks ---- */
static bool wait_for_help(void)
{
	u32 before = helps;

	if (time_after(jiffies, asked_at + STUCK))
		return false;
	wait_event_timeout(wait_help, helps != before, WAIT);
	return true;
}

static bool has_much(const struct sd_client *c, const struct sd_client *most)
{
	return c && most && (c == most || 2 * c->holds >= most->holds);
}

static bool out_of_memory(gfp_t gfp, int order)
{
	struct sd_client *c = sd_client_served(), *most;

	short_at = jiffies;
	if (current == reaper)
		return give_chunk();
	if (c && c->ending)
		return false;
	most = greediest_client();
	if (gfp & __GFP_FS && has_much(c, most))
		return (being_asked() || ask_for(NULL)) && wait_for_help();
	sd_memory_watch();
	if (give_chunk())
		return true;
	return reserve_ask(gfp & __GFP_FS ? c : NULL) && wait_for_help();
}

bool sd_memory_from_greedy(struct sd_client *c)
{
	struct sd_client *most = greediest_client();
	u32 before = helps;

	if (!most || c == most || 2 * c->holds >= most->holds || c->ending || !sd_may_block())
		return false;
	if (!reserve_ask(c))
		return false;
	wait_event_timeout(wait_help, helps != before, STUCK);
	return helps != before;
}

/* An allocation that can't wait failed in a call of a client that isn't the greediest. */
bool sd_memory_again(struct sd_client *c)
{
	struct sd_client *most;
	bool short_now = global_zone_page_state(NR_FREE_PAGES) < low;

	if ((!short_now && time_after(jiffies, short_at + HZ)) || c->ending || !sd_may_block())
		return false;
	most = greediest_client();
	if (has_much(c, most))
		return (being_asked() || ask_for(NULL)) && wait_for_help();
	if (!short_now) {
		schedule_timeout_idle(1); /* let freed memory return to the allocator */
		return true;
	}
	sd_memory_watch();
	return give_chunk() || (reserve_ask(c) && wait_for_help());
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

/* The fixed cost of a user's clients may take half of the memory, that of all clients three
 * quarters. */
bool sd_memory_for_client(kuid_t uid)
{
	unsigned long fit = (totalram_pages() << PAGE_SHIFT) / CLIENT_BYTES;
	struct peers p = {.uid = uid};

	sd_each_client(count_peer, &p);
	return p.all < fit / 4 * 3 && p.same < fit / 2;
}

void sd_memory_setup(void)
{
	struct zone *zone = page_zone(virt_to_page(high_memory - PAGE_SIZE));

	low = (min_wmark_pages(zone) + low_wmark_pages(zone)) / 2;
	enough = high_wmark_pages(zone) + (2 << CHUNK_ORDER);
	sd_memory_mark = enough;
	chunks_want =
		min_t(unsigned long, CHUNKS_MAX, totalram_pages() / RESERVE_PART >> CHUNK_ORDER);
	reserve_refill();
	if (sd_sock_limits)
		sd_sock_limits();
	sd_out_of_memory = out_of_memory;
	if (user_mode_thread(reaper_run, NULL,
			     CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD) < 0)
		panic("sd: no memory for the reaper");
}
