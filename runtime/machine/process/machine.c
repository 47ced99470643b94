// SPDX-License-Identifier: MIT
/* machine.c: the operations of the vCPU, and the doorbell. All but machine_wake() and
 * machine_doorbell() run on the vCPU, on kernel stacks. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "process.h"

#define NSEC	     1000000000ULL
#define LAST_WAIT_NS 10000000ULL
#define LAST_WAITS   200

uint32_t *machine_sleeping;
const uint32_t *machine_cpu_word;

/* Writes s and returns the number of bytes that the console didn't accept. */
static size_t console_write(const char *s, size_t n)
{
	while (n) {
		ssize_t done = write(STDERR_FILENO, s, n);

		if (done <= 0)
			break;
		s += done;
		n -= done;
	}
	return n;
}

/* The console is a pipe that the supervisor reads when it has time. We never wait for it; what
 * doesn't fit is dropped and counted. */
void machine_puts(const char *s, size_t n)
{
	static size_t dropped;
	char text[64];

	if (dropped) {
		size_t len = snprintf(text, sizeof(text), "[%zu bytes of the console dropped]\n",
				      dropped);

		if (console_write(text, len) == len) {
			dropped += n;
			return;
		}
		dropped = 0;
	}
	dropped += console_write(s, n);
}

void machine_console_last(const char *s, size_t n)
{
	uint32_t word = 0;

	for (int i = 0; i < LAST_WAITS; i++) {
		size_t left = console_write(s, n);

		s += n - left;
		n = left;
		if (!n || errno != EAGAIN)
			return;
		machine_wait(&word, 0, machine_clock() + LAST_WAIT_NS);
	}
}

static uint64_t read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

uint64_t machine_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

uint64_t machine_realtime(void)
{
	return read_clock(CLOCK_REALTIME);
}

void machine_wait(uint32_t *word, uint32_t value, uint64_t deadline)
{
	struct timespec ts = {.tv_sec = deadline / NSEC, .tv_nsec = deadline % NSEC};

	/* WAIT_BITSET, because its timeout is absolute, on CLOCK_MONOTONIC. */
	syscall(SYS_futex, word, FUTEX_WAIT_BITSET, value, deadline == SD_NO_DEADLINE ? NULL : &ts,
		NULL, FUTEX_BITSET_MATCH_ANY);
}

int machine_wake(uint32_t *word)
{
	long n = syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);

	return n > 0 ? n : 0;
}

void machine_yield(void)
{
	sched_yield();
}

int machine_cpu(void)
{
	return sched_getcpu();
}

void machine_halt(int status)
{
	_exit(status);
}

/*
 * The vCPU stores sleeping = 1, fences, looks at sd_pending, sleeps while it is 1. So either it
 * sees our bit, or we see its 1; storing 0 before the wake keeps it from sleeping on a wake that
 * came too early.
 */
void machine_doorbell(unsigned int bit)
{
	__atomic_fetch_or(&sd_pending, 1u << bit, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(machine_sleeping, __ATOMIC_SEQ_CST)) {
		__atomic_store_n(machine_sleeping, 0, __ATOMIC_SEQ_CST);
		machine_wake(machine_sleeping);
	}
}
