/* SPDX-License-Identifier: MIT */
/*
 * shadow.h (CONTRACT): memory that a kernel of a debug build wants to find at a fixed address, and
 * of which it touches little: KASAN's shadow. The image has sd_shadow then; the machine maps it,
 * zeroed and reserved by nobody, before it calls sd_start(), or doesn't start.
 */
#ifndef SD_SHADOW_H
#define SD_SHADOW_H

struct sd_shadow {
	unsigned long start, size;
};

extern const struct sd_shadow sd_shadow;

#endif
