// SPDX-License-Identifier: GPL-2.0
/* Forms of definitions and what stands around them. */
#include <linux/compiler.h>

/* clang-format off */
static int form_knr(a, b) int a; int b; { return a + b; }

static int dead_knr(a, b)
	int a;
	int b;
{
	return a - b;
}

static int form_knr_lines(p, f)
	const struct { int n; } *p; /* ; { */
	int (*f)();
{
	return p ? f(1) : 0;
}

#ifdef NOBODY_HAS_IT
static int gone_span(int x)
#else
static long gone_span(int x)
#endif
{
	return x; /* dead_span */
}

#define GONE_X(n) static int gone_x_##n(int x) { return x + n; }
GONE_X(/* dead_1 */ 1) GONE_X(/* dead_2 */ 2)
static int form_after(int x) { return x; } GONE_X(3 /* dead_3 */)

__attribute__((cold)) static int dead_lead(int x) { return x; }
__extension__ static int dead_ext(int x) { return x; }
[[gnu::cold]] static int dead_c2x(int x) { return x; }

/* clang-format on */

static int gi(int x)
{
	return x + 1;
}

static int gl(long x)
{
	return (int)x + 2;
}

#define G(x) _Generic((x), int: gi, long: gl)(x)
SYSCALL_DEFINE1(form_generic, int, x)
{
	static const void *t[] = {&&one, &&two};

	goto *t[x & 1];
one:
	return G(x);
two:
	return G((long)x);
}

SYSCALL_DEFINE1(form_functions, int, x)
{
	return form_knr(x, 1) + form_after(x) + form_knr_lines(0, 0);
}
