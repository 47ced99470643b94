/* SPDX-License-Identifier: GPL-2.0 */
/*
 * check.h: the frame of the semantics programs. A program is a table of cases; natively the host
 *kernel answers and the program is its own oracle, hooked the domain answers and must pass the same
 *checks.
 *
 *	prog [case ...]		runs the named cases, or all; exit 0 only if every one passed
 *
 * A case returns 0, or fails through CHECK, which names the place, the value and errno. A case that
 * doesn't end in CASE_LIMIT seconds ends the program with status 2 and its name. Single-threaded
 * unless a case makes threads; CHECK may be used on any of them through its return value.
 */
#ifndef FAULT_CHECK_H
#define FAULT_CHECK_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CASE_LIMIT 30

struct test_case {
	const char *name;
	int (*run)(void);
};

int check_main(int argc, char **argv, const struct test_case *cases, size_t n);
int check_failed(const char *file, int line, const char *what, long long got, int err);

#define CHECK(cond)                                                               \
	do {                                                                      \
		errno = 0;                                                        \
		if (!(cond))                                                      \
			return check_failed(__FILE__, __LINE__, #cond, 0, errno); \
	} while (0)

/* The expression's value must equal want. */
#define CHECK_EQ(expr, want)                                                                      \
	do {                                                                                      \
		errno = 0;                                                                        \
		long long got_ = (long long)(expr);                                               \
		if (got_ != (long long)(want))                                                    \
			return check_failed(__FILE__, __LINE__, #expr " == " #want, got_, errno); \
	} while (0)

/* The call must fail with this errno. */
#define CHECK_ERR(expr, code)                                                                 \
	do {                                                                                  \
		errno = 0;                                                                    \
		long long got_ = (long long)(expr);                                           \
		if (got_ != -1 || errno != (code))                                            \
			return check_failed(__FILE__, __LINE__, #expr " fails: " #code, got_, \
					    errno);                                           \
	} while (0)

/* Nonzero when run against a domain, for the few cases in which a domain's documented result
 * differs. */
int check_hooked(void);

/* ---- sockets, see net.c ---- */
int tcp_listener(uint16_t *port); /* on 127.0.0.1; *port 0: any, filled in */
int tcp_connect(uint16_t port);
int tcp_pair(int fd[2]); /* connected over 127.0.0.1 */
int udp_pair(int fd[2]); /* each connected to the other */
int write_all(int fd, const void *buf, size_t n);
int read_all(int fd, void *buf, size_t n); /* 0, or -1: error or early end (errno 0) */
void fill_pattern(void *buf, size_t n, uint64_t seed);
int check_pattern(const void *buf, size_t n, uint64_t seed); /* 0 or -1 */
int64_t now_ns(void);
void sleep_ms(int ms);
int wait_ok(pid_t pid); /* a child ended with 0: a CHECK of its own */

/* Blocked calls: count_signal() handles SIGUSR1, which interrupt_thread(&pthread_t) sends until it
 * came. */
extern volatile int signalled;
void count_signal(int sig);
void *interrupt_thread(void *thread);

#endif
