// SPDX-License-Identifier: GPL-2.0
/* daemon.c: the supervisor daemon: its start, main loop and timers, and the domain's reports. */
#include "daemon.h"
#include "belts.h"
#include "clients.h"
#include "conn.h"
#include "log.h"
#include "paths.h"
#include "peers.h"
#include "requests.h"
#include "shares.h"
#include "machine.h"
#include "supervisor.h"
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000

static void daemon_started(struct daemon *d, int status)
{
	if (d->started_pipe < 0)
		return;
	if (write(d->started_pipe, &status, sizeof(status)) < 0)
		note("kdom up has gone away");
	close(d->started_pipe);
	d->started_pipe = -1;
}

static void daemon_start_failed(struct daemon *d, int status)
{
	if (d->started_pipe < 0)
		return;
	d->down = true;
	if (!d->start_error)
		d->start_error = status;
}

/* ---- what the domain reports ---- */

/* No restart: it would start the same image. */
static int domain_is_alien(struct daemon *d, const struct sd_ctl_msg *m)
{
	note_error("%s was built for another ABI (its hash is %08x, kdom's %08x); run " SD_REBUILD,
		   d->cfg.image, m->abi, SD_ABI);
	d->killed = true;
	daemon_start_failed(d, -EPROTONOSUPPORT);
	return -EPROTONOSUPPORT;
}

/* At most once per client, which was attached but may have been detached since. */
static int client_ended(struct daemon *d, const struct sd_ctl_msg *m)
{
	struct conn *c = conn_by_client(d, m->u.detach.client);
	uint32_t reason = m->u.detach.reason < 0 ? -(uint32_t)m->u.detach.reason
						 : (uint32_t)m->u.detach.reason;

	if (c ? c->ended : request_ended(d, m->u.detach.client))
		return -EPROTO;
	if (c)
		c->ended = true;
	note_warn("client %u (pid %d): channel ended by the domain: %s", m->u.detach.client,
		  c ? c->real.pid : 0, strerror(reason & 0xfff));
	return 0;
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

static void restart_schedule(struct daemon *d)
{
	if (now_ms() - d->dom.started_ms > BACKOFF_MAX_MS || !d->backoff_ms)
		d->backoff_ms = BACKOFF_MIN_MS;
	note("restart in %u ms", d->backoff_ms);
	d->restart_at = now_ms() + d->backoff_ms;
	d->backoff_ms = d->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : d->backoff_ms * 2;
}

static int domain_is_ready(struct daemon *d, const struct sd_ctl_msg *m)
{
	int err = domain_serves(d, m);

	if (err)
		return err;
	daemon_started(d, 0);
	requests_domain_serves(d);

	return 0;
}

static int domain_says(struct daemon *d, const struct sd_ctl_msg *m)
{
	if (ctl_alien(m))
		return domain_is_alien(d, m);
	switch (m->type) {
	case SD_CTL_READY:
		return domain_is_ready(d, m);
	case SD_CTL_REPLY:
		return request_answered(d, m);
	case SD_CTL_PEER:
		peer_asked(d, m);
		return 0;
	case SD_CTL_SHARE_GONE:
		share_gone(d, m->u.ticket.key);
		return 0;
	case SD_CTL_ENDED:
		return client_ended(d, m);
	default:
		return -EPROTO;
	}
}

static void domain_has_ended(struct daemon *d, int status, bool asked)
{
	peers_close(d);
	shares_close(d);
	requests_domain_ended(d);
	if (d->tracer)
		shutdown(d->tracer->fd, SHUT_RDWR); /* seen by the loop, which closes it */
	daemon_start_failed(d, -EREMOTEIO);
	if (!d->down && !asked && restart_wanted(d, status))
		restart_schedule(d);
}

static const struct domain_reports daemon_reports = {
	.message = domain_says,
	.ended = domain_has_ended,
};

/* ---- the start ---- */

static void daemon_signalled(struct daemon *d, struct source *src, uint32_t events)
{
	struct signalfd_siginfo info;

	if (read(src->fd, &info, sizeof(info)) != sizeof(info))
		return;
	note("signal %u: going down", info.ssi_signo);
	d->restart_at = 0;
	d->down = true;
	request_shutdown(d);
}

static int daemon_listen(struct daemon *d)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int on = 1, off = 0;

	if (strlen(d->sock_path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, d->sock_path);
	d->listener.ready = clients_accept;
	d->listener.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (d->listener.fd < 0)
		return -errno;
	/* Set on the listener, so that connections inherit it before their first message. */
	setsockopt(d->listener.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	/* So connections that are turned away can't hold fds, if the host's kernel supports it. */
	setsockopt(d->listener.fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
	unlink(d->sock_path); /* a dead daemon's, since we have the lock */
	umask(0177);
	if (bind(d->listener.fd, (struct sockaddr *)&sun, sizeof(sun)) ||
	    listen(d->listener.fd, 4096))
		return -errno;
	umask(077);
	return loop_watch(&d->loop, &d->listener, EPOLLIN);
}

static int signals_watch(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals.ready = daemon_signalled;
	d->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals.fd < 0 ? -errno : loop_watch(&d->loop, &d->signals, EPOLLIN);
}

/* Held for the daemon's lifetime, so that two concurrent `kdom up` can't start two daemons. */
static int lock_take(struct daemon *d)
{
	char path[PATH_MAX];
	int err = paths_in_dir(path, sizeof(path), d->cfg.name, ".lock");
	int fd = err ? err : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err ? err : -errno;
	d->lock_fd = fd;
	return flock(fd, LOCK_EX | LOCK_NB) ? -EEXIST : 0;
}

static int fd_move_up(int *fd)
{
	int up = *fd < 0 || *fd >= FD_LOW ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, FD_LOW);

	if (up == *fd)
		return 0;
	if (up < 0)
		return -errno;
	close(*fd);
	*fd = up;
	return 0;
}

/* Occupies the fds below FD_LOW, so that the kernel gives us only higher ones. */
static int fds_keep_low(struct daemon *d)
{
	int err = fd_move_up(&d->cfg.image_fd);

	if (!err)
		err = fd_move_up(&d->started_pipe);
	for (int i = 0; i < d->cfg.ndev && !err; i++)
		err = fd_move_up(&d->cfg.dev[i].fd);
	for (int fd = STDERR_FILENO + 1; fd < FD_LOW && !err; fd++)
		err = dup3(STDIN_FILENO, fd, O_CLOEXEC) < 0 ? -errno : 0;
	return err;
}

static int daemon_setup(struct daemon *d)
{
	struct rlimit files;
	char name[16];
	int err;

	snprintf(name, sizeof(name), "kdom-%.10s", d->cfg.name);
	prctl(PR_SET_NAME, name);
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	err = fds_keep_low(d);
	if (err)
		return err;
	d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	err = loop_open(&d->loop);
	if (err)
		return err;
	d->cfg.hide_error = -image_hide(&d->cfg);
	err = lock_take(d);
	if (!err)
		err = paths_in_dir(d->sock_path, sizeof(d->sock_path), d->cfg.name, ".sock");
	if (!err)
		err = signals_watch(d);
	if (!err)
		err = threads_start(&d->loop);
	if (!err)
		err = domain_start(d);
	return err ? err : daemon_listen(d);
}

static uint64_t time_earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static int daemon_wait_ms(struct daemon *d)
{
	uint64_t at = time_earlier(time_earlier(requests_next_deadline(d), d->kill_at),
				   time_earlier(d->restart_at, d->dom.console.resume_at));
	uint64_t now = now_ms();

	at = time_earlier(at, d->dom.read_by);
	if (!at)
		return -1;
	return at > now ? (int)(at - now) : 0;
}

static void daemon_timers(struct daemon *d)
{
	uint64_t now = now_ms();

	requests_expire(d);
	console_timer(&d->dom.console);
	if (d->kill_at && d->kill_at <= now) {
		note_error("the domain took too long to %s; killing it",
			   d->dom.ready ? "stop" : "boot");
		d->kill_at = 0;
		domain_kill(d);
	}
	if (d->dom.read_by && d->dom.read_by <= now) {
		note_error("the domain doesn't read its control socket; killing it");
		d->dom.read_by = 0;
		domain_kill(d);
	}
	if (d->restart_at && d->restart_at <= now) {
		int err = domain_start(d);

		if (err)
			note_error("cannot restart: %s", strerror(-err));
	}
}

int daemon_main(struct config *cfg, int started_pipe)
{
	static struct daemon d;
	struct source *src;
	uint32_t events;
	int err;

	d.cfg = *cfg;
	d.started_pipe = started_pipe;
	d.dom.reports = &daemon_reports;
	err = daemon_setup(&d);
	if (err) {
		note_error("cannot start: %s", strerror(-err));
		domain_kill(&d);
		daemon_started(&d, err);
		exit(1);
	}
	while (!d.down || d.dom.pid) {
		src = loop_wait(&d.loop, daemon_wait_ms(&d), &events);
		daemon_timers(&d);
		if (src)
			src->ready(&d, src, events);
	}
	unlink(d.sock_path);
	shutdown(d.listener.fd,
		 SHUT_RDWR); /* closed by our exit: what is queued in it is unknown */
	for (int i = 0; i < d.cfg.ndev; i++)
		fds_close(&d.cfg.dev[i].fd, 1);
	close(d.lock_fd);
	requests_supervisor_ends(&d);
	/* Our exit may take long if a thread hangs. */
	for (struct conn *c = d.conns; c; c = c->next)
		shutdown(c->fd, SHUT_RDWR);
	daemon_started(&d, d.start_error); /* last: `kdom up` may retry at once */
	note("supervisor of %s ends", d.cfg.name);
	exit(0);
}
