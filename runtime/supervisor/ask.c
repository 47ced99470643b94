// SPDX-License-Identifier: GPL-2.0
/* ask.c: a command's request to a daemon over NAME.sock. */
#include "ask.h"
#include "ctlmsg.h"
#include "log.h"
#include "paths.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

int ask_connect(const char *name)
{
	char path[PATH_MAX];
	int err = paths_in_dir(path, sizeof(path), name, ".sock");

	return err ? err : ask_connect_path(path);
}

int ask_connect_path(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int sock, err;

	if (strlen(path) >= sizeof(sun.sun_path)) {
		say("%s: longer than a socket's path may be (%zu); set KDOM_DIR to a shorter one",
		    path, sizeof(sun.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	strcpy(sun.sun_path, path);
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return -errno;
	if (connect(sock, (struct sockaddr *)&sun, sizeof(sun))) {
		err = -errno;
		close(sock);
		return err;
	}
	return sock;
}

int ask(int sock, uint16_t type, struct sd_ctl_msg *reply, int timeout_ms)
{
	ctl_init(reply, type, 1);
	return ask_with(sock, reply, timeout_ms);
}

int ask_with(int sock, struct sd_ctl_msg *m, int timeout_ms)
{
	uint16_t type = m->type;
	struct pollfd pfd = {.fd = sock, .events = POLLIN};
	uint64_t end = now_ms() + timeout_ms;
	int fds[SD_CTL_FDS_MAX], err, n;

	err = ctl_send(sock, m, NULL, 0);
	if (err)
		return err;
	for (;;) {
		uint64_t now = now_ms();

		n = poll(&pfd, 1, end > now ? (int)(end - now) : 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ETIMEDOUT;
		break;
	}
	err = ctl_recv(SD_CTL_TO_CLIENT, sock, m, fds);
	if (err)
		return err;
	fds_close(fds, SD_CTL_FDS_MAX);
	return m->type == SD_CTL_REPLY && m->of == type ? 0 : -EPROTO;
}
