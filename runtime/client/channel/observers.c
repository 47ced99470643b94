/* SPDX-License-Identifier: MIT */
/* observers.c: notifies the rooms above of events in the channel room. See observers.h. */
#include "channel/observers.h"

static const struct sd_observer *const nobody[] = {NULL};
static const struct sd_observer *const *observers = nobody;

void sd_observers_init(const struct sd_observer *const *table)
{
	observers = table;
}

void sd_observe_close(struct sd_thread *t, u32 dom, s32 dfd)
{
	for (u32 i = 0; observers[i]; i++)
		if (observers[i]->before_close)
			observers[i]->before_close(t, dom, dfd);
}

void sd_observe_fork(void)
{
	for (u32 i = 0; observers[i]; i++)
		if (observers[i]->after_fork)
			observers[i]->after_fork();
}

void sd_observe_drained(const void *but)
{
	for (u32 i = 0; observers[i]; i++)
		if (observers[i]->ring_again)
			observers[i]->ring_again(but);
}

s32 *sd_observe_hidden(s32 fd)
{
	s32 *slot = NULL;

	for (u32 i = 0; observers[i] && !slot; i++)
		if (observers[i]->hidden_slot)
			slot = observers[i]->hidden_slot(fd);
	return slot;
}
