/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cache.h: sets of files something was made from. A set is up to date if every file still has its
 * content; that is asked of stat (size, mtime, inode), and of a content hash only where stat says
 * otherwise.
 *
 * A file that doesn't exist is a content too. A file changed after `since` counts as changed next
 * time: it may have been read before or after.
 */
#ifndef KSLICE_BASE_CACHE_H
#define KSLICE_BASE_CACHE_H

#include "base/util.h"

struct dep {
	char *path;
	int64_t size, mtime; /* ns; size -1: doesn't exist */
	uint64_t ino, hash;
};

struct depset {
	VEC(struct dep) deps;
	struct strmap index;
	int64_t since; /* ns of the wall clock; set by depset_init() */
	bool touched;  /* a check found new stat data for old content: worth writing again */
};

void depset_init(struct depset *set);
void depset_free(struct depset *set);
/* Index of the file, added with its content of now if new. */
uint32_t depset_add(struct depset *set, const char *path);
void depset_refresh(struct depset *set, uint32_t i); /* its content of now counts */
bool depset_same(struct depset *set, uint32_t i);
/* All of them; *which (may be NULL) is a changed one. */
bool depset_all_same(struct depset *set, const char **which);
void depset_write(const struct depset *set, struct strbuf *out);
/* Reads what depset_write() wrote; returns behind it, NULL if it isn't that. */
const char *depset_read(struct depset *set, const char *text);

/* Only one kslice works on a cache directory: waits for path's lock, returns its fd (close it), -1
 * after err(). */
int cache_lock(const char *path);

#endif
