// SPDX-License-Identifier: GPL-2.0
/* udp_self MS: 64 bytes sent and received by one program over two sockets. One op is both calls. */
#include "bench.h"
#include <stdlib.h>
#include <sys/socket.h>

static void send_recv(void *arg)
{
	int *fd = arg;
	char buf[64] = {1};

	if (send(fd[0], buf, sizeof(buf), 0) != sizeof(buf))
		die("send");
	if (recv(fd[1], buf, sizeof(buf), 0) != sizeof(buf))
		die("recv");
}

int main(int argc, char **argv)
{
	int fd[2] = {udp_socket(0), udp_socket(0)};

	if (argc < 2)
		return 2;
	udp_peer(fd[0], port_of(fd[1]));
	measure(send_recv, fd, 1, atoi(argv[1]));
	return 0;
}
