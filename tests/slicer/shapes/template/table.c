// SPDX-License-Identifier: GPL-2.0
static const struct TYPE TABLE = {
	.f = FN1,
	.g = FN2,
};

static inline int text_helper(int x)
{
	return x + 5;
}

static inline int text_only_a(int x)
{
	return text_helper(x);
}

/* Calls one function in one unit, another in the other. */
static inline int text_calls(int x)
{
	return CALLED(x) + 1;
}

static inline int dead_in_both(int x)
{
	return text_helper(x);
}
