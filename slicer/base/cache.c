// SPDX-License-Identifier: GPL-2.0
/* cache.c: files something was made from => is it up to date? */
#include "base/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t stat_nanoseconds(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

void depset_init(struct depset *set)
{
	struct timespec now;

	*set = (struct depset){};
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	set->since = stat_nanoseconds(now);
}

void depset_free(struct depset *set)
{
	for (size_t i = 0; i < set->deps.n; i++)
		free(set->deps.a[i].path);
	free(set->deps.a);
	strmap_free(&set->index);
	*set = (struct depset){};
}

static void dep_read_stat(const char *path, struct dep *d)
{
	struct stat st;

	if (stat(path, &st)) {
		d->size = -1;
		d->mtime = d->ino = 0;
		return;
	}
	d->size = st.st_size;
	d->mtime = stat_nanoseconds(st.st_mtim);
	d->ino = st.st_ino;
}

static uint64_t dep_content_hash(const char *path)
{
	size_t len;
	char *text = read_file(path, &len);
	uint64_t hash = text ? hash64(text, len, 7) : 1;

	free(text);
	return hash;
}

void depset_refresh(struct depset *set, uint32_t i)
{
	struct dep *d = &set->deps.a[i];

	dep_read_stat(d->path, d);
	d->hash = dep_content_hash(d->path);
	if (d->mtime >= set->since)
		d->mtime = -1, d->hash = 0;
}

uint32_t depset_add(struct depset *set, const char *path)
{
	bool added;
	uint64_t *at = strmap_add(&set->index, path, &added);
	struct dep *d;

	if (!added)
		return *at;
	*at = set->deps.n;
	d = vec_add(&set->deps);
	d->path = xstrdup(path);
	depset_refresh(set, set->deps.n - 1);
	return set->deps.n - 1;
}

bool depset_same(struct depset *set, uint32_t i)
{
	struct dep *d = &set->deps.a[i], now = *d;

	dep_read_stat(d->path, &now);
	if (now.size == d->size && now.mtime == d->mtime && now.ino == d->ino)
		return true;
	if (now.size != d->size || dep_content_hash(d->path) != d->hash)
		return false;
	*d = now;
	set->touched = true;
	return true;
}

bool depset_all_same(struct depset *set, const char **which)
{
	for (uint32_t i = 0; i < set->deps.n; i++) {
		if (!depset_same(set, i)) {
			if (which)
				*which = set->deps.a[i].path;
			return false;
		}
	}
	return true;
}

void depset_write(const struct depset *set, struct strbuf *out)
{
	sb_printf(out, "deps %zu\n", set->deps.n);
	for (size_t i = 0; i < set->deps.n; i++) {
		const struct dep *d = &set->deps.a[i];

		sb_printf(out, "%" PRId64 " %" PRId64 " %" PRIu64 " %" PRIx64 " %s\n", d->size,
			  d->mtime, d->ino, d->hash, d->path);
	}
}

/* Parses "SIZE MTIME INO HASH PATH\n" at text into d; returns the text after it, or NULL. (Not by
 * sscanf, which calls strlen() on all of the text.) */
static const char *dep_read(struct dep *d, const char *text)
{
	const char *eol = strchr(text, '\n');
	char *end;

	if (!eol)
		return NULL;
	d->size = strtoll(text, &end, 10);
	d->mtime = strtoll(end, &end, 10);
	d->ino = strtoull(end, &end, 10);
	d->hash = strtoull(end, &end, 16);
	if (*end != ' ' || end >= eol)
		return NULL;
	d->path = xstrndup(end + 1, eol - end - 1);
	return eol + 1;
}

const char *depset_read(struct depset *set, const char *text)
{
	char *end;
	size_t n;

	if (!starts_with(text, "deps "))
		return NULL;
	n = strtoull(text + strlen("deps "), &end, 10);
	if (*end != '\n')
		return NULL;
	text = end + 1;
	for (size_t i = 0; i < n; i++) {
		struct dep d = {};

		text = dep_read(&d, text);
		if (!text)
			return NULL;
		*vec_add(&set->deps) = d;
		*strmap_add(&set->index, d.path, NULL) = i;
	}
	return text;
}

int cache_lock_again(int fd, const char *path, enum lock_kind kind)
{
	int how = kind == LOCK_TO_READ ? LOCK_SH : LOCK_EX;

	if (!flock(fd, how | LOCK_NB))
		return 0;
	if (errno == EWOULDBLOCK)
		fprintf(stderr, "kslice: waiting for another kslice that holds %s\n", path);
	while (flock(fd, how))
		if (errno != EINTR)
			return err(path,
				   "keep the cache and build folders on a file system with locks",
				   "cannot lock: %s", strerror(errno));
	return 0;
}

int cache_lock(const char *path, enum lock_kind kind)
{
	int fd;

	if (make_parent_dirs(path))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return err(path,
			   "check the cache directory's permissions and space, or set KSLICE_CACHE",
			   "cannot open the lock: %s", strerror(errno));
	if (!cache_lock_again(fd, path, kind))
		return fd;
	close(fd);
	return -1;
}
