/* SPDX-License-Identifier: GPL-2.0 */
/* arch.h: which architecture the kernel tree is configured for. */
#ifndef KSLICE_BASE_ARCH_H
#define KSLICE_BASE_ARCH_H

/*
 * $KSLICE_ARCH, else "sd". Only "sd" gets an overlay tree; any other architecture must be in the
 * tree. The string belongs to the environment.
 */
const char *arch_name(void);

#endif
