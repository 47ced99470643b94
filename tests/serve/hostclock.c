// SPDX-License-Identifier: GPL-2.0
/*
 * hostclock.c, linked with a domain's machine (clock.sh): a host whose CLOCK_REALTIME can be set.
 * It is ahead of the real one by the number (ns, s64) in the file HOSTCLOCK, which the test may
 * write at any time.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NSEC 1000000000ll

static const int64_t *ahead;
static int (*host_gettime)(clockid_t id, struct timespec *ts);

/* Before main(): no file can be opened later, its machine has a filter of system calls by then. */
__attribute__((constructor)) static void setup(void)
{
	int fd = open(getenv("HOSTCLOCK") ?: "", O_RDONLY | O_CLOEXEC);

	ahead = mmap(NULL, sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);
	host_gettime = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	if (fd < 0 || ahead == MAP_FAILED || !host_gettime)
		abort();
	close(fd);
}

int clock_gettime(clockid_t id, struct timespec *ts)
{
	int ret = host_gettime(id, ts);
	int64_t ns = ts->tv_nsec;

	if (!ret && id == CLOCK_REALTIME) {
		ns += ts->tv_sec * NSEC + __atomic_load_n(ahead, __ATOMIC_ACQUIRE);
		*ts = (struct timespec){.tv_sec = ns / NSEC, .tv_nsec = ns % NSEC};
	}
	return ret;
}
