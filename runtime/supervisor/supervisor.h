/* SPDX-License-Identifier: GPL-2.0 */
/*
 * supervisor.h: the map of kdom's files, and what the daemon holds. kdom is one program with two
 * roles: a command, and the daemon that `kdom up` forks. Each module has its own header, which says
 * what it owns. A file calls only files of the layers below its own; reports upwards are callbacks
 * (struct source, struct job, struct conn, struct request and struct domain_reports have them).
 *
 *   commands   kdom.c                          finds the command
 *              cmd_run.c                       kdom run
 *              cmd_up.c  cmd_ps.c  cmd_log.c   kdom up, down, kill; ps; log
 *              cmd_trace.c                     kdom trace
 *              daemon.c                        forked by `kdom up`: setup, timers, domain's reports
 *   clients    clients.c                       accepts connections, handles their messages
 *              attach.c  shares.c  admin.c     lifelines, tickets; mapped memory; HELLO, STATUS,
 *                                              UP, KILL, DOWN, TRACE
 *              rules.c                         what a connection may ask, and how much
 *              crowds.c                        connections are read and closed, fair by uid
 *   domain     requests.c  peers.c             requests in progress; connections to other daemons
 *              domain.c                        the domain's process, its socket, its wake-up page
 *              machine.c  machine_NAME.c       what a domain runs on: how it starts and ends there
 *              cgroup.c  belts.c  cores.c      what confines it; its core dumps
 *              console.c  symbols.c            its console output; names for addresses
 *   base       conn.c  reply.c  cred.c       a connection's state, answers, credentials
 *              threads.c  loop.c  jobs.c       close() of others' files by threads; the event loop
 *              ask.c  config.c  manifest.c  options.c  devices.c  disks.c    of commands
 *              paths.c  ctlmsg.c  memory.c  log.c  cores.c  symbols.c
 *
 * struct daemon owns all that it points to. An fd is owned by the struct that it is in. Functions
 * return 0 or -errno.
 */
#ifndef KDOM_SUPERVISOR_H
#define KDOM_SUPERVISOR_H

#include "config.h"
#include "domain.h"
#include "loop.h"

struct conn;
struct crowd;
struct peer;
struct request;
struct share;

struct daemon {
	struct config cfg;
	struct loop loop;
	struct domain dom;
	struct conn *conns;
	struct crowd *crowds;
	struct request *requests;
	struct peer *peers;
	struct share *shares;
	struct conn *tracer; /* or NULL: one of conns */
	struct source listener, signals;
	int lock_fd;
	/* Closed for a moment when fds run out, to turn callers away; -1: being closed. */
	int spare_fd;
	int started_pipe; /* kdom up waits on it; -1 after the result was sent */
	/* The result if the first start failed, sent when this daemon ends. */
	int start_error;
	bool killed;	  /* SIGKILL was requested: no restart */
	bool down;	  /* end was requested: leave the loop when the domain has ended */
	uint64_t kill_at; /* a domain that boots or stops gets SIGKILL then */
	uint64_t restart_at;
	unsigned backoff_ms;
	char sock_path[PATH_MAX];
};

#endif
