/* SPDX-License-Identifier: MIT */
/* select.c: select and pselect6 with a domain fd in a set, by way of poll. */
#include "calls/calls.h"
#include "channel/wait.h"

#define MAX_N 65536u
#define WORDS (MAX_N / 64)

struct sets {
	u64 bits[3][WORDS]; /* read, write, except */
	struct pollfd fds[];
};

/* As fs/select.c has it. */
static const struct {
	s16 ask, get;
} meaning[3] = {
	{POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
	 POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR},
	{POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR, POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR},
	{POLLPRI, POLLPRI},
};

static u64 set_bytes(u32 n)
{
	return (n + 63) / 64 * 8;
}

/* 1: one of the fds is not the host's; 0 also if the sets can't be read (the host reports
 * EFAULT). */
static int any_of_ours(struct sd_thread *t, const u64 set[3], u32 n)
{
	u64 word;

	for (u32 k = 0; k < 3; k++)
		for (u32 i = 0; i < n && set[k]; i += 64) {
			if (sd_copy_from_prog(&word, (void *)(set[k] + i / 8), 8))
				return 0;
			for (u32 b = 0; b < 64 && i + b < n; b++)
				if ((word >> b & 1) && sd_fd_get(t, i + b).kind != SD_FD_HOST)
					return 1;
		}
	return 0;
}

static u32 to_poll(struct sets *s, u32 n)
{
	u32 used = 0;

	for (u32 fd = 0; fd < n; fd++) {
		s16 events = 0;

		for (u32 k = 0; k < 3; k++)
			if (s->bits[k][fd / 64] >> fd % 64 & 1)
				events |= meaning[k].ask;
		if (events)
			s->fds[used++] = (struct pollfd){fd, events, 0};
	}
	return used;
}

/* Stores the result in the sets; returns the number of bits in them. */
static long from_poll(struct sets *s, u32 used)
{
	long count = 0;

	for (u32 i = 0; i < used; i++)
		if (s->fds[i].revents & POLLNVAL)
			return -EBADF;
	for (u32 i = 0; i < used; i++) {
		u32 fd = s->fds[i].fd;

		for (u32 k = 0; k < 3; k++) {
			u64 bit = 1ull << fd % 64;

			if (!(s->bits[k][fd / 64] & bit))
				continue;
			if (s->fds[i].revents & meaning[k].get)
				count++;
			else
				s->bits[k][fd / 64] &= ~bit;
		}
	}
	return count;
}

static long select_run(struct sd_thread *t, const u64 set[3], u32 n, s64 timeout, int *again)
{
	u64 len = sizeof(struct sets) + n * sizeof(struct pollfd);
	long at =
		sys(__NR_mmap, 0, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sets *s = (struct sets *)at;
	long ret = 0;
	u32 used;

	if (at < 0)
		return at;
	for (u32 k = 0; k < 3 && !ret; k++)
		if (set[k])
			ret = sd_copy_from_prog(s->bits[k], (void *)set[k], set_bytes(n));
	if (!ret) {
		used = to_poll(s, n);
		ret = sd_poll_mixed(t, s->fds, used, timeout, again);
		if (ret >= 0)
			ret = from_poll(s, used);
	}
	for (u32 k = 0; k < 3 && ret >= 0; k++)
		if (set[k] && sd_copy_to_prog((void *)set[k], s->bits[k], set_bytes(n)))
			ret = -EFAULT;
	sys(__NR_munmap, at, len);
	return ret;
}

enum sd_way sd_call_select(struct sd_thread *t)
{
	int precise = t->regs.rax == __NR_pselect6, again = 0;
	u64 set[3] = {t->regs.rsi, t->regs.rdx, t->regs.r10};
	s64 unit = precise ? 1 : 1000, timeout, deadline;
	s32 n = t->regs.rdi;
	long ret = 0;

	if (!t->files || !t->files->mapped || n < 0 || n > (s32)MAX_N || !any_of_ours(t, set, n))
		return sd_next(t, SD_STAGE_FDS);
	timeout = sd_timeout_from(t->regs.r8, unit, &ret);
	if (!ret && precise)
		ret = sd_wait_mask_arg(t);
	if (ret)
		return sd_done(t, ret);
	deadline = sd_deadline(timeout);
	ret = select_run(t, set, n, timeout, &again);
	sd_time_left(t->regs.r8, unit, deadline);
	return sd_result(t, ret, again);
}
