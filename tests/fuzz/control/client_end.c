// SPDX-License-Identifier: GPL-2.0
/* The real client's code, without the rest of the hook. */
#include "../../../runtime/client/channel/attach.c"

#include "client.h"

static const struct sd_domain_stubs stubs = {.name = "fuzz"};
struct sd_domain sd_domain[SD_DOMAINS];
u32 sd_ndomains = 1;

void sd_say(enum sd_log_level level, const char *place, const char *cause, const char *cure)
{
}

char *sd_stpcpy(char *to, const char *from)
{
	while ((*to = *from++))
		to++;
	return to;
}

char *sd_utoa(char *to, u64 n)
{
	*to = 0;
	return to;
}

char *sd_xtoa(char *to, u32 n)
{
	*to = 0;
	return to;
}

int sd_fd_hide(struct sd_thread *t, s32 *fd)
{
	return 0;
}

void sd_fd_unhide_close(struct sd_files *f, s32 fd)
{
}

long client_takes(int sock, unsigned short of, int peek, int *fd, unsigned int *nfds)
{
	u32 flags = MSG_DONTWAIT | (peek ? MSG_PEEK : 0);
	struct sd_ctl_came came;
	struct sd_ctl_msg m;
	long n;

	sd_domain[0].stubs = &stubs;
	n = ctl_receive(sock, &flags, &m, &came);
	n = n < 0 ? n : ctl_check(0, &m, n, flags, of, came.nfds);
	if (!n && of == SD_CTL_ATTACH)
		n = check_attached(0, &m);
	*nfds = 0;
	if (n) {
		close_came(&came);
		return n;
	}
	for (; *nfds < came.nfds; ++*nfds)
		fd[*nfds] = came.fd[*nfds];
	return 0;
}
