/* SPDX-License-Identifier: MIT */
/* util.c: replacements for libc functions; fault-tolerant copies; locks; messages. */
#include "hook/hook.h"
#include <sd/rpc.h>

void *memcpy(void *d, const void *s, size_t n)
{
	void *r = d;

	asm volatile("rep movsb" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
	return r;
}

void *memset(void *d, int c, size_t n)
{
	void *r = d;

	asm volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
	return r;
}

void *memmove(void *d, const void *s, size_t n)
{
	u8 *to = d;
	const u8 *from = s;

	if (to <= from || to >= from + n)
		return memcpy(d, s, n);
	while (n--) {
		to[n] = from[n];
		asm volatile("" ::: "memory"); /* not a call of memmove */
	}
	return d;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n]) {
		asm volatile("" ::: "memory"); /* not a call of strlen */
		n++;
	}
	return n;
}

int sd_streq(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

int sd_starts(const char *s, const char *with)
{
	while (*with)
		if (*s++ != *with++)
			return 0;
	return 1;
}

char *sd_stpcpy(char *d, const char *s)
{
	while ((*d = *s++))
		d++;
	return d;
}

char *sd_utoa(char *d, u64 v)
{
	char buf[24];
	int n = 0;

	do
		buf[n++] = '0' + v % 10;
	while (v /= 10);
	while (n)
		*d++ = buf[--n];
	*d = 0;
	return d;
}

char *sd_xtoa(char *d, u32 v)
{
	for (int shift = 28; shift >= 0; shift -= 4)
		*d++ = "0123456789abcdef"[v >> shift & 15];
	*d = 0;
	return d;
}

u64 sd_atou(const char *s)
{
	u64 v = 0;

	while (*s >= '0' && *s <= '9')
		v = v * 10 + (*s++ - '0');
	return v;
}

int sd_copy_from_prog(void *dst, const void *prog, u64 len)
{
	return sd_copy_raw(dst, prog, len) ? -EFAULT : 0;
}

int sd_copy_to_prog(void *prog, const void *src, u64 len)
{
	return sd_copy_raw(prog, src, len) ? -EFAULT : 0;
}

/* One locked no-op per page: it faults where a store would. */
u64 sd_writable(void *prog, u64 len)
{
	u64 at = (u64)prog, end = at + len;

	for (; at < end; at = (at | 4095) + 1)
		if (sd_cmpxchg_raw((void *)(at & ~7ul), 0, 0) < 0)
			return at - (u64)prog;
	return len;
}

long sd_path_from_prog(char *dst, const char *prog)
{
	long n = sd_strncpy_raw(dst, prog, PATH_MAX);

	if (n < 0)
		return -EFAULT;
	return n == PATH_MAX ? -ENAMETOOLONG : n;
}

/* 0: free, 1: held, 2: held, and others may sleep on it. There is no loop that yields: hundreds
 * of threads would keep the holder off the CPU. */
void sd_lock(u32 *l)
{
	u32 free = 0;

	if (sd_likely(__atomic_compare_exchange_n(l, &free, 1, 0, __ATOMIC_ACQUIRE,
						  __ATOMIC_RELAXED)))
		return;
	while (__atomic_exchange_n(l, 2, __ATOMIC_ACQUIRE))
		sys(__NR_futex, l, FUTEX_WAIT_PRIVATE, 2, 0);
}

void sd_unlock(u32 *l)
{
	if (sd_unlikely(__atomic_exchange_n(l, 0, __ATOMIC_RELEASE) == 2))
		sys(__NR_futex, l, FUTEX_WAKE_PRIVATE, 1);
}

static enum sd_log_level log_level = SD_LOG_WARN;

int sd_log_set(const char *name)
{
	static const char *const names[SD_LOG_LEVELS] = {"error", "warn", "info", "debug"};

	for (u32 i = 0; i < SD_LOG_LEVELS; i++)
		if (sd_streq(name, names[i])) {
			log_level = i;
			return 0;
		}
	return -EINVAL;
}

void sd_say(enum sd_log_level level, const char *place, const char *cause, const char *cure)
{
	char buf[1024], *p = buf;
	const char *part[] = {"kdom-launch: ",	place,		 ": ", cause,
			      cure ? ": " : "", cure ? cure : ""};

	if (level > log_level)
		return;
	for (u32 i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		u64 n = strlen(part[i]);

		if (n > 300)
			n = 300;
		if (p + n > buf + sizeof(buf) - 2)
			break;
		memcpy(p, part[i], n);
		p += n;
	}
	*p++ = '\n';
	sys(__NR_write, 2, buf, p - buf);
}

void sd_die(const char *place, const char *cause, const char *cure)
{
	sd_say(SD_LOG_ERROR, place, cause, cure);
	for (;;)
		sys(__NR_exit_group, 126);
}
