// SPDX-License-Identifier: GPL-2.0
/* domain.c: the domain process as the daemon sees it: start, messages, end. */
#include "domain.h"
#include "belts.h"
#include "cores.h"
#include "ctlmsg.h"
#include "log.h"
#include "devices.h"
#include "machine.h"
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define STOP_MS	     5000  /* limit of an orderly shutdown */
#define STOP_DISK_MS 60000 /* the same with dirty data to write */
#define BOOT_MS	     30000
#define READ_MS	     10000 /* the domain's control thread waits only for its vCPU to take events */
#define REPLIES_MAX  64	   /* answers to its requests that it hasn't read */

struct domain_out {
	struct domain_out *next;
	struct sd_ctl_msg msg;
	int fds[SD_CTL_FDS_MAX];
};

static void domain_ctl_ready(struct daemon *d, struct source *src, uint32_t events);
static void domain_ended(struct daemon *d, struct source *src, uint32_t events);

static int wake_page_make(struct domain *dom)
{
	dom->wake_page_fd = memfd_create("sd-wake-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (dom->wake_page_fd < 0)
		return -errno;
	if (ftruncate(dom->wake_page_fd, 4096) ||
	    fcntl(dom->wake_page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		return -errno;
	dom->wake_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, dom->wake_page_fd, 0);
	if (dom->wake_page == MAP_FAILED) {
		dom->wake_page = NULL;
		return -errno;
	}
	dom->wake_page->generation = dom->generation;
	dom->wake_page->alive = 1;
	return 0;
}

/*
 * Clients get the wake-up page once both writers have mapped it. From now on nobody can map it for
 * writing, not even by reopening the memfd through /proc.
 */
static int wake_page_publish(struct domain *dom)
{
	char path[32];

	if (fcntl(dom->wake_page_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dom->wake_page_fd);
	dom->wake_page_ro = open(path, O_RDONLY | O_CLOEXEC);
	return dom->wake_page_ro < 0 ? -errno : 0;
}

/* The time is a number that no tracer before had, of another supervisor's either. */
void domain_trace(struct domain *dom, bool on)
{
	uint32_t now = (uint32_t)now_ms() | 1;

	if (!dom->wake_page || dom->traced == on)
		return;
	dom->traced = on;
	if (on)
		dom->trace = now == dom->trace ? now + 2 : now;
	__atomic_store_n(&dom->wake_page->trace, on ? dom->trace : 0, __ATOMIC_RELEASE);
}

static void domain_release(struct daemon *d)
{
	struct domain *dom = &d->dom;
	struct domain_out *o;

	while ((o = dom->out)) {
		dom->out = o->next;
		fds_close(o->fds, SD_CTL_FDS_MAX);
		free(o);
	}
	dom->out_tail = &dom->out;
	dom->unread = dom->unread_replies = dom->read_by = 0;
	if (dom->wake_page) {
		domain_trace(dom, false);
		__atomic_store_n(&dom->wake_page->alive, 0, __ATOMIC_RELEASE);
		munmap(dom->wake_page, 4096);
	}
	dom->wake_page = NULL;
	fds_close(&dom->wake_page_fd, 1);
	fds_close(&dom->wake_page_ro, 1);
	console_end(&dom->console);
	loop_unwatch(&d->loop, &dom->ctl);
	loop_unwatch(&d->loop, &dom->end);
	cgroup_remove(&dom->cgroup);
	dom->pid = 0;
	dom->ready = dom->stopping = false;
}

static int domain_watch(struct daemon *d, int ctl)
{
	struct domain *dom = &d->dom;
	int err;

	dom->ctl.fd = ctl;
	dom->ctl.ready = domain_ctl_ready;
	dom->end.ready = domain_ended;
	dom->end.fd = d->cfg.machine->watch(dom->pid);
	if (dom->end.fd < 0)
		return dom->end.fd;
	err = loop_watch(&d->loop, &dom->ctl, EPOLLIN);
	return err ? err : loop_watch(&d->loop, &dom->end, EPOLLIN);
}

int domain_start(struct daemon *d)
{
	struct domain *dom = &d->dom;
	int pair[2], console, err, status;
	pid_t pid;

	dom->generation++;
	dom->wake_page_fd = dom->wake_page_ro = dom->ctl.fd = dom->end.fd = dom->console.src.fd =
		-1;
	dom->out_tail = &dom->out;
	dom->next_client = dom->next_seq = 1;
	dom->started_ms = now_ms();
	d->restart_at = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (!dom->belts)
		dom->belts = belts_make();
	err = dom->belts ? wake_page_make(dom) : -ENOMEM;
	console = err ? err : console_make(&dom->console, &d->loop, d->cfg.image_fd);
	cgroup_make(&dom->cgroup, &d->cfg, d->started_pipe < 0 ? 0 : getppid());
	pid = console < 0
		      ? console
		      : d->cfg.machine->spawn(&d->cfg, dom, pair[1], dom->wake_page_fd, console);
	close(pair[1]);
	fds_close(&console, 1);
	if (pid < 0) {
		close(pair[0]);
		domain_release(d);
		return pid;
	}
	dom->pid = pid;
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	err = domain_watch(d, pair[0]);
	if (err) {
		d->cfg.machine->kill(pid);
		d->cfg.machine->reap(pid, true, &status);
		domain_release(d);
		return err;
	}
	d->kill_at = now_ms() + BOOT_MS;
	note("domain %s started: pid %d, generation %u", d->cfg.name, pid, dom->generation);
	if (d->cfg.core)
		note_warn("domain %s may dump core, with data of all its clients (--core)",
			  d->cfg.name);
	return 0;
}

/* The oldest message has been sent. */
static void domain_out_sent(struct domain *dom)
{
	struct domain_out *o = dom->out;

	dom->out = o->next;
	if (!dom->out)
		dom->out_tail = &dom->out;
	dom->unread -= o->msg.nfds > 0;
	dom->unread_replies -= o->msg.type == SD_CTL_REPLY;
	dom->read_by = dom->out ? now_ms() + READ_MS : 0;
	fds_close(o->fds, SD_CTL_FDS_MAX);
	free(o);
}

static void domain_flush(struct daemon *d)
{
	struct domain *dom = &d->dom;
	struct domain_out *o;

	while (dom->ready && (o = dom->out)) {
		int err = ctl_send(dom->ctl.fd, &o->msg, o->fds, o->msg.nfds);

		if (err == -EAGAIN)
			break;
		if (err) {
			note_error("domain's control socket: %s", strerror(-err));
			domain_kill(d);
			return;
		}
		domain_out_sent(dom);
	}
	loop_watch(&d->loop, &dom->ctl, dom->ready && dom->out ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

int domain_send(struct daemon *d, struct sd_ctl_msg *m, const int *fds, int nfds)
{
	struct domain_out *o = calloc(1, sizeof(*o));

	if (!o) {
		for (int i = 0; i < nfds; i++)
			close(fds[i]);
		return -ENOMEM;
	}
	o->msg = *m;
	o->msg.nfds = nfds;
	for (int i = 0; i < SD_CTL_FDS_MAX; i++)
		o->fds[i] = i < nfds ? fds[i] : -1;
	*d->dom.out_tail = o;
	d->dom.out_tail = &o->next;
	d->dom.unread += nfds > 0;
	d->dom.unread_replies += m->type == SD_CTL_REPLY;
	if (d->dom.ready && !d->dom.read_by)
		d->dom.read_by = now_ms() + READ_MS;
	domain_flush(d);
	if (d->dom.unread_replies > REPLIES_MAX) {
		note_error("the domain doesn't read the answers to its requests; killing it");
		domain_kill(d);
	}
	return 0;
}

void domain_kill(struct daemon *d)
{
	if (d->dom.pid)
		d->cfg.machine->kill(d->dom.pid);
}

static bool domain_has_disk(const struct config *cfg)
{
	for (int i = 0; i < cfg->ndev; i++)
		if (!strcmp(cfg->dev[i].type, "block"))
			return true;
	return false;
}

void domain_stopping(struct daemon *d)
{
	d->dom.stopping = true;
	d->kill_at = now_ms() + (domain_has_disk(&d->cfg) ? STOP_DISK_MS : STOP_MS);
}

int domain_serves(struct daemon *d, const struct sd_ctl_msg *ready)
{
	int err;

	if (d->dom.ready)
		return -EPROTO;
	err = wake_page_publish(&d->dom);
	if (err)
		return err;
	d->dom.ready = true;
	d->dom.boot_ns = ready->u.ready.boot_ns;
	d->dom.stubs = ready->u.ready.stubs;
	d->dom.read_by = d->dom.out ? now_ms() + READ_MS : 0;
	d->kill_at = 0;
	note("domain %s serves, booted in %.2f ms", d->cfg.name, d->dom.boot_ns / 1e6);
	d->cfg.machine->look(d->dom.belts, d->dom.pid);
	d->dom.belts[BELT_LANDLOCK] = ready->u.ready.unlocked;
	belts_log(d->cfg.name, d->dom.belts);
	domain_flush(d);
	return 0;
}

static void domain_ctl_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct sd_ctl_msg m;
	int fds[SD_CTL_FDS_MAX], err;

	if (events & EPOLLOUT)
		domain_flush(d);
	if (!d->dom.pid || !(events & ~EPOLLOUT))
		return;
	err = ctl_recv(SD_CTL_FROM_DOMAIN, src->fd, &m, fds);
	if (err == -EAGAIN)
		return;
	if (!err)
		err = d->dom.reports->message(d, &m);
	if (!err)
		return;
	if (err != -EPIPE)
		note_error("domain's control socket: %s; killing the domain", strerror(-err));
	/* At EOF the process has ended or has closed its control socket: either way the domain is
	 * lost. */
	loop_pause(&d->loop, src);
	domain_kill(d);
}

static void domain_ended(struct daemon *d, struct source *src, uint32_t events)
{
	bool asked = d->dom.stopping || d->killed;
	int status = 0;

	if (!d->cfg.machine->reap(d->dom.pid, false, &status))
		return;
	console_end(&d->dom.console);
	if (WIFSIGNALED(status))
		note("domain %s ended by signal %d (%s)%s", d->cfg.name, WTERMSIG(status),
		     strsignal(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
	else
		note("domain %s ended with status %d", d->cfg.name, WEXITSTATUS(status));
	cores_dir_close(&d->cfg, getpid(), d->dom.generation);
	d->kill_at = 0;
	d->killed = false;
	d->dom.last_status = status;
	domain_release(d);
	d->dom.reports->ended(d, status, asked);
}
