/* SPDX-License-Identifier: GPL-2.0 */
/*
 * cache.h: sets of files something was made from. A set is up to date if every file still has its
 * content; stat (size, mtime, inode) is compared first, and a content hash only if stat differs.
 *
 * That a file doesn't exist counts as content, too. A file changed after `since` counts as changed
 * next time: it may have been read before or after the change.
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
	bool touched;  /* a check found new stat data for the same content: should be saved */
};

void depset_init(struct depset *set);
void depset_free(struct depset *set);
/* Index of the file; a new one is added with its current content. */
uint32_t depset_add(struct depset *set, const char *path);
void depset_refresh(struct depset *set, uint32_t i); /* records its current content */
bool depset_same(struct depset *set, uint32_t i);
/* Are all the same? If not, *which (may be NULL) is a changed one. */
bool depset_all_same(struct depset *set, const char **which);
void depset_write(const struct depset *set, struct strbuf *out);
/* Reads what depset_write() wrote; returns the text after it, or NULL if it is invalid. */
const char *depset_read(struct depset *set, const char *text);

/* Many may read a cache or output directory, only one writes, and nobody reads then. Waits for
 * path's lock, with a message; returns its fd (close it), -1 after err(). */
enum lock_kind { LOCK_TO_READ, LOCK_TO_WRITE };
int cache_lock(const char *path, enum lock_kind kind);
/* Changes the kind of a lock that is held. Another may have it in between: look again at what it
 * guards. 0, or -1 after err(). */
int cache_lock_again(int fd, const char *path, enum lock_kind kind);

#endif
