// SPDX-License-Identifier: GPL-2.0
/* peers.c: connections to other domains that ours calls: this daemon attaches to their daemons like
 * any client, and passes what it gets to its domain. */
#include "peers.h"
#include "ctlmsg.h"
#include "log.h"
#include "paths.h"
#include "supervisor.h"
#include <sd/ring.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/un.h>
#include <unistd.h>

/* Tells the domain, as the answer to PEER or, if `of` is 0, as PEER_GONE. Takes fds over. */
static void peer_tell(struct daemon *d, const char *name, uint16_t of, int result,
		      const struct sd_ctl_attach *a, const int *fds)
{
	struct sd_ctl_msg m;

	ctl_init(&m, of ? SD_CTL_REPLY : SD_CTL_PEER_GONE, 0);
	m.of = of;
	m.result = result;
	memcpy(m.u.peer.name, name, SD_NAME_MAX);
	if (a) {
		m.u.peer.generation = a->generation;
		m.u.peer.stubs = a->stubs;
		m.u.peer.region_size = a->region_size;
	}
	if (domain_send(d, &m, fds, a ? SD_CTL_FDS_MAX : 0)) {
		note_error("no memory to tell the domain of %s; killing it", name);
		domain_kill(d);
	}
}

static void peer_close(struct daemon *d, struct peer *p)
{
	struct peer **link = &d->peers;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	loop_unwatch(&d->loop, &p->src);
	free(p);
}

static int peer_answer(struct daemon *d, struct peer *p, const struct sd_ctl_msg *m, int *fds)
{
	if (p->attached || m->type != SD_CTL_REPLY || m->of != SD_CTL_ATTACH)
		return -EPROTO;
	if (m->result < 0)
		return m->result;
	if (m->result || m->nfds != SD_CTL_FDS_MAX || ctl_alien(m) ||
	    m->u.attach.region_size != SD_REGION_SIZE)
		return -EPROTO;
	p->attached = true;
	peer_tell(d, p->name, SD_CTL_PEER, 0, &m->u.attach, fds);
	note("attached to domain %s, generation %u", p->name, m->u.attach.generation);
	return 0;
}

static void peer_ready(struct daemon *d, struct source *src, uint32_t events)
{
	struct peer *p = (struct peer *)src; /* src is its first member */
	struct sd_ctl_msg m;
	int fds[SD_CTL_FDS_MAX], err;

	err = ctl_recv(SD_CTL_TO_CLIENT, src->fd, &m, fds);
	if (err == -EAGAIN)
		return;
	if (!err) {
		err = peer_answer(d, p, &m, fds);
		if (!err)
			return;
		fds_close(fds, SD_CTL_FDS_MAX);
	}
	note_warn("domain %s: %s", p->name,
		  err == -EPIPE ? "its supervisor has ended" : strerror(-err));
	peer_tell(d, p->name, p->attached ? 0 : SD_CTL_PEER, err == -EPIPE ? -EREMOTEIO : err, NULL,
		  NULL);
	peer_close(d, p);
}

static int peer_ask_attach(int sock, const char *calls)
{
	struct sd_ctl_msg m;

	ctl_init(&m, SD_CTL_ATTACH, 1);
	memcpy(m.u.attach.calls, calls, SD_CALLS_MAX);
	return ctl_send(sock, &m, NULL, 0);
}

/* A socket that will receive the answer, or -errno. */
static int peer_connect(const char *name, const char *calls)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char path[PATH_MAX];
	int sock, err;

	if (paths_in_dir(path, sizeof(path), name, ".sock") || strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	strcpy(sun.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	err = connect(sock, (struct sockaddr *)&sun, sizeof(sun)) ? -EREMOTEIO
								  : peer_ask_attach(sock, calls);
	if (!err)
		return sock;
	close(sock);
	return err;
}

static int peer_open(struct daemon *d, const char *name, const char *calls)
{
	struct peer *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	memcpy(p->name, name, SD_NAME_MAX);
	p->src.ready = peer_ready;
	p->src.fd = peer_connect(name, calls);
	err = p->src.fd < 0 ? p->src.fd : loop_watch(&d->loop, &p->src, EPOLLIN);
	if (err) {
		if (p->src.fd >= 0)
			close(p->src.fd);
		free(p);
		return err;
	}
	p->next = d->peers;
	d->peers = p;
	return 0;
}

void peer_asked(struct daemon *d, const struct sd_ctl_msg *m)
{
	char name[SD_NAME_MAX];
	struct peer *p;
	int i = 0, err;

	memcpy(name, m->u.peer.name, SD_NAME_MAX);
	name[SD_NAME_MAX - 1] = 0;
	while (i < d->cfg.npeers && strcmp(d->cfg.peer[i].name, name))
		i++;
	/* Not the domain's fault: the name may come from a client. */
	if (i == d->cfg.npeers) {
		peer_tell(d, name, SD_CTL_PEER, -EPERM, NULL, NULL);
		return;
	}
	for (p = d->peers; p && strcmp(p->name, name); p = p->next)
		;
	if (p)
		peer_close(d, p);
	err = peer_open(d, d->cfg.peer[i].name, d->cfg.peer[i].calls);
	if (err)
		peer_tell(d, name, SD_CTL_PEER, err, NULL, NULL);
}

void peers_close(struct daemon *d)
{
	while (d->peers)
		peer_close(d, d->peers);
}
