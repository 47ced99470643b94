/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _ASM_SD_IO_H
#define _ASM_SD_IO_H

/* There are no I/O ports. The generic 0 is a warning in each file that includes their inlines; an
 * access here faults just as well. */
#define PCI_IOBASE ((void __iomem *)0x1000)

#include <asm-generic/io.h>

#endif
