// SPDX-License-Identifier: GPL-2.0
/* util.c: memory, strings, hash map, errors, progress. Files and processes are in files.c. */
#include "base/util.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static bool progress_shown;

int err(const char *place, const char *cure, const char *fmt, ...)
{
	va_list ap;

	progress_end();
	fputs("kslice: ", stderr);
	if (place)
		fprintf(stderr, "%s: ", place);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	if (cure)
		fprintf(stderr, "        cure: %s\n", cure);
	return -1;
}

void die(const char *fmt, ...)
{
	va_list ap;

	progress_end();
	fputs("kslice: internal error: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	abort();
}

void *xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		die("out of memory (%zu bytes)", n);
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		die("out of memory (%zu x %zu bytes)", n, size);
	return p;
}

void *xrealloc(void *p, size_t n)
{
	p = realloc(p, n ? n : 1);
	if (!p)
		die("out of memory (%zu bytes)", n);
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	char *p = xmalloc(n + 1);

	memcpy(p, s, n);
	p[n] = 0;
	return p;
}

static char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		die("out of memory");
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void sb_add(struct strbuf *sb, const void *data, size_t n)
{
	if (sb->len + n + 1 > sb->cap) {
		sb->cap = (sb->len + n + 1) * 2;
		sb->s = xrealloc(sb->s, sb->cap);
	}
	if (n)
		memcpy(sb->s + sb->len, data, n);
	sb->len += n;
	sb->s[sb->len] = 0;
}

void sb_puts(struct strbuf *sb, const char *s)
{
	sb_add(sb, s, strlen(s));
}

void sb_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	sb_puts(sb, s);
	free(s);
}

void sb_free(struct strbuf *sb)
{
	free(sb->s);
	*sb = (struct strbuf){};
}

void *vec_grow(void *a, size_t n, size_t *cap, size_t size)
{
	size_t old = *cap;

	if (n <= old)
		return a;
	*cap = n < 8 ? 8 : n + n / 2;
	a = xrealloc(a, *cap * size);
	memset((char *)a + old * size, 0, (*cap - old) * size);
	return a;
}

static uint64_t hash_mix(uint64_t a)
{
	a ^= a >> 32;
	a *= 0xd6e8feb86659fd93ull;
	a ^= a >> 29;
	a *= 0x9e3779b97f4a7c15ull;
	return a ^ a >> 32;
}

uint64_t hash64(const void *data, size_t n, uint64_t seed)
{
	const unsigned char *p = data;
	uint64_t h = seed ^ n * 0x9e3779b97f4a7c15ull, w;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&w, p, 8);
		h = hash_mix(h ^ w) + 0x2545f4914f6cdd1dull;
	}
	w = 0;
	memcpy(&w, p, n);
	return hash_mix(h ^ w ^ (uint64_t)n << 56);
}

static struct strmap_slot *strmap_slot(const struct strmap *m, const char *key, uint64_t hash)
{
	size_t i = hash & (m->cap - 1);

	while (m->slots[i].key && (m->slots[i].hash != hash || strcmp(m->slots[i].key, key)))
		i = (i + 1) & (m->cap - 1);
	return &m->slots[i];
}

uint64_t *strmap_get(const struct strmap *m, const char *key)
{
	struct strmap_slot *slot;

	if (!m->n)
		return NULL;
	slot = strmap_slot(m, key, hash_str(key, 1));
	return slot->key ? &slot->value : NULL;
}

static void strmap_grow(struct strmap *m)
{
	struct strmap old = *m;

	m->cap = old.cap ? old.cap * 2 : 64;
	m->slots = xcalloc(m->cap, sizeof(*m->slots));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[i].key)
			*strmap_slot(m, old.slots[i].key, old.slots[i].hash) = old.slots[i];
	free(old.slots);
}

uint64_t *strmap_add(struct strmap *m, const char *key, bool *added)
{
	uint64_t hash = hash_str(key, 1);
	struct strmap_slot *slot;

	if (m->n * 4 >= m->cap * 3)
		strmap_grow(m);
	slot = strmap_slot(m, key, hash);
	if (added)
		*added = !slot->key;
	if (!slot->key) {
		slot->key = xstrdup(key);
		slot->hash = hash;
		m->n++;
	}
	return &slot->value;
}

void strmap_free(struct strmap *m)
{
	for (size_t i = 0; i < m->cap; i++)
		free(m->slots[i].key);
	free(m->slots);
	*m = (struct strmap){};
}

bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}

char *path_normalize(char *path)
{
	char *out = path, *in = path, *floor = path;

	if (*in == '/') {
		out = ++in;
		floor = out;
	}
	while (*in) {
		size_t n = strcspn(in, "/");

		if (n == 2 && in[0] == '.' && in[1] == '.' && (out > floor || *path == '/')) {
			for (out -= out > floor; out > floor && out[-1] != '/'; out--)
				;
		} else if (n && !(n == 1 && in[0] == '.')) {
			memmove(out, in, n);
			if (n == 2 && out[0] == '.' && out[1] == '.' && *path != '/')
				floor = out + 3;
			out += n;
			*out++ = in[n] ? '/' : 0;
			if (!in[n])
				return path;
		}
		in += n + (in[n] == '/');
	}
	if (out > path + 1 && out[-1] == '/')
		out--;
	*out = 0;
	return path;
}

#define PROGRESS_SECONDS 3

/* Not on a terminal: a line for each tenth, none for short steps. */
static void progress_log(const char *what, size_t done, size_t all)
{
	static char step[64];
	static double begun;
	static size_t tenth;

	if (strcmp(step, what)) {
		snprintf(step, sizeof(step), "%s", what);
		begun = now_seconds();
		tenth = 0;
	}
	if (!all || done * 10 / all <= tenth || now_seconds() - begun < PROGRESS_SECONDS)
		return;
	tenth = done * 10 / all;
	fprintf(stderr, "%s %zu/%zu\n", what, done, all);
}

void progress(const char *what, size_t done, size_t all)
{
	if (!isatty(STDERR_FILENO)) {
		progress_log(what, done, all);
		return;
	}
	if (all)
		fprintf(stderr, "\r%s %zu/%zu\033[K", what, done, all);
	else
		fprintf(stderr, "\r%s\033[K", what);
	fflush(stderr);
	progress_shown = true;
}

void progress_end(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

double now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}
