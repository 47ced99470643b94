// SPDX-License-Identifier: GPL-2.0
/* blocked socket|pipe|file [DIR]: says "ready" and waits in a call for what never comes: data, or
 * another's lock on a file in DIR. */
#include "bench.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

static void ready(void)
{
	printf("ready\n");
	fflush(stdout);
}

static void on_file(const char *dir)
{
	char path[4096];
	int fd[2];

	snprintf(path, sizeof(path), "%s/blocked.lock", dir);
	for (int i = 0; i < 2; i++) {
		fd[i] = open(path, O_RDWR | O_CREAT, 0600);
		if (fd[i] < 0)
			die(path);
		if (i)
			ready();
		if (flock(fd[i], LOCK_EX))
			die("flock");
	}
}

int main(int argc, char **argv)
{
	int fd[2] = {-1, -1};
	char c;

	if (argc == 3 && !strcmp(argv[1], "file")) {
		on_file(argv[2]);
	} else if (argc == 2 && !strcmp(argv[1], "socket")) {
		fd[0] = udp_socket(0);
		ready();
		recv(fd[0], &c, 1, 0);
	} else if (argc == 2 && !strcmp(argv[1], "pipe") && !pipe2(fd, 0)) {
		ready();
		read(fd[0], &c, 1);
	} else {
		return 2;
	}
	die("it doesn't wait");
}
