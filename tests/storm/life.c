// SPDX-License-Identifier: GPL-2.0
/* life.c: one life of a client. */
#include "storm.h"
#include "../stubs/world.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#define TICK_US 4000 /* a call that blocks is interrupted */
#define STEPS	600

struct chan chans[CHANS], *cur;
const char *storm_socket, *life_trees;
static u64 state = 1;
static jmp_buf worldless;
static bool making;

void rnd_seed(u64 seed)
{
	state = (seed * 0x9e3779b97f4a7c15ull) | 1;
	for (int i = 0; i < 8; i++)
		rnd();
}

u64 rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 11;
}

void life_over(int how)
{
	for (u32 i = 0; i < CHANS; i++)
		if (chans[i].on) {
			count(COUNT_left, qp_left(&chans[i]));
			if (how == LIFE_PROTO || how == LIFE_LIE)
				qp_tell(&chans[i]);
		}
	_exit(how);
}

/* The domain may end a client in good order: out of memory, it ends the greediest. */
void life_cut_off(const struct chan *c)
{
	if (__atomic_load_n(&c->o.head->ended, __ATOMIC_ACQUIRE) == SD_ENDED_PROTO)
		life_over(LIFE_PROTO);
	if (!__atomic_load_n(&c->o.wake_page->alive, __ATOMIC_ACQUIRE))
		life_over(LIFE_GONE);
	if (c->qp.status == SD_PROTO)
		life_over(LIFE_LIE);
	count(COUNT_put_out, 1);
	life_over(LIFE_ENDED);
}

/* What the makers of a world can't do without may be gone, or refused. */
void st_die(const char *fmt, ...)
{
	va_list ap;

	if (making)
		longjmp(worldless, 1);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(LIFE_BAD);
}

void keep_fd(struct chan *c, long fd)
{
	c->fd[c->nfd < FDS ? c->nfd++ : rnd() % FDS] = (u32)fd;
}

/* ---- the generated stubs ---- */

const struct sd_stub *st_stub(unsigned int nr)
{
	for (u32 i = 0; i < st_suite.stubs->n; i++)
		if (st_suite.stubs->stub[i].nr == nr)
			return &st_suite.stubs->stub[i];
	return NULL;
}

static long on_qp(const struct sd_stub *st, const u64 a[6])
{
	long ret = -EAGAIN;
	enum sd_status s = st->stub(&cur->qp, &ret, a);

	count(COUNT_calls, 1);
	if (s != SD_OK && s != SD_REFUSED && cur->qp.status != SD_OK)
		life_cut_off(cur);
	count(s == SD_REFUSED ? COUNT_refused : COUNT_answered, 1);
	return s == SD_OK ? ret : -EAGAIN;
}

struct side storm_side = {.name = "storm", .call = on_qp};

long side_call(struct side *s, unsigned int nr, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
	const u64 arg[6] = {a, b, c, d, e, f};
	const struct sd_stub *st = st_stub(nr);

	return st ? s->call(st, arg) : -ENOSYS;
}

static void tick(int sig)
{
	(void)sig;
	if (cur && cur->on)
		sd_qp_interrupt(&cur->qp);
}

static void ticking(void)
{
	struct itimerval every = {{0, TICK_US}, {0, TICK_US}};
	struct sigaction sa = {.sa_handler = tick};

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

/* ---- a channel ---- */

void chan_begin(struct chan *c)
{
	c->on = true;
	sd_qp_init(&c->qp, c->o.head, 0, c->o.wake_page, sd_transport_client(NULL));
	c->qp.may_early = true;
}

int chan_attach(struct chan *c)
{
	int err;

	memset(c, 0, sizeof(*c));
	err = outsider_attach(&c->o, storm_socket);
	if (!err)
		chan_begin(c);
	return err;
}

void chan_detach(struct chan *c)
{
	c->on = false; /* its queue pair has memory until then */
	outsider_detach(&c->o);
}

/* ---- the world ---- */

/* The trees are everybody's: what of them is still there. */
static void enter_tree(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%u", life_trees, (u32)(rnd() % 4));
	side_call(&storm_side, SYS_chdir, P(path), 0, 0, 0, 0, 0);
	for (u32 i = 0; i < tree_nopened; i++) {
		u64 flags = (u64)tree_opened[i].flags |
			    (one_in(2) && !(tree_opened[i].flags & (O_PATH | O_DIRECTORY)) ? O_CREAT
											   : 0);
		long fd = side_call(&storm_side, SYS_openat, (u64)AT_FDCWD, P(tree_opened[i].name),
				    flags, 0666, 0, 0);

		if (fd >= 0)
			settle(&storm_side, tree_opened[i].fixture, fd);
	}
}

static void make_world(void)
{
	u16 ports[FX_COUNT] = {0};

	making = true;
	if (setjmp(worldless)) {
		count(COUNT_worldless, 1);
	} else {
		if (world_has(FX_tcp_a))
			maker_tcp.make(&storm_side, ports);
		if (world_has(FX_udp_a))
			maker_udp.make(&storm_side, ports);
		if (world_has(FX_unix_a))
			maker_unix.make(&storm_side, ports);
		if (world_has(FX_epoll))
			maker_epoll.make(&storm_side, ports);
		if (world_has(FX_pipe_r))
			maker_pipe.make(&storm_side, ports);
		if (life_trees)
			enter_tree();
	}
	making = false;
}

/* ---- doing things ---- */

static void wait_for_one(void)
{
	u64 arg[6];
	u32 pair;
	const struct sd_stub *st = some_call(cur, arg, &pair);
	long ret;

	if (st->ret_fd && (ret = on_qp(st, arg)) >= 0)
		keep_fd(cur, ret);
	else if (!st->ret_fd)
		on_qp(st, arg);
}

static void leave_one(void)
{
	u32 on = 0;

	for (u32 i = 0; i < CHANS; i++)
		on += chans[i].on;
	if (on < 2)
		return;
	count(COUNT_left, qp_left(cur));
	count(COUNT_detached, 1);
	chan_detach(cur);
	for (u32 i = 0; i < CHANS; i++)
		if (chans[i].on)
			cur = &chans[i];
}

static void step(void)
{
	u32 what = rnd() % 100;

	if (what < 50)
		qp_post(cur);
	else if (what < 66)
		wait_for_one();
	else if (what < 72)
		qp_cancel(cur);
	else if (what < 75)
		own_ticket(cur);
	else if (what < 79)
		own_redeem(cur);
	else if (what < 83)
		own_share(cur);
	else if (what < 89)
		own_store();
	else if (what < 90)
		own_unmap();
	else if (what < 91)
		own_sync(cur);
	else if (what < 93)
		own_child(cur);
	else if (what < 94)
		own_exec(cur);
	else if (what < 96)
		own_ask(cur);
	else if (what < 97)
		leave_one();
	else if (what < 98 && life_trees)
		making = true, setjmp(worldless) ? (void)0 : enter_tree(), making = false;
	else
		outsider_ring(&cur->o, rnd() % SD_QPS);
}

/* As one of several users. */
static void become(void)
{
	static const u32 ids[] = {0, 65534, 1000, 1001};
	u32 id = ids[rnd() % 4];

	if (!getuid() && id && (setgroups(0, NULL) || setgid(id) || setuid(id)))
		_exit(LIFE_BAD);
}

static void __attribute__((noreturn)) end_somehow(void)
{
	u32 how = rnd() % 4;

	for (u32 i = 0; i < CHANS && how < 2; i++)
		if (chans[i].on)
			qp_drain(&chans[i]);
	if (how == 2)
		usleep(rnd() % 50000);
	for (u32 i = 0; i < CHANS && how == 3; i++)
		if (chans[i].on)
			qp_post(&chans[i]), own_exit(&chans[i]);
	life_over(LIFE_ENDED);
}

void life(u64 seed, const char *trees, u32 *begun)
{
	int err;

	rnd_seed(seed);
	life_trees = trees;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	become();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	cur = &chans[0];
	err = chan_attach(cur);
	if (err == -EREMOTEIO || err == -ECONNREFUSED || err == -ENOENT)
		_exit(LIFE_GONE);
	if (err == -ETIMEDOUT)
		_exit(LIFE_SILENT);
	if (err) {
		count(COUNT_refused_attach, 1);
		_exit(LIFE_ENDED);
	}
	buffers_init();
	make_world();
	__atomic_store_n(begun, 1, __ATOMIC_RELEASE);
	ticking();
	for (u32 i = 0, n = 1 + rnd() % STEPS; i < n; i++) {
		pid_t me = getpid();

		step();
		if (getpid() != me)
			ticking();
		if (one_in(8) || cur->posted[1].sync)
			qp_collect(cur);
		if (one_in(16))
			cur = chans[i % CHANS].on ? &chans[i % CHANS] : cur;
	}
	end_somehow();
}
