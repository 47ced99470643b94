// SPDX-License-Identifier: GPL-2.0
/*
 * echo udp|tcp server PORT, echo udp|tcp client PORT MS: one byte there and back between two
 * processes. The client takes PORT + 1 with UDP. The server ends when the TCP client goes; with UDP
 * it is killed.
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static void there_and_back(void *arg)
{
	int fd = *(int *)arg;
	char c = 'e';

	if (send(fd, &c, 1, 0) != 1)
		die("send");
	if (recv(fd, &c, 1, 0) != 1)
		die("recv");
}

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static int server(int udp, uint16_t port)
{
	int fd = udp ? udp_socket(port) : tcp_listen(port), one = 1;
	char c;

	ready();
	if (udp) {
		udp_peer(fd, port + 1);
	} else {
		fd = accept(fd, NULL, NULL);
		if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)))
			die("accept");
	}
	while (recv(fd, &c, 1, 0) == 1)
		if (send(fd, &c, 1, 0) != 1)
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	int udp = !strcmp(argv[1], "udp"), fd;
	uint16_t port = atoi(argv[3]);

	if (!strcmp(argv[2], "server"))
		return server(udp, port);
	if (argc < 5)
		return 2;
	fd = udp ? udp_socket(port + 1) : tcp_to(port);
	if (udp)
		udp_peer(fd, port);
	measure(there_and_back, &fd, 1, atoi(argv[4]));
	return 0;
}
