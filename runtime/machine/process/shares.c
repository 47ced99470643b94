// SPDX-License-Identifier: MIT
/*
 * shares.c: memory of files that programs have mapped: memfds of the supervisor (sd/share.h), 1 GiB
 * each and sparse. The fd stays open with the map: only through it can one find out which pages
 * exist without allocating them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

#define OF_HOST 4 /* all shares of a domain: a quarter of the host's memory */

static uint64_t most;

void machine_shares_allow(void)
{
	static const int calls[] = {SYS_lseek, SYS_fallocate, SYS_fstat};

	machine_seccomp_allow(calls, sizeof(calls) / sizeof(calls[0]));
}

void machine_shares_limit(const char *args)
{
	char text[16];

	if (machine_dev_arg(args, "shares", text, sizeof(text)))
		most = (uint64_t)machine_dev_num(args, "shares") << 20;
}

uint64_t machine_shares_max(void)
{
	return most ? most
		    : (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / OF_HOST;
}

int machine_share_map(int fd, struct sd_event *ev)
{
	ev->region_size = SD_SHARE_SIZE;
	ev->share_fd = fd;
	ev->region = mmap(NULL, SD_SHARE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return ev->region == MAP_FAILED ? -errno : 0;
}

void machine_share_unmap(void *mem, int fd)
{
	munmap(mem, SD_SHARE_SIZE);
	close(fd);
}

/* Called only by the vCPU. */
int machine_share_data(int fd, uint64_t *from, uint64_t *to)
{
	off_t at = lseek(fd, (off_t)*from, SEEK_DATA), end;

	if (at < 0)
		return 0;
	end = lseek(fd, at, SEEK_HOLE);
	*from = (uint64_t)at;
	*to = end < 0 ? SD_SHARE_SIZE : (uint64_t)end;
	return 1;
}

int machine_share_zero(int fd, uint64_t from, uint64_t to)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from,
			 (off_t)(to - from))
		       ? -errno
		       : 0;
}

uint64_t machine_share_held(int fd)
{
	struct stat st;

	if (syscall(SYS_fstat, fd, &st))
		return SD_SHARE_SIZE;
	return (uint64_t)st.st_blocks * 512;
}
