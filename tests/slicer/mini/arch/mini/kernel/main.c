// SPDX-License-Identifier: GPL-2.0
/* The runtime: whatever stands here is a root, used or not. */
#include <linux/compiler.h>
#include <linux/lib.h>
#include <linux/net.h>

long sys_bind(int family);
long sys_cuts(int a);
int inet_init(void);
int part_entry(int x);
void sd_trap(const char *name) __attribute__((noreturn));
void exit(int) __attribute__((noreturn));
int main(void);

void sd_trap(const char *name) /* expect: kept */
{
	printf("trap: %s\n", name);
	exit(3);
}

void never_called_but_ours(void);
void never_called_but_ours(void) /* expect: kept */
{
}

/* Prints what the program computes; whole and sliced differ only in what the cuts say. */
int main(void)
{
	inet_init();
	printf("bind %ld\n", sys_bind(1));
	printf("cuts %ld\n", sys_cuts(0));
	printf("weak %d %d alias %d asm %d\n", lib_weak_only(), lib_overridden(), lib_alias(1), asm_entry(2));
	printf("forms %d %d %d %d\n", shared_b_of(), type_user(3), copied_sum(4), part_entry(5));
	printf("sum %d\n", lib_sum(1, 2));
	return 0;
}
