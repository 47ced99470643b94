/* SPDX-License-Identifier: MIT */
/*
 * shadow.h (CONTRACT): memory that a kernel of a debug build needs at a fixed address, most of it
 * untouched: KASAN's shadow. The image of such a build defines sd_shadow; the machine maps that
 * range, zeroed and without reserving memory (MAP_NORESERVE), before it calls sd_start(), or
 * doesn't start.
 */
#ifndef SD_SHADOW_H
#define SD_SHADOW_H

struct sd_shadow {
	unsigned long start, size;
};

extern const struct sd_shadow sd_shadow;

#endif
