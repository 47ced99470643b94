/* SPDX-License-Identifier: GPL-2.0 */
/* One header that two units see differently: by a macro of a header beside the unit (views.c,
 * views_b.c). */
#ifndef _LINUX_VARIANT_H
#define _LINUX_VARIANT_H

int variant_a(int x);
int variant_b(int x);
int variant_c(int x);
int variant_d(int x);
#ifdef VARIANT_VALUE
#define VARIANT_CALL(x) VARIANT_VALUE(x)
#else
#define VARIANT_CALL(x) variant_c(x)
#endif

static inline int variant(int x)
{
#ifdef VARIANT_B
	return variant_b(x);
#else
	return variant_a(x);
#endif
}

/* Through a macro of its own. */
static inline int variant_nested(int x)
{
	return VARIANT_CALL(x);
}

#endif
