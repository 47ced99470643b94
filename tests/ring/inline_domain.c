// SPDX-License-Identifier: GPL-2.0
/* inline_domain.c: see inline_domain.h. */
#include "inline_domain.h"
#include <stddef.h>

struct hostdom *inline_domain;
void (*inline_puppet)(void);

static void on_liar(struct hostdom *d, struct sd_sregion *r)
{
	(void)d, (void)r; /* d->liars counts it */
}

void inline_init(struct hostdom *d, struct sd_wake_page *wake_page)
{
	hostdom_init(d, wake_page);
	d->liar = on_liar;
	inline_domain = d;
	inline_puppet = NULL;
}

static u32 inline_wait(struct sd_qp *l, const u32 *word, u32 pending, u32 want)
{
	(void)want;
	if (l->intr) {
		l->intr = 0;
		return SD_INTR;
	}
	if (inline_puppet) {
		inline_puppet();
	} else {
		if (!l->mem->domain.polled)
			inline_kick(l);
		sd_poll_settle(&inline_domain->poll);
		hostdom_round(inline_domain, ~0u);
	}
	if (l->head->ended)
		return SD_PROTO;
	return sd_load_acquire(word) != pending ? SD_OK : SD_DEAD;
}

void inline_kick(struct sd_qp *l)
{
	l->head->doorbell[l->index / 32] |= 1u << l->index % 32;
}

const struct sd_client_side inline_transport = {
	.kick = inline_kick, .hint = inline_kick, .wait = inline_wait};
