// SPDX-License-Identifier: GPL-2.0
/* Types: one that can't be cut out of its definition keeps it, and one that stays what it names. */
#include <linux/compiler.h>

#define RECORD(name, var) \
	struct name {     \
		int a, b; \
	};                \
	static struct name var
RECORD(named_record, kept_record);
SYSCALL_DEFINE1(named_by_macro, int, x)
{
	return sizeof(struct named_record) + x;
}
RECORD(dead_unused_record, dead_record);

/* With a function that is used by the kept one, and one through a type that stays. */
static int named_called(int x)
{
	return x;
}
#define MODES(name)                                            \
	enum name { name##_A, name##_B = 4 };                  \
	static int __attribute__((unused)) name##_check(int x) \
	{                                                      \
		return named_called(x) + name##_A;             \
	}
MODES(named_modes)
struct named_holder {
	enum named_modes mode;
};
SYSCALL_DEFINE1(named_constant, int, x)
{
	return named_modes_B + x;
}

/* Only the type's text is a macro's. */
#define OPS_TYPE                 \
	struct named_ops {       \
		int a;           \
		int (*f)(int x); \
	}
static OPS_TYPE kept_ops __attribute__((unused)) = {.f = named_called};
SYSCALL_DEFINE1(named_half, int, x)
{
	return sizeof(struct named_ops) + x;
}

/* Sizes and types of what nothing else uses. */
static const int named_sizes[] = {1, 2, 3};
static int named_shape(long x)
{
	return x;
}
static int named_array[5];
enum { NAMED_COUNT = sizeof(named_sizes) / sizeof(named_sizes[0]) };
struct named_sized {
	char of[sizeof(named_array)];
	typeof(&named_shape) fn;
};
int named_declared(int of[sizeof(named_array)]);
typedef typeof(named_sizes[0]) named_element;
SYSCALL_DEFINE1(named_size, int, x)
{
	return NAMED_COUNT + x;
}
