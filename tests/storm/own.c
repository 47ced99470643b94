// SPDX-License-Identifier: GPL-2.0
/* own.c: what isn't of the domain's table: the transport's own calls, and what a client asks of the
 * supervisor. */
#include "storm.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sd/share.h>
#include <sd/ticket.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define MAPPED (1u << 22) /* of a share; files here are shorter */
#define HELD   8
#define FORKS  3

static u8 *maps[MAPS];
static int held[HELD];
static u32 nheld, forks;

bool own_entry(struct sd_entry *e, struct chan *c, u32 room)
{
	static const u16 ops[] = {SD_OP_NULL, SD_OP_TICKET, SD_OP_REDEEM,    SD_OP_CLOSE,
				  SD_OP_PATH, SD_OP_SHARE,  SD_OP_SHARE_SYNC};
	const u64 *key = board->ticket[rnd() % KEYS];

	*e = (struct sd_entry){.op = ops[rnd() % (sizeof(ops) / sizeof(ops[0]))],
			       .arg = {some_fd(c), room, 256}};
	if (e->op == SD_OP_SHARE_SYNC)
		key = board->share[rnd() % KEYS];
	if (e->op == SD_OP_REDEEM || e->op == SD_OP_SHARE_SYNC)
		e->arg[0] = key[0], e->arg[1] = key[1], e->arg[2] = rnd() % 2;
	return e->op != SD_OP_CLOSE || one_in(4);
}

/* What a call on queue pair 0 came to. */
static bool done(enum sd_status st)
{
	if (cur->qp.status != SD_OK)
		life_cut_off(cur);
	return st == SD_OK;
}

static void put_key(u64 slot[2], const u64 key[2])
{
	slot[0] = key[0], slot[1] = key[1];
}

void own_ticket(struct chan *c)
{
	u64 key[2];
	long ret;
	int fd;

	if (!done(sd_ticket_make(&c->qp, &ret, some_fd(c), key)) || ret)
		return;
	count(COUNT_tickets, 1);
	put_key(board->ticket[rnd() % KEYS], key);
	if (nheld >= HELD || !one_in(4))
		return;
	fd = outsider_hold(&c->o, key);
	if (fd == -ETIMEDOUT)
		life_over(LIFE_SILENT);
	if (fd >= 0)
		held[nheld++] = fd, count(COUNT_held, 1);
}

void own_redeem(struct chan *c)
{
	const u64 *key = board->ticket[rnd() % KEYS];
	const u64 wrong[2] = {rnd(), rnd()};
	long ret;

	if (nheld && one_in(4))
		close(held[--nheld]);
	if (!done(sd_ticket_redeem(&c->qp, &ret, one_in(8) ? wrong : key, rnd() % 2)) || ret < 0)
		return;
	count(COUNT_redeemed, 1);
	keep_fd(c, ret);
}

/* A file that maybe nobody has mapped yet, to be found in this tree by others; or one that is
 * everybody's. */
static u32 file_to_share(struct chan *c)
{
	static const u32 good[] = {FD_file, FD_holes, FD_empty, FD_file_append};
	char name[16];
	long fd;

	if (!life_trees || one_in(2))
		return one_in(4) ? some_fd(c) : good[rnd() % 4];
	snprintf(name, sizeof(name), "s%u", (u32)(rnd() % 24));
	fd = side_call(&storm_side, SYS_openat, (u64)AT_FDCWD, (u64)(uintptr_t)name,
		       O_RDWR | O_CREAT, 0666, 0, 0);
	if (fd < 0)
		return FD_file;
	keep_fd(c, fd);
	if (one_in(2))
		side_call(&storm_side, SYS_ftruncate, (u64)fd, rnd() % MAPPED, 0, 0, 0, 0);
	return (u32)fd;
}

void own_share(struct chan *c)
{
	u8 **to = &maps[rnd() % MAPS], *p;
	u64 key[2];
	long ret;
	int fd;

	if (!done(sd_share_key(&c->qp, &ret, file_to_share(c), key)) || ret)
		return;
	put_key(board->share[rnd() % KEYS], key);
	fd = outsider_share(&c->o, key);
	if (fd == -ETIMEDOUT)
		life_over(LIFE_SILENT);
	if (fd < 0)
		return;
	p = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (p == MAP_FAILED)
		return;
	if (*to)
		munmap(*to, MAPPED);
	*to = p;
	count(COUNT_shares, 1);
	own_store();
}

void own_store(void)
{
	u8 *p = maps[rnd() % MAPS];
	u32 pages = one_in(4) ? MAPPED / 4096 : 1 + rnd() % 4;

	if (!p)
		return;
	for (u32 i = 0; i < pages; i++)
		p[i * 4096 + rnd() % 4096] = (u8)rnd();
	count(COUNT_stores, pages);
}

/* The client still has the share: only its end ends that. */
void own_unmap(void)
{
	u8 **p = &maps[rnd() % MAPS];

	if (*p)
		munmap(*p, MAPPED);
	*p = NULL;
}

void own_sync(struct chan *c)
{
	long ret;

	if (done(sd_share_sync(&c->qp, &ret, board->share[rnd() % KEYS])) && !ret)
		count(COUNT_syncs, 1);
}

void own_exec(struct chan *c)
{
	const u64 arg[6] = {rnd() % 2};
	long ret;

	if (done(sd_own_call(&c->qp, &ret, SD_OP_EXEC, arg)))
		count(COUNT_execs, 1);
}

/* The last call: what others of the client's are in flight isn't answered any more. */
void own_exit(struct chan *c)
{
	const struct itimerval never = {0};
	const u64 arg[6] = {0};
	long ret;

	setitimer(ITIMER_REAL, &never, NULL);
	sd_own_call(&c->qp, &ret, SD_OP_EXIT, arg);
	count(COUNT_exits, 1);
}

/* The forked process goes on with the child's channel, its parent without. */
static void part(struct chan *child)
{
	pid_t pid;

	if (forks++ >= FORKS)
		return;
	pid = fork();
	if (pid > 0)
		chan_detach(child), child->on = false;
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rnd_seed(rnd() ^ child->o.id);
	forks = FORKS - 1;
	for (u32 i = 0; i < CHANS; i++)
		if (&chans[i] != child && chans[i].on)
			chan_detach(&chans[i]);
	while (nheld)
		close(held[--nheld]);
	cur = child;
	count(COUNT_forks, 1);
}

void own_child(struct chan *c)
{
	struct chan *to = NULL;
	int err;

	for (u32 i = 0; i < CHANS; i++)
		if (!chans[i].on)
			to = &chans[i];
	if (!to)
		return;
	memset(to, 0, sizeof(*to));
	err = outsider_child(&to->o, &c->o);
	if (err == -ETIMEDOUT)
		life_over(LIFE_SILENT);
	if (err)
		return count(COUNT_refused_attach, 1);
	chan_begin(to);
	memcpy(to->fd, c->fd, sizeof(to->fd));
	to->nfd = c->nfd;
	count(COUNT_children, 1);
	if (one_in(2))
		part(to);
}

/* No lifeline has power over the domain, whoever's it is. */
static void ask_for_power(struct chan *c)
{
	static const u16 types[] = {SD_CTL_KILL, SD_CTL_DOWN, SD_CTL_UP};
	struct sd_ctl_msg m = {.type = types[rnd() % 3]};
	int fd[3], n = outsider_ask(c->o.sock, &m, fd);

	if (n == -ETIMEDOUT)
		life_over(LIFE_SILENT);
	if (n != -EPERM && n != -EREMOTEIO)
		life_over(LIFE_LIE);
}

/* Questions that change nothing, and some that must be refused; each on a connection of its own or
 * the lifeline. */
void own_ask(struct chan *c)
{
	static const u16 types[] = {SD_CTL_HELLO, SD_CTL_STATUS, SD_CTL_ATTACH, SD_CTL_TICKET,
				    SD_CTL_SHARE};
	struct sd_ctl_msg m = {.type = types[rnd() % 5]};
	int fd[3], sock = one_in(2) ? c->o.sock : outsider_connect(storm_socket), n;

	if (sock < 0)
		return;
	if (sock == c->o.sock && one_in(4))
		return ask_for_power(c);
	if (m.type == SD_CTL_ATTACH)
		m.u.attach.parent = c->o.id + rnd() % 3 -
				    1; /* not over its lifeline, or it is attached already */
	if (m.type == SD_CTL_TICKET || m.type == SD_CTL_SHARE)
		m.u.ticket.key[0] = rnd(), m.u.ticket.key[1] = rnd();
	n = outsider_ask(sock, &m, fd);
	if (n == -ETIMEDOUT)
		life_over(LIFE_SILENT);
	while (n > 0)
		close(fd[--n]);
	if (sock != c->o.sock)
		close(sock);
	count(COUNT_asked, 1);
}
