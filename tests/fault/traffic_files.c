// SPDX-License-Identifier: GPL-2.0
/* traffic_files.c: verified traffic on files; see traffic.h. */
#include "check.h"
#include "traffic.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[4096];

int traffic_dir(void)
{
	const char *base = getenv("FAULT_DIR");

	if (!base) {
		errno = ENOTDIR;
		return -1;
	}
	snprintf(dir, sizeof(dir), "%s/traffic.XXXXXX", base);
	return mkdtemp(dir) ? 0 : -1;
}

static const char *in_dir(char *path, const char *name, long n)
{
	snprintf(path, 4200, "%s/%s%ld", dir, name, n);
	return path;
}

/* Written in pieces, out of order, made durable, renamed, and read back by its new name. */
static const char *one_file(long i, size_t size)
{
	static char buf[200000];
	char from[4200], to[4200];
	int fd = open(in_dir(from, "new", 0), O_RDWR | O_CREAT | O_TRUNC, 0600);
	struct stat st;

	if (fd < 0)
		return "written: open";
	fill_pattern(buf, size, i);
	for (size_t at = size / 2; at < size; at += 4096)
		if (pwrite(fd, buf + at, size - at < 4096 ? size - at : 4096, at) < 0)
			return "written: pwrite";
	if (lseek(fd, 0, SEEK_SET) || write_all(fd, buf, size / 2))
		return "written: write";
	if (i % 8 == 0 && fsync(fd))
		return "written: fsync";
	if (close(fd) || rename(from, in_dir(to, "kept", i % 4)))
		return "written: rename";
	memset(buf, 0, size);
	fd = open(to, O_RDONLY);
	if (fd < 0 || fstat(fd, &st) || st.st_size != (off_t)size || read_all(fd, buf, size) ||
	    close(fd))
		return "written: read back";
	return check_pattern(buf, size, i) ? "written: data differs" : NULL;
}

void *traffic_written(struct traffic *t)
{
	const char *why = NULL;

	for (long i = 0; !traffic_stop && !why; i++, t->rounds++)
		why = one_file(i, 1 + i * 7919 % 200000);
	return (void *)why;
}

/* A log: appended to, read from its start, cut when it is long. */
void *traffic_log(struct traffic *t)
{
	char path[4200], out[512], in[512];
	int fd = open(in_dir(path, "log", 0), O_RDWR | O_CREAT | O_APPEND, 0600);
	off_t size = 0;

	if (fd < 0)
		return "log: open";
	for (long i = 0; !traffic_stop; i++, t->rounds++) {
		size_t n = 1 + i % sizeof(out);

		fill_pattern(out, n, i);
		if (write(fd, out, n) != (ssize_t)n)
			return "log: write";
		if (pread(fd, in, n, size) != (ssize_t)n || check_pattern(in, n, i))
			return "log: data differ";
		size += n;
		if (size > 1 << 20 && (ftruncate(fd, 0) || (size = 0)))
			return "log: ftruncate";
		if (lseek(fd, 0, SEEK_END) != size)
			return "log: size";
	}
	return close(fd) ? "log: close" : NULL;
}

static int count_names(const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	int n = 0;

	while (d && (e = readdir(d)))
		n += !strncmp(e->d_name, prefix, strlen(prefix));
	return d && !closedir(d) ? n : -1;
}

/* Names come and go, and a listing shows just those there are. */
void *traffic_names(struct traffic *t)
{
	enum { NAMES = 20 };
	char path[4200], other[4200];
	int fd;

	for (; !traffic_stop; t->rounds++) {
		for (int i = 0; i < NAMES; i++) {
			fd = open(in_dir(path, "name", i), O_WRONLY | O_CREAT | O_EXCL, 0600);
			if (fd < 0 || close(fd))
				return "names: create";
		}
		if (link(in_dir(path, "name", 0), in_dir(other, "name", NAMES)))
			return "names: link";
		if (count_names("name") != NAMES + 1)
			return "names: a listing is wrong";
		for (int i = 0; i <= NAMES; i++)
			if (unlink(in_dir(path, "name", i)))
				return "names: unlink";
		if (count_names("name"))
			return "names: one is left";
	}
	return NULL;
}
