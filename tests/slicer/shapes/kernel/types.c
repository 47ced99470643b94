// SPDX-License-Identifier: GPL-2.0
/* Dead variables whose declaration defines a type: it stays as it was. */
#include <linux/compiler.h>

#define __packed     __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define CACHE_LINE   64

static struct packed_t {
	char c;
	int i;
} __attribute__((packed)) dead_packed __attribute__((unused));

static struct macro_t {
	char c;
	int i;
} __packed *dead_macro __attribute__((unused)), dead_macro2 __attribute__((unused)) = {1, 2};

static struct line_t {
	char c;
} __aligned(CACHE_LINE) dead_line[2] __attribute__((unused));

static const struct both_t {
	char c;
	long l;
} __packed __aligned(2) dead_both __attribute__((unused)) = {.l = 3};

static union union_t {
	char c[5];
	int i;
} __packed dead_union __attribute__((unused));

static enum enum_t { SMALL = 1, LARGE = 200 } __packed dead_enum __attribute__((unused));

static struct __attribute__((packed)) front_t {
	char c;
	int i;
} dead_front __attribute__((unused));

static struct plain_t {
	char c;
	int i;
} dead_plain __attribute__((unused)) __aligned(32);

SYSCALL_DEFINE1(type_size, int, x)
{
	return sizeof(struct packed_t) + 10 * sizeof(struct macro_t) + 100 * sizeof(struct line_t) +
	       10000 * sizeof(struct both_t) + 100000 * sizeof(union union_t) +
	       1000000 * sizeof(enum enum_t) + 3000000 * sizeof(struct front_t) +
	       20000000 * sizeof(struct plain_t) + LARGE + x;
}
