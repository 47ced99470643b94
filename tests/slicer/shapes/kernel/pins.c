// SPDX-License-Identifier: GPL-2.0
/* What stays with its file though nothing names it: an entry of closure/pins.c each. */
#include <linux/compiler.h>

static int started, pinned_sum;

__attribute__((constructor)) static void pin_constructor(void)
{
	started = 5;
}

__attribute__((destructor)) static void pin_destructor(void)
{
	printf("destructor %d\n", started);
}

SYSCALL_DEFINE1(pin_start, int, x)
{
	return x + started;
}

/* A section of its own, by the linker's names for its ends. */
struct entry {
	int (*fn)(int x);
	int (*other)(int x);
};
static int pin_entry(int x)
{
	return x + 9;
}
static int pin_other(int x)
{
	return x + 90;
}
static const struct entry pin_table_entry
	__attribute__((used, section("my_table"))) = {pin_entry, .other = pin_other};
extern const struct entry __start_my_table[], __stop_my_table[];
SYSCALL_DEFINE1(pin_section, int, x)
{
	for (const struct entry *e = __start_my_table; e < __stop_my_table; e++)
		x = e->fn(x);
	return x;
}

/* Sections whose names begin like a plain one's. */
static const int pin_ro __attribute__((used, section(".init.data.mytab"))) = 11;
asm(".pushsection .init.data.mytab,\"aw\"; .globl pin_tab_end; pin_tab_end: .popsection");
extern const int pin_tab_end[];
SYSCALL_DEFINE1(pin_section_prefix, int, x)
{
	return pin_tab_end[-1] + x;
}

/* Walked as bytes: all its elements count. */
static int pin_byte(int x)
{
	return x + 4;
}
static const struct entry pin_bytes_entry
	__attribute__((used, section("byte_table"))) = {.other = pin_byte};
extern const char __start_byte_table[];
SYSCALL_DEFINE1(pin_section_bytes, int, x)
{
	return ((int (*const *)(int))__start_byte_table)[1](x);
}

/* Other names of a definition. */
int pin_alias_target(int x);
int pin_alias_target(int x)
{
	return x + 3;
}
int pin_alias(int x) __attribute__((alias("pin_alias_target")));
int pin_weak_alias(int x) __attribute__((weak, alias("pin_alias_target")));
static int pin_weakref(int x) __attribute__((weakref("pin_alias_target")));
SYSCALL_DEFINE1(pin_aliases, int, x)
{
	return pin_alias(x) + pin_weak_alias(x) + pin_weakref(x);
}

static int pin_ifunc_body(int x)
{
	return x + 6;
}
static int (*pin_ifunc_resolver(void))(int)
{
	return pin_ifunc_body;
}
int pin_ifunc(int x) __attribute__((ifunc("pin_ifunc_resolver")));
SYSCALL_DEFINE1(pin_ifuncs, int, x)
{
	return pin_ifunc(x);
}

extern int pin_labelled(int x) asm("pin_other_name");
int pin_other_name(int x);
int pin_other_name(int x)
{
	return x + 8;
}
SYSCALL_DEFINE1(pin_label, int, x)
{
	return pin_labelled(x);
}

/* An entry that the program's start-up walks, as the kernel's does its initcalls. */
static int pin_initcall_fn(void)
{
	return ++pinned_sum;
}
static int (*const pin_initcall)(void)
	__attribute__((used, section("initcalls"))) = pin_initcall_fn;
extern int (*const __start_initcalls[])(void);
SYSCALL_DEFINE1(pin_initcalls, int, x)
{
	return __start_initcalls[0]() + x;
}

/* File-scope asm and assertions, and what they name. */
asm(".globl pin_asm_fn; pin_asm_fn: jmp pin_from_asm");
int pin_asm_fn(int x);
int pin_from_asm(int x);
int pin_from_asm(int x)
{
	return x + 12;
}
enum { PIN_SIZE = 4 };
_Static_assert(PIN_SIZE == sizeof(int), "of an int");
SYSCALL_DEFINE1(pin_asm, int, x)
{
	return pin_asm_fn(x);
}

/* An export pins nothing. */
int dead_export(int x);
int dead_export(int x)
{
	return x;
}
EXPORT_SYMBOL(dead_export);
