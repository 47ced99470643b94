/* SPDX-License-Identifier: GPL-2.0 */
/*
 * util.h (CONTRACT): utilities of all passes: memory, strings, vectors, a hash map, files, child
 * processes, errors, progress.
 *
 * The x* functions die when memory runs out. Files are written atomically: to a temporary file that
 * is renamed; temporary files are removed on errors and signals. One thread per process; worker
 * processes are forked.
 */
#ifndef KSLICE_BASE_UTIL_H
#define KSLICE_BASE_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#define ARRAY_LEN(a)	  (sizeof(a) / sizeof((a)[0]))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/*
 * One error to stderr: place, cause, cure:
 *	kslice: specs/net.json:12: no such call "sokcet"
 *	        cure: ...
 * place and cure may be NULL. Always returns -1, so that `return err(...)` reads well.
 */
int err(const char *place, const char *cure, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* For a broken invariant of kslice itself: prints it and aborts. */
void die(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((noreturn));

void *xmalloc(size_t n);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t n);
char *xasprintf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* A growing byte buffer; always NUL-terminated once something was added. {} is an empty one. */
struct strbuf {
	char *s;
	size_t len, cap;
};
void sb_add(struct strbuf *sb, const void *data, size_t n);
void sb_puts(struct strbuf *sb, const char *s);
void sb_printf(struct strbuf *sb, const char *fmt, ...) PRINTF_LIKE(2, 3);
void sb_free(struct strbuf *sb);

/* Growing arrays: VEC(int) v = {}; *vec_add(&v) = 3; v.a[i], v.n; free(v.a). New items are zeroed.
 */
#define VEC(type)              \
	struct {               \
		type *a;       \
		size_t n, cap; \
	}
#define vec_add(v)                                                                 \
	({                                                                         \
		(v)->a = vec_grow((v)->a, (v)->n + 1, &(v)->cap, sizeof(*(v)->a)); \
		&(v)->a[(v)->n++];                                                 \
	})
void *vec_grow(void *a, size_t n, size_t *cap, size_t size);

/* Hash map from string to a number. Keys are copied. {} is an empty one. */
struct strmap {
	struct strmap_slot {
		char *key;
		uint64_t hash;
		uint64_t value;
	} *slots;
	size_t n, cap;
};
uint64_t *strmap_get(const struct strmap *m, const char *key); /* NULL: no such key */
/* Pointer to the value, valid until the next add; *added (may be NULL) says whether the key is new
 * (value 0). */
uint64_t *strmap_add(struct strmap *m, const char *key, bool *added);
void strmap_free(struct strmap *m);

uint64_t hash64(const void *data, size_t n, uint64_t seed);
static inline uint64_t hash_str(const char *s, uint64_t seed)
{
	return hash64(s, strlen(s), seed);
}

static inline bool starts_with(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}
bool ends_with(const char *s, const char *suffix);

/* Is path a folder, or a link to one? */
bool is_dir(const char *path);

/* The whole file with a NUL appended; NULL with errno if it can't be read (prints nothing). */
char *read_file(const char *path, size_t *len);
/* Writes atomically. 0, or -1 after err(); then the old file, if any, is unchanged. */
int write_file(const char *path, const void *data, size_t len);
/* As write_file, but leaves a file that already has this content alone (its mtime stays). */
int write_file_if_changed(const char *path, const void *data, size_t len);
int make_dirs(const char *path);	/* mkdir -p. 0, or -1 after err() */
int make_parent_dirs(const char *path); /* mkdir -p of the file's directory */
/* rm -r, doesn't follow links. 0 also if it doesn't exist */
int remove_tree(const char *path);
/* "a/./b/../c" => "a/c", textually. In place. */
char *path_normalize(char *path);

/*
 * The kslice repo: $KSLICE_REPO, else the clone that holds the running program. An installed
 * program uses a folder of the user instead: install.h. Aborts if there is neither.
 */
const char *repo_root(void);
/* $KSLICE_CACHE, else ~/.cache/kslice. */
const char *cache_dir(void);

/*
 * Signals. After interrupt_init() SIGINT, SIGTERM and SIGHUP remove temporary files, end the
 * children started by child_fork(), and end the process by the same signal.
 */
void interrupt_init(void);
/* to be removed on a signal; one at a time; NULL: none */
void interrupt_guard_file(const char *path);
pid_t child_fork(void);	   /* fork(), recorded; the child has default signal handling */
int child_wait(pid_t pid); /* wait status; forgets the child */
/*
 * Runs argv in directory dir (NULL: here) with extra environment env ("A=b", NULL-terminated, may
 * be NULL); stdout and stderr go to file log (appended; NULL: ours). Exit status, 128 + signal, or
 * -1 if it can't be started.
 */
int run_command(char *const argv[], const char *dir, char *const env[], const char *log);

/*
 * "facts 120/650" on a terminal's last line; elsewhere a line for each tenth of a step that takes
 * longer than some seconds. all: 0 if unknown.
 */
void progress(const char *what, size_t done, size_t all);
void progress_end(void);

double now_seconds(void);

#endif
