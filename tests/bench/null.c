// SPDX-License-Identifier: GPL-2.0
/*
 * null getppid|getfl MS: the cheapest call there is. getppid goes to the host; getfl is
 * fcntl(F_GETFL) of a socket, the least work that a real call makes a domain do.
 */
#include "bench.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void one_getppid(void *arg)
{
	(void)arg;
	syscall(SYS_getppid);
}

static void one_getfl(void *arg)
{
	if (fcntl(*(int *)arg, F_GETFL) < 0)
		die("F_GETFL");
}

int main(int argc, char **argv)
{
	int fd = udp_socket(0);

	if (argc < 3)
		return 2;
	measure(strcmp(argv[1], "getfl") ? one_getppid : one_getfl, &fd, 1, atoi(argv[2]));
	return 0;
}
