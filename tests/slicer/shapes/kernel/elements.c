// SPDX-License-Identifier: GPL-2.0
/* Elements of initialisers: a dead one goes only if its text and its place are its own. */
#include <linux/compiler.h>

static int live_a(int x)
{
	return x + 1;
}

static int live_b(int x)
{
	return x + 2;
}

static int dead_a(int x)
{
	return x + 100;
}

static int dead_b(int x)
{
	return x + 200;
}

/* Nobody reads these, but they have their place by another's or are part of a macro call. */
static int kept_a(int x)
{
	return x + 300;
}

/* One that has its place by the dead one before it. */
OPS(after_ops);
static const struct after_ops after_table = {.f = dead_a, live_b};
static const struct after_ops *after = &after_table;
SYSCALL_DEFINE1(elem_after, int, x)
{
	return after->g(x);
}

/* The same where no function can take the dead one's place: it stays. */
struct after_data {
	const int *dead;
	int (*g)(int x);
};
static const int kept_by_place = 7;
static const struct after_data after_data_table = {.dead = &kept_by_place, live_b};
static const struct after_data *after_data = &after_data_table;
SYSCALL_DEFINE1(elem_after_data, int, x)
{
	return after_data->g(x);
}

/* Two after it, the second by place, too. */
OPS(after2_ops);
static const struct after2_ops after2_table = {.f = dead_a, kept_a, live_a};
static const struct after2_ops *after2 = &after2_table;
SYSCALL_DEFINE1(elem_after_two, int, x)
{
	return after2->h(x);
}

/* One macro call ends an element and makes the next. */
#define PAIR(a, b) a, .h = b
OPS(pair_ops);
static const struct pair_ops pair_table = {.g = PAIR(live_b, live_a), .f = dead_b};
static const struct pair_ops *pair = &pair_table;
SYSCALL_DEFINE1(elem_pair, int, x)
{
	return pair->h(x);
}

/* The same without arguments, and with a constant that isn't a symbol. */
#define AND_NUMBER live_b, .number = 40
struct number_ops {
	int (*f)(int x);
	int number;
};
static const struct number_ops number_table = {.f = AND_NUMBER};
static const struct number_ops *number = &number_table;
SYSCALL_DEFINE1(elem_number, int, x)
{
	return number->number + x;
}

/* A value made by a macro, whole and in part. */
#define ADDRESS(f)   &f
#define CHOOSE(f, g) (1 ? (f) : (g))
OPS(value_ops);
static const struct value_ops value_table = {
	.f = ADDRESS(dead_a),
	.g = CHOOSE(dead_a, dead_b),
	.h = CHOOSE(live_a, live_b),
};
static const struct value_ops *value = &value_table;
SYSCALL_DEFINE1(elem_value, int, x)
{
	return value->h(x);
}

/* Written by a macro, except for its arguments. */
#define TABLE(type, name, ...) static const struct type name = {__VA_ARGS__}
OPS(macro_ops);
TABLE(macro_ops, macro_table, .f = dead_a, .g = live_b);
static const struct macro_ops *macro = &macro_table;
SYSCALL_DEFINE1(elem_macro, int, x)
{
	return macro->g(x);
}

/* Later ones override earlier ones. */
#define DEFAULTS .f = live_a, .g = live_a
OPS(over_ops);
static const struct over_ops over_table = {DEFAULTS, .g = live_b};
static const struct over_ops *over = &over_table;
SYSCALL_DEFINE1(elem_override, int, x)
{
	return over->g(x);
}

/* In a record in an array in a record; ranges; conditions of the preprocessor. */
OPS(inner_ops);
struct nest_ops {
	struct inner_ops in[3];
	int (*last)(int x);
};
static const struct nest_ops nest_table = {
	.in =
		{
			[0 ... 1] =
				{
					.f = dead_a,
					.g = live_a,
				},
			[2] = {.g = live_b, .f = dead_b},
		},
	.last =
#ifdef NOBODY_HAS_IT
		dont
#else
		dead_b
#endif
	,
};
static const struct nest_ops *nest = &nest_table;
SYSCALL_DEFINE1(elem_nested, int, x)
{
	return nest->in[1].g(x) + nest->in[2].g(x);
}

/* Designators of two levels, and one by place inside. */
struct deep_ops {
	struct inner_ops2 {
		int (*f)(int x);
		int (*g)(int x);
	} in;
	int (*last)(int x);
};
static const struct deep_ops deep_table = {.in.f = dead_a, live_b, .last = dead_b};
static const struct deep_ops *deep = &deep_table;
SYSCALL_DEFINE1(elem_deep, int, x)
{
	return deep->in.g(x);
}

/* Compound literals in an initialiser. */
OPS(literal_ops);
static const struct literal_ops *literal = &(const struct literal_ops){.f = live_a, .g = live_b};
SYSCALL_DEFINE1(elem_literal, int, x)
{
	return literal->g(x);
}
