// SPDX-License-Identifier: MIT
/*
 * shm_client.c: how a client waits on memfd rings. Freestanding.
 *
 * Spin about 3 us, then sched_yield up to a budget, then sleep on client.sleep, looking every 250
 * ms whether the domain lives. Where the domain last ran on this very CPU, or another client shares
 * it, a spin would only keep them from their work, maybe from what we wait for: yield at once.
 *
 * Waking the domain. It sleeps by: bell.sleeping = 1; full fence; a last look at the rings;
 * FUTEX_WAIT(sleeping == 1). We published before any of this. While we spin we re-read
 * bell.sleeping, so a plain load that was too early is made good later. Before we stop re-reading
 * (to sleep, or in kick()) we do a full fence; then either we see sleeping == 1, or the domain's
 * last look sees our entry. Seen 1: FUTEX_WAKE. It returns 1: the domain was in its sleep and is
 * out of it. It returns 0: the domain is between its announcement and its sleep, or awake and about
 * to clear the word: look again soon, until the word is 0 or a wake hits. Awake may be long before
 * running, where others want its CPU: clients that yield in a loop, or wake often, then keep it
 * from it (measured on 6.18: 128 threads that looked again every 3 ms at the latest, beside a busy
 * loop, kept a runnable domain waiting for 11 s). So they look ever more seldom.
 *
 * The same for domain.polled and the doorbell: the domain stops polling by polled = 0; full fence;
 * a last look. Setting the bit twice does no harm.
 *
 * Being woken. We: sleep = v; full fence; last look at the answer; FUTEX_WAIT(sleep == v). The
 * domain, after the answer's store and (at the latest before its own sleep) a full fence, reads
 * sleep: v => compare-and-swap to 0, FUTEX_WAKE. If that happens before our FUTEX_WAIT, it finds 0
 * and returns. A signal handler's sd_lane_interrupt() likewise.
 */
#include <sd/lane.h>
#include <sd/sys.h>

#define FIRST_LOOK	6u	/* pauses before it: a short call's answer can't be there sooner */
#define LOOK_GAP	3u	/* pauses before each further one */
#define SLOW		2u	/* so often in a row not answered soon: a habit of that op */
#define TRY_AGAIN	16u	/* waits before it is given another chance */
#define AFTER_YIELD	16u	/* looks */
#define TIGHT_LOOKS	24u	/* longer than a far round trip */
#define SPIN_CYCLES	8000u	/* about 3 us */
#define YIELD_CYCLES	150000u /* about 50 us */
#define HOG_CYCLES	120000u /* a yield that took so long gave the CPU to somebody who doesn't */
#define HOG_WAITS	32u	/* give it back: for some waits sleep instead, a wake-up preempts */
#define RECHECK_NS	250000000ull
#define REST_NS		10000000ull
#define LOOKS_PER_NUDGE 16u
#define UNTOLD_YIELDS	4u     /* while the domain can't be told */
#define UNTOLD_NS	50000u /* then sleeps, from this ... */
#define UNTOLD_SHIFT	10u    /* ... to 1024 times as long */

struct waiter {
	struct sd_lane *l;
	const u32 *word;
	u32 pending;
	u32 want;
	bool told;  /* the domain is sure to look at our entry */
	u32 untold; /* times it couldn't be told so */
};

static bool answered(const struct waiter *w)
{
	return sd_load_acquire(w->word) != w->pending;
}

static void ring_doorbell(struct sd_lane *l)
{
	u32 *word = &l->head->doorbell[l->index / 32];
	u32 bit = 1u << l->index % 32;

	if (!(sd_load_relaxed(word) & bit))
		sd_or(word, bit);
}

/* 1: the domain is awake or was woken just now; 0: look again soon. */
static int nudge(struct sd_lane *l)
{
	if (!sd_load_relaxed(&l->mem->domain.polled))
		ring_doorbell(l);
	if (sd_likely(!sd_load_acquire(&l->bell->sleeping)))
		return 1;
	return sd_sys_futex_wake(&l->bell->sleeping) > 0;
}

/* Anything that ends a wait but the answer. */
static enum sd_status trouble(struct sd_lane *l)
{
	u32 ended = sd_load_relaxed(&l->head->ended);

	if (sd_unlikely(ended))
		return ended == SD_ENDED_PROTO ? SD_PROTO : SD_DEAD;
	if (sd_unlikely(!sd_load_relaxed(&l->bell->alive)))
		return SD_DEAD;
	if (sd_unlikely(l->intr)) {
		l->intr = 0;
		return SD_INTR;
	}
	return SD_OK;
}

static void say_cpu(struct sd_lane *l, u32 cpu)
{
	l->cpu = cpu;
	if (sd_load_relaxed(&l->mem->client.cpu) != cpu + 1)
		sd_store_relaxed(&l->mem->client.cpu, cpu + 1);
}

static bool shared_cpu(const struct sd_lane *l, u32 cpu)
{
	if (sd_load_relaxed(&l->bell->cpu) == cpu)
		return true;
	return cpu < SD_BELL_CPUS && sd_load_relaxed(&l->bell->shared[cpu / 64]) >> cpu % 64 & 1;
}

/*
 * Nothing but looking: what goes on beside it costs more than the answer takes. Not at once, and
 * not without a gap: a look at a line that the domain has read, or written, takes it away from
 * there, and if that was before the answer its store has to fetch it back first. (Measured beside a
 * bounce of 130: a null ring operation with a look at once 235 ns, so 165; fcntl(F_GETFL) 300 and
 * 225.)
 */
static bool tight(const struct waiter *w, u32 looks)
{
	const u32 *word = w->word, pending = w->pending;
	u32 i, gap;

	for (i = 0; i < looks; i++) {
		for (gap = i ? LOOK_GAP : FIRST_LOOK; gap; gap--)
			sd_pause();
		if (sd_load_acquire(word) != pending)
			return true;
	}
	return false;
}

/*
 * Is it worth while to look for the answer from this CPU? Not if the domain was last seen on it,
 * and not if another client wants it and calls of this op used to wait for somebody: it may be the
 * one. Tried again now and then.
 */
static bool hopeful(struct sd_lane *l)
{
	u8 *slow = &l->slow[l->op % SD_HABITS];

	if (sd_load_relaxed(&l->bell->cpu) == l->cpu)
		return false;
	if (sd_likely(*slow < SLOW))
		return true;
	if (!shared_cpu(l, l->cpu))
		return true;
	if (++*slow < SLOW + TRY_AGAIN)
		return false;
	*slow = SLOW - 1;
	return true;
}

static bool soon(const struct waiter *w)
{
	u8 *slow = &w->l->slow[w->l->op % SD_HABITS];

	if (sd_likely(tight(w, TIGHT_LOOKS))) {
		*slow = 0;
		return true;
	}
	if (*slow < SLOW)
		++*slow;
	return false;
}

static bool spin(const struct waiter *w, u64 start)
{
	struct sd_lane *l = w->l;
	u32 i, cpu;

	for (i = 1;; i++) {
		if (answered(w))
			return true;
		sd_pause();
		if (i % LOOKS_PER_NUDGE)
			continue;
		nudge(l);
		if (sd_tsc_cpu(&cpu) - start > SPIN_CYCLES || l->intr)
			return false;
		if (shared_cpu(l, cpu))
			return false;
	}
}

static enum sd_status yield(const struct waiter *w, u64 start)
{
	struct sd_lane *l = w->l;
	enum sd_status st;
	u64 before, now = start;
	u32 cpu;

	if (sd_unlikely(l->hogged)) {
		l->hogged--;
		return SD_OK;
	}
	do {
		nudge(l);
		before = now;
		sd_sys_yield();
		/* Whoever was let run has called by now: what it called for may be about to be our
		 * answer. */
		if (answered(w) ||
		    (sd_load_relaxed(&l->bell->cpu) != l->cpu && tight(w, AFTER_YIELD)))
			return SD_OK;
		st = trouble(l);
		if (st != SD_OK)
			return st;
		now = sd_tsc_cpu(&cpu);
		if (now - before > HOG_CYCLES)
			l->hogged = HOG_WAITS;
	} while (now - start < YIELD_CYCLES);
	say_cpu(l, cpu);
	return SD_OK;
}

/* Between two attempts to tell the domain. Who answers meanwhile wakes us. */
static void let_it_run(struct sd_lane *l, u32 sleep, u32 *untold)
{
	u32 n = (*untold)++;

	if (n < UNTOLD_YIELDS)
		sd_sys_yield();
	else
		sd_sys_futex_wait(&l->mem->client.sleep, sleep,
				  (u64)UNTOLD_NS
					  << (n - UNTOLD_YIELDS < UNTOLD_SHIFT ? n - UNTOLD_YIELDS
									       : UNTOLD_SHIFT));
}

/* One sleep. The caller looks at what it was good for. */
static void doze(struct waiter *w)
{
	struct sd_lane *l = w->l;
	struct sd_client_ctl *c = &l->mem->client;

	l->sleeps += 1 + (l->sleeps == ~0u); /* never 0 */
	sd_store_relaxed(&c->want, w->want);
	sd_store_relaxed(&c->sleep, l->sleeps);
	sd_full_fence();
	if (!answered(w) && !l->intr) {
		/* Told once is enough: at every recheck it would wake a domain that sleeps rightly.
		 */
		w->told = w->told || nudge(l);
		if (w->told)
			sd_sys_futex_wait(&c->sleep, l->sleeps, RECHECK_NS);
		else
			let_it_run(l, l->sleeps, &w->untold);
	}
	sd_store_relaxed(&c->sleep, 0);
}

static u32 shm_wait(struct sd_lane *l, const u32 *word, u32 pending, u32 want)
{
	struct waiter w = {l, word, pending, want, false, 0};
	enum sd_status st;
	u32 cpu;
	u64 start;

	if (sd_likely(hopeful(l)) && soon(&w))
		return SD_OK;
	start = sd_tsc_cpu(&cpu);
	say_cpu(l, cpu);
	nudge(l);
	if (!shared_cpu(l, cpu) && spin(&w, start))
		return SD_OK;
	st = yield(&w, start);
	while (st == SD_OK && !answered(&w)) {
		doze(&w);
		if (answered(&w))
			break;
		st = trouble(l);
		if (st == SD_OK && l->gone && l->gone(l))
			st = SD_DEAD;
	}
	/* An answer that is there counts more than what else happened. */
	if (st == SD_INTR && answered(&w)) {
		l->intr = 1;
		return SD_OK;
	}
	return answered(&w) ? SD_OK : st;
}

static void shm_kick(struct sd_lane *l)
{
	u32 untold = 0;

	sd_full_fence();
	while (!nudge(l) && sd_load_relaxed(&l->bell->alive))
		let_it_run(l, sd_load_relaxed(&l->mem->client.sleep), &untold);
}

/*
 * No fence: see runtime/arch/kernel/idle.c, and LAST_LOOKS in core/poll.c. Nobody looks again, and
 * a doorbell with nothing behind it is forgotten: the bit is set, whether it was or not, with what
 * was published before it.
 */
static void shm_hint(struct sd_lane *l)
{
	if (sd_unlikely(!sd_load_relaxed(&l->mem->domain.polled)))
		sd_or(&l->head->doorbell[l->index / 32], 1u << l->index % 32);
	nudge(l);
}

static void shm_rest(struct sd_lane *l)
{
	sd_sys_futex_wait(&l->sleeps, l->sleeps, REST_NS);
}

const struct sd_transport sd_transport_shm = {
	.name = "shm",
	.kick = shm_kick,
	.hint = shm_hint,
	.wait = shm_wait,
	.rest = shm_rest,
};
