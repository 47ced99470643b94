// SPDX-License-Identifier: GPL-2.0
/* recorded.c: outcomes of cases in a file; see recorded.h. */
#include "recorded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool st_recording, st_recorded;
static FILE *file;
static const char *file_path;
static long last; /* where the answer begins that was read last */

struct head {
	u32 name, state; /* bytes, with the zero at the end */
	s64 ret;
	u64 len[6];
	u16 port[FX_COUNT];
};

void recorded_open(const char *path, bool write)
{
	file = fopen(path, write ? "w" : "r");
	if (!file)
		st_die("%s: %s", path, strerror(errno));
	file_path = path;
	st_recording = write;
	st_recorded = !write;
}

static void put(const void *p, size_t n)
{
	if (n && fwrite(p, n, 1, file) != 1)
		st_die("%s: %s", file_path, strerror(errno));
}

static bool get(void *p, size_t n)
{
	return !n || fread(p, n, 1, file) == 1;
}

void recorded_put(const char *name, const struct outcome *o)
{
	struct head h = {
		.name = (u32)strlen(name) + 1,
		.state = (u32)strlen(o->state) + 1,
		.ret = o->ret,
	};

	for (int i = 0; i < 6; i++)
		h.len[i] = o->mem[i] ? o->len[i] : 0;
	memcpy(h.port, o->port, sizeof(h.port));
	put(&h, sizeof(h));
	put(name, h.name);
	put(o->state, h.state);
	for (int i = 0; i < 6; i++)
		put(o->mem[i], h.len[i]);
}

/* The next answer's head and name; its end is where the next one begins. */
static bool get_head(struct head *h, char name[256])
{
	return get(h, sizeof(*h)) && h->name <= 256 && h->state <= STATE && get(name, h->name);
}

static void pass(const struct head *h)
{
	u64 n = h->state;

	for (int i = 0; i < 6; i++)
		n += h->len[i];
	if (fseek(file, (long)n, SEEK_CUR))
		st_die("%s: %s", file_path, strerror(errno));
}

void recorded_get(const char *name, bool again, struct outcome *o)
{
	char got[256];
	struct head h;

	if (again && fseek(file, last, SEEK_SET))
		st_die("%s: %s", file_path, strerror(errno));
	for (;;) { /* this run may leave cases out */
		last = ftell(file);
		if (!get_head(&h, got))
			st_die("%s has no answer of the unsliced kernel to this case", file_path);
		if (!strcmp(got, name))
			break;
		pass(&h);
	}
	if (!get(o->state, h.state))
		st_die("%s ends in the middle of an answer", file_path);
	o->ret = h.ret;
	memcpy(o->port, h.port, sizeof(o->port));
	for (int i = 0; i < 6; i++) {
		o->len[i] = h.len[i];
		o->mem[i] = malloc(h.len[i] + 1);
		if (!o->mem[i] || !get(o->mem[i], h.len[i]))
			st_die("%s ends in the middle of an answer", file_path);
	}
}

void recorded_close(void)
{
	if (file && (fflush(file) || fclose(file)))
		st_die("%s: %s", file_path, strerror(errno));
	file = NULL;
}
