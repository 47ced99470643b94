/* SPDX-License-Identifier: MIT */
/*
 * wait.h: how a client waits for an answer, and wakes a domain that sleeps: the protocol of
 * sd/wake_page.h and sd/ring.h from the client's side, once for all clients: host threads and
 * tasks of another domain. They differ in struct sd_wait_ops; each client has a constant one, so
 * that everything here is inlined with it.
 *
 * Waking the domain. It sleeps by: wake_page.sleeping = 1; full fence; a last look at the rings;
 * sleep while sleeping == 1. We published before any of this. While we spin we re-read
 * wake_page.sleeping, so a plain load that was too early is repeated later. Before we stop
 * re-reading (to sleep, or in a kick) we do a full fence; then either we see sleeping == 1, or the
 * domain's last look sees our entry. If we see 1 we wake it. If that woke one waiter, the domain
 * was asleep and is awake now. If it woke none, the domain is between its announcement and its
 * sleep, or awake and about to clear the word: we look again soon, until the word is 0 or a wake
 * succeeds.
 *
 * The same for domain.polled and the doorbell: the domain stops polling by polled = 0; full fence;
 * a last look. Setting the bit twice does no harm.
 *
 * Being woken. We: announce that we sleep; full fence; last look at the answer; sleep, unless we
 * were woken since the announcement. The domain, after the answer's store and (at the latest before
 * its own sleep) a full fence, checks for the announcement, clears it and wakes us.
 */
#ifndef SD_TRANSPORT_WAIT_H
#define SD_TRANSPORT_WAIT_H

#include <sd/qp.h>

#define SD_LOOKS_PER_NUDGE 16u
#define SD_FIRST_LOOK	   6u /* pauses before the first: no call is answered sooner */
#define SD_LOOK_GAP	   3u /* pauses before each further one */

struct sd_waiter {
	struct sd_qp *l;
	const u32 *word; /* in the queue pair's memory */
	u32 pending;	 /* until *word is something else */
	u32 want;	 /* 0, or the completion count to be woken for */
	u32 untold; /* how often the domain couldn't be woken though it had announced its sleep */
	bool told;  /* the domain will certainly look at our entry */
	bool slept;
};

struct sd_wait_ops {
	/* Wakes the sleeper on a word. Returns how many woke; less than 1: none. */
	long (*wake)(const u32 *word);
	/* Has the spin, begun at `start` by the time stamp counter, lasted long enough? */
	bool (*spun)(const struct sd_waiter *w, u64 start);
	/* What ends a wait other than the answer, or SD_OK. */
	enum sd_status (*trouble)(struct sd_waiter *w);
	/* The three steps of a sleep, see above. sleep(): long if w->told, otherwise short, since
	 * the domain must be woken soon. */
	void (*announce)(struct sd_waiter *w);
	void (*sleep)(struct sd_waiter *w);
	void (*awake)(struct sd_waiter *w);
};

#define sd_wait_inline static inline __attribute__((always_inline))

sd_wait_inline bool sd_wait_answered(const struct sd_waiter *w)
{
	return sd_load_acquire(w->word) != w->pending;
}

sd_wait_inline void sd_wait_doorbell(struct sd_qp *l)
{
	u32 *word = &l->head->doorbell[l->index / 32];
	u32 bit = 1u << l->index % 32;

	if (!(sd_load_relaxed(word) & bit))
		sd_or(word, bit);
}

/* True: the domain is awake, or was woken just now. False: look again soon. */
sd_wait_inline bool sd_wait_nudge(struct sd_qp *l, const struct sd_wait_ops *ops)
{
	if (!sd_load_relaxed(&l->mem->domain.polled))
		sd_wait_doorbell(l);
	if (sd_likely(!sd_load_acquire(&l->wake_page->sleeping)))
		return true;
	return ops->wake(&l->wake_page->sleeping) > 0;
}

/* State of the channel: SD_OK, or why nothing will be answered any more. */
sd_wait_inline enum sd_status sd_wait_channel(const struct sd_region_head *head,
					      const struct sd_wake_page *wake_page)
{
	u32 ended = sd_load_relaxed(&head->ended);

	if (sd_unlikely(ended))
		return ended == SD_ENDED_PROTO ? SD_PROTO : SD_DEAD;
	return sd_likely(sd_load_relaxed(&wake_page->alive)) ? SD_OK : SD_DEAD;
}

/*
 * Habits: a useless spin takes the CPU from others. So there is no spin for an op that wasn't
 * answered soon `slow` times in a row, except once in `again` waits.
 */
sd_wait_inline bool sd_habit_is_soon(struct sd_qp *l, u32 slow)
{
	return sd_likely(l->slow[l->op % SD_HABITS] < slow);
}

sd_wait_inline bool sd_habit_try_again(struct sd_qp *l, u32 slow, u32 again)
{
	u8 *habit = &l->slow[l->op % SD_HABITS];

	if (++*habit < slow + again)
		return false;
	*habit = slow - 1;
	return true;
}

sd_wait_inline void sd_habit_learn(struct sd_qp *l, u32 slow, bool soon)
{
	u8 *habit = &l->slow[l->op % SD_HABITS];

	if (soon)
		*habit = 0;
	else if (*habit < slow)
		++*habit;
}

/*
 * Only looks: any other work would take longer than the answer. Not at once, and not without a
 * gap: a look takes the cache line away from the domain, and if that is before the answer, the
 * answer's store must fetch it back first. (Measured where a bounce of a line takes 130 ns: a null
 * ring operation 235 ns with a look at once, 165 ns this way; fcntl(F_GETFL) 300 and 225.)
 */
sd_wait_inline bool sd_wait_look(const struct sd_waiter *w, u32 looks)
{
	const u32 *word = w->word, pending = w->pending;
	u32 i, gap;

	for (i = 0; i < looks; i++) {
		for (gap = i ? SD_LOOK_GAP : SD_FIRST_LOOK; gap; gap--)
			sd_pause();
		if (sd_load_acquire(word) != pending)
			return true;
	}
	return false;
}

/* Looks until the answer is there: true; or until ops->spun(): false. */
sd_wait_inline bool sd_wait_spin(const struct sd_waiter *w, u64 start,
				 const struct sd_wait_ops *ops)
{
	u32 i;

	for (i = 1;; i++) {
		if (sd_wait_answered(w))
			return true;
		sd_pause();
		if (i % SD_LOOKS_PER_NUDGE)
			continue;
		sd_wait_nudge(w->l, ops);
		if (ops->spun(w, start))
			return false;
	}
}

/* Sleeps until the answer is there, SD_OK, or trouble. */
sd_wait_inline enum sd_status sd_wait_sleep(struct sd_waiter *w, const struct sd_wait_ops *ops)
{
	enum sd_status st = SD_OK;
	bool over;

	do {
		ops->announce(w);
		sd_full_fence();
		over = sd_wait_answered(w);
		if (!over)
			st = ops->trouble(w);
		if (!over && st == SD_OK) {
			/* Once is enough: a nudge at every look would wake a domain that is
			 * right to sleep. */
			w->told = w->told || sd_wait_nudge(w->l, ops);
			ops->sleep(w);
			w->slept = true;
		}
		ops->awake(w);
	} while (!over && st == SD_OK && !sd_wait_answered(w));
	return st;
}

#endif
