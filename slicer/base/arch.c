// SPDX-License-Identifier: GPL-2.0
/* arch.c: see arch.h. */
#include "base/arch.h"
#include <stdlib.h>

const char *arch_name(void)
{
	const char *arch = getenv("KSLICE_ARCH");

	return arch && *arch ? arch : "sd";
}
