// SPDX-License-Identifier: GPL-2.0
/* Clock source and one-shot clock event, both on the machine's monotonic clock. */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/sched/clock.h>
#include <linux/time64.h>
#include <linux/timekeeping.h>
#include <asm/sd.h>
#include "arch.h"

static u64 deadline = SD_NO_DEADLINE;
static u64 start_ns;

static u64 sd_clocksource_read(struct clocksource *cs)
{
	return sd_machine_clock();
}

static struct clocksource sd_clocksource = {
	.name	= "sd",
	.rating	= 400,
	.read	= sd_clocksource_read,
	.mask	= CLOCKSOURCE_MASK(64),
	.flags	= CLOCK_SOURCE_IS_CONTINUOUS,
};

static int sd_set_next_event(unsigned long delta, struct clock_event_device *evt)
{
	deadline = sd_machine_clock() + delta;
	return 0;
}

static int sd_shutdown(struct clock_event_device *evt)
{
	deadline = SD_NO_DEADLINE;
	return 0;
}

static struct clock_event_device sd_clockevent = {
	.name			= "sd",
	.features		= CLOCK_EVT_FEAT_ONESHOT,
	.rating			= 400,
	.set_next_event		= sd_set_next_event,
	.set_state_shutdown	= sd_shutdown,
	.set_state_oneshot	= sd_shutdown,
};

bool sd_clock_due(void)
{
	return deadline != SD_NO_DEADLINE && sd_machine_clock() >= deadline;
}

void sd_clock_event(void)
{
	deadline = SD_NO_DEADLINE;
	sd_clockevent.event_handler(&sd_clockevent);
}

u64 sd_clock_deadline(void)
{
	return deadline;
}

unsigned long long notrace sched_clock(void)
{
	return sd_machine_clock() - start_ns;
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(sd_machine_realtime());
}

/* Delays read the clock, so there is nothing to calibrate; the value only has to be sane. */
void calibrate_delay(void)
{
	loops_per_jiffy = NSEC_PER_SEC / HZ;
}

static void delay_ns(u64 ns)
{
	u64 end = sd_machine_clock() + ns;

	while (sd_machine_clock() < end)
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
	start_ns = sd_machine_clock();
	clocksource_register_hz(&sd_clocksource, NSEC_PER_SEC);
	sd_clockevent.cpumask = cpumask_of(0);
	clockevents_config_and_register(&sd_clockevent, NSEC_PER_SEC, 1, LONG_MAX);
}
