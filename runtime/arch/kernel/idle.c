// SPDX-License-Identifier: GPL-2.0
/*
 * idle.c: idle: the vCPU sleeps in the machine on *sd_boot->sleeping until a doorbell or the next
 * clock event. The order is the sleeper's half of the wake-up protocol (sd/wake_page.h): set the
 * flag, full fence, look once more, sleep. The first sleep after work is a nap: clients that
 * publish without waiting (early calls) don't fence, so a call that the look missed by nanoseconds
 * is found after the nap.
 */
#include <linux/cpu.h>
#include <linux/sched.h>
#include <asm/sd.h>
#include "arch.h"

#define NAP_NS 1000000u

bool (*sd_idle_poll)(void);
u64 sd_sleeps;

static bool have_work(void)
{
	if (READ_ONCE(sd_pending) || need_resched())
		return true;
	return sd_idle_poll && sd_idle_poll();
}

/* Until when may the vCPU sleep? */
static u64 wake_time(bool nap)
{
	u64 deadline = sd_clock_deadline(),
	    end = nap ? sd_machine->clock() + NAP_NS : SD_NO_DEADLINE;

	return end < deadline ? end : deadline;
}

void arch_cpu_idle(void)
{
	u32 *sleeping = sd_boot->sleeping;
	static bool napped;

	if (have_work()) {
		napped = false;
	} else {
		__atomic_store_n(sleeping, 1, __ATOMIC_SEQ_CST);
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
		if (!have_work()) {
			sd_sleeps++;
			sd_machine->wait(sleeping, 1, wake_time(!napped));
			if (napped)
				sd_clock_slept();
			napped = true;
		}
		__atomic_store_n(sleeping, 0, __ATOMIC_SEQ_CST);
	}
	sd_vcpu.look_in = 1;
	raw_local_irq_enable();
}
