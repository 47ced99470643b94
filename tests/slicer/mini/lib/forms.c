// SPDX-License-Identifier: GPL-2.0
/* Forms of declarations. */
#include <linux/compiler.h>
#include <linux/lib.h>
#include <linux/net.h>

static int shared_a, shared_b = 2; /* expect: kept */

int shared_b_of(void) /* expect: kept */
{
	return shared_b + (0 && shared_a);
}

/* The type of a dead variable may be needed: the type stays, the variable goes. */
static struct pair {
	int x, y;		    /* expect: kept */
} pair_var __attribute__((unused)); /* expect: gone */

static const struct {
	int nobody_can_name_this;	 /* expect: gone */
} anonymous_var __attribute__((unused)); /* expect: gone */

int type_user(int x) /* expect: kept */
{
	struct pair p = {x, x};

	return p.x + p.y;
}

static int copied_a(int x) /* expect: kept */
{
	return x;
}

static int copied_b(int x) /* expect: kept */
{
	return x + 1;
}

static const struct copied_ops copied = {
	.a = copied_a,
	.b = copied_b,
};

static int (*table[])(int) = {
	/* expect: kept */
	[0] = copied_a,
	[1] = copied_b,
};

static void undo(int *p) /* expect: kept */
{
	*p = 0;
}

/* A record that is copied whole may be read anywhere later. */
int copied_sum(int x) /* expect: kept */
{
	struct copied_ops mine = copied;
	int cleaned __cleanup(undo) = x;

	return mine.a(cleaned) + table[1](x);
}

_Static_assert(sizeof(table) == 2 * sizeof(table[0]),
	       "the table has two members"); /* expect: kept */

static const char *const dead_names[] = {
	/* expect: gone */
	"one",
	"two",
};

const char *dead_name(int i);
const char *dead_name(int i) /* expect: gone */
{
	return dead_names[i];
}

#include "part.c"
