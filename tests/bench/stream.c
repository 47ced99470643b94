// SPDX-License-Identifier: GPL-2.0
/*
 * stream server PORT, stream client PORT MS: a TCP stream of 64 KiB writes between two processes.
 * The client's figure is ns per write; buffers fill within the warm-up, so it's the rate of the
 * whole path.
 */
#include "bench.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BLOCK 65536

static char block[BLOCK];

static void write_block(void *arg)
{
	send_all(*(int *)arg, block, BLOCK);
}

static int server(uint16_t port)
{
	int l = tcp_listen(port), fd;
	ssize_t n;

	printf("ready\n");
	fflush(stdout);
	fd = accept(l, NULL, NULL);
	if (fd < 0)
		die("accept");
	while ((n = recv(fd, block, BLOCK, 0)) > 0)
		;
	return n < 0;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	uint16_t port = atoi(argv[2]);

	if (!strcmp(argv[1], "server"))
		return server(port);
	if (argc < 4)
		return 2;
	int fd = tcp_to(port);

	measure(write_block, &fd, 1, atoi(argv[3]));
	return 0;
}
