// SPDX-License-Identifier: GPL-2.0
/*
 * hog awake|slept: one call that runs very long, in $FAULT_DIR: sendfile() of a file to its own
 * end, byte by byte, until 2 GiB are copied or the disk is full. Prints "busy" before and "ended"
 * after it. slept: it has to wait for the disk first.
 */
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const char *dir = getenv("FAULT_DIR");
	char path[4096];
	off_t from = 0;

	if (argc != 2 || !dir) {
		fprintf(stderr, "usage: FAULT_DIR=... hog awake|slept\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/hog", dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write_all(fd, "x", 1) || fsync(fd)) {
		perror(path);
		return 1;
	}
	if (!strcmp(argv[1], "slept") && (errno = posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))) {
		perror("posix_fadvise");
		return 1;
	}
	printf("busy\n");
	fflush(stdout);
	ssize_t n = sendfile(fd, fd, &from, INT_MAX);

	printf("ended %zd\n", n);
	return n < 0;
}
