/* SPDX-License-Identifier: GPL-2.0 */
/*
 * stub_server.h: the small steps of generated server stubs, on top of serve.h. Kernel side.
 *
 * Value-result lengths and structs with pointers are taken into private memory before they are
 * checked, and the kernel is given the private copy.
 */
#ifndef SD_STUB_SERVER_H
#define SD_STUB_SERVER_H

#include <sd/serve.h>

#define SD_PATH_MAX 4096u

/* Ends a call that reports the credit of its fd. */
static inline void sd_earn(struct sd_serve *s, u32 fd, long ret)
{
	if (ret >= 0)
		s->credit = sd_file_credit(fd);
	else if (sd_unlikely(s->early))
		sd_file_error(fd, ret == -EAGAIN && s->last ? ENOBUFS : (int)-ret);
}

/* The reference to n units. Of more than `max` the kernel looks at none: then it is what a
 * client's sd_unread() makes. */
static inline u64 sd_up_to(u64 off, u64 n, u64 max)
{
	return n <= max || off == SD_OFF_NULL ? off : SD_OFF_FAULT;
}

/* int * of a value-result length: a pointer to the private *v, at most `most` (0: no limit). */
static inline void __user *sd_take_vr(struct sd_serve *s, u64 off, s32 *v, s32 most)
{
	*v = 0;
	if (off == SD_OFF_NULL || off >= SD_OFF_BEYOND)
		return sd_uptr(s, off, 0);
	s->bad |= off % sizeof(*v) != 0; /* our client stubs always align it */
	if (s->bad || sd_fetch(s, v, off, sizeof(*v)))
		return sd_uptr(s, SD_OFF_FAULT, 0);
	if (most && *v > most)
		*v = most;
	return (void __user *)v;
}

static inline void sd_give_vr(struct sd_serve *s, u64 off, s32 v)
{
	if (off != SD_OFF_NULL && off < SD_OFF_BEYOND)
		sd_store_relaxed((s32 *)(s->arena + off), v); /* sd_take_vr() has checked off */
}

#endif
