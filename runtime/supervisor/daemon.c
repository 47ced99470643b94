// SPDX-License-Identifier: GPL-2.0
/* The supervisor daemon: one epoll loop, one event at a time, so that a handler may free any
 * source. All sources have the same number of turns; connections are by uid (crowds.c). */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int daemon_watch(struct daemon *d, struct source *src, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = src};

	if (!epoll_ctl(d->epoll, EPOLL_CTL_MOD, src->fd, &ev))
		return 0;
	return epoll_ctl(d->epoll, EPOLL_CTL_ADD, src->fd, &ev) ? -errno : 0;
}

void daemon_unwatch(struct daemon *d, struct source *src)
{
	if (src->fd < 0)
		return;
	epoll_ctl(d->epoll, EPOLL_CTL_DEL, src->fd, NULL);
	close(src->fd);
	src->fd = -1;
}

void daemon_started(struct daemon *d, int status)
{
	if (d->started_pipe < 0)
		return;
	if (write(d->started_pipe, &status, sizeof(status)) < 0)
		note("kdom up has gone away");
	close(d->started_pipe);
	d->started_pipe = -1;
}

void daemon_failed(struct daemon *d, int status)
{
	if (d->started_pipe < 0)
		return;
	d->down = true;
	if (!d->start_error)
		d->start_error = status;
}

static void signalled(struct daemon *d, struct source *src, uint32_t events)
{
	struct signalfd_siginfo info;

	if (read(src->fd, &info, sizeof(info)) != sizeof(info))
		return;
	note("signal %u: going down", info.ssi_signo);
	d->restart_at = 0;
	d->down = true;
	domain_stop(d);
}

static int listen_on(struct daemon *d)
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
	/* Here already: connections inherit it, and so have it before the first message. */
	setsockopt(d->listener.fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	/* Nothing then lies in one that is turned away, where the host's kernel has that. */
	setsockopt(d->listener.fd, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off));
	unlink(d->sock_path); /* the lock says that it is a dead daemon's */
	umask(0177);
	if (bind(d->listener.fd, (struct sockaddr *)&sun, sizeof(sun)) ||
	    listen(d->listener.fd, 4096))
		return -errno;
	umask(077);
	return daemon_watch(d, &d->listener, EPOLLIN);
}

static int watch_signals(struct daemon *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals.ready = signalled;
	d->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return d->signals.fd < 0 ? -errno : daemon_watch(d, &d->signals, EPOLLIN);
}

/* Held for the daemon's life, so that two `kdom up` at once can't make two daemons. */
static int take_lock(struct daemon *d)
{
	char path[PATH_MAX];
	int err = paths_in_dir(path, sizeof(path), d->cfg.name, ".lock");
	int fd = err ? err : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err ? err : -errno;
	d->lock_fd = fd;
	return flock(fd, LOCK_EX | LOCK_NB) ? -EEXIST : 0;
}

static int move_up(int *fd)
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

/* From now on the kernel gives us none below FD_LOW. */
static int keep_low(struct daemon *d)
{
	int err = move_up(&d->cfg.image_fd);

	if (!err)
		err = move_up(&d->started_pipe);
	for (int i = 0; i < d->cfg.ndev && !err; i++)
		err = move_up(&d->cfg.dev[i].fd);
	for (int fd = STDERR_FILENO + 1; fd < FD_LOW && !err; fd++)
		err = dup3(STDIN_FILENO, fd, O_CLOEXEC) < 0 ? -errno : 0;
	return err;
}

static int setup(struct daemon *d)
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
	err = keep_low(d);
	if (err)
		return err;
	d->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (d->epoll < 0)
		return -errno;
	d->cfg.hide_error = -image_hide(&d->cfg);
	err = take_lock(d);
	if (!err)
		err = paths_in_dir(d->sock_path, sizeof(d->sock_path), d->cfg.name, ".sock");
	if (!err)
		err = watch_signals(d);
	if (!err)
		err = threads_start(d);
	if (!err)
		err = domain_start(d);
	return err ? err : listen_on(d);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return !a || (b && b < a) ? b : a;
}

static int wait_ms(struct daemon *d)
{
	uint64_t at = earlier(earlier(requests_next_deadline(d), d->kill_at),
			      earlier(d->restart_at, d->dom.console_at));
	uint64_t now = now_ms();

	at = earlier(at, d->dom.read_by);
	if (!at)
		return -1;
	return at > now ? (int)(at - now) : 0;
}

static void timers(struct daemon *d)
{
	uint64_t now = now_ms();

	requests_expire(d);
	console_timer(d);
	if (d->kill_at && d->kill_at <= now) {
		note("the domain took too long to %s; killing it", d->dom.ready ? "stop" : "boot");
		d->kill_at = 0;
		domain_kill(d);
	}
	if (d->dom.read_by && d->dom.read_by <= now) {
		note("the domain doesn't read its control socket; killing it");
		d->dom.read_by = 0;
		domain_kill(d);
	}
	if (d->restart_at && d->restart_at <= now) {
		int err = domain_start(d);

		if (err)
			note("cannot restart: %s", strerror(-err));
	}
}

int daemon_main(struct config *cfg, int started_pipe)
{
	static struct daemon d;
	struct epoll_event ev;
	int err;

	d.cfg = *cfg;
	d.started_pipe = started_pipe;
	err = setup(&d);
	if (err) {
		note("cannot start: %s", strerror(-err));
		domain_kill(&d);
		daemon_started(&d, err);
		exit(1);
	}
	while (!d.down || d.dom.pid) {
		int n = epoll_wait(d.epoll, &ev, 1, wait_ms(&d));

		timers(&d);
		if (n == 1) {
			struct source *src = ev.data.ptr;

			src->ready(&d, src, ev.events);
		}
	}
	unlink(d.sock_path);
	shutdown(d.listener.fd, SHUT_RDWR); /* closed by our end: who knows what lies in it */
	for (int i = 0; i < d.cfg.ndev; i++)
		fds_close(&d.cfg.dev[i].fd, 1);
	close(d.lock_fd);
	requests_down(&d);
	/* Our end may take long, where a thread hangs. */
	for (struct conn *c = d.conns; c; c = c->next)
		shutdown(c->fd, SHUT_RDWR);
	daemon_started(&d, d.start_error); /* last of all: who is told may try again at once */
	note("supervisor of %s ends", d.cfg.name);
	exit(0);
}
