/* SPDX-License-Identifier: MIT */
/*
 * mirrored.c: calls that change what every domain must know of the program: ids, groups, umask. The
 * host does it first; if it did, each domain the program is attached to is told the same call, and
 * judges it by what it knows itself. One that refuses isn't used any more: it would act for
 * somebody else than the host takes the program for.
 */
#include "names/names.h"

#define MAX_ERRNO 4095

static int listens(const struct sd_stub *s, const u64 arg[6])
{
	const struct sd_route_key *k = s->key;

	if (!k || !k->n)
		return 1;
	for (u32 i = 0; i < k->n; i++)
		if ((arg[k->arg] & k->mask) == k->value[i])
			return 1;
	return 0;
}

static const struct sd_stub *also_stub(u32 dom, u64 nr, const u64 arg[6])
{
	const struct sd_stub *s = sd_stub_for(dom, nr);

	return s && s->route == SD_ROUTE_ALSO && listens(s, arg) ? s : NULL;
}

/*
 * Once a program is somebody else it may no longer be let to the supervisors' sockets, nor would
 * they know who it can become again. So it attaches before. And sync means everybody's files.
 */
static int attaches(u64 nr)
{
	switch (nr) {
	case __NR_setuid:
	case __NR_setgid:
	case __NR_setreuid:
	case __NR_setregid:
	case __NR_setresuid:
	case __NR_setresgid:
	case __NR_setfsuid:
	case __NR_setfsgid:
	case __NR_setgroups:
	case __NR_capset:
	case __NR_sync:
		return 1;
	}
	return 0;
}

static void attach_first(struct sd_thread *t, u32 dom)
{
	long err = 0;

	if (sd_lane_of(t, dom, 1, &err))
		t->files->chan[dom]->keep = 1;
}

static void tell(struct sd_thread *t, u32 dom, u64 nr, const u64 arg[6])
{
	struct sd_chan *c = t->files->chan[dom];
	long ret;

	if (!c || c->state != SD_CHAN_LIVE)
		return; /* a later channel begins with what is true then */
	ret = sd_domain_do(t, dom, nr, arg);
	if (ret >= 0 || ret < -MAX_ERRNO || c->state != SD_CHAN_LIVE)
		return;
	/* Capabilities it never gave can't be changed; that is less than the host gives. */
	if (nr == __NR_capset || nr == __NR_prctl)
		return;
	c->state = SD_CHAN_PROTO;
	sd_say(sd_domain[dom].stubs->name,
	       "the domain refuses a change of ids that the host has made",
	       "the program gets EPROTO for its files there; see README.md, identity");
}

static enum sd_way call_also(struct sd_thread *t)
{
	u64 nr = t->regs.rax;
	u64 arg[6] = {t->regs.rdi, t->regs.rsi, t->regs.rdx, t->regs.r10, t->regs.r8, t->regs.r9};
	u32 wanted = 0;
	enum sd_way way;
	int caps;
	long ret;

	for (u32 d = 0; d < sd_ndomains; d++)
		if (also_stub(d, nr, arg))
			wanted |= 1u << d;
	way = sd_call_under(t);
	caps = sd_caps_change(nr, arg);
	if (way != SD_HOST || (!wanted && !caps))
		return way;
	for (u32 d = 0; d < sd_ndomains; d++)
		if (wanted >> d & 1 && attaches(nr))
			attach_first(t, d);
	ret = sys6(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	for (u32 d = 0; d < sd_ndomains && (ret >= 0 || ret < -MAX_ERRNO); d++)
		if (wanted >> d & 1)
			tell(t, d, nr, arg);
	if (caps && (ret >= 0 || ret < -MAX_ERRNO))
		sd_caps_changed(t, nr, arg);
	return sd_done(t, ret);
}

static void (*take_call)(u64 nr, sd_call_fn fn);
static u8 taken[SD_KINDS];

static void take_once(u64 nr)
{
	if (nr < SD_KINDS && !taken[nr]++)
		take_call(nr, call_also);
}

void sd_also_init(void (*take)(u64 nr, sd_call_fn fn))
{
	take_call = take;
	for (u32 d = 0; d < sd_ndomains; d++)
		for (u32 i = 0; i < sd_domain[d].stubs->n; i++) {
			const struct sd_stub *s = &sd_domain[d].stubs->stub[i];

			if (s->route == SD_ROUTE_ALSO)
				take_once(s->nr);
		}
	sd_caps_init(take_once);
}

/* ---- what a domain can't learn from the supervisor ---- */
/* "Umask:\t0022" in /proc/self/status; asking by umask() would set it for a moment. */
static s32 umask_now(void)
{
	static const char key[] = "\nUmask:\t";
	char buf[1024];
	long fd = sys(__NR_open, "/proc/self/status", O_RDONLY | O_CLOEXEC);
	long n = fd < 0 ? fd : sys(__NR_read, fd, buf, sizeof(buf) - 1);
	s32 mask = 0;

	if (fd >= 0)
		sys(__NR_close, fd);
	for (long i = 0; i + (long)sizeof(key) < n; i++) {
		if (memcmp(buf + i, key, sizeof(key) - 1))
			continue;
		for (i += sizeof(key) - 1; i < n && buf[i] >= '0' && buf[i] <= '7'; i++)
			mask = mask << 3 | (buf[i] - '0');
		return mask;
	}
	mask = sys(__NR_umask, 077);
	sys(__NR_umask, mask);
	return mask;
}

void sd_also_introduce(struct sd_lane *l, u32 dom)
{
	u64 arg[6] = {0};
	const struct sd_stub *s = also_stub(dom, __NR_umask, arg);
	enum sd_status st;
	long ret;

	sd_caps_introduce(l);
	if (!s)
		return;
	arg[0] = umask_now();
	do {
		l->intr = 0;
		st = s->stub(l, &ret, arg);
	} while (st == SD_INTR || st == SD_REFUSED);
}
