// SPDX-License-Identifier: GPL-2.0
/* pipe_self MS: 64 bytes written and read by one program through a pipe. One op is both calls. */
#include "bench.h"
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void write_read(void *arg)
{
	int *fd = arg;
	char buf[64] = {1};

	if (write(fd[1], buf, sizeof(buf)) != sizeof(buf))
		die("write");
	if (read(fd[0], buf, sizeof(buf)) != sizeof(buf))
		die("read");
}

int main(int argc, char **argv)
{
	int fd[2];

	if (argc < 2)
		return 2;
	if (pipe2(fd, 0))
		die("pipe2");
	measure(write_read, fd, 1, atoi(argv[1]));
	return 0;
}
