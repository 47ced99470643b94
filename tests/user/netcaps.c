// SPDX-License-Identifier: GPL-2.0
// netcaps, as root: what capabilities allow on sockets, and no longer once they were given up. See
// filecaps.c and transcript.h.
#define _GNU_SOURCE
#include "transcript.h"
#include "caps.h"
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define USER 12345

static int option(int level, int name, int value)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0),
	    r = setsockopt(fd, level, name, &value, sizeof(value)), err = errno;

	close(fd);
	errno = err;
	return r;
}

static int bound(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
				.sin_port = htons(port),
				.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), r = bind(fd, (void *)&a, sizeof(a)), err = errno;

	close(fd);
	errno = err;
	return r;
}

static int flags_of_lo(void)
{
	struct ifreq r = {.ifr_name = "lo"};
	int fd = socket(AF_INET, SOCK_DGRAM, 0),
	    ret = ioctl(fd, SIOCGIFFLAGS, &r) ?: ioctl(fd, SIOCSIFFLAGS, &r), err = errno;

	close(fd);
	errno = err;
	return ret;
}

static void may(void)
{
	FD(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)); /* CAP_NET_RAW */
	T(bound(81));				     /* CAP_NET_BIND_SERVICE */
	T(option(SOL_SOCKET, SO_PRIORITY, 7));	     /* CAP_NET_ADMIN or RAW, as the next */
	T(option(IPPROTO_IP, IP_TRANSPARENT, 1));
	T(option(SOL_SOCKET, SO_RCVBUFFORCE, 65536)); /* CAP_NET_ADMIN */
	T(flags_of_lo());
}

static void execute(void)
{
	T(execl("/proc/self/exe", "netcaps", "may", NULL));
}

static const int each[] = {CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_NET_ADMIN};

static void one_by_one(void)
{
	struct __user_cap_data_struct all[2], d[2];

	may();
	T(caps_get(all));
	for (unsigned i = 0; i < sizeof(each) / sizeof(each[0]); i++) {
		memcpy(d, all, sizeof(d));
		d[0].effective &= ~(1u << each[i]);
		T(caps_set(d));
		may();
		d[0].effective = 1u << each[i];
		T(caps_set(d));
		may();
		T(caps_set(all));
	}
	may();
}

static void bounding(void)
{
	T(prctl(PR_CAPBSET_DROP, CAP_NET_RAW));
	T(prctl(PR_CAPBSET_DROP, CAP_NET_ADMIN));
	may();
	execute();
}

static void for_good(void)
{
	struct __user_cap_data_struct d[2];

	T(caps_get(d));
	d[0].effective = d[0].permitted &= ~(1u << CAP_NET_BIND_SERVICE);
	T(caps_set(d));
	may();
}

static void told_for_good(void)
{
	may();
	for_good();
	in_child(may);
	execute(); /* root again */
}

static void effective(void)
{
	may();
	T(seteuid(USER));
	may();
	T(seteuid(0));
	may();
	T(setresuid(USER, USER, USER));
	may();
	execute();
}

static void kept(void)
{
	may();
	T(prctl(PR_SET_KEEPCAPS, 1));
	T(setresuid(USER, USER, USER));
	may();
	for_good();
}

static void other_users(void)
{
	may();
	T(unshare(CLONE_NEWUSER));
	may();
}

int main(int argc, char **argv)
{
	void (*const cases[])(void) = {one_by_one, bounding, for_good,	 told_for_good,
				       effective,  kept,     other_users};

	(void)argv;
	base = "/no such directory";
	if (argc > 1) {
		may();
		return 0;
	}
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		out("---- case %u\n", i);
		in_child(cases[i]);
	}
	return 0;
}
