// SPDX-License-Identifier: GPL-2.0
/* Tables that assembler reads. One without instructions reads nothing. */
#include <linux/compiler.h>

#define CALL(operand)                      \
	asm volatile("call *" operand      \
		     : "=a"(r)             \
		     : "D"((long)x), INPUT \
		     : "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "memory")

static int asm_1(int x)
{
	return x + 1;
}

static int dead_asm(int x)
{
	return x + 100;
}

OPS(memory_ops);
static const struct memory_ops memory_table = {.f = asm_1};
SYSCALL_DEFINE1(asm_memory, int, x)
{
	long r;

#define INPUT "m"(memory_table)
	CALL("%2");
#undef INPUT
	return (int)r;
}

OPS(register_ops);
static const struct register_ops register_table = {.g = asm_1};
SYSCALL_DEFINE1(asm_register, int, x)
{
	long r;

#define INPUT "r"(&register_table)
	CALL("8(%2)");
#undef INPUT
	return (int)r;
}

/* By its name in the text. */
OPS(name_ops);
const struct name_ops asm_name_table = {.g = asm_1};
SYSCALL_DEFINE1(asm_name, int, x)
{
	long r;

#define INPUT "i"(0)
	CALL("asm_name_table+8(%%rip)");
#undef INPUT
	return (int)r;
}

/* The compiler is only told to forget what it knows of the pointer. */
OPS(hide_ops);
static const struct hide_ops hide_table = {.f = dead_asm, .g = asm_1};
SYSCALL_DEFINE1(asm_empty, int, x)
{
	const struct hide_ops *p = &hide_table;

	asm("" : "+r"(p));
	return p->g(x);
}
