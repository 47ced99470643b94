// SPDX-License-Identifier: GPL-2.0
/* serve_ctl.c: the supervisor's requests to the domain, and the start of serving. */
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/resource.h>
#include <linux/sched/signal.h>
#include <linux/uidgid.h>
#include <linux/user_namespace.h>
#include "dev.h"
#include "serve.h"

/* Limit of a client's fds, and at most half of all open files; the program's own limit applies on
 * the host, where each number is reserved. */
#define FILES_MAX 65536

static void ctl_event(void *arg)
{
	WRITE_ONCE(sd_ctl_pending, true);
	sd_serve_kick();
}

static void ctl_stats(struct sd_ctl_stats *s)
{
	struct sysinfo si;

	si_meminfo(&si);
	*s = (struct sd_ctl_stats){
		.calls = sd_serve_stats.calls,
		.blocked = sd_serve_stats.blocked,
		.sleeps = sd_sleeps,
		.uptime_ns = ktime_get_ns(),
		.mem_total = (u64)si.totalram * PAGE_SIZE,
		.mem_free = (u64)si.freeram * PAGE_SIZE,
		.clients = sd_serve_stats.clients,
		.tasks = sd_serve_stats.workers,
	};
}

static int ctl_attach(const struct sd_event *ev)
{
	if (!sd_memory_for_client(make_kuid(&init_user_ns, ev->attach.uid)))
		return -ENOMEM;
	return sd_serving->attach(ev);
}

static void ctl_handle(const struct sd_event *ev)
{
	static bool ends;
	struct sd_ctl_stats stats;

	switch (ev->type) {
	case SD_CTL_ATTACH:
		sd_machine->event_done(ev, ctl_attach(ev), NULL);
		break;
	case SD_CTL_DETACH:
		sd_machine->event_done(ev, sd_serving->detach(ev), NULL);
		break;
	case SD_CTL_STATS:
		ctl_stats(&stats);
		sd_machine->event_done(ev, 0, &stats);
		break;
	case SD_CTL_TICKET:
		sd_machine->event_done(ev, sd_ticket_hold(&ev->ticket), NULL);
		break;
	case SD_CTL_SHARE:
		sd_machine->event_done(ev, sd_share_attach ? sd_share_attach(ev) : -ENODEV, NULL);
		break;
	case SD_CTL_PEER:
	case SD_CTL_PEER_GONE:
		if (sd_remote_event)
			sd_remote_event(ev);
		break;
	case SD_CTL_SHUTDOWN:
		/* the first request is answered when the disks are clean, then the domain exits */
		if (ends)
			break;
		ends = true;
		if (sd_unmount) {
			sd_clients_end();
			sd_unmount();
		}
		sd_machine->event_done(ev, 0, NULL);
		sd_machine->halt(0);
	default:
		sd_machine->event_done(ev, -EINVAL, NULL);
	}
}

static void ctl_one(void)
{
	struct sd_event ev;

	/* Cleared before the look: an event that comes after the look sets it again. */
	WRITE_ONCE(sd_ctl_pending, false);
	if (!sd_machine->event(&ev))
		return;
	/* There may be more, and while this one is handled another task may become leader. */
	WRITE_ONCE(sd_ctl_pending, true);
	ctl_handle(&ev);
}

/*
 * The serving tasks are threads of pid 1. They ignore signals; SIGPIPE is raised in the client when
 * it gets EPIPE. The OOM killer must not choose them: that would end every client.
 */
void sd_serve_setup(void)
{
	unsigned long files;

	ignore_signals(current);
	current->signal->oom_score_adj = OOM_SCORE_ADJ_MIN;
	files = min_t(unsigned long, FILES_MAX, get_max_files() / 2);
	current->signal->rlim[RLIMIT_NOFILE].rlim_cur = files;
	current->signal->rlim[RLIMIT_NOFILE].rlim_max = files;
	sd_own_mm();
	sd_uptr_extra = sd_mem_mine;
	sd_serve_table();
}

/* Called in pid 1 when the kernel is up and the supervisor has been told: its first events may be
 * waiting. */
void __noreturn sd_serve(void)
{
	sd_serving = sd_transport_server(sd_boot->transport);
	if (!sd_serving)
		panic("this image has no transport %s", sd_boot->transport ?: "at all");
	sd_serve_setup();
	sd_irq_register(SD_IRQ_EVENT, ctl_event, NULL);
	sd_memory_setup();
	sd_ctl_pending = true;
	sd_pool_run(ctl_one);
}
