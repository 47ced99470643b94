// SPDX-License-Identifier: GPL-2.0
/* gadgets.c: machine code => number of different gadgets that end with a return. See image.h. */
#include "report/image.h"
#include "base/util.h"
#include <stdlib.h>

/* Are these bytes whole instructions, the last of which is the return at `ret`? */
static bool is_gadget(const uint8_t *code, size_t ret)
{
	size_t at = 0;

	while (at < ret) {
		int branch = 0;
		unsigned n = decode_length(code + at, ret - at, &branch);

		if (!n || branch)
			return false;
		at += n;
	}
	return at == ret;
}

void gadgets_add(struct gadgets *g, const uint8_t *code, size_t len)
{
	for (size_t ret = 0; ret < len; ret++) {
		size_t end = ret + (code[ret] == 0xc2 ? 3 : 1);

		if ((code[ret] != 0xc3 && code[ret] != 0xc2) || end > len)
			continue;
		for (size_t back = 0; back <= GADGET_BACK && back <= ret; back++) {
			const uint8_t *from = code + ret - back;

			if (!is_gadget(from, back))
				continue;
			g->hashes = vec_grow(g->hashes, g->n + 1, &g->cap, sizeof(*g->hashes));
			g->hashes[g->n++] = hash64(from, end - (ret - back), 0);
		}
	}
}

static int compare_hashes(const void *pa, const void *pb)
{
	uint64_t a = *(const uint64_t *)pa, b = *(const uint64_t *)pb;

	return a < b ? -1 : a > b;
}

uint64_t gadgets_count(struct gadgets *g)
{
	uint64_t different = 0;

	if (g->n)
		qsort(g->hashes, g->n, sizeof(*g->hashes), compare_hashes);
	for (size_t i = 0; i < g->n; i++)
		different += !i || g->hashes[i] != g->hashes[i - 1];
	free(g->hashes);
	*g = (struct gadgets){0};
	return different;
}
