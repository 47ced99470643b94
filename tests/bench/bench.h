/* SPDX-License-Identifier: GPL-2.0 */
/*
 * bench.h: the clock of the benchmark programs. Each is an ordinary C program that does one thing
 * for a while and prints one JSON line; bench.py runs it natively and hooked, and does all
 * comparing.
 *
 * measure() runs op() in batches, after a warm-up, until `ms` have passed. A sample's value is the
 * median batch, so that a host that takes the CPU away for a moment doesn't decide it.
 * Single-threaded.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stdint.h>
#include <sys/types.h>

int64_t now_ns(void);
void pin(int cpu);				      /* this thread */
void die(const char *what) __attribute__((noreturn)); /* perror and exit 1 */
/* op does one thing; it dies by itself where that fails. per_op: how many things one op() is. */
void measure(void (*op)(void *), void *arg, int per_op, int ms);
/* The JSON line: ns of each of n samples (sorted in place), of `ops` operations together. */
void print_samples(double *ns, long n, double mean, long ops);

int udp_socket(uint16_t port);	      /* bound on 127.0.0.1; 0: any */
void udp_peer(int fd, uint16_t port); /* connects it */
uint16_t port_of(int fd);
int tcp_listen(uint16_t port);
int tcp_to(uint16_t port); /* retried for 5 s while nobody listens; TCP_NODELAY */
void send_all(int fd, const void *buf, size_t n);
int recv_all(int fd, void *buf, size_t n); /* 0, or 1: the peer closed */

#endif
