// SPDX-License-Identifier: GPL-2.0
/*
 * time.c: clock source and one-shot clock event, both on the machine's monotonic clock; and the
 * wall clock.
 *
 * The wall clock is the machine's at boot, and advances with the clock source. The host slews both
 * of its clocks alike, so the two never drift apart; but its wall clock may be set (by hand, by
 * NTP, after a suspend). There is no notification, so we check: when the vCPU has slept for more
 * than a nap, before it does anything else, and once a second while it is busy. An idle domain
 * isn't woken for it.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <asm/sd.h>
#include "arch.h"

#define WALL_CHECK_NS NSEC_PER_SEC  /* interval while busy */
#define WALL_STEP_NS  NSEC_PER_MSEC /* a difference that counts as a step */

static u64 deadline = SD_NO_DEADLINE;
static u64 start_ns;

void (*sd_clock_tick)(void);

static u64 sd_clocksource_read(struct clocksource *cs)
{
	return sd_machine->clock();
}

static struct clocksource sd_clocksource = {
	.name = "sd",
	.rating = 400,
	.read = sd_clocksource_read,
	.mask = CLOCKSOURCE_MASK(64),
	.flags = CLOCK_SOURCE_IS_CONTINUOUS,
};

static int sd_set_next_event(unsigned long delta, struct clock_event_device *evt)
{
	deadline = sd_machine->clock() + delta;
	return 0;
}

static int sd_shutdown(struct clock_event_device *evt)
{
	deadline = SD_NO_DEADLINE;
	return 0;
}

static struct clock_event_device sd_clockevent = {
	.name = "sd",
	.features = CLOCK_EVT_FEAT_ONESHOT,
	.rating = 400,
	.set_next_event = sd_set_next_event,
	.set_state_shutdown = sd_shutdown,
	.set_state_oneshot = sd_shutdown,
};

bool sd_clock_due(void)
{
	return deadline != SD_NO_DEADLINE && sd_machine->clock() >= deadline;
}

/* How far the host's wall clock is ahead of ours; 0 if less than a step. The time of reading them
 * doesn't count. */
static s64 wall_error(void)
{
	s64 before = ktime_get_real_ns(), host = sd_machine->realtime(),
	    after = ktime_get_real_ns();

	if (host > before - WALL_STEP_NS && host < after + WALL_STEP_NS)
		return 0;
	return host - before - (after - before) / 2;
}

/* In a task: setting the clock isn't for interrupts. */
static void set_wall(struct work_struct *unused)
{
	s64 error = wall_error();
	struct timespec64 now = ns_to_timespec64(ktime_get_real_ns() + error);
	int err = error ? do_settimeofday64(&now) : 0;

	if (err)
		pr_warn_once("clock: the host's %lld s can't be taken over: error %d\n", now.tv_sec,
			     err);
}

static DECLARE_WORK(wall_work, set_wall);

static void check_wall(void *unused)
{
	if (wall_error())
		schedule_work(&wall_work);
}

void sd_clock_slept(void)
{
	sd_irq_raise(SD_IRQ_WALL);
}

void sd_clock_event(void)
{
	static u64 next_check;

	if (deadline >= next_check) {
		next_check = deadline + WALL_CHECK_NS;
		check_wall(NULL);
	}
	deadline = SD_NO_DEADLINE;
	sd_clockevent.event_handler(&sd_clockevent);
	if (sd_clock_tick)
		sd_clock_tick();
}

u64 sd_clock_deadline(void)
{
	return deadline;
}

unsigned long long notrace sched_clock(void)
{
	return sd_machine->clock() - start_ns;
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(sd_machine->realtime());
}

/* Delays read the clock, so there is nothing to calibrate; the value only has to be sane. */
void calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ;
}

static void delay_ns(u64 ns)
{
	u64 end = sd_machine->clock() + ns;

	while (sd_machine->clock() < end)
		cpu_relax();
}

void __delay(unsigned long loops)
{
	delay_ns(loops);
}

/* 2^32 / 10^6 (10^9) scaled, as asm-generic/delay.h passes constants. */
void __const_udelay(unsigned long xloops)
{
	delay_ns((u64)xloops * NSEC_PER_SEC >> 32);
}

void __udelay(unsigned long usecs)
{
	delay_ns((u64)usecs * NSEC_PER_USEC);
}

void __ndelay(unsigned long nsecs)
{
	delay_ns(nsecs);
}

void __init time_init(void)
{
	start_ns = sd_machine->clock();
	sd_irq_register(SD_IRQ_WALL, check_wall, NULL);
	clocksource_register_hz(&sd_clocksource, NSEC_PER_SEC);
	sd_clockevent.cpumask = cpumask_of(0);
	clockevents_config_and_register(&sd_clockevent, NSEC_PER_SEC, 1, LONG_MAX);
}
