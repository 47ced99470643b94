// SPDX-License-Identifier: MIT
/* poll.c: which queue pairs the domain polls, in what order, and when it stops polling a quiet
 * one. */
#include <sd/serve_path.h>

#define DOORBELL_EVERY	16u  /* passes, or turns of a busy queue pair */
#define REGIONS_ASKED	64u  /* regions whose doorbells are looked at then ... */
#define DOORBELLS_ASKED 128u /* ... until this many rang */
/* Doorbells in a row with nothing published: after that many the region's are ignored for a
 * while. */
#define VAIN_MAX 16u
/* For how long (TSC, as all times here): about 1 ms, twice as long each time, up to 0.2 s. */
#define DEAF_MIN    (1ull << 21)
#define DEAF_MAX    (1ull << 29)
#define FENCE_EVERY 1024u	 /* passes */
#define FEW_QPS	    8u		 /* up to this number they are always polled */
#define CROWD	    256u	 /* with more queue pairs than this each gets less time */
#define AWAY	    (1ull << 23) /* without a call: then a queue pair's CPU no longer counts */
#define IDLE_MAX    (1ull << 24) /* without a call before a queue pair must ring, 5 to 10 ms */
#define LAST_LOOKS  (1ull << 17) /* how long it is still looked at after polled became 0 */

void sd_poll_init(struct sd_poller *p, const struct sd_table *table, struct sd_wake_page *wake_page)
{
	*p = (struct sd_poller){.table = table, .wake_page = wake_page};
}

static void qp_stay(struct sd_sqp *l)
{
	l->leaving = false;
	sd_store_relaxed(&l->mem->domain.polled, 1);
}

/* Links a queue pair into its region's polled ones, and the region into those that have any:
 * they take turns. */
static void mates_on(struct sd_poller *p, struct sd_sqp *l)
{
	struct sd_sregion *r = l->reg, *other = p->at ? p->at->reg : NULL;

	if (r->polled++) {
		l->mate = r->turn;
		l->mate_prev = r->turn->mate_prev;
		l->mate_prev->mate = l->mate->mate_prev = l;
	} else {
		l->mate = l->mate_prev = r->turn = l;
		r->on_next = other ? other : r;
		r->on_prev = other ? other->on_prev : r;
		r->on_prev->on_next = r->on_next->on_prev = r;
		p->on++;
	}
	p->qps++;
	p->many = p->on > 1 && p->qps > p->on;
}

static void mates_out(struct sd_poller *p, struct sd_sqp *l)
{
	struct sd_sregion *r = l->reg;

	if (r->turn == l)
		r->turn = l->mate;
	l->mate_prev->mate = l->mate;
	l->mate->mate_prev = l->mate_prev;
	if (!--r->polled) {
		r->on_prev->on_next = r->on_next;
		r->on_next->on_prev = r->on_prev;
		p->on--;
	}
	p->qps--;
	p->many = p->on > 1 && p->qps > p->on;
}

static void qp_on(struct sd_poller *p, struct sd_sqp *l)
{
	if (l->polled) {
		if (l->leaving)
			qp_stay(l);
		return;
	}
	l->polled = true;
	l->idle = 0;
	sd_store_relaxed(&l->mem->domain.polled, 1);
	mates_on(p, l);
	if (p->at) {
		l->next = p->at;
		l->prev = p->at->prev;
		l->prev->next = l->next->prev = l;
	} else {
		l->next = l->prev = l;
		p->at = l;
	}
}

static void qp_out(struct sd_poller *p, struct sd_sqp *l)
{
	if (p->at == l) {
		p->at = l->next == l ? NULL : l->next;
		p->run = 0;
	}
	l->prev->next = l->next;
	l->next->prev = l->prev;
	l->polled = l->leaving = false;
	mates_out(p, l);
}

void sd_poll_owed(struct sd_sqp *l, bool fenced)
{
	u32 *word = sd_srv_wake(l, fenced);

	if (word)
		l->reg->ops->wake(word);
}

/*
 * Stop looking at a queue pair: polled becomes 0, and the queue pair is looked at for a while
 * longer, since a client that publishes without a fence (a transport's hint()) may have read polled
 * == 1 shortly before its entry is visible. A client that fences and read 1 has published before
 * our fence.
 */
static void qp_rest(struct sd_poller *p, struct sd_sqp *l)
{
	if (!l->leaving) {
		l->leaving = true;
		l->since = sd_tsc();
		sd_store_relaxed(&l->mem->domain.polled, 0);
		return;
	}
	sd_full_fence();
	sd_poll_owed(l, true);
	if (sd_srv_news(l)) {
		qp_stay(l);
		l->idle = 0;
	} else {
		qp_out(p, l);
	}
}

/* How long a queue pair may be quiet before it is dropped. */
static u64 poll_patience(const struct sd_poller *p, const struct sd_sqp *l)
{
	if (l->leaving)
		return LAST_LOOKS;
	return p->qps <= CROWD ? IDLE_MAX : IDLE_MAX / p->qps * CROWD;
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
	p->nregions++;
}

void sd_poll_remove(struct sd_poller *p, struct sd_sregion *r)
{
	u32 i;

	if (!r->next)
		return; /* it is already */
	for (i = 0; i < SD_QPS; i++)
		if (r->qp[i].polled)
			qp_out(p, &r->qp[i]);
	if (p->regions == r)
		p->regions = r->next == r ? NULL : r->next;
	r->prev->next = r->next;
	r->next->prev = r->prev;
	r->next = r->prev = NULL;
	p->nregions--;
}

/*
 * Handles a queue pair's doorbell: to be polled, to interrupt a call, or both. False: neither. A
 * client publishes before it rings, so a queue pair with nothing new needn't be polled; the seq in
 * its slot is remembered, as by any look.
 */
static bool answer_doorbell(struct sd_poller *p, struct sd_sqp *l)
{
	bool any = sd_srv_news(l);
	u32 n;

	if (any)
		qp_on(p, l);
	else
		sd_srv_odd(l, sd_load_relaxed(&l->mem->sq[l->slot].seq));
	if (sd_srv_cancel(l, &n)) {
		l->reg->ops->interrupt(l, n);
		sd_srv_cancelled(l, n);
		any = true;
	}
	return any || l->early;
}

/* It rang for nothing once more. A single time is no offence, since its queue pair may have
 * become polled in between. */
static void rang_in_vain(struct sd_poller *p, struct sd_sregion *r)
{
	if (++r->vain < VAIN_MAX)
		return;
	r->vain = 0;
	r->deafness = r->deafness ? r->deafness * 2 : DEAF_MIN;
	if (r->deafness > DEAF_MAX)
		r->deafness = DEAF_MAX;
	r->deaf = p->now + r->deafness;
}

static bool poll_rings(const struct sd_sregion *r)
{
	u32 w, bits = 0;

	for (w = 0; w < SD_QPS / 32; w++)
		bits |= sd_load_relaxed(&r->head->doorbell[w]);
	return bits;
}

/* Doorbells of a region, until too many rang for nothing. Returns how many rang; *any: there is
 * work, now or later. */
static u32 region_doorbells(struct sd_poller *p, struct sd_sregion *r, bool *any)
{
	u32 w, bits, n = 0;

	for (w = 0; w < SD_QPS / 32 && p->now >= r->deaf; w++)
		for (bits = sd_srv_doorbell(r, w); bits; bits &= bits - 1, n++) {
			struct sd_sqp *l = &r->qp[w * 32 + (u32)__builtin_ctz(bits)];

			if (!answer_doorbell(p, l)) {
				/* A client that waits for a call in service rings, too, until it
				 * reads that its queue pair is polled. */
				if (!l->busy && !l->polled)
					rang_in_vain(p, r);
				continue;
			}
			r->vain = 0;
			r->deafness = 0;
			*any = true;
		}
	if (sd_unlikely(p->now < r->deaf) && poll_rings(r))
		*any = true;
	return n;
}

/* Doorbells of the next `regions` regions, until `most` of them rang. Returns *any of
 * region_doorbells(). */
static bool poll_doorbells(struct sd_poller *p, u32 regions, u32 most)
{
	u32 i, n = 0;
	bool any = false;

	p->now = sd_tsc();
	for (i = 0; i < regions && i < p->nregions && n < most; i++) {
		n += region_doorbells(p, p->regions, &any);
		p->regions = p->regions->next;
	}
	return any;
}

/* An invalid entry is left to the poller. */
static void refuse_all(struct sd_poller *p, struct sd_sqp *l)
{
	struct sd_req q = {.qp = l};
	u32 n;

	for (n = 0; n < SD_RING && sd_srv_ready(l) && sd_srv_take(l, p->table, &q) > 0; n++)
		sd_poll_reply(&q, -EINTR, SD_R_REFUSED);
}

/* Skips queue pairs that were never looked at and whose client never rang: their pages may not
 * be allocated. */
void sd_poll_refuse(struct sd_poller *p, struct sd_sregion *r, const struct sd_sqp *but)
{
	u32 i, bits = 0;

	for (i = 0; i < SD_QPS; i++) {
		struct sd_sqp *l = &r->qp[i];

		if (i % 32 == 0)
			bits = sd_srv_doorbell(r, i / 32);
		if (l == but && bits >> i % 32 & 1)
			sd_or(&r->head->doorbell[i / 32], 1u << i % 32);
		else if (l != but && (l->polled || l->head || bits >> i % 32 & 1))
			refuse_all(p, l);
	}
}

static void next_qp(struct sd_poller *p)
{
	struct sd_sqp *l = p->at;

	if (sd_unlikely(p->many)) {
		l->reg->turn = l->mate;
		p->at = l->reg->on_next->turn;
	} else {
		p->at = l->next;
	}
	p->run = 0;
	sd_prefetch(&p->at->mem->sq[p->at->slot]);
}

/* Its turn is over if it has no call: the other regions come first, then the other queue pairs of
 * its own. */
bool sd_poll_glance_fair(struct sd_poller *p, const struct sd_sqp *but)
{
	struct sd_sqp *l = p->at;
	struct sd_sregion *r = l->reg;
	u32 regions, qps;

	if (l != but && sd_srv_ready(l))
		return true;
	r->turn = l->mate;
	for (regions = p->on; regions; regions--) {
		r = r->on_next;
		l = r->turn;
		for (qps = r->polled; qps; qps--, l = l->mate) {
			if (l == but || !sd_srv_ready(l))
				continue;
			p->at = l;
			p->run = 0;
			return true;
		}
	}
	return false;
}

void sd_poll_turn(struct sd_poller *p)
{
	next_qp(p);
	sd_poll_passed(p);
}

/* Nothing new on queue pair l. */
void sd_poll_quiet(struct sd_poller *p, struct sd_sqp *l)
{
	if (sd_unlikely(l->owes))
		sd_poll_owed(l, false);
	next_qp(p);
	if (!l->idle++) { /* it had a call */
		l->since = p->now;
		if (sd_unlikely(l->leaving))
			qp_stay(l);
	} else if (sd_unlikely(p->qps > FEW_QPS) &&
		   (s64)(p->now - l->since) > (s64)poll_patience(p, l)) {
		qp_rest(p, l);
	}
}

/* Wakes the clients of polled queue pairs that must be woken, after a full fence: see
 * sd_srv_wake(). */
static void fenced_owed(struct sd_poller *p)
{
	struct sd_sqp *l = p->at;

	if (!l)
		return;
	sd_full_fence();
	do {
		sd_poll_owed(l, true);
		l = l->next;
	} while (l != p->at);
}

/* Finds the host CPUs on which more than one client runs: see struct sd_wake_page. */
static void poll_census(struct sd_poller *p)
{
	u64 once[SD_WAKE_PAGE_CPUS / 64] = {0}, twice[SD_WAKE_PAGE_CPUS / 64] = {0};
	struct sd_sqp *l = p->at;
	u32 i;

	if (!l || !p->wake_page)
		return;
	do {
		u32 cpu = sd_load_relaxed(&l->mem->client.cpu) - 1;

		if (cpu < SD_WAKE_PAGE_CPUS && (!l->idle || p->now - l->since < AWAY || l->busy)) {
			twice[cpu / 64] |= once[cpu / 64] & 1ull << cpu % 64;
			once[cpu / 64] |= 1ull << cpu % 64;
		}
		l = l->next;
	} while (l != p->at);
	for (i = 0; i < SD_WAKE_PAGE_CPUS / 64; i++)
		if (p->wake_page->shared[i] != twice[i])
			sd_store_relaxed(&p->wake_page->shared[i], twice[i]);
}

/* Does what isn't done in every pass. Queue pairs that always have calls must not delay it
 * without end. */
void sd_poll_passed(struct sd_poller *p)
{
	p->passes++;
	if (sd_unlikely(!(p->passes % DOORBELL_EVERY)))
		poll_doorbells(p, REGIONS_ASKED, DOORBELLS_ASKED);
	else if (sd_unlikely(p->qps > CROWD))
		p->now = sd_tsc();
	if (sd_unlikely(!(p->passes % FENCE_EVERY))) {
		fenced_owed(p);
		poll_census(p);
	}
}

bool sd_poll_settle(struct sd_poller *p)
{
	struct sd_sqp *l;
	bool any = poll_doorbells(p, ~0u, ~0u);

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
