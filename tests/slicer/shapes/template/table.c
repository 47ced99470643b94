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

static inline int dead_in_both(int x)
{
	return text_helper(x);
}
