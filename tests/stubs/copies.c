// SPDX-License-Identifier: GPL-2.0
/*
 * copies.c: each byte that the kernel reads of a program, or writes to it, in a call without a
 * stub, beside what the call's stub sends and brings back. See stub_test.h.
 */
#include "stub_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIRECTIONS 2 /* 0: of the program, 1: to the program */
#define PARAMS	   6
#define WORD	   8u
#define SHORT	   8u /* more than a record's padding, which nobody writes */

struct span {
	u64 at, end;
};

struct spans {
	struct span *a;
	u32 n, room;
};

bool st_copies;
static struct spans seen[2][DIRECTIONS]; /* [1]: by the stub */
static struct spans words;		 /* aligned ones that the kernel read by themselves */
static int who = -1;			 /* whose copies are being noted */
/* Bytes of the current call's cases, by parameter. */
static u64 moved[2][DIRECTIONS][PARAMS];

void copies_begin(bool stub)
{
	who = stub;
	st_copied = copies_note;
	seen[who][0].n = seen[who][1].n = 0;
	if (!who)
		words.n = 0;
}

void copies_end(void)
{
	who = -1;
	st_copied = NULL;
}

static void spans_add(struct spans *s, u64 at, u64 end)
{
	if (s->n == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->a = realloc(s->a, s->room * sizeof(*s->a));
		if (!s->a)
			st_die("no memory for notes of copies");
	}
	s->a[s->n++] = (struct span){at, end};
}

void copies_note(unsigned long addr, unsigned long size, bool write)
{
	if (who == 1 && st_mutate == ST_MUTATE_COPIES)
		size -= size < SHORT ? size : SHORT;
	if (who < 0 || !size || buffer_slot(addr) < 0)
		return;
	spans_add(&seen[who][write], addr, addr + size);
	if (!who && !write && size == WORD && addr % WORD == 0)
		spans_add(&words, addr, addr + size);
}

static int by_address(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* In order, none touching the next; adds the bytes to sum[] by parameter, unless it is NULL. */
static void settle(struct spans *s, u64 *sum)
{
	u32 n = 0;

	if (s->n)
		qsort(s->a, s->n, sizeof(*s->a), by_address);
	for (u32 i = 0; i < s->n; i++) {
		if (s->a[i].at == s->a[i].end)
			continue;
		if (n && s->a[i].at <= s->a[n - 1].end)
			s->a[n - 1].end =
				s->a[i].end > s->a[n - 1].end ? s->a[i].end : s->a[n - 1].end;
		else
			s->a[n++] = s->a[i];
	}
	s->n = n;
	for (u32 i = 0; sum && i < n; i++)
		sum[buffer_slot(s->a[i].at)] += s->a[i].end - s->a[i].at;
}

/* The first piece of `want` that isn't in `have`. Both are settled. */
static bool lacks(const struct spans *want, const struct spans *have, struct span *piece)
{
	u32 k = 0;

	for (u32 i = 0; i < want->n; i++) {
		struct span w = want->a[i];

		while (k < have->n && have->a[k].end <= w.at)
			k++;
		if (k < have->n && have->a[k].at <= w.at) {
			w.at = have->a[k].end;
			if (w.at >= w.end)
				continue;
			if (k + 1 < have->n && have->a[k + 1].at < w.end)
				w.end = have->a[k + 1].at;
		}
		*piece = w;
		return true;
	}
	return false;
}

/*
 * Strings and the zeros behind a struct are read by aligned words, of which only the first part
 * counts: is `p` the rest of one that begins with what the stub sent?
 */
static bool is_rest_of_word(const struct span *p)
{
	if (p->end % WORD || p->end - p->at >= WORD)
		return false;
	for (u32 i = 0; i < words.n; i++)
		if (words.a[i].end == p->end)
			return true;
	return false;
}

/* What the kernel reads or writes and the stub doesn't carry. */
static bool find_lack(int direction, struct span *p)
{
	struct spans *have = &seen[1][direction];

	while (lacks(&seen[0][direction], have, p)) {
		if (direction || !is_rest_of_word(p))
			return true;
		spans_add(have, p->at, p->end);
		settle(have, NULL);
	}
	return false;
}

/* What the kernel wrote in a buffer beyond the result that counts its bytes is scratch: all of it,
 * if the call fails. */
static void end_with_result(const struct st_call *call, long ret, struct spans *s)
{
	const int of = call->result.of;
	size_t len;
	u64 end;

	if (!call->filled)
		return;
	end = (u64)(uintptr_t)buffer_used(of, &len) + (u64)(ret < 0 ? 0 : ret) * call->filled;
	for (u32 i = 0; i < s->n; i++)
		if (buffer_slot(s->a[i].at) == of && s->a[i].end > end)
			s->a[i].end = s->a[i].at > end ? s->a[i].at : end;
}

bool copies_agree(const struct st_call *call, long ret, char *why, size_t size)
{
	static const char *const does[] = {"reads", "writes"};
	static const char *const misses[] = {"send", "bring back"};
	size_t n = 0;
	struct span p;

	why[0] = '\0';
	end_with_result(call, ret, &seen[0][1]);
	for (int w = 0; w < 2; w++)
		for (int d = 0; d < DIRECTIONS; d++)
			settle(&seen[w][d], moved[w][d]);
	/* what a failed call has read: its result is compared with the host's */
	for (int d = ret < 0; d < DIRECTIONS; d++) {
		int i;

		if (!find_lack(d, &p))
			continue;
		i = buffer_slot(p.at);
		n += (size_t)snprintf(
			why + n, size - n,
			"%sthe kernel %s %llu bytes, %llu before the end of %s's memory, that the stub doesn't %s",
			n ? "; " : "", does[d], (unsigned long long)(p.end - p.at),
			(unsigned long long)(buffer_guard(i) - p.at),
			(u32)i < call->nparams ? call->param[i].name : "another parameter",
			misses[d]);
	}
	return !n;
}

bool copies_moved(void)
{
	u64 sum = 0;

	for (int d = 0; d < DIRECTIONS; d++)
		for (int i = 0; i < PARAMS; i++)
			sum += moved[0][d][i];
	memset(moved, 0, sizeof(moved));
	return sum;
}

void copies_call(const struct st_call *call)
{
	static const char *const kinds[] = {"in", "out"};

	for (u32 i = 0; i < call->nparams; i++)
		for (int d = 0; d < DIRECTIONS; d++)
			if (d ? call->param[i].out : call->param[i].in)
				printf("%-14s %s %s: the kernel moved %llu bytes, the stub %llu\n",
				       call->name, call->param[i].name, kinds[d],
				       (unsigned long long)moved[0][d][i],
				       (unsigned long long)moved[1][d][i]);
}
