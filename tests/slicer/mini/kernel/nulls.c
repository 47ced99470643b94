// SPDX-License-Identifier: GPL-2.0
/* A dropped call leaves NULL: the check says who follows it without a test. */
#include <linux/compiler.h>
#include <linux/door.h>

struct thing {
	int n;
};

static struct {
	struct thing *thing;
	struct thing *other;
} holder;

static struct thing *make_thing(int n) /* expect: gone */
{
	static struct thing one; /* expect: gone */

	one.n = n;
	return &one;
}

static int follow_thing(void)
{
	return holder.thing->n;
}

static int test_thing(void)
{
	return holder.other ? holder.other->n : 0;
}

int use_things(int x) /* expect: kept */
{
	struct thing *mine, *tested;

	holder.thing = make_thing(x); /* expect: gone */
	holder.other = make_thing(x);
	mine = make_thing(x + 1);
	tested = make_thing(x + 2);
	if (!tested)
		return follow_thing() + test_thing();
	return mine->n + tested->n;
}
