/* SPDX-License-Identifier: MIT */
/*
 * wake_page.h: the wake-up page, 4 KiB, one per domain. The domain and the supervisor write it;
 * clients only read it, which is enough to wake a sleeper, so no client can mislead another through
 * it.
 *
 * wait(word, value) sleeps while the word has that value; wake(word) returns how many it woke. They
 * are the domain's machine's (sd/machine.h) and the client's transport's (sd/transport.h).
 *
 *	client				wake_page.sleeping	domain
 *	------				-------------	------
 *					0		looks at queue pairs and doorbells
 *					1		stores 1; full fence; looks once more at
 *							every queue pair and doorbell
 *	publishes an entry		1		wait(&sleeping, 1)
 *	re-reads sleeping while it	1
 *	  waits: wake(&sleeping)
 *	may sleep itself		0		is awake, stores 0
 *
 * A client does not sleep until it has seen sleeping == 0 or a wake() that returned 1, since one
 * that comes between the domain's last look and its wait() wakes nobody.
 */
#ifndef SD_WAKE_PAGE_H
#define SD_WAKE_PAGE_H

#include <sd/port.h>

#define SD_WAKE_PAGE_CPUS 256

struct sd_wake_page {
	u32 sleeping;	/* 1 while the domain sleeps or is about to */
	u32 cpu;	/* host CPU the domain's vCPU last ran on */
	u32 alive;	/* 1 while the domain process lives; the supervisor stores 0 */
	u32 generation; /* counts the domain's starts */
	u8 pad[48];
	/* Bit c: more than one client thread has lately waited on host CPU c: spinning there
	 * delays another. A hint. */
	u64 shared[SD_WAKE_PAGE_CPUS / 64];
	/* Not 0: somebody traces the programs that use the domain (sd/trace.h). Each tracer is
	 * another number. Here, since clients read it at every call: sleeping's cache line is
	 * written all the time, this one seldom. */
	u32 trace;
	u32 pad2;
};

#endif
