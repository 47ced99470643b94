// SPDX-License-Identifier: GPL-2.0
/* Every kind of cut that works on text. The spec beside this tree names them. */
#include <linux/lib.h>
#include <linux/net.h>
#include <linux/syscalls.h>

/* A macro that holds more than the call: the call can't be dropped. */
#define NOTE_IF(c)                    \
	do {                          \
		if (c)                \
			note("much"); \
	} while (0)

/* A macro makes the call of its argument: there is no text of the call. */
#define ONCE(f, ...)                    \
	do {                            \
		static int done;        \
		if (!done++)            \
			f(__VA_ARGS__); \
	} while (0)

static void made_by_macro(int a) /* expect: kept */
{
	(void)a;
}

static int behind_trap(int a) /* expect: gone */
{
	return a;
}

int lib_trapped(int a) /* expect: kept */
{
	return behind_trap(a); /* expect: gone */
}

static int behind_answer(int a) /* expect: gone */
{
	return a;
}

int lib_answer(int a) /* expect: kept */
{
	return behind_answer(a); /* expect: gone */
}

void lib_quiet(int a) /* expect: kept */
{
	behind_answer(a); /* expect: gone */
}

static int show_named(int x) /* expect: gone */
{
	return x;
}

static int show_other(int x) /* expect: kept */
{
	return x;
}

static void dropped_here(void) /* expect: gone */
{
}

static void dropped_with(int x) /* expect: gone */
{
	(void)x;
}

/* Compilers aren't told to warn of what only a dropped call has read. */
static void only_sets(int x) /* expect: kept */
{
	x |= 4;
	dropped_with(x); /* expect: gone */
}

static void not_dropped_there(void) /* expect: kept */
{
}

static void call_there(void) /* expect: kept */
{
	not_dropped_there(); /* expect: kept */
}

int lib_by_value(void) /* expect: kept */
{
	return 40;
}

SYSCALL_DEFINE1(cuts, int, a) /* expect: kept */
{
	int r = 0;

	dropped_here(); /* expect: gone */
	if (a)
		dropped_here();
	else
		r = 1; /* expect: kept */
	if (a > 100)
		not_dropped_there(); /* "in" of the cut: here */
	call_there();
	only_sets(a);
	if (unlikely(register_table("named", show_named))) /* expect: gone */
		r += 1000;
	r += register_table("other", show_other); /* expect: kept */
	r += through_header(a);
	NOTE_IF(a > 50);
	ONCE(made_by_macro, a);
	lib_quiet(a);
	if (a > 1000)
		r += lib_trapped(a);
	r += same_tail(a) - a - 1;
	return r + lib_answer(a);
}
