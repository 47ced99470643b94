// SPDX-License-Identifier: GPL-2.0
/* domain.c: see domain.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include <sd/control_msg.h>
#include "domain.h"

static void fail(const char *what)
{
	fprintf(stderr, "domain: %s: %s\n", what, strerror(errno));
	abort();
}

__attribute__((weak)) int sd_copy_from_prog(void *dst, const void *prog, u64 len)
{
	memcpy(dst, prog, len);
	return 0;
}

__attribute__((weak)) int sd_copy_to_prog(void *prog, const void *src, u64 len)
{
	memcpy(prog, src, len);
	return 0;
}

__attribute__((weak)) u64 sd_writable(void *prog, u64 len)
{
	return len;
}

void domain_send(struct domain *d, struct sd_ctl_msg *m, const int *fds, int nfds)
{
	union sd_ctl_room room;
	struct iovec iov = {m, sizeof(*m)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &room};

	sd_ctl_seal(m, (uint32_t)nfds);
	m->abi = d->abi;
	h.msg_controllen = sd_ctl_give(&room, fds, (uint32_t)nfds);
	if (sendmsg(d->ctl, &h, MSG_NOSIGNAL) != sizeof(*m))
		fail("sending a control message");
}

static void receive(struct domain *d, struct sd_ctl_msg *m)
{
	ssize_t n = recv(d->ctl, m, sizeof(*m), 0);

	if (n != sizeof(*m))
		fail("the domain closed its control socket");
	if (sd_ctl_check(SD_CTL_FROM_DOMAIN, m, (uint64_t)n, 0, 0) > SD_CTL_ALIEN)
		fail("the domain sends what it may not send");
	if (m->type == SD_CTL_ENDED) {
		d->ended_client = (int)m->u.detach.client;
		d->ended_reason = m->u.detach.reason;
	}
}

static int ask(struct domain *d, struct sd_ctl_msg *m, const int *fds, int nfds)
{
	uint32_t seq = ++d->seq;

	m->seq = seq;
	domain_send(d, m, fds, nfds);
	do
		receive(d, m);
	while (m->type != SD_CTL_REPLY || m->seq != seq);
	return m->result;
}

/* tests/common/devices.py says what the domain's device is: the file as fd 5, if it has one, and
 * the image's argument. */
static int open_device(const char **arg)
{
	const char *file = getenv("KSLICE_DEV_FILE");
	int dev;

	*arg = getenv("KSLICE_DEV");
	if (!*arg || !**arg)
		*arg = NULL;
	if (!*arg || !file || !*file)
		return -1;
	dev = open(file, O_RDWR);
	if (dev < 0)
		fail(file);
	return dev;
}

static void child(const char *image, int ctl, int wake_page, int mem_mb)
{
	const char *dev_arg, *argv[6] = {NULL};
	int dev = open_device(&dev_arg), n = 3;
	char mem[32];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(mem, sizeof(mem), "--mem=%d", mem_mb);
	/* Numbers out of the way first: either may be 3 or 4. */
	ctl = fcntl(ctl, F_DUPFD, 100);
	wake_page = fcntl(wake_page, F_DUPFD, 100);
	if (dev >= 0 && (dev = fcntl(dev, F_DUPFD, 100)) < 0)
		fail(dev_arg);
	dup2(ctl, SD_CTL_FD);
	dup2(wake_page, SD_WAKE_PAGE_FD);
	if (dev >= 0)
		dup2(dev, 5);
	close_range(dev >= 0 ? 6 : 5, ~0u, 0);
	argv[0] = image;
	argv[1] = "--control";
	argv[2] = mem;
	if (dev_arg)
		argv[n++] = dev_arg;
	if (getenv("KSLICE_PEERS"))
		argv[n] = "--peers";
	execv(image, (char *const *)(uintptr_t)argv);
	fail(image);
}

void domain_start(struct domain *d, const char *image, int mem_mb)
{
	struct sd_ctl_msg m;
	int sv[2], wake_page;

	memset(d, 0, sizeof(*d));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv))
		fail("socketpair");
	wake_page = memfd_create("wake-page", MFD_CLOEXEC);
	if (wake_page < 0 || ftruncate(wake_page, 4096))
		fail("wake-up page");
	d->wake_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, wake_page, 0);
	d->wake_page->alive = 1;
	d->pid = fork();
	if (!d->pid)
		child(image, sv[1], wake_page, mem_mb);
	close(sv[1]);
	close(wake_page);
	d->ctl = sv[0];
	receive(d, &m);
	if (m.type != SD_CTL_READY)
		fail("no READY");
	d->abi = m.abi; /* the supervisor's tests are about that, not these */
}

void domain_stop(struct domain *d)
{
	struct sd_ctl_msg m = {.type = SD_CTL_SHUTDOWN};
	int status;

	ask(d, &m, NULL, 0);
	if (waitpid(d->pid, &status, 0) != d->pid || status) {
		fprintf(stderr, "domain: ended with status %x\n", status);
		abort();
	}
	close(d->ctl);
	munmap(d->wake_page, 4096);
}

int domain_attach(struct domain *d, struct dclient *c, uint32_t parent, uint32_t uid)
{
	return domain_attach_peer(d, c, parent, uid, "");
}

/* Root's. */
static const struct sd_ctl_cred all_cred = {
	.permitted = ~0ull, .effective = ~0ull, .bounding = ~0ull};

int domain_attach_peer(struct domain *d, struct dclient *c, uint32_t parent, uint32_t uid,
		       const char *calls)
{
	struct sd_ctl_msg m = {.type = SD_CTL_ATTACH};
	int fds[2], ret;

	fds[0] = memfd_create("region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fds[0] < 0 || ftruncate(fds[0], SD_REGION_SIZE) ||
	    fcntl(fds[0], F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		fail("region");
	fds[1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	c->id = ++d->next_client;
	c->notify_fd = fds[1];
	c->base = mmap(NULL, SD_REGION_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fds[0], 0);
	if (!uid)
		memcpy((uint8_t *)c->base + SD_HEAD_SIZE + SD_ARENA_OFF, &all_cred,
		       sizeof(all_cred));
	m.u.attach.client = c->id;
	m.u.attach.parent = parent;
	m.u.attach.pid = (uint32_t)getpid();
	m.u.attach.uid = m.u.attach.gid = m.u.attach.ruid = m.u.attach.rgid = uid;
	m.u.attach.region_size = SD_REGION_SIZE;
	strncpy(m.u.attach.calls, calls, sizeof(m.u.attach.calls) - 1);
	ret = ask(d, &m, fds, 2);
	close(fds[0]);
	return ret;
}

int domain_detach(struct domain *d, struct dclient *c)
{
	struct sd_ctl_msg m = {.type = SD_CTL_DETACH, .u.detach.client = c->id};

	munmap(c->base, SD_REGION_SIZE);
	close(c->notify_fd);
	return ask(d, &m, NULL, 0);
}

int domain_ticket(struct domain *d, const u64 key[2], bool hold)
{
	struct sd_ctl_msg m = {.type = SD_CTL_TICKET,
			       .u.ticket = {.key = {key[0], key[1]}, .hold = hold}};

	return ask(d, &m, NULL, 0);
}

void domain_stats(struct domain *d, struct sd_ctl_stats *s)
{
	struct sd_ctl_msg m = {.type = SD_CTL_STATS};

	if (ask(d, &m, NULL, 0))
		fail("stats");
	*s = m.u.stats;
}

int domain_wait_ended(struct domain *d, uint32_t client)
{
	struct sd_ctl_msg m;

	while (d->ended_client != (int)client)
		receive(d, &m);
	return d->ended_reason;
}

void dclient_qp(struct domain *d, struct dclient *c, struct sd_qp *l, uint32_t index)
{
	sd_qp_init(l, c->base, index, d->wake_page, sd_transport_client(NULL));
}

struct domain dom;

int dom_start(void **state)
{
	const char *image = getenv("KSLICE_IMAGE");

	(void)state;
	domain_start(&dom, image ? image : "build/net/net.image", 64);
	return 0;
}

int dom_stop(void **state)
{
	(void)state;
	domain_stop(&dom);
	return 0;
}
