/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_SETUP_H
#define _ASM_SD_SETUP_H

#include <uapi/asm/setup.h>

#ifndef __ASSEMBLY__
/* rest_init() of init/main.c: see kernel/init.c. */
void sd_rest_init(void) __noreturn;
#endif

#endif
