// SPDX-License-Identifier: GPL-2.0
/* Fields that are read without being named: by another type, as bytes, by offset. */
#include <linux/compiler.h>

static int pun_1(int x)
{
	return x + 1;
}

#define TWO(n)      \
	OPS(n##_a); \
	OPS(n##_b); \
	static const struct n##_a n##_table = {.g = pun_1}

TWO(plain);
SYSCALL_DEFINE1(pun_pointer, int, x)
{
	return ((const struct plain_b *)&plain_table)->g(x);
}

TWO(voids);
static const void *voids = &voids_table;
SYSCALL_DEFINE1(pun_void, int, x)
{
	const struct voids_b *b = voids;

	return b->g(x);
}

TWO(level2);
static const struct level2_a *level2 = &level2_table;
SYSCALL_DEFINE1(pun_level2, int, x)
{
	const struct level2_b **p = (const struct level2_b **)&level2;

	return (*p)->g(x);
}

TWO(level3);
static const struct level3_a *level3_p = &level3_table;
static const struct level3_a **level3 = &level3_p;
SYSCALL_DEFINE1(pun_level3, int, x)
{
	return (**(const struct level3_b ***)&level3)->g(x);
}

TWO(array);
static const struct array_a *array[2] = {NULL, &array_table};
SYSCALL_DEFINE1(pun_array, int, x)
{
	return ((const struct array_b **)array)[1]->g(x);
}

/* What a pointer in the record leads to, read as another. */
TWO(behind);
struct behind_c {
	int n;
	struct {
		const struct behind_a *ops;
	} in;
};
struct behind_d {
	int n;
	const struct behind_b *ops;
};
static const struct behind_c behind = {.in.ops = &behind_table};
SYSCALL_DEFINE1(pun_behind, int, x)
{
	return ((const struct behind_d *)&behind)->ops->g(x);
}

TWO(number);
SYSCALL_DEFINE1(pun_number, int, x)
{
	unsigned long n = (unsigned long)&number_table;

	return ((const struct number_b *)n)->g(x);
}

/* Unions: of records, of pointers, without a name, beside an array, of a record without a name. */
OPS(u1_a);
OPS(u1_b);
static const union {
	struct u1_a a;
	struct u1_b b;
} u1 = {.a = {.g = pun_1}};
SYSCALL_DEFINE1(pun_union, int, x)
{
	return u1.b.g(x);
}

TWO(u2);
static union {
	const struct u2_a *a;
	const struct u2_b *b;
} u2 = {.a = &u2_table};
SYSCALL_DEFINE1(pun_union_pointers, int, x)
{
	return u2.b->g(x);
}

TWO(u3);
static struct {
	int n;
	union {
		const struct u3_a *a;
		unsigned long n3;
	};
} u3 = {.a = &u3_table};
SYSCALL_DEFINE1(pun_union_unnamed, int, x)
{
	return ((const struct u3_b *)u3.n3)->g(x);
}

OPS(u4_a);
static const union {
	struct u4_a a;
	int (*fn[3])(int x);
} u4 = {.a = {.g = pun_1}};
SYSCALL_DEFINE1(pun_union_array, int, x)
{
	return u4.fn[1](x);
}

static const union {
	struct {
		int (*f)(int x);
		int (*g)(int x);
	};
	struct {
		int (*first)(int x);
		int (*second)(int x);
	};
} u5 = {.g = pun_1};
static const typeof(u5) *u5_p = &u5;
SYSCALL_DEFINE1(pun_union_records, int, x)
{
	return u5_p->second(x);
}

union u6 {
	int (*f)(int x);
	void *p;
};
static const union u6 u6 = {.f = pun_1};
static const union u6 *u6_p = &u6;
SYSCALL_DEFINE1(pun_union_function, int, x)
{
	int (*f)(int x) = u6_p->p;

	return f(x);
}

TWO(u7);
union u7 {
	const struct u7_a *a;
	const struct u7_b *b;
} __attribute__((transparent_union));
static int u7_reader(union u7 u, int x)
{
	return u.b->g(x);
}
SYSCALL_DEFINE1(pun_union_transparent, int, x)
{
	return u7_reader(&u7_table, x);
}

/* Arguments without a declared type. */
TWO(va);
static int va_reader(int n, ...)
{
	__builtin_va_list ap;
	const struct va_b *o;

	__builtin_va_start(ap, n);
	o = __builtin_va_arg(ap, const struct va_b *);
	__builtin_va_end(ap);
	return o->g(n);
}
SYSCALL_DEFINE1(pun_variadic, int, x)
{
	return va_reader(x, &va_table);
}

TWO(knr);
static int knr_reader(o, x) const struct knr_b *o;
int x;
{
	return o->g(x);
}
static int (*knr_call)() = (int (*)())knr_reader;
SYSCALL_DEFINE1(pun_unprototyped, int, x)
{
	return knr_call(&knr_table, x);
}

/* Functions with other parameters, results, or none that are known. */
TWO(fn);
static int fn_reader(const struct fn_b *o, int x)
{
	return o->g(x);
}
static int (*fn_call)(const struct fn_a *o, int x) = (int (*)(const struct fn_a *, int))fn_reader;
SYSCALL_DEFINE1(pun_parameter, int, x)
{
	return fn_call(&fn_table, x);
}

TWO(result);
static const struct result_a *result_maker(void)
{
	return &result_table;
}
static const struct result_b *(*result_call)(void) = (const struct result_b *(*)(void))result_maker;
SYSCALL_DEFINE1(pun_result, int, x)
{
	return result_call()->g(x);
}

TWO(fnvoid);
static const struct fnvoid_a *fnvoid_maker(void)
{
	return &fnvoid_table;
}
static void *fnvoid = (void *)fnvoid_maker;
SYSCALL_DEFINE1(pun_function_as_data, int, x)
{
	const struct fnvoid_b *(*make)(void) = fnvoid;

	return make()->g(x);
}

/* Bytes, offsets, copies. */
OPS(copy_a);
static const struct copy_a copy_table = {.g = pun_1};
SYSCALL_DEFINE1(pun_memcpy, int, x)
{
	int (*fn[3])(int x);

	memcpy(fn, &copy_table, sizeof(fn));
	return fn[1](x);
}

OPS(assign_a);
static const struct assign_a assign_table = {.g = pun_1};
static union {
	struct assign_a a;
	int (*fn[3])(int x);
} assigned;
SYSCALL_DEFINE1(pun_assign, int, x)
{
	assigned.a = assign_table;
	return assigned.fn[1](x);
}

struct off_a {
	struct {
		int n;
		int (*cb)(int x);
	} in[2];
	int (*f)(int x);
};
static const struct off_a off_table = {.in[1].cb = pun_1};
SYSCALL_DEFINE1(pun_offset, int, x)
{
	unsigned long off = __builtin_offsetof(struct off_a, in[1].cb);
	static const struct off_a *p = &off_table;
	unsigned long at = off;

	asm("add %1, %0" : "+r"(at) : "r"((unsigned long)&off_table));
	(void)p;
	return (*(int (*const *)(int))at)(x);
}
