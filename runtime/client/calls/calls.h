/* SPDX-License-Identifier: MIT */
/*
 * calls.h: the room of the calls whose fds, or whose effects, concern domains. Each file has the
 * calls of one kind; dispatch.c assigns calls to functions. They use the hook and the channel, and
 * never a file's name.
 *
 * Functions of the type sd_call_fn are stages of a call (hook.h). In this room all are of
 * SD_STAGE_FDS, except sd_call_mirrored().
 */
#ifndef SD_CLIENT_CALLS_H
#define SD_CLIENT_CALLS_H

#include "channel/channel.h"

struct sd_observer; /* channel/observers.h */

/* routed.c */
enum sd_way sd_call_routed(struct sd_thread *t);
/* The same for a call that also has a function of the hook: if the fd's domain has no stub for
 * it that function decides, as it does without domains. */
enum sd_way sd_call_routed_or_own(struct sd_thread *t);
/* No domain has a stub for this call about an open file. */
enum sd_way sd_call_no_stub(struct sd_thread *t);

/* fd.c, sendfile.c, splice.c, scm_rights.c */
enum sd_way sd_call_close(struct sd_thread *t);
enum sd_way sd_call_close_range(struct sd_thread *t);
enum sd_way sd_call_dup(struct sd_thread *t);
enum sd_way sd_call_dup2(struct sd_thread *t);
enum sd_way sd_call_fcntl(struct sd_thread *t);
enum sd_way sd_call_ioctl(struct sd_thread *t);
enum sd_way sd_call_io_uring(struct sd_thread *t);
enum sd_way sd_call_sendfile(struct sd_thread *t);
enum sd_way sd_call_splice(struct sd_thread *t);
enum sd_way sd_call_sendmsg(struct sd_thread *t);
enum sd_way sd_call_recvmsg(struct sd_thread *t);

/* poll.c, select.c, epoll.c */
/* fds hold the program's numbers; timeout in ns, < 0: none. Returns a count or -errno. */
long sd_poll_mixed(struct sd_thread *t, struct pollfd *fds, u32 n, s64 timeout, int *again);
enum sd_way sd_call_poll(struct sd_thread *t);
enum sd_way sd_call_select(struct sd_thread *t);
struct sd_member *sd_ep_member(struct sd_ep *ep, u32 d, s32 dfd);
enum sd_way sd_call_epoll_ctl(struct sd_thread *t);
enum sd_way sd_call_epoll_wait(struct sd_thread *t);

/* mmap.c */
extern const struct sd_observer sd_mmap_observer;
enum sd_way sd_call_mmap(struct sd_thread *t);
enum sd_way sd_call_munmap(struct sd_thread *t);
enum sd_way sd_call_mremap(struct sd_thread *t);
enum sd_way sd_call_msync(struct sd_thread *t);
/* A call was made, with this result: updates shared maps with what it wrote. */
void sd_mmap_written(struct sd_thread *t, struct sd_qp *l, u32 dom, u64 nr, const u64 arg[6],
		     long ret);

/* aio.c, aio_context.c */
extern const struct sd_observer sd_aio_observer;
enum sd_way sd_call_io_setup(struct sd_thread *t);
enum sd_way sd_call_io_submit(struct sd_thread *t);
enum sd_way sd_call_io_getevents(struct sd_thread *t);
enum sd_way sd_call_io_destroy(struct sd_thread *t);
/* Waits for the requests to this fd of a domain; dfd -1: for all. */
void sd_aio_settle(struct sd_thread *t, u32 dom, s32 dfd);

/* mirrored.c */
enum sd_way sd_call_mirrored(struct sd_thread *t);

/* caps.c */
bool sd_caps_call(u64 nr); /* such a call can change them, depending on its arguments */
int sd_caps_change(u64 nr, const u64 arg[6]);			     /* may this call? */
void sd_caps_changed(struct sd_thread *t, u64 nr, const u64 arg[6]); /* the host has made it */
void sd_caps_foreign(struct sd_thread *t); /* this process is in another user namespace now */
void sd_caps_executed(struct sd_thread *t);

#endif
