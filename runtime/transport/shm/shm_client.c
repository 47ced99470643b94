// SPDX-License-Identifier: MIT
/*
 * shm_client.c: how a client waits on memfd rings. Freestanding.
 *
 * Spin about 3 us, then sched_yield up to a budget, then sleep on client.sleep, checking every 250
 * ms whether the domain is alive. If the domain last ran on this CPU, or another client shares it,
 * a spin would only delay them, and maybe the answer: yield at once.
 *
 * Waking the domain, and being woken: ../wait.h; here by futexes, and our own word is
 * client.sleep. A domain that is awake may still wait long for a contended CPU, even longer if
 * clients yield in a loop or wake often (measured on 6.18: 128 threads that looked again at least
 * every 3 ms, beside a busy loop, kept a runnable domain waiting for 11 s). So they look less and
 * less often. A signal handler's sd_qp_interrupt() wakes us as the domain does.
 */
#include "sys.h"
#include "../wait.h"

#define SLOW	       2u      /* so often in a row not answered soon: a habit of that op */
#define TRY_AGAIN      16u     /* waits before it is given another chance */
#define AFTER_YIELD    16u     /* looks */
#define TIGHT_LOOKS    24u     /* longer than a far round trip */
#define SPIN_CYCLES    8000u   /* about 3 us */
#define YIELD_CYCLES   150000u /* about 50 us */
#define HOG_CYCLES     120000u /* a yield that took longer gave the CPU to a thread that doesn't */
#define HOG_WAITS      32u     /* give it back: sleep instead for some waits: a wake-up preempts */
#define RECHECK_NS     250000000ull
#define REST_NS	       10000000ull
#define WAKE_PAGE_SIZE 4096u
#define UNTOLD_YIELDS  4u     /* yields while the domain can't be woken */
#define UNTOLD_NS      50000u /* then sleeps, from this long ... */
#define UNTOLD_SHIFT   10u    /* ... to 1024 times as long */

static const struct sd_wait_ops shm_wait_ops;

static long shm_wake_word(const u32 *word)
{
	return sd_sys_futex_wake(word);
}

static enum sd_status shm_trouble(struct sd_waiter *w)
{
	struct sd_qp *l = w->l;
	enum sd_status st = sd_wait_channel(l->head, l->wake_page);

	if (sd_unlikely(st != SD_OK))
		return st;
	if (sd_unlikely(l->intr)) {
		l->intr = 0;
		return SD_INTR;
	}
	return w->slept && l->gone && l->gone(l) ? SD_DEAD : SD_OK;
}

static void shm_say_cpu(struct sd_qp *l, u32 cpu)
{
	l->cpu = cpu;
	if (sd_load_relaxed(&l->mem->client.cpu) != cpu + 1)
		sd_store_relaxed(&l->mem->client.cpu, cpu + 1);
}

static bool shm_shared_cpu(const struct sd_qp *l, u32 cpu)
{
	if (sd_load_relaxed(&l->wake_page->cpu) == cpu)
		return true;
	return cpu < SD_WAKE_PAGE_CPUS &&
	       sd_load_relaxed(&l->wake_page->shared[cpu / 64]) >> cpu % 64 & 1;
}

/*
 * Is it worthwhile to spin on this CPU? Not if the domain was last seen on it, and not if another
 * client shares it and this op usually waits: it may wait for that very client.
 */
static bool shm_hopeful(struct sd_qp *l)
{
	if (sd_load_relaxed(&l->wake_page->cpu) == l->cpu)
		return false;
	if (sd_habit_is_soon(l, SLOW) || !shm_shared_cpu(l, l->cpu))
		return true;
	return sd_habit_try_again(l, SLOW, TRY_AGAIN);
}

static bool shm_soon(const struct sd_waiter *w)
{
	bool soon = sd_wait_look(w, TIGHT_LOOKS);

	sd_habit_learn(w->l, SLOW, soon);
	return soon;
}

static bool shm_spun(const struct sd_waiter *w, u64 start)
{
	u32 cpu;

	return sd_tsc_cpu(&cpu) - start > SPIN_CYCLES || w->l->intr || shm_shared_cpu(w->l, cpu);
}

static enum sd_status shm_yield(struct sd_waiter *w, u64 start)
{
	struct sd_qp *l = w->l;
	enum sd_status st;
	u64 before, now = start;
	u32 cpu;

	if (sd_unlikely(l->hogged)) {
		l->hogged--;
		return SD_OK;
	}
	do {
		sd_wait_nudge(l, &shm_wait_ops);
		before = now;
		sd_sys_yield();
		/* The thread that ran during the yield may have made the call that leads to our
		 * answer. */
		if (sd_wait_answered(w) ||
		    (sd_load_relaxed(&l->wake_page->cpu) != l->cpu && sd_wait_look(w, AFTER_YIELD)))
			return SD_OK;
		st = shm_trouble(w);
		if (st != SD_OK)
			return st;
		now = sd_tsc_cpu(&cpu);
		if (now - before > HOG_CYCLES)
			l->hogged = HOG_WAITS;
	} while (now - start < YIELD_CYCLES);
	shm_say_cpu(l, cpu);
	return SD_OK;
}

/* The pause between two attempts to wake the domain. Its answer wakes us. */
static void shm_let_it_run(struct sd_qp *l, u32 sleep, u32 *untold)
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

static void shm_announce(struct sd_waiter *w)
{
	struct sd_qp *l = w->l;

	l->sleeps += 1 + (l->sleeps == ~0u); /* never 0 */
	sd_store_relaxed(&l->mem->client.want, w->want);
	sd_store_relaxed(&l->mem->client.sleep, l->sleeps);
}

static void shm_sleep(struct sd_waiter *w)
{
	struct sd_qp *l = w->l;

	if (w->told)
		sd_sys_futex_wait(&l->mem->client.sleep, l->sleeps, RECHECK_NS);
	else
		shm_let_it_run(l, l->sleeps, &w->untold);
}

static void shm_awake(struct sd_waiter *w)
{
	sd_store_relaxed(&w->l->mem->client.sleep, 0);
}

static const struct sd_wait_ops shm_wait_ops = {
	.wake = shm_wake_word,
	.spun = shm_spun,
	.trouble = shm_trouble,
	.announce = shm_announce,
	.sleep = shm_sleep,
	.awake = shm_awake,
};

static u32 shm_wait(struct sd_qp *l, const u32 *word, u32 pending, u32 want)
{
	struct sd_waiter w = {.l = l, .word = word, .pending = pending, .want = want};
	enum sd_status st;
	u32 cpu;
	u64 start;

	if (sd_likely(shm_hopeful(l)) && shm_soon(&w))
		return SD_OK;
	start = sd_tsc_cpu(&cpu);
	shm_say_cpu(l, cpu);
	sd_wait_nudge(l, &shm_wait_ops);
	if (!shm_shared_cpu(l, cpu) && sd_wait_spin(&w, start, &shm_wait_ops))
		return SD_OK;
	st = shm_yield(&w, start);
	if (st == SD_OK && !sd_wait_answered(&w))
		st = sd_wait_sleep(&w, &shm_wait_ops);
	/* An answer takes precedence over other events. */
	if (st == SD_INTR && sd_wait_answered(&w)) {
		l->intr = 1;
		return SD_OK;
	}
	return sd_wait_answered(&w) ? SD_OK : st;
}

static void shm_kick(struct sd_qp *l)
{
	u32 untold = 0;

	sd_full_fence();
	while (!sd_wait_nudge(l, &shm_wait_ops) && sd_load_relaxed(&l->wake_page->alive))
		shm_let_it_run(l, sd_load_relaxed(&l->mem->client.sleep), &untold);
}

/*
 * No fence: see runtime/arch/kernel/idle.c, and LAST_LOOKS in core/poll.c. We don't look again,
 * and the domain drops a doorbell with nothing published; so the bit is set even if it already is,
 * ordered after what was published before it.
 */
static void shm_hint(struct sd_qp *l)
{
	if (sd_unlikely(!sd_load_relaxed(&l->mem->domain.polled)))
		sd_or(&l->head->doorbell[l->index / 32], 1u << l->index % 32);
	sd_wait_nudge(l, &shm_wait_ops);
}

static void shm_poke(struct sd_qp *l)
{
	sd_sys_futex_wake(&l->mem->client.sleep);
}

static void shm_rest(struct sd_qp *l)
{
	sd_sys_futex_wait(&l->sleeps, l->sleeps, REST_NS);
}

static bool shm_alive(const struct sd_region_head *head, const struct sd_wake_page *wake_page)
{
	return sd_wait_channel(head, wake_page) == SD_OK;
}

/* Both are memfds of a fixed size: the supervisor has sealed them. */
static int shm_map(s32 region, s32 page, struct sd_region_head **head,
		   const struct sd_wake_page **wake_page)
{
	long at, page_at;

	if (sd_sys_size(region) != (s64)SD_REGION_SIZE || sd_sys_size(page) < (s64)WAKE_PAGE_SIZE)
		return -EPROTO;
	at = sd_sys_map(region, SD_REGION_SIZE, SD_PROT_READ | SD_PROT_WRITE);
	if (at < 0)
		return (int)at;
	page_at = sd_sys_map(page, WAKE_PAGE_SIZE, SD_PROT_READ);
	if (page_at < 0) {
		sd_sys_unmap((void *)at, SD_REGION_SIZE);
		return (int)page_at;
	}
	*head = (struct sd_region_head *)at;
	*wake_page = (const struct sd_wake_page *)page_at;
	return 0;
}

static void shm_unmap(struct sd_region_head *head, const struct sd_wake_page *wake_page)
{
	sd_sys_unmap(head, SD_REGION_SIZE);
	sd_sys_unmap(wake_page, WAKE_PAGE_SIZE);
}

const struct sd_client_side sd_shm_client = {
	.map = shm_map,
	.unmap = shm_unmap,
	.kick = shm_kick,
	.hint = shm_hint,
	.wait = shm_wait,
	.poke = shm_poke,
	.rest = shm_rest,
	.alive = shm_alive,
};
