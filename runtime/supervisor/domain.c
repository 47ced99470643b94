// SPDX-License-Identifier: GPL-2.0
/* The domain process as the daemon sees it: start, messages, end. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sd/contract.h>

#define STOP_MS	     5000  /* an orderly end may take so long */
#define STOP_DISK_MS 60000 /* one that has to write what is dirty */
#define BOOT_MS	     30000
#define READ_MS \
	10000 /* the domain's control thread only ever waits for its vCPU to take an event */
#define REPLIES_MAX    64 /* answers that it asked for and didn't read */
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000

static void domain_ctl_ready(struct daemon *d, struct source *src, uint32_t events);
static void domain_ended(struct daemon *d, struct source *src, uint32_t events);

static int bell_make(struct domain *dom)
{
	dom->bell_fd = memfd_create("sd-bell", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (dom->bell_fd < 0)
		return -errno;
	if (ftruncate(dom->bell_fd, 4096) ||
	    fcntl(dom->bell_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		return -errno;
	dom->bell = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, dom->bell_fd, 0);
	if (dom->bell == MAP_FAILED) {
		dom->bell = NULL;
		return -errno;
	}
	dom->bell->generation = dom->generation;
	dom->bell->alive = 1;
	return 0;
}

/*
 * Clients get the bell page once both writers have mapped it. From now on nobody can map it for
 * writing, not even by opening the memfd anew through /proc.
 */
static int bell_publish(struct domain *dom)
{
	char path[32];

	if (fcntl(dom->bell_fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dom->bell_fd);
	dom->bell_ro = open(path, O_RDONLY | O_CLOEXEC);
	return dom->bell_ro < 0 ? -errno : 0;
}

static void domain_release(struct daemon *d)
{
	struct domain *dom = &d->dom;
	struct outmsg *o;

	while ((o = dom->out)) {
		dom->out = o->next;
		fds_close(o->fds, SD_CTL_FDS_MAX);
		free(o);
	}
	dom->out_tail = &dom->out;
	dom->unread = dom->unread_replies = dom->read_by = 0;
	if (dom->bell) {
		__atomic_store_n(&dom->bell->alive, 0, __ATOMIC_RELEASE);
		munmap(dom->bell, 4096);
	}
	dom->bell = NULL;
	fds_close(&dom->bell_fd, 1);
	fds_close(&dom->bell_ro, 1);
	console_end(d);
	daemon_unwatch(d, &dom->ctl);
	daemon_unwatch(d, &dom->pidfd);
	cgroup_remove(d);
	dom->pid = 0;
	dom->ready = dom->stopping = false;
}

static int domain_watch(struct daemon *d, int ctl)
{
	struct domain *dom = &d->dom;
	int err;

	dom->ctl.fd = ctl;
	dom->ctl.ready = domain_ctl_ready;
	dom->pidfd.ready = domain_ended;
	dom->pidfd.fd = pidfd_open(dom->pid, 0);
	if (dom->pidfd.fd < 0)
		return -errno;
	err = daemon_watch(d, &dom->ctl, EPOLLIN);
	return err ? err : daemon_watch(d, &dom->pidfd, EPOLLIN);
}

int domain_start(struct daemon *d)
{
	struct domain *dom = &d->dom;
	int pair[2], console, err;
	pid_t pid;

	dom->generation++;
	dom->bell_fd = dom->bell_ro = dom->ctl.fd = dom->pidfd.fd = dom->console.fd = -1;
	dom->out_tail = &dom->out;
	dom->next_client = dom->next_seq = 1;
	dom->started_ms = now_ms();
	d->restart_at = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	if (!dom->belts)
		dom->belts = belts_make();
	err = dom->belts ? bell_make(dom) : -ENOMEM;
	console = err ? err : console_make(d);
	cgroup_make(d);
	pid = console < 0 ? console : spawn(&d->cfg, dom, pair[1], dom->bell_fd, console);
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
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		domain_release(d);
		return err;
	}
	d->kill_at = now_ms() + BOOT_MS;
	note("domain %s started: pid %d, generation %u", d->cfg.name, pid, dom->generation);
	return 0;
}

/* The oldest message is on its way. */
static void out_taken(struct domain *dom)
{
	struct outmsg *o = dom->out;

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
	struct outmsg *o;

	while (dom->ready && (o = dom->out)) {
		int err = ctl_send(dom->ctl.fd, &o->msg, o->fds, o->msg.nfds);

		if (err == -EAGAIN)
			break;
		if (err) {
			note("domain's control socket: %s", strerror(-err));
			domain_kill(d);
			return;
		}
		out_taken(dom);
	}
	daemon_watch(d, &dom->ctl, dom->ready && dom->out ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

int domain_send(struct daemon *d, struct sd_ctl_msg *m, const int *fds, int nfds)
{
	struct outmsg *o = calloc(1, sizeof(*o));

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
		note("the domain asks for more than it reads; killing it");
		domain_kill(d);
	}
	return 0;
}

void domain_kill(struct daemon *d)
{
	if (d->dom.pid)
		kill(d->dom.pid, SIGKILL);
}

static bool has_disk(const struct config *cfg)
{
	for (int i = 0; i < cfg->ndev; i++)
		if (!strcmp(cfg->dev[i].type, "block"))
			return true;
	return false;
}

void domain_stop(struct daemon *d)
{
	struct request *r;

	if (!d->dom.pid || d->dom.stopping)
		return;
	d->dom.stopping = true;
	d->kill_at = now_ms() + (has_disk(&d->cfg) ? STOP_DISK_MS : STOP_MS);
	r = d->dom.ready ? request_add(d, NULL, SD_CTL_SHUTDOWN, 0, 0) : NULL;
	if (!r || request_send(d, r, NULL, NULL, 0))
		domain_kill(d);
}

static int domain_is_ready(struct daemon *d, const struct sd_ctl_msg *m)
{
	int err;

	if (d->dom.ready)
		return -EPROTO;
	err = bell_publish(&d->dom);
	if (err)
		return err;
	d->dom.ready = true;
	d->dom.boot_ns = m->u.ready.boot_ns;
	d->dom.stubs = m->u.ready.stubs;
	d->dom.read_by = d->dom.out ? now_ms() + READ_MS : 0;
	d->kill_at = 0;
	note("domain %s serves, booted in %.2f ms", d->cfg.name, d->dom.boot_ns / 1e6);
	belts_look(d->dom.belts, d->dom.pid);
	d->dom.belts[BELT_LANDLOCK] = m->u.ready.unlocked;
	belts_say(d->cfg.name, d->dom.belts);
	daemon_started(d, 0);
	requests_domain_ready(d);
	domain_flush(d);
	return 0;
}

/* Once is enough: the same image would come up again. */
static int alien_domain(struct daemon *d, const struct sd_ctl_msg *m)
{
	note("%s was built from another kslice (its contract is %08x, kdom's %08x); run `make all "
	     "image`",
	     d->cfg.image, m->contract, SD_CONTRACT);
	d->killed = true;
	daemon_failed(d, -EPROTONOSUPPORT);
	return -EPROTONOSUPPORT;
}

/* Once per client: it may have been detached meanwhile, but it was attached. */
static int client_ended(struct daemon *d, const struct sd_ctl_msg *m)
{
	struct conn *c = conn_by_client(d, m->u.detach.client);
	uint32_t reason = m->u.detach.reason < 0 ? -(uint32_t)m->u.detach.reason
						 : (uint32_t)m->u.detach.reason;

	if (c ? c->ended : request_ended(d, m->u.detach.client))
		return -EPROTO;
	if (c)
		c->ended = true;
	note("client %u (pid %d): channel ended by the domain: %s", m->u.detach.client,
	     c ? c->real.pid : 0, strerror(reason & 0xfff));
	return 0;
}

static int domain_message(struct daemon *d, const struct sd_ctl_msg *m)
{
	if (ctl_alien(m))
		return alien_domain(d, m);
	switch (m->type) {
	case SD_CTL_READY:
		return domain_is_ready(d, m);
	case SD_CTL_REPLY:
		return request_answered(d, m);
	case SD_CTL_PEER:
		return peer_asked(d, m);
	case SD_CTL_SHARE_GONE:
		share_gone(d, m->u.ticket.key);
		return 0;
	case SD_CTL_ENDED:
		return client_ended(d, m);
	default:
		return -EPROTO;
	}
}

static void domain_ctl_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct sd_ctl_msg m;
	int fds[SD_CTL_FDS_MAX], err;

	if (events & EPOLLOUT)
		domain_flush(d);
	if (!d->dom.pid || !(events & ~EPOLLOUT))
		return;
	err = ctl_recv(src->fd, &m, fds);
	if (err == -EAGAIN)
		return;
	if (!err && m.nfds) {
		fds_close(fds, SD_CTL_FDS_MAX);
		err = -EPROTO;
	}
	if (!err)
		err = domain_message(d, &m);
	if (!err)
		return;
	if (err != -EPIPE)
		note("domain's control socket: %s; killing the domain", strerror(-err));
	/* EOF comes with the process's end or is one: either way it is over. */
	epoll_ctl(d->epoll, EPOLL_CTL_DEL, src->fd, NULL);
	domain_kill(d);
}

static bool restart_wanted(const struct daemon *d, int status)
{
	switch (d->cfg.restart) {
	case RESTART_ALWAYS:
		return true;
	case RESTART_ON_FAILURE:
		return status != 0;
	default:
		return false;
	}
}

static void schedule_restart(struct daemon *d)
{
	if (now_ms() - d->dom.started_ms > BACKOFF_MAX_MS || !d->backoff_ms)
		d->backoff_ms = BACKOFF_MIN_MS;
	note("restart in %u ms", d->backoff_ms);
	d->restart_at = now_ms() + d->backoff_ms;
	d->backoff_ms = d->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : d->backoff_ms * 2;
}

static void domain_ended(struct daemon *d, struct source *src, uint32_t events)
{
	bool asked = d->dom.stopping || d->killed;
	int status = 0;

	if (waitpid(d->dom.pid, &status, WNOHANG) != d->dom.pid)
		return;
	console_end(d);
	if (WIFSIGNALED(status))
		note("domain %s ended by signal %d (%s)", d->cfg.name, WTERMSIG(status),
		     strsignal(WTERMSIG(status)));
	else
		note("domain %s ended with status %d", d->cfg.name, WEXITSTATUS(status));
	d->kill_at = 0;
	d->killed = false;
	d->dom.last_status = status;
	domain_release(d);
	peers_close(d);
	shares_close(d);
	requests_domain_gone(d);
	daemon_failed(d, -EREMOTEIO);
	if (!d->down && !asked && restart_wanted(d, status))
		schedule_restart(d);
}
