// SPDX-License-Identifier: GPL-2.0
/* The domain's end: what its control thread makes of a supervisor's messages, and the vCPU of the
 * events they become. */
#include <sd/control.h>

#undef SD_SHARE_SIZE /* of each map ASan clears the shadow */
#define SD_SHARE_SIZE (1ull << 16)
#include "../../../runtime/machine/process/ctl.c"
#include "../../../runtime/machine/process/shares.c"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>

#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static jmp_buf ended; /* the process would be: machine_die(), machine_halt() */

static int supervisor_end, died, first_free;
static struct sd_event kept[64]; /* shares in use */
static unsigned nkept;

int machine_unlocked; /* seccomp.c's */

void machine_doorbell(unsigned int bit)
{
}

void machine_die(const char *fmt, ...)
{
	died = 1;
	longjmp(ended, 1);
}

void machine_halt(int status)
{
	died = 1;
	longjmp(ended, 1);
}

void machine_peers_wait(int ctl)
{
}

int machine_peer_attached(const struct sd_ctl_msg *msg, const int *fds, struct sd_event *ev)
{
	return -1;
}

void machine_seccomp_enter(void)
{
}

void machine_seccomp_allow(const int *calls, size_t n)
{
}

bool machine_dev_arg(const char *args, const char *key, char *buf, size_t size)
{
	return false;
}

long machine_dev_num(const char *args, const char *key)
{
	return 0;
}

int machine_thread_start(void *(*fn)(void *), void *arg)
{
	return 0;
}

static void say_something(struct input *in)
{
	static const uint16_t types[] = {SD_CTL_ATTACH, SD_CTL_ATTACH,	 SD_CTL_DETACH,
					 SD_CTL_SHARE,	SD_CTL_STATS,	 SD_CTL_TICKET,
					 SD_CTL_REPLY,	SD_CTL_PEER_GONE};
	uint8_t what = choice(in);
	uint16_t type = what & 128 ? what & 31 : types[what & 7];
	int fds[FUZZ_FDS], n = type == SD_CTL_ATTACH ? 2 : type == SD_CTL_SHARE;
	struct sd_ctl_msg m;
	size_t len;

	if (what & 64)
		n = choice(in) % 13;
	for (int i = 0; i < n; i++)
		fds[i] = memfd_create("fuzz", MFD_CLOEXEC);
	len = fuzz_message(in, &m, type, n);
	if (type == SD_CTL_ATTACH && !(what & 32))
		m.u.attach.region_size = 1ull << choice(in) % 24;
	fuzz_send(supervisor_end, &m, len, fds, n);
	close_fds(fds, n);
}

/* As the kernel side does, which may refuse, or answer later. */
static void take_events(struct input *in)
{
	struct sd_ctl_stats stats = {0};
	struct sd_event ev;

	while (machine_event(&ev)) {
		int result = choice(in) & 1 ? -ENOMEM : 0;

		if (ev.type == SD_CTL_REPLY || ev.type == SD_CTL_PEER ||
		    ev.type == SD_CTL_PEER_GONE)
			continue;
		if (ev.type == SD_CTL_SHARE && !result && nkept < 64)
			kept[nkept++] = ev;
		else if (ev.type == SD_CTL_SHARE)
			result = -ENOMEM;
		machine_event_done(&ev, result, &stats);
	}
}

static void run(struct input *in)
{
	struct sd_ctl_msg msg;
	struct sd_ctl_came came;
	char answer[256];

	for (int i = 0; in->left && i < 60; i++) {
		say_something(in);
		if (recv(SD_CTL_FD, answer, sizeof(answer), MSG_PEEK | MSG_DONTWAIT) < 0)
			continue;
		if (!message_receive(&msg, &came))
			machine_halt(0);
		message_handle(&msg, came.fd, came.nfds);
		if (choice(in) & 1)
			take_events(in);
		while (recv(supervisor_end, answer, sizeof(answer), MSG_DONTWAIT) > 0)
			;
	}
	take_events(in);
}

static void forget_all(void)
{
	struct sd_event ev;

	while (machine_event(&ev))
		if (ev.type == SD_CTL_SHARE)
			machine_share_unmap(ev.region, ev.share_fd);
	while (nkept) {
		ev = kept[--nkept];
		machine_share_done(ev.region, ev.share_fd, ev.ticket.key);
	}
	for (int i = 0; i < SD_CLIENTS_MAX; i++)
		if (clients[i].client) {
			client_release(&clients[i]);
			memset(&clients[i], 0, sizeof(clients[i]));
		}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	int low = open("/dev/null", O_RDONLY);

	while (low < SD_CTL_FD) /* it will be a socket's in each case */
		low = open("/dev/null", O_RDONLY);
	first_free = fcntl(low, F_DUPFD, SD_CTL_FD + 1);
	close(first_free);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	int pair[2], before = fuzz_fds();

	FUZZ_CHECK(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	FUZZ_CHECK(dup2(pair[1], SD_CTL_FD) == SD_CTL_FD);
	close(pair[1]);
	supervisor_end = pair[0];
	died = 0;
	if (!setjmp(ended))
		run(&in);
	forget_all();
	close(supervisor_end);
	FUZZ_CHECK(dup2(STDERR_FILENO, SD_CTL_FD) == SD_CTL_FD);
	/* A process that ends closes what it was about to take. */
	if (died)
		close_range(first_free, ~0u, 0);
	else
		FUZZ_CHECK(fuzz_fds() == before);
	return 0;
}
