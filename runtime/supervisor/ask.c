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
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	char path[PATH_MAX];
	int sock, err;

	err = paths_in_dir(path, sizeof(path), name, ".sock");
	if (err)
		return err;
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
	struct pollfd pfd = {.fd = sock, .events = POLLIN};
	uint64_t end = now_ms() + timeout_ms;
	int fds[SD_CTL_FDS_MAX], err, n;

	ctl_init(reply, type, 1);
	err = ctl_send(sock, reply, NULL, 0);
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
	err = ctl_recv(SD_CTL_TO_CLIENT, sock, reply, fds);
	if (err)
		return err;
	fds_close(fds, SD_CTL_FDS_MAX);
	return reply->type == SD_CTL_REPLY && reply->of == type ? 0 : -EPROTO;
}
