/* SPDX-License-Identifier: GPL-2.0 */
/*
 * killed.h: private to killed.c. One struct killed for each kind of fd: its ways of being in a
 * call, each in its own thread until the domain dies, and what to try then. prepare() and
 * works_again() fail through CHECK.
 */
#ifndef FAULT_KILLED_H
#define FAULT_KILLED_H

#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/types.h>

struct way {
	const char *name;
	int (*call)(struct way *); /* until it fails: returns errno, or 0 for an orderly end */
	int fd[2], host[2], ep;
	pthread_t th;
	int err;
	int64_t at;
	volatile int done;
};

struct killed {
	const char *kind;
	struct way *ways;
	size_t n;
	int (*prepare)(struct way *w);
	void (*end_waits)(void); /* natively: every way comes to an end */
	void (*after)(void);	 /* AFTER() each call that must fail now */
	int (*works_again)(void);
	ssize_t (*use)(struct way *w); /* a call on its old fd[0] */
};

extern const struct killed killed_socket, killed_pipe, killed_file;
extern volatile int killed_native;

int again(ssize_t r); /* its errno, or 0 */
int killed_named(struct way *w, int n, short revents);
int in_poll(struct way *w);
int in_poll_one(struct way *w);
int in_echo(struct way *w);
void said(const char *name, ssize_t r, int64_t t0);

#define AFTER(name, call)               \
	do {                            \
		int64_t t0_ = now_ns(); \
		said(name, call, t0_);  \
	} while (0)

#endif
