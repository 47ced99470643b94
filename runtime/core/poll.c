// SPDX-License-Identifier: MIT
/* poll.c: which lanes the domain looks at, in what order, and when a quiet one is dropped from the
 * round. */
#include <sd/serve_path.h>

#define DOORBELL_EVERY 16u   /* passes, or turns of a busy lane */
#define FENCE_EVERY    1024u /* passes */
#define FEW_LANES      8u    /* so few are always polled */
#define AWAY	       4096u /* passes without a call after which a lane's CPU no longer counts */
#define IDLE_MAX       8192u /* passes without a call before a lane must ring */
#define LAST_LOOKS     256u  /* passes it is still looked at after it was told so */

void sd_poll_init(struct sd_poller *p, const struct sd_table *table, struct sd_bell *bell)
{
	*p = (struct sd_poller){.table = table, .bell = bell};
}

static void lane_stay(struct sd_slane *l)
{
	l->leaving = false;
	sd_store_relaxed(&l->mem->domain.polled, 1);
}

static void lane_on(struct sd_poller *p, struct sd_slane *l)
{
	if (l->polled) {
		if (l->leaving)
			lane_stay(l);
		return;
	}
	l->polled = true;
	l->idle = 0;
	sd_store_relaxed(&l->mem->domain.polled, 1);
	if (p->at) {
		l->next = p->at;
		l->prev = p->at->prev;
		l->prev->next = l->next->prev = l;
	} else {
		l->next = l->prev = l;
		p->at = l;
	}
	p->lanes++;
}

static void lane_out(struct sd_poller *p, struct sd_slane *l)
{
	if (p->at == l) {
		p->at = l->next == l ? NULL : l->next;
		p->run = 0;
	}
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->polled = l->leaving = false;
	p->lanes--;
}

void sd_poll_owed(struct sd_slane *l, bool fenced)
{
	u32 *word = sd_srv_wake(l, fenced);

	if (word)
		sd_wake_client(word);
}

/*
 * Stop looking at a lane: it is told so, and looked at for a while longer, since who publishes without a fence (a transport's
 * hint()) may have read polled == 1 shortly before its entry is visible. A client that fences and read 1 has published before our
 * fence.
 */
static void lane_rest(struct sd_poller *p, struct sd_slane *l)
{
	if (!l->leaving) {
		l->leaving = true;
		l->idle = IDLE_MAX - LAST_LOOKS;
		sd_store_relaxed(&l->mem->domain.polled, 0);
		return;
	}
	sd_full_fence();
	sd_poll_owed(l, true);
	if (sd_srv_news(l)) {
		lane_stay(l);
		l->idle = 0;
	} else {
		lane_out(p, l);
	}
}

void sd_poll_add(struct sd_poller *p, struct sd_sregion *r)
{
	if (p->regions) {
		r->next = p->regions;
		r->prev = p->regions->prev;
		r->prev->next = r->next->prev = r;
	} else {
		r->next = r->prev = r;
		p->regions = r;
	}
}

void sd_poll_remove(struct sd_poller *p, struct sd_sregion *r)
{
	u32 i;

	if (!r->next)
		return; /* it is already */
	for (i = 0; i < SD_LANES; i++)
		if (r->lane[i].polled)
			lane_out(p, &r->lane[i]);
	if (p->regions == r)
		p->regions = r->next == r ? NULL : r->next;
	r->prev->next = r->next;
	r->next->prev = r->prev;
	r->next = r->prev = NULL;
}

/* A lane's doorbell: it wants to be polled, or a call interrupted, or both. */
static void answer_bell(struct sd_poller *p, struct sd_slane *l)
{
	u32 n;

	lane_on(p, l);
	if (sd_srv_cancel(l, &n)) {
		sd_interrupt_call(l, n);
		sd_srv_cancelled(l, n);
	}
}

static bool doorbells(struct sd_poller *p)
{
	struct sd_sregion *r = p->regions;
	bool any = false;
	u32 w, bits;

	if (!r)
		return false;
	do {
		for (w = 0; w < SD_LANES / 32; w++)
			for (bits = sd_srv_doorbell(r, w); bits; bits &= bits - 1) {
				answer_bell(p, &r->lane[w * 32 + (u32)__builtin_ctz(bits)]);
				any = true;
			}
		r = r->next;
	} while (r != p->regions);
	return any;
}

/* Nonsense is left for the poller to find. */
static void refuse_all(struct sd_poller *p, struct sd_slane *l)
{
	struct sd_req q = {.lane = l};
	u32 n;

	for (n = 0; n < SD_RING && sd_srv_ready(l) && sd_srv_take(l, p->table, &q) > 0; n++)
		sd_poll_reply(&q, -EINTR, SD_R_REFUSED);
}

/* A lane that was never looked at, and whose client never rang for it, isn't looked at: its page may not be there. */
void sd_poll_refuse(struct sd_poller *p, struct sd_sregion *r, const struct sd_slane *but)
{
	u32 i, bits = 0;

	for (i = 0; i < SD_LANES; i++) {
		struct sd_slane *l = &r->lane[i];

		if (i % 32 == 0)
			bits = sd_srv_doorbell(r, i / 32);
		if (l == but && bits >> i % 32 & 1)
			sd_or(&r->head->doorbell[i / 32], 1u << i % 32);
		else if (l != but && (l->polled || l->head || bits >> i % 32 & 1))
			refuse_all(p, l);
	}
}

static void next_lane(struct sd_poller *p)
{
	p->at = p->at->next;
	p->run = 0;
	sd_prefetch(&p->at->mem->sq[p->at->slot]);
}

void sd_poll_turn(struct sd_poller *p)
{
	next_lane(p);
	sd_poll_passed(p);
}

/* Nothing new on lane l. */
void sd_poll_quiet(struct sd_poller *p, struct sd_slane *l)
{
	if (sd_unlikely(l->owes))
		sd_poll_owed(l, false);
	next_lane(p);
	if (sd_unlikely(++l->idle > IDLE_MAX && p->lanes > FEW_LANES))
		lane_rest(p, l);
	else if (sd_unlikely(l->leaving && l->idle <= IDLE_MAX - LAST_LOOKS))
		lane_stay(l); /* it had a call */
}

/* Settle, for lanes that are polled all the time, who is owed a wake: see sd_srv_wake(). */
static void fenced_owed(struct sd_poller *p)
{
	struct sd_slane *l = p->at;

	if (!l)
		return;
	sd_full_fence();
	do {
		sd_poll_owed(l, true);
		l = l->next;
	} while (l != p->at);
}

/* On which host CPUs is more than one client at work? See struct sd_bell. */
static void census(struct sd_poller *p)
{
	u64 once[SD_BELL_CPUS / 64] = {0}, twice[SD_BELL_CPUS / 64] = {0};
	struct sd_slane *l = p->at;
	u32 i;

	if (!l || !p->bell)
		return;
	do {
		u32 cpu = sd_load_relaxed(&l->mem->client.cpu) - 1;

		if (cpu < SD_BELL_CPUS && (l->idle < AWAY || l->busy)) {
			twice[cpu / 64] |= once[cpu / 64] & 1ull << cpu % 64;
			once[cpu / 64] |= 1ull << cpu % 64;
		}
		l = l->next;
	} while (l != p->at);
	for (i = 0; i < SD_BELL_CPUS / 64; i++)
		if (p->bell->shared[i] != twice[i])
			sd_store_relaxed(&p->bell->shared[i], twice[i]);
}

/* What is looked at less often. Lanes that always have something must not keep us from it. */
void sd_poll_passed(struct sd_poller *p)
{
	p->passes++;
	if (sd_unlikely(!(p->passes % DOORBELL_EVERY)))
		doorbells(p);
	if (sd_unlikely(!(p->passes % FENCE_EVERY))) {
		fenced_owed(p);
		census(p);
	}
}

bool sd_poll_settle(struct sd_poller *p)
{
	struct sd_slane *l;
	bool any = doorbells(p);

	l = p->at;
	if (!l)
		return any;
	do {
		any |= sd_srv_news(l);
		sd_poll_owed(l, true);
		l = l->next;
	} while (l != p->at);
	return any;
}
