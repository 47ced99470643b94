/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kind.h: what test_serve.c needs of a domain, by the kind of its fds (kind_socket.c, kind_pipe.c,
 * kind_file.c): two connected ends, and what only root may do. DOMAIN is the domain's name in
 * capitals: OP(READ) is SD_NET_READ, SD_PIPE_READ ... All functions fail the test on errors they
 * don't return.
 */
#ifndef SERVE_KIND_H
#define SERVE_KIND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "calls.h"
#include "domain.h"

#define BUF		   4096u /* where test data lie in an arena */
#define OP__(domain, name) SD_##domain##_##name
#define OP_(domain, name)  OP__(domain, name)
#define OP(name)	   OP_(DOMAIN, name)

/* Entry arguments are what the server stubs take: offsets into the queue pair's arena. */
long call4(struct sd_qp *l, u16 op, u64 a, u64 b, u64 c, u64 d);
void attach(struct dclient *c, struct sd_qp *l, uint32_t parent);

/* What is written to fd[0] can be read from fd[1]; reads block. */
void pair(struct sd_qp *l, bool cloexec, int fd[2]);
/* Makes writes to fd[0] fail with EPIPE. */
void no_reader(struct sd_qp *l, const int fd[2]);
/* Tests: another user may not do what root may; what a closed fd or a gone client held is free
 * again. */
void credentials(void **state);
void free_again(void **state);

#endif
