// SPDX-License-Identifier: GPL-2.0
/* Functions that another domain is to do. */
#include <linux/compiler.h>
#include <linux/syscalls.h>

static long behind_far(char *buf) /* expect: gone */
{
	return *buf;
}

/* The net domain's read. */
long far_read(unsigned int fd, char *buf, unsigned long count); /* expect: kept */
long far_read(unsigned int fd, char *buf, unsigned long count)	/* expect: kept */
{
	return behind_far(buf) + fd + count; /* expect: gone */
}

/* Not what read is. */
long far_few(unsigned int fd, char *buf);
long far_few(unsigned int fd, char *buf)
{
	return fd + *buf;
}

long far_kind(unsigned int fd, unsigned long buf, unsigned long count);
long far_kind(unsigned int fd, unsigned long buf, unsigned long count)
{
	return fd + buf + count;
}

long far_size(unsigned int fd, char *buf, unsigned int count);
long far_size(unsigned int fd, char *buf, unsigned int count)
{
	return fd + *buf + count;
}

void far_void(unsigned int fd, char *buf, unsigned long count);
void far_void(unsigned int fd, char *buf, unsigned long count)
{
	*buf = fd + count;
}

SYSCALL_DEFINE1(far, int, a) /* expect: kept */
{
	char c = (char)a;

	return far_read(7, &c, 100); /* expect: kept */
}
