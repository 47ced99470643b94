// SPDX-License-Identifier: GPL-2.0
/*
 * init/main.c: rest_init(). The port's own does what a kernel without programs needs of it:
 * runtime/arch/kernel/init.c.
 */
noinline void __ref __noreturn rest_init(void);

noinline void __ref __noreturn rest_init(void)
{
	sd_rest_init();
}
